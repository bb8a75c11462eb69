#include "tests/vm/kernel_socket.h"

#include <linux/can/isotp.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_PAD    0x55u
#define LONGEST_TRIED 70000u

static bool set(int fd, int name, const void *value, size_t n)
{
	return setsockopt(fd, SOL_CAN_ISOTP, name, value, (socklen_t)n) == 0;
}

static bool set_up(int fd, const struct pair_config *config)
{
	struct can_isotp_options options = {
	    .flags = CAN_ISOTP_CHK_PAD_LEN, /* without a byte of padding: frames are not longer than what they hold */
	    .frame_txtime = CAN_ISOTP_FRAME_TXTIME_ZERO,
	    .ext_address = KERNEL_SOCKET_AE,
	    .rx_ext_address = KERNEL_SOCKET_OUR_AE,
	    .txpad_content = KERNEL_PAD,
	    .rxpad_content = config->wrong_padding ? KERNEL_PAD : KERNEL_SOCKET_OUR_PAD,
	};
	const struct can_isotp_fc_options flow = {.bs = config->kernel_block_size, .stmin = config->kernel_st_min};
	const struct can_isotp_ll_options layer = {
	    .mtu = config->fd ? CANFD_MTU : CAN_MTU,
	    .tx_dl = config->kernel_dl ? config->kernel_dl
		     : config->fd      ? 64
				       : 8,
	    .tx_flags = config->fd ? CANFD_BRS : 0,
	};

	if (!config->unpadded)
		options.flags |= CAN_ISOTP_TX_PADDING | CAN_ISOTP_RX_PADDING | CAN_ISOTP_CHK_PAD_DATA;
	if (config->addressing == ISOTP_EXTENDED || config->addressing == ISOTP_MIXED)
		options.flags |= CAN_ISOTP_EXTEND_ADDR | CAN_ISOTP_RX_EXT_ADDR;
	if (config->kernel_waits)
		options.flags |= CAN_ISOTP_WAIT_TX_DONE;
	return set(fd, CAN_ISOTP_OPTS, &options, sizeof(options)) && set(fd, CAN_ISOTP_RECV_FC, &flow, sizeof(flow)) &&
	       set(fd, CAN_ISOTP_LL_OPTS, &layer, sizeof(layer));
}

int kernel_socket_open(const char *interface, const struct pair_config *config, const struct isotp_address *ours)
{
	const uint32_t extended = ours->extended_id ? CAN_EFF_FLAG : 0;
	struct sockaddr_can to = {.can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(interface)};
	const int fd = socket(PF_CAN, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, CAN_ISOTP);

	to.can_addr.tp.rx_id = ours->tx_id | extended;
	to.can_addr.tp.tx_id = ours->rx_id | extended;
	if (fd >= 0 && set_up(fd, config) && bind(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

size_t kernel_socket_longest(const char *interface)
{
	static const uint8_t bytes[LONGEST_TRIED];
	const struct isotp_address nobody = {.tx_id = 0x7f0, .rx_id = 0x7f1};
	const int fd = kernel_socket_open(interface, &(struct pair_config){0}, &nobody);
	size_t n = LONGEST_TRIED;

	while (n > 0 && write(fd, bytes, n) != (ssize_t)n)
		n--;
	close(fd);
	return n;
}
