#include "sim/oem_backend/ctl/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX_BYTES (64u * 1024u * 1024u)

static int open_socket(const char *path, char error[512])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		snprintf(error, 512, "the control socket's path is too long: %s", path);
		if (fd >= 0)
			close(fd);
		return -ENAMETOOLONG;
	}
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	int why = -errno;
	snprintf(error, 512,
		 "the backend is not reachable at %s: %s; is oem-backend running, with this control socket?", path,
		 strerror(-why));
	if (fd >= 0)
		close(fd);
	return why;
}

static int send_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		text += sent;
		n -= (size_t)sent;
	}
	return 0;
}

static int receive_all(int fd, char **answer)
{
	size_t n = 0, cap = 0;
	char *buf = NULL;
	ssize_t got;

	do {
		if (cap - n < 4096) {
			char *more = cap < ANSWER_MAX_BYTES ? realloc(buf, cap * 2 + 8192) : NULL;

			if (!more) {
				free(buf);
				return -ENOMEM;
			}
			buf = more;
			cap = cap * 2 + 8192;
		}
		got = recv(fd, buf + n, cap - n - 1, 0);
		if (got > 0)
			n += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0 || n == 0 || buf[n - 1] != '\n') {
		int why = got < 0 ? -errno : -EPIPE;

		free(buf);
		return why;
	}
	buf[n - 1] = '\0';
	*answer = buf;
	return 0;
}

int talk(const char *path, struct json *request, char **answer, char error[512])
{
	const char *text = json_text(request);
	int fd = text ? open_socket(path, error) : -ENOMEM;
	int status = fd < 0 ? fd : 0;

	if (!status) {
		status = send_all(fd, text, strlen(text));
		if (!status)
			status = send_all(fd, "\n", 1);
		if (!status)
			status = receive_all(fd, answer);
		if (status)
			snprintf(error, 512, "the backend at %s went away during the request: %s", path,
				 strerror(-status));
		close(fd);
	}
	json_deinit(request);
	return status;
}

double talk_clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void talk_pause(double began_s)
{
	const double waited_s = talk_clock_s() - began_s;
	const long ms = waited_s < 1 ? 100 : waited_s < 10 ? (long)(waited_s * 100) : 1000;

	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}
