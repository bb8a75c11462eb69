/*
 * Motorola S-record: "St" count address data checksum, in hexadecimal. S0 header; S1, S2, S3 data with 16, 24, 32
 * address bits; S5, S6 the number of data records; S7, S8, S9 the start address, which close the file. The count covers
 * address, data and checksum; the low bytes of the sum of all of them, the count included, is FF.
 */
#include "ecu-flash/image_build.h"

#include <inttypes.h>
#include <string.h>

struct record {
	uint8_t type; /* 0..9 */
	uint64_t address;
	const uint8_t *data;
	size_t n;
};

/* address bytes of S0..S9; S4 is reserved */
static const uint8_t address_bytes[10] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};

/* @bytes: of the record, 1 + 255 at most; its data stay there */
static int decode(struct record *record, uint8_t *bytes, const struct image_lines *line, struct image_error *error)
{
	uint8_t sum = 0;
	size_t n;
	int count;

	if (line->length < 2 || line->text[0] != 'S' || line->text[1] < '0' || line->text[1] > '9')
		return image_fail(error, line->number, "an S-record begins with 'S' and a digit");
	record->type = (uint8_t)(line->text[1] - '0');
	if (!address_bytes[record->type])
		return image_fail(error, line->number, "record type S4 is reserved");
	if (line->length < 4)
		return image_fail(error, line->number, "the record is cut off");
	count = image_hex_byte(line->text + 2);
	if (count < 0)
		return image_fail(error, line->number, "column 3 is not hexadecimal");
	if (count < address_bytes[record->type] + 1)
		return image_fail(error, line->number, "the count %02X is too small for an S%u record", count,
				  record->type);
	n = 1 + (size_t)count;
	if (line->length != 2 + 2 * n)
		return image_fail(error, line->number, "the record announces %d bytes and is too %s for them", count,
				  line->length < 2 + 2 * n ? "short" : "long");
	for (size_t i = 0; i < n; i++) {
		int byte = image_hex_byte(line->text + 2 + 2 * i);

		if (byte < 0)
			return image_fail(error, line->number, "column %zu is not hexadecimal", 3 + 2 * i);
		bytes[i] = (uint8_t)byte;
		sum = (uint8_t)(sum + byte);
	}
	if (sum != 0xff) {
		uint8_t given = bytes[n - 1];

		return image_fail(error, line->number, "the checksum is %02X, the record's bytes give %02X", given,
				  (uint8_t)(given + 0xff - sum));
	}
	record->address = 0;
	for (size_t i = 0; i < address_bytes[record->type]; i++)
		record->address = record->address << 8 | bytes[1 + i];
	record->data = bytes + 1 + address_bytes[record->type];
	record->n = n - 2 - address_bytes[record->type];
	return 0;
}

/* a record that holds no data says something of the file */
static int take(struct image_records *file, const struct record *record, struct image_error *error)
{
	if (file->ended)
		return image_fail(error, file->line, "there is something after the closing S7, S8 or S9 record");
	if (record->type >= 5 && record->n)
		return image_fail(error, file->line, "an S%u record carries no data", record->type);
	if (record->type == 0 && !file->has_header) {
		if (record->n)
			memcpy(file->header, record->data, record->n);
		file->n_header = (uint8_t)record->n;
		file->has_header = true;
	} else if (record->type >= 1 && record->type <= 3) {
		file->n_data_records++;
		file->address = record->address;
		file->data = record->data;
		file->n = record->n;
		if (record->type > file->srec_type)
			file->srec_type = record->type;
		return IMAGE_RECORD_DATA;
	} else if (record->type == 5 || record->type == 6) {
		if (record->address != file->n_data_records)
			return image_fail(error, file->line,
					  "the file announces %" PRIu64 " data records and holds %" PRIu64,
					  record->address, file->n_data_records);
	} else if (record->type >= 7) {
		file->entry = record->address;
		file->ended = true;
	}
	return IMAGE_RECORD_OTHER;
}

int image_srec_record(struct image_records *file, struct image_error *error)
{
	struct record record = {0};
	int r = decode(&record, file->bytes, &file->lines, error);

	return r ? r : take(file, &record, error);
}
