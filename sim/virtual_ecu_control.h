/*
 * virtual_ecu_control - the commands of virtual-ecu's control socket.
 *
 *   status                       all ECUs and buses
 *   fault ECU NAME [ARG] [at SID [after N]]
 *                                the faults of virtual_ecu_fault.h, now or as a request of service SID (hex) begins,
 *                                after N of them
 *   reset ECU
 *   preconditions ECU on|off
 *   quit
 */
#ifndef SIM_VIRTUAL_ECU_CONTROL_H
#define SIM_VIRTUAL_ECU_CONTROL_H

#include "common/json.h"
#include "sim/virtual_ecu_run.h"

/* one command, one JSON value; Return: true for quit. @owner is the struct vecu_run. */
bool vecu_control_obey(void *owner, char *line, struct json *answer);

#endif
