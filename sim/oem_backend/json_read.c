#include "sim/oem_backend/json_read.h"

#include <string.h>

static sqlite3_stmt *look(const struct json_read *self, const char *sql, const char *path)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(self->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, self->text, -1, SQLITE_STATIC) == SQLITE_OK &&
	    (!path || sqlite3_bind_text(stmt, 2, path, -1, SQLITE_STATIC) == SQLITE_OK) &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		return stmt;
	sqlite3_finalize(stmt);
	return NULL;
}

bool json_read_valid(const struct json_read *self)
{
	sqlite3_stmt *stmt = look(self, "SELECT json_valid(?1)", NULL);
	bool valid = stmt && sqlite3_column_int(stmt, 0) == 1;

	sqlite3_finalize(stmt);
	return valid;
}

bool json_read_text(const struct json_read *self, const char *path, char *out, size_t cap)
{
	sqlite3_stmt *stmt = look(self, "SELECT json_extract(?1, ?2) WHERE json_type(?1, ?2) = 'text'", path);
	const char *text = stmt ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	/* a NUL inside would hide what follows it */
	bool fits = text && strlen(text) < cap && strlen(text) == (size_t)sqlite3_column_bytes(stmt, 0);

	if (fits)
		memcpy(out, text, strlen(text) + 1);
	else
		out[0] = '\0';
	sqlite3_finalize(stmt);
	return fits;
}

bool json_read_uint(const struct json_read *self, const char *path, uint64_t *value)
{
	sqlite3_stmt *stmt = look(self, "SELECT json_extract(?1, ?2) WHERE json_type(?1, ?2) = 'integer'", path);
	bool good = stmt && sqlite3_column_int64(stmt, 0) >= 0;

	*value = good ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_finalize(stmt);
	return good;
}

bool json_read_has(const struct json_read *self, const char *path)
{
	sqlite3_stmt *stmt = look(self, "SELECT json_type(?1, ?2) <> 'null'", path);
	bool has = stmt && sqlite3_column_int(stmt, 0) == 1;

	sqlite3_finalize(stmt);
	return has;
}

bool json_read_bool(const struct json_read *self, const char *path)
{
	sqlite3_stmt *stmt = look(self, "SELECT json_type(?1, ?2) = 'true'", path);
	bool value = stmt && sqlite3_column_int(stmt, 0) == 1;

	sqlite3_finalize(stmt);
	return value;
}

size_t json_read_count(const struct json_read *self, const char *path)
{
	sqlite3_stmt *stmt = look(self, "SELECT json_array_length(?1, ?2)", path);
	size_t n = stmt ? (size_t)sqlite3_column_int64(stmt, 0) : 0;

	sqlite3_finalize(stmt);
	return n;
}
