/*
 * functional - 'uds --functional': one request to all ECUs, and what each of them answers.
 */
#ifndef ECU_FLASH_CLI_FUNCTIONAL_H
#define ECU_FLASH_CLI_FUNCTIONAL_H

#include "ecu-flash/cli/options.h"

/* @pdu: a single frame's worth, else a message and EXIT_USAGE. Return: the exit code */
int functional_run(const struct options *options, const uint8_t *pdu, size_t n);

#endif
