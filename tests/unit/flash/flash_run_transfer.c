/* 34, 36 and 37 under loss: blocks, counters, segments that begin again, lengths that ECUs announce. */
#include "tests/unit/flash/world.h"

static struct world w;
static uint8_t bytes[65536];
static struct image image;

static void with_bytes(size_t n)
{
	memset(&image, 0, sizeof(image));
	image.n_segments = 1;
	image.n_bytes = n;
	image.segments[0] = (struct image_segment){PEER_BASE, bytes, n};
}

static int setup(void **state)
{
	(void)state;
	world_init(&w, 0, 1);
	world_add(&w, false);
	fill_pattern(bytes, sizeof(bytes), 7);
	with_bytes(1000);
	w.jobs[0].n_units = 1;
	w.jobs[0].units[0].image = &image;
	return 0;
}

static void expect_verified(const struct flash_result *r)
{
	if (!r->verified)
		print_message("# %s\n", r->text);
	assert_int_equal(r->code, FLASH_OK);
	assert_true(r->verified);
	assert_int_equal(r->payload_bytes, image.n_bytes);
	assert_memory_equal(w.peers[0].memory, bytes, image.n_bytes);
}

static void counter_begins_at_one_and_wraps_from_ff_to_00(void **state)
{
	(void)state;
	with_bytes(600 * 64);
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.peers[0].n_writes, 600);
	for (unsigned i = 0; i < 600; i++)
		assert_int_equal(w.peers[0].counters[i], (i + 1) & 0xff);
}

static void counter_begins_again_with_each_segment(void **state)
{
	(void)state;
	image.n_segments = 2;
	image.segments[0].n_bytes = 500;
	image.segments[1] = (struct image_segment){PEER_BASE + 500, bytes + 500, 500};
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.peers[0].counters[0], 1);
	assert_int_equal(w.peers[0].counters[7], 8);
	assert_int_equal(w.peers[0].counters[8], 1);
}

static void blocks_have_the_length_that_the_ecu_announces(void **state)
{
	(void)state;
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.log[world_find(&w, 0, B("\x36"), 0)].n, 66);
	assert_int_equal(w.log[world_find(&w, 0, B("\x36"), 15)].n, 2 + 1000 - 15 * 64);
}

static void block_of_one_byte_is_the_least(void **state)
{
	(void)state;
	with_bytes(20);
	w.peers[0].max_block = 3;
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.peers[0].n_writes, 20);
}

static void profile_and_transmit_buffer_cap_the_length(void **state)
{
	(void)state;
	w.peers[0].max_block = 0xffff;
	w.profiles[0].max_block_bytes = 130;
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.log[world_find(&w, 0, B("\x36"), 0)].n, 130);

	setup(NULL);
	w.peers[0].max_block = 0xffff;
	w.channels[0].tx_cap = 100;
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.log[world_find(&w, 0, B("\x36"), 0)].n, 100);
}

static void lengths_of_four_bytes_and_more_are_understood(void **state)
{
	(void)state;
	w.profiles[0].max_block_bytes = 500;
	world_reply(&w, 0, B("\x34"), 0, 1, B("\x74\x40\x00\x01\x00\x00"));
	w.peers[0].any_block = false;
	assert_int_equal(world_flash_one(&w)->code, FLASH_OK);
	assert_int_equal(w.log[world_find(&w, 0, B("\x36"), 0)].n, 500);

	setup(NULL);
	w.profiles[0].max_block_bytes = 500;
	world_reply(&w, 0, B("\x34"), 0, 1, B("\x74\x80\x00\x00\x00\x01\x00\x00\x00\x00"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_OK);
	assert_int_equal(w.log[world_find(&w, 0, B("\x36"), 0)].n, 500);
}

static void length_without_room_for_data_is_refused(void **state)
{
	(void)state;
	for (unsigned length = 0; length <= 2; length++) {
		setup(NULL);
		w.peers[0].max_block = (uint16_t)length;
		assert_int_equal(world_flash_one(&w)->code, FLASH_BAD_BLOCK_LENGTH);
		assert_int_equal(world_count(&w, 0, 0, B("\x36")), 0);
		assert_true(w.runs[0].result.erased);
	}
}

static void download_answer_without_its_length_is_malformed(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x34"), 0, 0, B("\x74\x20\x10"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_MALFORMED_ANSWER);

	setup(NULL);
	world_reply(&w, 0, B("\x34"), 0, 0, B("\x74\x00\x10"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_MALFORMED_ANSWER);
}

static void block_whose_answer_is_lost_is_sent_again_with_its_counter(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x36\x05"), 0, 3);
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x36\x05")), 4);
	assert_int_equal(w.peers[0].n_writes, 16);
	assert_int_equal(w.runs[0].result.block_repeats, 3);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_RETRY), 3);
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 1);
}

static void block_that_is_lost_itself_is_sent_again(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x36\x10"), 0, 1); /* the last one */
	expect_verified(world_flash_one(&w));
	assert_int_equal(w.runs[0].result.block_repeats, 1);
}

static void late_answer_to_a_block_is_not_taken_for_the_next_one(void **state)
{
	(void)state;
	/* after the client's 150 ms, so that the repetition is under way when the first answer comes */
	world_rule(&w, 0, RULE_DELAY, B("\x36\x04"), 0, 1)->delay_us = 151 * MS;
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x36\x04")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x36\x05")), 1);
}

static void block_repetitions_are_bounded_by_the_profile(void **state)
{
	(void)state;
	w.profiles[0].block_retries = 4;
	w.profiles[0].steps[4].retries = 0;
	world_rule(&w, 0, RULE_IGNORE, B("\x36\x03"), 0, 0);
	assert_int_equal(world_flash_one(&w)->code, FLASH_NO_ANSWER);
	assert_int_equal(w.runs[0].result.sid, 0x36);
	assert_int_equal(w.runs[0].result.step, FLASH_STEP_TRANSFER);
	assert_int_equal(world_count(&w, 0, 0, B("\x36\x03")), 5);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x01")), 0); /* an erased ECU is left in its boot loader */
}

static void blocks_that_do_not_get_through_become_smaller(void **state)
{
	(void)state;
	w.peers[0].max_block = 1026;
	w.profiles[0].block_retries = 2;
	world_rule(&w, 0, RULE_IGNORE, B("\x36\x01"), 0, 3);
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 2);
	assert_int_equal(w.log[world_find(&w, 0, B("\x36\x01"), 0)].n, 1002);
	assert_int_equal(w.log[world_find(&w, 0, B("\x36\x01"), 3)].n, 258);
}

static void wrong_counter_after_a_repetition_begins_the_segment_again(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x36\x05"), 0, 1);
	world_reply(&w, 0, B("\x36\x05"), 0, 1, B("\x7f\x36\x73")); /* counted after the first rule has let it pass */
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 1);
}

static void wrong_counter_without_a_repetition_is_a_failure(void **state)
{
	(void)state;
	w.profiles[0].steps[4].retries = 0;
	world_reply(&w, 0, B("\x36\x05"), 0, 0, B("\x7f\x36\x73"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_TRANSFER_FAILED);
	assert_int_equal(w.runs[0].result.nrc, 0x73);
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 1);
}

static void segment_that_never_gets_through_is_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x36\x05"), 0, 1);
		world_reply(&w, 0, B("\x36\x05"), 0, 1, B("\x7f\x36\x73"));
	}
	w.profiles[0].steps[4].retries = 0;
	assert_int_equal(world_flash_one(&w)->code, FLASH_TRANSFER_FAILED);
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 4);
}

static void programming_failure_fails_or_begins_with_the_erase_as_the_profile_says(void **state)
{
	(void)state;
	w.profiles[0].steps[4].retries = 0;
	world_reply(&w, 0, B("\x36\x05"), 0, 0, B("\x7f\x36\x72"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_TRANSFER_FAILED);
	assert_int_equal(w.runs[0].result.nrc, 0x72);
	assert_int_equal(world_count(&w, 0, 0, B("\x36\x05")), 1);

	setup(NULL);
	world_reply(&w, 0, B("\x36\x05"), 0, 1, B("\x7f\x36\x72"));
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x02")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 2);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_INTENT), 2);
}

static void second_unit_is_resumed_not_the_first(void **state)
{
	static struct image other;

	(void)state;
	other = image;
	other.segments[0] = (struct image_segment){PEER_BASE + 0x2000, bytes + 0x2000, 300};
	other.n_bytes = 300;
	w.jobs[0].n_units = 2;
	w.jobs[0].units[1].image = &other;
	/* the first unit has 16 blocks of that counter range, so the 2nd block 02 is the second unit's */
	world_reply(&w, 0, B("\x36\x02"), 1, 1, B("\x7f\x36\x71"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00\x44\x00\x00\x80")), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00\x44\x00\x00\xa0")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x02")), 2);
	assert_memory_equal(w.peers[0].memory, bytes, 1000);
	assert_memory_equal(w.peers[0].memory + 0x2000, bytes + 0x2000, 300);
	assert_int_equal(w.runs[0].result.payload_bytes, 1300);
}

static void lost_answer_to_37_is_bridged(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x37"), 0, 1);
	world_reply(&w, 0, B("\x37"), 0, 0, B("\x7f\x37\x24"));
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x37")), 2);
}

static void sequence_error_to_the_first_37_is_a_failure(void **state)
{
	(void)state;
	w.profiles[0].steps[4].retries = 0;
	world_reply(&w, 0, B("\x37"), 0, 0, B("\x7f\x37\x24"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_TRANSFER_FAILED);
	assert_int_equal(w.runs[0].result.sid, 0x37);
}

static void lost_answer_to_34_that_left_a_transfer_open_enters_the_session_again(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x34"), 0, 1);
	world_reply(&w, 0, B("\x34"), 0, 1, B("\x7f\x34\x70"));
	expect_verified(world_flash_one(&w));
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x02")), 2);
}

static void refused_download_fails_with_its_code(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x34"), 0, 0, B("\x7f\x34\x31"));
	assert_int_equal(world_flash_one(&w)->code, FLASH_TRANSFER_FAILED);
	assert_int_equal(w.runs[0].result.nrc, 0x31);
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 4); /* three retries in the profile */
}

static void progress_never_runs_backwards_in_the_result(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x36\x09"), 0, 1, B("\x7f\x36\x72"));
	expect_verified(world_flash_one(&w));
	for (unsigned i = 0; i < w.n_events; i++)
		assert_true(w.events[i].event.bytes_done <= 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(counter_begins_at_one_and_wraps_from_ff_to_00),
	    T(counter_begins_again_with_each_segment),
	    T(blocks_have_the_length_that_the_ecu_announces),
	    T(block_of_one_byte_is_the_least),
	    T(profile_and_transmit_buffer_cap_the_length),
	    T(lengths_of_four_bytes_and_more_are_understood),
	    T(length_without_room_for_data_is_refused),
	    T(download_answer_without_its_length_is_malformed),
	    T(block_whose_answer_is_lost_is_sent_again_with_its_counter),
	    T(block_that_is_lost_itself_is_sent_again),
	    T(late_answer_to_a_block_is_not_taken_for_the_next_one),
	    T(block_repetitions_are_bounded_by_the_profile),
	    T(blocks_that_do_not_get_through_become_smaller),
	    T(wrong_counter_after_a_repetition_begins_the_segment_again),
	    T(wrong_counter_without_a_repetition_is_a_failure),
	    T(segment_that_never_gets_through_is_bounded),
	    T(programming_failure_fails_or_begins_with_the_erase_as_the_profile_says),
	    T(second_unit_is_resumed_not_the_first),
	    T(lost_answer_to_37_is_bridged),
	    T(sequence_error_to_the_first_37_is_a_failure),
	    T(lost_answer_to_34_that_left_a_transfer_open_enters_the_session_again),
	    T(refused_download_fails_with_its_code),
	    T(progress_never_runs_backwards_in_the_result),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
