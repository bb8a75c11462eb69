/*
 * gateway: what a newer document, another registration or a change of both makes of a campaign that is waiting, being
 * flashed, changed or over.
 */
#include "tests/unit/core/fixture.h"

#define DOC(s) ((s)->director->campaigns[0])

static void other_content(struct sim *s)
{
	DOC(s).manifest = sim_file(2, 501);
}

static void other_terms(struct sim *s)
{
	DOC(s).consent_required = true;
}

/* the brake failed and is tried again in ten seconds, the engine is verified */
static struct sim *changed(bool erased)
{
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	s->ecus[BRAKE].fail_before_erase = !erased;
	sim_for(s, 5 * SECOND);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	return s;
}

static void a_campaign_that_has_changed_an_ecu_ends_as_it_was_accepted(void **state)
{
	static void (*const changes[])(struct sim *) = {other_content, other_terms};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct sim *s = changed(i & 1);

		changes[i / 2](s);
		sim_issue(s, 2, 102);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_OFFERED), 1);
		assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
		sim_free(s);
	}
}

/* as it would after a restart, which reads the newer document */
static void a_new_pace_counts_for_one_that_has_changed_an_ecu_too(void **state)
{
	(void)state;
	struct sim *s = changed(false);

	s->ecus[BRAKE].fail_times = 1;
	DOC(s).retry_pause_s = 600;
	sim_issue(s, 2, 102);
	sim_for(s, 300 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 2);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	sim_for(s, 2 * 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void one_that_vanished_and_is_listed_again_is_not_offered_again_when_it_is_done(void **state)
{
	(void)state;
	struct sim *s = changed(false);

	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	sim_settle(s);
	s->director->n_campaigns = 1;
	sim_issue(s, 3, 103);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_issue(s, 4, 104); /* its reports are recorded by now */
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_OFFERED), 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

/* 2023-11-14 22:13:20 UTC */
static void what_a_zone_says_anew_moves_the_window(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).n_recurring = 1;
	DOC(s).recurring[0] =
	    (struct window_recurrence){.days = 127, .start_minute = 120, .duration_s = 3600, .zone_name = "Test/Zone"};
	zone_utc(&DOC(s).recurring[0].zone);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	assert_true(zone_parse_rule(&DOC(s).recurring[0].zone, "CET-1", 5));
	sim_issue(s, 2, 102);
	sim_run(s, (3600 + 2800) * SECOND + 3600 * SECOND - 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_for(s, 60 * SECOND); /* one o'clock UTC */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_new_urgency_outlives_a_restart_without_a_connection(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	DOC(s).urgency = URGENCY_HIGH;
	sim_issue(s, 2, 102);
	sim_settle(s);
	sim_kill(s, false);
	s->reachable = false;
	sim_start(s);
	assert_int_equal(sim_campaign(s)->doc.urgency, URGENCY_HIGH);
	sim_free(s);
}

static void other_content_stops_what_was_under_way_for_the_one_before(void **state)
{
	static const struct {
		enum gateway_output_kind under_way, end;
	} cases[] = {{GATEWAY_OUT_FETCH, GATEWAY_OUT_CANCEL_FETCH}, {GATEWAY_OUT_FLASH, GATEWAY_OUT_STOP_FLASH}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sim *s = sim_new_parked();

		while (!s->n_tasks || s->tasks[0].kind != cases[i].under_way || !sim_campaign(s)->has_manifest)
			assert_true(sim_step(s));
		other_content(s);
		sim_issue(s, 2, 102);
		sim_pump(s);
		assert_int_equal(s->counts[cases[i].end], 1);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void one_that_is_taken_back_while_it_is_flashed_ends_with_its_flash(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_until_next(s, GATEWAY_OUT_FLASH);
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
	s->acks = false; /* so that it is still known */
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_CANCELLED);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "1.0");
	sim_free(s);
}

static void one_that_is_over_is_not_answered_for_a_new_urgency(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t latest;

	s->config.postpone_max_s[URGENCY_NORMAL] = 80000;
	s->config.postpone_max_s[URGENCY_HIGH] = 3600;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	while (!sim_campaign(s)->has_manifest)
		assert_true(sim_step(s));
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", UNIX_BASE + 80000, &latest), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	snprintf(s->ecus[BRAKE].identity.hardware_id, sizeof s->ecus[BRAKE].identity.hardware_id, "HW-new");
	sim_signals(s, IGNITION_ON, 0, 12600); /* which has them asked who they are */
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	s->n_answers = 0;
	DOC(s).urgency = URGENCY_HIGH; /* which lets nobody postpone it for so long */
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->n_answers, 0);
	sim_free(s);
}

/* the document does not say for which hardware it is, or says another than the manifest */
static void a_component_for_other_hardware_is_declined(void **state)
{
	(void)state;
	for (unsigned said = 0; said < 2; said++) {
		struct sim *s = sim_new();

		if (said)
			s->ecus[BRAKE].present = false; /* so that only the documents are there to compare */
		else
			DOC(s).targets[BRAKE].hardware_id[0] = 0;
		snprintf(s->manifest->components[BRAKE].hardware_ids[0], GATEWAY_NAME_BYTES, "HW-other");
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
		assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_HARDWARE);
		sim_free(s);
	}
}

/* --- registrations */

static struct sim *registered(enum update_mode mode)
{
	struct sim *s = sim_new();

	s->mode = mode;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

static void register_as(struct sim *s, enum update_mode mode)
{
	s->mode = mode;
	sim_register(s);
}

static void one_of_a_wrong_mode_is_declined_once(void **state)
{
	(void)state;
	struct sim *s = registered(MODE_SERVER);

	for (unsigned n = 0; n < 3; n++) {
		sim_for(s, 60 * SECOND);
		register_as(s, n % 2 ? MODE_SERVER : MODE_CLIENT);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	}
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DECLINED), 1);
	sim_free(s);
}

static void what_was_taken_back_is_not_offered_again_for_its_mode(void **state)
{
	(void)state;
	struct sim *s = registered(MODE_SERVER);

	s->acks = false; /* so that it is still known */
	sim_for(s, 10 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_MODE_MISMATCH);
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	register_as(s, MODE_NEGOTIATED);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_free(s);
}

static void what_the_driver_declined_is_not_offered_again_for_another_table_of_modes(void **state)
{
	(void)state;
	struct sim *s = registered(MODE_NEGOTIATED);

	DOC(s).consent_required = true;
	sim_for(s, 10 * SECOND);
	assert_int_equal(gateway_decline(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_OK);
	sim_for(s, 10 * SECOND);
	register_as(s, MODE_SERVER);
	register_as(s, MODE_NEGOTIATED);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_DECLINED_BY_DRIVER);
	sim_free(s);
}

static void for_another_mode_it_is_declined_once_its_flash_has_ended_and_not_if_the_mode_is_right_again(void **state)
{
	(void)state;
	for (unsigned again = 0; again < 2; again++) {
		struct sim *s = registered(MODE_NEGOTIATED);

		sim_until_next(s, GATEWAY_OUT_FLASH);
		register_as(s, MODE_CLIENT);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
		if (again)
			register_as(s, MODE_NEGOTIATED);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, again ? CAMPAIGN_DONE : CAMPAIGN_DECLINED);
		assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DECLINED), !again);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_that_has_changed_an_ecu_ends_as_it_was_accepted),
	    cmocka_unit_test(a_new_pace_counts_for_one_that_has_changed_an_ecu_too),
	    cmocka_unit_test(one_that_vanished_and_is_listed_again_is_not_offered_again_when_it_is_done),
	    cmocka_unit_test(what_a_zone_says_anew_moves_the_window),
	    cmocka_unit_test(a_new_urgency_outlives_a_restart_without_a_connection),
	    cmocka_unit_test(other_content_stops_what_was_under_way_for_the_one_before),
	    cmocka_unit_test(one_that_is_taken_back_while_it_is_flashed_ends_with_its_flash),
	    cmocka_unit_test(one_that_is_over_is_not_answered_for_a_new_urgency),
	    cmocka_unit_test(a_component_for_other_hardware_is_declined),
	    cmocka_unit_test(one_of_a_wrong_mode_is_declined_once),
	    cmocka_unit_test(what_was_taken_back_is_not_offered_again_for_its_mode),
	    cmocka_unit_test(what_the_driver_declined_is_not_offered_again_for_another_table_of_modes),
	    cmocka_unit_test(
		for_another_mode_it_is_declined_once_its_flash_has_ended_and_not_if_the_mode_is_right_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
