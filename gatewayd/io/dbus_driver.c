/*
 * dbus_driver - what the HMI shows the driver: the release in the languages that its author wrote, the functions that
 * an update costs, and when they are lost and back.
 */
#include <string.h>

#include "gatewayd/io/dbus_priv.h"

int dbus_get_texts(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		   void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;
	int r = sd_bus_message_open_container(reply, 'a', "{s(ss)}");

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	for (size_t i = 0; r >= 0 && c->has_manifest && i < c->manifest.n_texts; i++) {
		const struct text_doc *text = &c->manifest.texts[i];

		/* signed, and validated as UTF-8 */
		r = sd_bus_message_append(reply, "{s(ss)}", text->language, text->title, text->body);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int put_functions(sd_bus_message *m, const struct campaign *c)
{
	const char *function;
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (size_t i = 0; r >= 0 && c && (function = gateway_function_lost(c, i)); i++)
		r = sd_bus_message_append(m, "s", function);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int dbus_get_functions(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	return put_functions(reply, userdata);
}

static const char *state_name(enum service_state state)
{
	switch (state) {
	case SERVICE_ANNOUNCED:
		return "announced";
	case SERVICE_LOST:
		return "lost";
	case SERVICE_BACK:
		return "back";
	case SERVICE_CALLED_OFF:
		return "called-off";
	case SERVICE_NONE:
		break;
	}
	return "none";
}

/* a{sv} */
static int put_service(sd_bus_message *m, const struct gateway *gateway)
{
	int index = gateway_service_loss(gateway), r;
	const struct campaign *c = index < 0 ? NULL : &gateway->campaigns[index];
	const struct service_loss none = {.state = SERVICE_NONE}, *loss = c ? &c->service : &none;

	if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "State", "s", state_name(loss->state))) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "Campaign", "s", c ? c->doc.id : "")) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "From", "t", loss->from_unix_s)) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "ExpectedSeconds", "u", loss->expected_s)) < 0 ||
	    (r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
	    (r = sd_bus_message_append(m, "s", "Functions")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'v', "as")) < 0 || (r = put_functions(m, c)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0 || (r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

int dbus_get_service(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	const struct dbus *self = userdata;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	return put_service(reply, self->gateway);
}

void dbus_driver_changed(struct dbus *self)
{
	int index = gateway_service_loss(self->gateway);
	const struct service_loss none = {.state = SERVICE_NONE};
	const struct service_loss *loss = index < 0 ? &none : &self->gateway->campaigns[index].service;
	sd_bus_message *signal = NULL;

	if (loss->state == self->told_service && loss->from_unix_s == self->told_service_from &&
	    index == self->told_service_index)
		return;
	self->told_service = loss->state;
	self->told_service_from = loss->from_unix_s;
	self->told_service_index = index;
	if (sd_bus_message_new_signal(self->bus, &signal, DBUS_ROOT, DBUS_MANAGER, "ServiceLossChanged") >= 0 &&
	    put_service(signal, self->gateway) >= 0)
		sd_bus_send(self->bus, signal, NULL);
	sd_bus_message_unref(signal);
}
