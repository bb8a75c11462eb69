#include "sim/oem_backend/ctl/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LONGEST_S (100u * 366u * 86400ull)

static bool parse_relative(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	unsigned long long n = strtoull(text, &end, 10);
	uint64_t unit = strcmp(end, "s") == 0   ? 1
			: strcmp(end, "m") == 0 ? 60
			: strcmp(end, "h") == 0 ? 3600
			: strcmp(end, "d") == 0 ? 86400
						: 0;
	if (unit == 0 || n > LONGEST_S / unit)
		return false;
	*unix_s = now_unix_s + n * unit;
	return true;
}

static bool parse_offset(const char *text, int64_t *offset_s)
{
	unsigned hours, minutes;
	int n = 0;

	if (strcmp(text, "Z") == 0) {
		*offset_s = 0;
		return true;
	}
	if ((text[0] != '+' && text[0] != '-') || sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &n) != 2 || n != 5 ||
	    text[6] || hours > 14 || minutes > 59)
		return false;
	*offset_s = (int64_t)(hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
	return true;
}

bool when_parse(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	struct tm tm = {0}, again;
	int64_t offset_s;
	int n = 0;

	if (text[0] == '+')
		return parse_relative(text + 1, now_unix_s, unix_s);
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec, &n) != 6 ||
	    n != 19 || !parse_offset(text + n, &offset_s))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	again = tm;
	time_t when = timegm(&again);
	/* timegm takes the 31st of a month of 30 days for the next month's first */
	if (again.tm_mday != tm.tm_mday || again.tm_mon != tm.tm_mon || again.tm_hour != tm.tm_hour ||
	    again.tm_min != tm.tm_min || again.tm_sec != tm.tm_sec || (int64_t)when - offset_s < 0)
		return false;
	*unix_s = (uint64_t)((int64_t)when - offset_s);
	return true;
}
