/* competing campaigns: the more urgent one goes first, takes over the link and the bus, and never cuts off an erased
 * ECU; one that supersedes another ends it. */
#include "tests/scenario/sim.h"

#define OTHER "c2"

/* c1 for ECU 0 and, with @both, ECU 1; the other campaign, for the last ECU, is not in the document yet */
static struct sim *start(struct sim_options options, unsigned n_first)
{
	struct sim *s;
	struct campaign_doc *docs;

	options.seed = sim_seed();
	options.n_ecus = n_first + 1;
	options.image_bytes = options.image_bytes ? options.image_bytes : 60000;
	s = sim_new(&options);
	docs = s->backend.director.campaigns;
	docs[1] = docs[0];
	snprintf(docs[1].id, sizeof(docs[1].id), OTHER);
	docs[1].targets[0] = docs[0].targets[n_first];
	docs[1].n_targets = 1;
	docs[0].n_targets = (uint8_t)n_first;
	return s;
}

static void other_comes(struct sim *s, enum urgency urgency)
{
	s->backend.director.campaigns[1].urgency = urgency;
	s->backend.director.n_campaigns = 2;
	sim_backend_publish(&s->backend);
}

static const struct campaign *other(const struct sim *s)
{
	return sim_campaign_of(s, OTHER);
}

static bool other_is_installing(const struct sim *s)
{
	return other(s) && other(s)->state == CAMPAIGN_INSTALLING;
}

static bool first_is_installing(const struct sim *s)
{
	return sim_campaign(s) && sim_campaign(s)->state == CAMPAIGN_INSTALLING;
}

static bool both_are_over(const struct sim *s)
{
	return sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) && sim_backend_final(&s->backend, OTHER, NULL) &&
	       sim_is_settled(s);
}

static void both_are_done(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, both_are_over));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_DONE);
	SIM_CHECK(s, sim_backend_final(&s->backend, OTHER, NULL) == CAMPAIGN_DONE);
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_image(s, i) && s->world.ecus[i].n_erases == 1);
	sim_check_end(s);
}

/* when the campaign was reported to be done; 0 = not */
static uint64_t done_ms(const struct sim *s, const char *campaign)
{
	for (unsigned i = 0; i < s->backend.n_ledger; i++)
		if (!s->backend.ledger[i].ecu[0] && !strcmp(s->backend.ledger[i].campaign_id, campaign) &&
		    s->backend.ledger[i].campaign_state == CAMPAIGN_DONE)
			return s->backend.ledger[i].unix_ms;
	return 0;
}

static void of_two_that_wait_the_more_urgent_one_is_flashed_first(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct sim *s = start((struct sim_options){.window_start_s = 60}, 1);

		sim_doc(s)->urgency = turn ? URGENCY_CRITICAL : URGENCY_LOW;
		other_comes(s, URGENCY_HIGH);
		SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_flashing));
		SIM_CHECK(s, turn ? first_is_installing(s) : other_is_installing(s));
		both_are_done(s);
		SIM_CHECK(s, (done_ms(s, SIM_CAMPAIGN) < done_ms(s, OTHER)) == turn);
		sim_free(s);
	}
}

static void of_one_urgency_the_earlier_deadline_goes_first(void **state)
{
	struct sim *s = start((struct sim_options){.window_start_s = 60}, 1);

	(void)state;
	s->backend.director.campaigns[1].deadline_unix_s = sim_backend_unix_s(&s->backend) + 7200;
	other_comes(s, URGENCY_NORMAL);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, other_is_installing(s));
	both_are_done(s);
	sim_free(s);
}

static void a_more_urgent_download_takes_the_link_over_and_what_was_held_is_kept(void **state)
{
	struct sim *s = start((struct sim_options){.bytes_per_s = 2000, .window_start_s = 1}, 1);
	uint64_t bytes;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_downloading));
	(void)sim_for(s, 15 * SIM_S, NULL);
	other_comes(s, URGENCY_CRITICAL);
	both_are_done(s);
	SIM_CHECK(s, done_ms(s, OTHER) < done_ms(s, SIM_CAMPAIGN));
	for (unsigned i = 0; i < s->io.n_files; i++) { /* no byte came twice, but for the chunks on their way */
		bytes = s->io.files[i].n_received;
		SIM_CHECK(s, bytes <= s->io.files[i].ref.length + 4 * s->backend.chunk_bytes);
	}
	sim_free(s);
}

static void one_that_has_erased_nothing_gives_way(void **state)
{
	struct sim *s = start((struct sim_options){.image_bytes = 120000, .max_parallel = 1}, 2);

	(void)state;
	sim_doc(s)->urgency = URGENCY_LOW;
	/* ready at the moment when the first one has made the bus quiet and not erased yet */
	s->backend.director.campaigns[1].window_start_unix_s += 20;
	sim_doc(s)->window_start_unix_s = s->backend.director.campaigns[1].window_start_unix_s;
	other_comes(s, URGENCY_LOW);
	s->backend.latency_us = 1;
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_quiet));
	SIM_CHECK(s, first_is_installing(s));
	other_comes(s, URGENCY_CRITICAL); /* it is another class now */
	SIM_CHECK(s, sim_for(s, 5 * SIM_S, other_is_installing));
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	SIM_CHECK(s, sim_campaign(s)->targets[0].attempts == 0);
	both_are_done(s);
	SIM_CHECK(s, done_ms(s, OTHER) < done_ms(s, SIM_CAMPAIGN));
	sim_free(s);
}

static void one_that_has_erased_an_ecu_brings_it_to_its_end_and_begins_no_other(void **state)
{
	struct sim *s = start((struct sim_options){.image_bytes = 120000, .max_parallel = 1}, 2);

	(void)state;
	sim_doc(s)->urgency = URGENCY_LOW;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_erased));
	other_comes(s, URGENCY_CRITICAL);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, other_is_installing));
	SIM_CHECK(s, sim_has_image(s, 0)); /* it was not cut off */
	SIM_CHECK(s, sim_has_old(s, 1));   /* and the second was not begun */
	SIM_CHECK(s, sim_campaign(s)->state == CAMPAIGN_WAITING);
	both_are_done(s);
	SIM_CHECK(s, done_ms(s, OTHER) < done_ms(s, SIM_CAMPAIGN));
	sim_free(s);
}

static void one_that_is_no_more_urgent_waits_for_the_other_to_finish(void **state)
{
	struct sim *s = start((struct sim_options){.image_bytes = 120000, .max_parallel = 1}, 2);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_erased));
	other_comes(s, URGENCY_NORMAL);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, other_is_installing));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	both_are_done(s);
	sim_free(s);
}

static void one_that_cannot_begin_keeps_nobody_waiting(void **state)
{
	struct sim *s = start((struct sim_options){0}, 1);

	(void)state;
	s->backend.director.campaigns[1].window_start_unix_s += 7200; /* urgent, and not yet */
	other_comes(s, URGENCY_CRITICAL);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_erased));
	SIM_CHECK(s, first_is_installing(s));
	SIM_CHECK(s, sim_for(s, 300 * SIM_S, sim_is_over));
	SIM_CHECK(s, done_ms(s, SIM_CAMPAIGN));
	SIM_CHECK(s, other(s)->state == CAMPAIGN_WAITING && other(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	sim_free(s);
}

static void the_order_outlives_a_kill(void **state)
{
	struct sim *s = start((struct sim_options){.window_start_s = 60}, 1);

	(void)state;
	other_comes(s, URGENCY_HIGH);
	(void)sim_for(s, 30 * SIM_S, NULL);
	s->downtime_us = 5 * SIM_S;
	sim_kill(s, 0);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, other_is_installing(s));
	both_are_done(s);
	sim_free(s);
}

/* --- superseding */

static void supersede(struct sim *s)
{
	struct campaign_doc *doc = &s->backend.director.campaigns[1];

	snprintf(doc->supersedes[0], sizeof(doc->supersedes[0]), SIM_CAMPAIGN);
	doc->n_supersedes = 1;
	other_comes(s, URGENCY_HIGH);
}

static void one_that_waits_is_superseded(void **state)
{
	struct sim *s = start((struct sim_options){.window_start_s = 60}, 1);

	(void)state;
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	supersede(s);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, both_are_over));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_SUPERSEDED);
	SIM_CHECK(s, sim_backend_final(&s->backend, OTHER, NULL) == CAMPAIGN_DONE);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_image(s, 1));
	sim_check_end(s);
	sim_free(s);
}

static void one_that_is_quiet_and_has_erased_nothing_is_superseded(void **state)
{
	struct sim *s = start((struct sim_options){.window_start_s = 20}, 1);

	(void)state;
	s->backend.latency_us = 1;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_quiet));
	supersede(s);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, both_are_over));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_SUPERSEDED);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_image(s, 1));
	sim_check_end(s);
	sim_free(s);
}

static void one_that_has_erased_is_finished_though_it_is_superseded(void **state)
{
	struct sim *s = start((struct sim_options){0}, 1);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_erased));
	supersede(s);
	both_are_done(s);
	sim_free(s);
}

/* --- the retry pace */

static void a_campaign_brings_its_own_pace_of_retries(void **state)
{
	(void)state;
	for (unsigned own = 0; own < 2; own++) {
		struct sim *s = start((struct sim_options){0}, 1);
		uint64_t failed_us;

		sim_doc(s)->retry_pause_s = own ? 45 : 0;
		ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_WRONG_CRC, 1);
		SIM_CHECK(s, sim_for(s, 120 * SIM_S, first_is_installing));
		SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_waiting));
		SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_RETRY);
		failed_us = s->world.now_us;
		SIM_CHECK(s, sim_for(s, 120 * SIM_S, first_is_installing));
		SIM_CHECK(s, s->world.now_us - failed_us == (own ? 45 : 10) * SIM_S);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_two_that_wait_the_more_urgent_one_is_flashed_first),
	    cmocka_unit_test(of_one_urgency_the_earlier_deadline_goes_first),
	    cmocka_unit_test(a_more_urgent_download_takes_the_link_over_and_what_was_held_is_kept),
	    cmocka_unit_test(one_that_has_erased_nothing_gives_way),
	    cmocka_unit_test(one_that_has_erased_an_ecu_brings_it_to_its_end_and_begins_no_other),
	    cmocka_unit_test(one_that_is_no_more_urgent_waits_for_the_other_to_finish),
	    cmocka_unit_test(one_that_cannot_begin_keeps_nobody_waiting),
	    cmocka_unit_test(the_order_outlives_a_kill),
	    cmocka_unit_test(one_that_waits_is_superseded),
	    cmocka_unit_test(one_that_is_quiet_and_has_erased_nothing_is_superseded),
	    cmocka_unit_test(one_that_has_erased_is_finished_though_it_is_superseded),
	    cmocka_unit_test(a_campaign_brings_its_own_pace_of_retries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
