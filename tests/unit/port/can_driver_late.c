/*
 * A loop that was late: what came in time counts as such. The test is bus and ECUs by itself, so that what waits in
 * the driver's socket, and since when, does not hang on the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "uds/port/can_driver.h"

#define N         2u
#define P2_US     20000u
#define N_FOREIGN 130u /* more than two batches */
#define ECHO_BYTE 6

struct bench {
	uv_loop_t loop;
	uv_timer_t guard;
	bool timed_out;
	char dir[64];
	char path[96];
	int listener;
	int bus; /* the driver's connection, the other end */
	struct can_driver *driver;
	struct uds_channel channels[N]; /* to 7E0 and 7E1 */
	uint8_t tx[N][64], rx[N][64];
	/* what step() saw */
	enum uds_event_kind kinds[8];
	uint8_t last_bytes[8]; /* of the answers */
	size_t n_events;
	uint64_t wanted_us;      /* the owner's deadline */
	size_t n_events_by_then; /* when it was reached */
	bool reached;
	bool at_once; /* the next step wants another one */
	/* the step in which nothing is outstanding any more: this comes, and lasts until a deadline has passed */
	bool stalls;
	bool echoed;
	bool stalls_by_owner; /* the owner's deadline, not the node's */
	struct can_msg waiting[4];
	size_t n_waiting;
	size_t n_foreign;
	/* watched frames */
	size_t n_frames;
	bool close_on_frame;
	bool refill;
};

static void put_wire(const struct bench *s, const uint8_t *wire, size_t n)
{
	assert_int_equal(send(s->bus, wire, n, MSG_NOSIGNAL | MSG_DONTWAIT), n);
}

static void put(const struct bench *s, const struct can_msg *msg)
{
	uint8_t wire[CAN_WIRE_FD_BYTES] = {0};

	put_wire(s, wire, can_msg_to_wire(msg, wire));
}

static struct can_msg single(uint32_t id, uint8_t a, uint8_t b, uint8_t c, uint8_t last)
{
	return (struct can_msg){.id = id, .len = 8, .data = {4, a, b, c, last}};
}

/* Return: the frame that the driver sent next; its echo goes back */
static struct can_msg take(struct bench *s)
{
	uint8_t wire[CAN_WIRE_FD_BYTES];
	struct can_msg msg;

	ssize_t n = recv(s->bus, wire, sizeof(wire), MSG_DONTWAIT);
	assert_true(n > 0);
	assert_true(can_msg_from_wire(wire, (size_t)n, &msg));
	wire[ECHO_BYTE] = 1;
	put_wire(s, wire, (size_t)n);
	s->echoed = true;
	return msg;
}

static void sleep_until(uint64_t us)
{
	while (can_driver_now_us() <= us)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* the tester */

static void take_events(struct bench *s)
{
	struct uds_event event;

	for (size_t i = 0; i < N; i++)
		while (uds_channel_pop_event(&s->channels[i], &event)) {
			assert_true(s->n_events < 8);
			s->kinds[s->n_events] = event.kind;
			s->last_bytes[s->n_events++] = event.n_pdu ? event.pdu[event.n_pdu - 1] : 0;
		}
}

static void stall(struct bench *s)
{
	const struct can_msg foreign = {.id = 0x123, .len = 8};

	s->stalls = false;
	for (size_t i = 0; i < s->n_foreign; i++)
		put(s, &foreign);
	for (size_t i = 0; i < s->n_waiting; i++)
		put(s, &s->waiting[i]);
	sleep_until(s->stalls_by_owner ? s->wanted_us : can_node_deadline(can_driver_node(s->driver)));
}

static uint64_t on_step(void *owner, uint64_t now_us)
{
	struct bench *s = owner;

	if (s->at_once) {
		s->at_once = false;
		return 1;
	}
	take_events(s);
	if (!s->reached && now_us >= s->wanted_us) {
		s->reached = true;
		s->n_events_by_then = s->n_events;
		s->wanted_us = UDS_NEVER;
	}
	if (s->stalls && s->echoed && can_driver_node(s->driver)->n_outstanding == 0)
		stall(s);
	return s->wanted_us;
}

static void on_frame(void *owner, uint64_t now_us, const struct can_msg *msg)
{
	struct bench *s = owner;

	(void)now_us;
	s->n_frames++;
	if (s->refill)
		put(s, msg);
	if (s->close_on_frame) {
		can_driver_close(s->driver);
		s->driver = NULL;
	}
}

static void on_guard(uv_timer_t *timer)
{
	((struct bench *)timer->data)->timed_out = true;
}

static void listen_at(struct bench *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(s->dir, "/tmp/can-driver-late-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/bus", s->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(s->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
}

static void open_driver(struct bench *s)
{
	struct can_driver_callbacks callbacks = {.owner = s, .step = on_step, .on_frame = on_frame};
	char name[112];
	struct can_driver_config config = {.port = name};
	uint8_t wish;

	snprintf(name, sizeof(name), "unix:%s", s->path);
	assert_int_equal(can_driver_open(&s->loop, &config, &callbacks, &s->driver), 0);
	s->bus = accept(s->listener, NULL, NULL);
	assert_true(s->bus >= 0);
	assert_int_equal(recv(s->bus, &wish, 1, 0), 1);
}

static int setup(void **state)
{
	struct isotp_config link = isotp_config_default();
	struct uds_timing timing = uds_timing_default();
	struct bench *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	uv_timer_init(&s->loop, &s->guard);
	s->guard.data = s;
	uv_timer_start(&s->guard, on_guard, 20000, 0);
	s->wanted_us = UDS_NEVER;
	listen_at(s);
	open_driver(s);
	timing.p2_us = P2_US;
	link.n_bs_us = P2_US;
	for (uint32_t i = 0; i < N; i++) {
		link.address.tx_id = 0x7e0 + i;
		link.address.rx_id = 0x7e8 + i;
		uds_channel_init(&s->channels[i], &link, &timing, s->tx[i], sizeof(s->tx[i]), s->rx[i],
				 sizeof(s->rx[i]));
		assert_int_equal(can_node_attach(can_driver_node(s->driver), &s->channels[i]), 0);
	}
	can_driver_refresh_filters(s->driver);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct bench *s = *state;

	can_driver_close(s->driver);
	uv_close((uv_handle_t *)&s->guard, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	int r = uv_loop_close(&s->loop);
	close(s->bus);
	close(s->listener);
	unlink(s->path);
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

static void request(struct bench *s, size_t i, size_t n)
{
	static const uint8_t pdu[20] = {0x22, 0xf1, 0x95, 0xf1, 0x96};

	assert_int_equal(uds_channel_request(&s->channels[i], can_driver_now_us(), pdu, n), 0);
}

/*
 * The request goes out and its echo comes, in a turn in which the timer is ready too, and before the socket: so it is
 * also in the next turn, whatever comes in between.
 */
static void send_in_a_turn_of_the_timer(struct bench *s)
{
	s->at_once = true;
	can_driver_kick(s->driver);
}

static void an_answer_that_came_in_time_is_no_time_out(void **state)
{
	struct bench *s = *state;

	s->waiting[s->n_waiting++] = single(0x7e8, 0x62, 0xf1, 0x95, 7);
	s->stalls = true;
	request(s, 0, 3);
	send_in_a_turn_of_the_timer(s);
	assert_int_equal(take(s).id, 0x7e0);
	RUN_UNTIL(s, s->n_events > 0);
	assert_int_equal(s->kinds[0], UDS_EVENT_POSITIVE);
	assert_int_equal(s->last_bytes[0], 7);
}

static void nor_is_one_behind_many_frames_of_others(void **state)
{
	struct bench *s = *state;

	s->n_foreign = N_FOREIGN;
	an_answer_that_came_in_time_is_no_time_out(state);
}

static void nor_is_one_behind_many_frames_that_the_owner_watches(void **state)
{
	struct bench *s = *state;
	const struct can_port_filter watched = {.id = 0x123};

	assert_int_equal(can_driver_watch(s->driver, &watched, 1), 0);
	s->n_foreign = N_FOREIGN;
	an_answer_that_came_in_time_is_no_time_out(state);
	assert_int_equal(s->n_frames, N_FOREIGN);
}

static void silence_is_one_after_a_stall_too(void **state)
{
	struct bench *s = *state;

	s->n_foreign = N_FOREIGN;
	s->stalls = true;
	request(s, 0, 3);
	send_in_a_turn_of_the_timer(s);
	take(s);
	RUN_UNTIL(s, s->n_events > 0);
	assert_int_equal(s->kinds[0], UDS_EVENT_TIMEOUT);
	assert_int_equal(s->n_events, 1);
}

static void a_flow_control_that_came_in_time_is_taken(void **state)
{
	struct bench *s = *state;
	const struct can_msg clear_to_send = {.id = 0x7e8, .len = 8, .data = {0x30}};
	struct can_msg msg;

	s->waiting[s->n_waiting++] = clear_to_send;
	s->stalls = true;
	request(s, 0, 20);
	send_in_a_turn_of_the_timer(s);
	msg = take(s);
	assert_int_equal(msg.data[0], 0x10);
	RUN_UNTIL(s, can_driver_node(s->driver)->n_outstanding == 2 || s->n_events > 0);
	assert_int_equal(s->n_events, 0);
	assert_int_equal(take(s).data[0], 0x21);
	assert_int_equal(take(s).data[0], 0x22);
}

static void an_owner_sees_the_answers_of_all_before_its_deadline(void **state)
{
	struct bench *s = *state;

	s->waiting[s->n_waiting++] = single(0x7e9, 0x62, 0xf1, 0x95, 1);
	s->waiting[s->n_waiting++] = single(0x7e8, 0x62, 0xf1, 0x95, 2);
	s->stalls = true;
	s->stalls_by_owner = true;
	uds_channel_set_p2(&s->channels[0], 60000000, 60000000);
	uds_channel_set_p2(&s->channels[1], 60000000, 60000000);
	request(s, 0, 3);
	request(s, 1, 3);
	s->wanted_us = can_driver_now_us() + P2_US;
	send_in_a_turn_of_the_timer(s);
	take(s);
	take(s);
	RUN_UNTIL(s, s->reached);
	assert_int_equal(s->n_events_by_then, 2);
}

static void a_kick_of_an_owner_that_is_late_itself_waits_for_what_is_to_be_read(void **state)
{
	struct bench *s = *state;
	const struct can_msg answer = single(0x7e8, 0x62, 0xf1, 0x95, 7);

	uds_channel_set_p2(&s->channels[0], 60000000, 60000000);
	request(s, 0, 3);
	s->wanted_us = can_driver_now_us() + P2_US;
	can_driver_kick(s->driver);
	take(s);
	put(s, &answer);
	sleep_until(s->wanted_us);
	can_driver_kick(s->driver);
	assert_false(s->reached);
	RUN_UNTIL(s, s->reached);
	assert_int_equal(s->n_events_by_then, 1);
}

static void each_message_of_an_ecu_is_seen_before_the_next(void **state)
{
	struct bench *s = *state;

	for (uint8_t i = 1; i <= 3; i++) {
		struct can_msg msg = single(i == 2 ? 0x7e9 : 0x7e8, 0x62, 0xf1, 0x95, i);

		put(s, &msg);
	}
	RUN_UNTIL(s, s->n_events == 3);
	/* the second of 7E8 is the last: it came into the buffer of the first */
	assert_int_equal(s->last_bytes[0], 1);
	assert_int_equal(s->last_bytes[1], 2);
	assert_int_equal(s->last_bytes[2], 3);
}

static void the_driver_may_be_closed_with_more_to_read(void **state)
{
	struct bench *s = *state;
	const struct can_port_filter watched = {.id = 0x123};

	assert_int_equal(can_driver_watch(s->driver, &watched, 1), 0);
	s->close_on_frame = true;
	s->n_foreign = N_FOREIGN;
	s->wanted_us = 0;
	s->stalls_by_owner = true;
	stall(s);
	RUN_UNTIL(s, s->driver == NULL);
	for (int i = 0; i < 3; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_int_equal(s->n_frames, 1);
}

static void a_socket_that_is_never_read_empty_keeps_nobody_waiting(void **state)
{
	struct bench *s = *state;
	const struct can_port_filter watched = {.id = 0x123};

	assert_int_equal(can_driver_watch(s->driver, &watched, 1), 0);
	s->refill = true;
	s->n_foreign = N_FOREIGN;
	s->stalls = true;
	request(s, 0, 3);
	send_in_a_turn_of_the_timer(s);
	take(s);
	RUN_UNTIL(s, s->n_events > 0);
	assert_int_equal(s->kinds[0], UDS_EVENT_TIMEOUT);
	assert_true(s->n_frames > N_FOREIGN);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(an_answer_that_came_in_time_is_no_time_out),
	    CASE(nor_is_one_behind_many_frames_of_others),
	    CASE(nor_is_one_behind_many_frames_that_the_owner_watches),
	    CASE(silence_is_one_after_a_stall_too),
	    CASE(a_flow_control_that_came_in_time_is_taken),
	    CASE(an_owner_sees_the_answers_of_all_before_its_deadline),
	    CASE(a_kick_of_an_owner_that_is_late_itself_waits_for_what_is_to_be_read),
	    CASE(each_message_of_an_ecu_is_seen_before_the_next),
	    CASE(the_driver_may_be_closed_with_more_to_read),
	    CASE(a_socket_that_is_never_read_empty_keeps_nobody_waiting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
