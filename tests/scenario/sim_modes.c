/* sim_modes - see sim_modes.h. */
#include "tests/scenario/sim_modes.h"

const enum update_mode sim_modes[3] = {MODE_CLIENT, MODE_SERVER, MODE_NEGOTIATED};

void sim_each_mode(void **state)
{
	static const char *const words[] = {
	    [MODE_CLIENT] = "client", [MODE_SERVER] = "server", [MODE_NEGOTIATED] = "negotiated"};
	const struct sim_course *course = *state;

	for (unsigned i = 0; i < 3; i++) {
		printf("# %s: %s\n", course->name, words[sim_modes[i]]);
		course->run(sim_modes[i]);
	}
}

struct sim *sim_of_mode(enum update_mode mode, struct sim_options options)
{
	struct sim *s;

	options.seed = options.seed ? options.seed : sim_seed();
	options.mode = mode;
	options.image_bytes = options.image_bytes ? options.image_bytes : 60000;
	options.max_parallel = options.max_parallel ? options.max_parallel : 1;
	options.window_start_s = options.window_start_s ? options.window_start_s : 60;
	options.poll_s = options.poll_s ? options.poll_s : 120;
	options.postpone_s = options.postpone_s ? options.postpone_s : 120;
	options.signal_ms = options.signal_ms ? options.signal_ms : 1000;
	options.app_ms = options.app_ms ? options.app_ms : 500;
	s = sim_new(&options);
	s->io.watch.tolerance_us = SIM_S;
	if (mode == MODE_SERVER)
		sim_backend_trigger(&s->backend);
	return s;
}

bool sim_is_decided(const struct sim *s)
{
	const struct campaign *c = sim_campaign(s);

	if (!sim_is_waiting(s))
		return false;
	if (s->options.mode == MODE_SERVER)
		return c->triggered;
	return s->options.mode == MODE_CLIENT || c->confirmed;
}

bool sim_is_between(const struct sim *s)
{
	return !sim_is_erased(s) && sim_has_image(s, 0) && sim_has_old(s, 1);
}

void sim_check_waits_for_the_vehicle(const struct sim *s)
{
	SIM_CHECK(s, sim_is_waiting(s));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_VEHICLE);
	SIM_CHECK(s, sim_world_is_loud(&s->world));
}

void sim_nothing_begins(struct sim *s, uint64_t us)
{
	unsigned n = s->io.watch.n_erases;

	(void)sim_for(s, us, NULL);
	SIM_CHECK(s, s->io.watch.n_erases == n);
}

/* what a mode does not have must not have come up on the way */
static void check_mode(const struct sim *s)
{
	const struct sim_backend *b = &s->backend;

	if (s->options.mode != MODE_NEGOTIATED)
		SIM_CHECK(s, b->n_answers == 0 && b->n_notices == 0);
	if (s->options.mode == MODE_CLIENT)
		SIM_CHECK(s, b->n_triggers == 0 && b->n_checks > 0 && b->push.n_pushed == 0);
	if (s->options.mode == MODE_SERVER)
		SIM_CHECK(s, b->n_checks == 0 && b->n_triggers > 0);
	SIM_CHECK(s, b->n_errors == 0);
}

static bool is_final(enum campaign_state state)
{
	return campaign_state_info(state)->final;
}

/* each thing is recorded once, in an order that can be */
static void check_ledger(const struct sim *s)
{
	unsigned n_final = 0;

	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		const struct report *r = &s->backend.ledger[i];

		if (strcmp(r->campaign_id, SIM_CAMPAIGN) != 0)
			continue;
		SIM_CHECK(s, !n_final || r->service.state != SERVICE_NONE); /* nothing of it comes after its end */
		n_final += !r->ecu[0] && is_final(r->campaign_state);
		for (unsigned k = 0; k < i; k++)
			SIM_CHECK(s, s->backend.ledger[k].sequence != r->sequence);
	}
	SIM_CHECK(s, n_final == 1);
}

void sim_ends_well(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	(void)sim_for(s, 6 * SIM_S, NULL);
	sim_check_done(s);
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, s->world.ecus[i].n_erases <= 1 + s->n_kills); /* a verdict that a kill took is not known */
	check_mode(s);
	check_ledger(s);
	sim_free(s);
}

void sim_ends_unchanged(struct sim *s, enum campaign_state state)
{
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	(void)sim_for(s, 6 * SIM_S, NULL);
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == state);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_old(s, i));
	sim_check_end(s);
	check_ledger(s);
	sim_free(s);
}
