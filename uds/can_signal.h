/*
 * can_signal - one signal in a frame's data: bits to a raw value to a physical value, and back.
 *
 * Bit numbers are those of DBC files: bit b is bit b % 8 (0 = least significant) of byte b / 8. A little-endian signal
 * starts at its least significant bit and grows towards higher bit numbers. A big-endian signal starts at its most
 * significant bit and runs down to bit 0 of that byte, then on from bit 7 of the next byte.
 *
 * physical = raw * factor + offset
 */
#ifndef UDS_CAN_SIGNAL_H
#define UDS_CAN_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum can_signal_order { CAN_SIGNAL_LITTLE_ENDIAN, CAN_SIGNAL_BIG_ENDIAN };

struct can_signal {
	uint16_t start_bit; /* 0..511, as above */
	uint8_t length;     /* 1..64 bits */
	enum can_signal_order order;
	bool is_signed; /* the raw value is two's complement */
	double factor;  /* not 0 */
	double offset;
};

/* Return: true if length and factor are in range and every bit of the signal lies within @n bytes */
bool can_signal_fits(const struct can_signal *self, size_t n);

/**
 * can_signal_get() - the raw value of the signal
 * @raw: untouched on failure; a signed signal is sign-extended to 64 bits
 *
 * Return: false if the signal does not fit @n bytes (a frame shorter than its definition).
 */
bool can_signal_get(const struct can_signal *self, const uint8_t *data, size_t n, uint64_t *raw);

/**
 * can_signal_set() - put a raw value in; bits beyond the signal's length are ignored, other bits of @data stay
 *
 * Return: false, and @data untouched, if the signal does not fit @n bytes.
 */
bool can_signal_set(const struct can_signal *self, uint8_t *data, size_t n, uint64_t raw);

double can_signal_to_physical(const struct can_signal *self, uint64_t raw);

/*
 * The nearest raw value, saturated to what the length can hold; 0 for a physical value that is not a number. Length and
 * factor must be in range.
 */
uint64_t can_signal_from_physical(const struct can_signal *self, double physical);

/* can_signal_get() and can_signal_to_physical() in one; @physical untouched on failure */
bool can_signal_read(const struct can_signal *self, const uint8_t *data, size_t n, double *physical);

/* can_signal_from_physical() and can_signal_set() in one */
bool can_signal_write(const struct can_signal *self, uint8_t *data, size_t n, double physical);

#endif
