/*
 * hr_timer - one absolute CLOCK_BOOTTIME timer on a libuv loop, in nanoseconds: a timerfd under uv_poll, because
 * uv_timer counts milliseconds and STmin reaches down to 100 us. Some 35 us late in the median.
 *
 * It expires last in its turn of the loop, after what sockets have brought: a loop that was late has the answer before
 * the time-out.
 */
#ifndef UDS_PORT_HR_TIMER_H
#define UDS_PORT_HR_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define HR_TIMER_NEVER UINT64_MAX

struct hr_timer {
	uv_poll_t poll;
	uv_check_t turn_end;
	int fd;
	bool reached;       /* in this turn, for what it was set to before */
	bool set_this_turn; /* by another of the loop's handles */
	uint8_t n_open_handles;
	uint64_t armed_ns; /* HR_TIMER_NEVER while disarmed */
	void *owner;
	void (*on_expire)(void *owner);
	void (*on_closed)(void *owner);
};

/* CLOCK_BOOTTIME */
uint64_t hr_timer_now_ns(void);

/* @on_expire: may arm and close the timer. Return: 0 or -errno; on failure there is nothing to close. */
int hr_timer_init(struct hr_timer *self, uv_loop_t *loop, void *owner, void (*on_expire)(void *owner));
/* a time that has passed fires on the next turn of the loop; HR_TIMER_NEVER disarms */
void hr_timer_arm(struct hr_timer *self, uint64_t at_ns);
/* @on_closed: the structure may be reclaimed; may be NULL */
void hr_timer_close(struct hr_timer *self, void (*on_closed)(void *owner));

#endif
