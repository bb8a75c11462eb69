#include "gatewayd/io/blob_store_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proto/crypto.h"

#define DIGEST_HEX_BYTES 64u

static void hex_of(const uint8_t sha256[32], char out[DIGEST_HEX_BYTES + 1])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", sha256[i]);
}

static void path_in(const char *folder, const uint8_t sha256[32], char *path, size_t n)
{
	char hex[DIGEST_HEX_BYTES + 1];

	hex_of(sha256, hex);
	snprintf(path, n, "%s/%s", folder, hex);
}

static int make_folder(const char *path, char *text, size_t n_text)
{
	int error;

	if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return 0;
	error = errno;
	snprintf(text, n_text, "cannot make %s: %s", path, strerror(error));
	return -error;
}

int blob_store_open(uv_loop_t *loop, const char *state_dir, struct blob_store **store, char *text, size_t n_text)
{
	struct blob_store *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return -ENOMEM;
	self->loop = loop;
	snprintf(self->images, sizeof(self->images), "%s/images", state_dir);
	snprintf(self->partial, sizeof(self->partial), "%s/partial", state_dir);
	if ((r = make_folder(state_dir, text, n_text)) || (r = make_folder(self->images, text, n_text)) ||
	    (r = make_folder(self->partial, text, n_text))) {
		free(self);
		return r;
	}
	*store = self;
	return 0;
}

void blob_store_close(struct blob_store *self)
{
	free(self);
}

void blob_store_path(const struct blob_store *self, const uint8_t sha256[32], char *path, size_t n)
{
	path_in(self->images, sha256, path, n);
}

void blob_partial_path(const struct blob_store *self, const uint8_t sha256[32], char *path, size_t n)
{
	path_in(self->partial, sha256, path, n);
}

bool blob_store_has(const struct blob_store *self, const struct file_ref *file)
{
	char path[BLOB_PATH_BYTES];
	struct stat st;

	blob_store_path(self, file->sha256, path, sizeof(path));
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == file->length;
}

uint64_t blob_store_held(const struct blob_store *self, const struct file_ref *file)
{
	char path[BLOB_PATH_BYTES];
	struct stat st;

	if (blob_store_has(self, file))
		return file->length;
	blob_partial_path(self, file->sha256, path, sizeof(path));
	if (stat(path, &st) < 0 || (uint64_t)st.st_size > file->length)
		return 0;
	return (uint64_t)st.st_size;
}

uint64_t blob_store_free_bytes(const struct blob_store *self)
{
	struct statvfs vfs;

	if (statvfs(self->images, &vfs) < 0)
		return 0;
	return (uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize;
}

/* Return: false if the name is not that of a digest */
static bool parse_digest(const char *name, uint8_t sha256[32])
{
	if (strlen(name) != DIGEST_HEX_BYTES || strspn(name, "0123456789abcdef") != DIGEST_HEX_BYTES)
		return false;
	for (size_t i = 0; i < 32; i++) {
		char pair[3] = {name[2 * i], name[2 * i + 1], '\0'};

		sha256[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

static void sweep_folder(const char *folder, bool (*keep)(void *owner, const uint8_t sha256[32]), void *owner)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	uint8_t sha256[32];

	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (parse_digest(entry->d_name, sha256) && !keep(owner, sha256))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

void blob_store_sweep(struct blob_store *self, bool (*keep)(void *owner, const uint8_t sha256[32]), void *owner)
{
	sweep_folder(self->images, keep, owner);
	sweep_folder(self->partial, keep, owner);
}

static int read_all(int fd, uint8_t *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, bytes + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		done += (size_t)r;
	}
	return 0;
}

void blob_store_drop(const struct blob_store *self, const uint8_t sha256[32])
{
	char path[BLOB_PATH_BYTES];

	blob_store_path(self, sha256, path, sizeof(path));
	unlink(path);
}

int blob_store_read(const struct blob_store *self, const uint8_t sha256[32], size_t max, uint8_t **bytes, size_t *n)
{
	char path[BLOB_PATH_BYTES];
	uint8_t digest[32];
	uint8_t *buf = NULL;
	struct stat st;
	int fd, r = 0;

	blob_store_path(self, sha256, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if ((uint64_t)st.st_size > max)
		r = -EFBIG;
	if (r == 0) {
		buf = malloc((size_t)st.st_size + 1);
		r = buf ? read_all(fd, buf, (size_t)st.st_size) : -ENOMEM;
	}
	close(fd);
	if (r == 0) {
		/* it may have changed on the disk since it got its name */
		crypto_sha256(buf, (size_t)st.st_size, digest);
		if (memcmp(digest, sha256, sizeof(digest)) != 0) {
			blob_store_drop(self, sha256);
			r = -EBADMSG;
		}
	}
	if (r < 0) {
		free(buf);
		return r;
	}
	*bytes = buf;
	*n = (size_t)st.st_size;
	return 0;
}
