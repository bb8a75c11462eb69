/* gateway: what it answers the backend, when it says so again, and which confirmation is one of its answer. */
#include "tests/unit/core/fixture.h"

#define DOC(s) ((s)->director->campaigns[0])

static void a_campaign_is_not_answered_before_its_manifest_is_read(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_OFFERED));
	s->manifest_code = GATEWAY_CODE_BAD_SIGNATURE;
	DOC(s).window_end_unix_s -= 10; /* new terms */
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->n_answers, 1);
	assert_int_equal(s->answer, ANSWER_DECLINE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_BAD_SIGNATURE);
	sim_free(s);
}

static void what_was_not_answered_is_not_confirmed(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_OFFERED));
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONFIRM);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

/* the backend asks for the ignition to be on, and nobody drives */
static void with_the_ignition_on_it_is_accepted_where_it_has_to_be_and_the_vehicle_stands_still(void **state)
{
	(void)state;
	for (unsigned moves = 0; moves < 2; moves++) {
		struct sim *s = sim_new();

		sim_no_conditions_of_author(s);
		DOC(s).conditions[0].kind = CONDITION_IGNITION_ON;
		sim_start(s);
		sim_signals(s, IGNITION_ON, moves ? 50 : 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(s->answer, moves ? ANSWER_POSTPONE : ANSWER_ACCEPT);
		assert_int_equal(sim_campaign(s)->state, moves ? CAMPAIGN_WAITING : CAMPAIGN_DONE);
		sim_free(s);
	}
}

/* Return: what was said in the next session */
static size_t answers_of_a_session(struct sim *s)
{
	const size_t n = s->n_answers;

	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_true(s->session);
	return s->n_answers - n;
}

static void what_is_confirmed_is_not_said_again(void **state)
{
	(void)state;
	for (unsigned used = 0; used < 2; used++) {
		struct sim *s = sim_new();

		DOC(s).consent_required = true; /* which it waits for */
		sim_start(s);
		sim_signals(s, used ? IGNITION_ON : IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(s->answer, used ? ANSWER_POSTPONE : ANSWER_ACCEPT);
		assert_true(sim_campaign(s)->confirmed);
		assert_int_equal(answers_of_a_session(s), 0);
		sim_free(s);
	}
}

static void an_answer_to_a_campaign_that_is_over_is_not_said_again(void **state)
{
	(void)state;
	for (unsigned used = 0; used < 2; used++) {
		struct sim *s = sim_new();

		s->confirm = false;
		DOC(s).window_end_unix_s = UNIX_BASE + 1000;
		sim_start(s);
		sim_signals(s, used ? IGNITION_ON : IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(s->answer, used ? ANSWER_POSTPONE : ANSWER_ACCEPT);
		assert_int_equal(answers_of_a_session(s), 1);
		sim_run(s, 1000 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_EXPIRED);
		assert_int_equal(answers_of_a_session(s), 0);
		sim_free(s);
	}
}

/* the confirmation that is held is one for later */
static void an_acceptance_after_a_postponement_is_said_until_it_is_confirmed(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_true(sim_campaign(s)->confirmed);
	s->confirm = false;
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_START);
	assert_int_equal(answers_of_a_session(s), 1); /* it may not have arrived */
	s->confirm = true;
	assert_int_equal(answers_of_a_session(s), 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_true(s->now_us < 3600 * SECOND);
	sim_free(s);
}

static void what_the_driver_postponed_is_said_until_that_time_is_confirmed(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t latest;

	DOC(s).consent_required = true;
	s->config.postpone_max_s[URGENCY_NORMAL] = 86400;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_true(sim_campaign(s)->confirmed); /* for an hour from then on */
	s->confirm = false;
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", UNIX_BASE + 36000, &latest), GATEWAY_CODE_OK);
	sim_settle(s);
	assert_int_equal(answers_of_a_session(s), 1);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_BY_DRIVER);
	assert_int_equal(s->proposed, UNIX_BASE + 36000);
	s->confirm = true;
	assert_int_equal(answers_of_a_session(s), 1);
	assert_int_equal(answers_of_a_session(s), 0);
	assert_int_equal(sim_campaign(s)->confirmed_start_unix_s, UNIX_BASE + 36000);
	sim_free(s);
}

/* to propose it would be to accept */
static void what_the_driver_postponed_to_a_time_that_is_over_is_not_said_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t latest;

	s->config.postpone_max_s[URGENCY_NORMAL] = 86400;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	s->confirm = false;
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", UNIX_BASE + 36000, &latest), GATEWAY_CODE_OK);
	sim_run(s, 36000 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(answers_of_a_session(s), 0);
	sim_free(s);
}

static void a_confirmation_that_comes_again_is_not_written_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	size_t n_stores;

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_true(sim_campaign(s)->confirmed);
	n_stores = s->counts[GATEWAY_OUT_STORE];
	gateway_confirm(s->gateway, s->now_us, "c1", 1, s->proposed);
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_STORE], n_stores);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, s->proposed + 600); /* another time is news */
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_STORE], n_stores + 1);
	assert_int_equal(s->disk.campaigns[0].confirmed_start_unix_s, s->proposed + 600);
	sim_free(s);
}

static void a_confirmation_of_an_answer_before_the_drivers_word_does_not_count(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t latest;

	s->confirm = false;
	s->config.postpone_max_s[URGENCY_NORMAL] = 86400;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	sim_issue(s, 2, 102); /* says the same */
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", UNIX_BASE + 36000, &latest), GATEWAY_CODE_OK);
	sim_settle(s);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, UNIX_BASE + 3600);
	assert_false(sim_campaign(s)->confirmed);
	gateway_confirm(s->gateway, s->now_us, "c1", 2, UNIX_BASE + 36000);
	assert_true(sim_campaign(s)->confirmed);
	sim_free(s);
}

static void a_confirmation_that_comes_too_late_agrees_on_nothing(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->confirm = false;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_cancel(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_OK);
	gateway_confirm(s->gateway, s->now_us, "c1", 1, s->proposed);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	assert_int_equal(sim_campaign(s)->confirmed_start_unix_s, 0);
	sim_free(s);
}

/* it stays parked for each hour of the week but the one that has begun */
static void learn_a_drive_soon(struct sim *s)
{
	struct parking parking;
	struct zone utc;

	parking_init(&parking);
	zone_utc(&utc);
	for (uint64_t week = 3; week > 0; week--) {
		const uint64_t at_s = UNIX_BASE - week * 7 * 86400;

		parking_observe(&parking, &utc, at_s, true);
		parking_observe(&parking, &utc, at_s + 1200, false);
		parking_observe(&parking, &utc, at_s + 2400, true);
	}
	parking_observe(&parking, &utc, UNIX_BASE - 10, true);
	parking_encode(&parking, s->disk.parking);
}

static void what_the_driver_wants_now_is_postponed_by_new_terms(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	learn_a_drive_soon(s);
	zone_utc(&s->config.zone);
	s->config.postpone_max_s[URGENCY_NORMAL] = 86400;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 11000); /* with too little power to begin */
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_DRIVE);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	DOC(s).window_end_unix_s--;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_DRIVE);
	sim_free(s);
}

static void from_the_agreed_second_on_it_is_not_negotiated_anew(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	sim_run(s, (s->proposed - UNIX_BASE) * SECOND);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->n_answers, 1);
	sim_free(s);
}

static void a_refusal_is_said_until_its_report_is_recorded(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->acks = false;
	s->manifest_code = GATEWAY_CODE_BAD_SIGNATURE;
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->answer, ANSWER_DECLINE);
	assert_int_equal(answers_of_a_session(s), 1);
	s->acks = true;
	assert_int_equal(answers_of_a_session(s), 1);
	assert_int_equal(answers_of_a_session(s), 0);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_is_not_answered_before_its_manifest_is_read),
	    cmocka_unit_test(what_was_not_answered_is_not_confirmed),
	    cmocka_unit_test(with_the_ignition_on_it_is_accepted_where_it_has_to_be_and_the_vehicle_stands_still),
	    cmocka_unit_test(what_is_confirmed_is_not_said_again),
	    cmocka_unit_test(an_answer_to_a_campaign_that_is_over_is_not_said_again),
	    cmocka_unit_test(an_acceptance_after_a_postponement_is_said_until_it_is_confirmed),
	    cmocka_unit_test(what_the_driver_postponed_is_said_until_that_time_is_confirmed),
	    cmocka_unit_test(what_the_driver_postponed_to_a_time_that_is_over_is_not_said_again),
	    cmocka_unit_test(a_confirmation_that_comes_again_is_not_written_again),
	    cmocka_unit_test(a_confirmation_of_an_answer_before_the_drivers_word_does_not_count),
	    cmocka_unit_test(a_confirmation_that_comes_too_late_agrees_on_nothing),
	    cmocka_unit_test(what_the_driver_wants_now_is_postponed_by_new_terms),
	    cmocka_unit_test(from_the_agreed_second_on_it_is_not_negotiated_anew),
	    cmocka_unit_test(a_refusal_is_said_until_its_report_is_recorded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
