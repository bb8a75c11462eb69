/*
 * Any bytes as a firmware file, in each format, into a buffer of exactly the file's size: no access outside of it, and
 * an image that is accepted keeps the promises of its header.
 */
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct image *image, const uint8_t *buf, size_t cap)
{
	uint64_t end = 0;
	size_t total = 0;

	if (!image->n_segments || image->n_segments > IMAGE_MAX_SEGMENTS)
		abort();
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct image_segment *s = &image->segments[i];

		if (!s->n_bytes || (i && s->address <= end))
			abort();
		if (image->format != IMAGE_RAW && (s->data < buf || s->n_bytes > (size_t)(buf + cap - s->data)))
			abort();
		end = s->address + s->n_bytes;
		total += s->n_bytes;
	}
	if (total != image->n_bytes)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum image_format formats[] = {IMAGE_AUTO, IMAGE_RAW, IMAGE_IHEX, IMAGE_SREC};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		uint8_t *buf = malloc(size ? size : 1);
		struct image image = {0};
		struct image_error error;

		if (image_parse(&image, formats[i], data, size, 0x1000, buf, size, &error) == 0) {
			check(&image, buf, size);
		} else {
			if (image.n_segments || strlen(error.text) >= sizeof error.text)
				abort();
			/* the room is counted so that it suffices for every file */
			if (strstr(error.text, "buffer"))
				abort();
		}
		free(buf);
	}
	return 0;
}
