#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ecu-flash/load/key_ring.h"
#include "ecu-flash/load/seed_key_library.h"

#define AES128_BYTES 16u

/* AES-CMAC (RFC 4493) of the whole seed; Return: 16, or 0 where the library refuses */
static size_t cmac(const struct key *key, const uint8_t *seed, size_t n_seed, uint8_t *out)
{
	char cipher[] = "AES-128-CBC";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
	    OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t n = 0;

	if (!ctx || !EVP_MAC_init(ctx, key->bytes, key->n, params) || !EVP_MAC_update(ctx, seed, n_seed) ||
	    !EVP_MAC_final(ctx, out, &n, AES128_BYTES))
		n = 0;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return n;
}

static size_t fail(char *text, size_t n_text, const char *what, const char *words)
{
	snprintf(text, n_text, "%s: %s", what, words);
	return 0;
}

static size_t from_library(const struct key *secret, const char *dir, const struct profile_security *security,
			   const struct security_question *q, uint8_t *key, char *text, size_t n_text)
{
	const struct seed_key_request request = {
	    .size = sizeof request,
	    .seed = q->seed,
	    .n_seed = q->n_seed,
	    .level = security->level,
	    .ecu = q->profile->name,
	    .hardware_id = q->hardware_id ? q->hardware_id : "",
	    .secret = secret ? secret->bytes : NULL,
	    .n_secret = secret ? secret->n : 0,
	};

	return seed_key_library_compute(dir, security->library, &request, key, text, n_text);
}

bool security_ready(const struct key_ring *ring, const char *library_dir, const struct profile_security *security,
		    char *text, size_t n_text)
{
	const struct key *secret = key_ring_find(ring, security->key_id);
	char path[4096];

	if (security->algorithm == PROFILE_SECURITY_NONE)
		return true;
	if (security->key_id[0] && !secret)
		return fail(text, n_text, security->key_id, "the key file has no key of this name");
	if (security->algorithm == PROFILE_SECURITY_AES128_CMAC && secret && secret->n != AES128_BYTES)
		return fail(text, n_text, security->key_id, "AES-128 takes a key of 16 bytes");
	if (security->algorithm != PROFILE_SECURITY_LIBRARY)
		return true;
	snprintf(path, sizeof path, "%s/%s.so", library_dir ? library_dir : "", security->library);
	if (!library_dir || !library_dir[0])
		return fail(text, n_text, security->library, "no folder for seed and key libraries is set");
	if (access(path, R_OK))
		return fail(text, n_text, path, strerror(errno));
	return true;
}

size_t security_answer(const struct key_ring *ring, const char *library_dir, const struct security_question *q,
		       uint8_t *key, char *text, size_t n_text)
{
	const struct profile_security *security = profile_security_of_level(q->profile, q->level);
	const struct key *secret = security ? key_ring_find(ring, security->key_id) : NULL;
	size_t n = 0;

	if (!security || security->algorithm == PROFILE_SECURITY_NONE)
		return fail(text, n_text, "security access", "the profile has no algorithm for this level");
	if (q->n_seed < 1 || q->n_seed > KEY_MAX_BYTES)
		return fail(text, n_text, "security access", "the seed is not 1..64 bytes long");
	if (security->key_id[0] && !secret)
		return fail(text, n_text, security->key_id, "the key file has no key of this name");
	switch (security->algorithm) {
	case PROFILE_SECURITY_NONE:
		break;
	case PROFILE_SECURITY_AES128_CMAC:
		n = secret && secret->n == AES128_BYTES ? cmac(secret, q->seed, q->n_seed, key) : 0;
		if (!n)
			fail(text, n_text, security->key_id, "AES-128 takes a key of 16 bytes");
		break;
	case PROFILE_SECURITY_XOR:
		for (; secret && n < q->n_seed; n++)
			key[n] = q->seed[n] ^ secret->bytes[n % secret->n];
		break;
	case PROFILE_SECURITY_LIBRARY:
		n = from_library(secret, library_dir, security, q, key, text, n_text);
		break;
	}
	return n;
}
