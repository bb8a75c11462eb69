gu_pure_library(vecu_core
  SOURCES ecu_core.c ecu_server.c ecu_services.c ecu_data.c ecu_routines.c ecu_download.c ecu_memory.c ecu_config.c
  LINK uds)
