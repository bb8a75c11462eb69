/*
 * weeks of a vehicle's life, and the time that its gateway proposes for an update: the core with the fixture of its
 * unit tests for a backend, a disk and ECUs, since no frame of these weeks matters.
 */
#include <time.h>

#include "tests/unit/core/fixture.h"

#define HOUR   3600u
#define DAY    (24u * HOUR)
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define MONDAY UINT64_C(1782079200) /* 2026-06-22 00:00 in Berlin; Python's zoneinfo with tzdata 2025b */

static uint64_t unix_s(const struct sim *s)
{
	return sim_unix_ms(s) / 1000;
}

static void until(struct sim *s, uint64_t at_s)
{
	assert_true(at_s >= unix_s(s));
	sim_run(s, s->now_us + (at_s - unix_s(s)) * SECOND);
}

/* a vehicle in Berlin from a Monday on, its campaign not yet known to anyone */
static struct sim *vehicle(void)
{
	struct sim *s = sim_new();

	assert_true(MONDAY > UNIX_BASE);
	s->now_us = (MONDAY - UNIX_BASE) * SECOND;
	zone_utc(&s->config.zone);
	assert_true(zone_parse_rule(&s->config.zone, BERLIN, strlen(BERLIN)));
	s->director->version = 0;
	return s;
}

static void drive(struct sim *s, uint64_t from_s, uint64_t to_s)
{
	until(s, from_s);
	sim_signals(s, IGNITION_ON, 30, 13800);
	until(s, to_s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
}

/* to work and back on five days, errands at changing hours on some days; home by 21:00 at the latest */
static void a_commuters_week(struct sim *s, uint64_t week_s, unsigned week)
{
	for (unsigned day = 0; day < 7; day++) {
		const uint64_t day_s = week_s + day * DAY;

		if (day < 5) {
			drive(s, day_s + 7 * HOUR + 20 * 60, day_s + 8 * HOUR + 5 * 60);
			drive(s, day_s + 12 * HOUR + (week % 2) * 1800, day_s + 12 * HOUR + 2400); /* lunch */
			drive(s, day_s + 17 * HOUR + 30 * 60, day_s + 18 * HOUR + 15 * 60);
		} else {
			drive(s, day_s + (10 + week % 3) * HOUR, day_s + (16 + week % 3) * HOUR);
		}
		drive(s, day_s + 19 * HOUR + 10 * 60, day_s + 20 * HOUR + 40 * 60); /* sports */
	}
	until(s, week_s + 7 * DAY);
}

static void offer(struct sim *s)
{
	sim_issue(s, 1, 100);
	sim_for(s, 10 * SECOND);
}

static void a_commuter_is_proposed_the_night(void **state)
{
	struct sim *s = vehicle();
	struct timespec began, ended;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &began);
	s->estimate_ms = 600000;
	s->director->campaigns[0].window_end_unix_s = MONDAY + 60 * DAY;
	s->manifest->components[0].units[0].image.length = 30000000; /* some 25 minutes on its bus, and back: an hour */
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	for (unsigned week = 0; week < 4; week++)
		a_commuters_week(s, MONDAY + week * 7 * DAY, week);
	/* the campaign comes on the way home */
	until(s, MONDAY + 28 * DAY + 17 * HOUR + 35 * 60);
	sim_signals(s, IGNITION_ON, 50, 13800);
	offer(s);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	/* not between the way home and sports: that hour is driven in. From nine in the evening on it stays */
	assert_int_equal(s->proposed, MONDAY + 28 * DAY + 21 * HOUR);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	print_message("# four weeks in %.3f s\n",
		      (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9);
	sim_free(s);
}

static void the_night_that_was_confirmed_is_begun_without_a_connection(void **state)
{
	struct sim *s = vehicle();
	const uint64_t day_s = MONDAY + 21 * DAY;

	(void)state;
	s->director->campaigns[0].window_end_unix_s = MONDAY + 60 * DAY;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	for (unsigned week = 0; week < 3; week++)
		a_commuters_week(s, MONDAY + week * 7 * DAY, week);
	until(s, day_s + 17 * HOUR + 35 * 60);
	sim_signals(s, IGNITION_ON, 50, 13800);
	offer(s);
	assert_int_equal(s->proposed, day_s + 21 * HOUR);
	assert_true(sim_campaign(s)->confirmed);
	s->reachable = false; /* into the garage */
	sim_drop_session(s);
	until(s, day_s + 18 * HOUR + 15 * 60);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	until(s, day_s + 21 * HOUR - 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_START);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	until(s, day_s + 21 * HOUR + 60);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void the_proposal_lies_in_the_windows_and_before_the_deadline(void **state)
{
	(void)state;
	for (unsigned deadline = 0; deadline < 2; deadline++) {
		struct sim *s = vehicle();
		struct campaign_doc *doc = &s->director->campaigns[0];

		doc->window_end_unix_s = MONDAY + 60 * DAY;
		doc->n_recurring = 1;
		doc->recurring[0] =
		    (struct window_recurrence){.days = 127, .start_minute = 12 * 60, .duration_s = 14 * HOUR};
		doc->recurring[0].zone = s->config.zone;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		for (unsigned week = 0; week < 3; week++)
			a_commuters_week(s, MONDAY + week * 7 * DAY, week);
		until(s, MONDAY + 21 * DAY + 7 * HOUR + 30 * 60);
		sim_signals(s, IGNITION_ON, 50, 13800);
		if (deadline)
			doc->deadline_unix_s = MONDAY + 21 * DAY + 12 * HOUR + 1800;
		offer(s);
		assert_int_equal(s->answer, ANSWER_POSTPONE);
		if (!deadline) /* noon is driven in, the afternoon is not */
			assert_int_equal(s->proposed, MONDAY + 21 * DAY + 13 * HOUR);
		else /* no hour before it is good: the policy's own delay, or what the window leaves of it */
			assert_in_range(s->proposed, MONDAY + 21 * DAY + 12 * HOUR,
					MONDAY + 21 * DAY + 12 * HOUR + 1800);
		sim_free(s);
	}
}

/* learned, parked since the night, and about to be driven at twenty past seven */
static struct sim *before_the_drive_to_work(enum urgency urgency)
{
	struct sim *s = vehicle();

	s->director->campaigns[0].window_end_unix_s = MONDAY + 60 * DAY;
	s->director->campaigns[0].urgency = urgency;
	s->config.postpone_max_s[URGENCY_NORMAL] = 14 * DAY;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	for (unsigned week = 0; week < 3; week++)
		a_commuters_week(s, MONDAY + week * 7 * DAY, week);
	until(s, MONDAY + 21 * DAY + 7 * HOUR + 10 * 60);
	return s;
}

static void parked_before_a_drive_the_next_quiet_time_is_proposed(void **state)
{
	struct sim *s = before_the_drive_to_work(URGENCY_NORMAL);

	(void)state;
	offer(s);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_DRIVE);
	assert_int_equal(s->proposed,
			 MONDAY + 21 * DAY + 9 * HOUR); /* at work; it arrives within the hour from eight on */
	assert_int_equal(s->n_answers, 1);
	drive(s, MONDAY + 21 * DAY + 7 * HOUR + 20 * 60, MONDAY + 21 * DAY + 8 * HOUR + 5 * 60);
	sim_for(s, 60 * SECOND); /* it is there, and was driven in this hour already */
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_vehicle_that_stays_away_from_its_habit_begins_at_the_proposed_time(void **state)
{
	struct sim *s = before_the_drive_to_work(URGENCY_NORMAL);

	(void)state;
	offer(s);
	s->reachable = false;
	sim_drop_session(s);
	until(s, MONDAY + 21 * DAY + 9 * HOUR - 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	until(s, MONDAY + 21 * DAY + 9 * HOUR + 120);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_restart_before_the_time_is_known_does_not_forget_the_hours(void **state)
{
	struct sim *s = before_the_drive_to_work(URGENCY_NORMAL);

	(void)state;
	offer(s);
	assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_DRIVE);
	s->reachable = false;
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600); /* the time comes with the session, the vehicle's state before */
	sim_for(s, 60 * SECOND);
	s->reachable = true;
	until(s, MONDAY + 21 * DAY + 7 * HOUR + 20 * 60);
	assert_true(s->session);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	until(s, MONDAY + 21 * DAY + 9 * HOUR + 120);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void where_nothing_better_is_left_it_is_accepted_at_once(void **state)
{
	(void)state;
	for (unsigned why = 0; why < 3; why++) {
		struct sim *s = before_the_drive_to_work(why == 0 ? URGENCY_CRITICAL : URGENCY_NORMAL);

		if (why == 1) /* before there is another quiet hour */
			s->director->campaigns[0].deadline_unix_s = MONDAY + 21 * DAY + 8 * HOUR + 1800;
		if (why == 2)
			s->director->campaigns[0].window_end_unix_s = MONDAY + 21 * DAY + 9 * HOUR;
		offer(s);
		assert_int_equal(s->answer, ANSWER_ACCEPT);
		sim_for(s, 120 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void what_the_driver_approves_is_not_kept_for_a_quieter_time(void **state)
{
	struct sim *s = before_the_drive_to_work(URGENCY_NORMAL);

	(void)state;
	offer(s);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
	sim_for(s, 120 * SECOND);
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

/* on the road, where he sees it, and until the vehicle is parked */
static void what_the_driver_approves_while_driving_begins_once_it_is_parked(void **state)
{
	(void)state;
	for (unsigned later = 0; later < 2; later++) { /* and then has it later after all */
		struct sim *s = before_the_drive_to_work(URGENCY_NORMAL);
		const uint64_t day_s = MONDAY + 21 * DAY;
		uint64_t latest_s;

		s->manifest->components[0].units[0].image.length = 30000000;
		s->estimate_ms = 1800000; /* and as long for its way back: into the drive to sports */
		drive(s, day_s + 7 * HOUR + 20 * 60, day_s + 8 * HOUR + 5 * 60);
		until(s, day_s + 17 * HOUR + 10 * 60);
		offer(s);
		assert_int_equal(s->answer_code, GATEWAY_CODE_POSTPONED_DRIVE);
		assert_int_equal(s->proposed, day_s + 21 * HOUR);
		until(s, day_s + 17 * HOUR + 30 * 60);
		sim_signals(s, IGNITION_ON, 30, 13800);
		sim_for(s, 60 * SECOND);
		assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
		if (later)
			assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", day_s + 18 * HOUR, &latest_s),
					 GATEWAY_CODE_OK);
		until(s, day_s + 18 * HOUR + 15 * 60);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 120 * SECOND);
		assert_int_equal(s->answer_code, later ? GATEWAY_CODE_POSTPONED_BY_DRIVER : GATEWAY_CODE_OK);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void a_gateway_that_lives_for_the_drives_alone_learns_as_much(void **state)
{
	struct sim *s = vehicle();

	(void)state;
	s->director->campaigns[0].window_end_unix_s = MONDAY + 60 * DAY;
	sim_start(s);
	for (unsigned day = 0; day < 21; day++) {
		const uint64_t day_s = MONDAY + day * DAY;

		s->now_us += (day_s + 8 * HOUR - unix_s(s)) * SECOND; /* off: nothing happens in between */
		sim_kill(s, true);
		sim_start(s);
		sim_signals(s, IGNITION_ON, 30, 13800);
		until(s, day_s + 8 * HOUR + 50 * 60);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 900 * SECOND); /* until its power goes */
	}
	s->now_us += (MONDAY + 21 * DAY + 8 * HOUR - unix_s(s)) * SECOND;
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_ON, 30, 13800);
	offer(s);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_int_equal(s->proposed, MONDAY + 21 * DAY + 9 * HOUR); /* and not an hour from now, which is postpone_s */
	sim_free(s);
}

static void with_a_day_learned_the_start_is_the_configured_delay(void **state)
{
	struct sim *s = vehicle();

	(void)state;
	s->director->campaigns[0].window_end_unix_s = MONDAY + 60 * DAY;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	drive(s, MONDAY + 7 * HOUR, MONDAY + 8 * HOUR);
	until(s, MONDAY + 17 * HOUR);
	sim_signals(s, IGNITION_ON, 50, 13800);
	offer(s);
	assert_int_equal(s->answer, ANSWER_POSTPONE);
	assert_in_range(s->proposed, MONDAY + 18 * HOUR, MONDAY + 18 * HOUR + 10);
	sim_free(s);
}

static void what_is_learned_is_written_once_an_hour_at_most(void **state)
{
	struct sim *s = vehicle();
	size_t n_before;

	(void)state;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 600 * SECOND);
	n_before = s->n_parking_stores;
	for (unsigned minute = 0; minute < 24 * 60; minute += 2) { /* on and off all day */
		sim_signals(s, minute % 4 ? IGNITION_ON : IGNITION_OFF, 0, 12600);
		sim_for(s, 120 * SECOND);
	}
	assert_in_range(s->n_parking_stores - n_before, 12, 25);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_commuter_is_proposed_the_night),
	    cmocka_unit_test(the_night_that_was_confirmed_is_begun_without_a_connection),
	    cmocka_unit_test(the_proposal_lies_in_the_windows_and_before_the_deadline),
	    cmocka_unit_test(parked_before_a_drive_the_next_quiet_time_is_proposed),
	    cmocka_unit_test(a_vehicle_that_stays_away_from_its_habit_begins_at_the_proposed_time),
	    cmocka_unit_test(a_restart_before_the_time_is_known_does_not_forget_the_hours),
	    cmocka_unit_test(where_nothing_better_is_left_it_is_accepted_at_once),
	    cmocka_unit_test(what_the_driver_approves_is_not_kept_for_a_quieter_time),
	    cmocka_unit_test(what_the_driver_approves_while_driving_begins_once_it_is_parked),
	    cmocka_unit_test(a_gateway_that_lives_for_the_drives_alone_learns_as_much),
	    cmocka_unit_test(with_a_day_learned_the_start_is_the_configured_delay),
	    cmocka_unit_test(what_is_learned_is_written_once_an_hour_at_most),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
