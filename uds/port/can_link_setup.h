/*
 * can_link_setup - the real interface: read over rtnetlink, and where the configuration asks for it set and brought up
 * with libsocketcan. Blocks for as long as the kernel takes, some milliseconds.
 */
#ifndef UDS_PORT_CAN_LINK_SETUP_H
#define UDS_PORT_CAN_LINK_SETUP_H

#include "uds/port/can_link.h"
#include "uds/port/can_recovery.h"

/* Return: 0 or -errno (-ENODEV no such interface); @info is untouched on failure */
int can_link_read(const char *interface, struct can_link_info *info);

/**
 * can_link_setup() - the interface as wanted, or why not
 * @recovery: of this interface, from call to call; where it is bus-off and CAN_LINK_RESTART, this says when it is set
 *            down and up again
 * @info: what it is now; set on success
 * @text: words for people; on success "" or what is not as wanted and no danger
 *
 * An interface that is up is never changed, but for that restart. One that was brought up and then is not as wanted is
 * taken down again.
 * Return: 0; -ENODEV; -ENETDOWN it is down or bus-off; -EINVAL it is not as wanted; -EPERM bringing it up needs
 * CAP_NET_ADMIN; -EIO the driver refused the settings, or another -errno.
 */
int can_link_setup(const char *interface, const struct can_link_wanted *wanted, struct can_recovery *recovery,
		   uint64_t now_us, struct can_link_info *info, char text[CAN_LINK_TEXT_BYTES]);

#endif
