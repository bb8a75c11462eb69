/* vehicle_conditions - whether what documents ask of the vehicle holds, and what that rests on; see vehicle.h. */
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/vehicle.h"

static const char *ignition_words(enum ignition ignition)
{
	switch (ignition) {
	case IGNITION_UNKNOWN:
		return "the ignition's state is not known";
	case IGNITION_OFF:
		return "the ignition is off";
	case IGNITION_ACCESSORY:
		return "the ignition is in the accessory position";
	case IGNITION_ON:
		return "the ignition is on";
	case IGNITION_CRANKING:
		return "the engine is being started";
	}
	return "the ignition's state is not known";
}

static const char *flag_fails(const struct vehicle *self, uint64_t now_us, enum vehicle_signal signal,
			      const char *unknown, const char *no)
{
	switch (vehicle_flag(self, now_us, signal)) {
	case VEHICLE_FLAG_UNKNOWN:
		return unknown;
	case VEHICLE_FLAG_NO:
		return no;
	case VEHICLE_FLAG_YES:
		break;
	}
	return NULL;
}

static const char *condition_fails(const struct vehicle *self, uint64_t now_us, const struct condition *condition,
				   char *text, size_t n_text)
{
	enum ignition ignition = vehicle_ignition(self, now_us);
	bool speed_known = vehicle_speed_kmh(self, now_us) >= 0 || vehicle_moving(self, now_us);
	const char *moving = !speed_known ? "the speed is not known" : "the vehicle is moving";

	switch (condition->kind) {
	case CONDITION_NONE:
		return NULL;
	case CONDITION_IGNITION_OFF:
		return ignition == IGNITION_OFF ? NULL : ignition_words(ignition);
	case CONDITION_IGNITION_ON:
		if (ignition != IGNITION_ON)
			return ignition_words(ignition);
		return vehicle_standstill(self, now_us) ? NULL : moving;
	case CONDITION_STANDSTILL:
		return vehicle_standstill(self, now_us) ? NULL : moving;
	case CONDITION_BATTERY_MIN_MV:
		if (!vehicle_battery_mv(self, now_us))
			return "the battery's voltage is not known";
		if ((int64_t)vehicle_battery_mv(self, now_us) >= condition->value)
			return NULL;
		/* the limit and not the voltage: a text that changes with every sample would be news each time */
		snprintf(text, n_text, "the battery is below %lld mV", (long long)condition->value);
		return text;
	case CONDITION_GEAR_PARK:
		return flag_fails(self, now_us, VEHICLE_GEAR_PARK, "it is not known whether the gear is in park",
				  "the gear is not in park");
	case CONDITION_PARKING_BRAKE_SET:
		return flag_fails(self, now_us, VEHICLE_PARKING_BRAKE, "the parking brake's state is not known",
				  "the parking brake is not set");
	case CONDITION_CHARGING:
		return flag_fails(self, now_us, VEHICLE_CHARGING, "it is not known whether the battery is charged",
				  "the battery is not being charged");
	case CONDITION_CHARGE_MIN_PERCENT:
		if (vehicle_charge_percent(self, now_us) < 0)
			return "the battery's charge is not known";
		if (vehicle_charge_percent(self, now_us) >= condition->value)
			return NULL;
		snprintf(text, n_text, "the battery's charge is below %lld %%", (long long)condition->value);
		return text;
	}
	return "a condition that this gateway does not know";
}

const char *vehicle_conditions(const struct vehicle *self, uint64_t now_us, const struct condition *conditions,
			       size_t n, char *text, size_t n_text)
{
	for (size_t i = 0; i < n; i++) {
		const char *words = condition_fails(self, now_us, &conditions[i], text, n_text);

		if (words)
			return words;
	}
	return NULL;
}

const char *vehicle_signal_name(enum vehicle_signal signal)
{
	static const char *const names[VEHICLE_SIGNALS] = {
	    [VEHICLE_IGNITION] = "ignition",
	    [VEHICLE_SPEED_KMH] = "speed_kmh",
	    [VEHICLE_BATTERY_MV] = "battery_mv",
	    [VEHICLE_CHARGE_PERCENT] = "charge_percent",
	    [VEHICLE_GEAR_PARK] = "gear_park",
	    [VEHICLE_PARKING_BRAKE] = "parking_brake",
	    [VEHICLE_CHARGING] = "charging",
	    [VEHICLE_KL15_HELD] = "kl15_held",
	    [VEHICLE_DRIVE_INHIBITED] = "drive_inhibited",
	};

	return (unsigned)signal < VEHICLE_SIGNALS ? names[signal] : "";
}

bool vehicle_signal_of(enum condition_kind kind, unsigned index, enum vehicle_signal *signal)
{
	static const enum vehicle_signal signals[][2] = {
	    [CONDITION_NONE] = {VEHICLE_SIGNALS, VEHICLE_SIGNALS},
	    [CONDITION_IGNITION_OFF] = {VEHICLE_IGNITION, VEHICLE_SIGNALS},
	    [CONDITION_STANDSTILL] = {VEHICLE_SPEED_KMH, VEHICLE_SIGNALS},
	    [CONDITION_BATTERY_MIN_MV] = {VEHICLE_BATTERY_MV, VEHICLE_SIGNALS},
	    [CONDITION_IGNITION_ON] = {VEHICLE_IGNITION, VEHICLE_SPEED_KMH},
	    [CONDITION_GEAR_PARK] = {VEHICLE_GEAR_PARK, VEHICLE_SIGNALS},
	    [CONDITION_PARKING_BRAKE_SET] = {VEHICLE_PARKING_BRAKE, VEHICLE_SIGNALS},
	    [CONDITION_CHARGE_MIN_PERCENT] = {VEHICLE_CHARGE_PERCENT, VEHICLE_SIGNALS},
	    [CONDITION_CHARGING] = {VEHICLE_CHARGING, VEHICLE_SIGNALS},
	};

	if ((size_t)kind >= sizeof signals / sizeof signals[0] || index >= 2 || signals[kind][index] == VEHICLE_SIGNALS)
		return false;
	*signal = signals[kind][index];
	return true;
}
