/*
 * policy_signals - whether the vehicle has the signals on which a campaign's conditions rest, and whether they are
 * there while its ECUs are flashed: 28 03 silences the senders on their buses too (docs/architecture.md).
 */
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/policy.h"

/* Return: 0 or the code for which the signal cannot carry a decision while ECUs of @doc are flashed */
static unsigned check_signal(const struct gateway *self, const struct campaign_doc *doc, enum vehicle_signal signal,
			     char *text)
{
	const char *bus = self->vehicle.config.silent_with[signal];

	if (!vehicle_configured(&self->vehicle, signal)) {
		snprintf(text, GATEWAY_TEXT_BYTES, "asked for, and not configured in this vehicle: signals.%s",
			 vehicle_signal_name(signal));
		return GATEWAY_CODE_SIGNAL_MISSING;
	}
	for (unsigned i = 0; bus[0] && i < doc->n_targets; i++) {
		int ecu = policy_ecu_index(self, doc->targets[i].ecu);

		if (ecu < 0 || strcmp(self->ecus[ecu].bus, bus) != 0)
			continue;
		snprintf(text, GATEWAY_TEXT_BYTES, "%.64s: while it is flashed, signals.%s is silent with bus %.64s",
			 doc->targets[i].ecu, vehicle_signal_name(signal), bus);
		return GATEWAY_CODE_SIGNAL_SILENCED;
	}
	return GATEWAY_CODE_OK;
}

static unsigned check_conditions(const struct gateway *self, const struct campaign_doc *doc,
				 const struct condition *conditions, size_t n, char *text)
{
	for (size_t i = 0; i < n; i++) {
		enum vehicle_signal signal;

		for (unsigned k = 0; vehicle_signal_of(conditions[i].kind, k, &signal); k++) {
			unsigned code = check_signal(self, doc, signal, text);

			if (code)
				return code;
		}
	}
	return GATEWAY_CODE_OK;
}

unsigned policy_check_signals(const struct gateway *self, const struct campaign_doc *doc,
			      const struct manifest_doc *manifest, char *text)
{
	static const enum vehicle_signal interlocks[] = {VEHICLE_SPEED_KMH, VEHICLE_IGNITION};
	unsigned code = check_conditions(self, doc, doc->conditions, doc->n_conditions, text);

	for (unsigned i = 0; !code && i < sizeof interlocks / sizeof interlocks[0]; i++) {
		if (vehicle_configured(&self->vehicle, interlocks[i])) /* without one it is not asked for, policy.h */
			code = check_signal(self, doc, interlocks[i], text);
	}
	for (unsigned i = 0; !code && i < doc->n_targets; i++) {
		int component = policy_component_index(manifest, doc->targets[i].component);
		const struct component_doc *c = component < 0 ? NULL : &manifest->components[component];

		if (!c)
			continue; /* said before */
		code = check_conditions(self, doc, c->conditions, c->n_conditions, text);
		if (code || c->driver_return != DRIVER_RETURN_FINISH_INHIBITED)
			continue;
		if (self->config.power.holds[POWER_DRIVE_INHIBIT].configured)
			continue;
		code = GATEWAY_CODE_NO_DRIVE_INHIBIT;
		snprintf(text, GATEWAY_TEXT_BYTES, "%.64s: %.120s", doc->targets[i].ecu, gateway_code_words(code));
	}
	return code;
}
