/*
 * two campaigns that compete, each in each update mode: the more urgent one goes first whichever side decides, what is
 * erased is never cut off, and what only one of them waits for keeps the other from nothing.
 */
#include "tests/scenario/sim_modes.h"

#define OTHER "c2"

/* c1, normal, for ECU 0 and 1; c2, critical, for ECU 2, not in the document yet; the windows of both open after a
 * minute */
static struct sim *start(enum update_mode first, enum update_mode second)
{
	struct sim_options options = {.seed = sim_seed(),
				      .n_ecus = 3,
				      .image_bytes = 60000,
				      .max_parallel = 1,
				      .window_start_s = 60,
				      .poll_s = 30,
				      .signal_ms = 1000,
				      .app_ms = 500,
				      .mode = first};
	struct sim *s = sim_new(&options);
	struct campaign_doc *docs = s->backend.director.campaigns;

	s->backend.modes =
	    (struct mode_table){.n = 2, .entries = {{.urgency = URGENCY_CRITICAL, .mode = second}, {.mode = first}}};
	docs[1] = docs[0];
	snprintf(docs[1].id, sizeof(docs[1].id), OTHER);
	docs[1].targets[0] = docs[0].targets[2];
	docs[1].n_targets = 1;
	docs[1].urgency = URGENCY_CRITICAL;
	docs[1].mode = second;
	docs[0].n_targets = 2;
	return s;
}

static void other_comes(struct sim *s)
{
	s->backend.director.n_campaigns = 2;
	sim_backend_publish(&s->backend);
}

static void trigger(struct sim *s, const char *campaign, enum update_mode mode)
{
	if (mode == MODE_SERVER)
		sim_backend_trigger_of(&s->backend, campaign);
}

static bool both_are_over(const struct sim *s)
{
	return sim_backend_final(&s->backend, OTHER, NULL) && sim_is_settled(s);
}

static bool other_waits(const struct sim *s)
{
	const struct campaign *c = sim_campaign_of(s, OTHER);

	return c && c->state == CAMPAIGN_WAITING;
}

/* @ecus: in the order in which they are to be erased */
static void ends(struct sim *s, unsigned a, unsigned b, unsigned c)
{
	const unsigned ecus[] = {a, b, c};

	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, both_are_over));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_DONE);
	SIM_CHECK(s, sim_backend_final(&s->backend, OTHER, NULL) == CAMPAIGN_DONE);
	SIM_CHECK(s, sim_backend_count(&s->backend, CAMPAIGN_DONE) == 2);
	SIM_CHECK(s, s->io.watch.n_erases == 3 && s->io.watch.n_recoveries == 0);
	for (unsigned i = 0; i < 3; i++)
		SIM_CHECK(s, sim_has_image(s, i) && s->io.watch.erases[i].ecu == ecus[i]);
	sim_check_end(s);
	sim_free(s);
}

static void of_two_that_wait_the_urgent_one_goes_first(enum update_mode first)
{
	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = start(first, sim_modes[i]);

		other_comes(s);
		trigger(s, SIM_CAMPAIGN, first);
		trigger(s, OTHER, sim_modes[i]);
		(void)sim_for(s, 55 * SIM_S, NULL);
		SIM_CHECK(s, sim_is_waiting(s) && other_waits(s) && s->io.watch.n_erases == 0);
		ends(s, 2, 0, 1);
	}
}

/* it comes while the first ECU is being transferred: that one is finished, the next one waits */
static void one_that_comes_in_the_middle_goes_before_the_next_ecu(enum update_mode first)
{
	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = start(first, sim_modes[i]);
		uint32_t wait_s;

		trigger(s, SIM_CAMPAIGN, first);
		SIM_CHECK(s, sim_for(s, 100 * SIM_S, sim_is_erased));
		other_comes(s);
		trigger(s, OTHER, sim_modes[i]);
		if (sim_modes[i] == MODE_CLIENT)
			SIM_CHECK(s, gateway_check_now(s->io.gateway, s->world.now_us, &wait_s) == 0);
		ends(s, 0, 2, 1);
	}
}

/* nothing but the server's word is missing: nobody waits for that */
static void an_urgent_one_without_its_trigger_keeps_nobody_waiting(enum update_mode first)
{
	struct sim *s = start(first, MODE_SERVER);

	other_comes(s);
	trigger(s, SIM_CAMPAIGN, first);
	SIM_CHECK(s, sim_for(s, 55 * SIM_S, other_waits));
	(void)sim_for(s, 300 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1) && sim_has_old(s, 2));
	trigger(s, OTHER, MODE_SERVER);
	ends(s, 0, 1, 2);
}

/* a restart of either side while both wait, and their order is what it was */
static void their_order_outlives_both_sides(enum update_mode first)
{
	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = start(first, sim_modes[i]);

		other_comes(s);
		trigger(s, SIM_CAMPAIGN, first);
		trigger(s, OTHER, sim_modes[i]);
		SIM_CHECK(s, sim_for(s, 50 * SIM_S, other_waits));
		(void)sim_for(s, SIM_S, NULL);
		sim_kill(s, 0);
		sim_kill_backend(s, 2 * SIM_S);
		ends(s, 2, 0, 1);
	}
}

/* a vehicle that negotiates what is critical, and nothing else */
static void what_is_noticed_has_to_be_negotiated_itself(void **state)
{
	struct sim *s = start(MODE_CLIENT, MODE_NEGOTIATED);

	(void)state;
	SIM_CHECK(s, sim_for(s, 50 * SIM_S, sim_is_waiting));
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_NOTICE, SIM_CAMPAIGN, URGENCY_CRITICAL);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_errors == 1 && s->backend.error_code == GATEWAY_CODE_WRONG_MODE);
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_NOTICE, "unknown", URGENCY_NORMAL);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_errors == 2 && s->backend.error_code == GATEWAY_CODE_WRONG_MODE);
	other_comes(s);
	ends(s, 2, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SIM_EACH_MODE(of_two_that_wait_the_urgent_one_goes_first),
	    SIM_EACH_MODE(one_that_comes_in_the_middle_goes_before_the_next_ecu),
	    SIM_EACH_MODE(an_urgent_one_without_its_trigger_keeps_nobody_waiting),
	    SIM_EACH_MODE(their_order_outlives_both_sides),
	    cmocka_unit_test(what_is_noticed_has_to_be_negotiated_itself),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
