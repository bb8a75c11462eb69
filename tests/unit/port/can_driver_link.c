/* The driver and what its controller and interface say: error frames, bus-off and back, an interface not as wanted. */
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

#include "uds/port/can_driver.h"

struct bench {
	uv_loop_t loop;
	uv_timer_t guard;
	bool timed_out;
	char dir[64];
	char path[96];
	char name[112];
	int listener;
	int broker; /* the other end of the driver's port */
	struct can_driver *driver;
	struct can_error error; /* the last */
	unsigned n_errors;
	unsigned n_changes;
	unsigned n_frames;
	int bus_errors[4];
	unsigned n_bus;
	char text[CAN_LINK_TEXT_BYTES];
	unsigned n_texts;
};

static uint64_t on_step(void *owner, uint64_t now_us)
{
	(void)owner;
	(void)now_us;
	return UDS_NEVER;
}

static void on_frame(void *owner, uint64_t now_us, const struct can_msg *msg)
{
	(void)now_us;
	(void)msg;
	((struct bench *)owner)->n_frames++;
}

static void on_bus(void *owner, int error)
{
	struct bench *b = owner;

	b->bus_errors[b->n_bus++ % 4] = error;
}

static void on_error(void *owner, uint64_t now_us, const struct can_error *error, bool state_changed)
{
	struct bench *b = owner;

	assert_true(now_us > 0);
	b->error = *error;
	b->n_errors++;
	b->n_changes += state_changed;
}

static void on_link(void *owner, const char *text)
{
	struct bench *b = owner;

	snprintf(b->text, sizeof(b->text), "%s", text);
	b->n_texts++;
}

static void on_guard(uv_timer_t *timer)
{
	((struct bench *)timer->data)->timed_out = true;
}

#define RUN_UNTIL(b, condition)                                                 \
	do {                                                                    \
		while (!(condition)) {                                          \
			if ((b)->timed_out)                                     \
				fail_msg("waited in vain for: %s", #condition); \
			uv_run(&(b)->loop, UV_RUN_ONCE);                        \
		}                                                               \
	} while (0)

static int open_driver(struct bench *b, const char *port, const struct can_link_wanted *link)
{
	const struct can_driver_callbacks callbacks = {.owner = b,
						       .step = on_step,
						       .on_frame = on_frame,
						       .on_bus = on_bus,
						       .on_error = on_error,
						       .on_link = on_link};
	const struct can_driver_config config = {.port = port, .link = link};

	return can_driver_open(&b->loop, &config, &callbacks, &b->driver);
}

/* the driver has connected: takes its end, and the packet that asks for echoes */
static void take_connection(struct bench *b)
{
	uint8_t ask[4];

	b->broker = accept(b->listener, NULL, NULL);
	assert_true(b->broker >= 0);
	assert_int_equal(recv(b->broker, ask, sizeof(ask), 0), 1);
}

static void open_unix(struct bench *b)
{
	assert_int_equal(open_driver(b, b->name, NULL), 0);
	take_connection(b);
}

static void send_error(struct bench *b, uint32_t classes, uint8_t byte_1)
{
	const struct can_msg msg = {.id = classes, .flags = CAN_MSG_ERROR, .len = 8, .data = {0, byte_1}};
	uint8_t wire[CAN_WIRE_FD_BYTES];
	const size_t n = can_msg_to_wire(&msg, wire);

	assert_int_equal(send(b->broker, wire, n, 0), n);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_non_null(b);
	snprintf(b->dir, sizeof(b->dir), "/tmp/can-driver-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/bus", b->dir);
	snprintf(b->name, sizeof(b->name), "unix:%s", b->path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", b->path);
	b->broker = -1;
	b->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(b->listener, 4), 0);
	uv_loop_init(&b->loop);
	uv_timer_init(&b->loop, &b->guard);
	b->guard.data = b;
	uv_timer_start(&b->guard, on_guard, 20000, 0);
	uv_unref((uv_handle_t *)&b->guard);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	can_driver_close(b->driver);
	uv_close((uv_handle_t *)&b->guard, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	if (b->broker >= 0)
		close(b->broker);
	close(b->listener);
	unlink(b->path);
	rmdir(b->dir);
	free(b);
	return 0;
}

static void error_frames_are_told_and_counted_and_are_no_frames(void **state)
{
	struct bench *b = *state;
	const struct can_health *health;

	open_unix(b);
	health = can_driver_health(b->driver);
	send_error(b, CAN_ERROR_CONTROLLER, 0x20);
	RUN_UNTIL(b, b->n_errors == 1);
	assert_int_equal(b->n_changes, 1);
	assert_int_equal(health->state, CAN_BUS_PASSIVE);
	send_error(b, CAN_ERROR_NO_ACK, 0);
	send_error(b, CAN_ERROR_LOST_ARBITRATION, 0);
	RUN_UNTIL(b, b->n_errors == 3);
	assert_int_equal(b->n_changes, 1);
	assert_int_equal(health->n_no_ack, 1);
	assert_int_equal(health->n_lost_arbitration, 1);
	assert_int_equal(b->n_frames, 0);
	assert_int_equal(b->n_bus, 0);
}

static void bus_off_is_told_before_the_loss_and_ends_with_the_return(void **state)
{
	struct bench *b = *state;

	open_unix(b);
	send_error(b, CAN_ERROR_BUS_OFF, 0);
	RUN_UNTIL(b, b->n_bus == 1);
	assert_int_equal(b->n_errors, 1);
	assert_int_equal(b->error.state, CAN_BUS_OFF);
	assert_int_equal(b->bus_errors[0], -ENETDOWN);
	assert_int_equal(can_driver_health(b->driver)->state, CAN_BUS_OFF);
	close(b->broker);
	RUN_UNTIL(b, b->n_bus == 2);
	take_connection(b);
	assert_int_equal(b->bus_errors[1], 0);
	assert_int_equal(can_driver_health(b->driver)->state, CAN_BUS_ACTIVE);
	assert_int_equal(can_driver_health(b->driver)->n_bus_off, 1);
	assert_int_equal(can_driver_health(b->driver)->n_restarts, 1);
	/* and it is the same bus as before */
	send_error(b, CAN_ERROR_CONTROLLER, 0x08);
	RUN_UNTIL(b, b->n_errors == 2);
	assert_int_equal(can_driver_health(b->driver)->state, CAN_BUS_WARNING);
}

static void an_interface_that_is_missing_is_told_in_words(void **state)
{
	struct bench *b = *state;
	const struct can_link_wanted wanted = {.bitrate = 500000};

	assert_int_equal(open_driver(b, "nosuchcan0", &wanted), -ENODEV);
	assert_string_equal(b->text, "there is no interface nosuchcan0");
	assert_int_equal(b->n_texts, 1);
}

static void an_interface_that_is_no_can_is_refused(void **state)
{
	struct bench *b = *state;
	const struct can_link_wanted wanted = {.bitrate = 500000, .bring_up = true};

	assert_int_equal(open_driver(b, "lo", &wanted), -EINVAL);
	assert_string_equal(b->text, "lo is no CAN interface");
}

static void a_simulated_bus_has_no_interface_to_check(void **state)
{
	struct bench *b = *state;
	const struct can_link_wanted wanted = {.bitrate = 500000, .sample_point = 800};

	assert_int_equal(open_driver(b, b->name, &wanted), 0);
	take_connection(b);
	assert_int_equal(b->n_texts, 0);
}

static void send_frame(struct bench *b, uint32_t id, bool echo)
{
	const struct can_msg msg = {.id = id, .len = 3, .data = {0x02, 0x3e, 0x80}};
	uint8_t wire[CAN_WIRE_FD_BYTES];
	const size_t n = can_msg_to_wire(&msg, wire);

	wire[6] = echo;
	assert_int_equal(send(b->broker, wire, n, 0), n);
}

static void a_request_of_ours_that_others_send_passes_the_filters_and_is_counted(void **state)
{
	struct bench *b = *state;
	struct isotp_config link = isotp_config_default();
	const struct uds_timing timing = uds_timing_default();
	static struct uds_channel channel;
	static uint8_t tx[64], rx[64];
	const struct can_node *node;

	link.address.tx_id = 0x7e0;
	link.address.rx_id = 0x7e8;
	uds_channel_init(&channel, &link, &timing, tx, sizeof(tx), rx, sizeof(rx));
	open_unix(b);
	node = can_driver_node(b->driver);
	assert_int_equal(can_node_attach(can_driver_node(b->driver), &channel), 0);
	can_driver_refresh_filters(b->driver);
	send_frame(b, 0x7e0, true);
	send_frame(b, 0x7e1, false);
	send_frame(b, 0x7e0, false);
	RUN_UNTIL(b, node->n_foreign == 1);
	assert_int_equal(node->foreign_id, 0x7e0);
	assert_int_equal(b->n_frames, 1); /* told to the owner too */
	can_node_detach(can_driver_node(b->driver), &channel);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(error_frames_are_told_and_counted_and_are_no_frames),
	    CASE(bus_off_is_told_before_the_loss_and_ends_with_the_return),
	    CASE(an_interface_that_is_missing_is_told_in_words),
	    CASE(an_interface_that_is_no_can_is_refused),
	    CASE(a_simulated_bus_has_no_interface_to_check),
	    CASE(a_request_of_ours_that_others_send_passes_the_filters_and_is_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
