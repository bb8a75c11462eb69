#include "proto/ctl/spec.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct segment_spec {
	uint64_t address;
	uint64_t length;
};

struct unit_spec {
	int kind;
	char *image;
	int format;
	uint64_t base_address;
	char *expected_version;
	char *check_signature;
	char **sources;
	unsigned sources_count;
	struct segment_spec *segments;
	unsigned segments_count;
};

struct component_spec {
	char *name;
	char **hardware_ids;
	unsigned hardware_ids_count;
	char *profile;
	uint64_t release_counter;
	struct spec_condition *conditions;
	unsigned conditions_count;
	char **functions_lost;
	unsigned functions_lost_count;
	int driver_return;
	uint32_t *preserve_dids;
	unsigned preserve_dids_count;
	struct unit_spec *units;
	unsigned units_count;
};

struct severity_spec {
	uint32_t score;
	bool safety_relevant;
	bool exploited_in_field;
	int change;
	char *deadline;
};

struct text_spec {
	char *language;
	char *title;
	char *body;
};

struct rxswin_spec {
	char *regulation;
	char *value;
};

struct manifest_spec {
	struct rxswin_spec *rxswin;
	unsigned rxswin_count;
	struct text_spec *texts;
	unsigned texts_count;
	char *id;
	char *description;
	uint64_t version;
	char *expires;
	char *use_before;
	char **required_features;
	unsigned required_features_count;
	struct severity_spec *severity;
	struct component_spec *components;
	unsigned components_count;
};

#define OPTIONAL_TEXT (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_strval_t kind_words[] = {
    {"ram_driver", GU__UNIT_KIND__UNIT_KIND_RAM_DRIVER},
    {"boot_loader", GU__UNIT_KIND__UNIT_KIND_BOOT_LOADER},
    {"application", GU__UNIT_KIND__UNIT_KIND_APPLICATION},
    {"data", GU__UNIT_KIND__UNIT_KIND_DATA},
};
static const cyaml_strval_t format_words[] = {
    {"raw", GU__IMAGE_FORMAT__IMAGE_FORMAT_RAW},
    {"ihex", GU__IMAGE_FORMAT__IMAGE_FORMAT_IHEX},
    {"srec", GU__IMAGE_FORMAT__IMAGE_FORMAT_SREC},
};
static const cyaml_strval_t change_words[] = {
    {"security_fix", GU__CHANGE_KIND__CHANGE_KIND_SECURITY_FIX},
    {"bug_fix", GU__CHANGE_KIND__CHANGE_KIND_BUG_FIX},
    {"feature", GU__CHANGE_KIND__CHANGE_KIND_FEATURE},
    {"configuration", GU__CHANGE_KIND__CHANGE_KIND_CONFIGURATION},
};
static const cyaml_strval_t return_words[] = {
    {"stop_at_safe_point", GU__DRIVER_RETURN__DRIVER_RETURN_STOP_AT_SAFE_POINT},
    {"finish_inhibited", GU__DRIVER_RETURN__DRIVER_RETURN_FINISH_INHIBITED},
};
static const cyaml_schema_field_t segment_fields[] = {
    CYAML_FIELD_UINT("address", CYAML_FLAG_DEFAULT, struct segment_spec, address),
    CYAML_FIELD_UINT("length", CYAML_FLAG_DEFAULT, struct segment_spec, length),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t segment_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct segment_spec, segment_fields),
};
static const cyaml_schema_field_t unit_fields[] = {
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct unit_spec, kind, kind_words, 4),
    CYAML_FIELD_STRING_PTR("image", CYAML_FLAG_POINTER, struct unit_spec, image, 1, CYAML_UNLIMITED),
    CYAML_FIELD_ENUM("format", CYAML_FLAG_STRICT, struct unit_spec, format, format_words, 3),
    CYAML_FIELD_UINT("base_address", CYAML_FLAG_OPTIONAL, struct unit_spec, base_address),
    CYAML_FIELD_STRING_PTR("expected_version", OPTIONAL_TEXT, struct unit_spec, expected_version, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("check_signature", OPTIONAL_TEXT, struct unit_spec, check_signature, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("sources", OPTIONAL_TEXT, struct unit_spec, sources, &spec_text_schema, 0, 8),
    CYAML_FIELD_SEQUENCE("segments", OPTIONAL_TEXT, struct unit_spec, segments, &segment_schema, 0, 64),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t unit_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct unit_spec, unit_fields),
};
static const cyaml_schema_value_t did_schema = {
    CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t),
};
static const cyaml_schema_field_t component_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct component_spec, name, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("hardware_ids", CYAML_FLAG_POINTER, struct component_spec, hardware_ids, &spec_text_schema, 1,
			 16),
    CYAML_FIELD_STRING_PTR("profile", CYAML_FLAG_POINTER, struct component_spec, profile, 1, CYAML_UNLIMITED),
    CYAML_FIELD_UINT("release_counter", CYAML_FLAG_OPTIONAL, struct component_spec, release_counter),
    CYAML_FIELD_SEQUENCE("conditions", OPTIONAL_TEXT, struct component_spec, conditions, &spec_condition_schema, 0, 16),
    CYAML_FIELD_ENUM("driver_return", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct component_spec, driver_return,
		     return_words, 2),
    CYAML_FIELD_SEQUENCE("functions_lost", OPTIONAL_TEXT, struct component_spec, functions_lost, &spec_text_schema, 0,
			 8),
    CYAML_FIELD_SEQUENCE("preserve_dids", OPTIONAL_TEXT, struct component_spec, preserve_dids, &did_schema, 0, 32),
    CYAML_FIELD_SEQUENCE("units", CYAML_FLAG_POINTER, struct component_spec, units, &unit_schema, 1, 8),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t component_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct component_spec, component_fields),
};
static const cyaml_schema_field_t severity_fields[] = {
    CYAML_FIELD_UINT("score", CYAML_FLAG_OPTIONAL, struct severity_spec, score),
    CYAML_FIELD_BOOL("safety_relevant", CYAML_FLAG_OPTIONAL, struct severity_spec, safety_relevant),
    CYAML_FIELD_BOOL("exploited_in_field", CYAML_FLAG_OPTIONAL, struct severity_spec, exploited_in_field),
    CYAML_FIELD_ENUM("change", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct severity_spec, change, change_words, 4),
    CYAML_FIELD_STRING_PTR("deadline", OPTIONAL_TEXT, struct severity_spec, deadline, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t text_fields[] = {
    CYAML_FIELD_STRING_PTR("language", CYAML_FLAG_POINTER, struct text_spec, language, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct text_spec, title, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("body", OPTIONAL_TEXT, struct text_spec, body, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct text_spec, text_fields),
};
static const cyaml_schema_field_t rxswin_fields[] = {
    CYAML_FIELD_STRING_PTR("regulation", CYAML_FLAG_POINTER, struct rxswin_spec, regulation, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct rxswin_spec, value, 1, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t rxswin_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rxswin_spec, rxswin_fields),
};
static const cyaml_schema_field_t manifest_fields[] = {
    CYAML_FIELD_SEQUENCE("rxswin", OPTIONAL_TEXT, struct manifest_spec, rxswin, &rxswin_schema, 0, 16),
    CYAML_FIELD_SEQUENCE("texts", OPTIONAL_TEXT, struct manifest_spec, texts, &text_schema, 0, 16),
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct manifest_spec, id, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("description", OPTIONAL_TEXT, struct manifest_spec, description, 0, CYAML_UNLIMITED),
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct manifest_spec, version),
    CYAML_FIELD_STRING_PTR("expires", CYAML_FLAG_POINTER, struct manifest_spec, expires, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("use_before", OPTIONAL_TEXT, struct manifest_spec, use_before, 1, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("required_features", OPTIONAL_TEXT, struct manifest_spec, required_features, &spec_text_schema,
			 0, 31),
    CYAML_FIELD_MAPPING_PTR("severity", OPTIONAL_TEXT, struct manifest_spec, severity, severity_fields),
    CYAML_FIELD_SEQUENCE("components", CYAML_FLAG_POINTER, struct manifest_spec, components, &component_schema, 1, 32),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t manifest_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct manifest_spec, manifest_fields),
};

static Gu__Segment **build_segments(const struct spec *self, const struct unit_spec *from)
{
	Gu__Segment **out = arena_take(self->arena, from->segments_count, sizeof *out);

	for (size_t i = 0; i < from->segments_count; i++) {
		out[i] = arena_take(self->arena, 1, sizeof **out);
		gu__segment__init(out[i]);
		out[i]->address = from->segments[i].address;
		out[i]->length = from->segments[i].length;
	}
	return out;
}

/* A raw image is where its spec says. The layout of the other formats takes a decoder, which the gateway has. */
static int check_segments(const struct spec *self, const char *key, const Gu__SoftwareUnit *unit)
{
	char segments_key[100];

	if (unit->format != GU__IMAGE_FORMAT__IMAGE_FORMAT_RAW || unit->n_segments == 0)
		return 0;
	if (unit->n_segments == 1 && unit->segments[0]->address == unit->base_address &&
	    unit->segments[0]->length == unit->image->length)
		return 0;
	snprintf(segments_key, sizeof segments_key, "%s.segments", key);
	return yaml_error_at(self->doc, self->error, segments_key,
			     "this raw image is one segment of %" PRIu64 " bytes at 0x%" PRIx64, unit->image->length,
			     unit->base_address);
}

static Gu__SoftwareUnit *build_unit(const struct spec *self, const char *key, const struct unit_spec *from)
{
	Gu__SoftwareUnit *u = arena_take(self->arena, 1, sizeof *u);
	char file_key[100];

	gu__software_unit__init(u);
	snprintf(file_key, sizeof file_key, "%s.image", key);
	u->image = spec_file(self, file_key, from->image);
	if (!u->image)
		return NULL;
	if (from->check_signature) {
		snprintf(file_key, sizeof file_key, "%s.check_signature", key);
		u->check_signature.data = spec_read(self, file_key, from->check_signature, &u->check_signature.len);
		if (!u->check_signature.data)
			return NULL;
	}
	u->kind = (Gu__UnitKind)from->kind;
	u->format = (Gu__ImageFormat)from->format;
	u->base_address = from->base_address;
	u->expected_version = arena_text(self->arena, from->expected_version);
	u->sources = spec_texts(self, from->sources, from->sources_count);
	u->n_sources = from->sources_count;
	u->segments = build_segments(self, from);
	u->n_segments = from->segments_count;
	if (check_segments(self, key, u))
		return NULL;
	return u;
}

static Gu__Component *build_component(const struct spec *self, size_t index, const struct component_spec *from)
{
	Gu__Component *c = arena_take(self->arena, 1, sizeof *c);
	char key[80];

	gu__component__init(c);
	snprintf(key, sizeof key, "components[%zu].profile", index);
	c->profile = spec_file(self, key, from->profile);
	if (!c->profile)
		return NULL;
	c->name = arena_text(self->arena, from->name);
	c->hardware_ids = spec_texts(self, from->hardware_ids, from->hardware_ids_count);
	c->n_hardware_ids = from->hardware_ids_count;
	c->conditions = spec_conditions(self, from->conditions, from->conditions_count);
	c->n_conditions = from->conditions_count;
	c->driver_return = (Gu__DriverReturn)from->driver_return;
	c->functions_lost = spec_texts(self, from->functions_lost, from->functions_lost_count);
	c->n_functions_lost = from->functions_lost_count;
	c->preserve_dids = arena_take(self->arena, from->preserve_dids_count, sizeof *c->preserve_dids);
	c->n_preserve_dids = from->preserve_dids_count;
	for (size_t i = 0; i < c->n_preserve_dids; i++)
		c->preserve_dids[i] = from->preserve_dids[i];
	c->release_counter = from->release_counter;
	c->units = arena_take(self->arena, from->units_count, sizeof *c->units);
	c->n_units = from->units_count;
	for (size_t i = 0; i < c->n_units; i++) {
		snprintf(key, sizeof key, "components[%zu].units[%zu]", index, i);
		c->units[i] = build_unit(self, key, &from->units[i]);
		if (!c->units[i])
			return NULL;
	}
	return c;
}

static int build_severity(const struct spec *self, const struct severity_spec *from, Gu__Manifest *m)
{
	Gu__Severity *s = arena_take(self->arena, 1, sizeof *s);

	gu__severity__init(s);
	m->severity = s;
	s->score = from->score;
	s->safety_relevant = from->safety_relevant;
	s->exploited_in_field = from->exploited_in_field;
	s->change = (Gu__ChangeKind)from->change;
	return spec_time(self, "severity.deadline", from->deadline, &s->deadline_unix_s);
}

/* a block scalar of YAML ends with a line break, and may hold some: words for people stay on one line */
static char *one_line(const struct spec *self, const char *text)
{
	char *copy = arena_text(self->arena, text);
	size_t n = strlen(copy);

	while (n > 0 && (copy[n - 1] == '\n' || copy[n - 1] == ' '))
		copy[--n] = '\0';
	for (char *p = copy; *p; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	return copy;
}

static void name_features(const struct spec *self, const struct component_spec *from, Gu__Manifest *m)
{
	if (spec_has_new_conditions(from->conditions, from->conditions_count))
		spec_needs_feature(self, m->required_features, &m->n_required_features, "conditions-2");
	if (from->driver_return == (int)GU__DRIVER_RETURN__DRIVER_RETURN_FINISH_INHIBITED)
		spec_needs_feature(self, m->required_features, &m->n_required_features, "driver-return-1");
}

/* for the driver */
static void build_texts(const struct spec *self, const struct manifest_spec *from, Gu__Manifest *m)
{
	m->texts = arena_take(self->arena, from->texts_count, sizeof *m->texts);
	m->n_texts = from->texts_count;
	for (size_t i = 0; i < m->n_texts; i++) {
		m->texts[i] = arena_take(self->arena, 1, sizeof **m->texts);
		gu__localized_text__init(m->texts[i]);
		m->texts[i]->language = arena_text(self->arena, from->texts[i].language);
		m->texts[i]->title = one_line(self, from->texts[i].title);
		m->texts[i]->body = one_line(self, from->texts[i].body);
	}
}

static void build_rxswin(const struct spec *self, const struct manifest_spec *from, Gu__Manifest *m)
{
	m->rxswin = arena_take(self->arena, from->rxswin_count, sizeof *m->rxswin);
	m->n_rxswin = from->rxswin_count;
	for (size_t i = 0; i < m->n_rxswin; i++) {
		m->rxswin[i] = arena_take(self->arena, 1, sizeof **m->rxswin);
		gu__rxswin__init(m->rxswin[i]);
		m->rxswin[i]->regulation = arena_text(self->arena, from->rxswin[i].regulation);
		m->rxswin[i]->value = arena_text(self->arena, from->rxswin[i].value);
	}
}

static int build(const struct spec *self, const struct manifest_spec *from, struct spec_result *out)
{
	Gu__Manifest *m = arena_take(self->arena, 1, sizeof *m);

	gu__manifest__init(m);
	m->id = arena_text(self->arena, from->id);
	m->description = one_line(self, from->description);
	build_texts(self, from, m);
	build_rxswin(self, from, m);
	m->required_features =
	    spec_features(self, from->required_features, from->required_features_count, &m->n_required_features);
	out->version = from->version;
	if (out->version == 0)
		return yaml_error_at(self->doc, self->error, "version", "must be at least 1");
	if (spec_time(self, "expires", from->expires, &out->expires_unix_s) ||
	    spec_time(self, "use_before", from->use_before, &m->use_before_unix_s) ||
	    (from->severity && build_severity(self, from->severity, m)))
		return 1;
	m->components = arena_take(self->arena, from->components_count, sizeof *m->components);
	m->n_components = from->components_count;
	for (size_t i = 0; i < m->n_components; i++) {
		m->components[i] = build_component(self, i, &from->components[i]);
		if (!m->components[i])
			return 1;
		name_features(self, &from->components[i], m);
	}
	out->message = &m->base;
	return spec_validate(self, out->message);
}

int spec_manifest(struct arena *arena, const char *path, uint64_t now_unix_s, struct spec_result *out,
		  struct yaml_error *error)
{
	void *data = NULL;
	struct yaml_doc *doc = NULL;
	int r = yaml_load_file(path, &manifest_schema, &data, &doc, error);

	if (r)
		return 1;
	struct spec spec = {.arena = arena, .path = path, .doc = doc, .error = error, .now_unix_s = now_unix_s};

	r = build(&spec, data, out);
	yaml_free(&manifest_schema, data);
	yaml_doc_free(doc);
	return r;
}
