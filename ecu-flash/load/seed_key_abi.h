/*
 * seed_key_abi - what a shared object has to offer that computes an OEM's keys for SecurityAccess (service 27).
 *
 * A profile names it (`algorithm: library`, `library: NAME`); the bench or device says in which folder NAME.so lies. It
 * needs this header and a C library, nothing else. It exports the two symbols below with C linkage.
 *
 * It is loaded in the process that flashes, used for one key, and unloaded again; one call at a time. It must return
 * within a second, since the ECU waits, and must not keep what it was given.
 *
 * example/seed_key_example.c is a whole one.
 */
#ifndef ECU_FLASH_LOAD_SEED_KEY_ABI_H
#define ECU_FLASH_LOAD_SEED_KEY_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* rises whenever a library built against an earlier version would misread what it is given */
#define SEED_KEY_ABI_VERSION   1u

#define SEED_KEY_MAX_KEY_BYTES 64u

/* The struct belongs to the caller and is valid during the call. Later fields may be added at its end: @size says how
 * many bytes there are. */
struct seed_key_request {
	size_t size; /* sizeof(struct seed_key_request) of the caller */
	const uint8_t *seed;
	size_t n_seed;           /* 1..64, never all zeros: an unlocked ECU is asked for nothing */
	uint8_t level;           /* odd: the sub-function that asked for the seed, 0x01..0x41 */
	const char *ecu;         /* the profile's name; UTF-8, never NULL */
	const char *hardware_id; /* as the ECU says it (DID F191); "" = not known */
	const uint8_t *secret;   /* the bytes that the key file has under the profile's key; NULL = none */
	size_t n_secret;         /* 0..64 */
};

/* SEED_KEY_ABI_VERSION as the library was built with */
extern const uint32_t seed_key_abi_version;

/**
 * seed_key_compute() - the answer to a seed
 * @key:   where to write it; nothing is read from it
 * @n_key: in: bytes that fit at @key, SEED_KEY_MAX_KEY_BYTES at least; out: bytes of the key, at least 1
 *
 * Return: 0, or a positive code of the library's own: it has no key for this request, and @key is not used.
 */
int seed_key_compute(const struct seed_key_request *request, uint8_t *key, size_t *n_key);

#ifdef __cplusplus
}
#endif

#endif
