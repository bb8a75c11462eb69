/* One request to all, for tests: the gathering under test, and what comes to it. */
#ifndef TESTS_UNIT_UDS_GATHER_H
#define TESTS_UNIT_UDS_GATHER_H

#include "support.h"

#include "uds/can_node.h"

#define T0   (7 * S)
#define N    4u
#define EACH 64u

static struct uds_gather g;
static struct uds_gather_ecu ecus[N];
static uint8_t buf[N * EACH];
static struct can_msg frame;

static inline struct uds_gather_config functional_config(void)
{
	struct uds_gather_config config = {
	    .link = isotp_config_default(),
	    .timing = uds_timing_default(),
	    .first_id = 0x7e8,
	    .last_id = 0x7ef,
	    .reply = UDS_GATHER_BY_OFFSET,
	    .offset = 8,
	};

	config.link.address.tx_id = 0x7df;
	return config;
}

static inline void setup_gather(const struct uds_gather_config *config)
{
	uds_gather_init(&g, config, ecus, N, buf, sizeof(buf));
}

static inline int setup(void **state)
{
	const struct uds_gather_config config = functional_config();

	(void)state;
	setup_gather(&config);
	return 0;
}

static inline void pop(uint64_t now_us, uint32_t id)
{
	assert_true(uds_gather_pop_frame(&g, now_us, &frame));
	assert_int_equal(frame.id, id);
}

static inline void assert_no_frame(uint64_t now_us)
{
	assert_false(uds_gather_pop_frame(&g, now_us, &frame));
}

/* a request that left at T0 */
static inline void ask(const uint8_t *pdu, size_t n)
{
	assert_int_equal(uds_gather_start(&g, T0 - 10, pdu, n), 0);
	pop(T0 - 10, g.config.link.address.tx_id);
	assert_no_frame(T0 - 10);
	uds_gather_confirm(&g, T0);
}
#define ASK(...) ask(BYTES(__VA_ARGS__))

static inline void input(uint64_t now_us, struct can_msg msg)
{
	assert_true(uds_gather_input(&g, now_us, &msg));
}

static inline void refuse(uint64_t now_us, struct can_msg msg)
{
	assert_false(uds_gather_input(&g, now_us, &msg));
}

/* P2 has passed, and somebody has not finished */
static inline void window_ends_at(uint64_t at_us)
{
	assert_int_equal(uds_gather_deadline(&g), at_us);
	uds_gather_expire(&g, at_us);
	assert_true(uds_gather_running(&g));
}

static inline void ends_at(uint64_t at_us)
{
	assert_int_equal(uds_gather_deadline(&g), at_us);
	uds_gather_expire(&g, at_us - 1);
	assert_true(uds_gather_running(&g));
	uds_gather_expire(&g, at_us);
	assert_false(uds_gather_running(&g));
	assert_int_equal(uds_gather_deadline(&g), UDS_NEVER);
}

static inline const struct uds_gather_ecu *found(uint32_t id, enum uds_event_kind kind)
{
	const struct uds_gather_ecu *ecu = uds_gather_find(&g, id);

	assert_non_null(ecu);
	assert_int_equal(ecu->kind, kind);
	return ecu;
}

#endif
