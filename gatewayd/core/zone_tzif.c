/* zone_tzif - the files of the IANA time zone data base (RFC 9636), and the rule at their end. See zone.h. */
#include <string.h>
#include "gatewayd/core/zone.h"

#define HEADER_BYTES  44u
#define MOST_CHANGES  4096u /* of a file; the largest of today has 243 */
#define MOST_TYPES    256u
#define MOST_CHARS    1024u
#define SINCE_S       INT64_C(1577836800) /* 2020-01-01: nothing is installed before */
#define OFFSET_MOST_S 93600
#define WEEK_S        604800

/* what is left of the bytes; one read beyond the end spoils it for good */
struct input {
	const uint8_t *bytes;
	size_t n;
	bool bad;
};

static const uint8_t *take(struct input *in, size_t n)
{
	const uint8_t *bytes = in->bytes;

	if (in->bad || n > in->n) {
		in->bad = true;
		return NULL;
	}
	in->bytes += n;
	in->n -= n;
	return bytes;
}

static uint32_t u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t i64(const uint8_t *bytes)
{
	return (int64_t)((uint64_t)u32(bytes) << 32 | u32(bytes + 4));
}

struct counts {
	uint32_t ut, std, leap, time, type, chars;
};

static bool read_header(struct input *in, struct counts *counts)
{
	const uint8_t *h = take(in, HEADER_BYTES);

	if (!h || memcmp(h, "TZif", 4) || h[4] < '2')
		return false;
	*counts = (struct counts){u32(h + 20), u32(h + 24), u32(h + 28), u32(h + 32), u32(h + 36), u32(h + 40)};
	return counts->time <= MOST_CHANGES && counts->type <= MOST_TYPES && counts->chars <= MOST_CHARS &&
	       counts->leap <= MOST_CHANGES && counts->ut <= counts->type && counts->std <= counts->type;
}

/* Return: offset of a type; OFFSET_MOST_S if there is none such */
static int32_t offset_of(const uint8_t *types, uint32_t n_types, uint8_t type)
{
	const int32_t offset = type < n_types ? (int32_t)u32(types + 6u * type) : OFFSET_MOST_S;

	return offset > -OFFSET_MOST_S && offset < OFFSET_MOST_S ? offset : OFFSET_MOST_S;
}

/* the changes since 2020; what was before them is one offset */
static bool read_changes(struct zone *zone, const uint8_t *times, const uint8_t *kinds, uint32_t n,
			 const uint8_t *types, uint32_t n_types)
{
	zone->before_s = offset_of(types, n_types, 0);
	if (zone->before_s == OFFSET_MOST_S)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const int64_t at = i64(times + 8u * i);
		const int32_t offset = offset_of(types, n_types, kinds[i]);

		if (offset == OFFSET_MOST_S || (i > 0 && at <= i64(times + 8u * (i - 1))))
			return false;
		if (at <= SINCE_S) {
			zone->before_s = offset;
			continue;
		}
		if (zone->n == ZONE_MAX_CHANGES)
			return false;
		zone->at[zone->n] = at;
		zone->offset_s[zone->n++] = offset;
	}
	return true;
}

/* the text between two line ends, after the data */
static bool read_rule(struct zone *zone, struct input *in)
{
	const uint8_t *end;

	if (!take(in, 1) || in->bytes[-1] != '\n')
		return false;
	end = memchr(in->bytes, '\n', in->n);
	if (!end)
		return false;
	/* empty: nobody knows what comes after the last change; it stays */
	return end == in->bytes || zone_parse_rule(zone, (const char *)in->bytes, (size_t)(end - in->bytes));
}

/* changes at the end that the rule makes as well are not kept: fat files list those until 2037 */
static void drop_ruled(struct zone *zone)
{
	while (zone->n > 1 && zone->has_rule) {
		struct zone less = *zone;

		less.n--;
		if (zone_next_change(&less, less.at[less.n - 1]) != zone->at[zone->n - 1] ||
		    zone_offset_s(&less, zone->at[zone->n - 1]) != zone->offset_s[zone->n - 1])
			return;
		zone->n--;
	}
}

static bool parse(struct zone *zone, struct input *in)
{
	struct counts c;
	const uint8_t *times, *kinds, *types;

	if (!read_header(in, &c))
		return false;
	/* the first block has times of 32 bits, for readers of version 1 */
	if (!take(in, (size_t)c.time * 5 + (size_t)c.type * 6 + c.chars + (size_t)c.leap * 8 + c.std + c.ut) ||
	    !read_header(in, &c) || !c.type || c.leap)
		return false;
	times = take(in, (size_t)c.time * 8);
	kinds = take(in, c.time);
	types = take(in, (size_t)c.type * 6);
	if (!take(in, (size_t)c.chars + c.std + c.ut) || !types || !kinds)
		return false;
	return read_changes(zone, times, kinds, c.time, types, c.type) && read_rule(zone, in);
}

bool zone_parse(struct zone *zone, const uint8_t *bytes, size_t n)
{
	struct input in = {bytes, n, false};

	memset(zone, 0, sizeof *zone);
	if (!parse(zone, &in)) {
		memset(zone, 0, sizeof *zone);
		return false;
	}
	drop_ruled(zone);
	zone->known = true;
	return true;
}

/* --- the rule */

struct text {
	const char *at;
	const char *end;
};

static bool accept(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "CET" or "<+0130>" */
static bool skip_name(struct text *t)
{
	const bool quoted = accept(t, '<');
	const char *from = t->at;

	while (t->at < t->end &&
	       (is_letter(*t->at) || (quoted && (is_digit(*t->at) || *t->at == '+' || *t->at == '-'))))
		t->at++;
	return t->at - from >= 3 && (!quoted || accept(t, '>'));
}

static bool number(struct text *t, uint32_t max, uint32_t *value)
{
	uint32_t v = 0;
	const char *from = t->at;

	for (; t->at < t->end && is_digit(*t->at) && t->at - from < 4; t->at++)
		v = v * 10 + (uint32_t)(*t->at - '0');
	*value = v;
	return t->at != from && v <= max;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool clock_time(struct text *t, uint32_t max_hours, int32_t *seconds)
{
	const bool minus = accept(t, '-');
	uint32_t h, m = 0, s = 0;

	if (!minus)
		(void)accept(t, '+');
	if (!number(t, max_hours, &h) ||
	    (accept(t, ':') && (!number(t, 59, &m) || (accept(t, ':') && !number(t, 59, &s)))))
		return false;
	*seconds = (int32_t)(h * 3600 + m * 60 + s);
	if (minus)
		*seconds = -*seconds;
	return true;
}

/* ",M3.5.0/2" */
static bool change_rule(struct text *t, struct zone_rule *rule)
{
	uint32_t month = 0, week = 0, day;

	if (!accept(t, ','))
		return false;
	if (accept(t, 'M')) {
		rule->kind = ZONE_DAY_OF_MONTH;
		if (!number(t, 12, &month) || month < 1 || !accept(t, '.') || !number(t, 5, &week) || week < 1 ||
		    !accept(t, '.') || !number(t, 6, &day))
			return false;
	} else if (accept(t, 'J')) {
		rule->kind = ZONE_DAY_JULIAN;
		if (!number(t, 365, &day) || day < 1)
			return false;
	} else {
		rule->kind = ZONE_DAY_OF_YEAR;
		if (!number(t, 365, &day))
			return false;
	}
	rule->month = (uint8_t)month;
	rule->week = (uint8_t)week;
	rule->day = (uint16_t)day;
	rule->time_s = 7200;
	return !accept(t, '/') || (clock_time(t, 167, &rule->time_s) && rule->time_s < WEEK_S);
}

bool zone_parse_rule(struct zone *zone, const char *text, size_t n)
{
	struct text t = {text, text + n};
	struct zone_rule begin = {0}, end = {0};
	int32_t std_s, dst_s = 0;
	bool has_dst;

	if (!skip_name(&t) || !clock_time(&t, 24, &std_s))
		return false;
	std_s = -std_s; /* POSIX counts west of Greenwich */
	has_dst = t.at != t.end;
	if (has_dst) {
		if (!skip_name(&t))
			return false;
		dst_s = std_s + 3600;
		if (t.at != t.end && *t.at != ',') {
			if (!clock_time(&t, 24, &dst_s))
				return false;
			dst_s = -dst_s;
		}
		if (!change_rule(&t, &begin) || !change_rule(&t, &end) || t.at != t.end)
			return false;
	}
	zone->has_rule = true;
	zone->has_dst = has_dst;
	zone->std_s = std_s;
	zone->dst_s = dst_s;
	zone->begin = begin;
	zone->end = end;
	return true;
}
