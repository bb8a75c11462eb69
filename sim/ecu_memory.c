#include "sim/ecu_memory.h"

#include <assert.h>
#include <string.h>

static uint64_t end_of(uint32_t address, uint32_t size)
{
	return (uint64_t)address + size;
}

static uint64_t extent_end(const struct ecu_extent *extent)
{
	return end_of(extent->address, extent->size);
}

bool ecu_extents_add(struct ecu_extents *self, uint32_t address, uint32_t size)
{
	if (!size)
		return true;

	uint64_t begin = address;
	uint64_t end = end_of(address, size);
	size_t first = 0;

	while (first < self->n && extent_end(&self->items[first]) < begin)
		first++;
	size_t last = first; /* one behind the extents that the new one touches */

	while (last < self->n && self->items[last].address <= end) {
		if (self->items[last].address < begin)
			begin = self->items[last].address;
		if (extent_end(&self->items[last]) > end)
			end = extent_end(&self->items[last]);
		last++;
	}
	if (first == last && self->n == ECU_MAX_EXTENTS)
		return false;
	memmove(&self->items[first + 1], &self->items[last], (self->n - last) * sizeof self->items[0]);
	self->n = self->n - (last - first) + 1;
	self->items[first] = (struct ecu_extent){(uint32_t)begin, (uint32_t)(end - begin)};
	return true;
}

bool ecu_extents_remove(struct ecu_extents *self, uint32_t address, uint32_t size)
{
	uint64_t end = end_of(address, size);
	struct ecu_extents out = {.n = 0};

	for (size_t i = 0; i < self->n; i++) {
		struct ecu_extent e = self->items[i];
		uint64_t e_end = extent_end(&e);

		if (e_end <= address || e.address >= end) {
			if (out.n == ECU_MAX_EXTENTS)
				return false;
			out.items[out.n++] = e;
			continue;
		}
		if (e.address < address) {
			if (out.n == ECU_MAX_EXTENTS)
				return false;
			out.items[out.n++] = (struct ecu_extent){e.address, address - e.address};
		}
		if (e_end > end) {
			if (out.n == ECU_MAX_EXTENTS)
				return false;
			out.items[out.n++] = (struct ecu_extent){(uint32_t)end, (uint32_t)(e_end - end)};
		}
	}
	*self = out;
	return true;
}

bool ecu_extents_covers(const struct ecu_extents *self, uint32_t address, uint32_t size)
{
	for (size_t i = 0; i < self->n; i++) {
		const struct ecu_extent *e = &self->items[i];

		if (e->address <= address && extent_end(e) >= end_of(address, size))
			return true;
	}
	return false;
}

uint64_t ecu_extents_bytes(const struct ecu_extents *self)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < self->n; i++)
		sum += self->items[i].size;
	return sum;
}

const struct ecu_region *ecu_memory_find(const struct ecu_region *regions, size_t n, uint32_t address, uint32_t size)
{
	if (!size)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const struct ecu_region *r = &regions[i];

		if (address >= r->address && end_of(address, size) <= end_of(r->address, r->size))
			return r;
	}
	return NULL;
}

struct ecu_extent ecu_memory_sectors(const struct ecu_region *region, uint32_t address, uint32_t size)
{
	uint32_t begin = address - region->address;
	uint64_t end = (uint64_t)begin + size;
	uint32_t sector = region->sector_bytes;

	begin -= begin % sector;
	end = (end + sector - 1) / sector * sector;
	if (end > region->size)
		end = region->size;
	return (struct ecu_extent){region->address + begin, (uint32_t)(end - begin)};
}

static uint8_t *bytes_at(const struct ecu_region *region, uint32_t address, size_t n)
{
	assert(address >= region->address);
	assert((uint64_t)(address - region->address) + n <= region->size);
	return region->bytes + (address - region->address);
}

void ecu_memory_erase(const struct ecu_region *region, uint32_t address, uint32_t size)
{
	memset(bytes_at(region, address, size), ECU_ERASED, size);
}

bool ecu_memory_program(const struct ecu_region *region, uint32_t address, const uint8_t *bytes, size_t n)
{
	uint8_t *at = bytes_at(region, address, n);

	if (!region->ram) {
		for (size_t i = 0; i < n; i++) {
			if (at[i] != ECU_ERASED)
				return false;
		}
	}
	memcpy(at, bytes, n);
	return true;
}

uint32_t ecu_memory_crc32(uint32_t crc, const uint8_t *bytes, size_t n)
{
	/* four bits a step: a table that fits a cache line, built by hand from the polynomial 0xEDB88320 */
	static const uint32_t table[16] = {
	    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

uint32_t ecu_memory_crc32_of(const struct ecu_region *regions, size_t n, const struct ecu_extents *extents)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < extents->n; i++) {
		const struct ecu_extent *e = &extents->items[i];

		/* extents of neighbouring regions may have been joined: go region by region */
		for (size_t r = 0; r < n; r++) {
			uint64_t begin = e->address > regions[r].address ? e->address : regions[r].address;
			uint64_t end = extent_end(e);
			uint64_t region_end = end_of(regions[r].address, regions[r].size);

			if (region_end < end)
				end = region_end;
			if (begin >= end)
				continue;
			size_t part = (size_t)(end - begin);

			crc = ecu_memory_crc32(crc, bytes_at(&regions[r], (uint32_t)begin, part), part);
		}
	}
	return crc;
}
