#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/io/backend_priv.h"
#include "uds/port/can_driver.h"

void backend_registered(struct backend *self, const Gu__RegisterResult *result)
{
	struct mode_table *modes = calloc(1, sizeof(*modes));
	struct gateway_registration registration = {.accepted = result->accepted,
						    .reason = result->reason,
						    .heartbeat_s = result->heartbeat_s,
						    .modes = modes,
						    .poll_s = result->poll_s};

	if (!modes) {
		backend_fail(self, GATEWAY_CODE_NO_MEMORY, "out of memory for the update modes");
		return;
	}
	for (size_t i = 0; i < result->n_features; i++)
		registration.knows_modes = registration.knows_modes || strcmp(result->features[i], "modes-1") == 0;
	for (size_t i = 0; i < result->n_modes && i < MODE_MAX_ENTRIES; i++) {
		struct mode_entry *entry = &modes->entries[modes->n++];

		snprintf(entry->ecu, sizeof(entry->ecu), "%s", result->modes[i]->ecu);
		entry->urgency = (enum urgency)result->modes[i]->urgency;
		entry->mode = (enum update_mode)result->modes[i]->mode;
		/* it could not trigger what it names so: a campaign that would wait for that is declined instead */
		if (entry->mode == MODE_SERVER && !registration.knows_modes)
			entry->mode = MODE_NEGOTIATED;
	}
	self->modes_known = registration.knows_modes;
	gateway_register_result(self->gateway, can_driver_now_us(), &registration);
	free(modes);
}
