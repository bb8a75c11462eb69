gu_pure_library(vecu_core
  SOURCES ecu_core.c ecu_server.c ecu_services.c ecu_data.c ecu_routines.c ecu_download.c ecu_memory.c ecu_config.c
    ecu_faults.c ecu_dtcs.c ecu_banks.c ecu_security.c
  LINK uds)
# what the simulated stations share: cores on a CAN port, and a control socket of lines
gu_library(sim_station SOURCES can_station.c LINK line_server udsport common PkgConfig::UV)
gu_library(vecu
  SOURCES virtual_ecu_config.c virtual_ecu_loader.c virtual_ecu_load_link.c virtual_ecu_load_memory.c
          virtual_ecu_load_services.c virtual_ecu_schema.c virtual_ecu_state.c virtual_ecu_store.c virtual_ecu_key.c
          virtual_ecu_run.c virtual_ecu_fault.c virtual_ecu_control.c
  LINK vecu_core sim_station common PkgConfig::CRYPTO PkgConfig::CYAML PkgConfig::UV)
gu_program(virtual-ecu COMPONENT gateway-sim SOURCES virtual_ecu.c LINK vecu)
