gu_program(can-rate SOURCES can_rate.c LINK uds common)
