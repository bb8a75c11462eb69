#include "gatewayd/ctl/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "gatewayd/ctl/bus.h"
#include "gatewayd/ctl/text.h"
#include "gatewayd/ctl/when.h"

/* Return: CTL_OK, unless memory failed */
static int print_json(struct json *json)
{
	const char *text = json_text(json);
	int status = text ? CTL_OK : CTL_FAILED;

	if (text)
		puts(text);
	else
		fprintf(stderr, "gatewayctl: out of memory\n");
	json_deinit(json);
	return status;
}

/* a method without a result, of a campaign (@id) or of the manager; @type: of its one argument, NULL = it has none */
static int call(sd_bus *bus, const char *id, const char *member, const char *type, const void *argument)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	char *path = NULL;
	int r = id ? sd_bus_path_encode(BUS_CAMPAIGNS, id, &path) : 0, status = CTL_OK;

	if (r >= 0)
		r = bus_new_call(bus, id ? path : BUS_ROOT, id ? BUS_CAMPAIGN : BUS_MANAGER, member, &message);
	if (r >= 0 && type)
		r = sd_bus_message_append_basic(message, type[0], argument);
	if (r >= 0)
		r = sd_bus_call(bus, message, 0, &error, NULL);
	if (r < 0)
		status = bus_explain(&error, r, id);
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	free(path);
	return status;
}

/* {"campaign":ID,KEY:…} is begun */
static void begin_json(struct json *json, const char *id, const char *key)
{
	json_init(json);
	json_object(json);
	json_key(json, "campaign");
	json_string(json, id);
	json_key(json, key);
}

static int end_json(struct json *json)
{
	json_object_end(json);
	return print_json(json);
}

int verb_consent(sd_bus *bus, bool json, const char *id, bool given)
{
	int truth = given, status = call(bus, id, "Consent", "b", &truth);
	struct json out;

	if (status != CTL_OK)
		return status;
	if (!json) {
		printf("%s: consent %s\n", id, given ? "given" : "taken back");
		return CTL_OK;
	}
	begin_json(&out, id, "consent");
	json_bool(&out, given);
	return end_json(&out);
}

int verb_approve(sd_bus *bus, bool json, const char *id)
{
	int status = call(bus, id, "Approve", NULL, NULL);
	struct json out;

	if (status != CTL_OK)
		return status;
	if (!json) {
		printf("%s: approved\n", id);
		return CTL_OK;
	}
	begin_json(&out, id, "approved");
	json_bool(&out, true);
	return end_json(&out);
}

static int trusted_time(sd_bus *bus, uint64_t *unix_s)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL, *reply = NULL;
	int status = CTL_OK;
	int r = bus_new_call(bus, BUS_ROOT, "org.freedesktop.DBus.Properties", "Get", &message);

	if (r >= 0)
		r = sd_bus_message_append(message, "ss", BUS_MANAGER, "TrustedUnixSeconds");
	if (r >= 0)
		r = sd_bus_call(bus, message, 0, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "v", "t", unix_s);
	if (r < 0)
		status = bus_explain(&error, r, NULL);
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	return status;
}

int verb_postpone(sd_bus *bus, bool json, const char *id, const char *when)
{
	uint64_t now = 0, start = 0;
	char text[TEXT_TIME_BYTES];
	struct json out;
	int status = when_relative(when) ? trusted_time(bus, &now) : CTL_OK;

	if (status == CTL_OK && !when_parse(when, now, &start))
		return CTL_USAGE; /* was checked: cannot be */
	if (status == CTL_OK)
		status = call(bus, id, "Postpone", "t", &start);
	if (status != CTL_OK)
		return status;
	if (!json) {
		printf("%s: postponed until %s\n", id, text_time(start, text));
		return CTL_OK;
	}
	begin_json(&out, id, "postponed_until_unix_s");
	json_uint(&out, start);
	return end_json(&out);
}

int verb_end(sd_bus *bus, bool json, const char *verb, const char *id, const char *reason)
{
	bool declines = strcmp(verb, "decline") == 0;
	int status = call(bus, id, declines ? "Decline" : "Cancel", "s", reason ? reason : "");
	struct json out;

	if (status != CTL_OK)
		return status;
	if (!json) {
		printf("%s: %s\n", id, declines ? "declined" : "cancelled");
		return CTL_OK;
	}
	begin_json(&out, id, declines ? "declined" : "cancelled");
	json_bool(&out, true);
	return end_json(&out);
}

int verb_check_now(sd_bus *bus, bool json)
{
	int status = call(bus, NULL, "CheckNow", NULL, NULL);

	if (status == CTL_OK)
		puts(json ? "{\"checking\":true}" : "the backend is asked for updates now");
	return status;
}
