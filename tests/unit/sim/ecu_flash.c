/* Programming the virtual ECU: routines, download, block counter rules, erased memory, and one whole flash. */
#include "tests/unit/sim/ecu_rig.h"

static const char download_16[] = "34 00 44 00 00 10 00 00 00 00 10";
static const uint8_t bytes_16[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void ready_to_program(struct rig *rig)
{
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
}

static void expect_crc_check(struct rig *rig, uint32_t crc, const char *expected)
{
	char request[64];

	snprintf(request, sizeof request, "31 01 02 02 %02x %02x %02x %02x", crc >> 24, crc >> 16 & 255, crc >> 8 & 255,
		 crc & 255);
	rig_expect(rig, request, expected);
}

static void a_whole_flash_brings_a_new_version_and_a_valid_application(void **state)
{
	struct rig *rig = *state;
	uint8_t image[20000], uicr[28];
	uint32_t seed = 7;
	char version[16];

	rig_config(rig);
	rig->config.fingerprint_required = true;
	rig_start(rig);
	for (size_t i = 0; i < sizeof image; i++)
		image[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
	memcpy(uicr, image, sizeof uicr);
	rig_version(rig, "old-1");
	rig_expect_functional(rig, "10 03", "50 03*");
	rig_expect(rig, "31 01 02 03", "71 01 02 03 00");
	rig_expect_functional(rig, "85 82", NULL);
	rig_expect_functional(rig, "28 83 01", NULL);
	rig_expect(rig, "10 02", "50 02*");
	rig_unlock(rig);
	rig_expect(rig, "31 01 ff 00", "7f 31 22");
	rig_expect(rig, download_16, "7f 34 22");
	rig_expect(rig, "2e f1 5a 20 26 11", "6e f1 5a");
	rig_expect(rig, "31 01 ff 00 44 00 00 10 00 00 00 4e 20", "71 01 ff 00 00");
	rig_expect(rig, "31 01 ff 00 44 10 00 10 00 00 00 00 1c", "71 01 ff 00 00");
	rig_version(rig, "none");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 4e 20", "74 20 0f ff");
	for (size_t at = 0, counter = 1; at < sizeof image; counter++) {
		size_t n = sizeof image - at < 4093 ? sizeof image - at : 4093;
		char expected[8];

		snprintf(expected, sizeof expected, "76 %02x", (unsigned)counter);
		rig_block(rig, (uint8_t)counter, image + at, n, expected);
		at += n;
	}
	rig_expect(rig, "37", "77");
	rig_expect(rig, "34 00 44 10 00 10 00 00 00 00 1c", "74 20 0f ff");
	rig_block(rig, 1, uicr, sizeof uicr, "76 01");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "31 01 ff 01", "71 01 ff 01 01"); /* not checked yet */

	uint32_t crc = ecu_memory_crc32(ecu_memory_crc32(0, image, sizeof image), uicr, sizeof uicr);

	expect_crc_check(rig, crc, "71 01 02 02 00");
	rig_expect(rig, "31 01 ff 01", "71 01 ff 01 00");
	rig_expect(rig, "11 01", "51 01");
	rig_run(rig, 600 * MS);
	snprintf(version, sizeof version, "crc-%08x", crc);
	rig_version(rig, version);
	assert_memory_equal(rig->flash, image, sizeof image);
	assert_memory_equal(rig->uicr, uicr, sizeof uicr);
	assert_int_equal(rig->flash[sizeof image], 0xff);
	rig_expect(rig, "22 f1 5b", "62 f1 5b 20 26 11");
	assert_false(ecu_core_in_boot(&rig->ecu));
}

static void a_wrong_crc_fails_the_check_and_leaves_the_application_invalid(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "37", "77");
	expect_crc_check(rig, ecu_memory_crc32(0, bytes_16, 16) ^ 1, "71 01 02 02 01");
	rig_expect(rig, "31 03 02 02", "71 03 02 02 01");
	assert_false(rig->ecu.nv.app_valid);
	expect_crc_check(rig, ecu_memory_crc32(0, bytes_16, 16), "71 01 02 02 00");
	assert_true(rig->ecu.nv.app_valid);
}

static void the_check_takes_no_argument_or_one_range_with_its_crc(void **state)
{
	struct rig *rig = *state;
	char request[96];
	uint32_t crc = ecu_memory_crc32(0, bytes_16, 16);

	rig_new(rig);
	ready_to_program(rig);
	rig_expect(rig, "31 01 02 02", "7f 31 24"); /* nothing was programmed */
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "31 01 02 02", "7f 31 24"); /* the transfer still runs */
	rig_expect(rig, "37", "77");
	rig_expect(rig, "31 01 02 02 00 00", "7f 31 13");
	snprintf(request, sizeof request, "31 01 02 02 44 00 00 10 00 00 00 00 10 %02x %02x %02x %02x", crc >> 24,
		 crc >> 16 & 255, crc >> 8 & 255, crc & 255);
	rig_expect(rig, request, "71 01 02 02 00");
	assert_true(rig->ecu.nv.app_valid);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "31 01 02 02", "71 01 02 02 00");
	assert_true(rig->ecu.nv.app_valid);
}

static void a_check_of_one_range_leaves_the_others_unchecked(void **state)
{
	struct rig *rig = *state;
	char request[96];
	uint32_t crc = ecu_memory_crc32(0, bytes_16, 16);

	rig_new(rig);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "34 00 44 10 00 10 00 00 00 00 10", "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "37", "77");
	snprintf(request, sizeof request, "31 01 02 02 44 00 00 10 00 00 00 00 10 %02x %02x %02x %02x", crc >> 24,
		 crc >> 16 & 255, crc >> 8 & 255, crc & 255);
	rig_expect(rig, request, "71 01 02 02 00");
	assert_false(rig->ecu.nv.app_valid);
	expect_crc_check(rig, crc, "71 01 02 02 00"); /* the rest */
	assert_true(rig->ecu.nv.app_valid);
}

static void data_alone_makes_no_application(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ready_to_program(rig);
	rig_expect(rig, "34 00 44 10 00 10 00 00 00 00 10", "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "31 01 02 02", "71 01 02 02 00");
	assert_false(rig->ecu.nv.app_valid);
	rig_expect(rig, "31 01 ff 01", "71 01 ff 01 01");
}

static void erase_clears_whole_sectors_of_its_range_only(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	memset(rig->flash, 0x11, sizeof rig->flash);
	memset(rig->uicr, 0x11, sizeof rig->uicr);
	rig_start(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00 44 00 00 2f ff 00 00 00 02", "71 01 ff 00 00");
	assert_int_equal(rig->flash[0xfff], 0x11);
	assert_int_equal(rig->flash[0x1000], 0xff);
	assert_int_equal(rig->flash[0x2fff], 0xff);
	assert_int_equal(rig->flash[0x3000], 0x11);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	assert_int_equal(rig->flash[0xfff], 0xff);
	assert_int_equal(rig->uicr[0], 0xff);
	assert_int_equal(rig->ecu.nv.programmed.n, 0);
}

static void erase_takes_the_number_of_a_flash_region(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	memset(rig->uicr, 0x55, sizeof rig->uicr);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00 02", "7f 31 31"); /* RAM is not counted */
	rig_expect(rig, "31 01 ff 00 01", "71 01 ff 00 00");
	assert_int_equal(rig->uicr[0x3ff], 0xff);
	assert_int_equal(rig->flash[15], 15);
	rig_expect(rig, "31 01 ff 00 00", "71 01 ff 00 00");
	assert_int_equal(rig->flash[15], 0xff);
}

static void erase_takes_its_time(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.erase_us_per_kib = 1 * MS;
	rig->config.timing.erase_us_per_sector = 10 * MS;
	rig_start(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00 44 00 00 10 00 00 00 20 00", "71 01 ff 00 00");
	assert_in_range(rig->answered_us - rig->sent_us, 28 * MS, 29 * MS);
}

static void bad_ranges_and_rights_are_refused(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "10 02", "50 02*");
	rig_expect(rig, "31 01 ff 00", "7f 31 33");
	rig_expect(rig, download_16, "7f 34 33");
	rig_unlock(rig);
	rig_expect(rig, "31 01 ff 00 44 00 00 00 00 00 00 10 00", "7f 31 31");
	rig_expect(rig, "31 01 ff 00 44 00 00 10 00 00 01 00 01", "7f 31 31");
	rig_expect(rig, "31 01 ff 00 44 00 00 10 00 00 01", "7f 31 13");
	rig_expect(rig, "31 02 ff 00", "7f 31 12");
	rig_expect(rig, "31 01 ff", "7f 31 13");
	rig_expect(rig, "31 01 12 34", "7f 31 31");
	rig_expect(rig, "31 03 ff 00", "7f 31 24");
	rig_expect(rig, "34 00 44 00 01 10 00 00 00 00 01", "7f 34 31"); /* behind the end */
	rig_expect(rig, "34 00 44 ff ff ff ff ff ff ff ff", "7f 34 31");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 00", "7f 34 31"); /* nothing */
	rig_expect(rig, "34 11 44 00 00 10 00 00 00 00 10", "7f 34 31"); /* compressed */
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 10", "7f 34 13");
	rig_expect(rig, "34 00", "7f 34 13");
	rig_expect(rig, "34 00 25 00 00 00 10 00 00 10", "74 20 0f ff"); /* five address bytes, two of size */
}

static void the_announced_block_length_is_as_configured(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[64] = {0};

	rig_config(rig);
	rig->config.max_number_of_block_length = 18;
	rig_start(rig);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 00 12");
	rig_block(rig, 1, bytes, 17, "7f 36 13");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig->config.max_number_of_block_length = 0x12345;
	rig_expect(rig, "37", "77");
	rig_expect(rig, "34 00 44 00 00 20 00 00 00 00 10", "74 30 01 23 45");
}

static void block_counter_rules(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[64];

	memset(bytes, 0x42, sizeof bytes);
	rig_new(rig);
	ready_to_program(rig);
	rig_block(rig, 1, bytes, 8, "7f 36 24");
	rig_expect(rig, "37", "7f 37 24");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 00 20", "74 20 0f ff");
	rig_expect(rig, download_16, "7f 34 22");
	rig_block(rig, 0, bytes, 8, "7f 36 73");
	rig_block(rig, 2, bytes, 8, "7f 36 73");
	rig_expect(rig, "36 01", "7f 36 13");
	rig_block(rig, 1, bytes, 8, "76 01");
	rig_block(rig, 1, bytes, 8, "76 01"); /* again: confirmed, not written */
	assert_int_equal(rig->ecu.transfer.left, 0x18);
	assert_int_equal(rig->flash[8], 0xff);
	rig_block(rig, 3, bytes, 8, "7f 36 73");
	rig_block(rig, 2, bytes, 8, "76 02");
	rig_block(rig, 1, bytes, 8, "7f 36 73");
	rig_expect(rig, "37", "7f 37 24"); /* half of it is missing */
	rig_block(rig, 3, bytes, 17, "7f 36 71");
	rig_block(rig, 3, bytes, 16, "76 03");
	rig_block(rig, 4, bytes, 1, "7f 36 71");
	rig_block(rig, 3, bytes, 16, "76 03");
	rig_expect(rig, "37 00", "7f 37 13");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "37", "7f 37 24");
	rig_block(rig, 4, bytes, 1, "7f 36 24");
}

static void the_block_counter_wraps_from_ff_to_00(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[4] = {1, 2, 3, 4};

	rig_config(rig);
	rig->config.timing.program_us_per_block = 0;
	rig_start(rig);
	ready_to_program(rig);
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 04 08", "74 20 0f ff");
	for (unsigned i = 1; i <= 258; i++) {
		char expected[8];

		snprintf(expected, sizeof expected, "76 %02x", i & 255);
		rig_block(rig, (uint8_t)i, bytes, 4, expected);
		if (i == 256)
			rig_block(rig, 0, bytes, 4, "76 00");
	}
	rig_expect(rig, "37", "77");
}

static void a_lost_answer_to_a_block_costs_a_repetition_only(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DROP_ANSWERS, 1);
	rig_block(rig, 1, bytes_16, 8, NULL);
	rig_block(rig, 1, bytes_16, 8, "76 01");
	rig_block(rig, 2, bytes_16 + 8, 8, "76 02");
	rig_expect(rig, "37", "77");
	assert_memory_equal(rig->flash, bytes_16, 16);
}

static void memory_that_is_not_erased_cannot_be_programmed(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "7f 36 72");
	assert_int_equal(rig->flash[0], 0);
	assert_true(rig->ecu.nv.app_valid);
}

static void ram_takes_any_write_and_does_not_touch_the_application(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_program(rig);
	for (int i = 0; i < 2; i++) {
		rig_expect(rig, "34 00 44 20 00 00 00 00 00 00 10", "74 20 0f ff");
		rig_block(rig, 1, bytes_16, 16, "76 01");
		rig_expect(rig, "37", "77");
		expect_crc_check(rig, ecu_memory_crc32(0, bytes_16, 16), "71 01 02 02 00");
	}
	assert_true(rig->ecu.nv.app_valid);
	assert_memory_equal(rig->ram, bytes_16, 16);
	rig_expect(rig, "31 01 ff 00 44 20 00 00 00 00 00 00 10", "7f 31 31");
}

static void programming_takes_its_time_per_block(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.timing.program_us_per_block = 120 * MS;
	rig_start(rig);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	assert_true(rig->answered_us - rig->sent_us >= 120 * MS);
	assert_int_equal(rig->n_pending, 1);
}

static void a_region_may_have_times_of_its_own(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[1024] = {0};

	rig_config(rig);
	rig->config.timing.erase_us_per_kib = 0;
	rig->config.timing.erase_us_per_sector = 1000;
	rig->config.timing.program_us_per_block = 0;
	rig->config.regions[0].erase_us_per_sector = 50000;
	rig->config.regions[0].program_us_per_kib = 30000;
	rig_start(rig);
	rig_program(rig);
	/* three sectors of 4 KiB, then one of the other region */
	rig_expect(rig, "31 01 ff 00 44 00 00 10 00 00 00 30 00", "71 01 ff 00 00");
	assert_in_range(rig->answered_us - rig->sent_us, 150 * MS, 160 * MS);
	rig_expect(rig, "31 01 ff 00 44 10 00 10 00 00 00 00 10", "71 01 ff 00 00");
	assert_in_range(rig->answered_us - rig->sent_us, 1 * MS, 5 * MS);
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 04 00", "74 20 0f ff");
	rig_block(rig, 1, bytes, 1024, "76 01");
	assert_in_range(rig->answered_us - rig->sent_us, 30 * MS, 35 * MS);
}

static void a_change_of_session_ends_the_transfer(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_run(rig, 5100 * MS);
	rig_block(rig, 1, bytes_16, 16, "7f 36 7f");
	rig_expect(rig, "10 02", "50 02*");
	rig_block(rig, 1, bytes_16, 16, "7f 36 33");
	rig_unlock(rig);
	rig_block(rig, 1, bytes_16, 16, "7f 36 24");
}

static void routines_may_run_in_the_background(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.asynchronous_routines = true;
	rig->config.timing.erase_us_per_kib = 50 * MS;
	rig_start(rig);
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 02");
	rig_run(rig, 1000 * MS);
	rig_expect(rig, "31 03 ff 00", "71 03 ff 00 02");
	rig_expect(rig, download_16, "7f 34 22");
	rig_expect(rig, "31 01 ff 00", "7f 31 22");
	rig_run(rig, 2500 * MS);
	rig_expect(rig, "31 03 ff 00", "71 03 ff 00 00");
	rig_expect(rig, download_16, "74 20 0f ff");
	rig_block(rig, 1, bytes_16, 16, "76 01");
	rig_expect(rig, "37", "77");
	rig->config.timing.check_us_per_kib = 50 * MS;
	expect_crc_check(rig, 0, "71 01 02 02 02");
	rig_run(rig, 100 * MS);
	rig_expect(rig, "31 03 02 02", "71 03 02 02 01");
	expect_crc_check(rig, ecu_memory_crc32(0, bytes_16, 16), "71 01 02 02 02");
	assert_false(rig->ecu.nv.app_valid);
	rig_run(rig, 100 * MS);
	rig_expect(rig, "31 03 02 02", "71 03 02 02 00");
	assert_true(rig->ecu.nv.app_valid);
}

static void an_erased_ecu_survives_a_power_cut_without_an_application(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_new(rig);
	ready_to_program(rig);
	nv = *ecu_core_nonvolatile(&rig->ecu);
	assert_false(nv.app_valid);
	rig_power_on(rig, &nv);
	assert_true(ecu_core_in_boot(&rig->ecu));
	rig_version(rig, "none");
	ready_to_program(rig);
	rig_expect(rig, download_16, "74 20 0f ff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(a_whole_flash_brings_a_new_version_and_a_valid_application),
	    RIG_TEST(a_wrong_crc_fails_the_check_and_leaves_the_application_invalid),
	    RIG_TEST(the_check_takes_no_argument_or_one_range_with_its_crc),
	    RIG_TEST(a_check_of_one_range_leaves_the_others_unchecked),
	    RIG_TEST(data_alone_makes_no_application),
	    RIG_TEST(erase_clears_whole_sectors_of_its_range_only),
	    RIG_TEST(erase_takes_the_number_of_a_flash_region),
	    RIG_TEST(erase_takes_its_time),
	    RIG_TEST(bad_ranges_and_rights_are_refused),
	    RIG_TEST(the_announced_block_length_is_as_configured),
	    RIG_TEST(block_counter_rules),
	    RIG_TEST(the_block_counter_wraps_from_ff_to_00),
	    RIG_TEST(a_lost_answer_to_a_block_costs_a_repetition_only),
	    RIG_TEST(memory_that_is_not_erased_cannot_be_programmed),
	    RIG_TEST(ram_takes_any_write_and_does_not_touch_the_application),
	    RIG_TEST(programming_takes_its_time_per_block),
	    RIG_TEST(a_region_may_have_times_of_its_own),
	    RIG_TEST(a_change_of_session_ends_the_transfer),
	    RIG_TEST(routines_may_run_in_the_background),
	    RIG_TEST(an_erased_ecu_survives_a_power_cut_without_an_application),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
