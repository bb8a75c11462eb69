#include "ecu-flash/image.h"

#include <string.h>

#include "ecu-flash/image_build.h"

#define TEXT_BYTES    4096u /* in which bytes that are no text show, if the file is none */
#define RECORD_DIGITS 8u    /* length, address and type of an Intel HEX record; the least S-record has 9 */

const char *image_format_text(enum image_format format)
{
	switch (format) {
	case IMAGE_AUTO:
		return "auto";
	case IMAGE_RAW:
		return "raw";
	case IMAGE_IHEX:
		return "Intel HEX";
	case IMAGE_SREC:
		return "S-record";
	}
	return "unknown";
}

static bool is_white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t image_begin(const uint8_t *bytes, size_t n, unsigned *line)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
	size_t i = n >= sizeof mark && memcmp(bytes, mark, sizeof mark) == 0 ? sizeof mark : 0;

	for (*line = 1; i < n && is_white(bytes[i]); i++)
		*line += bytes[i] == '\n';
	return i;
}

/* bytes above 0x7f are letters of some language, in a comment */
static bool is_text(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && i < TEXT_BYTES; i++)
		if ((bytes[i] < ' ' && !is_white(bytes[i]) && bytes[i] != '\f') || bytes[i] == 0x7f)
			return false;
	return true;
}

/* as much of a record as one with some damage still has */
static bool looks_like_record(const struct image_lines *line)
{
	size_t i = 0, n_digits = 0;

	while (is_white(line->text[i]))
		i++; /* the line is not blank */
	if (line->text[i] != ':' && line->text[i] != 'S')
		return false;
	for (i++; i < line->length && n_digits < RECORD_DIGITS && image_is_hex(line->text[i]); i++)
		n_digits++;
	return n_digits == RECORD_DIGITS;
}

int image_find_format(enum image_format *format, const uint8_t *bytes, size_t n, struct image_error *error)
{
	unsigned first;
	size_t at = image_begin(bytes, n, &first);
	struct image_lines line = {.bytes = bytes, .n = n};
	const bool text = is_text(bytes, n);

	if (at < n && bytes[at] == ':') {
		*format = IMAGE_IHEX;
		return 0;
	}
	if (n - at >= 2 && bytes[at] == 'S' && bytes[at + 1] >= '0' && bytes[at + 1] <= '9') {
		*format = IMAGE_SREC;
		return 0;
	}
	while (text && image_lines_next(&line))
		if (looks_like_record(&line))
			return image_fail(error, first,
					  "neither Intel HEX nor S-record, though line %u looks like it; correct the "
					  "file, or flash its text with --raw",
					  line.number);
	*format = IMAGE_RAW;
	return 0;
}

static int parse_raw(struct image *image, const uint8_t *bytes, size_t n, uint64_t base, struct image_error *error)
{
	if (!n)
		return image_fail(error, 0, "the file is empty");
	if (base > UINT64_MAX - n)
		return image_fail(error, 0, "the base address leaves no room for %zu bytes", n);
	image->segments[0] = (struct image_segment){.address = base, .data = bytes, .n_bytes = n};
	image->n_segments = 1;
	image->n_bytes = n;
	return 0;
}

int image_parse(struct image *image, enum image_format format, const uint8_t *bytes, size_t n, uint64_t raw_base,
		uint8_t *buf, size_t cap, struct image_error *error)
{
	struct image parsed = {0};
	int r = 1;

	parsed.format = format;
	if (format == IMAGE_AUTO && image_find_format(&parsed.format, bytes, n, error))
		return 1;
	switch (parsed.format) {
	case IMAGE_AUTO: /* image_find_format() never answers so */
	case IMAGE_RAW:
		r = parse_raw(&parsed, bytes, n, raw_base, error);
		break;
	case IMAGE_IHEX:
	case IMAGE_SREC:
		r = image_build_run(&parsed, bytes, n, buf, cap, error);
		break;
	}
	if (!r)
		*image = parsed;
	return r;
}

uint32_t image_crc32(uint32_t crc, const uint8_t *bytes, size_t n)
{
	/* the reflected polynomial 0xEDB88320 over half a byte */
	static const uint32_t table[16] = {
	    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15u];
		crc = crc >> 4 ^ table[crc & 15u];
	}
	return ~crc;
}
