/* Rules that every UDS server keeps, and that no other test of the virtual ECU is about. */
#include "sim/ecu_internal.h"
#include "tests/unit/sim/ecu_rig.h"

static void s3_does_not_run_in_the_default_session(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig->config.app_message.id = 0; /* no other deadlines */
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	assert_true(ecu_core_deadline(&rig->ecu) == ECU_NEVER);
	rig_expect(rig, "10 01", "50 01*");
	assert_true(ecu_core_deadline(&rig->ecu) == ECU_NEVER);
	rig_expect(rig, "10 03", "50 03*");
	assert_true(ecu_core_deadline(&rig->ecu) != ECU_NEVER);
	rig_expect(rig, "10 01", "50 01*");
	assert_true(ecu_core_deadline(&rig->ecu) == ECU_NEVER);
}

/* 0x78 to each request: every switch of session takes longer than P2 */
static void a_slow_switch_of_session_keeps_s3_and_answers(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.boot_switch_us = 12000 * MS;
	rig_start(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "10 02", "50 02*");
	assert_true(rig->n_pending >= 2);
	assert_int_equal(rig->ecu.session, UDS_SESSION_PROGRAMMING);
	/* S3 begins with the answer, not with the request */
	rig_run(rig, 4900 * MS);
	assert_int_equal(rig->ecu.session, UDS_SESSION_PROGRAMMING);
	rig_run(rig, 200 * MS);
	assert_int_equal(rig->ecu.session, UDS_SESSION_DEFAULT);
}

static void expect_13(struct rig *rig, const char *const *requests)
{
	for (; *requests; requests++) {
		char expected[16];

		snprintf(expected, sizeof(expected), "7f %.2s 13", *requests);
		rig_expect(rig, *requests, expected);
	}
}

static void requests_of_wrong_length_are_13(void **state)
{
	static const char *const extended[] = {"10", "11", "11 01 00", "14", "14 ff ff", "22", "22 f1",
					       "27", "28", "28 03",    "3e", "3e 00 00", "85", NULL};
	static const char *const programming[] = {"2e f1 5a", "31", "31 01", "31 01 ff", "34 00", "34 00 44", NULL};
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	expect_13(rig, extended);
	rig_program(rig);
	expect_13(rig, programming);
}

static void data_without_a_download_is_24_and_a_second_download_is_refused(void **state)
{
	static const uint8_t bytes[16];
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_block(rig, 1, bytes, sizeof(bytes), "7f 36 24");
	rig_expect(rig, "37", "7f 37 24");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 20", "74*");
	rig_block(rig, 1, bytes, sizeof(bytes), "76 01");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 20", "7f 34 22");
	/* and it did not disturb the one that runs */
	rig_block(rig, 2, bytes, sizeof(bytes), "76 02");
	rig_expect(rig, "37", "77");
}

static void a_functional_request_that_was_pending_is_answered_although_suppressed(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.boot_switch_us = 200 * MS;
	rig_start(rig);
	rig_expect_functional(rig, "10 83", NULL); /* no switch, no 0x78: silence */
	assert_int_equal(rig->ecu.session, UDS_SESSION_EXTENDED);
	rig_expect_functional(rig, "10 82", "50 02*");
	assert_int_equal(rig->n_pending, 1);
}

/* one of the five refusals that a functional request gets silence for otherwise */
static void a_functional_refusal_after_78_is_sent(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.boot_switch_us = 200 * MS;
	rig_start(rig);
	rig_send_functional(rig, "10 02");
	rig_run(rig, 100 * MS);
	assert_int_equal(rig->n_pending, 1);
	ecu_server_finish(&rig->ecu, rig->now_us, UDS_NRC_REQUEST_OUT_OF_RANGE);
	rig_check(rig, "10 02", "7f 10 31");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(s3_does_not_run_in_the_default_session),
	    RIG_TEST(a_slow_switch_of_session_keeps_s3_and_answers),
	    RIG_TEST(requests_of_wrong_length_are_13),
	    RIG_TEST(data_without_a_download_is_24_and_a_second_download_is_refused),
	    RIG_TEST(a_functional_request_that_was_pending_is_answered_although_suppressed),
	    RIG_TEST(a_functional_refusal_after_78_is_sent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
