gu_program(can-rate COMPONENT ecu-flash SOURCES can_rate.c LINK uds common)
