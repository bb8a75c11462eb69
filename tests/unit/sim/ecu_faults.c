/* Faults of the virtual ECU: each switch does what it says, and no more. */
#include "tests/unit/sim/ecu_rig.h"

static void unmet_preconditions_are_22(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	ecu_core_set_preconditions(&rig->ecu, false);
	rig_expect(rig, "31 01 02 03", "7f 31 22");
	rig_expect(rig, "10 02", "7f 10 22");
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
	ecu_core_set_preconditions(&rig->ecu, true);
	rig_expect(rig, "31 01 02 03", "71 01 02 03 00");
	rig_expect(rig, "10 02", "50 02*");
}

static void low_voltage_is_93_to_all_programming(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[8] = {0};

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_VOLTAGE_LOW, 1);
	rig_expect(rig, "10 02", "7f 10 93");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_VOLTAGE_LOW, 0);
	rig_program(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_VOLTAGE_LOW, 1);
	rig_expect(rig, "31 01 ff 00", "7f 31 93");
	rig_expect(rig, "34 00 44 00 00 20 00 00 00 00 08", "7f 34 93");
	assert_true(rig->ecu.nv.app_valid);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_VOLTAGE_LOW, 0);
	rig_expect(rig, "34 00 44 00 00 20 00 00 00 00 08", "74 20 0f ff");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_VOLTAGE_LOW, 1);
	rig_block(rig, 1, bytes, 8, "7f 36 93");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_VOLTAGE_LOW, 0);
	rig_block(rig, 1, bytes, 8, "76 01");
}

static void dropped_answers_are_counted(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DROP_ANSWERS, 2);
	rig_expect(rig, "10 03", NULL);
	rig_expect(rig, "22 f1 86", NULL);
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
}

static void a_silent_ecu_neither_hears_nor_speaks(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_SILENT, 1000);
	rig->n_ecu_frames = 0;
	rig_expect(rig, "10 03", NULL);
	rig_run(rig, 500 * MS);
	assert_int_equal(rig->n_ecu_frames, 0);
	rig_run(rig, 300 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
}

static void silence_in_the_middle_of_work_loses_the_answer_not_the_work(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[4] = {0x31, 0x01, 0xff, 0x00};

	rig_new(rig);
	rig_program(rig);
	rig_send(rig, pdu, 4);
	rig_run(rig, 20 * MS);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_SILENT, 1000);
	rig_check(rig, "31", NULL);
	rig_run(rig, 1000 * MS);
	rig_expect(rig, "31 03 ff 00", "71 03 ff 00 00");
}

static void a_sudden_reset_forgets_the_session(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[4] = {0x31, 0x01, 0xff, 0x00};

	rig_new(rig);
	rig_program(rig);
	rig_send(rig, pdu, 4);
	rig_run(rig, 20 * MS);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_RESET, 0);
	rig_check(rig, "31", NULL);
	rig_run(rig, 600 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	assert_true(ecu_core_in_boot(&rig->ecu));
}

static void a_wrong_crc_by_fault_fails_the_check(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[8] = {1};

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 08", "74 20 0f ff");
	rig_block(rig, 1, bytes, 8, "76 01");
	rig_expect(rig, "37", "77");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_WRONG_CRC, 1);
	rig_expect(rig, "31 01 02 02", "71 01 02 02 01");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_WRONG_CRC, 0);
	rig_expect(rig, "31 01 02 02", "71 01 02 02 00");
}

static void a_stuck_erase_is_pending_until_it_is_released(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[4] = {0x31, 0x01, 0xff, 0x00};

	rig_new(rig);
	rig_program(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_STUCK_ERASE, 1);
	rig_send(rig, pdu, 4);
	rig_run(rig, 60000 * MS);
	assert_false(rig->answered);
	assert_in_range(rig->n_pending, 12, 14);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_STUCK_ERASE, 0);
	rig_check(rig, "31", "71 01 ff 00 00");
}

static void one_request_is_refused_as_told(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_NEGATIVE, 0x2210);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "22 f1 86", "7f 22 10");
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
}

static void functionally_five_refusals_stay_unsaid_and_others_are_sent(void **state)
{
	static const uint8_t unsaid[] = {0x11, 0x12, 0x31, 0x7e, 0x7f};
	static const uint8_t said[] = {0x10, 0x13, 0x21, 0x22, 0x24, 0x33, 0x72};
	struct rig *rig = *state;
	char expected[16];

	rig_new(rig);
	for (size_t i = 0; i < sizeof(unsaid); i++) {
		ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_NEGATIVE, 0x2200u | unsaid[i]);
		rig_expect_functional(rig, "22 f1 86", NULL);
	}
	for (size_t i = 0; i < sizeof(said); i++) {
		ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_NEGATIVE, 0x2200u | said[i]);
		snprintf(expected, sizeof(expected), "7f 22 %02x", said[i]);
		rig_expect_functional(rig, "22 f1 86", expected);
	}
}

static void a_lost_bus_leaves_an_ecu_that_answers_again(void **state)
{
	struct rig *rig = *state;
	struct can_msg msg = {.id = 0x7e0, .len = 8, .data = {0x02, 0x10, 0x03}};
	struct can_msg out;

	rig_new(rig);
	ecu_core_input(&rig->ecu, rig->now_us, &msg);
	assert_true(ecu_core_pop_frame(&rig->ecu, rig->now_us, &out));
	ecu_core_reset_outstanding(&rig->ecu, rig->now_us);
	assert_int_equal(rig->ecu.n_outstanding, 0);
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
}

static void a_request_may_be_pending_without_end_until_that_is_released(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[3] = {0x22, 0xf1, 0x86};

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_PENDING, 0x22);
	rig_expect(rig, "10 03", "50 03*");
	rig_send(rig, pdu, 3);
	rig_run(rig, 60000 * MS);
	assert_false(rig->answered);
	assert_in_range(rig->n_pending, 12, 14);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_PENDING, 0);
	rig_check(rig, "22", "7f 22 10");
	rig_expect(rig, "22 f1 86", "62 f1 86 03");
}

static void a_reset_ends_a_request_that_is_pending_without_end(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[3] = {0x22, 0xf1, 0x86};

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_PENDING, 0x22);
	rig_send(rig, pdu, 3);
	rig_run(rig, 1000 * MS);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_RESET, 0);
	rig_run(rig, 600 * MS);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_PENDING, 0);
	rig_run(rig, 100 * MS);
	assert_false(rig->answered);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
}

static void the_announced_block_length_may_be_a_lie(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_BLOCK_LENGTH, 2);
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 08", "74 20 00 02");
	rig_program(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_BLOCK_LENGTH, 0x12345678);
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 08", "74 40 12 34 56 78");
	rig_program(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_BLOCK_LENGTH, ECU_BLOCK_LENGTH_TRUE);
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 08", "74 20 0f ff");
}

static void a_wrong_sequence_number_loses_one_answer_of_several_frames(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_WRONG_SEQUENCE, 1);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	rig_expect(rig, "22 f1 8c", NULL);
	rig_expect(rig, "22 f1 8c", "62 f1 8c 53 4e 2d 30 30 30 31");
}

static void a_wrong_counter_is_echoed_and_the_block_is_written(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "74 20 0f ff");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_WRONG_COUNTER, 1);
	rig_block(rig, 1, bytes, 8, "76 02");
	assert_memory_equal(rig->flash, bytes, 8);
	rig_block(rig, 2, bytes, 8, "76 02");
}

static void long_requests_are_put_off_with_wait_short_ones_not(void **state)
{
	struct rig *rig = *state;
	uint64_t begin_us;

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_WAIT, 1200);
	begin_us = rig->now_us;
	rig->n_ecu_frames = 0;
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	rig_expect(rig, "22 f1 86 f1 86 f1 86 f1 86", "62 f1 86 01*");
	assert_in_range(rig->answered_us - begin_us, 1200 * MS, 1220 * MS);
	begin_us = rig->now_us;
	rig_expect(rig, "22 f1 86 f1 86 f1 86 f1 86", "62 f1 86 01*");
	assert_in_range(rig->answered_us - begin_us, 0, 20 * MS);
}

static void a_reset_ends_the_waiting(void **state)
{
	struct rig *rig = *state;
	uint64_t begin_us;

	rig_new(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_WAIT, 60000);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_RESET, 0);
	rig_run(rig, 600 * MS);
	begin_us = rig->now_us;
	rig_expect(rig, "22 f1 86 f1 86 f1 86 f1 86", "62 f1 86 01*");
	assert_in_range(rig->answered_us - begin_us, 0, 20 * MS);
}

static void a_fault_waits_for_its_request_and_happens_once(void **state)
{
	struct rig *rig = *state;
	struct ecu_trigger trigger = {.kind = ECU_FAULT_RESET, .at_service = 0x36, .after = 2};
	uint8_t bytes[8] = {1};

	rig_new(rig);
	assert_true(ecu_core_arm(&rig->ecu, rig->now_us, &trigger));
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 01 00", "74 20 0f ff");
	rig_block(rig, 1, bytes, 8, "76 01");
	rig_block(rig, 2, bytes, 8, "76 02");
	assert_int_equal(rig->n_resets, 0);
	rig_block(rig, 3, bytes, 8, NULL);
	assert_int_equal(rig->n_resets, 1);
	assert_int_equal(rig->flash[16], 0xff);
	rig_run(rig, 600 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 01 00", "74 20 0f ff");
	rig_block(rig, 1, bytes, 8, "76 01");
	rig_block(rig, 2, bytes, 8, "76 02");
	rig_block(rig, 3, bytes, 8, "76 03");
}

static void configured_faults_are_armed_at_power_on(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.faults[0] = (struct ecu_trigger){.kind = ECU_FAULT_VOLTAGE_LOW, .arg = 1};
	rig->config.faults[1] =
	    (struct ecu_trigger){.kind = ECU_FAULT_SILENT, .arg = 500, .at_service = 0x22, .after = 1};
	rig->config.n_faults = 2;
	rig_start(rig);
	rig_expect(rig, "10 02", "7f 10 93");
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
	rig_expect(rig, "22 f1 86", NULL);
	rig_run(rig, 300 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
}

static void no_more_faults_wait_than_there_is_room_for(void **state)
{
	struct rig *rig = *state;
	struct ecu_trigger trigger = {.kind = ECU_FAULT_DROP_ANSWERS, .arg = 1, .at_service = 0x22};

	rig_new(rig);
	for (unsigned i = 0; i < ECU_MAX_TRIGGERS; i++)
		assert_true(ecu_core_arm(&rig->ecu, rig->now_us, &trigger));
	assert_false(ecu_core_arm(&rig->ecu, rig->now_us, &trigger));
	rig_expect(rig, "22 f1 86", NULL);
	assert_true(ecu_core_arm(&rig->ecu, rig->now_us, &trigger));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(unmet_preconditions_are_22),
	    RIG_TEST(low_voltage_is_93_to_all_programming),
	    RIG_TEST(dropped_answers_are_counted),
	    RIG_TEST(a_silent_ecu_neither_hears_nor_speaks),
	    RIG_TEST(silence_in_the_middle_of_work_loses_the_answer_not_the_work),
	    RIG_TEST(a_sudden_reset_forgets_the_session),
	    RIG_TEST(a_wrong_crc_by_fault_fails_the_check),
	    RIG_TEST(a_stuck_erase_is_pending_until_it_is_released),
	    RIG_TEST(a_request_may_be_pending_without_end_until_that_is_released),
	    RIG_TEST(a_reset_ends_a_request_that_is_pending_without_end),
	    RIG_TEST(the_announced_block_length_may_be_a_lie),
	    RIG_TEST(a_wrong_sequence_number_loses_one_answer_of_several_frames),
	    RIG_TEST(a_wrong_counter_is_echoed_and_the_block_is_written),
	    RIG_TEST(long_requests_are_put_off_with_wait_short_ones_not),
	    RIG_TEST(a_reset_ends_the_waiting),
	    RIG_TEST(a_fault_waits_for_its_request_and_happens_once),
	    RIG_TEST(configured_faults_are_armed_at_power_on),
	    RIG_TEST(no_more_faults_wait_than_there_is_room_for),
	    RIG_TEST(one_request_is_refused_as_told),
	    RIG_TEST(functionally_five_refusals_stay_unsaid_and_others_are_sent),
	    RIG_TEST(a_lost_bus_leaves_an_ecu_that_answers_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
