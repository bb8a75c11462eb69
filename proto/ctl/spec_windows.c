/* spec_windows - when a campaign may be installed beyond its absolute window: what recurs each week. See spec.h. */
#include <stdio.h>
#include <string.h>

#include "proto/ctl/spec.h"

/* bits of Recurrence.days */
static const cyaml_strval_t day_words[] = {
    {"mon", 1 << 0}, {"tue", 1 << 1}, {"wed", 1 << 2}, {"thu", 1 << 3},
    {"fri", 1 << 4}, {"sat", 1 << 5}, {"sun", 1 << 6}, {"daily", 0x7f},
};
static const cyaml_schema_field_t recurrence_fields[] = {
    CYAML_FIELD_FLAGS("days", CYAML_FLAG_STRICT, struct spec_recurrence, days, day_words, 8),
    CYAML_FIELD_STRING_PTR("start", CYAML_FLAG_POINTER, struct spec_recurrence, start, 1, CYAML_UNLIMITED),
    CYAML_FIELD_UINT("duration_s", CYAML_FLAG_DEFAULT, struct spec_recurrence, duration_s),
    CYAML_FIELD_STRING_PTR("time_zone", CYAML_FLAG_POINTER, struct spec_recurrence, time_zone, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t spec_recurrence_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct spec_recurrence, recurrence_fields),
};

/* "22:30" */
static bool time_of_day(const char *text, uint32_t *minute)
{
	const char *digits = "0123456789";

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, digits) != 2 || strspn(text + 3, digits) != 2)
		return false;
	*minute = (uint32_t)(((text[0] - '0') * 10 + (text[1] - '0')) * 60 + (text[3] - '0') * 10 + (text[4] - '0'));
	return text[3] < '6' && *minute < 24 * 60;
}

Gu__Recurrence **spec_recurring(const struct spec *self, const char *key, const struct spec_recurrence *list, size_t n)
{
	Gu__Recurrence **out = arena_take(self->arena, n + 1, sizeof *out);
	char at[100];

	for (size_t i = 0; i < n; i++) {
		out[i] = arena_take(self->arena, 1, sizeof **out);
		gu__recurrence__init(out[i]);
		out[i]->days = (uint32_t)list[i].days;
		out[i]->duration_s = list[i].duration_s;
		out[i]->time_zone = arena_text(self->arena, list[i].time_zone);
		if (time_of_day(list[i].start, &out[i]->start_minute))
			continue;
		snprintf(at, sizeof at, "%s[%zu].start", key, i);
		yaml_error_at(self->doc, self->error, at, "must be a time of the day (22:30), is '%.40s'",
			      list[i].start);
		return NULL;
	}
	return out;
}
