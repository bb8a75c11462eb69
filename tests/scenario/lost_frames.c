/* campaigns on a bus that loses frames: flow controls, answers, blocks, signals, all alike. */
#include "tests/scenario/sim.h"

#define SEEDS 20u

static void all_seeds(uint32_t drop_ppm)
{
	uint64_t without_us = 0, with_us = 0;
	unsigned n_dropped = 0, n_retries = 0, n_attempts = 0;

	for (unsigned k = 1; k <= SEEDS; k++) {
		struct sim_options options = {.seed = sim_seed() + k, .max_attempts = 20};
		struct sim *s = sim_new(&options);
		const struct campaign *c;

		SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
		without_us += s->world.now_us;
		sim_free(s);
		options.drop_ppm = drop_ppm;
		s = sim_new(&options);
		SIM_CHECK(s, sim_for(s, 3600 * SIM_S, sim_is_settled));
		/* an ECU that missed the end of the quiet comes back by itself when its session ends */
		(void)sim_for(s, 6 * SIM_S, NULL);
		sim_check_done(s);
		SIM_CHECK(s, s->io.n_loud_erases == 0);
		c = sim_campaign(s);
		for (unsigned i = 0; i < c->n_targets; i++)
			n_attempts += c->targets[i].attempts;
		with_us += s->world.now_us - 6 * SIM_S;
		n_dropped += (unsigned)bus_stats(&s->world.bus).n_dropped;
		n_retries += s->io.flasher.n_retries;
		sim_free(s);
	}
	printf("# %u campaigns, %u frames lost, %u retries, %u attempts more; %.2f times as long as without loss\n",
	       SEEDS, n_dropped, n_retries, n_attempts, (double)with_us / (double)without_us);
	assert_true(n_dropped > 0);
}

static void campaigns_end_verified_when_one_frame_in_2000_is_lost(void **state)
{
	(void)state;
	all_seeds(500);
}

static void campaigns_end_verified_when_one_frame_in_200_is_lost(void **state)
{
	(void)state;
	all_seeds(5000);
}

static void campaigns_end_verified_when_one_frame_in_50_is_lost(void **state)
{
	(void)state;
	all_seeds(20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(campaigns_end_verified_when_one_frame_in_2000_is_lost),
	    cmocka_unit_test(campaigns_end_verified_when_one_frame_in_200_is_lost),
	    cmocka_unit_test(campaigns_end_verified_when_one_frame_in_50_is_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
