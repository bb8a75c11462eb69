gu_pure_library(simbus_core SOURCES bus_core.c LINK uds)
