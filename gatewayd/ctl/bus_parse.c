/*
 * bus_parse - objects and change signals of org.gateway.Update1 into the model. A table per interface says which
 * property goes where, so that a property of another type or a new one is skipped in one place.
 */
#include "gatewayd/ctl/bus.h"

#include <stdlib.h>
#include <string.h>

struct field {
	const char *name;
	const char *type; /* D-Bus signature */
	size_t offset;
	size_t size; /* of a text's field */
};

#define TARGETS_TYPE   "aa{sv}"
#define TEXTS_TYPE     "a{s(ss)}"
#define FUNCTIONS_TYPE "as"
#define TEXT(s, name, member)                                                          \
	{                                                                              \
		name, "s", offsetof(struct s, member), sizeof(((struct s *)0)->member) \
	}
#define FIELD(s, name, type, member)                      \
	{                                                 \
		name, type, offsetof(struct s, member), 0 \
	}

#define MAPPING_TYPE "a{sv}"
static const struct field mapping_fields[] = {
    FIELD(model_mapping, "CodeNumber", "t", code),
    FIELD(model_mapping, "FumoState", "t", fumo_state),
    FIELD(model_mapping, "FumoResult", "t", fumo_result),
    FIELD(model_mapping, "Lwm2mState", "t", lwm2m_state),
    FIELD(model_mapping, "Lwm2mResult", "t", lwm2m_result),
    FIELD(model_mapping, "Lwm2mSeverity", "t", lwm2m_severity),
    FIELD(model_mapping, "Lwm2mMaxDeferPeriod", "t", lwm2m_max_defer_s),
    FIELD(model_mapping, "SuitReason", "t", suit_reason),
    TEXT(model_mapping, "SuitReasonName", suit_reason_name),
    TEXT(model_mapping, "UcmState", ucm_state),
    FIELD(model_mapping, "UcmError", "t", ucm_error),
    {NULL, NULL, 0, 0},
};

static const struct field manager_fields[] = {
    TEXT(model_manager, "VehicleId", vehicle_id),
    TEXT(model_manager, "Version", version),
    TEXT(model_manager, "Session", session),
    TEXT(model_manager, "Ignition", ignition),
    FIELD(model_manager, "SpeedKmh", "d", speed_kmh),
    FIELD(model_manager, "BatteryMv", "u", battery_mv),
    FIELD(model_manager, "TrustedUnixSeconds", "t", trusted_unix_s),
    FIELD(model_manager, "DirectorVersion", "t", director_version),
    FIELD(model_manager, "PendingReports", "u", pending_reports),
    FIELD(model_manager, "DiagnosticsLocked", "b", diagnostics_locked),
    {NULL, NULL, 0, 0},
};

/* not Id: the object's path says which it is, and stays the key */
static const struct field campaign_fields[] = {
    TEXT(model_campaign, "State", state),
    TEXT(model_campaign, "Code", code),
    TEXT(model_campaign, "Text", text),
    TEXT(model_campaign, "Answer", answer),
    FIELD(model_campaign, "WindowStart", "t", window_start_unix_s),
    FIELD(model_campaign, "WindowEnd", "t", window_end_unix_s),
    FIELD(model_campaign, "Start", "t", start_unix_s),
    FIELD(model_campaign, "BytesHeld", "t", bytes_held),
    FIELD(model_campaign, "BytesTotal", "t", bytes_total),
    FIELD(model_campaign, "Targets", TARGETS_TYPE, targets),
    TEXT(model_campaign, "Urgency", urgency),
    TEXT(model_campaign, "Mode", mode),
    FIELD(model_campaign, "ConsentRequired", "b", consent_required),
    FIELD(model_campaign, "ConsentGiven", "b", consent_given),
    FIELD(model_campaign, "PostponedUntil", "t", postponed_until_unix_s),
    FIELD(model_campaign, "PostponeLatest", "t", postpone_latest_unix_s),
    FIELD(model_campaign, "Mapping", MAPPING_TYPE, mapping),
    FIELD(model_campaign, "Texts", TEXTS_TYPE, title),
    FIELD(model_campaign, "FunctionsLost", FUNCTIONS_TYPE, functions_lost),
    {NULL, NULL, 0, 0},
};

static const struct field ecu_fields[] = {
    TEXT(model_ecu, "Bus", bus),
    FIELD(model_ecu, "Present", "b", present),
    TEXT(model_ecu, "HardwareId", hardware_id),
    TEXT(model_ecu, "SerialNumber", serial_number),
    TEXT(model_ecu, "BootVersion", boot_version),
    TEXT(model_ecu, "ApplicationVersion", application_version),
    TEXT(model_ecu, "DataVersion", data_version),
    {NULL, NULL, 0, 0},
};

static const struct field target_fields[] = {
    TEXT(model_target, "Ecu", name),
    TEXT(model_target, "State", state),
    TEXT(model_target, "Step", step),
    FIELD(model_target, "BytesDone", "t", bytes_done),
    FIELD(model_target, "BytesTotal", "t", bytes_total),
    TEXT(model_target, "Code", code),
    TEXT(model_target, "Text", text),
    TEXT(model_target, "OldVersion", old_version),
    TEXT(model_target, "NewVersion", new_version),
    FIELD(model_target, "PayloadBytes", "t", payload_bytes),
    FIELD(model_target, "DurationMs", "t", duration_ms),
    FIELD(model_target, "TransferMs", "t", transfer_ms),
    FIELD(model_target, "EstimateMs", "t", estimate_ms),
    TEXT(model_target, "Evidence", evidence),
    FIELD(model_target, "CodeNumber", "t", mapping.code),
    FIELD(model_target, "FumoState", "t", mapping.fumo_state),
    FIELD(model_target, "FumoResult", "t", mapping.fumo_result),
    FIELD(model_target, "Lwm2mState", "t", mapping.lwm2m_state),
    FIELD(model_target, "Lwm2mResult", "t", mapping.lwm2m_result),
    FIELD(model_target, "SuitReason", "t", mapping.suit_reason),
    TEXT(model_target, "SuitReasonName", mapping.suit_reason_name),
    TEXT(model_target, "UcmState", mapping.ucm_state),
    FIELD(model_target, "UcmError", "t", mapping.ucm_error),
    {NULL, NULL, 0, 0},
};

static int read_properties(sd_bus_message *m, const struct field *fields, void *object);

static int read_targets(sd_bus_message *m, struct model_campaign *c)
{
	struct model_target beyond;
	int r = sd_bus_message_enter_container(m, 'a', "a{sv}");

	if (r < 0)
		return r;
	c->n_targets = 0;
	while ((r = sd_bus_message_at_end(m, false)) == 0) {
		struct model_target *t = c->n_targets < MODEL_MAX_TARGETS ? &c->targets[c->n_targets] : &beyond;

		memset(t, 0, sizeof(*t));
		if ((r = read_properties(m, target_fields, t)) < 0)
			return r;
		c->n_targets += c->n_targets < MODEL_MAX_TARGETS;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* the reader's languages, as the C library takes them */
static const char *wanted_language(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return value;
	}
	return "";
}

/* of all languages the one that the reader likes best, the first of those that are alike */
static int read_texts(sd_bus_message *m, struct model_campaign *c)
{
	const char *wanted = wanted_language(), *language, *title, *body;
	int best = -1, r = sd_bus_message_enter_container(m, 'a', "{s(ss)}");

	c->language[0] = c->title[0] = c->body[0] = '\0';
	while (r >= 0 && (r = sd_bus_message_read(m, "{s(ss)}", &language, &title, &body)) > 0) {
		int liked = model_language(wanted, language);

		if (liked <= best)
			continue;
		best = liked;
		model_text(c->language, sizeof(c->language), language);
		model_text(c->title, sizeof(c->title), title);
		model_text(c->body, sizeof(c->body), body);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_functions(sd_bus_message *m, struct model_campaign *c)
{
	const char *function;
	int r = sd_bus_message_enter_container(m, 'a', "s");

	c->n_functions_lost = 0;
	while (r >= 0 && (r = sd_bus_message_read(m, "s", &function)) > 0)
		if (c->n_functions_lost < MODEL_MAX_FUNCTIONS)
			model_text(c->functions_lost[c->n_functions_lost++], MODEL_TEXT_BYTES, function);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_text(sd_bus_message *m, char *out, size_t size)
{
	const char *text;
	int r = sd_bus_message_read_basic(m, 's', &text);

	if (r >= 0)
		model_text(out, size, text);
	return r;
}

/* the message stands inside the variant, whose type was checked */
static int read_value(sd_bus_message *m, const struct field *field, void *object)
{
	char *at = (char *)object + field->offset;
	int r, truth = 0;

	switch (field->type[0]) {
	case 's':
		return read_text(m, at, field->size);
	case 'b': /* sd-bus writes an int */
		r = sd_bus_message_read_basic(m, 'b', &truth);
		*(bool *)(void *)at = truth != 0;
		return r;
	case 'a':
		if (strcmp(field->type, MAPPING_TYPE) == 0)
			return read_properties(m, mapping_fields, at);
		return strcmp(field->type, TEXTS_TYPE) == 0       ? read_texts(m, object)
		       : strcmp(field->type, FUNCTIONS_TYPE) == 0 ? read_functions(m, object)
								  : read_targets(m, object);
	default:
		return sd_bus_message_read_basic(m, field->type[0], at);
	}
}

static int read_property(sd_bus_message *m, const struct field *fields, void *object)
{
	const char *name, *type;
	int r = sd_bus_message_read_basic(m, 's', &name);

	if (r < 0 || (r = sd_bus_message_peek_type(m, NULL, &type)) < 0)
		return r;
	for (; fields->name; fields++) {
		if (strcmp(fields->name, name) != 0 || strcmp(fields->type, type) != 0)
			continue;
		if ((r = sd_bus_message_enter_container(m, 'v', type)) < 0 || (r = read_value(m, fields, object)) < 0)
			return r;
		return sd_bus_message_exit_container(m);
	}
	return sd_bus_message_skip(m, "v");
}

/* a{sv} */
static int read_properties(sd_bus_message *m, const struct field *fields, void *object)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0)
		if ((r = read_property(m, fields, object)) < 0 || (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* the name at the end of an object's path; Return: false if it is not below @folder */
static bool name_of(const char *path, const char *folder, char name[MODEL_NAME_BYTES])
{
	char *decoded = NULL;

	if (sd_bus_path_decode(path, folder, &decoded) <= 0 || !decoded)
		return false;
	model_text(name, MODEL_NAME_BYTES, decoded);
	free(decoded);
	return name[0] != '\0';
}

/* where the properties of an interface of an object go; NULL: nowhere */
static void *object_of(struct model *model, const char *path, const char *interface, bool add,
		       const struct field **fields)
{
	char name[MODEL_NAME_BYTES];

	if (strcmp(interface, BUS_MANAGER) == 0 && strcmp(path, BUS_ROOT) == 0) {
		*fields = manager_fields;
		return &model->manager;
	}
	if (strcmp(interface, BUS_CAMPAIGN) == 0 && name_of(path, BUS_CAMPAIGNS, name)) {
		*fields = campaign_fields;
		return add ? model_campaign_add(model, name) : model_campaign(model, name);
	}
	if (strcmp(interface, BUS_ECU) == 0 && name_of(path, BUS_ECUS, name)) {
		*fields = ecu_fields;
		return model_ecu_add(model, name);
	}
	return NULL;
}

/* a{sa{sv}} */
static int read_interfaces(sd_bus_message *m, const char *path, struct model *model)
{
	const struct field *fields;
	const char *interface;
	void *object;
	int r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		if ((r = sd_bus_message_read_basic(m, 's', &interface)) < 0)
			return r;
		object = object_of(model, path, interface, true, &fields);
		r = object ? read_properties(m, fields, object) : sd_bus_message_skip(m, "a{sv}");
		if (r < 0 || (r = sd_bus_message_exit_container(m)) < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

int bus_parse_objects(sd_bus_message *reply, struct model *model)
{
	const char *path;
	int r = sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}");

	if (r < 0)
		return r;
	model->n_campaigns = 0;
	model->n_ecus = 0;
	model->n_left_out = 0;
	while ((r = sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}")) > 0)
		if ((r = sd_bus_message_read_basic(reply, 'o', &path)) < 0 ||
		    (r = read_interfaces(reply, path, model)) < 0 || (r = sd_bus_message_exit_container(reply)) < 0)
			return r;
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int bus_parse_manager(sd_bus_message *reply, struct model *model)
{
	return read_properties(reply, manager_fields, &model->manager);
}

int bus_parse_added(sd_bus_message *signal, struct model *model)
{
	const char *path;
	int r = sd_bus_message_read_basic(signal, 'o', &path);

	return r < 0 ? r : read_interfaces(signal, path, model);
}

int bus_parse_removed(sd_bus_message *signal, struct model *model)
{
	char name[MODEL_NAME_BYTES];
	const char *path, *interface;
	int r = sd_bus_message_read_basic(signal, 'o', &path);

	if (r < 0 || (r = sd_bus_message_enter_container(signal, 'a', "s")) < 0)
		return r;
	while ((r = sd_bus_message_read_basic(signal, 's', &interface)) > 0) {
		/* of an object that is gone when its removal is announced, sd-bus lists the standard interfaces alone
		 */
		bool whole = strcmp(interface, "org.freedesktop.DBus.Properties") == 0;

		if ((whole || strcmp(interface, BUS_CAMPAIGN) == 0) && name_of(path, BUS_CAMPAIGNS, name))
			model_campaign_remove(model, name);
		if ((whole || strcmp(interface, BUS_ECU) == 0) && name_of(path, BUS_ECUS, name))
			model_ecu_remove(model, name);
	}
	return r;
}

int bus_parse_changed(sd_bus_message *signal, struct model *model, bool *incomplete)
{
	const struct field *fields;
	const char *interface, *name;
	void *object;
	int r = sd_bus_message_read_basic(signal, 's', &interface);

	if (r < 0)
		return r;
	object = object_of(model, sd_bus_message_get_path(signal), interface, false, &fields);
	if (!object)
		return 0;
	if ((r = read_properties(signal, fields, object)) < 0 ||
	    (r = sd_bus_message_enter_container(signal, 'a', "s")) < 0)
		return r;
	while ((r = sd_bus_message_read_basic(signal, 's', &name)) > 0)
		*incomplete = true;
	return r;
}
