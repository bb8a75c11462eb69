/* profile_load: templates and changes to them, and the ways of ECUs that are more than a number. */
#include "tests/unit/load/profile_text.h"

#define DUAL MINIMAL "template: dual-bank\n"

static void the_template_dual_bank_switches_over_and_knows_its_way_back(void **state)
{
	(void)state;
	struct profile template;

	profile_template_dual_bank(&template);
	expect(DUAL);
	assert_int_equal(profile.banks, PROFILE_DUAL_BANK);
	assert_int_equal(profile.n_steps, template.n_steps);
	assert_memory_equal(profile.steps, template.steps, sizeof template.steps);
	assert_int_equal(profile.n_back, template.n_back);
	assert_memory_equal(profile.back, template.back, sizeof template.back);
	assert_int_equal(profile.n_bus_before + profile.n_bus_after, 0);
	expect(DUAL "routines: {switch_over: 0x0310, switch_back: 0x0311}\n");
	assert_int_equal(profile.routine_switch_over, 0x310);
	assert_int_equal(profile.routine_switch_back, 0x311);
}

static void a_dual_bank_profile_may_have_lists_of_its_own(void **state)
{
	(void)state;
	expect(DUAL "steps:\n"
		    "- {step: session, session: extended}\n"
		    "- {step: erase}\n"
		    "- {step: transfer}\n"
		    "- {step: switch_over, data: 01}\n"
		    "- {step: reset}\n"
		    "- {step: wait_boot}\n"
		    "- {step: read_version}\n"
		    "steps_back:\n"
		    "- {step: switch_back, data: 02 03, retries: 4}\n"
		    "- {step: reset}\n"
		    "- {step: wait_boot}\n"
		    "- {step: read_version}\n"
		    "bus_before: [{step: session, session: extended}]\n");
	assert_false(profile.steps[1].point_of_no_return);
	assert_true(profile.steps[3].point_of_no_return); /* as usual of a switch-over */
	assert_int_equal(profile.steps[3].n_data, 1);
	assert_int_equal(profile.n_back, 4);
	assert_int_equal(profile.back[0].n_data, 2);
	assert_int_equal(profile.back[0].retries, 4);
	assert_int_equal(profile.n_bus_before, 1);
	expect_line_refused("steps_back: [{step: switch_back}]", "lamp.yaml:4: steps_back: needs template: dual-bank");
	expect_refused(DUAL "steps_back: [{step: read_version}]\n", "the way back of a dual-bank ECU must switch back");
	expect_refused(DUAL "change_steps: [{at: erase, point_of_no_return: true}]\n", "is its switch-over");
	expect_refused(DUAL "change_steps: [{remove: switch_over}]\n", "must switch over");
}

static void without_security_the_way_back_has_none_either(void **state)
{
	(void)state;
	expect("name: a\ntemplate: dual-bank\naddressing: {request: 1, response: 2}\nsecurity: {algorithm: none}\n");
	assert_int_equal(profile.n_back, 5);
	for (uint8_t i = 0; i < profile.n_back; i++)
		assert_int_not_equal(profile.back[i].kind, FLASH_STEP_SECURITY);
}

static void single_steps_of_a_template_are_changed_added_and_left_out(void **state)
{
	(void)state;
	expect(MINIMAL "change_steps:\n"
		       "- {at: transfer, retries: 5}\n"
		       "- {after: security, add: {step: routine, id: 0x0301, data: 0A, retries: 2}}\n"
		       "- {before: reset, add: {step: wait, wait_ms: 250}}\n"
		       "- {remove: fingerprint}\n"
		       "- {after: read_version, add: {step: session, session: default}}\n"
		       "- {at: session, nth: 2, retries: 7}\n");
	assert_int_equal(profile.n_steps, 12);
	assert_int_equal(profile.steps[0].retries, 2);
	assert_int_equal(profile.steps[2].kind, FLASH_STEP_ROUTINE);
	assert_int_equal(profile.steps[2].id, 0x301);
	assert_int_equal(profile.steps[2].retries, 2);
	assert_int_equal(profile.steps[3].kind, FLASH_STEP_ERASE);
	assert_true(profile.steps[3].point_of_no_return);
	assert_int_equal(profile.steps[4].kind, FLASH_STEP_TRANSFER);
	assert_int_equal(profile.steps[4].retries, 5);
	assert_int_equal(profile.steps[7].kind, FLASH_STEP_WAIT);
	assert_int_equal(profile.steps[7].wait_ms, 250);
	assert_int_equal(profile.steps[11].sub_function, 1);
	assert_int_equal(profile.steps[11].retries, 7);
}

static void wrong_changes_are_refused_with_line_and_key(void **state)
{
	(void)state;
	expect_line_refused("change_steps:\n- {at: transfer, retries: 11}",
			    "lamp.yaml:5: change_steps[0].retries: must be 0..10, is 11");
	expect_line_refused("change_steps:\n- {at: transfer}", "lamp.yaml:5: change_steps[0].at: changes nothing");
	expect_line_refused("change_steps:\n- {at: jump, retries: 1}",
			    "lamp.yaml:5: change_steps[0].at: must be one of session");
	expect_line_refused("change_steps:\n- {retries: 1}", "has one of at, after, before and remove, this one has 0");
	expect_line_refused("change_steps:\n- {at: erase, remove: erase}", "this one has 2");
	expect_line_refused("change_steps:\n- {after: security}", "lamp.yaml:5: change_steps[0].add: is missing");
	expect_line_refused("change_steps:\n- {remove: security, retries: 1}",
			    "lamp.yaml:5: change_steps[0].retries: belongs to an entry with at");
	expect_line_refused("change_steps:\n- {remove: security, add: {step: transfer}}",
			    "lamp.yaml:5: change_steps[0].add: belongs to an entry with after or before");
	expect_line_refused("change_steps:\n- {at: erase, wait_ms: 5}",
			    "lamp.yaml:5: change_steps[0].wait_ms: does not belong to a erase step");
	expect_line_refused("change_steps:\n- {after: erase, add: {step: wait}}",
			    "lamp.yaml:5: change_steps[0].add.wait_ms: must be 1..600000");
	expect_line_refused("change_steps:\n- {at: session, nth: 2, retries: 1}",
			    "change_steps[0].at: the sequence has no such step \"session\"");
	expect_line_refused("change_steps:\n- {remove: erase}\n- {at: erase, retries: 1}",
			    "lamp.yaml:6: change_steps[1].at: the sequence has no such step");
	expect_line_refused("change_steps: [{remove: wait_boot}]", "wait for boot");
	expect_refused(MINIMAL "steps: [{step: session}]\nchange_steps: [{remove: session}]\n",
		       "lamp.yaml:5: change_steps: changes the template's steps");
}

static void a_sequence_that_makes_no_sense_is_told_with_its_step(void **state)
{
	(void)state;
	expect_refused(MINIMAL "steps:\n"
			       "- {step: session}\n"
			       "- {step: erase}\n"
			       "- {step: transfer}\n"
			       "- {step: reset}\n"
			       "- {step: read_version}\n",
		       "lamp.yaml:9: steps[4]: a reset needs a wait for boot");
	expect_refused(MINIMAL "steps:\n- {step: session}\n- {step: erase}\n",
		       "lamp.yaml:4: steps: the sequence transfers nothing");
	expect_refused(DUAL "steps_back:\n- {step: switch_back}\n- {step: erase}\n",
		       "lamp.yaml:7: steps_back[1]: the way back erases, transfers");
	expect_refused(DUAL "steps_back:\n- {step: read_version}\n",
		       "lamp.yaml:5: steps_back: the way back of a dual-bank ECU must switch back");
	expect_refused(MINIMAL "timing: {s3_ms: 2000}\nchange_steps: [{remove: transfer}]\n",
		       "lamp.yaml:5: change_steps: the sequence transfers nothing");
}

static void more_securities_are_named_and_used_by_steps(void **state)
{
	(void)state;
	expect(MINIMAL "securities:\n"
		       "- {name: boot, level: 0x11, algorithm: xor, key: boot-key}\n"
		       "- {name: oem, level: 0x3, algorithm: library, library: oem_seed-key}\n"
		       "change_steps:\n"
		       "- {after: security, add: {step: security, use: boot}}\n"
		       "- {at: security, nth: 2, retries: 0}\n");
	assert_int_equal(profile.n_security, 3);
	assert_int_equal(profile.security[1].level, 0x11);
	assert_string_equal(profile.security[1].key_id, "boot-key");
	assert_int_equal(profile.security[2].algorithm, PROFILE_SECURITY_LIBRARY);
	assert_string_equal(profile.security[2].library, "oem_seed-key");
	assert_int_equal(profile.steps[1].security, 0);
	assert_int_equal(profile.steps[2].security, 1);
	assert_int_equal(profile.steps[2].retries, 0);
	assert_ptr_equal(profile_security_of_level(&profile, 3), &profile.security[2]);
	assert_null(profile_security_of_level(&profile, 5));
}

static void wrong_securities_are_refused_with_line_and_key(void **state)
{
	(void)state;
	expect_line_refused("securities:\n- {name: b, level: 0x2, key: k}",
			    "lamp.yaml:5: securities[0].level: must be odd");
	expect_line_refused("securities:\n- {name: b, level: 0x61, key: k}",
			    "lamp.yaml:5: securities[0].level: must be 0x1..0x41, is 0x61");
	expect_line_refused("securities:\n- {name: b, level: 1, key: k}", "securities[0].level: is that of another");
	expect_line_refused("securities:\n- {name: b, level: 3, key: k}\n- {name: b, level: 5, key: k}",
			    "lamp.yaml:6: securities[1].name: is there twice");
	expect_line_refused("securities:\n- {name: b, level: 3}", "lamp.yaml:5: securities[0].key: is missing");
	expect_line_refused("securities:\n- {level: 3, key: k}", "securities[0].name");
	expect_line_refused("securities:\n- {name: b, level: 3, algorithm: library}",
			    "lamp.yaml:5: securities[0].library: is missing");
	expect_line_refused("securities:\n- {name: b, level: 3, key: k, library: x}",
			    "lamp.yaml:5: securities[0].library: does not belong");
	expect_line_refused("securities:\n- {name: b, level: 3, algorithm: library, library: ../evil}",
			    "lamp.yaml:5: securities[0].library: must be a name");
	expect_line_refused("change_steps: [{at: security, use: boot}]",
			    "lamp.yaml:4: change_steps[0].use: names no entry of securities; is \"boot\"");
}

static void the_usual_security_may_be_a_library_without_a_secret(void **state)
{
	(void)state;
	expect("name: a\naddressing: {request: 1, response: 2}\nsecurity: {algorithm: library, library: oem}\n");
	assert_string_equal(profile.security[0].library, "oem");
	assert_string_equal(profile.security[0].key_id, "");
	assert_int_equal(profile.n_steps, 10);
}

static void identifiers_have_their_decoding(void **state)
{
	(void)state;
	expect(MINIMAL "decoding:\n"
		       "  hardware: {as: hex}\n"
		       "  serial: {as: bcd, offset: 1, length: 4}\n"
		       "  application: {as: uint}\n"
		       "  data: {offset: 2}\n");
	assert_int_equal(profile.decoding[PROFILE_DID_HARDWARE].coding, PROFILE_CODING_HEX);
	assert_int_equal(profile.decoding[PROFILE_DID_SERIAL].coding, PROFILE_CODING_BCD);
	assert_int_equal(profile.decoding[PROFILE_DID_SERIAL].offset, 1);
	assert_int_equal(profile.decoding[PROFILE_DID_SERIAL].length, 4);
	assert_int_equal(profile.decoding[PROFILE_DID_BOOT].coding, PROFILE_CODING_ASCII);
	assert_int_equal(profile.decoding[PROFILE_DID_APPLICATION].coding, PROFILE_CODING_UINT);
	assert_int_equal(profile.decoding[PROFILE_DID_DATA].offset, 2);
	expect_line_refused("decoding: {serial: {as: octal}}", "lamp.yaml:4: decoding.serial.as");
	expect_line_refused("decoding: {serial: {offset: 256}}",
			    "lamp.yaml:4: decoding.serial.offset: must be 0..255, is 256");
}

static void a_fingerprint_is_made_of_parts(void **state)
{
	(void)state;
	expect(MINIMAL "fingerprint_parts:\n"
		       "- {part: bytes, hex: \"00 01\"}\n"
		       "- {part: date_yymmdd}\n"
		       "- {part: date_yyyymmdd}\n"
		       "- {part: tester_serial, length: 10}\n"
		       "- {part: bytes, text: GW}\n"
		       "- {part: shop_code, length: 6}\n");
	assert_int_equal(profile.n_parts, 6);
	assert_int_equal(profile.n_fingerprint, 4);
	assert_memory_equal(profile.fingerprint, "\x00\x01GW", 4);
	assert_int_equal(profile.parts[1].n, 3);
	assert_int_equal(profile.parts[2].n, 4);
	assert_int_equal(profile.parts[3].kind, PROFILE_PART_TESTER_SERIAL);
	assert_int_equal(profile.parts[3].n, 10);
	assert_int_equal(profile.parts[4].at, 2);
	assert_int_equal(profile.parts[4].n, 2);
	expect_line_refused("fingerprint_parts: [{part: bytes}]", "lamp.yaml:4: fingerprint_parts[0].part: bytes need");
	expect_line_refused("fingerprint_parts: [{part: bytes, hex: 0g}]", "fingerprint_parts[0].hex: must be bytes");
	expect_line_refused("fingerprint_parts: [{part: date_yymmdd, length: 3}]",
			    "fingerprint_parts[0].length: does not belong");
	expect_line_refused("fingerprint_parts: [{part: date_yymmdd, hex: 00}]",
			    "fingerprint_parts[0].hex: belongs to a part of kind bytes");
	expect_line_refused("fingerprint_parts: [{part: shop_code}]", "fingerprint_parts[0].length: is missing");
	expect_line_refused("fingerprint_parts: [{part: shop_code, length: 65}]", "must be 1..64, is 65");
	expect_line_refused("fingerprint_parts: [{part: shop_code, length: 40}, {part: tester_serial, length: 40}]",
			    "the fingerprint is too long");
	expect_refused(MINIMAL "fingerprint: 00\nfingerprint_parts: [{part: date_yymmdd}]\n",
		       "lamp.yaml:5: fingerprint_parts: takes the place of fingerprint");
}

static void routines_take_and_say_what_the_ecu_wants(void **state)
{
	(void)state;
	expect(MINIMAL
	       "routines: {erase_argument: block, first_block: 0x10, block_bytes: 2, check_argument: signature}\n"
	       "routine_status:\n"
	       "  erase: {success: \"10 00\", offset: 1, running: 0x11}\n"
	       "  check: {required: false, running: none}\n"
	       "  other: {success: 0x55}\n");
	assert_int_equal(profile.erase_argument, PROFILE_ERASE_BLOCK);
	assert_int_equal(profile.first_block, 0x10);
	assert_int_equal(profile.block_number_bytes, 2);
	assert_int_equal(profile.check_argument, PROFILE_CHECK_SIGNATURE);
	assert_int_equal(profile.status[PROFILE_ROUTINE_ERASE].n_success, 2);
	assert_memory_equal(profile.status[PROFILE_ROUTINE_ERASE].success, "\x10\x00", 2);
	assert_int_equal(profile.status[PROFILE_ROUTINE_ERASE].offset, 1);
	assert_int_equal(profile.status[PROFILE_ROUTINE_ERASE].running, 0x11);
	assert_false(profile.status[PROFILE_ROUTINE_ERASE].required);
	assert_false(profile.status[PROFILE_ROUTINE_CHECK].required);
	assert_false(profile.status[PROFILE_ROUTINE_CHECK].may_run);
	assert_int_equal(profile.status[PROFILE_ROUTINE_OTHER].success[0], 0x55);
	assert_int_equal(profile.status[PROFILE_ROUTINE_SWITCH_OVER].running, 2);
	expect(MINIMAL "routines: {erase_address_bytes: 3, erase_length_bytes: 2, erase_format_byte: false}\n");
	assert_int_equal(profile.erase_address_bytes, 3);
	assert_int_equal(profile.erase_length_bytes, 2);
	assert_true(profile.erase_bare);
	expect_line_refused("routine_status: {erase: {success: 0x02}}",
			    "lamp.yaml:4: routine_status.erase.success: success and running must differ");
	expect_line_refused("routine_status: {erase: {running: 7}}",
			    "routine_status.erase.running: must be none or a byte");
	expect_line_refused("routine_status: {check: {success: \"0011223344\"}}",
			    "routine_status.check.success: must be 1..4 bytes");
	expect_line_refused("routine_status: {check: {offset: 64}}", "routine_status.check.offset: must be 0..63");
	expect_line_refused("routine_status: {check: {offset: -1}}",
			    "routine_status.check.offset: must be 0..63, is -1");
	expect_line_refused("routines: {block_bytes: 5}", "lamp.yaml:4: routines.block_bytes: must be 1..4, is 5");
	expect_line_refused("routines: {erase_address_bytes: 6}", "routines.erase_address_bytes: must be 1..5");
}

static void steps_name_the_refusals_that_they_bear(void **state)
{
	(void)state;
	expect(MINIMAL "change_steps: [{at: fingerprint, accept_nrc: [0x31, 0x22]}]\n");
	assert_int_equal(profile.steps[2].n_accept_nrc, 2);
	assert_int_equal(profile.steps[2].accept_nrc[0], 0x31);
	assert_int_equal(profile.steps[2].accept_nrc[1], 0x22);
	expect_line_refused(
	    "change_steps: [{at: fingerprint, accept_nrc: [0x131]}]",
	    "lamp.yaml:4: change_steps[0].accept_nrc: must be negative responses, 0x01..0xff, is 0x131");
	expect_line_refused("change_steps: [{at: fingerprint, accept_nrc: [-1]}]",
			    "change_steps[0].accept_nrc: must be negative responses, 0x01..0xff, is -1");
	expect_line_refused("change_steps: [{at: fingerprint, accept_nrc: [1, 2, 3, 4, 5]}]",
			    "change_steps[0].accept_nrc");
	expect_line_refused("change_steps: [{at: check_memory, accept_nrc: [0x31]}]", "cannot be taken for done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_template_dual_bank_switches_over_and_knows_its_way_back),
	    cmocka_unit_test(a_dual_bank_profile_may_have_lists_of_its_own),
	    cmocka_unit_test(without_security_the_way_back_has_none_either),
	    cmocka_unit_test(single_steps_of_a_template_are_changed_added_and_left_out),
	    cmocka_unit_test(wrong_changes_are_refused_with_line_and_key),
	    cmocka_unit_test(a_sequence_that_makes_no_sense_is_told_with_its_step),
	    cmocka_unit_test(more_securities_are_named_and_used_by_steps),
	    cmocka_unit_test(wrong_securities_are_refused_with_line_and_key),
	    cmocka_unit_test(the_usual_security_may_be_a_library_without_a_secret),
	    cmocka_unit_test(identifiers_have_their_decoding),
	    cmocka_unit_test(a_fingerprint_is_made_of_parts),
	    cmocka_unit_test(routines_take_and_say_what_the_ecu_wants),
	    cmocka_unit_test(steps_name_the_refusals_that_they_bear),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
