/* The virtual ECU's sessions, their timer, tester present, functional addressing, silence and reset. */
#include "tests/unit/sim/ecu_rig.h"

static void a_session_is_answered_with_its_times(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 01", "50 01 00 32 01 f4");
	rig_expect(rig, "10 03", "50 03 00 32 01 f4");
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
	rig_expect(rig, "10 02", "50 02 00 32 01 f4");
	rig_expect(rig, "22 f1 86", "62 f1 86 02");
}

static void unknown_sub_functions_and_wrong_lengths_are_refused(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10", "7f 10 13");
	rig_expect(rig, "10 04", "7f 10 12");
	rig_expect(rig, "10 03 00", "7f 10 13");
	rig_expect(rig, "11 02", "7f 11 12");
	rig_expect(rig, "3e 01", "7f 3e 12");
	rig_expect(rig, "3e 00 00", "7f 3e 13");
	rig_expect(rig, "23 11 22 33", "7f 23 11");
	rig_expect(rig, "14 ff ff", "7f 14 13");
	rig_expect(rig, "14 12 34 56", "7f 14 31");
}

static void services_of_other_sessions_are_refused(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "27 01", "7f 27 7f");
	rig_expect(rig, "28 03 01", "7f 28 7f");
	rig_expect(rig, "85 02", "7f 85 7f");
	rig_expect(rig, "31 01 02 03", "7f 31 7f");
	rig_expect(rig, "36 01 00", "7f 36 7f");
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "7f 34 7f");
	rig_expect(rig, "31 01 ff 00", "7f 31 31");
}

static void s3_ends_the_session_five_seconds_after_the_last_answer(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig->config.app_message.id = 0; /* no other deadlines */
	rig_expect(rig, "10 03", "50 03*");
	uint64_t end = ecu_core_deadline(&rig->ecu);

	assert_int_equal(end, rig->answered_us + 5000 * MS);
	ecu_core_expire(&rig->ecu, end - 1);
	assert_int_equal(rig->ecu.session, UDS_SESSION_EXTENDED);
	ecu_core_expire(&rig->ecu, end);
	assert_int_equal(rig->ecu.session, UDS_SESSION_DEFAULT);
	assert_true(ecu_core_deadline(&rig->ecu) == ECU_NEVER);
}

static void each_request_restarts_s3_also_a_suppressed_functional_one(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	for (int i = 0; i < 4; i++) {
		rig_run(rig, 4500 * MS);
		rig_expect_functional(rig, "3e 80", NULL);
	}
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
	rig_run(rig, 4900 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
	rig_run(rig, 5001 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
}

static void s3_stands_still_while_a_request_is_worked_on(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.erase_us_per_kib = 400 * MS; /* 25.6 s for the flash */
	rig_start(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00 44 00 00 10 00 00 01 00 00", "71 01 ff 00 00");
	assert_true(rig->answered_us - rig->sent_us >= 25600 * MS);
	assert_true(rig->n_pending >= 5);
	rig_expect(rig, "22 f1 86", "62 f1 86 02");
	assert_true(rig->ecu.unlocked_level);
}

static void s3_stands_still_while_a_request_comes_in(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[4095] = {0x3e};

	rig_config(rig);
	rig->config.link.st_min = 100; /* 585 consecutive frames take a minute */
	rig_start(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_send(rig, pdu, sizeof pdu);
	assert_true(rig_await(rig, 120000 * MS));
	assert_int_equal(rig->ecu.session, UDS_SESSION_EXTENDED);
	rig_run(rig, 4900 * MS);
	assert_int_equal(rig->ecu.session, UDS_SESSION_EXTENDED);
	rig_run(rig, 200 * MS);
	assert_int_equal(rig->ecu.session, UDS_SESSION_DEFAULT);
}

static void a_change_of_session_locks_security_also_into_the_same_session(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	assert_true(rig->ecu.unlocked_level);
	rig_expect(rig, "10 02", "50 02*");
	assert_false(rig->ecu.unlocked_level);
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "7f 34 33");
	rig_unlock(rig);
	rig_expect(rig, "10 03", "50 03*");
	assert_false(rig->ecu.unlocked_level);
}

static void the_default_session_ends_28_85_and_transfers(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "28 03 01", "68 03");
	rig_expect(rig, "85 02", "c5 02");
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "74 20 0f ff");
	assert_true(rig->ecu.silenced && rig->ecu.dtc_off && rig->ecu.transfer.active);
	rig_expect(rig, "10 01", "50 01*");
	assert_false(rig->ecu.silenced || rig->ecu.dtc_off || rig->ecu.transfer.active);
}

static void the_extended_session_keeps_28_and_85_into_the_programming_session(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "28 03 01", "68 03");
	rig_expect(rig, "85 02", "c5 02");
	rig_expect(rig, "10 02", "50 02*");
	assert_true(rig->ecu.silenced && rig->ecu.dtc_off);
}

static void positive_answers_are_suppressed_when_asked_negative_ones_not(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 83", NULL);
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
	rig_expect(rig, "3e 80", NULL);
	rig_expect(rig, "3e 00", "7e 00");
	rig_expect(rig, "28 84 01", "7f 28 12");
	rig_expect(rig, "10 84", "7f 10 12");
}

static void functional_requests_are_not_refused_with_11_12_31_7e_7f(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect_functional(rig, "23 11 22", NULL);
	rig_expect_functional(rig, "10 04", NULL);
	rig_expect_functional(rig, "22 12 34", NULL);
	rig_expect_functional(rig, "28 03 01", NULL);
	rig_expect_functional(rig, "14 12 34 56", NULL);
	rig_expect_functional(rig, "10 03 00", "7f 10 13");
	rig_expect_functional(rig, "10 03", "50 03*");
	rig_expect_functional(rig, "85 02", "c5 02");
}

static void physical_negative_answers_are_always_sent(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "22 12 34", "7f 22 31");
	rig_expect(rig, "10 84", "7f 10 12");
	rig_expect(rig, "ba 00", "7f ba 11");
}

static void after_78_a_suppressed_answer_is_sent_all_the_same(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.boot_switch_us = 200 * MS;
	rig_start(rig);
	rig_expect_functional(rig, "10 82", "50 02*");
	assert_int_equal(rig->n_pending, 1);
}

static void functional_tester_present_does_not_disturb_a_segmented_request(void **state)
{
	struct rig *rig = *state;
	uint8_t block[2000];

	memset(block, 0x5a, sizeof block);
	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 07 d0", "74 20 0f ff");
	rig_send_block(rig, 1, block, sizeof block);
	rig_run(rig, 20 * MS);
	assert_true(rig->ecu.receiving);
	rig_send_functional(rig, "3e 80");
	rig_check(rig, "36", "76 01");
	assert_memory_equal(rig->flash, block, sizeof block);
}

static void functional_tester_present_is_served_while_erasing(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.erase_us_per_kib = 100 * MS;
	rig_start(rig);
	rig_program(rig);
	uint8_t pdu[4] = {0x31, 0x01, 0xff, 0x00};

	rig_send(rig, pdu, 4);
	rig_run(rig, 2000 * MS);
	assert_false(rig->answered);
	rig_send_functional(rig, "3e 80");
	rig_run(rig, 100 * MS);
	assert_false(rig->answered);
	rig_send_functional(rig, "3e 00");
	rig_check(rig, "3e 00", "7e 00");
	rig->answered = false;
	rig_check(rig, "31", "71 01 ff 00 00");
}

static void another_request_while_one_is_worked_on_is_told_to_come_back(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[4] = {0x31, 0x01, 0xff, 0x00};

	rig_config(rig);
	rig->config.timing.erase_us_per_kib = 100 * MS;
	rig_start(rig);
	rig_program(rig);
	rig_send(rig, pdu, 4);
	rig_run(rig, 500 * MS);
	rig_expect(rig, "22 f1 86", "7f 22 21");
	rig->answered = false;
	rig_check(rig, "31", "71 01 ff 00 00");
}

static void pending_is_repeated_before_p2_star_runs_out(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.erase_us_per_kib = 200 * MS; /* 12.8 s and some */
	rig_start(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	assert_int_equal(rig->n_pending, 3);
	/* sent 20 ms before P2 and P2* are over, then one frame time */
	assert_true(rig->pending_us[0] - rig->sent_us <= 50 * MS);
	assert_true(rig->pending_us[0] - rig->sent_us >= 30 * MS);
	assert_true(rig->pending_us[1] - rig->pending_us[0] <= 5000 * MS);
	assert_true(rig->pending_us[1] - rig->pending_us[0] >= 4900 * MS);
}

static void a_quick_request_needs_no_pending(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.boot_switch_us = 29 * MS;
	rig_start(rig);
	rig_expect(rig, "10 02", "50 02*");
	assert_int_equal(rig->n_pending, 0);
	assert_true(rig->answered_us - rig->sent_us >= 29 * MS);
}

static void the_application_is_silenced_by_28_and_by_the_boot_loader(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_run(rig, 1000 * MS);
	assert_in_range(rig->n_app, 9, 11);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "28 03 01", "68 03");
	rig->n_app = 0;
	rig_run(rig, 1000 * MS);
	assert_int_equal(rig->n_app, 0);
	rig_expect(rig, "28 00 01", "68 00");
	rig_run(rig, 1000 * MS);
	assert_in_range(rig->n_app, 9, 11);
	rig_expect(rig, "28 01 02", "68 01"); /* network management only */
	rig->n_app = 0;
	rig_run(rig, 1000 * MS);
	assert_in_range(rig->n_app, 9, 11);
	rig_expect(rig, "28 03 00", "7f 28 31");
	rig_expect(rig, "10 02", "50 02*");
	rig->n_app = 0;
	rig_run(rig, 1000 * MS);
	assert_int_equal(rig->n_app, 0);
	rig_expect(rig, "10 01", "50 01*");
	rig_run(rig, 1000 * MS);
	assert_in_range(rig->n_app, 9, 11);
}

static void a_reset_answers_then_is_silent_then_boots_the_application(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "11 01", "51 01");
	assert_int_equal(rig->n_resets, 1);
	rig->n_ecu_frames = 0;
	rig_run(rig, 100 * MS);
	rig_expect(rig, "3e 00", NULL);
	assert_int_equal(rig->n_ecu_frames, 0);
	rig_run(rig, 200 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	assert_false(ecu_core_in_boot(&rig->ecu));
	assert_false(rig->ecu.unlocked_level);
	assert_true(rig->n_ecu_frames > 0);
}

static void a_suppressed_reset_happens_without_an_answer(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "11 81", NULL);
	assert_int_equal(rig->n_resets, 1);
}

static void without_a_valid_application_it_stays_in_the_boot_loader(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "11 01", "51 01");
	rig->n_app = 0;
	rig_run(rig, 1000 * MS);
	assert_true(ecu_core_in_boot(&rig->ecu));
	assert_int_equal(rig->n_app, 0);
	rig_version(rig, "none");
	rig_expect(rig, "22 f1 80", "62 f1 80 42 4c 2d 32");
}

static void a_new_request_replaces_an_answer_that_nobody_takes(void **state)
{
	struct rig *rig = *state;
	struct can_msg msg = {.id = 0x7e0, .len = 8, .data = {0x03, 0x22, 0xf1, 0x8c}};

	rig_new(rig);
	/* the client link is idle and sends no flow control if the answer's first frame gets lost */
	rig->lose_next_from_ecu = true;
	ecu_core_input(&rig->ecu, rig->now_us, &msg);
	rig_run(rig, 100 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
}

static void a_functional_request_waits_for_the_confirmation_of_the_last_answer(void **state)
{
	struct rig *rig = *state;
	struct can_msg physical = {.id = 0x7e0, .len = 8, .data = {0x02, 0x10, 0x03}};
	struct can_msg functional = {.id = 0x7df, .len = 8, .data = {0x02, 0x85, 0x82}};
	struct can_msg out;

	rig_new(rig);
	ecu_core_input(&rig->ecu, rig->now_us, &physical);
	assert_true(ecu_core_pop_frame(&rig->ecu, rig->now_us, &out));
	ecu_core_input(&rig->ecu, rig->now_us, &functional);
	assert_false(rig->ecu.dtc_off);
	ecu_core_confirm(&rig->ecu, rig->now_us);
	assert_true(rig->ecu.dtc_off);
}

static void frames_that_are_not_ours_are_ignored(void **state)
{
	struct rig *rig = *state;
	struct can_msg msg = {.id = 0x7df, .len = 8, .data = {0x10, 0x08, 0x10, 0x03}};
	struct can_msg out;

	rig_new(rig);
	ecu_core_input(&rig->ecu, rig->now_us, &msg); /* a functional first frame */
	msg = (struct can_msg){.id = 0x7df, .len = 3, .data = {0x05, 0x10, 0x03}};
	ecu_core_input(&rig->ecu, rig->now_us, &msg); /* longer than the frame */
	msg = (struct can_msg){.id = 0x7df, .len = 8, .flags = CAN_MSG_EXTENDED, .data = {0x02, 0x10, 0x03}};
	assert_false(ecu_core_input(&rig->ecu, rig->now_us, &msg));
	msg = (struct can_msg){.id = 0x7df, .len = 8, .flags = CAN_MSG_RTR, .data = {0x02, 0x10, 0x03}};
	ecu_core_input(&rig->ecu, rig->now_us, &msg);
	msg = (struct can_msg){.id = 0x7e1, .len = 8, .data = {0x02, 0x10, 0x03}};
	assert_false(ecu_core_input(&rig->ecu, rig->now_us, &msg));
	assert_int_equal(rig->ecu.session, UDS_SESSION_DEFAULT);
	assert_false(ecu_core_pop_frame(&rig->ecu, rig->now_us, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(a_session_is_answered_with_its_times),
	    RIG_TEST(unknown_sub_functions_and_wrong_lengths_are_refused),
	    RIG_TEST(services_of_other_sessions_are_refused),
	    RIG_TEST(s3_ends_the_session_five_seconds_after_the_last_answer),
	    RIG_TEST(each_request_restarts_s3_also_a_suppressed_functional_one),
	    RIG_TEST(s3_stands_still_while_a_request_is_worked_on),
	    RIG_TEST(s3_stands_still_while_a_request_comes_in),
	    RIG_TEST(a_change_of_session_locks_security_also_into_the_same_session),
	    RIG_TEST(the_default_session_ends_28_85_and_transfers),
	    RIG_TEST(the_extended_session_keeps_28_and_85_into_the_programming_session),
	    RIG_TEST(positive_answers_are_suppressed_when_asked_negative_ones_not),
	    RIG_TEST(functional_requests_are_not_refused_with_11_12_31_7e_7f),
	    RIG_TEST(physical_negative_answers_are_always_sent),
	    RIG_TEST(after_78_a_suppressed_answer_is_sent_all_the_same),
	    RIG_TEST(functional_tester_present_does_not_disturb_a_segmented_request),
	    RIG_TEST(functional_tester_present_is_served_while_erasing),
	    RIG_TEST(another_request_while_one_is_worked_on_is_told_to_come_back),
	    RIG_TEST(pending_is_repeated_before_p2_star_runs_out),
	    RIG_TEST(a_quick_request_needs_no_pending),
	    RIG_TEST(the_application_is_silenced_by_28_and_by_the_boot_loader),
	    RIG_TEST(a_reset_answers_then_is_silent_then_boots_the_application),
	    RIG_TEST(a_suppressed_reset_happens_without_an_answer),
	    RIG_TEST(without_a_valid_application_it_stays_in_the_boot_loader),
	    RIG_TEST(a_new_request_replaces_an_answer_that_nobody_takes),
	    RIG_TEST(a_functional_request_waits_for_the_confirmation_of_the_last_answer),
	    RIG_TEST(frames_that_are_not_ours_are_ignored),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
