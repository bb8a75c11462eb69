/* client - a uds_client alone, its requests sent at T0, and how they end. */
#ifndef TESTS_UNIT_UDS_CLIENT_H
#define TESTS_UNIT_UDS_CLIENT_H

#include "support.h"

#include "uds/uds_client.h"

#define T0 (7 * S)

static struct uds_client c;
static struct uds_event event;

static inline int setup(void **state)
{
	const struct uds_timing timing = uds_timing_default();

	(void)state;
	uds_client_init(&c, &timing);
	return 0;
}

/* a request whose last frame was confirmed at T0 */
static inline void request_of(const uint8_t *pdu, size_t n)
{
	assert_int_equal(uds_client_request(&c, T0 - 100, pdu, n), 0);
	uds_client_sent(&c, T0);
}
#define REQUEST(...)       request_of(BYTES(__VA_ARGS__))

#define INPUT(now_us, ...) uds_client_input(&c, now_us, BYTES(__VA_ARGS__))

static inline void assert_event(enum uds_event_kind kind, uint8_t sid)
{
	assert_true(uds_client_pop_event(&c, &event));
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.sid, sid);
	assert_false(uds_client_pop_event(&c, &event));
	if (kind == UDS_EVENT_PENDING)
		return;
	assert_false(uds_client_open(&c));
	assert_int_equal(uds_client_deadline(&c), UDS_NEVER);
}

static inline void assert_open(void)
{
	assert_false(uds_client_pop_event(&c, &event));
	assert_true(uds_client_open(&c));
}

static inline void ends_at(uint64_t at_us, enum uds_event_kind kind, uint8_t sid)
{
	assert_int_equal(uds_client_deadline(&c), at_us);
	uds_client_expire(&c, at_us - 1);
	assert_open();
	uds_client_expire(&c, at_us);
	assert_event(kind, sid);
}

#endif
