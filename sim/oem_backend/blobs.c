#include "sim/oem_backend/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/oem_backend/words.h"

#define COPY_BYTES (256u * 1024u)

static void blob_path(char *out, size_t cap, const char *dir, const uint8_t sha256[32])
{
	char hex[HEX_BYTES];

	snprintf(out, cap, "%s/%s", dir, hex_of(sha256, hex));
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

static int copy(int from, int to, struct blob_ref *ref)
{
	uint8_t *buf = malloc(COPY_BYTES);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	int error = buf && hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;

	ref->length = 0;
	while (!error) {
		ssize_t n = read(from, buf, COPY_BYTES);

		if (n == 0)
			break;
		if (n < 0) {
			error = errno == EINTR ? 0 : -errno;
			continue;
		}
		if (EVP_DigestUpdate(hash, buf, (size_t)n) != 1)
			error = -ENOMEM;
		else
			error = write_all(to, buf, (size_t)n);
		ref->length += (uint64_t)n;
	}
	if (!error && EVP_DigestFinal_ex(hash, ref->sha256, NULL) != 1)
		error = -ENOMEM;
	if (!error && fsync(to) != 0)
		error = -errno;
	EVP_MD_CTX_free(hash);
	free(buf);
	return error;
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

int blobs_add_file(const char *dir, const char *path, struct blob_ref *ref, char error[256])
{
	char partial[4096], final[4096];
	struct blob_ref made;
	struct stat stat;
	int from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0 || fstat(from, &stat) != 0 || !S_ISREG(stat.st_mode) || stat.st_size == 0) {
		int why = from < 0 ? -errno : -EINVAL;

		snprintf(error, 256, "cannot add %s: %s", path,
			 from < 0                ? strerror(-why)
			 : S_ISREG(stat.st_mode) ? "the file is empty"
						 : "not a regular file");
		if (from >= 0)
			close(from);
		return why;
	}
	snprintf(partial, sizeof partial, "%s/.partial-XXXXXX", dir);
	int to = mkostemp(partial, O_CLOEXEC);
	int status = to < 0 ? -errno : copy(from, to, &made);

	close(from);
	if (!status) {
		blob_path(final, sizeof final, dir, made.sha256);
		if (fchmod(to, 0444) != 0 || rename(partial, final) != 0)
			status = -errno;
		else
			status = sync_dir(dir);
	}
	if (to >= 0)
		close(to);
	if (status) {
		if (to >= 0)
			unlink(partial);
		snprintf(error, 256, "cannot store %s in %s: %s", path, dir, strerror(-status));
		return status;
	}
	*ref = made;
	return 0;
}

int blobs_open(const char *dir, const uint8_t sha256[32], uint64_t *length)
{
	char path[4096];
	struct stat stat;

	blob_path(path, sizeof path, dir, sha256);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) != 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	*length = (uint64_t)stat.st_size;
	return fd;
}

bool blobs_has(const char *dir, const uint8_t sha256[32], uint64_t length)
{
	uint64_t held = 0;
	int fd = blobs_open(dir, sha256, &held);

	if (fd < 0)
		return false;
	close(fd);
	return held == length;
}

int blobs_read(const char *dir, const uint8_t sha256[32], size_t max, uint8_t **bytes, size_t *n)
{
	uint64_t length = 0;
	int fd = blobs_open(dir, sha256, &length);

	if (fd < 0)
		return fd;
	if (length > max) {
		close(fd);
		return -EFBIG;
	}
	uint8_t *buf = malloc(length ? length : 1);
	ssize_t got = buf ? pread(fd, buf, length, 0) : -1;
	int error = !buf ? -ENOMEM : got < 0 ? -errno : (uint64_t)got != length ? -EIO : 0;

	close(fd);
	if (error) {
		free(buf);
		return error;
	}
	*bytes = buf;
	*n = length;
	return 0;
}
