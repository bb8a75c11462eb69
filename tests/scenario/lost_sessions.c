/* sessions with the backend that break: what was downloaded is kept, what was reported counts once. */
#include "tests/scenario/sim.h"

#define SEEDS SIM_SEEDS(20u)

static bool is_held(const struct sim *s)
{
	return sim_is_waiting(s) || sim_is_flashing(s) || sim_is_over(s);
}

/* breaks the session every so often until @condition holds */
static unsigned break_until(struct sim *s, uint64_t every_us, sim_condition *condition)
{
	unsigned n = 0;

	while (!sim_for(s, every_us, condition)) {
		SIM_CHECK(s, n < 1000);
		n += s->backend.session;
		sim_io_drop_session(&s->io);
	}
	return n;
}

static void a_download_goes_on_at_the_byte_where_it_stopped(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= SEEDS; k++) {
		struct sim *s = sim_new(&(struct sim_options){
		    .seed = sim_seed() + k, .image_bytes = 60000, .bytes_per_s = 10000, .window_start_s = 600});
		unsigned n_broken = break_until(s, (2000 + 100 * k) * SIM_MS, is_held);
		unsigned n_requests = 0;

		SIM_CHECK(s, n_broken >= 3);
		for (unsigned i = 0; i < s->io.n_files; i++) {
			const struct sim_file *f = &s->io.files[i];
			const struct sim_blob *blob = NULL;

			for (unsigned b = 0; b < s->backend.n_blobs; b++)
				if (!memcmp(s->backend.blobs[b].ref.sha256, f->ref.sha256, 32))
					blob = &s->backend.blobs[b];
			SIM_CHECK(s, f->n_held == f->ref.length && f->n_received == f->ref.length);
			/* sent twice is only what was on its way when a session broke */
			SIM_CHECK(s, blob && blob->n_sent >= f->ref.length);
			SIM_CHECK(s, blob->n_sent <= f->ref.length + (f->n_requests - 1) * s->backend.chunk_bytes);
			n_requests += f->n_requests;
		}
		SIM_CHECK(s, n_requests > s->io.n_files); /* some file was asked for again */
		SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
		sim_check_done(s);
		sim_free(s);
	}
}

static void reports_are_applied_once_when_sessions_break_all_the_time(void **state)
{
	unsigned n_repeated = 0;

	(void)state;
	for (unsigned k = 1; k <= SEEDS; k++) {
		struct sim *s = sim_new(&(struct sim_options){
		    .seed = sim_seed() + k, .image_bytes = 30000, .bytes_per_s = 40000, .window_start_s = 5});
		unsigned n_broken = break_until(s, (230 + 37 * k) * SIM_MS, sim_is_settled);

		SIM_CHECK(s, n_broken >= 3);
		sim_check_done(s);
		n_repeated += s->backend.n_repeated;
		sim_free(s);
	}
	printf("# %u reports came more than once\n", n_repeated);
	assert_true(n_repeated > 0);
}

static void a_flash_needs_no_session(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .image_bytes = 40000, .window_start_s = 30});
	unsigned applied;

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_waiting));
	(void)sim_for(s, SIM_S, NULL);
	applied = (unsigned)s->backend.applied;
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_campaign(s)->state == CAMPAIGN_DONE);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	SIM_CHECK(s, s->backend.applied == applied);
	s->backend.reachable = true;
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_download_goes_on_at_the_byte_where_it_stopped),
	    cmocka_unit_test(reports_are_applied_once_when_sessions_break_all_the_time),
	    cmocka_unit_test(a_flash_needs_no_session),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
