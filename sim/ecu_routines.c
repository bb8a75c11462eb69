/* Routines of the virtual ECU: programming preconditions, erase, check memory, programming dependencies, banks. */
#include "sim/ecu_internal.h"

#include <string.h>

enum { START = 1, RESULTS = 3 };

/* Return: false if this ECU has no such routine */
static bool find(const struct ecu_core *self, uint16_t id, enum ecu_routine *out)
{
	const struct ecu_banks *banks = &self->config->banks;
	const struct {
		uint16_t id;
		bool present;
	} routines[ECU_N_ROUTINES] = {
	    [ECU_ROUTINE_PRECONDITIONS] = {0x0203, true},
	    [ECU_ROUTINE_ERASE] = {0xff00, true},
	    [ECU_ROUTINE_CHECK] = {0x0202, true},
	    [ECU_ROUTINE_DEPENDENCIES] = {0xff01, true},
	    [ECU_ROUTINE_SWITCH_OVER] = {banks->switch_over, banks->present},
	    [ECU_ROUTINE_SWITCH_BACK] = {banks->switch_back, banks->present},
	};

	for (unsigned i = 0; i < ECU_N_ROUTINES; i++) {
		if (routines[i].id == id && routines[i].present) {
			*out = (enum ecu_routine)i;
			return true;
		}
	}
	return false;
}

static uint8_t status_of(enum ecu_routine_state state)
{
	switch (state) {
	case ECU_ROUTINE_PASSED:
		return 0;
	case ECU_ROUTINE_FAILED:
		return 1;
	case ECU_ROUTINE_RUNNING:
		return 2;
	case ECU_ROUTINE_NEVER:
		break;
	}
	return 1;
}

static void answer_status(struct ecu_core *self, enum ecu_routine_state state)
{
	self->answer.bytes[4] = status_of(state);
	self->answer.n = 5;
}

/* @us from now on the routine is done: the answer waits for it, or says that it runs */
static void take_time(struct ecu_core *self, uint64_t now_us, enum ecu_routine routine, uint64_t us, enum ecu_then then)
{
	uint64_t end = us == ECU_NEVER ? ECU_NEVER : now_us + us;

	self->stuck = us == ECU_NEVER;
	self->routines[routine] = ECU_ROUTINE_RUNNING;
	self->background = routine;
	answer_status(self, ECU_ROUTINE_RUNNING);
	if (self->config->asynchronous_routines) {
		self->background_finish_us = end;
		self->background_runs = true;
		return;
	}
	self->finish_us = end;
	self->then = (uint8_t)then;
}

/**
 * erase() - flash of one range is erased at once; the time that it takes is the caller's
 * @us: grows by that time
 *
 * Return: false, with nothing erased, if the lists of what is programmed cannot express what would be left.
 */
static bool erase(struct ecu_core *self, const struct ecu_region *region, uint32_t address, uint32_t size, uint64_t *us)
{
	const struct ecu_timing *timing = &self->config->timing;
	struct ecu_extent whole = ecu_memory_sectors(region, address, size);
	uint64_t n_sectors = ((uint64_t)whole.size + region->sector_bytes - 1) / region->sector_bytes;
	uint64_t n_kib = ((uint64_t)whole.size + 1023) / 1024;
	uint64_t sector_us = region->erase_us_per_sector ? region->erase_us_per_sector : timing->erase_us_per_sector;
	struct ecu_extents unchecked = self->unchecked;

	if (!ecu_extents_remove(&unchecked, whole.address, whole.size) ||
	    !ecu_extents_remove(ecu_banks_target(self).programmed, whole.address, whole.size))
		return false;
	self->unchecked = unchecked;
	self->last_checked.n = 0;
	ecu_memory_erase(region, whole.address, whole.size);
	*us += n_kib * timing->erase_us_per_kib + n_sectors * sector_us;
	return true;
}

/* Return: the flash region of that number, RAM not counted; NULL if there is none */
static const struct ecu_region *numbered(const struct ecu_region *regions, size_t n, uint8_t number)
{
	for (size_t i = 0; i < n; i++) {
		if (!regions[i].ram && number-- == 0)
			return &regions[i];
	}
	return NULL;
}

/* what of the target an erase's option names; Return: 0 or a negative response code */
static uint8_t take_range(const struct ecu_core *self, const struct ecu_region *regions, const uint8_t *option,
			  size_t n, const struct ecu_region **region, struct ecu_extent *range)
{
	const struct ecu_config *config = self->config;

	if (n == 1) {
		*region = numbered(regions, config->n_regions, option[0]);
		if (*region)
			*range = (struct ecu_extent){(*region)->address, (*region)->size};
		return *region ? 0 : UDS_NRC_REQUEST_OUT_OF_RANGE;
	}
	if (n != 1u + (option[0] >> 4) + (option[0] & 15u))
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (!ecu_download_range(option, n, range))
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	*region = ecu_memory_find(regions, config->n_regions, range->address, range->size);
	return *region && !(*region)->ram ? 0 : UDS_NRC_REQUEST_OUT_OF_RANGE;
}

static uint8_t start_erase(struct ecu_core *self, uint64_t now_us, const uint8_t *option, size_t n)
{
	const struct ecu_config *config = self->config;
	const struct ecu_region *regions = ecu_banks_target(self).regions;
	const struct ecu_region *region = NULL;
	struct ecu_extent range = {0, 0};
	uint64_t us = 0;

	uint8_t wrong = n ? take_range(self, regions, option, n, &region, &range) : 0;

	if (wrong)
		return wrong;
	if (self->transfer.active || (config->fingerprint_required && !self->fingerprint_written))
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	uint8_t obstacle = ecu_download_obstacle(self);

	if (obstacle)
		return obstacle;
	for (size_t i = 0; i < config->n_regions; i++) {
		const struct ecu_region *each = &regions[i];

		if (each->ram || (region && each != region))
			continue;
		if (!erase(self, each, region ? range.address : each->address, region ? range.size : each->size, &us))
			return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
	}
	ecu_banks_spoil(self);
	take_time(self, now_us, ECU_ROUTINE_ERASE, self->stuck_erase ? ECU_NEVER : us, ECU_THEN_ERASED);
	return 0;
}

static uint8_t start_check(struct ecu_core *self, uint64_t now_us, const uint8_t *option, size_t n)
{
	const struct ecu_config *config = self->config;
	struct ecu_extent range;
	const uint8_t *crc = NULL;
	uint64_t n_bytes;

	if (!self->unchecked.n)
		self->unchecked = self->last_checked;
	n_bytes = ecu_extents_bytes(&self->unchecked);

	self->check_whole = true;
	if (n == 4) {
		crc = option;
	} else if (n) {
		size_t n_range = 1u + (option[0] >> 4) + (option[0] & 15u);

		if (n < 7 || n != n_range + 4)
			return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
		if (!ecu_download_range(option, n, &range) ||
		    !ecu_memory_find(ecu_banks_target(self).regions, config->n_regions, range.address, range.size))
			return UDS_NRC_REQUEST_OUT_OF_RANGE;
		self->check_whole = false;
		self->check_range = range;
		crc = option + n_range;
		n_bytes = range.size;
	} else if (!self->unchecked.n) {
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	}
	if (self->transfer.active || (self->check_whole && !self->unchecked.n))
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	self->check_has_crc = crc != NULL;
	if (crc)
		self->check_crc =
		    (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | (uint32_t)crc[3];
	take_time(self, now_us, ECU_ROUTINE_CHECK, (n_bytes + 1023) / 1024 * config->timing.check_us_per_kib,
		  ECU_THEN_CHECK);
	return 0;
}

static bool check_passes(struct ecu_core *self)
{
	const struct ecu_config *config = self->config;
	struct ecu_extents one = {.n = 1};
	uint32_t crc;

	one.items[0] = self->check_range;
	if (self->wrong_crc)
		return false;
	if (!self->check_has_crc)
		return true;
	crc = ecu_memory_crc32_of(ecu_banks_target(self).regions, config->n_regions,
				  self->check_whole ? &self->unchecked : &one);
	return crc == self->check_crc;
}

/* the first region is the one that an ECU boots from */
static bool first_region_is_programmed(struct ecu_core *self)
{
	const struct ecu_region *first = &self->config->regions[0];
	const struct ecu_extents *programmed = ecu_banks_target(self).programmed;

	for (size_t i = 0; i < programmed->n; i++) {
		const struct ecu_extent *e = &programmed->items[i];

		if (e->address >= first->address && e->address - first->address < first->size)
			return true;
	}
	return false;
}

static enum ecu_routine_state finish_check(struct ecu_core *self)
{
	if (!check_passes(self))
		return ECU_ROUTINE_FAILED;
	if (self->check_whole) {
		self->last_checked = self->unchecked;
		self->unchecked.n = 0;
	} else if (!ecu_extents_remove(&self->unchecked, self->check_range.address, self->check_range.size)) {
		return ECU_ROUTINE_FAILED;
	}
	bool *app_valid = ecu_banks_target(self).app_valid;

	if (!*app_valid && !self->unchecked.n && first_region_is_programmed(self)) {
		*app_valid = true;
		ecu_want(self, ECU_OUTPUT_STORE);
	}
	return ECU_ROUTINE_PASSED;
}

void ecu_routines_finish(struct ecu_core *self, enum ecu_then then)
{
	switch (then) {
	case ECU_THEN_ERASED:
		self->routines[ECU_ROUTINE_ERASE] = ECU_ROUTINE_PASSED;
		answer_status(self, ECU_ROUTINE_PASSED);
		break;
	case ECU_THEN_CHECK:
		self->routines[ECU_ROUTINE_CHECK] = finish_check(self);
		answer_status(self, self->routines[ECU_ROUTINE_CHECK]);
		break;
	case ECU_THEN_NOTHING:
	case ECU_THEN_SESSION:
	case ECU_THEN_RESET:
		break;
	}
}

void ecu_routines_background_end(struct ecu_core *self)
{
	self->background_finish_us = ECU_NEVER;
	self->background_runs = false;
	self->routines[self->background] =
	    self->background == ECU_ROUTINE_CHECK ? finish_check(self) : ECU_ROUTINE_PASSED;
}

static uint8_t start(struct ecu_core *self, uint64_t now_us, enum ecu_routine routine, const uint8_t *option, size_t n)
{
	uint8_t obstacle;

	if (self->background_runs)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	switch (routine) {
	case ECU_ROUTINE_PRECONDITIONS:
		if (n)
			return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
		obstacle = ecu_download_obstacle(self);
		if (obstacle)
			return obstacle;
		self->routines[routine] = ECU_ROUTINE_PASSED;
		break;
	case ECU_ROUTINE_ERASE:
		return start_erase(self, now_us, option, n);
	case ECU_ROUTINE_CHECK:
		return start_check(self, now_us, option, n);
	case ECU_ROUTINE_DEPENDENCIES:
		if (n)
			return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
		self->routines[routine] = *ecu_banks_target(self).app_valid ? ECU_ROUTINE_PASSED : ECU_ROUTINE_FAILED;
		break;
	case ECU_ROUTINE_SWITCH_OVER:
	case ECU_ROUTINE_SWITCH_BACK:
		if (n)
			return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
		obstacle = self->transfer.active                ? UDS_NRC_CONDITIONS_NOT_CORRECT
			   : routine == ECU_ROUTINE_SWITCH_OVER ? ecu_banks_switch_over(self)
								: ecu_banks_switch_back(self);
		if (obstacle)
			return obstacle;
		self->routines[routine] = ECU_ROUTINE_PASSED;
		break;
	}
	answer_status(self, self->routines[routine]);
	return 0;
}

/* all but the preconditions are for who may program */
static uint8_t check_rights(const struct ecu_core *self, enum ecu_routine routine)
{
	if (routine == ECU_ROUTINE_PRECONDITIONS)
		return 0;
	if (!ecu_may_download(self))
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	return ecu_is_unlocked(self) ? 0 : UDS_NRC_SECURITY_ACCESS_DENIED;
}

uint8_t ecu_routines_control(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	uint8_t sub = pdu[1] & (uint8_t)~UDS_SUPPRESS_POSITIVE_RESPONSE;
	enum ecu_routine routine;

	if (n < 4)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (!find(self, (uint16_t)(pdu[2] << 8 | pdu[3]), &routine))
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	uint8_t wrong = check_rights(self, routine);

	if (wrong)
		return wrong;
	if (sub != START && sub != RESULTS)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	self->answer.bytes[0] = UDS_ROUTINE_CONTROL + UDS_POSITIVE_OFFSET;
	self->answer.bytes[1] = sub;
	memcpy(self->answer.bytes + 2, pdu + 2, 2);
	self->answer.n = 4;
	if (sub == START)
		return start(self, now_us, routine, pdu + 4, n - 4);
	if (n != 4)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (self->routines[routine] == ECU_ROUTINE_NEVER)
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	answer_status(self, self->routines[routine]);
	return 0;
}
