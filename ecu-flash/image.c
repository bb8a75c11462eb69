#include "ecu-flash/image.h"

#include <string.h>

#include "ecu-flash/image_build.h"

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

enum image_format image_recognise(const uint8_t *bytes, size_t n)
{
	if (n >= 1 && bytes[0] == ':')
		return IMAGE_IHEX;
	if (n >= 2 && bytes[0] == 'S' && bytes[1] >= '0' && bytes[1] <= '9')
		return IMAGE_SREC;
	return IMAGE_RAW;
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

	parsed.format = format == IMAGE_AUTO ? image_recognise(bytes, n) : format;
	switch (parsed.format) {
	case IMAGE_AUTO: /* image_recognise() never answers so */
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
