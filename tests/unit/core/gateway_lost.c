/* gateway: campaigns whose stored director document cannot be read. An ECU that they left erased is not forgotten. */
#include "tests/unit/core/fixture.h"

/* killed when the engine is erased and the brake is not; the campaign's row cannot be restored */
static struct sim *killed_and_lost(void)
{
	struct sim *s = sim_new();

	s->director->campaigns[0].n_targets = 1; /* the engine */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	while (!s->ecus[ENGINE].erased)
		assert_true(sim_step(s));
	sim_kill(s, true);
	assert_true(s->disk.ecus[ENGINE].erased);
	s->disk.has[0] = false;
	return s;
}

static void restart(struct sim *s)
{
	sim_boot(s);
	gateway_restore_lost(s->gateway, "c1", GATEWAY_CODE_DIGEST_MISMATCH, "the stored director document is damaged");
	gateway_start(s->gateway, s->now_us);
	sim_signals(s, IGNITION_OFF, 0, 12600);
}

static void an_erased_ecu_of_a_lost_campaign_is_recovered_with_the_version_held(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();

	restart(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(sim_campaign(s)->doc.id, "c1");
	assert_false(s->ecus[ENGINE].erased);
	assert_false(s->disk.ecus[ENGINE].erased);
	assert_int_equal(s->disk.campaigns[0].state, CAMPAIGN_DONE);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DONE), 1);
	sim_free(s);
}

static void it_waits_for_neither_window_nor_consent(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();

	/* of the same version, as it was: consent was given once, and the window is over by now */
	s->director->campaigns[0].consent_required = true;
	s->director->campaigns[0].window_end_unix_s = UNIX_BASE + 3600;
	s->now_us += 7200 * SECOND;
	s->confirm = false;
	restart(s);
	sim_for(s, 60 * SECOND);
	assert_false(s->ecus[ENGINE].erased);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

/* its answer was lost with the session, and by then it had changed an ECU */
static void its_other_ecus_wait_for_a_confirmation_that_is_asked_for_in_each_session(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();

	s->director->campaigns[0].n_targets = N_ECUS;
	s->confirm = false;
	restart(s);
	sim_for(s, 60 * SECOND);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "2.0");
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONFIRM);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 0);
	s->confirm = true;
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void the_document_is_stored_again(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();
	uint8_t sha256[32];

	memcpy(sha256, s->disk.director_sha256, 32);
	memset(s->disk.director_sha256, 0, 32); /* it was lost, too: nothing to compare with */
	restart(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_memory_equal(s->disk.director_sha256, sha256, 32);
	sim_free(s);
}

static void the_loss_is_reported_once_with_its_reason(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();
	size_t n = 0;

	restart(s);
	sim_for(s, 60 * SECOND);
	for (size_t i = 0; i < s->n_applied; i++) {
		const struct report *r = &s->applied_reports[i];

		if (r->campaign_id[0] || r->code != GATEWAY_CODE_DIGEST_MISMATCH)
			continue;
		n++;
		assert_string_equal(r->text, "campaign c1 cannot be restored: the stored director document is damaged");
	}
	assert_int_equal(n, 1);
	sim_free(s);
}

static void a_lost_campaign_that_left_no_ecu_erased_waits_for_the_next_version(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();

	s->disk.ecus[ENGINE].erased = false;
	s->ecus[ENGINE].erased = false;
	restart(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_equal_version_with_other_content_is_still_refused(void **state)
{
	(void)state;
	struct sim *s = killed_and_lost();

	sim_fill(s->director_sha256, 199);
	restart(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE);
	assert_int_equal(s->last_error_code, GATEWAY_CODE_EQUAL_VERSION);
	assert_true(s->ecus[ENGINE].erased);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_erased_ecu_of_a_lost_campaign_is_recovered_with_the_version_held),
	    cmocka_unit_test(it_waits_for_neither_window_nor_consent),
	    cmocka_unit_test(its_other_ecus_wait_for_a_confirmation_that_is_asked_for_in_each_session),
	    cmocka_unit_test(the_document_is_stored_again),
	    cmocka_unit_test(the_loss_is_reported_once_with_its_reason),
	    cmocka_unit_test(a_lost_campaign_that_left_no_ecu_erased_waits_for_the_next_version),
	    cmocka_unit_test(an_equal_version_with_other_content_is_still_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
