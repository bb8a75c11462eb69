/* gateway: the life of a campaign when all goes as it should, the answers it begins with, and when it may be installed.
 */
#include "tests/unit/core/fixture.h"

#define DOC(s) ((s)->director->campaigns[0])

static void a_campaign_runs_from_offer_to_done(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "2.0");
	assert_string_equal(s->ecus[BRAKE].identity.application_version, "2.0");
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_OFFERED), 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DOWNLOADING), 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_READY), 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_INSTALLING), 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_VERIFYING), 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DONE), 1);
	assert_int_equal(sim_count_target_reports(s, "engine", TARGET_FLASHING), 1);
	assert_int_equal(sim_count_target_reports(s, "engine", TARGET_VERIFIED), 1);
	assert_int_equal(sim_count_target_reports(s, "brake", TARGET_VERIFIED), 1);
	assert_string_equal(s->gateway->ecus[ENGINE].identity.application_version, "2.0");
	assert_int_equal(s->counts[GATEWAY_OUT_RELEASE], 1);
	assert_int_equal(s->counts[GATEWAY_OUT_ADDED], 1);
	assert_int_equal(s->counts[GATEWAY_OUT_FLASH], 1);
	assert_false(sim_campaign(s)->targets[ENGINE].erased);
	assert_false(s->disk.campaigns[0].targets[BRAKE].erased);
	assert_true(gateway_idle(s->gateway));
	sim_free(s);
}

static void a_verified_report_carries_the_result(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const struct report *found = NULL;

	sim_for(s, 60 * SECOND);
	for (size_t i = 0; i < s->n_applied; i++) {
		if (s->applied_reports[i].target_state == TARGET_VERIFIED &&
		    !strcmp(s->applied_reports[i].ecu, "brake"))
			found = &s->applied_reports[i];
	}
	assert_non_null(found);
	assert_true(found->has_result);
	assert_string_equal(found->old_version, "1.0");
	assert_string_equal(found->new_version, "2.0");
	assert_int_equal(found->payload_bytes, 1000);
	assert_int_equal(found->duration_ms, 1000);
	assert_int_equal(found->transfer_ms, 500);
	assert_int_equal(found->evidence, 1);
	assert_in_range(found->unix_ms, UNIX_BASE * 1000, UNIX_BASE * 1000 + 60000);
	sim_free(s);
}

static void with_the_ignition_on_it_is_postponed_and_downloaded_at_once(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_ON, 50, 14000);
	sim_for(s, 5 * SECOND);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_IGNITION);
	assert_int_equal(s->proposed, UNIX_BASE + 1 + 3600);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_START);
	assert_int_equal(sim_campaign(s)->bytes_held, sim_campaign(s)->bytes_total);
	sim_free(s);
}

static void accessory_cranking_and_unknown_count_as_on(void **state)
{
	(void)state;
	const enum ignition states[] = {IGNITION_ACCESSORY, IGNITION_CRANKING, IGNITION_UNKNOWN};

	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = sim_new();

		sim_start(s);
		sim_signals(s, states[i], 0, 12000);
		sim_for(s, 5 * SECOND);
		assert_int_equal(s->answer, ANSWER_POSTPONE);
		assert_int_equal(s->answer_code, states[i] == IGNITION_UNKNOWN ? GATEWAY_CODE_POSTPONED_UNKNOWN
									       : GATEWAY_CODE_POSTPONED_IGNITION);
		sim_free(s);
	}
}

static void a_proposed_time_lies_in_the_window(void **state)
{
	(void)state;
	/* window start and end after now, and what is proposed */
	const uint64_t cases[][3] = {{10, 86400, 1 + 3600}, {7200, 86400, 7200}, {10, 3000, 10}};

	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = sim_new();

		DOC(s).window_start_unix_s = UNIX_BASE + cases[i][0];
		DOC(s).window_end_unix_s = UNIX_BASE + cases[i][1];
		sim_start(s);
		sim_signals(s, IGNITION_ON, 0, 12000);
		sim_for(s, 5 * SECOND);
		assert_int_equal(s->answer, ANSWER_POSTPONE);
		assert_int_equal(s->proposed, UNIX_BASE + cases[i][2]);
		sim_free(s);
	}
}

static void an_ecu_that_lives_with_the_ignition_is_accepted_with_it_on(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	for (unsigned i = 0; i < N_ECUS; i++)
		s->manifest->components[i].conditions[0].kind = CONDITION_IGNITION_ON;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void the_answer_is_durable_before_it_is_sent(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	while (sim_campaign(s)->answer == ANSWER_NONE)
		assert_true(sim_step(s));
	s->hold_stores = true;
	sim_settle(s);
	assert_int_equal(s->n_answers, 0);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_ANSWER], 0);
	s->hold_stores = false;
	sim_settle(s);
	assert_int_equal(s->n_answers, 1);
	sim_free(s);
}

static void ignition_off_before_the_proposed_time_is_a_new_answer(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 100 * SECOND);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_START);
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, IGNITION_OFF);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->n_answers, 2);
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_postponed_campaign_starts_at_the_confirmed_second_without_a_session(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t start_us = (1 + 3600) * SECOND;

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 100 * SECOND);
	assert_true(sim_campaign(s)->confirmed);
	s->reachable = false;
	sim_drop_session(s);
	sim_run(s, start_us - 1);
	gateway_expire(s->gateway, s->now_us);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_true(gateway_deadline(s->gateway) <= start_us);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	s->now_us = start_us;
	gateway_expire(s->gateway, s->now_us);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void the_window_opens_to_the_microsecond(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).window_start_unix_s = UNIX_BASE + 500;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_run(s, 500 * SECOND - 1);
	gateway_expire(s->gateway, s->now_us);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	assert_int_equal(gateway_deadline(s->gateway), 500 * SECOND);
	s->now_us = 500 * SECOND;
	gateway_expire(s->gateway, s->now_us);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
	sim_free(s);
}

static void a_window_that_passes_ends_the_campaign(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).window_end_unix_s = UNIX_BASE + 1000;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_run(s, 1000 * SECOND - 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	sim_run(s, 1000 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_EXPIRED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WINDOW_PASSED);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_EXPIRED), 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_free(s);
}

static void a_release_that_is_past_its_date_is_not_installed(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->manifest->use_before_unix_s = UNIX_BASE + 700;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_run(s, 700 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_EXPIRED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_USE_BEFORE_PASSED);
	sim_free(s);
}

static void without_trusted_time_no_window_is_open(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).window_start_unix_s = UNIX_BASE + 100;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 50 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	sim_kill(s, true);
	s->reachable = false; /* nobody to tell the time after the restart */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 7200 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_TIME);
	s->reachable = true;
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void nothing_is_installed_before_it_is_confirmed(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->confirm = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 100 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONFIRM);
	assert_int_equal(s->n_answers, 1);
	sim_drop_session(s);
	sim_for(s, 100 * SECOND);
	assert_int_equal(s->n_answers, 2);                   /* said again in the new session */
	gateway_confirm(s->gateway, s->now_us, "c1", 99, 0); /* of a document that is not held */
	gateway_confirm(s->gateway, s->now_us, "other", 1, 0);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONFIRM);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_NO_SUCH_CAMPAIGN);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void the_driver_is_asked_where_the_campaign_says_so(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 100 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "other", true), GATEWAY_CODE_NO_SUCH_CAMPAIGN);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c1", true), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c1", false), GATEWAY_CODE_WRONG_STATE);
	sim_free(s);
}

static void consent_withdrawn_before_the_erase_stops_the_flash(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	s->hold_stores = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 10 * SECOND);
	gateway_consent(s->gateway, s->now_us, "c1", true);
	while (!s->flash_open) {
		if (s->tasks[0].kind == GATEWAY_OUT_FLASH)
			break;
		assert_true(sim_step(s));
	}
	gateway_consent(s->gateway, s->now_us, "c1", false);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	assert_false(s->ecus[ENGINE].erased);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "1.0");
	sim_free(s);
}

static void each_condition_is_waited_for(void **state)
{
	(void)state;
	const double cases[][3] = {{IGNITION_OFF, 3, 12600}, {IGNITION_OFF, 0, 11000}, {IGNITION_ACCESSORY, 0, 12600}};

	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = sim_new();

		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		while (sim_campaign(s)->answer == ANSWER_NONE)
			assert_true(sim_step(s));
		sim_signals(s, (enum ignition)cases[i][0], cases[i][1], cases[i][2]);
		sim_for(s, 100 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
		assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void an_absent_ecu_is_waited_for_and_looked_for_each_minute(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	size_t asked;

	s->ecus[BRAKE].present = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ECU_ABSENT);
	asked = s->counts[GATEWAY_OUT_IDENTIFY];
	assert_int_equal(asked, 1);
	s->ecus[BRAKE].present = true;
	sim_run(s, 61 * SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_run(s, 61 * SECOND);
	assert_true(s->counts[GATEWAY_OUT_IDENTIFY] >= 2);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_runs_from_offer_to_done),
	    cmocka_unit_test(a_verified_report_carries_the_result),
	    cmocka_unit_test(with_the_ignition_on_it_is_postponed_and_downloaded_at_once),
	    cmocka_unit_test(accessory_cranking_and_unknown_count_as_on),
	    cmocka_unit_test(a_proposed_time_lies_in_the_window),
	    cmocka_unit_test(an_ecu_that_lives_with_the_ignition_is_accepted_with_it_on),
	    cmocka_unit_test(the_answer_is_durable_before_it_is_sent),
	    cmocka_unit_test(ignition_off_before_the_proposed_time_is_a_new_answer),
	    cmocka_unit_test(a_postponed_campaign_starts_at_the_confirmed_second_without_a_session),
	    cmocka_unit_test(the_window_opens_to_the_microsecond),
	    cmocka_unit_test(a_window_that_passes_ends_the_campaign),
	    cmocka_unit_test(a_release_that_is_past_its_date_is_not_installed),
	    cmocka_unit_test(without_trusted_time_no_window_is_open),
	    cmocka_unit_test(nothing_is_installed_before_it_is_confirmed),
	    cmocka_unit_test(the_driver_is_asked_where_the_campaign_says_so),
	    cmocka_unit_test(consent_withdrawn_before_the_erase_stops_the_flash),
	    cmocka_unit_test(each_condition_is_waited_for),
	    cmocka_unit_test(an_absent_ecu_is_waited_for_and_looked_for_each_minute),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
