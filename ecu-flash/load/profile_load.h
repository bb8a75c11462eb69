/*
 * profile_load - an ECU profile from YAML into struct profile, and the bench's or device's key file.
 *
 * A profile may say `template: single-bank` (the default) or `dual-bank` and change what differs; `steps:` given
 * replaces the template's list, `change_steps:` changes single steps of it. Keys are named in profiles and held apart,
 * in a YAML file of key id to hex, never in a profile.
 */
#ifndef ECU_FLASH_LOAD_PROFILE_LOAD_H
#define ECU_FLASH_LOAD_PROFILE_LOAD_H

#include "common/yaml_load.h"
#include "ecu-flash/profile.h"

/* Return: 0; -errno if unreadable; 1 wrong content. @error filled if not 0, with file, line and key. */
int profile_load_file(const char *path, struct profile *profile, struct yaml_error *error);
int profile_load_memory(const char *name, const char *text, size_t n, struct profile *profile,
			struct yaml_error *error);

struct key_ring; /* key id -> secret bytes; wiped when freed */
int key_ring_load(const char *path, struct key_ring **ring, struct yaml_error *error);
void key_ring_free(struct key_ring *ring);

/**
 * security_key() - the answer to a seed
 * @key: at least 64 bytes
 * Return: bytes of the key; 0 if the ring has no such key or it does not fit the algorithm
 */
size_t security_key(const struct key_ring *ring, const struct profile *profile, const uint8_t *seed, size_t n_seed,
		    uint8_t *key);

#endif
