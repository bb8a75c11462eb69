/*
 * a week of a vehicle's life, in each update mode: drives in the morning, in the afternoon and at night, a gateway that
 * sleeps whenever the vehicle does, a garage without coverage, a restart of either side; and the clocks are set on the
 * last night. The campaign's window is short and open in the nights alone: on five of them the driver is on the road.
 *
 * Berlin; times: Python's zoneinfo with tzdata 2025b.
 */
#include <time.h>

#include "tests/scenario/sim_life.h"
#include "tests/scenario/sim_modes.h"
#include "tests/scenario/sim_power.h"

#define BERLIN       "CET-1CEST,M3.5.0,M10.5.0/3"
#define WINDOW_S     2400u
#define START_MINUTE 150u /* 02:30, which spring leaves out and autumn shows twice */
#define HOUR_S       UINT64_C(3600)
#define DAY_S        UINT64_C(86400)

struct week {
	const char *name;
	uint64_t monday_s; /* 00:00 */
	uint64_t last_s;   /* when the last night's window opens */
	uint64_t sunday_s; /* 08:00 */
};

static const struct week weeks[] = {
    {"spring", 1774220400, 1774746000, 1774764000},
    {"autumn", 1792360800, 1792888200, 1792911600},
};

static uint64_t window_s(const struct week *w, unsigned night)
{
	return night == 6 ? w->last_s : w->monday_s + night * DAY_S + START_MINUTE * 60;
}

static struct sim *vehicle(enum update_mode mode, const struct week *w)
{
	struct sim_options options = {.unix_base_s = w->monday_s - 1,
				      .window_start_s = 1,
				      .window_length_s = 8 * DAY_S,
				      .image_bytes = 30000,
				      .signal_ms = 2000,
				      .app_ms = 1000,
				      .zone_rule = BERLIN,
				      .poll_s = 3600,
				      .postpone_s = 3600,
				      .power = sim_granted};
	struct sim *s;
	struct window_recurrence *r;
	struct campaign_doc *doc;

	options.seed = sim_seed();
	options.mode = mode;
	options.max_parallel = 1;
	s = sim_new(&options);
	doc = sim_doc(s);
	r = &doc->recurring[doc->n_recurring++];
	r->days = 127;
	r->start_minute = START_MINUTE;
	r->duration_s = WINDOW_S;
	snprintf(r->zone_name, sizeof(r->zone_name), "Test/Berlin");
	zone_utc(&r->zone);
	SIM_CHECK(s, zone_parse_rule(&r->zone, BERLIN, strlen(BERLIN)));
	s->backend.director.n_campaigns = 0; /* not yet */
	s->io.watch.tolerance_us = SIM_S;
	for (unsigned night = 0; night < 7; night++)
		sim_watch_open(&s->io.watch, window_s(w, night), window_s(w, night) + WINDOW_S);
	return s;
}

static void drives(struct sim *s, uint64_t from_s, uint64_t to_s)
{
	sim_park(s, sim_at_unix(s, from_s));
	sim_drive(s, sim_at_unix(s, to_s));
}

/* what the vehicle proposed lies in one of the nights */
static void check_answers(const struct sim *s, const struct week *w)
{
	for (unsigned i = 0; i < s->backend.n_answers; i++) {
		bool inside = s->backend.answers[i] == ANSWER_ACCEPT;

		for (unsigned night = 0; night < 7; night++)
			inside = inside || (s->backend.proposed[i] >= window_s(w, night) &&
					    s->backend.proposed[i] < window_s(w, night) + WINDOW_S);
		SIM_CHECK(s, inside);
	}
	SIM_CHECK(s, s->backend.n_answers == 0 || s->backend.answers[0] == ANSWER_POSTPONE);
}

/* the night, in which the driver is on the road while the window is open, and the two ways of the day */
static void a_working_day(struct sim *s, uint64_t day_s, bool at_night)
{
	if (at_night)
		drives(s, day_s + START_MINUTE * 60 - 600, day_s + START_MINUTE * 60 + WINDOW_S + 300);
	sim_park(s, sim_at_unix(s, day_s + 7 * HOUR_S + 1200));
	sim_coverage(s, true);
	sim_drive(s, sim_at_unix(s, day_s + 7 * HOUR_S + 2400));
	drives(s, day_s + 17 * HOUR_S + 1800, day_s + 17 * HOUR_S + 3000);
	sim_coverage(s, false); /* the garage */
}

static void a_week_of_nights_on_the_road_ends_with_the_one_in_the_garage(enum update_mode mode)
{
	for (unsigned i = 0; i < sizeof(weeks) / sizeof(weeks[0]); i++) {
		const struct week *w = &weeks[i];
		struct sim *s = vehicle(mode, w);
		const clock_t began = clock();

		for (unsigned day = 0; day < 6; day++) {
			const uint64_t day_s = w->monday_s + day * DAY_S;

			if (day == 1) { /* on Monday evening: it is in the garage */
				s->backend.director.n_campaigns = 1;
				sim_backend_publish(&s->backend);
			}
			if (day == 2 && mode == MODE_SERVER)
				sim_backend_trigger(&s->backend);
			if (day == 3)
				sim_kill(s, 0); /* its battery was taken out */
			if (day == 4)
				sim_kill_backend(s, 12 * SIM_HOUR);
			a_working_day(s, day_s, day > 0);
			SIM_CHECK(s, s->io.watch.n_erases == 0 && sim_has_old(s, 0) && sim_has_old(s, 1));
			SIM_CHECK(s, day == 0 || sim_is_decided(s) || (mode == MODE_SERVER && day == 1));
		}
		sim_park(s, sim_at_unix(s, w->last_s) - SIM_MS);
		SIM_CHECK(s, s->io.watch.n_erases == 0);
		sim_park(s, sim_at_unix(s, w->last_s + WINDOW_S));
		SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
		SIM_CHECK(s, s->io.watch.erases[0].unix_s < w->last_s + 60);
		SIM_CHECK(s, !sim_is_over(s)); /* nobody heard of it: there is no coverage */
		drives(s, w->sunday_s, w->sunday_s + 1200);
		sim_coverage(s, true);
		sim_park(s, sim_at_unix(s, w->sunday_s + 9 * HOUR_S));
		SIM_CHECK(s, s->n_sleeps > 20 && s->slept_us > 5 * SIM_DAY);
		printf("# %s: %u sleeps, awake for %.1f h, %u sessions; %.3f s of the processor\n", w->name,
		       s->n_sleeps, (double)(s->world.now_us - s->slept_us) / (double)SIM_HOUR, s->backend.n_sessions,
		       (double)(clock() - began) / CLOCKS_PER_SEC);
		sim_drive(s, s->world.now_us + 300 * SIM_S);
		sim_check_let_go(s);
		check_answers(s, w);
		sim_ends_well(s);
	}
}

/* the driver comes for his newspaper in the one minute that matters, and drives in the next night as well: the second
 * ECU is done in the night after it */
static void what_the_driver_cut_short_in_one_night_is_done_in_another(enum update_mode mode)
{
	const struct week *w = &weeks[0];
	struct sim *s = vehicle(mode, w);

	sim_park(s, sim_at_unix(s, w->monday_s + 6 * HOUR_S));
	s->backend.director.n_campaigns = 1;
	sim_backend_publish(&s->backend);
	if (mode == MODE_SERVER)
		sim_backend_trigger(&s->backend);
	a_working_day(s, w->monday_s, false);
	SIM_CHECK(s, sim_is_decided(s));
	sim_park(s, sim_at_unix(s, window_s(w, 1) - 30));
	SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_transferring));
	sim_drive(s, sim_at_unix(s, window_s(w, 1) + WINDOW_S + 60));
	SIM_CHECK(s, sim_is_between(s));
	a_working_day(s, w->monday_s + DAY_S, false);
	SIM_CHECK(s, sim_is_between(s));
	a_working_day(s, w->monday_s + 2 * DAY_S, true);
	SIM_CHECK(s, sim_is_between(s) && s->io.watch.n_erases == 1);
	sim_park(s, sim_at_unix(s, window_s(w, 3) + WINDOW_S));
	SIM_CHECK(s, sim_has_image(s, 1) && s->io.watch.n_erases == 2);
	SIM_CHECK(s, s->io.watch.erases[1].unix_s >= window_s(w, 3));
	a_working_day(s, w->monday_s + 3 * DAY_S, false);
	sim_coverage(s, true);
	sim_drive(s, s->world.now_us + 300 * SIM_S);
	sim_ends_well(s);
}

/* parked from the first day on: nobody comes, no coverage; what was agreed or triggered is done in the first night, and
 * told when somebody does */
static void a_vehicle_that_nobody_drives_is_updated_in_its_first_window(enum update_mode mode)
{
	const struct week *w = &weeks[1];
	struct sim *s = vehicle(mode, w);

	s->backend.director.n_campaigns = 1;
	sim_backend_publish(&s->backend);
	if (mode == MODE_SERVER)
		sim_backend_trigger(&s->backend);
	sim_park(s, sim_at_unix(s, w->monday_s + 120));
	SIM_CHECK(s, sim_is_decided(s));
	sim_coverage(s, false);
	sim_park(s, sim_at_unix(s, w->sunday_s));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	SIM_CHECK(s, s->io.watch.n_erases == 2 && s->io.watch.erases[1].unix_s < window_s(w, 0) + WINDOW_S);
	SIM_CHECK(s, s->slept_us > 6 * SIM_DAY);
	SIM_CHECK(s, !sim_is_over(s));
	sim_coverage(s, true);
	sim_drive(s, s->world.now_us + 600 * SIM_S);
	sim_ends_well(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SIM_EACH_MODE(a_week_of_nights_on_the_road_ends_with_the_one_in_the_garage),
	    SIM_EACH_MODE(what_the_driver_cut_short_in_one_night_is_done_in_another),
	    SIM_EACH_MODE(a_vehicle_that_nobody_drives_is_updated_in_its_first_window),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
