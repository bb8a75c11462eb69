#include "gatewayd/ctl/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_S 315360000ull /* ten years ahead: more is a slip of the pen */

bool when_relative(const char *text)
{
	return text[0] == '+';
}

bool when_not_ahead(const char *text)
{
	if (text[0] != '-' && text[0] != '+')
		return false;
	return text[1] >= '0' && text[1] <= '9' && (text[0] == '-' || strtoull(text + 1, NULL, 10) == 0);
}

static bool relative(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	unsigned long long n;
	char *rest;

	if (text[1] < '0' || text[1] > '9')
		return false;
	n = strtoull(text + 1, &rest, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (rest[0] != units[i].unit || rest[1] || n > MOST_S / units[i].seconds)
			continue;
		*unix_s = now_unix_s + n * units[i].seconds;
		return true;
	}
	return false;
}

/* "Z", "+01:00", "-0530"; Return: false if it is none */
static bool zone(const char *text, long *offset_s)
{
	unsigned hours, minutes;
	int n = 0;

	*offset_s = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if ((text[0] != '+' && text[0] != '-') ||
	    (sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &n) != 2 &&
	     sscanf(text + 1, "%2u%2u%n", &hours, &minutes, &n) != 2) ||
	    text[1 + n] || hours > 23 || minutes > 59)
		return false;
	*offset_s = (text[0] == '-' ? -1 : 1) * (long)(hours * 3600 + minutes * 60);
	return true;
}

static bool is_the_same(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
	       a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

bool when_parse(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	struct tm tm, asked;
	const char *rest;
	long offset_s = 0;
	time_t at;

	if (when_relative(text))
		return relative(text, now_unix_s, unix_s);
	memset(&tm, 0, sizeof(tm));
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest) {
		memset(&tm, 0, sizeof(tm));
		rest = strptime(text, "%Y-%m-%dT%H:%M", &tm);
	}
	if (!rest || (*rest && !zone(rest, &offset_s)))
		return false;
	asked = tm;
	tm.tm_isdst = -1;
	at = *rest ? timegm(&tm) : mktime(&tm);
	/* the 31st of February is some day of March to both */
	if (!is_the_same(&asked, &tm) || at < 0 || (*rest && at < offset_s))
		return false;
	*unix_s = (uint64_t)(*rest ? at - offset_s : at);
	return true;
}
