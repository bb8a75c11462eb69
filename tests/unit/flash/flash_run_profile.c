/* What a profile may say of its ECU's ways: arguments and status records of routines, several securities, fingerprints
 * of parts, refusals that are borne, decodings. */
#include "tests/unit/flash/one_ecu.h"

/* 2026-11-27 and a leap day, 03:00 UTC */
#define DAY      UINT64_C(1795748400)
#define LEAP_DAY UINT64_C(1709175600)

static struct profile *profile(void)
{
	return &w.profiles[0];
}

static void erase_names_the_unit_by_number(void **state)
{
	(void)state;
	profile()->erase_argument = PROFILE_ERASE_BLOCK;
	profile()->first_block = 0xfe;
	profile()->block_number_bytes = 2;
	w.jobs[0].n_units = 2;
	w.jobs[0].units[1] = w.jobs[0].units[0];
	w.jobs[0].units[1].image = &images[1];
	images[0].n_segments = 2; /* erased once for all that */
	images[0].segments[0].n_bytes = 500;
	images[0].segments[1] = (struct image_segment){PEER_BASE + 0x800, bytes[0] + 500, 500};
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff\x00")), 2);
	assert_true(world_find(&w, 0, B("\x31\x01\xff\x00\x00\xfe"), 0) <
		    world_find(&w, 0, B("\x31\x01\xff\x00\x00\xff"), 0));
	assert_int_equal(w.log[world_find(&w, 0, B("\x31\x01\xff\x00"), 0)].n, 6);
}

static void a_block_number_has_to_fit(void **state)
{
	(void)state;
	profile()->erase_argument = PROFILE_ERASE_BLOCK;
	profile()->first_block = 0x100;
	profile()->block_number_bytes = 1;
	expect_failure(world_flash_one(&w), FLASH_IMAGE_TOO_LARGE, 0, 0, false);
	assert_non_null(strstr(w.runs[0].result.text, "block 256"));
}

static void erase_has_lengths_of_its_own_and_may_go_without_their_identifier(void **state)
{
	(void)state;
	profile()->erase_address_bytes = 3;
	profile()->erase_length_bytes = 2;
	profile()->erase_bare = true;
	assert_true(world_flash_one(&w)->verified);
	assert_int_not_equal(world_find(&w, 0, B("\x31\x01\xff\x00\x00\x80\x00\x03\xe8"), 0), -1);
	assert_int_not_equal(world_find(&w, 0, B("\x34\x00\x44\x00\x00\x80\x00\x00\x00\x03\xe8"), 0), -1);
}

static void check_takes_the_signature_of_the_manifest(void **state)
{
	static uint8_t signature[FLASH_SIGNATURE_BYTES];
	int at;

	(void)state;
	fill_pattern(signature, sizeof(signature), 3);
	profile()->check_argument = PROFILE_CHECK_SIGNATURE;
	w.jobs[0].units[0].signature = signature;
	w.jobs[0].units[0].n_signature = sizeof(signature);
	assert_true(world_flash_one(&w)->verified);
	at = world_find(&w, 0, B("\x31\x01\x02\x02"), 0);
	assert_int_equal(w.log[at].n, 4 + FLASH_SIGNATURE_BYTES);
	assert_memory_equal(w.log[at].pdu + 4, signature, 8);
}

static void without_a_signature_nothing_is_sent_to_an_ecu_that_takes_one(void **state)
{
	(void)state;
	profile()->check_argument = PROFILE_CHECK_SIGNATURE;
	expect_failure(world_flash_one(&w), FLASH_IMAGE_TOO_LARGE, 0, 0, false);
	assert_non_null(strstr(w.runs[0].result.text, "signature of 1..512 bytes, and there is none"));
	assert_int_equal(w.n_log, 0);
}

static void success_and_running_are_read_where_the_profile_says(void **state)
{
	(void)state;
	profile()->status[PROFILE_ROUTINE_ERASE] = (struct profile_status){
	    .offset = 1, .success = {0xa0, 0x01}, .n_success = 2, .running = 0xb0, .may_run = true, .required = true};
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00\x00\xb0"));
	world_reply(&w, 0, B("\x31\x03\xff\x00"), 0, 1, B("\x71\x03\xff\x00\x00\xb0"));
	world_reply(&w, 0, B("\x31\x03\xff\x00"), 0, 0, B("\x71\x03\xff\x00\x00\xa0\x01"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x03\xff\x00")), 2);
}

static void another_status_than_success_fails(void **state)
{
	(void)state;
	profile()->status[PROFILE_ROUTINE_ERASE] =
	    (struct profile_status){.success = {0xa0, 0x01}, .n_success = 2, .required = true};
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00\xa0\x02"));
	expect_failure(world_flash_one(&w), FLASH_ERASE_FAILED, 0x31, 0, true);
}

static void a_required_status_that_is_cut_off_fails(void **state)
{
	(void)state;
	profile()->status[PROFILE_ROUTINE_ERASE] =
	    (struct profile_status){.success = {0xa0, 0x01}, .n_success = 2, .required = true};
	world_reply(&w, 0, B("\x31\x01\xff\x00"), 0, 0, B("\x71\x01\xff\x00\xa0"));
	expect_failure(world_flash_one(&w), FLASH_ERASE_FAILED, 0x31, 0, true);
}

static void a_check_may_answer_without_status_where_the_profile_says_so(void **state)
{
	(void)state;
	profile()->status[PROFILE_ROUTINE_CHECK].required = false;
	world_reply(&w, 0, B("\x31\x01\x02\x02"), 0, 0, B("\x71\x01\x02\x02"));
	assert_true(world_flash_one(&w)->verified);
}

static void each_security_step_has_its_level(void **state)
{
	struct profile *p = profile();

	(void)state;
	p->security[1] = (struct profile_security){
	    .name = "boot", .level = 0x11, .algorithm = PROFILE_SECURITY_XOR, .key_id = "boot-key"};
	p->n_security = 2;
	p->steps[2] = (struct flash_step){.kind = FLASH_STEP_SECURITY, .security = 1};
	assert_null(profile_check(p));
	assert_true(world_flash_one(&w)->verified);
	assert_true(world_find(&w, 0, B("\x27\x01"), 0) < world_find(&w, 0, B("\x27\x02"), 0));
	assert_true(world_find(&w, 0, B("\x27\x02"), 0) < world_find(&w, 0, B("\x27\x11"), 0));
	assert_true(world_find(&w, 0, B("\x27\x11"), 0) < world_find(&w, 0, B("\x27\x12"), 0));
	for (unsigned i = 0, n = 0; i < w.n_events; i++)
		if (w.events[i].event.kind == FLASH_EVENT_NEED_KEY)
			assert_int_equal(w.events[i].event.level, n++ ? 0x11 : 0x01);
}

static void a_refusal_that_the_profile_expects_is_none(void **state)
{
	(void)state;
	profile()->steps[2].accept_nrc[0] = 0x22;
	profile()->steps[2].accept_nrc[1] = 0x31;
	profile()->steps[2].n_accept_nrc = 2;
	assert_null(profile_check(profile()));
	world_reply(&w, 0, B("\x2e\xf1\x5a"), 0, 0, B("\x7f\x2e\x31"));
	assert_true(world_flash_one(&w)->verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x2e\xf1\x5a")), 1);
}

static void another_refusal_fails_as_ever(void **state)
{
	(void)state;
	profile()->steps[2].accept_nrc[0] = 0x22;
	profile()->steps[2].n_accept_nrc = 1;
	world_reply(&w, 0, B("\x2e\xf1\x5a"), 0, 0, B("\x7f\x2e\x31"));
	expect_failure(world_flash_one(&w), FLASH_NEGATIVE_RESPONSE, 0x2e, 0x31, false);
}

static void set_parts(void)
{
	struct profile *p = profile();

	memcpy(p->fingerprint, "\x01\x02", 2);
	p->n_fingerprint = 2;
	p->parts[0] = (struct profile_part){.kind = PROFILE_PART_DATE_YYMMDD, .n = 3};
	p->parts[1] = (struct profile_part){.kind = PROFILE_PART_BYTES, .at = 1, .n = 1};
	p->parts[2] = (struct profile_part){.kind = PROFILE_PART_TESTER_SERIAL, .n = 2};
	p->parts[3] = (struct profile_part){.kind = PROFILE_PART_SHOP_CODE, .n = 3};
	p->n_parts = 4;
	assert_null(profile_check(p));
}

static void a_fingerprint_names_the_day_the_tester_and_the_shop(void **state)
{
	(void)state;
	set_parts();
	w.jobs[0].origin = (struct flash_origin){.unix_s = DAY, .tester_serial = "T77", .shop_code = "S"};
	assert_true(world_flash_one(&w)->verified);
	assert_int_not_equal(world_find(&w, 0, B("\x2e\xf1\x5a\x26\x11\x27\x02T7S  "), 0), -1);
}

static void the_29th_of_february_is_a_day(void **state)
{
	(void)state;
	profile()->parts[0] = (struct profile_part){.kind = PROFILE_PART_DATE_YYYYMMDD, .n = 4};
	profile()->n_parts = 1;
	w.jobs[0].origin.unix_s = LEAP_DAY;
	assert_true(world_flash_one(&w)->verified);
	assert_int_not_equal(world_find(&w, 0, B("\x2e\xf1\x5a\x20\x24\x02\x29"), 0), -1);
}

static void an_unknown_day_is_written_as_zeros(void **state)
{
	(void)state;
	set_parts();
	assert_true(world_flash_one(&w)->verified);
	assert_int_not_equal(world_find(&w, 0, B("\x2e\xf1\x5a\x00\x00\x00\x02     "), 0), -1);
}

static void identifiers_are_decoded_as_the_profile_says(void **state)
{
	const struct flash_result *r;

	(void)state;
	w.jobs[0].kind = FLASH_JOB_IDENTIFY;
	profile()->decoding[PROFILE_DID_HARDWARE] = (struct profile_decoding){.coding = PROFILE_CODING_HEX};
	profile()->decoding[PROFILE_DID_SERIAL] =
	    (struct profile_decoding){.coding = PROFILE_CODING_UINT, .offset = 1, .length = 2};
	profile()->decoding[PROFILE_DID_BOOT] = (struct profile_decoding){.offset = 5, .length = 1};
	profile()->decoding[PROFILE_DID_APPLICATION] =
	    (struct profile_decoding){.coding = PROFILE_CODING_BCD, .length = 3};
	profile()->decoding[PROFILE_DID_DATA] = (struct profile_decoding){.offset = 200};
	world_reply(&w, 0, B("\x22\xf1\x8c"), 0, 0, B("\x62\xf1\x8c\xff\x01\x02\xff"));
	world_reply(&w, 0, B("\x22\xf1\x81"), 0, 0, B("\x62\xf1\x81\x02\x10\x45\x99"));
	r = world_flash_one(&w);
	assert_string_equal(r->before.hardware_id, "48572d37"); /* HW-7 */
	assert_string_equal(r->before.serial_number, "258");
	assert_string_equal(r->before.boot_version, "1");
	assert_string_equal(r->before.application_version, "021045");
	assert_string_equal(r->before.data_version, "");
}

static void the_reason_why_there_is_no_key_is_told(void **state)
{
	(void)state;
	w.withhold_key = true;
	flash_run_init(&w.runs[0], &w.jobs[0], &w.channels[0]);
	flash_run_start(&w.runs[0], w.now_us);
	while (!world_events(&w, 0, FLASH_EVENT_NEED_KEY))
		world_run_until(&w, w.now_us + 10 * MS, false);
	flash_run_key_failed(&w.runs[0], w.now_us, "the library 'oem' refused (code 7)");
	world_run_until(&w, w.now_us + 60 * S, false);
	expect_failure(flash_run_result(&w.runs[0]), FLASH_KEY_UNAVAILABLE, 0, 0, false);
	assert_non_null(strstr(w.runs[0].result.text, "security: the library 'oem' refused (code 7)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(erase_names_the_unit_by_number),
	    T(a_block_number_has_to_fit),
	    T(erase_has_lengths_of_its_own_and_may_go_without_their_identifier),
	    T(check_takes_the_signature_of_the_manifest),
	    T(without_a_signature_nothing_is_sent_to_an_ecu_that_takes_one),
	    T(success_and_running_are_read_where_the_profile_says),
	    T(another_status_than_success_fails),
	    T(a_required_status_that_is_cut_off_fails),
	    T(a_check_may_answer_without_status_where_the_profile_says_so),
	    T(each_security_step_has_its_level),
	    T(a_refusal_that_the_profile_expects_is_none),
	    T(another_refusal_fails_as_ever),
	    T(a_fingerprint_names_the_day_the_tester_and_the_shop),
	    T(the_29th_of_february_is_a_day),
	    T(an_unknown_day_is_written_as_zeros),
	    T(identifiers_are_decoded_as_the_profile_says),
	    T(the_reason_why_there_is_no_key_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
