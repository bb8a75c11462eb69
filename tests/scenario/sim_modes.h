/*
 * sim_modes - the same campaign in each update mode: what the side that decides has to do for it, and what is checked
 * of it whatever happens on the way.
 */
#ifndef TESTS_SCENARIO_SIM_MODES_H
#define TESTS_SCENARIO_SIM_MODES_H

#include "tests/scenario/sim.h"

extern const enum update_mode sim_modes[3];

/* two ECUs, one after the other, the first large enough to be met in the middle; the window opens after a minute,
 * unless the options have another. What a server decides is decided */
struct sim *sim_of_mode(enum update_mode mode, struct sim_options options);
/* a test of a group: that course, in one mode after the other */
struct sim_course {
	const char *name;
	void (*run)(enum update_mode mode);
};
#define SIM_EACH_MODE(course)                                            \
	{                                                                \
#course, sim_each_mode, NULL, NULL, &(struct sim_course) \
		{                                                        \
#course, course                                  \
		}                                                        \
	}
void sim_each_mode(void **state);
/* everything of the backend's side and of the driver's that the mode asks for is given: only times and the vehicle are
 * waited for */
bool sim_is_decided(const struct sim *s);
/* the one ECU has its new software, the other its old; and neither is without */
bool sim_is_between(const struct sim *s);
/* the gateway knows that the ignition is off, or not, and that was told to the backend if the mode asks for it */
void sim_check_waits_for_the_vehicle(const struct sim *s);
/* no working ECU is erased while the time passes */
void sim_nothing_begins(struct sim *s, uint64_t us);
/* ends as DONE, with all that belongs to the mode and nothing that does not; frees the simulation */
void sim_ends_well(struct sim *s);
/* ends so with its ECUs as they were */
void sim_ends_unchanged(struct sim *s, enum campaign_state state);

#endif
