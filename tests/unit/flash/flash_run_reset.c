/* A reset whose answer is lost: whether it happened is found out, and what did not happen is not taken for success. */
#include "tests/unit/flash/one_ecu.h"

static void a_reset_that_never_arrived_is_sent_again_once_the_ecu_tells_its_session(void **state)
{
	(void)state;
	w.jobs[0].units[0].expected_version[0] = 0;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 3);
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 4);
	assert_int_equal(world_count(&w, 0, 0, B("\x22\xf1\x86")), 1);
	assert_string_equal(w.runs[0].result.after.application_version, "APP-2"); /* of an ECU that was reset */
	assert_int_equal(w.peers[0].session, 1);
}

static void a_reset_without_an_answer_is_shown_by_the_default_session(void **state)
{
	int asked;

	(void)state;
	w.jobs[0].units[0].expected_version[0] = 0;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x11"), 0, 0);
	assert_true(world_flash_one(&w)->verified);
	asked = world_find(&w, 0, B("\x22\xf1\x86"), 0);
	assert_true(asked > 0);
	assert_int_equal(world_count(&w, 0, 0, B("\x22\xf1\x86")), 1);
	for (int i = asked; i < (int)w.n_log; i++)
		assert_int_not_equal(w.log[i].pdu[0], 0x11);
	assert_false(w.channels[0].tester_present);
}

static void an_answered_reset_needs_no_proof(void **state)
{
	(void)state;
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x22\xf1\x86")), 0);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 1);
}

static void an_ecu_that_does_not_tell_its_session_is_reset_once_more(void **state)
{
	(void)state;
	w.peers[0].keeps_session_to_itself = true;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 3);
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 4);
	assert_string_equal(w.peers[0].version, "APP-2");

	/* one that was reset may refuse to be told again */
	setup(NULL);
	w.peers[0].keeps_session_to_itself = true;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x11"), 0, 1);
	world_reply(&w, 0, B("\x11"), 0, 0, B("\x7f\x11\x7f"));
	assert_true(world_flash_one(&w)->verified);
}

static void an_ecu_that_never_answers_a_reset_nor_tells_its_session_is_judged_by_its_version(void **state)
{
	(void)state;
	w.peers[0].keeps_session_to_itself = true;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x11"), 0, 0);
	assert_true(world_flash_one(&w)->verified);

	setup(NULL);
	w.jobs[0].units[0].expected_version[0] = 0;
	w.peers[0].keeps_session_to_itself = true;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_WRONG_VERSION, 0, 0, true);
	assert_non_null(strstr(w.runs[0].result.text, "whether the new application runs is not known"));
	assert_in_range(world_count(&w, 0, 0, B("\x11")), 4, 6);

	/* expected is what it said before: no sign of a reset */
	setup(NULL);
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "APP-1");
	w.peers[0].keeps_session_to_itself = true;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_WRONG_VERSION, 0, 0, true);
}

static void an_ecu_that_stays_in_its_session_fails_the_flash(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_BOOT_TIMEOUT, 0, 0, true);
	assert_string_equal(w.runs[0].result.text, "ecu0: it was not reset: still in session 02");
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 9);
}

static void a_session_that_may_have_ended_by_itself_shows_no_reset(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 3);
	world_rule(&w, 0, RULE_IGNORE, B("\x3e\x00"), 0, 20); /* deaf for 5 s */
	world_reply(&w, 0, B("\x22\xf1\x86"), 0, 1, B("\x62\xf1\x86\x01"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 4);
	assert_string_equal(w.peers[0].version, "APP-2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(a_reset_that_never_arrived_is_sent_again_once_the_ecu_tells_its_session),
	    T(a_reset_without_an_answer_is_shown_by_the_default_session),
	    T(an_answered_reset_needs_no_proof),
	    T(an_ecu_that_does_not_tell_its_session_is_reset_once_more),
	    T(an_ecu_that_never_answers_a_reset_nor_tells_its_session_is_judged_by_its_version),
	    T(an_ecu_that_stays_in_its_session_fails_the_flash),
	    T(a_session_that_may_have_ended_by_itself_shows_no_reset),
#undef T
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
