/* An ECU with two banks: written while it runs, switched over at the point of no return, and switched back if that
 * fails. */
#include "tests/unit/flash/one_ecu.h"

static int dual_setup(void **state)
{
	struct profile *p = &w.profiles[0];
	struct isotp_config link;

	setup(state);
	link = p->link;
	profile_template_dual_bank(p);
	p->link = link;
	snprintf(p->name, sizeof(p->name), "ecu0");
	snprintf(p->security[0].key_id, sizeof(p->security[0].key_id), "test");
	assert_null(profile_check(p));
	w.peers[0].dual_bank = true;
	memcpy(w.peers[0].old_version, w.peers[0].version, sizeof(w.peers[0].version));
	return 0;
}

/* the switch-over was undone: an ECU with a valid application, and a result that says so */
static void expect_restored(const struct flash_result *r, enum flash_code code)
{
	if (!r->restored)
		print_message("# %s\n", r->text);
	assert_int_equal(r->code, code);
	assert_true(r->restored);
	assert_false(r->erased);
	assert_false(r->verified);
	assert_string_equal(r->after.application_version, "APP-1");
	assert_string_equal(w.peers[0].version, "APP-1");
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_FAILED), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 1);
	assert_true(world_find(&w, 0, B("\x11\x01"), 0) != -1);
	assert_non_null(strstr(r->text, "switched back, the former application runs"));
	assert_false(w.channels[0].tester_present);
	assert_int_equal(w.peers[0].session, 1);
}

static void the_other_bank_is_written_checked_and_then_switched_to(void **state)
{
	static const char *const order[] = {
	    "\x10\x03", "\x27\x01",         "\x27\x02",         "\x2e\xf1\x5a",     "\x31\x01\xff", "\x34",
	    "\x37",     "\x31\x01\x02\x02", "\x31\x01\xff\x01", "\x31\x01\x02\x10", "\x11\x01",     "\x3e"};
	const struct flash_result *r = world_flash_one(&w);
	int at = -1;

	(void)state;
	assert_true(r->verified);
	assert_false(r->restored);
	assert_string_equal(r->after.application_version, "APP-2");
	assert_memory_equal(w.peers[0].memory, bytes[0], 1000);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int next = world_find(&w, 0, order[i], strlen(order[i]), 0);

		assert_true(next > at);
		at = next;
	}
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 0);
}

static void the_intent_is_stored_before_the_switch_over_alone(void **state)
{
	unsigned n = 0;

	(void)state;
	world_flash_one(&w);
	for (unsigned i = 0; i < w.n_events; i++) {
		if (w.events[i].event.kind != FLASH_EVENT_INTENT)
			continue;
		n++;
		assert_int_equal(w.events[i].event.step, FLASH_STEP_SWITCH_OVER);
	}
	assert_int_equal(n, 1);
}

static void a_failure_before_the_switch_over_leaves_the_application(void **state)
{
	const struct flash_result *r;

	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x02"), 0, 0, B("\x71\x01\x02\x02\x01"));
	r = world_flash_one(&w);
	expect_failure(r, FLASH_CHECK_FAILED, 0x31, 0, false);
	assert_false(r->restored);
	assert_true(r->bank_erased);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x10")), 0);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 0);
}

static void an_erase_of_the_other_bank_is_told_apart(void **state)
{
	(void)state;
	/* asked for, were its answer lost */
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x31\x01\xff\x00"), 0, 0);
	world_rule(&w, 0, RULE_IGNORE, B("\x31\x03\xff\x00"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x31, 0, false);
	assert_true(w.runs[0].result.bank_erased);

	dual_setup(NULL);
	w.stop_at_step = FLASH_STEP_FINGERPRINT;
	expect_failure(world_flash_one(&w), FLASH_STOPPED, 0, 0, false);
	assert_false(w.runs[0].result.bank_erased);
	assert_non_null(strstr(w.runs[0].result.text, "stopped before the point of no return"));

	/* written, checked and told to run: it is not an erased one any more */
	dual_setup(NULL);
	assert_true(world_flash_one(&w)->verified);
	assert_false(w.runs[0].result.bank_erased);

	dual_setup(NULL);
	world_reply(&w, 0, B("\x31\x01\x02\x10"), 0, 0, B("\x7f\x31\x22"));
	assert_true(world_flash_one(&w)->restored);
	assert_false(w.runs[0].result.bank_erased);
}

static void a_stop_in_the_transfer_is_obeyed(void **state)
{
	(void)state;
	w.stop_at_step = FLASH_STEP_TRANSFER;
	expect_failure(world_flash_one(&w), FLASH_STOPPED, 0, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x36")), 0);
	assert_true(w.runs[0].result.bank_erased);
	assert_non_null(strstr(w.runs[0].result.text, "stopped; the running application is untouched, the other bank "
						      "was erased and holds nothing valid"));
}

static void a_stop_after_the_switch_over_waits_for_the_verification(void **state)
{
	(void)state;
	w.stop_at_step = FLASH_STEP_RESET;
	assert_true(world_flash_one(&w)->verified);
}

static void a_wrong_version_is_switched_back(void **state)
{
	(void)state;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-X");
	expect_restored(world_flash_one(&w), FLASH_WRONG_VERSION);
	assert_true(world_find(&w, 0, B("\x27\x02"), 1) < world_find(&w, 0, B("\x31\x01\x02\x11"), 0));
}

static void an_application_that_does_not_boot_is_switched_back(void **state)
{
	(void)state;
	w.profiles[0].boot_max_ms = 1000;
	world_rule(&w, 0, RULE_IGNORE, B("\x3e\x00"), 0, 3);
	expect_restored(world_flash_one(&w), FLASH_BOOT_TIMEOUT);
}

static void a_refused_reset_is_switched_back(void **state)
{
	const struct flash_result *r;

	(void)state;
	world_reply(&w, 0, B("\x11\x01"), 0, 2, B("\x7f\x11\x22"));
	r = world_flash_one(&w);
	assert_true(r->restored);
	assert_int_equal(r->step, FLASH_STEP_RESET);
	assert_int_equal(r->nrc, 0x22);
}

static void a_refused_switch_over_has_nothing_to_undo(void **state)
{
	const struct flash_result *r;

	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x10"), 0, 0, B("\x7f\x31\x22"));
	r = world_flash_one(&w);
	expect_failure(r, FLASH_NEGATIVE_RESPONSE, 0x31, 0x22, false);
	assert_true(r->restored);
	assert_non_null(strstr(r->text, "keeps its application"));
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 0);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 0);
}

static void a_switch_over_that_says_failed_has_nothing_to_undo(void **state)
{
	const struct flash_result *r;

	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x10"), 0, 0, B("\x71\x01\x02\x10\x05"));
	r = world_flash_one(&w);
	expect_failure(r, FLASH_NEGATIVE_RESPONSE, 0x31, 0, false);
	assert_true(r->restored);
}

static void a_switch_over_of_unknown_outcome_is_told_by_the_version(void **state)
{
	(void)state;
	/* done, and never answered: neither to its start nor to the question for its result */
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x31\x01\x02\x10"), 0, 0);
	world_rule(&w, 0, RULE_IGNORE, B("\x31\x03\x02\x10"), 0, 0);
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 0);
}

static void a_switch_over_that_never_arrived_is_not_switched_back(void **state)
{
	const struct flash_result *r;

	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x31\x01\x02\x10"), 0, 0);
	world_rule(&w, 0, RULE_IGNORE, B("\x31\x03\x02\x10"), 0, 0);
	r = world_flash_one(&w);
	expect_failure(r, FLASH_WRONG_VERSION, 0, 0, false);
	assert_true(r->restored);
	assert_non_null(strstr(r->text, "it runs its former application"));
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 0); /* it would take it for a way over */
}

static void a_switch_over_of_unknown_outcome_to_the_same_version_is_undone(void **state)
{
	(void)state;
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "APP-1"); /* as the old one */
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x31\x01\x02\x10"), 0, 0);
	world_rule(&w, 0, RULE_IGNORE, B("\x31\x03\x02\x10"), 0, 0);
	expect_restored(world_flash_one(&w), FLASH_NO_ANSWER);
}

static void the_reason_of_the_failure_is_kept_on_the_way_back(void **state)
{
	const struct flash_result *r;

	(void)state;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-X");
	r = world_flash_one(&w);
	assert_non_null(strstr(r->text, "version read back is 'APP-X', expected 'APP-2'; switched back"));
	assert_int_equal(r->step, FLASH_STEP_READ_VERSION);
}

static void an_ecu_that_went_back_by_itself_is_restored(void **state)
{
	const struct flash_result *r;

	(void)state;
	/* its boot loader took the old bank, and so there is nothing to switch back */
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-1");
	r = world_flash_one(&w);
	assert_int_equal(r->code, FLASH_WRONG_VERSION);
	assert_true(r->restored);
	assert_false(r->erased);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 0);
}

static void the_version_of_before_does_not_show_that_the_other_bank_runs(void **state)
{
	(void)state;
	w.jobs[0].units[0].expected_version[0] = 0;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-1");
	expect_restored(world_flash_one(&w), FLASH_WRONG_VERSION);
	assert_non_null(strstr(w.runs[0].result.text, "whether the new application runs is not known"));

	/* a version that changed does, and so does one that was expected */
	dual_setup(NULL);
	w.jobs[0].units[0].expected_version[0] = 0;
	assert_true(world_flash_one(&w)->verified);

	dual_setup(NULL);
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "APP-1");
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-1");
	assert_true(world_flash_one(&w)->verified);
}

static void a_reset_that_never_arrived_is_sent_again(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x11"), 0, 3);
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x11")), 4);
	assert_string_equal(w.peers[0].version, "APP-2");
}

static void a_refused_switch_back_leaves_the_ecu_without_a_verdict(void **state)
{
	const struct flash_result *r;

	(void)state;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-X");
	world_reply(&w, 0, B("\x31\x01\x02\x11"), 0, 0, B("\x7f\x31\x22"));
	r = world_flash_one(&w);
	expect_failure(r, FLASH_WRONG_VERSION, 0, 0, true);
	assert_false(r->restored);
	assert_non_null(strstr(r->text, "another version runs than before"));
}

static void equal_versions_prove_nothing_if_the_switch_back_was_refused(void **state)
{
	const struct flash_result *r;

	(void)state;
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "APP-1"); /* as the old one */
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-1");
	world_reply(&w, 0, B("\x11\x01"), 0, 2, B("\x7f\x11\x22"));
	world_reply(&w, 0, B("\x31\x01\x02\x11"), 0, 0, B("\x7f\x31\x22"));
	r = world_flash_one(&w);
	assert_int_equal(r->nrc, 0x22);
	assert_false(r->restored);
	assert_true(r->erased);
}

static void an_ecu_that_falls_silent_on_the_way_back_stays_without_a_valid_application(void **state)
{
	const struct flash_result *r;

	(void)state;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-X");
	world_rule(&w, 0, RULE_IGNORE, B("\x10\x03"), 1, 0);
	r = world_flash_one(&w);
	expect_failure(r, FLASH_WRONG_VERSION, 0, 0, true);
	assert_non_null(strstr(r->text, "switching back failed as well"));
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x11")), 0);
}

static void an_intent_that_is_not_stored_switches_nothing(void **state)
{
	(void)state;
	w.withhold_intent = true;
	expect_failure(world_flash_one(&w), FLASH_STOPPED, 0, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x10")), 0);
}

static void an_ecu_alone_on_its_bus_is_written_without_quiet(void **state)
{
	(void)state;
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
	assert_int_equal(world_count(&w, 0, 1, B("\x10")), 0);
	assert_int_equal(world_count(&w, 0, 1, B("\x28")), 0);
	assert_int_equal(world_count(&w, 0, 1, B("\x85")), 0);
}

static void beside_a_single_bank_ecu_the_bus_is_quiet_for_both(void **state)
{
	(void)state;
	world_add(&w, false);
	w.jobs[1].n_units = 1;
	w.jobs[1].units[0] = w.jobs[0].units[0];
	images[1].n_bytes = images[1].segments[0].n_bytes = sizeof(bytes[1]); /* which takes longer */
	w.jobs[1].units[0].image = &images[1];
	world_flash_all(&w, 2);
	assert_true(w.runs[0].result.verified && w.runs[1].result.verified);
	assert_true(world_count(&w, 1, 1, B("\x28\x03\x01")) >= 1);
	/* reset while the other one flashes, it is made quiet again by the other one's list */
	assert_int_equal(world_count(&w, 0, 0, B("\x28\x03\x01")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, dual_setup)
	    T(the_other_bank_is_written_checked_and_then_switched_to),
	    T(the_intent_is_stored_before_the_switch_over_alone),
	    T(a_failure_before_the_switch_over_leaves_the_application),
	    T(an_erase_of_the_other_bank_is_told_apart),
	    T(a_stop_in_the_transfer_is_obeyed),
	    T(a_stop_after_the_switch_over_waits_for_the_verification),
	    T(a_wrong_version_is_switched_back),
	    T(an_application_that_does_not_boot_is_switched_back),
	    T(a_refused_reset_is_switched_back),
	    T(a_refused_switch_over_has_nothing_to_undo),
	    T(a_switch_over_that_says_failed_has_nothing_to_undo),
	    T(a_switch_over_of_unknown_outcome_is_told_by_the_version),
	    T(a_switch_over_that_never_arrived_is_not_switched_back),
	    T(a_switch_over_of_unknown_outcome_to_the_same_version_is_undone),
	    T(the_reason_of_the_failure_is_kept_on_the_way_back),
	    T(an_ecu_that_went_back_by_itself_is_restored),
	    T(the_version_of_before_does_not_show_that_the_other_bank_runs),
	    T(a_reset_that_never_arrived_is_sent_again),
	    T(a_refused_switch_back_leaves_the_ecu_without_a_verdict),
	    T(equal_versions_prove_nothing_if_the_switch_back_was_refused),
	    T(an_ecu_that_falls_silent_on_the_way_back_stays_without_a_valid_application),
	    T(an_intent_that_is_not_stored_switches_nothing),
	    T(an_ecu_alone_on_its_bus_is_written_without_quiet),
	    T(beside_a_single_bank_ecu_the_bus_is_quiet_for_both),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
