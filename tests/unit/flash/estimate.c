/* The estimate against the table of the wire's limits and against a flash on the simulated bus. */
#include "tests/unit/flash/world.h"

#include "ecu-flash/estimate.h"

static struct world w;
static uint8_t bytes[60000];
static struct image image;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 0, 1);
	world_add(&w, true);
	fill_pattern(bytes, sizeof(bytes), 9);
	image = (struct image){.n_segments = 1, .n_bytes = 60000, .segments = {{PEER_BASE, bytes, 60000}}};
	w.jobs[0].n_units = 1;
	w.jobs[0].units[0].image = &image;
	return 0;
}

static void transfer_time_is_that_of_the_wire(void **state)
{
	static const struct {
		uint32_t bps, longest;
		double kbyte_per_s; /* expected stuffing of random data, 11-bit, without time to program */
	} cases[] = {{500000, 4095, 29.89}, {500000, 130, 26.16}, {125000, 1026, 7.38}, {1000000, 4095, 59.8}};
	struct image large = {.n_segments = 1, .n_bytes = 1000000, .segments = {{0, bytes, 1000000}}};
	struct flash_unit unit = {.image = &large};

	(void)state;
	w.profiles[0].program_us_per_block = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct estimate_link link = {.nominal_bps = cases[i].bps,
					     .max_number_of_block_length = cases[i].longest};
		struct estimate e = estimate_flash(&w.profiles[0], &unit, 1, &link);
		double expected_ms = 1e6 / cases[i].kbyte_per_s;

		if ((double)e.transfer_ms < 0.95 * expected_ms || (double)e.transfer_ms > 1.05 * expected_ms)
			print_message("# case %u: %llu ms, expected %f\n", i, (unsigned long long)e.transfer_ms,
				      expected_ms);
		assert_true((double)e.transfer_ms > 0.95 * expected_ms && (double)e.transfer_ms < 1.05 * expected_ms);
	}
}

static void fd_transfer_time_is_that_of_the_wire(void **state)
{
	struct image large = {.n_segments = 1, .n_bytes = 1000000, .segments = {{0, bytes, 1000000}}};
	struct flash_unit unit = {.image = &large};
	struct estimate_link link = {.nominal_bps = 500000, .data_bps = 2000000, .max_number_of_block_length = 4095};
	struct estimate e;

	(void)state;
	w.profiles[0].program_us_per_block = 0;
	w.profiles[0].link.fd = w.profiles[0].link.brs = true;
	w.profiles[0].link.tx_dl = 64;
	e = estimate_flash(&w.profiles[0], &unit, 1, &link);
	assert_in_range(e.transfer_ms, 5290, 5850); /* 179.6 kB/s within 5 % */
}

static void st_min_and_program_time_count(void **state)
{
	struct estimate_link link = {.nominal_bps = 500000, .max_number_of_block_length = 1002};
	struct flash_unit unit = {.image = &image};
	struct estimate without, with;

	(void)state;
	w.profiles[0].program_us_per_block = 0;
	without = estimate_flash(&w.profiles[0], &unit, 1, &link);
	w.profiles[0].program_us_per_block = 5000;
	link.st_min_us = 1000;
	with = estimate_flash(&w.profiles[0], &unit, 1, &link);
	/* 60 blocks of 143 consecutive frames, and 5 ms each */
	assert_in_range(with.transfer_ms - without.transfer_ms, 60 * 143 + 60 * 5 - 130, 60 * 143 + 60 * 5 + 130);
}

static void estimate_is_near_a_real_flash(void **state)
{
	struct estimate_link link = {.nominal_bps = 500000, .max_number_of_block_length = 258};
	struct estimate e;
	uint64_t took_ms;

	(void)state;
	w.profiles[0].program_us_per_block = 4000;
	w.profiles[0].erase_ms_per_kib_x100 = 400;
	e = estimate_flash(&w.profiles[0], w.jobs[0].units, 1, &link);
	world_flash_all(&w, 1);
	assert_true(w.runs[0].result.verified);
	took_ms = w.runs[0].result.ended_us / 1000 - 1000; /* the world begins at 1 s */
	if (e.total_ms < took_ms * 8 / 10 || e.total_ms > took_ms * 12 / 10)
		print_message("# estimated %llu ms, took %llu ms\n", (unsigned long long)e.total_ms,
			      (unsigned long long)took_ms);
	assert_in_range(e.total_ms, took_ms * 8 / 10, took_ms * 12 / 10);
	assert_in_range(e.transfer_ms, w.runs[0].result.transfer_us / 1050, w.runs[0].result.transfer_us / 950);
}

static void no_image_takes_the_time_of_the_steps(void **state)
{
	struct estimate_link link = {.nominal_bps = 500000};
	struct estimate e;

	(void)state;
	e = estimate_flash(&w.profiles[0], NULL, 0, &link);
	assert_int_equal(e.transfer_ms, 0);
	assert_int_equal(e.erase_ms, 0);
	assert_in_range(e.total_ms, 100, 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
	    T(transfer_time_is_that_of_the_wire),    T(fd_transfer_time_is_that_of_the_wire),
	    T(st_min_and_program_time_count),        T(estimate_is_near_a_real_flash),
	    T(no_image_takes_the_time_of_the_steps),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
