/*
 * image_records - the data records of an Intel HEX or S-record file one by one, as they stand in the file: for those
 * who keep a file's layout, which image_parse() gives up.
 *
 * Each record is checked as it is read: its form, length, checksum and place. What several records say of one address
 * is not; that is what image_parse() does.
 */
#ifndef ECU_FLASH_IMAGE_RECORDS_H
#define ECU_FLASH_IMAGE_RECORDS_H

#include "ecu-flash/image.h"

#define IMAGE_HEADER_BYTES 252u /* of an S0 record, at most */

struct image_lines { /* a reader of lines */
	const uint8_t *bytes;
	size_t n;
	size_t next;
	unsigned number; /* of the current line, 1-based */
	const uint8_t *text;
	size_t length; /* without line end and white space before it */
};

struct image_records {
	/* the data record at hand; @data lies in this struct, until the next call */
	uint64_t address;
	const uint8_t *data;
	size_t n;
	unsigned line; /* of the last record read */

	/* what the file said so far */
	uint64_t entry;                     /* start address, 0 = none */
	uint8_t header[IMAGE_HEADER_BYTES]; /* of the first S0 record */
	uint8_t n_header;
	bool has_header;
	bool linear;       /* Intel HEX: records of type 4 or 5 where types 2 and 3 would have served */
	uint8_t srec_type; /* S-record: the highest of S1, S2, S3; 0 = none yet */

	/* private */
	enum image_format format;
	struct image_lines lines;
	uint64_t base; /* Intel HEX */
	bool base_linear;
	bool ended;
	uint64_t n_data_records;
	uint8_t bytes[260];
};

/* @format: IMAGE_IHEX or IMAGE_SREC; @bytes live as long as the reader */
void image_records_init(struct image_records *self, enum image_format format, const uint8_t *bytes, size_t n);

/* Return: 0 with the next data record at hand; 1 with @error; 2 at the end of a whole file */
int image_records_next(struct image_records *self, struct image_error *error);

#endif
