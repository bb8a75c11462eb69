/* ecu_memory: extents that join and split, sectors, and the CRC over what is programmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim/ecu_memory.h"

static void extents_join_when_they_touch_or_overlap(void **state)
{
	(void)state;
	struct ecu_extents e = {.n = 0};

	assert_true(ecu_extents_add(&e, 100, 10));
	assert_true(ecu_extents_add(&e, 50, 10));
	assert_true(ecu_extents_add(&e, 200, 10));
	assert_int_equal(e.n, 3);
	assert_int_equal(e.items[0].address, 50);
	assert_true(ecu_extents_add(&e, 60, 40));
	assert_int_equal(e.n, 2);
	assert_int_equal(e.items[0].address, 50);
	assert_int_equal(e.items[0].size, 60);
	assert_true(ecu_extents_add(&e, 0, 300));
	assert_int_equal(e.n, 1);
	assert_int_equal(ecu_extents_bytes(&e), 300);
	assert_true(ecu_extents_covers(&e, 10, 290));
	assert_false(ecu_extents_covers(&e, 10, 291));
}

static void removing_splits_and_trims(void **state)
{
	(void)state;
	struct ecu_extents e = {.n = 0};

	ecu_extents_add(&e, 100, 100);
	assert_true(ecu_extents_remove(&e, 140, 20));
	assert_int_equal(e.n, 2);
	assert_int_equal(e.items[0].size, 40);
	assert_int_equal(e.items[1].address, 160);
	assert_int_equal(e.items[1].size, 40);
	assert_true(ecu_extents_remove(&e, 0, 120));
	assert_int_equal(e.items[0].address, 120);
	assert_true(ecu_extents_remove(&e, 0, UINT32_MAX));
	assert_int_equal(e.n, 0);
}

static void a_full_list_changes_nothing(void **state)
{
	(void)state;
	struct ecu_extents e = {.n = 0};

	for (uint32_t i = 0; i < ECU_MAX_EXTENTS; i++)
		assert_true(ecu_extents_add(&e, i * 100, 50));
	assert_false(ecu_extents_add(&e, 100000, 1));
	assert_false(ecu_extents_remove(&e, 110, 10));
	assert_int_equal(e.n, ECU_MAX_EXTENTS);
	assert_int_equal(ecu_extents_bytes(&e), 50 * ECU_MAX_EXTENTS);
	assert_true(ecu_extents_add(&e, 50, 50));
	assert_int_equal(e.n, ECU_MAX_EXTENTS - 1);
}

static void the_end_of_the_address_space_is_reached(void **state)
{
	(void)state;
	struct ecu_extents e = {.n = 0};

	assert_true(ecu_extents_add(&e, 0xfffffff0, 16));
	assert_true(ecu_extents_covers(&e, 0xffffffff, 1));
	assert_true(ecu_extents_remove(&e, 0xfffffff8, 8));
	assert_int_equal(e.items[0].size, 8);
}

static void a_range_grows_to_sectors_within_its_region(void **state)
{
	(void)state;
	struct ecu_region region = {.address = 0x1000, .size = 0x900, .sector_bytes = 0x400};
	struct ecu_extent e = ecu_memory_sectors(&region, 0x17ff, 2);

	assert_int_equal(e.address, 0x1400);
	assert_int_equal(e.size, 0x500);
	assert_null(ecu_memory_find(&region, 1, 0x18ff, 2));
	assert_null(ecu_memory_find(&region, 1, 0xfff, 1));
	assert_null(ecu_memory_find(&region, 1, 0x1000, 0));
	assert_ptr_equal(ecu_memory_find(&region, 1, 0x18ff, 1), &region);
}

static void the_crc_is_that_of_zlib(void **state)
{
	(void)state;
	const uint8_t text[] = "123456789";

	assert_int_equal(ecu_memory_crc32(0, text, 9), 0xcbf43926);
	assert_int_equal(ecu_memory_crc32(ecu_memory_crc32(0, text, 4), text + 4, 5), 0xcbf43926);
	assert_int_equal(ecu_memory_crc32(0, text, 0), 0);
}

static void the_crc_of_joined_extents_spans_neighbouring_regions(void **state)
{
	(void)state;
	uint8_t a[4] = "1234", b[5] = {'5', '6', '7', '8', '9'};
	struct ecu_region regions[2] = {{.address = 0x100, .size = 4, .sector_bytes = 4, .bytes = a},
					{.address = 0x104, .size = 5, .sector_bytes = 4, .bytes = b}};
	struct ecu_extents e = {.n = 0};

	ecu_extents_add(&e, 0x100, 9);
	assert_int_equal(ecu_memory_crc32_of(regions, 2, &e), 0xcbf43926);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(extents_join_when_they_touch_or_overlap),
	    cmocka_unit_test(removing_splits_and_trims),
	    cmocka_unit_test(a_full_list_changes_nothing),
	    cmocka_unit_test(the_end_of_the_address_space_is_reached),
	    cmocka_unit_test(a_range_grows_to_sectors_within_its_region),
	    cmocka_unit_test(the_crc_is_that_of_zlib),
	    cmocka_unit_test(the_crc_of_joined_extents_spans_neighbouring_regions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
