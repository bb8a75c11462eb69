#include "ecu-flash/cli/out_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* with the rights that a new file would have had */
static int open_temporary(struct out_file *self)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&self->temporary, "%s.XXXXXX", self->path) < 0) {
		self->temporary = NULL;
		return -ENOMEM;
	}
	fd = mkstemp(self->temporary);
	if (fd < 0)
		return -errno;
	fchmod(fd, 0666 & ~mask);
	self->stream = fdopen(fd, "wb");
	if (self->stream)
		return 0;
	close(fd);
	unlink(self->temporary);
	return -ENOMEM;
}

int out_file_open(struct out_file *self, const char *path)
{
	struct stat st;
	int r = 0;

	*self = (struct out_file){.path = path};
	if (strcmp(path, "-") == 0) {
		self->stream = stdout;
	} else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		self->stream = fopen(path, "wbe");
		r = self->stream ? 0 : -errno;
	} else {
		r = open_temporary(self);
	}
	if (r) {
		free(self->temporary);
		self->temporary = NULL;
	}
	return r;
}

int out_file_commit(struct out_file *self)
{
	bool failed = ferror(self->stream) || fflush(self->stream);
	int error = failed ? (errno ? errno : EIO) : 0;

	if (self->stream != stdout && fclose(self->stream) && !error)
		error = errno;
	self->stream = NULL;
	if (self->temporary && !error && rename(self->temporary, self->path))
		error = errno;
	if (self->temporary && error)
		unlink(self->temporary);
	free(self->temporary);
	self->temporary = NULL;
	return -error;
}

void out_file_discard(struct out_file *self)
{
	if (self->stream && self->stream != stdout)
		fclose(self->stream);
	if (self->temporary)
		unlink(self->temporary);
	free(self->temporary);
	*self = (struct out_file){0};
}
