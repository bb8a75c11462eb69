/* gateway: a flash finds another ECU than it was meant for, or what an erased one tells is not its own. */
#include "tests/unit/core/fixture.h"

/* the brake is another one; only the next flash of it will see that */
static void swap_brake(struct sim *s, const char *hardware_id, enum flash_code code)
{
	struct ecu_world *brake = &s->ecus[BRAKE];

	snprintf(brake->identity.hardware_id, sizeof brake->identity.hardware_id, "%s", hardware_id);
	snprintf(brake->identity.serial_number, sizeof brake->identity.serial_number, "SN-x");
	brake->fail_times = 1;
	brake->fail_code = code;
	brake->fail_before_erase = true;
}

/* parked, with a campaign for the brake alone, whose start the backend has yet to confirm */
static struct sim *with_a_campaign_for_the_brake(const char *serial_number)
{
	struct sim *s = sim_new();

	s->director->campaigns[0].targets[0] = s->director->campaigns[0].targets[BRAKE];
	s->director->campaigns[0].n_targets = 1;
	snprintf(s->director->campaigns[0].targets[0].serial_number, GATEWAY_NAME_BYTES, "%s", serial_number);
	s->confirm = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	return s;
}

static void confirm_and_run(struct sim *s)
{
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 300 * SECOND);
}

static void another_hardware_found_by_the_flash_ends_the_campaign_and_is_told(void **state)
{
	(void)state;
	struct sim *s = with_a_campaign_for_the_brake("SN-brake");
	size_t n_registers = s->counts[GATEWAY_OUT_SEND_REGISTER];

	swap_brake(s, "HW-9", FLASH_WRONG_HARDWARE);
	confirm_and_run(s);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1); /* another try finds the same one */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_HARDWARE);
	assert_int_equal(sim_campaign(s)->targets[0].state, TARGET_FAILED);
	assert_string_equal(s->gateway->ecus[BRAKE].identity.hardware_id, "HW-9");
	assert_string_equal(s->disk.ecus[BRAKE].identity.serial_number, "SN-x");
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], n_registers + 1);
	assert_int_equal(sim_count_target_reports(s, "brake", TARGET_FAILED), 1);
	sim_free(s);
}

static void another_serial_number_found_by_the_flash_ends_a_campaign_that_names_one(void **state)
{
	(void)state;
	struct sim *s = with_a_campaign_for_the_brake("SN-brake");

	assert_string_equal(gateway_serial_number(s->gateway, 0, 0), "SN-brake");
	swap_brake(s, "HW-brake", FLASH_WRONG_SERIAL);
	confirm_and_run(s);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_SERIAL);
	sim_free(s);
}

static void a_campaign_that_names_no_serial_number_goes_on_with_the_new_ecu(void **state)
{
	(void)state;
	struct sim *s = with_a_campaign_for_the_brake("");

	assert_string_equal(gateway_serial_number(s->gateway, 0, 0), "SN-brake");
	swap_brake(s, "HW-brake", FLASH_WRONG_SERIAL);
	confirm_and_run(s);
	assert_string_equal(gateway_serial_number(s->gateway, 0, 0), "SN-x");
	assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_that_was_swapped_is_not_recovered_in_the_new_one(void **state)
{
	(void)state;
	struct sim *s = with_a_campaign_for_the_brake("");

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 5 * SECOND);
	assert_true(sim_campaign(s)->targets[0].erased);
	swap_brake(s, "HW-brake", FLASH_WRONG_SERIAL);
	s->ecus[BRAKE].fail_times = 2;
	sim_for(s, 300 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3); /* it has to say so twice */
	assert_int_equal(sim_campaign(s)->targets[0].state, TARGET_FAILED);
	assert_int_equal(sim_campaign(s)->targets[0].code, GATEWAY_CODE_WRONG_SERIAL);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_SERIAL);
	assert_false(s->gateway->ecus[BRAKE].erased);
	sim_free(s);
}

/* @told: the serial number that the erased brake tells once, by a flash or by an identification */
static void doubted_once(const char *told, bool by_flash)
{
	struct sim *s = with_a_campaign_for_the_brake("");
	struct flash_identity *identity = &s->ecus[BRAKE].identity;
	const struct flash_identity own = *identity;

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 5 * SECOND);
	assert_true(sim_campaign(s)->targets[0].erased);
	if (by_flash) {
		swap_brake(s, "HW-brake", FLASH_WRONG_SERIAL);
		snprintf(identity->serial_number, sizeof identity->serial_number, "%s", told);
		while (s->ecus[BRAKE].n_flashes < 2)
			sim_for(s, SECOND / 10);
		assert_int_equal(sim_campaign(s)->targets[0].code, GATEWAY_CODE_WRONG_SERIAL);
	} else {
		identity->hardware_id[0] = 0;
		snprintf(identity->serial_number, sizeof identity->serial_number, "%s", told);
		sim_ask_again(s);
		assert_int_equal(s->last_log_code, GATEWAY_CODE_WRONG_SERIAL);
	}
	assert_true(s->gateway->ecus[BRAKE].erased);
	assert_string_equal(s->gateway->ecus[BRAKE].identity.serial_number, "SN-brake");
	assert_string_equal(s->gateway->ecus[BRAKE].identity.hardware_id, "HW-brake");
	*identity = own;
	sim_for(s, 300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_is_not_given_up_for_one_answer(void **state)
{
	(void)state;
	doubted_once("SN-x", true);
	doubted_once("SN-x", false);
	doubted_once("0000000000", false);
}

/* the campaign names what the inventory does not know of it */
static void nor_is_one_of_which_nothing_was_known(void **state)
{
	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		struct sim *s = with_a_campaign_for_the_brake("SN-brake");

		s->ecus[BRAKE].fail_times = 1;
		s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
		gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
		sim_for(s, 5 * SECOND);
		assert_true(sim_campaign(s)->targets[0].erased);
		s->gateway->ecus[BRAKE].known = known;
		s->gateway->ecus[BRAKE].identity.serial_number[0] = 0;
		swap_brake(s, "HW-brake", FLASH_WRONG_SERIAL);
		while (s->ecus[BRAKE].n_flashes < 2)
			sim_for(s, SECOND / 10);
		assert_true(sim_campaign(s)->targets[0].erased);
		snprintf(s->ecus[BRAKE].identity.serial_number, FLASH_VERSION_BYTES, "SN-brake");
		sim_for(s, 300 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void an_ecu_that_tells_no_serial_number_is_tried_as_often_as_any(void **state)
{
	(void)state;
	struct sim *s = with_a_campaign_for_the_brake("SN-brake");

	swap_brake(s, "HW-brake", FLASH_WRONG_SERIAL);
	s->ecus[BRAKE].identity.serial_number[0] = 0;
	s->ecus[BRAKE].fail_times = 10;
	confirm_and_run(s);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->targets[0].code, GATEWAY_CODE_SERIAL_NOT_TOLD);
	assert_string_equal(s->gateway->ecus[BRAKE].identity.serial_number, "SN-brake");
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(another_hardware_found_by_the_flash_ends_the_campaign_and_is_told),
	    cmocka_unit_test(another_serial_number_found_by_the_flash_ends_a_campaign_that_names_one),
	    cmocka_unit_test(a_campaign_that_names_no_serial_number_goes_on_with_the_new_ecu),
	    cmocka_unit_test(an_erased_ecu_that_was_swapped_is_not_recovered_in_the_new_one),
	    cmocka_unit_test(an_erased_ecu_is_not_given_up_for_one_answer),
	    cmocka_unit_test(nor_is_one_of_which_nothing_was_known),
	    cmocka_unit_test(an_ecu_that_tells_no_serial_number_is_tried_as_often_as_any),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
