#include "uds/port/can_link.h"

#include <errno.h>
#include <linux/can.h>
#include <linux/can/netlink.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RATE_TOLERANCE     200u       /* 1/200 of the rate */
#define POINT_TOLERANCE    30u        /* 1/1000 of a bit */
#define BITRATE_OF_ADAPTER UINT32_MAX /* what the kernel says of one that only the adapter knows */

/* --- attributes, each a length, a type and a value, padded to 4 bytes */

struct attributes {
	const uint8_t *at;
	size_t n;
};

struct attribute {
	uint16_t type;
	struct attributes value;
};

/* Return: 1 with an attribute, 0 at the end, -EBADMSG */
static int next_attribute(struct attributes *in, struct attribute *out)
{
	struct rtattr head;
	size_t padded;

	if (in->n < sizeof(head))
		return in->n == 0 ? 0 : -EBADMSG;
	memcpy(&head, in->at, sizeof(head));
	if (head.rta_len < sizeof(head) || head.rta_len > in->n)
		return -EBADMSG;
	out->type = head.rta_type & (uint16_t)NLA_TYPE_MASK;
	out->value = (struct attributes){in->at + sizeof(head), head.rta_len - sizeof(head)};
	padded = RTA_ALIGN((size_t)head.rta_len);
	padded = padded < in->n ? padded : in->n;
	in->at += padded;
	in->n -= padded;
	return 1;
}

/* A value that is shorter than what we know of is malformed; a longer one is a newer kernel's. */
static int take(const struct attribute *attribute, void *out, size_t n)
{
	if (attribute->value.n < n)
		return -EBADMSG;
	memcpy(out, attribute->value.at, n);
	return 0;
}

static int take_timing(const struct attribute *attribute, uint32_t *bitrate, uint16_t *sample_point)
{
	struct can_bittiming timing;

	if (take(attribute, &timing, sizeof(timing)))
		return -EBADMSG;
	*bitrate = timing.bitrate == BITRATE_OF_ADAPTER ? 0 : timing.bitrate;
	*sample_point = timing.sample_point > 999 ? 0 : (uint16_t)timing.sample_point;
	return 0;
}

static int take_state(const struct attribute *attribute, enum can_bus_state *state)
{
	uint32_t number;

	if (take(attribute, &number, sizeof(number)))
		return -EBADMSG;
	*state = number > CAN_STATE_BUS_OFF ? CAN_BUS_STOPPED : (enum can_bus_state)number;
	return 0;
}

static int parse_controller(struct attributes in, struct can_link_info *info)
{
	struct attribute a;
	struct can_ctrlmode mode;
	struct can_berr_counter counters;
	uint16_t data_sample_point;
	int r, bad = 0;

	while ((r = next_attribute(&in, &a)) > 0 && !bad) {
		switch (a.type) {
		case IFLA_CAN_BITTIMING:
			bad = take_timing(&a, &info->bitrate, &info->sample_point);
			break;
		case IFLA_CAN_DATA_BITTIMING:
			bad = take_timing(&a, &info->data_bitrate, &data_sample_point);
			break;
		case IFLA_CAN_STATE:
			info->controller = true;
			bad = take_state(&a, &info->state);
			break;
		case IFLA_CAN_CTRLMODE:
			if (!(bad = take(&a, &mode, sizeof(mode))))
				info->mode = mode.flags;
			break;
		case IFLA_CAN_RESTART_MS:
			bad = take(&a, &info->restart_ms, sizeof(info->restart_ms));
			break;
		case IFLA_CAN_BERR_COUNTER:
			if (!(bad = take(&a, &counters, sizeof(counters)))) {
				info->tx_errors = counters.txerr;
				info->rx_errors = counters.rxerr;
			}
			break;
		}
	}
	return bad ? bad : r;
}

static int parse_linkinfo(struct attributes in, struct can_link_info *info)
{
	struct attribute a;
	bool is_can = false;
	int r;

	while ((r = next_attribute(&in, &a)) > 0) {
		/* the kind comes before its data */
		if (a.type == IFLA_INFO_KIND)
			is_can = a.value.n >= 4 && memcmp(a.value.at, "can", 4) == 0;
		else if (a.type == IFLA_INFO_DATA && is_can && parse_controller(a.value, info))
			return -EBADMSG;
	}
	return r;
}

static int parse_error(const uint8_t *bytes, size_t n)
{
	struct nlmsgerr error;

	if (n < sizeof(error))
		return -EBADMSG;
	memcpy(&error, bytes, sizeof(error));
	return error.error < 0 && error.error > -4096 ? error.error : -EBADMSG;
}

int can_link_parse(const uint8_t *bytes, size_t n, struct can_link_info *info)
{
	struct can_link_info out = {0};
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct attributes in;
	struct attribute a;
	int r;

	if (n < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > n)
		return -EBADMSG;
	in = (struct attributes){bytes + sizeof(head), head.nlmsg_len - sizeof(head)};
	if (head.nlmsg_type == NLMSG_ERROR)
		return parse_error(in.at, in.n);
	if (head.nlmsg_type != RTM_NEWLINK || in.n < sizeof(link))
		return -EBADMSG;
	memcpy(&link, in.at, sizeof(link));
	in.at += sizeof(link);
	in.n -= sizeof(link);
	out.index = link.ifi_index;
	out.up = (link.ifi_flags & IFF_UP) != 0;
	out.can = link.ifi_type == ARPHRD_CAN;
	while ((r = next_attribute(&in, &a)) > 0) {
		if (a.type == IFLA_MTU && take(&a, &out.mtu, sizeof(out.mtu)))
			return -EBADMSG;
		if (a.type == IFLA_LINKINFO && parse_linkinfo(a.value, &out))
			return -EBADMSG;
	}
	if (r == 0)
		*info = out;
	return r;
}

/* --- held against what is wanted */

static enum can_link_verdict say(enum can_link_verdict verdict, char *text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum can_link_verdict say(enum can_link_verdict verdict, char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, CAN_LINK_TEXT_BYTES, format, args);
	va_end(args);
	return verdict;
}

void can_link_command(const char *interface, const struct can_link_wanted *wanted, char *out, size_t n_out)
{
	int n = snprintf(out, n_out, "ip link set %.15s up type can bitrate %u", interface,
			 wanted->bitrate ? wanted->bitrate : 500000);

	if (wanted->sample_point && n > 0 && (size_t)n < n_out)
		n += snprintf(out + n, n_out - (size_t)n, " sample-point 0.%03u", wanted->sample_point);
	if (wanted->fd && n > 0 && (size_t)n < n_out)
		n += snprintf(out + n, n_out - (size_t)n, " dbitrate %u fd on",
			      wanted->data_bitrate ? wanted->data_bitrate : 2000000);
	if (wanted->has_restart_ms && n > 0 && (size_t)n < n_out)
		snprintf(out + n, n_out - (size_t)n, " restart-ms %u", wanted->restart_ms);
}

static bool same_rate(uint32_t is, uint32_t wanted)
{
	const uint32_t difference = is > wanted ? is - wanted : wanted - is;

	return difference <= wanted / RATE_TOLERANCE;
}

static bool same_point(uint16_t is, uint16_t wanted)
{
	return is + POINT_TOLERANCE >= wanted && wanted + POINT_TOLERANCE >= is;
}

/* what no setting of ours may go with, up or down */
static enum can_link_verdict decide_fd(const char *interface, const struct can_link_info *info,
				       const struct can_link_wanted *wanted, char *text)
{
	char command[160];

	can_link_command(interface, wanted, command, sizeof(command));
	if (!(info->mode & CAN_CTRLMODE_FD))
		return say(
		    CAN_LINK_REFUSED, text,
		    "%.15s is not set up for CAN FD, which is wanted: have systemd-networkd do it ([CAN]: BitRate=, "
		    "DataBitRate=, FDMode=yes), or `ip link set %.15s down` and `%s`",
		    interface, interface, command);
	if (info->mode & CAN_CTRLMODE_FD_NON_ISO)
		return say(CAN_LINK_REFUSED, text,
			   "%.15s speaks CAN FD as it was before ISO 11898-1:2015, which other stations do not "
			   "understand: `ip link set %.15s down type can fd-non-iso off`, then up again",
			   interface, interface);
	if (wanted->data_bitrate && !same_rate(info->data_bitrate, wanted->data_bitrate))
		return say(CAN_LINK_REFUSED, text,
			   "%.15s has a CAN FD data bit rate of %u bit/s, %u is wanted: give that rate if the "
			   "bus runs at %u, else `ip link set %.15s down` and `%s`",
			   interface, info->data_bitrate, wanted->data_bitrate, info->data_bitrate, interface, command);
	return CAN_LINK_USABLE;
}

/* whether what nothing else restarts is ours to restart */
static bool restarts(const struct can_link_wanted *wanted)
{
	return wanted->bring_up && !(wanted->has_restart_ms && wanted->restart_ms == 0);
}

static enum can_link_verdict decide_bus_off(const char *interface, const struct can_link_info *info,
					    const struct can_link_wanted *wanted, char *text)
{
	static const char *const words = "is bus-off after too many errors: check cable, termination and bit rate";

	if (info->restart_ms)
		return say(CAN_LINK_DOWN, text, "%.15s %s; it comes back by itself", interface, words);
	if (restarts(wanted))
		return say(CAN_LINK_RESTART, text, "%.15s %s", interface, words);
	return say(
	    CAN_LINK_DOWN, text,
	    "%.15s %s; it stays so (restart-ms is 0) until it is set down and up again: `ip link set %.15s down`, "
	    "`ip link set %.15s up`",
	    interface, words, interface, interface);
}

static enum can_link_verdict decide_running(const char *interface, const struct can_link_info *info,
					    const struct can_link_wanted *wanted, char *text)
{
	char command[160];

	can_link_command(interface, wanted, command, sizeof(command));
	if (info->mode & (CAN_CTRLMODE_LISTENONLY | CAN_CTRLMODE_LOOPBACK))
		return say(CAN_LINK_REFUSED, text,
			   "%.15s is in %s mode, in which nothing is sent: `ip link set %.15s down type can "
			   "listen-only off loopback off`, then up again",
			   interface, info->mode & CAN_CTRLMODE_LISTENONLY ? "listen-only" : "loopback", interface);
	if (wanted->bitrate && info->bitrate && !same_rate(info->bitrate, wanted->bitrate))
		return say(
		    CAN_LINK_REFUSED, text,
		    "%.15s is up at %u bit/s, %u is wanted, and a frame at the wrong rate disturbs every station: "
		    "give that rate if the bus runs at %u, else `ip link set %.15s down` and `%s`",
		    interface, info->bitrate, wanted->bitrate, info->bitrate, interface, command);
	if (wanted->sample_point && info->sample_point && !same_point(info->sample_point, wanted->sample_point))
		return say(CAN_LINK_REFUSED, text,
			   "%.15s samples at 0.%03u of a bit, 0.%03u is wanted: give a sample_point that its clock can "
			   "do, or `ip link set %.15s down` and `%s`",
			   interface, info->sample_point, wanted->sample_point, interface, command);
	if (wanted->fd && decide_fd(interface, info, wanted, text) != CAN_LINK_USABLE)
		return CAN_LINK_REFUSED;
	if (info->state == CAN_BUS_OFF)
		return decide_bus_off(interface, info, wanted, text);
	if (wanted->bitrate && !info->bitrate)
		return say(
		    CAN_LINK_USABLE, text,
		    "the bit rate of %.15s is known to its adapter alone: whether it is %u bit/s was not checked",
		    interface, wanted->bitrate);
	if (wanted->has_restart_ms && info->restart_ms != wanted->restart_ms &&
	    !(restarts(wanted) && !info->restart_ms))
		return say(
		    CAN_LINK_USABLE, text,
		    "%.15s comes back from bus-off after %u ms (0: never), %u is wanted: `ip link set %.15s down` "
		    "and `%s`",
		    interface, info->restart_ms, wanted->restart_ms, interface, command);
	return CAN_LINK_USABLE;
}

enum can_link_verdict can_link_decide(const char *interface, const struct can_link_info *info,
				      const struct can_link_wanted *wanted, char text[CAN_LINK_TEXT_BYTES])
{
	char command[160];

	text[0] = '\0';
	if (!info->can)
		return say(CAN_LINK_REFUSED, text, "%.15s is no CAN interface", interface);
	/* what a controller carries is said by its mode */
	if (!info->controller && wanted->fd && info->mtu < CANFD_MTU)
		return say(CAN_LINK_REFUSED, text,
			   "%.15s carries no CAN FD frames, which are wanted: `ip link set %.15s down` and "
			   "`ip link set %.15s mtu %u up`",
			   interface, interface, interface, (unsigned)CANFD_MTU);
	if (info->up)
		return info->controller ? decide_running(interface, info, wanted, text) : CAN_LINK_USABLE;
	if (!wanted->bring_up) {
		can_link_command(interface, wanted, command, sizeof(command));
		if (info->controller)
			return say(CAN_LINK_DOWN, text,
				   "%.15s is down: `%s`, or have it brought up (bring_up: true, --bring-up)", interface,
				   command);
		return say(CAN_LINK_DOWN, text, "%.15s is down: `ip link set %.15s up`", interface, interface);
	}
	/* the data phase is set by others alone, before it is brought up */
	if (info->controller && wanted->fd && decide_fd(interface, info, wanted, text) != CAN_LINK_USABLE)
		return CAN_LINK_REFUSED;
	return CAN_LINK_START;
}
