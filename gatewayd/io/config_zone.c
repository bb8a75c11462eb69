/* config_zone - where the vehicle lives: its time zone, out of the folder of time zones. See config.h. */
#include <stdio.h>

#include "gatewayd/io/config.h"
#include "gatewayd/io/zone_load.h"

int config_load_zone(struct config *config, const char *time_zone, char *text, size_t n_text)
{
	if (!config->zoneinfo_dir[0])
		snprintf(config->zoneinfo_dir, sizeof(config->zoneinfo_dir), "/usr/share/zoneinfo");
	snprintf(config->time_zone, sizeof(config->time_zone), "%s", time_zone ? time_zone : "UTC");
	return zone_load(config->zoneinfo_dir, config->time_zone, &config->core.zone, text, n_text);
}
