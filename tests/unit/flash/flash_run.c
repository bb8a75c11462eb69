/* One ECU's sequence against a scripted peer: the happy path, identifiers, intents, stops, boot and versions. */
#include "tests/unit/flash/one_ecu.h"

static void whole_sequence_ends_verified(void **state)
{
	static const char *const order[] = {
	    "\x10\x02", "\x27\x01", "\x27\x02",         "\x2e\xf1\x5a",     "\x31\x01\xff", "\x34",
	    "\x36\x01", "\x37",     "\x31\x01\x02\x02", "\x31\x01\xff\x01", "\x11\x01",     "\x22\xf1\x81"};
	const struct flash_result *r;
	int at = -1;

	(void)state;
	r = world_flash_one(&w);
	assert_int_equal(r->code, FLASH_OK);
	assert_true(r->verified);
	assert_true(r->erased);
	assert_string_equal(r->text, "ecu0: verified");
	assert_string_equal(r->before.application_version, "APP-1");
	assert_string_equal(r->before.hardware_id, "HW-7");
	assert_string_equal(r->before.serial_number, "SN-0001");
	assert_string_equal(r->after.application_version, "APP-2");
	assert_string_equal(r->after.boot_version, "BOOT-1");
	assert_string_equal(r->after.data_version, "DATA-3");
	assert_int_equal(r->payload_bytes, 1000);
	assert_int_equal(r->block_repeats, 0);
	assert_true(r->transfer_us > 0 && r->transfer_us < r->ended_us - r->started_us);
	assert_memory_equal(w.peers[0].memory, bytes[0], 1000);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int next = world_find(&w, 0, order[i], strlen(order[i]), i == 11 ? 1 : 0);

		assert_true(next > at);
		at = next;
	}
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_DONE), 1);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_FAILED), 0);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_PROGRESS), 16); /* ceil(1000 / 64) blocks */
	assert_int_equal(w.events[w.n_events - 1].event.bytes_done, 1000);
	assert_int_equal(w.events[w.n_events - 1].event.bytes_total, 1000);
	assert_false(w.channels[0].tester_present);
}

static void erase_names_the_segment_and_check_its_crc(void **state)
{
	uint32_t crc = image_crc32(0, bytes[0], 1000);
	uint8_t expected[8] = {
	    0x31, 0x01, 0x02, 0x02, (uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};

	(void)state;
	world_flash_one(&w);
	assert_int_not_equal(world_find(&w, 0, B("\x31\x01\xff\x00\x44\x00\x00\x80\x00\x00\x00\x03"), 0), -1);
	assert_int_not_equal(world_find(&w, 0, B("\x34\x00\x44\x00\x00\x80\x00\x00\x00\x03\xe8"), 0), -1);
	assert_int_not_equal(world_find(&w, 0, (const char *)expected, 8, 0), -1);
}

static void units_are_gone_through_one_after_the_other(void **state)
{
	const struct flash_result *r;

	(void)state;
	images[0].n_segments = 2;
	images[0].n_bytes = 300;
	images[0].segments[0] = (struct image_segment){PEER_BASE, bytes[0], 200};
	images[0].segments[1] = (struct image_segment){PEER_BASE + 0x400, bytes[0] + 200, 100};
	w.jobs[0].n_units = 2;
	w.jobs[0].units[1] = w.jobs[0].units[0];
	w.jobs[0].units[1].image = &images[1];
	w.jobs[0].units[1].version_did = 0xf182;
	snprintf(w.jobs[0].units[1].expected_version, FLASH_VERSION_BYTES, "DATA-3");
	r = world_flash_one(&w);
	assert_true(r->verified);
	assert_int_equal(r->payload_bytes, 1300);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 3);
	assert_int_equal(world_count(&w, 0, 0, B("\x34")), 3);
	assert_int_equal(world_count(&w, 0, 0, B("\x37")), 3);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\x02\x02")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x01")), 1);
	/* both segments are erased before the first is written, and the second unit after the first is checked */
	assert_true(world_find(&w, 0, B("\x31\x01\xff\x00"), 1) < world_find(&w, 0, B("\x34"), 0));
	assert_true(world_find(&w, 0, B("\x31\x01\xff\x00"), 2) > world_find(&w, 0, B("\x31\x01\x02\x02"), 0));
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_INTENT), 2); /* before each unit's erase */
	assert_memory_equal(w.peers[0].memory, bytes[0], 200);
	assert_memory_equal(w.peers[0].memory + 0x400, bytes[0] + 200, 100);
	assert_memory_equal(w.peers[0].memory + 0x2000, bytes[1], 1000);
}

static void expected_version_of_the_last_unit_counts_for_a_shared_did(void **state)
{
	(void)state;
	w.jobs[0].n_units = 2;
	w.jobs[0].units[1] = w.jobs[0].units[0];
	w.jobs[0].units[1].image = &images[1];
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "boot loader's");
	assert_true(world_flash_one(&w)->verified);
}

static void identify_reads_and_changes_nothing(void **state)
{
	const struct flash_result *r;

	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	world_reply(&w, 0, B("\x22\xf1\x82"), 0, 0, B("\x7f\x22\x31"));
	r = world_flash_one(&w);
	assert_int_equal(r->code, FLASH_OK);
	assert_string_equal(r->before.application_version, "APP-1");
	assert_string_equal(r->after.application_version, "APP-1");
	assert_string_equal(r->after.data_version, ""); /* not there: no failure */
	assert_int_equal(world_count(&w, 0, -1, B("\x22")), w.n_log);
}

static void identify_bears_lost_answers(void **state)
{
	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	world_rule(&w, 0, RULE_IGNORE, B("\x22\xf1\x91"), 0, 2);
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x22\xf1\x81"), 0, 1);
	assert_int_equal(world_flash_one(&w)->code, FLASH_OK);
	assert_string_equal(w.runs[0].result.before.hardware_id, "HW-7");
	assert_string_equal(w.runs[0].result.before.application_version, "APP-1");
}

static void identify_of_a_dead_ecu_says_no_answer(void **state)
{
	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	world_rule(&w, 0, RULE_IGNORE, B(""), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x22, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x22\xf1\x91")), 3);
}

static void identify_of_an_ecu_that_falls_silent_gives_no_half_of_an_identity(void **state)
{
	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	world_rule(&w, 0, RULE_IGNORE, B("\x22\xf1\x91"), 0, 0); /* resetting just then; the others are answered */
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x22, 0, false);
}

static void binary_identifiers_read_as_hexadecimal_and_counts_are_left_out(void **state)
{
	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	world_reply(&w, 0, B("\x22\xf1\x8c"), 0, 0, B("\x62\xf1\x8c\x81\x02\x7f"));
	world_reply(&w, 0, B("\x22\xf1\x80"), 0, 0, B("\x62\xf1\x80\x01V1.0  "));
	assert_int_equal(world_flash_one(&w)->code, FLASH_OK);
	assert_string_equal(w.runs[0].result.before.serial_number, "81027f");
	assert_string_equal(w.runs[0].result.before.boot_version, "V1.0");
}

static void verify_compares_versions_and_changes_nothing(void **state)
{
	(void)state;
	w.jobs[0].kind = FLASH_JOB_VERIFY;
	expect_failure(world_flash_one(&w), FLASH_WRONG_VERSION, 0, 0, false);
	assert_string_equal(w.runs[0].result.text, "ecu0: version read back is 'APP-1', expected 'APP-2'");

	setup(NULL);
	w.jobs[0].kind = FLASH_JOB_VERIFY;
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "APP-1");
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, -1, B("\x22")), w.n_log);
}

static void refused_session_fails_with_its_code(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x10\x02"), 0, 0, B("\x7f\x10\x22"));
	expect_failure(world_flash_one(&w), FLASH_NEGATIVE_RESPONSE, 0x10, 0x22, false);
	assert_int_equal(w.runs[0].result.step, FLASH_STEP_SESSION);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x02")), 3); /* two retries in the profile */
}

static void p2_of_the_session_answer_is_taken(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x10\x02"), 0, 0, B("\x50\x02\x02\x58\x01\x2c")); /* 600 ms, 3000 ms */
	world_rule(&w, 0, RULE_DELAY, B("\x2e"), 0, 0)->delay_us = 650 * MS;
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x2e")), 1);
}

static void p2_announced_beyond_reason_is_bounded(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x10\x02"), 0, 0, B("\x50\x02\xff\xff\xff\xff"));
	world_rule(&w, 0, RULE_IGNORE, B("\x27"), 0, 0);
	world_flash_one(&w);
	assert_int_equal(w.runs[0].result.code, FLASH_NO_ANSWER);
	assert_true(w.runs[0].result.ended_us - w.runs[0].result.started_us < 70 * S);
}

static void nothing_is_erased_before_the_intent_is_stored(void **state)
{
	(void)state;
	w.withhold_intent = true;
	flash_run_init(&w.runs[0], &w.jobs[0], &w.channels[0]);
	flash_run_start(&w.runs[0], w.now_us);
	world_run_until(&w, w.now_us + 30 * S, false);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_INTENT), 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x31")), 0);
	assert_false(flash_run_erased(&w.runs[0]));
	flash_run_intent_stored(&w.runs[0], w.now_us);
	assert_true(flash_run_erased(&w.runs[0]));
	w.withhold_intent = false;
	world_run_until(&w, w.now_us + 60 * S, false);
	assert_true(w.runs[0].result.verified);
}

static void intent_that_is_never_stored_ends_the_run_unerased(void **state)
{
	(void)state;
	w.withhold_intent = true;
	expect_failure(world_flash_one(&w), FLASH_STOPPED, 0, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x31")), 0);
}

static void step_marked_as_point_of_no_return_asks_for_the_intent(void **state)
{
	(void)state;
	w.profiles[0].steps[2].point_of_no_return = true; /* the fingerprint */
	world_reply(&w, 0, B("\x2e"), 0, 0, B("\x7f\x2e\x72"));
	expect_failure(world_flash_one(&w), FLASH_NEGATIVE_RESPONSE, 0x2e, 0x72, true);
	assert_true(world_events(&w, 0, FLASH_EVENT_INTENT) >= 1);
	assert_int_equal(world_count(&w, 0, 0, B("\x31")), 0);
}

static void stop_before_the_first_erase_returns_to_the_default_session(void **state)
{
	static const enum flash_step_kind steps[] = {FLASH_STEP_SESSION, FLASH_STEP_SECURITY, FLASH_STEP_FINGERPRINT,
						     FLASH_STEP_ERASE};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		setup(NULL);
		w.stop_at_step = (int)steps[i];
		expect_failure(world_flash_one(&w), FLASH_STOPPED, 0, 0, false);
		assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff")), 0);
	}
}

static void stop_while_the_intent_waits_leaves_the_ecu_untouched(void **state)
{
	(void)state;
	w.stop_at_intent = true;
	expect_failure(world_flash_one(&w), FLASH_STOPPED, 0, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x31")), 0);
}

static void stop_after_the_first_erase_completes_the_flash(void **state)
{
	(void)state;
	w.stop_at_step = FLASH_STEP_TRANSFER;
	assert_true(world_flash_one(&w)->verified);
}

static void stop_while_identifiers_are_read_ends_with_the_answer_at_hand(void **state)
{
	(void)state;
	flash_run_init(&w.runs[0], &w.jobs[0], &w.channels[0]);
	flash_run_start(&w.runs[0], w.now_us);
	flash_run_stop(&w.runs[0], w.now_us);
	assert_false(flash_run_finished(&w.runs[0]));
	world_run_until(&w, w.now_us + S, false);
	expect_failure(&w.runs[0].result, FLASH_STOPPED, 0, 0, false);
	assert_int_equal(w.n_log, 1);
}

static void stop_before_the_start_sends_nothing(void **state)
{
	(void)state;
	flash_run_init(&w.runs[0], &w.jobs[0], &w.channels[0]);
	flash_run_stop(&w.runs[0], w.now_us);
	assert_true(flash_run_finished(&w.runs[0]));
	assert_int_equal(w.runs[0].result.code, FLASH_STOPPED);
	flash_run_start(&w.runs[0], w.now_us);
	world_run_until(&w, w.now_us + S, false);
	assert_int_equal(w.n_log, 0);
}

static void ecu_that_does_not_boot_fails(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B("\x3e\x00"), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_BOOT_TIMEOUT, 0x3e, 0, true);
}

static void lost_answer_to_the_reset_goes_on_to_the_boot(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_LOSE_ANSWER, B("\x11"), 0, 0);
	assert_true(world_flash_one(&w)->verified);
}

static void wrong_version_fails_the_flash(void **state)
{
	(void)state;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), "APP-3");
	expect_failure(world_flash_one(&w), FLASH_WRONG_VERSION, 0, 0, true);
	assert_non_null(strstr(w.runs[0].result.text, "'APP-3', expected 'APP-2'"));
}

static void any_version_will_do_where_none_is_expected_but_there_must_be_one(void **state)
{
	(void)state;
	w.jobs[0].units[0].expected_version[0] = 0;
	assert_true(world_flash_one(&w)->verified);

	setup(NULL);
	w.jobs[0].units[0].expected_version[0] = 0;
	snprintf(w.peers[0].new_version, sizeof(w.peers[0].new_version), " ");
	expect_failure(world_flash_one(&w), FLASH_WRONG_VERSION, 0, 0, true);
}

static void unreadable_version_fails_the_flash(void **state)
{
	(void)state;
	world_reply(&w, 0, B("\x22\xf1\x81"), 1, 0, B("\x7f\x22\x31"));
	expect_failure(world_flash_one(&w), FLASH_NEGATIVE_RESPONSE, 0x22, 0x31, true);
}

static void segment_beyond_the_address_format_sends_nothing(void **state)
{
	(void)state;
	w.profiles[0].address_bytes = 2;
	images[0].segments[0].address = 0xff00; /* 0xff00 + 1000 leaves 16 bits */
	expect_failure(world_flash_one(&w), FLASH_IMAGE_TOO_LARGE, 0, 0, false);
	assert_int_equal(w.n_log, 0);
}

static void silent_ecu_is_no_answer(void **state)
{
	(void)state;
	world_rule(&w, 0, RULE_IGNORE, B(""), 0, 0);
	expect_failure(world_flash_one(&w), FLASH_NO_ANSWER, 0x22, 0, false);
	assert_int_equal(world_count(&w, 0, 0, B("\x10")), 0);
}

static void recovery_goes_on_without_identifiers(void **state)
{
	(void)state;
	w.jobs[0].recovery = true;
	world_rule(&w, 0, RULE_IGNORE, B("\x22"), 0, 15);
	assert_true(world_flash_one(&w)->verified);
}

static void session_lost_in_the_middle_is_entered_again(void **state)
{
	(void)state;
	w.profiles[0].steps[3].retries = 1;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 1, B("\x7f\x31\x7f"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x02")), 2);
	assert_int_equal(world_count(&w, 0, 0, B("\x27\x02")), 2);
}

static void routine_out_of_range_may_be_one_of_another_session(void **state)
{
	(void)state;
	w.profiles[0].steps[3].retries = 1;
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 1, B("\x7f\x31\x31"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x10\x02")), 2);
}

static void ecu_is_kept_awake_while_the_owner_takes_its_time(void **state)
{
	(void)state;
	w.withhold_intent = true;
	flash_run_init(&w.runs[0], &w.jobs[0], &w.channels[0]);
	flash_run_start(&w.runs[0], w.now_us);
	world_run_until(&w, w.now_us + 30 * S, false);
	assert_true(w.channels[0].tester_present);
	/* 3E 80 is not logged as a request; the frames that left say that it went out every 2 s */
	assert_true(bus_client_frames(&w.bus, 0) > 20);
}

static void extra_steps_are_carried_out_in_their_place(void **state)
{
	struct profile *p = &w.profiles[0];
	int routine, write, fingerprint;

	(void)state;
	memmove(&p->steps[5], &p->steps[2], (size_t)(p->n_steps - 2) * sizeof(p->steps[0]));
	p->n_steps = (uint8_t)(p->n_steps + 3);
	p->steps[2] = (struct flash_step){.kind = FLASH_STEP_ROUTINE, .id = 0x0301, .data = {0xaa}, .n_data = 1};
	p->steps[3] = (struct flash_step){.kind = FLASH_STEP_WAIT, .wait_ms = 700};
	p->steps[4] = (struct flash_step){.kind = FLASH_STEP_WRITE_DID, .id = 0x1234, .data = {1, 2}, .n_data = 2};
	assert_null(profile_check(p));
	assert_true(world_flash_one(&w)->verified);
	routine = world_find(&w, 0, B("\x31\x01\x03\x01\xaa"), 0);
	write = world_find(&w, 0, B("\x2e\x12\x34\x01\x02"), 0);
	fingerprint = world_find(&w, 0, B("\x2e\xf1\x5a"), 0);
	assert_true(routine > 0 && write > routine && fingerprint > write);
	assert_true(w.log[write].at_us - w.log[routine].at_us >= 700 * MS);
}

static void request_longer_than_the_transmit_buffer_fails(void **state)
{
	(void)state;
	w.channels[0].tx_cap = 8; /* the fingerprint has 12 bytes */
	expect_failure(world_flash_one(&w), FLASH_TRANSPORT, 0x2e, 0, false);
}

static void every_code_has_words(void **state)
{
	(void)state;
	for (int c = FLASH_OK; c <= FLASH_WRONG_SERIAL; c++) {
		if (c == 19)
			continue; /* of gatewayd */
		assert_string_not_equal(flash_code_text((enum flash_code)c), "unknown code");
		assert_true(strlen(flash_code_text((enum flash_code)c)) > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(whole_sequence_ends_verified),
	    T(erase_names_the_segment_and_check_its_crc),
	    T(units_are_gone_through_one_after_the_other),
	    T(expected_version_of_the_last_unit_counts_for_a_shared_did),
	    T(identify_reads_and_changes_nothing),
	    T(identify_bears_lost_answers),
	    T(identify_of_a_dead_ecu_says_no_answer),
	    T(identify_of_an_ecu_that_falls_silent_gives_no_half_of_an_identity),
	    T(binary_identifiers_read_as_hexadecimal_and_counts_are_left_out),
	    T(verify_compares_versions_and_changes_nothing),
	    T(refused_session_fails_with_its_code),
	    T(p2_of_the_session_answer_is_taken),
	    T(p2_announced_beyond_reason_is_bounded),
	    T(nothing_is_erased_before_the_intent_is_stored),
	    T(intent_that_is_never_stored_ends_the_run_unerased),
	    T(step_marked_as_point_of_no_return_asks_for_the_intent),
	    T(stop_before_the_first_erase_returns_to_the_default_session),
	    T(stop_while_the_intent_waits_leaves_the_ecu_untouched),
	    T(stop_after_the_first_erase_completes_the_flash),
	    T(stop_while_identifiers_are_read_ends_with_the_answer_at_hand),
	    T(stop_before_the_start_sends_nothing),
	    T(ecu_that_does_not_boot_fails),
	    T(lost_answer_to_the_reset_goes_on_to_the_boot),
	    T(wrong_version_fails_the_flash),
	    T(any_version_will_do_where_none_is_expected_but_there_must_be_one),
	    T(unreadable_version_fails_the_flash),
	    T(segment_beyond_the_address_format_sends_nothing),
	    T(silent_ecu_is_no_answer),
	    T(recovery_goes_on_without_identifiers),
	    T(session_lost_in_the_middle_is_entered_again),
	    T(routine_out_of_range_may_be_one_of_another_session),
	    T(ecu_is_kept_awake_while_the_owner_takes_its_time),
	    T(extra_steps_are_carried_out_in_their_place),
	    T(request_longer_than_the_transmit_buffer_fails),
	    T(every_code_has_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
