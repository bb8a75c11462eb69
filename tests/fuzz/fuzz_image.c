/*
 * Any bytes as a firmware file, in each format, into a buffer of exactly the file's size: no access outside of it, and
 * an image that is accepted keeps the promises of its header; written as records and read again it is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/image_compare.h"
#include "ecu-flash/image_write.h"

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

static void write_and_read(const struct image *image, enum image_format format)
{
	const struct image_segment *last = &image->segments[image->n_segments - 1];
	const struct image_write_config config = {
	    .format = format,
	    .record_bytes = (uint8_t)image->n_bytes,
	    .srec_type = image_srec_type(last->address + (last->n_bytes - 1), image->entry),
	    .linear = image->n_bytes & 1,
	    .entry = image->entry,
	};
	/* a record of one byte takes 18 characters at most; each segment may be cut, and begin with two address records
	 */
	size_t cap = 18 * image->n_bytes + 100 * (image->n_segments + image->n_bytes / 0x10000 + 2);
	char *text = malloc(cap + IMAGE_WRITE_BYTES);
	uint8_t *buf = malloc(cap + IMAGE_WRITE_BYTES);
	struct image_writer writer;
	struct image_error error;
	struct image again = {0};
	struct image_compare compare;
	struct image_range range;
	size_t n;

	if (!config.srec_type)
		abort(); /* both formats end at 32 bits */
	image_write_init(&writer, &config);
	n = image_write_begin(&writer, text);
	for (size_t i = 0; i < image->n_segments; i++) {
		struct image_segment piece = image->segments[i];

		for (size_t more; (more = image_write_next(&writer, &piece, text + n)) > 0; n += more)
			if (more > IMAGE_WRITE_BYTES || n + more > cap)
				abort();
	}
	n += image_write_end(&writer, text + n);
	if (image_parse(&again, format, (const uint8_t *)text, n, 0, buf, n, &error))
		abort();
	image_compare_init(&compare, image, &again);
	if (image_compare_next(&compare, &range) || again.entry != image->entry)
		abort();
	free(buf);
	free(text);
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
			if (image.format != IMAGE_RAW) {
				write_and_read(&image, IMAGE_IHEX);
				write_and_read(&image, IMAGE_SREC);
			}
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
