/* channel - a uds_channel between 7E0 and 7E8, and what goes in and comes out. */
#ifndef TESTS_UNIT_UDS_CHANNEL_H
#define TESTS_UNIT_UDS_CHANNEL_H

#include "support.h"

#include "uds/uds_channel.h"

#define T0  (7 * S)
#define CAP 4096u

static uint8_t tx_buf[CAP];
static uint8_t rx_buf[CAP];
static struct uds_channel ch;
static struct can_msg frame;
static struct uds_event event;

static inline int setup(void **state)
{
	const struct isotp_config config = tester_config();
	const struct uds_timing timing = uds_timing_default();

	(void)state;
	uds_channel_init(&ch, &config, &timing, tx_buf, sizeof(tx_buf), rx_buf, sizeof(rx_buf));
	return 0;
}

#define REQUEST(now_us, ...) assert_int_equal(uds_channel_request(&ch, now_us, BYTES(__VA_ARGS__)), 0)

static inline void input(uint64_t now_us, struct can_msg msg)
{
	assert_true(uds_channel_input(&ch, now_us, &msg));
}

static inline void pop(uint64_t now_us)
{
	assert_true(uds_channel_pop_frame(&ch, now_us, &frame));
}

static inline void assert_no_frame(uint64_t now_us)
{
	assert_false(uds_channel_pop_frame(&ch, now_us, &frame));
}

static inline void assert_event(enum uds_event_kind kind)
{
	assert_true(uds_channel_pop_event(&ch, &event));
	assert_int_equal(event.kind, kind);
}

static inline void assert_no_event(void)
{
	assert_false(uds_channel_pop_event(&ch, &event));
}

#endif
