/*
 * support - helpers of the CAN and UDS unit tests: frames from bytes, and two isotp links on one simulated wire.
 */
#ifndef TESTS_UNIT_UDS_SUPPORT_H
#define TESTS_UNIT_UDS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "uds/isotp.h"

#define MS         UINT64_C(1000)
#define S          UINT64_C(1000000)

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

/* a classic frame, as it is: CAN(0x7e8, BYTES(0x30, 0, 0)) */
static inline struct can_msg can_frame_of(uint32_t id, const uint8_t *data, size_t n)
{
	struct can_msg msg = {.id = id, .len = (uint8_t)n};

	assert_true(n <= sizeof(msg.data));
	memcpy(msg.data, data, n);
	if (id > 0x7ff)
		msg.flags |= CAN_MSG_EXTENDED;
	if (n > 8)
		msg.flags |= CAN_MSG_FD;
	return msg;
}
#define CAN(id, ...) can_frame_of(id, BYTES(__VA_ARGS__))

static inline void assert_frame_of(const struct can_msg *msg, uint32_t id, const uint8_t *data, size_t n)
{
	assert_int_equal(msg->id, id);
	assert_int_equal(msg->len, n);
	assert_memory_equal(msg->data, data, n);
}
#define assert_frame(msg, id, ...) assert_frame_of(msg, id, BYTES(__VA_ARGS__))

/* bytes that show a slip or a repetition: no period below 65536 */
static inline void fill_pattern(uint8_t *data, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 13 ^ i);
}

static inline struct isotp_config tester_config(void)
{
	struct isotp_config config = isotp_config_default();

	config.address.tx_id = 0x7e0;
	config.address.rx_id = 0x7e8;
	return config;
}

/* the same link as its peer sees it */
static inline struct isotp_config mirrored(struct isotp_config config)
{
	const struct isotp_address a = config.address;

	config.address.tx_id = a.rx_id;
	config.address.rx_id = a.tx_id;
	config.address.tx_ae = a.rx_ae;
	config.address.rx_ae = a.tx_ae;
	return config;
}

#define WIRE_WINDOW 16u

/* one end of the wire: a link, the frames that its port holds, and what happened to it */
struct wire_end {
	struct isotp link;
	struct can_msg queue[WIRE_WINDOW];
	size_t n_queue;
	uint64_t confirm_due_us[2 * WIRE_WINDOW]; /* of frames that have left */
	size_t n_confirm;
	size_t n_frames, n_flow_controls; /* that have left */
	uint64_t last_cf_left_us;         /* 0 = none since the last flow control */
	uint64_t min_gap_us;              /* smallest time from a consecutive frame's end to the next one's pop */
	size_t n_sent, n_send_failed, n_received, n_rx_failed, n_rx_started;
	enum isotp_reason reason;
	size_t last_n;
	const uint8_t *last_data;
};

struct wire {
	struct wire_end ends[2];
	uint64_t now_us;
	uint64_t frame_us;         /* time of each frame on the wire */
	uint64_t confirm_delay_us; /* from a frame's end to its confirmation */
	uint64_t drop_at;          /* the frame with this number, from 1, is lost after it left; 0 = none */
	uint64_t n_frames;
	int sending; /* which end's first queued frame is on the wire; -1 = none */
	uint64_t done_us;
	uint64_t idle_us; /* time in which the wire was silent */
};

static inline void wire_init(struct wire *w, const struct isotp_config *a, const struct isotp_config *b,
			     uint8_t *rx_buf_a, uint8_t *rx_buf_b, size_t rx_cap)
{
	memset(w, 0, sizeof(*w));
	isotp_init(&w->ends[0].link, a, rx_buf_a, rx_cap);
	isotp_init(&w->ends[1].link, b, rx_buf_b, rx_cap);
	w->ends[0].min_gap_us = w->ends[1].min_gap_us = UDS_NEVER;
	w->now_us = 5 * S;
	w->frame_us = 230;
	w->sending = -1;
}

static inline bool is_pci(const struct wire_end *end, const struct can_msg *msg, unsigned type)
{
	const enum isotp_addressing form = end->link.config.address.form;

	return msg->data[form == ISOTP_EXTENDED || form == ISOTP_MIXED ? 1 : 0] >> 4 == type;
}

static inline void wire_drain(struct wire *w, struct wire_end *end)
{
	struct isotp_event event;

	while (isotp_pop_event(&end->link, &event)) {
		switch (event.kind) {
		case ISOTP_EVENT_NONE:
			fail();
			break;
		case ISOTP_EVENT_SENT:
			end->n_sent++;
			break;
		case ISOTP_EVENT_SEND_FAILED:
			end->n_send_failed++;
			end->reason = event.reason;
			break;
		case ISOTP_EVENT_RX_STARTED:
			end->n_rx_started++;
			break;
		case ISOTP_EVENT_RECEIVED:
			end->n_received++;
			end->last_data = event.data;
			end->last_n = event.n;
			break;
		case ISOTP_EVENT_RX_FAILED:
			end->n_rx_failed++;
			end->reason = event.reason;
			break;
		}
	}
	while (end->n_queue < WIRE_WINDOW && end->n_queue + end->n_confirm < 2 * WIRE_WINDOW) {
		struct can_msg *msg = &end->queue[end->n_queue];

		if (!isotp_pop_frame(&end->link, w->now_us, msg))
			break;
		end->n_queue++;
		if (is_pci(end, msg, 2) && end->last_cf_left_us != 0 &&
		    w->now_us - end->last_cf_left_us < end->min_gap_us)
			end->min_gap_us = w->now_us - end->last_cf_left_us;
	}
}

static inline void wire_begin_frame(struct wire *w)
{
	const bool a = w->ends[0].n_queue > 0;
	const bool b = w->ends[1].n_queue > 0;

	if (w->sending >= 0 || (!a && !b))
		return;
	w->sending = a && (!b || w->ends[0].queue[0].id < w->ends[1].queue[0].id) ? 0 : 1;
	w->idle_us += w->now_us - w->done_us;
	w->done_us = w->now_us + w->frame_us;
}

static inline void wire_end_frame(struct wire *w)
{
	struct wire_end *from = &w->ends[w->sending];
	struct wire_end *to = &w->ends[1 - w->sending];
	const struct can_msg msg = from->queue[0];

	memmove(&from->queue[0], &from->queue[1], --from->n_queue * sizeof(msg));
	from->confirm_due_us[from->n_confirm++] = w->now_us + w->confirm_delay_us;
	from->n_frames++;
	if (is_pci(from, &msg, 2)) {
		from->last_cf_left_us = w->now_us;
	} else if (is_pci(from, &msg, 3)) {
		from->n_flow_controls++;
		to->last_cf_left_us = 0;
	}
	w->sending = -1;
	if (++w->n_frames != w->drop_at)
		assert_true(isotp_input(&to->link, w->now_us, &msg));
	wire_drain(w, to);
}

static inline void wire_confirm(struct wire *w, struct wire_end *end)
{
	while (end->n_confirm > 0 && end->confirm_due_us[0] <= w->now_us) {
		memmove(&end->confirm_due_us[0], &end->confirm_due_us[1],
			--end->n_confirm * sizeof(end->confirm_due_us[0]));
		isotp_confirm(&end->link, w->now_us);
	}
	wire_drain(w, end);
}

/* goes on to the next thing that happens; Return: false if nothing ever will, or not before @until_us */
static inline bool wire_step(struct wire *w, uint64_t until_us)
{
	uint64_t next_us = UDS_NEVER;

	for (int i = 0; i < 2; i++)
		wire_drain(w, &w->ends[i]);
	wire_begin_frame(w);
	if (w->sending >= 0)
		next_us = w->done_us;
	for (int i = 0; i < 2; i++) {
		const struct wire_end *end = &w->ends[i];

		if (end->n_confirm > 0 && end->confirm_due_us[0] < next_us)
			next_us = end->confirm_due_us[0];
		if (isotp_deadline(&end->link) < next_us)
			next_us = isotp_deadline(&end->link);
	}
	if (next_us > until_us || next_us == UDS_NEVER)
		return false;
	assert_true(next_us >= w->now_us);
	w->now_us = next_us;
	if (w->sending >= 0 && w->done_us <= w->now_us)
		wire_end_frame(w);
	for (int i = 0; i < 2; i++)
		wire_confirm(w, &w->ends[i]);
	for (int i = 0; i < 2; i++) {
		isotp_expire(&w->ends[i].link, w->now_us);
		wire_drain(w, &w->ends[i]);
	}
	return true;
}

/* until nothing happens any more; a link that wants to be woken without end fails the test */
static inline void wire_run(struct wire *w)
{
	for (size_t n = 0; wire_step(w, UDS_NEVER - 1); n++)
		assert_true(n < 10u * 1000u * 1000u);
}

static inline int run_tests_as_tap(const char *name, const struct CMUnitTest *tests, size_t n)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
#define RUN_TESTS(tests) run_tests_as_tap(#tests, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
