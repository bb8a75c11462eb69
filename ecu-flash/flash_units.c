#include "ecu-flash/flash_units.h"
#include "ecu-flash/flash_run_priv.h"

#include <inttypes.h>
#include <stdio.h>

/* whether a value fits so many bytes */
static bool fits(uint64_t value, uint8_t n_bytes)
{
	return n_bytes >= 8 || value >> (8u * n_bytes) == 0;
}

static bool overlap(const struct image_segment *a, const struct image_segment *b)
{
	return a->address < b->address + b->n_bytes && b->address < a->address + a->n_bytes;
}

static const struct image_segment *overlapping(const struct image *image, const struct image_segment *segment)
{
	for (size_t i = 0; i < image->n_segments; i++)
		if (overlap(&image->segments[i], segment))
			return &image->segments[i];
	return NULL;
}

/* what the routines take for one unit, beside its segments */
static bool arguments_fit(const struct profile *profile, const struct flash_unit *unit, uint8_t u, char *text,
			  size_t n_text)
{
	if (profile->erase_argument == PROFILE_ERASE_BLOCK &&
	    !fits((uint64_t)profile->first_block + u, profile->block_number_bytes)) {
		snprintf(text, n_text, "block %" PRIu64 " does not fit the profile's %u bytes of a block number",
			 (uint64_t)profile->first_block + u, profile->block_number_bytes);
		return false;
	}
	if (profile->check_argument != PROFILE_CHECK_SIGNATURE)
		return true;
	if (!unit->n_signature || unit->n_signature > FLASH_SIGNATURE_BYTES)
		snprintf(text, n_text, "the ECU's check takes a signature of 1..%u bytes, and there %s",
			 FLASH_SIGNATURE_BYTES, unit->n_signature ? "are more" : "is none");
	return unit->n_signature && unit->n_signature <= FLASH_SIGNATURE_BYTES;
}

bool flash_units_check(const struct profile *profile, const struct flash_unit *units, uint8_t n_units, uint8_t *unit,
		       char *text, size_t n_text)
{
	struct flash_range_format erase = flash_erase_format(profile);
	bool ranges = profile->erase_argument == PROFILE_ERASE_ADDRESS_LENGTH;
	uint8_t address_bytes = profile->address_bytes, length_bytes = profile->length_bytes;

	if (ranges && erase.address_bytes < address_bytes)
		address_bytes = erase.address_bytes;
	if (ranges && erase.length_bytes < length_bytes)
		length_bytes = erase.length_bytes;
	if (n_units > 1 && profile->erase_argument == PROFILE_ERASE_NONE) {
		*unit = 1;
		snprintf(text, n_text, "the erase routine takes no range: it would erase the unit before it again");
		return false;
	}
	for (uint8_t u = 0; u < n_units; u++) {
		*unit = u;
		if (!arguments_fit(profile, &units[u], u, text, n_text))
			return false;
		for (size_t s = 0; s < units[u].image->n_segments; s++) {
			const struct image_segment *segment = &units[u].image->segments[s];
			uint64_t last = segment->address + (segment->n_bytes - 1);

			if (last < segment->address || !fits(last, address_bytes) ||
			    !fits(segment->n_bytes, length_bytes)) {
				snprintf(text, n_text,
					 "%zu bytes at 0x%08" PRIX64
					 " do not fit the profile's %u address and %u length bytes",
					 segment->n_bytes, segment->address, address_bytes, length_bytes);
				return false;
			}
			for (uint8_t before = 0; before < u; before++) {
				if (!overlapping(units[before].image, segment))
					continue;
				snprintf(text, n_text,
					 "%zu bytes at 0x%08" PRIX64 " overlap unit %u: it would be erased again",
					 segment->n_bytes, segment->address, before + 1u);
				return false;
			}
		}
	}
	return true;
}
