/*
 * state - the life of a campaign as its names on D-Bus tell it: which are final, which is success, what comes after
 * what. The names are those of proto/mapping.def.
 */
#ifndef GATEWAYD_CTL_STATE_H
#define GATEWAYD_CTL_STATE_H

#include <stdbool.h>

#define STATE_NAMES_BYTES 512u

/* one of the names that gatewayd uses */
bool state_known(const char *state);
/* nothing follows it */
bool state_final(const char *state);
/* done: every ECU verified */
bool state_success(const char *state);
/*
 * Whether a campaign that is in @state has reached @goal: is in it, or has passed it on the way from offered to done.
 * A state that ends a campaign otherwise passes nothing.
 */
bool state_reached(const char *state, const char *goal);
/* all names, separated by ", ". Return: @out */
const char *state_names(char out[STATE_NAMES_BYTES]);

#endif
