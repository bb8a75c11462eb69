/* gateway: the table of modes over registrations and restarts, and the commands that belong to each mode. */
#include "tests/unit/core/fixture.h"

static struct sim *in_mode(enum update_mode mode)
{
	struct sim *s = sim_new();

	s->mode = mode;
	s->director->campaigns[0].mode = mode;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

static unsigned flashes(const struct sim *s)
{
	return s->ecus[ENGINE].n_flashes + s->ecus[BRAKE].n_flashes;
}

/* --- the table */

static void the_modes_are_in_force_after_a_restart_without_a_connection(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_NEGOTIATED);

	s->director->n_campaigns = 0;
	sim_for(s, 10 * SECOND);
	assert_int_equal(s->disk.modes.n, 1);
	sim_kill(s, false);
	s->mode = MODE_NONE; /* this backend fixes nothing: the table of before counts */
	s->reachable = false;
	sim_start(s);
	sim_for(s, 10 * SECOND);
	assert_int_equal(mode_of(&s->gateway->modes, "brake", URGENCY_LOW), MODE_NEGOTIATED);
	s->reachable = true;
	s->director->n_campaigns = 1;
	s->director->campaigns[0].mode = MODE_SERVER;
	s->director->version = 2;
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_MODE_MISMATCH);
	sim_free(s);
}

static void a_table_per_ecu_and_urgency_is_enforced(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->modes = (struct mode_table){.n = 3,
				       .entries = {{"", URGENCY_NONE, MODE_NEGOTIATED},
						   {"engine", URGENCY_NORMAL, MODE_SERVER},
						   {"brake", URGENCY_NORMAL, MODE_CLIENT}}};
	s->director->campaigns[0].mode = MODE_CLIENT; /* both ECUs: the one with more say for the vehicle */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->n_answers, 0);
	sim_free(s);
}

static void other_modes_judge_an_untouched_campaign_anew(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);

	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	s->mode = MODE_CLIENT;
	sim_drop_session(s);
	s->answers_director = false;
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_MODE_MISMATCH);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DECLINED), 1);
	s->mode = MODE_SERVER; /* and back, at the next check: it is offered again without a new document */
	sim_for(s, 4600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_TRIGGER);
	assert_int_equal(flashes(s), 0);
	sim_free(s);
}

static void other_modes_stop_a_flash_before_its_first_erase_and_not_after(void **state)
{
	(void)state;
	for (int erased = 0; erased < 2; erased++) {
		struct sim *s = in_mode(MODE_CLIENT);

		s->hold_intents = true;
		assert_true(sim_until(s, CAMPAIGN_INSTALLING));
		sim_settle(s);
		if (erased) {
			s->hold_intents = false;
			assert_true(sim_step(s));
			assert_true(s->disk.campaigns[0].targets[ENGINE].erased);
		}
		s->hold_intents = false;
		s->mode = MODE_NEGOTIATED;
		sim_register(s);
		sim_for(s, 120 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE); /* both intents were durable: too late */
		sim_free(s);
	}
}

/* --- client-initiated */

static void client_initiated_it_asks_downloads_and_installs_when_idle(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_CLIENT;
	s->director->campaigns[0].mode = MODE_CLIENT;
	s->only_when_asked = true;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->n_checks, 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->n_answers, 0);
	sim_free(s);
}

static void checks_come_at_the_interval_give_or_take_a_quarter(void **state)
{
	(void)state;
	uint64_t shortest = UINT64_MAX, longest = 0;
	struct sim *s = sim_new();

	s->mode = MODE_CLIENT;
	s->only_when_asked = true;
	s->director->n_campaigns = 0;
	s->config.poll_s = 1000;
	sim_start(s);
	sim_for(s, 40000 * SECOND);
	assert_in_range(s->n_checks, 32, 48);
	for (size_t i = 1; i < s->n_checks; i++) {
		uint64_t us = s->checked_us[i] - s->checked_us[i - 1];

		shortest = us < shortest ? us : shortest;
		longest = us > longest ? us : longest;
	}
	assert_in_range(shortest, 750 * SECOND, 900 * SECOND);
	assert_in_range(longest, 1100 * SECOND, 1250 * SECOND);
	sim_free(s);
}

static void the_backend_may_set_the_interval(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_CLIENT;
	s->poll_s = 100;
	s->director->n_campaigns = 0;
	sim_start(s);
	sim_for(s, 2000 * SECOND);
	assert_in_range(s->n_checks, 16, 27);
	sim_free(s);
}

static void the_session_is_closed_between_checks_and_opened_for_what_is_to_be_said(void **state)
{
	uint32_t wait_s;
	(void)state;
	struct sim *s = sim_new();
	size_t connects;

	s->mode = MODE_CLIENT;
	s->director->n_campaigns = 0;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_false(s->session);
	assert_true(s->gateway->session.resting);
	assert_int_not_equal(s->last_log_code, GATEWAY_CODE_TLS);
	connects = s->counts[GATEWAY_OUT_CONNECT];
	gateway_document_refused(s->gateway, s->now_us, GATEWAY_CODE_BAD_SIGNATURE,
				 "words"); /* a report of the vehicle */
	sim_for(s, 2 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_CONNECT], connects + 1);
	assert_int_equal(s->gateway->reports.n, 0);
	sim_for(s, 60 * SECOND);
	assert_false(s->session);
	assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_OK);
	sim_for(s, 2 * SECOND);
	assert_int_equal(s->n_checks, 2);
	sim_free(s);
}

static void an_ecu_that_is_looked_for_every_minute_opens_no_session(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_CLIENT;
	s->director->n_campaigns = 0;
	s->ecus[BRAKE].present = false;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 40 * SECOND);
	assert_true(s->gateway->session.resting);
	sim_for(s, 600 * SECOND);
	assert_true(s->counts[GATEWAY_OUT_IDENTIFY] > 8);
	assert_int_equal(s->counts[GATEWAY_OUT_CONNECT], 1);
	sim_free(s);
}

static void a_backend_that_does_not_answer_a_check_is_given_up(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_CLIENT;
	s->director->n_campaigns = 0;
	s->ignores_checks = s->only_when_asked = true;
	sim_start(s);
	sim_for(s, 30 * SECOND + SECOND / 2);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_CHECK], 1);
	assert_int_equal(s->counts[GATEWAY_OUT_DISCONNECT], 1);
	s->ignores_checks = false;
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->n_checks, 1); /* asked again in the next session, not at the next interval */
	sim_free(s);
}

static void client_initiated_neither_notice_trigger_nor_confirmation_is_taken(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_CLIENT);

	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 4 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	for (int i = 0; i < 4; i++) {
		s->last_error_code = 0;
		if (i == 0)
			gateway_notice(s->gateway, s->now_us, "c1", URGENCY_NORMAL, 1);
		else if (i == 1)
			gateway_notice(s->gateway, s->now_us, "c9", URGENCY_NORMAL, 9);
		else if (i == 2)
			gateway_trigger(s->gateway, s->now_us, "c1", 1);
		else
			gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
		sim_settle(s);
		assert_int_equal(s->last_error_code, GATEWAY_CODE_WRONG_MODE);
		assert_int_equal(s->last_log_code, GATEWAY_CODE_WRONG_MODE);
		assert_false(sim_campaign(s)->triggered || sim_campaign(s)->confirmed);
	}
	assert_int_equal(s->n_checks, 1);
	sim_free(s);
}

/* --- server-initiated */

static void server_initiated_it_downloads_and_waits_for_the_trigger(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);

	sim_for(s, 3600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_TRIGGER);
	assert_int_equal(s->n_answers, 0);
	assert_int_equal(flashes(s), 0);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0); /* is of another mode */
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_WRONG_MODE);
	assert_int_equal(flashes(s), 0);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(flashes(s), 2);
	sim_free(s);
}

static size_t reports_with(const struct sim *s, unsigned code)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++)
		n += s->applied_reports[i].code == code && s->applied_reports[i].campaign_state == CAMPAIGN_WAITING;
	return n;
}

static void a_trigger_does_not_override_the_vehicles_safety_and_each_reason_is_reported(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);

	sim_signals(s, IGNITION_ON, 50, 12600);
	sim_for(s, 30 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, 30 * SECOND);
	assert_int_equal(flashes(s), 0);
	assert_int_equal(reports_with(s, GATEWAY_CODE_WAITING_VEHICLE), 1);
	assert_string_equal(s->applied_reports[s->n_applied - 1].text, "the vehicle is moving");
	sim_for(s, 600 * SECOND);
	assert_int_equal(reports_with(s, GATEWAY_CODE_WAITING_VEHICLE), 1); /* on change alone */
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(reports_with(s, GATEWAY_CODE_WAITING_VEHICLE), 2);
	assert_string_equal(s->applied_reports[s->n_applied - 1].text, "the ignition is on");
	sim_kill(s, false); /* the trigger is durable */
	s->mode = MODE_NONE;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 11000);
	sim_for(s, 60 * SECOND);
	assert_int_equal(flashes(s), 0);
	assert_string_equal(s->applied_reports[s->n_applied - 1].text, "the battery is below 11500 mV");
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_reason_that_flickers_is_reported_every_ten_seconds_at_most(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);
	size_t before;

	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 30 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, 20 * SECOND);
	before = reports_with(s, GATEWAY_CODE_WAITING_VEHICLE);
	for (int i = 0; i < 1000; i++) {
		sim_signals(s, IGNITION_ON, i % 2 ? 50 : 0, 12600);
		sim_for(s, SECOND / 10);
	}
	assert_in_range(reports_with(s, GATEWAY_CODE_WAITING_VEHICLE) - before, 5, 11);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_string_equal(s->applied_reports[s->n_applied - 1].text, "the ignition is on"); /* the last one is told */
	sim_free(s);
}

static void a_trigger_that_comes_while_it_downloads_counts(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);

	assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_trigger_is_of_terms_that_are_held(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);

	sim_for(s, 30 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 2); /* of a document that did not come */
	sim_settle(s);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_WRONG_STATE);
	gateway_trigger(s->gateway, s->now_us, "c9", 1);
	sim_settle(s);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_NO_SUCH_CAMPAIGN);
	s->director->campaigns[0].window_end_unix_s++;
	sim_issue(s, 2, 101);
	sim_for(s, 10 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 1); /* of the terms before */
	sim_settle(s);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_WRONG_STATE);
	assert_false(sim_campaign(s)->triggered);
	gateway_trigger(s->gateway, s->now_us, "c1", 2);
	sim_settle(s);
	assert_true(sim_campaign(s)->triggered || sim_campaign(s)->state > CAMPAIGN_WAITING);
	sim_free(s);
}

static void new_terms_want_a_new_trigger(void **state)
{
	(void)state;
	struct sim *s = in_mode(MODE_SERVER);

	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 30 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, 30 * SECOND);
	s->director->campaigns[0].window_end_unix_s++;
	sim_issue(s, 2, 101);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_TRIGGER);
	assert_int_equal(flashes(s), 0);
	sim_free(s);
}

/* --- negotiated */

static void a_notice_is_asked_about_and_then_answered(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_NEGOTIATED;
	s->only_when_asked = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->n_checks, 0);
	gateway_notice(s->gateway, s->now_us, "c1", URGENCY_NORMAL, 1);
	gateway_notice(s->gateway, s->now_us, "c1", URGENCY_NORMAL, 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->n_checks, 1);
	assert_int_equal(s->n_answers, 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	gateway_notice(s->gateway, s->now_us, "c1", URGENCY_NORMAL, 1); /* repeated late */
	sim_for(s, 10 * SECOND);
	assert_int_equal(s->n_checks, 1);
	sim_free(s);
}

static void a_trigger_before_the_agreed_time_is_refused_and_at_it_taken(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_NEGOTIATED;
	s->confirm_start = UNIX_BASE + 600;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_settle(s);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_TRIGGER_EARLY);
	assert_false(sim_campaign(s)->triggered);
	sim_run(s, 600 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, SECOND);
	assert_true(sim_campaign(s)->triggered);
	assert_int_equal(reports_with(s, GATEWAY_CODE_WAITING_VEHICLE), 1); /* and why it does not begin */
	assert_int_equal(flashes(s), 0);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void what_is_not_confirmed_is_not_triggered(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_NEGOTIATED;
	s->confirm = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	gateway_trigger(s->gateway, s->now_us, "c1", 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_TRIGGER_EARLY);
	assert_int_equal(flashes(s), 0);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_modes_are_in_force_after_a_restart_without_a_connection),
	    cmocka_unit_test(a_table_per_ecu_and_urgency_is_enforced),
	    cmocka_unit_test(other_modes_judge_an_untouched_campaign_anew),
	    cmocka_unit_test(other_modes_stop_a_flash_before_its_first_erase_and_not_after),
	    cmocka_unit_test(client_initiated_it_asks_downloads_and_installs_when_idle),
	    cmocka_unit_test(checks_come_at_the_interval_give_or_take_a_quarter),
	    cmocka_unit_test(the_backend_may_set_the_interval),
	    cmocka_unit_test(the_session_is_closed_between_checks_and_opened_for_what_is_to_be_said),
	    cmocka_unit_test(an_ecu_that_is_looked_for_every_minute_opens_no_session),
	    cmocka_unit_test(a_backend_that_does_not_answer_a_check_is_given_up),
	    cmocka_unit_test(client_initiated_neither_notice_trigger_nor_confirmation_is_taken),
	    cmocka_unit_test(server_initiated_it_downloads_and_waits_for_the_trigger),
	    cmocka_unit_test(a_trigger_does_not_override_the_vehicles_safety_and_each_reason_is_reported),
	    cmocka_unit_test(a_reason_that_flickers_is_reported_every_ten_seconds_at_most),
	    cmocka_unit_test(a_trigger_that_comes_while_it_downloads_counts),
	    cmocka_unit_test(a_trigger_is_of_terms_that_are_held),
	    cmocka_unit_test(new_terms_want_a_new_trigger),
	    cmocka_unit_test(a_notice_is_asked_about_and_then_answered),
	    cmocka_unit_test(a_trigger_before_the_agreed_time_is_refused_and_at_it_taken),
	    cmocka_unit_test(what_is_not_confirmed_is_not_triggered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
