/*
 * can_recovery - when a controller that went bus-off, and whose driver does not restart it, is set down and up again.
 *
 * Pure. A bus that is broken sends it off with its first frame again, and each time the other stations hear errors. So
 * the pauses grow, from the first one to a minute, and after CAN_RECOVERY_TRIES restarts in a row there is one each
 * CAN_RECOVERY_LATER_MS. They do not end: an ECU that was erased may be behind the bus, and nobody at a keyboard.
 */
#ifndef UDS_PORT_CAN_RECOVERY_H
#define UDS_PORT_CAN_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAN_RECOVERY_FIRST_MS   200u /* where restart_ms is not given */
#define CAN_RECOVERY_LONGEST_MS 60000u
#define CAN_RECOVERY_TRIES      10u
#define CAN_RECOVERY_LATER_MS   600000u
#define CAN_RECOVERY_STABLE_US  60000000u /* on the bus for so long: the next bus-off is another matter */

/* All zero to begin with; fields are private. */
struct can_recovery {
	bool seen; /* in any state */
	bool off;
	uint8_t n_restarts; /* in a row; stays at CAN_RECOVERY_TRIES */
	uint32_t pause_ms;  /* of this bus-off */
	uint64_t due_us;
	uint64_t restarted_us;
};

/* The controller is bus-off; said again while it is so, nothing changes. One that was never seen otherwise has been so
 * for who knows how long: its restart is due at once. @first_ms: 0 = CAN_RECOVERY_FIRST_MS */
void can_recovery_bus_off(struct can_recovery *self, uint64_t now_us, uint32_t first_ms);
/* Return: whether the pause is over */
bool can_recovery_due(const struct can_recovery *self, uint64_t now_us);
/* it is set down and up now; whether that helps shows later */
void can_recovery_restarted(struct can_recovery *self, uint64_t now_us);
/* The controller is not bus-off. If it was, and not through can_recovery_restarted(), somebody has repaired it: the
 * next bus-off is the first of a row. */
void can_recovery_on_bus(struct can_recovery *self);
/* Return: until the controller is to be looked at again: @longest_ms, or less if a restart is due before */
uint64_t can_recovery_wait_ms(const struct can_recovery *self, uint64_t now_us, uint64_t longest_ms);
/* "it is set down and up again after 0.4 s (try 2 of 10, later one each 10 min)": the same words for a whole pause */
void can_recovery_text(const struct can_recovery *self, char *out, size_t n_out);

#endif
