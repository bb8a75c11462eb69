/* server-initiated: the vehicle downloads, waits for the trigger, and executes; its safety is its own. */
#include "tests/scenario/sim.h"

static struct sim_options commanded(uint64_t seed)
{
	return (struct sim_options){.seed = seed, .mode = MODE_SERVER, .image_bytes = 16000, .bytes_per_s = 40000};
}

static bool waits_for_the_trigger(const struct sim *s)
{
	return sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_TRIGGER;
}

static bool has_triggered(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->triggered;
}

static void finish(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 1000 * SIM_S, sim_is_settled));
	(void)sim_for(s, 6 * SIM_S, NULL);
	sim_check_done(s);
	SIM_CHECK(s, s->backend.n_answers == 0 && s->io.n_outputs[GATEWAY_OUT_SEND_CHECK] == 0);
	sim_free(s);
}

static void nothing_is_installed_before_the_trigger_and_all_of_it_after(void **state)
{
	struct sim_options options = commanded(sim_seed());
	struct sim *s = sim_new(&options);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_for_the_trigger));
	(void)sim_for(s, 300 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1) && sim_world_is_loud(&s->world));
	sim_backend_trigger(&s->backend);
	finish(s);
}

static const struct report *last_of_campaign(const struct sim *s)
{
	for (unsigned i = s->backend.n_ledger; i-- > 0;)
		if (!s->backend.ledger[i].ecu[0])
			return &s->backend.ledger[i];
	return NULL;
}

static bool refused_for_the_ignition(const struct sim *s)
{
	const struct report *r = last_of_campaign(s);

	return r && r->code == GATEWAY_CODE_WAITING_VEHICLE && !strcmp(r->text, "the ignition is on");
}

static bool refused_while_it_moves(const struct sim *s)
{
	const struct report *r = last_of_campaign(s);

	return r && r->code == GATEWAY_CODE_WAITING_VEHICLE && !strcmp(r->text, "the vehicle is moving");
}

static bool says_that_the_disk_is_full(const struct sim *s)
{
	const struct report *r = last_of_campaign(s);

	return r && r->campaign_state == CAMPAIGN_DOWNLOADING && r->code == GATEWAY_CODE_NO_SPACE;
}

static void a_full_disk_is_told_before_any_trigger_and_so_is_that_there_is_room(void **state)
{
	struct sim_options options = commanded(sim_seed());
	struct sim *s = sim_new(&options);
	unsigned n_reports;

	(void)state;
	s->io.no_space = true;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, says_that_the_disk_is_full));
	n_reports = s->backend.n_ledger;
	(void)sim_for(s, 600 * SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_ledger == n_reports);
	sim_io_drop_session(&s->io); /* in the next one nothing comes for the report that says why nothing can */
	(void)sim_for(s, 600 * SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_ledger == n_reports && says_that_the_disk_is_full(s));
	s->io.no_space = false;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_for_the_trigger));
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, sim_backend_count(&s->backend, CAMPAIGN_READY) == 1);
	SIM_CHECK(s, last_of_campaign(s)->code == GATEWAY_CODE_WAITING_TRIGGER);
	sim_backend_trigger(&s->backend);
	finish(s);
}

static void a_window_that_passes_over_a_full_disk_is_told_with_it(void **state)
{
	struct sim_options options = commanded(sim_seed());
	const struct report *last;
	struct sim *s;

	(void)state;
	options.window_length_s = 900;
	s = sim_new(&options);
	s->io.no_space = true;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, says_that_the_disk_is_full));
	sim_kill(s, 0); /* said once more: whoever restarted it may have made room */
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_backend_count(&s->backend, CAMPAIGN_DOWNLOADING) == 3);
	SIM_CHECK(s, sim_for(s, 1000 * SIM_S, sim_is_settled));
	last = last_of_campaign(s);
	SIM_CHECK(s, last->campaign_state == CAMPAIGN_EXPIRED && last->code == GATEWAY_CODE_WINDOW_PASSED);
	SIM_CHECK(s, !strcmp(last->text, "the window is over; last: the disk is full"));
	SIM_CHECK(s, s->backend.n_triggers == 0 && s->backend.n_conflicting == 0);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	sim_check_end(s);
	sim_free(s);
}

static void a_trigger_while_the_vehicle_is_in_use_is_refused_with_its_reason_until_it_is_parked(void **state)
{
	struct sim_options options = commanded(sim_seed());
	struct sim *s;
	unsigned n_reports;

	(void)state;
	options.ignition = VEHICLE_CORE_ON;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_for_the_trigger));
	sim_backend_trigger(&s->backend);
	SIM_CHECK(s, sim_for(s, 10 * SIM_S, refused_for_the_ignition));
	vehicle_core_set(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_SPEED_KMH, 80);
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, refused_while_it_moves));
	n_reports = s->backend.n_ledger;
	(void)sim_for(s, 300 * SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_ledger == n_reports); /* on change alone */
	SIM_CHECK(s, s->backend.n_triggers == 1);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	vehicle_core_set(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_SPEED_KMH, 0);
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, refused_for_the_ignition));
	sim_kill(s, 0); /* it is durable */
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_old(s, 0) && has_triggered(s));
	sim_ignition(s, VEHICLE_CORE_OFF);
	finish(s);
}

static void a_trigger_reaches_a_vehicle_that_was_away_and_once_taken_needs_no_session(void **state)
{
	struct sim_options options = commanded(sim_seed());
	struct sim *s;

	(void)state;
	options.window_start_s = 900; /* taken now, executed then */
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_for_the_trigger));
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	sim_backend_trigger(&s->backend);
	(void)sim_for(s, 200 * SIM_S, NULL);
	SIM_CHECK(s, !has_triggered(s));
	s->backend.reachable = true;
	SIM_CHECK(s, sim_for(s, 400 * SIM_S, has_triggered));
	(void)sim_for(s, SIM_S, NULL);
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	(void)sim_run(s, 1000 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	s->backend.reachable = true;
	finish(s);
}

static void sessions_that_break_and_kills_in_each_phase_change_nothing(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= 36; k++) {
		struct sim_options options = commanded(sim_seed() + k);
		struct sim *s = sim_new(&options);
		uint64_t random = sim_seed() + 13 * k;
		uint64_t trigger_us = sim_random(&random) % (8 * SIM_S);

		for (unsigned i = 0; i < 8 && !sim_is_over(s); i++) {
			(void)sim_for(s, sim_random(&random) % (3 * SIM_S), NULL);
			if (!sim_backend_agreed(&s->backend, NULL)->triggered && s->world.now_us > trigger_us)
				sim_backend_trigger(&s->backend);
			if (i % 2)
				sim_kill(s, (unsigned)(sim_random(&random) % 3));
			else
				sim_io_drop_session(&s->io);
		}
		if (!sim_backend_agreed(&s->backend, NULL)->triggered)
			sim_backend_trigger(&s->backend);
		finish(s);
	}
}

static void what_is_of_another_mode_is_refused(void **state)
{
	struct sim_options options = commanded(sim_seed());
	struct sim *s = sim_new(&options);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_for_the_trigger));
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_CONFIRM, SIM_CAMPAIGN, 0);
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_NOTICE, SIM_CAMPAIGN, URGENCY_NORMAL);
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_errors == 2 && s->backend.error_code == GATEWAY_CODE_WRONG_MODE);
	SIM_CHECK(s, waits_for_the_trigger(s) && sim_has_old(s, 0));
	sim_backend_trigger(&s->backend);
	finish(s);
}

static void a_revoked_campaign_is_not_triggered_any_more(void **state)
{
	struct sim_options options = commanded(sim_seed());
	struct sim *s = sim_new(&options);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_for_the_trigger));
	sim_revoke(s);
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_TRIGGER, SIM_CAMPAIGN, 0);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_CANCELLED);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	sim_check_end(s);
	sim_free(s);
}

static bool waits_to_try_again(const struct sim *s)
{
	return sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_RETRY;
}

/* left without software by an earlier campaign: it waits for no word of the backend, and neither does the alarm */
static void an_erased_ecu_needs_no_trigger_and_is_woken_for(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .mode = MODE_SERVER});

	(void)state;
	s->io.gateway->ecus[0].erased = true;
	ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_WRONG_CRC, 1);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, waits_to_try_again));
	SIM_CHECK(s, gateway_wake_us(s->io.gateway, s->world.now_us) == sim_campaign(s)->retry_us);
	ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_WRONG_CRC, 0);
	SIM_CHECK(s, !sim_for(s, 120 * SIM_S, sim_is_over));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_installed_before_the_trigger_and_all_of_it_after),
	    cmocka_unit_test(a_full_disk_is_told_before_any_trigger_and_so_is_that_there_is_room),
	    cmocka_unit_test(a_window_that_passes_over_a_full_disk_is_told_with_it),
	    cmocka_unit_test(a_trigger_while_the_vehicle_is_in_use_is_refused_with_its_reason_until_it_is_parked),
	    cmocka_unit_test(a_trigger_reaches_a_vehicle_that_was_away_and_once_taken_needs_no_session),
	    cmocka_unit_test(sessions_that_break_and_kills_in_each_phase_change_nothing),
	    cmocka_unit_test(what_is_of_another_mode_is_refused),
	    cmocka_unit_test(a_revoked_campaign_is_not_triggered_any_more),
	    cmocka_unit_test(an_erased_ecu_needs_no_trigger_and_is_woken_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
