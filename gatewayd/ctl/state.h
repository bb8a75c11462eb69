/*
 * state - the life of a campaign as its names on D-Bus tell it: which are final, which is success, what comes after
 * what.
 */
#ifndef GATEWAYD_CTL_STATE_H
#define GATEWAYD_CTL_STATE_H

#include <stdbool.h>

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
/* all names, separated by ", " */
const char *state_names(void);

#endif
