/* table - an answer of the backend as aligned columns; the query says which, SQLite reads the JSON. */
#ifndef SIM_OEM_BACKEND_CTL_TABLE_H
#define SIM_OEM_BACKEND_CTL_TABLE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* the SQL of a time that is seconds since 1970, empty for 0 */
#define TABLE_TIME(value) \
	"CASE WHEN (" value ") > 0 THEN strftime('%Y-%m-%dT%H:%M:%SZ', (" value "), 'unixepoch') ELSE '' END"

/**
 * table_print() - headings, then a line a row; numbers to the right
 * @sql: a query over ?1, the answer; its column names are the headings
 * @empty: said instead when there is no row
 */
void table_print(sqlite3 *db, const char *sql, const char *answer, const char *empty);

/* "name: value" a line for each column of the first row, aligned; empty values are left out */
void table_print_one(sqlite3 *db, const char *sql, const char *answer);

/* the first value of the first row as text; false, and @out empty, if there is none */
bool table_value(sqlite3 *db, const char *sql, const char *answer, char *out, size_t cap);

#endif
