/* The ECU that a job is meant for: compared before anything is changed, and another one is left alone. */
#include "tests/unit/flash/one_ecu.h"

static int setup_named(void **state)
{
	setup(state);
	snprintf(w.jobs[0].hardware_id, sizeof(w.jobs[0].hardware_id), "HW-7");
	snprintf(w.jobs[0].serial_number, sizeof(w.jobs[0].serial_number), "SN-0001");
	return 0;
}

/* nothing but identifiers was asked for */
static void expect_left_alone(enum flash_code code, const char *words)
{
	const struct flash_result *r = world_flash_one(&w);

	expect_failure(r, code, 0, 0, false);
	if (!strstr(r->text, words))
		fail_msg("'%s' is not in '%s'", words, r->text);
	assert_int_equal(world_count(&w, 0, 0, B("")), world_count(&w, 0, 0, B("\x22")));
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_INTENT), 0);
}

static void the_ecu_that_is_named_is_flashed(void **state)
{
	(void)state;
	assert_true(world_flash_one(&w)->verified);
}

static void another_hardware_is_left_alone(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x22\xf1\x91"), 0, 0, B("\x62\xf1\x91HW-9"));
	expect_left_alone(FLASH_WRONG_HARDWARE, "its hardware id is 'HW-9', expected 'HW-7'");
	assert_string_equal(w.runs[0].result.before.hardware_id, "HW-9");
	assert_string_equal(w.runs[0].result.before.serial_number, "SN-0001");
}

static void another_serial_number_is_left_alone(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x22\xf1\x8c"), 0, 0, B("\x62\xf1\x8cSN-2"));
	expect_left_alone(FLASH_WRONG_SERIAL, "its serial number is 'SN-2', expected 'SN-0001'");
}

static void an_ecu_that_does_not_tell_is_not_shown_to_be_the_one(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x22\xf1\x8c"), 0, 0, B("\x7f\x22\x31"));
	expect_left_alone(FLASH_WRONG_SERIAL, "it does not tell its serial number");

	setup_named(NULL);
	world_reply(&w, 0, B("\x22\xf1\x91"), 0, 0, B("\x62\xf1\x91\xff\xff\xff"));
	expect_left_alone(FLASH_WRONG_HARDWARE, "it does not tell its hardware id");

	setup_named(NULL);
	w.profiles[0].did_hardware = 0;
	expect_left_alone(FLASH_WRONG_HARDWARE, "it does not tell its hardware id");
}

static void an_identifier_whose_answer_is_lost_is_no_other_ecu(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x22\xf1\x8c"), 0, 2);
	assert_true(world_flash_one(&w)->verified);

	setup_named(NULL);
	world_rule(&w, 0, RULE_IGNORE, B("\x22\xf1\x8c"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x22, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x02")), 0);
}

static void a_boot_loader_in_recovery_need_not_tell_who_it_is(void **state)
{
	(void)state;
	w.jobs[0].recovery = true;
	world_reply(&w, 0, B("\x22"), 0, 5, B("\x7f\x22\x31"));
	assert_true(world_flash_one(&w)->verified);

	setup_named(NULL);
	w.jobs[0].recovery = true;
	world_rule(&w, 0, RULE_IGNORE, B("\x22"), 0, 15);
	assert_true(world_flash_one(&w)->verified);
}

static void a_recovery_leaves_an_ecu_alone_that_says_it_is_another(void **state)
{
	(void)state;
	w.jobs[0].recovery = true;
	world_reply(&w, 0, B("\x22\xf1\x91"), 0, 0, B("\x62\xf1\x91HW-9"));
	expect_left_alone(FLASH_WRONG_HARDWARE, "HW-9");

	setup_named(NULL);
	w.jobs[0].recovery = true;
	world_reply(&w, 0, B("\x22\xf1\x91"), 0, 0, B("\x7f\x22\x31"));
	world_reply(&w, 0, B("\x22\xf1\x8c"), 0, 0, B("\x62\xf1\x8cSN-2"));
	expect_left_alone(FLASH_WRONG_SERIAL, "SN-2");
}

static void a_job_that_names_nobody_takes_whoever_answers(void **state)
{
	(void)state;
	setup(NULL);
	world_reply(&w, 0, B("\x22\xf1\x91"), 0, 0, B("\x62\xf1\x91HW-9"));
	world_reply(&w, 0, B("\x22\xf1\x8c"), 0, 0, B("\x7f\x22\x31"));
	assert_true(world_flash_one(&w)->verified);
}

/* without a word from the bus nothing is known of the ECU, not even that it is silent */
static void an_identification_whose_requests_do_not_leave_says_so(void **state)
{
	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	w.unplugged = true;
	expect_failure(world_flash_one(&w), FLASH_TRANSPORT, 0x22, 0, false);

	setup_named(NULL);
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	world_rule(&w, 0, RULE_IGNORE, B(""), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x22, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup_named)
	    T(the_ecu_that_is_named_is_flashed),
	    T(another_hardware_is_left_alone),
	    T(another_serial_number_is_left_alone),
	    T(an_ecu_that_does_not_tell_is_not_shown_to_be_the_one),
	    T(an_identifier_whose_answer_is_lost_is_no_other_ecu),
	    T(a_boot_loader_in_recovery_need_not_tell_who_it_is),
	    T(a_recovery_leaves_an_ecu_alone_that_says_it_is_another),
	    T(a_job_that_names_nobody_takes_whoever_answers),
	    T(an_identification_whose_requests_do_not_leave_says_so),
#undef T
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
