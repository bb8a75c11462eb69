/* What a virtual ECU holds, from YAML: memory, banks, factory contents, and where its version comes from. */
#include <stdio.h>
#include <string.h>

#include "sim/virtual_ecu_loader.h"

#define USUAL_SECTOR_BYTES 1024u

void vecu_load_memory(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	char key[64], size_key[64];

	core->n_regions = y->n_memory;
	for (size_t i = 0; i < y->n_memory; i++) {
		const struct vecu_yaml_region *r = &y->memory[i];
		struct ecu_region *out = &core->regions[i];

		snprintf(key, sizeof(key), "memory[%zu].address", i);
		out->address = vecu_number32(l, key, r->address, 0, UINT32_MAX, 0);
		snprintf(size_key, sizeof(size_key), "memory[%zu].size", i);
		out->size = vecu_number32(l, size_key, r->size, 1, 64u << 20, 0);
		snprintf(key, sizeof(key), "memory[%zu].sector", i);
		out->sector_bytes = vecu_number32(l, key, r->sector, 1, 64u << 20,
						  out->size < USUAL_SECTOR_BYTES ? out->size : USUAL_SECTOR_BYTES);
		if (out->sector_bytes && out->size % out->sector_bytes != 0)
			vecu_fail(l, vecu_has(l, key) ? key : size_key,
				  "a region of %u bytes is not a whole number of sectors of %u", (unsigned)out->size,
				  (unsigned)out->sector_bytes);
		snprintf(key, sizeof(key), "memory[%zu].erase_us_per_sector", i);
		out->erase_us_per_sector = vecu_number32(l, key, r->erase_us_per_sector, 1, UINT32_MAX, 0);
		snprintf(key, sizeof(key), "memory[%zu].program_us_per_kib", i);
		out->program_us_per_kib = vecu_number32(l, key, r->program_us_per_kib, 1, UINT32_MAX, 0);
		out->ram = r->ram;
		out->upload = r->upload;
	}
}

void vecu_load_banks(struct vecu_loader *l, const struct vecu_yaml_banks *y, struct ecu_banks *out)
{
	out->present = vecu_has(l, "banks");
	out->switch_over = (uint16_t)vecu_number(l, "banks.switch_over", y->switch_over, 1, 0xffff, out->switch_over);
	out->switch_back = (uint16_t)vecu_number(l, "banks.switch_back", y->switch_back, 1, 0xffff, out->switch_back);
	out->programming_session = vecu_has(l, "banks.session") && y->session == UDS_SESSION_PROGRAMMING;
}

void vecu_load_version(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_version *out)
{
	int n_ways = vecu_has(l, "version") + vecu_has(l, "version_at") + vecu_has(l, "version_from");

	if (n_ways != 1) {
		vecu_fail(l, "version", "give one of version, version_at and version_from: crc32");
	} else if (vecu_has(l, "version")) {
		out->from = ECU_VERSION_FIXED;
		vecu_text(out->text, sizeof(out->text), y->version);
	} else if (vecu_has(l, "version_at")) {
		out->from = ECU_VERSION_AT;
		out->address = vecu_number32(l, "version_at.address", y->version_at.address, 0, UINT32_MAX, 0);
		out->length = vecu_number8(l, "version_at.length", y->version_at.length, 1, ECU_TEXT_BYTES - 1, 1);
	} else if (y->version_from && strcmp(y->version_from, "crc32") == 0) {
		out->from = ECU_VERSION_CRC32;
	} else {
		vecu_fail(l, "version_from", "must be crc32");
	}
}

void vecu_load_factory(struct vecu_loader *l, const struct vecu_yaml_factory *y, struct vecu_definition *d)
{
	const struct ecu_region *first = &d->core.regions[0];

	d->factory.present = vecu_has(l, "factory");
	if (!d->factory.present)
		return;
	vecu_text(d->factory.file, sizeof(d->factory.file), y->file);
	vecu_text(d->factory.version, sizeof(d->factory.version), y->version);
	d->factory.address = vecu_number32(l, "factory.address", y->address, 0, UINT32_MAX, first->address);
	d->factory.size = vecu_number32(l, "factory.size", y->size, 1, UINT32_MAX, first->size / 2);
	if (!l->failed && (!ecu_memory_find(d->core.regions, 1, d->factory.address, d->factory.size)))
		vecu_fail(l, "factory", "must lie within the first region");
}
