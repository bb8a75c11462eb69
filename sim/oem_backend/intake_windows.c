/* intake_windows - see intake_windows.h. */
#include "sim/oem_backend/intake_windows.h"

#include <stdio.h>
#include <string.h>

#include "proto/validate.h"

void intake_feature(Gu__Campaign *campaign, struct intake_windows *self, const char *name)
{
	const size_t n = campaign->n_required_features;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(self->names[i], name) == 0)
			return;
	}
	snprintf(self->names[n], sizeof self->names[n], "%s", name);
	self->features[n] = self->names[n];
	campaign->n_required_features = n + 1;
}

static uint32_t number(const struct json_read *request, size_t i, const char *key)
{
	uint64_t value = 0;
	char path[64];

	snprintf(path, sizeof path, "$.recurring[%zu].%s", i, key);
	if (!json_read_uint(request, path, &value) || value > UINT32_MAX)
		return UINT32_MAX; /* beyond every limit */
	return (uint32_t)value;
}

const char *intake_windows_read(const struct json_read *request, Gu__Campaign *campaign, struct intake_windows *self)
{
	const size_t n = json_read_count(request, "$.recurring");
	char path[64];

	campaign->n_required_features = 0;
	campaign->required_features = self->features;
	intake_feature(campaign, self, "base-1");
	if (n > INTAKE_MAX_RECURRING)
		return "more than 8 recurring windows";
	for (size_t i = 0; i < n; i++) {
		Gu__Recurrence *r = &self->recurring[i];

		gu__recurrence__init(r);
		snprintf(path, sizeof path, "$.recurring[%zu].time_zone", i);
		if (!json_read_text(request, path, self->zones[i], sizeof self->zones[i]))
			return "a recurring window needs a time zone of at most 64 bytes";
		r->time_zone = self->zones[i];
		r->days = number(request, i, "days");
		r->start_minute = number(request, i, "start_minute");
		r->duration_s = number(request, i, "duration_s");
		self->list[i] = r;
	}
	if (n) {
		campaign->recurring = self->list;
		campaign->n_recurring = n;
		intake_feature(campaign, self, VALIDATE_WINDOWS_RECURRING);
	}
	return NULL;
}

static void show_number(struct json *answer, const char *key, uint64_t value)
{
	json_key(answer, key);
	json_uint(answer, value);
}

void intake_windows_show(const Gu__Campaign *campaign, struct json *answer)
{
	json_key(answer, "recurring");
	json_array(answer);
	for (size_t i = 0; i < campaign->n_recurring; i++) {
		const Gu__Recurrence *r = campaign->recurring[i];

		json_object(answer);
		show_number(answer, "days", r->days);
		show_number(answer, "start_minute", r->start_minute);
		show_number(answer, "duration_s", r->duration_s);
		json_key(answer, "time_zone");
		json_string(answer, r->time_zone);
		json_object_end(answer);
	}
	json_array_end(answer);
}
