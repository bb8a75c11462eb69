/*
 * Intel HEX: ":LLAAAATT" data "CC", all in hexadecimal. Types 0 data, 1 end of file, 2 extended segment address, 3
 * start segment address, 4 extended linear address, 5 start linear address. The bytes of a record sum up to 0.
 *
 * Source: Intel Hexadecimal Object File Format Specification, revision A, 1988.
 */
#include "ecu-flash/image_build.h"

enum { DATA = 0, END_OF_FILE = 1, SEGMENT_BASE = 2, SEGMENT_START = 3, LINEAR_BASE = 4, LINEAR_START = 5 };

#define SEGMENTED_END 0x100000u /* addresses that types 2 and 3 reach */
#define HEAD_BYTES    4u        /* length, address, type */

struct record {
	uint8_t n;
	uint16_t address;
	uint8_t type;
	const uint8_t *data;
};

/* @bytes: of the record, HEAD_BYTES + 255 + 1 at most; its data stay there */
static int decode(struct record *record, uint8_t *bytes, const struct image_lines *line, struct image_error *error)
{
	uint8_t sum = 0;
	size_t n;

	if (line->text[0] != ':')
		return image_fail(error, line->number, "an Intel HEX record begins with ':'");
	if (line->length < 1 + 2 * (HEAD_BYTES + 1))
		return image_fail(error, line->number, "the record is cut off");
	int length = image_hex_byte(line->text + 1);

	if (length < 0)
		return image_fail(error, line->number, "column 2 is not hexadecimal");
	n = HEAD_BYTES + (size_t)length + 1;
	if (line->length != 1 + 2 * n)
		return image_fail(error, line->number, "the record announces %d data bytes and is too %s for them",
				  length, line->length < 1 + 2 * n ? "short" : "long");
	for (size_t i = 0; i < n; i++) {
		int byte = image_hex_byte(line->text + 1 + 2 * i);

		if (byte < 0)
			return image_fail(error, line->number, "column %zu is not hexadecimal", 2 + 2 * i);
		bytes[i] = (uint8_t)byte;
		sum = (uint8_t)(sum + byte);
	}
	if (sum) {
		uint8_t given = bytes[n - 1];

		return image_fail(error, line->number, "the checksum is %02X, the record's bytes give %02X", given,
				  (uint8_t)(given - sum));
	}
	record->n = (uint8_t)length;
	record->address = (uint16_t)(bytes[1] << 8 | bytes[2]);
	record->type = bytes[3];
	record->data = bytes + HEAD_BYTES;
	return 0;
}

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* a record that holds no data says something of the file */
static int take(struct image_records *file, const struct record *record, struct image_error *error)
{
	static const uint8_t lengths[] = {
	    [SEGMENT_BASE] = 2, [SEGMENT_START] = 4, [LINEAR_BASE] = 2, [LINEAR_START] = 4};

	if (record->type > LINEAR_START)
		return image_fail(error, file->line, "record type %02X is unknown", record->type);
	if (record->type != DATA && record->n != lengths[record->type])
		return image_fail(error, file->line, "a record of type %02X has %u data bytes, not %u", record->type,
				  lengths[record->type], record->n);
	switch (record->type) {
	case DATA:
		/* below a segment base the offset would wrap to the segment's start: no tool means that */
		if (!file->base_linear && (uint32_t)record->address + record->n > 0x10000)
			return image_fail(error, file->line, "the record runs over the end of its 64 KiB segment");
		file->address = file->base + record->address;
		file->data = record->data;
		file->n = record->n;
		return IMAGE_RECORD_DATA;
	case END_OF_FILE:
		file->ended = true;
		break;
	case SEGMENT_BASE:
		file->base = (uint64_t)be16(record->data) << 4;
		file->base_linear = false;
		break;
	case LINEAR_BASE:
		file->base = (uint64_t)be16(record->data) << 16;
		file->base_linear = true;
		file->linear = file->linear || file->base < SEGMENTED_END;
		break;
	case SEGMENT_START:
		file->entry = (be16(record->data) << 4) + be16(record->data + 2);
		break;
	case LINEAR_START:
		file->entry = (uint64_t)be16(record->data) << 16 | be16(record->data + 2);
		file->linear = file->linear || file->entry < SEGMENTED_END;
		break;
	}
	return IMAGE_RECORD_OTHER;
}

int image_ihex_record(struct image_records *file, struct image_error *error)
{
	struct record record = {0};
	int r;

	if (file->ended)
		return image_fail(error, file->line, "there is something after the end-of-file record");
	r = decode(&record, file->bytes, &file->lines, error);
	return r ? r : take(file, &record, error);
}
