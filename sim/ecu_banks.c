/* The banks of the virtual ECU: one, or two of which one runs and the other is programmed. */
#include "sim/ecu_internal.h"

static struct ecu_bank bank(struct ecu_core *self, unsigned index)
{
	struct ecu_nonvolatile *nv = &self->nv;

	if (index == 1)
		return (struct ecu_bank){&nv->bank_b.app_valid, &nv->bank_b.programmed, nv->bank_b.factory_version,
					 self->regions_b};
	return (struct ecu_bank){&nv->app_valid, &nv->programmed, nv->factory_version, self->config->regions};
}

static bool running_b(const struct ecu_core *self)
{
	return self->config->banks.present && self->nv.running_bank == 1;
}

struct ecu_bank ecu_banks_target(struct ecu_core *self)
{
	return bank(self, self->config->banks.present && !running_b(self));
}

void ecu_banks_spoil(struct ecu_core *self)
{
	struct ecu_bank target = ecu_banks_target(self);

	*target.app_valid = false;
	target.factory_version[0] = '\0';
	self->nv.bank_mark = ECU_BANK_STAY;
	ecu_want(self, ECU_OUTPUT_STORE);
	ecu_want(self, ECU_OUTPUT_MEMORY);
}

const struct ecu_region *ecu_banks_running_regions(const struct ecu_core *self)
{
	return running_b(self) ? self->regions_b : self->config->regions;
}

const struct ecu_extents *ecu_banks_running_extents(const struct ecu_core *self)
{
	return running_b(self) ? &self->nv.bank_b.programmed : &self->nv.programmed;
}

const char *ecu_banks_running_factory_version(const struct ecu_core *self)
{
	return running_b(self) ? self->nv.bank_b.factory_version : self->nv.factory_version;
}

bool ecu_core_app_valid(const struct ecu_core *self)
{
	return running_b(self) ? self->nv.bank_b.app_valid : self->nv.app_valid;
}

uint32_t ecu_core_crc32(const struct ecu_core *self)
{
	return ecu_memory_crc32_of(ecu_banks_running_regions(self), self->config->n_regions,
				   ecu_banks_running_extents(self));
}

uint64_t ecu_core_programmed_bytes(const struct ecu_core *self)
{
	return ecu_extents_bytes(ecu_banks_running_extents(self));
}

/* a bank without a valid application is left for one with it, marked or not */
void ecu_banks_boot(struct ecu_core *self)
{
	struct ecu_nonvolatile *nv = &self->nv;
	bool marked = nv->bank_mark == ECU_BANK_OVER || nv->bank_mark == ECU_BANK_BACK;

	if (!self->config->banks.present)
		return;
	bool go = *ecu_banks_target(self).app_valid && (marked || !ecu_core_app_valid(self));

	if (!go && nv->bank_mark == ECU_BANK_STAY)
		return;
	if (go)
		nv->running_bank ^= 1u;
	nv->bank_mark = ECU_BANK_STAY;
	ecu_want(self, ECU_OUTPUT_STORE);
}

static void mark(struct ecu_core *self, enum ecu_bank_mark bank_mark)
{
	self->nv.bank_mark = bank_mark;
	ecu_want(self, ECU_OUTPUT_STORE);
}

uint8_t ecu_banks_switch_over(struct ecu_core *self)
{
	if (!*ecu_banks_target(self).app_valid)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	mark(self, ECU_BANK_OVER);
	return 0;
}

/* asked again, its answer lost, it does nothing more */
uint8_t ecu_banks_switch_back(struct ecu_core *self)
{
	switch (self->nv.bank_mark) {
	case ECU_BANK_STAY:
		if (!*ecu_banks_target(self).app_valid)
			return UDS_NRC_CONDITIONS_NOT_CORRECT;
		mark(self, ECU_BANK_BACK);
		break;
	case ECU_BANK_OVER:
		if (!ecu_core_app_valid(self))
			return UDS_NRC_CONDITIONS_NOT_CORRECT;
		mark(self, ECU_BANK_CANCEL);
		break;
	case ECU_BANK_BACK:
	case ECU_BANK_CANCEL:
		break;
	}
	return 0;
}
