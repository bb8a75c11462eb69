/*
 * seed_key_library - private to ecu-flash/load: a key from an OEM's shared object.
 */
#ifndef ECU_FLASH_LOAD_SEED_KEY_LIBRARY_H
#define ECU_FLASH_LOAD_SEED_KEY_LIBRARY_H

#include "ecu-flash/load/seed_key_abi.h"

/**
 * seed_key_library_compute() - loads @name.so from @dir, asks it, unloads it
 * @dir:  a folder of the bench or device; NULL or "" = none
 * @name: of a profile: [A-Za-z0-9_-] alone, never a path
 * @key:  SEED_KEY_MAX_KEY_BYTES
 * @text: what is wrong, in words, when 0
 *
 * Return: bytes of the key, or 0
 */
size_t seed_key_library_compute(const char *dir, const char *name, const struct seed_key_request *request, uint8_t *key,
				char *text, size_t n_text);

#endif
