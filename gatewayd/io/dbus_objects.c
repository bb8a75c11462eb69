#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/io/dbus_priv.h"
#include "gatewayd/io/text.h"
#include "uds/port/can_driver.h"

/* a text that was cut within a character would make the whole answer fail */
const char *dbus_clean(const char *text, char *out)
{
	size_t n = strnlen(text, GATEWAY_TEXT_BYTES - 1);

	memcpy(out, text, n);
	out[n] = '\0';
	text_mend(out);
	return out;
}

/* --- manager */

static int get_manager_text(sd_bus *bus, const char *path, const char *interface, const char *property,
			    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct dbus *self = userdata;
	const char *text;

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	if (strcmp(property, "VehicleId") == 0)
		text = self->gateway->config.vehicle_id;
	else if (strcmp(property, "Version") == 0)
		text = GU_VERSION;
	else if (strcmp(property, "Session") == 0)
		text = session_state_name(self->gateway->session.state);
	else
		text = vehicle_ignition_name(vehicle_ignition(&self->gateway->vehicle, can_driver_now_us()));
	return sd_bus_message_append(reply, "s", text);
}

static int get_manager_number(sd_bus *bus, const char *path, const char *interface, const char *property,
			      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct dbus *self = userdata;
	const struct gateway *g = self->gateway;
	uint64_t now_us = can_driver_now_us();

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	if (strcmp(property, "SpeedKmh") == 0)
		return sd_bus_message_append(reply, "d", vehicle_speed_kmh(&g->vehicle, now_us));
	if (strcmp(property, "BatteryMv") == 0)
		return sd_bus_message_append(reply, "u", vehicle_battery_mv(&g->vehicle, now_us));
	if (strcmp(property, "RemainingSeconds") == 0)
		return sd_bus_message_append(reply, "u", gateway_remaining_s(g, now_us));
	if (strcmp(property, "TrustedUnixSeconds") == 0)
		return sd_bus_message_append(reply, "t", gateway_unix_ms(g, now_us) / 1000);
	if (strcmp(property, "DirectorVersion") == 0)
		return sd_bus_message_append(reply, "t", g->director_version);
	return sd_bus_message_append(reply, "u", (uint32_t)g->reports.n);
}

static int get_manager_flag(sd_bus *bus, const char *path, const char *interface, const char *property,
			    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct dbus *self = userdata;
	const struct gateway *g = self->gateway;

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	if (strcmp(property, "DiagnosticsLocked") == 0)
		return sd_bus_message_append(reply, "b", (int)g->diagnostics_locked);
	/* asked for, be it confirmed or not: the vehicle may not be driven away */
	return sd_bus_message_append(reply, "b", power_state(&g->power, POWER_DRIVE_INHIBIT) != POWER_OFF);
}

static const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("VehicleId", "s", get_manager_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Version", "s", get_manager_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Session", "s", get_manager_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Ignition", "s", get_manager_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("SpeedKmh", "d", get_manager_number, 0, 0),
    SD_BUS_PROPERTY("BatteryMv", "u", get_manager_number, 0, 0),
    SD_BUS_PROPERTY("DriveInhibited", "b", get_manager_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("RemainingSeconds", "u", get_manager_number, 0, 0),
    SD_BUS_PROPERTY("TrustedUnixSeconds", "t", get_manager_number, 0, 0),
    SD_BUS_PROPERTY("DirectorVersion", "t", get_manager_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("PendingReports", "u", get_manager_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("DiagnosticsLocked", "b", get_manager_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ServiceLoss", "a{sv}", dbus_get_service, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_METHOD_WITH_ARGS("CheckNow", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, dbus_on_check_now,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("LockDiagnostics", SD_BUS_ARGS("b", wanted), SD_BUS_NO_RESULT, dbus_on_lock,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("History", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(a{sv}aa{sv})", campaigns), dbus_on_history,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL_WITH_ARGS("ServiceLossChanged", SD_BUS_ARGS("a{sv}", service), 0),
    SD_BUS_VTABLE_END,
};

/* --- campaigns; userdata is the struct campaign */

static int get_campaign_text(sd_bus *bus, const char *path, const char *interface, const char *property,
			     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	static const char *const answers[] = {"none", "accept", "postpone", "decline"};
	static const char *const modes[] = {"none", "client_initiated", "server_initiated", "negotiated"};
	static const char *const urgencies[] = {"none", "low", "normal", "high", "critical"};
	const struct campaign *c = userdata;
	char buf[GATEWAY_TEXT_BYTES];
	const char *text;

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	if (strcmp(property, "Id") == 0)
		text = c->doc.id;
	else if (strcmp(property, "State") == 0)
		text = campaign_state_info(c->state)->name;
	else if (strcmp(property, "Code") == 0)
		text = gateway_code_name(c->code);
	else if (strcmp(property, "Text") == 0)
		text = dbus_clean(c->text, buf);
	else if (strcmp(property, "Urgency") == 0)
		text = urgencies[c->doc.urgency];
	else if (strcmp(property, "Mode") == 0)
		text = modes[c->doc.mode];
	else
		text = answers[c->answer];
	return sd_bus_message_append(reply, "s", text);
}

static int get_campaign_number(sd_bus *bus, const char *path, const char *interface, const char *property,
			       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;
	uint64_t value;

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	if (strcmp(property, "WindowStart") == 0)
		value = c->doc.window_start_unix_s;
	else if (strcmp(property, "WindowEnd") == 0)
		value = c->doc.window_end_unix_s;
	else if (strcmp(property, "Start") == 0)
		value = c->confirmed ? c->confirmed_start_unix_s : c->proposed_start_unix_s;
	else if (strcmp(property, "PostponedUntil") == 0)
		value = c->driver_start_unix_s;
	else if (strcmp(property, "BytesHeld") == 0)
		value = c->bytes_held;
	else
		value = c->bytes_total;
	return sd_bus_message_append(reply, "t", value);
}

static int put_text(sd_bus_message *m, const char *key, const char *text)
{
	return sd_bus_message_append(m, "{sv}", key, "s", text);
}

static int put_number(sd_bus_message *m, const char *key, uint64_t number)
{
	return sd_bus_message_append(m, "{sv}", key, "t", number);
}

/* by name, so that a key can be added without breaking a reader */
static int put_target(sd_bus_message *m, const struct target *t)
{
	char text[GATEWAY_TEXT_BYTES];
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r < 0 || (r = put_text(m, "Ecu", t->doc.ecu)) < 0 ||
	    (r = put_text(m, "State", target_state_name(t->state))) < 0 ||
	    (r = put_text(m, "Step", t->state == TARGET_FLASHING ? flash_step_text(t->step) : "")) < 0 ||
	    (r = put_number(m, "BytesDone", t->bytes_done)) < 0 ||
	    (r = put_number(m, "BytesTotal", t->bytes_total)) < 0 ||
	    (r = put_text(m, "Code", gateway_code_name(t->code))) < 0 ||
	    (r = put_text(m, "Text", dbus_clean(t->text, text))) < 0 ||
	    (r = put_text(m, "OldVersion", t->old_version)) < 0 ||
	    (r = put_text(m, "NewVersion", t->new_version)) < 0 ||
	    (r = put_number(m, "PayloadBytes", t->payload_bytes)) < 0 ||
	    (r = put_number(m, "DurationMs", t->duration_ms)) < 0 ||
	    (r = put_number(m, "TransferMs", t->transfer_ms)) < 0 ||
	    (r = put_number(m, "EstimateMs", t->estimate_ms)) < 0 || (r = dbus_put_target_mapping(m, t)) < 0 ||
	    /* the ECU's own word over UDS is all that a version read back is */
	    (r = put_text(m, "Evidence", t->state == TARGET_VERIFIED ? "self_reported" : "none")) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

static int get_targets(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;
	int r = sd_bus_message_open_container(reply, 'a', "a{sv}");

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	for (size_t i = 0; r >= 0 && i < c->n_targets; i++)
		r = put_target(reply, &c->targets[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* the campaign of an object's path; Return: index or -1 */
static int campaign_of_path(const struct dbus *self, const char *path)
{
	char *id = NULL;
	int index = -1;

	if (sd_bus_path_decode(path, DBUS_CAMPAIGNS, &id) > 0 && id)
		index = gateway_campaign_index(self->gateway, id);
	free(id);
	return index;
}

static int get_campaign_truth(sd_bus *bus, const char *path, const char *interface, const char *property,
			      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct campaign *c = userdata;

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	return sd_bus_message_append(
	    reply, "b", (int)(strcmp(property, "ConsentRequired") == 0 ? c->doc.consent_required : c->consent_given));
}

static int get_postpone_latest(sd_bus *bus, const char *path, const char *interface, const char *property,
			       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct dbus *self = sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));

	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	return sd_bus_message_append(reply, "t", gateway_postpone_latest(self->gateway, userdata, can_driver_now_us()));
}

static const sd_bus_vtable campaign_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("State", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Code", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Text", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("WindowStart", "t", get_campaign_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("WindowEnd", "t", get_campaign_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Answer", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Start", "t", get_campaign_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("BytesHeld", "t", get_campaign_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("BytesTotal", "t", get_campaign_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Targets", "aa{sv}", get_targets, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    /* who may call it is the bus's policy to say; else sd-bus itself refuses all but root and our own user */
    SD_BUS_PROPERTY("ConsentRequired", "b", get_campaign_truth, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ConsentGiven", "b", get_campaign_truth, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("PostponedUntil", "t", get_campaign_number, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("PostponeLatest", "t", get_postpone_latest, 0, 0),
    SD_BUS_PROPERTY("Urgency", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Mode", "s", get_campaign_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Texts", "a{s(ss)}", dbus_get_texts, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Mapping", "a{sv}", dbus_get_mapping, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("FunctionsLost", "as", dbus_get_functions, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_METHOD_WITH_ARGS("Consent", SD_BUS_ARGS("b", given), SD_BUS_NO_RESULT, dbus_on_consent,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Approve", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, dbus_on_approve, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Postpone", SD_BUS_ARGS("t", start), SD_BUS_NO_RESULT, dbus_on_postpone,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Decline", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT, dbus_on_decline,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT, dbus_on_cancel,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Why", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", summary, "aa{sv}", conditions), dbus_on_why,
			    SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static int find_campaign(sd_bus *bus, const char *path, const char *interface, void *userdata, void **found,
			 sd_bus_error *error)
{
	struct dbus *self = userdata;
	int index = campaign_of_path(self, path);

	(void)bus;
	(void)interface;
	(void)error;
	if (index < 0)
		return 0;
	*found = &self->gateway->campaigns[index];
	return 1;
}

static int list_campaigns(sd_bus *bus, const char *prefix, void *userdata, char ***nodes, sd_bus_error *error)
{
	struct dbus *self = userdata;
	char **list = calloc(GATEWAY_MAX_CAMPAIGNS + 1, sizeof(*list));
	size_t n = 0;

	(void)bus;
	(void)prefix;
	(void)error;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (self->gateway->campaigns[i].state != CAMPAIGN_NONE &&
		    sd_bus_path_encode(DBUS_CAMPAIGNS, self->gateway->campaigns[i].doc.id, &list[n]) >= 0)
			n++;
	*nodes = list;
	return 0;
}

/* --- ECUs; userdata is the struct ecu_info */

static int get_ecu_text(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct ecu_info *ecu = userdata;
	const struct {
		const char *name;
		const char *text;
	} fields[] = {
	    {"Name", ecu->name},
	    {"Bus", ecu->bus},
	    {"HardwareId", ecu->identity.hardware_id},
	    {"SerialNumber", ecu->identity.serial_number},
	    {"BootVersion", ecu->identity.boot_version},
	    {"ApplicationVersion", ecu->identity.application_version},
	    {"DataVersion", ecu->identity.data_version},
	};

	(void)bus;
	(void)path;
	(void)interface;
	(void)error;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(property, fields[i].name) == 0)
			return sd_bus_message_append(reply, "s", fields[i].text);
	return -ENOENT;
}

static int get_ecu_present(sd_bus *bus, const char *path, const char *interface, const char *property,
			   sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct ecu_info *ecu = userdata;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	return sd_bus_message_append(reply, "b", (int)ecu->present);
}

static const sd_bus_vtable ecu_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Name", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Bus", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Present", "b", get_ecu_present, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("HardwareId", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("SerialNumber", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("BootVersion", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ApplicationVersion", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("DataVersion", "s", get_ecu_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_VTABLE_END,
};

static int find_ecu(sd_bus *bus, const char *path, const char *interface, void *userdata, void **found,
		    sd_bus_error *error)
{
	struct dbus *self = userdata;
	char *name = NULL;
	int result = 0;

	(void)bus;
	(void)interface;
	(void)error;
	if (sd_bus_path_decode(path, DBUS_ECUS, &name) <= 0 || !name)
		return 0;
	for (size_t i = 0; i < self->gateway->config.n_ecus; i++) {
		if (strcmp(self->gateway->ecus[i].name, name) == 0) {
			*found = &self->gateway->ecus[i];
			result = 1;
		}
	}
	free(name);
	return result;
}

static int list_ecus(sd_bus *bus, const char *prefix, void *userdata, char ***nodes, sd_bus_error *error)
{
	struct dbus *self = userdata;
	char **list = calloc(GATEWAY_MAX_ECUS + 1, sizeof(*list));
	size_t n = 0;

	(void)bus;
	(void)prefix;
	(void)error;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < self->gateway->config.n_ecus; i++)
		if (sd_bus_path_encode(DBUS_ECUS, self->gateway->ecus[i].name, &list[n]) >= 0)
			n++;
	*nodes = list;
	return 0;
}

/* --- together */

int dbus_objects_add(struct dbus *self)
{
	int r;

	if ((r = sd_bus_add_object_manager(self->bus, NULL, DBUS_ROOT)) < 0 ||
	    (r = sd_bus_add_object_vtable(self->bus, NULL, DBUS_ROOT, DBUS_MANAGER, manager_vtable, self)) < 0 ||
	    (r = sd_bus_add_fallback_vtable(self->bus, NULL, DBUS_CAMPAIGNS, DBUS_CAMPAIGN, campaign_vtable,
					    find_campaign, self)) < 0 ||
	    (r = sd_bus_add_node_enumerator(self->bus, NULL, DBUS_CAMPAIGNS, list_campaigns, self)) < 0 ||
	    (r = sd_bus_add_fallback_vtable(self->bus, NULL, DBUS_ECUS, DBUS_ECU, ecu_vtable, find_ecu, self)) < 0 ||
	    (r = sd_bus_add_node_enumerator(self->bus, NULL, DBUS_ECUS, list_ecus, self)) < 0)
		return r;
	return 0;
}

void dbus_objects_manager_changed(struct dbus *self)
{
	sd_bus_emit_properties_changed(self->bus, DBUS_ROOT, DBUS_MANAGER, "Session", "Ignition", "DriveInhibited",
				       "DirectorVersion", "PendingReports", "DiagnosticsLocked", "ServiceLoss", NULL);
	dbus_lock_changed(self);
	dbus_driver_changed(self);
}

void dbus_objects_campaign_changed(struct dbus *self, uint8_t index)
{
	const struct campaign *c = &self->gateway->campaigns[index];
	char *path;

	if (c->state == CAMPAIGN_NONE || sd_bus_path_encode(DBUS_CAMPAIGNS, c->doc.id, &path) < 0)
		return;
	sd_bus_emit_properties_changed(self->bus, path, DBUS_CAMPAIGN, "State", "Code", "Text", "WindowStart",
				       "WindowEnd", "Answer", "Start", "BytesHeld", "BytesTotal", "Targets",
				       "ConsentRequired", "ConsentGiven", "PostponedUntil", "Urgency", "Mode", "Texts",
				       "FunctionsLost", "Mapping", NULL);
	free(path);
}

void dbus_objects_ecu_changed(struct dbus *self, uint8_t index)
{
	char *path;

	if (sd_bus_path_encode(DBUS_ECUS, self->gateway->ecus[index].name, &path) < 0)
		return;
	sd_bus_emit_properties_changed(self->bus, path, DBUS_ECU, "Present", "HardwareId", "SerialNumber",
				       "BootVersion", "ApplicationVersion", "DataVersion", NULL);
	free(path);
}

void dbus_objects_sync(struct dbus *self)
{
	for (size_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->gateway->campaigns[i];
		const char *id = c->state == CAMPAIGN_NONE ? "" : c->doc.id;
		char *path;

		if (strcmp(self->announced[i], id) == 0)
			continue;
		if (self->announced[i][0] && sd_bus_path_encode(DBUS_CAMPAIGNS, self->announced[i], &path) >= 0) {
			/* sd_bus_emit_object_removed() names no interface of an object that is not found any more */
			sd_bus_emit_interfaces_removed(self->bus, path, DBUS_CAMPAIGN, "org.freedesktop.DBus.Peer",
						       "org.freedesktop.DBus.Introspectable",
						       "org.freedesktop.DBus.Properties", NULL);
			free(path);
		}
		if (id[0] && sd_bus_path_encode(DBUS_CAMPAIGNS, id, &path) >= 0) {
			sd_bus_emit_object_added(self->bus, path);
			free(path);
		}
		memcpy(self->announced[i], id[0] ? c->doc.id : self->announced[i], sizeof(self->announced[i]));
		if (!id[0])
			self->announced[i][0] = '\0';
	}
}
