/* vehicle_words - conditions of the vehicle in words: what is wanted, and what is; see vehicle.h. */
#include <stdio.h>
#include "gatewayd/core/vehicle.h"

const char *vehicle_ignition_name(enum ignition ignition)
{
	switch (ignition) {
	case IGNITION_UNKNOWN:
		return "unknown";
	case IGNITION_OFF:
		return "off";
	case IGNITION_ACCESSORY:
		return "accessory";
	case IGNITION_ON:
		return "on";
	case IGNITION_CRANKING:
		return "cranking";
	}
	return "unknown";
}

bool vehicle_condition_known(const struct vehicle *self, uint64_t now_us, const struct condition *condition)
{
	bool ignition = vehicle_ignition(self, now_us) != IGNITION_UNKNOWN;
	bool speed = vehicle_standstill(self, now_us) || vehicle_moving(self, now_us);

	switch (condition->kind) {
	case CONDITION_NONE:
		return true;
	case CONDITION_IGNITION_OFF:
		return ignition;
	case CONDITION_STANDSTILL:
		return speed;
	case CONDITION_BATTERY_MIN_MV:
		return vehicle_battery_mv(self, now_us) != 0;
	case CONDITION_IGNITION_ON:
		return ignition && speed;
	case CONDITION_GEAR_PARK:
		return vehicle_flag(self, now_us, VEHICLE_GEAR_PARK) != VEHICLE_FLAG_UNKNOWN;
	case CONDITION_PARKING_BRAKE_SET:
		return vehicle_flag(self, now_us, VEHICLE_PARKING_BRAKE) != VEHICLE_FLAG_UNKNOWN;
	case CONDITION_CHARGING:
		return vehicle_flag(self, now_us, VEHICLE_CHARGING) != VEHICLE_FLAG_UNKNOWN;
	case CONDITION_CHARGE_MIN_PERCENT:
		return vehicle_charge_percent(self, now_us) >= 0;
	}
	return false;
}

static void put_speed(const struct vehicle *self, uint64_t now_us, char *text, size_t n)
{
	if (vehicle_standstill(self, now_us) || vehicle_moving(self, now_us))
		snprintf(text, n, "%.1f km/h", vehicle_speed_kmh(self, now_us));
	else
		snprintf(text, n, "unknown");
}

static void put_flag(const struct vehicle *self, uint64_t now_us, enum vehicle_signal signal, char *text, size_t n)
{
	static const char *const names[] = {
	    [VEHICLE_FLAG_UNKNOWN] = "unknown", [VEHICLE_FLAG_NO] = "no", [VEHICLE_FLAG_YES] = "yes"};

	snprintf(text, n, "%s", names[vehicle_flag(self, now_us, signal)]);
}

void vehicle_condition_words(const struct vehicle *self, uint64_t now_us, const struct condition *condition,
			     char *wanted, size_t n_wanted, char *value, size_t n_value)
{
	const char *ignition = vehicle_ignition_name(vehicle_ignition(self, now_us));
	uint32_t battery_mv = vehicle_battery_mv(self, now_us);
	char speed[32];

	put_speed(self, now_us, speed, sizeof speed);
	wanted[0] = value[0] = 0;
	switch (condition->kind) {
	case CONDITION_NONE:
		return;
	case CONDITION_IGNITION_OFF:
		snprintf(wanted, n_wanted, "ignition off");
		snprintf(value, n_value, "%s", ignition);
		return;
	case CONDITION_STANDSTILL:
		snprintf(wanted, n_wanted, "standstill");
		snprintf(value, n_value, "%s", speed);
		return;
	case CONDITION_BATTERY_MIN_MV:
		snprintf(wanted, n_wanted, "at least %lld mV", (long long)condition->value);
		if (battery_mv)
			snprintf(value, n_value, "%lu mV", (unsigned long)battery_mv);
		else
			snprintf(value, n_value, "unknown");
		return;
	case CONDITION_IGNITION_ON:
		snprintf(wanted, n_wanted, "ignition on, standstill");
		snprintf(value, n_value, "%s, %s", ignition, speed);
		return;
	case CONDITION_GEAR_PARK:
		snprintf(wanted, n_wanted, "gear in park");
		put_flag(self, now_us, VEHICLE_GEAR_PARK, value, n_value);
		return;
	case CONDITION_PARKING_BRAKE_SET:
		snprintf(wanted, n_wanted, "parking brake set");
		put_flag(self, now_us, VEHICLE_PARKING_BRAKE, value, n_value);
		return;
	case CONDITION_CHARGING:
		snprintf(wanted, n_wanted, "battery charging");
		put_flag(self, now_us, VEHICLE_CHARGING, value, n_value);
		return;
	case CONDITION_CHARGE_MIN_PERCENT:
		snprintf(wanted, n_wanted, "at least %lld %%", (long long)condition->value);
		if (vehicle_charge_percent(self, now_us) >= 0)
			snprintf(value, n_value, "%d %%", (int)vehicle_charge_percent(self, now_us));
		else
			snprintf(value, n_value, "unknown");
		return;
	}
}
