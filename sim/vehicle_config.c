#include "sim/vehicle_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct yaml_values {
	uint64_t off, accessory, on, cranking;
};

struct yaml_signal {
	uint64_t id, id_bits, dlc, cycle_ms, start_bit, length;
	enum can_signal_order byte_order;
	bool is_signed;
	double factor, offset;
	struct yaml_values values;
};

struct yaml_state {
	enum vehicle_core_ignition ignition;
	double speed_kmh, battery_mv;
};

struct yaml_vehicle {
	struct yaml_state initial;
	struct {
		struct yaml_signal quantity[VEHICLE_CORE_QUANTITIES];
	} signals;
};

struct yaml_event {
	uint64_t at_ms;
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
static const char *const quantity_words[VEHICLE_CORE_QUANTITIES] = {"ignition", "speed_kmh", "battery_mv"};

static const cyaml_schema_field_t values_fields[] = {
    CYAML_FIELD_UINT("off", OPT, struct yaml_values, off),
    CYAML_FIELD_UINT("accessory", OPT, struct yaml_values, accessory),
    CYAML_FIELD_UINT("on", OPT, struct yaml_values, on),
    CYAML_FIELD_UINT("cranking", OPT, struct yaml_values, cranking),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t signal_fields[] = {
    CYAML_FIELD_UINT("id", CYAML_FLAG_DEFAULT, struct yaml_signal, id),
    CYAML_FIELD_UINT("id_bits", OPT, struct yaml_signal, id_bits),
    CYAML_FIELD_UINT("dlc", OPT, struct yaml_signal, dlc),
    CYAML_FIELD_UINT("cycle_ms", OPT, struct yaml_signal, cycle_ms),
    CYAML_FIELD_UINT("start_bit", CYAML_FLAG_DEFAULT, struct yaml_signal, start_bit),
    CYAML_FIELD_UINT("length", CYAML_FLAG_DEFAULT, struct yaml_signal, length),
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
    CYAML_FIELD_FLOAT("speed_kmh", OPT, struct yaml_state, speed_kmh),
    CYAML_FIELD_FLOAT("battery_mv", OPT, struct yaml_state, battery_mv),
    CYAML_FIELD_END,
};

typedef __typeof__(((struct yaml_vehicle *)0)->signals) signals_t;
static const cyaml_schema_field_t signals_fields[] = {
    CYAML_FIELD_MAPPING("ignition", OPT, signals_t, quantity[VEHICLE_CORE_IGNITION], signal_fields),
    CYAML_FIELD_MAPPING("speed_kmh", OPT, signals_t, quantity[VEHICLE_CORE_SPEED_KMH], signal_fields),
    CYAML_FIELD_MAPPING("battery_mv", OPT, signals_t, quantity[VEHICLE_CORE_BATTERY_MV], signal_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t vehicle_fields[] = {
    CYAML_FIELD_MAPPING("initial", OPT, struct yaml_vehicle, initial, state_fields),
    CYAML_FIELD_MAPPING("signals", CYAML_FLAG_DEFAULT, struct yaml_vehicle, signals, signals_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t vehicle_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_vehicle, vehicle_fields)};

static const cyaml_schema_field_t event_fields[] = {
    CYAML_FIELD_UINT("at_ms", CYAML_FLAG_DEFAULT, struct yaml_event, at_ms),
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

static int out_of_range(const struct yaml_doc *doc, struct yaml_error *error, const char *at, const char *key,
			const char *range)
{
	char path[96];

	snprintf(path, sizeof(path), "%s.%s", at, key);
	return yaml_error_at(doc, error, path, "must be %s", range);
}

static int take_signal(const struct yaml_doc *doc, const struct yaml_signal *y, const char *at,
		       struct vehicle_core_signal *out, struct yaml_error *error)
{
	uint64_t dlc = has(doc, at, "dlc") ? y->dlc : 8;
	uint64_t cycle_ms = has(doc, at, "cycle_ms") ? y->cycle_ms : 100;
	uint64_t id_bits = has(doc, at, "id_bits") ? y->id_bits : 11;
	const uint64_t raw[VEHICLE_CORE_IGNITIONS] = {y->values.off, y->values.accessory, y->values.on,
						      y->values.cranking};

	if (id_bits != 11 && id_bits != 29)
		return out_of_range(doc, error, at, "id_bits", "11 or 29");
	if (y->id > (id_bits == 29 ? 0x1fffffffu : 0x7ffu))
		return out_of_range(doc, error, at, "id", "within id_bits");
	if (dlc < 1 || dlc > 8)
		return out_of_range(doc, error, at, "dlc", "1..8");
	if (cycle_ms < 1 || cycle_ms > 3600000)
		return out_of_range(doc, error, at, "cycle_ms", "1..3600000");
	if (y->length < 1 || y->length > 64)
		return out_of_range(doc, error, at, "length", "1..64");
	if (y->start_bit > 63)
		return out_of_range(doc, error, at, "start_bit", "0..63");
	*out = (struct vehicle_core_signal){
	    .id = (uint32_t)y->id,
	    .extended_id = id_bits == 29,
	    .dlc = (uint8_t)dlc,
	    .cycle_us = 1000 * cycle_ms,
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
	const double values[VEHICLE_CORE_QUANTITIES] = {(double)y->ignition, y->speed_kmh, y->battery_mv};

	for (unsigned q = 0; q < VEHICLE_CORE_QUANTITIES; q++) {
		if (!has(doc, at, quantity_words[q]))
			continue;
		has_value[q] = true;
		value[q] = values[q];
	}
}

static int take_vehicle(const struct yaml_doc *doc, const struct yaml_vehicle *y, struct vehicle_core_config *config,
			struct yaml_error *error)
{
	bool given[VEHICLE_CORE_QUANTITIES] = {false};
	const char *wrong;

	config->initial[VEHICLE_CORE_BATTERY_MV] = 12600;
	take_state(doc, &y->initial, "initial", given, config->initial);
	for (unsigned q = 0; q < VEHICLE_CORE_QUANTITIES; q++) {
		char at[64];
		int r;

		snprintf(at, sizeof(at), "signals.%s", quantity_words[q]);
		if (!yaml_has(doc, at))
			continue;
		r = take_signal(doc, &y->signals.quantity[q], at, &config->signals[config->n_signals], error);
		if (r != 0)
			return r;
		config->signals[config->n_signals++].quantity = (enum vehicle_core_quantity)q;
	}
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
		char at[64];

		snprintf(at, sizeof(at), "events[%zu].set", i);
		events[i].at_us = 1000 * y->events[i].at_ms;
		take_state(doc, &y->events[i].set, at, events[i].has, events[i].value);
		if (y->events[i].at_ms > UINT32_MAX || (i && events[i].at_us < events[i - 1].at_us)) {
			snprintf(at, sizeof(at), "events[%zu].at_ms", i);
			return yaml_error_at(doc, error, at, "must not be before the last one, nor above 2^32 - 1");
		}
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
