/* config_power - the part power: of the configuration; see config_priv.h. */
#include <stdio.h>
#include <string.h>

#include "gatewayd/io/config_priv.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "01 ff", with or without spaces between the bytes. Return: how many bytes; 0 if it is none or more than @max */
static size_t bytes_of(const char *text, uint8_t *bytes, size_t max)
{
	size_t n = 0;

	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		if (n == max || digit(text[0]) < 0 || digit(text[1]) < 0)
			return 0;
		bytes[n++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text += 2;
	}
	return n;
}

static int load_data(struct loader *l, const char *where, const char *name, const char *text, uint8_t bus,
		     struct can_msg *msg)
{
	const size_t max = l->config->buses[bus].fd ? 64 : 8;
	char key[64];
	size_t n = bytes_of(text, msg->data, max);

	snprintf(key, sizeof(key), "%s.%s", where, name);
	if (!n || can_msg_fd_len(n) != n)
		return yaml_error_at(l->doc, l->error, key,
				     "must be bytes in hexadecimal that fill a frame of at most %zu", max);
	msg->len = (uint8_t)n;
	if (l->config->buses[bus].fd && n > 8)
		msg->flags |= CAN_MSG_FD;
	return 0;
}

static int load_frame(struct loader *l, enum power_hold hold, const char *name, const struct yaml_frame *in)
{
	struct config_frame *out = &l->config->frames[hold];
	char where[48], key[64];
	bool extended;
	int r;

	if (!in)
		return 0;
	snprintf(where, sizeof(where), "power.%s", name);
	snprintf(key, sizeof(key), "%s.bus", where);
	if ((r = config_bus_index(l, key, in->bus, &out->bus)) ||
	    (r = config_identifier(l, where, in->id, in->id_bits, &extended, &out->ask.id)) ||
	    (r = load_data(l, where, "data", in->data, out->bus, &out->ask)) ||
	    (in->release_data && (r = load_data(l, where, "release_data", in->release_data, out->bus, &out->release))))
		return r;
	out->configured = true;
	out->release.id = out->ask.id;
	out->ask.flags |= extended ? CAN_MSG_EXTENDED : 0;
	out->release.flags |= extended ? CAN_MSG_EXTENDED : 0;
	snprintf(key, sizeof(key), "%s.cycle_ms", where);
	if ((r = config_number(l, key, in->cycle_ms, 100, 5, 60000, &out->cycle_ms)))
		return r;
	l->config->core.power.holds[hold].configured = true;
	return 0;
}

/* what the vehicle has to confirm: by a signal that is there while the ECUs of any bus are flashed */
static int load_confirmed(struct loader *l, enum power_hold hold, const char *name, const struct yaml_frame *in,
			  enum vehicle_signal signal)
{
	char key[64];
	int r = load_frame(l, hold, name, in);

	if (r || !in)
		return r;
	snprintf(key, sizeof(key), "power.%s", name);
	if (!l->config->signals[signal].configured)
		return yaml_error_at(l->doc, l->error, key, "needs signals.%s, with which the vehicle confirms it",
				     vehicle_signal_name(signal));
	if (l->config->core.vehicle.silent_with[signal][0])
		return yaml_error_at(
		    l->doc, l->error, key,
		    "signals.%s, which confirms it, is silent while ECUs of bus '%s' are flashed; unless "
		    "its sender is left out of that: survives_silence: true",
		    vehicle_signal_name(signal), l->config->core.vehicle.silent_with[signal]);
	snprintf(key, sizeof(key), "power.%s.confirm_ms", name);
	return config_number(l, key, in->confirm_ms, 2000, 10, 60000, &l->config->core.power.holds[hold].confirm_ms);
}

static int load_grantor(struct loader *l, const char *name)
{
	struct gateway_config *core = &l->config->core;

	for (uint8_t i = 0; name && i < core->n_ecus; i++) {
		if (strcmp(core->ecus[i].name, name) != 0)
			continue;
		core->power.has_grantor = true;
		core->power.grantor = i;
	}
	if (name && !core->power.has_grantor)
		return yaml_error_at(l->doc, l->error, "power.kl15_hold.granted_by",
				     "there is no ECU '%s' under ecus:", name);
	return 0;
}

static int load_budget(struct loader *l, const struct yaml_power *in)
{
	struct power_config *out = &l->config->core.power;
	uint32_t charge, per_hour;
	int r;

	if ((r = config_number(l, "power.max_awake_s", in->max_awake_s, 0, 0, 604800, &out->max_awake_s)) ||
	    (r = config_number(l, "power.min_battery_mv", in->min_battery_mv, 0, 0, 100000, &out->min_battery_mv)) ||
	    (r = config_number(l, "power.max_drop_mv", in->max_drop_mv, 0, 0, 100000, &out->max_drop_mv)) ||
	    (r = config_number(l, "power.min_charge_percent", in->min_charge_percent, 0, 0, 100, &charge)) ||
	    (r = config_number(l, "power.percent_per_hour", in->percent_per_hour, 0, 0, 100, &per_hour)))
		return r;
	out->min_charge_percent = (uint8_t)charge;
	out->percent_per_hour = (uint8_t)per_hour;
	if ((out->min_battery_mv || out->max_drop_mv) && !l->config->signals[VEHICLE_BATTERY_MV].configured)
		return yaml_error_at(l->doc, l->error, "power",
				     "min_battery_mv and max_drop_mv need signals.battery_mv");
	if ((out->min_charge_percent || out->percent_per_hour) &&
	    !l->config->signals[VEHICLE_CHARGE_PERCENT].configured)
		return yaml_error_at(l->doc, l->error, "power",
				     "min_charge_percent and percent_per_hour need signals.charge_percent");
	return 0;
}

int config_load_power(struct loader *l)
{
	const struct yaml_power *in = &l->yaml->power;
	int r;

	if ((r = load_frame(l, POWER_AWAKE, "awake", in->awake)) ||
	    (r = load_confirmed(l, POWER_KL15, "kl15_hold", in->kl15_hold, VEHICLE_KL15_HELD)) ||
	    (r = load_confirmed(l, POWER_DRIVE_INHIBIT, "drive_inhibit", in->drive_inhibit, VEHICLE_DRIVE_INHIBITED)) ||
	    (r = load_grantor(l, in->kl15_hold ? in->kl15_hold->granted_by : NULL)))
		return r;
	return load_budget(l, in);
}
