/*
 * image_build - private to image*.c: collects the data records of a text format, then sorts, joins and checks them.
 *
 * All in the caller's buffer, which is as large as the file. From its start grow the decoded bytes in the file's order,
 * from its end downwards an index with one entry for each run of records that follow each other; what is left between
 * them takes the bytes in the order of their addresses. A data record of k bytes takes at least 10 + 2 k characters and
 * a line end, and needs 2 k + 11 bytes here: so everything fits, and the formats' closing record leaves some to spare.
 */
#ifndef ECU_FLASH_IMAGE_BUILD_H
#define ECU_FLASH_IMAGE_BUILD_H

#include "ecu-flash/image_records.h"

/* the next line that is not blank; Return: false at the end */
bool image_lines_next(struct image_lines *self);

bool image_is_hex(uint8_t c);

/* two hexadecimal digits; Return: 0..255, or -1 if they are none */
int image_hex_byte(const uint8_t *digits);

struct image_build {
	uint8_t *buf;
	size_t cap;
	size_t n_data;
	size_t n_entries;
	uint64_t run_end; /* address after the last record, where the next one would continue its run */
	size_t run_bytes; /* of the current run */
};

/* what one line of a format was */
enum image_record { IMAGE_RECORD_DATA = 0, IMAGE_RECORD_WRONG = 1, IMAGE_RECORD_OTHER = 3 };

/* the record on the line at hand. Return: enum image_record; DATA is filled in, WRONG has @error, OTHER is taken in */
int image_ihex_record(struct image_records *file, struct image_error *error);
int image_srec_record(struct image_records *file, struct image_error *error);

/* Return: 0, or 1 with @error if it does not fit */
int image_build_add(struct image_build *self, unsigned line, uint64_t address, const uint8_t *data, size_t n,
		    struct image_error *error);

/* reads the file, whose format @image says, and fills @image. Return: as image_parse() */
int image_build_run(struct image *image, const uint8_t *bytes, size_t n, uint8_t *buf, size_t cap,
		    struct image_error *error);

/* Return: 1, so that a check can end with it */
int image_fail(struct image_error *error, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
