#include "sim/oem_backend/ctl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 32

/* characters, not bytes: continuation bytes of UTF-8 take no place */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* texts of vehicles are shown: no control character reaches the terminal */
static void put(const char *text, int width, bool right, bool last)
{
	int pad = width - width_of(text);

	if (right)
		printf("%*s", pad, "");
	for (; *text; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	if (!right && !last)
		printf("%*s", pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? text : "";
}

static sqlite3_stmt *query(sqlite3 *db, const char *sql, const char *answer)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(stmt, 1, answer, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_column_count(stmt) > MAX_COLUMNS) {
		fprintf(stderr, "oemctl: cannot show the answer: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
	return stmt;
}

void table_print(sqlite3 *db, const char *sql, const char *answer, const char *empty)
{
	sqlite3_stmt *stmt = query(db, sql, answer);
	int n = sqlite3_column_count(stmt);
	int width[MAX_COLUMNS];
	bool right[MAX_COLUMNS];
	size_t rows = 0;

	for (int i = 0; i < n; i++) {
		width[i] = width_of(sqlite3_column_name(stmt, i));
		right[i] = true;
	}
	for (; sqlite3_step(stmt) == SQLITE_ROW; rows++) {
		for (int i = 0; i < n; i++) {
			int type = sqlite3_column_type(stmt, i);
			int w;

			right[i] = right[i] && (type == SQLITE_INTEGER || type == SQLITE_FLOAT);
			w = width_of(text_of(stmt, i));
			width[i] = w > width[i] ? w : width[i];
		}
	}
	sqlite3_reset(stmt);
	if (rows == 0) {
		puts(empty);
		sqlite3_finalize(stmt);
		return;
	}
	for (int i = 0; i < n; i++)
		put(sqlite3_column_name(stmt, i), width[i], right[i], i + 1 == n);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			put(text_of(stmt, i), width[i], right[i], i + 1 == n);
	}
	sqlite3_finalize(stmt);
}

void table_print_one(sqlite3 *db, const char *sql, const char *answer)
{
	sqlite3_stmt *stmt = query(db, sql, answer);
	int n = sqlite3_column_count(stmt);
	int width = 0;

	for (int i = 0; i < n; i++) {
		int w = width_of(sqlite3_column_name(stmt, i)) + 1;

		width = w > width ? w : width;
	}
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < n; i++) {
			char name[64];

			if (!text_of(stmt, i)[0])
				continue;
			snprintf(name, sizeof name, "%s:", sqlite3_column_name(stmt, i));
			put(name, width, false, false);
			put(text_of(stmt, i), 0, false, true);
		}
	}
	sqlite3_finalize(stmt);
}

bool table_value(sqlite3 *db, const char *sql, const char *answer, char *out, size_t cap)
{
	sqlite3_stmt *stmt = query(db, sql, answer);
	bool found = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL;

	snprintf(out, cap, "%s", found ? text_of(stmt, 0) : "");
	sqlite3_finalize(stmt);
	return found;
}
