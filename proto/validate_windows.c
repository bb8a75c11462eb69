/* validate_windows - when a campaign may be installed, beyond its absolute window. See validate.h. */
#include <stdio.h>
#include <string.h>
#include "proto/validate.h"

#define MAX_RECURRING 8u
#define ALL_DAYS      0x7fu
#define MIN_SECONDS   60u
#define DAY_S         86400u

static bool invalid(struct check *check, const char *name, const char *text)
{
	return check_fail(check, ENVELOPE_INVALID, name, text);
}

/* a reader without the feature would skip the field and install at any time of the window */
static bool validate_named(struct check *check, const Gu__Campaign *campaign, const char *field, const char *feature)
{
	char words[80];

	for (size_t i = 0; i < campaign->n_required_features; i++) {
		if (strcmp(campaign->required_features[i], feature) == 0)
			return true;
	}
	snprintf(words, sizeof words, "needs the required feature %.40s", feature);
	return invalid(check, field, words);
}

static bool is_zone_name(const char *name)
{
	const size_t n = strlen(name);

	/* which there are is for the reader to know; here it is what may name a file below a folder */
	return n >= 1 && n <= 64 && name[0] != '/' && name[n - 1] != '/' && !strstr(name, "//") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/") == n;
}

static bool validate_recurrence(struct check *check, const Gu__Recurrence *recurrence)
{
	if (!recurrence->days || recurrence->days > ALL_DAYS)
		return invalid(check, "days", "must name one of seven days at least");
	if (recurrence->start_minute >= DAY_S / 60)
		return invalid(check, "start_minute", "must be 0..1439");
	if (recurrence->duration_s < MIN_SECONDS || recurrence->duration_s > DAY_S)
		return invalid(check, "duration_s", "must be 60..86400");
	return is_zone_name(recurrence->time_zone) ||
	       invalid(check, "time_zone", "must be a name like Europe/Berlin, at most 64 bytes");
}

bool validate_times(struct check *check, const Gu__Campaign *campaign)
{
	if (!validate_count(check, "recurring", campaign->n_recurring, 0, MAX_RECURRING))
		return false;
	if (campaign->n_recurring && !validate_named(check, campaign, "recurring", VALIDATE_WINDOWS_RECURRING))
		return false;
	for (size_t i = 0; i < campaign->n_recurring; i++) {
		size_t mark = check_enter_at(check, "recurring", i);

		if (!validate_recurrence(check, campaign->recurring[i]))
			return false;
		check_leave(check, mark);
	}
	if (campaign->deadline_unix_s && !validate_named(check, campaign, "deadline_unix_s", VALIDATE_DEADLINE))
		return false;
	if (campaign->deadline_unix_s && campaign->deadline_unix_s <= campaign->window->start_unix_s)
		return invalid(check, "deadline_unix_s", "not after the window's start");
	return campaign->retry_pause_s <= DAY_S || invalid(check, "retry_pause_s", "must be at most 86400");
}
