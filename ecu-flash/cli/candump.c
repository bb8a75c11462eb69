#include "ecu-flash/cli/candump.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ERROR_FRAME_BIT 0x20000000u /* as Linux writes it into the identifier */

/* a simulated bus is called as its socket is, so far as candump's readers take such a name */
static void name_bus(struct candump *self, const char *bus)
{
	const char *name = strncmp(bus, "unix:", 5) == 0 ? bus + 5 : bus;
	const char *slash = strrchr(name, '/');
	size_t n = 0;

	for (name = slash ? slash + 1 : name; *name && n < sizeof self->name - 1; name++)
		self->name[n++] = *name > ' ' && *name < 0x7f ? *name : '_';
	if (!n)
		self->name[n++] = '-';
	self->name[n] = '\0';
}

int candump_take_stdout(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	return fd;
}

int candump_open(struct candump *self, const char *path, int fd, bool append, const char *bus)
{
	int own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	*self = (struct candump){.out = fd >= 0 ? fdopen(own, "w") : fopen(path, append ? "ae" : "we")};
	name_bus(self, bus);
	return self->out ? 0 : -errno;
}

void candump_frame(struct candump *self, const struct can_msg *msg)
{
	bool wide = msg->flags & (CAN_MSG_EXTENDED | CAN_MSG_ERROR);
	uint32_t id = msg->id | (msg->flags & CAN_MSG_ERROR ? ERROR_FRAME_BIT : 0);
	struct timespec now;

	if (!self->out)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(self->out, "(%010lld.%06ld) %s %0*" PRIX32 "#", (long long)now.tv_sec, now.tv_nsec / 1000, self->name,
		wide ? 8 : 3, id);
	if (msg->flags & CAN_MSG_FD)
		fprintf(self->out, "#%d", (msg->flags & CAN_MSG_BRS ? 1 : 0) + (msg->flags & CAN_MSG_ESI ? 2 : 0));
	if (msg->flags & CAN_MSG_RTR)
		fprintf(self->out, "R%.*s", msg->len ? 1 : 0, &"012345678"[msg->len]);
	else
		for (uint8_t i = 0; i < msg->len; i++)
			fprintf(self->out, "%02X", msg->data[i]);
	fputc('\n', self->out);
}

int candump_close(struct candump *self)
{
	FILE *out = self->out;
	int error = 0;

	self->out = NULL;
	if (!out)
		return 0;
	if (ferror(out) || fflush(out))
		error = errno ? errno : EIO;
	if (fclose(out) && !error)
		error = errno;
	return -error;
}
