/*
 * can_link - a CAN interface as the kernel describes it over rtnetlink, held against what the configuration wants.
 *
 * Pure: bytes in, values and words out. can_link_setup reads, and sets, the real one.
 */
#ifndef UDS_PORT_CAN_LINK_H
#define UDS_PORT_CAN_LINK_H

#include "uds/can_error.h"

#define CAN_LINK_TEXT_BYTES 400u

struct can_link_info {
	int index;
	bool up;         /* administratively */
	bool can;        /* a CAN interface at all */
	bool controller; /* it has bit timing and a state; false: vcan, vxcan */
	uint32_t mtu;
	uint32_t bitrate;      /* bit/s; 0 = not set, or known to the adapter alone */
	uint16_t sample_point; /* 1/1000 of a bit; 0 as above */
	uint32_t data_bitrate; /* of the CAN FD data phase, bit/s; 0 = not set */
	uint32_t mode;         /* CAN_CTRLMODE_* of linux/can/netlink.h */
	uint32_t restart_ms;   /* from bus-off to the next attempt; 0 = never by itself */
	enum can_bus_state state;
	uint16_t tx_errors, rx_errors;
};

/* All zero: the interface is used as it is, and must be up. */
struct can_link_wanted {
	uint32_t bitrate;      /* bit/s; 0 = any */
	uint16_t sample_point; /* 1/1000 of a bit; 0 = any */
	uint32_t data_bitrate; /* bit/s, with @fd; 0 = any */
	bool fd;               /* CAN FD frames are to be carried */
	bool bring_up;         /* set and brought up if it is down: needs @bitrate on a controller, and CAP_NET_ADMIN */
	bool has_restart_ms;
	uint32_t restart_ms; /* 0: what is bus-off stays so, with @bring_up too */
};

enum can_link_verdict {
	CAN_LINK_USABLE,  /* up and as wanted; with a text: but for something that is no danger */
	CAN_LINK_START,   /* down, and to be set and brought up */
	CAN_LINK_DOWN,    /* down, or bus-off: may change by itself */
	CAN_LINK_RESTART, /* bus-off, and to be set down and up again by us, after a pause */
	CAN_LINK_REFUSED, /* not as wanted: using it would disturb the bus, or not work */
};

/**
 * can_link_parse() - the kernel's answer to RTM_GETLINK
 * @bytes: one datagram from the netlink socket; its first message is looked at. Any bytes are safe.
 * @info: untouched on failure
 *
 * Return: 0, the -errno that the kernel answered, or -EBADMSG.
 */
int can_link_parse(const uint8_t *bytes, size_t n, struct can_link_info *info);

/**
 * can_link_decide() - whether an interface may be used, and if not, why and what to do
 * @text: words for people, "" if there is nothing to say
 *
 * A bit rate counts as the same within 0.5 %, which is what a clock divider may miss; a sample point within 3 %.
 */
enum can_link_verdict can_link_decide(const char *interface, const struct can_link_info *info,
				      const struct can_link_wanted *wanted, char text[CAN_LINK_TEXT_BYTES]);

/* "ip link set can0 up type can bitrate 500000 …": how a person would bring it up as wanted */
void can_link_command(const char *interface, const struct can_link_wanted *wanted, char *out, size_t n_out);

#endif
