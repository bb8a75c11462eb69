#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/simbus_server.h"
#include "uds/can_bits.h"
#include "uds/port/can_port.h"

/* a bus and what one port of it saw, all on one loop */
struct seen {
	struct bench *bench;
	struct can_port *port;
	size_t n_confirmed;
	size_t n_msgs;
	size_t n_batches;
	struct can_msg msgs[4096];
	int lost;
	bool close_on_batch;
	bool refill; /* a window of frames is kept outstanding */
	size_t n_sent;
	size_t n_to_send;
	size_t max_outstanding;
};

struct bench {
	uv_loop_t loop;
	uv_timer_t guard;
	bool timed_out;
	char dir[64];
	char path[96];
	char name[112];
	struct simbus *bus;
	struct seen a;
	struct seen b;
};

static void on_guard(uv_timer_t *timer)
{
	((struct bench *)timer->data)->timed_out = true;
}

static void start_bus(struct bench *s, bool paced, uint32_t drop_ppm)
{
	struct simbus_config config = {
	    .path = s->path,
	    .paced = paced,
	    .bus = {.nominal_bps = 500000, .data_bps = 2000000, .seed = 1, .drop_ppm = drop_ppm},
	};

	assert_int_equal(simbus_new(&s->loop, &config, &s->bus), 0);
}

static int setup(void **state)
{
	struct bench *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	uv_timer_init(&s->loop, &s->guard);
	s->guard.data = s;
	uv_timer_start(&s->guard, on_guard, 20000, 0);
	strcpy(s->dir, "/tmp/can-port-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/bus", s->dir);
	snprintf(s->name, sizeof(s->name), "unix:%s", s->path);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct bench *s = *state;

	can_port_close(s->a.port);
	can_port_close(s->b.port);
	simbus_close(s->bus);
	uv_close((uv_handle_t *)&s->guard, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	int r = uv_loop_close(&s->loop);
	rmdir(s->dir);
	free(s);
	return r;
}

static struct can_msg numbered(uint32_t id, size_t i)
{
	struct can_msg msg = {.id = id, .len = 8};

	memcpy(msg.data, &i, sizeof(i));
	return msg;
}

static void keep_window(struct seen *seen)
{
	while (seen->n_sent < seen->n_to_send && seen->n_sent - seen->n_confirmed < 32) {
		struct can_msg msg = numbered(0x7e0, seen->n_sent);

		if (can_port_send(seen->port, &msg, 1) == 0)
			break;
		seen->n_sent++;
	}
	if (seen->n_sent - seen->n_confirmed > seen->max_outstanding)
		seen->max_outstanding = seen->n_sent - seen->n_confirmed;
}

static void on_batch(void *owner, const struct can_port_batch *batch)
{
	struct seen *seen = owner;

	assert_in_range(batch->n_confirmed + batch->n_msgs, 1, CAN_PORT_BATCH);
	seen->n_batches++;
	seen->n_confirmed += batch->n_confirmed;
	for (size_t i = 0; i < batch->n_msgs; i++, seen->n_msgs++)
		seen->msgs[seen->n_msgs % 4096] = batch->msgs[i];
	if (seen->refill)
		keep_window(seen);
	if (seen->close_on_batch) {
		can_port_close(seen->port);
		seen->port = NULL;
	}
}

static void on_lost(void *owner, int error)
{
	struct seen *seen = owner;

	seen->lost = error;
	can_port_close(seen->port);
	seen->port = NULL;
}

static void attach(struct bench *s, struct seen *seen)
{
	struct can_port_callbacks callbacks = {.owner = seen, .on_batch = on_batch, .on_lost = on_lost};

	seen->bench = s;
	assert_int_equal(can_port_open(&s->loop, s->name, true, &callbacks, &seen->port), 0);
	/* accepted by the broker before anybody sends */
	for (int i = 0; i < 3; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
}

#define RUN_UNTIL(s, condition)                          \
	do {                                             \
		while (!(condition) && !(s)->timed_out)  \
			uv_run(&(s)->loop, UV_RUN_ONCE); \
		assert_false((s)->timed_out);            \
	} while (0)

static void a_frame_reaches_the_others_and_is_confirmed_to_its_sender(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = {.id = 0x18da10f1, .flags = CAN_MSG_EXTENDED | CAN_MSG_FD | CAN_MSG_BRS, .len = 64};
	struct can_port_stats stats;

	memset(msg.data, 0xa5, 64);
	start_bus(s, true, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	assert_int_equal(can_port_send(s->a.port, &msg, 1), 1);
	RUN_UNTIL(s, s->a.n_confirmed == 1 && s->b.n_msgs == 1);
	assert_memory_equal(&s->b.msgs[0], &msg, sizeof(msg));
	assert_int_equal(s->a.n_msgs, 0);
	assert_int_equal(s->b.n_confirmed, 0);
	can_port_stats(s->a.port, &stats);
	assert_int_equal(stats.n_tx, 1);
	assert_int_equal(stats.n_confirmed, 1);
}

static void many_frames_arrive_complete_and_in_order(void **state)
{
	struct bench *s = *state;

	start_bus(s, false, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	s->a.refill = true;
	s->a.n_to_send = 4000;
	keep_window(&s->a);
	RUN_UNTIL(s, s->a.n_confirmed == 4000 && s->b.n_msgs == 4000);
	for (size_t i = 0; i < 4000; i++) {
		struct can_msg want = numbered(0x7e0, i);

		assert_memory_equal(&s->b.msgs[i], &want, sizeof(want));
	}
}

static void a_lost_frame_is_confirmed_all_the_same(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = numbered(1, 1);

	start_bus(s, true, 1000000);
	attach(s, &s->a);
	attach(s, &s->b);
	can_port_send(s->a.port, &msg, 1);
	RUN_UNTIL(s, s->a.n_confirmed == 1);
	assert_int_equal(s->b.n_msgs, 0);
	assert_int_equal(simbus_stats(s->bus).bus.n_dropped, 1);
}

static void a_flood_without_regard_for_confirmations_is_held_back_and_loses_nothing(void **state)
{
	struct bench *s = *state;
	size_t n_sent = 0;
	bool was_full = false;

	start_bus(s, true, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	while (n_sent < 1000) {
		struct can_msg msg = numbered(0x7e0, n_sent);
		size_t taken = can_port_send(s->a.port, &msg, 1);

		n_sent += taken;
		if (taken == 0) {
			was_full = true;
			uv_run(&s->loop, UV_RUN_ONCE);
		}
		/* queue of the port, its socket, the broker's queue: nowhere hundreds of frames */
		assert_true(n_sent - s->a.n_confirmed <= 64 + 22 + 64 + 32);
		assert_false(s->timed_out);
	}
	assert_true(was_full);
	RUN_UNTIL(s, s->b.n_msgs == 1000);
	for (size_t i = 0; i < 1000; i++) {
		struct can_msg want = numbered(0x7e0, i);

		assert_memory_equal(&s->b.msgs[i], &want, sizeof(want));
	}
}

static void filters_keep_foreign_traffic_away(void **state)
{
	struct bench *s = *state;
	struct can_port_filter want[] = {{.id = 0x7e8}, {.id = 0x123, .extended_id = true}};
	struct can_msg msgs[] = {
	    numbered(0x123, 1),
	    {.id = 0x123, .flags = CAN_MSG_EXTENDED, .len = 1},
	    numbered(0x7e8, 2),
	    numbered(0x7e9, 3),
	};

	start_bus(s, true, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	assert_int_equal(can_port_set_filters(s->b.port, want, 2), 0);
	can_port_send(s->a.port, msgs, 4);
	RUN_UNTIL(s, s->a.n_confirmed == 4);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_int_equal(s->b.n_msgs, 2);
	assert_int_equal(s->b.msgs[0].flags, CAN_MSG_EXTENDED);
	assert_int_equal(s->b.msgs[1].id, 0x7e8);
	assert_int_equal(can_port_set_filters(s->b.port, NULL, 0), 0);
	can_port_send(s->a.port, msgs, 4);
	RUN_UNTIL(s, s->b.n_msgs == 6);
}

static void a_paused_port_gathers_and_delivers_later(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = numbered(0x7e0, 1);

	start_bus(s, true, 0);
	attach(s, &s->a);
	can_port_pause(s->a.port);
	for (int i = 0; i < 8; i++)
		can_port_send(s->a.port, &msg, 1);
	RUN_UNTIL(s, simbus_stats(s->bus).bus.n_frames == 8);
	assert_int_equal(s->a.n_confirmed, 0);
	can_port_resume(s->a.port);
	RUN_UNTIL(s, s->a.n_confirmed == 8);
	struct can_port_stats stats;
	can_port_stats(s->a.port, &stats);
	assert_int_equal(stats.n_batches, 1);
}

static void the_end_of_the_broker_is_reported_once(void **state)
{
	struct bench *s = *state;

	start_bus(s, true, 0);
	attach(s, &s->a);
	simbus_close(s->bus);
	s->bus = NULL;
	RUN_UNTIL(s, s->a.lost != 0);
	assert_int_equal(s->a.lost, -ECONNRESET);
	assert_int_equal(access(s->path, F_OK), -1);
	struct can_port_callbacks callbacks = {.owner = &s->a, .on_batch = on_batch, .on_lost = on_lost};
	assert_int_equal(can_port_open(&s->loop, s->name, false, &callbacks, &s->a.port), -ENOENT);
}

static void a_port_may_be_closed_inside_its_own_batch(void **state)
{
	struct bench *s = *state;
	struct can_msg msgs[3] = {numbered(1, 1), numbered(2, 2), numbered(3, 3)};

	start_bus(s, true, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	s->b.close_on_batch = true;
	can_port_send(s->a.port, msgs, 3);
	RUN_UNTIL(s, s->a.n_confirmed == 3);
	assert_null(s->b.port);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_int_equal(s->b.n_batches, 1); /* how many frames it had is the machine's affair */
}

static void bus_time_of_a_paced_run_is_the_sum_of_its_frames(void **state)
{
	struct bench *s = *state;
	uint64_t sum_ns, span_ns, n = 0;

	start_bus(s, true, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	s->a.refill = true;
	/* again where a loaded machine left the bus without frames */
	do {
		sum_ns = 0;
		for (const uint64_t end = n + 2000; n < end; n++) {
			struct can_msg msg = numbered(0x7e0, n);
			sum_ns += can_bits_time_ns(&msg, 500000, 2000000);
		}
		uint64_t begin_ns = uv_hrtime();
		struct simbus_stats before = simbus_stats(s->bus);
		s->a.n_to_send = n;
		keep_window(&s->a);
		RUN_UNTIL(s, s->a.n_confirmed == n);
		struct simbus_stats after = simbus_stats(s->bus);
		span_ns = after.bus.end_ns - before.now_ns;
		assert_true(after.bus.busy_ns - before.bus.busy_ns == sum_ns);
		print_message("# paced, window 32: %.4f of the limit in bus time\n", (double)sum_ns / (double)span_ns);
		/* bus time is real: it does not run ahead of the clock */
		assert_true(uv_hrtime() - begin_ns + 1000000 >= sum_ns);
	} while (sum_ns * 100 < span_ns * 99 && n < 20000);
	assert_in_range(n, 2000, 18000);
	assert_int_equal(s->a.max_outstanding, 32);
}

/* a raw client, to misbehave with */
static int raw_client(const struct bench *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void odd_packets_end_the_connection_of_their_sender_alone(void **state)
{
	struct bench *s = *state;
	static const struct {
		uint8_t bytes[80];
		size_t n;
	} odd[] = {
	    {{4}, 1},                 /* no wish: neither echoes nor error frames */
	    {{1, 2, 3}, 3},           /* no frame */
	    {{0}, 80},                /* larger than any frame */
	    {{0, 0, 0, 0, 9}, 16},    /* a classic length above 8 */
	    {{0, 0, 0, 0, 13}, 72},   /* no length of CAN FD */
	    {{0, 0, 0, 0x20, 8}, 16}, /* an error frame */
	};

	start_bus(s, true, 0);
	attach(s, &s->a);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		int fd = raw_client(s);
		char c;

		for (int k = 0; k < 3; k++)
			uv_run(&s->loop, UV_RUN_NOWAIT);
		assert_int_equal(simbus_stats(s->bus).n_clients, 2);
		assert_int_equal(send(fd, odd[i].bytes, odd[i].n, MSG_NOSIGNAL), odd[i].n);
		RUN_UNTIL(s, simbus_stats(s->bus).n_clients == 1);
		uv_run(&s->loop, UV_RUN_NOWAIT);
		assert_true(recv(fd, &c, 1, 0) <= 0);
		close(fd);
	}
	assert_int_equal(s->a.n_msgs, 0);
	assert_int_equal(s->a.lost, 0);
}

static void frames_of_a_client_that_hangs_up_still_go_out(void **state)
{
	struct bench *s = *state;
	static const uint8_t wire[16] = {0x23, 0x01, 0, 0, 2, 0, 0, 0, 7, 7};

	start_bus(s, true, 0);
	attach(s, &s->a);
	int fd = raw_client(s);
	for (int i = 0; i < 100; i++)
		assert_int_equal(send(fd, wire, 16, MSG_NOSIGNAL), 16);
	close(fd);
	RUN_UNTIL(s, s->a.n_msgs == 100);
	assert_int_equal(simbus_stats(s->bus).n_clients, 1);
}

static void a_client_that_never_reads_does_not_hold_a_paced_bus(void **state)
{
	struct bench *s = *state;

	start_bus(s, true, 0);
	attach(s, &s->a);
	int fd = raw_client(s);
	s->a.refill = true;
	s->a.n_to_send = 3000; /* more than its socket and its queue hold */
	keep_window(&s->a);
	RUN_UNTIL(s, s->a.n_confirmed == 3000);
	assert_true(simbus_stats(s->bus).n_overruns > 0);
	close(fd);
}

static void a_second_broker_is_refused_and_a_stale_socket_replaced(void **state)
{
	struct bench *s = *state;
	struct simbus_config config = {.path = s->path, .paced = true, .bus = {.nominal_bps = 500000}};
	struct simbus *second = NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	/* a socket file whose owner died */
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	start_bus(s, true, 0);
	assert_int_equal(simbus_new(&s->loop, &config, &second), -EADDRINUSE);
}

static void names_that_lead_nowhere_give_errors(void **state)
{
	struct bench *s = *state;
	struct can_port_callbacks callbacks = {.owner = &s->a, .on_batch = on_batch, .on_lost = on_lost};
	char longest[256];

	memset(longest, 'x', 255);
	longest[255] = '\0';
	memcpy(longest, "unix:", 5);
	assert_int_equal(can_port_open(&s->loop, longest, false, &callbacks, &s->a.port), -ENAMETOOLONG);
	int r = can_port_open(&s->loop, "nosuchcan9", false, &callbacks, &s->a.port);
	assert_true(r == -ENODEV || r == -EAFNOSUPPORT);
	assert_null(s->a.port);
}

static void a_bus_off_of_ours_is_the_loss_of_the_bus(void **state)
{
	struct bench *s = *state;
	struct bus_fault_rule rule;
	struct can_msg msg = {.id = 0x123, .len = 1};

	start_bus(s, true, 0);
	attach(s, &s->a);
	attach(s, &s->b);
	assert_null(bus_fault_parse("corrupt nth=1", &rule));
	assert_int_equal(simbus_add_fault(s->bus, &rule), 0);
	assert_null(bus_fault_parse("bus-off nth=2", &rule)); /* counted from the first that is not destroyed */
	assert_int_equal(simbus_add_fault(s->bus, &rule), 0);
	assert_int_equal(can_port_send(s->a.port, &msg, 1), 1);
	RUN_UNTIL(s, s->b.n_msgs == 2); /* the error frame, and the frame that was sent again */
	assert_int_equal(can_port_send(s->a.port, &msg, 1), 1);
	RUN_UNTIL(s, s->a.lost != 0);
	assert_int_equal(s->a.lost, -ENETDOWN);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_frame_reaches_the_others_and_is_confirmed_to_its_sender),
	    CASE(many_frames_arrive_complete_and_in_order),
	    CASE(a_lost_frame_is_confirmed_all_the_same),
	    CASE(a_flood_without_regard_for_confirmations_is_held_back_and_loses_nothing),
	    CASE(filters_keep_foreign_traffic_away),
	    CASE(a_paused_port_gathers_and_delivers_later),
	    CASE(the_end_of_the_broker_is_reported_once),
	    CASE(a_port_may_be_closed_inside_its_own_batch),
	    CASE(bus_time_of_a_paced_run_is_the_sum_of_its_frames),
	    CASE(odd_packets_end_the_connection_of_their_sender_alone),
	    CASE(frames_of_a_client_that_hangs_up_still_go_out),
	    CASE(a_client_that_never_reads_does_not_hold_a_paced_bus),
	    CASE(a_second_broker_is_refused_and_a_stale_socket_replaced),
	    CASE(names_that_lead_nowhere_give_errors),
	    CASE(a_bus_off_of_ours_is_the_loss_of_the_bus),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
