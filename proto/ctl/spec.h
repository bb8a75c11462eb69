/*
 * spec - the YAML from which manifestctl makes documents: what is given in it, and what is computed (digests, lengths).
 */
#ifndef CTL_SPEC_H
#define CTL_SPEC_H

#include "common/yaml_load.h"
#include "proto/ctl/tool.h"

/* what a spec becomes; pieces belong to the arena */
struct spec_result {
	ProtobufCMessage *message;
	uint64_t version; /* 0: not given */
	uint64_t expires_unix_s;
};

/* Return: 0, or 1 with the error filled, naming file, line and key */
int spec_manifest(struct arena *arena, const char *path, uint64_t now_unix_s, struct spec_result *out,
		  struct yaml_error *error);
int spec_director(struct arena *arena, const char *path, uint64_t now_unix_s, struct spec_result *out,
		  struct yaml_error *error);

/* what both kinds share */
struct spec_condition {
	int kind;
	int64_t value;
};
struct spec_recurrence {
	int days; /* bits, of Recurrence.days */
	char *start;
	uint32_t duration_s;
	char *time_zone;
};
extern const cyaml_schema_value_t spec_text_schema;
extern const cyaml_schema_value_t spec_recurrence_schema;
extern const cyaml_schema_value_t spec_condition_schema;

struct spec {
	struct arena *arena;
	const char *path; /* of the spec: relative paths in it begin there */
	const struct yaml_doc *doc;
	struct yaml_error *error;
	uint64_t now_unix_s;
};

/* the file that @name, a value of @key, names. NULL with the error filled. */
uint8_t *spec_read(const struct spec *self, const char *key, const char *name, size_t *n);
Gu__FileRef *spec_file(const struct spec *self, const char *key, const char *name);
/* NULL text leaves *unix_s at 0; Return: 0 or 1 */
int spec_time(const struct spec *self, const char *key, const char *text, uint64_t *unix_s);
Gu__Condition **spec_conditions(const struct spec *self, const struct spec_condition *list, size_t n);
char **spec_texts(const struct spec *self, char *const *list, size_t n);
/* base-1 and what else the spec asks of a reader */
char **spec_features(const struct spec *self, char *const *list, size_t n, size_t *n_out);
/* @key: of the list. NULL with the error filled */
Gu__Recurrence **spec_recurring(const struct spec *self, const char *key, const struct spec_recurrence *list, size_t n);
/* adds one that the document's content needs to a list of spec_features(), which has room for SPEC_OWN_FEATURES */
#define SPEC_OWN_FEATURES 8u
void spec_needs_feature(const struct spec *self, char **list, size_t *n, const char *name);
/* whether any is of a kind that came with the feature conditions-2 */
bool spec_has_new_conditions(const struct spec_condition *list, size_t n);
/* the checks that a gateway makes, told by the line of the spec; Return: 0 or 1 */
int spec_validate(const struct spec *self, const ProtobufCMessage *message);

#endif
