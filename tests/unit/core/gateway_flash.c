/* gateway: while ECUs are flashed: conditions that break, failures, attempts, stopping. */
#include "tests/unit/core/fixture.h"

/* up to the flash being handed over; no ECU is erased yet */
static struct sim *flashing(void)
{
	struct sim *s = sim_new_parked();

	s->hold_intents = true;
	while (!s->flash_open)
		assert_true(sim_step(s));
	return s;
}

static void conditions_that_break_before_the_erase_stop_the_flash(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_until_next(s, GATEWAY_OUT_FLASH);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 4); /* handed over, nothing begun */
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_STOP_FLASH], 1);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].attempts, 0);
	assert_false(s->ecus[ENGINE].erased);
	assert_false(s->gateway->flashing);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 0);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

/* the supply counts whatever the author's conditions say, also for an ECU that is erased: without it there is nobody */
static void an_ecu_that_lives_with_the_ignition_is_flashed_with_it_on_and_standing_still(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_no_conditions_of_author(s);
	s->supply[BRAKE] = PROFILE_SUPPLY_KL15;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	assert_string_equal(sim_campaign(s)->text, "the ignition is off");
	sim_signals(s, IGNITION_ON, 30, 12600);
	sim_for(s, 30 * SECOND);
	assert_string_equal(sim_campaign(s)->text, "the vehicle is moving");
	assert_int_equal(s->ecus[BRAKE].n_flashes, 0);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 5 * SECOND);
	assert_true(sim_campaign(s)->targets[BRAKE].erased);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	sim_signals(s, IGNITION_OFF, 0, 12600); /* in the pause before its next attempt */
	sim_for(s, 120 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_flash_that_was_not_handed_over_is_taken_back(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	sim_settle(s);
	s->hold_stores = true;
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
	assert_int_equal(s->counts[GATEWAY_OUT_FLASH], 0); /* not before it is stored */
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 4);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	s->hold_stores = false;
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_FLASH], 0);
	assert_int_equal(s->counts[GATEWAY_OUT_STOP_FLASH], 0);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, 0);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void conditions_that_break_after_the_erase_let_that_ecu_finish(void **state)
{
	(void)state;
	struct sim *s = flashing();

	s->hold_intents = false;
	while (!s->ecus[ENGINE].erased || !s->ecus[BRAKE].erased)
		assert_true(sim_step(s));
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_ON);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erase_begins_only_when_its_intent_is_stored(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->hold_stores = true;
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_INTENT_STORED], 0);
	assert_false(s->ecus[ENGINE].erased);
	s->hold_stores = false;
	sim_settle(s);
	assert_true(s->counts[GATEWAY_OUT_INTENT_STORED] == 2);
	sim_free(s);
}

static void a_failed_flash_is_tried_again_after_a_pause(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	uint64_t failed_us;

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	failed_us = s->now_us;
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].attempts, 1);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_FLASHING);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	sim_run(s, failed_us + 10 * SECOND - 1);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	sim_run(s, failed_us + 10 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1); /* only what is not verified */
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_is_tried_again_outside_the_window(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->campaigns[0].window_end_unix_s = UNIX_BASE + 5;
	s->estimate_ms = 1; /* it was thought to fit in */
	s->ecus[ENGINE].fail_times = s->ecus[BRAKE].fail_times = 1;
	s->ecus[ENGINE].fail_code = s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND); /* the retry falls behind the window's end */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 2);
	sim_free(s);
}

static void attempts_that_are_used_up_without_an_erase_fail_the_campaign(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	for (unsigned i = 0; i < N_ECUS; i++) {
		s->ecus[i].fail_times = 99;
		s->ecus[i].fail_code = FLASH_NO_ANSWER;
		s->ecus[i].fail_before_erase = true;
	}
	sim_for(s, 300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ATTEMPTS_EXHAUSTED);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].code, GATEWAY_CODE_NO_ANSWER);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 3);
	assert_int_equal(sim_count_target_reports(s, "engine", TARGET_FAILED), 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_FAILED), 1);
	sim_free(s);
}

static void an_ecu_that_stays_erased_is_never_given_up(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_CHECK_FAILED;
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ATTEMPTS_EXHAUSTED);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].code, GATEWAY_CODE_CHECK_FAILED);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	assert_true(sim_campaign(s)->targets[BRAKE].erased);
	sim_for(s, 19 * SECOND); /* 20 s after the third attempt, then 40 s */
	assert_int_equal(s->ecus[BRAKE].n_flashes, 4);
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 4);
	sim_for(s, 86400 * SECOND); /* the window is over, and it is tried hourly */
	assert_in_range(s->ecus[BRAKE].n_flashes, 24, 40);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(s->counts[GATEWAY_OUT_RELEASE], 0);
	assert_int_equal(sim_count_target_reports(s, "brake", TARGET_FAILED), 0);
	s->ecus[BRAKE].fail_times = 0;
	sim_for(s, 3600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_ecu_that_was_switched_back_is_as_one_that_was_never_touched(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	for (unsigned i = 0; i < N_ECUS; i++) {
		s->ecus[i].fail_times = 99;
		s->ecus[i].fail_code = FLASH_BOOT_TIMEOUT;
		s->ecus[i].restores = true;
	}
	while (!sim_campaign(s)->targets[BRAKE].attempts)
		assert_true(sim_step(s));
	assert_false(sim_campaign(s)->targets[BRAKE].erased);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_PENDING);
	sim_for(s, 300 * SECOND);
	assert_false(s->disk.ecus[BRAKE].erased);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_FAILED);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED); /* given up, and nothing is inconsistent */
	sim_free(s);
}

static void an_ecu_that_boots_with_another_version_than_promised_fails_at_last(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_WRONG_VERSION;
	sim_for(s, 300 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 3);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_FAILED);
	sim_free(s);
}

static void one_verified_and_one_failed_make_the_vehicle_inconsistent(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_for(s, 300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	assert_false(sim_campaign(s)->targets[BRAKE].erased);
	sim_free(s);
}

static void an_ecu_that_failed_for_good_keeps_the_others_from_being_erased(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->config.max_attempts = s->gateway->config.max_attempts = 1;
	s->ecus[ENGINE].fail_times = 99;
	s->ecus[ENGINE].fail_code = FLASH_NO_ANSWER;
	s->ecus[ENGINE].fail_before_erase = true;
	sim_for(s, 300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_string_equal(s->ecus[BRAKE].identity.application_version, "1.0");
	assert_false(s->ecus[BRAKE].erased);
	sim_free(s);
}

static void another_tester_on_the_bus_is_given_way_and_not_counted(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	for (unsigned i = 0; i < N_ECUS; i++) {
		s->ecus[i].fail_times = 5;
		s->ecus[i].fail_code = FLASH_FOREIGN_TESTER;
		s->ecus[i].fail_before_erase = true;
	}
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	sim_run(s, 61 * SECOND - 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 6);
	sim_free(s);
}

static void another_tester_that_goes_on_is_waited_for(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const char *bus = s->config.ecus[ENGINE].bus;

	s->ecus[ENGINE].fail_times = s->ecus[BRAKE].fail_times = 1;
	s->ecus[ENGINE].fail_code = s->ecus[BRAKE].fail_code = FLASH_FOREIGN_TESTER;
	s->ecus[ENGINE].fail_before_erase = s->ecus[BRAKE].fail_before_erase = true;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	sim_for(s, 50 * SECOND);
	gateway_foreign_tester(s->gateway, s->now_us, "another bus");
	assert_true(sim_campaign(s)->retry_us < s->now_us + 11 * SECOND);
	gateway_foreign_tester(s->gateway, s->now_us, bus);
	assert_int_equal(sim_campaign(s)->retry_us, s->now_us + 60 * SECOND);
	sim_for(s, 60 * SECOND - 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_for(s, 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 2);
	sim_free(s);
}

static void another_tester_does_not_keep_an_erased_ecu_waiting(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	uint64_t retry_us;

	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_FOREIGN_TESTER;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	retry_us = sim_campaign(s)->retry_us;
	gateway_foreign_tester(s->gateway, s->now_us + SECOND, s->config.ecus[ENGINE].bus);
	assert_int_equal(sim_campaign(s)->retry_us, retry_us);
	sim_free(s);
}

static void stopping_ends_at_once_where_nothing_is_erased(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_until_next(s, GATEWAY_OUT_FLASH);
	gateway_stop(s->gateway, s->now_us);
	assert_false(gateway_idle(s->gateway));
	sim_settle(s);
	assert_true(gateway_idle(s->gateway));
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_INTERRUPTED);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_FLASH], 1); /* and nothing begins again */
	sim_free(s);
}

static void stopping_waits_for_an_ecu_that_is_erased(void **state)
{
	(void)state;
	struct sim *s = flashing();

	s->hold_intents = false;
	while (!s->ecus[ENGINE].erased || !s->ecus[BRAKE].erased)
		assert_true(sim_step(s));
	gateway_stop(s->gateway, s->now_us);
	assert_false(gateway_idle(s->gateway));
	sim_settle(s);
	assert_true(gateway_idle(s->gateway));
	assert_false(s->ecus[ENGINE].erased);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_VERIFYING);
	sim_kill(s, true);
	sim_start(s);
	sim_for(s, 10 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void buses_that_cannot_be_used_are_tried_again_uncounted(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	sim_settle(s);
	for (unsigned i = 0; i < 10; i++) {
		/* the flasher says so at once, without results */
		gateway_confirm(s->gateway, s->now_us, "c1", 1, i + 1);
		sim_until_next(s, GATEWAY_OUT_FLASH);
		s->n_tasks = 0;
		gateway_flash_finished(s->gateway, s->now_us, 0, GATEWAY_CODE_BUS_UNAVAILABLE);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(sim_campaign(s)->targets[ENGINE].attempts, 0);
		sim_settle(s);
		s->now_us += 600 * SECOND;
		gateway_expire(s->gateway, s->now_us);
	}
	sim_free(s);
}

static void a_wrong_version_after_the_flash_is_told(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_VERIFYING));
	snprintf(s->ecus[BRAKE].identity.application_version, sizeof s->ecus[BRAKE].identity.application_version,
		 "1.9");
	sim_for(s, 10 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_VERSION);
	sim_free(s);
}

static void progress_is_told_at_most_every_100_ms(void **state)
{
	(void)state;
	struct sim *s = flashing();
	size_t before;

	sim_pump(s);
	gateway_flash_progress(s->gateway, s->now_us, 0, ENGINE, 1, 1000);
	sim_pump(s);
	before = s->counts[GATEWAY_OUT_CHANGED];
	gateway_flash_progress(s->gateway, s->now_us + 99999, 0, ENGINE, 2, 1000);
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_CHANGED], before);
	gateway_flash_progress(s->gateway, s->now_us + 100000, 0, ENGINE, 3, 1000);
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_CHANGED], before + 2); /* the campaign and the ECU */
	assert_int_equal(sim_campaign(s)->targets[ENGINE].bytes_done, 3);
	sim_free(s);
}

static void words_about_targets_that_are_not_running_are_ignored(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const struct flash_result result = {.verified = true};

	sim_for(s, 60 * SECOND);
	gateway_flash_result(s->gateway, s->now_us, 0, 0, &result);
	gateway_flash_result(s->gateway, s->now_us, 200, 200, &result);
	gateway_flash_intent(s->gateway, s->now_us, 0, 1, 0, 0);
	gateway_flash_finished(s->gateway, s->now_us, 0, 0);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(sim_count_target_reports(s, "engine", TARGET_VERIFIED), 1);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions_that_break_before_the_erase_stop_the_flash),
	    cmocka_unit_test(an_ecu_that_lives_with_the_ignition_is_flashed_with_it_on_and_standing_still),
	    cmocka_unit_test(a_flash_that_was_not_handed_over_is_taken_back),
	    cmocka_unit_test(conditions_that_break_after_the_erase_let_that_ecu_finish),
	    cmocka_unit_test(an_erase_begins_only_when_its_intent_is_stored),
	    cmocka_unit_test(a_failed_flash_is_tried_again_after_a_pause),
	    cmocka_unit_test(an_erased_ecu_is_tried_again_outside_the_window),
	    cmocka_unit_test(attempts_that_are_used_up_without_an_erase_fail_the_campaign),
	    cmocka_unit_test(an_ecu_that_stays_erased_is_never_given_up),
	    cmocka_unit_test(an_ecu_that_was_switched_back_is_as_one_that_was_never_touched),
	    cmocka_unit_test(an_ecu_that_boots_with_another_version_than_promised_fails_at_last),
	    cmocka_unit_test(one_verified_and_one_failed_make_the_vehicle_inconsistent),
	    cmocka_unit_test(an_ecu_that_failed_for_good_keeps_the_others_from_being_erased),
	    cmocka_unit_test(another_tester_on_the_bus_is_given_way_and_not_counted),
	    cmocka_unit_test(another_tester_that_goes_on_is_waited_for),
	    cmocka_unit_test(another_tester_does_not_keep_an_erased_ecu_waiting),
	    cmocka_unit_test(stopping_ends_at_once_where_nothing_is_erased),
	    cmocka_unit_test(stopping_waits_for_an_ecu_that_is_erased),
	    cmocka_unit_test(buses_that_cannot_be_used_are_tried_again_uncounted),
	    cmocka_unit_test(a_wrong_version_after_the_flash_is_told),
	    cmocka_unit_test(progress_is_told_at_most_every_100_ms),
	    cmocka_unit_test(words_about_targets_that_are_not_running_are_ignored),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
