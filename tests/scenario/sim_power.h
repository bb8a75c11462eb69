/*
 * sim_power - campaigns in a vehicle that grants what it is asked for: awake, terminal 15 held, not driven away; and
 * checks that it is let go.
 */
#ifndef TESTS_SCENARIO_SIM_POWER_H
#define TESTS_SCENARIO_SIM_POWER_H

#include "tests/scenario/sim.h"

#define SIM_BOTH 0x3u /* ECUs */

extern const struct power_config sim_granted;

/* two ECUs, one after the other, the first large enough to be met in the middle; the window opens after 5 s. Masks of
 * ECUs: those that are finished with drive-away inhibited, those that need terminal 15 held */
struct sim *sim_power_new(uint32_t finished, uint32_t held);
void sim_set(struct sim *s, enum vehicle_core_quantity quantity, double value);
bool sim_is_inhibited(const struct sim *s);
bool sim_is_asked(const struct sim *s, enum power_hold hold);
bool sim_is_not_flashing(const struct sim *s);
/* nothing is asked for any more, and nothing granted */
void sim_check_let_go(const struct sim *s);
void sim_check_unchanged(const struct sim *s);
void sim_check_waits(const struct sim *s, unsigned code);
/* the campaign is done soon, and the vehicle let go */
void sim_ends_done(struct sim *s);

#endif
