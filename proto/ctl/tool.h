/*
 * tool - what the commands of manifestctl share: files, keys, times, and how errors are told.
 */
#ifndef CTL_TOOL_H
#define CTL_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/crypto.h"
#include "proto/ctl/arena.h"
#include "proto/envelope.h"

/* what the program exits with */
enum tool_exit { TOOL_OK = 0, TOOL_REFUSED = 1, TOOL_USAGE = 2 };

#define TOOL_MAX_FILE_BYTES (1ull << 31)

/* "manifestctl: …" on stderr; each returns its exit code */
enum tool_exit tool_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
enum tool_exit tool_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Return: the content with a NUL behind it, of the arena; NULL after telling why */
uint8_t *tool_read(struct arena *arena, const char *path, size_t *n);
/* in one step: a file half written is never seen; @replace: whether one that is there may go. False after telling why.
 */
bool tool_write(const char *path, const void *bytes, size_t n, unsigned mode, bool replace);

struct crypto_key *tool_key_private(const char *path);
struct crypto_key *tool_key_public(const char *path); /* also the public half of a private one */

/* "2031-05-06", "2031-05-06T07:08:09Z" or "+90s", "+15m", "+12h", "+90d" from @now. False if it is none of these. */
bool tool_time(const char *text, uint64_t now_unix_s, uint64_t *unix_s);
/* ISO 8601, UTC */
void tool_time_text(uint64_t unix_s, char out[32]);
void tool_hex(const uint8_t *bytes, size_t n, char *out); /* 2 n + 1 bytes */
bool tool_number(const char *text, uint64_t *value);      /* decimal */

/* payload of an envelope that is not verified: for display and for cross-checks of one's own files */
struct tool_document {
	Gu__Envelope *envelope;
	Gu__Signed *signed_;
	ProtobufCMessage *payload;
};
bool tool_document_read(struct tool_document *self, const uint8_t *bytes, size_t n, struct envelope_error *error);
void tool_document_free(struct tool_document *self);

#endif
