/*
 * gateway: a campaign that is cut off at every point of its way, by a power cut or a lost session, comes to its end,
 * and the backend records that end once.
 */
#include "tests/unit/core/fixture.h"

static void assert_ended_once(struct sim *s, size_t at)
{
	if (sim_campaign(s)->state != CAMPAIGN_DONE || sim_count_reports(s, "c1", CAMPAIGN_DONE) != 1)
		fprintf(stderr, "# cut at %zu: state %s (%s)\n", at, campaign_state_info(sim_campaign(s)->state)->name,
			sim_campaign(s)->text);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DONE), 1);
	assert_int_equal(sim_count_target_reports(s, "engine", TARGET_VERIFIED), 1);
	assert_int_equal(sim_count_target_reports(s, "brake", TARGET_VERIFIED), 1);
	for (unsigned i = 0; i < N_ECUS; i++) {
		assert_false(s->ecus[i].erased);
		assert_string_equal(s->ecus[i].identity.application_version, "2.0");
	}
	for (size_t i = 1; i < s->n_applied; i++)
		assert_true(s->applied_reports[i].sequence > s->applied_reports[i - 1].sequence);
	/* in its row, too: what is done stays done */
	assert_int_equal(s->disk.campaigns[0].state, CAMPAIGN_DONE);
}

/* Return: false if the campaign had ended before answer number @at */
static bool runs_to(struct sim *s, size_t at)
{
	for (size_t n = 0; n < at; n++) {
		if (sim_step(s))
			continue;
		if (sim_campaign(s)->state == CAMPAIGN_DONE)
			return false;
		s->now_us = gateway_deadline(s->gateway);
		gateway_expire(s->gateway, s->now_us);
	}
	return true;
}

static size_t kill_at_every_answer(bool commit)
{
	size_t at = 0;

	for (;; at++) {
		struct sim *s = sim_new_parked();
		bool cut = runs_to(s, at);

		if (cut) {
			sim_pump(s);
			sim_kill(s, commit);
			s->now_us += 5 * SECOND;
			sim_start(s);
			sim_signals(s, IGNITION_OFF, 0, 12600);
		}
		sim_for(s, 300 * SECOND);
		assert_ended_once(s, at);
		sim_free(s);
		if (!cut)
			return at;
	}
}

static void a_kill_between_any_two_answers_costs_nothing(void **state)
{
	(void)state;
	assert_true(kill_at_every_answer(false) > 40); /* the way has that many points at least */
}

static void a_kill_just_after_any_commit_costs_nothing(void **state)
{
	(void)state;
	assert_true(kill_at_every_answer(true) > 40);
}

static void two_kills_at_any_two_points_cost_nothing(void **state)
{
	(void)state;

	for (size_t first = 0; first < 80; first += 3) {
		for (size_t second = 0; second < 60; second += 7) {
			struct sim *s = sim_new_parked();

			runs_to(s, first);
			sim_pump(s);
			sim_kill(s, first % 2);
			sim_start(s);
			sim_signals(s, IGNITION_OFF, 0, 12600);
			runs_to(s, second);
			sim_pump(s);
			sim_kill(s, second % 2);
			sim_start(s);
			sim_signals(s, IGNITION_OFF, 0, 12600);
			sim_for(s, 300 * SECOND);
			assert_ended_once(s, first * 1000 + second);
			sim_free(s);
		}
	}
}

static void a_session_lost_between_any_two_answers_costs_nothing(void **state)
{
	(void)state;

	for (size_t at = 0;; at++) {
		struct sim *s = sim_new_parked();
		bool cut = runs_to(s, at);

		if (cut)
			sim_drop_session(s);
		sim_for(s, 300 * SECOND);
		assert_ended_once(s, at);
		sim_free(s);
		if (!cut)
			break;
	}
}

static void acknowledgements_that_are_lost_are_asked_for_again(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->acks = false;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_true(s->disk.n_reports > 0);
	s->acks = true;
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->disk.n_reports, 0);
	assert_ended_once(s, 0);
	sim_free(s);
}

static void an_erased_ecu_is_recovered_without_backend_and_after_the_window(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->hold_intents = false;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	while (!s->ecus[ENGINE].erased)
		assert_true(sim_step(s));
	sim_kill(s, true);
	s->reachable = false;
	s->now_us += 2 * 86400 * SECOND; /* far beyond the window, and nobody to ask the time */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_false(s->ecus[ENGINE].erased);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "2.0");
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	sim_free(s);
}

static void an_erased_ecu_waits_for_the_vehicle_to_be_safe(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	while (!s->ecus[ENGINE].erased || !s->ecus[BRAKE].erased)
		assert_true(sim_step(s));
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_VEHICLE);
	assert_true(s->ecus[ENGINE].erased);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_ended_once(s, 0);
	sim_free(s);
}

static void an_installation_that_had_erased_nothing_waits_again(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->hold_intents = true;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	while (s->disk.campaigns[0].state != CAMPAIGN_INSTALLING)
		assert_true(sim_step(s));
	sim_kill(s, false);
	assert_false(s->disk.campaigns[0].targets[ENGINE].erased);
	s->reachable = false;
	sim_start(s);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(s->disk.campaigns[0].state, CAMPAIGN_WAITING);
	sim_free(s);
}

static void a_manifest_lost_from_the_store_is_fetched_again(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	sim_settle(s);
	sim_kill(s, true);
	memset(&s->disk.campaigns[0].manifest, 0, sizeof s->disk.campaigns[0].manifest);
	s->disk.campaigns[0].has_manifest = false;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_true(s->disk.campaigns[0].has_manifest);
	s->confirm = true;
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_ended_once(s, 0);
	sim_free(s);
}

static size_t fetches_of(const struct sim *s, const struct file_ref *file)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_fetched; i++)
		n += !memcmp(s->fetched[i].sha256, file->sha256, sizeof file->sha256);
	return n;
}

/* read once more, it is past its date or damaged: the verdict of its acceptance stands, and it is fetched again */
static void an_erased_ecu_is_recovered_though_its_manifest_was_lost(void **state)
{
	static const unsigned codes[] = {GATEWAY_CODE_OK, GATEWAY_CODE_BAD_SIGNATURE, GATEWAY_CODE_IO_ERROR};

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		struct sim *s = sim_new();

		s->manifest->use_before_unix_s = UNIX_BASE + 700;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		assert_true(sim_until(s, CAMPAIGN_INSTALLING));
		while (!s->ecus[ENGINE].erased || !s->ecus[BRAKE].erased)
			assert_true(sim_step(s));
		sim_kill(s, true);
		memset(&s->disk.campaigns[0].manifest, 0, sizeof s->disk.campaigns[0].manifest);
		s->disk.campaigns[0].has_manifest = false;
		s->manifest_code = codes[i];
		s->now_us += 7200 * SECOND;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		s->manifest_code = GATEWAY_CODE_OK;
		sim_for(s, 120 * SECOND);
		assert_ended_once(s, i);
		sim_free(s);
	}
}

static void a_manifest_that_cannot_be_read_is_fetched_again_after_a_pause(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const struct file_ref manifest = s->director->campaigns[0].manifest;

	s->manifest_code = GATEWAY_CODE_IO_ERROR;
	sim_for(s, 5 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_OFFERED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_IO_ERROR);
	assert_int_equal(fetches_of(s, &manifest), 1);
	s->manifest_code = GATEWAY_CODE_OK;
	sim_for(s, 60 * SECOND);
	assert_int_equal(fetches_of(s, &manifest), 2);
	assert_ended_once(s, 0);
	sim_free(s);
}

static void an_ecu_that_the_configuration_lost_ends_its_campaign(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	sim_settle(s);
	sim_kill(s, true);
	snprintf(s->config.ecus[BRAKE].name, sizeof s->config.ecus[BRAKE].name, "other");
	sim_start(s);
	sim_settle(s);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_UNKNOWN_ECU);
	sim_free(s);
}

/* though what was learned of it since would now expect less */
static void what_a_flash_was_expected_to_take_stays_so_over_a_restart(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const struct target *t = &sim_campaign(s)->targets[ENGINE];

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	while (sim_campaign(s)->state == CAMPAIGN_INSTALLING)
		assert_true(sim_step(s));
	sim_settle(s);
	assert_int_equal(t->state, TARGET_VERIFIED);
	assert_int_equal(t->estimate_ms, 30000);
	assert_true(s->gateway->ecus[ENGINE].rate_permille < 1000);
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(t->estimate_ms, 30000);
	assert_int_equal(s->disk.campaigns[0].targets[ENGINE].estimate_ms, 30000);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kill_between_any_two_answers_costs_nothing),
	    cmocka_unit_test(a_kill_just_after_any_commit_costs_nothing),
	    cmocka_unit_test(two_kills_at_any_two_points_cost_nothing),
	    cmocka_unit_test(a_session_lost_between_any_two_answers_costs_nothing),
	    cmocka_unit_test(acknowledgements_that_are_lost_are_asked_for_again),
	    cmocka_unit_test(an_erased_ecu_is_recovered_without_backend_and_after_the_window),
	    cmocka_unit_test(an_erased_ecu_waits_for_the_vehicle_to_be_safe),
	    cmocka_unit_test(an_installation_that_had_erased_nothing_waits_again),
	    cmocka_unit_test(a_manifest_lost_from_the_store_is_fetched_again),
	    cmocka_unit_test(an_erased_ecu_is_recovered_though_its_manifest_was_lost),
	    cmocka_unit_test(a_manifest_that_cannot_be_read_is_fetched_again_after_a_pause),
	    cmocka_unit_test(an_ecu_that_the_configuration_lost_ends_its_campaign),
	    cmocka_unit_test(what_a_flash_was_expected_to_take_stays_so_over_a_restart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
