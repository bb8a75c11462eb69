/* Whole flashes of a virtual ECU with two banks in simulated time: its application runs meanwhile, and after a failure
 * it runs again, with lost frames too. */
#include "tests/unit/flash/world.h"

static struct world w;
static uint8_t bytes[8000];
static uint8_t other_bank[PEER_MEMORY];
static struct image image;

static void build(uint32_t drop_ppm, uint64_t seed, const char *expected_version)
{
	struct profile *p = &w.profiles[0];
	struct isotp_config link;

	world_init(&w, drop_ppm, seed);
	world_add(&w, true);
	memset(other_bank, 0xff, sizeof(other_bank));
	w.configs[0].banks.present = true;
	w.configs[0].regions[0].bank_b = other_bank;
	world_power_up(&w, 0);
	link = p->link;
	profile_template_dual_bank(p);
	p->link = link;
	snprintf(p->name, sizeof(p->name), "ecu0");
	snprintf(p->security[0].key_id, sizeof(p->security[0].key_id), "test");
	assert_null(profile_check(p));
	fill_pattern(bytes, sizeof(bytes), 7);
	image =
	    (struct image){.n_segments = 1, .n_bytes = sizeof(bytes), .segments = {{PEER_BASE, bytes, sizeof(bytes)}}};
	w.jobs[0].n_units = 1;
	w.jobs[0].units[0].image = &image;
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "%s", expected_version);
}

static void expect_restored(void)
{
	const struct flash_result *r = &w.runs[0].result;

	if (!r->restored)
		print_message("# %s\n", r->text);
	assert_true(r->restored);
	assert_false(r->erased || r->verified);
	assert_int_equal(w.virtuals[0].nv.running_bank, 0);
	assert_string_equal(r->after.application_version, "FACTORY");
	assert_true(ecu_core_app_valid(&w.virtuals[0]));
}

static void the_application_runs_while_the_other_bank_is_written(void **state)
{
	uint64_t begin_us;

	(void)state;
	build(0, 1, "");
	begin_us = w.now_us;
	world_flash_all(&w, 1);
	if (!w.runs[0].result.verified)
		print_message("# %s\n", w.runs[0].result.text);
	assert_true(w.runs[0].result.verified);
	assert_memory_equal(other_bank, bytes, sizeof(bytes));
	assert_int_equal(w.virtuals[0].nv.running_bank, 1);
	/* every 20 ms, but for the reset */
	assert_true(w.n_app_frames[0] * 20 * MS + 2 * S >= w.now_us - begin_us);
	assert_int_equal(w.virtuals[0].session, UDS_SESSION_DEFAULT);
}

static void and_back_into_the_first_one(void **state)
{
	(void)state;
	build(0, 1, "");
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
	fill_pattern(bytes, sizeof(bytes), 8);
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
	assert_memory_equal(w.virtual_memory[0], bytes, sizeof(bytes));
	assert_int_equal(w.virtuals[0].nv.running_bank, 0);
}

static void another_version_than_promised_is_switched_back(void **state)
{
	(void)state;
	build(0, 1, "NEVER");
	world_flash_all(&w, 1);
	assert_int_equal(w.runs[0].result.code, FLASH_WRONG_VERSION);
	expect_restored();
}

static void a_wrong_check_never_switches_over(void **state)
{
	(void)state;
	build(0, 1, "");
	ecu_core_fault(&w.virtuals[0], w.now_us, ECU_FAULT_WRONG_CRC, 1);
	world_flash_all(&w, 1);
	assert_int_equal(w.runs[0].result.code, FLASH_CHECK_FAILED);
	assert_false(w.runs[0].result.erased);
	assert_int_equal(w.virtuals[0].nv.running_bank, 0);
	assert_int_equal(w.virtuals[0].session, UDS_SESSION_DEFAULT);
}

static void lost_frames_end_verified_or_as_before(void **state)
{
	static const uint32_t losses[] = {500, 5000, 20000};

	(void)state;
	for (unsigned i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		for (uint64_t seed = 1; seed <= 8; seed++) {
			build(losses[i], seed, "");
			world_flash_all(&w, 1);
			if (!w.runs[0].result.verified)
				print_message("# %u ppm, seed %u: %s\n", losses[i], (unsigned)seed,
					      w.runs[0].result.text);
			assert_true(w.runs[0].result.verified);
			assert_memory_equal(other_bank, bytes, sizeof(bytes));
			build(losses[i], seed, "NEVER");
			world_flash_all(&w, 1);
			if (!w.runs[0].result.restored)
				print_message("# %u ppm, seed %u: %s\n", losses[i], (unsigned)seed,
					      w.runs[0].result.text);
			expect_restored();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_application_runs_while_the_other_bank_is_written),
	    cmocka_unit_test(and_back_into_the_first_one),
	    cmocka_unit_test(another_version_than_promised_is_switched_back),
	    cmocka_unit_test(a_wrong_check_never_switches_over),
	    cmocka_unit_test(lost_frames_end_verified_or_as_before),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
