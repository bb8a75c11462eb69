/* virtual_ecu_key - seeds and keys of service 27, computed outside of the pure core. */
#ifndef SIM_VIRTUAL_ECU_KEY_H
#define SIM_VIRTUAL_ECU_KEY_H

#include "sim/virtual_ecu_config.h"

/**
 * vecu_key_draw() - a random seed, not all zero, and the key that belongs to it
 * @level: one of the definition's
 * @key: 16 bytes for AES-128-CMAC (RFC 4493 over the seed), as long as the seed for xor
 *
 * Return: bytes of @key, 0 if the library fails.
 */
uint8_t vecu_key_draw(const struct vecu_definition *d, uint8_t level, uint8_t seed[ECU_MAX_SEED_BYTES],
		      uint8_t key[ECU_MAX_SEED_BYTES]);

#endif
