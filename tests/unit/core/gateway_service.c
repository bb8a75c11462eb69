/* gateway: what a service manager has to do with it: which ECUs forbid a shutdown, and the configuration read again. */
#include "tests/unit/core/fixture.h"

static bool any_at_risk(const struct sim *s)
{
	return gateway_at_risk(s->gateway, ENGINE) || gateway_at_risk(s->gateway, BRAKE);
}

static void an_ecu_is_at_risk_from_its_intent_to_its_verification(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	while (!s->n_tasks || s->tasks[0].kind != GATEWAY_OUT_FLASH) {
		assert_false(any_at_risk(s));
		assert_true(sim_step(s));
	}
	s->hold_intents = true;
	sim_settle(s);
	/* before the erase: whoever locks against a shutdown has the time of the store to do so */
	assert_false(s->ecus[ENGINE].erased);
	assert_true(gateway_at_risk(s->gateway, ENGINE));
	s->hold_intents = false;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_false(any_at_risk(s));
	sim_free(s);
}

static void an_ecu_that_failed_is_at_risk_until_it_is_given_up_for_now(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	unsigned attempts = 0;

	s->ecus[ENGINE].fail_times = 99;
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	for (unsigned i = 0; i < 400; i++) {
		sim_for(s, SECOND);
		attempts = sim_campaign(s)->targets[ENGINE].attempts;
		if (attempts >= s->config.max_attempts)
			break;
		if (attempts > 0) /* the pause before the next one */
			assert_true(gateway_at_risk(s->gateway, ENGINE));
	}
	assert_int_equal(attempts, s->config.max_attempts);
	assert_true(sim_campaign(s)->targets[ENGINE].erased);
	sim_signals(s, IGNITION_ON, 0, 12600); /* nothing is flashed now */
	sim_for(s, 5 * SECOND);
	assert_false(any_at_risk(s));
	sim_free(s);
}

static void an_erased_ecu_that_waits_for_the_vehicle_does_not_keep_the_machine_awake(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	s->hold_intents = true;
	sim_settle(s);
	sim_kill(s, true);
	s->hold_intents = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 80, 12600);
	sim_for(s, 30 * SECOND);
	assert_true(s->gateway->ecus[ENGINE].erased);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_false(any_at_risk(s));
	sim_free(s);
}

static void other_profiles_have_all_ecus_asked_and_campaigns_prepared_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_true(sim_campaign(s)->prepared);
	size_t prepared = s->counts[GATEWAY_OUT_PREPARE], asked = s->counts[GATEWAY_OUT_IDENTIFY];

	gateway_reconfigure(s->gateway, s->now_us, &s->config, false);
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_PREPARE], prepared);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], asked);
	gateway_reconfigure(s->gateway, s->now_us, &s->config, true);
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_PREPARE], prepared + 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], asked + 1);
	assert_true(sim_campaign(s)->prepared);
	sim_free(s);
}

static void a_flash_under_way_is_not_disturbed_by_other_profiles(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	s->hold_intents = true;
	sim_settle(s);
	size_t prepared = s->counts[GATEWAY_OUT_PREPARE], asked = s->counts[GATEWAY_OUT_IDENTIFY];

	gateway_reconfigure(s->gateway, s->now_us, &s->config, true);
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_STOP_FLASH], 0);
	assert_int_equal(s->counts[GATEWAY_OUT_PREPARE], prepared);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], asked);
	s->hold_intents = false;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

static void other_policy_numbers_count_from_then_on(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	s->config.retry_pause_s = 77;
	s->config.max_attempts = 9;
	s->config.postpone_s = 123;
	snprintf(s->config.vehicle_id, sizeof s->config.vehicle_id, "another");
	gateway_reconfigure(s->gateway, s->now_us, &s->config, false);
	assert_int_equal(s->gateway->config.retry_pause_s, 77);
	assert_int_equal(s->gateway->config.max_attempts, 9);
	assert_int_equal(s->gateway->config.postpone_s, 123);
	assert_string_not_equal(s->gateway->config.vehicle_id, "another");
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ecu_is_at_risk_from_its_intent_to_its_verification),
	    cmocka_unit_test(an_ecu_that_failed_is_at_risk_until_it_is_given_up_for_now),
	    cmocka_unit_test(an_erased_ecu_that_waits_for_the_vehicle_does_not_keep_the_machine_awake),
	    cmocka_unit_test(other_profiles_have_all_ecus_asked_and_campaigns_prepared_again),
	    cmocka_unit_test(a_flash_under_way_is_not_disturbed_by_other_profiles),
	    cmocka_unit_test(other_policy_numbers_count_from_then_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
