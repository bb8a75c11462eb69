/* image: raw, Intel HEX and S-record files, in order and out of order, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/image.h"

static struct image image;
static struct image_error error;
static uint8_t buf[1u << 20];

/* The buffer is exactly as large as the file: the least that image_parse() asks for. */
static int parse(enum image_format format, const char *text)
{
	size_t n = strlen(text);

	memset(&image, 0, sizeof image);
	memset(&error, 0, sizeof error);
	return image_parse(&image, format, (const uint8_t *)text, n, 0, buf, n, &error);
}

static void expect_refused(const char *text, unsigned line, const char *words)
{
	assert_int_equal(parse(IMAGE_AUTO, text), 1);
	if (!strstr(error.text, words))
		fail_msg("'%s' does not speak of '%s'", error.text, words);
	assert_int_equal(error.line, line);
	assert_int_equal(image.n_segments, 0);
}

static void expect_segment(size_t i, uint64_t address, const void *data, size_t n)
{
	assert_true(i < image.n_segments);
	assert_true(image.segments[i].address == address);
	assert_int_equal(image.segments[i].n_bytes, n);
	assert_memory_equal(image.segments[i].data, data, n);
}

static char *put_ihex(char *out, unsigned type, unsigned address, const uint8_t *data, size_t n)
{
	unsigned sum = (unsigned)n + (address >> 8) + address + type;

	out += sprintf(out, ":%02X%04X%02X", (unsigned)n, address, type);
	for (size_t i = 0; i < n; i++) {
		out += sprintf(out, "%02X", data[i]);
		sum += data[i];
	}
	return out + sprintf(out, "%02X\n", -sum & 0xffu);
}

#define EOF_RECORD ":00000001FF\n"

static void raw_bytes_are_one_segment_at_the_base(void **state)
{
	(void)state;
	const uint8_t bytes[] = {0, 1, 2, 3};

	assert_int_equal(image_parse(&image, IMAGE_AUTO, bytes, sizeof bytes, 0x8000, buf, 0, &error), 0);
	assert_int_equal(image.format, IMAGE_RAW);
	assert_int_equal(image.n_segments, 1);
	assert_ptr_equal(image.segments[0].data, bytes);
	expect_segment(0, 0x8000, bytes, sizeof bytes);
	assert_int_equal(image_parse(&image, IMAGE_RAW, bytes, 4, UINT64_MAX - 3, buf, 0, &error), 1);
	assert_int_equal(image_parse(&image, IMAGE_RAW, bytes, 0, 0, buf, 0, &error), 1);
}

static void a_text_format_can_be_taken_as_raw(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE_RAW, EOF_RECORD), 0);
	expect_segment(0, 0, EOF_RECORD, strlen(EOF_RECORD));
}

static void what_stands_before_the_first_record_does_not_matter(void **state)
{
	(void)state;
	static const char *const before[] = {"\n", "\r\n", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n\r\n", "  \t\n ", "\t"};

	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		char text[128];

		snprintf(text, sizeof text, "%s%s", before[i], ":020000000102FB\n" EOF_RECORD);
		assert_int_equal(parse(IMAGE_AUTO, text), 0);
		assert_int_equal(image.format, IMAGE_IHEX);
		expect_segment(0, 0, "\x01\x02", 2);
		assert_int_equal(parse(IMAGE_IHEX, text), 0);
		snprintf(text, sizeof text, "%s%s", before[i], "S10500000102F7\nS9030000FC\n");
		assert_int_equal(parse(IMAGE_AUTO, text), 0);
		assert_int_equal(image.format, IMAGE_SREC);
		expect_segment(0, 0, "\x01\x02", 2);
	}
	/* and lines are counted from the first one on */
	expect_refused("\xef\xbb\xbf\n\n:020000000102FC\n" EOF_RECORD, 3, "checksum");
	expect_refused("\n\n :020000000102FB\n\n:020000000102FC\n" EOF_RECORD, 5, "checksum");
}

static void text_that_holds_a_record_is_not_taken_for_raw(void **state)
{
	(void)state;
	char text[6000];

	expect_refused("; made by hand\n:020000000102FB\n" EOF_RECORD, 1, "line 2 looks like it");
	expect_refused("\n; f\xc3\xbcr\n:020000000102FB\n" EOF_RECORD, 2, "line 3 looks like it");
	expect_refused("020000000102FB\n" EOF_RECORD, 1, "--raw");
	expect_refused("Sx050000010 2F7\r\nS9030000FC\r\n", 1, "line 2 looks like it");
	memset(text, '#', sizeof text);
	strcpy(text + 5000, "\n" EOF_RECORD);
	expect_refused(text, 1, "line 2 looks like it");
	/* whoever means the text says so */
	assert_int_equal(parse(IMAGE_RAW, "; made by hand\n" EOF_RECORD), 0);
}

static void bytes_and_texts_without_records_are_raw(void **state)
{
	(void)state;
	/* a record between bytes that are no text, as in a program that writes such files */
	static const uint8_t bytes[] = "\x7f"
				       "ELF\x01\n:00000001FF\nS9030000FC\n";
	static uint8_t random[70000];
	uint32_t x = 1;

	assert_int_equal(parse(IMAGE_AUTO, "version: 3\n:-)\nSAFE 1234\n"), 0);
	assert_int_equal(image.format, IMAGE_RAW);
	assert_int_equal(image_parse(&image, IMAGE_AUTO, bytes, sizeof bytes, 0, buf, 0, &error), 0);
	assert_int_equal(image.format, IMAGE_RAW);
	for (unsigned round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof random; i++)
			random[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		random[0] = 0xff; /* neither ':' nor 'S' by chance */
		assert_int_equal(image_parse(&image, IMAGE_AUTO, random, sizeof random, 0, buf, 0, &error), 0);
		assert_int_equal(image.format, IMAGE_RAW);
	}
}

static void touching_records_join_and_gaps_stay(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE_AUTO, ":0200000001 02FB\n"), 1);
	assert_int_equal(parse(IMAGE_AUTO, ":020000000102FB\n:020002000304F5\n:0200100005 06E3\n" EOF_RECORD), 1);
	assert_int_equal(parse(IMAGE_AUTO, ":020000000102FB\n:020002000304F5\n:020010000506E3\n" EOF_RECORD), 0);
	assert_int_equal(image.format, IMAGE_IHEX);
	assert_int_equal(image.n_segments, 2);
	assert_int_equal(image.n_bytes, 6);
	expect_segment(0, 0, "\1\2\3\4", 4);
	expect_segment(1, 0x10, "\5\6", 2);
}

static void lower_case_carriage_returns_and_blank_lines_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE_AUTO, ":02000000abcd86\r\n\r\n:00000001ff\r\n\r\n"), 0);
	expect_segment(0, 0, "\xab\xcd", 2);
	assert_int_equal(parse(IMAGE_AUTO, ":02000000abcd86\n:00000001ff"), 0);
	expect_segment(0, 0, "\xab\xcd", 2);
}

static void segment_and_linear_bases_place_records(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE_AUTO, ":020000021200EA\n:0100000001FE\n" /* 0x1200 * 16 */
					   ":020000040800F2\n:01FFFF0002FF\n" /* 0x0800 * 65536 + 0xffff */
					   ":020000040801F1\n:0100000003FC\n"
					   ":0400000300003800C1\n" EOF_RECORD),
			 0);
	assert_int_equal(image.n_segments, 2);
	expect_segment(0, 0x12000, "\1", 1);
	expect_segment(1, 0x0800ffff, "\2\3", 2);
	assert_int_equal(image.entry, 0x3800);
	assert_int_equal(parse(IMAGE_AUTO, ":0100000001FE\n:04000005000000CD2A\n" EOF_RECORD), 0);
	assert_int_equal(image.entry, 0xcd);
}

static void records_in_reverse_order_are_sorted_and_joined(void **state)
{
	(void)state;
	static char text[200000];
	static uint8_t expected[4096];
	char *end = text;

	for (size_t i = 0; i < sizeof expected; i++)
		expected[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned a = sizeof expected; a-- > 0;) /* one byte a record: the worst case for the buffer */
		end = put_ihex(end, 0, a, expected + a, 1);
	memcpy(end, ":00000001FF", sizeof ":00000001FF");
	assert_int_equal(parse(IMAGE_AUTO, text), 0);
	assert_int_equal(image.n_segments, 1);
	expect_segment(0, 0, expected, sizeof expected);
}

static void shuffled_records_of_any_size_give_the_same_image(void **state)
{
	(void)state;
	static char text[400000];
	static uint8_t expected[16384];
	unsigned starts[4096];
	size_t sizes[4096];

	for (uint32_t seed = 1; seed <= 50; seed++) {
		uint32_t x = seed * 2654435761u;
		size_t n = 0;
		unsigned at = 0;
		char *end = text;

		while (at < sizeof expected && n < 4096) {
			x = x * 1664525u + 1013904223u;
			size_t size = 1 + (x >> 24) % (seed * 5);

			size = size < sizeof expected - at ? size : sizeof expected - at;
			size = size < 255 ? size : 255;
			starts[n] = at;
			sizes[n++] = size;
			for (size_t i = 0; i < size; i++)
				expected[at + i] = (uint8_t)((x >> 8) + i * i);
			at += (unsigned)size;
		}
		for (size_t i = n; i-- > 1;) {
			x = x * 1664525u + 1013904223u;
			size_t j = (x >> 8) % (i + 1);
			unsigned start = starts[i];
			size_t size = sizes[i];

			starts[i] = starts[j], sizes[i] = sizes[j];
			starts[j] = start, sizes[j] = size;
		}
		for (size_t i = 0; i < n; i++)
			end = put_ihex(end, 0, starts[i], expected + starts[i], sizes[i]);
		memcpy(end, EOF_RECORD, sizeof EOF_RECORD);
		assert_int_equal(parse(IMAGE_AUTO, text), 0);
		assert_int_equal(image.n_segments, 1);
		expect_segment(0, 0, expected, at);
	}
}

static void the_same_bytes_given_twice_are_taken_once(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE_AUTO, ":0400000001020304F2\n:020002000304F5\n:03000300040506EB\n" EOF_RECORD), 0);
	assert_int_equal(image.n_segments, 1);
	assert_int_equal(image.n_bytes, 6);
	expect_segment(0, 0, "\1\2\3\4\5\6", 6);
}

static void different_bytes_at_one_address_are_refused_with_their_line(void **state)
{
	(void)state;
	expect_refused(":0400000001020304F2\n:020010000506E3\n\n:020002000309F0\n" EOF_RECORD, 4, "0x00000003");
	/* the later line is named also where it comes first by address */
	expect_refused(":0100040009F2\n:06000000010203040506E5\n" EOF_RECORD, 1, "0x00000004");
}

static void broken_hex_lines_are_refused_with_their_number(void **state)
{
	(void)state;
	expect_refused(":020000000102FB\n:020002000304F6\n" EOF_RECORD, 2,
		       "checksum is F6, the record's bytes give F5");
	expect_refused(":020000000102FB\n:02000200030\n" EOF_RECORD, 2, "too short");
	expect_refused(":020000000102FB\n:02000200\n" EOF_RECORD, 2, "cut off");
	expect_refused(":020000000102FB\n:020002000304F500\n" EOF_RECORD, 2, "too long");
	expect_refused(":020000000102FB\nS9030000FC\n" EOF_RECORD, 2, "begins with ':'");
	expect_refused(":020000000102FB\n:020002000g04F5\n" EOF_RECORD, 2, "column 10");
	expect_refused(":020000000102FB\n:zz0002000g04F5\n" EOF_RECORD, 2, "column 2");
	expect_refused(":020000000102FB\n:00000006FA\n" EOF_RECORD, 2, "type 06");
	expect_refused(":0100000400FB\n" EOF_RECORD, 1, "has 2 data bytes, not 1");
	expect_refused(":020000000102FB\n", 1, "end-of-file record is missing");
	expect_refused(":020000000102FB\n" EOF_RECORD EOF_RECORD, 3, "after the end-of-file");
	expect_refused(EOF_RECORD, 0, "no data");
	expect_refused(":02FFFF000102FD\n" EOF_RECORD, 1, "64 KiB segment");
	expect_refused(":02000004FFFFFC\n:02FFFF000102FD\n" EOF_RECORD, 2, "32-bit address space");
}

static void a_65th_segment_is_refused(void **state)
{
	(void)state;
	static char text[8192];
	char *end = text;

	for (unsigned i = 0; i < 64; i++)
		end = put_ihex(end, 0, i * 2, (const uint8_t *)"x", 1);
	memcpy(end, EOF_RECORD, sizeof EOF_RECORD);
	assert_int_equal(parse(IMAGE_AUTO, text), 0);
	assert_int_equal(image.n_segments, 64);
	end = put_ihex(end, 0, 64 * 2, (const uint8_t *)"x", 1);
	memcpy(end, EOF_RECORD, sizeof EOF_RECORD);
	expect_refused(text, 0, "more than 64 segments");
}

static void a_buffer_smaller_than_the_file_is_refused(void **state)
{
	(void)state;
	const char *text = ":020000000102FB\n" EOF_RECORD;

	assert_int_equal(
	    image_parse(&image, IMAGE_AUTO, (const uint8_t *)text, strlen(text), 0, buf, strlen(text) - 1, &error), 1);
	assert_non_null(strstr(error.text, "buffer"));
}

static void s_records_of_all_address_widths_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE_AUTO, "S00600004844521B\nS1050000010 2F7\n"), 1);
	assert_int_equal(parse(IMAGE_AUTO, "S00600004844521B\r\nS10500000102F7\r\nS20600100003 04E2"), 1);
	assert_int_equal(parse(IMAGE_AUTO, "S00600004844521B\r\n"
					   "S10500000102F7\r\n"
					   "S2060100000304F1\r\n"
					   "S307080000000506E5\r\n"
					   "S5030003F9\r\n"
					   "S70508000000F2\r\n"),
			 0);
	assert_int_equal(image.format, IMAGE_SREC);
	assert_int_equal(image.n_segments, 3);
	expect_segment(0, 0, "\1\2", 2);
	expect_segment(1, 0x10000, "\3\4", 2);
	expect_segment(2, 0x08000000, "\5\6", 2);
	assert_int_equal(image.entry, 0x08000000);
	assert_int_equal(parse(IMAGE_AUTO, "S10500000102F7\nS604000001FA\nS9030000FC"), 0);
}

static void one_byte_s_records_in_reverse_order_fit_the_buffer(void **state)
{
	(void)state;
	static char text[20000];
	uint8_t expected[512];
	char *end = text;

	for (unsigned a = sizeof expected; a-- > 0;) {
		unsigned sum = 4 + (a >> 8) + (a & 0xff) + (a & 0x7f);

		expected[a] = a & 0x7f;
		end += sprintf(end, "S104%04X%02X%02X\n", a, expected[a], ~sum & 0xffu);
	}
	memcpy(end, "S9030000FC", sizeof "S9030000FC");
	assert_int_equal(parse(IMAGE_AUTO, text), 0);
	assert_int_equal(image.n_segments, 1);
	expect_segment(0, 0, expected, sizeof expected);
}

static void broken_s_records_are_refused_with_their_number(void **state)
{
	(void)state;
	expect_refused("S10500000102F7\nS10500020304F2\nS9030000FC\n", 2, "checksum is F2, the record's bytes give F1");
	expect_refused("S10500000102F7\nS105000203F1\nS9030000FC\n", 2, "too short");
	expect_refused("S10500000102F7\nS1050002030405F1\nS9030000FC\n", 2, "too long");
	expect_refused("S10500000102F7\nS1\nS9030000FC\n", 2, "cut off");
	expect_refused("S10500000102F7\nS1020000FD\nS9030000FC\n", 2, "too small");
	expect_refused("S10500000102F7\nS4030000FC\nS9030000FC\n", 2, "reserved");
	expect_refused("S10500000102F7\n:020002000304F5\n", 2, "begins with 'S'");
	expect_refused("S10500000102F7\nS10500x20304F1\nS9030000FC\n", 2, "column 7");
	expect_refused("S10500000102F7\nS1xx00020304F1\nS9030000FC\n", 2, "column 3");
	expect_refused("S10500000102F7\nS5030002FA\nS9030000FC\n", 2, "announces 2 data records and holds 1");
	expect_refused("S10500000102F7\n", 1, "cut off");
	expect_refused("S10500000102F7\nS9030000FC\nS10500020304F1\n", 3, "after the closing");
	expect_refused("S10500000102F7\nS904000000FB\n", 2, "carries no data");
	expect_refused("S9030000FC\n", 0, "no data");
	expect_refused("S307FFFFFFFF0102F9\n", 1, "32-bit address space");
}

static void crc32_is_that_of_ethernet_and_chains(void **state)
{
	(void)state;
	const uint8_t *check = (const uint8_t *)"123456789";

	assert_int_equal(image_crc32(0, check, 9), 0xcbf43926u);
	assert_int_equal(image_crc32(image_crc32(0, check, 4), check + 4, 5), 0xcbf43926u);
	assert_int_equal(image_crc32(0, check, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(raw_bytes_are_one_segment_at_the_base),
	    cmocka_unit_test(a_text_format_can_be_taken_as_raw),
	    cmocka_unit_test(what_stands_before_the_first_record_does_not_matter),
	    cmocka_unit_test(text_that_holds_a_record_is_not_taken_for_raw),
	    cmocka_unit_test(bytes_and_texts_without_records_are_raw),
	    cmocka_unit_test(touching_records_join_and_gaps_stay),
	    cmocka_unit_test(lower_case_carriage_returns_and_blank_lines_are_taken),
	    cmocka_unit_test(segment_and_linear_bases_place_records),
	    cmocka_unit_test(records_in_reverse_order_are_sorted_and_joined),
	    cmocka_unit_test(shuffled_records_of_any_size_give_the_same_image),
	    cmocka_unit_test(the_same_bytes_given_twice_are_taken_once),
	    cmocka_unit_test(different_bytes_at_one_address_are_refused_with_their_line),
	    cmocka_unit_test(broken_hex_lines_are_refused_with_their_number),
	    cmocka_unit_test(a_65th_segment_is_refused),
	    cmocka_unit_test(a_buffer_smaller_than_the_file_is_refused),
	    cmocka_unit_test(s_records_of_all_address_widths_are_taken),
	    cmocka_unit_test(one_byte_s_records_in_reverse_order_fit_the_buffer),
	    cmocka_unit_test(broken_s_records_are_refused_with_their_number),
	    cmocka_unit_test(crc32_is_that_of_ethernet_and_chains),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
