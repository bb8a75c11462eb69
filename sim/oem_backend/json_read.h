/*
 * json_read - values out of a JSON text by path ("$.targets[0].ecu"), for the control protocol's two ends.
 *
 * SQLite does the parsing: it is linked anyway, and its parser is well worn. Meant for texts of a few kilobytes.
 */
#ifndef SIM_OEM_BACKEND_JSON_READ_H
#define SIM_OEM_BACKEND_JSON_READ_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_read {
	sqlite3 *db; /* any connection; no table is touched */
	const char *text;
};

bool json_read_valid(const struct json_read *self);
/* Return: false, and @out empty, if there is no text at @path or it does not fit */
bool json_read_text(const struct json_read *self, const char *path, char *out, size_t cap);
/* Return: false, and *value 0, if there is no whole number of at least 0 at @path */
bool json_read_uint(const struct json_read *self, const char *path, uint64_t *value);
bool json_read_has(const struct json_read *self, const char *path);     /* anything but null */
bool json_read_bool(const struct json_read *self, const char *path);    /* false if absent */
size_t json_read_count(const struct json_read *self, const char *path); /* of an array; 0 if absent */

#endif
