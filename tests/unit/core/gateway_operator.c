/* gateway: what driver and operator say to it: later, no, cancel, look now, and that another tester wants the buses. */
#include "tests/unit/core/fixture.h"

#define DAY    86400ull
#define DOC(s) ((s)->director->campaigns[0])

static uint64_t latest;

static bool bits_running(const struct sim *s)
{
	return s->ecus[ENGINE].running || s->ecus[BRAKE].running;
}

/* waits for the driver's consent, all else holds */
static struct sim *consent_awaited(void)
{
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	DOC(s).window_end_unix_s = UNIX_BASE + 40 * DAY;
	s->config.postpone_max_s[URGENCY_LOW] = 30 * DAY;
	s->config.postpone_max_s[URGENCY_NORMAL] = 14 * DAY;
	s->config.postpone_max_s[URGENCY_HIGH] = 3 * DAY;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	return s;
}

static size_t count_code(const struct sim *s, unsigned code)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++)
		n += s->applied_reports[i].code == code;
	return n;
}

static void restart(struct sim *s)
{
	sim_settle(s);
	sim_kill(s, false);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
}

/* --- no */

static void what_the_driver_declined_is_not_offered_again_by_a_session_a_restart_or_a_version(void **state)
{
	(void)state;
	struct sim *s = consent_awaited();

	assert_int_equal(gateway_decline(s->gateway, s->now_us, "c1", "not before my holidays"), GATEWAY_CODE_OK);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_string_equal(sim_campaign(s)->text, "declined by the driver: not before my holidays");
	sim_settle(s);
	assert_int_equal(s->answer, ANSWER_DECLINE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_DECLINED_BY_DRIVER);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DECLINED), 1);
	sim_drop_session(s);
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	restart(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_DECLINED_BY_DRIVER);
	sim_issue(s, 2, 101); /* says the same */
	sim_for(s, 60 * SECOND);
	restart(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DECLINED), 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_free(s);
}

static void what_was_declined_is_offered_again_once_the_document_says_something_else(void **state)
{
	(void)state;
	for (unsigned change = 0; change < 4; change++) {
		struct sim *s = consent_awaited();

		assert_int_equal(gateway_decline(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_OK);
		sim_settle(s);
		if (change == 0)
			DOC(s).window_end_unix_s += 10;
		else if (change == 1)
			DOC(s).manifest = sim_file(2, 501);
		else if (change == 2)
			DOC(s).urgency = URGENCY_CRITICAL;
		else
			DOC(s).consent_required = false;
		sim_issue(s, 2, 101);
		sim_for(s, 60 * SECOND);
		if (change == 3) {
			assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		} else {
			assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
			assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
			sim_for(s, 60 * SECOND);
			assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		}
		sim_free(s);
	}
}

static void a_cancelled_campaign_is_reported_with_its_reason_and_changes_nothing(void **state)
{
	(void)state;
	struct sim *s = consent_awaited();

	assert_int_equal(gateway_cancel(s->gateway, s->now_us, "other", NULL), GATEWAY_CODE_NO_SUCH_CAMPAIGN);
	assert_int_equal(gateway_cancel(s->gateway, s->now_us, "c1", "the workshop flashes it"), GATEWAY_CODE_OK);
	assert_int_equal(gateway_cancel(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_WRONG_STATE);
	restart(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_CANCELLED_BY_OPERATOR);
	assert_string_equal(sim_campaign(s)->text, "cancelled by the operator: the workshop flashes it");
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_CANCELLED), 1);
	sim_issue(s, 2, 101);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_free(s);
}

static void a_flash_that_has_not_erased_anything_is_stopped_for_who_cancels_or_declines(void **state)
{
	(void)state;
	for (unsigned declines = 0; declines < 2; declines++) {
		struct sim *s = consent_awaited();

		s->hold_stores = true; /* the intent to erase never becomes durable */
		gateway_approve(s->gateway, s->now_us, "c1");
		s->hold_stores = false;
		s->hold_intents = true;
		sim_settle(s);
		assert_true(bits_running(s));
		/* its intents are stored: they count as erased */
		assert_int_equal(declines ? gateway_decline(s->gateway, s->now_us, "c1", NULL)
					  : gateway_cancel(s->gateway, s->now_us, "c1", NULL),
				 GATEWAY_CODE_POINT_OF_NO_RETURN);
		s->hold_intents = false;
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void it_is_stopped_where_the_flash_was_handed_over_and_erases_nothing_yet(void **state)
{
	(void)state;
	for (unsigned declines = 0; declines < 2; declines++) {
		struct sim *s = consent_awaited();

		gateway_approve(s->gateway, s->now_us, "c1");
		for (unsigned n = 0; n < 100 && !sim_campaign(s)->targets[0].running; n++)
			sim_step(s);
		assert_true(sim_campaign(s)->targets[0].running);
		assert_false(sim_campaign(s)->targets[0].erased);
		assert_int_equal(declines ? gateway_decline(s->gateway, s->now_us, "c1", NULL)
					  : gateway_cancel(s->gateway, s->now_us, "c1", NULL),
				 GATEWAY_CODE_OK);
		sim_for(s, 600 * SECOND);
		assert_int_equal(sim_campaign(s)->state, declines ? CAMPAIGN_DECLINED : CAMPAIGN_CANCELLED);
		assert_false(s->ecus[ENGINE].erased || s->ecus[BRAKE].erased);
		assert_string_equal(s->ecus[ENGINE].identity.application_version, "1.0");
		sim_free(s);
	}
}

/* --- later */

static void what_the_driver_postponed_begins_then_also_after_a_restart_and_without_a_connection(void **state)
{
	(void)state;
	struct sim *s = consent_awaited();
	const uint64_t start_s = UNIX_BASE + s->now_us / SECOND + 2 * DAY;

	gateway_approve(s->gateway, s->now_us, "c1");
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", start_s, &latest), GATEWAY_CODE_OK);
	sim_settle(s);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_BY_DRIVER);
	assert_int_equal(s->proposed, start_s);
	assert_true(count_code(s, GATEWAY_CODE_POSTPONED_BY_DRIVER) >= 1);
	restart(s);
	assert_int_equal(sim_campaign(s)->answer_code, GATEWAY_CODE_POSTPONED_BY_DRIVER); /* should it be said again */
	assert_true(sim_campaign(s)->code == GATEWAY_CODE_POSTPONED_BY_DRIVER ||
		    sim_campaign(s)->code == GATEWAY_CODE_WAITING_START);
	s->reachable = false;
	sim_drop_session(s);
	sim_run(s, (start_s - UNIX_BASE - 1) * SECOND);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_for(s, 60 * SECOND);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "2.0");
	sim_free(s);
}

static void an_approval_ends_a_postponement(void **state)
{
	(void)state;
	struct sim *s = consent_awaited();
	const uint64_t now_s = UNIX_BASE + s->now_us / SECOND;

	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", now_s + DAY, &latest), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_WRONG_STATE);
	sim_free(s);
}

static void how_long_in_all_is_bounded_by_urgency_and_window(void **state)
{
	(void)state;
	static const struct {
		enum urgency urgency;
		uint64_t window_days, most_s; /* from the acceptance; 0: not at all */
	} rows[] = {
	    {URGENCY_LOW, 40, 30 * DAY},     {URGENCY_NORMAL, 40, 14 * DAY},   {URGENCY_HIGH, 40, 3 * DAY},
	    {URGENCY_HIGH, 2, 2 * DAY - 60}, {URGENCY_LOW, 15, 15 * DAY - 60}, {URGENCY_CRITICAL, 40, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sim *s = consent_awaited();
		uint64_t begun_s = sim_campaign(s)->accepted_unix_s, now_s, most_s = rows[i].most_s;

		DOC(s).urgency = rows[i].urgency;
		DOC(s).window_end_unix_s = begun_s + rows[i].window_days * DAY - 60;
		sim_issue(s, 2, 101);
		sim_for(s, 3600 * SECOND);
		if (most_s > rows[i].window_days * DAY - 120) /* the window's end, and the update has to fit in */
			most_s -= sim_campaign(s)->view.need_s;
		now_s = UNIX_BASE + s->now_us / SECOND;
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", now_s, &latest), GATEWAY_CODE_INVALID);
		assert_int_equal(latest, most_s ? begun_s + most_s : 0);
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", begun_s + most_s + 7200 + 1, &latest),
				 GATEWAY_CODE_POSTPONE_LIMIT);
		if (!most_s) {
			sim_free(s);
			continue;
		}
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", latest + 1, &latest),
				 GATEWAY_CODE_POSTPONE_LIMIT);
		/* again and again does not make it longer */
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", now_s + DAY, &latest), GATEWAY_CODE_OK);
		sim_for(s, 3600 * SECOND);
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", latest, &latest), GATEWAY_CODE_OK);
		assert_int_equal(latest, begun_s + most_s);
		sim_free(s);
	}
}

static void a_greater_urgency_or_a_shorter_window_ends_a_postponement_that_it_does_not_allow(void **state)
{
	(void)state;
	for (unsigned change = 0; change < 3; change++) {
		struct sim *s = consent_awaited();
		const uint64_t now_s = UNIX_BASE + s->now_us / SECOND;

		assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", now_s + 5 * DAY, &latest),
				 GATEWAY_CODE_OK);
		sim_for(s, 60 * SECOND);
		if (change == 0)
			DOC(s).urgency = URGENCY_CRITICAL;
		else if (change == 1)
			DOC(s).urgency = URGENCY_LOW;
		else
			DOC(s).window_end_unix_s = now_s + 4 * DAY;
		sim_issue(s, 2, 101);
		sim_for(s, 600 * SECOND);
		assert_int_equal(sim_campaign(s)->driver_start_unix_s, change == 1 ? now_s + 5 * DAY : 0);
		if (change == 0)
			assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		else if (change == 2) /* consent was given for other terms */
			assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
		sim_free(s);
	}
}

static void nothing_is_postponed_that_has_changed_an_ecu(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->config.postpone_max_s[URGENCY_NORMAL] = DAY;
	for (unsigned n = 0; n < 1000 && !s->ecus[ENGINE].erased; n++)
		sim_step(s);
	assert_true(s->ecus[ENGINE].erased);
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", UNIX_BASE + 3600, &latest),
			 GATEWAY_CODE_POINT_OF_NO_RETURN);
	assert_int_equal(gateway_cancel(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_POINT_OF_NO_RETURN);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(gateway_decline(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_WRONG_STATE);
	sim_free(s);
}

/* --- look now */

static void a_check_connects_at_once_and_asks_again_in_a_session(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	size_t checked;
	uint32_t wait_s;

	s->reachable = false;
	sim_start(s);
	sim_for(s, 3600 * SECOND); /* the pause is as long as it gets */
	s->reachable = true;
	assert_int_equal(s->gateway->session.state, SESSION_DOWN);
	assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_OK);
	sim_settle(s);
	assert_int_equal(s->gateway->session.state, SESSION_UP);
	checked = s->counts[GATEWAY_OUT_SEND_CHECK];
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_OK);
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_CHECK], checked + 1);
	sim_free(s);
}

static void checks_are_limited_to_one_a_minute_and_three_an_hour(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	uint32_t wait_s;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_OK);
		sim_for(s, 20 * SECOND);
		assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_RATE_LIMITED);
		if (i < 2)
			assert_int_equal(wait_s, 40);
		sim_for(s, 40 * SECOND);
	}
	assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_RATE_LIMITED);
	assert_int_equal(wait_s, 3600 - 180);
	sim_for(s, wait_s * SECOND);
	assert_int_equal(gateway_check_now(s->gateway, s->now_us, &wait_s), GATEWAY_CODE_OK);
	sim_free(s);
}

/* --- another tester */

static void another_tester_gets_the_buses_and_nothing_of_ours_is_on_them_until_it_leaves(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	char text[GATEWAY_TEXT_BYTES];
	size_t identified;

	DOC(s).window_start_unix_s = UNIX_BASE + 120;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_lock_diagnostics(s->gateway, s->now_us, true, text), GATEWAY_CODE_OK);
	assert_true(s->gateway->diagnostics_locked);
	identified = s->counts[GATEWAY_OUT_IDENTIFY];
	sim_for(s, 600 * SECOND);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_DIAGNOSTICS_LOCKED);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], identified);
	assert_int_equal(gateway_lock_diagnostics(s->gateway, s->now_us, false, text), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_true(s->counts[GATEWAY_OUT_IDENTIFY] > identified); /* whatever it did to the ECUs */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_is_finished_before_another_tester_gets_the_buses(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	char text[GATEWAY_TEXT_BYTES];

	for (unsigned n = 0; n < 1000 && !s->ecus[ENGINE].erased; n++)
		sim_step(s);
	assert_int_equal(gateway_lock_diagnostics(s->gateway, s->now_us, true, text), GATEWAY_CODE_OK);
	assert_false(s->gateway->diagnostics_locked);
	for (unsigned n = 0; n < 1000 && !s->gateway->diagnostics_locked; n++) {
		assert_true(sim_step(s));
		assert_true(!s->gateway->diagnostics_locked || (!s->ecus[ENGINE].erased && !s->ecus[BRAKE].erased));
	}
	assert_true(s->gateway->diagnostics_locked);
	assert_false(bits_running(s));
	gateway_lock_diagnostics(s->gateway, s->now_us, false, text);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_that_waits_for_long_refuses_the_buses_with_the_reason(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	char text[GATEWAY_TEXT_BYTES];

	for (unsigned n = 0; n < 1000 && !s->ecus[ENGINE].erased; n++)
		sim_step(s);
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 30, 12600); /* it is towed away */
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_lock_diagnostics(s->gateway, s->now_us, true, text), GATEWAY_CODE_DIAGNOSTICS_BUSY);
	assert_string_equal(text, "engine is erased and comes first: the vehicle is moving");
	assert_false(s->gateway->diagnostics_wanted);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void what_is_declined_or_cancelled_is_agreed_for_no_time(void **state)
{
	(void)state;
	for (unsigned cancelled = 0; cancelled < 2; cancelled++) {
		struct sim *s = consent_awaited();
		const uint64_t start_s = UNIX_BASE + s->now_us / SECOND + DAY;

		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", start_s, &latest), GATEWAY_CODE_OK);
		sim_settle(s);
		assert_int_equal(sim_campaign(s)->confirmed_start_unix_s, start_s);
		if (cancelled)
			assert_int_equal(gateway_cancel(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_OK);
		else
			assert_int_equal(gateway_decline(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_OK);
		assert_int_equal(sim_campaign(s)->proposed_start_unix_s, 0);
		assert_int_equal(sim_campaign(s)->confirmed_start_unix_s, 0);
		assert_int_equal(sim_campaign(s)->driver_start_unix_s, 0);
		sim_free(s);
	}
}

static void nobody_agrees_to_what_cannot_be_described_yet(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_OFFERED));
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_MANIFEST_NOT_READ);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c1", true), GATEWAY_CODE_MANIFEST_NOT_READ);
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", UNIX_BASE + 3600, &latest),
			 GATEWAY_CODE_MANIFEST_NOT_READ);
	assert_false(sim_campaign(s)->consent_given);
	sim_for(s, 60 * SECOND);
	assert_int_equal(count_code(s, GATEWAY_CODE_APPROVED_BY_DRIVER), 0);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_driver_declined_is_not_offered_again_by_a_session_a_restart_or_a_version),
	    cmocka_unit_test(what_was_declined_is_offered_again_once_the_document_says_something_else),
	    cmocka_unit_test(a_cancelled_campaign_is_reported_with_its_reason_and_changes_nothing),
	    cmocka_unit_test(a_flash_that_has_not_erased_anything_is_stopped_for_who_cancels_or_declines),
	    cmocka_unit_test(it_is_stopped_where_the_flash_was_handed_over_and_erases_nothing_yet),
	    cmocka_unit_test(what_the_driver_postponed_begins_then_also_after_a_restart_and_without_a_connection),
	    cmocka_unit_test(an_approval_ends_a_postponement),
	    cmocka_unit_test(how_long_in_all_is_bounded_by_urgency_and_window),
	    cmocka_unit_test(a_greater_urgency_or_a_shorter_window_ends_a_postponement_that_it_does_not_allow),
	    cmocka_unit_test(nothing_is_postponed_that_has_changed_an_ecu),
	    cmocka_unit_test(a_check_connects_at_once_and_asks_again_in_a_session),
	    cmocka_unit_test(checks_are_limited_to_one_a_minute_and_three_an_hour),
	    cmocka_unit_test(another_tester_gets_the_buses_and_nothing_of_ours_is_on_them_until_it_leaves),
	    cmocka_unit_test(an_erased_ecu_is_finished_before_another_tester_gets_the_buses),
	    cmocka_unit_test(an_erased_ecu_that_waits_for_long_refuses_the_buses_with_the_reason),
	    cmocka_unit_test(what_is_declined_or_cancelled_is_agreed_for_no_time),
	    cmocka_unit_test(nobody_agrees_to_what_cannot_be_described_yet),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
