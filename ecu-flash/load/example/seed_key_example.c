/*
 * seed_key_example - how a shared object for `algorithm: library` looks: it turns the seed round, and XORs it with the
 * level and with the secret, which repeats. It protects nothing.
 *
 *     cc -shared -fPIC -I. -o seed_key_example.so ecu-flash/load/example/seed_key_example.c
 */
#include "ecu-flash/load/seed_key_abi.h"

enum refusal { NO_SECRET = 1, UNKNOWN_LEVEL = 2, NO_ROOM = 3 };

const uint32_t seed_key_abi_version = SEED_KEY_ABI_VERSION;

int seed_key_compute(const struct seed_key_request *request, uint8_t *key, size_t *n_key)
{
	if (!request->n_secret)
		return NO_SECRET;
	if (request->level > 0x11)
		return UNKNOWN_LEVEL;
	if (*n_key < request->n_seed)
		return NO_ROOM;
	for (size_t i = 0; i < request->n_seed; i++)
		key[i] = (uint8_t)(request->seed[request->n_seed - 1 - i] ^ request->level ^
				   request->secret[i % request->n_secret]);
	*n_key = request->n_seed;
	return 0;
}
