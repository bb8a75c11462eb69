/* The quiet of a bus against scripted peers: made once, answered by all, undone on every way out. */
#include "tests/unit/flash/world.h"

static struct world w;
static uint8_t bytes[4096];
static struct image image;

static void with_ecus(unsigned n)
{
	world_init(&w, 0, 1);
	fill_pattern(bytes, sizeof(bytes), 3);
	memset(&image, 0, sizeof(image));
	image.n_segments = 1;
	image.n_bytes = 700;
	image.segments[0] = (struct image_segment){PEER_BASE, bytes, 700};
	for (unsigned i = 0; i < n; i++) {
		world_add(&w, false);
		w.jobs[i].n_units = 1;
		w.jobs[i].units[0].image = &image;
	}
}

static int setup(void **state)
{
	(void)state;
	with_ecus(2);
	return 0;
}

static void expect_loud(void)
{
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_LOUD), 1);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_FINISHED), 1);
	assert_int_equal(w.events[w.n_events - 1].kind, FLASH_BUS_EVENT_FINISHED);
	assert_int_equal(w.events[w.n_events - 2].kind, FLASH_BUS_EVENT_LOUD);
	assert_string_equal(w.events[w.n_events - 2].text, "");
	for (unsigned i = 0; i < w.n_ecus; i++) {
		assert_false(w.peers[i].quiet);
		assert_false(w.peers[i].dtc_off);
	}
	assert_int_equal(world_count(&w, 0, 1, B("\x28\x00\x01")), 2);
	assert_int_equal(world_count(&w, 0, 1, B("\x85\x01")), 2);
	assert_int_equal(world_count(&w, 0, 1, B("\x10\x01")), 1);
	assert_int_equal(world_count(&w, 0, 1, B("\x14\xff\xff\xff")), 1);
	/* nothing more, tester present included */
	assert_int_equal(w.node.tester_present_due_us, UDS_NEVER);
}

static void two_ecus_are_flashed_on_a_bus_made_quiet_once(void **state)
{
	(void)state;
	world_flash_all(&w, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(w.runs[i].result.verified);
		assert_memory_equal(w.peers[i].memory, bytes, 700);
		assert_int_equal(world_count(&w, i, 1, B("\x10\x03")), 1);
		assert_int_equal(world_count(&w, i, 0, B("\x31\x01\x02\x03")), 1);
		assert_int_equal(world_count(&w, i, 1, B("\x85\x02")), 1);
		assert_int_equal(world_count(&w, i, 1, B("\x28\x03\x01")), 1);
	}
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_QUIET), 1);
	expect_loud();
}

static void order_of_the_functional_part_is_that_of_the_profile(void **state)
{
	static const char *const order[] = {"\x10\x03", "\x31\x01\x02\x03", "\x85\x02",        "\x28\x03\x01",
					    "\x10\x02", "\x36\x01",         "\x11\x01",        "\x28\x00",
					    "\x85\x01", "\x10\x01",         "\x14\xff\xff\xff"};
	static const size_t lengths[] = {2, 4, 2, 3, 2, 2, 2, 2, 2, 2, 4};
	int at = -1;

	(void)state;
	with_ecus(1);
	world_flash_all(&w, 1);
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int next = world_find(&w, 0, order[i], lengths[i], 0);

		assert_true(next > at);
		at = next;
	}
}

static void nothing_functional_disturbs_a_flash(void **state)
{
	bool flashing = false;

	(void)state;
	world_flash_all(&w, 1); /* one after the other */
	assert_true(w.runs[0].result.verified && w.runs[1].result.verified);
	for (unsigned i = 0; i < w.n_log; i++) {
		if (!w.log[i].functional && w.log[i].pdu[0] == 0x10 && w.log[i].pdu[1] == 2)
			flashing = true;
		if (flashing && w.log[i].functional)
			assert_true(w.log[i].at_us >= w.runs[1].result.ended_us);
	}
	assert_true(w.runs[1].result.started_us >= w.runs[0].result.ended_us);
}

static void ecu_that_was_reset_is_quietened_again_while_another_flashes(void **state)
{
	int reset, version;

	(void)state;
	world_flash_all(&w, 1);
	reset = world_find(&w, 0, B("\x11\x01"), 0);
	version = world_find(&w, 0, B("\x22\xf1\x81"), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x03")), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x85\x02")), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x28\x03\x01")), 1);
	assert_in_range(world_find(&w, 0, B("\x28\x03\x01"), 1), reset, version);
	/* the last one need not be: the bus becomes loud anyway */
	assert_int_equal(world_count(&w, 1, 0, B("\x28\x03\x01")), 0);
	expect_loud();
}

static void lost_functional_request_is_sent_again(void **state)
{
	(void)state;
	world_rule(&w, 1, RULE_IGNORE, B("\x85\x02"), 0, 2);
	world_rule(&w, 1, RULE_IGNORE, B("\x31\x01\x02\x03"), 0, 1);
	world_flash_all(&w, 2);
	assert_true(w.runs[0].result.verified && w.runs[1].result.verified);
	assert_int_equal(world_count(&w, 0, 1, B("\x85\x02")), 3);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x03")), 1);
	assert_int_equal(world_count(&w, 1, 0, B("\x31\x01\x02\x03")), 2);
	expect_loud();
}

static void pending_answer_to_a_functional_request_is_waited_for(void **state)
{
	(void)state;
	world_rule(&w, 1, RULE_PENDING, B("\x28\x03"), 0, 1)->delay_us = 3 * S;
	world_flash_all(&w, 2);
	assert_true(w.runs[1].result.verified);
	assert_int_equal(world_count(&w, 1, 1, B("\x28\x03")), 1);
}

static void answer_put_off_for_ever_does_not_keep_the_bus_silent(void **state)
{
	(void)state;
	world_rule(&w, 1, RULE_PENDING_FOREVER, B("\x28\x03"), 0, 0)->delay_us = 4 * S;
	world_flash_all(&w, 2);
	assert_true(w.runs[0].result.verified);
	assert_int_equal(w.runs[1].result.code, FLASH_NO_ANSWER);
	assert_int_equal(w.runs[1].result.sid, 0x28);
	assert_true(w.runs[1].result.ended_us < 620 * S);
	expect_loud();
}

static void answer_put_off_when_the_quiet_ends_is_not_waited_for(void **state)
{
	(void)state;
	world_rule(&w, 1, RULE_PENDING_FOREVER, B("\x28\x00"), 0, 0)->delay_us = 4 * S;
	world_flash_all(&w, 2);
	assert_true(w.runs[0].result.verified && w.runs[1].result.verified);
	assert_true(w.now_us < w.runs[0].result.ended_us + 5 * S || w.now_us < w.runs[1].result.ended_us + 5 * S);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_LOUD), 1);
}

static void silent_target_fails_and_the_other_goes_on(void **state)
{
	(void)state;
	world_rule(&w, 1, RULE_IGNORE, B(""), 0, 0);
	world_flash_all(&w, 2);
	assert_true(w.runs[0].result.verified);
	assert_int_equal(w.runs[1].result.code, FLASH_NO_ANSWER);
	assert_int_equal(w.runs[1].result.sid, 0x10);
	assert_false(w.runs[1].result.erased);
	assert_int_equal(world_count(&w, 1, 1, B("\x10\x03")), 5);
	assert_int_equal(world_count(&w, 1, 0, B("")), 0); /* nothing physical */
	assert_int_equal(world_events(&w, 1, FLASH_EVENT_FAILED), 1);
	expect_loud();
}

static void target_that_refuses_the_quiet_fails_with_its_code(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x28\x03"), 0, 0, B("\x7f\x28\x22"));
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[0].result.code, FLASH_BUS_QUIET_REFUSED);
	assert_int_equal(w.runs[0].result.nrc, 0x22);
	assert_non_null(strstr(w.runs[0].result.text, "(NRC 22)"));
	assert_non_null(strstr(w.runs[0].result.text, "that no other transfer is open")); /* to its end */
	assert_true(w.runs[1].result.verified);
	expect_loud();
}

static void unmet_preconditions_fail_the_target_alone(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x03"), 0, 0, B("\x7f\x31\x22"));
	world_reply(&w, 1, B("\x31\x01\x02\x03"), 0, 0, B("\x71\x01\x02\x03\x04"));
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[0].result.code, FLASH_PRECONDITIONS);
	assert_int_equal(w.runs[0].result.nrc, 0x22);
	assert_int_equal(w.runs[1].result.code, FLASH_PRECONDITIONS);
	assert_non_null(strstr(w.runs[1].result.text, "condition 04"));
	assert_int_equal(world_count(&w, 0, -1, B("\x10\x02")), 0);
	/* nobody is left: the bus is not even made wholly quiet */
	assert_int_equal(world_count(&w, 0, 1, B("\x28\x03")), 0);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_QUIET), 0);
	expect_loud();
}

static void empty_list_of_preconditions_is_fulfilled(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x31\x01\x02\x03"), 0, 0, B("\x71\x01\x02\x03"));
	world_flash_all(&w, 2);
	assert_true(w.runs[0].result.verified);
}

static void bus_is_loud_after_a_failure_behind_the_erase(void **state)
{
	(void)state;
	with_ecus(1);
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x7f\x31\x72"));
	world_flash_all(&w, 1);
	assert_int_equal(w.runs[0].result.code, FLASH_ERASE_FAILED);
	assert_true(w.runs[0].result.erased);
	expect_loud();
}

static void target_that_failed_unerased_is_quiet_again_while_the_other_flashes(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x2e"), 0, 0, B("\x7f\x2e\x31"));
	world_flash_all(&w, 1);
	assert_int_equal(w.runs[0].result.code, FLASH_NEGATIVE_RESPONSE);
	assert_true(w.runs[1].result.verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x01")), 1);
	assert_true(world_find(&w, 0, B("\x28\x03\x01"), 1) > world_find(&w, 0, B("\x10\x01"), 0));
	expect_loud();
}

static void stop_in_the_functional_part_makes_the_bus_loud(void **state)
{
	(void)state;
	world_rule(&w, 1, RULE_IGNORE, B("\x85\x02"), 0, 0);
	world_start_bus(&w, 2);
	world_run_until(&w, w.now_us + 100 * MS, false);
	assert_true(w.peers[0].session == 3 && w.peers[0].dtc_off);
	flash_bus_stop(&w.flash_bus, w.now_us);
	world_run_until(&w, w.now_us + 60 * S, false);
	assert_true(flash_bus_finished(&w.flash_bus));
	assert_int_equal(w.runs[0].result.code, FLASH_STOPPED);
	assert_int_equal(w.runs[1].result.code, FLASH_STOPPED);
	expect_loud();
}

static void stop_before_an_erase_makes_the_bus_loud(void **state)
{
	(void)state;
	w.stop_at_step = FLASH_STEP_SECURITY;
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[0].result.code, FLASH_STOPPED);
	assert_int_equal(w.runs[1].result.code, FLASH_STOPPED);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff")), 0);
	expect_loud();
}

static void stop_finishes_the_erased_target_and_skips_the_waiting_one(void **state)
{
	(void)state;
	w.stop_at_step = FLASH_STEP_TRANSFER;
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
	assert_int_equal(w.runs[1].result.code, FLASH_STOPPED);
	assert_int_equal(world_count(&w, 1, 0, B("\x10\x02")), 0);
	expect_loud();
}

static void stop_before_the_start_sends_nothing(void **state)
{
	(void)state;
	w.with_bus = true;
	flash_bus_init(&w.flash_bus, &w.node, 2);
	for (unsigned i = 0; i < 2; i++) {
		flash_run_init(&w.runs[i], &w.jobs[i], &w.channels[i]);
		flash_bus_add(&w.flash_bus, &w.runs[i]);
	}
	flash_bus_stop(&w.flash_bus, w.now_us);
	world_run_until(&w, w.now_us + S, false);
	assert_true(flash_bus_finished(&w.flash_bus));
	assert_int_equal(w.n_log, 0);
	assert_int_equal(w.runs[1].result.code, FLASH_STOPPED);
}

static void foreign_tester_before_the_erase_stops_all(void **state)
{
	(void)state;
	w.drive_foreign_at_step = FLASH_STEP_SECURITY;
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[0].result.code, FLASH_FOREIGN_TESTER);
	assert_int_equal(w.runs[1].result.code, FLASH_FOREIGN_TESTER);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff")), 0);
	expect_loud();
}

static void foreign_tester_after_the_erase_changes_nothing(void **state)
{
	(void)state;
	w.drive_foreign_at_step = FLASH_STEP_TRANSFER;
	world_flash_all(&w, 1);
	assert_true(w.node.n_foreign > 0);
	assert_true(w.runs[0].result.verified && w.runs[1].result.verified);
	expect_loud();
}

static void foreign_tester_does_not_stop_the_recovery_of_an_erased_ecu(void **state)
{
	(void)state;
	with_ecus(1);
	w.jobs[0].recovery = true; /* erased by an earlier run */
	w.drive_foreign_at_step = FLASH_STEP_SECURITY;
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
}

static void a_functional_request_that_cannot_leave_is_not_the_ecus_silence(void **state)
{
	(void)state;
	with_ecus(1);
	w.unplugged = true;
	world_flash_all(&w, 1);
	assert_int_equal(w.runs[0].result.code, FLASH_TRANSPORT);
}

static void recovery_bears_a_boot_loader_that_refuses_the_functional_part(void **state)
{
	(void)state;
	with_ecus(1);
	w.jobs[0].recovery = true;
	world_rule(&w, 0, RULE_IGNORE, B("\x10\x03"), 0, 0)->functional = 1;
	world_reply(&w, 0, B("\x85"), 0, 0, B("\x7f\x85\x11"));
	world_rule(&w, 0, RULE_IGNORE, B("\x28"), 0, 0);
	world_reply(&w, 0, B("\x31\x01\x02\x03"), 0, 0, B("\x7f\x31\x31"));
	world_reply(&w, 0, B("\x22"), 0, 5, B("\x7f\x22\x31"));
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
	assert_string_equal(w.runs[0].result.before.application_version, "");
}

static void recovery_of_a_dead_ecu_still_fails(void **state)
{
	(void)state;
	with_ecus(1);
	w.jobs[0].recovery = true;
	world_rule(&w, 0, RULE_IGNORE, B(""), 0, 0);
	world_flash_all(&w, 1);
	assert_int_equal(w.runs[0].result.code, FLASH_NO_ANSWER);
	assert_int_equal(w.runs[0].result.sid, 0x10);
	assert_false(w.runs[0].result.erased);
}

static void a_bus_that_cannot_be_told_to_be_loud_is_not_said_to_be_as_before(void **state)
{
	(void)state;
	w.unplugged_at_reset = true;
	world_flash_all(&w, 2);
	assert_true(w.peers[0].quiet);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_LOUD), 1);
	for (unsigned i = 0; i < w.n_events; i++)
		if (w.events[i].kind == FLASH_BUS_EVENT_LOUD)
			assert_non_null(strstr(w.events[i].text, "not told"));
}

static void identifying_leaves_the_bus_alone(void **state)
{
	(void)state;
	w.jobs[0].kind = w.jobs[1].kind = FLASH_JOB_IDENTIFY;
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[1].result.code, FLASH_OK);
	assert_string_equal(w.runs[1].result.before.serial_number, "SN-0001");
	for (unsigned i = 0; i < w.n_log; i++)
		assert_int_equal(w.log[i].pdu[0], 0x22);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_LOUD), 0);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_FINISHED), 1);
}

static void bus_without_targets_is_finished_at_once(void **state)
{
	(void)state;
	with_ecus(0);
	world_start_bus(&w, 1);
	world_run_until(&w, w.now_us + S, false);
	assert_true(flash_bus_finished(&w.flash_bus));
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_FINISHED), 1);
}

static void tester_present_is_sent_functionally_all_the_time(void **state)
{
	uint32_t sent;

	(void)state;
	with_ecus(1);
	w.withhold_intent = true;
	world_start_bus(&w, 1);
	world_run_until(&w, w.now_us + 5 * S, false);
	sent = w.node.n_functional_sent;
	world_run_until(&w, w.now_us + 20 * S, false);
	assert_int_equal(w.node.n_functional_sent - sent, 10);
}

/* 11 bits for one, 29 bits, normal fixed, for the other: neither hears what is sent to all of the other's kind */
static void ecus_with_two_functional_addresses_are_flashed_together(void **state)
{
	uint32_t sent;

	(void)state;
	w.profiles[1].functional.id = w.peers[1].functional_id = 0x18db33f1;
	w.profiles[1].functional.extended_id = true;
	w.withhold_intent = true;
	world_start_bus(&w, 2);
	world_run_until(&w, w.now_us + 5 * S, false);
	assert_true(w.peers[0].quiet && w.peers[1].quiet);
	sent = w.node.n_tester_present_sent;
	world_run_until(&w, w.now_us + 20 * S, false);
	assert_int_equal(w.node.n_tester_present_sent - sent, 2 * 10);
	for (unsigned i = 0; i < 2; i++)
		flash_run_intent_stored(&w.runs[i], w.now_us);
	w.withhold_intent = false;
	world_run_until(&w, w.now_us + 60 * S, false);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(w.runs[i].result.verified);
		assert_int_equal(world_count(&w, i, 1, B("\x10\x03")), 1);
		assert_int_equal(world_count(&w, i, 1, B("\x28\x03\x01")), 1);
		assert_int_equal(world_count(&w, i, 1, B("\x14\xff\xff\xff")), 1);
	}
	expect_loud();
}

static void more_functional_addresses_than_a_bus_serves_are_refused(void **state)
{
	struct profile profiles[CAN_NODE_MAX_FUNCTIONAL + 1];
	struct flash_run runs[CAN_NODE_MAX_FUNCTIONAL + 2];
	struct flash_job job = w.jobs[0];

	(void)state;
	flash_bus_init(&w.flash_bus, &w.node, 2);
	for (unsigned i = 0; i <= CAN_NODE_MAX_FUNCTIONAL; i++) {
		profiles[i] = w.profiles[0];
		profiles[i].functional.has_address = true;
		profiles[i].functional.address = (uint8_t)(0xd0 + i);
		job.profile = &profiles[i];
		flash_run_init(&runs[i], &job, &w.channels[0]);
		assert_int_equal(flash_bus_add(&w.flash_bus, &runs[i]), i == CAN_NODE_MAX_FUNCTIONAL);
	}
	job.kind = FLASH_JOB_IDENTIFY; /* which sends nothing functionally */
	flash_run_init(&runs[CAN_NODE_MAX_FUNCTIONAL + 1], &job, &w.channels[0]);
	assert_int_equal(flash_bus_add(&w.flash_bus, &runs[CAN_NODE_MAX_FUNCTIONAL + 1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(two_ecus_are_flashed_on_a_bus_made_quiet_once),
	    T(order_of_the_functional_part_is_that_of_the_profile),
	    T(nothing_functional_disturbs_a_flash),
	    T(ecu_that_was_reset_is_quietened_again_while_another_flashes),
	    T(lost_functional_request_is_sent_again),
	    T(pending_answer_to_a_functional_request_is_waited_for),
	    T(answer_put_off_for_ever_does_not_keep_the_bus_silent),
	    T(answer_put_off_when_the_quiet_ends_is_not_waited_for),
	    T(silent_target_fails_and_the_other_goes_on),
	    T(target_that_refuses_the_quiet_fails_with_its_code),
	    T(unmet_preconditions_fail_the_target_alone),
	    T(empty_list_of_preconditions_is_fulfilled),
	    T(bus_is_loud_after_a_failure_behind_the_erase),
	    T(target_that_failed_unerased_is_quiet_again_while_the_other_flashes),
	    T(stop_in_the_functional_part_makes_the_bus_loud),
	    T(stop_before_an_erase_makes_the_bus_loud),
	    T(stop_finishes_the_erased_target_and_skips_the_waiting_one),
	    T(stop_before_the_start_sends_nothing),
	    T(foreign_tester_before_the_erase_stops_all),
	    T(foreign_tester_after_the_erase_changes_nothing),
	    T(foreign_tester_does_not_stop_the_recovery_of_an_erased_ecu),
	    T(a_functional_request_that_cannot_leave_is_not_the_ecus_silence),
	    T(recovery_bears_a_boot_loader_that_refuses_the_functional_part),
	    T(recovery_of_a_dead_ecu_still_fails),
	    T(a_bus_that_cannot_be_told_to_be_loud_is_not_said_to_be_as_before),
	    T(identifying_leaves_the_bus_alone),
	    T(bus_without_targets_is_finished_at_once),
	    T(tester_present_is_sent_functionally_all_the_time),
	    T(ecus_with_two_functional_addresses_are_flashed_together),
	    T(more_functional_addresses_than_a_bus_serves_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
