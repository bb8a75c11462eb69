/*
 * parking - when the vehicle stays parked: for each hour of the week, in local time, how likely it is to be left alone
 * for the whole hour, learned from its ignition; pure.
 *
 * What is long ago counts ever less. A gateway that is off with the ignition learns from the times before and after it
 * was off: where the vehicle was parked when it was last known, it was parked all along; where it was in use, it was
 * parked after that hour.
 */
#ifndef GATEWAYD_CORE_PARKING_H
#define GATEWAYD_CORE_PARKING_H

#include "gatewayd/core/window.h"

#define PARKING_HOURS         168u /* 0: Monday from midnight to one o'clock */
#define PARKING_ENCODED_BYTES 360u

struct parking {
	uint16_t stays[PARKING_HOURS]; /* 0..1000: in so many of a thousand cases it stays parked for the hour */
	uint8_t seen[PARKING_HOURS];   /* how often that hour was lived through, at most 255 */
	bool known;                    /* the rest counts */
	bool parked;                   /* at `at_s` */
	bool whole;    /* it was parked in all of the hour of at_s so far, and that was seen from its begin */
	bool begun;    /* the hour was seen from its begin */
	uint64_t at_s; /* up to which all is learned; trusted unix seconds */
};

/* nothing is known */
void parking_init(struct parking *self);
/**
 * parking_observe() - the vehicle is parked or in use now
 * @unix_s: trusted; one before the last is ignored
 * Return: true if something was learned, or parked changed: worth keeping
 */
bool parking_observe(struct parking *self, const struct zone *zone, uint64_t unix_s, bool parked);
/* 0..1000 for the hour in which @unix_s lies; -1 if that hour was not lived through twice */
int parking_stays(const struct parking *self, const struct zone *zone, uint64_t unix_s);
/**
 * parking_propose() - the next time at which it stays parked for so long, within the windows and before the deadline
 * @from_s: not before
 * @need_s: of which so much is left in the window, too; 0 counts as a minute
 *
 * It stays with a probability of 0.7 at least, all its hours together. Looks two weeks ahead.
 *
 * Return: unix seconds; 0 if there is no such time, or too little was learned
 */
uint64_t parking_propose(const struct parking *self, const struct zone *zone, uint64_t from_s, uint64_t need_s,
			 const struct window_terms *terms);

/**
 * parking_expects_use() - whether it is learned that a vehicle that is parked at @start_s does not stay so for so long
 *
 * By the same measure as above. An hour in which it was driven already, and is parked again, counts as one in which it
 * stays. Return: false also where an hour on the way to the first drive was not lived through twice
 */
bool parking_expects_use(const struct parking *self, const struct zone *zone, uint64_t start_s, uint64_t need_s);

/* as it is kept, with a number for its form; @out: PARKING_ENCODED_BYTES of it are filled */
void parking_encode(const struct parking *self, uint8_t *out);
/* Return: false, with nothing known, for bytes of another form or with values that cannot be */
bool parking_decode(struct parking *self, const uint8_t *bytes, size_t n);

#endif
