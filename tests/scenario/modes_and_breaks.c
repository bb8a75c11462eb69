/*
 * each update mode with what breaks: the connection, the coverage for a while, the gateway's process, the backend's,
 * and both; at moments spread over a whole campaign, and at those that matter. What each side had said for good counts
 * afterwards; nothing is flashed that was revoked; each thing is recorded once.
 */
#include "tests/scenario/sim_modes.h"

#define MOMENTS 16u

enum { LOSES, IS_AWAY, GATEWAY_RESTARTS, BACKEND_RESTARTS, BOTH_RESTART, BREAKS };

static void break_it(struct sim *s, unsigned what, unsigned k)
{
	switch (what) {
	case LOSES:
		sim_io_drop_session(&s->io);
		return;
	case IS_AWAY:
		s->backend.reachable = false;
		sim_io_drop_session(&s->io);
		(void)sim_for(s, 40 * SIM_S, NULL);
		s->backend.reachable = true;
		return;
	case GATEWAY_RESTARTS:
		sim_kill(s, k % 3);
		return;
	case BACKEND_RESTARTS:
		sim_kill_backend(s, (1 + k % 5) * SIM_S);
		return;
	default:
		sim_kill_backend(s, (1 + k % 5) * SIM_S);
		sim_kill(s, k % 3);
		return;
	}
}

static struct sim *begin(enum update_mode mode, bool postponed, unsigned k)
{
	struct sim_options options = {.seed = sim_seed() + k,
				      .image_bytes = 12000,
				      .bytes_per_s = 8000,
				      .window_start_s = 12,
				      .existence_only = mode == MODE_NEGOTIATED && k % 2,
				      .ignition = postponed ? VEHICLE_CORE_ON : VEHICLE_CORE_OFF};
	struct sim *s = sim_of_mode(mode, options);

	s->downtime_us = 700 * SIM_MS + k % 4 * SIM_S;
	return s;
}

/* how long an undisturbed one takes */
static uint64_t whole_us(enum update_mode mode)
{
	struct sim *s = begin(mode, false, 0);
	uint64_t us;

	SIM_CHECK(s, sim_for(s, 400 * SIM_S, sim_is_settled));
	us = s->world.now_us - SIM_S;
	sim_ends_well(s);
	return us;
}

static void whatever_breaks_once_at_whatever_moment(enum update_mode mode)
{
	const uint64_t us = whole_us(mode);

	for (unsigned what = 0; what < BREAKS; what++)
		for (unsigned k = 0; k < MOMENTS; k++) {
			struct sim *s = begin(mode, false, k);

			(void)sim_for(s, us * (2 * k + 1) / (2 * MOMENTS), NULL);
			break_it(s, what, k);
			sim_ends_well(s);
		}
}

static void whatever_breaks_again_and_again(enum update_mode mode)
{
	for (unsigned k = 0; k < 12; k++) {
		struct sim *s = begin(mode, false, k);
		uint64_t random = sim_seed() + 31 * k;

		for (unsigned i = 0; i < 10; i++) {
			(void)sim_for(s, sim_random(&random) % (5 * SIM_S), NULL);
			break_it(s, (unsigned)(sim_random(&random) % BREAKS), (unsigned)(sim_random(&random) % 8));
		}
		sim_ends_well(s);
	}
}

/* all that there is to flash is flashed without anybody to report it to */
static void the_backend_is_down_from_the_decision_to_the_end(enum update_mode mode)
{
	struct sim *s = begin(mode, false, 0);
	unsigned n;

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	(void)sim_for(s, SIM_S, NULL);
	sim_kill_backend(s, 600 * SIM_S);
	n = s->backend.n_ledger;
	(void)sim_for(s, 300 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1) && s->backend.n_ledger == n);
	sim_kill(s, 0); /* what it could not report is durable */
	sim_ends_well(s);
}

/* --- negotiated */

static bool is_agreed(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->confirmed;
}

static bool is_answered(const struct sim *s)
{
	return s->backend.n_answers > 0;
}

static uint64_t agreed_us(struct sim *s)
{
	const uint64_t start_s = sim_backend_agreed(&s->backend, NULL)->start_unix_s;

	SIM_CHECK(s, start_s && sim_campaign(s)->confirmed_start_unix_s == start_s);
	return (start_s - s->backend.unix_base_s) * SIM_S;
}

static void a_confirmation_that_the_backend_did_not_live_to_send_comes_after_its_restart(void **state)
{
	struct sim *s = begin(MODE_NEGOTIATED, true, 0);
	uint64_t at_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_answered));
	sim_kill_backend(s, 20 * SIM_S);
	(void)sim_for(s, 15 * SIM_S, NULL);
	SIM_CHECK(s, !is_agreed(s));
	SIM_CHECK(s, sim_for(s, 100 * SIM_S, is_agreed));
	at_us = agreed_us(s);
	(void)sim_run(s, at_us + SIM_S, NULL);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_well(s);
}

static void an_answer_that_the_gateway_did_not_live_to_send_is_the_same_after_its_restart(void **state)
{
	struct sim *s = begin(MODE_NEGOTIATED, true, 0);
	uint64_t proposed;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_answered));
	proposed = s->backend.proposed[0];
	sim_kill(s, 0); /* the confirmation is on its way to nobody */
	SIM_CHECK(s, sim_for(s, 100 * SIM_S, is_agreed));
	for (unsigned i = 0; i < s->backend.n_answers; i++) {
		SIM_CHECK(s, s->backend.answers[i] == ANSWER_POSTPONE);
		SIM_CHECK(s, s->backend.proposed[i] == proposed);
	}
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_well(s);
}

static void the_agreed_time_outlives_both_sides(void **state)
{
	struct sim *s = begin(MODE_NEGOTIATED, true, 0);
	unsigned n_answers;
	uint64_t at_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_agreed));
	at_us = agreed_us(s);
	(void)sim_for(s, SIM_S, NULL);
	sim_kill_backend(s, 10 * SIM_S);
	sim_kill(s, 0);
	(void)sim_run(s, at_us - SIM_MS, NULL);
	SIM_CHECK(s, is_agreed(s) && agreed_us(s) == at_us && s->backend.n_triggers == 0);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->backend.n_triggers == 1);
	n_answers = s->backend.n_answers;
	sim_ignition(s, VEHICLE_CORE_OFF);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, s->backend.n_answers == n_answers); /* its time has come: there is nothing to negotiate */
	sim_ends_well(s);
}

static void a_backend_that_is_down_at_the_agreed_time_is_not_waited_for(void **state)
{
	struct sim *s = begin(MODE_NEGOTIATED, true, 0);
	uint64_t at_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	at_us = agreed_us(s);
	(void)sim_for(s, SIM_S, NULL);
	sim_kill_backend(s, 900 * SIM_S);
	sim_ignition(s, VEHICLE_CORE_OFF);
	(void)sim_run(s, at_us - SIM_MS, NULL);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	sim_ends_well(s);
}

/* --- server-initiated */

static void a_trigger_that_the_backend_did_not_live_to_send_comes_after_its_restart(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .mode = MODE_SERVER, .image_bytes = 12000});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	(void)sim_for(s, SIM_S, NULL);
	sim_backend_trigger(&s->backend);
	sim_kill_backend(s, 30 * SIM_S);
	sim_nothing_begins(s, 29 * SIM_S);
	SIM_CHECK(s, sim_has_old(s, 0) && !sim_campaign(s)->triggered);
	sim_ends_well(s);
}

static void files_come_unasked(void **state)
{
	struct sim *s = sim_of_mode(MODE_SERVER, (struct sim_options){0});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, s->backend.n_blob_requests == 0);
	SIM_CHECK(s, s->backend.push.n_pushed == 5); /* the manifest; of each ECU profile and image */
	SIM_CHECK(s, s->io.push.n_unwanted == 0 && s->io.push.n_taken > 0);
	for (unsigned i = 0; i < s->io.n_files; i++)
		SIM_CHECK(s, s->io.files[i].n_received == s->io.files[i].ref.length);
	sim_ends_well(s);
}

static void what_the_credit_does_not_cover_is_asked_for(void **state)
{
	struct sim *s = sim_of_mode(MODE_SERVER, (struct sim_options){.push_credit = 20000});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, s->backend.n_blob_requests > 0 && s->backend.push.n_pushed > 0);
	for (unsigned i = 0; i < s->io.n_files; i++)
		SIM_CHECK(s, s->io.files[i].n_received == s->io.files[i].ref.length);
	sim_ends_well(s);
}

static void a_push_that_broke_goes_on_where_it_stopped(void **state)
{
	struct sim *s = sim_of_mode(MODE_SERVER, (struct sim_options){.bytes_per_s = 4000, .window_start_s = 400});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_downloading));
	for (unsigned i = 0; i < 5; i++) {
		(void)sim_for(s, 2500 * SIM_MS, NULL);
		if (i % 2)
			sim_io_drop_session(&s->io);
		else
			sim_kill_backend(s, SIM_S);
	}
	SIM_CHECK(s, sim_for(s, 300 * SIM_S, sim_is_decided));
	for (unsigned i = 0; i < s->io.n_files; i++) /* no byte twice */
		SIM_CHECK(s, s->io.files[i].n_received == s->io.files[i].ref.length);
	SIM_CHECK(s, s->backend.n_blob_requests > 0);
	sim_ends_well(s);
}

static void a_backend_that_pushes_nothing_is_asked(void **state)
{
	struct sim *s = sim_of_mode(MODE_SERVER, (struct sim_options){.pull_only = true});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, s->backend.n_blob_requests == 5 && s->backend.push.n_pushed == 0);
	sim_ends_well(s);
}

/* --- revoked */

static void revoked_while_the_vehicle_was_away_it_does_not_begin(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){.window_start_s = 300});

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	sim_revoke(s);
	(void)sim_for(s, 60 * SIM_S, NULL);
	s->backend.reachable = true;
	sim_ends_unchanged(s, CAMPAIGN_CANCELLED);
}

static void revoked_by_a_backend_that_did_not_live_to_say_so_it_does_not_begin(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){.window_start_s = 600});

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	sim_revoke(s);
	sim_kill_backend(s, 20 * SIM_S);
	sim_ends_unchanged(s, CAMPAIGN_CANCELLED);
}

static void a_revocation_outlives_the_gateway(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){.window_start_s = 600});

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	sim_revoke(s);
	(void)sim_for(s, 200 * SIM_S, NULL);
	sim_kill(s, 0);
	(void)sim_for(s, 600 * SIM_S, NULL);
	sim_ends_unchanged(s, CAMPAIGN_CANCELLED);
}

/* past its point of no return the campaign is brought to its end, whatever one side or the other forgets meanwhile */
static void revoked_in_the_middle_it_is_brought_to_its_end(enum update_mode mode)
{
	for (unsigned what = 0; what < BREAKS; what++) {
		struct sim *s = sim_of_mode(mode, (struct sim_options){0});
		uint32_t wait_s;

		SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_transferring));
		sim_revoke(s);
		if (mode == MODE_CLIENT) /* which is told nothing before its next check */
			SIM_CHECK(s, gateway_check_now(s->io.gateway, s->world.now_us, &wait_s) == 0);
		(void)sim_for(s, 500 * SIM_MS, NULL);
		break_it(s, what, 0);
		sim_ends_well(s);
	}
}

static bool is_lent(const struct sim *s)
{
	return s->io.gateway->diagnostics_locked;
}

static bool waits_to_try_again(const struct sim *s)
{
	return sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_RETRY;
}

/* an attempt fails while another tester waits for the bus: the ECU is brought to its end first, the next one not begun
 */
static void another_tester_waits_for_what_is_erased(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){0});
	char text[GATEWAY_TEXT_BYTES];

	SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_transferring));
	SIM_CHECK(s, gateway_lock_diagnostics(s->io.gateway, s->world.now_us, true, text) == 0);
	ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_WRONG_CRC, 1);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, waits_to_try_again));
	SIM_CHECK(s, sim_is_erased(s) && !is_lent(s));
	ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_WRONG_CRC, 0);
	SIM_CHECK(s, sim_for(s, 300 * SIM_S, is_lent));
	SIM_CHECK(s, sim_is_between(s) && sim_world_is_loud(&s->world));
	sim_nothing_begins(s, 300 * SIM_S);
	SIM_CHECK(s, gateway_lock_diagnostics(s->io.gateway, s->world.now_us, false, text) == 0);
	sim_ends_well(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SIM_EACH_MODE(whatever_breaks_once_at_whatever_moment),
	    SIM_EACH_MODE(whatever_breaks_again_and_again),
	    SIM_EACH_MODE(the_backend_is_down_from_the_decision_to_the_end),
	    cmocka_unit_test(a_confirmation_that_the_backend_did_not_live_to_send_comes_after_its_restart),
	    cmocka_unit_test(an_answer_that_the_gateway_did_not_live_to_send_is_the_same_after_its_restart),
	    cmocka_unit_test(the_agreed_time_outlives_both_sides),
	    cmocka_unit_test(a_backend_that_is_down_at_the_agreed_time_is_not_waited_for),
	    cmocka_unit_test(a_trigger_that_the_backend_did_not_live_to_send_comes_after_its_restart),
	    cmocka_unit_test(files_come_unasked),
	    cmocka_unit_test(what_the_credit_does_not_cover_is_asked_for),
	    cmocka_unit_test(a_push_that_broke_goes_on_where_it_stopped),
	    cmocka_unit_test(a_backend_that_pushes_nothing_is_asked),
	    SIM_EACH_MODE(revoked_while_the_vehicle_was_away_it_does_not_begin),
	    SIM_EACH_MODE(revoked_by_a_backend_that_did_not_live_to_say_so_it_does_not_begin),
	    SIM_EACH_MODE(a_revocation_outlives_the_gateway),
	    SIM_EACH_MODE(revoked_in_the_middle_it_is_brought_to_its_end),
	    SIM_EACH_MODE(another_tester_waits_for_what_is_erased),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
