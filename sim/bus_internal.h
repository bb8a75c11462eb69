/* bus_internal - what the files of bus_core share. */
#ifndef SIM_BUS_INTERNAL_H
#define SIM_BUS_INTERNAL_H

#include "sim/bus_core.h"

/* @client: of the sender; NULL if it has left */
void bus_count_busy(struct bus *self, struct bus_client_stats *client, uint64_t start_ns, uint64_t end_ns);
/* the frame that has left now */
void bus_count_frame(struct bus *self, struct bus_client_stats *client, uint32_t n_bits);

/* sets outcome and off_ms of the frame on the wire */
void bus_draw_outcome(struct bus *self);
/* how much later than given away a frame goes out, by the rules */
uint64_t bus_draw_delay_ns(struct bus *self, const struct can_msg *msg, unsigned client);
void bus_init_drop(struct bus *self);

#endif
