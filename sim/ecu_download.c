/* Download into the virtual ECU, and upload: 34 to 37. */
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

/* Return: 0 and the region that holds the whole range, or a negative response code */
static uint8_t take_request(const struct ecu_core *self, const struct ecu_region *regions, const uint8_t *pdu, size_t n,
			    struct ecu_extent *range, const struct ecu_region **region)
{
	if (n < 5 || n != 3u + (pdu[2] >> 4) + (pdu[2] & 15u))
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (pdu[1] != 0 || !ecu_download_range(pdu + 2, n - 2, range))
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	*region = ecu_memory_find(regions, self->config->n_regions, range->address, range->size);
	return *region ? 0 : UDS_NRC_REQUEST_OUT_OF_RANGE;
}

/* @longest: of a block with service identifier and counter */
static void begin(struct ecu_core *self, const uint8_t *pdu, const struct ecu_transfer *transfer, uint32_t longest)
{
	if (self->block_length != ECU_BLOCK_LENGTH_TRUE)
		longest = self->block_length;
	size_t n_longest = longest > 0xffffff ? 4 : longest > 0xffff ? 3 : 2;

	self->transfer = *transfer;
	ecu_positive(self, pdu, 0);
	self->answer.bytes[1] = (uint8_t)(n_longest << 4);
	for (size_t i = 0; i < n_longest; i++)
		self->answer.bytes[2 + i] = (uint8_t)(longest >> 8 * (n_longest - 1 - i));
	self->answer.n = 2 + n_longest;
}

uint8_t ecu_download_request(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_config *config = self->config;
	struct ecu_transfer transfer = {.active = true, .counter = 1};
	struct ecu_extent range;
	uint8_t wrong = take_request(self, ecu_banks_target(self).regions, pdu, n, &range, &transfer.region);

	(void)now_us;
	if (wrong)
		return wrong;
	if (self->transfer.active || self->background_runs)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	if (config->fingerprint_required && !self->fingerprint_written)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	uint8_t obstacle = ecu_download_obstacle(self);

	if (obstacle)
		return obstacle;
	transfer.address = range.address;
	transfer.left = range.size;
	begin(self, pdu, &transfer, config->max_number_of_block_length);
	return 0;
}

static uint32_t longest_upload(const struct ecu_config *config)
{
	uint32_t longest = config->max_number_of_block_length;

	return longest < ECU_MAX_ANSWER_BYTES ? longest : ECU_MAX_ANSWER_BYTES;
}

uint8_t ecu_download_upload(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	struct ecu_transfer transfer = {.active = true, .upload = true, .counter = 1};
	struct ecu_extent range;
	uint8_t wrong = take_request(self, ecu_banks_running_regions(self), pdu, n, &range, &transfer.region);

	(void)now_us;
	if (wrong)
		return wrong;
	if (!transfer.region->upload)
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	if (self->transfer.active || self->background_runs)
		return UDS_NRC_CONDITIONS_NOT_CORRECT;
	transfer.address = range.address;
	transfer.left = range.size;
	begin(self, pdu, &transfer, longest_upload(self->config));
	return 0;
}

/* the answer to an upload's 36; the block before is sent again where its answer was lost */
static uint8_t give_block(struct ecu_core *self, const uint8_t *pdu, size_t n)
{
	struct ecu_transfer *transfer = &self->transfer;
	uint32_t longest = longest_upload(self->config) - 2;

	if (n != 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (transfer->any && pdu[1] == (uint8_t)(transfer->counter - 1)) {
		transfer->address -= transfer->last_n;
		transfer->left += transfer->last_n;
		transfer->counter--;
	} else if (pdu[1] != transfer->counter) {
		return UDS_NRC_WRONG_BLOCK_SEQUENCE_COUNTER;
	}
	if (!transfer->left)
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	transfer->last_n = transfer->left < longest ? transfer->left : longest;
	ecu_positive(self, pdu, 1);
	memcpy(self->answer.bytes + 2, transfer->region->bytes + (transfer->address - transfer->region->address),
	       transfer->last_n);
	self->answer.n = 2 + transfer->last_n;
	transfer->address += transfer->last_n;
	transfer->left -= transfer->last_n;
	transfer->counter++;
	transfer->any = true;
	return 0;
}

/* Return: 0 or a negative response code, with nothing written */
static uint8_t write_block(struct ecu_core *self, const uint8_t *data, uint32_t n)
{
	const struct ecu_transfer *transfer = &self->transfer;
	/* the list of what is programmed first: where it is full nothing is written */
	struct ecu_extents before = self->unchecked;

	if (!ecu_extents_add(&self->unchecked, transfer->address, n))
		return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
	if (!ecu_memory_program(transfer->region, transfer->address, data, n)) {
		self->unchecked = before;
		return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
	}
	if (transfer->region->ram)
		return 0;
	if (!ecu_extents_add(ecu_banks_target(self).programmed, transfer->address, n)) {
		ecu_memory_erase(transfer->region, transfer->address, n);
		self->unchecked = before;
		return UDS_NRC_GENERAL_PROGRAMMING_FAILURE;
	}
	ecu_banks_spoil(self);
	return 0;
}

uint8_t ecu_download_data(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_timing *timing = &self->config->timing;
	struct ecu_transfer *transfer = &self->transfer;
	uint64_t kib_us = timing->program_us_per_kib;

	if (n < 2 || n > self->config->max_number_of_block_length)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (transfer->active && transfer->upload)
		return give_block(self, pdu, n);
	if (n < 3)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (!transfer->active)
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	ecu_positive(self, pdu, 1);
	/* our answer to this block was lost: it is written already */
	if (transfer->any && pdu[1] == (uint8_t)(transfer->counter - 1))
		return 0;
	if (pdu[1] != transfer->counter)
		return UDS_NRC_WRONG_BLOCK_SEQUENCE_COUNTER;
	if (n - 2 > transfer->left)
		return UDS_NRC_TRANSFER_DATA_SUSPENDED;
	if (self->voltage_low)
		return UDS_NRC_VOLTAGE_TOO_LOW;

	uint32_t size = (uint32_t)(n - 2);
	uint8_t wrong = write_block(self, pdu + 2, size);

	if (wrong)
		return wrong;
	transfer->address += size;
	transfer->left -= size;
	transfer->counter++;
	transfer->any = true;
	if (transfer->region->program_us_per_kib)
		kib_us = transfer->region->program_us_per_kib;
	self->finish_us = now_us + timing->program_us_per_block + kib_us * size / 1024;
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
