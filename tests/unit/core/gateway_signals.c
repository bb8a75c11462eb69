/* gateway: a campaign whose conditions rest on what this vehicle cannot tell while it is flashed is declined up front.
 */
#include "tests/unit/core/fixture.h"

/* Return: the code with which the campaign is declined, 0 if it is done */
static unsigned outcome(struct sim *s, const char *words)
{
	const struct campaign *c = &s->gateway->campaigns[0];
	unsigned code;

	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	code = c->code;
	assert_int_equal(c->state, code ? CAMPAIGN_DECLINED : CAMPAIGN_DONE);
	assert_int_equal(s->answer, code ? ANSWER_DECLINE : ANSWER_ACCEPT);
	if (words && !strstr(c->text, words))
		fail_msg("'%s' does not say '%s'", c->text, words);
	for (unsigned i = 0; code && i < N_ECUS; i++)
		assert_false(s->ecus[i].erased);
	sim_free(s);
	return code;
}

static struct sim *without(enum vehicle_signal signal)
{
	struct sim *s = sim_new();

	s->config.vehicle.max_age_ms[signal] = 0;
	return s;
}

static struct sim *silent_with(enum vehicle_signal signal, const char *bus)
{
	struct sim *s = sim_new();

	snprintf(s->config.vehicle.silent_with[signal], GATEWAY_NAME_BYTES, "%s", bus);
	return s;
}

static void a_condition_without_its_signal_is_named(void **state)
{
	(void)state;
	assert_int_equal(outcome(without(VEHICLE_BATTERY_MV), "signals.battery_mv"), GATEWAY_CODE_SIGNAL_MISSING);
	assert_int_equal(outcome(without(VEHICLE_SPEED_KMH), "signals.speed_kmh"), GATEWAY_CODE_SIGNAL_MISSING);
	assert_int_equal(outcome(without(VEHICLE_GEAR_PARK), NULL), 0); /* nobody asks for it */
}

static void so_is_one_of_any_component(void **state)
{
	static const enum condition_kind kinds[] = {CONDITION_GEAR_PARK, CONDITION_PARKING_BRAKE_SET,
						    CONDITION_CHARGE_MIN_PERCENT, CONDITION_CHARGING};
	static const enum vehicle_signal signals[] = {VEHICLE_GEAR_PARK, VEHICLE_PARKING_BRAKE, VEHICLE_CHARGE_PERCENT,
						      VEHICLE_CHARGING};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sim *s = without(signals[i]);
		struct component_doc *c = &s->manifest->components[BRAKE];

		c->conditions[c->n_conditions++] = (struct condition){kinds[i], 1};
		assert_int_equal(outcome(s, vehicle_signal_name(signals[i])), GATEWAY_CODE_SIGNAL_MISSING);
	}
}

static void a_signal_that_goes_silent_with_a_bus_that_is_flashed_is_named(void **state)
{
	(void)state;
	assert_int_equal(outcome(silent_with(VEHICLE_BATTERY_MV, "can1"), "signals.battery_mv is silent"),
			 GATEWAY_CODE_SIGNAL_SILENCED);
	assert_int_equal(outcome(silent_with(VEHICLE_BATTERY_MV, "can7"), NULL), 0); /* no ECU of it is flashed */
	assert_int_equal(outcome(silent_with(VEHICLE_CHARGING, "can1"), NULL), 0);   /* nobody asks for it */
}

/* the gateway's own interlocks rest on them, whatever the documents ask for */
static void so_are_speed_and_ignition_where_nobody_asks_for_them(void **state)
{
	static const enum vehicle_signal signals[] = {VEHICLE_SPEED_KMH, VEHICLE_IGNITION};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sim *s = silent_with(signals[i], "can0");

		sim_no_conditions_of_author(s);
		s->director->campaigns[0].n_conditions = 0;
		assert_int_equal(outcome(s, vehicle_signal_name(signals[i])), GATEWAY_CODE_SIGNAL_SILENCED);
	}
}

static void a_component_that_wants_drive_away_inhibited_needs_a_way_for_it(void **state)
{
	struct sim *s = sim_new();

	(void)state;
	s->manifest->components[BRAKE].driver_return = DRIVER_RETURN_FINISH_INHIBITED;
	assert_int_equal(outcome(s, "brake"), GATEWAY_CODE_NO_DRIVE_INHIBIT);
}

static void an_erased_ecu_is_recovered_whatever_the_configuration_lost(void **state)
{
	struct sim *s = sim_new_parked();

	(void)state;
	s->hold_intents = true;
	sim_for(s, 60 * SECOND);
	s->hold_intents = false;
	sim_kill(s, true);
	assert_true(s->disk.campaigns[0].targets[ENGINE].erased);
	s->config.vehicle.max_age_ms[VEHICLE_BATTERY_MV] = 0;
	snprintf(s->config.vehicle.silent_with[VEHICLE_SPEED_KMH], GATEWAY_NAME_BYTES, "can0");
	s->director->campaigns[0].n_conditions = 0;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 600 * SECOND);
	assert_int_not_equal(s->gateway->campaigns[0].state, CAMPAIGN_DECLINED);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_condition_without_its_signal_is_named),
	    cmocka_unit_test(so_is_one_of_any_component),
	    cmocka_unit_test(a_signal_that_goes_silent_with_a_bus_that_is_flashed_is_named),
	    cmocka_unit_test(so_are_speed_and_ignition_where_nobody_asks_for_them),
	    cmocka_unit_test(a_component_that_wants_drive_away_inhibited_needs_a_way_for_it),
	    cmocka_unit_test(an_erased_ecu_is_recovered_whatever_the_configuration_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
