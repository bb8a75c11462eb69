/* can_signal: both byte orders against hand-computed frames, and the way to physical values and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "uds/can_signal.h"

static struct can_signal signal_of(uint16_t start, uint8_t length, enum can_signal_order order)
{
	return (struct can_signal){.start_bit = start, .length = length, .order = order, .factor = 1};
}

static void little_endian_starts_at_its_least_significant_bit(void **state)
{
	(void)state;
	const uint8_t data[8] = {0x00, 0xa0, 0xbc, 0x0d};
	struct can_signal s = signal_of(12, 12, CAN_SIGNAL_LITTLE_ENDIAN);
	uint64_t raw;

	assert_true(can_signal_get(&s, data, sizeof data, &raw));
	assert_int_equal(raw, 0xbca);
}

static void big_endian_starts_at_its_most_significant_bit(void **state)
{
	(void)state;
	const uint8_t data[8] = {0x0a, 0xbc, 0xd0};
	struct can_signal s = signal_of(3, 12, CAN_SIGNAL_BIG_ENDIAN);
	uint64_t raw;

	assert_true(can_signal_get(&s, data, sizeof data, &raw));
	assert_int_equal(raw, 0xabc);
	s = signal_of(7, 16, CAN_SIGNAL_BIG_ENDIAN);
	assert_true(can_signal_get(&s, data, sizeof data, &raw));
	assert_int_equal(raw, 0x0abc);
}

static void set_touches_no_other_bit(void **state)
{
	(void)state;
	uint8_t data[8];
	struct can_signal s = signal_of(3, 12, CAN_SIGNAL_BIG_ENDIAN);

	memset(data, 0xff, sizeof data);
	assert_true(can_signal_set(&s, data, sizeof data, 0));
	assert_memory_equal(data, ((uint8_t[]){0xf0, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), 8);
	memset(data, 0, sizeof data);
	s = signal_of(12, 12, CAN_SIGNAL_LITTLE_ENDIAN);
	assert_true(can_signal_set(&s, data, sizeof data, 0xfffff));
	assert_memory_equal(data, ((uint8_t[]){0, 0xf0, 0xff, 0, 0, 0, 0, 0}), 8);
}

static void what_is_set_is_read_back_at_every_position_and_length(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		for (unsigned start = 0; start < 64; start++) {
			for (unsigned length = 1; length <= 64; length++) {
				struct can_signal s =
				    signal_of((uint16_t)start, (uint8_t)length, (enum can_signal_order)order);
				uint64_t value = UINT64_C(0xa5c396f00f693c5a) ^ start ^ (uint64_t)length << 32;
				uint64_t mask = length == 64 ? UINT64_MAX : (UINT64_C(1) << length) - 1;
				uint8_t data[8] = {0};
				uint64_t raw = 1;

				if (!can_signal_fits(&s, sizeof data)) {
					assert_false(can_signal_set(&s, data, sizeof data, value));
					continue;
				}
				assert_true(can_signal_set(&s, data, sizeof data, value));
				assert_true(can_signal_get(&s, data, sizeof data, &raw));
				assert_true(raw == (value & mask));
			}
		}
	}
}

static void a_signal_beyond_the_frame_is_refused(void **state)
{
	(void)state;
	const uint8_t data[8] = {0};
	uint64_t raw = 77;
	struct can_signal s = signal_of(8, 8, CAN_SIGNAL_LITTLE_ENDIAN);

	assert_true(can_signal_get(&s, data, 2, &raw));
	raw = 77;
	assert_false(can_signal_get(&s, data, 1, &raw));
	assert_int_equal(raw, 77);
	s = signal_of(7, 17, CAN_SIGNAL_BIG_ENDIAN);
	assert_false(can_signal_fits(&s, 2));
	assert_true(can_signal_fits(&s, 3));
	s = signal_of(7, 64, CAN_SIGNAL_BIG_ENDIAN);
	assert_true(can_signal_fits(&s, 8));
	s.start_bit = 6;
	assert_false(can_signal_fits(&s, 8));
	s = signal_of(0, 0, CAN_SIGNAL_LITTLE_ENDIAN);
	assert_false(can_signal_fits(&s, 8));
	s.length = 65;
	assert_false(can_signal_fits(&s, 64));
	s = signal_of(0, 8, CAN_SIGNAL_LITTLE_ENDIAN);
	s.factor = 0;
	assert_false(can_signal_fits(&s, 8));
}

static void factor_and_offset_lead_to_the_physical_value_and_back(void **state)
{
	(void)state;
	struct can_signal s = signal_of(0, 16, CAN_SIGNAL_LITTLE_ENDIAN);
	uint8_t data[8] = {0};
	double physical = 0;

	s.factor = 0.01;
	assert_true(can_signal_write(&s, data, sizeof data, 50.0));
	assert_memory_equal(data, ((uint8_t[]){0x88, 0x13}), 2);
	assert_true(can_signal_read(&s, data, sizeof data, &physical));
	assert_true(physical > 49.999 && physical < 50.001);
	s.factor = 1;
	s.offset = -40;
	assert_int_equal(can_signal_from_physical(&s, -40), 0);
	assert_int_equal(can_signal_from_physical(&s, 20.6), 61);
}

static void physical_values_out_of_range_saturate(void **state)
{
	(void)state;
	struct can_signal s = signal_of(0, 8, CAN_SIGNAL_LITTLE_ENDIAN);

	assert_int_equal(can_signal_from_physical(&s, 300), 255);
	assert_int_equal(can_signal_from_physical(&s, -1), 0);
	assert_int_equal(can_signal_from_physical(&s, 0.0 / (s.offset + 0.0)), 0);
	s.is_signed = true;
	assert_int_equal(can_signal_from_physical(&s, 300), 127);
	assert_int_equal(can_signal_from_physical(&s, -300), 0x80);
	assert_int_equal(can_signal_from_physical(&s, -2.5), 0xfd);
	s.length = 64;
	s.is_signed = false;
	assert_true(can_signal_from_physical(&s, 1e30) == UINT64_MAX);
}

static void signed_values_are_sign_extended(void **state)
{
	(void)state;
	struct can_signal s = signal_of(7, 12, CAN_SIGNAL_BIG_ENDIAN);
	uint8_t data[8] = {0};
	double physical = 0;

	s.is_signed = true;
	s.factor = 0.5;
	assert_true(can_signal_write(&s, data, sizeof data, -3.5));
	assert_memory_equal(data, ((uint8_t[]){0xff, 0x90}), 2);
	assert_true(can_signal_read(&s, data, sizeof data, &physical));
	assert_true(physical == -3.5);
}

static void a_signal_whose_length_is_out_of_range_writes_nothing(void **state)
{
	uint8_t data[8] = {0};
	const uint8_t lengths[] = {0, 65, 128, 255};
	double physical = 5;

	(void)state;
	for (size_t i = 0; i < sizeof lengths; i++) {
		const struct can_signal s = {.length = lengths[i], .factor = 1};

		assert_false(can_signal_write(&s, data, sizeof data, 3));
		assert_false(can_signal_read(&s, data, sizeof data, &physical));
	}
	assert_memory_equal(data, (const uint8_t[8]){0}, sizeof data);
	assert_true(physical == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(little_endian_starts_at_its_least_significant_bit),
	    cmocka_unit_test(big_endian_starts_at_its_most_significant_bit),
	    cmocka_unit_test(set_touches_no_other_bit),
	    cmocka_unit_test(what_is_set_is_read_back_at_every_position_and_length),
	    cmocka_unit_test(a_signal_beyond_the_frame_is_refused),
	    cmocka_unit_test(factor_and_offset_lead_to_the_physical_value_and_back),
	    cmocka_unit_test(physical_values_out_of_range_saturate),
	    cmocka_unit_test(signed_values_are_sign_extended),
	    cmocka_unit_test(a_signal_whose_length_is_out_of_range_writes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
