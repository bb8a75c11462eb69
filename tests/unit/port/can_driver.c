#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/simbus_server.h"
#include "uds/port/can_driver.h"

#define BLOCK 4095u

/* an ECU on a port of its own: answers 10, 36 and 22 at once, 3E never */
struct ecu {
	struct can_port *port;
	struct isotp link;
	uint8_t rx[BLOCK + 16];
	uint8_t answer[8];
	size_t n_requests;
	uint8_t block_size;
};

struct bench {
	uv_loop_t loop;
	uv_timer_t guard;
	bool timed_out;
	char dir[64];
	char path[96];
	char name[112];
	struct simbus *bus;
	struct ecu ecu;
	/* the tester */
	struct can_driver *driver;
	struct uds_channel channel;
	uint8_t tx[BLOCK + 16];
	uint8_t rx[64];
	size_t n_positive;
	size_t n_other;
	size_t n_blocks_to_send;
	uint8_t block[BLOCK];
	size_t n_steps;
	uint64_t wanted_us; /* what step() returns */
	uint64_t stepped_at_us;
	bool kick_in_step;
	size_t n_frames;
	bool watch_traffic;
	size_t n_traffic[2]; /* of others, own */
	uint32_t own_ids[8], other_ids[8];
	bool close_on_frame;
	bool close_on_bus;
	int bus_errors[8];
	size_t n_bus_errors;
};

/* the ECU */

static void ecu_pump(struct ecu *ecu, uint64_t now_us)
{
	struct isotp_event event;
	struct can_msg msg;

	while (isotp_pop_event(&ecu->link, &event)) {
		if (event.kind != ISOTP_EVENT_RECEIVED)
			continue;
		ecu->n_requests++;
		if (event.data[0] == 0x3e)
			continue;
		ecu->answer[0] = (uint8_t)(event.data[0] | 0x40);
		ecu->answer[1] = event.data[1];
		ecu->answer[2] = event.n > 2 ? event.data[2] : 0;
		assert_int_equal(isotp_send(&ecu->link, now_us, ecu->answer, event.data[0] == 0x22 ? 5 : 2), 0);
	}
	while (isotp_pop_frame(&ecu->link, now_us, &msg))
		assert_int_equal(can_port_send(ecu->port, &msg, 1), 1);
}

static void ecu_on_batch(void *owner, const struct can_port_batch *batch)
{
	struct ecu *ecu = owner;

	for (size_t i = 0; i < batch->n_confirmed; i++)
		isotp_confirm(&ecu->link, batch->now_us);
	for (size_t i = 0; i < batch->n_msgs; i++) {
		isotp_input(&ecu->link, batch->now_us, &batch->msgs[i]);
		ecu_pump(ecu, batch->now_us);
	}
	ecu_pump(ecu, batch->now_us);
}

static void ecu_on_lost(void *owner, int error)
{
	struct ecu *ecu = owner;

	(void)error;
	can_port_close(ecu->port);
	ecu->port = NULL;
}

static void start_ecu(struct bench *s)
{
	struct can_port_callbacks callbacks = {.owner = &s->ecu, .on_batch = ecu_on_batch, .on_lost = ecu_on_lost};
	struct isotp_config config = isotp_config_default();

	config.address.tx_id = 0x7e8;
	config.address.rx_id = 0x7e0;
	config.block_size = s->ecu.block_size;
	isotp_init(&s->ecu.link, &config, s->ecu.rx, sizeof(s->ecu.rx));
	assert_int_equal(can_port_open(&s->loop, s->name, false, &callbacks, &s->ecu.port), 0);
}

/* the tester */

static void send_block(struct bench *s, uint64_t now_us)
{
	uint8_t head[2] = {0x36, (uint8_t)(s->n_positive + 1)};

	assert_int_equal(uds_channel_request_with(&s->channel, now_us, head, 2, s->block, BLOCK - 2), 0);
}

static uint64_t on_step(void *owner, uint64_t now_us)
{
	struct bench *s = owner;
	struct uds_event event;

	s->n_steps++;
	if (now_us >= s->wanted_us) {
		s->stepped_at_us = now_us;
		s->wanted_us = UDS_NEVER;
	}
	while (uds_channel_pop_event(&s->channel, &event)) {
		if (event.kind != UDS_EVENT_POSITIVE) {
			s->n_other++;
			continue;
		}
		s->n_positive++;
		if (s->n_positive < s->n_blocks_to_send)
			send_block(s, now_us);
	}
	if (s->kick_in_step) {
		s->kick_in_step = false;
		can_driver_kick(s->driver);
	}
	return s->wanted_us;
}

static void on_frame(void *owner, uint64_t now_us, const struct can_msg *msg)
{
	struct bench *s = owner;

	(void)now_us;
	(void)msg;
	s->n_frames++;
	if (s->close_on_frame) {
		can_driver_close(s->driver);
		s->driver = NULL;
	}
}

static void on_traffic(void *owner, uint64_t now_us, const struct can_msg *msg, bool own)
{
	struct bench *s = owner;
	size_t i = s->n_traffic[own]++ % 8;

	(void)now_us;
	(own ? s->own_ids : s->other_ids)[i] = msg->id;
}

static void on_bus(void *owner, int error)
{
	struct bench *s = owner;

	s->bus_errors[s->n_bus_errors++ % 8] = error;
	if (s->close_on_bus) {
		can_driver_close(s->driver);
		s->driver = NULL;
	}
}

static void start_bus(struct bench *s)
{
	struct simbus_config config = {.path = s->path, .paced = true, .bus = {.nominal_bps = 500000, .seed = 1}};

	assert_int_equal(simbus_new(&s->loop, &config, &s->bus), 0);
}

static void start(struct bench *s)
{
	struct can_driver_callbacks callbacks = {.owner = s, .step = on_step, .on_frame = on_frame, .on_bus = on_bus};
	struct can_driver_config config = {.port = s->name};
	struct isotp_config link = isotp_config_default();
	struct uds_timing timing = uds_timing_default();

	if (s->watch_traffic)
		callbacks.on_traffic = on_traffic;
	start_bus(s);
	start_ecu(s);
	assert_int_equal(can_driver_open(&s->loop, &config, &callbacks, &s->driver), 0);
	link.address.tx_id = 0x7e0;
	link.address.rx_id = 0x7e8;
	uds_channel_init(&s->channel, &link, &timing, s->tx, sizeof(s->tx), s->rx, sizeof(s->rx));
	assert_int_equal(can_node_attach(can_driver_node(s->driver), &s->channel), 0);
	can_driver_refresh_filters(s->driver);
}

static void on_guard(uv_timer_t *timer)
{
	((struct bench *)timer->data)->timed_out = true;
}

static int setup(void **state)
{
	struct bench *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	uv_timer_init(&s->loop, &s->guard);
	s->guard.data = s;
	uv_timer_start(&s->guard, on_guard, 20000, 0);
	strcpy(s->dir, "/tmp/can-driver-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/bus", s->dir);
	snprintf(s->name, sizeof(s->name), "unix:%s", s->path);
	s->wanted_us = UDS_NEVER;
	srandom(1);
	for (size_t i = 0; i < BLOCK; i++)
		s->block[i] = (uint8_t)random();
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct bench *s = *state;

	can_driver_close(s->driver);
	can_port_close(s->ecu.port);
	simbus_close(s->bus);
	uv_close((uv_handle_t *)&s->guard, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	int r = uv_loop_close(&s->loop);
	rmdir(s->dir);
	free(s);
	return r;
}

#define RUN_UNTIL(s, condition)                          \
	do {                                             \
		while (!(condition) && !(s)->timed_out)  \
			uv_run(&(s)->loop, UV_RUN_ONCE); \
		assert_false((s)->timed_out);            \
	} while (0)

static void request(struct bench *s, const uint8_t *pdu, size_t n)
{
	assert_int_equal(uds_channel_request(&s->channel, can_driver_now_us(), pdu, n), 0);
	can_driver_kick(s->driver);
}

static void a_kick_sends_a_request_and_step_sees_its_answer(void **state)
{
	struct bench *s = *state;
	static const uint8_t read_version[] = {0x22, 0xf1, 0x95};

	start(s);
	request(s, read_version, 3);
	RUN_UNTIL(s, s->n_positive + s->n_other > 0);
	assert_int_equal(s->n_positive, 1);
	assert_int_equal(can_driver_node(s->driver)->n_outstanding, 0);
}

static void all_traffic_is_shown_own_frames_once_they_have_left(void **state)
{
	struct bench *s = *state;
	static const uint8_t read_version[] = {0x22, 0xf1, 0x95};
	const struct can_msg other = {.id = 0x123, .len = 1};

	s->watch_traffic = true;
	start(s);
	assert_int_equal(can_port_send(s->ecu.port, &other, 1), 1);
	request(s, read_version, 3);
	assert_int_equal(s->n_traffic[true], 0);
	RUN_UNTIL(s, s->n_positive + s->n_other > 0);
	assert_int_equal(s->n_traffic[true], 1);
	assert_int_equal(s->own_ids[0], 0x7e0);
	assert_int_equal(s->n_traffic[false], 2);
	assert_int_equal(s->other_ids[0] + s->other_ids[1], 0x123 + 0x7e8);
}

/* Return: share of the time from the first to the last block that the bus was busy, in 1/10000 */
static unsigned transfer(struct bench *s, size_t n_blocks)
{
	struct simbus_stats before;
	struct simbus_stats after;

	s->n_positive = 0;
	s->n_blocks_to_send = n_blocks;
	uint64_t begin_us = can_driver_now_us();
	before = simbus_stats(s->bus);
	send_block(s, begin_us);
	can_driver_kick(s->driver);
	RUN_UNTIL(s, s->n_positive + s->n_other >= n_blocks);
	after = simbus_stats(s->bus);
	assert_int_equal(s->n_other, 0);
	return (unsigned)((after.bus.busy_ns - before.bus.busy_ns) * 10000 / (after.bus.end_ns - before.now_ns));
}

/* the best of some: a loaded machine stalls both ends, and nothing makes a transfer faster than it can be */
static unsigned best_transfer(struct bench *s, size_t n_blocks, unsigned enough)
{
	unsigned share = 0;

	for (int i = 0; i < 8 && share < enough; i++)
		share = transfer(s, n_blocks);
	assert_in_range(share, enough, 10000);
	return share;
}

static void a_long_transfer_is_shown_frame_by_frame(void **state)
{
	struct bench *s = *state;
	struct can_port_stats stats;

	s->watch_traffic = true;
	start(s);
	transfer(s, 3);
	can_driver_stats(s->driver, &stats);
	assert_int_equal(s->n_traffic[true], stats.n_confirmed);
	assert_int_equal(s->n_traffic[false], stats.n_rx);
}

static void a_transfer_fills_a_paced_bus_with_few_wake_ups(void **state)
{
	struct bench *s = *state;
	struct can_port_stats stats;

	start(s);
	unsigned share = best_transfer(s, 12, 9000); /* 9990 on an idle machine */
	can_driver_stats(s->driver, &stats);
	print_message("# 12 blocks of 4095: 0.%04u of the limit in bus time, %llu frames in %llu batches\n", share,
		      (unsigned long long)stats.n_confirmed, (unsigned long long)stats.n_batches);
	assert_true(stats.n_batches * 8 < stats.n_confirmed);
}

static void blocks_of_eight_frames_are_never_kept_waiting(void **state)
{
	struct bench *s = *state;

	s->ecu.block_size = 8;
	start(s);
	best_transfer(s, 3, 8000);
}

static void a_functional_request_is_confirmed(void **state)
{
	struct bench *s = *state;
	struct can_node_functional to = {.id = 0x7df, .pad = true};
	static const uint8_t pdu[] = {0x3e, 0x80};

	start(s);
	assert_int_equal(can_node_send_functional(can_driver_node(s->driver), &to, pdu, 2), 0);
	can_driver_kick(s->driver);
	RUN_UNTIL(s, can_driver_node(s->driver)->n_functional_sent == 1);
}

static void step_is_called_at_the_owners_deadline_and_not_before(void **state)
{
	struct bench *s = *state;
	uint64_t at_us;

	start(s);
	at_us = can_driver_now_us() + 2500;
	s->wanted_us = at_us;
	can_driver_kick(s->driver);
	RUN_UNTIL(s, s->stepped_at_us != 0);
	assert_true(s->stepped_at_us >= at_us);
	assert_true(s->stepped_at_us < at_us + 200000); /* loaded machines stall */
	assert_int_equal(s->n_steps, 2);
}

static void a_kick_inside_step_makes_one_more_step(void **state)
{
	struct bench *s = *state;

	start(s);
	s->kick_in_step = true;
	can_driver_kick(s->driver);
	assert_int_equal(s->n_steps, 2);
}

static void only_watched_frames_reach_the_owner(void **state)
{
	struct bench *s = *state;
	struct can_port_filter watched = {.id = 0x123};
	struct can_msg foreign[] = {{.id = 0x124, .len = 1}, {.id = 0x123, .len = 1}};

	start(s);
	assert_int_equal(can_driver_watch(s->driver, &watched, 1), 0);
	for (int i = 0; i < 3; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	can_port_send(s->ecu.port, foreign, 2);
	RUN_UNTIL(s, s->n_frames == 1);
	RUN_UNTIL(s, simbus_stats(s->bus).bus.n_frames == 2);
	assert_int_equal(s->n_frames, 1);
}

static void a_lost_bus_is_reported_and_comes_back(void **state)
{
	struct bench *s = *state;
	static const uint8_t session[] = {0x10, 0x03};

	start(s);
	/* in the middle of a transfer, with frames outstanding */
	s->n_blocks_to_send = 100;
	send_block(s, can_driver_now_us());
	can_driver_kick(s->driver);
	RUN_UNTIL(s, simbus_stats(s->bus).bus.n_frames > 50);
	simbus_close(s->bus);
	s->bus = NULL;
	RUN_UNTIL(s, s->n_bus_errors == 1);
	assert_int_equal(s->bus_errors[0], -ECONNRESET);
	assert_int_equal(can_driver_node(s->driver)->n_outstanding, 0);
	uds_channel_abort(&s->channel);
	start_bus(s);
	start_ecu(s);
	RUN_UNTIL(s, s->n_bus_errors == 2);
	assert_int_equal(s->bus_errors[1], 0);
	s->n_blocks_to_send = 0;
	s->n_positive = 0;
	request(s, session, 2);
	RUN_UNTIL(s, s->n_positive == 1);
	struct can_port_stats stats;
	can_driver_stats(s->driver, &stats);
	assert_true(stats.n_tx > 50); /* what the lost port had counted is kept */
}

static void the_driver_may_be_closed_inside_on_frame(void **state)
{
	struct bench *s = *state;
	struct can_port_filter watched = {.id = 0x123};
	struct can_msg msgs[3] = {{.id = 0x123}, {.id = 0x123}, {.id = 0x123}};

	start(s);
	assert_int_equal(can_driver_watch(s->driver, &watched, 1), 0);
	for (int i = 0; i < 3; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	s->close_on_frame = true;
	can_port_send(s->ecu.port, msgs, 3);
	RUN_UNTIL(s, s->driver == NULL);
	assert_int_equal(s->n_frames, 1);
}

static void the_driver_may_be_closed_inside_on_bus(void **state)
{
	struct bench *s = *state;

	start(s);
	s->close_on_bus = true;
	simbus_close(s->bus);
	s->bus = NULL;
	RUN_UNTIL(s, s->driver == NULL);
	assert_int_equal(s->n_bus_errors, 1);
}

static void a_bus_that_is_not_there_fails_the_first_open(void **state)
{
	struct bench *s = *state;
	struct can_driver_callbacks callbacks = {.owner = s, .step = on_step};
	struct can_driver_config config = {.port = s->name};

	assert_int_equal(can_driver_open(&s->loop, &config, &callbacks, &s->driver), -ENOENT);
	assert_null(s->driver);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_kick_sends_a_request_and_step_sees_its_answer),
	    CASE(all_traffic_is_shown_own_frames_once_they_have_left),
	    CASE(a_long_transfer_is_shown_frame_by_frame),
	    CASE(a_transfer_fills_a_paced_bus_with_few_wake_ups),
	    CASE(blocks_of_eight_frames_are_never_kept_waiting),
	    CASE(a_functional_request_is_confirmed),
	    CASE(step_is_called_at_the_owners_deadline_and_not_before),
	    CASE(a_kick_inside_step_makes_one_more_step),
	    CASE(only_watched_frames_reach_the_owner),
	    CASE(a_lost_bus_is_reported_and_comes_back),
	    CASE(the_driver_may_be_closed_inside_on_frame),
	    CASE(the_driver_may_be_closed_inside_on_bus),
	    CASE(a_bus_that_is_not_there_fails_the_first_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
