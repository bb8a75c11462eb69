/*
 * key_ring - private to ecu-flash/load: the secrets that a key file names.
 */
#ifndef ECU_FLASH_LOAD_KEY_RING_H
#define ECU_FLASH_LOAD_KEY_RING_H

#include "ecu-flash/load/profile_load.h"

#define KEY_RING_MAX_KEYS 256u
#define KEY_MAX_BYTES     64u

struct key {
	char id[PROFILE_NAME_BYTES];
	uint8_t bytes[KEY_MAX_BYTES];
	size_t n;
};

struct key_ring {
	size_t n_keys;
	struct key keys[];
};

/* Return: NULL if there is none of this name; @ring may be NULL */
const struct key *key_ring_find(const struct key_ring *ring, const char *id);

#endif
