/*
 * store - the backend's SQLite database: schema, and statements with their values in one call.
 *
 * A failure of the database is our own machine failing: it is logged here and forwarded as -EIO.
 */
#ifndef SIM_OEM_BACKEND_STORE_H
#define SIM_OEM_BACKEND_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store {
	sqlite3 *db;
};

/* @path: ":memory:" for tests. Return: 0 or -errno with @error filled */
int store_open(struct store *self, const char *path, char error[256]);
void store_close(struct store *self);

/**
 * store_query() - prepare a statement and bind its values ?1, ?2, …
 * @types: a letter a value: t text (const char *, NULL is null), u number (uint64_t), b bytes (const void *, size_t)
 * Return: a statement to step and finalize; NULL on failure. Bound values must live as long as the statement.
 */
sqlite3_stmt *store_query(struct store *self, const char *sql, const char *types, ...);
/* Return: 0 or -EIO */
int store_exec(struct store *self, const char *sql, const char *types, ...);
/* the first column of the first row, 0 if there is none. Return: 1 a row, 0 none, -EIO */
int store_uint(struct store *self, uint64_t *value, const char *sql, const char *types, ...);
/* rows changed by the last store_exec() */
int store_changes(const struct store *self);

int store_begin(struct store *self);
int store_commit(struct store *self);
void store_rollback(struct store *self);

/* columns of the row a statement stands on; text is never NULL */
const char *store_text(sqlite3_stmt *stmt, int column);
uint64_t store_column(sqlite3_stmt *stmt, int column);

#endif
