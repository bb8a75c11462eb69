/*
 * zone - local time of a place as plain values: which offset from UTC its clocks have at a moment, and at which moment
 * they show a time of day; pure. Read from the TZif files of the IANA data base (zone_tzif.c).
 *
 * A clock that is set forward leaves a time out: what would begin in the gap begins at the first moment after it. One
 * that is set back shows a time twice: the first counts.
 *
 * Sources: RFC 9636 for the files, POSIX.1-2017 XBD 8.3 for the rule at their end.
 */
#ifndef GATEWAYD_CORE_ZONE_H
#define GATEWAYD_CORE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* since 2020; what a rule says is not listed. Gaza, whose clocks follow Ramadan, changes 194 times until 2086 */
#define ZONE_MAX_CHANGES 256u
#define ZONE_NAME_BYTES  65u
#define ZONE_NEVER       INT64_MAX

enum zone_day_kind { ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_OF_MONTH };

/* when in a year the clocks change */
struct zone_rule {
	enum zone_day_kind kind;
	uint16_t day;   /* JULIAN 1..365, February 29 not counted; OF_YEAR 0..365; OF_MONTH: weekday 0..6, 0 = Sunday */
	uint8_t month;  /* OF_MONTH: 1..12 */
	uint8_t week;   /* OF_MONTH: 1..5, 5 = the last one */
	int32_t time_s; /* local time of that day, -604799..604799 */
};

struct zone {
	bool known;       /* false: nothing below counts, and no local time is known */
	bool has_rule;    /* from the last change on */
	bool has_dst;     /* of the rule */
	uint16_t n;       /* changes, in rising order */
	int32_t before_s; /* offset before the first change, east of UTC positive; all are within -93599..93599 */
	int32_t std_s;    /* of the rule: offset of standard time, and of daylight-saving time with its begin and end */
	int32_t dst_s;
	struct zone_rule begin, end;
	int64_t at[ZONE_MAX_CHANGES];
	int32_t offset_s[ZONE_MAX_CHANGES]; /* from that moment on */
};

/* a moment as the clocks of a zone show it */
struct zone_local {
	int64_t day;     /* since 1970-01-01 of the calendar there */
	uint8_t weekday; /* 0 = Monday */
	uint32_t day_s;  /* second of the day as the clock shows it, 0..86399 */
};

/* UTC; known */
void zone_utc(struct zone *zone);
/**
 * zone_parse() - a TZif file of version 2 or later
 * Return: true; false (zone is then not known) if it is malformed, counts leap seconds, or has more changes since 2020
 * than ZONE_MAX_CHANGES
 */
bool zone_parse(struct zone *zone, const uint8_t *bytes, size_t n);
/* "CET-1CEST,M3.5.0,M10.5.0/3": sets the rule of a zone. Return: false if it is malformed; the zone is as before then
 */
bool zone_parse_rule(struct zone *zone, const char *text, size_t n);
/* a name that may be looked up below a folder: parts of [A-Za-z0-9+_-] between '/', 1..64 bytes */
bool zone_name_valid(const char *name);

/* of a known zone; @unix_s within the years 0..9999 */
int32_t zone_offset_s(const struct zone *zone, int64_t unix_s);
struct zone_local zone_local(const struct zone *zone, int64_t unix_s);
/* the next change after @unix_s; ZONE_NEVER */
int64_t zone_next_change(const struct zone *zone, int64_t unix_s);
/**
 * zone_unix() - when a clock of the zone shows a time of a day for the first time, or has passed it in a gap
 * @day: since 1970-01-01, @day_s: 0..86399
 */
int64_t zone_unix(const struct zone *zone, int64_t day, uint32_t day_s);
/* year, month and day of the month to days since 1970-01-01, in the Gregorian calendar; @month 1..12 */
int64_t zone_day(int32_t year, unsigned month, unsigned day);

#endif
