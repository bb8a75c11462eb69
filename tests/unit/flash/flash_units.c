/* Units of one job against the profile and against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/flash_units.h"

static const uint8_t bytes[0x2000];
static struct profile profile;
static struct image images[2];
static struct flash_unit units[2];
static char text[160];
static uint8_t unit;

static int setup(void **state)
{
	(void)state;
	profile_template_single_bank(&profile);
	memset(images, 0, sizeof(images));
	for (size_t i = 0; i < 2; i++)
		units[i] = (struct flash_unit){.image = &images[i]};
	text[0] = '\0';
	return 0;
}

static void add(struct image *image, uint64_t address, size_t n)
{
	image->segments[image->n_segments++] = (struct image_segment){.address = address, .data = bytes, .n_bytes = n};
}

static bool check(void)
{
	return flash_units_check(&profile, units, 2, &unit, text, sizeof(text));
}

static void units_side_by_side_fit(void **state)
{
	(void)state;
	add(&images[0], 0x1000, 0x100);
	add(&images[0], 0x2000, 0x100);
	add(&images[1], 0x1100, 0xf00);
	assert_true(check());
}

static void a_unit_that_overlaps_an_earlier_one_is_named(void **state)
{
	(void)state;
	add(&images[0], 0x1000, 0x100);
	add(&images[1], 0x800, 0x801);
	assert_false(check());
	assert_int_equal(unit, 1);
	assert_non_null(strstr(text, "0x00000800 overlap unit 1"));
}

static void a_segment_beyond_the_address_format_is_named(void **state)
{
	(void)state;
	add(&images[0], 0xffffff00, 0x100);
	add(&images[1], 0, 1);
	assert_true(check());
	images[0].segments[0].n_bytes = 0x101;
	assert_false(check());
	assert_int_equal(unit, 0);
	assert_non_null(strstr(text, "do not fit the profile's 4 address"));
}

static void a_length_beyond_the_length_format_is_named(void **state)
{
	(void)state;
	profile.length_bytes = 1;
	add(&images[0], 0, 255);
	add(&images[1], 0x1000, 256);
	assert_false(check());
	assert_int_equal(unit, 1);
}

static void an_erase_without_a_range_takes_one_unit(void **state)
{
	(void)state;
	add(&images[0], 0x1000, 0x100);
	add(&images[1], 0x2000, 0x100);
	profile.erase_argument = PROFILE_ERASE_NONE;
	assert_false(check());
	assert_int_equal(unit, 1);
	assert_true(flash_units_check(&profile, units, 1, &unit, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(units_side_by_side_fit, setup),
	    cmocka_unit_test_setup(a_unit_that_overlaps_an_earlier_one_is_named, setup),
	    cmocka_unit_test_setup(a_segment_beyond_the_address_format_is_named, setup),
	    cmocka_unit_test_setup(a_length_beyond_the_length_format_is_named, setup),
	    cmocka_unit_test_setup(an_erase_without_a_range_takes_one_unit, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
