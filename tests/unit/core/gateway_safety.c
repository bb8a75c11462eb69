/* gateway: when an ECU that works may be taken from the vehicle, whatever author and backend leave open. */
#include "tests/unit/core/fixture.h"

#define SECOND_CAMPAIGN(s) (&(s)->gateway->campaigns[1])

static void no_conditions(struct sim *s)
{
	sim_no_conditions_of_author(s);
	s->director->campaigns[0].n_conditions = 0;
}

static void a_start_is_proposed_that_is_to_come_and_within_the_window(void **state)
{
	(void)state;
	const struct {
		int64_t start_s, end_s; /* from when the offer comes */
		uint64_t least_s, most_s;
	} windows[] = {
	    {-10, 86400, 3600, 3600},                        /* as long as the gateway postpones */
	    {-10, 1800, 900, 900},                           /* too short for that: half of what is left */
	    {-10, 3, 1, 2},           {600, 1800, 600, 600}, /* not open yet: as it opens */
	    {7200, 9000, 7200, 7200}, {-(int64_t)UNIX_BASE, 1800, 900, 900}, /* open since 1970 */
	};

	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
		struct sim *s = sim_new();
		const uint64_t now_s = UNIX_BASE + 1;

		s->confirm = false;
		s->director->campaigns[0].window_start_unix_s = now_s + (uint64_t)windows[i].start_s;
		s->director->campaigns[0].window_end_unix_s = now_s + (uint64_t)windows[i].end_s;
		sim_start(s);
		sim_signals(s, IGNITION_ON, 50, 14000);
		sim_for(s, SECOND);
		assert_int_equal(s->answer, ANSWER_POSTPONE);
		assert_in_range(s->proposed, now_s + windows[i].least_s, now_s + windows[i].most_s);
		assert_true(s->proposed < s->director->campaigns[0].window_end_unix_s);
		sim_free(s);
	}
}

static void a_vehicle_in_use_keeps_its_ecus_also_where_nobody_asks_for_it(void **state)
{
	(void)state;
	const struct {
		enum ignition ignition;
		double kmh;
		const char *words;
	} vehicles[] = {
	    {IGNITION_ON, 80, "the vehicle is moving"},
	    {IGNITION_OFF, 80, "the vehicle is moving"},
	    {IGNITION_ON, 0, "the ignition is on"},
	    {IGNITION_CRANKING, 0, "the engine is being started"},
	};

	for (size_t i = 0; i < sizeof vehicles / sizeof vehicles[0]; i++) {
		struct sim *s = sim_new();

		no_conditions(s);
		sim_start(s);
		sim_signals(s, vehicles[i].ignition, vehicles[i].kmh, 12600);
		sim_for(s, 4000 * SECOND); /* what was proposed is over */
		assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
		assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
		assert_string_equal(sim_campaign(s)->text, vehicles[i].words);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void a_speed_that_is_not_known_is_not_standing_still(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	no_conditions(s);
	sim_start(s);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_OFF);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	assert_string_equal(sim_campaign(s)->text, "the speed is not known");
	sim_free(s);
}

static void an_ecu_that_lives_with_the_ignition_is_not_begun_where_no_speed_is_known(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	no_conditions(s);
	s->config.vehicle.max_age_ms[VEHICLE_SPEED_KMH] = 0;
	s->supply[BRAKE] = PROFILE_SUPPLY_KL15;
	sim_start(s);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
	sim_for(s, 7200 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 0);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	assert_string_equal(sim_campaign(s)->text, "the speed is not known");
	sim_free(s);
}

static void a_signal_that_is_not_configured_is_not_waited_for(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	no_conditions(s);
	s->config.vehicle.max_age_ms[VEHICLE_SPEED_KMH] = 0;
	sim_start(s);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_OFF);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_is_not_flashed_on_the_move_but_without_a_known_speed(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	no_conditions(s);
	s->config.vehicle.max_age_ms[VEHICLE_SPEED_KMH] = 20000;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 5 * SECOND);
	assert_true(sim_campaign(s)->targets[BRAKE].erased);
	sim_signals(s, IGNITION_ON, 30, 12600);
	sim_for(s, 15 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	sim_for(s, 34 * SECOND); /* not known, and it may come again */
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_string_equal(sim_campaign(s)->text, "the speed is not known");
	sim_for(s, 3 * SECOND); /* it was the erased ECU's to tell */
	assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_VERIFIED);
	sim_free(s);
}

/* the first flash of the brake fails once it is erased; what is asked of the vehicle for it, and nothing else, are
 * @kinds */
static struct sim *with_an_erased_brake(const enum condition_kind *kinds, size_t n)
{
	struct sim *s = sim_new();
	struct component_doc *c = &s->manifest->components[BRAKE];

	no_conditions(s);
	for (size_t i = 0; i < n; i++)
		c->conditions[c->n_conditions++] = (struct condition){kinds[i], 0};
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		s->config.vehicle.max_age_ms[i] = 20000;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 1);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 5 * SECOND);
	assert_true(sim_campaign(s)->targets[BRAKE].erased);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	return s;
}

static void an_erased_ecu_does_not_wait_for_what_it_told_itself(void **state)
{
	(void)state;
	const enum condition_kind kinds[] = {CONDITION_IGNITION_OFF, CONDITION_STANDSTILL, CONDITION_GEAR_PARK};
	struct sim *s = with_an_erased_brake(kinds, 3);

	s->gateway->campaigns[0].retry_us = s->now_us + 40 * SECOND; /* by then nothing is known any more */
	sim_for(s, 43 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	sim_for(s, 10 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_VERIFIED);
	sim_free(s);
}

/* what it tells first must not count for what it has not told yet */
static void an_erased_ecu_waits_while_a_vehicle_that_slept_begins_to_speak(void **state)
{
	(void)state;
	const enum condition_kind kinds[] = {CONDITION_IGNITION_OFF, CONDITION_STANDSTILL, CONDITION_GEAR_PARK};

	for (unsigned suspended = 0; suspended < 3; suspended++) {
		struct sim *s = with_an_erased_brake(kinds, 3);

		gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 0);
		gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
		s->gateway->campaigns[0].unheard = false;
		s->gateway->campaigns[0].retry_us = s->now_us + 20 * SECOND;
		if (suspended) { /* the machine, with the vehicle in use */
			s->now_us += 7200 * SECOND;
			if (suspended == 1)
				gateway_expire(s->gateway, s->now_us);
			else
				gateway_heartbeat(s->gateway, s->now_us, 0);
			sim_settle(s);
		} else {
			s->gateway->power.config.holds[POWER_AWAKE].configured = true;
			sim_for(s, 600 * SECOND);
		}
		assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
		gateway_signal(s->gateway, s->now_us, VEHICLE_BATTERY_MV, 12600);
		sim_settle(s);
		sim_for(s, SECOND);
		assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
		gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 0);
		gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
		sim_for(s, 15 * SECOND);
		assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
		sim_free(s);
	}
}

static void one_value_that_is_none_does_not_say_that_nobody_tells(void **state)
{
	(void)state;
	const enum condition_kind kinds[] = {CONDITION_GEAR_PARK};
	struct sim *s = with_an_erased_brake(kinds, 1);

	for (unsigned i = 0; i < 45; i++) {
		gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 0);
		sim_signals(s, IGNITION_ON, 0, 12600);
		sim_for(s, 10 * SECOND);
	}
	gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 3);
	sim_for(s, 29 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	sim_free(s);
}

static void an_erased_ecu_waits_for_what_is_known_to_speak_against_it(void **state)
{
	(void)state;
	const enum condition_kind kinds[] = {CONDITION_GEAR_PARK, CONDITION_IGNITION_ON};

	for (unsigned k = 0; k < 2; k++) {
		struct sim *s = with_an_erased_brake(&kinds[0], 1);

		sim_campaign(s)->manifest.components[BRAKE].conditions[0].kind = kinds[k];
		for (unsigned i = 0; i < 60; i++) { /* of the speed nothing */
			gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 0);
			gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_OFF);
			sim_for(s, 10 * SECOND);
		}
		assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
		assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
		gateway_signal(s->gateway, s->now_us, VEHICLE_GEAR_PARK, 1);
		gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, k ? IGNITION_ON : IGNITION_OFF);
		sim_for(s, 10 * SECOND);
		assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
		sim_free(s);
	}
}

/* the speed is not what it was while the bus is quiet, and is again once it is loud */
static void stopped_by_the_speed(struct sim *s)
{
	sim_until_next(s, GATEWAY_OUT_FLASH);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 5);
	sim_settle(s);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 0);
	sim_settle(s);
}

static void runs_that_are_stopped_come_ever_more_rarely(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	uint64_t pause_s = 10;

	for (unsigned n = 1; n <= 4; n++) {
		stopped_by_the_speed(s);
		assert_int_equal(s->ecus[ENGINE].n_flashes, n);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(sim_campaign(s)->targets[ENGINE].attempts, 0);
		sim_for(s, pause_s * SECOND - 1);
		assert_int_equal(s->ecus[ENGINE].n_flashes, n);
		s->now_us++;
		gateway_expire(s->gateway, s->now_us);
		sim_pump(s);
		pause_s *= 2;
	}
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_ecu_that_runs_another_version_than_promised_is_not_without_software(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_WRONG_VERSION;
	while (!sim_campaign(s)->targets[BRAKE].attempts)
		assert_true(sim_step(s));
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_FLASHED);
	assert_false(sim_campaign(s)->targets[BRAKE].erased);
	sim_settle(s);
	assert_false(s->disk.ecus[BRAKE].erased);
	sim_signals(s, IGNITION_ON, 0, 12600); /* between two attempts: the next one is not begun */
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	sim_free(s);
}

static void a_campaign_whose_only_ecu_runs_another_version_is_inconsistent(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->director->campaigns[0].n_targets = 1;
	s->ecus[ENGINE].fail_times = 3;
	s->ecus[ENGINE].fail_code = FLASH_WRONG_VERSION;
	sim_for(s, 100 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	sim_free(s);
}

static void the_campaign_after_a_wrong_version_waits_for_its_window_and_consent(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct campaign_doc *next = &s->director->campaigns[1];

	s->ecus[BRAKE].fail_times = 3;
	s->ecus[BRAKE].fail_code = FLASH_WRONG_VERSION;
	sim_for(s, 100 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	*next = s->director->campaigns[0];
	snprintf(next->id, sizeof next->id, "c2");
	next->n_targets = 1;
	next->targets[0] = s->director->campaigns[0].targets[BRAKE];
	next->window_start_unix_s = UNIX_BASE + 7200;
	next->consent_required = true;
	s->director->n_campaigns = 2;
	sim_issue(s, 2, 101);
	sim_for(s, 60 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3);
	sim_for(s, 7200 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c2", true), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_wrong_version_outlives_a_restart_as_a_changed_ecu(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_WRONG_VERSION;
	while (!sim_campaign(s)->targets[BRAKE].attempts)
		assert_true(sim_step(s));
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 2 * 86400 * SECOND); /* the window is over */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_start_is_proposed_that_is_to_come_and_within_the_window),
	    cmocka_unit_test(a_vehicle_in_use_keeps_its_ecus_also_where_nobody_asks_for_it),
	    cmocka_unit_test(a_speed_that_is_not_known_is_not_standing_still),
	    cmocka_unit_test(an_ecu_that_lives_with_the_ignition_is_not_begun_where_no_speed_is_known),
	    cmocka_unit_test(a_signal_that_is_not_configured_is_not_waited_for),
	    cmocka_unit_test(an_erased_ecu_is_not_flashed_on_the_move_but_without_a_known_speed),
	    cmocka_unit_test(an_erased_ecu_does_not_wait_for_what_it_told_itself),
	    cmocka_unit_test(an_erased_ecu_waits_while_a_vehicle_that_slept_begins_to_speak),
	    cmocka_unit_test(one_value_that_is_none_does_not_say_that_nobody_tells),
	    cmocka_unit_test(an_erased_ecu_waits_for_what_is_known_to_speak_against_it),
	    cmocka_unit_test(runs_that_are_stopped_come_ever_more_rarely),
	    cmocka_unit_test(an_ecu_that_runs_another_version_than_promised_is_not_without_software),
	    cmocka_unit_test(a_campaign_whose_only_ecu_runs_another_version_is_inconsistent),
	    cmocka_unit_test(the_campaign_after_a_wrong_version_waits_for_its_window_and_consent),
	    cmocka_unit_test(a_wrong_version_outlives_a_restart_as_a_changed_ecu),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
