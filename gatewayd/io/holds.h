/*
 * holds - the frames with which the vehicle is asked to stay awake, to hold terminal 15, not to be driven away: sent
 * cyclically from one order of the core to the next, over the flasher's buses.
 */
#ifndef GATEWAYD_IO_HOLDS_H
#define GATEWAYD_IO_HOLDS_H

#include "gatewayd/io/flasher.h"

struct holds;

/* @config, @flasher: live as long. Return: 0 or -ENOMEM */
int holds_new(uv_loop_t *loop, const struct config *config, struct flasher *flasher, struct holds **holds);
/*
 * The first frame goes out at once. Letting go sends release_data three times, where there is one; a bus that is not
 * there then gets its frames once it is.
 */
void holds_order(struct holds *self, const struct power_order *order);
/* Letting go has begun and is not done; a bus that is not there is not waited for. */
bool holds_releasing(const struct holds *self);
/* nothing is sent any more; before flasher_free(). NULL is allowed. */
void holds_free(struct holds *self);

#endif
