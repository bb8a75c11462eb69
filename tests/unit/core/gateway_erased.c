/* gateway: what must neither strand an erased ECU nor take a whole one for erased. */
#include "tests/unit/core/fixture.h"

/* its application does not tell it, its boot loader does */
static void a_serial_number_told_for_the_first_time_is_no_replacement(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->ecus[BRAKE].identity.serial_number[0] = 0;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 5 * SECOND);
	assert_true(sim_campaign(s)->targets[BRAKE].erased);
	snprintf(s->ecus[BRAKE].identity.serial_number, FLASH_VERSION_BYTES, "SN-brake");
	sim_ask_again(s);
	assert_true(s->gateway->ecus[BRAKE].erased);
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_flash_that_is_stopped_before_its_intent_is_stored_has_erased_nothing(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->director->campaigns[0].n_targets = 1;
	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->hold_stores = true;
	sim_settle(s);
	assert_false(s->ecus[ENGINE].erased);
	assert_true(sim_campaign(s)->targets[ENGINE].erased);
	/* another tester, or a minute without an answer */
	for (uint8_t i = 0; i < sim_campaign(s)->n_targets; i++)
		sim_result(s, i, FLASH_STOPPED);
	s->hold_stores = false;
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	assert_false(s->disk.ecus[ENGINE].erased);
	sim_free(s);
}

static void new_terms_count_where_the_erase_did_not_begin(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->director->campaigns[0].n_targets = 1;
	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->hold_stores = true;
	sim_settle(s);
	assert_true(sim_campaign(s)->targets[ENGINE].erased);              /* as far as anybody knows */
	s->director->campaigns[0].window_start_unix_s = UNIX_BASE + 50000; /* not today */
	sim_issue(s, 2, 101);
	sim_result(s, 0, FLASH_FOREIGN_TESTER);
	s->hold_stores = false;
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

/* nothing of the second attempt says that it is */
static void an_ecu_stays_erased_when_an_attempt_fails_before_its_erase(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 2;
	s->ecus[BRAKE].fail_code = FLASH_NO_ANSWER;
	sim_for(s, 5 * SECOND);
	assert_true(s->ecus[BRAKE].erased);
	s->ecus[BRAKE].fail_before_erase = true;
	sim_for(s, 10 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
	assert_true(s->disk.ecus[BRAKE].erased);
	assert_true(s->disk.campaigns[0].targets[BRAKE].erased);
	sim_free(s);
}

static void an_erased_ecu_that_used_up_its_attempts_is_reported_once(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	size_t n = 0;

	s->ecus[BRAKE].fail_times = 6;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_for(s, 7 * 86400 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 7);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	for (size_t i = 0; i < s->n_applied; i++)
		n += !strcmp(s->applied_reports[i].ecu, "brake") &&
		     s->applied_reports[i].code == GATEWAY_CODE_TRANSFER_FAILED;
	assert_int_equal(n, 1);
	sim_free(s);
}

static void a_campaign_revoked_while_its_intent_is_stored_is_not_installed(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_no_conditions_of_author(s);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->hold_stores = true;
	sim_settle(s);
	for (uint8_t i = 0; i < sim_campaign(s)->n_targets; i++)
		sim_result(s, i, FLASH_FOREIGN_TESTER);
	s->hold_stores = false;
	sim_settle(s);
	assert_false(s->ecus[ENGINE].erased);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 101);
	sim_for(s, 600 * SECOND);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "1.0");
	sim_free(s);
}

/* it lives with the ignition, which is on */
static struct sim *with_an_erased_kl15_brake(void)
{
	struct sim *s = sim_new();

	sim_no_conditions_of_author(s);
	s->supply[BRAKE] = PROFILE_SUPPLY_KL15;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 5 * SECOND);
	assert_true(s->ecus[BRAKE].erased);
	return s;
}

static void an_erased_kl15_ecu_is_recovered_though_the_speed_is_not_known(void **state)
{
	(void)state;
	struct sim *s = with_an_erased_kl15_brake();

	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 0.0 / 0.0);
	sim_for(s, 7200 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_kl15_ecu_waits_for_the_ignition(void **state)
{
	(void)state;
	struct sim *s = with_an_erased_kl15_brake();

	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 600 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void the_manifest_of_a_touched_campaign_is_not_judged_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_NO_ANSWER;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	assert_true(s->ecus[ENGINE].erased);
	snprintf(s->ecus[BRAKE].identity.hardware_id, FLASH_VERSION_BYTES, "HW-new");
	snprintf(s->ecus[BRAKE].identity.serial_number, FLASH_VERSION_BYTES, "SN-new");
	sim_ask_again(s);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_FAILED);
	sim_kill(s, true);
	s->prepare_fail_times = 1;
	s->prepare_code = GATEWAY_CODE_DIGEST_MISMATCH; /* one image is damaged */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 24 * 3600 * SECOND);
	assert_false(s->ecus[ENGINE].erased);
	sim_free(s);
}

static void new_terms_count_for_an_ecu_that_was_restored(void **state)
{
	(void)state;
	for (unsigned killed = 0; killed < 2; killed++) {
		struct sim *s = sim_new();

		s->director->campaigns[0].n_targets = 1;
		s->ecus[ENGINE].fail_times = 1;
		s->ecus[ENGINE].fail_code = FLASH_CHECK_FAILED;
		s->ecus[ENGINE].restores = true;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		while (!s->ecus[ENGINE].erased)
			assert_true(sim_step(s));
		s->director->campaigns[0].window_start_unix_s = UNIX_BASE + 50000; /* not today */
		sim_issue(s, 2, 101);
		sim_settle(s);
		assert_false(s->ecus[ENGINE].erased);
		assert_false(sim_campaign(s)->targets[ENGINE].erased);
		if (killed) {
			sim_kill(s, true);
			sim_start(s);
			sim_signals(s, IGNITION_OFF, 0, 12600);
		}
		sim_for(s, 600 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
		assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
		sim_free(s);
	}
}

static void files_of_a_lost_campaign_stay(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	const struct file_ref image = s->manifest->components[0].units[0].image;

	s->director->version = 0;
	sim_boot(s);
	gateway_restore_lost(s->gateway, "c1", GATEWAY_CODE_DIGEST_MISMATCH, "damaged");
	gateway_start(s->gateway, s->now_us);
	assert_true(gateway_needs_file(s->gateway, image.sha256));
	sim_free(s);
}

static void the_ecus_are_asked_again_where_the_ignition_signal_falls_silent_with_it(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	s->config.vehicle.max_age_ms[VEHICLE_IGNITION] = 2000;
	sim_start(s);
	sim_for(s, 120 * SECOND);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
	sim_for(s, 3600 * SECOND); /* its sender lives with the ignition */
	assert_int_equal(vehicle_ignition(&s->gateway->vehicle, s->now_us), IGNITION_UNKNOWN);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
	sim_for(s, 120 * SECOND);
	assert_true(s->counts[GATEWAY_OUT_IDENTIFY] >= 2);
	sim_free(s);
}

static void an_interface_that_is_gone_uses_up_no_attempt(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	for (unsigned i = 0; i < N_ECUS; i++) {
		s->ecus[i].fail_times = 99;
		s->ecus[i].fail_code = FLASH_TRANSPORT;
		s->ecus[i].fail_before_erase = true;
	}
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].attempts, 0);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_serial_number_told_for_the_first_time_is_no_replacement),
	    cmocka_unit_test(a_flash_that_is_stopped_before_its_intent_is_stored_has_erased_nothing),
	    cmocka_unit_test(new_terms_count_where_the_erase_did_not_begin),
	    cmocka_unit_test(an_ecu_stays_erased_when_an_attempt_fails_before_its_erase),
	    cmocka_unit_test(an_erased_ecu_that_used_up_its_attempts_is_reported_once),
	    cmocka_unit_test(a_campaign_revoked_while_its_intent_is_stored_is_not_installed),
	    cmocka_unit_test(an_erased_kl15_ecu_is_recovered_though_the_speed_is_not_known),
	    cmocka_unit_test(an_erased_kl15_ecu_waits_for_the_ignition),
	    cmocka_unit_test(the_manifest_of_a_touched_campaign_is_not_judged_again),
	    cmocka_unit_test(new_terms_count_for_an_ecu_that_was_restored),
	    cmocka_unit_test(files_of_a_lost_campaign_stay),
	    cmocka_unit_test(the_ecus_are_asked_again_where_the_ignition_signal_falls_silent_with_it),
	    cmocka_unit_test(an_interface_that_is_gone_uses_up_no_attempt),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
