/*
 * yaml_doc - the parsed document behind yaml_load: node lookup by key path, and the text of an error.
 *
 * Internal to common/. The document is kept whole; a path is resolved by walking it, so keys with dots and very long
 * keys cost nothing in advance.
 */
#ifndef COMMON_YAML_DOC_H
#define COMMON_YAML_DOC_H

#include <stdarg.h>
#include <yaml.h>

#include "common/yaml_load.h"

#define YAML_DOC_MAX_BYTES (1024u * 1024u)
#define YAML_DOC_MAX_DEPTH 32u

struct yaml_doc {
	char *name; /* of the file, as errors show it */
	yaml_document_t document;
	bool loaded;
};

/**
 * yaml_doc_parse() - syntax, size, depth, aliases and emptiness; then the document
 * Return: 0; -ENOMEM; 1 with @error filled.
 */
int yaml_doc_parse(const char *name, const char *text, size_t n, struct yaml_doc **doc, struct yaml_error *error);

/* whether the document fits the schema, with the path of what does not; Return: 0 or 1 with @error filled */
int yaml_check(struct yaml_doc *doc, const cyaml_schema_value_t *schema, struct yaml_error *error);

/* "name:line: key: message"; line 0 and an empty key are left out. Control characters become '?'. */
void yaml_error_format(struct yaml_error *error, const char *name, unsigned line, const char *key, const char *format,
		       ...) __attribute__((format(printf, 5, 6)));
void yaml_error_vformat(struct yaml_error *error, const char *name, unsigned line, const char *key, const char *format,
			va_list args) __attribute__((format(printf, 5, 0)));

/* nodes are numbered from 1; yaml_document_get_node() takes no const */
yaml_node_t *yaml_doc_node(const struct yaml_doc *doc, int index);

#endif
