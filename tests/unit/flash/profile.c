/* The template is consistent; each inconsistency is refused in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/profile.h"

static struct profile p;

static int setup(void **state)
{
	(void)state;
	profile_template_single_bank(&p);
	snprintf(p.name, sizeof(p.name), "door");
	snprintf(p.security[0].key_id, sizeof(p.security[0].key_id), "key");
	p.link.address.tx_id = 0x7e0;
	p.link.address.rx_id = 0x7e8;
	assert_null(profile_check(&p));
	return 0;
}

static void expect_wrong(const char *word)
{
	const char *wrong = profile_check(&p);

	assert_non_null(wrong);
	if (!strstr(wrong, word))
		print_message("# '%s' is not about '%s'\n", wrong, word);
	assert_non_null(strstr(wrong, word));
	setup(NULL);
}

static void template_lacks_only_its_name_addresses_and_key(void **state)
{
	(void)state;
	profile_template_single_bank(&p);
	expect_wrong("name");
	p.link.address.rx_id = p.link.address.tx_id;
	expect_wrong("the same");
	p.security[0].key_id[0] = 0;
	expect_wrong("key id");
}

static void template_has_the_sequence_of_a_single_bank_ecu(void **state)
{
	static const enum flash_step_kind kinds[] = {
	    FLASH_STEP_SESSION,   FLASH_STEP_SECURITY,     FLASH_STEP_FINGERPRINT,  FLASH_STEP_ERASE,
	    FLASH_STEP_TRANSFER,  FLASH_STEP_CHECK_MEMORY, FLASH_STEP_DEPENDENCIES, FLASH_STEP_RESET,
	    FLASH_STEP_WAIT_BOOT, FLASH_STEP_READ_VERSION};

	(void)state;
	assert_int_equal(p.n_steps, sizeof(kinds) / sizeof(kinds[0]));
	for (unsigned i = 0; i < p.n_steps; i++)
		assert_int_equal(p.steps[i].kind, kinds[i]);
	assert_true(p.steps[3].point_of_no_return);
	assert_int_equal(p.n_bus_before, 4);
	assert_int_equal(p.bus_before[1].kind, BUS_STEP_PRECONDITIONS);
	assert_int_equal(p.n_bus_after, 4);
	assert_int_equal(p.bus_after[3].kind, BUS_STEP_CLEAR_DTC);
	assert_int_equal(p.did_fingerprint, 0xf15a);
}

static void a_flaw_says_where_it_is(void **state)
{
	struct profile_flaw flaw;

	(void)state;
	assert_true(profile_check_flaw(&p, &flaw));
	p.timing.p2_star_us = 0;
	assert_false(profile_check_flaw(&p, &flaw));
	assert_string_equal(flaw.keys[0], "timing.p2_star_ms");
	assert_null(flaw.list);
	p.timing.p2_star_us = 1;
	p.security[0].level = 2;
	assert_false(profile_check_flaw(&p, &flaw));
	assert_string_equal(flaw.keys[0], "security");
	p.security[0].level = 1;
	p.n_security = 3;
	p.security[1] = p.security[2] = p.security[0];
	p.security[1].level = 3;
	assert_false(profile_check_flaw(&p, &flaw));
	assert_string_equal(flaw.list, "securities");
	assert_int_equal(flaw.entry, 1);
	p.n_security = 1;
	p.bus_after[1].sub_function = 3;
	assert_false(profile_check_flaw(&p, &flaw));
	assert_string_equal(flaw.list, "bus_after");
	assert_int_equal(flaw.entry, 1);
}

static void identifiers_have_to_fit_their_length(void **state)
{
	(void)state;
	p.link.address.tx_id = 0x800;
	expect_wrong("request identifier");
	p.link.address.rx_id = 0x800;
	expect_wrong("response identifier");
	p.functional.id = 0x800;
	expect_wrong("functional identifier");
	p.link.address.extended_id = true;
	p.link.address.tx_id = 0x18da10f1;
	p.link.address.rx_id = 0x18daf110;
	assert_null(profile_check(&p));
	p.link.address.tx_id = 0x20000000;
	expect_wrong("request identifier");
}

static void frame_lengths_have_to_exist(void **state)
{
	(void)state;
	p.link.fd = true;
	p.link.tx_dl = 64;
	assert_null(profile_check(&p));
	p.link.tx_dl = 10;
	expect_wrong("tx_dl");
	p.link.tx_dl = 7;
	expect_wrong("tx_dl");
	p.link.tx_dl = 64;
	expect_wrong("CAN FD");
	p.link.brs = true;
	expect_wrong("CAN FD");
}

static void times_have_limits(void **state)
{
	(void)state;
	p.timing.p2_us = 0;
	expect_wrong("diagnostic timeout");
	p.link.n_bs_us = 0;
	expect_wrong("transport timeout");
	p.timing.s3_client_us = 5000000;
	expect_wrong("tester present");
	p.boot_max_ms = p.boot_wait_ms;
	expect_wrong("boot");
	p.boot_max_ms = 600001;
	expect_wrong("600 s");
}

static void memory_formats_have_limits(void **state)
{
	(void)state;
	p.address_bytes = 0;
	expect_wrong("address bytes");
	p.address_bytes = 6;
	expect_wrong("address bytes");
	p.length_bytes = 5;
	expect_wrong("length bytes");
	p.max_block_bytes = 2;
	expect_wrong("block");
	p.n_fingerprint = 0;
	expect_wrong("fingerprint");
}

static void security_level_is_odd_and_in_range(void **state)
{
	(void)state;
	p.security[0].level = 2;
	expect_wrong("odd");
	p.security[0].level = 0x43;
	expect_wrong("odd");
	p.security[0].level = 0x41;
	assert_null(profile_check(&p));
}

static void sequence_must_make_sense(void **state)
{
	(void)state;
	p.n_steps = 0;
	expect_wrong("1..32");
	p.n_steps = 9; /* no version is read */
	expect_wrong("read the version");
	p.steps[8] = p.steps[9]; /* no wait for boot */
	p.n_steps = 9;
	expect_wrong("wait for boot");
	p.steps[0].kind = FLASH_STEP_WAIT;
	p.steps[0].wait_ms = 1;
	expect_wrong("session step before");
	p.steps[4] = (struct flash_step){.kind = FLASH_STEP_WAIT, .wait_ms = 1};
	expect_wrong("transfers nothing");
	p.steps[3] = (struct flash_step){.kind = FLASH_STEP_WAIT, .wait_ms = 1};
	expect_wrong("point of no return");
	p.steps[3] = (struct flash_step){.kind = FLASH_STEP_WAIT, .wait_ms = 0};
	expect_wrong("wait must be");
	p.steps[5].retries = 11;
	expect_wrong("at most 10");
	p.steps[2] = (struct flash_step){.kind = FLASH_STEP_ROUTINE};
	expect_wrong("needs an id");
	p.routine_erase = 0;
	expect_wrong("erase step needs");
	p.routine_check = 0;
	expect_wrong("check step needs");
	p.routine_dependencies = 0;
	expect_wrong("dependencies step needs");
	p.did_application = 0;
	expect_wrong("application's DID");
}

static void dual(void)
{
	struct profile single = p;

	profile_template_dual_bank(&p);
	memcpy(p.name, single.name, sizeof(p.name));
	memcpy(p.security[0].key_id, single.security[0].key_id, sizeof(p.security[0].key_id));
	p.link = single.link;
	assert_null(profile_check(&p));
}

static void template_of_a_dual_bank_ecu_turns_irreversible_at_the_switch_over(void **state)
{
	(void)state;
	dual();
	for (uint8_t i = 0; i < p.n_steps; i++)
		assert_int_equal(profile_step_irreversible(&p, &p.steps[i]), p.steps[i].kind == FLASH_STEP_SWITCH_OVER);
	assert_int_equal(p.n_bus_before + p.n_bus_after, 0);
	assert_int_equal(p.back[p.n_back - 1].kind, FLASH_STEP_READ_VERSION);
	setup(NULL);
	for (uint8_t i = 0; i < p.n_steps; i++)
		assert_int_equal(profile_step_irreversible(&p, &p.steps[i]), p.steps[i].kind == FLASH_STEP_ERASE);
}

static void dual_bank_sequence_must_make_sense(void **state)
{
	(void)state;
	dual();
	p.steps[7].point_of_no_return = false;
	expect_wrong("the switch-over is the point of no return");
	dual();
	p.steps[3].point_of_no_return = true;
	expect_wrong("is its switch-over");
	dual();
	p.steps[3] = p.steps[2];
	expect_wrong("transfer needs an erase");
	dual();
	p.steps[7] = p.steps[2];
	expect_wrong("must switch over");
	dual();
	p.steps[6] = p.steps[7];
	expect_wrong("switches over twice");
	dual();
	p.steps[8] = p.steps[3];
	expect_wrong("after the switch-over nothing is erased");
	dual();
	p.steps[4] = p.steps[2];
	expect_wrong("a switch-over needs a transfer");
	dual();
	p.n_steps = 8;
	expect_wrong("version after the switch-over");
	dual();
	p.routine_switch_over = 0;
	expect_wrong("switch-over step needs");
	dual();
	p.banks = PROFILE_SINGLE_BANK;
	expect_wrong("needs the template dual-bank");
}

static void way_back_must_make_sense(void **state)
{
	(void)state;
	dual();
	p.n_back = 0;
	expect_wrong("must switch back");
	dual();
	p.n_back--;
	expect_wrong("end by reading the version");
	dual();
	p.back[4] = p.back[0];
	expect_wrong("wait for boot");
	dual();
	p.back[0] = p.steps[3];
	expect_wrong("erases, transfers");
	dual();
	p.back[0].point_of_no_return = true;
	expect_wrong("no point of no return");
	dual();
	p.routine_switch_back = 0;
	expect_wrong("switch-back step needs");
	dual();
	p.steps[2] = p.back[2];
	expect_wrong("belongs to the way back");
	dual();
	p.n_back = PROFILE_MAX_BACK_STEPS + 1;
	expect_wrong("at most 8");
	p.n_back = 1;
	expect_wrong("needs the template dual-bank");
}

static void what_routines_take_and_say_has_limits(void **state)
{
	(void)state;
	p.erase_address_bytes = 6;
	expect_wrong("address bytes");
	p.erase_length_bytes = 5;
	expect_wrong("length bytes");
	p.block_number_bytes = 0;
	expect_wrong("block number");
	p.status[PROFILE_ROUTINE_CHECK].n_success = 0;
	expect_wrong("success of a routine");
	p.status[PROFILE_ROUTINE_CHECK].success[0] = 2;
	expect_wrong("still runs");
	p.steps[4].accept_nrc[0] = 0x31;
	p.steps[4].n_accept_nrc = 1;
	expect_wrong("taken for done");
	p.steps[2].n_accept_nrc = PROFILE_MAX_ACCEPTED + 1;
	expect_wrong("at most 4");
}

static void securities_are_told_apart_by_their_level(void **state)
{
	(void)state;
	p.n_security = 2;
	p.security[1] = p.security[0];
	expect_wrong("the same level");
	p.steps[1].security = 1;
	expect_wrong("that is not there");
	p.n_security = 2;
	p.security[1] = (struct profile_security){.level = 3, .algorithm = PROFILE_SECURITY_LIBRARY};
	p.steps[1].security = 1;
	expect_wrong("name of a library");
	p.n_security = 0;
	expect_wrong("1..4 securities");
}

static void fingerprints_have_limits(void **state)
{
	(void)state;
	p.n_parts = PROFILE_MAX_PARTS + 1;
	expect_wrong("too many parts");
	p.n_parts = 1;
	p.parts[0] = (struct profile_part){.kind = PROFILE_PART_BYTES, .at = 5, .n = 5};
	expect_wrong("no bytes");
	p.n_parts = 1;
	p.parts[0] = (struct profile_part){.kind = PROFILE_PART_DATE_YYMMDD, .n = 4};
	expect_wrong("a date takes");
	p.n_parts = 1;
	p.parts[0] = (struct profile_part){.kind = PROFILE_PART_SHOP_CODE};
	expect_wrong("no length");
	p.n_parts = 2;
	p.parts[0] = p.parts[1] = (struct profile_part){.kind = PROFILE_PART_TESTER_SERIAL, .n = 33};
	expect_wrong("too long");
}

static void bus_steps_must_make_sense(void **state)
{
	(void)state;
	p.bus_before[0].sub_function = 0;
	expect_wrong("names no session");
	p.bus_before[2].sub_function = 3;
	expect_wrong("DTC setting");
	p.bus_after[0].communication_type = 0;
	expect_wrong("communication");
	p.bus_after[0].sub_function = 4;
	expect_wrong("communication");
	p.n_bus_after = PROFILE_MAX_BUS_STEPS + 1;
	expect_wrong("too many");
}

static void every_step_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int a = FLASH_STEP_SESSION; a <= FLASH_STEP_SWITCH_BACK; a++)
		for (int b = FLASH_STEP_SESSION; b < a; b++)
			assert_string_not_equal(flash_step_text((enum flash_step_kind)a),
						flash_step_text((enum flash_step_kind)b));
	for (int a = BUS_STEP_SESSION; a <= BUS_STEP_CLEAR_DTC; a++)
		for (int b = BUS_STEP_SESSION; b < a; b++)
			assert_string_not_equal(bus_step_text((enum bus_step_kind)a),
						bus_step_text((enum bus_step_kind)b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(template_lacks_only_its_name_addresses_and_key),
	    T(template_has_the_sequence_of_a_single_bank_ecu),
	    T(a_flaw_says_where_it_is),
	    T(identifiers_have_to_fit_their_length),
	    T(frame_lengths_have_to_exist),
	    T(times_have_limits),
	    T(memory_formats_have_limits),
	    T(security_level_is_odd_and_in_range),
	    T(template_of_a_dual_bank_ecu_turns_irreversible_at_the_switch_over),
	    T(dual_bank_sequence_must_make_sense),
	    T(way_back_must_make_sense),
	    T(what_routines_take_and_say_has_limits),
	    T(securities_are_told_apart_by_their_level),
	    T(fingerprints_have_limits),
	    T(sequence_must_make_sense),
	    T(bus_steps_must_make_sense),
	    T(every_step_has_a_word_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
