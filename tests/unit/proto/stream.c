#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/stream.h"

#define CAP (STREAM_HEADER_BYTES + 100u)

/* three frames of 1, 100 and 7 bytes */
static size_t make_wire(uint8_t *wire)
{
	static const size_t lengths[] = {1, 100, 7};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		stream_header(wire + n, lengths[i]);
		memset(wire + n + STREAM_HEADER_BYTES, (int)('a' + i), lengths[i]);
		n += STREAM_HEADER_BYTES + lengths[i];
	}
	return n;
}

struct seen {
	size_t n;
	size_t lengths[8];
	uint8_t first[8];
	uint8_t last[8];
};

static void feed(struct stream_decoder *d, const uint8_t *bytes, size_t n, struct seen *seen)
{
	while (n > 0) {
		size_t taken = stream_decoder_input(d, bytes, n);
		const uint8_t *frame;
		size_t length;

		bytes += taken;
		n -= taken;
		while (stream_decoder_pop(d, &frame, &length) == 1) {
			assert_true(seen->n < 8);
			seen->lengths[seen->n] = length;
			seen->first[seen->n] = frame[0];
			seen->last[seen->n++] = frame[length - 1];
			stream_decoder_done(d);
		}
	}
}

static void frames_come_out_whole_wherever_the_bytes_are_split(void **state)
{
	uint8_t wire[200];
	uint8_t buf[CAP];
	size_t n = make_wire(wire);

	(void)state;
	for (size_t split = 0; split <= n; split++) {
		struct stream_decoder d;
		struct seen seen = {0};

		stream_decoder_init(&d, buf, sizeof buf);
		feed(&d, wire, split, &seen);
		feed(&d, wire + split, n - split, &seen);
		assert_int_equal(seen.n, 3);
		assert_int_equal(seen.lengths[0], 1);
		assert_int_equal(seen.lengths[1], 100);
		assert_int_equal(seen.lengths[2], 7);
		assert_memory_equal(seen.first, "abc", 3);
		assert_memory_equal(seen.last, "abc", 3);
	}
}

static void frames_come_out_whole_byte_by_byte(void **state)
{
	uint8_t wire[200];
	uint8_t buf[CAP];
	size_t n = make_wire(wire);
	struct stream_decoder d;
	struct seen seen = {0};

	(void)state;
	stream_decoder_init(&d, buf, sizeof buf);
	for (size_t i = 0; i < n; i++)
		feed(&d, wire + i, 1, &seen);
	assert_int_equal(seen.n, 3);
	assert_memory_equal(seen.last, "abc", 3);
}

static void a_frame_stays_the_same_until_it_is_done(void **state)
{
	uint8_t wire[200];
	uint8_t buf[CAP];
	const uint8_t *one;
	const uint8_t *two;
	size_t n;
	struct stream_decoder d;

	(void)state;
	make_wire(wire);
	stream_decoder_init(&d, buf, sizeof buf);
	assert_int_equal(stream_decoder_input(&d, wire, 5 + 50), 55);
	assert_int_equal(stream_decoder_pop(&d, &one, &n), 1);
	assert_int_equal(stream_decoder_pop(&d, &two, &n), 1);
	assert_ptr_equal(one, two);
	/* lent: nothing moves, the decoder takes what fits behind */
	assert_int_equal(stream_decoder_input(&d, wire + 55, 60), CAP - 55);
	assert_int_equal(one[0], 'a');
	stream_decoder_done(&d);
	assert_int_equal(stream_decoder_pop(&d, &one, &n), 0);
}

static void a_length_of_zero_ends_the_session(void **state)
{
	uint8_t buf[CAP];
	const uint8_t *frame;
	size_t n;
	struct stream_decoder d;

	(void)state;
	stream_decoder_init(&d, buf, sizeof buf);
	stream_decoder_input(&d, (const uint8_t[4]){0}, 4);
	assert_int_equal(stream_decoder_pop(&d, &frame, &n), -1);
	assert_int_equal(stream_decoder_input(&d, (const uint8_t *)"x", 1), 0);
	assert_int_equal(stream_decoder_pop(&d, &frame, &n), -1);
}

static void a_length_above_the_buffer_is_refused_at_the_header(void **state)
{
	uint8_t buf[CAP];
	const uint8_t *frame;
	size_t n;
	struct stream_decoder d;

	(void)state;
	stream_decoder_init(&d, buf, sizeof buf);
	stream_decoder_input(&d, (const uint8_t[]){0, 0, 0, 101}, 4);
	assert_int_equal(stream_decoder_pop(&d, &frame, &n), -1);

	stream_decoder_init(&d, buf, sizeof buf);
	stream_decoder_input(&d, (const uint8_t[]){0, 0, 0, 100}, 4);
	assert_int_equal(stream_decoder_pop(&d, &frame, &n), 0);
}

static void a_length_above_1_mib_is_refused_however_large_the_buffer(void **state)
{
	static uint8_t buf[STREAM_MAX_FRAME_BYTES + 4096];
	const uint8_t *frame;
	size_t n;
	struct stream_decoder d;

	(void)state;
	stream_decoder_init(&d, buf, sizeof buf);
	stream_decoder_input(&d, (const uint8_t[]){0, 0x10, 0, 1}, 4);
	assert_int_equal(stream_decoder_pop(&d, &frame, &n), -1);

	stream_decoder_init(&d, buf, sizeof buf);
	stream_decoder_input(&d, (const uint8_t[]){0, 0x10, 0, 0}, 4);
	assert_int_equal(stream_decoder_pop(&d, &frame, &n), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_come_out_whole_wherever_the_bytes_are_split),
	    cmocka_unit_test(frames_come_out_whole_byte_by_byte),
	    cmocka_unit_test(a_frame_stays_the_same_until_it_is_done),
	    cmocka_unit_test(a_length_of_zero_ends_the_session),
	    cmocka_unit_test(a_length_above_the_buffer_is_refused_at_the_header),
	    cmocka_unit_test(a_length_above_1_mib_is_refused_however_large_the_buffer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
