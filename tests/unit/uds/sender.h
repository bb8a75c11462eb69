/* sender - a link that sends, and how its messages begin and fail. */
#ifndef TESTS_UNIT_UDS_SENDER_H
#define TESTS_UNIT_UDS_SENDER_H

#include "support.h"

#define T0 (7 * S)

static uint8_t message[100000];
static uint8_t rx_buf[256];
static struct isotp tx_link;
static struct can_msg frame;
static struct isotp_event event;

static inline void setup_link(const struct isotp_config *config)
{
	isotp_init(&tx_link, config, rx_buf, sizeof(rx_buf));
	fill_pattern(message, sizeof(message), 5);
}

static inline int setup(void **state)
{
	const struct isotp_config config = tester_config();

	(void)state;
	setup_link(&config);
	return 0;
}

static inline void input(uint64_t now_us, struct can_msg msg)
{
	assert_true(isotp_input(&tx_link, now_us, &msg));
}

static inline void assert_no_frame(uint64_t now_us)
{
	assert_false(isotp_pop_frame(&tx_link, now_us, &frame));
}

static inline void pop(uint64_t now_us)
{
	assert_true(isotp_pop_frame(&tx_link, now_us, &frame));
}

static inline void assert_event(enum isotp_event_kind kind, enum isotp_reason reason)
{
	assert_true(isotp_pop_event(&tx_link, &event));
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.reason, reason);
}

static inline void assert_no_event(void)
{
	assert_false(isotp_pop_event(&tx_link, &event));
}

/* a message of @n bytes begun at T0, its first frame confirmed at T0 */
static inline void begin(size_t n)
{
	assert_int_equal(isotp_send(&tx_link, T0, message, n), 0);
	pop(T0);
	isotp_confirm(&tx_link, T0);
}

static inline void fails_at(uint64_t at_us, enum isotp_reason reason)
{
	assert_int_equal(isotp_deadline(&tx_link), at_us);
	isotp_expire(&tx_link, at_us - 1);
	assert_no_event();
	assert_true(isotp_sending(&tx_link));
	isotp_expire(&tx_link, at_us);
	assert_event(ISOTP_EVENT_SEND_FAILED, reason);
	assert_no_event();
	assert_false(isotp_sending(&tx_link));
	assert_int_equal(isotp_deadline(&tx_link), UDS_NEVER);
	assert_no_frame(at_us);
}

#endif
