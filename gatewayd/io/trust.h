/*
 * trust - the keys this gateway trusts, and signed documents turned into the core's plain values.
 */
#ifndef GATEWAYD_IO_TRUST_H
#define GATEWAYD_IO_TRUST_H

#include "gatewayd/io/config.h"
#include "proto/envelope.h"

struct trust;

#define TRUST_ACCEPTED_BEFORE UINT64_MAX

/* Return: 0, or 1 with @text naming the key of the configuration, its line, and the file */
int trust_load(const struct config *config, struct trust **trust, char *text, size_t n_text);
void trust_free(struct trust *self);

/**
 * trust_director_digest() - who may sign director documents, as one value: the same keys and threshold have the same
 * one
 *
 * In whatever order the configuration lists the keys, and whatever their files are called.
 */
void trust_director_digest(const struct trust *self, uint8_t sha256[32]);

/*
 * @now_unix_s: TRUST_ACCEPTED_BEFORE for bytes from our own store whose acceptance was recorded: neither keys nor
 * expiry are judged again; 0 = expiry is not judged. @doc: filled on 0. @sha256: of the signed payload,
 * to tell an equal version with other content; may be NULL. Return: gateway_code
 */
unsigned trust_open_director(const struct trust *self, const uint8_t *bytes, size_t n, const char *vehicle_id,
			     uint64_t now_unix_s, uint64_t min_version, struct director_doc *doc, uint8_t sha256[32],
			     char *text, size_t n_text);
unsigned trust_open_manifest(const struct trust *self, const uint8_t *bytes, size_t n, uint64_t now_unix_s,
			     struct manifest_doc *doc, char *text, size_t n_text);
unsigned trust_open_time(const struct trust *self, const uint8_t *bytes, size_t n, const uint8_t nonce[32],
			 uint64_t *unix_ms, char *text, size_t n_text);
/**
 * trust_check_signature() - what the author gives the ECU's own check of one unit
 * @out: FLASH_SIGNATURE_BYTES
 * Return: its bytes, 0 if the manifest, which was accepted before, has none
 */
size_t trust_check_signature(const struct trust *self, const uint8_t *manifest, size_t n, const char *component,
			     uint8_t unit, uint8_t *out);
/* whether a decoded image lies exactly in the segments that the manifest names (or the manifest names none) */
bool trust_segments_match(const struct trust *self, const uint8_t *manifest, size_t n, const char *component,
			  uint8_t unit, const struct image *image);

#endif
