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
	    cmocka_unit_test(ignition_on_asks_for_standstill_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
