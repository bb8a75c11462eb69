/*
 * image_load - a firmware file mapped and decoded, with the digests that a run needs.
 */
#ifndef ECU_FLASH_LOAD_IMAGE_LOAD_H
#define ECU_FLASH_LOAD_IMAGE_LOAD_H

#include "ecu-flash/flash_run.h"

struct image_file {
	struct image image;
	uint8_t file_sha256[32];
	uint8_t segments_sha256[32];
	void *map;
	size_t map_n;
	uint8_t *buf;
};

/* @format: with IMAGE_AUTO, a raw file whose name says Intel HEX or S-record (.hex, .s19, …) is wrong content.
 * @text: filled on failure, "FILE:LINE: words". Return: 0, -errno, or 1 for wrong content */
int image_load(const char *path, enum image_format format, uint64_t raw_base, struct image_file *file, char *text,
	       size_t n_text);
/* only maps the file and finds its format, for those who read its records; image.segments stay empty. @format, return:
 * as above */
int image_map(const char *path, enum image_format format, struct image_file *file, char *text, size_t n_text);
void image_unload(struct image_file *file);

#endif
