/* SecurityAccess of the virtual ECU, with its attempts and delays, and the framing of Authentication: 27 and 29. */
#include "sim/ecu_internal.h"

#include <assert.h>
#include <string.h>

/* sub-function and return parameter of service 29 */
enum { DEAUTHENTICATE = 0x00, DEAUTHENTICATION_SUCCESSFUL = 0x10 };

static uint8_t request_seed(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_security *security = &self->config->security;

	if (n != 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (now_us < self->locked_until_us)
		return UDS_NRC_REQUIRED_TIME_DELAY_NOT_EXPIRED;
	if (self->nv.failed_keys >= security->max_attempts) {
		/* the delay has passed: one more try before the next delay */
		self->nv.failed_keys = (uint8_t)(security->max_attempts - 1);
		ecu_want(self, ECU_OUTPUT_STORE);
	}
	if (self->unlocked_level == ecu_sub_function(pdu)) {
		ecu_positive(self, pdu, 1);
		memset(self->answer.bytes + 2, 0, security->seed_bytes);
		self->answer.n = 2u + security->seed_bytes;
		return 0;
	}
	self->seed_open = false;
	self->seed_level = ecu_sub_function(pdu);
	self->seed_awaited = true;
	self->finish_us = ECU_NEVER;
	ecu_want(self, ECU_OUTPUT_SEED_WANTED);
	return 0;
}

static uint8_t send_key(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_security *security = &self->config->security;

	if (n < 3)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (!self->seed_open || ecu_sub_function(pdu) != self->seed_level + 1)
		return UDS_NRC_REQUEST_SEQUENCE_ERROR;
	if (n != 2u + self->n_key)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	self->seed_open = false;
	if (memcmp(pdu + 2, self->key, self->n_key) != 0) {
		self->nv.failed_keys++;
		ecu_want(self, ECU_OUTPUT_STORE);
		if (self->nv.failed_keys < security->max_attempts)
			return UDS_NRC_INVALID_KEY;
		self->locked_until_us = now_us + security->delay_us;
		return UDS_NRC_EXCEEDED_NUMBER_OF_ATTEMPTS;
	}
	if (self->nv.failed_keys)
		ecu_want(self, ECU_OUTPUT_STORE);
	self->nv.failed_keys = 0;
	self->unlocked_level = self->seed_level;
	ecu_positive(self, pdu, 1);
	return 0;
}

static bool has_level(const struct ecu_security *security, unsigned level)
{
	for (size_t i = 0; i < security->n_more_levels; i++) {
		if (security->more_levels[i] == level)
			return true;
	}
	return security->level == level;
}

uint8_t ecu_security_access(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_security *security = &self->config->security;
	uint8_t sub = ecu_sub_function(pdu);

	if (sub % 2 == 1 && has_level(security, sub))
		return request_seed(self, now_us, pdu, n);
	if (sub % 2 == 0 && sub > 0 && has_level(security, sub - 1u))
		return send_key(self, now_us, pdu, n);
	return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
}

bool ecu_is_unlocked_at(const struct ecu_core *self, uint8_t level)
{
	return !self->config->security.level || self->unlocked_level == level;
}

bool ecu_is_unlocked(const struct ecu_core *self)
{
	return ecu_is_unlocked_at(self, self->config->security.level);
}

uint8_t ecu_core_seed_level(const struct ecu_core *self)
{
	return self->seed_level;
}

void ecu_core_seed(struct ecu_core *self, uint64_t now_us, const uint8_t *seed, const uint8_t *key, uint8_t n_key)
{
	const struct ecu_security *security = &self->config->security;

	assert(n_key >= 1 && n_key <= ECU_MAX_SEED_BYTES);
	if (!self->working || !self->seed_awaited)
		return;
	self->seed_awaited = false;
	memcpy(self->key, key, n_key);
	self->n_key = n_key;
	self->seed_open = true;
	self->answer.bytes[0] = UDS_SECURITY_ACCESS + UDS_POSITIVE_OFFSET;
	self->answer.bytes[1] = self->seed_level;
	memcpy(self->answer.bytes + 2, seed, security->seed_bytes);
	self->answer.n = 2u + security->seed_bytes;
	ecu_server_finish(self, now_us, 0);
}

/* nobody is ever authenticated here: the framing of the service alone */
uint8_t ecu_security_authentication(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (ecu_sub_function(pdu) != DEAUTHENTICATE)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	if (n != 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	ecu_positive(self, pdu, 1);
	self->answer.bytes[2] = DEAUTHENTICATION_SUCCESSFUL;
	self->answer.n = 3;
	return 0;
}
