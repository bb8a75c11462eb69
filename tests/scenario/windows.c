/*
 * when windows are open: recurring ones in local time, both changes of the clocks, deadlines, windows too short for the
 * update, and none without trusted time.
 *
 * The wall clock of a scenario begins shortly before what it is about. Times: Python's zoneinfo with tzdata 2025b.
 */
#include "tests/scenario/sim.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define SUNDAY 64
#define DAILY  127

/* the frame begins with the scenario and ends two days later */
static struct sim *at(uint64_t unix_s, struct sim_options options)
{
	options.seed = sim_seed();
	options.image_bytes = 30000;
	options.unix_base_s = unix_s - 1; /* the simulation begins at one second */
	options.window_length_s = 2 * 86400;
	return sim_new(&options);
}

static void recur(struct sim *s, const char *rule, uint8_t days, unsigned minute, uint32_t duration_s)
{
	struct campaign_doc *doc = sim_doc(s);
	struct window_recurrence *r = &doc->recurring[doc->n_recurring++];

	r->days = days;
	r->start_minute = (uint16_t)minute;
	r->duration_s = duration_s;
	snprintf(r->zone_name, sizeof(r->zone_name), "Test/Zone");
	zone_utc(&r->zone);
	if (rule)
		SIM_CHECK(s, zone_parse_rule(&r->zone, rule, strlen(rule)));
}

static void ends_as(struct sim *s, enum campaign_state state, unsigned code)
{
	unsigned got = 0;

	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, &got) == state);
	SIM_CHECK(s, got == code);
	if (state == CAMPAIGN_DONE)
		sim_check_done(s);
	else
		sim_check_end(s);
}

static void nothing_was_changed(const struct sim *s)
{
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_old(s, i));
}

/* it waits for the window and begins to the second */
static void begins_at(struct sim *s, uint64_t unix_s)
{
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, sim_for(s, 300 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) == unix_s);
	ends_as(s, CAMPAIGN_DONE, 0);
}

static void it_begins_with_the_minute_of_the_local_day(void **state)
{
	struct sim *s = at(1774299600 - 60, (struct sim_options){0}); /* Monday, 2026-03-23 22:00 in Berlin */

	(void)state;
	recur(s, BERLIN, 1, 22 * 60, 3600);
	begins_at(s, 1774299600);
	sim_free(s);
}

static void a_start_in_the_gap_of_spring_begins_when_the_gap_is_over(void **state)
{
	struct sim *s = at(1774746000 - 60, (struct sim_options){0});

	(void)state;
	recur(s, BERLIN, SUNDAY, 2 * 60 + 30, 3600); /* 02:30 does not exist on 2026-03-29 */
	begins_at(s, 1774746000);
	sim_free(s);
}

static void a_start_that_autumn_shows_twice_begins_the_first_time(void **state)
{
	struct sim *s = at(1792888200 - 60, (struct sim_options){0});

	(void)state;
	recur(s, BERLIN, SUNDAY, 2 * 60 + 30, 3600); /* 2026-10-25 02:30, summer time */
	begins_at(s, 1792888200);
	sim_free(s);
}

static void the_second_time_it_does_not_begin_again(void **state)
{
	struct sim *s = at(1792891800 - 30, (struct sim_options){0}); /* 02:29:30, winter time */

	(void)state;
	recur(s, BERLIN, SUNDAY, 2 * 60 + 30, 2700);
	SIM_CHECK(s, !sim_for(s, 300 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_is_over(s)); /* the next Sunday is beyond the frame */
	ends_as(s, CAMPAIGN_EXPIRED, GATEWAY_CODE_WINDOW_PASSED);
	nothing_was_changed(s);
	sim_free(s);
}

static void eight_hours_of_the_night_of_spring_end_an_hour_later_there(void **state)
{
	(void)state;
	for (unsigned open = 0; open < 2; open++) { /* 06:59 there, and 07:00 */
		struct sim *s = at(1774760400 - (open ? 120 : 0), (struct sim_options){.estimate_ms = 1000});

		recur(s, BERLIN, 32, 22 * 60, 8 * 3600); /* Saturday 22:00 */
		SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_flashing) == open);
		if (open)
			ends_as(s, CAMPAIGN_DONE, 0);
		sim_free(s);
	}
}

static void a_window_across_midnight_is_open_after_it(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){0}); /* Tuesday, 01:00 in Berlin */

	(void)state;
	recur(s, BERLIN, 1, 22 * 60, 8 * 3600); /* it began on Monday */
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_flashing));
	ends_as(s, CAMPAIGN_DONE, 0);
	sim_free(s);
}

static void without_trusted_time_no_window_is_open(void **state)
{
	(void)state;
	for (unsigned recurring = 0; recurring < 2; recurring++) {
		struct sim *s = at(1774310400, (struct sim_options){0});

		if (recurring)
			recur(s, BERLIN, DAILY, 0, 86400);
		sim_doc(s)->window_start_unix_s += 60;
		SIM_CHECK(s, sim_for(s, 50 * SIM_S, sim_is_waiting));
		(void)sim_for(s, SIM_S, NULL);
		s->backend.tells_time = false;
		s->downtime_us = 100 * SIM_S;
		sim_kill(s, 0); /* started again with the window open, and nobody tells the time */
		SIM_CHECK(s, !sim_for(s, 400 * SIM_S, sim_is_flashing));
		SIM_CHECK(s, sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_TIME);
		nothing_was_changed(s);
		s->backend.tells_time = true;
		SIM_CHECK(s, sim_for(s, 400 * SIM_S, sim_is_flashing));
		ends_as(s, CAMPAIGN_DONE, 0);
		sim_free(s);
	}
}

static void a_window_too_short_for_the_update_and_its_way_back_is_refused_up_front(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){.estimate_ms = 100000});

	(void)state;
	recur(s, BERLIN, DAILY, 60 + 30, 240); /* two ECUs of 100 s on one bus, and a quarter: 250 s */
	ends_as(s, CAMPAIGN_FAILED, GATEWAY_CODE_WINDOW_TOO_SHORT);
	SIM_CHECK(s, s->world.now_us < 60 * SIM_S); /* long before it would have opened */
	SIM_CHECK(s, strstr(sim_campaign(s)->text, "250 s") && strstr(sim_campaign(s)->text, "240 s"));
	nothing_was_changed(s);
	sim_free(s);
}

static void a_window_with_too_little_left_is_left_for_the_next_one(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){.estimate_ms = 60000}); /* 150 s for both */
	uint64_t wake_us;

	(void)state;
	recur(s, BERLIN, DAILY, 60, 140);     /* 01:00, open now */
	recur(s, BERLIN, DAILY, 60 + 4, 160); /* 01:04 */
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, strstr(sim_campaign(s)->text, "150 s left"));
	(void)sim_for(s, 5 * SIM_S, NULL);
	/* a gateway that sleeps would be woken for it, not for the one that is open */
	wake_us = gateway_wake_us(s->io.gateway, s->world.now_us) - s->world.now_us;
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) + (wake_us + SIM_S / 2) / SIM_S == 1774310400 + 240);
	SIM_CHECK(s, sim_for(s, 300 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) == 1774310400 + 240);
	ends_as(s, CAMPAIGN_DONE, 0);
	sim_free(s);
}

static void an_ecu_that_was_not_begun_waits_for_the_next_window(void **state)
{
	/* one after the other, and far slower than thought */
	struct sim *s = at(1774310400, (struct sim_options){.estimate_ms = 1, .max_parallel = 1});

	(void)state;
	recur(s, BERLIN, DAILY, 60 + 1, 61); /* 01:01 to 01:02:01, cut off below */
	recur(s, BERLIN, DAILY, 60 + 10, 600);
	sim_doc(s)->recurring[0].duration_s = 1;
	SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_erased));
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	SIM_CHECK(s, sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) == 1774310400 + 600);
	ends_as(s, CAMPAIGN_DONE, 0);
	sim_free(s);
}

static void the_deadline_ends_a_campaign_before_its_window_does(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){.ignition = VEHICLE_CORE_ON});

	(void)state;
	sim_doc(s)->deadline_unix_s = 1774310400 + 200;
	SIM_CHECK(s, !sim_for(s, 198 * SIM_S, sim_is_over));
	ends_as(s, CAMPAIGN_EXPIRED, GATEWAY_CODE_WINDOW_PASSED);
	SIM_CHECK(s, s->world.now_us / SIM_S == 201);
	/* and what was proposed to the backend lay before it */
	SIM_CHECK(s, s->backend.answers[0] == ANSWER_POSTPONE && s->backend.proposed[0] < 1774310400 + 200);
	nothing_was_changed(s);
	sim_free(s);
}

static void windows_that_never_open_before_the_deadline_end_it_at_once(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){0});

	(void)state;
	recur(s, BERLIN, DAILY, 3 * 60, 3600);
	sim_doc(s)->deadline_unix_s = 1774310400 + 3600; /* at 02:00 */
	ends_as(s, CAMPAIGN_EXPIRED, GATEWAY_CODE_WINDOW_PASSED);
	SIM_CHECK(s, s->world.now_us < 30 * SIM_S);
	nothing_was_changed(s);
	sim_free(s);
}

static void a_time_zone_that_is_not_known_declines_the_campaign(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){0});

	(void)state;
	recur(s, NULL, DAILY, 0, 86400);
	sim_doc(s)->recurring[0].zone.known = false;
	ends_as(s, CAMPAIGN_DECLINED, GATEWAY_CODE_UNKNOWN_ZONE);
	SIM_CHECK(s, strstr(sim_campaign(s)->text, "Test/Zone"));
	nothing_was_changed(s);
	sim_free(s);
}

static void new_windows_count_from_when_they_come(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){0});

	(void)state;
	recur(s, BERLIN, DAILY, 3 * 60, 3600);
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, !sim_for(s, 60 * SIM_S, sim_is_flashing));
	sim_doc(s)->recurring[0].start_minute = 60 + 3; /* 01:03 */
	sim_backend_publish(&s->backend);
	SIM_CHECK(s, sim_for(s, 300 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) == 1774310400 + 180);
	ends_as(s, CAMPAIGN_DONE, 0);
	sim_free(s);
}

static void the_estimate_is_told_beside_what_it_took_and_learns_from_it(void **state)
{
	struct sim *s = at(1774310400, (struct sim_options){.max_parallel = 1});
	const struct report *r;

	(void)state;
	ends_as(s, CAMPAIGN_DONE, 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct ecu_info *ecu = &s->io.gateway->ecus[i];

		r = sim_backend_ecu_report(&s->backend, ecu->name);
		SIM_CHECK(s, r->estimate_ms > 1000 && r->duration_ms > 1000);
		SIM_CHECK(s, r->estimate_ms > r->duration_ms / 2 && r->estimate_ms < r->duration_ms * 2);
		SIM_CHECK(s, ecu->rate_permille == r->duration_ms * 1000 / r->estimate_ms);
	}
	s->downtime_us = SIM_S;
	sim_kill(s, 0);
	(void)sim_for(s, 10 * SIM_S, NULL);
	r = sim_backend_ecu_report(&s->backend, "ecu1");
	SIM_CHECK(s, s->io.gateway->ecus[1].rate_permille == r->duration_ms * 1000 / r->estimate_ms);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_begins_with_the_minute_of_the_local_day),
	    cmocka_unit_test(a_start_in_the_gap_of_spring_begins_when_the_gap_is_over),
	    cmocka_unit_test(a_start_that_autumn_shows_twice_begins_the_first_time),
	    cmocka_unit_test(the_second_time_it_does_not_begin_again),
	    cmocka_unit_test(eight_hours_of_the_night_of_spring_end_an_hour_later_there),
	    cmocka_unit_test(a_window_across_midnight_is_open_after_it),
	    cmocka_unit_test(without_trusted_time_no_window_is_open),
	    cmocka_unit_test(a_window_too_short_for_the_update_and_its_way_back_is_refused_up_front),
	    cmocka_unit_test(a_window_with_too_little_left_is_left_for_the_next_one),
	    cmocka_unit_test(an_ecu_that_was_not_begun_waits_for_the_next_window),
	    cmocka_unit_test(the_deadline_ends_a_campaign_before_its_window_does),
	    cmocka_unit_test(windows_that_never_open_before_the_deadline_end_it_at_once),
	    cmocka_unit_test(a_time_zone_that_is_not_known_declines_the_campaign),
	    cmocka_unit_test(new_windows_count_from_when_they_come),
	    cmocka_unit_test(the_estimate_is_told_beside_what_it_took_and_learns_from_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
