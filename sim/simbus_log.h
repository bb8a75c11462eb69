/* simbus_log - a line per frame in the format of candump -l, so that can-utils can read and replay it. */
#ifndef SIM_SIMBUS_LOG_H
#define SIM_SIMBUS_LOG_H

#include <stdio.h>

#include "uds/can_msg.h"

#define SIMBUS_LOG_LINE 192u

/* "(1700000000.123456) can0 7E0#021003" and a line end; FD "7E0##1…", remote "7E0#R8"; Return: length */
size_t simbus_log_format(char out[SIMBUS_LOG_LINE], const char *name, uint64_t unix_us, const struct can_msg *msg);
void simbus_log_frame(FILE *log, const char *name, uint64_t unix_us, const struct can_msg *msg);

#endif
