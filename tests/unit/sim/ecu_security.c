/* The virtual ECU's security access: seeds used once, attempts, delays that no reset cuts short. */
#include "tests/unit/sim/ecu_rig.h"

static const char wrong_key[] = "27 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";

static void the_right_key_unlocks(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "67 01 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f");
	rig_send_key(rig);
	rig_check(rig, "27 02", "67 02");
	assert_true(rig->ecu.unlocked_level);
}

static void an_unlocked_ecu_answers_a_seed_of_zeros(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_unlock(rig);
	rig_expect(rig, "27 01", "67 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
	assert_int_equal(rig->n_seeds, 1);
}

static void a_key_without_a_seed_is_24(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, wrong_key, "7f 27 24");
	rig_expect(rig, "27 02", "7f 27 13");
	rig_expect(rig, "27 03", "7f 27 12");
	rig_expect(rig, "27 01 00", "7f 27 13");
}

static void a_seed_is_used_once(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "67 01*");
	rig_expect(rig, wrong_key, "7f 27 35");
	rig_expect(rig, wrong_key, "7f 27 24");
	rig_expect(rig, "27 01", "67 01 20 21 22*");
}

static void a_seed_does_not_survive_a_change_of_session(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "67 01*");
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, wrong_key, "7f 27 24");
}

static void a_key_of_wrong_length_is_13_and_costs_no_attempt(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "67 01*");
	rig_expect(rig, "27 02 00", "7f 27 13");
	assert_int_equal(rig->ecu.nv.failed_keys, 0);
}

static void wrong_keys(struct rig *rig, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rig_expect(rig, "27 01", "67 01*");
		rig_expect(rig, wrong_key, i + 1 < n ? "7f 27 35" : "7f 27 36");
	}
}

static void the_last_attempt_is_36_and_starts_a_delay_answered_with_37(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.s3_us = 60000 * MS;
	rig_start(rig);
	rig_expect(rig, "10 03", "50 03*");
	wrong_keys(rig, 3);
	rig_expect(rig, "27 01", "7f 27 37");
	rig_run_to(rig, rig->ecu.locked_until_us - 10 * MS);
	rig_expect(rig, "27 01", "7f 27 37");
	rig_run_to(rig, rig->ecu.locked_until_us + 1);
	/* one more try, then the delay again */
	wrong_keys(rig, 1);
	rig_expect(rig, "27 01", "7f 27 37");
	rig_run_to(rig, rig->ecu.locked_until_us + 1);
	rig_unlock(rig);
	assert_int_equal(rig->ecu.nv.failed_keys, 0);
}

static void a_reset_does_not_cut_the_delay_short(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	wrong_keys(rig, 3);
	rig_expect(rig, "11 01", "51 01");
	rig_run(rig, 600 * MS);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "7f 27 37");
}

static void failed_attempts_are_counted_over_a_power_cut(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_new(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "67 01*");
	rig_expect(rig, wrong_key, "7f 27 35");
	assert_true(rig->n_stored > 0);
	nv = *ecu_core_nonvolatile(&rig->ecu);
	rig_power_on(rig, &nv);
	rig_expect(rig, "10 03", "50 03*");
	wrong_keys(rig, 2);
}

static void a_delay_after_power_on_where_configured(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.security.delay_at_power_on = true;
	rig->config.security.delay_us = 1000 * MS;
	rig_start(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "7f 27 37");
	rig_run(rig, 1000 * MS);
	rig_unlock(rig);
}

static void without_security_service_27_is_not_there_and_nothing_is_locked(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.security.level = 0;
	rig_start(rig);
	rig_expect(rig, "10 02", "50 02*");
	rig_expect(rig, "27 01", "7f 27 11");
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
}

static void rig_new_levels(struct rig *rig)
{
	rig_config(rig);
	rig->config.security.more_levels[0] = 0x11;
	rig->config.security.n_more_levels = 1;
	rig->config.dids[0] = (struct ecu_did){.id = 0x0100, .writable = true, .secured = true, .n = 1};
	rig->config.dids[1] = (struct ecu_did){.id = 0x0101, .writable = true, .secured = true, .level = 0x11, .n = 1};
	rig->config.n_dids = 2;
	rig_start(rig);
}

static void unlock_level_11(struct rig *rig)
{
	uint8_t pdu[18] = {0x27, 0x12};

	rig_expect(rig, "27 11", "67 11*");
	for (unsigned i = 0; i < 16; i++)
		pdu[2 + i] = rig->answer[2 + i] ^ 0xa5;
	rig_send(rig, pdu, sizeof pdu);
	rig_check(rig, "27 12", "67 12");
}

static void one_level_is_unlocked_at_a_time_and_each_opens_its_own(void **state)
{
	struct rig *rig = *state;

	rig_new_levels(rig);
	rig_expect(rig, "10 02", "50 02*");
	unlock_level_11(rig);
	rig_expect(rig, "2e 01 01 09", "6e 01 01");
	rig_expect(rig, "2e 01 00 09", "7f 2e 33");
	rig_expect(rig, "31 01 ff 00", "7f 31 33");
	rig_expect(rig, "34 00 44 00 00 20 00 00 00 00 08", "7f 34 33");
	rig_expect(rig, "27 11", "67 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
	rig_unlock(rig);
	rig_expect(rig, "2e 01 01 09", "7f 2e 33");
	rig_expect(rig, "2e 01 00 09", "6e 01 00");
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
}

static void a_key_belongs_to_the_level_of_its_seed(void **state)
{
	struct rig *rig = *state;

	rig_new_levels(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 11", "67 11*");
	assert_int_equal(ecu_core_seed_level(&rig->ecu), 0x11);
	rig_send_key(rig);
	rig_check(rig, "27 02", "7f 27 24");
	rig_expect(rig, "27 13", "7f 27 12");
	rig_expect(rig, "27 00", "7f 27 12");
	unlock_level_11(rig);
}

static void attempts_are_counted_over_all_levels(void **state)
{
	struct rig *rig = *state;

	rig_new_levels(rig);
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "27 01", "67 01*");
	rig_expect(rig, wrong_key, "7f 27 35");
	rig_expect(rig, "27 11", "67 11*");
	rig_expect(rig, "27 12 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "7f 27 35");
	rig_expect(rig, "27 01", "67 01*");
	rig_expect(rig, wrong_key, "7f 27 36");
	rig_expect(rig, "27 11", "7f 27 37");
}

static void service_29_is_not_there_or_takes_the_deauthentication_alone(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "29 00", "7f 29 11");
	rig_config(rig);
	rig->config.deauthenticates = true;
	rig_start(rig);
	rig_expect(rig, "29 00", "69 00 10");
	rig_expect(rig, "29 80", NULL);
	rig_expect(rig, "29 08", "7f 29 12");
	rig_expect(rig, "29 00 00", "7f 29 13");
	rig_expect(rig, "29", "7f 29 13");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(the_right_key_unlocks),
	    RIG_TEST(an_unlocked_ecu_answers_a_seed_of_zeros),
	    RIG_TEST(a_key_without_a_seed_is_24),
	    RIG_TEST(a_seed_is_used_once),
	    RIG_TEST(a_seed_does_not_survive_a_change_of_session),
	    RIG_TEST(a_key_of_wrong_length_is_13_and_costs_no_attempt),
	    RIG_TEST(the_last_attempt_is_36_and_starts_a_delay_answered_with_37),
	    RIG_TEST(a_reset_does_not_cut_the_delay_short),
	    RIG_TEST(failed_attempts_are_counted_over_a_power_cut),
	    RIG_TEST(a_delay_after_power_on_where_configured),
	    RIG_TEST(one_level_is_unlocked_at_a_time_and_each_opens_its_own),
	    RIG_TEST(a_key_belongs_to_the_level_of_its_seed),
	    RIG_TEST(attempts_are_counted_over_all_levels),
	    RIG_TEST(service_29_is_not_there_or_takes_the_deauthentication_alone),
	    RIG_TEST(without_security_service_27_is_not_there_and_nothing_is_locked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
