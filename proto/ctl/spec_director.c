#include "proto/ctl/spec.h"

#include <stdio.h>
#include <string.h>

#include "proto/validate.h"

struct target_spec {
	char *ecu;
	char *hardware_id;
	char *serial_number;
	char *component;
	char *rollback; /* a path or "none" */
};

struct window_spec {
	char *start;
	char *end;
};

struct campaign_spec {
	char *id;
	char **required_features;
	unsigned required_features_count;
	char *manifest;
	int mode;
	int urgency;
	struct window_spec window;
	struct spec_recurrence *recurring;
	unsigned recurring_count;
	char *deadline;
	uint32_t retry_pause_s;
	struct target_spec *targets;
	unsigned targets_count;
	struct spec_condition *conditions;
	unsigned conditions_count;
	bool consent_required;
	char **supersedes;
	unsigned supersedes_count;
};

struct director_spec {
	char *vehicle_id;
	char *expires;
	char **required_features;
	unsigned required_features_count;
	struct campaign_spec *campaigns;
	unsigned campaigns_count;
};

#define OPTIONAL_TEXT (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(name, type, member, flags) \
	CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER | (flags), type, member, 1, CYAML_UNLIMITED)

static const cyaml_strval_t mode_words[] = {
    {"client_initiated", GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED},
    {"server_initiated", GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED},
    {"negotiated", GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED},
};
static const cyaml_strval_t urgency_words[] = {
    {"low", GU__URGENCY__URGENCY_LOW},
    {"normal", GU__URGENCY__URGENCY_NORMAL},
    {"high", GU__URGENCY__URGENCY_HIGH},
    {"critical", GU__URGENCY__URGENCY_CRITICAL},
};
static const cyaml_schema_field_t target_fields[] = {
    TEXT("ecu", struct target_spec, ecu, 0),
    TEXT("hardware_id", struct target_spec, hardware_id, 0),
    CYAML_FIELD_STRING_PTR("serial_number", OPTIONAL_TEXT, struct target_spec, serial_number, 0, CYAML_UNLIMITED),
    TEXT("component", struct target_spec, component, 0),
    TEXT("rollback", struct target_spec, rollback, 0),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t target_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct target_spec, target_fields),
};
static const cyaml_schema_field_t window_fields[] = {
    TEXT("start", struct window_spec, start, 0),
    TEXT("end", struct window_spec, end, 0),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t campaign_fields[] = {
    TEXT("id", struct campaign_spec, id, 0),
    CYAML_FIELD_SEQUENCE("required_features", OPTIONAL_TEXT, struct campaign_spec, required_features, &spec_text_schema,
			 0, 31),
    TEXT("manifest", struct campaign_spec, manifest, 0),
    CYAML_FIELD_ENUM("mode", CYAML_FLAG_STRICT, struct campaign_spec, mode, mode_words, 3),
    CYAML_FIELD_ENUM("urgency", CYAML_FLAG_STRICT, struct campaign_spec, urgency, urgency_words, 4),
    CYAML_FIELD_MAPPING("window", CYAML_FLAG_DEFAULT, struct campaign_spec, window, window_fields),
    CYAML_FIELD_SEQUENCE("recurring", OPTIONAL_TEXT, struct campaign_spec, recurring, &spec_recurrence_schema, 0, 8),
    TEXT("deadline", struct campaign_spec, deadline, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_UINT("retry_pause_s", CYAML_FLAG_OPTIONAL, struct campaign_spec, retry_pause_s),
    CYAML_FIELD_SEQUENCE("targets", CYAML_FLAG_POINTER, struct campaign_spec, targets, &target_schema, 1, 32),
    CYAML_FIELD_SEQUENCE("conditions", OPTIONAL_TEXT, struct campaign_spec, conditions, &spec_condition_schema, 0, 16),
    CYAML_FIELD_BOOL("consent_required", CYAML_FLAG_OPTIONAL, struct campaign_spec, consent_required),
    CYAML_FIELD_SEQUENCE("supersedes", OPTIONAL_TEXT, struct campaign_spec, supersedes, &spec_text_schema, 0, 8),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t campaign_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct campaign_spec, campaign_fields),
};
static const cyaml_schema_field_t director_fields[] = {
    TEXT("vehicle_id", struct director_spec, vehicle_id, 0),
    TEXT("expires", struct director_spec, expires, 0),
    CYAML_FIELD_SEQUENCE("required_features", OPTIONAL_TEXT, struct director_spec, required_features, &spec_text_schema,
			 0, 31),
    CYAML_FIELD_SEQUENCE("campaigns", CYAML_FLAG_POINTER, struct director_spec, campaigns, &campaign_schema, 0, 8),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t director_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct director_spec, director_fields),
};

/* that the manifest is one, and has a component for each target that fits its hardware */
static int check_manifest(const struct spec *self, size_t index, const struct campaign_spec *from)
{
	struct tool_document document;
	struct envelope_error error;
	char key[80];
	size_t n = 0;
	int r = 0;

	snprintf(key, sizeof key, "campaigns[%zu].manifest", index);
	uint8_t *bytes = spec_read(self, key, from->manifest, &n);

	if (!bytes)
		return 1;
	if (!tool_document_read(&document, bytes, n, &error))
		return yaml_error_at(self->doc, self->error, key, "%s: %s", from->manifest, error.detail);
	if (document.payload->descriptor != &gu__manifest__descriptor)
		r = yaml_error_at(self->doc, self->error, key, "%s: not a manifest", from->manifest);
	const Gu__Manifest *m = (const Gu__Manifest *)document.payload;

	for (size_t i = 0; r == 0 && i < from->targets_count; i++) {
		const struct target_spec *t = &from->targets[i];
		const Gu__Component *found = NULL;
		bool fits = false;

		for (size_t k = 0; k < m->n_components; k++) {
			if (strcmp(m->components[k]->name, t->component) == 0)
				found = m->components[k];
		}
		for (size_t k = 0; found && k < found->n_hardware_ids; k++)
			fits = fits || strcmp(found->hardware_ids[k], t->hardware_id) == 0;
		snprintf(key, sizeof key, "campaigns[%zu].targets[%zu].%s", index, i,
			 found ? "hardware_id" : "component");
		if (!found)
			r = yaml_error_at(self->doc, self->error, key, "'%.64s' is no component of %s", t->component,
					  from->manifest);
		else if (!fits)
			r = yaml_error_at(self->doc, self->error, key, "component '%.64s' does not fit '%.64s'",
					  t->component, t->hardware_id);
	}
	tool_document_free(&document);
	return r;
}

static Gu__Target *build_target(const struct spec *self, const char *key, const struct target_spec *from)
{
	Gu__Target *t = arena_take(self->arena, 1, sizeof *t);
	char rollback_key[100];

	gu__target__init(t);
	t->ecu = arena_text(self->arena, from->ecu);
	t->hardware_id = arena_text(self->arena, from->hardware_id);
	t->serial_number = arena_text(self->arena, from->serial_number);
	t->component = arena_text(self->arena, from->component);
	if (strcmp(from->rollback, "none") == 0) {
		t->rollback_case = GU__TARGET__ROLLBACK_NO_ROLLBACK;
		t->no_rollback = arena_take(self->arena, 1, sizeof *t->no_rollback);
		gu__no_rollback__init(t->no_rollback);
		return t;
	}
	snprintf(rollback_key, sizeof rollback_key, "%s.rollback", key);
	t->rollback_image = spec_file(self, rollback_key, from->rollback);
	t->rollback_case = GU__TARGET__ROLLBACK_ROLLBACK_IMAGE;
	return t->rollback_image ? t : NULL;
}

static int build_window(const struct spec *self, size_t index, const struct window_spec *from, Gu__Campaign *c)
{
	Gu__Window *w = arena_take(self->arena, 1, sizeof *w);
	char start[60];
	char end[60];

	gu__window__init(w);
	c->window = w;
	snprintf(start, sizeof start, "campaigns[%zu].window.start", index);
	snprintf(end, sizeof end, "campaigns[%zu].window.end", index);
	return spec_time(self, start, from->start, &w->start_unix_s) || spec_time(self, end, from->end, &w->end_unix_s);
}

static int build_times(const struct spec *self, size_t index, const struct campaign_spec *from, Gu__Campaign *c)
{
	char key[60];

	snprintf(key, sizeof key, "campaigns[%zu].recurring", index);
	c->recurring = spec_recurring(self, key, from->recurring, from->recurring_count);
	c->n_recurring = from->recurring_count;
	c->retry_pause_s = from->retry_pause_s;
	snprintf(key, sizeof key, "campaigns[%zu].deadline", index);
	if (!c->recurring || build_window(self, index, &from->window, c) ||
	    spec_time(self, key, from->deadline, &c->deadline_unix_s))
		return 1;
	if (c->n_recurring)
		spec_needs_feature(self, c->required_features, &c->n_required_features, VALIDATE_WINDOWS_RECURRING);
	if (c->deadline_unix_s)
		spec_needs_feature(self, c->required_features, &c->n_required_features, VALIDATE_DEADLINE);
	return 0;
}

static Gu__Campaign *build_campaign(const struct spec *self, size_t index, const struct campaign_spec *from)
{
	Gu__Campaign *c = arena_take(self->arena, 1, sizeof *c);
	char key[80];

	gu__campaign__init(c);
	snprintf(key, sizeof key, "campaigns[%zu].manifest", index);
	c->manifest = spec_file(self, key, from->manifest);
	c->required_features =
	    spec_features(self, from->required_features, from->required_features_count, &c->n_required_features);
	if (!c->manifest || check_manifest(self, index, from) || build_times(self, index, from, c))
		return NULL;
	c->id = arena_text(self->arena, from->id);
	c->mode = (Gu__UpdateMode)from->mode;
	c->urgency = (Gu__Urgency)from->urgency;
	c->conditions = spec_conditions(self, from->conditions, from->conditions_count);
	c->n_conditions = from->conditions_count;
	if (spec_has_new_conditions(from->conditions, from->conditions_count))
		spec_needs_feature(self, c->required_features, &c->n_required_features, "conditions-2");
	c->consent_required = from->consent_required;
	c->supersedes = spec_texts(self, from->supersedes, from->supersedes_count);
	c->n_supersedes = from->supersedes_count;
	c->targets = arena_take(self->arena, from->targets_count, sizeof *c->targets);
	c->n_targets = from->targets_count;
	for (size_t i = 0; i < c->n_targets; i++) {
		snprintf(key, sizeof key, "campaigns[%zu].targets[%zu]", index, i);
		c->targets[i] = build_target(self, key, &from->targets[i]);
		if (!c->targets[i])
			return NULL;
	}
	return c;
}

static int build(const struct spec *self, const struct director_spec *from, struct spec_result *out)
{
	Gu__Director *d = arena_take(self->arena, 1, sizeof *d);

	gu__director__init(d);
	d->vehicle_id = arena_text(self->arena, from->vehicle_id);
	d->issued_unix_s = self->now_unix_s;
	d->required_features =
	    spec_features(self, from->required_features, from->required_features_count, &d->n_required_features);
	if (spec_time(self, "expires", from->expires, &out->expires_unix_s))
		return 1;
	d->campaigns = arena_take(self->arena, from->campaigns_count, sizeof *d->campaigns);
	d->n_campaigns = from->campaigns_count;
	for (size_t i = 0; i < d->n_campaigns; i++) {
		d->campaigns[i] = build_campaign(self, i, &from->campaigns[i]);
		if (!d->campaigns[i])
			return 1;
	}
	out->message = &d->base;
	return spec_validate(self, out->message);
}

int spec_director(struct arena *arena, const char *path, uint64_t now_unix_s, struct spec_result *out,
		  struct yaml_error *error)
{
	void *data = NULL;
	struct yaml_doc *doc = NULL;
	int r = yaml_load_file(path, &director_schema, &data, &doc, error);

	if (r)
		return 1;
	struct spec spec = {.arena = arena, .path = path, .doc = doc, .error = error, .now_unix_s = now_unix_s};

	r = build(&spec, data, out);
	yaml_free(&director_schema, data);
	yaml_doc_free(doc);
	return r;
}
