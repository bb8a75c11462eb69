/* zone - see zone.h. */
#include "gatewayd/core/zone.h"
#include <string.h>

#define DAY_S         86400
#define OFFSET_MOST_S 93600                 /* no offset is as large: RFC 9636, 3.2 */
#define SEGMENTS_MOST 16u                   /* changes within two days: one in any real zone */
#define EARLIEST_S    INT64_C(-62167219200) /* year 0 */
#define LATEST_S      INT64_C(253402300799) /* the end of the year 9999 */

void zone_utc(struct zone *zone)
{
	memset(zone, 0, sizeof *zone);
	zone->known = true;
}

bool zone_name_valid(const char *name)
{
	size_t part = 0, n = 0;

	for (; name[n]; n++) {
		char c = name[n];

		if (n + 1 >= ZONE_NAME_BYTES)
			return false;
		if (c == '/') {
			if (!part)
				return false;
			part = 0;
			continue;
		}
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
		      c == '-' || c == '_'))
			return false;
		part++;
	}
	return part != 0;
}

/* --- the calendar; years of 400 years' cycles that begin in March, so that the leap day is the last of its year */

int64_t zone_day(int32_t year, unsigned month, unsigned day)
{
	const int64_t y = (int64_t)year - (month <= 2);
	const int64_t era = (y >= 0 ? y : y - 399) / 400;
	const int64_t of_era = y - era * 400;
	const int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int32_t year_of(int64_t unix_s)
{
	const int64_t day = floor_div(unix_s, DAY_S);
	int32_t year = (int32_t)(1970 + floor_div(day * 400, 146097));

	while (zone_day(year + 1, 1, 1) <= day)
		year++;
	while (zone_day(year, 1, 1) > day)
		year--;
	return year;
}

static bool is_leap(int32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* 0 = Monday; 1970-01-01 was a Thursday */
static uint8_t weekday_of(int64_t day)
{
	const int64_t w = (day + 3) % 7;

	return (uint8_t)(w < 0 ? w + 7 : w);
}

static int64_t rule_day(const struct zone_rule *rule, int32_t year)
{
	int64_t first, next;

	if (rule->kind == ZONE_DAY_OF_YEAR)
		return zone_day(year, 1, 1) + rule->day;
	if (rule->kind == ZONE_DAY_JULIAN)
		return zone_day(year, 1, 1) + rule->day - 1 + (is_leap(year) && rule->day >= 60);
	first = zone_day(year, rule->month, 1);
	next = rule->month == 12 ? zone_day(year + 1, 1, 1) : zone_day(year, rule->month + 1u, 1);
	/* POSIX counts from Sunday, we from Monday */
	first += (rule->day + 6 - weekday_of(first) + 7) % 7 + 7 * (rule->week - 1);
	return first >= next ? first - 7 : first;
}

/* --- offsets */

static bool by_rule(const struct zone *zone, int64_t unix_s)
{
	return zone->has_rule && (!zone->n || unix_s >= zone->at[zone->n - 1]);
}

/* the moment of a change of the rule: its time is of the clock that is about to be changed */
static int64_t rule_change(const struct zone *zone, int32_t year, bool to_dst)
{
	const struct zone_rule *rule = to_dst ? &zone->begin : &zone->end;

	return rule_day(rule, year) * DAY_S + rule->time_s - (to_dst ? zone->std_s : zone->dst_s);
}

/* the last change of the rule at or before @unix_s, or the first one after it */
static int64_t rule_neighbour(const struct zone *zone, int64_t unix_s, bool after, bool *to_dst)
{
	const int32_t year = year_of(unix_s);
	int64_t found = after ? ZONE_NEVER : INT64_MIN;

	/* a change may lie a week from its day, thus in another year */
	for (int32_t y = year - 1; y <= year + 1; y++) {
		for (unsigned k = 0; k < 2; k++) {
			const int64_t at = rule_change(zone, y, k == 0);

			if (after ? at <= unix_s || at >= found : at > unix_s || at < found)
				continue;
			/* begin and end at one moment: daylight-saving time all year */
			if (at == found && k == 1)
				continue;
			found = at;
			*to_dst = k == 0;
		}
	}
	return found;
}

static int64_t clamped(int64_t unix_s)
{
	return unix_s < EARLIEST_S ? EARLIEST_S : unix_s > LATEST_S ? LATEST_S : unix_s;
}

int32_t zone_offset_s(const struct zone *zone, int64_t unix_s)
{
	unsigned i = zone->n;
	bool dst = false;

	unix_s = clamped(unix_s);
	if (by_rule(zone, unix_s)) {
		if (zone->has_dst)
			(void)rule_neighbour(zone, unix_s, false, &dst);
		return dst ? zone->dst_s : zone->std_s;
	}
	while (i > 0 && unix_s < zone->at[i - 1])
		i--;
	return i ? zone->offset_s[i - 1] : zone->before_s;
}

int64_t zone_next_change(const struct zone *zone, int64_t unix_s)
{
	bool to_dst;

	unix_s = clamped(unix_s);
	for (unsigned i = 0; i < zone->n; i++) {
		if (zone->at[i] > unix_s)
			return zone->at[i];
	}
	if (!zone->has_rule || !zone->has_dst)
		return ZONE_NEVER;
	return rule_neighbour(zone, unix_s, true, &to_dst);
}

struct zone_local zone_local(const struct zone *zone, int64_t unix_s)
{
	const int64_t local_s = unix_s + zone_offset_s(zone, unix_s);
	const int64_t day = floor_div(local_s, DAY_S);

	return (struct zone_local){.day = day, .weekday = weekday_of(day), .day_s = (uint32_t)(local_s - day * DAY_S)};
}

int64_t zone_unix(const struct zone *zone, int64_t day, uint32_t day_s)
{
	const int64_t local_s = day * DAY_S + day_s;
	int64_t from = local_s - OFFSET_MOST_S; /* the clocks do not show it yet, wherever they are */

	for (unsigned i = 0; i < SEGMENTS_MOST; i++) {
		const int64_t at = local_s - zone_offset_s(zone, from);
		const int64_t change = zone_next_change(zone, from);

		if (at <= from) /* the change at `from` left it out */
			return from;
		if (at < change)
			return at;
		from = change;
	}
	return local_s - zone_offset_s(zone, local_s);
}
