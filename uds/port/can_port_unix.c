#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "uds/port/can_port_io.h"

/* Each packet costs 768 bytes of it: 66 frames, more than any window, so that a batch goes out in one call. More would
 * be frames that have left our queue but not our hands, and the default holds 278 of them. */
#define SEND_BUFFER_BYTES 24576
#define ASK_FOR_ECHOES    0x01
#define ASK_FOR_ERRORS    0x02
#define ECHO_BYTE         6 /* __res0 of struct can_frame: 1 marks the echo of a frame of ours */

static bool is_echo(const uint8_t *wire, int msg_flags)
{
	(void)msg_flags;
	return wire[ECHO_BYTE] == 1;
}

static const struct can_port_kind unix_kind = {.is_echo = is_echo, .strict_packets = true};

int can_port_unix_open(uv_loop_t *loop, const char *path, const struct can_port_callbacks *callbacks,
		       struct can_port **port)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const uint8_t ask[] = {ASK_FOR_ECHOES | ASK_FOR_ERRORS};
	int send_buffer = SEND_BUFFER_BYTES;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* without it the bus works too, only with more frames on their way */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    send(fd, ask, sizeof(ask), MSG_NOSIGNAL) != (ssize_t)sizeof(ask)) {
		int error = errno;

		close(fd);
		return -error;
	}
	return can_port_io_new(loop, fd, &unix_kind, callbacks, port);
}
