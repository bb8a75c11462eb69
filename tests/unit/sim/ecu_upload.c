/* Upload from the virtual ECU: where it is allowed, its block counter, and whose bytes it gives. */
#include "tests/unit/sim/ecu_rig.h"

static void start(struct rig *rig)
{
	rig_config(rig);
	rig->config.regions[0].upload = true;
	rig->config.max_number_of_block_length = 66;
	for (unsigned i = 0; i < 256; i++)
		rig->flash[0x100 + i] = (uint8_t)(i ^ 0x5a);
	rig_start(rig);
	rig_expect(rig, "10 03", "50 03*");
}

static void expect_block(struct rig *rig, uint8_t counter, const uint8_t *bytes, size_t n)
{
	uint8_t pdu[2] = {0x36, counter};

	rig_send(rig, pdu, sizeof pdu);
	assert_true(rig_await(rig, 1000 * MS));
	assert_int_equal(rig->n_answer, n + 2);
	assert_int_equal(rig->answer[0], 0x76);
	assert_int_equal(rig->answer[1], counter);
	assert_memory_equal(rig->answer + 2, bytes, n);
	rig_run(rig, 1 * MS);
}

static void memory_is_read_in_blocks(void **state)
{
	struct rig *rig = *state;

	start(rig);
	rig_unlock(rig);
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00 90", "75 20 00 42");
	expect_block(rig, 1, rig->flash + 0x100, 64);
	expect_block(rig, 2, rig->flash + 0x140, 64);
	rig_expect(rig, "37", "7f 37 24");
	expect_block(rig, 3, rig->flash + 0x180, 16);
	rig_expect(rig, "36 04", "7f 36 24");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "36 04", "7f 36 13");
	assert_true(rig->ecu.nv.app_valid);
}

static void a_block_whose_answer_was_lost_is_given_again(void **state)
{
	struct rig *rig = *state;

	start(rig);
	rig_unlock(rig);
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00 50", "75 20 00 42");
	rig_expect(rig, "36 00", "7f 36 73");
	expect_block(rig, 1, rig->flash + 0x100, 64);
	expect_block(rig, 1, rig->flash + 0x100, 64);
	rig_expect(rig, "36 03", "7f 36 73");
	expect_block(rig, 2, rig->flash + 0x140, 16);
	expect_block(rig, 2, rig->flash + 0x140, 16);
	rig_expect(rig, "36 03 00", "7f 36 13");
	rig_expect(rig, "37", "77");
}

static void only_unlocked_and_only_where_allowed(void **state)
{
	struct rig *rig = *state;

	start(rig);
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00 90", "7f 35 33");
	rig_unlock(rig);
	rig_expect(rig, "35 00 44 10 00 10 00 00 00 00 10", "7f 35 31");
	rig_expect(rig, "35 00 44 00 00 0f ff 00 00 00 10", "7f 35 31");
	rig_expect(rig, "35 10 44 00 00 11 00 00 00 00 10", "7f 35 31");
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00", "7f 35 13");
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00 10", "75 20 00 42");
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00 10", "7f 35 22");
	rig_expect(rig, "10 01", "50 01*");
	rig_expect(rig, "35 00 44 00 00 11 00 00 00 00 10", "7f 35 7f");
}

static void a_block_is_no_longer_than_the_ecu_can_answer(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.regions[0].upload = true;
	rig->config.max_number_of_block_length = 8000;
	rig_start(rig);
	rig_program(rig);
	rig_expect(rig, "35 00 44 00 00 10 00 00 00 20 00", "75 20 0f ff");
	expect_block(rig, 1, rig->flash, 4093);
}

static void the_running_bank_is_read(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_config_banks(rig);
	rig->config.regions[0].upload = true;
	nv = ecu_nonvolatile_default(&rig->config);
	nv.running_bank = 1;
	nv.bank_b.app_valid = true;
	memcpy(rig->flash_b, "bank B", 6);
	memcpy(rig->flash, "bank A", 6);
	rig_power_on(rig, &nv);
	rig_expect(rig, "10 03", "50 03*");
	rig_unlock(rig);
	rig_expect(rig, "35 00 44 00 00 10 00 00 00 00 06", "75 20 0f ff");
	expect_block(rig, 1, rig->flash_b, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(memory_is_read_in_blocks),
	    RIG_TEST(a_block_whose_answer_was_lost_is_given_again),
	    RIG_TEST(only_unlocked_and_only_where_allowed),
	    RIG_TEST(a_block_is_no_longer_than_the_ecu_can_answer),
	    RIG_TEST(the_running_bank_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
