/*
 * simbus_pace - how late a client was served, so that what it sends is dated as if it had been served in time.
 *
 * A client gets a frame some time after the frame's end in bus time: the broker woke late, or served others first. What
 * the client then sends is dated back by that lateness, and a late broker costs the bus nothing. Its own time to react
 * is not given back: the lateness is taken before the client can know of the frame.
 *
 * A client that waits between two frames of its own (STmin) counts from the echo of the first. A later echo of another
 * frame of its (tester present) may be later, and would shorten that gap in bus time. So a frame is given back no more
 * than the lateness of the last echo with its identifier, unless the client has heard something since that it may be
 * reacting to.
 */
#ifndef SIM_SIMBUS_PACE_H
#define SIM_SIMBUS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define SIMBUS_PACE_IDS 8u /* identifiers whose last echoes are remembered */

struct simbus_pace_echo {
	bool known;
	bool waits; /* to be handed over */
	uint32_t id;
	uint64_t end_ns;
	uint64_t lateness_ns;
	uint64_t n_heard; /* by then */
};

struct simbus_pace {
	uint64_t lateness_ns; /* of what was handed over last */
	uint64_t n_heard;     /* frames of others */
	unsigned next;
	struct simbus_pace_echo echoes[SIMBUS_PACE_IDS];
};

/* a client that begins: all zero. Times are nanoseconds of one clock, bus time being that clock in an ideal broker. */

/* a frame of another client is to be handed over */
void simbus_pace_heard(struct simbus_pace *self);
/* the echo of a frame of its own, which ended at @end_ns, is to be handed over */
void simbus_pace_echo(struct simbus_pace *self, uint32_t id, uint64_t end_ns);
/* all that waits is handed over now; @end_ns: end of the last frame */
void simbus_pace_hand_over(struct simbus_pace *self, uint64_t now_ns, uint64_t end_ns);
/* Return: the date of a frame with this identifier that arrives now */
uint64_t simbus_pace_date(const struct simbus_pace *self, uint64_t now_ns, uint32_t id);

#endif
