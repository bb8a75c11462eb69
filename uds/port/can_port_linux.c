#include <errno.h>
#include <libsocketcan.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/netlink.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uds/port/can_port_io.h"

/* Each frame costs 768 bytes of it, and the default (208 KiB) holds 277: a loop that is late for 30 ms of a busy bus at
 * 1 Mbit/s loses some, and on a virtual interface, which nothing paces, a block of 4095 bytes is 585 frames at once. */
#define RECEIVE_BUFFER_BYTES (1 << 20)

/* Bus errors one by one come only from an interface that was set to report them (berr-reporting). */
#define ERROR_CLASSES                                                                                        \
	(CAN_ERR_TX_TIMEOUT | CAN_ERR_LOSTARB | CAN_ERR_CRTL | CAN_ERR_PROT | CAN_ERR_ACK | CAN_ERR_BUSOFF | \
	 CAN_ERR_RESTARTED)

static bool is_echo(const uint8_t *wire, int msg_flags)
{
	(void)wire;
	/* MSG_DONTROUTE marks frames of this host, MSG_CONFIRM those of this very socket */
	return (msg_flags & MSG_CONFIRM) != 0;
}

static int set_filters(int fd, const struct can_port_filter *filters, size_t n)
{
	struct can_filter list[CAN_RAW_FILTER_MAX];

	/* a filter with mask 0 takes all; more than the kernel keeps would be refused, so take all then too */
	list[0] = (struct can_filter){0};
	if (n == 0 || n > CAN_RAW_FILTER_MAX)
		n = 1;
	else
		for (size_t i = 0; i < n; i++) {
			bool ext = filters[i].extended_id;

			list[i].can_id = filters[i].id | (ext ? CAN_EFF_FLAG : 0);
			list[i].can_mask = (ext ? CAN_EFF_MASK : CAN_SFF_MASK) | CAN_EFF_FLAG | CAN_RTR_FLAG;
		}
	if (setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, list, (socklen_t)(n * sizeof(list[0]))) != 0)
		return -errno;
	return 0;
}

static const struct can_port_kind linux_kind = {.is_echo = is_echo, .set_filters = set_filters};

/* Only a controller has a state; libsocketcan complains on stderr about a virtual interface, so that is not asked. */
static bool is_bus_off(const char *interface)
{
	char device[64];
	int state;

	snprintf(device, sizeof(device), "/sys/class/net/%s/device", interface);
	return access(device, F_OK) == 0 && can_get_state(interface, &state) == 0 && state == CAN_STATE_BUS_OFF;
}

/* Return: the interface's index; -errno if it is missing, down, or cannot carry what is wanted */
static int look_at_interface(int fd, const char *interface, bool want_fd)
{
	struct ifreq request = {0};

	if (interface[0] == '\0' || strlen(interface) >= sizeof(request.ifr_name))
		return -ENODEV;
	memcpy(request.ifr_name, interface, strlen(interface));
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		return -errno;
	if (!(request.ifr_flags & IFF_UP) || is_bus_off(interface))
		return -ENETDOWN;
	if (ioctl(fd, SIOCGIFMTU, &request) != 0)
		return -errno;
	if (want_fd && request.ifr_mtu < (int)CANFD_MTU)
		return -ENOTSUP;
	if (ioctl(fd, SIOCGIFINDEX, &request) != 0)
		return -errno;
	return request.ifr_ifindex;
}

static int set_option(int fd, int name, uint32_t value)
{
	return setsockopt(fd, SOL_CAN_RAW, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

/* Beyond the system's limit only with CAP_NET_ADMIN; with less the bus works too. */
static void widen_receive_buffer(int fd)
{
	int wanted = RECEIVE_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
}

static int set_up(int fd, const char *interface, bool want_fd)
{
	struct sockaddr_can address = {.can_family = AF_CAN};

	int index = look_at_interface(fd, interface, want_fd);
	if (index < 0)
		return index;
	int r = want_fd ? set_option(fd, CAN_RAW_FD_FRAMES, 1) : 0;
	if (r == 0)
		r = set_option(fd, CAN_RAW_RECV_OWN_MSGS, 1);
	if (r == 0)
		r = set_option(fd, CAN_RAW_ERR_FILTER, ERROR_CLASSES);
	if (r != 0)
		return r;
	widen_receive_buffer(fd);
	address.can_ifindex = index;
	return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

int can_port_linux_open(uv_loop_t *loop, const char *interface, bool fd, const struct can_port_callbacks *callbacks,
			struct can_port **port)
{
	int sock = socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);

	if (sock < 0)
		return -errno;
	int r = set_up(sock, interface, fd);
	if (r != 0) {
		close(sock);
		return r;
	}
	return can_port_io_new(loop, sock, &linux_kind, callbacks, port);
}
