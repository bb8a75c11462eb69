#include "gatewayd/io/signals.h"

size_t signals_filters(const struct config *config, uint8_t bus, struct can_port_filter filters[VEHICLE_SIGNALS])
{
	size_t n = 0;

	for (size_t i = 0; i < VEHICLE_SIGNALS; i++) {
		const struct config_signal *signal = &config->signals[i];

		if (signal->configured && signal->bus == bus)
			filters[n++] = (struct can_port_filter){.id = signal->id, .extended_id = signal->extended_id};
	}
	return n;
}

/* a raw value that no state has is unknown, and unknown is not safe */
static double flag_of(const struct config_signal *signal, uint64_t raw)
{
	if ((uint64_t)signal->ignition_values[1] == raw)
		return 1;
	return signal->ignition_values[0] < 0 || (uint64_t)signal->ignition_values[0] == raw ? 0 : -1;
}

static enum ignition ignition_of(const struct config_signal *signal, uint64_t raw)
{
	for (int i = IGNITION_OFF; i <= IGNITION_CRANKING; i++)
		if (signal->ignition_values[i] >= 0 && (uint64_t)signal->ignition_values[i] == raw)
			return (enum ignition)i;
	return IGNITION_UNKNOWN;
}

void signals_input(const struct config *config, struct gateway *gateway, uint8_t bus, uint64_t now_us,
		   const struct can_msg *msg)
{
	bool extended = (msg->flags & CAN_MSG_EXTENDED) != 0;

	if (msg->flags & (CAN_MSG_ERROR | CAN_MSG_RTR))
		return;
	for (int i = 0; i < VEHICLE_SIGNALS; i++) {
		const struct config_signal *signal = &config->signals[i];
		uint64_t raw;
		double value;

		if (!signal->configured || signal->bus != bus || signal->id != msg->id ||
		    signal->extended_id != extended || !can_signal_get(&signal->codec, msg->data, msg->len, &raw))
			continue;
		if (i == VEHICLE_IGNITION)
			value = (double)ignition_of(signal, raw);
		else if (i >= VEHICLE_GEAR_PARK)
			value = flag_of(signal, raw);
		else
			value = can_signal_to_physical(&signal->codec, raw);
		gateway_signal(gateway, now_us, (enum vehicle_signal)i, value);
	}
}
