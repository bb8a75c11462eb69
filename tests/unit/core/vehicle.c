/* vehicle: values with an age, and the conditions that rest on them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/vehicle.h"

#define MS 1000ull

static struct vehicle a_vehicle(void)
{
	const struct vehicle_config config = {.max_age_ms = {2000, 2000, 500}};
	struct vehicle v;

	vehicle_init(&v, &config);
	return v;
}

static const char *check(const struct vehicle *v, uint64_t now_us, enum condition_kind kind, int64_t value)
{
	static char text[GATEWAY_TEXT_BYTES];
	const struct condition condition = {kind, value};

	return vehicle_conditions(v, now_us, &condition, 1, text, sizeof text);
}

static void a_value_becomes_unknown_at_its_age_limit(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	assert_int_equal(vehicle_deadline(&v, 0), GATEWAY_NEVER);
	vehicle_input(&v, 1000 * MS, VEHICLE_IGNITION, IGNITION_OFF);
	assert_int_equal(vehicle_deadline(&v, 1000 * MS), 3000 * MS);
	assert_int_equal(vehicle_ignition(&v, 3000 * MS - 1), IGNITION_OFF);
	assert_false(vehicle_expire(&v, 3000 * MS - 1));
	assert_int_equal(vehicle_ignition(&v, 3000 * MS), IGNITION_UNKNOWN);
	assert_true(vehicle_expire(&v, 3000 * MS));
	assert_false(vehicle_expire(&v, 3000 * MS));
	assert_int_equal(vehicle_deadline(&v, 3000 * MS), GATEWAY_NEVER);
}

static void the_deadline_is_that_of_the_value_that_ages_first(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	vehicle_input(&v, 1000 * MS, VEHICLE_SPEED_KMH, 0);
	vehicle_input(&v, 1100 * MS, VEHICLE_BATTERY_MV, 12000);
	assert_int_equal(vehicle_deadline(&v, 1100 * MS), 1600 * MS);
	assert_int_equal(vehicle_deadline(&v, 1600 * MS), 3000 * MS);
}

static void a_signal_that_is_not_configured_is_never_known(void **state)
{
	(void)state;
	const struct vehicle_config config = {.max_age_ms = {0, 2000, 2000}};
	struct vehicle v;

	vehicle_init(&v, &config);
	vehicle_input(&v, 1000, VEHICLE_IGNITION, IGNITION_OFF);
	assert_int_equal(vehicle_ignition(&v, 1000), IGNITION_UNKNOWN);
}

static void a_value_out_of_range_is_no_value(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	vehicle_input(&v, 1000, VEHICLE_IGNITION, IGNITION_OFF);
	vehicle_input(&v, 2000, VEHICLE_IGNITION, 7);
	assert_int_equal(vehicle_ignition(&v, 2000), IGNITION_UNKNOWN);
	vehicle_input(&v, 2000, VEHICLE_SPEED_KMH, (double)NAN);
	assert_false(vehicle_standstill(&v, 2000));
	vehicle_input(&v, 2000, VEHICLE_BATTERY_MV, -5);
	assert_int_equal(vehicle_battery_mv(&v, 2000), 0);
}

static void only_a_change_in_kind_is_news(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	assert_true(vehicle_input(&v, 1000, VEHICLE_SPEED_KMH, 30));
	assert_false(vehicle_input(&v, 2000, VEHICLE_SPEED_KMH, 31));
	assert_true(vehicle_input(&v, 3000, VEHICLE_SPEED_KMH, 0));
	assert_true(vehicle_input(&v, 3000, VEHICLE_BATTERY_MV, 12000));
	assert_false(vehicle_input(&v, 4000, VEHICLE_BATTERY_MV, 12249));
	assert_true(vehicle_input(&v, 5000, VEHICLE_BATTERY_MV, 12250));
}

static void unknown_is_not_safe(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	assert_non_null(check(&v, 1000, CONDITION_IGNITION_OFF, 0));
	assert_non_null(check(&v, 1000, CONDITION_IGNITION_ON, 0));
	assert_non_null(check(&v, 1000, CONDITION_STANDSTILL, 0));
	assert_non_null(check(&v, 1000, CONDITION_BATTERY_MIN_MV, 1));
	assert_null(check(&v, 1000, CONDITION_NONE, 0));
	assert_non_null(check(&v, 1000, (enum condition_kind)77, 0));
}

static void conditions_name_what_fails(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	vehicle_input(&v, 1000, VEHICLE_IGNITION, IGNITION_ACCESSORY);
	vehicle_input(&v, 1000, VEHICLE_SPEED_KMH, 0);
	vehicle_input(&v, 1000, VEHICLE_BATTERY_MV, 11499);
	assert_string_equal(check(&v, 1000, CONDITION_IGNITION_OFF, 0), "the ignition is in the accessory position");
	assert_null(check(&v, 1000, CONDITION_STANDSTILL, 0));
	assert_string_equal(check(&v, 1000, CONDITION_BATTERY_MIN_MV, 11500), "the battery is below 11500 mV");
	vehicle_input(&v, 1000, VEHICLE_BATTERY_MV, 11500);
	assert_null(check(&v, 1000, CONDITION_BATTERY_MIN_MV, 11500));
}

/* each with an age limit, and a limit of one second */
static struct vehicle a_fuller_vehicle(void)
{
	struct vehicle_config config = {.max_age_ms = {0}};
	struct vehicle v;

	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		config.max_age_ms[i] = 1000;
	vehicle_init(&v, &config);
	return v;
}

static void gear_brake_and_charging_hold_while_they_are_known_to_be(void **state)
{
	static const struct {
		enum vehicle_signal signal;
		enum condition_kind kind;
		const char *unknown, *no;
	} rows[] = {
	    {VEHICLE_GEAR_PARK, CONDITION_GEAR_PARK, "it is not known whether the gear is in park",
	     "the gear is not in park"},
	    {VEHICLE_PARKING_BRAKE, CONDITION_PARKING_BRAKE_SET, "the parking brake's state is not known",
	     "the parking brake is not set"},
	    {VEHICLE_CHARGING, CONDITION_CHARGING, "it is not known whether the battery is charged",
	     "the battery is not being charged"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct vehicle v = a_fuller_vehicle();

		assert_string_equal(check(&v, 1000, rows[i].kind, 0), rows[i].unknown);
		assert_true(vehicle_input(&v, 1000, rows[i].signal, 0));
		assert_string_equal(check(&v, 1000, rows[i].kind, 0), rows[i].no);
		assert_true(vehicle_input(&v, 1000, rows[i].signal, 1));
		assert_null(check(&v, 1000, rows[i].kind, 0));
		assert_null(check(&v, 1001 * MS - 1, rows[i].kind, 0));
		assert_non_null(check(&v, 1001 * MS, rows[i].kind, 0)); /* stale */
		vehicle_input(&v, 1001 * MS, rows[i].signal, 1);
		vehicle_input(&v, 1001 * MS, rows[i].signal, 2); /* "error" */
		assert_string_equal(check(&v, 1001 * MS, rows[i].kind, 0), rows[i].unknown);
	}
}

static void the_charge_has_a_least_value(void **state)
{
	(void)state;
	struct vehicle v = a_fuller_vehicle();

	assert_string_equal(check(&v, 1000, CONDITION_CHARGE_MIN_PERCENT, 50), "the battery's charge is not known");
	vehicle_input(&v, 1000, VEHICLE_CHARGE_PERCENT, 49.9);
	assert_string_equal(check(&v, 1000, CONDITION_CHARGE_MIN_PERCENT, 50), "the battery's charge is below 50 %");
	vehicle_input(&v, 1000, VEHICLE_CHARGE_PERCENT, 50);
	assert_null(check(&v, 1000, CONDITION_CHARGE_MIN_PERCENT, 50));
	vehicle_input(&v, 1000, VEHICLE_CHARGE_PERCENT, 101);
	assert_int_equal(vehicle_charge_percent(&v, 1000), -1);
}

static void every_condition_names_the_signals_that_it_rests_on(void **state)
{
	(void)state;
	for (int kind = CONDITION_IGNITION_OFF; kind <= CONDITION_CHARGING; kind++) {
		struct vehicle v = a_fuller_vehicle();
		enum vehicle_signal signal;

		for (unsigned i = 0; vehicle_signal_of((enum condition_kind)kind, i, &signal); i++) {
			assert_int_not_equal(vehicle_signal_name(signal)[0], 0);
			vehicle_input(&v, 1000, signal,
				      signal != VEHICLE_IGNITION      ? (double)(signal >= VEHICLE_GEAR_PARK)
				      : kind == CONDITION_IGNITION_ON ? IGNITION_ON
								      : IGNITION_OFF);
			if (signal == VEHICLE_BATTERY_MV || signal == VEHICLE_CHARGE_PERCENT)
				vehicle_input(&v, 1000, signal, 100);
		}
		if (check(&v, 1000, (enum condition_kind)kind, 100)) /* with these known, it can hold */
			fail_msg("condition %d: %s", kind, check(&v, 1000, (enum condition_kind)kind, 100));
	}
}

static void ignition_on_asks_for_standstill_too(void **state)
{
	(void)state;
	struct vehicle v = a_vehicle();

	vehicle_input(&v, 1000, VEHICLE_IGNITION, IGNITION_ON);
	assert_string_equal(check(&v, 1000, CONDITION_IGNITION_ON, 0), "the speed is not known");
	vehicle_input(&v, 1000, VEHICLE_SPEED_KMH, 5);
	assert_string_equal(check(&v, 1000, CONDITION_IGNITION_ON, 0), "the vehicle is moving");
	vehicle_input(&v, 1000, VEHICLE_SPEED_KMH, 0);
	assert_null(check(&v, 1000, CONDITION_IGNITION_ON, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_becomes_unknown_at_its_age_limit),
	    cmocka_unit_test(the_deadline_is_that_of_the_value_that_ages_first),
	    cmocka_unit_test(a_signal_that_is_not_configured_is_never_known),
	    cmocka_unit_test(a_value_out_of_range_is_no_value),
	    cmocka_unit_test(only_a_change_in_kind_is_news),
	    cmocka_unit_test(unknown_is_not_safe),
	    cmocka_unit_test(conditions_name_what_fails),
	    cmocka_unit_test(gear_brake_and_charging_hold_while_they_are_known_to_be),
	    cmocka_unit_test(the_charge_has_a_least_value),
	    cmocka_unit_test(every_condition_names_the_signals_that_it_rests_on),
	    cmocka_unit_test(ignition_on_asks_for_standstill_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
