/*
 * table - rows of text in aligned columns.
 */
#ifndef GATEWAYD_CTL_TABLE_H
#define GATEWAYD_CTL_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_MAX_ROWS    72u
#define TABLE_MAX_COLUMNS 10u
#define TABLE_CELL_BYTES  200u

struct table {
	char cells[TABLE_MAX_ROWS][TABLE_MAX_COLUMNS][TABLE_CELL_BYTES];
	size_t n_rows;
	size_t n_columns;
	size_t column; /* of the next cell in the last row */
};

/* @n_columns: 1..TABLE_MAX_COLUMNS */
void table_init(struct table *self, size_t n_columns);
/* the next cell, from left to right, then in the next row; rows beyond the limit are left out */
void table_cell(struct table *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* two spaces between columns, none at the end of a line; an empty cell shows as "-" */
void table_print(const struct table *self, FILE *out);
/* Return: columns that @text takes: its UTF-8 characters */
size_t table_width(const char *text);

#endif
