#include "sim/simbus_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES 65536u
#define ERROR_FLAG   0x20000000u /* of the identifier on PF_CAN */

struct simbus_log {
	const char *path;
	int fd; /* -1 before it is opened */
	bool live;
	int error; /* the first one */
	size_t n;
	char buffer[BUFFER_BYTES];
};

static size_t hex_digits(char *out, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	return 2 * n;
}

size_t simbus_log_format(char out[SIMBUS_LOG_LINE], const char *name, uint64_t unix_us, const struct can_msg *msg)
{
	const bool error = (msg->flags & CAN_MSG_ERROR) != 0;
	const int width = error || msg->flags & CAN_MSG_EXTENDED ? 8 : 3;
	size_t n = (size_t)snprintf(out, SIMBUS_LOG_LINE, "(%010llu.%06u) %.16s %0*X#",
				    (unsigned long long)(unix_us / 1000000), (unsigned)(unix_us % 1000000), name, width,
				    (unsigned)(msg->id | (error ? ERROR_FLAG : 0)));

	if (msg->flags & CAN_MSG_RTR) {
		out[n++] = 'R';
		if (msg->len > 0)
			out[n++] = (char)('0' + msg->len);
	} else {
		if (msg->flags & CAN_MSG_FD) {
			out[n++] = '#';
			out[n++] =
			    (char)('0' + (msg->flags & CAN_MSG_BRS ? 1 : 0) + (msg->flags & CAN_MSG_ESI ? 2 : 0));
		}
		n += hex_digits(out + n, msg->data, msg->len);
	}
	out[n++] = '\n';
	out[n] = '\0';
	return n;
}

int simbus_log_new(const char *path, struct simbus_log **log)
{
	struct simbus_log *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->path = path;
	self->fd = -1;
	self->live = strcmp(path, "-") == 0;
	*log = self;
	return 0;
}

int simbus_log_open(struct simbus_log *self)
{
	self->fd = self->live ? STDOUT_FILENO : open(self->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return self->fd < 0 ? -errno : 0;
}

int simbus_log_flush(struct simbus_log *self)
{
	size_t written = 0;

	while (written < self->n && self->error == 0) {
		ssize_t n = write(self->fd, self->buffer + written, self->n - written);

		if (n >= 0)
			written += (size_t)n;
		else if (errno != EINTR)
			self->error = -errno;
	}
	self->n = 0;
	return self->error;
}

void simbus_log_frame(struct simbus_log *self, const char *name, uint64_t unix_us, const struct can_msg *msg)
{
	if (BUFFER_BYTES - self->n < SIMBUS_LOG_LINE)
		simbus_log_flush(self);
	self->n += simbus_log_format(self->buffer + self->n, name, unix_us, msg);
}

void simbus_log_batch(struct simbus_log *self)
{
	if (self->live && self->n > 0)
		simbus_log_flush(self);
}

int simbus_log_free(struct simbus_log *self)
{
	if (!self)
		return 0;
	int r = simbus_log_flush(self);
	if (!self->live && self->fd >= 0 && close(self->fd) != 0 && r == 0)
		r = -errno;
	free(self);
	return r;
}
