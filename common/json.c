#include "common/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct json *self, const char *text, size_t n)
{
	if (self->failed)
		return;
	if (self->cap - self->n <= n) {
		size_t cap = self->cap ? self->cap : 256;

		while (cap - self->n <= n)
			cap *= 2;
		char *buf = realloc(self->buf, cap);
		if (!buf) {
			self->failed = true;
			return;
		}
		self->buf = buf;
		self->cap = cap;
	}
	memcpy(self->buf + self->n, text, n);
	self->n += n;
	self->buf[self->n] = '\0';
}

static void put_text(struct json *self, const char *text)
{
	put(self, text, strlen(text));
}

static void comma(struct json *self)
{
	if (self->after_key) {
		self->after_key = false;
		return;
	}
	if (self->depth == 0)
		return;
	if (!self->first[self->depth - 1])
		put(self, ",", 1);
	self->first[self->depth - 1] = false;
}

/* Return: bytes of the UTF-8 sequence at @s, 0 if it is none (overlong forms, surrogates and above U+10FFFF included)
 */
static size_t utf8_sequence(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return (s[1] & 0xc0) == 0x80 ? 2 : 0;
	if ((s[0] & 0xf0) == 0xe0) {
		unsigned char low = s[0] == 0xe0 ? 0xa0 : 0x80;
		unsigned char high = s[0] == 0xed ? 0x9f : 0xbf;

		return s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80 ? 3 : 0;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		unsigned char low = s[0] == 0xf0 ? 0x90 : 0x80;
		unsigned char high = s[0] == 0xf4 ? 0x8f : 0xbf;

		return s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80 ? 4 : 0;
	}
	return 0;
}

static void put_quoted(struct json *self, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	put(self, "\"", 1);
	while (*s) {
		size_t n = utf8_sequence(s);

		if (n == 0) {
			put(self, "\xef\xbf\xbd", 3);
			s++;
		} else if (n > 1) {
			put(self, (const char *)s, n);
			s += n;
		} else {
			char escape[8];

			if (*s == '"' || *s == '\\')
				snprintf(escape, sizeof(escape), "\\%c", *s);
			else if (*s == '\n')
				snprintf(escape, sizeof(escape), "\\n");
			else if (*s == '\t')
				snprintf(escape, sizeof(escape), "\\t");
			else if (*s < 0x20 || *s == 0x7f)
				snprintf(escape, sizeof(escape), "\\u%04x", *s);
			else
				snprintf(escape, sizeof(escape), "%c", *s);
			put_text(self, escape);
			s++;
		}
	}
	put(self, "\"", 1);
}

static void open_level(struct json *self, const char *bracket)
{
	comma(self);
	assert(self->depth < sizeof(self->first) / sizeof(self->first[0]));
	self->first[self->depth++] = true;
	put(self, bracket, 1);
}

static void close_level(struct json *self, const char *bracket)
{
	assert(self->depth > 0 && !self->after_key);
	self->depth--;
	put(self, bracket, 1);
}

void json_init(struct json *self)
{
	memset(self, 0, sizeof(*self));
}

void json_deinit(struct json *self)
{
	free(self->buf);
	memset(self, 0, sizeof(*self));
}

void json_object(struct json *self)
{
	open_level(self, "{");
}

void json_object_end(struct json *self)
{
	close_level(self, "}");
}

void json_array(struct json *self)
{
	open_level(self, "[");
}

void json_array_end(struct json *self)
{
	close_level(self, "]");
}

void json_key(struct json *self, const char *key)
{
	comma(self);
	put_quoted(self, key);
	put(self, ":", 1);
	self->after_key = true;
}

void json_string(struct json *self, const char *value)
{
	comma(self);
	if (value)
		put_quoted(self, value);
	else
		put_text(self, "null");
}

void json_uint(struct json *self, uint64_t value)
{
	char text[24];

	comma(self);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_text(self, text);
}

void json_int(struct json *self, int64_t value)
{
	char text[24];

	comma(self);
	snprintf(text, sizeof(text), "%lld", (long long)value);
	put_text(self, text);
}

void json_real(struct json *self, double value, int decimals)
{
	char text[352]; /* the largest double has 309 digits before the point */

	comma(self);
	if (decimals < 0)
		decimals = 0;
	if (decimals > 17)
		decimals = 17;
	if (isfinite(value))
		snprintf(text, sizeof(text), "%.*f", decimals, value);
	else
		snprintf(text, sizeof(text), "null"); /* JSON has no word for it */
	put_text(self, text);
}

void json_bool(struct json *self, bool value)
{
	comma(self);
	put_text(self, value ? "true" : "false");
}

void json_hex(struct json *self, const uint8_t *bytes, size_t n)
{
	comma(self);
	put(self, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		char text[4];

		snprintf(text, sizeof(text), "%02x", bytes[i]);
		put(self, text, 2);
	}
	put(self, "\"", 1);
}

const char *json_text(struct json *self)
{
	put(self, "", 0); /* an empty writer still has a text */
	return self->failed ? NULL : self->buf;
}
