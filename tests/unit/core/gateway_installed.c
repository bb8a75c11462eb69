/* gateway: which files of the store stay. What an ECU runs is held until a campaign that replaces it is done. */
#include "tests/unit/core/fixture.h"

#define PROFILE 10u /* seeds of the files of fixture.h's manifest */
#define IMAGE   20u
#define BACK    30u

static bool needs(struct sim *s, unsigned seed)
{
	const struct file_ref file = sim_file(seed, 1);

	return gateway_needs_file(s->gateway, file.sha256);
}

/* c1 is done and gone; both ECUs run images 20 and 21 */
static struct sim *installed(void)
{
	struct sim *s = sim_new_parked();

	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE);
	return s;
}

/* c2: the engine alone, from image 20 to 40 */
static void offer_next(struct sim *s)
{
	struct campaign_doc *doc = &s->director->campaigns[0];

	snprintf(doc->id, sizeof doc->id, "c2");
	doc->manifest = sim_file(2, 500);
	doc->n_targets = 1;
	doc->targets[0].rollback = sim_file(IMAGE, 1000);
	s->manifest->components[ENGINE].profile = sim_file(11, 100);
	s->manifest->components[ENGINE].units[0].image = sim_file(40, 1000);
	s->director->n_campaigns = 1;
	sim_issue(s, 3, 103);
}

static void what_ecus_run_stays_when_the_campaign_is_over(void **state)
{
	(void)state;
	struct sim *s = installed();

	assert_true(needs(s, 1)); /* the manifest */
	assert_true(needs(s, PROFILE));
	assert_true(needs(s, IMAGE + ENGINE));
	assert_true(needs(s, IMAGE + BRAKE));
	assert_false(needs(s, BACK)); /* there is no way back to that any more */
	sim_kill(s, true);
	sim_boot(s);
	assert_true(needs(s, 1));
	assert_true(needs(s, IMAGE + BRAKE));
	assert_false(needs(s, BACK));
	sim_free(s);
}

static void it_stays_until_the_campaign_that_replaces_it_is_done(void **state)
{
	(void)state;
	struct sim *s = installed();

	offer_next(s);
	while (sim_campaign(s)->state != CAMPAIGN_DONE) {
		assert_true(needs(s, 1));
		assert_true(needs(s, PROFILE));
		assert_true(needs(s, IMAGE + ENGINE));
		if (sim_step(s))
			continue;
		s->now_us = gateway_deadline(s->gateway);
		gateway_expire(s->gateway, s->now_us);
	}
	sim_settle(s);
	assert_false(needs(s, IMAGE + ENGINE));
	assert_true(needs(s, 40));
	assert_true(needs(s, 11));
	assert_true(needs(s, 2));
	assert_true(needs(s, IMAGE + BRAKE)); /* the other ECU runs on as before */
	assert_true(needs(s, 1));
	assert_true(needs(s, PROFILE));
	sim_free(s);
}

static void a_campaign_that_fails_leaves_what_was_there(void **state)
{
	(void)state;
	struct sim *s = installed();

	s->ecus[ENGINE].fail_times = 99;
	s->ecus[ENGINE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[ENGINE].fail_before_erase = true;
	offer_next(s);
	sim_for(s, 300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_true(needs(s, IMAGE + ENGINE));
	assert_true(needs(s, PROFILE));
	assert_false(needs(s, 40));
	assert_false(needs(s, 2));
	sim_free(s);
}

static void what_a_campaign_did_that_was_not_completed_is_not_what_is_gone_back_to(void **state)
{
	(void)state;
	struct sim *s = installed();

	/* c2 replaces both, and the brake cannot be flashed */
	offer_next(s);
	s->director->campaigns[0].n_targets = 2;
	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_issue(s, 4, 104);
	sim_for(s, 300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	assert_true(needs(s, IMAGE + ENGINE));
	assert_true(needs(s, IMAGE + BRAKE));
	sim_free(s);
}

static void a_replaced_ecu_has_nothing_to_go_back_to(void **state)
{
	(void)state;
	struct sim *s = installed();

	snprintf(s->ecus[BRAKE].identity.serial_number, sizeof s->ecus[BRAKE].identity.serial_number, "SN-2");
	s->gateway->identify_again = true;
	sim_for(s, 60 * SECOND);
	assert_false(needs(s, IMAGE + BRAKE));
	assert_true(needs(s, IMAGE + ENGINE));
	sim_kill(s, true);
	sim_boot(s);
	assert_false(needs(s, IMAGE + BRAKE));
	sim_free(s);
}

static void the_releases_numbers_hold_once_it_is_done_and_are_registered_then(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	const struct report_rxswin *told;
	size_t registered;

	s->manifest->rxswin[0] = (struct rxswin_doc){.regulation = "R155", .value = "CS 2"};
	s->manifest->n_rxswin = 1;
	s->disk.rxswin[0] = (struct rxswin_doc){.regulation = "R156", .value = "SU 1"};
	s->disk.rxswin[1] = (struct rxswin_doc){.regulation = "R155", .value = "CS 1"};
	s->disk.n_rxswin = 2;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_VERIFYING));
	assert_string_equal(s->gateway->rxswin[1].value, "CS 1");
	assert_true(sim_until(s, CAMPAIGN_DONE));
	registered = s->counts[GATEWAY_OUT_SEND_REGISTER];
	told = gateway_report_rxswin(s->gateway, sim_campaign(s)->last_report); /* the report of its end has both */
	assert_non_null(told);
	assert_int_equal(told->n_before, 2);
	assert_string_equal(told->before[1].value, "CS 1");
	assert_int_equal(told->n_after, 2);
	assert_string_equal(told->after[0].value, "SU 1");
	assert_string_equal(told->after[1].value, "CS 2");
	assert_string_equal(s->disk.rxswin[1].value, "CS 1");
	sim_settle(s);
	assert_string_equal(s->disk.rxswin[0].value, "SU 1");
	assert_string_equal(s->disk.rxswin[1].value, "CS 2");
	assert_true(s->counts[GATEWAY_OUT_SEND_REGISTER] > registered);
	assert_string_equal(sim_campaign(s)->rxswin_before[1].value, "CS 1");
	sim_kill(s, false);
	sim_boot(s);
	assert_int_equal(s->gateway->n_rxswin, 2);
	assert_string_equal(s->gateway->rxswin[1].value, "CS 2");
	sim_free(s);
}

static void a_release_that_is_not_installed_whole_sets_no_numbers(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->manifest->rxswin[0] = (struct rxswin_doc){.regulation = "R155", .value = "CS 2"};
	s->manifest->n_rxswin = 1;
	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	assert_int_equal(s->gateway->n_rxswin, 0);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_ecus_run_stays_when_the_campaign_is_over),
	    cmocka_unit_test(it_stays_until_the_campaign_that_replaces_it_is_done),
	    cmocka_unit_test(a_campaign_that_fails_leaves_what_was_there),
	    cmocka_unit_test(what_a_campaign_did_that_was_not_completed_is_not_what_is_gone_back_to),
	    cmocka_unit_test(the_releases_numbers_hold_once_it_is_done_and_are_registered_then),
	    cmocka_unit_test(a_release_that_is_not_installed_whole_sets_no_numbers),
	    cmocka_unit_test(a_replaced_ecu_has_nothing_to_go_back_to),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
