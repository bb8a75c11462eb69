/* one seed, one run: every frame at its nanosecond, every output in its place. */
#include "tests/scenario/sim.h"

static uint64_t run(uint64_t seed, uint64_t *end_us)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = seed,
						      .n_ecus = 3,
						      .drop_ppm = 3000,
						      .max_attempts = 20,
						      .bytes_per_s = 50000,
						      .window_start_s = 3});
	uint64_t trace;

	for (unsigned i = 0; i < 6; i++) { /* with all that can happen */
		(void)sim_for(s, 700 * SIM_MS, NULL);
		sim_io_drop_session(&s->io);
	}
	sim_kill(s, 1);
	SIM_CHECK(s, sim_for(s, 1800 * SIM_S, sim_is_settled));
	*end_us = s->world.now_us;
	(void)sim_for(s, 6 * SIM_S, NULL);
	sim_check_done(s);
	trace = sim_trace(s);
	sim_free(s);
	return trace;
}

static void the_same_seed_gives_the_same_run_to_the_last_frame(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 5; k++) {
		uint64_t first_us, second_us;
		uint64_t first = run(sim_seed() + k, &first_us);
		uint64_t second = run(sim_seed() + k, &second_us);

		assert_true(first == second);
		assert_true(first_us == second_us);
	}
}

static void another_seed_gives_another_run(void **state)
{
	uint64_t end_us;

	(void)state;
	assert_true(run(sim_seed(), &end_us) != run(sim_seed() + 1, &end_us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_seed_gives_the_same_run_to_the_last_frame),
	    cmocka_unit_test(another_seed_gives_another_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
