/*
 * rollout - one manifest for many vehicles in waves: when the next wave begins, and when all of it stops.
 *
 * A wave has ended when the asked share of its vehicles is over; the next one begins a while after that. A wave of
 * which a larger share than the threshold has failed stops the roll-out at once, however many are still to come: shares
 * are of the whole wave, so that a few early failures of a large wave stop nothing that the rest may still put right.
 * Pure: counts and the time in, the next step out.
 */
#ifndef SIM_OEM_BACKEND_ROLLOUT_H
#define SIM_OEM_BACKEND_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROLLOUT_MAX_WAVES 32u
#define ROLLOUT_WHY_BYTES 200u

/* numbers are kept in the database */
enum rollout_state {
	ROLLOUT_RUNNING = 1,
	ROLLOUT_PAUSED = 2,    /* by a person: no further vehicle gets its campaign */
	ROLLOUT_STOPPED = 3,   /* by the threshold; a person resumes or cancels it */
	ROLLOUT_CANCELLED = 4, /* by a person, for good */
	ROLLOUT_DONE = 5,
};

/* "running" and so on */
const char *rollout_state_word(enum rollout_state state);

struct rollout_rules {
	unsigned error_threshold; /* percent of a wave, 0..100; more than that stops */
	unsigned min_done;        /* percent of a wave that must be over, 1..100 */
	uint64_t soak_s;          /* from a wave's end to the next one's begin */
};

/* size = waiting + open + done + failed + other */
struct rollout_wave {
	uint32_t size;
	uint32_t waiting; /* vehicles without a campaign yet */
	uint32_t open;    /* whose campaign is not over */
	uint32_t done;    /* verified */
	uint32_t failed;
	uint32_t other; /* over, neither verified nor failed: declined by the driver, expired, cancelled, replaced */
	uint64_t began_unix_s; /* 0 = not begun */
	uint64_t ended_unix_s; /* when it was seen to have ended first; 0 = not yet */
};

enum rollout_step {
	ROLLOUT_WAIT,   /* nothing is to be done before @at_unix_s, or before a vehicle reports */
	ROLLOUT_BEGIN,  /* note that the wave begins */
	ROLLOUT_START,  /* give vehicles of the wave their campaigns */
	ROLLOUT_NOTE,   /* note that the wave has ended */
	ROLLOUT_STOP,   /* the wave's failures are above the threshold */
	ROLLOUT_FINISH, /* every vehicle is over */
};

struct rollout_advice {
	enum rollout_step step;
	size_t wave;
	uint64_t at_unix_s; /* of ROLLOUT_WAIT: when the next wave begins; 0 = not known */
};

/* @waves: at least one, in their order, those begun before those that are not */
struct rollout_advice rollout_advise(const struct rollout_rules *rules, const struct rollout_wave *waves, size_t n,
				     uint64_t now_unix_s);

/* whether the wave's failures are above the threshold */
bool rollout_failed(const struct rollout_rules *rules, const struct rollout_wave *wave);

/* which vehicles may still be taken back: a campaign without an ECU that was touched; @campaign_state:
 * Gu__CampaignState */
bool rollout_untouched(int campaign_state);

/**
 * rollout_plan() - the sizes of waves from "1,10%,rest"
 * @text: numbers of vehicles, percentages of all (rounded up), and at last "rest"; empty waves are left out
 * @sizes: filled with *n sizes that add up to @vehicles
 * Return: false with @why, if the text is wrong or leaves vehicles over.
 */
bool rollout_plan(const char *text, uint32_t vehicles, uint32_t sizes[ROLLOUT_MAX_WAVES], size_t *n,
		  char why[ROLLOUT_WHY_BYTES]);

#endif
