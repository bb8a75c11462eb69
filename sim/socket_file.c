#include "sim/socket_file.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int socket_file_clear(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	/* a file without a listener refuses connections as a dead socket does */
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
	close(fd);
	if (error == ECONNREFUSED)
		return unlink(path) == 0 ? 0 : -errno;
	return error == EACCES ? -EACCES : -EADDRINUSE; /* listeners of another type and busy ones are listeners too */
}

const char *socket_file_words(int error)
{
	switch (error) {
	case -EEXIST:
		return "something is there that is no socket; move it away, or give another path";
	case -EADDRINUSE:
		return "a running program listens there; stop it, or give another path";
	case -ENAMETOOLONG:
		return "the path is too long for a socket, whose limit is 107 bytes; give a shorter one";
	default:
		return strerror(-error);
	}
}
