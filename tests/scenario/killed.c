/* SIGKILL of the gateway: at every transaction, and at any time. ECUs, bus and backend go on. */
#include "tests/scenario/sim.h"

#define SEEDS  SIM_SEEDS(120u)
#define LONG_S 1200u

static const struct sim_options campaign = {.image_bytes = 16000, .bytes_per_s = 40000, .window_start_s = 3};

static struct sim *start(uint64_t seed)
{
	struct sim_options options = campaign;

	options.seed = seed;
	return sim_new(&options);
}

static void finish(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, LONG_S * SIM_S, sim_is_settled));
	(void)sim_for(s, 6 * SIM_S, NULL); /* sessions that nobody ended have ended */
	sim_check_done(s);
	sim_free(s);
}

/* without kills. Return: when it ended */
static uint64_t reference(unsigned *n_stores)
{
	struct sim *s = start(sim_seed());
	uint64_t end_us;

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_settled));
	end_us = s->world.now_us;
	*n_stores = s->io.disk.n_given;
	finish(s);
	return end_us;
}

static void at_every_store(enum sim_kill_when when)
{
	unsigned n_stores, n_killed = 0;

	(void)reference(&n_stores);
	assert_true(n_stores > 15);
	for (unsigned k = 1; k <= n_stores; k++) {
		struct sim *s = start(sim_seed());

		s->io.kill_when = when;
		s->io.kill_at_store = k;
		(void)sim_for(s, 60 * SIM_S, NULL);
		n_killed += s->n_kills;
		SIM_CHECK(s, s->n_kills == 1);
		finish(s);
	}
	printf("# %u kills\n", n_killed);
}

static void a_campaign_survives_a_kill_before_each_transaction_is_durable(void **state)
{
	(void)state;
	at_every_store(SIM_KILL_BEFORE_DURABLE);
}

static void a_campaign_survives_a_kill_after_each_transaction_is_durable(void **state)
{
	(void)state;
	at_every_store(SIM_KILL_AFTER_DURABLE);
}

static void a_campaign_survives_one_kill_at_any_time(void **state)
{
	unsigned n_stores, n_in_flash = 0, n_erased = 0;
	uint64_t end_us = reference(&n_stores);

	(void)state;
	for (unsigned k = 1; k <= SEEDS; k++) {
		struct sim *s = start(sim_seed() + k);
		uint64_t random = sim_seed() + 1000 * k;

		(void)sim_run(s, SIM_S + sim_random(&random) % (end_us - SIM_S), NULL);
		s->downtime_us = 10 * SIM_MS + sim_random(&random) % (8 * SIM_S);
		n_in_flash += sim_is_flashing(s);
		n_erased += sim_is_erased(s);
		sim_kill(s, (unsigned)(sim_random(&random) % 3));
		finish(s);
	}
	printf("# %u kills, %u of them while flashing, %u while an ECU had no application\n", SEEDS, n_in_flash,
	       n_erased);
	assert_true(n_in_flash > SEEDS / 12 && n_erased > SEEDS / 12);
}

static bool is_mid_transfer(const struct sim *s)
{
	return sim_is_transferring(s) && sim_is_erased(s);
}

static void a_campaign_survives_kills_again_and_again_while_it_flashes(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= SEEDS / 4; k++) {
		struct sim *s = start(sim_seed() + k);
		uint64_t random = sim_seed() + 77 * k;
		unsigned n = 3 + k % 4;

		for (unsigned i = 0; i < n && sim_for(s, 300 * SIM_S, is_mid_transfer); i++) {
			(void)sim_for(s, sim_random(&random) % (300 * SIM_MS), NULL);
			s->downtime_us = 10 * SIM_MS + sim_random(&random) % (8 * SIM_S);
			sim_kill(s, (unsigned)(sim_random(&random) % 3));
		}
		SIM_CHECK(s, s->n_kills > 0);
		finish(s);
	}
}

static void a_campaign_survives_kills_at_any_time_on_a_bus_that_loses_frames(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= SEEDS / 2; k++) {
		struct sim_options options = campaign;
		uint64_t random = sim_seed() + 123 * k;
		struct sim *s;

		options.seed = sim_seed() + k;
		options.drop_ppm = 2000;
		options.max_attempts = 20;
		s = sim_new(&options);
		for (unsigned i = 0; i < 1 + k % 5; i++) {
			(void)sim_for(s, sim_random(&random) % (4 * SIM_S), NULL);
			s->downtime_us = 10 * SIM_MS + sim_random(&random) % (3 * SIM_S);
			sim_kill(s, (unsigned)(sim_random(&random) % 3));
			(void)sim_for(s, s->downtime_us + SIM_MS, NULL);
		}
		finish(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_survives_a_kill_before_each_transaction_is_durable),
	    cmocka_unit_test(a_campaign_survives_a_kill_after_each_transaction_is_durable),
	    cmocka_unit_test(a_campaign_survives_one_kill_at_any_time),
	    cmocka_unit_test(a_campaign_survives_kills_again_and_again_while_it_flashes),
	    cmocka_unit_test(a_campaign_survives_kills_at_any_time_on_a_bus_that_loses_frames),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
