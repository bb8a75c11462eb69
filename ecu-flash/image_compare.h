/*
 * image_compare - where two images differ, range by range, in rising addresses.
 */
#ifndef ECU_FLASH_IMAGE_COMPARE_H
#define ECU_FLASH_IMAGE_COMPARE_H

#include "ecu-flash/image.h"

enum image_range_kind { IMAGE_RANGE_DIFFERS, IMAGE_RANGE_ONLY_FIRST, IMAGE_RANGE_ONLY_SECOND };

struct image_range {
	enum image_range_kind kind;
	uint64_t address;
	uint64_t n_bytes;              /* of DIFFERS: that follow each other and all differ */
	const uint8_t *first, *second; /* the bytes there; NULL where an image has none */
};

struct image_compare { /* all fields are private */
	const struct image *a, *b;
	size_t segment_a, segment_b;
	uint64_t address; /* all below it is done */
};

/* both images live as long as the comparison */
void image_compare_init(struct image_compare *self, const struct image *a, const struct image *b);
/* Return: false when there is no further range: without a first one the images hold the same bytes */
bool image_compare_next(struct image_compare *self, struct image_range *range);

#endif
