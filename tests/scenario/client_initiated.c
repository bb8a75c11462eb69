/* client-initiated: the vehicle asks, downloads, and installs when it is idle; many vehicles do not ask in step. */
#include "tests/scenario/sim.h"

#define POLL_S 120u
#define FLEET  200u

static struct sim_options asking(uint64_t seed)
{
	return (struct sim_options){
	    .seed = seed, .mode = MODE_CLIENT, .poll_s = POLL_S, .image_bytes = 16000, .bytes_per_s = 40000};
}

/* what must hold in this mode whatever happens */
static void finish(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 1000 * SIM_S, sim_is_settled));
	(void)sim_for(s, 6 * SIM_S, NULL); /* sessions that nobody ended have ended */
	sim_check_done(s);
	SIM_CHECK(s, s->backend.n_answers == 0 && s->backend.n_triggers == 0 && s->backend.n_notices == 0);
	SIM_CHECK(s, s->io.n_outputs[GATEWAY_OUT_SEND_CHECK] >= 1);
	sim_free(s);
}

static void a_new_release_is_found_downloaded_and_installed_once_the_vehicle_is_parked(void **state)
{
	struct sim_options options = asking(sim_seed());
	struct sim *s;

	(void)state;
	options.ignition = VEHICLE_CORE_ON;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_VEHICLE);
	SIM_CHECK(s, s->backend.n_checks == 1);
	(void)sim_for(s, 200 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	sim_ignition(s, VEHICLE_CORE_OFF);
	finish(s);
}

static bool has_no_session(const struct sim *s)
{
	return !s->backend.session;
}

static void between_checks_there_is_no_session_and_a_release_waits_for_the_next_one(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .mode = MODE_CLIENT, .poll_s = POLL_S});
	unsigned n_checks;

	(void)state;
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, has_no_session));
	n_checks = s->backend.n_checks;
	sim_revoke(s); /* nobody is told */
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, !s->backend.session && s->backend.n_checks == n_checks);
	SIM_CHECK(s, s->io.gateway->director_version == 1);
	(void)sim_for(s, 90 * SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_checks == n_checks + 1 && s->io.gateway->director_version == 2);
	SIM_CHECK(s, has_no_session(s));
	sim_free(s);
}

static void sessions_that_break_in_each_phase_change_nothing(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= 20; k++) {
		struct sim_options options = asking(sim_seed() + k);
		struct sim *s;

		options.window_start_s = 5;
		s = sim_new(&options);
		for (unsigned i = 0; i < 40 && !sim_is_over(s); i++) {
			(void)sim_for(s, (130 + 61 * k) * SIM_MS, NULL);
			sim_io_drop_session(&s->io);
		}
		finish(s);
	}
}

static void the_vehicle_may_be_killed_at_any_time(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= 24; k++) {
		struct sim *s;
		uint64_t random = sim_seed() + 11 * k;
		struct sim_options options = asking(sim_seed() + k);

		options.window_start_s = 3;
		s = sim_new(&options);
		for (unsigned i = 0; i < 3; i++) {
			(void)sim_for(s, sim_random(&random) % (4 * SIM_S), NULL);
			sim_kill(s, (unsigned)(sim_random(&random) % 3));
			(void)sim_for(s, s->downtime_us + SIM_MS, NULL);
		}
		finish(s);
	}
}

static void a_backend_that_is_away_at_the_check_is_asked_when_it_is_back(void **state)
{
	struct sim_options options = asking(sim_seed());
	struct sim *s = sim_new(&options);

	(void)state;
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	(void)sim_for(s, 400 * SIM_S, NULL);
	SIM_CHECK(s, !s->io.gateway->director_version);
	s->backend.reachable = true;
	finish(s);
}

static void what_the_backend_commands_is_refused(void **state)
{
	struct sim_options options = asking(sim_seed());
	struct sim *s;

	(void)state;
	options.ignition = VEHICLE_CORE_ON;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_TRIGGER, SIM_CAMPAIGN, 0);
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_CONFIRM, SIM_CAMPAIGN, 0);
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_NOTICE, SIM_CAMPAIGN, URGENCY_NORMAL);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_errors == 3 && s->backend.error_code == GATEWAY_CODE_WRONG_MODE);
	SIM_CHECK(s, !sim_campaign(s)->triggered && !sim_campaign(s)->confirmed);
	sim_ignition(s, VEHICLE_CORE_OFF);
	finish(s);
}

/* one vehicle as far as its checks go, over a day; Return: how many; @slots: of the day's minutes, in each that had one
 */
static unsigned day_of_checks(struct gateway *g, uint64_t seed, unsigned *slots)
{
	const struct mode_table modes = {.n = 1, .entries = {{.mode = MODE_CLIENT}}};
	const struct gateway_registration registration = {
	    .accepted = true, .heartbeat_s = 300, .modes = &modes, .knows_modes = true};
	struct gateway_config config = {.poll_s = 3600, .random = seed};
	struct gateway_output out;
	unsigned n = 0;

	gateway_init(g, &config);
	gateway_start(g, 0);
	for (uint64_t now_us = 0; now_us < 86400 * SIM_S;) {
		while (gateway_pop_output(g, &out)) {
			if (out.kind == GATEWAY_OUT_STORE)
				gateway_stored(g, now_us, out.txn);
			else if (out.kind == GATEWAY_OUT_CONNECT)
				gateway_connected(g, now_us);
			else if (out.kind == GATEWAY_OUT_DISCONNECT)
				gateway_disconnected(g, now_us, 0, NULL, 0);
			else if (out.kind == GATEWAY_OUT_SEND_TIME_REQUEST)
				gateway_time(g, now_us, (SIM_UNIX_BASE * 1000) + now_us / 1000, 0);
			else if (out.kind == GATEWAY_OUT_SEND_REGISTER)
				gateway_register_result(g, now_us, &registration);
			else if (out.kind == GATEWAY_OUT_IDENTIFY)
				gateway_identified(g, now_us);
			else if (out.kind == GATEWAY_OUT_SEND_CHECK) {
				slots[now_us / (60 * SIM_S)]++;
				n++;
				gateway_check_result(g, now_us, 0);
			}
		}
		now_us = gateway_deadline(g) > now_us ? gateway_deadline(g) : now_us + 1;
		if (now_us < 86400 * SIM_S)
			gateway_expire(g, now_us);
	}
	return n;
}

static void a_fleet_that_starts_together_does_not_ask_together(void **state)
{
	static unsigned slots[1440];
	struct gateway *g = calloc(1, sizeof(*g));
	uint64_t random = sim_seed();
	unsigned n = 0, most = 0;

	(void)state;
	assert_non_null(g);
	memset(slots, 0, sizeof(slots));
	for (unsigned i = 0; i < FLEET; i++)
		n += day_of_checks(g, sim_random(&random), slots);
	free(g);
	for (unsigned i = 600; i < 1440; i++) /* from the tenth hour on */
		most = slots[i] > most ? slots[i] : most;
	printf("# %u vehicles: %u checks in a day, at most %u in a minute\n", FLEET, n, most);
	assert_in_range(n, FLEET * 22, FLEET * 27);
	/* evenly it were 3.3 a minute; in step it would be 200 */
	assert_in_range(most, 5, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_release_is_found_downloaded_and_installed_once_the_vehicle_is_parked),
	    cmocka_unit_test(between_checks_there_is_no_session_and_a_release_waits_for_the_next_one),
	    cmocka_unit_test(sessions_that_break_in_each_phase_change_nothing),
	    cmocka_unit_test(the_vehicle_may_be_killed_at_any_time),
	    cmocka_unit_test(a_backend_that_is_away_at_the_check_is_asked_when_it_is_back),
	    cmocka_unit_test(what_the_backend_commands_is_refused),
	    cmocka_unit_test(a_fleet_that_starts_together_does_not_ask_together),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
