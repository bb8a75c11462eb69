/* zone_load - see zone_load.h. */
#include "gatewayd/io/zone_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Return: how many bytes, or -errno */
static ssize_t read_file(const char *path, uint8_t *bytes, size_t n)
{
	/* the file may be a pipe that nobody writes to */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	size_t held = 0;
	ssize_t r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	while (held < n && (r = read(fd, bytes + held, n - held)) > 0)
		held += (size_t)r;
	r = r < 0 ? -errno : (ssize_t)held;
	close(fd);
	return r;
}

int zone_load(const char *dir, const char *name, struct zone *zone, char *text, size_t n_text)
{
	char path[600];
	uint8_t *bytes;
	ssize_t n;
	bool good;

	memset(zone, 0, sizeof(*zone));
	if (!zone_name_valid(name)) {
		snprintf(text, n_text, "'%.64s' is no name of a time zone", name);
		return 1;
	}
	if (strcmp(name, "UTC") == 0) {
		zone_utc(zone);
		return 0;
	}
	bytes = malloc(ZONE_LOAD_MAX_BYTES);
	snprintf(path, sizeof(path), "%.500s/%s", dir, name);
	n = bytes ? read_file(path, bytes, ZONE_LOAD_MAX_BYTES) : -ENOMEM;
	if (n < 0) {
		snprintf(text, n_text, "time zone '%s': cannot read %.120s: %s", name, path, strerror((int)-n));
		free(bytes);
		return 1;
	}
	good = zone_parse(zone, bytes, (size_t)n);
	free(bytes);
	if (good)
		return 0;
	snprintf(text, n_text,
		 "time zone '%s': %.120s is not a time zone file that can be used (TZif version 2 or later)", name,
		 path);
	return 1;
}
