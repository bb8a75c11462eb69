#include "sim/oem_backend/ctl/spec.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metadata.pb-c.h"
#include "sim/oem_backend/ctl/spec_windows.h"
#include "sim/oem_backend/ctl/when.h"
#include "sim/oem_backend/words.h"

#define TEXT(key, flags, type, member, max) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 1, max)

static const cyaml_schema_field_t window_fields[] = {
    TEXT("start", 0, struct spec_window, start, 40),
    TEXT("end", 0, struct spec_window, end, 40),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t target_fields[] = {
    TEXT("ecu", 0, struct spec_target, ecu, 64),
    TEXT("hardware_id", CYAML_FLAG_OPTIONAL, struct spec_target, hardware_id, 64),
    TEXT("serial_number", CYAML_FLAG_OPTIONAL, struct spec_target, serial, 64),
    TEXT("component", 0, struct spec_target, component, 64),
    TEXT("rollback", CYAML_FLAG_OPTIONAL, struct spec_target, rollback, 4000),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t target_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct spec_target, target_fields),
};

static const cyaml_schema_field_t condition_fields[] = {
    TEXT("kind", 0, struct spec_condition, kind, 39),
    CYAML_FIELD_UINT("value", CYAML_FLAG_OPTIONAL, struct spec_condition, value),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t condition_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct spec_condition, condition_fields),
};

static const cyaml_schema_value_t id_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 64),
};

/* all optional: flags may complete what the file leaves open */
static const cyaml_schema_field_t spec_fields[] = {
    TEXT("id", CYAML_FLAG_OPTIONAL, struct spec, id, 64),
    TEXT("vehicle", CYAML_FLAG_OPTIONAL, struct spec, vehicle, 64),
    TEXT("manifest", CYAML_FLAG_OPTIONAL, struct spec, manifest, 4000),
    CYAML_FIELD_MAPPING("window", CYAML_FLAG_OPTIONAL, struct spec, window, window_fields),
    CYAML_FIELD_SEQUENCE("recurring", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct spec, recurring,
			 &spec_recurrence_schema, 0, SPEC_MAX_RECURRING),
    TEXT("deadline", CYAML_FLAG_OPTIONAL, struct spec, deadline, 40),
    CYAML_FIELD_UINT("retry_pause_s", CYAML_FLAG_OPTIONAL, struct spec, retry_pause_s),
    TEXT("urgency", CYAML_FLAG_OPTIONAL, struct spec, urgency, 39),
    TEXT("mode", CYAML_FLAG_OPTIONAL, struct spec, mode, 39),
    CYAML_FIELD_BOOL("consent_required", CYAML_FLAG_OPTIONAL, struct spec, consent_required),
    CYAML_FIELD_SEQUENCE("supersedes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct spec, supersedes, &id_schema, 0,
			 8),
    CYAML_FIELD_SEQUENCE("conditions", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct spec, conditions,
			 &condition_schema, 0, 16),
    CYAML_FIELD_SEQUENCE("targets", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct spec, targets, &target_schema, 0,
			 SPEC_MAX_TARGETS),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t spec_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct spec, spec_fields),
};

/* a tool that has no memory for a command line cannot go on */
static void *grown(void *old, size_t size)
{
	void *made = realloc(old, size);

	if (!made) {
		fputs("oemctl: out of memory\n", stderr);
		exit(1);
	}
	return made;
}

struct spec *spec_new(void)
{
	struct spec *self = grown(NULL, sizeof *self);

	memset(self, 0, sizeof *self);
	return self;
}

void spec_set(char **field, const char *value)
{
	size_t n = strlen(value) + 1;
	char *copy = grown(NULL, n);

	memcpy(copy, value, n);
	free(*field);
	*field = copy;
}

static void resolve(char **path, const char *folder)
{
	char *joined;

	if ((*path)[0] == '/')
		return;
	size_t n = strlen(folder) + strlen(*path) + 2;
	joined = grown(NULL, n);
	snprintf(joined, n, "%s/%s", folder, *path);
	free(*path);
	*path = joined;
}

/* what the schema cannot say, while line and key are still known */
static int check(const struct spec *spec, const struct yaml_doc *doc, struct yaml_error *error)
{
	const char *const times[] = {spec->window.start, spec->window.end, spec->deadline};
	static const char *const time_keys[] = {"window.start", "window.end", "deadline"};
	uint64_t unix_s;
	int value;

	for (size_t i = 0; i < 3; i++) {
		if (times[i] && !when_parse(times[i], 0, &unix_s))
			return yaml_error_at(doc, error, time_keys[i], "\"%s\" is no time; " WHEN_HELP, times[i]);
	}
	if (spec->urgency && (!word_parse(&gu__urgency__descriptor, spec->urgency, &value) || value == 0))
		return yaml_error_at(doc, error, "urgency", "must be low, normal, high or critical, is \"%s\"",
				     spec->urgency);
	if (spec->mode && (!word_parse(&gu__update_mode__descriptor, spec->mode, &value) || value == 0))
		return yaml_error_at(doc, error, "mode",
				     "must be client_initiated, server_initiated or negotiated, is \"%s\"", spec->mode);
	for (unsigned i = 0; i < spec->recurring_count; i++) {
		const char *wrong = spec_check_recurrence(&spec->recurring[i]);
		char key[40];

		snprintf(key, sizeof key, "recurring[%u].start", i);
		if (wrong)
			return yaml_error_at(doc, error, key, "%s, is \"%s\"", wrong, spec->recurring[i].start);
	}
	for (unsigned i = 0; i < spec->conditions_count; i++) {
		const char *kind = spec->conditions[i].kind;
		char key[40];

		if (word_parse(&gu__condition_kind__descriptor, kind, &value) && value != 0)
			continue;
		snprintf(key, sizeof key, "conditions[%u].kind", i);
		return yaml_error_at(doc, error, key,
				     "must be ignition_off, ignition_on, standstill, battery_min_mv, gear_park, "
				     "parking_brake_set, charge_min_percent or charging, is \"%s\"",
				     kind);
	}
	return 0;
}

int spec_load(const char *path, struct spec **spec, struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	void *data = NULL;
	char folder_of[4096];
	uint8_t digest[32];
	int status = yaml_load_file(path, &spec_schema, &data, &doc, error);

	if (status)
		return status;
	struct spec *self = data;
	status = check(self, doc, error);
	self->consent_given = yaml_has(doc, "consent_required");
	yaml_doc_free(doc);
	if (status) {
		spec_free(self);
		return status;
	}
	snprintf(folder_of, sizeof folder_of, "%s", path);
	const char *folder = dirname(folder_of);
	if (self->manifest && !hex_parse(self->manifest, digest))
		resolve(&self->manifest, folder);
	for (unsigned i = 0; i < self->targets_count; i++) {
		if (self->targets[i].rollback && strcmp(self->targets[i].rollback, "none") != 0)
			resolve(&self->targets[i].rollback, folder);
	}
	*spec = self;
	return 0;
}

void spec_free(struct spec *spec)
{
	if (spec)
		yaml_free(&spec_schema, spec);
}

const char *spec_add_target(struct spec *spec, const char *text)
{
	struct spec_target target = {0};
	char *copy = NULL, *rest = NULL;
	const char *wrong = NULL;

	if (spec->targets_count == SPEC_MAX_TARGETS)
		return "too many targets";
	spec_set(&copy, text);
	for (char *word = strtok_r(copy, ",", &rest); word && !wrong; word = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(word, '=');

		if (!value || !value[1]) {
			wrong = "each part must be NAME=VALUE";
			break;
		}
		*value++ = '\0';
		char **field = strcmp(word, "ecu") == 0             ? &target.ecu
			       : strcmp(word, "hardware_id") == 0   ? &target.hardware_id
			       : strcmp(word, "serial_number") == 0 ? &target.serial
			       : strcmp(word, "component") == 0     ? &target.component
			       : strcmp(word, "rollback") == 0      ? &target.rollback
								    : NULL;
		if (field)
			spec_set(field, value);
		else
			wrong = "the parts are ecu, hardware_id, serial_number, component and rollback";
	}
	free(copy);
	if (!wrong && (!target.ecu || !target.component))
		wrong = "a target needs ecu= and component=";
	spec->targets = grown(spec->targets, (spec->targets_count + 1) * sizeof *spec->targets);
	spec->targets[spec->targets_count++] = target; /* also a wrong one, to be freed with the rest */
	return wrong;
}

const char *spec_add_condition(struct spec *spec, const char *text)
{
	struct spec_condition condition = {0};
	const char *equals = strchr(text, '=');
	char *end = NULL;

	if (spec->conditions_count == 16)
		return "too many conditions";
	spec_set(&condition.kind, text);
	if (equals) {
		unsigned long value = strtoul(equals + 1, &end, 10);

		condition.kind[equals - text] = '\0';
		condition.value = (uint32_t)value;
		if (end == equals + 1 || *end || value > UINT32_MAX)
			end = NULL;
	}
	spec->conditions = grown(spec->conditions, (spec->conditions_count + 1) * sizeof *spec->conditions);
	spec->conditions[spec->conditions_count++] = condition;
	return equals && !end ? "the value must be a whole number" : NULL;
}

void spec_add_supersedes(struct spec *spec, const char *id)
{
	spec->supersedes = grown(spec->supersedes, (spec->supersedes_count + 1) * sizeof *spec->supersedes);
	spec->supersedes[spec->supersedes_count] = NULL;
	spec_set(&spec->supersedes[spec->supersedes_count++], id);
}

const char *spec_missing(const struct spec *spec)
{
	return !spec->id              ? "id"
	       : !spec->vehicle       ? "vehicle"
	       : !spec->manifest      ? "manifest"
	       : !spec->window.start  ? "window.start"
	       : !spec->window.end    ? "window.end"
	       : !spec->targets_count ? "targets"
				      : NULL;
}
