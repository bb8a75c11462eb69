/* gateway: who is there: what an ECU tells, what it does not tell any more, and when it is asked again. */
#include "tests/unit/core/fixture.h"

static struct sim *without_campaign(void)
{
	struct sim *s = sim_new();

	s->director->version = 0;
	sim_start(s);
	sim_for(s, 30 * SECOND);
	return s;
}

static void a_boot_loader_that_does_not_tell_is_still_that_ecu(void **state)
{
	(void)state;
	struct sim *s = without_campaign();
	const struct flash_identity *known = &s->gateway->ecus[BRAKE].identity;
	struct flash_identity *told = &s->ecus[BRAKE].identity;

	told->hardware_id[0] = told->serial_number[0] = 0;
	snprintf(told->application_version, sizeof told->application_version, "none");
	sim_ask_again(s);
	assert_string_equal(known->hardware_id, "HW-brake");
	assert_string_equal(known->serial_number, "SN-brake");
	assert_string_equal(known->application_version, "none");
	assert_string_equal(s->disk.ecus[BRAKE].identity.serial_number, "SN-brake");
	assert_int_not_equal(s->last_log_code, GATEWAY_CODE_WRONG_SERIAL);
	told->application_version[0] = 0;
	sim_ask_again(s);
	assert_string_equal(known->application_version, "");
	sim_free(s);
}

static void an_ecu_with_another_serial_number_is_another_one(void **state)
{
	(void)state;
	struct sim *s = without_campaign();

	snprintf(s->ecus[BRAKE].identity.serial_number, sizeof s->ecus[BRAKE].identity.serial_number, "SN-x");
	s->ecus[BRAKE].identity.hardware_id[0] = 0;
	sim_ask_again(s);
	assert_string_equal(s->gateway->ecus[BRAKE].identity.hardware_id, ""); /* nobody knows that of it */
	assert_string_equal(s->gateway->ecus[BRAKE].identity.serial_number, "SN-x");
	assert_int_equal(s->last_log_code, GATEWAY_CODE_WRONG_SERIAL);
	sim_free(s);
}

static void a_campaign_survives_an_ecu_that_does_not_tell_its_hardware(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	snprintf(s->director->campaigns[0].targets[BRAKE].serial_number, GATEWAY_NAME_BYTES, "SN-brake");
	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	s->ecus[BRAKE].identity.hardware_id[0] = s->ecus[BRAKE].identity.serial_number[0] = 0;
	sim_ask_again(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_bus_that_comes_up_has_absent_ecus_asked_a_second_later(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t up_us;

	s->director->version = 0;
	s->ecus[BRAKE].present = false;
	sim_start(s);
	sim_for(s, 5 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	s->ecus[BRAKE].present = true;
	up_us = s->now_us;
	gateway_bus_up(s->gateway, up_us);
	gateway_bus_up(s->gateway, up_us + SECOND / 2); /* the next one does not put it off */
	sim_run(s, up_us + SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_run(s, up_us + SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	assert_true(s->gateway->ecus[BRAKE].present);
	sim_free(s);
}

static void a_bus_that_comes_up_while_ecus_are_asked_has_them_asked_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	s->ecus[BRAKE].present = false;
	sim_start(s);
	sim_pump(s);
	assert_true(s->gateway->identifying);
	gateway_bus_up(s->gateway, s->now_us);
	sim_run(s, 2 * SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_run(s, 2 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	sim_run(s, 62 * SECOND - 1); /* once: still absent, it is looked for a minute later as ever */
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	sim_free(s);
}

static void a_bus_that_comes_up_where_nobody_is_missed_asks_nobody(void **state)
{
	(void)state;
	struct sim *s = without_campaign();

	gateway_bus_up(s->gateway, s->now_us);
	sim_for(s, 120 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_free(s);
}

/* --- the ignition */

static void ignition(struct sim *s, enum ignition value)
{
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, value);
}

static void switching_the_ignition_on_has_all_ecus_asked_a_second_later(void **state)
{
	(void)state;
	struct sim *s = without_campaign();
	size_t n_registers = s->counts[GATEWAY_OUT_SEND_REGISTER];
	uint64_t on_us;

	ignition(s, IGNITION_ON); /* as it may have been all the time */
	sim_for(s, 120 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	ignition(s, IGNITION_OFF);
	sim_for(s, 3600 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	snprintf(s->ecus[BRAKE].identity.serial_number, sizeof s->ecus[BRAKE].identity.serial_number, "SN-x");
	on_us = s->now_us;
	ignition(s, IGNITION_ACCESSORY);
	ignition(s, IGNITION_ON);
	sim_run(s, on_us + SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_run(s, on_us + SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	assert_string_equal(s->gateway->ecus[BRAKE].identity.serial_number, "SN-x");
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], n_registers + 1);
	sim_free(s);
}

static void an_ignition_that_is_switched_to_and_fro_has_them_asked_once_a_minute(void **state)
{
	(void)state;
	struct sim *s = without_campaign();

	sim_for(s, 120 * SECOND);
	for (unsigned i = 0; i < 40; i++) {
		ignition(s, i % 2 ? IGNITION_ON : IGNITION_OFF);
		sim_for(s, 3 * SECOND);
	}
	sim_for(s, 300 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1 + 3);
	sim_free(s);
}

static void an_ignition_that_is_switched_on_while_ecus_are_asked_has_them_asked_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	sim_start(s);
	sim_pump(s);
	assert_true(s->gateway->identifying);
	ignition(s, IGNITION_OFF);
	ignition(s, IGNITION_CRANKING);
	sim_run(s, 61 * SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_run(s, 61 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	sim_free(s);
}

static void a_running_flash_is_not_disturbed_by_the_ignition(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	size_t asked;

	sim_no_conditions_of_author(s);
	s->hold_intents = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_for(s, 120 * SECOND);
	asked = s->counts[GATEWAY_OUT_IDENTIFY];
	ignition(s, IGNITION_ON);
	sim_for(s, 120 * SECOND);
	assert_true(s->gateway->flashing);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], asked);
	s->hold_intents = false;
	sim_for(s, 120 * SECOND);
	assert_true(s->counts[GATEWAY_OUT_IDENTIFY] > asked);
	sim_free(s);
}

/* --- an ECU that does not answer */

/* Return: how often the ECUs are asked from now on */
static size_t asked_within(struct sim *s, uint64_t seconds)
{
	const size_t before = s->counts[GATEWAY_OUT_IDENTIFY];

	sim_for(s, seconds * SECOND);
	return s->counts[GATEWAY_OUT_IDENTIFY] - before;
}

static struct sim *with_a_brake_missed(uint32_t ignition_max_age_ms)
{
	struct sim *s = sim_new();

	s->config.vehicle.max_age_ms[VEHICLE_IGNITION] = ignition_max_age_ms;
	s->director->version = 0;
	s->ecus[BRAKE].present = false;
	sim_start(s);
	return s;
}

static void it_is_asked_each_minute_while_the_vehicle_is_in_use_and_less_and_less_while_it_is_not(void **state)
{
	(void)state;
	struct sim *s = with_a_brake_missed(1000000000);

	ignition(s, IGNITION_OFF);
	(void)asked_within(s, 1);                      /* at the start */
	assert_int_equal(asked_within(s, 63 * 60), 6); /* after 1, 2, 4, 8, 16 and 32 minutes more */
	assert_int_equal(asked_within(s, 10 * 3600), 3);
	assert_int_equal(asked_within(s, 10 * 24 * 3600), 11); /* no more rarely than once a day */
	ignition(s, IGNITION_ACCESSORY);
	ignition(s, IGNITION_ON);
	assert_int_equal(asked_within(s, 3600), 60);
	ignition(s, IGNITION_OFF);
	assert_int_equal(asked_within(s, 63 * 60), 6);
	s->ecus[BRAKE].present = true;
	assert_int_equal(asked_within(s, 2 * 3600), 1);
	assert_true(s->gateway->ecus[BRAKE].present);
	assert_int_equal(asked_within(s, 3 * 24 * 3600), 0);
	sim_free(s);
}

static void while_the_vehicle_sleeps_it_is_not_asked_until_a_signal_comes(void **state)
{
	(void)state;
	struct sim *s = with_a_brake_missed(5000);

	ignition(s, IGNITION_OFF);
	assert_int_equal(asked_within(s, 1), 1); /* at the start */
	assert_int_equal(asked_within(s, 8 * 3600), 0);
	s->ecus[BRAKE].present = true;
	ignition(s, IGNITION_OFF); /* somebody opened a door */
	sim_for(s, SECOND - 1);
	assert_false(s->gateway->ecus[BRAKE].present);
	assert_int_equal(asked_within(s, 1), 1);
	assert_true(s->gateway->ecus[BRAKE].present);
	sim_free(s);
}

/* started by night: the first that is heard is that somebody drives */
static void once_the_vehicle_is_heard_or_in_use_it_is_asked_soon(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		struct sim *s = with_a_brake_missed(1000000000);

		(void)asked_within(s, 3 * 3600);
		if (k == 2) {
			ignition(s, IGNITION_OFF);
			(void)asked_within(s, 3 * 3600);
		}
		if (k)
			ignition(s, k == 1 ? IGNITION_ON : IGNITION_ACCESSORY);
		else
			gateway_signal(s->gateway, s->now_us, VEHICLE_BATTERY_MV, 12600);
		assert_int_equal(asked_within(s, 62), 2);
		sim_free(s);
	}
}

static void one_that_could_not_be_asked_is_asked_in_a_minute_however_often(void **state)
{
	(void)state;
	struct sim *s = without_campaign();

	ignition(s, IGNITION_OFF);
	s->ecus[BRAKE].unasked = true; /* for the sake of another tester */
	sim_ask_again(s);
	assert_in_range(asked_within(s, 3600), 59, 60);
	s->ecus[BRAKE].unasked = false;
	assert_int_equal(asked_within(s, 60), 1);
	sim_free(s);
}

static void where_no_signal_ever_came_it_is_asked_less_and_less(void **state)
{
	(void)state;
	struct sim *s = with_a_brake_missed(0);

	(void)asked_within(s, 1);
	assert_int_equal(asked_within(s, 63 * 60), 6);
	sim_free(s);
}

/* --- an ECU that could not be asked */

static void an_ecu_that_could_not_be_asked_is_as_present_as_before_and_asked_in_a_minute(void **state)
{
	(void)state;
	struct sim *s = without_campaign();
	size_t n_registers = s->counts[GATEWAY_OUT_SEND_REGISTER];
	uint64_t asked_us;

	s->ecus[BRAKE].unasked = true;
	sim_ask_again(s);
	assert_true(s->gateway->ecus[BRAKE].present);
	assert_string_equal(s->gateway->ecus[BRAKE].identity.serial_number, "SN-brake");
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], n_registers);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	asked_us = s->now_us;
	s->ecus[BRAKE].unasked = s->ecus[BRAKE].present = false;
	sim_run(s, asked_us + 60 * SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 2);
	sim_run(s, asked_us + 60 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 3);
	assert_false(s->gateway->ecus[BRAKE].present);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], n_registers + 1);
	sim_free(s);
}

static void what_could_not_be_asked_after_the_flash_is_no_other_version(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	s->ecus[BRAKE].unasked = true;
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void no_flash_begins_on_the_word_of_an_ecu_that_could_not_be_asked(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	s->ecus[BRAKE].unasked = true;
	sim_ask_again(s);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 10 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ECU_ABSENT);
	s->ecus[BRAKE].unasked = false;
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_boot_loader_that_does_not_tell_is_still_that_ecu),
	    cmocka_unit_test(an_ecu_with_another_serial_number_is_another_one),
	    cmocka_unit_test(a_campaign_survives_an_ecu_that_does_not_tell_its_hardware),
	    cmocka_unit_test(a_bus_that_comes_up_has_absent_ecus_asked_a_second_later),
	    cmocka_unit_test(a_bus_that_comes_up_while_ecus_are_asked_has_them_asked_again),
	    cmocka_unit_test(a_bus_that_comes_up_where_nobody_is_missed_asks_nobody),
	    cmocka_unit_test(switching_the_ignition_on_has_all_ecus_asked_a_second_later),
	    cmocka_unit_test(an_ignition_that_is_switched_to_and_fro_has_them_asked_once_a_minute),
	    cmocka_unit_test(an_ignition_that_is_switched_on_while_ecus_are_asked_has_them_asked_again),
	    cmocka_unit_test(a_running_flash_is_not_disturbed_by_the_ignition),
	    cmocka_unit_test(it_is_asked_each_minute_while_the_vehicle_is_in_use_and_less_and_less_while_it_is_not),
	    cmocka_unit_test(while_the_vehicle_sleeps_it_is_not_asked_until_a_signal_comes),
	    cmocka_unit_test(once_the_vehicle_is_heard_or_in_use_it_is_asked_soon),
	    cmocka_unit_test(one_that_could_not_be_asked_is_asked_in_a_minute_however_often),
	    cmocka_unit_test(where_no_signal_ever_came_it_is_asked_less_and_less),
	    cmocka_unit_test(an_ecu_that_could_not_be_asked_is_as_present_as_before_and_asked_in_a_minute),
	    cmocka_unit_test(what_could_not_be_asked_after_the_flash_is_no_other_version),
	    cmocka_unit_test(no_flash_begins_on_the_word_of_an_ecu_that_could_not_be_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
