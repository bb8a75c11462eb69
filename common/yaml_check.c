#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/yaml_doc.h"

/*
 * libcyaml takes "12abc" and "010" for integers, any word for a true boolean, and names the last good event's line
 * where a key is missing. So the schema is walked beside the document first; libcyaml then only loads.
 */
struct check {
	struct yaml_doc *doc;
	struct yaml_error *error;
	char path[512];
	unsigned line; /* of the key or the entry that is looked at */
};

static int check_value(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node);

static int fail(struct check *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct check *self, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_error_vformat(self->error, self->doc->name, self->line, self->path, format, args);
	va_end(args);
	return 1;
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* Return: the old end of the path, to be restored */
static size_t path_push_key(struct check *self, const char *key)
{
	size_t n = strlen(self->path);

	snprintf(self->path + n, sizeof(self->path) - n, "%s%s", n ? "." : "", key);
	return n;
}

static size_t path_push_index(struct check *self, size_t i)
{
	size_t n = strlen(self->path);

	snprintf(self->path + n, sizeof(self->path) - n, "[%zu]", i);
	return n;
}

static bool fold_case(const cyaml_schema_value_t *schema)
{
	return (schema->flags & CYAML_FLAG_CASE_INSENSITIVE) != 0;
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_value_t *schema, const char *key)
{
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++) {
		if (fold_case(schema) ? strcasecmp(f->key, key) == 0 : strcmp(f->key, key) == 0)
			return f;
	}
	return NULL;
}

static const char *type_word(const yaml_node_t *node)
{
	if (node->type == YAML_MAPPING_NODE)
		return "a mapping";
	return node->type == YAML_SEQUENCE_NODE ? "a sequence" : "a single value";
}

static void list_keys(const cyaml_schema_value_t *schema, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key && n < cap; f++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? ", " : "", f->key);
}

static int check_missing(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++) {
		bool found = false;

		if (f->value.flags & CYAML_FLAG_OPTIONAL)
			continue;
		for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
		     !found && p < node->data.mapping.pairs.top; p++)
			found = field_of(schema, text_of(yaml_doc_node(self->doc, p->key))) == f;
		if (!found) {
			path_push_key(self, f->key);
			return fail(self, "is missing");
		}
	}
	return 0;
}

static int check_mapping(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	unsigned line = self->line;

	if (node->type != YAML_MAPPING_NODE)
		return fail(self, "must be a mapping, is %s", type_word(node));
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_doc_node(self->doc, p->key);

		self->line = (unsigned)key->start_mark.line + 1;
		if (key->type != YAML_SCALAR_NODE)
			return fail(self, "a key must be a single word");
		size_t end = path_push_key(self, text_of(key));
		const cyaml_schema_field_t *field = field_of(schema, text_of(key));
		if (!field) {
			char known[256];

			list_keys(schema, known, sizeof(known));
			return fail(self, "unknown key (known here: %s)", known);
		}
		for (const yaml_node_pair_t *q = node->data.mapping.pairs.start; q < p; q++) {
			const yaml_node_t *other = yaml_doc_node(self->doc, q->key);

			if (field_of(schema, text_of(other)) == field)
				return fail(self, "is given twice, first in line %u",
					    (unsigned)other->start_mark.line + 1);
		}
		int r = check_value(self, &field->value, yaml_doc_node(self->doc, p->value));
		if (r != 0)
			return r;
		self->path[end] = '\0';
	}
	self->line = line;
	return check_missing(self, schema, node);
}

static int check_sequence(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	unsigned line = self->line;

	if (node->type != YAML_SEQUENCE_NODE)
		return fail(self, "must be a sequence, is %s", type_word(node));
	size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (n < schema->sequence.min)
		return fail(self, "needs at least %u entries, has %zu", schema->sequence.min, n);
	if (n > schema->sequence.max)
		return fail(self, "may have at most %u entries, has %zu", schema->sequence.max, n);
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *item = yaml_doc_node(self->doc, node->data.sequence.items.start[i]);
		size_t end = path_push_index(self, i);

		self->line = (unsigned)item->start_mark.line + 1;
		int r = check_value(self, schema->sequence.entry, item);
		if (r != 0)
			return r;
		self->path[end] = '\0';
	}
	self->line = line;
	return 0;
}

/* Decimal without leading zeros, or 0x and hexadecimal digits: nothing that two readers could read as two numbers. */
static bool integer_shape(const char *text)
{
	const char *s = text[0] == '-' || text[0] == '+' ? text + 1 : text;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return s[2] && strspn(s + 2, "0123456789abcdefABCDEF") == strlen(s + 2);
	if (s[0] == '0')
		return s[1] == '\0';
	return s[0] && strspn(s, "0123456789") == strlen(s);
}

static int check_unsigned(struct check *self, const cyaml_schema_value_t *schema, const char *text)
{
	uint64_t max = schema->data_size >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * schema->data_size)) - 1;

	errno = 0;
	unsigned long long value = strtoull(text, NULL, 0);
	if (text[0] == '-' || errno == ERANGE || value > max)
		return fail(self, "must be 0..%llu, is %.64s", (unsigned long long)max, text);
	return 0;
}

static int check_signed(struct check *self, const cyaml_schema_value_t *schema, const char *text)
{
	int64_t max = schema->data_size >= 8 ? INT64_MAX : (INT64_C(1) << (8 * schema->data_size - 1)) - 1;

	errno = 0;
	long long value = strtoll(text, NULL, 0);
	if (errno == ERANGE || value > max || value < -max - 1)
		return fail(self, "must be %lld..%lld, is %.64s", (long long)-max - 1, (long long)max, text);
	return 0;
}

static int check_integer(struct check *self, const cyaml_schema_value_t *schema, const char *text)
{
	if (!integer_shape(text))
		return fail(self, "must be an integer (decimal without leading zeros, or 0x…), is \"%.64s\"", text);
	return schema->type == CYAML_INT ? check_signed(self, schema, text) : check_unsigned(self, schema, text);
}

static int check_bool(struct check *self, const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return 0;
	}
	return fail(self, "must be true or false, is \"%.64s\"", text);
}

static int check_float(struct check *self, const char *text)
{
	char *end;

	if (text[0] != '\0' && strspn(text, "+-.0123456789eE") == strlen(text)) {
		errno = 0;
		strtod(text, &end);
		if (*end == '\0' && errno == 0)
			return 0;
	}
	return fail(self, "must be a number, is \"%.64s\"", text);
}

static int check_word(struct check *self, const cyaml_schema_value_t *schema, const char *text)
{
	char known[256] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		const char *word = schema->enumeration.strings[i].str;

		if (fold_case(schema) ? strcasecmp(word, text) == 0 : strcmp(word, text) == 0)
			return 0;
		if (n < sizeof(known))
			n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", word);
	}
	return fail(self, "must be one of %s; is \"%.64s\"", known, text);
}

static int check_flags(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return fail(self, "must be a sequence, is %s", type_word(node));
	size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *item = yaml_doc_node(self->doc, node->data.sequence.items.start[i]);
		size_t end = path_push_index(self, i);

		self->line = (unsigned)item->start_mark.line + 1;
		if (item->type != YAML_SCALAR_NODE)
			return fail(self, "must be a single value, is %s", type_word(item));
		int r = check_word(self, schema, text_of(item));
		if (r != 0)
			return r;
		self->path[end] = '\0';
	}
	return 0;
}

static int check_string(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	size_t n = node->data.scalar.length;

	if (n < schema->string.min)
		return fail(self, "needs at least %u characters, has %zu", schema->string.min, n);
	if (n > schema->string.max)
		return fail(self, "may have at most %u characters, has %zu", schema->string.max, n);
	return 0;
}

static int check_value(struct check *self, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	bool nullable = (schema->flags & CYAML_FLAG_POINTER_NULL) == CYAML_FLAG_POINTER_NULL;

	switch (schema->type) {
	case CYAML_MAPPING:
		return check_mapping(self, schema, node);
	case CYAML_SEQUENCE:
	case CYAML_SEQUENCE_FIXED:
		return check_sequence(self, schema, node);
	case CYAML_FLAGS:
		return check_flags(self, schema, node);
	case CYAML_IGNORE:
	case CYAML_BITFIELD: /* left to libcyaml: no schema of ours has one */
		return 0;
	case CYAML_INT:
	case CYAML_UINT:
	case CYAML_BOOL:
	case CYAML_ENUM:
	case CYAML_FLOAT:
	case CYAML_STRING:
		break;
	case CYAML__TYPE_COUNT:
		return fail(self, "has no type in the schema");
	}
	if (node->type != YAML_SCALAR_NODE)
		return fail(self, "must be a single value, is %s", type_word(node));
	if (nullable && node->data.scalar.length == 0)
		return 0;
	if (schema->type == CYAML_STRING)
		return check_string(self, schema, node);
	if (schema->type == CYAML_BOOL)
		return check_bool(self, text_of(node));
	if (schema->type == CYAML_FLOAT)
		return check_float(self, text_of(node));
	if (schema->type == CYAML_ENUM)
		return check_word(self, schema, text_of(node));
	return check_integer(self, schema, text_of(node));
}

int yaml_check(struct yaml_doc *doc, const cyaml_schema_value_t *schema, struct yaml_error *error)
{
	struct check self = {.doc = doc, .error = error, .line = 1};
	const yaml_node_t *root = yaml_doc_node(doc, 1);

	self.line = (unsigned)root->start_mark.line + 1;
	if (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0)
		return fail(&self, "the file is empty");
	return check_value(&self, schema, root);
}
