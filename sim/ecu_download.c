/* Download into the virtual ECU: 34, 36 and 37. */
#include "sim/ecu_internal.h"

#include <string.h>

uint8_t ecu_download_obstacle(const struct ecu_core *self)
{
	if (self->voltage_low)
		return UDS_NRC_VOLTAGE_TOO_LOW;
	if (!self->preconditions)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	return 0;
}

static bool take_number(const uint8_t *at, size_t n, uint32_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		value = value << 8 | at[i];
		if (value > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

size_t ecu_download_range(const uint8_t *at, size_t n, struct ecu_extent *range)
{
	if (n < 1)
		return 0;
	size_t n_size = at[0] >> 4;
	size_t n_address = at[0] & 15;

	if (!n_size || !n_address || n < 1 + n_address + n_size)
		return 0;
	if (!take_number(at + 1, n_address, &range->address) ||
	    !take_number(at + 1 + n_address, n_size, &range->size) || !range->size)
		return 0;
	return 1 + n_address + n_size;
}

uint8_t ecu_download_request(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_config *config = self->config;
	struct ecu_extent range;
	const struct ecu_region *region;

	(void)now_us;
	if (n < 5 || n != 3u + (pdu[2] >> 4) + (pdu[2] & 15u))
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (pdu[1] != 0 || !ecu_download_range(pdu + 2, n - 2, &range))
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	region = ecu_memory_find(config->regions, config->n_regions, range.address, range.size);
	if (!region)
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	if (self->transfer.active || self->background_runs)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	if (config->fingerprint_required && !self->fingerprint_written)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	uint8_t obstacle = ecu_download_obstacle(self);

	if (obstacle)
		return obstacle;
	self->transfer = (struct ecu_transfer){
	    .active = true,
	    .region = region,
	    .address = range.address,
	    .left = range.size,
	    .counter = 1,
	};

	uint32_t longest =
	    self->block_length == ECU_BLOCK_LENGTH_TRUE ? config->max_number_of_block_length : self->block_length;
	size_t n_longest = longest > 0xffffff ? 4 : longest > 0xffff ? 3 : 2;

	self->answer.bytes[0] = UDS_REQUEST_DOWNLOAD + UDS_POSITIVE_OFFSET;
	self->answer.bytes[1] = (uint8_t)(n_longest << 4);
	for (size_t i = 0; i < n_longest; i++)
		self->answer.bytes[2 + i] = (uint8_t)(longest >> 8 * (n_longest - 1 - i));
	self->answer.n = 2 + n_longest;
	return 0;
}

uint8_t ecu_download_data(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_timing *timing = &self->config->timing;
	struct ecu_transfer *transfer = &self->transfer;
	size_t n_data = n - 2;

	if (n < 3 || n > self->config->max_number_of_block_length)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (!transfer->active)
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	self->answer.bytes[0] = UDS_TRANSFER_DATA + UDS_POSITIVE_OFFSET;
	self->answer.bytes[1] = pdu[1];
	self->answer.n = 2;
	/* our answer to this block was lost: it is written already */
	if (transfer->any && pdu[1] == (uint8_t)(transfer->counter - 1))
		return 0;
	if (pdu[1] != transfer->counter)
		return UDS_NRC_WRONG_BLOCK_SEQUENCE_COUNTER;
	if (n_data > transfer->left)
		return UDS_NRC_TRANSFER_DATA_SUSPENDED;
	if (self->voltage_low)
		return UDS_NRC_VOLTAGE_TOO_LOW;

	/* the list of what is programmed first: where it is full nothing is written */
	uint32_t size = (uint32_t)n_data;
	struct ecu_extents before = self->unchecked;

	if (!ecu_extents_add(&self->unchecked, transfer->address, size))
		return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
	if (!ecu_memory_program(transfer->region, transfer->address, pdu + 2, n_data)) {
		self->unchecked = before;
		return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
	}
	if (!transfer->region->ram) {
		if (!ecu_extents_add(&self->nv.programmed, transfer->address, size)) {
			ecu_memory_erase(transfer->region, transfer->address, size);
			self->unchecked = before;
			return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
		}
		self->nv.app_valid = false;
		self->nv.factory_version[0] = '\0';
		ecu_want(self, ECU_OUTPUT_STORE);
		ecu_want(self, ECU_OUTPUT_MEMORY);
	}
	transfer->address += size;
	transfer->left -= size;
	transfer->counter++;
	transfer->any = true;
	self->finish_us = now_us + timing->program_us_per_block + timing->program_us_per_kib * size / 1024;
	return 0;
}

uint8_t ecu_download_exit(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	(void)pdu;
	if (n != 1)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (!self->transfer.active || self->transfer.left)
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	self->transfer.active = false;
	self->answer.bytes[0] = UDS_REQUEST_TRANSFER_EXIT + UDS_POSITIVE_OFFSET;
	self->answer.n = 1;
	return 0;
}
