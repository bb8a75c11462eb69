/*
 * sequence - the whole sequence of a profile, in words and with its estimated times: the bus parts, the steps of the
 * ECU with its point of no return, and the way back of a dual-bank ECU.
 */
#ifndef ECU_FLASH_CLI_SEQUENCE_H
#define ECU_FLASH_CLI_SEQUENCE_H

#include "common/json.h"
#include "ecu-flash/estimate.h"

/* whose sequence, with which images and on which bus */
struct sequence {
	const struct profile *profile;
	const struct flash_unit *units;
	uint8_t n_units; /* 0 = no image: steps of units have no time then */
	struct estimate_link link;
};

void sequence_text(const struct sequence *self); /* to stdout */
/* members of the object at hand: bus_before, steps, way_back, bus_after, estimate */
void sequence_json(const struct sequence *self, struct json *json);

#endif
