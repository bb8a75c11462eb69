/* libraries that keep the interface badly: which way, the build says */
#include <string.h>

#include "ecu-flash/load/seed_key_abi.h"

#ifdef OTHER_VERSION
const uint32_t seed_key_abi_version = SEED_KEY_ABI_VERSION + 1;
#elif !defined(NO_VERSION)
const uint32_t seed_key_abi_version = SEED_KEY_ABI_VERSION;
#endif

#ifndef NO_FUNCTION
int seed_key_compute(const struct seed_key_request *request, uint8_t *key, size_t *n_key)
{
#ifdef REFUSES
	(void)request;
	(void)key;
	(void)n_key;
	return 7;
#elif defined(TOO_LONG)
	(void)request;
	memset(key, 0x55, SEED_KEY_MAX_KEY_BYTES + 1);
	*n_key = SEED_KEY_MAX_KEY_BYTES + 1;
	return 0;
#else /* tells what it was asked */
	size_t n = strlen(request->ecu), h = strlen(request->hardware_id);

	if (n + h + 1 > *n_key || request->size != sizeof *request)
		return 1;
	memcpy(key, request->ecu, n);
	memcpy(key + n, request->hardware_id, h);
	key[n + h] = request->level;
	*n_key = n + h + 1;
	return 0;
#endif
}
#endif
