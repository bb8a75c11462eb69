gu_pure_library(vehicle_core SOURCES vehicle_core.c LINK uds)
gu_library(vehicle SOURCES vehicle_config.c LINK vehicle_core common PkgConfig::CYAML)
gu_program(vehicle-sim COMPONENT gateway-sim SOURCES vehicle.c LINK vehicle sim_station)
