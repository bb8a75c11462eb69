/*
 * fake_driver - the part of the fake gatewayd that the driver and the operator talk to; included by fake.h.
 */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

/* --- what the driver and the operator ask; answered, or refused with fake.refusal */

static int fake_answer(sd_bus_message *message, sd_bus_error *error)
{
	char name[100];

	if (!fake.refusal)
		return sd_bus_reply_method_return(message, NULL);
	snprintf(name, sizeof(name), FAKE_NAME ".Error.%s", fake.refusal);
	return sd_bus_error_setf(error, name, "campaign c1: the reason");
}

static int fake_plain(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	snprintf(fake.asked, sizeof(fake.asked), "%s", sd_bus_message_get_member(message));
	return fake_answer(message, error);
}

static int fake_postpone(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	uint64_t start;
	int r = sd_bus_message_read(message, "t", &start);

	(void)userdata;
	snprintf(fake.asked, sizeof(fake.asked), "Postpone %llu", (unsigned long long)start);
	return r < 0 ? r : fake_answer(message, error);
}

static int fake_end(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const char *reason;
	int r = sd_bus_message_read(message, "s", &reason);

	(void)userdata;
	if (r < 0)
		return r;
	snprintf(fake.asked, sizeof(fake.asked), "%s '%s'", sd_bus_message_get_member(message), reason);
	return fake_answer(message, error);
}

static int fake_why(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	(void)userdata, (void)error;
	return sd_bus_reply_method_return(
	    message, "saa{sv}", "waits: the ignition is on", 2, 8, "Name", "s", "window-start", "Ecu", "s", "",
	    "Wanted", "s", "from unix 1767225600", "Value", "s", "unix 1767225601", "Holds", "s", "yes", "Code", "s",
	    "OK", "WaitsFor", "s", "", "Later", "as", 1, "unknown", 7, "Name", "s", "component-condition", "Ecu", "s",
	    "lamp", "Wanted", "s", "ignition off", "Value", "s", "on", "Holds", "s", "no", "Code", "s",
	    "WAITING_VEHICLE", "WaitsFor", "s", "the ignition is on");
}

static int fake_texts(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		      void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
	return sd_bus_message_append(reply, "a{s(ss)}", 3, "de", "Licht", "Neu", "en", "Light", "New\nlamps", "pt-BR",
				     "Luz", "");
}

static int fake_functions(sd_bus *bus, const char *path, const char *interface, const char *property,
			  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
	return sd_bus_message_append(reply, "as", 2, "exterior lamps", "horn");
}

#endif
