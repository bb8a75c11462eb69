/* The virtual ECU with two banks: one runs, the other is programmed, and a switch over and back. */
#include "tests/unit/sim/ecu_rig.h"

static const uint8_t bytes_16[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void rig_new_banks(struct rig *rig)
{
	rig_config_banks(rig);
	rig_start(rig);
}

/* extended session, unlocked */
static void enter(struct rig *rig)
{
	rig_expect(rig, "10 03", "50 03*");
	rig_unlock(rig);
}

/* the bank that does not run gets @bytes at the beginning of its flash */
static void write_other_bank(struct rig *rig, const uint8_t bytes[16])
{
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "74 20 0f ff");
	rig_block(rig, 1, bytes, 16, "76 01");
	rig_expect(rig, "37", "77");
}

static void check_other_bank(struct rig *rig, const uint8_t bytes[16])
{
	uint32_t crc = ecu_memory_crc32(0, bytes, 16);
	char request[64];

	snprintf(request, sizeof request, "31 01 02 02 %02x %02x %02x %02x", crc >> 24, crc >> 16 & 255, crc >> 8 & 255,
		 crc & 255);
	rig_expect(rig, request, "71 01 02 02 00");
}

static void reset(struct rig *rig)
{
	rig_expect(rig, "11 01", "51 01");
	rig_run(rig, 600 * MS);
}

static void expect_version_of(struct rig *rig, const uint8_t bytes[16])
{
	char version[16];

	snprintf(version, sizeof version, "crc-%08x", ecu_memory_crc32(0, bytes, 16));
	rig_version(rig, version);
}

static void update(struct rig *rig, const uint8_t bytes[16])
{
	enter(rig);
	write_other_bank(rig, bytes);
	check_other_bank(rig, bytes);
	rig_expect(rig, "31 01 02 10", "71 01 02 10 00");
	reset(rig);
}

static void the_application_runs_on_while_the_other_bank_is_written(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	enter(rig);
	rig->n_app = 0;
	write_other_bank(rig, bytes_16);
	assert_memory_equal(rig->flash_b, bytes_16, 16);
	assert_int_equal(rig->flash[1], 1); /* the running bank holds what it held */
	assert_int_equal(rig->flash[15], 15);
	rig_version(rig, "old-1");
	assert_false(ecu_core_in_boot(&rig->ecu));
	rig_run(rig, 1000 * MS);
	assert_true(rig->n_app >= 10);
}

static void a_switch_over_takes_effect_at_the_reset(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	enter(rig);
	write_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 ff 01", "71 01 ff 01 01");
	check_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 ff 01", "71 01 ff 01 00");
	rig_expect(rig, "31 01 02 10", "71 01 02 10 00");
	rig_expect(rig, "31 01 02 10", "71 01 02 10 00"); /* again, as after a lost answer */
	rig_expect(rig, "31 03 02 10", "71 03 02 10 00");
	rig_version(rig, "old-1");
	reset(rig);
	expect_version_of(rig, bytes_16);
	assert_false(ecu_core_in_boot(&rig->ecu));
	reset(rig);
	expect_version_of(rig, bytes_16);
}

static void without_a_passed_check_nothing_is_switched(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	enter(rig);
	rig_expect(rig, "31 01 02 10", "7f 31 22");
	write_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 02 10", "7f 31 22");
	rig_expect(rig, "31 01 02 02 00 00 00 00", "71 01 02 02 01");
	rig_expect(rig, "31 01 02 10", "7f 31 22");
	reset(rig);
	rig_version(rig, "old-1");
}

static void a_switch_back_returns_to_the_former_application(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	update(rig, bytes_16);
	enter(rig);
	rig_expect(rig, "31 01 02 11", "71 01 02 11 00");
	rig_expect(rig, "31 01 02 11", "71 01 02 11 00"); /* again, as after a lost answer */
	expect_version_of(rig, bytes_16);
	reset(rig);
	rig_version(rig, "old-1");
	assert_int_equal(rig->ecu.nv.running_bank, 0);
}

static void a_switch_back_before_the_reset_cancels_the_switch_over(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	enter(rig);
	write_other_bank(rig, bytes_16);
	check_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 02 10", "71 01 02 10 00");
	rig_expect(rig, "31 01 02 11", "71 01 02 11 00");
	rig_expect(rig, "31 01 02 11", "71 01 02 11 00");
	reset(rig);
	rig_version(rig, "old-1");
}

static void there_is_no_way_back_to_a_bank_that_was_erased(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	enter(rig);
	rig_expect(rig, "31 01 02 11", "7f 31 22"); /* bank B of a new ECU is empty */
	update(rig, bytes_16);
	enter(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "31 01 02 11", "7f 31 22");
	reset(rig);
	expect_version_of(rig, bytes_16);
}

static void writing_after_a_switch_over_takes_it_back(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	enter(rig);
	write_other_bank(rig, bytes_16);
	check_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 02 10", "71 01 02 10 00");
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	reset(rig);
	rig_version(rig, "old-1");
}

static void two_updates_go_to_one_bank_and_then_the_other(void **state)
{
	static const uint8_t second[16] = {0xaa, 0xbb, 0xcc};
	struct rig *rig = *state;

	rig_new_banks(rig);
	update(rig, bytes_16);
	update(rig, second);
	expect_version_of(rig, second);
	assert_memory_equal(rig->flash, second, 16);
	assert_memory_equal(rig->flash_b, bytes_16, 16);
}

static void a_power_cut_after_the_switch_over_boots_the_new_bank(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_new_banks(rig);
	enter(rig);
	write_other_bank(rig, bytes_16);
	check_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 02 10", "71 01 02 10 00");
	assert_true(rig->n_stored > 0);
	nv = *ecu_core_nonvolatile(&rig->ecu);
	rig_power_on(rig, &nv);
	expect_version_of(rig, bytes_16);
	assert_int_equal(ecu_core_nonvolatile(&rig->ecu)->running_bank, 1);
	nv = *ecu_core_nonvolatile(&rig->ecu);
	rig_power_on(rig, &nv);
	expect_version_of(rig, bytes_16);
}

static void a_bank_without_an_application_is_left_for_one_with_it(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_config_banks(rig);
	nv = ecu_nonvolatile_default(&rig->config);
	nv.app_valid = true;
	strcpy(nv.factory_version, "old-1");
	nv.running_bank = 1;
	rig_power_on(rig, &nv);
	rig_version(rig, "old-1");
}

static void switching_needs_rights(void **state)
{
	struct rig *rig = *state;

	rig_new_banks(rig);
	update(rig, bytes_16);
	rig_expect(rig, "31 01 02 11", "7f 31 7f");
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "31 01 02 11", "7f 31 33");
	rig_unlock(rig);
	rig_expect(rig, "31 01 02 11 00", "7f 31 13");
	rig_expect(rig, "31 02 02 11", "7f 31 12");
}

static void an_ecu_with_one_bank_has_no_switch(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 02 10", "7f 31 31");
	rig_expect(rig, "31 01 02 11", "7f 31 31");
	rig_expect(rig, "10 03", "50 03*");
	rig_unlock(rig);
	rig_expect(rig, "31 01 ff 00", "7f 31 31");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "7f 34 7f");
}

static void programming_may_be_kept_to_its_session_and_routines_renamed(void **state)
{
	struct rig *rig = *state;

	rig_config_banks(rig);
	rig->config.banks.programming_session = true;
	rig->config.banks.switch_over = 0x0301;
	rig->config.banks.switch_back = 0x0302;
	rig_start(rig);
	enter(rig);
	rig_expect(rig, "31 01 ff 00", "7f 31 31");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 10", "7f 34 7f");
	rig_expect(rig, "10 02", "50 02*");
	assert_true(ecu_core_in_boot(&rig->ecu));
	rig_unlock(rig);
	write_other_bank(rig, bytes_16);
	check_other_bank(rig, bytes_16);
	rig_expect(rig, "31 01 02 10", "7f 31 31");
	rig_expect(rig, "31 01 03 01", "71 01 03 01 00");
	reset(rig);
	expect_version_of(rig, bytes_16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(the_application_runs_on_while_the_other_bank_is_written),
	    RIG_TEST(a_switch_over_takes_effect_at_the_reset),
	    RIG_TEST(without_a_passed_check_nothing_is_switched),
	    RIG_TEST(a_switch_back_returns_to_the_former_application),
	    RIG_TEST(a_switch_back_before_the_reset_cancels_the_switch_over),
	    RIG_TEST(there_is_no_way_back_to_a_bank_that_was_erased),
	    RIG_TEST(writing_after_a_switch_over_takes_it_back),
	    RIG_TEST(two_updates_go_to_one_bank_and_then_the_other),
	    RIG_TEST(a_power_cut_after_the_switch_over_boots_the_new_bank),
	    RIG_TEST(a_bank_without_an_application_is_left_for_one_with_it),
	    RIG_TEST(switching_needs_rights),
	    RIG_TEST(an_ecu_with_one_bank_has_no_switch),
	    RIG_TEST(programming_may_be_kept_to_its_session_and_routines_renamed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
