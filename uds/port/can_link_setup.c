#include "uds/port/can_link_setup.h"

#include <errno.h>
#include <libsocketcan.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 16384u

struct request {
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct rtattr name;
	char interface[IFNAMSIZ];
};

static int ask(int fd, const char *interface, struct can_link_info *info)
{
	const struct timeval patience = {.tv_sec = 2};
	struct request request = {
	    .head = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
	    .name = {.rta_len = RTA_LENGTH(IFNAMSIZ), .rta_type = IFLA_IFNAME},
	};
	uint8_t answer[ANSWER_BYTES];
	ssize_t n;

	memcpy(request.interface, interface, strlen(interface));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	n = recv(fd, answer, sizeof(answer), 0);
	return n < 0 ? -errno : can_link_parse(answer, (size_t)n, info);
}

int can_link_read(const char *interface, struct can_link_info *info)
{
	int fd, r;

	if (interface[0] == '\0' || strlen(interface) >= IFNAMSIZ)
		return -ENODEV;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	r = ask(fd, interface, info);
	close(fd);
	return r;
}

/* the interface's flags, with some more; without any it only shows whether we might */
static int add_flags(const char *interface, short flags)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, interface, strlen(interface));
	r = ioctl(fd, SIOCGIFFLAGS, &request);
	if (r == 0) {
		request.ifr_flags |= flags;
		r = ioctl(fd, SIOCSIFFLAGS, &request);
	}
	r = r == 0 ? 0 : -errno;
	close(fd);
	return r;
}

/* libsocketcan says on stderr what the kernel answered, and only -1 to us. A driver that cannot restart by itself
 * (slcan) refuses a restart-ms: then it is restarted from here. */
static int start_controller(const char *interface, const struct can_link_wanted *wanted, char *text)
{
	const char *what = NULL;

	if (!wanted->bitrate) {
		snprintf(text, CAN_LINK_TEXT_BYTES, "%.15s can be brought up only at a bit rate that is given",
			 interface);
		return -EINVAL;
	}
	if (wanted->sample_point ? can_set_bitrate_samplepoint(interface, wanted->bitrate, wanted->sample_point)
				 : can_set_bitrate(interface, wanted->bitrate))
		what = "bit rate and sample point: give those that its clock can do";
	else if (wanted->has_restart_ms)
		can_set_restart_ms(interface, wanted->restart_ms);
	if (!what && can_do_start(interface))
		what = "being brought up: see the kernel's messages (dmesg)";
	if (!what)
		return 0;
	snprintf(text, CAN_LINK_TEXT_BYTES, "the driver of %.15s refused %s (%u bit/s were wanted)", interface, what,
		 wanted->bitrate);
	return -EIO;
}

/* Return: 0, or -errno and words: -EPERM without the capability */
static int may_start(const char *interface, const struct can_link_info *info, const struct can_link_wanted *wanted,
		     char *text)
{
	static const char *const capability = "needs the capability CAP_NET_ADMIN: give it to this program (a unit: "
					      "AmbientCapabilities=CAP_NET_ADMIN)";
	char command[160];
	const int r = add_flags(interface, 0);

	can_link_command(interface, wanted, command, sizeof(command));
	if (r == -EPERM && info->up)
		snprintf(text, CAN_LINK_TEXT_BYTES,
			 "%.15s is bus-off, and setting it down and up again %s, or do it by hand: `ip link set %.15s "
			 "down`, `ip link set %.15s up`",
			 interface, capability, interface, interface);
	else if (r == -EPERM)
		snprintf(text, CAN_LINK_TEXT_BYTES,
			 "%.15s is down, and bringing it up %s, or have the system do it (systemd-networkd: [CAN] "
			 "BitRate=%u; by hand: `%s`)",
			 interface, capability, wanted->bitrate, command);
	else if (r < 0)
		snprintf(text, CAN_LINK_TEXT_BYTES, "%.15s cannot be brought up: %s", interface, strerror(-r));
	return r;
}

/* from the state in which @info shows it; Return: 0, or -errno and words */
static int start(const char *interface, const struct can_link_info *info, const struct can_link_wanted *wanted,
		 char *text)
{
	int r;

	text[0] = '\0';
	if (info->up) /* bus-off; it keeps its settings */
		r = can_do_stop(interface) || can_do_start(interface) ? -EIO : 0;
	else
		r = info->controller ? start_controller(interface, wanted, text) : add_flags(interface, IFF_UP);
	if (r < 0 && text[0] == '\0')
		snprintf(text, CAN_LINK_TEXT_BYTES, "%.15s cannot be brought up: %s", interface, strerror(-r));
	return r;
}

static int read_it(const char *interface, struct can_link_info *info, char *text)
{
	int r = can_link_read(interface, info);

	if (r == -ENODEV)
		snprintf(text, CAN_LINK_TEXT_BYTES, "there is no interface %.15s", interface);
	else if (r < 0)
		snprintf(text, CAN_LINK_TEXT_BYTES, "what %.15s is cannot be read: %s", interface, strerror(-r));
	return r;
}

/* bus-off, and ours to restart; Return: whether it is time, else @text says when */
static bool restart_is_due(struct can_recovery *recovery, uint64_t now_us, const struct can_link_wanted *wanted,
			   char *text)
{
	const size_t n = strlen(text);
	char when[100];

	can_recovery_bus_off(recovery, now_us, wanted->has_restart_ms ? wanted->restart_ms : 0);
	if (can_recovery_due(recovery, now_us)) {
		can_recovery_restarted(recovery, now_us);
		return true;
	}
	can_recovery_text(recovery, when, sizeof(when));
	snprintf(text + n, CAN_LINK_TEXT_BYTES - n, "; %s", when);
	return false;
}

/* down or bus-off: brought up where it may be, and is time; Return: 0 with a new @info, or -errno and words */
static int bring_up(const char *interface, const struct can_link_wanted *wanted, struct can_recovery *recovery,
		    uint64_t now_us, struct can_link_info *info, char *text)
{
	int r = may_start(interface, info, wanted, text);

	if (r < 0)
		return r;
	if (info->up && !restart_is_due(recovery, now_us, wanted, text))
		return -ENETDOWN;
	r = start(interface, info, wanted, text);
	return r < 0 ? r : read_it(interface, info, text);
}

int can_link_setup(const char *interface, const struct can_link_wanted *wanted, struct can_recovery *recovery,
		   uint64_t now_us, struct can_link_info *info, char text[CAN_LINK_TEXT_BYTES])
{
	struct can_link_info now = {0};
	enum can_link_verdict verdict;
	bool started = false;
	int r;

	text[0] = '\0';
	r = read_it(interface, &now, text);
	if (r < 0)
		return r;
	verdict = can_link_decide(interface, &now, wanted, text);
	if (now.state != CAN_BUS_OFF)
		can_recovery_on_bus(recovery);
	if (verdict == CAN_LINK_START || verdict == CAN_LINK_RESTART) {
		r = bring_up(interface, wanted, recovery, now_us, &now, text);
		if (r < 0)
			return r;
		started = true;
		verdict = can_link_decide(interface, &now, wanted, text);
	}
	if (verdict == CAN_LINK_USABLE) {
		*info = now;
		return 0;
	}
	if (verdict == CAN_LINK_RESTART) /* off again before anybody looked: the next pause begins */
		restart_is_due(recovery, now_us, wanted, text);
	else if (started && now.controller)
		can_do_stop(interface);
	if (text[0] == '\0')
		snprintf(text, CAN_LINK_TEXT_BYTES, "%.15s did not come up", interface);
	return verdict == CAN_LINK_REFUSED ? -EINVAL : -ENETDOWN;
}
