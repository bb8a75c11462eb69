/* power: what is asked for, when it counts as held, that it is let go, and how far a budget reaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/power.h"

#define MS      UINT64_C(1000)
#define S       UINT64_C(1000000)
#define AWAKE   (1u << POWER_AWAKE)
#define KL15    (1u << POWER_KL15)
#define INHIBIT (1u << POWER_DRIVE_INHIBIT)

static struct power power;
static struct vehicle vehicle;
static char text[GATEWAY_TEXT_BYTES];

static int setup(void **state)
{
	const struct power_config config = {
	    .holds = {{.configured = true}, {.configured = true, .confirm_ms = 500}, {.configured = false}},
	    .max_awake_s = 100,
	    .min_battery_mv = 11000,
	    .max_drop_mv = 500,
	    .min_charge_percent = 20,
	    .percent_per_hour = 36,
	};
	struct vehicle_config signals = {.max_age_ms = {0}};

	(void)state;
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		signals.max_age_ms[i] = 600000;
	vehicle_init(&vehicle, &signals);
	vehicle_input(&vehicle, S, VEHICLE_IGNITION, IGNITION_OFF);
	vehicle_input(&vehicle, S, VEHICLE_BATTERY_MV, 12600);
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 80);
	power_init(&power, &config);
	return 0;
}

/* "+0-1": the orders that are due */
static const char *orders(void)
{
	static char out[32];
	struct power_order order;
	size_t n = 0;

	memset(out, 0, sizeof out);
	while (power_pop_order(&power, &order)) {
		out[n++] = order.on ? '+' : '-';
		out[n++] = (char)('0' + order.hold);
	}
	return out;
}

static void what_an_earlier_process_asked_for_is_let_go(void **state)
{
	(void)state;
	assert_string_equal(orders(), "-0-1"); /* of what is configured */
	assert_string_equal(orders(), "");
}

static void unless_it_is_wanted_still(void **state)
{
	(void)state;
	power_want(&power, S, KL15);
	assert_string_equal(orders(), "-0+1");
}

static void what_needs_no_confirmation_is_held_at_once(void **state)
{
	(void)state;
	power_want(&power, S, AWAKE);
	assert_int_equal(power_state(&power, POWER_AWAKE), POWER_HELD);
	assert_int_equal(power_deadline(&power), GATEWAY_NEVER);
	assert_int_equal(power_missing(&power, AWAKE), 0);
	power_confirm(&power, S, POWER_AWAKE, false); /* nobody says so */
	assert_int_equal(power_state(&power, POWER_AWAKE), POWER_HELD);
}

static void what_is_not_configured_is_neither_asked_for_nor_missing(void **state)
{
	(void)state;
	(void)orders();
	power_want(&power, S, INHIBIT);
	assert_int_equal(power_state(&power, POWER_DRIVE_INHIBIT), POWER_OFF);
	assert_int_equal(power_missing(&power, INHIBIT), 0);
	assert_string_equal(orders(), "");
}

static void it_is_held_once_it_is_confirmed_and_unconfirmed_at_the_deadline(void **state)
{
	(void)state;
	(void)orders();
	power_want(&power, S, KL15);
	assert_string_equal(orders(), "+1");
	assert_int_equal(power_deadline(&power), S + 500 * MS);
	power_expire(&power, S + 500 * MS - 1);
	assert_int_equal(power_state(&power, POWER_KL15), POWER_ASKED);
	assert_int_equal(power_missing(&power, KL15), KL15);
	power_expire(&power, S + 500 * MS);
	assert_int_equal(power_state(&power, POWER_KL15), POWER_UNCONFIRMED);
	assert_int_equal(power_deadline(&power), GATEWAY_NEVER);
	assert_string_equal(orders(), ""); /* it is asked for still */
	power_confirm(&power, 2 * S, POWER_KL15, true);
	assert_int_equal(power_state(&power, POWER_KL15), POWER_HELD);
	assert_int_equal(power_missing(&power, KL15), 0);
}

static void what_is_taken_back_is_missing_and_asked_for_on(void **state)
{
	(void)state;
	power_want(&power, S, KL15);
	power_confirm(&power, S, POWER_KL15, true);
	(void)orders();
	power_confirm(&power, 3 * S, POWER_KL15, false);
	assert_int_equal(power_missing(&power, KL15), KL15);
	assert_int_equal(power_deadline(&power), 3 * S + 500 * MS);
	assert_string_equal(orders(), "");
}

static void what_is_not_wanted_is_let_go_once_whatever_its_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		(void)setup(NULL);
		power_want(&power, S, KL15 | AWAKE);
		if (i == 1)
			power_confirm(&power, S, POWER_KL15, true);
		if (i == 2)
			power_expire(&power, 10 * S);
		(void)orders();
		power_want(&power, 11 * S, 0);
		assert_string_equal(orders(), "-0-1");
		power_want(&power, 12 * S, 0);
		assert_string_equal(orders(), "");
		power_confirm(&power, 12 * S, POWER_KL15, true); /* late */
		assert_int_equal(power_state(&power, POWER_KL15), POWER_OFF);
	}
}

/* --- the budget */

static unsigned budget(uint64_t now_us, uint64_t needed_ms)
{
	text[0] = 0;
	return power_budget(&power, now_us, &vehicle, needed_ms, text);
}

static void time_counts_while_it_works_without_supply(void **state)
{
	(void)state;
	assert_int_equal(budget(S, 100000), 0);
	assert_int_equal(budget(S, 100001), GATEWAY_CODE_AWAKE_BUDGET);
	assert_string_equal(text, "update and recovery may take 101 s, and 100 s of the 100 s to be awake are left");
	power_account(&power, 10 * S, true, &vehicle);
	assert_int_equal(budget(50 * S, 60000), 0);
	assert_int_equal(budget(50 * S + MS, 60000), GATEWAY_CODE_AWAKE_BUDGET);
	power_account(&power, 50 * S, false, &vehicle);
	assert_int_equal(budget(90 * S, 60000), 0); /* it slept */
	power_account(&power, 90 * S, true, &vehicle);
	assert_int_equal(budget(90 * S + MS, 60000), GATEWAY_CODE_AWAKE_BUDGET); /* and is not given it anew */
}

static void with_the_ignition_on_or_charging_it_begins_anew(void **state)
{
	(void)state;
	for (unsigned charging = 0; charging < 2; charging++) {
		(void)setup(NULL);
		power_account(&power, 10 * S, true, &vehicle);
		power_account(&power, 109 * S, true, &vehicle);
		assert_int_equal(budget(109 * S, 2000), GATEWAY_CODE_AWAKE_BUDGET);
		vehicle_input(&vehicle, 110 * S, charging ? VEHICLE_CHARGING : VEHICLE_IGNITION,
			      charging ? 1 : (double)IGNITION_ON);
		power_account(&power, 110 * S, true, &vehicle);
		assert_int_equal(budget(110 * S, 1000000), 0); /* and is no limit meanwhile */
		vehicle_input(&vehicle, 300 * S, charging ? VEHICLE_CHARGING : VEHICLE_IGNITION,
			      charging ? 0 : (double)IGNITION_OFF);
		power_account(&power, 300 * S, true, &vehicle);
		assert_int_equal(budget(300 * S, 100000), 0);
	}
}

static void the_voltage_has_a_floor_and_a_drop_and_has_to_be_known(void **state)
{
	(void)state;
	power_account(&power, S, true, &vehicle); /* with 12600 mV */
	vehicle_input(&vehicle, 2 * S, VEHICLE_BATTERY_MV, 12100);
	assert_int_equal(budget(2 * S, 1), 0);
	vehicle_input(&vehicle, 2 * S, VEHICLE_BATTERY_MV, 12099);
	assert_int_equal(budget(2 * S, 1), GATEWAY_CODE_ENERGY_BUDGET);
	assert_non_null(strstr(text, "12100 mV"));
	vehicle_input(&vehicle, 2 * S, VEHICLE_CHARGING, 1); /* the drop is of no matter then */
	assert_int_equal(budget(2 * S, 1), 0);
	vehicle_input(&vehicle, 2 * S, VEHICLE_BATTERY_MV, 10999);
	assert_int_equal(budget(2 * S, 1), GATEWAY_CODE_ENERGY_BUDGET);
	vehicle_input(&vehicle, 2 * S, VEHICLE_BATTERY_MV, 0); /* "not available" */
	assert_int_equal(budget(2 * S, 1), GATEWAY_CODE_ENERGY_BUDGET);
	assert_string_equal(text, "the battery's voltage is not known");
}

static void the_charge_covers_what_the_work_takes(void **state)
{
	(void)state;
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 21);
	assert_int_equal(budget(S, 100000), 0); /* 36 % an hour: 1 % in 100 s */
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 20);
	assert_int_equal(budget(S, 100000), GATEWAY_CODE_ENERGY_BUDGET);
	assert_non_null(strstr(text, "20 % is less than the 21 %"));
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 127);
	assert_int_equal(budget(S, 1), GATEWAY_CODE_ENERGY_BUDGET);
	assert_string_equal(text, "the battery's charge is not known");
}

/* --- what of it outlives a restart */

static void restart(void)
{
	const struct power_used used = power_used(&power);
	const struct power_config config = power.config;

	power_init(&power, &config);
	power_restore(&power, &used);
}

static void what_was_used_outlives_a_restart(void **state)
{
	(void)state;
	assert_true(power_account(&power, 10 * S, true, &vehicle));
	assert_int_equal(power_used(&power).began_mv, 12600);
	assert_true(power_account(&power, 15 * S, false, &vehicle));
	assert_int_equal(power_used(&power).awake_s, 5);
	assert_false(power_account(&power, 20 * S, false, &vehicle));
	restart();
	assert_int_equal(budget(20 * S, 95000), 0);
	assert_int_equal(budget(20 * S, 95001), GATEWAY_CODE_AWAKE_BUDGET);
	vehicle_input(&vehicle, 20 * S, VEHICLE_BATTERY_MV, 12099);
	assert_int_equal(budget(20 * S, 1), GATEWAY_CODE_ENERGY_BUDGET); /* 500 mV below what it began with */
}

static void it_is_stored_ahead_of_what_is_used_and_not_each_second(void **state)
{
	uint64_t now_us = 10 * S;
	unsigned n = 0;

	(void)state;
	assert_true(power_account(&power, now_us, true, &vehicle));
	assert_int_equal(power_used(&power).awake_s, 7); /* a sixteenth of the budget, and a bit */
	assert_int_equal(power_deadline(&power), now_us + 7 * S);
	assert_false(power_account(&power, now_us + 7 * S - 1, true, &vehicle));
	for (; power_deadline(&power) != GATEWAY_NEVER; n++) {
		now_us = power_deadline(&power);
		assert_true(power_account(&power, now_us, true, &vehicle));
		assert_true(power_used(&power).awake_s * S >= now_us - 10 * S);
	}
	assert_true(n <= 16);
	assert_int_equal(power_used(&power).awake_s, 100); /* more than all cannot be used */
	assert_false(power_account(&power, 1000 * S, true, &vehicle));
}

static void no_number_of_crashes_gives_more_than_the_budget(void **state)
{
	uint64_t now_us = S, worked_us = 0;

	(void)state;
	while (budget(now_us, 1) == GATEWAY_CODE_OK) {
		(void)power_account(&power, now_us, true, &vehicle);
		worked_us += S;
		now_us += 10 * S; /* it was killed after the first of them */
		restart();
		assert_true(worked_us <= 100 * S);
	}
	assert_true(worked_us >= 100 * S / 7);
}

static void what_begins_anew_is_stored_once(void **state)
{
	(void)state;
	(void)power_account(&power, 10 * S, true, &vehicle);
	vehicle_input(&vehicle, 20 * S, VEHICLE_CHARGING, 1);
	assert_true(power_account(&power, 20 * S, true, &vehicle));
	assert_int_equal(power_used(&power).awake_s, 0);
	assert_int_equal(power_used(&power).began_mv, 0);
	assert_false(power_account(&power, 30 * S, true, &vehicle));
	assert_int_equal(power_deadline(&power), GATEWAY_NEVER);
}

static void what_nothing_limits_is_not_stored(void **state)
{
	const struct power_config config = {.min_battery_mv = 11000};

	(void)state;
	power_init(&power, &config);
	assert_false(power_account(&power, 10 * S, true, &vehicle));
	assert_int_equal(power_deadline(&power), GATEWAY_NEVER);
	assert_false(power_account(&power, 1000 * S, false, &vehicle));
}

static void a_battery_that_is_not_known_might_do_and_one_that_is_too_low_does_not(void **state)
{
	(void)state;
	vehicle_input(&vehicle, S, VEHICLE_BATTERY_MV, 0);
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 127);
	assert_true(power_might_cover(&power, S, &vehicle, 100000));
	assert_false(power_might_cover(&power, S, &vehicle, 100001));
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 20);
	assert_false(power_might_cover(&power, S, &vehicle, 100000));
	vehicle_input(&vehicle, S, VEHICLE_CHARGE_PERCENT, 80);
	vehicle_input(&vehicle, S, VEHICLE_BATTERY_MV, 10999);
	assert_false(power_might_cover(&power, S, &vehicle, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_an_earlier_process_asked_for_is_let_go, setup),
	    cmocka_unit_test_setup(unless_it_is_wanted_still, setup),
	    cmocka_unit_test_setup(what_needs_no_confirmation_is_held_at_once, setup),
	    cmocka_unit_test_setup(what_is_not_configured_is_neither_asked_for_nor_missing, setup),
	    cmocka_unit_test_setup(it_is_held_once_it_is_confirmed_and_unconfirmed_at_the_deadline, setup),
	    cmocka_unit_test_setup(what_is_taken_back_is_missing_and_asked_for_on, setup),
	    cmocka_unit_test_setup(what_is_not_wanted_is_let_go_once_whatever_its_state, setup),
	    cmocka_unit_test_setup(time_counts_while_it_works_without_supply, setup),
	    cmocka_unit_test_setup(with_the_ignition_on_or_charging_it_begins_anew, setup),
	    cmocka_unit_test_setup(the_voltage_has_a_floor_and_a_drop_and_has_to_be_known, setup),
	    cmocka_unit_test_setup(the_charge_covers_what_the_work_takes, setup),
	    cmocka_unit_test_setup(what_was_used_outlives_a_restart, setup),
	    cmocka_unit_test_setup(it_is_stored_ahead_of_what_is_used_and_not_each_second, setup),
	    cmocka_unit_test_setup(no_number_of_crashes_gives_more_than_the_budget, setup),
	    cmocka_unit_test_setup(what_begins_anew_is_stored_once, setup),
	    cmocka_unit_test_setup(what_nothing_limits_is_not_stored, setup),
	    cmocka_unit_test_setup(a_battery_that_is_not_known_might_do_and_one_that_is_too_low_does_not, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
