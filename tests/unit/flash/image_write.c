/* image_write, image_records, image_compare: records as objcopy writes them, and where two images differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/image_compare.h"
#include "ecu-flash/image_records.h"
#include "ecu-flash/image_write.h"

static char text[8192];
static size_t n_text;
static uint8_t pattern[300];

static void write_all(const struct image_write_config *config, const struct image_segment *pieces, size_t n_pieces)
{
	struct image_writer writer;
	size_t n;

	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (uint8_t)i;
	image_write_init(&writer, config);
	n_text = image_write_begin(&writer, text);
	for (size_t i = 0; i < n_pieces; i++) {
		struct image_segment piece = pieces[i];

		while ((n = image_write_next(&writer, &piece, text + n_text)) > 0)
			n_text += n;
		assert_int_equal(piece.n_bytes, 0);
	}
	n_text += image_write_end(&writer, text + n_text);
	text[n_text] = 0;
}

static void an_intel_hex_record_is_cut_at_the_end_of_64_kib(void **state)
{
	const struct image_write_config config = {.format = IMAGE_IHEX, .lf = true};
	const struct image_segment piece = {0xfffc, pattern, 8};

	(void)state;
	write_all(&config, &piece, 1);
	assert_string_equal(text, ":04FFFC0000010203FB\n:020000021000EC\n:0400000004050607E6\n:00000001FF\n");
}

static void the_segment_base_is_taken_back_before_a_linear_one(void **state)
{
	const struct image_write_config config = {.format = IMAGE_IHEX, .lf = true};
	const struct image_segment pieces[] = {{0x10000, pattern + 1, 1}, {0x100000, pattern + 1, 1}};

	(void)state;
	write_all(&config, pieces, 2);
	assert_string_equal(text, ":020000021000EC\n:0100000001FE\n"
				  ":020000020000FC\n:020000040010EA\n:0100000001FE\n:00000001FF\n");
}

static void linear_means_types_04_and_05_only(void **state)
{
	const struct image_write_config config = {.format = IMAGE_IHEX, .lf = true, .linear = true, .entry = 0x1234};
	const struct image_segment piece = {0x10000, pattern + 1, 1};

	(void)state;
	write_all(&config, &piece, 1);
	assert_string_equal(text, ":020000040001F9\n:0100000001FE\n:0400000500001234B1\n:00000001FF\n");
}

static void addresses_that_fall_move_the_base_back(void **state)
{
	const struct image_write_config config = {.format = IMAGE_IHEX, .lf = true};
	const struct image_segment pieces[] = {{0x20000, pattern + 1, 1}, {0x10, pattern + 1, 1}};

	(void)state;
	write_all(&config, pieces, 2);
	assert_string_equal(text, ":020000022000DC\n:0100000001FE\n:020000020000FC\n:0100100001EE\n:00000001FF\n");
}

static void s_records_have_the_width_of_their_type(void **state)
{
	struct image_write_config config = {.format = IMAGE_SREC,
					    .srec_type = 1,
					    .lf = true,
					    .entry = 0x12,
					    .header = (const uint8_t *)"hi",
					    .n_header = 2};
	const struct image_segment piece = {0x1000, pattern, 4};

	(void)state;
	write_all(&config, &piece, 1);
	assert_string_equal(text, "S0050000686929\nS107100000010203E2\nS9030012EA\n");
	config.srec_type = 3;
	config.header = NULL;
	write_all(&config, &piece, 1);
	assert_string_equal(text, "S3090000100000010203E0\nS70500000012E8\n");
}

static void the_type_is_the_least_that_holds_data_and_start(void **state)
{
	(void)state;
	assert_int_equal(image_srec_type(0xffff, 0), 1);
	assert_int_equal(image_srec_type(0x10000, 0), 2);
	assert_int_equal(image_srec_type(0, 0x10000), 2);
	assert_int_equal(image_srec_type(0xffffff, 0), 2);
	assert_int_equal(image_srec_type(0x1000000, 0), 3);
	assert_int_equal(image_srec_type(0xffffffff, 0xffffffff), 3);
	assert_int_equal(image_srec_type(0x100000000, 0), 0);
}

static void the_longest_records_are_what_the_format_holds(void **state)
{
	struct image_write_config config = {.format = IMAGE_SREC, .srec_type = 3, .record_bytes = 255};
	const struct image_segment piece = {0, pattern, 255};

	(void)state;
	write_all(&config, &piece, 1);
	assert_memory_equal(text, "S3FF", 4); /* 250 data bytes */
	assert_non_null(strstr(text, "\r\nS30A000000FA"));
	config.format = IMAGE_IHEX;
	write_all(&config, &piece, 1);
	assert_memory_equal(text, ":FF", 3);
	assert_non_null(strstr(text, "\r\n:00000001FF\r\n"));
}

static void records_come_in_the_order_of_the_file_and_with_its_words(void **state)
{
	static const char file[] = "S0050000686929\nS1051000010BDE\nS1040100CC2E\nS9030012EA\n";
	struct image_records records;
	struct image_error error;

	(void)state;
	image_records_init(&records, IMAGE_SREC, (const uint8_t *)file, sizeof file - 1);
	assert_int_equal(image_records_next(&records, &error), 0);
	assert_int_equal(records.address, 0x1000);
	assert_int_equal(records.n, 2);
	assert_int_equal(records.line, 2);
	assert_int_equal(image_records_next(&records, &error), 0);
	assert_int_equal(records.address, 0x100);
	assert_int_equal(records.data[0], 0xcc);
	assert_int_equal(image_records_next(&records, &error), 2);
	assert_int_equal(image_records_next(&records, &error), 2);
	assert_int_equal(records.entry, 0x12);
	assert_int_equal(records.srec_type, 1);
	assert_true(records.has_header);
	assert_memory_equal(records.header, "hi", 2);
}

static bool next_is(struct image_compare *compare, enum image_range_kind kind, uint64_t address, uint64_t n)
{
	struct image_range range;

	return image_compare_next(compare, &range) && range.kind == kind && range.address == address &&
	       range.n_bytes == n && !range.first == (kind == IMAGE_RANGE_ONLY_SECOND) &&
	       !range.second == (kind == IMAGE_RANGE_ONLY_FIRST);
}

static void differing_bytes_and_what_only_one_has_come_by_address(void **state)
{
	static const uint8_t a[] = "abcdefgh", b[] = "abXdeYZhij", c[] = "zz";
	const struct image first = {.segments = {{100, a, 8}, {200, c, 2}}, .n_segments = 2};
	const struct image second = {.segments = {{50, c, 2}, {100, b, 10}}, .n_segments = 2};
	struct image_compare compare;
	struct image_range range;

	(void)state;
	image_compare_init(&compare, &first, &second);
	assert_true(next_is(&compare, IMAGE_RANGE_ONLY_SECOND, 50, 2));
	assert_true(next_is(&compare, IMAGE_RANGE_DIFFERS, 102, 1));
	assert_true(next_is(&compare, IMAGE_RANGE_DIFFERS, 105, 2));
	assert_true(next_is(&compare, IMAGE_RANGE_ONLY_SECOND, 108, 2));
	assert_true(next_is(&compare, IMAGE_RANGE_ONLY_FIRST, 200, 2));
	assert_false(image_compare_next(&compare, &range));
	assert_false(image_compare_next(&compare, &range));
}

static void equal_bytes_in_other_segments_are_equal(void **state)
{
	static const uint8_t a[] = "abcdefgh";
	const struct image first = {.segments = {{0, a, 8}}, .n_segments = 1};
	const struct image second = {.segments = {{0, a, 3}, {3, a + 3, 5}}, .n_segments = 2};
	struct image_compare compare;
	struct image_range range;

	(void)state;
	image_compare_init(&compare, &first, &second);
	assert_false(image_compare_next(&compare, &range));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_intel_hex_record_is_cut_at_the_end_of_64_kib),
	    cmocka_unit_test(the_segment_base_is_taken_back_before_a_linear_one),
	    cmocka_unit_test(linear_means_types_04_and_05_only),
	    cmocka_unit_test(addresses_that_fall_move_the_base_back),
	    cmocka_unit_test(s_records_have_the_width_of_their_type),
	    cmocka_unit_test(the_type_is_the_least_that_holds_data_and_start),
	    cmocka_unit_test(the_longest_records_are_what_the_format_holds),
	    cmocka_unit_test(records_come_in_the_order_of_the_file_and_with_its_words),
	    cmocka_unit_test(differing_bytes_and_what_only_one_has_come_by_address),
	    cmocka_unit_test(equal_bytes_in_other_segments_are_equal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
