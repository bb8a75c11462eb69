/*
 * Intel HEX: ":LLAAAATT" data "CC", all in hexadecimal. Types 0 data, 1 end of file, 2 extended segment address, 3
 * start segment address, 4 extended linear address, 5 start linear address. The bytes of a record sum up to 0.
 *
 * Source: Intel Hexadecimal Object File Format Specification, revision A, 1988.
 */
#include "ecu-flash/image_build.h"

enum { DATA = 0, END_OF_FILE = 1, SEGMENT_BASE = 2, SEGMENT_START = 3, LINEAR_BASE = 4, LINEAR_START = 5 };

#define HEAD_BYTES 4u /* length, address, type */

struct record {
	uint8_t bytes[HEAD_BYTES + 255 + 1];
	uint8_t n;
	uint16_t address;
	uint8_t type;
	const uint8_t *data;
};

static int decode(struct record *record, const struct image_lines *line, struct image_error *error)
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
		record->bytes[i] = (uint8_t)byte;
		sum = (uint8_t)(sum + byte);
	}
	if (sum) {
		uint8_t given = record->bytes[n - 1];

		return image_fail(error, line->number, "the checksum is %02X, the record's bytes give %02X", given,
				  (uint8_t)(given - sum));
	}
	record->n = (uint8_t)length;
	record->address = (uint16_t)(record->bytes[1] << 8 | record->bytes[2]);
	record->type = record->bytes[3];
	record->data = record->bytes + HEAD_BYTES;
	return 0;
}

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

struct base {
	uint64_t address;
	bool linear;
};

static int take(struct image_build *build, struct base *base, const struct record *record, unsigned line,
		struct image_error *error)
{
	static const uint8_t lengths[] = {
	    [SEGMENT_BASE] = 2, [SEGMENT_START] = 4, [LINEAR_BASE] = 2, [LINEAR_START] = 4};

	if (record->type > LINEAR_START)
		return image_fail(error, line, "record type %02X is unknown", record->type);
	if (record->type != DATA && record->n != lengths[record->type])
		return image_fail(error, line, "a record of type %02X has %u data bytes, not %u", record->type,
				  lengths[record->type], record->n);
	switch (record->type) {
	case DATA:
		/* below a segment base the offset would wrap to the segment's start: no tool means that */
		if (!base->linear && (uint32_t)record->address + record->n > 0x10000)
			return image_fail(error, line, "the record runs over the end of its 64 KiB segment");
		return image_build_add(build, line, base->address + record->address, record->data, record->n, error);
	case SEGMENT_BASE:
		*base = (struct base){.address = (uint64_t)be16(record->data) << 4};
		break;
	case LINEAR_BASE:
		*base = (struct base){.address = (uint64_t)be16(record->data) << 16, .linear = true};
		break;
	case SEGMENT_START:
		build->entry = (be16(record->data) << 4) + be16(record->data + 2);
		break;
	case LINEAR_START:
		build->entry = (uint64_t)be16(record->data) << 16 | be16(record->data + 2);
		break;
	}
	return 0;
}

int image_ihex_scan(struct image_build *build, const uint8_t *bytes, size_t n, struct image_error *error)
{
	struct image_lines line = {.bytes = bytes, .n = n};
	struct base base = {0};
	bool ended = false;

	while (image_lines_next(&line)) {
		struct record record = {0};
		int r;

		if (ended)
			return image_fail(error, line.number, "there is something after the end-of-file record");
		r = decode(&record, &line, error);
		if (!r)
			r = take(build, &base, &record, line.number, error);
		if (r)
			return r;
		ended = record.type == END_OF_FILE;
	}
	if (!ended)
		return image_fail(error, line.number, "the end-of-file record is missing: the file is cut off");
	return 0;
}
