/*
 * ecu_memory - the flash memory of a virtual ECU: regions with sectors, and the list of what was programmed.
 *
 * Pure. The bytes belong to the caller. Erased flash is 0xFF; a byte that is not erased cannot be programmed, until its
 * sector is erased. A RAM region takes any write and is never part of an application.
 */
#ifndef SIM_ECU_MEMORY_H
#define SIM_ECU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECU_MAX_REGIONS 8u
#define ECU_MAX_EXTENTS 64u
#define ECU_ERASED      0xffu

struct ecu_region {
	uint32_t address;
	uint32_t size;         /* address + size <= 2^32 */
	uint32_t sector_bytes; /* at least 1; the last sector may be cut off by the region's end */
	bool ram;
	uint8_t *bytes;               /* size bytes, owned by the caller */
	uint8_t *bank_b;              /* the same of the second bank, where there are two */
	bool upload;                  /* may be read with service 35 */
	uint32_t erase_us_per_sector; /* 0 = as the ECU's timing says */
	uint32_t program_us_per_kib;  /* the same */
};

struct ecu_extent {
	uint32_t address;
	uint32_t size;
};

/* ranges in ascending order; overlapping and touching ones are joined */
struct ecu_extents {
	struct ecu_extent items[ECU_MAX_EXTENTS];
	size_t n;
};

/* Return: false, with nothing changed, if the list is full */
bool ecu_extents_add(struct ecu_extents *self, uint32_t address, uint32_t size);
/* Return: false, with nothing changed, if the list has no room for the two halves of a split */
bool ecu_extents_remove(struct ecu_extents *self, uint32_t address, uint32_t size);
bool ecu_extents_covers(const struct ecu_extents *self, uint32_t address, uint32_t size);
uint64_t ecu_extents_bytes(const struct ecu_extents *self);

/* Return: the region that holds the whole range; NULL if none does, or @size is 0 */
const struct ecu_region *ecu_memory_find(const struct ecu_region *regions, size_t n, uint32_t address, uint32_t size);

/* The range grown to whole sectors of @region, in which it must lie. */
struct ecu_extent ecu_memory_sectors(const struct ecu_region *region, uint32_t address, uint32_t size);

/* fills the range, which must lie in @region, with 0xFF */
void ecu_memory_erase(const struct ecu_region *region, uint32_t address, uint32_t size);

/**
 * ecu_memory_program() - write bytes into a range that lies in @region
 *
 * Return: false, with nothing written, if a byte of a flash region is not erased.
 */
bool ecu_memory_program(const struct ecu_region *region, uint32_t address, const uint8_t *bytes, size_t n);

/* CRC-32 (IEEE 802.3, reflected); @crc starts at 0 and chains */
uint32_t ecu_memory_crc32(uint32_t crc, const uint8_t *bytes, size_t n);

/* CRC-32 over the bytes of all extents joined in ascending order; ranges outside every region count as nothing */
uint32_t ecu_memory_crc32_of(const struct ecu_region *regions, size_t n, const struct ecu_extents *extents);

#endif
