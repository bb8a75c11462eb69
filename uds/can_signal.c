#include "uds/can_signal.h"

/* the bit number after @bit, going from the most towards the least significant bit of a big-endian signal */
static unsigned big_endian_next(unsigned bit)
{
	return bit % 8 ? bit - 1 : bit + 15;
}

bool can_signal_fits(const struct can_signal *self, size_t n)
{
	if (self->length < 1 || self->length > 64 || self->factor == 0)
		return false;
	if (self->order == CAN_SIGNAL_LITTLE_ENDIAN)
		return (size_t)self->start_bit + self->length <= n * 8;

	/* the first byte takes the bits from the start bit down, each further one eight */
	size_t first = (size_t)self->start_bit % 8 + 1;
	size_t rest = self->length > first ? self->length - first : 0;

	return (size_t)self->start_bit / 8 + 1 + (rest + 7) / 8 <= n;
}

static uint64_t mask(const struct can_signal *self)
{
	return self->length == 64 ? UINT64_MAX : (UINT64_C(1) << self->length) - 1;
}

bool can_signal_get(const struct can_signal *self, const uint8_t *data, size_t n, uint64_t *raw)
{
	uint64_t value = 0;
	unsigned bit = self->start_bit;

	if (!can_signal_fits(self, n))
		return false;
	for (unsigned i = 0; i < self->length; i++) {
		uint64_t one = (uint64_t)data[bit / 8] >> bit % 8 & 1u;

		if (self->order == CAN_SIGNAL_LITTLE_ENDIAN) {
			value |= one << i;
			bit++;
		} else {
			value = value << 1 | one;
			bit = big_endian_next(bit);
		}
	}
	if (self->is_signed && value >> (self->length - 1))
		value |= ~mask(self);
	*raw = value;
	return true;
}

bool can_signal_set(const struct can_signal *self, uint8_t *data, size_t n, uint64_t raw)
{
	unsigned bit = self->start_bit;

	if (!can_signal_fits(self, n))
		return false;
	for (unsigned i = 0; i < self->length; i++) {
		bool little = self->order == CAN_SIGNAL_LITTLE_ENDIAN;
		unsigned from = little ? i : self->length - 1u - i;
		uint8_t place = (uint8_t)(1u << bit % 8);

		if (raw >> from & 1)
			data[bit / 8] = (uint8_t)(data[bit / 8] | place);
		else
			data[bit / 8] = (uint8_t)(data[bit / 8] & ~place);
		bit = little ? bit + 1 : big_endian_next(bit);
	}
	return true;
}

double can_signal_to_physical(const struct can_signal *self, uint64_t raw)
{
	double value = self->is_signed ? (double)(int64_t)raw : (double)raw;

	return value * self->factor + self->offset;
}

uint64_t can_signal_from_physical(const struct can_signal *self, double physical)
{
	double value = (physical - self->offset) / self->factor;
	uint64_t highest = self->is_signed ? mask(self) >> 1 : mask(self);

	if (value != value)
		return 0;
	if (value >= 0) {
		/* compared as double first: a conversion out of range would be undefined */
		if (value >= (double)highest)
			return highest;
		uint64_t below = (uint64_t)value;

		return value - (double)below >= 0.5 ? below + 1 : below;
	}
	if (!self->is_signed)
		return 0;
	if (value <= -(double)highest - 1)
		return ~highest & mask(self);
	uint64_t magnitude = (uint64_t)-value;

	if (-value - (double)magnitude >= 0.5)
		magnitude++;
	return (0 - magnitude) & mask(self);
}

bool can_signal_read(const struct can_signal *self, const uint8_t *data, size_t n, double *physical)
{
	uint64_t raw;

	if (!can_signal_get(self, data, n, &raw))
		return false;
	*physical = can_signal_to_physical(self, raw);
	return true;
}

bool can_signal_write(const struct can_signal *self, uint8_t *data, size_t n, double physical)
{
	/* first, since a length out of range has no raw values */
	return can_signal_fits(self, n) && can_signal_set(self, data, n, can_signal_from_physical(self, physical));
}
