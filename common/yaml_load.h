/*
 * yaml_load - a YAML file through a libcyaml schema, with errors that name file, line and key.
 *
 * libyaml parses first, for the exact line of a syntax error and an index from key path to line; libcyaml then loads by
 * schema. The same index serves semantic checks after loading: yaml_error_at(). Files above 1 MiB, nesting above 32
 * levels, aliases, empty files, and integers such as "12abc" or "010" are refused.
 */
#ifndef COMMON_YAML_LOAD_H
#define COMMON_YAML_LOAD_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stddef.h>

struct yaml_doc; /* the path-to-line index of a loaded document */

struct yaml_error {
	char text[512]; /* "ecm.yaml:12: timing.p2_ms: must be 1..65535, is 0" */
};

/**
 * yaml_load_file() - load @path by @schema
 * @schema: a mapping; its CYAML_FLAG_POINTER makes *data an allocated struct
 * @data: freed with yaml_free()
 * @doc: for yaml_error_at(); freed with yaml_doc_free(); NULL if not wanted
 *
 * Return: 0; -errno if the file cannot be read; 1 if its content is wrong. @error is filled whenever not 0.
 */
int yaml_load_file(const char *path, const cyaml_schema_value_t *schema, void **data, struct yaml_doc **doc,
		   struct yaml_error *error);

/* the same from memory; @name stands for the file in errors */
int yaml_load_memory(const char *name, const char *text, size_t n, const cyaml_schema_value_t *schema, void **data,
		     struct yaml_doc **doc, struct yaml_error *error);

/**
 * yaml_error_at() - an error of a semantic check
 * @key: dotted path with indices as "ecus[2].profile"
 * Return: 1, so that a check can end with it.
 */
int yaml_error_at(const struct yaml_doc *doc, struct yaml_error *error, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/**
 * yaml_number() - a number of the file, or @fallback where the key is absent, if it lies in @min..@max
 * @value: as loaded; signed, so that a negative one is told with the range, too
 * @out:   set on 0
 * Return: 0, or 1 with @error
 */
int yaml_number(const struct yaml_doc *doc, struct yaml_error *error, const char *key, int64_t value, uint32_t fallback,
		uint32_t min, uint32_t max, uint32_t *out);

/* 1-based line of a key path, or of its nearest known parent; 0 if nothing is known */
unsigned yaml_line_of(const struct yaml_doc *doc, const char *key);
/* whether the document itself has this key (to tell 0 from absent) */
bool yaml_has(const struct yaml_doc *doc, const char *key);

/* hidden: libyaml.so has a function of this name of its own, which ours must not take the place of */
void yaml_free(const cyaml_schema_value_t *schema, void *data) __attribute__((visibility("hidden")));
void yaml_doc_free(struct yaml_doc *doc);

/**
 * yaml_hex_bytes() - "3e 80", "3E80" or "0x3E80" to bytes
 * Return: bytes written, -1 if the text is no hex or longer than @cap.
 */
int yaml_hex_bytes(const char *text, unsigned char *out, size_t cap);

#endif
