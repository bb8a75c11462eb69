/* Whole flashes of virtual ECUs in simulated time: with lost frames, resets in the middle, and a gateway that restarts.
 */
#include "tests/unit/flash/world.h"

static struct world w;
static uint8_t bytes[2][24000];
static struct image images[2];

static void build(uint32_t drop_ppm, uint64_t seed)
{
	world_init(&w, drop_ppm, seed);
	for (unsigned i = 0; i < 2; i++) {
		world_add(&w, true);
		fill_pattern(bytes[i], sizeof(bytes[i]), i + 5);
		images[i] = (struct image){
		    .n_segments = 2,
		    .n_bytes = sizeof(bytes[i]),
		    .segments = {{PEER_BASE, bytes[i], 16000}, {PEER_BASE + 20000, bytes[i] + 16000, 8000}},
		};
		w.jobs[i].n_units = 1;
		w.jobs[i].units[0].image = &images[i];
	}
}

static int setup(void **state)
{
	(void)state;
	build(0, 1);
	return 0;
}

static void expect_flashed(unsigned i)
{
	const struct flash_result *r = &w.runs[i].result;

	if (!r->verified)
		print_message("# %s\n", r->text);
	assert_true(r->verified);
	assert_int_equal(r->payload_bytes, sizeof(bytes[i]));
	assert_memory_equal(w.virtual_memory[i], bytes[i], 16000);
	assert_memory_equal(w.virtual_memory[i] + 20000, bytes[i] + 16000, 8000);
	assert_true(ecu_core_nonvolatile(&w.virtuals[i])->app_valid);
	assert_false(ecu_core_in_boot(&w.virtuals[i]));
	assert_string_not_equal(r->after.application_version, "FACTORY");
	assert_string_not_equal(r->after.application_version, "");
}

/* nobody is left silent: the applications talk again, in their default sessions */
static void expect_loud(void)
{
	unsigned before[2] = {w.n_app_frames[0], w.n_app_frames[1]};

	world_run_until(&w, w.now_us + 2 * S, true);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(w.virtuals[i].session, UDS_SESSION_DEFAULT);
		assert_false(w.virtuals[i].silenced);
		assert_false(w.virtuals[i].dtc_off);
		assert_true(w.n_app_frames[i] >= before[i] + 50);
	}
}

static void two_ecus_are_flashed_side_by_side(void **state)
{
	(void)state;
	world_flash_all(&w, 2);
	for (unsigned i = 0; i < 2; i++) {
		expect_flashed(i);
		assert_string_equal(w.runs[i].result.before.application_version, "FACTORY");
		assert_int_equal(w.runs[i].result.block_repeats, 0);
		assert_int_equal(world_events(&w, i, FLASH_EVENT_RETRY), 0);
	}
	assert_string_equal(w.runs[1].result.after.hardware_id, "HW-V1");
	assert_string_equal(w.runs[1].result.after.serial_number, "SN-V1");
	expect_loud();
}

static void two_ecus_are_flashed_one_after_the_other(void **state)
{
	(void)state;
	world_flash_all(&w, 1);
	expect_flashed(0);
	expect_flashed(1);
	assert_true(w.runs[1].result.started_us >= w.runs[0].result.ended_us);
	expect_loud();
}

static void applications_are_silent_while_others_flash(void **state)
{
	unsigned quiet, i;

	(void)state;
	world_start_bus(&w, 1);
	for (i = 0; i < 1000 && !world_bus_events(&w, FLASH_BUS_EVENT_QUIET); i++)
		world_run_until(&w, w.now_us + 10 * MS, false);
	world_run_until(&w, w.now_us + 10 * MS, false);
	quiet = w.n_app_frames[1];
	while (!flash_run_started(&w.runs[1]))
		world_run_until(&w, w.now_us + 10 * MS, false);
	assert_int_equal(w.n_app_frames[1], quiet);
	quiet = w.n_app_frames[0];
	/* the one that was reset is silent again until the other is done */
	while (!flash_run_finished(&w.runs[1]))
		world_run_until(&w, w.now_us + 10 * MS, false);
	assert_int_equal(w.n_app_frames[0], quiet);
	world_run_until(&w, w.now_us + 60 * S, false);
	expect_flashed(0);
	expect_flashed(1);
	expect_loud();
}

static void lose_frames(uint32_t drop_ppm, unsigned n_seeds)
{
	uint64_t longest_us = 0;

	for (unsigned seed = 1; seed <= n_seeds; seed++) {
		uint64_t start_us;

		build(drop_ppm, seed);
		start_us = w.now_us;
		world_flash_all(&w, 2);
		for (unsigned i = 0; i < 2; i++) {
			if (!w.runs[i].result.verified)
				print_message("# seed %u: %s\n", seed, w.runs[i].result.text);
			expect_flashed(i);
		}
		if (w.now_us - start_us > longest_us)
			longest_us = w.now_us - start_us;
	}
	print_message("# %u ppm lost, %u seeds: longest flash %llu ms\n", drop_ppm, n_seeds,
		      (unsigned long long)(longest_us / 1000));
}

static void flashes_survive_a_loss_of_500_ppm(void **state)
{
	(void)state;
	lose_frames(500, 10);
}

static void flashes_survive_a_loss_of_5000_ppm(void **state)
{
	(void)state;
	lose_frames(5000, 10);
}

static void flashes_survive_a_loss_of_20000_ppm(void **state)
{
	(void)state;
	lose_frames(20000, 10);
}

static bool told(const char *words)
{
	for (unsigned i = 0; i < w.n_events; i++)
		if (strstr(w.events[i].event.text, words))
			return true;
	return false;
}

static void long_blocks_survive_loss_by_becoming_shorter(void **state)
{
	bool shortened = false;

	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++) {
		build(20000, seed);
		w.configs[0].max_number_of_block_length = w.configs[1].max_number_of_block_length = 4095;
		world_flash_all(&w, 2);
		expect_flashed(0);
		expect_flashed(1);
		shortened |= told("begun again with shorter blocks: ");
	}
	assert_true(shortened);
}

static void run_until_bytes(unsigned ecu, uint64_t n)
{
	for (unsigned i = 0; i < 100000 && w.runs[ecu].result.payload_bytes < n; i++)
		world_run_until(&w, w.now_us + MS, false);
	assert_true(w.runs[ecu].result.payload_bytes >= n);
	assert_false(flash_run_finished(&w.runs[ecu]));
}

static void ecu_that_resets_in_the_transfer_is_flashed_again_from_its_erase(void **state)
{
	(void)state;
	world_start_bus(&w, 2);
	run_until_bytes(0, 5000);
	ecu_core_fault(&w.virtuals[0], w.now_us, ECU_FAULT_RESET, 0);
	world_run_until(&w, w.now_us + 600 * S, false);
	expect_flashed(0);
	expect_flashed(1);
	assert_true(world_events(&w, 0, FLASH_EVENT_INTENT) >= 2);
	expect_loud();
}

static void ecu_that_is_silent_for_a_second_is_waited_for(void **state)
{
	(void)state;
	world_start_bus(&w, 2);
	run_until_bytes(1, 3000);
	ecu_core_fault(&w.virtuals[1], w.now_us, ECU_FAULT_SILENT, 1000);
	world_run_until(&w, w.now_us + 600 * S, false);
	expect_flashed(1);
	assert_true(w.runs[1].result.block_repeats > 0);
}

static void erase_that_never_ends_fails_and_the_bus_is_loud(void **state)
{
	(void)state;
	world_start_bus(&w, 2);
	ecu_core_fault(&w.virtuals[0], w.now_us, ECU_FAULT_STUCK_ERASE, 1);
	world_run_until(&w, w.now_us + 7200 * S, false);
	assert_true(flash_bus_finished(&w.flash_bus));
	assert_false(w.runs[0].result.verified);
	assert_true(w.runs[0].result.erased);
	expect_flashed(1);
	assert_false(w.virtuals[1].silenced);
}

static void failed_check_is_reported(void **state)
{
	(void)state;
	ecu_core_fault(&w.virtuals[0], w.now_us, ECU_FAULT_WRONG_CRC, 1);
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[0].result.code, FLASH_CHECK_FAILED);
	expect_flashed(1);
}

static void low_voltage_fails_before_anything_is_erased(void **state)
{
	(void)state;
	ecu_core_fault(&w.virtuals[0], w.now_us, ECU_FAULT_VOLTAGE_LOW, 1);
	world_flash_all(&w, 2);
	assert_false(w.runs[0].result.verified);
	assert_int_equal(w.runs[0].result.nrc, UDS_NRC_VOLTAGE_TOO_LOW);
	expect_flashed(1);
}

static void unmet_preconditions_leave_the_ecu_untouched(void **state)
{
	(void)state;
	ecu_core_set_preconditions(&w.virtuals[1], false);
	world_flash_all(&w, 2);
	assert_int_equal(w.runs[1].result.code, FLASH_PRECONDITIONS);
	assert_true(ecu_core_nonvolatile(&w.virtuals[1])->app_valid);
	expect_flashed(0);
	expect_loud();
}

/* the gateway loses its power: everything on our side is gone, the ECUs stay as they are */
static void restart_gateway(uint64_t off_us)
{
	can_node_init(&w.node, 32);
	w.n_events = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct profile *p = &w.profiles[i];

		uds_channel_init(&w.channels[i], &p->link, &p->timing, w.tx_buf[i], WORLD_BUF, w.rx_buf[i], WORLD_BUF);
		can_node_attach(&w.node, &w.channels[i]);
		w.jobs[i].recovery = true;
		flash_run_init(&w.runs[i], &w.jobs[i], &w.channels[i]);
	}
	w.with_bus = false;
	world_run_until(&w, w.now_us + off_us, true);
}

static void flash_cut_off_is_recovered_at_any_moment(void **state)
{
	static const uint64_t off[] = {0, 300 * MS, 8 * S}; /* at once, and after the ECUs' sessions have ended */

	(void)state;
	for (unsigned moment = 0; moment < 24; moment++) {
		build(0, 1);
		world_start_bus(&w, 2);
		world_run_until(&w, w.now_us + 50 * MS + moment * 110 * MS, false);
		restart_gateway(off[moment % 3]);
		world_flash_all(&w, 2);
		if (!w.runs[0].result.verified || !w.runs[1].result.verified)
			print_message("# moment %u\n", moment);
		expect_flashed(0);
		expect_flashed(1);
		expect_loud();
	}
}

static void ecu_in_its_boot_loader_after_an_erase_is_recovered(void **state)
{
	(void)state;
	world_start_bus(&w, 2);
	run_until_bytes(0, 2000);
	restart_gateway(S);
	ecu_core_fault(&w.virtuals[0], w.now_us, ECU_FAULT_RESET, 0);
	world_run_until(&w, w.now_us + 3 * S, true);
	assert_true(ecu_core_in_boot(&w.virtuals[0]));
	world_flash_all(&w, 1);
	expect_flashed(0);
	expect_flashed(1);
	expect_loud();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(two_ecus_are_flashed_side_by_side),
	    T(two_ecus_are_flashed_one_after_the_other),
	    T(applications_are_silent_while_others_flash),
	    T(flashes_survive_a_loss_of_500_ppm),
	    T(flashes_survive_a_loss_of_5000_ppm),
	    T(flashes_survive_a_loss_of_20000_ppm),
	    T(long_blocks_survive_loss_by_becoming_shorter),
	    T(ecu_that_resets_in_the_transfer_is_flashed_again_from_its_erase),
	    T(ecu_that_is_silent_for_a_second_is_waited_for),
	    T(erase_that_never_ends_fails_and_the_bus_is_loud),
	    T(failed_check_is_reported),
	    T(low_voltage_fails_before_anything_is_erased),
	    T(unmet_preconditions_leave_the_ecu_untouched),
	    T(flash_cut_off_is_recovered_at_any_moment),
	    T(ecu_in_its_boot_loader_after_an_erase_is_recovered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
