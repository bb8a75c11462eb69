/* gateway: director documents: which are taken, what they revoke, and why a campaign is declined. */
#include "tests/unit/core/fixture.h"

#define DOC(s) ((s)->director->campaigns[0])

static void declined_with(void (*change)(struct sim *), unsigned code)
{
	struct sim *s = sim_new();

	change(s);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(sim_campaign(s)->code, code);
	assert_int_equal(s->answer, ANSWER_DECLINE);
	assert_int_equal(s->answer_code, code);
	assert_int_equal(s->n_answers, 1);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DECLINED), 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes + s->ecus[BRAKE].n_flashes, 0);
	sim_drop_session(s);
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->n_answers, 1); /* its report was recorded: there is nothing to say again */
	sim_free(s);
}

static void of_another_mode(struct sim *s)
{
	s->mode = MODE_SERVER;
}

static void for_an_unknown_ecu(struct sim *s)
{
	snprintf(DOC(s).targets[1].ecu, sizeof DOC(s).targets[1].ecu, "radio");
}

static void for_other_hardware(struct sim *s)
{
	snprintf(s->ecus[BRAKE].identity.hardware_id, sizeof s->ecus[BRAKE].identity.hardware_id, "HW-x");
}

static void for_another_serial(struct sim *s)
{
	snprintf(DOC(s).targets[0].serial_number, sizeof DOC(s).targets[0].serial_number, "SN-other");
}

static void with_an_unknown_component(struct sim *s)
{
	snprintf(DOC(s).targets[0].component, sizeof DOC(s).targets[0].component, "nothing");
}

static void with_a_component_for_other_hardware(struct sim *s)
{
	snprintf(s->manifest->components[BRAKE].hardware_ids[0], GATEWAY_NAME_BYTES, "HW-x");
}

static void past_its_date(struct sim *s)
{
	s->manifest->use_before_unix_s = UNIX_BASE;
}

static void with_a_bad_signature(struct sim *s)
{
	s->manifest_code = GATEWAY_CODE_BAD_SIGNATURE;
}

static void naming_an_ecu_twice(struct sim *s)
{
	DOC(s).targets[1] = DOC(s).targets[0];
}

static void what_does_not_fit_the_vehicle_is_declined_with_its_code(void **state)
{
	(void)state;

	declined_with(of_another_mode, GATEWAY_CODE_MODE_MISMATCH);
	declined_with(for_an_unknown_ecu, GATEWAY_CODE_UNKNOWN_ECU);
	declined_with(for_other_hardware, GATEWAY_CODE_WRONG_HARDWARE);
	declined_with(for_another_serial, GATEWAY_CODE_WRONG_SERIAL);
	declined_with(with_an_unknown_component, GATEWAY_CODE_UNKNOWN_COMPONENT);
	declined_with(with_a_component_for_other_hardware, GATEWAY_CODE_WRONG_HARDWARE);
	declined_with(past_its_date, GATEWAY_CODE_USE_BEFORE_PASSED);
	declined_with(with_a_bad_signature, GATEWAY_CODE_BAD_SIGNATURE);
	declined_with(naming_an_ecu_twice, GATEWAY_CODE_INVALID);
}

static void a_mode_that_was_registered_is_taken(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->mode = MODE_NEGOTIATED;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_replaced_ecu_ends_the_campaign_that_was_made_for_the_old_one(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->confirm = false;
	s->ecus[BRAKE].present = false; /* looked for every minute */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	snprintf(DOC(s).targets[0].serial_number, 3, "SN");
	s->ecus[BRAKE].present = true;
	snprintf(s->ecus[BRAKE].identity.hardware_id, sizeof s->ecus[BRAKE].identity.hardware_id, "HW-new");
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_HARDWARE);
	sim_free(s);
}

static void an_older_document_is_refused(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->confirm = false;
	s->director->version = 7;
	sim_start(s);
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->gateway->director_version, 7);
	DOC(s).id[0] = 'x';
	sim_issue(s, 6, 101);
	sim_settle(s);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_ROLLBACK);
	assert_int_equal(s->gateway->director_version, 7);
	assert_int_equal(gateway_campaign_index(s->gateway, "c1"), 0);
	assert_int_equal(gateway_campaign_index(s->gateway, "x1"), -1);
	sim_free(s);
}

static void the_same_version_with_other_content_is_refused(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->confirm = false;
	sim_start(s);
	sim_for(s, 30 * SECOND);
	s->director->n_campaigns = 0;
	sim_issue(s, 1, 101);
	sim_settle(s);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_EQUAL_VERSION);
	assert_int_not_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	sim_free(s);
}

static void a_refusal_is_logged_and_reported_once(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	size_t reports;

	s->director->version = 0;
	sim_start(s);
	sim_for(s, 30 * SECOND);
	reports = s->n_applied;
	gateway_document_refused(s->gateway, s->now_us, GATEWAY_CODE_BAD_SIGNATURE, "key 42 is not trusted");
	sim_settle(s);
	assert_string_equal(s->last_log, "key 42 is not trusted");
	assert_int_equal(s->n_applied, reports + 1);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_ERROR], 1);
	gateway_document_refused(s->gateway, s->now_us, GATEWAY_CODE_BAD_SIGNATURE, "key 42 is not trusted");
	sim_settle(s);
	assert_int_equal(s->n_applied, reports + 1);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_ERROR], 2);
	sim_free(s);
}

/* the version is raised and the campaign is gone while it is in @at; Return: the state it ends in */
static enum campaign_state cancel_in(enum campaign_state at)
{
	struct sim *s = sim_new_parked();
	enum campaign_state end;

	s->confirm = at != CAMPAIGN_WAITING;
	assert_true(sim_until(s, at));
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	end = sim_campaign(s)->state;
	s->acks = false; /* it stays where it is until its reports are recorded */
	sim_for(s, 60 * SECOND);
	end = sim_campaign(s)->state;
	if (end == CAMPAIGN_CANCELLED)
		assert_string_equal(s->ecus[ENGINE].identity.application_version, "1.0");
	sim_free(s);
	return end;
}

static void a_campaign_that_vanishes_is_cancelled_before_its_first_erase(void **state)
{
	(void)state;

	assert_int_equal(cancel_in(CAMPAIGN_OFFERED), CAMPAIGN_CANCELLED);
	assert_int_equal(cancel_in(CAMPAIGN_DOWNLOADING), CAMPAIGN_CANCELLED);
	assert_int_equal(cancel_in(CAMPAIGN_WAITING), CAMPAIGN_CANCELLED);
	assert_int_equal(cancel_in(CAMPAIGN_INSTALLING), CAMPAIGN_CANCELLED);
	assert_int_equal(cancel_in(CAMPAIGN_VERIFYING), CAMPAIGN_DONE);
}

static void a_campaign_that_is_handed_to_the_flasher_is_stopped_and_cancelled(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->acks = false;
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_STOP_FLASH], 1);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	assert_false(s->ecus[ENGINE].erased);
	assert_false(s->gateway->flashing);
	sim_free(s);
}

static void after_the_first_erase_it_is_finished_first(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	while (!s->ecus[ENGINE].erased)
		assert_true(sim_step(s));
	s->acks = false;
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->counts[GATEWAY_OUT_STOP_FLASH], 0);
	s->acks = true;
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE); /* and forgotten */
	sim_free(s);
}

static void a_cancellation_survives_a_kill(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	sim_pump(s);
	sim_kill(s, true);
	s->reachable = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	sim_free(s);
}

static void a_final_campaign_stays_while_it_is_listed(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	s->director->n_campaigns = 0;
	sim_issue(s, 3, 103);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE);
	assert_false(s->disk.has[0]);
	sim_free(s);
}

static void other_terms_are_answered_anew(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	DOC(s).window_start_unix_s = UNIX_BASE + 5000;
	DOC(s).consent_required = true;
	sim_for(s, 60 * SECOND);
	assert_true(sim_campaign(s)->confirmed);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c1", true), GATEWAY_CODE_OK);
	s->confirm = false;
	DOC(s).window_start_unix_s = UNIX_BASE + 10;
	sim_issue(s, 2, 102);
	sim_settle(s);
	assert_int_equal(s->n_answers, 2);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONFIRM);
	gateway_confirm(s->gateway, s->now_us, "c1", 2, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT); /* it was given to other terms */
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c1", true), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_confirmation_that_crosses_a_new_document_counts(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	sim_for(s, 30 * SECOND);
	sim_issue(s, 2, 102); /* the same campaign on the same terms */
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_confirmation_of_old_terms_does_not_count(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	sim_for(s, 30 * SECOND);
	DOC(s).window_end_unix_s += 1000;
	sim_issue(s, 2, 102);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONFIRM);
	sim_free(s);
}

static void other_files_are_an_offer_anew(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	DOC(s).manifest = sim_file(77, 600);
	s->confirm = true;
	sim_issue(s, 2, 102);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_OFFERED);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_OFFERED), 2);
	sim_free(s);
}

static void more_campaigns_than_slots_are_taken_once_reports_are_recorded(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->n_campaigns = GATEWAY_MAX_CAMPAIGNS;
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		s->director->campaigns[i] = DOC(s);
		snprintf(s->director->campaigns[i].id, GATEWAY_NAME_BYTES, "a%u", i);
		snprintf(s->director->campaigns[i].targets[0].ecu, GATEWAY_NAME_BYTES, "radio"); /* declined */
	}
	s->acks = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		snprintf(s->director->campaigns[i].id, GATEWAY_NAME_BYTES, "b%u", i);
	sim_issue(s, 2, 102);
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_TOO_MANY_CAMPAIGNS);
	assert_int_equal(s->gateway->director_version, 1);
	s->acks = true;
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->gateway->director_version, 2);
	assert_int_not_equal(gateway_campaign_index(s->gateway, "b7"), -1);
	assert_int_equal(gateway_campaign_index(s->gateway, "a0"), -1);
	sim_free(s);
}

/* as gatewayd/io restores it once other keys sign: nothing held, and campaigns of no version */
static void campaigns_go_on_though_versions_count_from_0_again(void **state)
{
	(void)state;
	for (int lists_it = 0; lists_it < 2; lists_it++) {
		struct sim *s = sim_new();

		s->director->version = UINT64_MAX;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 0); /* the battery is too low */
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(s->disk.director_version, UINT64_MAX);
		sim_kill(s, true);
		s->disk.director_version = s->disk.campaigns[0].director_version = 0;
		memset(s->disk.director_sha256, 0, 32);
		s->director->version = 1;
		s->director->n_campaigns = (uint8_t)lists_it;
		sim_fill(s->director_sha256, 110);
		sim_start(s);
		sim_for(s, 60 * SECOND);
		assert_int_equal(s->gateway->director_version, 1);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 120 * SECOND);
		assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DONE), lists_it);
		assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_CANCELLED), !lists_it);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_does_not_fit_the_vehicle_is_declined_with_its_code),
	    cmocka_unit_test(a_mode_that_was_registered_is_taken),
	    cmocka_unit_test(a_replaced_ecu_ends_the_campaign_that_was_made_for_the_old_one),
	    cmocka_unit_test(an_older_document_is_refused),
	    cmocka_unit_test(the_same_version_with_other_content_is_refused),
	    cmocka_unit_test(a_refusal_is_logged_and_reported_once),
	    cmocka_unit_test(a_campaign_that_vanishes_is_cancelled_before_its_first_erase),
	    cmocka_unit_test(a_campaign_that_is_handed_to_the_flasher_is_stopped_and_cancelled),
	    cmocka_unit_test(after_the_first_erase_it_is_finished_first),
	    cmocka_unit_test(a_cancellation_survives_a_kill),
	    cmocka_unit_test(a_final_campaign_stays_while_it_is_listed),
	    cmocka_unit_test(other_terms_are_answered_anew),
	    cmocka_unit_test(a_confirmation_that_crosses_a_new_document_counts),
	    cmocka_unit_test(a_confirmation_of_old_terms_does_not_count),
	    cmocka_unit_test(other_files_are_an_offer_anew),
	    cmocka_unit_test(campaigns_go_on_though_versions_count_from_0_again),
	    cmocka_unit_test(more_campaigns_than_slots_are_taken_once_reports_are_recorded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
