/*
 * everything at once, by chance: kills, lost sessions, lost frames, the ignition, resets of ECUs, a backend that is not
 * there, a window that ends, a revocation; in each update mode. What comes out depends on the seed; what must hold does
 * not.
 *
 * SIM_RUN=n in the environment makes only the run whose seed is SEED + n.
 */
#include "tests/scenario/sim.h"

#define SEEDS   SIM_SEEDS(400u)
#define ACTIONS 14u

enum { KILL, DROP, IGNITION_TURNS, ECU_RESETS, BACKEND_GOES, BACKEND_COMES, REVOKE, KINDS };

static void do_something(struct sim *s, uint64_t *random, bool *revoked)
{
	unsigned what = (unsigned)(sim_random(random) % (KINDS + 1));
	double ignition = vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_IGNITION);
	struct sim_ecu *ecu = &s->world.ecus[sim_random(random) % s->world.n_ecus];

	switch (what) {
	case KILL:
		s->downtime_us = 10 * SIM_MS + sim_random(random) % (6 * SIM_S);
		sim_kill(s, (unsigned)(sim_random(random) % 3));
		return;
	case DROP:
		sim_io_drop_session(&s->io);
		return;
	case IGNITION_TURNS:
		sim_ignition(s, ignition > 0 ? VEHICLE_CORE_OFF : VEHICLE_CORE_ON);
		return;
	case ECU_RESETS:
		ecu_core_fault(&ecu->core, s->world.now_us, ECU_FAULT_RESET, 0);
		return;
	case BACKEND_GOES:
		s->backend.reachable = false;
		sim_io_drop_session(&s->io);
		return;
	case BACKEND_COMES:
		s->backend.reachable = true;
		return;
	case REVOKE:
		if (*revoked || sim_random(random) % 3)
			return;
		*revoked = true;
		sim_revoke(s);
		return;
	default: /* nothing: the world turns all the same */
		return;
	}
}

/* the campaign came to an end, or was revoked before the gateway ever heard of it */
static bool is_at_rest(const struct sim *s)
{
	bool unheard = !s->backend.director.n_campaigns && !sim_campaign(s) && !s->backend.n_ledger &&
		       s->io.gateway->director_version == s->backend.director.version;

	return sim_is_settled(s) || (unheard && s->io.running && gateway_idle(s->io.gateway));
}

static void check(const struct sim *s, enum campaign_state final)
{
	unsigned n_new = 0, n_old = 0;

	for (unsigned i = 0; i < s->world.n_ecus; i++) {
		n_new += sim_has_image(s, i);
		n_old += sim_has_old(s, i);
	}
	sim_check_end(s);
	if (final == CAMPAIGN_DONE) {
		SIM_CHECK(s, n_new == s->world.n_ecus);
		sim_check_done(s);
	} else if (final == CAMPAIGN_EXPIRED || final == CAMPAIGN_CANCELLED || final == CAMPAIGN_NONE) {
		SIM_CHECK(s, n_old == s->world.n_ecus);
	} else { /* some were begun when the window ended */
		SIM_CHECK(s, final == CAMPAIGN_INCONSISTENT);
		SIM_CHECK(s, n_new > 0 && n_old > 0);
		SIM_CHECK(s, n_new + n_old == s->world.n_ecus); /* none without software */
	}
}

static void whatever_happens_no_ecu_is_left_without_software_and_no_report_is_lost(void **state)
{
	unsigned n[CAMPAIGN_FAILED + 1] = {0}, n_kills = 0;

	const char *only = getenv("SIM_RUN");
	unsigned first = only ? (unsigned)strtoul(only, NULL, 0) : 1;
	unsigned last = only ? first : SEEDS;

	static const enum update_mode modes[] = {MODE_NEGOTIATED, MODE_CLIENT, MODE_SERVER, MODE_NEGOTIATED};

	(void)state;
	for (unsigned k = first; k <= last; k++) {
		uint64_t random = sim_seed() * 7919 + k;
		struct sim_options options = {
		    .seed = sim_seed() + k,
		    .n_ecus = 1 + k % 3,
		    .image_bytes = 9000,
		    .drop_ppm = k % 2 ? 2000 : 0,
		    .max_attempts = 20,
		    .max_parallel = k % 3 ? 1 : 4,
		    .bytes_per_s = 40000,
		    .window_start_s = 2,
		    .estimate_ms = 1, /* the window may end while it is flashed */
		    .mode = modes[k / 6 % 4],
		    .existence_only = k / 6 % 4 == 3,
		    .poll_s = 60,
		    .window_length_s = k % 2 ? 3600 : 3 + sim_random(&random) % 20,
		};
		struct sim *s = sim_new(&options);
		enum campaign_state final;
		bool revoked = false;
		unsigned trigger_at = (unsigned)(sim_random(&random) % ACTIONS);

		for (unsigned i = 0; i < ACTIONS; i++) {
			(void)sim_for(s, sim_random(&random) % (1500 * SIM_MS), NULL);
			if (options.mode == MODE_SERVER && i == trigger_at)
				sim_backend_trigger(&s->backend);
			do_something(s, &random, &revoked);
		}
		s->backend.reachable = true;
		sim_ignition(s, VEHICLE_CORE_OFF);
		SIM_CHECK(s, sim_for(s, 7200 * SIM_S, is_at_rest));
		(void)sim_for(s, 6 * SIM_S, NULL);
		final = sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL);
		check(s, final);
		n[final]++;
		n_kills += s->n_kills;
		sim_free(s);
	}
	printf("# %u runs, %u kills: %u done, %u expired, %u cancelled, %u inconsistent\n", last - first + 1, n_kills,
	       n[CAMPAIGN_DONE], n[CAMPAIGN_EXPIRED], n[CAMPAIGN_CANCELLED], n[CAMPAIGN_INCONSISTENT]);
	assert_true(only ||
		    (n[CAMPAIGN_DONE] && n[CAMPAIGN_CANCELLED] && n[CAMPAIGN_EXPIRED] && n[CAMPAIGN_INCONSISTENT]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_happens_no_ecu_is_left_without_software_and_no_report_is_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
