#include "gatewayd/ctl/bus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int bus_open(const char *address, sd_bus **bus)
{
	sd_bus *self = NULL;
	int r;

	if (address && !strchr(address, ':')) {
		r = -EINVAL;
	} else if (!address) {
		r = sd_bus_open_system(&self);
	} else if ((r = sd_bus_new(&self)) >= 0 && (r = sd_bus_set_address(self, address)) >= 0 &&
		   (r = sd_bus_set_bus_client(self, 1)) >= 0) {
		r = sd_bus_start(self);
	}
	if (r < 0) {
		if (address && r == -EINVAL)
			fprintf(stderr, "gatewayctl: --address %s: not a D-Bus address (as unix:path=/run/x)\n",
				address);
		else
			fprintf(stderr, "gatewayctl: cannot reach %s%s: %s\n",
				address ? "the bus at " : "the system bus", address ? address : "", strerror(-r));
		sd_bus_unref(self);
		return CTL_NO_DAEMON;
	}
	*bus = self;
	return CTL_OK;
}

int bus_new_call(sd_bus *bus, const char *path, const char *interface, const char *member, sd_bus_message **message)
{
	int r = sd_bus_message_new_method_call(bus, message, BUS_NAME, path, interface, member);

	/* asking for the state of a service that was stopped on purpose must not start it */
	return r < 0 ? r : sd_bus_message_set_auto_start(*message, 0);
}

int bus_new_read(sd_bus *bus, sd_bus_message **message)
{
	return bus_new_call(bus, BUS_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", message);
}

static int ask(sd_bus *bus, sd_bus_message *call, struct model *model, int (*parse)(sd_bus_message *, struct model *))
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r, status = CTL_OK;

	r = sd_bus_call(bus, call, 0, &error, &reply);
	if (r >= 0)
		r = parse(reply, model);
	if (r < 0)
		status = bus_explain(&error, r, NULL);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return status;
}

int bus_read_all(sd_bus *bus, struct model *model)
{
	sd_bus_message *read_manager = NULL, *read_objects = NULL;
	int r, status;

	model_clear(model);
	r = bus_new_call(bus, BUS_ROOT, "org.freedesktop.DBus.Properties", "GetAll", &read_manager);
	if (r >= 0)
		r = sd_bus_message_append(read_manager, "s", BUS_MANAGER);
	if (r >= 0)
		r = bus_new_read(bus, &read_objects);
	status = r < 0 ? bus_explain(NULL, r, NULL) : ask(bus, read_manager, model, bus_parse_manager);
	if (status == CTL_OK)
		status = ask(bus, read_objects, model, bus_parse_objects);
	if (status == CTL_OK && model->n_left_out)
		fprintf(stderr, "gatewayctl: %zu objects more than this program can hold are left out\n",
			model->n_left_out);
	sd_bus_message_unref(read_manager);
	sd_bus_message_unref(read_objects);
	return status;
}

static bool is(const sd_bus_error *error, const char *name)
{
	return sd_bus_error_has_name(error, name) > 0;
}

int bus_explain(const sd_bus_error *error, int r, const char *campaign)
{
	const char *message = error && error->message ? error->message : strerror(-r);
	char text[MODEL_TEXT_BYTES];

	model_text(text, sizeof(text), message);
	if (is(error, SD_BUS_ERROR_SERVICE_UNKNOWN) || is(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
		fprintf(stderr, "gatewayctl: gatewayd is not on this bus (" BUS_NAME " has no owner): is the service "
				"running? See 'systemctl status gatewayd'.\n");
		return CTL_NO_DAEMON;
	}
	if (is(error, SD_BUS_ERROR_ACCESS_DENIED)) {
		fprintf(stderr,
			"gatewayctl: not allowed: only root and members of the group gateway-update may do "
			"this (%s)\n",
			text);
		return CTL_FAILED;
	}
	if (campaign && is(error, SD_BUS_ERROR_UNKNOWN_OBJECT)) {
		fprintf(stderr, "gatewayctl: there is no campaign '%s'\n", campaign);
		return CTL_FAILED;
	}
	if (is(error, BUS_NAME ".Error.PointOfNoReturn")) {
		fprintf(stderr, "gatewayctl: too late: %s\n", text);
		return CTL_FAILED;
	}
	if (is(error, BUS_NAME ".Error.WrongState") || is(error, BUS_NAME ".Error.PostponeLimit") ||
	    is(error, BUS_NAME ".Error.ManifestNotRead") || is(error, BUS_NAME ".Error.RateLimited") ||
	    is(error, BUS_NAME ".Error.Busy") || is(error, SD_BUS_ERROR_INVALID_ARGS)) {
		fprintf(stderr, "gatewayctl: not possible now: %s\n", text);
		return CTL_FAILED;
	}
	if (is(error, SD_BUS_ERROR_NO_REPLY) || is(error, SD_BUS_ERROR_TIMEOUT) || r == -ETIMEDOUT) {
		fprintf(stderr, "gatewayctl: gatewayd does not answer: %s\n", text);
		return CTL_NO_DAEMON;
	}
	if (r == -ECONNRESET || r == -ENOTCONN || is(error, SD_BUS_ERROR_DISCONNECTED)) {
		fprintf(stderr, "gatewayctl: the connection to the bus broke off\n");
		return CTL_NO_DAEMON;
	}
	fprintf(stderr, "gatewayctl: %s%s%s\n", text, error && error->name ? ", " : "",
		error && error->name ? error->name : "");
	return CTL_FAILED;
}
