/* spec_windows - see spec_windows.h. */
#include "sim/oem_backend/ctl/spec_windows.h"

#include <stdlib.h>
#include <string.h>

/* bits of Recurrence.days */
static const cyaml_strval_t day_words[] = {
    {"mon", 1 << 0}, {"tue", 1 << 1}, {"wed", 1 << 2}, {"thu", 1 << 3},
    {"fri", 1 << 4}, {"sat", 1 << 5}, {"sun", 1 << 6}, {"daily", 0x7f},
};
#define N_DAY_WORDS (sizeof day_words / sizeof day_words[0])

static const cyaml_schema_field_t recurrence_fields[] = {
    CYAML_FIELD_FLAGS("days", CYAML_FLAG_STRICT, struct spec_recurrence, days, day_words, N_DAY_WORDS),
    CYAML_FIELD_STRING_PTR("start", CYAML_FLAG_POINTER, struct spec_recurrence, start, 1, 5),
    CYAML_FIELD_UINT("duration_s", CYAML_FLAG_DEFAULT, struct spec_recurrence, duration_s),
    CYAML_FIELD_STRING_PTR("time_zone", CYAML_FLAG_POINTER, struct spec_recurrence, time_zone, 1, 64),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t spec_recurrence_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct spec_recurrence, recurrence_fields),
};

/* "22:30"; Return: minute of the day, -1 if it is none */
static int minute_of(const char *text)
{
	const char *digits = "0123456789";
	int minute;

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, digits) != 2 || strspn(text + 3, digits) != 2)
		return -1;
	minute = atoi(text) * 60 + atoi(text + 3);
	return text[3] < '6' && minute < 24 * 60 ? minute : -1;
}

/* "mon+tue" */
static bool parse_days(char *text, int *days)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
		size_t i = 0;

		while (i < N_DAY_WORDS && strcmp(day_words[i].str, word) != 0)
			i++;
		if (i == N_DAY_WORDS)
			return false;
		*days |= (int)day_words[i].val;
	}
	return *days != 0;
}

static const char *parse_part(struct spec_recurrence *recurrence, const char *name, char *value)
{
	char *end = NULL;

	if (strcmp(name, "days") == 0)
		return parse_days(value, &recurrence->days) ? NULL : "days are mon+tue+wed+thu+fri+sat+sun, or daily";
	if (strcmp(name, "start") == 0) {
		spec_set(&recurrence->start, value);
		return NULL;
	}
	if (strcmp(name, "duration_s") == 0) {
		const unsigned long seconds = strtoul(value, &end, 10);

		recurrence->duration_s = seconds <= 86400 ? (uint32_t)seconds : 0;
		return *end || seconds > 86400 ? "duration_s is a whole number, at most 86400" : NULL;
	}
	if (strcmp(name, "time_zone") == 0) {
		spec_set(&recurrence->time_zone, value);
		return NULL;
	}
	return "the parts are days, start, duration_s and time_zone";
}

const char *spec_check_recurrence(const struct spec_recurrence *recurrence)
{
	return minute_of(recurrence->start) < 0 ? "start must be a time of the day, as 22:30" : NULL;
}

const char *spec_add_recurrence(struct spec *spec, const char *text)
{
	struct spec_recurrence recurrence = {0}, *list;
	char *copy = NULL, *rest = NULL;
	const char *wrong = NULL;

	if (spec->recurring_count == SPEC_MAX_RECURRING)
		return "too many recurring windows";
	spec_set(&copy, text);
	for (char *word = strtok_r(copy, ",", &rest); word && !wrong; word = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(word, '=');

		if (!value || !value[1]) {
			wrong = "each part must be NAME=VALUE";
			break;
		}
		*value++ = '\0';
		wrong = parse_part(&recurrence, word, value);
	}
	free(copy);
	if (!wrong && (!recurrence.days || !recurrence.start || !recurrence.duration_s || !recurrence.time_zone))
		wrong = "a recurring window needs days=, start=, duration_s= and time_zone=";
	if (!wrong)
		wrong = spec_check_recurrence(&recurrence);
	list = realloc(spec->recurring, (spec->recurring_count + 1) * sizeof *list);
	if (!list) {
		free(recurrence.start);
		free(recurrence.time_zone);
		return "out of memory";
	}
	spec->recurring = list;
	spec->recurring[spec->recurring_count++] = recurrence; /* also a wrong one, to be freed with the rest */
	return wrong;
}

const char *spec_set_retry_pause(struct spec *spec, const char *text)
{
	char *end = NULL;
	const unsigned long seconds = strtoul(text, &end, 10);

	if (end == text || *end || seconds > 86400)
		return "a pause is a whole number of seconds, at most 86400";
	spec->retry_pause_s = (uint32_t)seconds;
	return NULL;
}

void spec_write_recurring(const struct spec *spec, struct json *request)
{
	json_key(request, "recurring");
	json_array(request);
	for (unsigned i = 0; i < spec->recurring_count; i++) {
		const struct spec_recurrence *r = &spec->recurring[i];

		json_object(request);
		json_key(request, "days");
		json_uint(request, (uint64_t)r->days);
		json_key(request, "start_minute");
		json_uint(request, (uint64_t)minute_of(r->start));
		json_key(request, "duration_s");
		json_uint(request, r->duration_s);
		json_key(request, "time_zone");
		json_string(request, r->time_zone);
		json_object_end(request);
	}
	json_array_end(request);
}
