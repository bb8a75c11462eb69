/* Trouble codes of the virtual ECU: 14, 19 and 85. */
#include "sim/ecu_internal.h"

#include <string.h>

/* bits of a status byte */
enum {
	TEST_FAILED = 0x01,
	CONFIRMED = 0x08,
	NOT_COMPLETED_SINCE_CLEAR = 0x10,
	NOT_COMPLETED_THIS_CYCLE = 0x40,
};

enum { COUNT_BY_MASK = 0x01, BY_MASK = 0x02, SUPPORTED = 0x0a };

#define ALL_GROUPS        0xffffffu
#define FORMAT_ISO14229_1 0x01u

static struct ecu_dtc *find(struct ecu_core *self, uint32_t code)
{
	for (size_t i = 0; i < self->n_dtcs; i++) {
		if (self->dtcs[i].code == code)
			return &self->dtcs[i];
	}
	return NULL;
}

void ecu_dtcs_set(struct ecu_core *self, uint32_t code, uint8_t status)
{
	struct ecu_dtc *dtc = find(self, code);

	if (self->dtc_off || (!dtc && self->n_dtcs == ECU_MAX_DTCS))
		return;
	if (!dtc) {
		dtc = &self->dtcs[self->n_dtcs++];
		*dtc = (struct ecu_dtc){.code = code};
	}
	dtc->status = status ? status : TEST_FAILED | CONFIRMED;
}

/* the codes of the configuration stay known, others are forgotten */
uint8_t ecu_dtcs_clear(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	uint32_t group;
	size_t kept = 0;

	(void)now_us;
	if (n != 4)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	group = (uint32_t)pdu[1] << 16 | (uint32_t)pdu[2] << 8 | pdu[3];
	if (group != ALL_GROUPS && !find(self, group))
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	for (size_t i = 0; i < self->n_dtcs; i++) {
		struct ecu_dtc dtc = self->dtcs[i];

		if (group == ALL_GROUPS || dtc.code == group) {
			if (i >= self->config->n_dtcs)
				continue;
			dtc.status = NOT_COMPLETED_SINCE_CLEAR | NOT_COMPLETED_THIS_CYCLE;
		}
		self->dtcs[kept++] = dtc;
	}
	self->n_dtcs = kept;
	ecu_positive(self, pdu, 0);
	return 0;
}

static void add_records(struct ecu_core *self, uint8_t mask, bool all)
{
	uint8_t availability = self->config->dtc_availability;

	for (size_t i = 0; i < self->n_dtcs; i++) {
		uint8_t status = self->dtcs[i].status & availability;
		uint8_t *at = self->answer.bytes + self->answer.n;

		if (!all && !(status & mask))
			continue;
		at[0] = (uint8_t)(self->dtcs[i].code >> 16);
		at[1] = (uint8_t)(self->dtcs[i].code >> 8);
		at[2] = (uint8_t)self->dtcs[i].code;
		at[3] = status;
		self->answer.n += 4;
	}
}

static void add_count(struct ecu_core *self, uint8_t mask)
{
	uint8_t *at = self->answer.bytes + self->answer.n;
	size_t count = 0;

	for (size_t i = 0; i < self->n_dtcs; i++)
		count += (self->dtcs[i].status & self->config->dtc_availability & mask) != 0;
	at[0] = FORMAT_ISO14229_1;
	at[1] = 0;
	at[2] = (uint8_t)count;
	self->answer.n += 3;
}

uint8_t ecu_dtcs_read(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	uint8_t kind = ecu_sub_function(pdu);

	(void)now_us;
	if (kind != COUNT_BY_MASK && kind != BY_MASK && kind != SUPPORTED)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	if (n != (kind == SUPPORTED ? 2 : 3))
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	ecu_positive(self, pdu, 1);
	self->answer.bytes[2] = self->config->dtc_availability;
	self->answer.n = 3;
	if (kind == COUNT_BY_MASK)
		add_count(self, pdu[2]);
	else
		add_records(self, kind == BY_MASK ? pdu[2] : 0, kind == SUPPORTED);
	return 0;
}

uint8_t ecu_dtcs_setting(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (ecu_sub_function(pdu) != 1 && ecu_sub_function(pdu) != 2)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	/* an optional record names a group of trouble codes; there is one group */
	if (n != 2 && n != 5)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	self->dtc_off = ecu_sub_function(pdu) == 2;
	ecu_positive(self, pdu, 1);
	return 0;
}
