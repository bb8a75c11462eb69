/* Faults of the virtual ECU: what each does, and the moment for which it may wait. */
#include "sim/ecu_internal.h"

void ecu_core_set_preconditions(struct ecu_core *self, bool met)
{
	self->preconditions = met;
}

static void set_stuck_erase(struct ecu_core *self, uint64_t now_us, bool on)
{
	self->stuck_erase = on;
	if (on || !self->stuck)
		return;
	self->stuck = false;
	if (self->working)
		self->finish_us = now_us;
	else
		self->background_finish_us = now_us;
}

static void set_pending(struct ecu_core *self, uint64_t now_us, uint8_t sid)
{
	self->pending_sid = sid;
	if (sid || !self->held)
		return;
	self->held = false;
	ecu_server_finish(self, now_us, UDS_NRC_GENERAL_REJECT);
}

void ecu_core_fault(struct ecu_core *self, uint64_t now_us, enum ecu_fault_kind kind, uint32_t arg)
{
	switch (kind) {
	case ECU_FAULT_DROP_ANSWERS:
		self->drop_answers = arg;
		break;
	case ECU_FAULT_SILENT:
		self->silent_until_us = now_us + arg * UINT64_C(1000);
		ecu_server_lose(self, now_us);
		break;
	case ECU_FAULT_RESET:
		ecu_begin_reset(self, now_us);
		break;
	case ECU_FAULT_WRONG_CRC:
		self->wrong_crc = arg != 0;
		break;
	case ECU_FAULT_STUCK_ERASE:
		set_stuck_erase(self, now_us, arg != 0);
		break;
	case ECU_FAULT_VOLTAGE_LOW:
		self->voltage_low = arg != 0;
		break;
	case ECU_FAULT_NEGATIVE:
		self->negative_sid = (uint8_t)(arg >> 8);
		self->negative_nrc = (uint8_t)arg;
		break;
	case ECU_FAULT_PENDING:
		set_pending(self, now_us, (uint8_t)arg);
		break;
	case ECU_FAULT_BLOCK_LENGTH:
		self->block_length = arg;
		break;
	case ECU_FAULT_WRONG_SEQUENCE:
		self->wrong_sequences = arg;
		break;
	case ECU_FAULT_WRONG_COUNTER:
		self->wrong_counters = arg;
		break;
	case ECU_FAULT_WAIT:
		self->wait_until_us = now_us + arg * UINT64_C(1000);
		isotp_hold(&self->link, now_us);
		break;
	case ECU_FAULT_DTC:
		ecu_dtcs_set(self, arg & 0xffffffu, (uint8_t)(arg >> 24));
		break;
	}
}

void ecu_faults_end_wait(struct ecu_core *self, uint64_t now_us)
{
	if (self->wait_until_us == ECU_NEVER)
		return;
	self->wait_until_us = ECU_NEVER;
	isotp_release(&self->link, now_us);
}

bool ecu_core_arm(struct ecu_core *self, uint64_t now_us, const struct ecu_trigger *trigger)
{
	if (!trigger->at_service) {
		ecu_core_fault(self, now_us, trigger->kind, trigger->arg);
		return true;
	}
	if (self->n_triggers == ECU_MAX_TRIGGERS)
		return false;
	self->triggers[self->n_triggers++] = *trigger;
	return true;
}

void ecu_faults_request(struct ecu_core *self, uint64_t now_us, uint8_t sid)
{
	struct ecu_trigger due[ECU_MAX_TRIGGERS];
	size_t n_due = 0, kept = 0;

	for (size_t i = 0; i < self->n_triggers; i++) {
		struct ecu_trigger *trigger = &self->triggers[i];

		if (trigger->at_service == sid && trigger->after == 0) {
			due[n_due++] = *trigger;
			continue;
		}
		if (trigger->at_service == sid)
			trigger->after--;
		self->triggers[kept++] = *trigger;
	}
	self->n_triggers = kept;
	for (size_t i = 0; i < n_due; i++)
		ecu_core_fault(self, now_us, due[i].kind, due[i].arg);
}

void ecu_faults_frame(struct ecu_core *self, struct can_msg *msg)
{
	enum isotp_addressing form = self->config->link.address.form;
	size_t at = form == ISOTP_EXTENDED || form == ISOTP_MIXED ? 1 : 0;
	uint8_t *pci = &msg->data[at];

	if (*pci >> 4 == 1 && self->wrong_sequences) {
		self->wrong_sequences--;
		self->wrong_next = true;
	} else if (*pci >> 4 == 2 && self->wrong_next) {
		self->wrong_next = false;
		*pci = (uint8_t)(0x20u | ((*pci + 1u) & 15u));
	}
}

void ecu_faults_answer(struct ecu_core *self)
{
	if (self->sid != UDS_TRANSFER_DATA || !self->wrong_counters)
		return;
	self->wrong_counters--;
	self->answer.bytes[1]++;
}
