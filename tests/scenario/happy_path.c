/* the whole way of a campaign when nothing goes wrong. */
#include "tests/scenario/sim.h"

#include <inttypes.h>

static bool is_postponed(const struct sim *s)
{
	return s->backend.n_answers > 0;
}

static bool is_accepted(const struct sim *s)
{
	return s->backend.n_answers > 1;
}

static void the_states_were_reported_in_order(const struct sim *s)
{
	static const enum campaign_state states[] = {CAMPAIGN_OFFERED, CAMPAIGN_DOWNLOADING, CAMPAIGN_READY,
						     CAMPAIGN_WAITING, CAMPAIGN_INSTALLING,  CAMPAIGN_VERIFYING,
						     CAMPAIGN_DONE};
	unsigned n = 0;

	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		const struct report *r = &s->backend.ledger[i];

		SIM_CHECK(s, r->sequence == i + 1u);
		SIM_CHECK(s, i == 0 || r->unix_ms >= s->backend.ledger[i - 1].unix_ms);
		if (r->ecu[0]) {
			SIM_CHECK(s, r->target_state == TARGET_FLASHING || r->target_state == TARGET_VERIFIED);
			SIM_CHECK(s, n > 0 && states[n - 1] == CAMPAIGN_INSTALLING);
			continue;
		}
		SIM_CHECK(s, n < 7 && r->campaign_state == states[n]);
		n++;
	}
	SIM_CHECK(s, n == 7);
}

static void two_ecus_are_postponed_accepted_downloaded_flashed_and_verified(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(),
						      .image_bytes = 120000,
						      .max_block = 1026,
						      .window_start_s = 60,
						      .bytes_per_s = 20000,
						      .ignition = VEHICLE_CORE_ON});
	const struct campaign *c;
	const struct report *r;
	unsigned n_app;

	(void)state;
	SIM_CHECK(s, sim_for(s, 10 * SIM_S, is_postponed));
	SIM_CHECK(s, s->backend.answers[0] == ANSWER_POSTPONE);
	SIM_CHECK(s, s->backend.proposed[0] > sim_backend_unix_s(&s->backend));
	SIM_CHECK(s, sim_for(s, 10 * SIM_S, sim_is_downloading));
	sim_ignition(s, VEHICLE_CORE_OFF);
	SIM_CHECK(s, sim_for(s, 2 * SIM_S, is_accepted));
	SIM_CHECK(s, s->backend.answers[1] == ANSWER_ACCEPT);

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, s->world.now_us < 60 * SIM_S);
	SIM_CHECK(s, sim_world_is_loud(&s->world));
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) == s->backend.director.campaigns[0].window_start_unix_s);
	SIM_CHECK(s, sim_for(s, 10 * SIM_S, sim_is_quiet));
	n_app = s->world.ecus[0].n_app_frames;
	SIM_CHECK(s, sim_for(s, 5 * SIM_S, sim_is_transferring));
	SIM_CHECK(s, s->world.ecus[0].n_app_frames == n_app);
	SIM_CHECK(s, !sim_world_is_loud(&s->world));

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_settled));
	sim_check_done(s);
	the_states_were_reported_in_order(s);
	SIM_CHECK(s, s->io.flasher.n_quiet == 1 && s->io.flasher.n_loud == 1);
	SIM_CHECK(s, s->io.n_loud_erases == 0);
	SIM_CHECK(s, s->backend.n_repeated == 0 && s->backend.n_sessions == 1);
	c = sim_campaign(s);
	SIM_CHECK(s, c && c->state == CAMPAIGN_DONE);
	for (unsigned i = 0; i < 2; i++) {
		SIM_CHECK(s, s->world.ecus[i].n_erases == 1 && c->targets[i].attempts == 0);
		r = sim_backend_ecu_report(&s->backend, s->io.config.ecus[i].name);
		SIM_CHECK(s, r->has_result && r->evidence == 1);
		SIM_CHECK(s, !strcmp(r->old_version, SIM_OLD_VERSION) && !strncmp(r->new_version, "2.0-", 4));
	}
	SIM_CHECK(s, sim_backend_ecu_report(&s->backend, "ecu0")->payload_bytes == 120000);
	SIM_CHECK(s, sim_backend_ecu_report(&s->backend, "ecu1")->payload_bytes == 90000);
	n_app = s->world.ecus[0].n_app_frames;
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->world.ecus[0].n_app_frames >= n_app + 19); /* every 50 ms */
	printf("# %.1f s of simulated time in %.3f s, %" PRIu64 " frames, %u transactions\n",
	       (double)s->world.now_us / 1e6, sim_wall_s(s), s->world.n_frames, s->io.disk.n_durable);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_ecus_are_postponed_accepted_downloaded_flashed_and_verified),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
