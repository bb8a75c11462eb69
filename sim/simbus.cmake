gu_pure_library(simbus_core SOURCES bus_core.c bus_account.c bus_error.c bus_fault.c bus_rules.c LINK uds)
# the control socket of every simulator
gu_library(line_server SOURCES line_server.c socket_file.c LINK common PkgConfig::UV)
gu_library(simbus_server
  SOURCES simbus_server.c simbus_client.c simbus_control.c simbus_log.c simbus_pace.c
  LINK simbus_core line_server udsport common PkgConfig::UV)
gu_program(simbus COMPONENT gateway-sim SOURCES simbus.c LINK simbus_server)
