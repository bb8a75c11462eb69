/*
 * sim_service - what driver and backend were told of a loss of service in a scenario.
 */
#ifndef TESTS_SCENARIO_SIM_SERVICE_H
#define TESTS_SCENARIO_SIM_SERVICE_H

#include "tests/scenario/sim.h"

/* "A", "L", "B", "C" for what was told of it, in order; until the next call */
const char *sim_told(const struct sim *self);
/* whether it was just that; prints what was told if not */
bool sim_is_told(const struct sim *self, const char *expected);

#endif
