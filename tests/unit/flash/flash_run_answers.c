/* What ECUs answer to 27 and 31: seeds, refused keys, delays, verdicts of routines, answers that are lost. */
#include "ecu-flash/flash_run_priv.h"
#include "tests/unit/flash/one_ecu.h"

static void seed_of_zeros_means_unlocked(void **state)
{
	(void)state;
	w.peers[0].zero_seed = true;
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x02")), 0);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_NEED_KEY), 0);
}

static void wrong_key_gets_one_more_try(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x27\x02"), 0, 1, B("\x7f\x27\x35"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x01")), 2);

	setup(NULL);
	world_reply(&w, 0, B("\x27\x02"), 0, 0, B("\x7f\x27\x35"));
	expect_failure(world_flash_one(&w), FLASH_SECURITY_DENIED, 0x27, 0x35, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x02")), 2);
}

static void used_up_attempts_end_at_once(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x27\x02"), 0, 0, B("\x7f\x27\x36"));
	expect_failure(world_flash_one(&w), FLASH_SECURITY_DENIED, 0x27, 0x36, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x02")), 1);
}

static void running_delay_is_waited_out_not_hammered(void **state)
{
	int first, second;

	(void)state;
	world_reply(&w, 0, B("\x27\x01"), 0, 3, B("\x7f\x27\x37"));
	assert_true(world_flash_one(&w)->verified);
	first = world_find(&w, 0, B("\x27\x01"), 0);
	second = world_find(&w, 0, B("\x27\x01"), 1);
	assert_true(w.log[second].at_us - w.log[first].at_us >= 10 * S);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x01")), 4);
}

static void delay_without_end_is_bounded(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x27\x01"), 0, 0, B("\x7f\x27\x37"));
	expect_failure(world_flash_one(&w), FLASH_SECURITY_DENIED, 0x27, 0x37, false);
	assert_in_range(world_count(&w, 0, 0, B("\x27\x01")), 2, 40);
}

static void lost_answer_to_a_key_asks_for_a_new_seed(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x27\x02"), 0, 1);
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x01")), 2);
}

static void key_that_nobody_has_fails(void **state)
{
	(void)state;
	w.withhold_key = true;
	flash_run_init(&w.runs[0], &w.jobs[0], &w.channels[0]);
	flash_run_start(&w.runs[0], w.now_us);
	world_run_until(&w, w.now_us + 2 * S, false);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_NEED_KEY), 1);
	flash_run_key_unavailable(&w.runs[0], w.now_us);
	world_run_until(&w, w.now_us + 2 * S, false);
	expect_failure(&w.runs[0].result, FLASH_KEY_UNAVAILABLE, 0, 0, false);
}

static void key_that_never_comes_is_bounded(void **state)
{
	(void)state;
	w.withhold_key = true;
	expect_failure(world_flash_one(&w), FLASH_KEY_UNAVAILABLE, 0, 0, false);
	assert_in_range(w.runs[0].result.ended_us - w.runs[0].result.started_us, 30 * S, 32 * S);
}

static void garbled_seed_is_no_seed(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x27\x01"), 0, 0, B("\x67\x01"));
	expect_failure(world_flash_one(&w), FLASH_MALFORMED_ANSWER, 0x27, 0, false);
}

static void refused_erase_fails_in_words(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x7f\x31\x22"));
	expect_failure(world_flash_one(&w), FLASH_ERASE_FAILED, 0x31, 0x22, true);
	assert_false(w.runs[0].result.bank_erased);
	assert_non_null(strstr(w.runs[0].result.text, "ecu0: erase refused: "));
	assert_non_null(strstr(w.runs[0].result.text, "(NRC 22)"));
}

static void erase_with_a_bad_status_fails(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00\x01"));
	expect_failure(world_flash_one(&w), FLASH_ERASE_FAILED, 0x31, 0, true);
	assert_string_equal(w.runs[0].result.text, "ecu0: erase failed");
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 1); /* a verdict is not asked for twice */
}

static void erase_without_status_record_passes(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00"));
	assert_true(world_flash_one(&w)->verified);
}

static void running_erase_is_polled_for_its_result(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00\x02"));
	world_reply(&w, 0, B("\x31\x03\xff\x00"), 0, 4, B("\x71\x03\xff\x00\x02"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x03\xff\x00")), 5);
}

static void erase_that_runs_for_ever_is_bounded(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00\x02"));
	world_reply(&w, 0, B("\x31\x03\xff\x00"), 0, 0, B("\x71\x03\xff\x00\x02"));
	expect_failure(world_flash_one(&w), FLASH_ERASE_FAILED, 0x31, 0, true);
	assert_in_range(w.runs[0].result.ended_us - w.runs[0].result.started_us, 600 * S, 610 * S);
}

static void long_erase_with_response_pending_passes(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_PENDING, B("\x31\x01\xff\x00"), 0, 0)->delay_us = 4 * S;
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x03")), 0);
}

static void an_ecu_that_says_for_ever_that_it_works_is_not_called_silent(void **state)
{
	const struct flash_result *r;

	(void)state;
	w.channels[0].client.timing.pending_max_us = 6 * S;
	w.profiles[0].timing.pending_max_us = 6 * S;
	world_rule(&w, 0, RULE_PENDING_FOREVER, B("\x31\x01\xff\x00"), 0, 0)->delay_us = 100 * MS;
	world_rule(&w, 0, RULE_PENDING_FOREVER, B("\x31\x03\xff\x00"), 0, 0)->delay_us = 100 * MS;
	r = world_flash_one(&w);
	expect_failure(r, FLASH_NO_ANSWER, 0x31, 0, true);
	assert_string_equal(r->text, "ecu0: erase: still response pending (NRC 78) after 6 s");
	assert_true(r->put_off);
}

static void what_a_failure_began_with_is_told(void **state)
{
	const struct flash_result *r;

	(void)state;
	/* busy with a block, it refuses the session that is to begin the unit anew */
	w.channels[0].client.timing.pending_max_us = 6 * S;
	world_rule(&w, 0, RULE_PENDING_FOREVER, B("\x36\x03"), 0, 1)->delay_us = 100 * MS;
	world_rule(&w, 0, RULE_IGNORE, B("\x36\x03"), 0, 0);
	world_reply(&w, 0, B("\x10\x02"), 1, 0, B("\x7f\x10\x21"));
	r = world_flash_one(&w);
	expect_failure(r, FLASH_NEGATIVE_RESPONSE, 0x10, 0x21, true);
	assert_non_null(strstr(r->text, "ecu0: session refused: "));
	assert_non_null(strstr(r->text, "(NRC 21)"));
	assert_non_null(strstr(r->text, "; it began with transfer: still response pending (NRC 78) after 6 s"));
	assert_true(r->put_off);

	/* what was overcome is none of it */
	setup(NULL);
	world_rule(&w, 0, RULE_IGNORE, B("\x36\x03"), 0, 1);
	world_reply(&w, 0, B("\x31\x01\x02\x02"), 0, 0, B("\x7f\x31\x22"));
	r = world_flash_one(&w);
	expect_failure(r, FLASH_CHECK_FAILED, 0x31, 0x22, true);
	assert_null(strstr(r->text, "it began with"));
	assert_false(r->put_off);
}

static void lost_answer_to_an_erase_is_asked_for_and_the_erase_started_again(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x31\x01\xff\x00"), 0, 1);
	assert_true(world_flash_one(&w)->verified);
	/* 31 03 names no range: "passed" may be the word on the erase before */
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x03\xff\x00")), 1);
}

/* the request never came, and 31 03 tells of an earlier run: that is no verdict on this one */
static void stale_result_of_a_routine_is_not_taken_for_one_that_was_not_started(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x31\x01\x02\x02"), 0, 1);
	world_reply(&w, 0, B("\x31\x03\x02\x02"), 0, 1, B("\x71\x03\x02\x02\x00"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x02")), 2);
}

static void erase_is_repeated_where_its_result_cannot_be_asked(void **state)
{
	(void)state;
	w.profiles[0].steps[3].retries = 0;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x31\x01\xff\x00"), 0, 1);
	world_reply(&w, 0, B("\x31\x03"), 0, 0, B("\x7f\x31\x12"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 2);
}

static void ecu_that_dies_in_its_erase_is_no_answer(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x31"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x31, 0, true);
}

static void failed_memory_check_fails_the_flash(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x02"), 0, 0, B("\x71\x01\x02\x02\x01"));
	expect_failure(world_flash_one(&w), FLASH_CHECK_FAILED, 0x31, 0, true);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 0);
}

static void memory_check_without_status_record_is_no_pass(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x02"), 0, 0, B("\x71\x01\x02\x02"));
	expect_failure(world_flash_one(&w), FLASH_CHECK_FAILED, 0x31, 0, true);
}

static void a_text_without_room_for_all_of_it_ends_with_a_word(void **state)
{
	static const char end[] = "; it runs its former application";
	struct flash_result r = {.code = FLASH_KEY_UNAVAILABLE};
	char words[2 * FLASH_TEXT_BYTES];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(words); i++)
		words[i] = i % 7 == 6 ? ' ' : 'w';
	words[sizeof(words) - 1] = 0;
	flash_text_result(&r, "ecu0", false, words);
	n = strlen(r.text);
	assert_in_range(n, FLASH_TEXT_BYTES - 8, FLASH_TEXT_BYTES - 1);
	assert_string_equal(r.text + n - 7, " wwwwww");
	flash_text_end(&r, end);
	n = strlen(r.text);
	assert_in_range(n, FLASH_TEXT_BYTES - 8, FLASH_TEXT_BYTES - 1);
	assert_string_equal(r.text + n - strlen(end), end);
	assert_memory_equal(r.text + n - strlen(end) - 7, " wwwwww", 7);
}

static void refused_dependencies_fail_the_flash(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\xff\x01"), 0, 0, B("\x7f\x31\x31"));
	expect_failure(world_flash_one(&w), FLASH_DEPENDENCIES, 0x31, 0x31, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(seed_of_zeros_means_unlocked),
	    T(wrong_key_gets_one_more_try),
	    T(used_up_attempts_end_at_once),
	    T(running_delay_is_waited_out_not_hammered),
	    T(delay_without_end_is_bounded),
	    T(lost_answer_to_a_key_asks_for_a_new_seed),
	    T(key_that_nobody_has_fails),
	    T(key_that_never_comes_is_bounded),
	    T(garbled_seed_is_no_seed),
	    T(refused_erase_fails_in_words),
	    T(erase_with_a_bad_status_fails),
	    T(erase_without_status_record_passes),
	    T(running_erase_is_polled_for_its_result),
	    T(erase_that_runs_for_ever_is_bounded),
	    T(long_erase_with_response_pending_passes),
	    T(an_ecu_that_says_for_ever_that_it_works_is_not_called_silent),
	    T(what_a_failure_began_with_is_told),
	    T(lost_answer_to_an_erase_is_asked_for_and_the_erase_started_again),
	    T(stale_result_of_a_routine_is_not_taken_for_one_that_was_not_started),
	    T(erase_is_repeated_where_its_result_cannot_be_asked),
	    T(ecu_that_dies_in_its_erase_is_no_answer),
	    T(failed_memory_check_fails_the_flash),
	    T(memory_check_without_status_record_is_no_pass),
	    T(a_text_without_room_for_all_of_it_ends_with_a_word),
	    T(refused_dependencies_fail_the_flash),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
