/* window - see window.h. */
#include "gatewayd/core/window.h"

#define DAY_S       86400u
#define LOOK_AHEAD  (15u * DAY_S) /* a week's pattern, once whole and once cut off, and a change of the clocks */
#define DAYS_BACK   2             /* an occurrence that began then may still be open */
#define DAYS_LOOKED 12            /* from then on: each weekday comes once at least that is not over */
#define MOST_JOINED 16u           /* occurrences that touch each other: of a daily one more than two weeks */
#define MOST_SPANS  160u          /* in the time looked ahead: 8 a day, and a few */

enum window_state window_state(uint64_t unix_ms, uint64_t start_unix_s, uint64_t end_unix_s)
{
	uint64_t unix_s = unix_ms / 1000;

	if (!unix_ms)
		return WINDOW_UNKNOWN;
	if (end_unix_s && unix_s >= end_unix_s)
		return WINDOW_OVER;
	return unix_s < start_unix_s ? WINDOW_BEFORE : WINDOW_OPEN;
}

uint64_t window_frame_end(const struct window_terms *terms)
{
	uint64_t end_s = terms->end_s ? terms->end_s : WINDOW_NO_END;

	return terms->deadline_s && terms->deadline_s < end_s ? terms->deadline_s : end_s;
}

/* Return: true with the first occurrence that ends after @from_s */
static bool next_occurrence(const struct window_recurrence *r, uint64_t from_s, struct window_span *span)
{
	int64_t day;

	if (!r->zone.known || from_s > INT64_MAX / 2)
		return false;
	day = zone_local(&r->zone, (int64_t)from_s).day - DAYS_BACK;
	for (unsigned i = 0; i < DAYS_LOOKED; i++, day++) {
		const int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
		int64_t start;

		if (day < 0 || !(r->days & (1u << weekday)))
			continue;
		start = zone_unix(&r->zone, day, r->start_minute * 60u);
		if (start < 0 || (uint64_t)start + r->duration_s <= from_s)
			continue;
		*span = (struct window_span){(uint64_t)start, (uint64_t)start + r->duration_s};
		return true;
	}
	return false;
}

/* of all recurrences the one that begins first; one that ends later if they begin together */
static bool first_occurrence(const struct window_terms *terms, uint64_t from_s, struct window_span *first)
{
	bool found = false;

	for (unsigned i = 0; i < terms->n_recurring; i++) {
		struct window_span span;

		if (!next_occurrence(&terms->recurring[i], from_s, &span))
			continue;
		if (!found || span.start_s < first->start_s ||
		    (span.start_s == first->start_s && span.end_s > first->end_s))
			*first = span;
		found = true;
	}
	return found;
}

/* what begins before the span is over makes it longer */
static void join(const struct window_terms *terms, struct window_span *span)
{
	for (unsigned n = 0; n < MOST_JOINED; n++) {
		uint64_t end_s = span->end_s;

		for (unsigned i = 0; i < terms->n_recurring; i++) {
			struct window_span next;

			if (next_occurrence(&terms->recurring[i], span->end_s, &next) && next.start_s <= span->end_s &&
			    next.end_s > end_s)
				end_s = next.end_s;
		}
		if (end_s == span->end_s)
			return;
		span->end_s = end_s;
	}
}

bool window_next(const struct window_terms *terms, uint64_t from_s, struct window_span *span)
{
	const uint64_t frame_end_s = window_frame_end(terms);
	struct window_span found = {terms->start_s, frame_end_s};

	if (from_s < terms->start_s)
		from_s = terms->start_s;
	if (from_s >= frame_end_s)
		return false;
	if (terms->n_recurring) {
		if (!first_occurrence(terms, from_s, &found))
			return false;
		join(terms, &found);
	}
	if (found.start_s >= frame_end_s)
		return false;
	span->start_s = found.start_s > terms->start_s ? found.start_s : terms->start_s;
	span->end_s = found.end_s < frame_end_s ? found.end_s : frame_end_s;
	return true;
}

/* of a span, from a time on */
static uint64_t length_s(const struct window_span *span, uint64_t from_s)
{
	return span->end_s - (from_s > span->start_s ? from_s : span->start_s);
}

/* Return: true with the first of the spans that has so much left, or, with @longest_s, the length of the longest */
static bool look(const struct window_terms *terms, uint64_t from_s, uint64_t need_s, struct window_span *span,
		 uint64_t *longest_s)
{
	uint64_t at_s = from_s, last_s = 0;

	for (unsigned i = 0; i < MOST_SPANS && window_next(terms, at_s, span); i++) {
		const uint64_t left_s = length_s(span, from_s);

		if (i == 0)
			last_s = span->start_s + LOOK_AHEAD;
		else if (span->start_s > last_s)
			break;
		if (longest_s && left_s > *longest_s)
			*longest_s = left_s;
		if (!longest_s && left_s >= need_s)
			return true;
		if (span->end_s == WINDOW_NO_END)
			break;
		at_s = span->end_s;
	}
	return false;
}

bool window_next_fit(const struct window_terms *terms, uint64_t from_s, uint64_t need_s, struct window_span *span)
{
	struct window_span found;

	if (!look(terms, from_s, need_s, &found, NULL))
		return false;
	*span = found;
	return true;
}

uint64_t window_longest_s(const struct window_terms *terms, uint64_t from_s)
{
	struct window_span span;
	uint64_t longest_s = 0;

	(void)look(terms, from_s, 0, &span, &longest_s);
	return longest_s;
}

void window_view_refresh(struct window_view *view, const struct window_terms *terms, uint64_t now_s, uint64_t need_s)
{
	if (view->valid && view->need_s == need_s && now_s >= view->from_s && now_s < view->until_s)
		return;
	view->valid = true;
	view->from_s = now_s;
	view->until_s = WINDOW_NO_END;
	view->need_s = need_s;
	view->has_span = window_next(terms, now_s, &view->span);
	view->has_fit = window_next_fit(terms, now_s, need_s, &view->fit);
	if (view->has_span && view->span.end_s < view->until_s)
		view->until_s = view->span.end_s;
	/* so late in it nothing fits in any more */
	if (view->has_fit && view->fit.end_s != WINDOW_NO_END && view->fit.end_s - need_s + 1 < view->until_s)
		view->until_s = view->fit.end_s - need_s + 1;
}

bool window_view_open(const struct window_view *view, uint64_t now_s)
{
	return view->has_span && now_s >= view->span.start_s && now_s < view->span.end_s;
}

bool window_view_fits(const struct window_view *view, uint64_t now_s)
{
	return view->has_fit && now_s >= view->fit.start_s && now_s < view->fit.end_s;
}

uint64_t window_reached_us(uint64_t base_unix_ms, uint64_t base_us, uint64_t unix_s)
{
	uint64_t ahead_ms;

	if (!unix_s || unix_s > UINT64_MAX / 1000)
		return UINT64_MAX;
	if (unix_s * 1000 <= base_unix_ms)
		return 0;
	ahead_ms = unix_s * 1000 - base_unix_ms;
	if (ahead_ms > (UINT64_MAX - base_us) / 1000)
		return UINT64_MAX;
	return base_us + ahead_ms * 1000;
}
