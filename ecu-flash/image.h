/*
 * image - a firmware file as a list of segments: raw bytes, Intel HEX, Motorola S-record.
 *
 * Decoded bytes lie in the caller's buffer; records may come in any order, touching ones are joined, overlapping ones
 * with different bytes are refused. Gaps stay gaps.
 */
#ifndef ECU_FLASH_IMAGE_H
#define ECU_FLASH_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAX_SEGMENTS 64u

enum image_format { IMAGE_AUTO, IMAGE_RAW, IMAGE_IHEX, IMAGE_SREC };

struct image_segment {
	uint64_t address;
	const uint8_t *data;
	size_t n_bytes;
};

struct image {
	struct image_segment segments[IMAGE_MAX_SEGMENTS]; /* rising addresses, not touching, not overlapping */
	size_t n_segments;
	size_t n_bytes; /* of all segments */
	uint64_t entry; /* start address record, 0 if there is none */
	enum image_format format;
};

struct image_error {
	unsigned line; /* 1-based; 0 where the file as a whole is meant */
	char text[128];
};

/**
 * image_parse() - decode a firmware file
 * @format: IMAGE_AUTO is what image_find_format() says
 * @raw_base: address of the first byte, for raw only
 * @buf: at least @n bytes, lives as long as the image (raw images point into @bytes instead)
 *
 * Return: 0, or 1 with @error; the image is untouched then.
 */
int image_parse(struct image *image, enum image_format format, const uint8_t *bytes, size_t n, uint64_t raw_base,
		uint8_t *buf, size_t cap, struct image_error *error);

/* where a file's first character stands, behind a UTF-8 byte order mark, blank lines and white space; @n if there is
 * none. @line: 1-based, of that place */
size_t image_begin(const uint8_t *bytes, size_t n, unsigned *line);

/**
 * image_find_format() - what a file is, by its content
 *
 * IMAGE_IHEX where it begins with ':', IMAGE_SREC with 'S' and a digit, see image_begin(); anything else is raw, but
 * for text with a line that looks like a record: that is a damaged file of one of the two, and its characters are not
 * what its author wants in an ECU.
 *
 * Return: 0 with @format; 1 with @error, its first line, @format untouched.
 */
int image_find_format(enum image_format *format, const uint8_t *bytes, size_t n, struct image_error *error);

const char *image_format_text(enum image_format format);

/* CRC-32 (IEEE 802.3, reflected) over a segment's bytes; @crc starts at 0 and chains */
uint32_t image_crc32(uint32_t crc, const uint8_t *bytes, size_t n);

#endif
