/*
 * dbus_methods - what the driver and the operator ask of gatewayd over D-Bus: each method is one door of the core, and
 * a refusal one of the errors that systemd/org.gateway.Update1.xml lists.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "gatewayd/core/why.h"
#include "gatewayd/io/dbus_priv.h"
#include "uds/port/can_driver.h"

static const char *error_of(unsigned code)
{
	switch (code) {
	case GATEWAY_CODE_POINT_OF_NO_RETURN:
		return DBUS_NAME ".Error.PointOfNoReturn";
	case GATEWAY_CODE_POSTPONE_LIMIT:
		return DBUS_NAME ".Error.PostponeLimit";
	case GATEWAY_CODE_MANIFEST_NOT_READ:
		return DBUS_NAME ".Error.ManifestNotRead";
	case GATEWAY_CODE_RATE_LIMITED:
		return DBUS_NAME ".Error.RateLimited";
	case GATEWAY_CODE_DIAGNOSTICS_BUSY:
		return DBUS_NAME ".Error.Busy";
	case GATEWAY_CODE_INVALID:
		return SD_BUS_ERROR_INVALID_ARGS;
	default:
		return DBUS_NAME ".Error.WrongState";
	}
}

int dbus_refuse(sd_bus_error *error, unsigned code, const char *words)
{
	return sd_bus_error_setf(error, error_of(code), "%s", words);
}

static struct dbus *self_of(sd_bus_message *message)
{
	return sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(message)));
}

/* the end of each method of a campaign */
static int answer(sd_bus_message *message, sd_bus_error *error, const struct campaign *c, unsigned code)
{
	char words[2 * GATEWAY_TEXT_BYTES];

	if (!code)
		return sd_bus_reply_method_return(message, NULL);
	if (code == GATEWAY_CODE_WRONG_STATE)
		snprintf(words, sizeof(words), "campaign %s is %s: %s", c->doc.id, campaign_state_info(c->state)->name,
			 gateway_code_words(code));
	else
		snprintf(words, sizeof(words), "campaign %s: %s", c->doc.id, gateway_code_words(code));
	return dbus_refuse(error, code, words);
}

/* --- of a campaign; userdata is the struct campaign */

int dbus_on_consent(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;
	int given, r = sd_bus_message_read(message, "b", &given);

	if (r < 0)
		return r;
	return answer(message, error, c,
		      gateway_consent(self_of(message)->gateway, can_driver_now_us(), c->doc.id, given != 0));
}

int dbus_on_approve(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;

	return answer(message, error, c, gateway_approve(self_of(message)->gateway, can_driver_now_us(), c->doc.id));
}

static int refuse_postponing(sd_bus_error *error, const struct campaign *c, unsigned code, uint64_t latest)
{
	time_t at = (time_t)latest;
	char until[40] = "";
	char words[2 * GATEWAY_TEXT_BYTES];
	struct tm tm;

	if (latest && gmtime_r(&at, &tm))
		strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (code == GATEWAY_CODE_INVALID)
		snprintf(words, sizeof(words), "campaign %s: that time is over", c->doc.id);
	else if (until[0])
		snprintf(words, sizeof(words), "campaign %s: %s: at most until %s", c->doc.id, gateway_code_words(code),
			 until);
	else
		snprintf(words, sizeof(words), "campaign %s: it cannot be postponed (any more)", c->doc.id);
	return dbus_refuse(error, code, words);
}

int dbus_on_postpone(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;
	uint64_t start, latest;
	unsigned code;
	int r = sd_bus_message_read(message, "t", &start);

	if (r < 0)
		return r;
	code = gateway_postpone(self_of(message)->gateway, can_driver_now_us(), c->doc.id, start, &latest);
	if (code == GATEWAY_CODE_INVALID || code == GATEWAY_CODE_POSTPONE_LIMIT)
		return refuse_postponing(error, c, code, latest);
	return answer(message, error, c, code);
}

static int end(sd_bus_message *message, sd_bus_error *error, const struct campaign *c,
	       unsigned (*door)(struct gateway *, uint64_t, const char *, const char *))
{
	const char *reason;
	int r = sd_bus_message_read(message, "s", &reason);

	return r < 0
		   ? r
		   : answer(message, error, c, door(self_of(message)->gateway, can_driver_now_us(), c->doc.id, reason));
}

int dbus_on_decline(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return end(message, error, userdata, gateway_decline);
}

int dbus_on_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return end(message, error, userdata, gateway_cancel);
}

static int put_condition(sd_bus_message *m, const struct why_condition *condition)
{
	const char *const fields[][2] = {
	    {"Name", condition->name},
	    {"Ecu", condition->ecu},
	    {"Wanted", condition->wanted},
	    {"Value", condition->value},
	    {"Holds", why_holds_name(condition->holds)},
	    {"Code", gateway_code_name(condition->code)},
	    {"WaitsFor", condition->waits_for},
	};
	char text[GATEWAY_TEXT_BYTES];
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (size_t i = 0; r >= 0 && i < sizeof(fields) / sizeof(fields[0]); i++)
		r = sd_bus_message_append(m, "{sv}", fields[i][0], "s", dbus_clean(fields[i][1], text));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int dbus_on_why(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;
	const struct dbus *self = self_of(message);
	int index = gateway_campaign_index(self->gateway, c->doc.id);
	struct why_condition condition;
	sd_bus_message *reply = NULL;
	char text[GATEWAY_TEXT_BYTES];
	struct why why;
	int r;

	(void)error;
	if (index < 0)
		return -ENOENT;
	why_begin(&why, self->gateway, (uint8_t)index, can_driver_now_us());
	if ((r = sd_bus_message_new_method_return(message, &reply)) < 0 ||
	    (r = sd_bus_message_append(reply, "s", dbus_clean(why.summary, text))) < 0)
		goto out;
	r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	while (r >= 0 && why_next(&why, &condition))
		r = put_condition(reply, &condition);
	if (r >= 0 && (r = sd_bus_message_close_container(reply)) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
out:
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

/* --- of the manager; userdata is the struct dbus */

int dbus_on_check_now(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct dbus *self = userdata;
	char words[GATEWAY_TEXT_BYTES];
	uint32_t wait_s;
	unsigned code = gateway_check_now(self->gateway, can_driver_now_us(), &wait_s);

	if (!code)
		return sd_bus_reply_method_return(message, NULL);
	snprintf(words, sizeof(words), "%s: the next time in %" PRIu32 " s", gateway_code_words(code), wait_s);
	return dbus_refuse(error, code, words);
}
