/* receiver - a link that receives, and a message of three frames for it. */
#ifndef TESTS_UNIT_UDS_RECEIVER_H
#define TESTS_UNIT_UDS_RECEIVER_H

#include "support.h"

#define T0  (7 * S)
#define CAP 5000u

static uint8_t rx_buf[CAP];
static struct isotp rx_link;
static struct can_msg frame;
static struct isotp_event event;

static inline void setup_link(const struct isotp_config *config)
{
	isotp_init(&rx_link, config, rx_buf, sizeof(rx_buf));
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
	assert_true(isotp_input(&rx_link, now_us, &msg));
}

static inline void assert_event(enum isotp_event_kind kind, enum isotp_reason reason)
{
	assert_true(isotp_pop_event(&rx_link, &event));
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.reason, reason);
}

static inline void assert_received(const char *text)
{
	assert_event(ISOTP_EVENT_RECEIVED, ISOTP_REASON_NONE);
	assert_int_equal(event.n, strlen(text));
	assert_memory_equal(event.data, text, strlen(text));
}

static inline void assert_nothing(uint64_t now_us)
{
	assert_false(isotp_pop_event(&rx_link, &event));
	assert_false(isotp_pop_frame(&rx_link, now_us, &frame));
}

static inline void assert_flow_control(uint64_t now_us, uint8_t status, uint8_t block_size, uint8_t st_min)
{
	assert_true(isotp_pop_frame(&rx_link, now_us, &frame));
	assert_frame(&frame, 0x7e0, (uint8_t)(0x30 | status), block_size, st_min, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	assert_false(isotp_pop_frame(&rx_link, now_us, &frame));
}

/* a message of 20 bytes, "abcdef" "ghijklm" "nopqrst", begun at T0 and cleared to send at T0 */
static inline void begin_20(void)
{
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_int_equal(event.n, 20);
	assert_int_equal(event.data[0], 'a');
	assert_flow_control(T0, 0, rx_link.config.block_size, rx_link.config.st_min);
	isotp_confirm(&rx_link, T0);
}

static inline void second(uint64_t now_us)
{
	input(now_us, CAN(0x7e8, 0x21, 'g', 'h', 'i', 'j', 'k', 'l', 'm'));
}

static inline void third(uint64_t now_us)
{
	input(now_us, CAN(0x7e8, 0x22, 'n', 'o', 'p', 'q', 'r', 's', 't'));
}

static inline void finish_20(uint64_t now_us)
{
	second(now_us);
	assert_nothing(now_us);
	third(now_us);
	assert_received("abcdefghijklmnopqrst");
	assert_nothing(now_us);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
}

static inline void fails_at(uint64_t at_us, enum isotp_reason reason)
{
	assert_int_equal(isotp_deadline(&rx_link), at_us);
	isotp_expire(&rx_link, at_us - 1);
	assert_false(isotp_pop_event(&rx_link, &event));
	isotp_expire(&rx_link, at_us);
	assert_event(ISOTP_EVENT_RX_FAILED, reason);
	assert_nothing(at_us);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
}

#endif
