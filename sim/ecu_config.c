/* Defaults of a virtual ECU and the check of its configuration. */
#include "sim/ecu_core.h"

#include <string.h>

struct ecu_config ecu_config_default(void)
{
	struct ecu_config config;

	memset(&config, 0, sizeof config);
	config.link = isotp_config_default();
	config.max_number_of_block_length = 4095;
	config.timing = (struct ecu_timing){
	    .p2_us = 50000,
	    .p2_star_us = 5000000,
	    .s3_us = 5000000,
	    .pending_margin_us = 20000,
	    .reset_us = 500000,
	    .boot_switch_us = 0,
	    .erase_us_per_kib = 4000,
	    .program_us_per_block = 4000,
	    .check_us_per_kib = 300,
	};
	config.security = (struct ecu_security){
	    .level = 1,
	    .seed_bytes = 16,
	    .max_attempts = 3,
	    .delay_us = 10000000,
	};
	config.banks.switch_over = 0x0210;
	config.banks.switch_back = 0x0211;
	config.dtc_availability = 0x08;
	config.version.from = ECU_VERSION_CRC32;
	return config;
}

static const char *check_regions(const struct ecu_config *config)
{
	if (!config->n_regions || config->n_regions > ECU_MAX_REGIONS)
		return "memory: must be 1 to 8 regions";
	for (size_t i = 0; i < config->n_regions; i++) {
		const struct ecu_region *r = &config->regions[i];
		uint64_t end = (uint64_t)r->address + r->size;

		if (!r->size || end > UINT64_C(1) << 32)
			return "memory: a region must have a size and end below 2^32";
		if (!r->sector_bytes)
			return "memory: a sector must have at least one byte";
		for (size_t j = 0; j < i; j++) {
			const struct ecu_region *other = &config->regions[j];

			if (r->address < (uint64_t)other->address + other->size && other->address < end)
				return "memory: regions must not overlap";
		}
	}
	if (config->banks.present && (!config->banks.switch_over || !config->banks.switch_back ||
				      config->banks.switch_over == config->banks.switch_back))
		return "banks: the two routines must differ and not be 0";
	if (config->regions[0].ram)
		return "memory: the first region holds the application and cannot be RAM";
	return NULL;
}

static const char *check_timing(const struct ecu_timing *timing)
{
	if (timing->p2_us < 1000 || timing->p2_us > 65535000)
		return "timing: p2 must be 1 ms to 65535 ms";
	if (timing->p2_star_us < 10000 || timing->p2_star_us > 655350000)
		return "timing: p2_star must be 10 ms to 655350 ms";
	if (timing->pending_margin_us > timing->p2_us / 2 || timing->pending_margin_us > timing->p2_star_us / 2)
		return "timing: pending_margin must be at most half of p2 and of p2_star";
	if (!timing->s3_us)
		return "timing: s3 must not be 0";
	return NULL;
}

static bool is_level(uint8_t level)
{
	return level % 2 == 1 && level <= 0x41;
}

static const char *check_security(const struct ecu_security *security)
{
	if (!is_level(security->level))
		return "security: level must be odd, 1 to 0x41";
	if (security->n_more_levels > ECU_MAX_LEVELS - 1)
		return "security: at most 3 more_levels";
	for (size_t i = 0; i < security->n_more_levels; i++) {
		uint8_t level = security->more_levels[i];

		if (!is_level(level))
			return "security: more_levels must be odd, 1 to 0x41";
		if (level == security->level || (i > 0 && memchr(security->more_levels, level, i)))
			return "security: each level must be there once";
	}
	if (!security->seed_bytes || security->seed_bytes > ECU_MAX_SEED_BYTES)
		return "security: seed_bytes must be 1 to 16";
	if (!security->max_attempts)
		return "security: attempts must be at least 1";
	return NULL;
}

const char *ecu_config_check(const struct ecu_config *config)
{
	const struct ecu_security *security = &config->security;
	const char *wrong = check_regions(config);

	if (!wrong)
		wrong = check_timing(&config->timing);
	if (wrong)
		return wrong;
	if (config->max_number_of_block_length < 3)
		return "max_block_length: must be at least 3";
	wrong = security->level ? check_security(security) : NULL;
	if (wrong)
		return wrong;
	if (config->n_dids > ECU_MAX_DIDS)
		return "dids: at most 16";
	for (size_t i = 0; i < config->n_dids; i++) {
		if (!config->dids[i].n || config->dids[i].n > ECU_MAX_DID_BYTES)
			return "dids: 1 to 64 bytes each";
	}
	if (config->n_dtcs > ECU_MAX_DTCS || !config->dtc_availability)
		return "dtcs: at most 32, and a status bit must be available";
	if (config->app_message.id && (!config->app_message.period_us || config->app_message.dlc > 8))
		return "message: needs a period, and at most 8 bytes";
	if (config->version.from == ECU_VERSION_AT &&
	    !ecu_memory_find(config->regions, config->n_regions, config->version.address, config->version.length))
		return "version_at: must lie within one region";
	return NULL;
}

struct ecu_nonvolatile ecu_nonvolatile_default(const struct ecu_config *config)
{
	struct ecu_nonvolatile nv;

	memset(&nv, 0, sizeof nv);
	for (size_t i = 0; i < config->n_dids; i++)
		memcpy(nv.did_bytes[i], config->dids[i].bytes, config->dids[i].n);
	return nv;
}
