/*
 * The PF_CAN port against a kernel that the linker puts in between (--wrap): a socket pair stands for the CAN socket,
 * so that this runs where the kernel has no CAN. Byte 6 of a packet from the other end says that it is our own echo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uds/port/can_port.h"

static struct {
	int peer; /* the other end */
	short flags;
	int mtu;
	int index;
	int bound_index;
	bool no_can;
	unsigned n_enobufs; /* so many times the device queue is full */
	uint32_t fd_frames, own_msgs, err_filter;
	bool may_force; /* CAP_NET_ADMIN */
	int forced_buffer, buffer;
	struct can_filter filters[8];
	size_t n_filters;
} kernel;

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_ioctl(int fd, unsigned long request, struct ifreq *ifr);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t n);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t n);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t n);
int __real_sendmmsg(int fd, struct mmsghdr *hdr, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *hdr, unsigned n, int flags);
int __real_recvmmsg(int fd, struct mmsghdr *hdr, unsigned n, int flags, struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *hdr, unsigned n, int flags, struct timespec *timeout);

int __wrap_socket(int domain, int type, int protocol)
{
	int pair[2];

	if (domain != PF_CAN)
		return __real_socket(domain, type, protocol);
	assert_int_equal(protocol, CAN_RAW);
	if (kernel.no_can) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	kernel.peer = pair[1];
	return pair[0];
}

int __wrap_ioctl(int fd, unsigned long request, struct ifreq *ifr)
{
	(void)fd;
	if (strcmp(ifr->ifr_name, "cantest0") != 0) {
		errno = ENODEV;
		return -1;
	}
	if (request == SIOCGIFFLAGS)
		ifr->ifr_flags = kernel.flags;
	else if (request == SIOCGIFMTU)
		ifr->ifr_mtu = kernel.mtu;
	else if (request == SIOCGIFINDEX)
		ifr->ifr_ifindex = kernel.index;
	else
		fail_msg("unexpected ioctl %lx", request);
	return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t n)
{
	uint32_t number = 0;

	if (level == SOL_SOCKET && name == SO_RCVBUFFORCE) {
		if (!kernel.may_force) {
			errno = EPERM;
			return -1;
		}
		memcpy(&kernel.forced_buffer, value, sizeof(int));
		return 0;
	}
	if (level == SOL_SOCKET && name == SO_RCVBUF) {
		memcpy(&kernel.buffer, value, sizeof(int));
		return 0;
	}
	if (level != SOL_CAN_RAW)
		return __real_setsockopt(fd, level, name, value, n);
	if (name == CAN_RAW_FILTER) {
		kernel.n_filters = n / sizeof(struct can_filter);
		assert_in_range(kernel.n_filters, 1, 8);
		memcpy(kernel.filters, value, n);
		return 0;
	}
	assert_int_equal(n, sizeof(number));
	memcpy(&number, value, n);
	if (name == CAN_RAW_FD_FRAMES)
		kernel.fd_frames = number;
	else if (name == CAN_RAW_RECV_OWN_MSGS)
		kernel.own_msgs = number;
	else if (name == CAN_RAW_ERR_FILTER)
		kernel.err_filter = number;
	return 0;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t n)
{
	struct sockaddr_can can;

	(void)fd;
	assert_int_equal(n, sizeof(can));
	memcpy(&can, address, sizeof(can));
	assert_int_equal(can.can_family, AF_CAN);
	kernel.bound_index = can.can_ifindex;
	return 0;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *hdr, unsigned n, int flags)
{
	if (kernel.n_enobufs > 0) {
		kernel.n_enobufs--;
		errno = ENOBUFS;
		return -1;
	}
	/* a device queue of 10 frames takes some and then is full */
	return __real_sendmmsg(fd, hdr, n > 10 ? 10 : n, flags);
}

int __wrap_recvmmsg(int fd, struct mmsghdr *hdr, unsigned n, int flags, struct timespec *timeout)
{
	int got = __real_recvmmsg(fd, hdr, n, flags, timeout);

	for (int i = 0; i < got; i++) {
		const uint8_t *wire = hdr[i].msg_hdr.msg_iov->iov_base;

		if (wire[6] == 1)
			hdr[i].msg_hdr.msg_flags |= MSG_CONFIRM | MSG_DONTROUTE;
	}
	return got;
}

struct seen {
	uv_loop_t loop;
	struct can_port *port;
	size_t n_confirmed;
	size_t n_msgs;
	struct can_msg last;
	int lost;
	unsigned n_lost;
};

static void on_batch(void *owner, const struct can_port_batch *batch)
{
	struct seen *seen = owner;

	seen->n_confirmed += batch->n_confirmed;
	seen->n_msgs += batch->n_msgs;
	if (batch->n_msgs > 0)
		seen->last = batch->msgs[batch->n_msgs - 1];
}

static void on_lost(void *owner, int error)
{
	struct seen *seen = owner;

	seen->lost = error;
	seen->n_lost++;
}

static int open_port(struct seen *seen, const char *name, bool fd)
{
	struct can_port_callbacks callbacks = {.owner = seen, .on_batch = on_batch, .on_lost = on_lost};

	return can_port_open(&seen->loop, name, fd, &callbacks, &seen->port);
}

static int setup(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	assert_non_null(seen);
	assert_int_equal(uv_loop_init(&seen->loop), 0);
	memset(&kernel, 0, sizeof(kernel));
	kernel.peer = -1;
	kernel.flags = IFF_UP;
	kernel.mtu = CANFD_MTU;
	kernel.index = 7;
	*state = seen;
	return 0;
}

static int teardown(void **state)
{
	struct seen *seen = *state;

	can_port_close(seen->port);
	uv_run(&seen->loop, UV_RUN_DEFAULT);
	int r = uv_loop_close(&seen->loop);
	if (kernel.peer >= 0)
		close(kernel.peer);
	free(seen);
	return r;
}

/* the frames that reached the device, without waiting */
static unsigned left(void)
{
	uint8_t wire[80];
	unsigned n = 0;

	while (recv(kernel.peer, wire, sizeof(wire), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void deliver(uint32_t can_id, bool echo)
{
	uint8_t wire[16] = {0};

	memcpy(wire, &can_id, 4);
	wire[4] = 8;
	wire[6] = echo;
	assert_int_equal(send(kernel.peer, wire, 16, 0), 16);
}

static void the_socket_asks_for_echoes_errors_and_fd_frames(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(open_port(seen, "cantest0", true), 0);
	assert_int_equal(kernel.bound_index, 7);
	assert_int_equal(kernel.own_msgs, 1);
	assert_int_equal(kernel.fd_frames, 1);
	assert_true(kernel.err_filter & CAN_ERR_BUSOFF);
}

static void a_classic_bus_is_opened_without_fd_frames(void **state)
{
	struct seen *seen = *state;

	kernel.mtu = CAN_MTU;
	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_int_equal(kernel.fd_frames, 0);
}

static void the_receive_buffer_holds_a_whole_block_that_comes_at_once(void **state)
{
	struct seen *seen = *state;

	/* 585 frames of 768 bytes; the kernel doubles what is asked for */
	kernel.may_force = true;
	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_in_range(kernel.forced_buffer, 585 * 768, 16 << 20);
	assert_int_equal(kernel.buffer, 0);
}

static void without_privilege_the_receive_buffer_is_what_the_system_allows(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_in_range(kernel.buffer, 585 * 768, 16 << 20);
}

static void what_cannot_work_is_refused_with_its_reason(void **state)
{
	struct seen *seen = *state;

	kernel.mtu = CAN_MTU;
	assert_int_equal(open_port(seen, "cantest0", true), -ENOTSUP);
	close(kernel.peer);
	kernel.flags = 0;
	assert_int_equal(open_port(seen, "cantest0", false), -ENETDOWN);
	close(kernel.peer);
	assert_int_equal(open_port(seen, "cantest1", false), -ENODEV);
	close(kernel.peer);
	assert_int_equal(open_port(seen, "", false), -ENODEV);
	close(kernel.peer);
	assert_int_equal(open_port(seen, "a-name-beyond-ifnamsiz", false), -ENODEV);
	kernel.no_can = true;
	assert_int_equal(open_port(seen, "cantest0", false), -EAFNOSUPPORT);
}

static void filters_match_whole_identifiers_of_their_own_format(void **state)
{
	struct seen *seen = *state;
	struct can_port_filter want[] = {{.id = 0x7e8}, {.id = 0x18daf110, .extended_id = true}};

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_int_equal(can_port_set_filters(seen->port, want, 2), 0);
	assert_int_equal(kernel.n_filters, 2);
	assert_int_equal(kernel.filters[0].can_id, 0x7e8);
	assert_true(kernel.filters[0].can_mask == (CAN_SFF_MASK | CAN_EFF_FLAG | CAN_RTR_FLAG));
	assert_true(kernel.filters[1].can_id == (0x18daf110 | CAN_EFF_FLAG));
	assert_true(kernel.filters[1].can_mask == (CAN_EFF_MASK | CAN_EFF_FLAG | CAN_RTR_FLAG));
	assert_int_equal(can_port_set_filters(seen->port, NULL, 0), 0);
	assert_int_equal(kernel.n_filters, 1);
	assert_int_equal(kernel.filters[0].can_mask, 0);
}

static void own_echoes_are_confirmations_and_foreign_frames_are_not(void **state)
{
	struct seen *seen = *state;

	const struct can_msg msgs[2] = {{.id = 0x7e0, .len = 8}, {.id = 0x7e0, .len = 8}};

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_int_equal(can_port_send(seen->port, msgs, 2), 2);
	deliver(0x7e0, true);
	deliver(0x7e8, false);
	deliver(0x7e0, true);
	uv_run(&seen->loop, UV_RUN_ONCE);
	assert_int_equal(seen->n_confirmed, 2);
	assert_int_equal(seen->n_msgs, 1);
	assert_int_equal(seen->last.id, 0x7e8);
}

static void the_echo_of_a_later_frame_confirms_those_that_were_dropped(void **state)
{
	struct seen *seen = *state;
	const struct can_msg msgs[4] = {
	    {.id = 1, .len = 8}, {.id = 2, .len = 8}, {.id = 3, .len = 8}, {.id = 4, .len = 8}};
	struct can_port_stats stats;

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_int_equal(can_port_send(seen->port, msgs, 4), 4);
	deliver(1, true);
	deliver(3, true); /* 2 never left the interface's queue */
	uv_run(&seen->loop, UV_RUN_ONCE);
	assert_int_equal(seen->n_confirmed, 3);
	can_port_stats(seen->port, &stats);
	assert_int_equal(stats.n_dropped, 1);
	can_port_forget_sent(seen->port);
	deliver(4, true); /* nobody waits for it any more */
	deliver(9, false);
	uv_run(&seen->loop, UV_RUN_ONCE);
	assert_int_equal(seen->n_msgs, 1);
	assert_int_equal(seen->n_confirmed, 3);
}

static void a_full_device_queue_is_tried_again_after_a_while(void **state)
{
	struct seen *seen = *state;
	struct can_msg msgs[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
	struct can_port_stats stats;

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	kernel.n_enobufs = 2;
	assert_int_equal(can_port_send(seen->port, msgs, 3), 3); /* taken: they wait in the port */
	assert_int_equal(left(), 0);
	/* a slow machine's loop may try twice in one turn: a turn more would wait for ever */
	do {
		uv_run(&seen->loop, UV_RUN_ONCE);
		can_port_stats(seen->port, &stats);
	} while (stats.n_tx < 3);
	assert_int_equal(left(), 3);
	assert_int_equal(stats.n_enobufs, 2);
	assert_int_equal(stats.n_tx, 3);
	assert_int_equal(seen->n_lost, 0);
}

static void a_confirmation_makes_room_at_once(void **state)
{
	struct seen *seen = *state;
	struct can_msg msg = {.id = 0x7e0, .len = 8};

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	assert_int_equal(can_port_send(seen->port, &msg, 1), 1);
	assert_int_equal(left(), 1);
	kernel.n_enobufs = 1;
	assert_int_equal(can_port_send(seen->port, &msg, 1), 1);
	deliver(0x7e0, true);
	/* the timer has a millisecond to go */
	uv_update_time(&seen->loop);
	uv_run(&seen->loop, UV_RUN_NOWAIT);
	assert_int_equal(seen->n_confirmed, 1);
	assert_int_equal(left(), 1);
}

static void bus_off_is_the_loss_of_the_bus(void **state)
{
	struct seen *seen = *state;

	assert_int_equal(open_port(seen, "cantest0", false), 0);
	deliver(CAN_ERR_FLAG | CAN_ERR_CRTL, false);
	uv_run(&seen->loop, UV_RUN_ONCE);
	assert_int_equal(seen->n_msgs, 1); /* told to the owner, no reason to give up */
	assert_true(seen->last.flags & CAN_MSG_ERROR);
	deliver(CAN_ERR_FLAG | CAN_ERR_BUSOFF, false);
	for (int i = 0; i < 3 && seen->n_lost == 0; i++)
		uv_run(&seen->loop, UV_RUN_ONCE);
	assert_int_equal(seen->lost, -ENETDOWN);
	uv_run(&seen->loop, UV_RUN_NOWAIT);
	assert_int_equal(seen->n_lost, 1);
	struct can_msg msg = {.id = 1};
	assert_int_equal(can_port_send(seen->port, &msg, 1), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(the_socket_asks_for_echoes_errors_and_fd_frames),
	    CASE(a_classic_bus_is_opened_without_fd_frames),
	    CASE(the_receive_buffer_holds_a_whole_block_that_comes_at_once),
	    CASE(without_privilege_the_receive_buffer_is_what_the_system_allows),
	    CASE(what_cannot_work_is_refused_with_its_reason),
	    CASE(filters_match_whole_identifiers_of_their_own_format),
	    CASE(own_echoes_are_confirmations_and_foreign_frames_are_not),
	    CASE(the_echo_of_a_later_frame_confirms_those_that_were_dropped),
	    CASE(a_full_device_queue_is_tried_again_after_a_while),
	    CASE(a_confirmation_makes_room_at_once),
	    CASE(bus_off_is_the_loss_of_the_bus),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
