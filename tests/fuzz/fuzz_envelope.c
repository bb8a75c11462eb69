/*
 * fuzz_envelope - the first byte says what the rest is: an envelope from outside, which never opens since nobody holds
 * the key; or a payload, which is signed here, so that what lies behind the signature is reached too.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/crypto.h"
#include "proto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* one key for the whole run: verification, not generation, is what is tried */
static struct crypto_key *key;

static struct trust_role trust_of(Gu__Role role)
{
	return (struct trust_role){.role = role, .keys = {key}, .n_keys = 1, .threshold = 1};
}

static enum envelope_verdict open_manifest(const uint8_t *bytes, size_t n)
{
	const struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR);
	const struct envelope_limits limits = {.now_unix_s = 1000};
	struct envelope_error error;
	Gu__Manifest *manifest = NULL;
	enum envelope_verdict verdict = envelope_open_manifest(bytes, n, &trust, &limits, &manifest, NULL, &error);

	assert((manifest != NULL) == (verdict == ENVELOPE_OK));
	if (manifest)
		assert(manifest->n_components >= 1 && manifest->n_components <= 32);
	envelope_free_manifest(manifest);
	return verdict;
}

static enum envelope_verdict open_director(const uint8_t *bytes, size_t n)
{
	const struct trust_role trust = trust_of(GU__ROLE__ROLE_DIRECTOR);
	const struct envelope_limits limits = {.now_unix_s = 1000};
	struct envelope_error error;
	Gu__Director *director = NULL;
	enum envelope_verdict verdict =
	    envelope_open_director(bytes, n, &trust, &limits, NULL, &director, NULL, &error);

	assert((director != NULL) == (verdict == ENVELOPE_OK));
	for (size_t i = 0; director && i < director->n_campaigns; i++)
		assert(director->campaigns[i]->window && director->campaigns[i]->manifest);
	envelope_free_director(director);
	return verdict;
}

static void open_time(const uint8_t *bytes, size_t n)
{
	const struct trust_role trust = trust_of(GU__ROLE__ROLE_TIME);
	const uint8_t nonce[32] = {0};
	struct envelope_error error;
	uint64_t unix_ms;

	assert(envelope_open_time(bytes, n, &trust, nonce, &unix_ms, &error) != ENVELOPE_OK);
}

static void signed_here(const char *type, Gu__Role role, const uint8_t *payload, size_t n_payload)
{
	uint8_t *bytes;
	size_t n;

	if (envelope_sign(type, role, 1, 2000, payload, n_payload, &key, 1, &bytes, &n) != 0)
		return;
	enum envelope_verdict verdict =
	    role == GU__ROLE__ROLE_AUTHOR ? open_manifest(bytes, n) : open_director(bytes, n);

	assert(verdict != ENVELOPE_BAD_SIGNATURE && verdict != ENVELOPE_WRONG_TYPE && verdict != ENVELOPE_EXPIRED);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!key)
		key = crypto_key_generate(CRYPTO_ED25519);
	assert(key);
	if (size < 1)
		return 0;
	switch (data[0] % 3) {
	case 0:
		assert(open_manifest(data + 1, size - 1) != ENVELOPE_OK);
		assert(open_director(data + 1, size - 1) != ENVELOPE_OK);
		open_time(data + 1, size - 1);
		break;
	case 1:
		signed_here("manifest", GU__ROLE__ROLE_AUTHOR, data + 1, size - 1);
		break;
	case 2:
		signed_here("director", GU__ROLE__ROLE_DIRECTOR, data + 1, size - 1);
		break;
	}
	return 0;
}
