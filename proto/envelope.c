#include "proto/envelope.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/bounded.h"
#include "proto/crypto.h"
#include "proto/validate.h"
#include "proto/wire.h"

#define ENVELOPE_MAX_BYTES      (1024u * 1024u)
#define ENVELOPE_MAX_SIGNATURES 8u
/* of one opening: the copies of a document of 1 MiB (signed part, payload, message to verify) and its content */
#define ENVELOPE_MEMORY_BYTES (4u * 1024u * 1024u)
#define TYPE_MAX_BYTES        16u

static const char domain[] = "gateway-update:1:";

/* an opening: what is held between the checks */
struct opening {
	struct check check;
	struct bounded memory;
	Gu__Envelope *envelope;
	Gu__Signed *signed_;
};

const char *envelope_verdict_text(enum envelope_verdict verdict)
{
	switch (verdict) {
	case ENVELOPE_OK:
		return "ok";
	case ENVELOPE_MALFORMED:
		return "malformed";
	case ENVELOPE_WRONG_TYPE:
		return "of another type or role";
	case ENVELOPE_BAD_SIGNATURE:
		return "too few valid signatures of trusted keys";
	case ENVELOPE_EXPIRED:
		return "expired";
	case ENVELOPE_ROLLBACK:
		return "older than the version held";
	case ENVELOPE_UNKNOWN_FEATURE:
		return "needs a feature that is not known";
	case ENVELOPE_UNKNOWN_VALUE:
		return "holds a value that is not known";
	case ENVELOPE_INVALID:
		return "a field breaks its limits";
	case ENVELOPE_NO_MEMORY:
		return "needs more memory than a document may";
	}
	return "?";
}

/* Return: bytes written before signed_part: domain, type, NUL */
static size_t write_prefix(uint8_t *out, const char *type)
{
	size_t n = sizeof domain - 1;
	size_t n_type = strlen(type) + 1;

	memcpy(out, domain, n);
	memcpy(out + n, type, n_type);
	return n + n_type;
}

static bool no_memory(struct opening *o)
{
	return check_fail(&o->check, ENVELOPE_NO_MEMORY, NULL, envelope_verdict_text(ENVELOPE_NO_MEMORY));
}

static bool unpack_envelope(struct opening *o, const uint8_t *bytes, size_t n, size_t max_bytes)
{
	if (n == 0 || n > (max_bytes ? max_bytes : ENVELOPE_MAX_BYTES))
		return check_fail(&o->check, ENVELOPE_MALFORMED, NULL, n ? "too large" : "empty");
	if (!wire_check(&o->check, &gu__envelope__descriptor, bytes, n))
		return false;
	o->envelope = gu__envelope__unpack(&o->memory.allocator, n, bytes);
	if (!o->envelope)
		return no_memory(o);
	if (o->envelope->n_signatures > ENVELOPE_MAX_SIGNATURES)
		return check_fail(&o->check, ENVELOPE_MALFORMED, "signatures", "more than 8");
	return true;
}

static bool unpack_signed(struct opening *o, const char *type, Gu__Role role)
{
	ProtobufCBinaryData part = o->envelope->signed_part;
	size_t mark = check_enter(&o->check, "signed_part");

	if (part.len == 0)
		return check_fail(&o->check, ENVELOPE_MALFORMED, NULL, "empty");
	if (!wire_check(&o->check, &gu__signed__descriptor, part.data, part.len))
		return false;
	o->signed_ = gu__signed__unpack(&o->memory.allocator, part.len, part.data);
	if (!o->signed_)
		return no_memory(o);
	if (strcmp(o->signed_->type, type) != 0)
		return check_fail(&o->check, ENVELOPE_WRONG_TYPE, "type", "another kind of document is wanted");
	if (o->signed_->role != role)
		return check_fail(&o->check, ENVELOPE_WRONG_TYPE, "role", "not the role of this kind of document");
	check_leave(&o->check, mark);
	return true;
}

static bool is_signed_by(const Gu__Envelope *envelope, const struct crypto_key *key, const uint8_t *message, size_t n)
{
	for (size_t i = 0; i < envelope->n_signatures; i++) {
		const Gu__Signature *s = envelope->signatures[i];

		if (s->key_id.len == 32 && memcmp(s->key_id.data, crypto_key_id(key), 32) == 0 &&
		    (int)s->algorithm == (int)crypto_key_algorithm(key) && s->signature.len > 0 &&
		    crypto_verify(key, message, n, s->signature.data, s->signature.len))
			return true;
	}
	return false;
}

/* whether a key listed before is the same one: it counts once, however often trust or signatures name it */
static bool is_repeated(const struct trust_role *trust, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (memcmp(crypto_key_id(trust->keys[i]), crypto_key_id(trust->keys[at]), 32) == 0)
			return true;
	}
	return false;
}

static bool verify(struct opening *o, const char *type, const struct trust_role *trust)
{
	ProtobufCBinaryData part = o->envelope->signed_part;
	uint8_t *message = bounded_alloc(&o->memory, sizeof domain + TYPE_MAX_BYTES + part.len);
	unsigned n_valid = 0;
	char words[80];

	if (!message)
		return no_memory(o);
	size_t n = write_prefix(message, type);

	memcpy(message + n, part.data, part.len);
	n += part.len;
	for (size_t i = 0; i < trust->n_keys && n_valid < trust->threshold; i++)
		n_valid += !is_repeated(trust, i) && is_signed_by(o->envelope, trust->keys[i], message, n);
	bounded_free(message);
	if (n_valid >= trust->threshold)
		return true;
	snprintf(words, sizeof words, "%u of %u signatures needed are valid and of trusted keys", n_valid,
		 trust->threshold);
	return check_fail(&o->check, ENVELOPE_BAD_SIGNATURE, NULL, words);
}

static bool check_limits(struct opening *o, const struct envelope_limits *limits)
{
	const Gu__Signed *s = o->signed_;
	char words[80];

	if (s->version < limits->min_version) {
		snprintf(words, sizeof words, "version %llu, %llu is the least accepted",
			 (unsigned long long)s->version, (unsigned long long)limits->min_version);
		return check_fail(&o->check, ENVELOPE_ROLLBACK, NULL, words);
	}
	if (limits->now_unix_s && s->expires_unix_s < limits->now_unix_s) {
		snprintf(words, sizeof words, "%llu s ago",
			 (unsigned long long)(limits->now_unix_s - s->expires_unix_s));
		return check_fail(&o->check, ENVELOPE_EXPIRED, NULL, words);
	}
	return true;
}

/* everything but the payload's content; the payload's form by its descriptor */
static bool open_signed(struct opening *o, const uint8_t *bytes, size_t n, const char *type, Gu__Role role,
			const struct trust_role *trust, const struct envelope_limits *limits,
			const ProtobufCMessageDescriptor *payload)
{
	assert(trust->threshold >= 1 && trust->n_keys <= TRUST_MAX_KEYS);
	if (!unpack_envelope(o, bytes, n, limits->max_bytes) || !unpack_signed(o, type, role))
		return false;
	o->check.accepted_before = limits->accepted_before;
	if (trust->role != role)
		return check_fail(&o->check, ENVELOPE_WRONG_TYPE, NULL, "the keys given are of another role");
	if (!limits->accepted_before && (!verify(o, type, trust) || !check_limits(o, limits)))
		return false;
	return wire_check(&o->check, payload, o->signed_->payload.data, o->signed_->payload.len);
}

static void opening_init(struct opening *o, struct envelope_error *error)
{
	o->envelope = NULL;
	o->signed_ = NULL;
	check_init(&o->check, error);
	bounded_init(&o->memory, ENVELOPE_MEMORY_BYTES);
}

static void opening_deinit(struct opening *o)
{
	gu__envelope__free_unpacked(o->envelope, NULL);
	gu__signed__free_unpacked(o->signed_, NULL);
}

static void tell_info(const struct opening *o, struct signed_info *info)
{
	if (!info)
		return;
	info->version = o->signed_->version;
	info->expires_unix_s = o->signed_->expires_unix_s;
	crypto_sha256(o->signed_->payload.data, o->signed_->payload.len, info->payload_sha256);
}

enum envelope_verdict envelope_open_manifest(const uint8_t *bytes, size_t n, const struct trust_role *trust,
					     const struct envelope_limits *limits, Gu__Manifest **manifest,
					     struct signed_info *info, struct envelope_error *error)
{
	struct opening o;
	Gu__Manifest *m = NULL;

	opening_init(&o, error);
	if (open_signed(&o, bytes, n, "manifest", GU__ROLE__ROLE_AUTHOR, trust, limits, &gu__manifest__descriptor)) {
		m = gu__manifest__unpack(&o.memory.allocator, o.signed_->payload.len, o.signed_->payload.data);
		if (!m) {
			no_memory(&o);
		} else if (validate_manifest(&o.check, m)) {
			tell_info(&o, info);
			*manifest = m;
			m = NULL;
		}
	}
	envelope_free_manifest(m);
	opening_deinit(&o);
	return error->verdict;
}

enum envelope_verdict envelope_open_director(const uint8_t *bytes, size_t n, const struct trust_role *trust,
					     const struct envelope_limits *limits, const char *vehicle_id,
					     Gu__Director **director, struct signed_info *info,
					     struct envelope_error *error)
{
	struct opening o;
	Gu__Director *d = NULL;

	opening_init(&o, error);
	if (open_signed(&o, bytes, n, "director", GU__ROLE__ROLE_DIRECTOR, trust, limits, &gu__director__descriptor)) {
		d = gu__director__unpack(&o.memory.allocator, o.signed_->payload.len, o.signed_->payload.data);
		if (!d) {
			no_memory(&o);
		} else if (validate_director(&o.check, d)) {
			if (vehicle_id && strcmp(d->vehicle_id, vehicle_id) != 0) {
				check_fail(&o.check, ENVELOPE_INVALID, "vehicle_id", "for another vehicle");
			} else {
				tell_info(&o, info);
				*director = d;
				d = NULL;
			}
		}
	}
	envelope_free_director(d);
	opening_deinit(&o);
	return error->verdict;
}

enum envelope_verdict envelope_open_time(const uint8_t *bytes, size_t n, const struct trust_role *trust,
					 const uint8_t nonce[32], uint64_t *unix_ms, struct envelope_error *error)
{
	/* Neither version nor expiry is judged: the nonce is what makes it fresh, and time is what we lack. */
	const struct envelope_limits limits = {.max_bytes = 16u * 1024u};
	struct opening o;
	Gu__TimeAttestation *t = NULL;

	opening_init(&o, error);
	if (open_signed(&o, bytes, n, "time", GU__ROLE__ROLE_TIME, trust, &limits, &gu__time_attestation__descriptor)) {
		t = gu__time_attestation__unpack(&o.memory.allocator, o.signed_->payload.len, o.signed_->payload.data);
		if (!t)
			no_memory(&o);
		else if (t->nonce.len != 32 || memcmp(t->nonce.data, nonce, 32) != 0)
			check_fail(&o.check, ENVELOPE_INVALID, "nonce", "not the one that was sent");
		else if (t->unix_ms == 0)
			check_fail(&o.check, ENVELOPE_INVALID, "unix_ms", "missing");
		else
			*unix_ms = t->unix_ms;
	}
	gu__time_attestation__free_unpacked(t, NULL);
	opening_deinit(&o);
	return error->verdict;
}

void envelope_free_manifest(Gu__Manifest *manifest)
{
	gu__manifest__free_unpacked(manifest, NULL);
}

void envelope_free_director(Gu__Director *director)
{
	gu__director__free_unpacked(director, NULL);
}

static int pack_envelope(struct bounded *memory, const Gu__Envelope *envelope, uint8_t **out, size_t *n_out)
{
	size_t n = gu__envelope__get_packed_size(envelope);

	if (n > ENVELOPE_MAX_BYTES)
		return -EFBIG;
	uint8_t *bytes = bounded_alloc(memory, n);

	if (!bytes)
		return -ENOMEM;
	*n_out = gu__envelope__pack(envelope, bytes);
	*out = bytes;
	return 0;
}

/* @message: what is signed; @part: of it, what goes into the envelope */
static int sign_message(struct bounded *memory, const uint8_t *message, size_t n, ProtobufCBinaryData part,
			struct crypto_key *const *keys, size_t n_keys, uint8_t **out, size_t *n_out)
{
	Gu__Signature signatures[ENVELOPE_MAX_SIGNATURES];
	Gu__Signature *list[ENVELOPE_MAX_SIGNATURES];
	uint8_t values[ENVELOPE_MAX_SIGNATURES][80];
	uint8_t ids[ENVELOPE_MAX_SIGNATURES][32];
	Gu__Envelope envelope = GU__ENVELOPE__INIT;

	for (size_t i = 0; i < n_keys; i++) {
		int length = crypto_sign(keys[i], message, n, values[i], sizeof values[i]);

		if (length < 0)
			return length;
		gu__signature__init(&signatures[i]);
		memcpy(ids[i], crypto_key_id(keys[i]), 32);
		signatures[i].key_id = (ProtobufCBinaryData){.len = 32, .data = ids[i]};
		signatures[i].algorithm = (Gu__SignatureAlgorithm)crypto_key_algorithm(keys[i]);
		signatures[i].signature = (ProtobufCBinaryData){.len = (size_t)length, .data = values[i]};
		list[i] = &signatures[i];
	}
	envelope.signed_part = part;
	envelope.signatures = list;
	envelope.n_signatures = n_keys;
	return pack_envelope(memory, &envelope, out, n_out);
}

int envelope_sign(const char *type, Gu__Role role, uint64_t version, uint64_t expires_unix_s, const uint8_t *payload,
		  size_t n_payload, struct crypto_key *const *keys, size_t n_keys, uint8_t **out, size_t *n_out)
{
	char type_text[TYPE_MAX_BYTES];
	Gu__Signed s = GU__SIGNED__INIT;
	struct bounded memory;
	int r;

	if (n_keys == 0 || n_keys > ENVELOPE_MAX_SIGNATURES || strlen(type) >= sizeof type_text)
		return -EINVAL;
	if (n_payload > ENVELOPE_MAX_BYTES)
		return -EFBIG;
	bounded_init(&memory, ENVELOPE_MEMORY_BYTES);
	memcpy(type_text, type, strlen(type) + 1);
	s.type = type_text;
	s.role = role;
	s.version = version;
	s.expires_unix_s = expires_unix_s;
	/* protobuf-c has no const; packing only reads it */
	s.payload = (ProtobufCBinaryData){.len = n_payload, .data = (uint8_t *)(uintptr_t)payload};
	uint8_t *message = bounded_alloc(&memory, sizeof domain + TYPE_MAX_BYTES + gu__signed__get_packed_size(&s));

	if (!message)
		return -ENOMEM;
	ProtobufCBinaryData part = {.data = message + write_prefix(message, type)};

	part.len = gu__signed__pack(&s, part.data);
	r = sign_message(&memory, message, (size_t)(part.data - message) + part.len, part, keys, n_keys, out, n_out);
	bounded_free(message);
	return r;
}
