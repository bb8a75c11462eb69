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
	snprintf(p.security_key_id, sizeof(p.security_key_id), "key");
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
	p.security_key_id[0] = 0;
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
	p.security_level = 2;
	expect_wrong("odd");
	p.security_level = 0x43;
	expect_wrong("odd");
	p.security_level = 0x41;
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
	for (int a = FLASH_STEP_SESSION; a <= FLASH_STEP_WAIT; a++)
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
	    T(identifiers_have_to_fit_their_length),
	    T(frame_lengths_have_to_exist),
	    T(times_have_limits),
	    T(memory_formats_have_limits),
	    T(security_level_is_odd_and_in_range),
	    T(sequence_must_make_sense),
	    T(bus_steps_must_make_sense),
	    T(every_step_has_a_word_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
