#include "ecu-flash/image_records.h"

#include <string.h>

#include "ecu-flash/image_build.h"

void image_records_init(struct image_records *self, enum image_format format, const uint8_t *bytes, size_t n)
{
	memset(self, 0, sizeof *self);
	self->format = format;
	self->lines = (struct image_lines){.bytes = bytes, .n = n};
	self->lines.next = image_begin(bytes, n, &self->lines.number);
	self->lines.number--; /* the reader's first line is the next one */
}

int image_records_next(struct image_records *self, struct image_error *error)
{
	int r = IMAGE_RECORD_OTHER;

	while (r == IMAGE_RECORD_OTHER) {
		if (!image_lines_next(&self->lines)) {
			if (self->ended)
				return 2;
			return image_fail(error, self->lines.number,
					  self->format == IMAGE_SREC
					      ? "the closing S7, S8 or S9 record is missing: the file is cut off"
					      : "the end-of-file record is missing: the file is cut off");
		}
		self->line = self->lines.number;
		r = self->format == IMAGE_SREC ? image_srec_record(self, error) : image_ihex_record(self, error);
	}
	return r;
}
