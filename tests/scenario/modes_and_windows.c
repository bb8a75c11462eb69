/*
 * each update mode with each kind of window: absolute ones and recurring ones, across midnight and across both changes
 * of the clocks, in a zone whose clocks are set by half an hour, none without trusted time, one that is too short. What
 * is open when was taken from Python's zoneinfo with tzdata 2025b, and each erase is held against it (sim_watch).
 */
#include "tests/scenario/sim_modes.h"

#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK  "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define KOLKATA   "IST-5:30"

#define MONDAY    1
#define TUESDAY   2
#define SATURDAY  32
#define SUNDAY    64
#define DAILY     127

struct kind {
	const char *name;
	uint64_t from_s; /* the scenario begins 100 s before, or where @begin_s says */
	uint64_t to_s;
	uint64_t begin_s;
	const char *rule; /* NULL: the frame is the window */
	uint8_t days;
	uint16_t minute;
	uint32_t duration_s;
};

static const struct kind kinds[] = {
    {.name = "absolute", .from_s = 1774299600, .to_s = 1774299600 + 3600},
    {"Monday at ten", 1774299600, 1774303200, 0, BERLIN, MONDAY, 22 * 60, 3600},
    {"Monday across midnight, met before it", 1774305000, 1774312200, 0, BERLIN, MONDAY, 23 * 60 + 30, 7200},
    {"Monday across midnight, met after it", 1774305000, 1774312200, 1774310400, BERLIN, MONDAY, 23 * 60 + 30, 7200},
    {"a start that spring leaves out", 1774746000, 1774749600, 0, BERLIN, SUNDAY, 2 * 60 + 30, 3600},
    {"a night of spring, met after its change", 1774731600, 1774760400, 1774750000, BERLIN, SATURDAY, 22 * 60,
     8 * 3600},
    {"the day after spring's change", 1774818000, 1774821600, 0, BERLIN, SUNDAY, 23 * 60, 3600},
    {"a start that autumn shows twice", 1792888200, 1792890900, 0, BERLIN, SUNDAY, 2 * 60 + 30, 2700},
    {"a night of autumn, met after its change", 1792872000, 1792900800, 1792894000, BERLIN, SATURDAY, 22 * 60,
     8 * 3600},
    {"New York, before its change in spring", 1772951400, 1772955000, 0, NEW_YORK, SUNDAY, 90, 3600},
    {"New York, what autumn shows twice", 1793511000, 1793512800, 0, NEW_YORK, SUNDAY, 90, 1800},
    {"half an hour back: the first of both", 1775313900, 1775314800, 0, LORD_HOWE, SUNDAY, 105, 900},
    {"half an hour on: the first minute after it", 1791041400, 1791045000, 0, LORD_HOWE, SUNDAY, 2 * 60 + 15, 3600},
    {"half an hour from everyone", 1774292400, 1774296000, 0, KOLKATA, TUESDAY, 30, 3600},
};

static void recur(struct sim *s, const struct kind *k)
{
	struct campaign_doc *doc = sim_doc(s);
	struct window_recurrence *r = &doc->recurring[doc->n_recurring++];

	r->days = k->days;
	r->start_minute = k->minute;
	r->duration_s = k->duration_s;
	snprintf(r->zone_name, sizeof(r->zone_name), "Test/Zone");
	zone_utc(&r->zone);
	SIM_CHECK(s, zone_parse_rule(&r->zone, k->rule, strlen(k->rule)));
}

/* the document is changed before the gateway has it */
static struct sim *begin_with(enum update_mode mode, const struct kind *k, struct sim_options options)
{
	const uint64_t begin_s = k->begin_s ? k->begin_s : k->from_s - 100;
	struct sim *s;

	options.unix_base_s = begin_s - 1; /* the simulation begins at one second */
	options.window_start_s = k->rule || begin_s >= k->from_s ? 1 : k->from_s - begin_s;
	options.window_length_s = k->rule ? 3 * 86400 : k->to_s - begin_s - options.window_start_s;
	options.image_bytes = 20000;
	options.estimate_ms = options.estimate_ms ? options.estimate_ms : 5000;
	s = sim_of_mode(mode, options);
	if (k->rule)
		recur(s, k);
	sim_watch_open(&s->io.watch, k->from_s, k->to_s);
	return s;
}

static struct sim *begin(enum update_mode mode, const struct kind *k)
{
	return begin_with(mode, k, (struct sim_options){0});
}

static void what_is_open_is_used_and_nothing_else(enum update_mode mode)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *k = &kinds[i];
		struct sim *s = begin(mode, k);
		uint64_t first_s = k->begin_s ? k->begin_s : k->from_s;

		printf("# %s\n", k->name);
		SIM_CHECK(s, sim_for(s, 400 * SIM_S, sim_is_erased));
		SIM_CHECK(s, s->io.watch.erases[0].unix_s >= first_s && s->io.watch.erases[0].unix_s < first_s + 60);
		sim_ends_well(s);
	}
}

/* the vehicle is in use until a hundred seconds before the end: two ECUs of a minute each, which share a bus, do not
 * fit */
static void what_is_left_is_too_little(enum update_mode mode)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct kind k = kinds[i];
		struct sim *s;

		k.begin_s = k.to_s - 160;
		s = begin_with(mode, &k, (struct sim_options){.ignition = VEHICLE_CORE_ON, .estimate_ms = 60000});
		printf("# %s\n", k.name);
		(void)sim_run(s, (k.to_s - 100 - s->backend.unix_base_s) * SIM_S, NULL);
		sim_ignition(s, VEHICLE_CORE_OFF);
		sim_nothing_begins(s, 300 * SIM_S);
		SIM_CHECK(s, s->io.watch.n_erases == 0 && sim_has_old(s, 0) && sim_has_old(s, 1));
		sim_free(s);
	}
}

static void one_too_short_is_refused_up_front(enum update_mode mode)
{
	struct kind k = kinds[1];
	unsigned code = 0;
	struct sim *s;

	k.duration_s = 60;
	k.to_s = k.from_s + 60;
	s = begin(mode, &k);
	s->io.estimate_ms = 90000;
	SIM_CHECK(s, sim_for(s, 100 * SIM_S, sim_is_over)); /* a hundred seconds before it opens */
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, &code) == CAMPAIGN_FAILED);
	SIM_CHECK(s, code == GATEWAY_CODE_WINDOW_TOO_SHORT);
	sim_nothing_begins(s, 600 * SIM_S);
	sim_ends_unchanged(s, CAMPAIGN_FAILED);
}

/* a window with room for both ECUs, and none for what they may have to be brought back to */
static void one_without_room_for_the_way_back_is_refused(enum update_mode mode)
{
	for (unsigned back = 0; back < 2; back++) {
		struct kind k = kinds[1];
		unsigned code = 0;
		struct sim *s;

		k.duration_s = 100;
		k.to_s = k.from_s + 100;
		s = begin_with(mode, &k, (struct sim_options){.estimate_ms = 30000});
		for (unsigned i = 0; back && i < 2; i++) /* as large as what it has to be brought back from */
			sim_doc(s)->targets[i].rollback = s->backend.blobs[1 + 2 * i].ref;
		if (!back) {
			sim_ends_well(s);
			continue;
		}
		SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_over));
		SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, &code) == CAMPAIGN_FAILED);
		SIM_CHECK(s, code == GATEWAY_CODE_WINDOW_TOO_SHORT);
		sim_ends_unchanged(s, CAMPAIGN_FAILED);
	}
}

/* a restart in the garage: everything is held and agreed, and nobody tells the time */
static void without_trusted_time_none_is_open(enum update_mode mode)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sim *s = begin(mode, &kinds[i]);

		SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
		(void)sim_for(s, SIM_S, NULL);
		s->backend.tells_time = false;
		sim_kill(s, 0);
		(void)sim_run(s, (kinds[i].from_s + 60 - s->backend.unix_base_s) * SIM_S, NULL);
		SIM_CHECK(s, sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_TIME);
		sim_nothing_begins(s, 300 * SIM_S);
		SIM_CHECK(s, s->io.watch.n_erases == 0 && sim_has_old(s, 0) && sim_has_old(s, 1));
		s->backend.tells_time = true;
		sim_io_drop_session(&s->io);
		sim_ends_well(s);
	}
}

/* its clock stands still while it sleeps from before the window until after it: it is not open any more */
static void a_window_that_was_slept_through_is_over(enum update_mode mode)
{
	struct sim *s = begin(mode, &kinds[0]);

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	s->world.now_us = (kinds[0].to_s + 5 - s->backend.unix_base_s) * SIM_S;
	sim_ends_unchanged(s, CAMPAIGN_EXPIRED);
}

/* two in the week: what does not end in the one goes on in the other */
static void two_windows_share_the_work(enum update_mode mode)
{
	struct kind k = {.from_s = 1774299600,
			 .to_s = 1774299600 + 120,
			 .rule = BERLIN,
			 .days = MONDAY,
			 .minute = 22 * 60,
			 .duration_s = 120};
	/* both fit into the first one, and one into the second */
	struct sim *s = begin_with(mode, &k, (struct sim_options){.estimate_ms = 30000});

	k.minute = 22 * 60 + 30;
	k.duration_s =
	    40; /* the first ECU's 30 s would not fit beside the second's, however fast it turned out to be */
	recur(s, &k);
	sim_watch_open(&s->io.watch, k.from_s + 1800, k.from_s + 1840);
	SIM_CHECK(s, sim_for(s, 400 * SIM_S, sim_is_erased));
	sim_ignition(s, VEHICLE_CORE_ON); /* until after the first one */
	(void)sim_run(s, (k.from_s + 150 - s->backend.unix_base_s) * SIM_S, NULL);
	SIM_CHECK(s, sim_is_between(s));
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_nothing_begins(s, 1560 * SIM_S);
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, sim_for(s, 200 * SIM_S, sim_is_erased));
	sim_ends_well(s);
}

/* the file of the zone is gone after an update of the system: nothing is open, nothing is over, until it is back */
static void without_its_time_zone_it_waits(enum update_mode mode)
{
	const struct kind *k = &kinds[1];
	struct sim *s = begin(mode, k);
	bool *known;

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_decided));
	(void)sim_for(s, SIM_S, NULL);
	known = &sim_doc(s)->recurring[0].zone.known;
	for (unsigned back = 0; back < 2; back++) {
		*known = back;
		for (unsigned i = 0; i < s->io.disk.n_directors; i++)
			s->io.disk.directors[i]->campaigns[0].recurring[0].zone.known = back;
		sim_kill(s, 0);
		if (back)
			break;
		(void)sim_run(s, (k->from_s + 60 - s->backend.unix_base_s) * SIM_S, NULL);
		SIM_CHECK(s, sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_UNKNOWN_ZONE);
		SIM_CHECK(s, s->io.watch.n_erases == 0);
	}
	sim_ends_well(s);
}

static void a_deadline_within_the_window_ends_it(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){0});

	sim_doc(s)->deadline_unix_s = sim_backend_unix_s(&s->backend) + 300;
	SIM_CHECK(s, sim_for(s, 50 * SIM_S, sim_is_decided));
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_run(s, 305 * SIM_S, NULL);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_unchanged(s, CAMPAIGN_EXPIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SIM_EACH_MODE(what_is_open_is_used_and_nothing_else),
	    SIM_EACH_MODE(what_is_left_is_too_little),
	    SIM_EACH_MODE(one_too_short_is_refused_up_front),
	    SIM_EACH_MODE(one_without_room_for_the_way_back_is_refused),
	    SIM_EACH_MODE(without_trusted_time_none_is_open),
	    SIM_EACH_MODE(a_window_that_was_slept_through_is_over),
	    SIM_EACH_MODE(two_windows_share_the_work),
	    SIM_EACH_MODE(without_its_time_zone_it_waits),
	    SIM_EACH_MODE(a_deadline_within_the_window_ends_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
