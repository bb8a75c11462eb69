/*
 * sim_life - days of a vehicle: drives, with the battery supplied; parking, in which the vehicle sleeps, and its
 * gateway with it, but for the times at which the gateway wants to be awake.
 */
#ifndef TESTS_SCENARIO_SIM_LIFE_H
#define TESTS_SCENARIO_SIM_LIFE_H

#include "tests/scenario/sim.h"

#define SIM_MINUTE (60 * SIM_S)
#define SIM_HOUR   (3600 * SIM_S)
#define SIM_DAY    (86400 * SIM_S)

/* the moment on the simulation's clock; it has not passed */
uint64_t sim_at_unix(const struct sim *s, uint64_t unix_s);
/* the driver is there: from now on the vehicle drives, until then */
void sim_drive(struct sim *s, uint64_t until_us);
/* the ignition is off, and the vehicle sleeps once nobody wants it awake; each sleep loses the session */
void sim_park(struct sim *s, uint64_t until_us);
/* the backend can be reached, or not */
void sim_coverage(struct sim *s, bool covered);

#endif
