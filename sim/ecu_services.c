/* The services of the virtual ECU that have no file of their own, and the table of all of them. */
#include "sim/ecu_internal.h"

#include <string.h>

void ecu_positive(struct ecu_core *self, const uint8_t *pdu, size_t n_echo)
{
	self->answer.bytes[0] = (uint8_t)(pdu[0] + UDS_POSITIVE_OFFSET);
	memcpy(self->answer.bytes + 1, pdu + 1, n_echo);
	if (n_echo && uds_sid_has_sub_function(pdu[0]))
		self->answer.bytes[1] &= (uint8_t)~UDS_SUPPRESS_POSITIVE_RESPONSE;
	self->answer.n = 1 + n_echo;
}

uint8_t ecu_sub_function(const uint8_t *pdu)
{
	return pdu[1] & (uint8_t)~UDS_SUPPRESS_POSITIVE_RESPONSE;
}

static void put16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint8_t session_control(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_timing *timing = &self->config->timing;
	uint8_t session = ecu_sub_function(pdu);

	if (session != UDS_SESSION_DEFAULT && session != UDS_SESSION_PROGRAMMING && session != UDS_SESSION_EXTENDED)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	if (n != 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	if (session == UDS_SESSION_PROGRAMMING) {
		uint8_t obstacle = ecu_download_obstacle(self);

		if (obstacle)
			return obstacle;
		/* the application hands over to the boot loader, which answers */
		if (!ecu_core_in_boot(self))
			self->finish_us = now_us + timing->boot_switch_us;
	}
	self->next_session = (enum uds_session)session;
	self->then = ECU_THEN_SESSION;
	ecu_positive(self, pdu, 1);
	put16(self->answer.bytes + 2, timing->p2_us / 1000);
	put16(self->answer.bytes + 4, timing->p2_star_us / 10000);
	self->answer.n = 6;
	return 0;
}

static uint8_t ecu_reset(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (ecu_sub_function(pdu) != 1 && ecu_sub_function(pdu) != 3)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	if (n != 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	self->then = ECU_THEN_RESET;
	ecu_positive(self, pdu, 1);
	return 0;
}

static uint8_t communication_control(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (ecu_sub_function(pdu) > 3)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	if (n != 3)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	/* low bits: 1 normal, 2 network management, 3 both; the high nibble names other subnets */
	if (!(pdu[2] & 3) || (pdu[2] >> 4 != 0 && pdu[2] >> 4 != 15) || pdu[2] & 0x0c)
		return UDS_NRC_REQUEST_OUT_OF_RANGE;
	if (pdu[2] & 1)
		self->silenced = ecu_sub_function(pdu) & 1; /* 1 and 3 disable sending */
	ecu_positive(self, pdu, 1);
	return 0;
}

static uint8_t tester_present(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	(void)now_us;
	if (ecu_sub_function(pdu) != 0)
		return UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED;
	if (n != 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	ecu_positive(self, pdu, 1);
	return 0;
}

const struct ecu_service *ecu_services_find(const struct ecu_core *self, uint8_t sid)
{
	static const struct ecu_service services[] = {
	    {UDS_DIAGNOSTIC_SESSION_CONTROL, ECU_IN_ALL, false, session_control},
	    {UDS_ECU_RESET, ECU_IN_ALL, false, ecu_reset},
	    {UDS_CLEAR_DIAGNOSTIC_INFORMATION, ECU_IN_DEFAULT | ECU_IN_EXTENDED, false, ecu_dtcs_clear},
	    {UDS_READ_DTC_INFORMATION, ECU_IN_DEFAULT | ECU_IN_EXTENDED, false, ecu_dtcs_read},
	    {UDS_READ_DATA_BY_IDENTIFIER, ECU_IN_ALL, false, ecu_data_read},
	    {UDS_SECURITY_ACCESS, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, false, ecu_security_access},
	    {UDS_AUTHENTICATION, ECU_IN_ALL, false, ecu_security_authentication},
	    {UDS_COMMUNICATION_CONTROL, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, false, communication_control},
	    {UDS_WRITE_DATA_BY_IDENTIFIER, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, false, ecu_data_write},
	    {UDS_ROUTINE_CONTROL, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, false, ecu_routines_control},
	    {UDS_REQUEST_DOWNLOAD, ECU_IN_DOWNLOAD, true, ecu_download_request},
	    {UDS_REQUEST_UPLOAD, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, true, ecu_download_upload},
	    {UDS_TRANSFER_DATA, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, true, ecu_download_data},
	    {UDS_REQUEST_TRANSFER_EXIT, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, true, ecu_download_exit},
	    {UDS_TESTER_PRESENT, ECU_IN_ALL, false, tester_present},
	    {UDS_CONTROL_DTC_SETTING, ECU_IN_PROGRAMMING | ECU_IN_EXTENDED, false, ecu_dtcs_setting},
	};

	if (sid == UDS_SECURITY_ACCESS && !self->config->security.level)
		return NULL;
	if (sid == UDS_AUTHENTICATION && !self->config->deauthenticates)
		return NULL;
	for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
		if (services[i].sid == sid)
			return &services[i];
	}
	return NULL;
}
