/* gateway: a network that sleeps, so that nothing of the vehicle is known: when it is woken for a campaign. */
#include "tests/unit/core/fixture.h"

#define DOC(s) ((s)->director->campaigns[0])

/* signals are known for two seconds; the time agreed is now */
static struct sim *asleep(void)
{
	struct sim *s = sim_new();

	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		s->config.vehicle.max_age_ms[i] = 2000;
	s->config.power.holds[POWER_AWAKE].configured = true;
	s->confirm_start = UNIX_BASE + 1;
	return s;
}

static void recur(struct sim *s, unsigned minute, uint32_t duration_s)
{
	struct window_recurrence *r = &DOC(s).recurring[DOC(s).n_recurring++];

	*r = (struct window_recurrence){
	    .days = 127, .start_minute = (uint16_t)minute, .duration_s = duration_s, .zone_name = "UTC"};
	zone_utc(&r->zone);
}

static bool is_woken(struct sim *s)
{
	assert_int_equal(sim_campaign(s)->code == GATEWAY_CODE_WAITING_NETWORK,
			 power_state(&s->gateway->power, POWER_AWAKE) != POWER_OFF);
	return sim_campaign(s)->code == GATEWAY_CODE_WAITING_NETWORK;
}

/* 22:13:20: 400 seconds later a window opens, 300 seconds after that another one */
static void each_window_has_tries_of_its_own_at_once(void **state)
{
	(void)state;
	struct sim *s = asleep();

	recur(s, 22 * 60 + 20, 100);
	recur(s, 22 * 60 + 25, 3600);
	sim_start(s);
	sim_run(s, 399 * SECOND);
	assert_false(is_woken(s));
	sim_run(s, 401 * SECOND);
	assert_true(is_woken(s));
	sim_run(s, 461 * SECOND);
	assert_false(is_woken(s));
	sim_run(s, 699 * SECOND);
	assert_false(is_woken(s));
	sim_run(s, 701 * SECOND); /* no ten minutes later */
	assert_true(is_woken(s));
	sim_free(s);
}

static void a_drive_that_gave_new_tries_is_not_forgotten_by_a_restart(void **state)
{
	(void)state;
	struct sim *s = asleep();

	sim_start(s);
	sim_for(s, 3600 * SECOND);
	assert_int_equal(sim_campaign(s)->n_wakes, 3);
	assert_false(is_woken(s));
	sim_for(s, 3600 * SECOND);
	assert_int_equal(sim_campaign(s)->n_wakes, 3);
	sim_signals(s, IGNITION_ON, 50, 13800);
	sim_settle(s);
	sim_kill(s, false);
	sim_start(s);
	sim_for(s, 5 * SECOND);
	assert_true(is_woken(s));
	sim_free(s);
}

static void once_its_ecus_were_asked_in_vain_it_may_sleep_again(void **state)
{
	(void)state;
	struct sim *s = asleep();

	s->ecus[BRAKE].present = false;
	sim_start(s);
	sim_for(s, 5 * SECOND);
	assert_true(is_woken(s));
	for (unsigned i = 0; i < 20; i++) { /* it is awake, and tells what it does */
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, SECOND);
	}
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ECU_ABSENT);
	assert_false(is_woken(s));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_window_has_tries_of_its_own_at_once),
	    cmocka_unit_test(a_drive_that_gave_new_tries_is_not_forgotten_by_a_restart),
	    cmocka_unit_test(once_its_ecus_were_asked_in_vain_it_may_sleep_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
