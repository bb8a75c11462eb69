/* vehicle_config - the signals of vehicle-sim and its scenario, from YAML; sim/demo/vehicle.yaml shows every key. */
#ifndef SIM_VEHICLE_CONFIG_H
#define SIM_VEHICLE_CONFIG_H

#include "common/yaml_load.h"
#include "sim/vehicle_core.h"

#define VEHICLE_CONFIG_MAX_EVENTS 256u

/* Return: 0; -errno or 1 with @error filled. @config: without events */
int vehicle_config_load(const char *path, struct vehicle_core_config *config, struct yaml_error *error);

/**
 * vehicle_config_load_scenario() - "events", a list of at_ms and what to set
 * @events: on success owned by the caller, free()
 *
 * Return: as above.
 */
int vehicle_config_load_scenario(const char *path, struct vehicle_core_event **events, size_t *n,
				 struct yaml_error *error);

#endif
