/* profile_load: the YAML form of a profile, its defaults, and errors that name file, line and key. */
#include "tests/unit/load/profile_text.h"

static void a_minimal_profile_is_the_template(void **state)
{
	(void)state;
	struct profile template;

	profile_template_single_bank(&template);
	expect(MINIMAL);
	assert_string_equal(profile.name, "lamp");
	assert_string_equal(profile.security[0].key_id, "lamp-key");
	assert_int_equal(profile.link.address.tx_id, 0x7e0);
	assert_int_equal(profile.link.address.rx_id, 0x7e8);
	assert_int_equal(profile.functional.id, 0x7df);
	assert_false(profile.link.address.extended_id);
	assert_int_equal(profile.link.tx_dl, 8);
	assert_int_equal(profile.n_steps, template.n_steps);
	assert_memory_equal(profile.steps, template.steps, sizeof template.steps);
	assert_memory_equal(profile.bus_before, template.bus_before, sizeof template.bus_before);
	assert_memory_equal(profile.bus_after, template.bus_after, sizeof template.bus_after);
	assert_true(profile.timing.p2_us == template.timing.p2_us);
	assert_int_equal(profile.boot_max_ms, template.boot_max_ms);
}

static void every_key_reaches_its_field(void **state)
{
	(void)state;
	expect(
	    "name: door\n"
	    "template: single-bank\n"
	    "addressing: {form: normal, request: 0x18DA10F1, response: 0x18DAF110, functional: 0x18DBEFF1, id_bits: "
	    "29}\n"
	    "link: {fd: true, brs: false, tx_dl: 32, pad: 0x55, block_size: 8, st_min_us: 500, n_as_ms: 11, n_ar_ms: "
	    "12,"
	    " n_bs_ms: 13, n_cr_ms: 14}\n"
	    "timing: {p2_ms: 50, p2_star_ms: 6000, s3_ms: 1500, max_pending: 7, pending_max_s: 60, answer_max_ms: 2500,"
	    " busy_pause_ms: 15, busy_repeats: 3, boot_wait_ms: 300, boot_max_ms: 4000, block_retries: 4}\n"
	    "supply: kl15_held\n"
	    "security: {level: 0x11, algorithm: xor, key: door-key}\n"
	    "dids: {hardware: 0xF192, serial: 0xF18D, boot: 0xF183, application: 0xF184, data: 0, fingerprint: "
	    "0xF15B}\n"
	    "fingerprint: 01 02 ff\n"
	    "routines: {preconditions: 0x0301, erase: 0xFF02, check: 0x0304, dependencies: 0xFF05, running_status: "
	    "0x22,"
	    " erase_argument: none, check_argument: sha256}\n"
	    "memory: {address_bytes: 3, length_bytes: 2, data_format: 0x11, max_block: 514}\n"
	    "estimate: {erase_ms_per_kib: 1.25, program_us_per_block: 900}\n"
	    "bus_before: [{step: session, session: extended}, {step: dtc_setting, setting: off},"
	    " {step: communication, control: enable_rx_disable_tx, communication_type: 3}]\n"
	    "bus_after: [{step: communication, control: enable}, {step: clear_dtc}]\n"
	    "steps:\n"
	    "- {step: session, session: programming}\n"
	    "- {step: security, retries: 0}\n"
	    "- {step: routine, id: 0x1234, data: 0xA1B2, point_of_no_return: true}\n"
	    "- {step: erase, retries: 3}\n"
	    "- {step: transfer}\n"
	    "- {step: write_did, id: 0xF199, data: \"20261123\"}\n"
	    "- {step: wait, wait_ms: 250}\n"
	    "- {step: reset, reset: soft}\n"
	    "- {step: wait_boot}\n"
	    "- {step: read_version}\n");
	assert_int_equal(profile.link.address.tx_id, 0x18da10f1);
	assert_true(profile.link.address.extended_id);
	assert_int_equal(profile.functional.id, 0x18dbeff1);
	assert_true(profile.functional.extended_id);
	assert_true(profile.link.fd && profile.functional.fd);
	assert_false(profile.link.brs || profile.functional.brs);
	assert_int_equal(profile.link.tx_dl, 32);
	assert_int_equal(profile.link.pad_byte, 0x55);
	assert_int_equal(profile.functional.pad_byte, 0x55);
	assert_int_equal(profile.link.block_size, 8);
	assert_int_equal(profile.link.st_min, 0xf5);
	assert_int_equal(profile.link.n_as_us, 11000);
	assert_int_equal(profile.link.n_ar_us, 12000);
	assert_int_equal(profile.link.n_bs_us, 13000);
	assert_int_equal(profile.link.n_cr_us, 14000);
	assert_int_equal(profile.timing.p2_us, 50000);
	assert_int_equal(profile.timing.p2_star_us, 6000000);
	assert_int_equal(profile.timing.s3_client_us, 1500000);
	assert_int_equal(profile.timing.max_pending, 7);
	assert_int_equal(profile.timing.pending_max_us, 60000000);
	assert_int_equal(profile.timing.answer_max_us, 2500000);
	assert_int_equal(profile.timing.busy_pause_us, 15000);
	assert_int_equal(profile.timing.max_busy_repeats, 3);
	assert_int_equal(profile.boot_wait_ms, 300);
	assert_int_equal(profile.boot_max_ms, 4000);
	assert_int_equal(profile.block_retries, 4);
	assert_int_equal(profile.supply, PROFILE_SUPPLY_KL15_HELD);
	assert_int_equal(profile.security[0].level, 0x11);
	assert_int_equal(profile.security[0].algorithm, PROFILE_SECURITY_XOR);
	assert_int_equal(profile.did_hardware, 0xf192);
	assert_int_equal(profile.did_serial, 0xf18d);
	assert_int_equal(profile.did_boot, 0xf183);
	assert_int_equal(profile.did_application, 0xf184);
	assert_int_equal(profile.did_data, 0);
	assert_int_equal(profile.did_fingerprint, 0xf15b);
	assert_int_equal(profile.n_fingerprint, 3);
	assert_memory_equal(profile.fingerprint, "\x01\x02\xff", 3);
	assert_int_equal(profile.routine_preconditions, 0x0301);
	assert_int_equal(profile.routine_erase, 0xff02);
	assert_int_equal(profile.routine_check, 0x0304);
	assert_int_equal(profile.routine_dependencies, 0xff05);
	assert_int_equal(profile.status[PROFILE_ROUTINE_CHECK].running, 0x22);
	assert_int_equal(profile.erase_argument, PROFILE_ERASE_NONE);
	assert_int_equal(profile.check_argument, PROFILE_CHECK_SHA256);
	assert_int_equal(profile.address_bytes, 3);
	assert_int_equal(profile.length_bytes, 2);
	assert_int_equal(profile.data_format, 0x11);
	assert_int_equal(profile.max_block_bytes, 514);
	assert_int_equal(profile.erase_ms_per_kib_x100, 125);
	assert_int_equal(profile.program_us_per_block, 900);
	assert_int_equal(profile.n_bus_before, 3);
	assert_int_equal(profile.bus_before[0].sub_function, 3);
	assert_int_equal(profile.bus_before[1].sub_function, 2);
	assert_int_equal(profile.bus_before[2].sub_function, 1);
	assert_int_equal(profile.bus_before[2].communication_type, 3);
	assert_int_equal(profile.n_bus_after, 2);
	assert_int_equal(profile.bus_after[0].sub_function, 0);
	assert_int_equal(profile.bus_after[0].communication_type, 1);
	assert_int_equal(profile.bus_after[1].kind, BUS_STEP_CLEAR_DTC);
	assert_int_equal(profile.n_steps, 10);
	assert_int_equal(profile.steps[0].sub_function, 2);
	assert_int_equal(profile.steps[1].retries, 0);
	assert_int_equal(profile.steps[2].kind, FLASH_STEP_ROUTINE);
	assert_int_equal(profile.steps[2].id, 0x1234);
	assert_int_equal(profile.steps[2].n_data, 2);
	assert_memory_equal(profile.steps[2].data, "\xa1\xb2", 2);
	assert_true(profile.steps[2].point_of_no_return);
	assert_int_equal(profile.steps[3].retries, 3);
	assert_true(profile.steps[3].point_of_no_return);
	assert_int_equal(profile.steps[5].id, 0xf199);
	assert_int_equal(profile.steps[5].n_data, 4);
	assert_int_equal(profile.steps[6].wait_ms, 250);
	assert_int_equal(profile.steps[7].sub_function, 3);
	assert_false(profile.steps[9].point_of_no_return);
}

static void forms_of_addressing_fill_the_identifiers(void **state)
{
	(void)state;
	expect("name: a\nsecurity: {key: k}\naddressing: {form: normal-fixed, target_address: 0x10}\n");
	assert_int_equal(profile.link.address.form, ISOTP_NORMAL_FIXED);
	assert_int_equal(profile.link.address.tx_id, 0x18da10f1);
	assert_int_equal(profile.link.address.rx_id, 0x18daf110);
	assert_int_equal(profile.functional.id, 0x18db33f1);
	assert_true(profile.link.address.extended_id && profile.functional.extended_id);
	expect(
	    "name: a\nsecurity: {key: k}\n"
	    "addressing: {form: extended, request: 0x600, response: 0x610, target_address: 0x10, functional: 0x6FF}\n");
	assert_int_equal(profile.link.address.tx_ae, 0x10);
	assert_int_equal(profile.link.address.rx_ae, 0xf1);
	assert_int_equal(profile.functional.id, 0x6ff);
	assert_false(profile.functional.has_address);
	expect("name: a\nsecurity: {key: k}\naddressing: {form: extended, request: 0x6F1, response: 0x612,"
	       " target_address: 0x12, functional: 0x6F1, functional_address: 0xDF}\n");
	assert_int_equal(profile.functional.id, 0x6f1);
	assert_true(profile.functional.has_address);
	assert_int_equal(profile.functional.address, 0xdf);
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {request: 1, response: 2, functional_address: 3}\n",
		       "lamp.yaml:3: addressing.functional_address: does not belong");
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {form: mixed, request: 1, response: 2,"
		       " address_extension: 3, functional_address: 256}\n",
		       "lamp.yaml:3: addressing.functional_address: must be 0x0..0xff, is 0x100");
	expect("name: a\nsecurity: {key: k}\n"
	       "addressing: {form: mixed, request: 0x700, response: 0x708, address_extension: 0x42}\n");
	assert_int_equal(profile.link.address.tx_ae, 0x42);
	assert_int_equal(profile.link.address.rx_ae, 0x42);
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {form: normal-fixed, request: 1, target_address: 1}\n",
		       "lamp.yaml:3: addressing.request: does not belong");
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {form: mixed, request: 1, response: 2}\n",
		       "lamp.yaml:3: addressing.address_extension: is missing");
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {form: normal, request: 0x800, response: 2}\n",
		       "addressing.request: must be 0x0..0x7ff, is 0x800");
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {form: normal, request: -1, response: 2}\n",
		       "addressing.request: must be 0x0..0x7ff, is -1");
}

static void what_an_ecu_has_not_leaves_the_template(void **state)
{
	(void)state;
	expect("name: a\naddressing: {request: 1, response: 2}\n"
	       "security: {algorithm: none}\n"
	       "dids: {fingerprint: 0}\n"
	       "routines: {preconditions: 0, check: 0, dependencies: 0}\n");
	assert_int_equal(profile.n_steps, 6);
	for (uint8_t i = 0; i < profile.n_steps; i++) {
		assert_int_not_equal(profile.steps[i].kind, FLASH_STEP_SECURITY);
		assert_int_not_equal(profile.steps[i].kind, FLASH_STEP_FINGERPRINT);
		assert_int_not_equal(profile.steps[i].kind, FLASH_STEP_CHECK_MEMORY);
		assert_int_not_equal(profile.steps[i].kind, FLASH_STEP_DEPENDENCIES);
	}
	for (uint8_t i = 0; i < profile.n_bus_before; i++)
		assert_int_not_equal(profile.bus_before[i].kind, BUS_STEP_PRECONDITIONS);
}

static void can_fd_takes_its_longest_frame_unless_told(void **state)
{
	(void)state;
	expect(MINIMAL "link: {fd: true}\n");
	assert_int_equal(profile.link.tx_dl, 64);
	assert_true(profile.link.brs);
	expect(MINIMAL "link: {pad: none}\n");
	assert_false(profile.link.pad);
	assert_false(profile.functional.pad);
}

static void st_min_is_coded_for_the_wire(void **state)
{
	(void)state;
	static const struct {
		unsigned us;
		uint8_t code;
	} pairs[] = {{0, 0}, {100, 0xf1}, {900, 0xf9}, {1000, 1}, {127000, 127}};
	char text[256];

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		snprintf(text, sizeof text, MINIMAL "link: {st_min_us: %u}\n", pairs[i].us);
		expect(text);
		assert_int_equal(profile.link.st_min, pairs[i].code);
	}
	expect_line_refused("link: {st_min_us: 50}", "lamp.yaml:4: link.st_min_us: must be");
	expect_line_refused("link: {st_min_us: 1500}", "lamp.yaml:4: link.st_min_us: must be");
	expect_line_refused("link: {st_min_us: 128000}", "lamp.yaml:4: link.st_min_us: must be");
}

static void wrong_values_are_refused_with_line_and_key(void **state)
{
	(void)state;
	expect_line_refused("timing: {p2_ms: 0}", "lamp.yaml:4: timing.p2_ms: must be 1..65535, is 0");
	expect_line_refused("timing: {p2_ms: 010}", "lamp.yaml:4: timing.p2_ms");
	expect_line_refused("timing: {p2_ms: 12abc}", "lamp.yaml:4: timing.p2_ms");
	expect_line_refused("timing: {p3_ms: 1}", "lamp.yaml:4: timing.p3_ms");
	expect_line_refused("timing: {p2_ms: -1}", "lamp.yaml:4: timing.p2_ms: must be 1..65535, is -1");
	expect_line_refused("routines: {first_block: -1}",
			    "lamp.yaml:4: routines.first_block: must be 0..4294967295, is -1");
	expect_line_refused("dids: {serial: -0x10}", "lamp.yaml:4: dids.serial: must be 0x0..0xffff, is -16");
	expect_line_refused("link: {st_min_us: -1000}", "lamp.yaml:4: link.st_min_us: must be");
	expect_line_refused("link: {fd: true, tx_dl: -8}", "lamp.yaml:4: link.tx_dl: must be one of");
	expect_line_refused("steps:\n- {step: erase, retries: -1}",
			    "lamp.yaml:5: steps[0].retries: must be 0..10, is -1");
	expect_line_refused("dids: {serial: 0x10000}", "lamp.yaml:4: dids.serial: must be 0x0..0xffff, is 0x10000");
	expect_line_refused("link: {tx_dl: 64}", "lamp.yaml:4: link.tx_dl: above 8 needs fd");
	expect_line_refused("link: {fd: true, tx_dl: 9}", "lamp.yaml:4: link.tx_dl: must be one of");
	expect_line_refused("link: {brs: true}", "lamp.yaml:4: link.brs: needs fd");
	expect_line_refused("link: {pad: 0xCCC}", "lamp.yaml:4: link.pad: must be none");
	expect_line_refused("link: {pad: zero}", "lamp.yaml:4: link.pad: must be none");
	expect_line_refused("fingerprint: 123", "lamp.yaml:4: fingerprint: must be");
	expect_line_refused("template: triple-bank", "lamp.yaml:4: template: must be single-bank or dual-bank");
	expect_line_refused("supply: kl31", "lamp.yaml:4: supply");
	expect_line_refused("estimate: {erase_ms_per_kib: -1}", "lamp.yaml:4: estimate.erase_ms_per_kib");
	expect_refused("name: a\naddressing: {request: 1, response: 2}\n", "security.key: is missing");
	expect_refused("name: a\naddressing: {request: 1, response: 2}\nsecurity: {key: k, level: 2}\n",
		       "lamp.yaml:3: security.level: must be odd");
	expect_refused("name: a\n", "addressing");
	expect_refused("", "lamp.yaml");
	expect_refused("name: [\n", "lamp.yaml:");
}

static void wrong_steps_are_refused_with_line_and_key(void **state)
{
	(void)state;
	expect_line_refused("steps:\n- {step: session}\n- {step: explode}",
			    "lamp.yaml:6: steps[1].step: must be one of");
	expect_line_refused("steps:\n- {step: session, session: dance}",
			    "lamp.yaml:5: steps[0].session: must be one of");
	expect_line_refused("steps:\n- {step: erase, session: default}",
			    "steps[0].session: does not belong to a erase");
	expect_line_refused("steps:\n- {step: wait}", "lamp.yaml:5: steps[0].wait_ms: must be 1..600000");
	expect_line_refused("steps:\n- {step: routine}", "lamp.yaml:5: steps[0].id: is missing");
	expect_line_refused("steps:\n- {step: routine, id: 1, data: xyz}", "lamp.yaml:5: steps[0].data: must be 1..32");
	expect_line_refused("steps:\n- {step: erase, retries: 11}", "lamp.yaml:5: steps[0].retries: must be 0..10");
	expect_line_refused("bus_before:\n- {step: session}", "lamp.yaml:5: bus_before[0].session: is missing");
	expect_line_refused("bus_before:\n- {step: jump}", "lamp.yaml:5: bus_before[0].step: must be one of");
	expect_line_refused("bus_after:\n- {step: clear_dtc, setting: on}",
			    "lamp.yaml:5: bus_after[0].setting: does not belong");
	/* what only the whole can tell: an ECU is erased and never written */
	expect_line_refused("steps:\n- {step: session}\n- {step: erase}", "lamp.yaml:4: steps: the sequence transfers");
}

static void values_that_do_not_go_together_are_refused_with_line_and_key(void **state)
{
	(void)state;
	expect_line_refused("timing: {boot_wait_ms: 10000,\n boot_max_ms: 10000}",
			    "lamp.yaml:5: timing.boot_max_ms: the longest boot must exceed");
	expect_line_refused("timing:\n  boot_wait_ms: 600000",
			    "lamp.yaml:5: timing.boot_wait_ms: the longest boot must");
	expect_line_refused("memory: {max_block: 2}", "lamp.yaml:4: memory.max_block: the longest block must be");
	expect_line_refused("dids: {application: 0}\nsteps:\n- {step: session}\n- {step: erase}\n- {step: transfer}\n"
			    "- {step: read_version}",
			    "lamp.yaml:4: dids.application: the read-version step needs");
	expect_line_refused("routines:\n  erase: 0\nsteps:\n- {step: session}\n- {step: erase}",
			    "lamp.yaml:5: routines.erase: the erase step needs its routine");
	expect_line_refused("steps:\n- {step: session}\n- {step: transfer}", "lamp.yaml:6: steps[1]: a transfer needs");
	expect_refused("name: a\nsecurity: {key: k}\naddressing:\n  request: 0x7E0\n  response: 0x7E0\n",
		       "lamp.yaml:5: addressing.response: the request and the response identifier are the same");
	expect_refused("name: a\nsecurity: {key: k}\naddressing:\n  form: normal-fixed\n  target_address: 0xF1\n",
		       "lamp.yaml:5: addressing.target_address: the request and the response identifier are the same");
	expect_refused(
	    "name: a\nsecurity: {key: k}\naddressing:\n  request: 0x7E0\n  response: 0x7E8\n  functional: 0x7E0\n",
	    "lamp.yaml:6: addressing.functional: the functional and the request identifier are the same");
	expect_refused("name: a\nsecurity: {key: k}\naddressing:\n  response: 0x7E8\n  request: 0x7DF\n",
		       "lamp.yaml:5: addressing.request: the functional and the request identifier are the same");
	expect_refused("name: a\nsecurity: {key: k}\naddressing: {form: mixed, request: 0x700, response: 0x708,\n"
		       " functional: 0x700, address_extension: 5,\n functional_address: 5}\n",
		       "lamp.yaml:5: addressing.functional_address: the functional address is that of the one ECU");
	expect_refused("name: a\naddressing: {request: 1, response: 2}\nsecurity: {key: k}\ntemplate: dual-bank\n"
		       "routines:\n  switch_over: 0\n",
		       "lamp.yaml:6: routines.switch_over: the s");
}

/* the @nth yaml block of the document, from 0, made whole: a part is laid over the least that a profile needs */
static bool read_example(unsigned nth, char *text, size_t cap)
{
	FILE *f = fopen(TEST_SOURCE_DIR "/../docs/profile.md", "r");
	char line[256];
	bool inside = false;
	size_t n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		if (strncmp(line, "```", 3) == 0) {
			inside = strcmp(line, "```yaml\n") == 0 && nth-- == 0;
			continue;
		}
		if (!inside)
			continue;
		assert_true(n + strlen(line) < cap);
		memcpy(text + n, line, strlen(line));
		n += strlen(line);
	}
	fclose(f);
	text[n] = '\0';
	if (!n)
		return false;
	assert_true(n + sizeof MINIMAL < cap);
	if (strncmp(text, "name:", 5) != 0)
		strcat(text, "\nname: lamp\naddressing: {request: 0x7E0, response: 0x7E8}\n");
	if (strncmp(text, "security:", 9) != 0 && !strstr(text, "\nsecurity:"))
		strcat(text, "security: {key: lamp-key}\n");
	return true;
}

static void every_example_of_the_reference_is_a_valid_profile(void **state)
{
	(void)state;
	static char text[8192];
	unsigned n = 0;

	for (; read_example(n, text, sizeof text); n++)
		expect(text);
	assert_true(n >= 8);
}

static void the_dual_bank_example_of_the_reference_spells_out_its_template(void **state)
{
	(void)state;
	static char text[8192];
	struct profile template;
	unsigned nth = 0;

	profile_template_dual_bank(&template);
	do
		assert_true(read_example(nth++, text, sizeof text));
	while (!strstr(text, "template: dual-bank"));
	expect(text);
	assert_int_equal(profile.n_steps, template.n_steps);
	assert_memory_equal(profile.steps, template.steps, sizeof template.steps);
	assert_int_equal(profile.n_back, template.n_back);
	for (uint8_t i = 0; i < template.n_back; i++) {
		assert_int_equal(profile.back[i].kind, template.back[i].kind);
		assert_int_equal(profile.back[i].retries, template.back[i].retries);
		assert_int_equal(profile.back[i].sub_function, template.back[i].sub_function);
	}
	assert_int_equal(profile.n_bus_before, template.n_bus_before);
	assert_int_equal(profile.routine_switch_over, template.routine_switch_over);
	assert_int_equal(profile.routine_switch_back, template.routine_switch_back);
}

static void the_example_of_the_reference_spells_out_the_template(void **state)
{
	(void)state;
	static char text[8192];
	struct profile template;

	profile_template_single_bank(&template);
	assert_true(read_example(0, text, sizeof text));
	expect(text);
	assert_int_equal(profile.n_steps, template.n_steps);
	for (uint8_t i = 0; i < template.n_steps; i++) {
		assert_int_equal(profile.steps[i].kind, template.steps[i].kind);
		assert_int_equal(profile.steps[i].retries, template.steps[i].retries);
		assert_int_equal(profile.steps[i].point_of_no_return, template.steps[i].point_of_no_return);
	}
	assert_memory_equal(profile.bus_before, template.bus_before, sizeof template.bus_before);
	assert_memory_equal(profile.bus_after, template.bus_after, sizeof template.bus_after);
	assert_memory_equal(&profile.timing, &template.timing, sizeof template.timing);
	assert_int_equal(profile.boot_wait_ms, template.boot_wait_ms);
	assert_int_equal(profile.boot_max_ms, template.boot_max_ms);
	assert_int_equal(profile.block_retries, template.block_retries);
	assert_int_equal(profile.did_fingerprint, template.did_fingerprint);
	assert_int_equal(profile.routine_check, template.routine_check);
	assert_memory_equal(profile.status, template.status, sizeof template.status);
	assert_int_equal(profile.check_argument, template.check_argument);
	assert_int_equal(profile.erase_ms_per_kib_x100, template.erase_ms_per_kib_x100);
	assert_int_equal(profile.program_us_per_block, template.program_us_per_block);
}

static void the_profiles_of_the_demo_are_valid_and_have_their_keys(void **state)
{
	(void)state;
	static const char *const names[] = {"lamp", "door"};
	struct key_ring *ring;

	assert_int_equal(key_ring_load(TEST_SOURCE_DIR "/../sim/demo/ecu-keys.yaml", &ring, &error), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[512];

		snprintf(path, sizeof path, "%s/../sim/demo/profiles/%s.yaml", TEST_SOURCE_DIR, names[i]);
		if (profile_load_file(path, &profile, &error))
			fail_msg("%s", error.text);
		assert_string_equal(profile.name, names[i]);
		assert_true(security_ready(ring, NULL, &profile.security[0], error.text, sizeof error.text));
	}
	key_ring_free(ring);
}

static void an_unreadable_file_is_an_error_of_the_machine(void **state)
{
	(void)state;
	assert_true(profile_load_file("/nonexistent/p.yaml", &profile, &error) < 0);
	assert_non_null(strstr(error.text, "/nonexistent/p.yaml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_minimal_profile_is_the_template),
	    cmocka_unit_test(every_key_reaches_its_field),
	    cmocka_unit_test(forms_of_addressing_fill_the_identifiers),
	    cmocka_unit_test(what_an_ecu_has_not_leaves_the_template),
	    cmocka_unit_test(can_fd_takes_its_longest_frame_unless_told),
	    cmocka_unit_test(st_min_is_coded_for_the_wire),
	    cmocka_unit_test(wrong_values_are_refused_with_line_and_key),
	    cmocka_unit_test(wrong_steps_are_refused_with_line_and_key),
	    cmocka_unit_test(values_that_do_not_go_together_are_refused_with_line_and_key),
	    cmocka_unit_test(every_example_of_the_reference_is_a_valid_profile),
	    cmocka_unit_test(the_example_of_the_reference_spells_out_the_template),
	    cmocka_unit_test(the_dual_bank_example_of_the_reference_spells_out_its_template),
	    cmocka_unit_test(the_profiles_of_the_demo_are_valid_and_have_their_keys),
	    cmocka_unit_test(an_unreadable_file_is_an_error_of_the_machine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
