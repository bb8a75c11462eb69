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

/* one seed, and what a key may depend on */
struct security_question {
	const struct profile *profile;
	uint8_t level; /* which of its securities */
	const uint8_t *seed;
	size_t n_seed;
	const char *hardware_id; /* as the ECU says it; NULL or "" = not known */
};

/**
 * security_answer() - the key to a seed
 * @ring: NULL = no keys
 * @library_dir: where shared objects for seed and key lie, an absolute path; NULL or "" = none
 * @key: at least 64 bytes
 * @text: what is wrong, in words that name no secret, when 0
 *
 * Return: bytes of the key, 0 if there is none
 */
size_t security_answer(const struct key_ring *ring, const char *library_dir, const struct security_question *question,
		       uint8_t *key, char *text, size_t n_text);

/* whether the keys and the library of a security are there, as far as can be told without a seed; @text as above */
bool security_ready(const struct key_ring *ring, const char *library_dir, const struct profile_security *security,
		    char *text, size_t n_text);

#endif
