/*
 * virtual_ecu_fault - the words for the faults of a virtual ECU, in YAML and on the control socket:
 *
 *   drop-answers N           the next N final answers are lost
 *   silent MS                nothing is received or sent for so long
 *   wait MS                  requests of several frames are put off with flow control WAIT for so long
 *   reset                    without an answer
 *   wrong-crc on|off         the check routine fails
 *   stuck-erase on|off       erasing never ends
 *   voltage-low on|off       NRC 93 to what programs
 *   negative SID:NRC         hex: the next request of that service is refused
 *   pending SID|off          hex: requests of that service are answered with NRC 78 without end
 *   block-length N|off       what 74 announces, 0..4294967294, whatever is true
 *   wrong-sequence N         the next N answers of several frames have a wrong sequence number in one
 *   wrong-counter N          the next N answers to 36 echo a wrong block counter
 *   dtc CODE[:STATUS]        hex: a trouble code is set, failed and confirmed (09) without a status
 */
#ifndef SIM_VIRTUAL_ECU_FAULT_H
#define SIM_VIRTUAL_ECU_FAULT_H

#include "sim/ecu_core.h"

/**
 * vecu_fault_parse() - kind and argument of a fault
 * @name, @argument: NULL if missing
 * @trigger: its moment is left as it is
 *
 * Return: NULL, or what is wrong, in words (a static string).
 */
const char *vecu_fault_parse(const char *name, const char *argument, struct ecu_trigger *trigger);

/* Return: false, with nothing written, if @text is not a whole number of @base up to @max */
bool vecu_fault_number(const char *text, int base, uint32_t max, uint32_t *out);
/* "on" or "off" as 1 or 0; Return: false if it is neither */
bool vecu_fault_switch(const char *text, uint32_t *out);

#endif
