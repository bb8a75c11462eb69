#include "gatewayd/ctl/table.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

void table_init(struct table *self, size_t n_columns)
{
	assert(n_columns >= 1 && n_columns <= TABLE_MAX_COLUMNS);
	self->n_rows = 0;
	self->n_columns = n_columns;
	self->column = n_columns;
}

void table_cell(struct table *self, const char *format, ...)
{
	char *cell;
	va_list args;

	if (self->column == self->n_columns) {
		if (self->n_rows == TABLE_MAX_ROWS)
			return;
		self->n_rows++;
		self->column = 0;
	}
	cell = self->cells[self->n_rows - 1][self->column++];
	va_start(args, format);
	vsnprintf(cell, TABLE_CELL_BYTES, format, args);
	va_end(args);
	if (cell[0] == '\0')
		snprintf(cell, TABLE_CELL_BYTES, "-");
}

size_t table_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_print(const struct table *self, FILE *out)
{
	size_t widths[TABLE_MAX_COLUMNS] = {0};

	for (size_t row = 0; row < self->n_rows; row++) {
		for (size_t k = 0; k < self->n_columns; k++) {
			size_t width = table_width(self->cells[row][k]);

			if (width > widths[k])
				widths[k] = width;
		}
	}
	for (size_t row = 0; row < self->n_rows; row++) {
		for (size_t k = 0; k < self->n_columns; k++) {
			const char *cell = self->cells[row][k];
			size_t gap = widths[k] - table_width(cell) + 2;

			fputs(cell, out);
			if (k + 1 < self->n_columns)
				fprintf(out, "%*s", (int)gap, "");
		}
		fputc('\n', out);
	}
}
