/*
 * envelope - signed documents: checked before they are unpacked, and unpacked within bounds.
 *
 * A signature covers "gateway-update:1:" + type + NUL + the bytes of signed_part as received. Keys are named by the
 * SHA-256 of their SubjectPublicKeyInfo. The same key counted twice counts once. Only crypto.c touches OpenSSL.
 */
#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "metadata.pb-c.h"
#include "session.pb-c.h"

#define TRUST_MAX_KEYS 16u

struct crypto_key; /* proto/crypto.h */

/* the keys that may sign for one role, and how many of them must */
struct trust_role {
	Gu__Role role;
	struct crypto_key *keys[TRUST_MAX_KEYS];
	size_t n_keys;
	unsigned threshold; /* at least 1 */
};

/* why a document is refused; each has a code for reports in docs/protocol.md */
enum envelope_verdict {
	ENVELOPE_OK = 0,
	ENVELOPE_MALFORMED,     /* not an Envelope, too large, too many signatures, invalid text */
	ENVELOPE_WRONG_TYPE,    /* a document of another kind or role */
	ENVELOPE_BAD_SIGNATURE, /* fewer valid signatures of trusted keys than the threshold */
	ENVELOPE_EXPIRED,
	ENVELOPE_ROLLBACK,        /* version below the one held */
	ENVELOPE_UNKNOWN_FEATURE, /* required_features names one we do not have */
	ENVELOPE_UNKNOWN_VALUE,   /* an enumeration value or condition we do not know */
	ENVELOPE_INVALID,         /* a field breaks its limits; detail names it */
	ENVELOPE_NO_MEMORY,
};
const char *envelope_verdict_text(enum envelope_verdict verdict);

struct envelope_error {
	enum envelope_verdict verdict;
	char detail[160];
};

struct envelope_limits {
	uint64_t now_unix_s;  /* 0: expiry is not judged (time not trusted yet, or an offline tool) */
	uint64_t min_version; /* lowest version accepted */
	size_t max_bytes;     /* of the envelope; 0 = 1 MiB */
	/* the bytes are those of a document that was verified and accepted before, from our own store: its verdict
	 * stands, whatever became of keys and expiry since, and though a newer program may have accepted it, which knew
	 * required features that we do not: an erased ECU has to be brought to its end. Form and content are checked
	 * all the same. */
	bool accepted_before;
};

struct signed_info {
	uint64_t version;
	uint64_t expires_unix_s;
	uint8_t payload_sha256[32]; /* to tell an equal version with other content */
};

/*
 * All three verify the signatures before the payload is looked at, and judge in this order: form, type and role,
 * signatures, version, expiry, content. A document expires after the second that it names; one that names 0 is expired
 * as soon as expiry is judged.
 */

/**
 * envelope_open_manifest() - verify and unpack an author's manifest
 * @manifest: freed with envelope_free_manifest(); untouched on failure
 * Return: the verdict, also in @error with details.
 */
enum envelope_verdict envelope_open_manifest(const uint8_t *bytes, size_t n, const struct trust_role *trust,
					     const struct envelope_limits *limits, Gu__Manifest **manifest,
					     struct signed_info *info, struct envelope_error *error);
/* @vehicle_id: NULL, for tools, takes a document for any vehicle; another vehicle's is ENVELOPE_INVALID */
enum envelope_verdict envelope_open_director(const uint8_t *bytes, size_t n, const struct trust_role *trust,
					     const struct envelope_limits *limits, const char *vehicle_id,
					     Gu__Director **director, struct signed_info *info,
					     struct envelope_error *error);
/* @nonce: the one sent, 32 bytes; version and expiry are not judged: time is what the caller lacks */
enum envelope_verdict envelope_open_time(const uint8_t *bytes, size_t n, const struct trust_role *trust,
					 const uint8_t nonce[32], uint64_t *unix_ms, struct envelope_error *error);
void envelope_free_manifest(Gu__Manifest *manifest);
void envelope_free_director(Gu__Director *director);

/**
 * envelope_sign() - make an envelope
 * @type: "manifest", "director" or "time"
 * @keys: private keys, each adds one signature
 * @n_keys: 1..8
 * @out: allocated, free() it; untouched on failure
 * Return: 0; -EINVAL too many or no keys, or one that is not private; -EFBIG more than 1 MiB; -ENOMEM.
 */
int envelope_sign(const char *type, Gu__Role role, uint64_t version, uint64_t expires_unix_s, const uint8_t *payload,
		  size_t n_payload, struct crypto_key *const *keys, size_t n_keys, uint8_t **out, size_t *n_out);

/* a session frame, unpacked with a bound on memory and validated (known oneof case, text, lengths); NULL if refused */
Gu__Frame *session_unpack(const uint8_t *bytes, size_t n, struct envelope_error *error);
void session_free(Gu__Frame *frame);

/* the features this software understands, NULL-terminated */
extern const char *const proto_features[];

#endif
