#include "proto/ctl/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/validate.h"
#include "proto/wire.h"

static const cyaml_strval_t condition_words[] = {
    {"ignition_off", GU__CONDITION_KIND__CONDITION_KIND_IGNITION_OFF},
    {"standstill", GU__CONDITION_KIND__CONDITION_KIND_STANDSTILL},
    {"battery_min_mv", GU__CONDITION_KIND__CONDITION_KIND_BATTERY_MIN_MV},
    {"ignition_on", GU__CONDITION_KIND__CONDITION_KIND_IGNITION_ON},
    {"gear_park", GU__CONDITION_KIND__CONDITION_KIND_GEAR_PARK},
    {"parking_brake_set", GU__CONDITION_KIND__CONDITION_KIND_PARKING_BRAKE_SET},
    {"charge_min_percent", GU__CONDITION_KIND__CONDITION_KIND_CHARGE_MIN_PERCENT},
    {"charging", GU__CONDITION_KIND__CONDITION_KIND_CHARGING},
};
static const cyaml_schema_field_t condition_fields[] = {
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct spec_condition, kind, condition_words,
		     CYAML_ARRAY_LEN(condition_words)),
    CYAML_FIELD_INT("value", CYAML_FLAG_OPTIONAL, struct spec_condition, value),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t spec_condition_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct spec_condition, condition_fields),
};
const cyaml_schema_value_t spec_text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED),
};

static const char *beside_spec(const struct spec *self, const char *name)
{
	const char *slash = strrchr(self->path, '/');
	size_t n = slash ? (size_t)(slash - self->path) + 1 : 0;

	if (name[0] == '/' || n == 0)
		return name;
	char *path = arena_take(self->arena, n + strlen(name) + 1, 1);

	memcpy(path, self->path, n);
	memcpy(path + n, name, strlen(name) + 1);
	return path;
}

uint8_t *spec_read(const struct spec *self, const char *key, const char *name, size_t *n)
{
	const char *path = beside_spec(self, name);
	struct stat st;

	if (access(path, R_OK) != 0 || stat(path, &st) != 0) {
		yaml_error_at(self->doc, self->error, key, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		yaml_error_at(self->doc, self->error, key, "%s: %s", path,
			      S_ISREG(st.st_mode) ? "is empty" : "is not a file");
		return NULL;
	}
	uint8_t *bytes = tool_read(self->arena, path, n);

	if (!bytes)
		yaml_error_at(self->doc, self->error, key, "%s: cannot be read", path);
	return bytes;
}

Gu__FileRef *spec_file(const struct spec *self, const char *key, const char *name)
{
	size_t n;
	uint8_t digest[32];
	uint8_t *bytes = spec_read(self, key, name, &n);

	if (!bytes)
		return NULL;
	Gu__FileRef *file = arena_take(self->arena, 1, sizeof *file);

	gu__file_ref__init(file);
	crypto_sha256(bytes, n, digest);
	file->sha256 = arena_bytes(self->arena, digest, sizeof digest);
	file->length = n;
	return file;
}

int spec_time(const struct spec *self, const char *key, const char *text, uint64_t *unix_s)
{
	*unix_s = 0;
	if (!text || tool_time(text, self->now_unix_s, unix_s))
		return 0;
	return yaml_error_at(self->doc, self->error, key,
			     "must be a date (2031-05-06), a time (2031-05-06T07:08:09Z) or '+90d', '+12h', is '%.40s'",
			     text);
}

Gu__Condition **spec_conditions(const struct spec *self, const struct spec_condition *list, size_t n)
{
	Gu__Condition **out = arena_take(self->arena, n, sizeof *out);

	for (size_t i = 0; i < n; i++) {
		out[i] = arena_take(self->arena, 1, sizeof **out);
		gu__condition__init(out[i]);
		out[i]->kind = (Gu__ConditionKind)list[i].kind;
		out[i]->value = list[i].value;
	}
	return out;
}

char **spec_texts(const struct spec *self, char *const *list, size_t n)
{
	char **out = arena_take(self->arena, n, sizeof *out);

	for (size_t i = 0; i < n; i++)
		out[i] = arena_text(self->arena, list[i]);
	return out;
}

char **spec_features(const struct spec *self, char *const *list, size_t n, size_t *n_out)
{
	char **out = arena_take(self->arena, n + 1 + SPEC_OWN_FEATURES, sizeof *out);

	out[0] = arena_text(self->arena, "base-1");
	*n_out = 1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], "base-1") != 0)
			out[(*n_out)++] = arena_text(self->arena, list[i]);
	}
	return out;
}

void spec_needs_feature(const struct spec *self, char **list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(list[i], name) == 0)
			return;
	}
	list[(*n)++] = arena_text(self->arena, name);
}

bool spec_has_new_conditions(const struct spec_condition *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].kind >= (int)GU__CONDITION_KIND__CONDITION_KIND_GEAR_PARK)
			return true;
	}
	return false;
}

/* "a.b: words" of a check as key and words */
static int tell(const struct spec *self, struct envelope_error *error)
{
	char *colon = strstr(error->detail, ": ");

	if (!colon)
		return yaml_error_at(self->doc, self->error, "", "%s", error->detail);
	*colon = '\0';
	return yaml_error_at(self->doc, self->error, error->detail, "%s", colon + 2);
}

int spec_validate(const struct spec *self, const ProtobufCMessage *message)
{
	uint8_t *bytes = arena_take(self->arena, protobuf_c_message_get_packed_size(message), 1);
	size_t n = protobuf_c_message_pack(message, bytes);
	struct envelope_error error;
	struct check check;
	bool ok;

	check_init(&check, &error);
	ok = wire_check(&check, message->descriptor, bytes, n);
	if (ok && message->descriptor == &gu__manifest__descriptor)
		ok = validate_manifest(&check, (const Gu__Manifest *)message);
	else if (ok)
		ok = validate_director(&check, (const Gu__Director *)message);
	return ok ? 0 : tell(self, &error);
}
