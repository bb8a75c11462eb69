/* gateway: a campaign that replaces another ends it once it is taken on itself, and not when it is refused. */
#include "tests/unit/core/fixture.h"

#define OLD(s) (&(s)->gateway->campaigns[0])
#define NEW(s) (&(s)->gateway->campaigns[1])

/* the next document has it, too */
static struct campaign_doc *successor(struct sim *s)
{
	struct campaign_doc *doc = &s->director->campaigns[1];

	s->director->n_campaigns = 2;
	*doc = s->director->campaigns[0];
	snprintf(doc->id, GATEWAY_NAME_BYTES, "c2");
	snprintf(doc->supersedes[0], GATEWAY_NAME_BYTES, "c1");
	doc->n_supersedes = 1;
	return doc;
}

/* the first campaign waits for its confirmation, which does not come */
static struct sim *one_that_waits(void)
{
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	sim_settle(s);
	return s;
}

static void a_superseded_campaign_gives_way(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->confirm = false;
	assert_true(sim_until(s, CAMPAIGN_WAITING));
	sim_settle(s);
	s->confirm = true;
	successor(s);
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->gateway->campaigns[0].state, CAMPAIGN_SUPERSEDED);
	assert_int_equal(s->gateway->campaigns[1].state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

static void a_superseded_campaign_that_has_erased_comes_first(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	while (!s->ecus[ENGINE].erased)
		assert_true(sim_step(s));
	successor(s);
	sim_issue(s, 2, 102);
	sim_for(s, 5 * SECOND); /* the first pauses before its retry; the second does not use the pause */
	assert_int_equal(s->gateway->campaigns[0].state, CAMPAIGN_WAITING);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_for(s, 120 * SECOND);
	assert_int_equal(s->gateway->campaigns[0].state, CAMPAIGN_DONE);
	assert_int_equal(s->gateway->campaigns[1].state, CAMPAIGN_DONE);
	sim_free(s);
}

/* the backend confirms what it answers now: it goes on */
static void old_one_is_done(struct sim *s)
{
	s->confirm = true;
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(OLD(s)->state, CAMPAIGN_DONE);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_SUPERSEDED), 0);
}

static void one_that_does_not_fit_the_vehicle_ends_no_other(void **state)
{
	(void)state;
	struct sim *s = one_that_waits();

	snprintf(successor(s)->targets[0].ecu, GATEWAY_NAME_BYTES, "radio");
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(NEW(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(NEW(s)->code, GATEWAY_CODE_UNKNOWN_ECU);
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	old_one_is_done(s);
	sim_free(s);
}

static void one_whose_manifest_is_refused_ends_no_other(void **state)
{
	(void)state;
	struct sim *s = one_that_waits();

	(void)successor(s);
	s->manifest_code = GATEWAY_CODE_BAD_SIGNATURE;
	sim_issue(s, 2, 102);
	assert_int_equal(NEW(s)->state, CAMPAIGN_OFFERED);
	assert_int_equal(OLD(s)->state, CAMPAIGN_WAITING);
	sim_for(s, 60 * SECOND);
	assert_int_equal(NEW(s)->state, CAMPAIGN_DECLINED);
	old_one_is_done(s);
	sim_free(s);
}

static void one_that_the_driver_does_not_want_ends_no_other(void **state)
{
	(void)state;
	for (unsigned early = 0; early < 2; early++) { /* before its manifest is read, and while it waits for him */
		struct sim *s = one_that_waits();

		successor(s)->consent_required = true;
		sim_issue(s, 2, 102);
		if (!early)
			sim_for(s, 60 * SECOND);
		assert_int_equal(NEW(s)->state, early ? CAMPAIGN_OFFERED : CAMPAIGN_WAITING);
		assert_int_equal(OLD(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(gateway_decline(s->gateway, s->now_us, "c2", NULL), 0);
		sim_for(s, 60 * SECOND);
		assert_int_equal(NEW(s)->state, CAMPAIGN_DECLINED);
		old_one_is_done(s);
		sim_free(s);
	}
}

static void where_the_driver_is_asked_his_yes_ends_the_other(void **state)
{
	(void)state;
	struct sim *s = one_that_waits();

	successor(s)->consent_required = true;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(OLD(s)->state, CAMPAIGN_WAITING);
	s->confirm = true;
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c2"), 0);
	assert_int_equal(OLD(s)->state, CAMPAIGN_SUPERSEDED);
	sim_settle(s); /* before another answer of the old one could be confirmed */
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_SUPERSEDED), 1);
	assert_int_equal(NEW(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

static void what_an_old_one_replaces_ends_with_it(void **state)
{
	(void)state;
	struct sim *s = one_that_waits();
	struct campaign_doc *third = &s->director->campaigns[2];

	*third = *successor(s);
	snprintf(third->id, GATEWAY_NAME_BYTES, "c3");
	snprintf(third->supersedes[0], GATEWAY_NAME_BYTES, "c2");
	third->urgency = URGENCY_HIGH; /* its manifest comes first */
	s->director->n_campaigns = 3;
	s->confirm = true;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(OLD(s)->state, CAMPAIGN_SUPERSEDED);
	assert_int_equal(NEW(s)->state, CAMPAIGN_SUPERSEDED);
	assert_int_equal(s->gateway->campaigns[2].state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

/* the third is not taken on, and neither was the second when it vanished for it */
static void one_that_vanished_for_another_that_waits_ends_no_third(void **state)
{
	(void)state;
	for (unsigned both = 0; both < 2; both++) { /* the third names the first as well, as a backend would have it */
		struct sim *s = one_that_waits();
		struct campaign_doc *doc = successor(s);

		doc->consent_required = true;
		sim_issue(s, 2, 102);
		sim_for(s, 60 * SECOND);
		assert_int_equal(NEW(s)->state, CAMPAIGN_WAITING);
		snprintf(doc->id, GATEWAY_NAME_BYTES, "c3"); /* in its place */
		snprintf(doc->supersedes[0], GATEWAY_NAME_BYTES, "c2");
		if (both)
			snprintf(doc->supersedes[doc->n_supersedes++], GATEWAY_NAME_BYTES, "c1");
		sim_issue(s, 3, 103);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_count_reports(s, "c2", CAMPAIGN_SUPERSEDED), 1);
		assert_int_equal(OLD(s)->state, CAMPAIGN_WAITING);
		assert_int_equal(gateway_decline(s->gateway, s->now_us, "c3", NULL), 0);
		old_one_is_done(s);
		sim_free(s);
	}
}

static void of_two_that_replace_each_other_one_is_installed(void **state)
{
	(void)state;
	struct sim *s = one_that_waits();

	(void)successor(s);
	snprintf(s->director->campaigns[0].supersedes[0], GATEWAY_NAME_BYTES, "c2");
	s->director->campaigns[0].n_supersedes = 1;
	s->confirm = true;
	sim_issue(s, 2, 102);
	sim_drop_session(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal((OLD(s)->state == CAMPAIGN_DONE) + (NEW(s)->state == CAMPAIGN_DONE), 1);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_superseded_campaign_gives_way),
	    cmocka_unit_test(a_superseded_campaign_that_has_erased_comes_first),
	    cmocka_unit_test(one_that_does_not_fit_the_vehicle_ends_no_other),
	    cmocka_unit_test(one_whose_manifest_is_refused_ends_no_other),
	    cmocka_unit_test(one_that_the_driver_does_not_want_ends_no_other),
	    cmocka_unit_test(where_the_driver_is_asked_his_yes_ends_the_other),
	    cmocka_unit_test(what_an_old_one_replaces_ends_with_it),
	    cmocka_unit_test(one_that_vanished_for_another_that_waits_ends_no_third),
	    cmocka_unit_test(of_two_that_replace_each_other_one_is_installed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
