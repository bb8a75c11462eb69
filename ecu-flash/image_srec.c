/*
 * Motorola S-record: "St" count address data checksum, in hexadecimal. S0 header; S1, S2, S3 data with 16, 24, 32
 * address bits; S5, S6 the number of data records; S7, S8, S9 the start address, which close the file. The count covers
 * address, data and checksum; the low bytes of the sum of all of them, the count included, is FF.
 */
#include "ecu-flash/image_build.h"

#include <inttypes.h>

struct record {
	uint8_t type; /* 0..9 */
	uint8_t bytes[1 + 255];
	uint64_t address;
	const uint8_t *data;
	size_t n;
};

/* address bytes of S0..S9; S4 is reserved */
static const uint8_t address_bytes[10] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};

static int decode(struct record *record, const struct image_lines *line, struct image_error *error)
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
		record->bytes[i] = (uint8_t)byte;
		sum = (uint8_t)(sum + byte);
	}
	if (sum != 0xff) {
		uint8_t given = record->bytes[n - 1];

		return image_fail(error, line->number, "the checksum is %02X, the record's bytes give %02X", given,
				  (uint8_t)(given + 0xff - sum));
	}
	record->address = 0;
	for (size_t i = 0; i < address_bytes[record->type]; i++)
		record->address = record->address << 8 | record->bytes[1 + i];
	record->data = record->bytes + 1 + address_bytes[record->type];
	record->n = n - 2 - address_bytes[record->type];
	return 0;
}

int image_srec_scan(struct image_build *build, const uint8_t *bytes, size_t n, struct image_error *error)
{
	struct image_lines line = {.bytes = bytes, .n = n};
	uint64_t n_records = 0;
	bool ended = false;

	while (image_lines_next(&line)) {
		struct record record = {0};
		int r = decode(&record, &line, error);

		if (r)
			return r;
		if (ended)
			return image_fail(error, line.number,
					  "there is something after the closing S7, S8 or S9 record");
		if (record.type >= 5 && record.n)
			return image_fail(error, line.number, "an S%u record carries no data", record.type);
		if (record.type >= 1 && record.type <= 3) {
			n_records++;
			r = image_build_add(build, line.number, record.address, record.data, record.n, error);
			if (r)
				return r;
		} else if (record.type == 5 || record.type == 6) {
			if (record.address != n_records)
				return image_fail(error, line.number,
						  "the file announces %" PRIu64 " data records and holds %" PRIu64,
						  record.address, n_records);
		} else if (record.type >= 7) {
			build->entry = record.address;
			ended = true;
		}
	}
	if (!ended)
		return image_fail(error, line.number,
				  "the closing S7, S8 or S9 record is missing: the file is cut off");
	return 0;
}
