/*
 * show - the commands that need no bus: 'image show' and 'profile check'.
 */
#ifndef ECU_FLASH_CLI_SHOW_H
#define ECU_FLASH_CLI_SHOW_H

#include "ecu-flash/cli/options.h"

/* Return: the exit code */
int show_image(const struct options *options);
int show_profile(const struct options *options);

#endif
