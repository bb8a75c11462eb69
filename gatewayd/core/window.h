/*
 * window - spans of wall-clock time in which a campaign may be installed: an absolute one with a deadline, and within
 * it those that come again each week in the local time of a zone; and when a wall-clock time is reached on the
 * monotonic clock; pure.
 *
 * Occurrences that touch or overlap are one. Without trusted time none is open.
 */
#ifndef GATEWAYD_CORE_WINDOW_H
#define GATEWAYD_CORE_WINDOW_H

#include "gatewayd/core/zone.h"

#define WINDOW_MAX_RECURRING 8u
#define WINDOW_NO_END        UINT64_MAX

enum window_state { WINDOW_UNKNOWN, WINDOW_BEFORE, WINDOW_OPEN, WINDOW_OVER };

/* begins on some weekdays at a minute of the local day, and lasts so many seconds, whatever the clocks do meanwhile */
struct window_recurrence {
	uint8_t days;          /* bit 0 Monday … bit 6 Sunday, at least one */
	uint16_t start_minute; /* 0..1439 */
	uint32_t duration_s;   /* 60..86400 */
	char zone_name[ZONE_NAME_BYTES];
	struct zone zone; /* not known: it is never open */
};

/* when a campaign may be installed; unix seconds */
struct window_terms {
	uint64_t start_s;
	uint64_t end_s;      /* 0 = it never ends */
	uint64_t deadline_s; /* 0 = none */
	const struct window_recurrence *recurring;
	uint8_t n_recurring; /* 0: the absolute window alone */
};

/* from start on, up to but without end (WINDOW_NO_END: none) */
struct window_span {
	uint64_t start_s;
	uint64_t end_s;
};

/* @unix_ms: trusted time, 0 = none. Open from @start_unix_s on, over at @end_unix_s (0 = it never ends). */
enum window_state window_state(uint64_t unix_ms, uint64_t start_unix_s, uint64_t end_unix_s);

/* the end of the frame: of the absolute window, or the deadline where that comes first; WINDOW_NO_END */
uint64_t window_frame_end(const struct window_terms *terms);
/* Return: true with the first span that ends after @from_s, cut off at the frame; false if there is none */
bool window_next(const struct window_terms *terms, uint64_t from_s, struct window_span *span);
/**
 * window_next_fit() - the same of the spans of which so much is left from @from_s on
 * @need_s: 0 = any
 *
 * Looks two weeks beyond the first span: what recurs has shown all its spans by then.
 */
bool window_next_fit(const struct window_terms *terms, uint64_t from_s, uint64_t need_s, struct window_span *span);
/* the longest of the spans that window_next_fit() looks at, from @from_s on; 0 if there is none */
uint64_t window_longest_s(const struct window_terms *terms, uint64_t from_s);

/* what the terms say at a time, kept until another time makes them say something else */
struct window_view {
	bool valid;
	bool has_span, has_fit;
	uint64_t from_s, until_s; /* the times for which it holds, without until */
	uint64_t need_s;
	struct window_span span; /* that is open or comes next */
	struct window_span fit;  /* the first of them with so much left that the need fits in */
};

/* looks anew if it does not hold for @now_s (trusted) and @need_s; terms that change need a view that is not valid */
void window_view_refresh(struct window_view *view, const struct window_terms *terms, uint64_t now_s, uint64_t need_s);
/* at a time for which it holds */
bool window_view_open(const struct window_view *view, uint64_t now_s);
/* and there is enough left for the need */
bool window_view_fits(const struct window_view *view, uint64_t now_s);

/**
 * window_reached_us() - the first microsecond of the monotonic clock at which a wall-clock time is reached
 * @base_unix_ms, @base_us: one moment on both clocks
 *
 * Return: monotonic time; 0 if it was reached at the base already; UINT64_MAX for @unix_s 0 or too far to count.
 */
uint64_t window_reached_us(uint64_t base_unix_ms, uint64_t base_us, uint64_t unix_s);

#endif
