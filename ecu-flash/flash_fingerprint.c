/* What is written into the fingerprint: fixed bytes, or parts that name the day, the tester and the shop. */
#include "ecu-flash/flash_run_priv.h"

#include <string.h>

struct day {
	unsigned year, month, day;
};

/* the proleptic Gregorian calendar, counted in eras of 400 years that begin on the 1st of March */
static struct day day_of(uint64_t unix_s)
{
	uint64_t days = unix_s / 86400 + 719468;
	uint64_t era = days / 146097;
	unsigned of_era = (unsigned)(days % 146097);
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153; /* 0 is March */
	struct day d = {.day = of_year - (153 * month + 2) / 5 + 1, .month = month < 10 ? month + 3 : month - 9};

	d.year = (unsigned)(era * 400) + year + (d.month <= 2);
	return d;
}

static uint8_t bcd(unsigned n)
{
	return (uint8_t)(n / 10 % 10 << 4 | n % 10);
}

static void add_date(const struct profile_part *part, uint64_t unix_s, uint8_t *out)
{
	struct day d = day_of(unix_s);

	memset(out, 0, part->n);
	if (!unix_s)
		return;
	if (part->kind == PROFILE_PART_DATE_YYYYMMDD)
		*out++ = bcd(d.year / 100);
	out[0] = bcd(d.year % 100);
	out[1] = bcd(d.month);
	out[2] = bcd(d.day);
}

static void add_text(const struct profile_part *part, const char *text, uint8_t *out)
{
	size_t n = strlen(text);

	memset(out, ' ', part->n);
	memcpy(out, text, n < part->n ? n : part->n);
}

size_t flash_fingerprint(const struct profile *profile, const struct flash_origin *origin, uint8_t *out)
{
	size_t n = 0;

	if (!profile->n_parts) {
		memcpy(out, profile->fingerprint, profile->n_fingerprint);
		return profile->n_fingerprint;
	}
	for (uint8_t i = 0; i < profile->n_parts; i++) {
		const struct profile_part *part = &profile->parts[i];

		switch (part->kind) {
		case PROFILE_PART_BYTES:
			memcpy(out + n, profile->fingerprint + part->at, part->n);
			break;
		case PROFILE_PART_DATE_YYMMDD:
		case PROFILE_PART_DATE_YYYYMMDD:
			add_date(part, origin->unix_s, out + n);
			break;
		case PROFILE_PART_TESTER_SERIAL:
			add_text(part, origin->tester_serial, out + n);
			break;
		case PROFILE_PART_SHOP_CODE:
			add_text(part, origin->shop_code, out + n);
			break;
		}
		n += part->n;
	}
	return n;
}
