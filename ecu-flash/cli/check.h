/*
 * check - 'verify --check': the ECU judges its own memory, by the check routine of its profile.
 */
#ifndef ECU_FLASH_CLI_CHECK_H
#define ECU_FLASH_CLI_CHECK_H

#include "ecu-flash/cli/load.h"

/* @inputs: with images; the steps of its profile are replaced. Return: the exit code */
int check_run(const struct options *options, struct inputs *inputs);

#endif
