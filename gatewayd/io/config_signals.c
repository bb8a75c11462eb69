/* config_signals - the part signals: of the configuration; see config_priv.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gatewayd/io/config_priv.h"

int config_identifier(struct loader *l, const char *where, int64_t id, int64_t id_bits, bool *extended, uint32_t *out)
{
	char key[64];

	snprintf(key, sizeof(key), "%s.id_bits", where);
	if (yaml_has(l->doc, key) && id_bits != 11 && id_bits != 29)
		return yaml_error_at(l->doc, l->error, key, "must be 11 or 29, is %lld", (long long)id_bits);
	*extended = id_bits == 29;
	snprintf(key, sizeof(key), "%s.id", where);
	return config_number(l, key, id, 0, 0, *extended ? 0x1fffffff : 0x7ff, out);
}

/* highest raw value that the signal can have, as far as ours go */
static uint32_t highest_value(const struct can_signal *codec)
{
	unsigned bits = codec->is_signed ? codec->length - 1u : codec->length;

	return bits >= 31 ? INT32_MAX : (UINT32_C(1) << bits) - 1;
}

static int load_ignition_values(struct loader *l, const struct yaml_signal *in, struct config_signal *out)
{
	static const struct {
		enum ignition state;
		const char *key;
	} states[] = {
	    {IGNITION_OFF, "signals.ignition.values.off"},
	    {IGNITION_ACCESSORY, "signals.ignition.values.accessory"},
	    {IGNITION_ON, "signals.ignition.values.on"},
	    {IGNITION_CRANKING, "signals.ignition.values.cranking"},
	};
	static const char *const needed[] = {"signals.ignition.values.off", "signals.ignition.values.on"};
	uint32_t value;
	int r;

	if (!in->values)
		return yaml_error_at(l->doc, l->error, "signals.ignition", "needs values: {off: …, on: …}");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!yaml_has(l->doc, needed[i]))
			return yaml_error_at(l->doc, l->error, "signals.ignition.values", "needs off: and on:");
	const int64_t values[] = {in->values->off, in->values->accessory, in->values->on, in->values->cranking};

	out->ignition_values[IGNITION_UNKNOWN] = -1;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		out->ignition_values[states[i].state] = -1;
		if (!yaml_has(l->doc, states[i].key))
			continue;
		if ((r = config_number(l, states[i].key, values[i], 0, 0, highest_value(&out->codec), &value)))
			return r;
		/* of two states with one value neither is known, and off must never be assumed */
		for (size_t k = 0; k < i; k++)
			if (out->ignition_values[states[k].state] == (int32_t)value)
				return yaml_error_at(l->doc, l->error, states[i].key,
						     "%u is the value of another state too", value);
		out->ignition_values[states[i].state] = (int32_t)value;
	}
	return 0;
}

/* one that says yes or no: the raw value of each */
static int load_flag_values(struct loader *l, const char *name, const struct yaml_signal *in, struct config_signal *out)
{
	const struct yaml_values none = {0};
	const struct yaml_values *values = in->values ? in->values : &none;
	uint32_t value;
	char key[64];
	int r;

	snprintf(key, sizeof(key), "signals.%s.values.on", name);
	if ((r = config_number(l, key, values->on, 1, 0, highest_value(&out->codec), &value)))
		return r;
	out->ignition_values[0] = -1;
	out->ignition_values[1] = (int32_t)value;
	snprintf(key, sizeof(key), "signals.%s.values.off", name);
	if (!yaml_has(l->doc, key)) /* every other value says no */
		return 0;
	if ((r = config_number(l, key, values->off, 0, 0, highest_value(&out->codec), &value)))
		return r;
	out->ignition_values[0] = (int32_t)value;
	if (out->ignition_values[0] == out->ignition_values[1])
		return yaml_error_at(l->doc, l->error, key, "%u is the value of on too", value);
	return 0;
}

/*
 * 28 03 silences the senders on the bus of the ECUs that are flashed. A signal on a bus without ECUs survives that; on
 * another one only if its sender is left out of it, which the file has to say.
 */
static void load_survival(struct loader *l, enum vehicle_signal which, bool survives)
{
	const struct config_signal *signal = &l->config->signals[which];
	char *silent_with = l->config->core.vehicle.silent_with[which];

	silent_with[0] = 0;
	for (uint8_t i = 0; !survives && i < l->config->core.n_ecus; i++)
		if (l->config->ecus[i].bus == signal->bus)
			snprintf(silent_with, GATEWAY_NAME_BYTES, "%s", l->config->buses[signal->bus].name);
}

static int load_signal(struct loader *l, enum vehicle_signal which, const struct yaml_signal *in)
{
	const char *name = vehicle_signal_name(which);
	struct config_signal *out = &l->config->signals[which];
	char key[64];
	uint32_t length, start_bit;
	int r;

	if (!in)
		return 0; /* not configured: stays unknown */
	out->configured = true;
	snprintf(key, sizeof(key), "signals.%s.bus", name);
	if ((r = config_bus_index(l, key, in->bus, &out->bus)))
		return r;
	snprintf(key, sizeof(key), "signals.%s", name);
	if ((r = config_identifier(l, key, in->id, in->id_bits, &out->extended_id, &out->id)))
		return r;
	snprintf(key, sizeof(key), "signals.%s.length", name);
	if ((r = config_number(l, key, in->length, 0, 1, 64, &length)))
		return r;
	snprintf(key, sizeof(key), "signals.%s.start_bit", name);
	if ((r = config_number(l, key, in->start_bit, 0, 0, 511, &start_bit)))
		return r;
	snprintf(key, sizeof(key), "signals.%s.offset", name);
	if (!isfinite(in->offset))
		return yaml_error_at(l->doc, l->error, key, "must be a finite number");
	snprintf(key, sizeof(key), "signals.%s.factor", name);
	if (yaml_has(l->doc, key) && (in->factor == 0 || !isfinite(in->factor)))
		return yaml_error_at(l->doc, l->error, key, "must be a finite number other than 0");
	out->codec = (struct can_signal){
	    .start_bit = (uint16_t)start_bit,
	    .length = (uint8_t)length,
	    .order = in->byte_order == YAML_ORDER_BIG ? CAN_SIGNAL_BIG_ENDIAN : CAN_SIGNAL_LITTLE_ENDIAN,
	    .is_signed = in->is_signed,
	    .factor = yaml_has(l->doc, key) ? in->factor : 1.0,
	    .offset = in->offset,
	};
	snprintf(key, sizeof(key), "signals.%s", name);
	if (!can_signal_fits(&out->codec, l->config->buses[out->bus].fd ? 64 : 8))
		return yaml_error_at(l->doc, l->error, key, "does not fit a frame of %s",
				     l->config->buses[out->bus].fd ? "64 bytes" : "8 bytes");
	snprintf(key, sizeof(key), "signals.%s.max_age_ms", name);
	if ((r = config_number(l, key, in->max_age_ms, 2000, 10, 600000, &l->config->core.vehicle.max_age_ms[which])))
		return r;
	load_survival(l, which, in->survives_silence);
	if (which == VEHICLE_IGNITION)
		return load_ignition_values(l, in, out);
	return which >= VEHICLE_GEAR_PARK ? load_flag_values(l, name, in, out) : 0;
}

int config_load_signals(struct loader *l)
{
	const struct yaml_signals *in = &l->yaml->signals;
	const struct yaml_signal *const all[VEHICLE_SIGNALS] = {
	    [VEHICLE_IGNITION] = in->ignition,
	    [VEHICLE_SPEED_KMH] = in->speed_kmh,
	    [VEHICLE_BATTERY_MV] = in->battery_mv,
	    [VEHICLE_CHARGE_PERCENT] = in->charge_percent,
	    [VEHICLE_GEAR_PARK] = in->gear_park,
	    [VEHICLE_PARKING_BRAKE] = in->parking_brake,
	    [VEHICLE_CHARGING] = in->charging,
	    [VEHICLE_KL15_HELD] = in->kl15_held,
	    [VEHICLE_DRIVE_INHIBITED] = in->drive_inhibited,
	};

	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++) {
		int r = load_signal(l, (enum vehicle_signal)i, all[i]);

		if (r)
			return r;
	}
	return 0;
}
