/*
 * bytes - the fuzzer's input as a row of choices: numbers and byte strings are drawn from the front until nothing is
 * left, after which every number is 0.
 */
#ifndef TESTS_FUZZ_BYTES_H
#define TESTS_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	size_t n;
};

static inline uint8_t bytes_u8(struct bytes *self)
{
	if (self->n == 0)
		return 0;
	self->n--;
	return *self->at++;
}

static inline uint16_t bytes_u16(struct bytes *self)
{
	const uint8_t high = bytes_u8(self);

	return (uint16_t)(high << 8 | bytes_u8(self));
}

/* Return: bytes copied to @out, fewer than @n only at the end of the input */
static inline size_t bytes_take(struct bytes *self, uint8_t *out, size_t n)
{
	if (n > self->n)
		n = self->n;
	if (n > 0)
		memcpy(out, self->at, n);
	self->at += n;
	self->n -= n;
	return n;
}

#endif
