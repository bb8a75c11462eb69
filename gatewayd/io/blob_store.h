/*
 * blob_store - images, profiles and manifests as files named by their SHA-256 below STATE/images, partial ones in
 * STATE/partial. A file gets its final name only after its digest is verified and it is fsynced.
 */
#ifndef GATEWAYD_IO_BLOB_STORE_H
#define GATEWAYD_IO_BLOB_STORE_H

#include <stddef.h>
#include <uv.h>
#include "gatewayd/core/types.h"

struct blob_store;
struct blob_writer;

/* makes the folders. Return: 0 or -errno, @text says what failed */
int blob_store_open(uv_loop_t *loop, const char *state_dir, struct blob_store **store, char *text, size_t n_text);
void blob_store_close(struct blob_store *self);

/* whether a verified file of this digest and length is held */
bool blob_store_has(const struct blob_store *self, const struct file_ref *file);
/* path of a held file; @path at least 600 bytes */
void blob_store_path(const struct blob_store *self, const uint8_t sha256[32], char *path, size_t n);
/* bytes held of a file, whole or partial */
uint64_t blob_store_held(const struct blob_store *self, const struct file_ref *file);
/* bytes free for us on the file system; partial files count as free for their own files */
uint64_t blob_store_free_bytes(const struct blob_store *self);
/* drops every file that @keep does not say true to, and partial files likewise */
void blob_store_sweep(struct blob_store *self, bool (*keep)(void *owner, const uint8_t sha256[32]), void *owner);
/*
 * Return: 0, -errno; @bytes allocated; for small files (manifests, profiles) of at most @max bytes. -EBADMSG: the file
 * is not what its name says; it is dropped, so that it is fetched again.
 */
int blob_store_read(const struct blob_store *self, const uint8_t sha256[32], size_t max, uint8_t **bytes, size_t *n);

/* a held file was found damaged: it is not held any more, so that it is fetched again */
void blob_store_drop(const struct blob_store *self, const uint8_t sha256[32]);

struct blob_writer_callbacks {
	void *owner;
	/* the partial file is open and its bytes are hashed: fetch from @offset (equal to length: finish follows by
	 * itself) */
	void (*on_ready)(void *owner, uint64_t offset);
	/* code 0: verified, synced and renamed; else DIGEST_MISMATCH (partial file dropped), LENGTH_MISMATCH, NO_SPACE,
	 * IO_ERROR */
	void (*on_done)(void *owner, unsigned code, const char *text);
	/* after a write returned more than BLOB_WRITER_HIGH_BYTES: less than a quarter of it waits now */
	void (*on_drain)(void *owner);
};

#define BLOB_WRITER_HIGH_BYTES (1024u * 1024u)

/* opens or resumes; the hash of what is there is taken in the thread pool. Return: 0 or -errno */
int blob_writer_new(struct blob_store *store, const struct file_ref *file,
		    const struct blob_writer_callbacks *callbacks, struct blob_writer **writer);
/**
 * blob_writer_write() - the next bytes, in order; hashed as they come, written in the thread pool
 * Not before on_ready. When the last byte is in, on_done follows. Return: bytes waiting to be written, for
 * back-pressure; -errno at once: more than the file's length (-EMSGSIZE), or what on_done told before.
 */
int64_t blob_writer_write(struct blob_writer *self, const uint8_t *bytes, size_t n);
/* stops; what is written stays for a later resume; no callback after this */
void blob_writer_close(struct blob_writer *self);

#endif
