#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gatewayd/io/blob_store_priv.h"

#define SYNC_EVERY_BYTES (8u * 1024u * 1024u)
#define READ_BYTES       (256u * 1024u)

/* what the thread pool is doing; one piece of work at a time, so that bytes stay in order */
enum job { JOB_HASH_OLD, JOB_WRITE, JOB_FINISH };

struct blob_writer {
	struct blob_store *store;
	struct file_ref file;
	struct blob_writer_callbacks callbacks;
	uv_work_t work;
	enum job job;
	bool working;
	bool closed;
	bool told_high;
	bool ready; /* on_ready was called */
	bool over;  /* on_done was called */
	int fd;
	EVP_MD_CTX *hash;
	uint64_t received; /* hashed so far, in order */
	uint64_t unsynced;
	uint8_t *waiting; /* received, not yet handed to the pool */
	size_t n_waiting;
	size_t cap_waiting;
	uint8_t *writing;
	size_t n_writing;
	int error;     /* -errno of the pool's work */
	unsigned code; /* of JOB_FINISH */
	char text[GATEWAY_TEXT_BYTES];
};

static void release(struct blob_writer *self)
{
	if (self->fd >= 0)
		close(self->fd);
	EVP_MD_CTX_free(self->hash);
	free(self->waiting);
	free(self->writing);
	free(self);
}

/* --- in the thread pool */

static int hash_old(struct blob_writer *self)
{
	uint8_t *buf = malloc(READ_BYTES);
	int r = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(self->fd, buf, READ_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno;
		if (n <= 0)
			break;
		EVP_DigestUpdate(self->hash, buf, (size_t)n);
		self->received += (uint64_t)n;
	}
	free(buf);
	return r;
}

static int write_out(struct blob_writer *self)
{
	size_t done = 0;

	while (done < self->n_writing) {
		ssize_t n = write(self->fd, self->writing + done, self->n_writing - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	self->unsynced += done;
	if (self->unsynced >= SYNC_EVERY_BYTES) {
		self->unsynced = 0;
		if (fdatasync(self->fd) < 0)
			return -errno;
	}
	return 0;
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* a writer that was closed while it finished has given the file its name before this one, which resumed it, could */
static bool is_same_file(int fd, const char *path)
{
	int error = errno;
	struct stat ours, other;
	bool same = fstat(fd, &ours) == 0 && stat(path, &other) == 0 && ours.st_dev == other.st_dev &&
		    ours.st_ino == other.st_ino;

	errno = error; /* of the rename */
	return same;
}

static int finish(struct blob_writer *self)
{
	char partial[BLOB_PATH_BYTES], final[BLOB_PATH_BYTES];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	blob_partial_path(self->store, self->file.sha256, partial, sizeof(partial));
	blob_store_path(self->store, self->file.sha256, final, sizeof(final));
	EVP_DigestFinal_ex(self->hash, digest, &n);
	if (n != 32 || memcmp(digest, self->file.sha256, 32) != 0) {
		unlink(partial);
		self->code = GATEWAY_CODE_DIGEST_MISMATCH;
		snprintf(self->text, sizeof(self->text),
			 "the file's digest is not the one that was signed; fetched bytes dropped");
		return 0;
	}
	/* verified and durable before it gets its name; the name durable before anyone hears of it */
	if (fsync(self->fd) < 0 || (rename(partial, final) < 0 && !is_same_file(self->fd, final)))
		return -errno;
	return sync_folder(self->store->images);
}

static void on_work(uv_work_t *work)
{
	struct blob_writer *self = work->data;

	switch (self->job) {
	case JOB_HASH_OLD:
		self->error = hash_old(self);
		return;
	case JOB_WRITE:
		self->error = write_out(self);
		return;
	case JOB_FINISH:
		self->error = finish(self);
		return;
	}
}

/* --- on the loop */

static void on_after_work(uv_work_t *work, int status);

static void queue(struct blob_writer *self, enum job job)
{
	self->job = job;
	self->working = true;
	self->work.data = self;
	if (uv_queue_work(self->store->loop, &self->work, on_work, on_after_work) < 0)
		abort(); /* libuv refuses only a NULL callback */
}

static void next_job(struct blob_writer *self)
{
	if (self->working)
		return;
	if (self->n_waiting > 0) {
		free(self->writing);
		self->writing = self->waiting;
		self->n_writing = self->n_waiting;
		self->waiting = NULL;
		self->n_waiting = 0;
		self->cap_waiting = 0;
		queue(self, JOB_WRITE);
	} else if (self->received == self->file.length) {
		queue(self, JOB_FINISH);
	}
}

static void done(struct blob_writer *self, unsigned code, const char *text)
{
	self->over = true;
	self->callbacks.on_done(self->callbacks.owner, code, text);
}

static void on_after_work(uv_work_t *work, int status)
{
	struct blob_writer *self = work->data;
	bool drained;

	(void)status;
	self->working = false;
	if (self->closed) {
		release(self);
		return;
	}
	if (self->error < 0) {
		snprintf(self->text, sizeof(self->text), "%.100s: %s", self->store->partial, strerror(-self->error));
		done(self, self->error == -ENOSPC ? GATEWAY_CODE_NO_SPACE : GATEWAY_CODE_IO_ERROR, self->text);
		return;
	}
	if (self->job == JOB_FINISH) {
		done(self, self->code, self->text);
		return;
	}
	if (self->job == JOB_HASH_OLD) {
		uint64_t offset = self->received;

		self->ready = true;
		next_job(self); /* all of it may have been there */
		self->callbacks.on_ready(self->callbacks.owner, offset);
		return;
	}
	self->n_writing = 0;
	drained = self->told_high && self->n_waiting < BLOB_WRITER_HIGH_BYTES / 4;
	if (drained)
		self->told_high = false;
	next_job(self);
	if (drained)
		self->callbacks.on_drain(self->callbacks.owner);
}

int blob_writer_new(struct blob_store *store, const struct file_ref *file,
		    const struct blob_writer_callbacks *callbacks, struct blob_writer **writer)
{
	struct blob_writer *self = calloc(1, sizeof(*self));
	char path[BLOB_PATH_BYTES];
	struct stat st;
	int r = -ENOMEM;

	if (!self)
		return -ENOMEM;
	self->fd = -1;
	self->store = store;
	self->file = *file;
	self->callbacks = *callbacks;
	self->hash = EVP_MD_CTX_new();
	if (!self->hash || EVP_DigestInit_ex(self->hash, EVP_sha256(), NULL) != 1)
		goto fail;
	blob_partial_path(store, file->sha256, path, sizeof(path));
	self->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (self->fd < 0 || fstat(self->fd, &st) < 0) {
		r = -errno;
		goto fail;
	}
	/* longer than it may be: not what we wrote for this file */
	if ((uint64_t)st.st_size > file->length && ftruncate(self->fd, 0) < 0) {
		r = -errno;
		goto fail;
	}
	*writer = self;
	queue(self, JOB_HASH_OLD);
	return 0;
fail:
	release(self);
	return r;
}

static int append(struct blob_writer *self, const uint8_t *bytes, size_t n)
{
	if (self->n_waiting + n > self->cap_waiting) {
		size_t cap = (self->n_waiting + n) * 2;
		uint8_t *buf = realloc(self->waiting, cap);

		if (!buf)
			return -ENOMEM;
		self->waiting = buf;
		self->cap_waiting = cap;
	}
	memcpy(self->waiting + self->n_waiting, bytes, n);
	self->n_waiting += n;
	return 0;
}

int64_t blob_writer_write(struct blob_writer *self, const uint8_t *bytes, size_t n)
{
	size_t waiting;
	int r;

	assert(self->ready); /* the hash is the thread pool's until then */
	if (self->over)
		return self->error < 0 ? self->error : -EIO;
	if (n > self->file.length - self->received)
		return -EMSGSIZE;
	if (n > 0) {
		r = append(self, bytes, n);
		if (r < 0)
			return r;
		EVP_DigestUpdate(self->hash, bytes, n);
		self->received += n;
		next_job(self);
	}
	waiting = self->n_waiting + (self->working ? self->n_writing : 0);
	if (waiting > BLOB_WRITER_HIGH_BYTES)
		self->told_high = true;
	return (int64_t)waiting;
}

void blob_writer_close(struct blob_writer *self)
{
	if (!self)
		return;
	self->closed = true;
	if (!self->working)
		release(self);
}
