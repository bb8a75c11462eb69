/*
 * json - writes JSON to a growing buffer, for --json outputs and line protocols of the tools.
 *
 * Commas and nesting are kept by the writer; strings are escaped, invalid UTF-8 becomes U+FFFD. Memory failure makes
 * json_text() return NULL; nothing else can fail.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *buf;
	size_t n;
	size_t cap;
	bool failed;
	unsigned depth;
	bool first[32];
	bool after_key;
};

void json_init(struct json *self);
void json_deinit(struct json *self);
void json_object(struct json *self);     /* { */
void json_object_end(struct json *self); /* } */
void json_array(struct json *self);
void json_array_end(struct json *self);
void json_key(struct json *self, const char *key);
void json_string(struct json *self, const char *value); /* NULL writes null */
void json_uint(struct json *self, uint64_t value);
void json_int(struct json *self, int64_t value);
void json_real(struct json *self, double value, int decimals);
void json_bool(struct json *self, bool value);
void json_hex(struct json *self, const uint8_t *bytes, size_t n); /* as a lower-case hex string */
/* Return: the text so far, NUL-terminated, owned by the writer; NULL after a memory failure */
const char *json_text(struct json *self);

#endif
