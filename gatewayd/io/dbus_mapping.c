/*
 * dbus_mapping - the numbers beside our words, and what states and results are in other worlds: docs/mapping.md.
 */
#include "gatewayd/io/dbus_priv.h"

static int put_number(sd_bus_message *m, const char *key, uint64_t number)
{
	return sd_bus_message_append(m, "{sv}", key, "t", number);
}

static int put_result(sd_bus_message *m, unsigned code, int fumo_state, int lwm2m_state, const char *ucm_state,
		      const struct result_info *result)
{
	int r;

	if ((r = put_number(m, "CodeNumber", code)) < 0 || (r = put_number(m, "FumoState", (uint64_t)fumo_state)) < 0 ||
	    (r = put_number(m, "FumoResult", result->fumo)) < 0 ||
	    (r = put_number(m, "Lwm2mState", (uint64_t)lwm2m_state)) < 0 ||
	    (r = put_number(m, "Lwm2mResult", result->lwm2m)) < 0 ||
	    (r = put_number(m, "SuitReason", result->suit)) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "SuitReasonName", "s", suit_reason_name(result->suit))) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "UcmState", "s", ucm_state)) < 0)
		return r;
	return put_number(m, "UcmError", result->ucm);
}

int dbus_put_target_mapping(sd_bus_message *m, const struct target *target)
{
	const struct target_state_info *info = target_state_info(target->state);

	return put_result(m, target->code, info->fumo_state, info->lwm2m_state, info->ucm_state,
			  result_of_target(target->state, target->code));
}

int dbus_get_mapping(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	const struct dbus *self = sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
	const struct campaign *c = userdata;
	const struct campaign_state_info *info = campaign_state_info(c->state);
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	if (r < 0 ||
	    (r = put_result(reply, c->code, info->fumo_state, info->lwm2m_state, info->ucm_state,
			    result_of_campaign(c->state, c->code))) < 0 ||
	    (r = put_number(reply, "Lwm2mSeverity", lwm2m_severity(c->doc.urgency))) < 0 ||
	    (r = put_number(reply, "Lwm2mMaxDeferPeriod", self->gateway->config.postpone_max_s[c->doc.urgency])) < 0)
		return r;
	return sd_bus_message_close_container(reply);
}
