#include "sim/vehicle_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* raw values may have all 64 bits; other numbers are signed, so that a negative one is told with the range that it
 * should be in */
struct yaml_values {
	uint64_t off, accessory, on, cranking;
};

struct yaml_signal {
	int64_t id, id_bits, dlc, cycle_ms, start_bit, length;
	enum can_signal_order byte_order;
	bool is_signed;
	double factor, offset;
	struct yaml_values values;
};

struct yaml_state {
	enum vehicle_core_ignition ignition;
	double quantity[VEHICLE_CORE_QUANTITIES]; /* but for the ignition */
};

struct yaml_grant {
	enum vehicle_core_quantity quantity;
	int64_t id, id_bits, start_bit, length, delay_ms, timeout_ms;
	uint64_t asks;
	enum can_signal_order byte_order;
};

struct yaml_vehicle {
	struct yaml_state initial;
	struct {
		struct yaml_signal quantity[VEHICLE_CORE_QUANTITIES];
	} signals;
	struct yaml_grant *grants;
	unsigned n_grants;
};

struct yaml_event {
	int64_t at_ms;
	struct yaml_state set;
};

struct yaml_scenario {
	struct yaml_event *events;
	unsigned n_events;
};

#define OPT CYAML_FLAG_OPTIONAL

static const cyaml_strval_t order_words[] = {{"little", CAN_SIGNAL_LITTLE_ENDIAN}, {"big", CAN_SIGNAL_BIG_ENDIAN}};
static const cyaml_strval_t ignition_words[] = {{"off", VEHICLE_CORE_OFF},
						{"accessory", VEHICLE_CORE_ACCESSORY},
						{"on", VEHICLE_CORE_ON},
						{"cranking", VEHICLE_CORE_CRANKING}};
static const cyaml_strval_t granted_words[] = {{"kl15_held", VEHICLE_CORE_KL15_HELD},
					       {"drive_inhibited", VEHICLE_CORE_DRIVE_INHIBITED}};

static const cyaml_schema_field_t values_fields[] = {
    CYAML_FIELD_UINT("off", OPT, struct yaml_values, off),
    CYAML_FIELD_UINT("accessory", OPT, struct yaml_values, accessory),
    CYAML_FIELD_UINT("on", OPT, struct yaml_values, on),
    CYAML_FIELD_UINT("cranking", OPT, struct yaml_values, cranking),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t signal_fields[] = {
    CYAML_FIELD_INT("id", CYAML_FLAG_DEFAULT, struct yaml_signal, id),
    CYAML_FIELD_INT("id_bits", OPT, struct yaml_signal, id_bits),
    CYAML_FIELD_INT("dlc", OPT, struct yaml_signal, dlc),
    CYAML_FIELD_INT("cycle_ms", OPT, struct yaml_signal, cycle_ms),
    CYAML_FIELD_INT("start_bit", CYAML_FLAG_DEFAULT, struct yaml_signal, start_bit),
    CYAML_FIELD_INT("length", CYAML_FLAG_DEFAULT, struct yaml_signal, length),
    CYAML_FIELD_ENUM("byte_order", OPT | CYAML_FLAG_STRICT, struct yaml_signal, byte_order, order_words,
		     CYAML_ARRAY_LEN(order_words)),
    CYAML_FIELD_BOOL("signed", OPT, struct yaml_signal, is_signed),
    CYAML_FIELD_FLOAT("factor", OPT, struct yaml_signal, factor),
    CYAML_FIELD_FLOAT("offset", OPT, struct yaml_signal, offset),
    CYAML_FIELD_MAPPING("values", OPT, struct yaml_signal, values, values_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t state_fields[] = {
    CYAML_FIELD_ENUM("ignition", OPT | CYAML_FLAG_STRICT, struct yaml_state, ignition, ignition_words,
		     CYAML_ARRAY_LEN(ignition_words)),
#define STATE(name, which) CYAML_FIELD_FLOAT(name, OPT, struct yaml_state, quantity[which])
    STATE("speed_kmh", VEHICLE_CORE_SPEED_KMH),
    STATE("battery_mv", VEHICLE_CORE_BATTERY_MV),
    STATE("charge_percent", VEHICLE_CORE_CHARGE_PERCENT),
    STATE("gear_park", VEHICLE_CORE_GEAR_PARK),
    STATE("parking_brake", VEHICLE_CORE_PARKING_BRAKE),
    STATE("charging", VEHICLE_CORE_CHARGING),
    STATE("kl15_held", VEHICLE_CORE_KL15_HELD),
    STATE("drive_inhibited", VEHICLE_CORE_DRIVE_INHIBITED),
    CYAML_FIELD_END,
};

typedef __typeof__(((struct yaml_vehicle *)0)->signals) signals_t;
static const cyaml_schema_field_t signals_fields[] = {
#define SIGNAL(name, which) CYAML_FIELD_MAPPING(name, OPT, signals_t, quantity[which], signal_fields)
    SIGNAL("ignition", VEHICLE_CORE_IGNITION),
    SIGNAL("speed_kmh", VEHICLE_CORE_SPEED_KMH),
    SIGNAL("battery_mv", VEHICLE_CORE_BATTERY_MV),
    SIGNAL("charge_percent", VEHICLE_CORE_CHARGE_PERCENT),
    SIGNAL("gear_park", VEHICLE_CORE_GEAR_PARK),
    SIGNAL("parking_brake", VEHICLE_CORE_PARKING_BRAKE),
    SIGNAL("charging", VEHICLE_CORE_CHARGING),
    SIGNAL("kl15_held", VEHICLE_CORE_KL15_HELD),
    SIGNAL("drive_inhibited", VEHICLE_CORE_DRIVE_INHIBITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t grant_fields[] = {
    CYAML_FIELD_ENUM("signal", CYAML_FLAG_STRICT, struct yaml_grant, quantity, granted_words, 2),
    CYAML_FIELD_INT("id", CYAML_FLAG_DEFAULT, struct yaml_grant, id),
    CYAML_FIELD_INT("id_bits", OPT, struct yaml_grant, id_bits),
    CYAML_FIELD_INT("start_bit", OPT, struct yaml_grant, start_bit),
    CYAML_FIELD_INT("length", OPT, struct yaml_grant, length),
    CYAML_FIELD_ENUM("byte_order", OPT | CYAML_FLAG_STRICT, struct yaml_grant, byte_order, order_words,
		     CYAML_ARRAY_LEN(order_words)),
    CYAML_FIELD_UINT("asks", OPT, struct yaml_grant, asks),
    CYAML_FIELD_INT("delay_ms", OPT, struct yaml_grant, delay_ms),
    CYAML_FIELD_INT("timeout_ms", OPT, struct yaml_grant, timeout_ms),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t grant_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_grant, grant_fields)};
static const cyaml_schema_field_t vehicle_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("grants", CYAML_FLAG_POINTER | OPT, struct yaml_vehicle, grants, n_grants, &grant_schema,
			       0, VEHICLE_CORE_MAX_GRANTS),
    CYAML_FIELD_MAPPING("initial", OPT, struct yaml_vehicle, initial, state_fields),
    CYAML_FIELD_MAPPING("signals", CYAML_FLAG_DEFAULT, struct yaml_vehicle, signals, signals_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t vehicle_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_vehicle, vehicle_fields)};

static const cyaml_schema_field_t event_fields[] = {
    CYAML_FIELD_INT("at_ms", CYAML_FLAG_DEFAULT, struct yaml_event, at_ms),
    CYAML_FIELD_MAPPING("set", CYAML_FLAG_DEFAULT, struct yaml_event, set, state_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t event_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_event, event_fields)};
static const cyaml_schema_field_t scenario_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("events", CYAML_FLAG_POINTER, struct yaml_scenario, events, n_events, &event_schema, 1,
			       VEHICLE_CONFIG_MAX_EVENTS),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t scenario_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_scenario, scenario_fields)};

static bool has(const struct yaml_doc *doc, const char *at, const char *key)
{
	char path[96];

	snprintf(path, sizeof(path), "%s.%s", at, key);
	return yaml_has(doc, path);
}

/* Return: 0, or 1 with the error */
static int check_range(const struct yaml_doc *doc, struct yaml_error *error, const char *at, const char *key,
		       int64_t value, int64_t min, int64_t max)
{
	char path[96];

	if (value >= min && value <= max)
		return 0;
	snprintf(path, sizeof(path), "%s.%s", at, key);
	return yaml_error_at(doc, error, path, "must be %lld..%lld, is %lld", (long long)min, (long long)max,
			     (long long)value);
}

static int check_identifier(const struct yaml_doc *doc, struct yaml_error *error, const char *at, int64_t id,
			    int64_t id_bits)
{
	char path[96];

	if (id_bits == 11 || id_bits == 29)
		return check_range(doc, error, at, "id", id, 0, id_bits == 29 ? 0x1fffffff : 0x7ff);
	snprintf(path, sizeof(path), "%s.id_bits", at);
	return yaml_error_at(doc, error, path, "must be 11 or 29, is %lld", (long long)id_bits);
}

static int take_signal(const struct yaml_doc *doc, const struct yaml_signal *y, const char *at,
		       struct vehicle_core_signal *out, struct yaml_error *error)
{
	const int64_t dlc = has(doc, at, "dlc") ? y->dlc : 8;
	const int64_t cycle_ms = has(doc, at, "cycle_ms") ? y->cycle_ms : 100;
	const int64_t id_bits = has(doc, at, "id_bits") ? y->id_bits : 11;
	const uint64_t raw[VEHICLE_CORE_IGNITIONS] = {y->values.off, y->values.accessory, y->values.on,
						      y->values.cranking};

	if (check_identifier(doc, error, at, y->id, id_bits) || check_range(doc, error, at, "dlc", dlc, 1, 8) ||
	    check_range(doc, error, at, "cycle_ms", cycle_ms, 1, 3600000) ||
	    check_range(doc, error, at, "length", y->length, 1, 64) ||
	    check_range(doc, error, at, "start_bit", y->start_bit, 0, 63))
		return 1;
	*out = (struct vehicle_core_signal){
	    .id = (uint32_t)y->id,
	    .extended_id = id_bits == 29,
	    .dlc = (uint8_t)dlc,
	    .cycle_us = 1000 * (uint64_t)cycle_ms,
	    .codec = {.start_bit = (uint16_t)y->start_bit,
		      .length = (uint8_t)y->length,
		      .order = y->byte_order,
		      .is_signed = y->is_signed,
		      .factor = has(doc, at, "factor") ? y->factor : 1,
		      .offset = y->offset},
	};
	for (unsigned i = 0; i < VEHICLE_CORE_IGNITIONS; i++)
		out->ignition_raw[i] = has(doc, at, "values") ? raw[i] : i;
	if (!can_signal_fits(&out->codec, out->dlc))
		return yaml_error_at(doc, error, at, "must lie within dlc bytes, with a factor other than 0");
	return 0;
}

static void take_state(const struct yaml_doc *doc, const struct yaml_state *y, const char *at, bool *has_value,
		       double *value)
{

	for (unsigned q = 0; q < VEHICLE_CORE_QUANTITIES; q++) {
		if (!has(doc, at, vehicle_core_quantity_text((enum vehicle_core_quantity)q)))
			continue;
		has_value[q] = true;
		value[q] = q == VEHICLE_CORE_IGNITION ? (double)y->ignition : y->quantity[q];
	}
}

static int take_grant(const struct yaml_doc *doc, const struct yaml_grant *y, unsigned index,
		      struct vehicle_core_grant *out, struct yaml_error *error)
{
	char at[64];
	int64_t id_bits, length, timeout_ms;

	snprintf(at, sizeof(at), "grants[%u]", index);
	id_bits = has(doc, at, "id_bits") ? y->id_bits : 11;
	length = has(doc, at, "length") ? y->length : 1;
	timeout_ms = has(doc, at, "timeout_ms") ? y->timeout_ms : 1000;
	if (check_identifier(doc, error, at, y->id, id_bits) || check_range(doc, error, at, "length", length, 1, 64) ||
	    check_range(doc, error, at, "start_bit", y->start_bit, 0, 63) ||
	    check_range(doc, error, at, "delay_ms", y->delay_ms, 0, 600000) ||
	    check_range(doc, error, at, "timeout_ms", timeout_ms, 1, 600000))
		return 1;
	*out = (struct vehicle_core_grant){
	    .quantity = y->quantity,
	    .id = (uint32_t)y->id,
	    .extended_id = id_bits == 29,
	    .codec = {.start_bit = (uint16_t)y->start_bit,
		      .length = (uint8_t)length,
		      .order = y->byte_order,
		      .factor = 1},
	    .asks = has(doc, at, "asks") ? y->asks : 1,
	    .delay_us = 1000 * (uint64_t)y->delay_ms,
	    .timeout_us = 1000 * (uint64_t)timeout_ms,
	};
	return 0;
}

static int take_vehicle(const struct yaml_doc *doc, const struct yaml_vehicle *y, struct vehicle_core_config *config,
			struct yaml_error *error)
{
	bool given[VEHICLE_CORE_QUANTITIES] = {false};
	const char *wrong;

	config->initial[VEHICLE_CORE_BATTERY_MV] = 12600;
	config->initial[VEHICLE_CORE_CHARGE_PERCENT] = 80;
	config->initial[VEHICLE_CORE_GEAR_PARK] = 1;
	config->initial[VEHICLE_CORE_PARKING_BRAKE] = 1;
	take_state(doc, &y->initial, "initial", given, config->initial);
	for (unsigned q = 0; q < VEHICLE_CORE_QUANTITIES; q++) {
		char at[64];
		int r;

		snprintf(at, sizeof(at), "signals.%s", vehicle_core_quantity_text((enum vehicle_core_quantity)q));
		if (!yaml_has(doc, at))
			continue;
		r = take_signal(doc, &y->signals.quantity[q], at, &config->signals[config->n_signals], error);
		if (r != 0)
			return r;
		config->signals[config->n_signals++].quantity = (enum vehicle_core_quantity)q;
	}
	for (unsigned i = 0; i < y->n_grants; i++) {
		int r = take_grant(doc, &y->grants[i], i, &config->grants[i], error);

		if (r != 0)
			return r;
	}
	config->n_grants = y->n_grants;
	wrong = vehicle_core_check(config);
	return wrong ? yaml_error_at(doc, error, "signals", "%s", wrong) : 0;
}

int vehicle_config_load(const char *path, struct vehicle_core_config *config, struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	void *data = NULL;
	int r = yaml_load_file(path, &vehicle_schema, &data, &doc, error);

	if (r != 0)
		return r;
	memset(config, 0, sizeof(*config));
	r = take_vehicle(doc, data, config, error);
	yaml_free(&vehicle_schema, data);
	yaml_doc_free(doc);
	return r;
}

static int take_scenario(const struct yaml_doc *doc, const struct yaml_scenario *y, struct vehicle_core_event *events,
			 struct yaml_error *error)
{
	for (size_t i = 0; i < y->n_events; i++) {
		const int64_t at_ms = y->events[i].at_ms, last_ms = i ? y->events[i - 1].at_ms : 0;
		char at[64];

		snprintf(at, sizeof(at), "events[%zu]", i);
		if (check_range(doc, error, at, "at_ms", at_ms, 0, UINT32_MAX))
			return 1;
		if (at_ms < last_ms) {
			snprintf(at, sizeof(at), "events[%zu].at_ms", i);
			return yaml_error_at(doc, error, at, "must not be before the last one, %lld, is %lld",
					     (long long)last_ms, (long long)at_ms);
		}
		events[i].at_us = 1000 * (uint64_t)at_ms;
		snprintf(at, sizeof(at), "events[%zu].set", i);
		take_state(doc, &y->events[i].set, at, events[i].has, events[i].value);
	}
	return 0;
}

int vehicle_config_load_scenario(const char *path, struct vehicle_core_event **events, size_t *n,
				 struct yaml_error *error)
{
	struct vehicle_core_event *out;
	const struct yaml_scenario *y;
	struct yaml_doc *doc = NULL;
	void *data = NULL;
	int r = yaml_load_file(path, &scenario_schema, &data, &doc, error);

	if (r != 0)
		return r;
	y = data;
	out = calloc(y->n_events, sizeof(*out));
	if (out) {
		r = take_scenario(doc, y, out, error);
	} else {
		r = -ENOMEM;
		snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(ENOMEM));
	}
	if (r == 0) {
		*events = out;
		*n = y->n_events;
	} else {
		free(out);
	}
	yaml_free(&scenario_schema, data);
	yaml_doc_free(doc);
	return r;
}
