#include "sim/virtual_ecu_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

static uint8_t cmac(const struct vecu_secret *secret, const uint8_t *seed, size_t n_seed, uint8_t *key)
{
	char cipher[] = "AES-128-CBC";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
	    OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t n = 0;

	if (!ctx || !EVP_MAC_init(ctx, secret->key, secret->n_key, params) || !EVP_MAC_update(ctx, seed, n_seed) ||
	    !EVP_MAC_final(ctx, key, &n, ECU_MAX_SEED_BYTES))
		n = 0;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return (uint8_t)n;
}

static const struct vecu_secret *secret_of(const struct vecu_definition *d, uint8_t level)
{
	const struct ecu_security *security = &d->core.security;

	for (size_t i = 0; i < security->n_more_levels; i++) {
		if (security->more_levels[i] == level)
			return &d->secrets[1 + i];
	}
	return &d->secrets[0];
}

uint8_t vecu_key_draw(const struct vecu_definition *d, uint8_t level, uint8_t seed[ECU_MAX_SEED_BYTES],
		      uint8_t key[ECU_MAX_SEED_BYTES])
{
	static const uint8_t zeros[ECU_MAX_SEED_BYTES];
	const struct vecu_secret *secret = secret_of(d, level);
	uint8_t n = d->core.security.seed_bytes;

	do {
		if (RAND_bytes(seed, n) != 1)
			return 0;
	} while (memcmp(seed, zeros, n) == 0); /* zeros mean unlocked */
	switch (secret->algorithm) {
	case VECU_SECURITY_AES128_CMAC:
		return cmac(secret, seed, n, key);
	case VECU_SECURITY_XOR:
		for (size_t i = 0; i < n; i++)
			key[i] = seed[i] ^ secret->key[i % secret->n_key];
		return n;
	case VECU_SECURITY_NONE:
		break;
	}
	return 0;
}
