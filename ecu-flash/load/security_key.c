#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "ecu-flash/load/key_ring.h"

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

size_t security_key(const struct key_ring *ring, const struct profile *profile, const uint8_t *seed, size_t n_seed,
		    uint8_t *key)
{
	const struct key *secret = key_ring_find(ring, profile->security[0].key_id);

	if (!secret || n_seed < 1 || n_seed > KEY_MAX_BYTES)
		return 0;
	switch (profile->security[0].algorithm) {
	case PROFILE_SECURITY_NONE:
		return 0;
	case PROFILE_SECURITY_AES128_CMAC:
		return secret->n == AES128_BYTES ? cmac(secret, seed, n_seed, key) : 0;
	case PROFILE_SECURITY_XOR:
		for (size_t i = 0; i < n_seed; i++)
			key[i] = seed[i] ^ secret->bytes[i % secret->n];
		return n_seed;
	case PROFILE_SECURITY_LIBRARY:
		return 0;
	}
	return 0;
}
