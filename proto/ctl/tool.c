#include "proto/ctl/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/bounded.h"
#include "proto/wire.h"

enum tool_exit tool_refuse(const char *format, ...)
{
	va_list args;

	fputs("manifestctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return TOOL_REFUSED;
}

enum tool_exit tool_usage(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "manifestctl %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'manifestctl %s --help'.\n", command);
	return TOOL_USAGE;
}

static ssize_t read_all(int fd, uint8_t *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, bytes + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

uint8_t *tool_read(struct arena *arena, const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = NULL;
	ssize_t got = -1;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			errno = EISDIR;
		} else if ((unsigned long long)st.st_size > TOOL_MAX_FILE_BYTES) {
			errno = EFBIG;
		} else {
			bytes = arena_take(arena, (size_t)st.st_size + 1, 1);
			got = read_all(fd, bytes, (size_t)st.st_size);
		}
	}
	if (got < 0)
		tool_refuse("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	*n = got < 0 ? 0 : (size_t)got;
	return got < 0 ? NULL : bytes;
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = write(fd, bytes + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		done += (size_t)r;
	}
	return fsync(fd) == 0;
}

bool tool_write(const char *path, const void *bytes, size_t n, unsigned mode, bool replace)
{
	char temporary[4096];
	int length = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
	int fd = -1;
	bool ok = false;

	if (length < 0 || (size_t)length >= sizeof temporary)
		errno = ENAMETOOLONG;
	else
		fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd >= 0) {
		ok = write_all(fd, bytes, n);
		/* link() refuses a name that is taken, rename() takes its place */
		if (ok)
			ok = (replace ? rename(temporary, path) : link(temporary, path)) == 0;
		int saved = errno;

		close(fd);
		if (!ok || !replace)
			unlink(temporary);
		errno = saved;
	}
	if (!ok)
		tool_refuse("%s: %s", path, strerror(errno));
	return ok;
}

static struct crypto_key *load_key(const char *path, bool private_needed)
{
	struct arena arena = {NULL};
	struct crypto_key *key = NULL;
	size_t n;
	char *pem = (char *)tool_read(&arena, path, &n);

	if (pem) {
		key = crypto_key_private(pem, n);
		if (!key && !private_needed)
			key = crypto_key_public(pem, n);
		if (!key)
			tool_refuse("%s: no %s key (Ed25519 or ECDSA P-256, PEM, not encrypted)", path,
				    private_needed ? "private" : "public");
		memset(pem, 0, n);
	}
	arena_free(&arena);
	return key;
}

struct crypto_key *tool_key_private(const char *path)
{
	return load_key(path, true);
}

struct crypto_key *tool_key_public(const char *path)
{
	return load_key(path, false);
}

bool tool_number(const char *text, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);

	if (errno || *end)
		return false;
	*value = v;
	return true;
}

static bool relative_time(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	char number[12];
	uint64_t v;
	size_t n = strlen(text);

	if (n < 2 || n > sizeof number)
		return false;
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	if (!tool_number(number, &v) || v > 1000000)
		return false;
	if (text[n - 1] == 'd')
		*unix_s = now_unix_s + v * 86400;
	else if (text[n - 1] == 'h')
		*unix_s = now_unix_s + v * 3600;
	else if (text[n - 1] == 'm')
		*unix_s = now_unix_s + v * 60;
	else if (text[n - 1] == 's')
		*unix_s = now_unix_s + v;
	else
		return false;
	return true;
}

bool tool_time(const char *text, uint64_t now_unix_s, uint64_t *unix_s)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};

	if (text[0] == '+')
		return relative_time(text + 1, now_unix_s, unix_s);
	for (size_t i = 0; i < 2; i++) {
		struct tm tm = {0};
		const char *end = strptime(text, formats[i], &tm);
		struct tm again = tm;

		if (!end || *end)
			continue;
		time_t t = timegm(&again);

		/* timegm() makes 3 March of 31 February */
		if (t <= 0 || again.tm_mday != tm.tm_mday || again.tm_sec != tm.tm_sec)
			return false;
		*unix_s = (uint64_t)t;
		return true;
	}
	return false;
}

void tool_time_text(uint64_t unix_s, char out[32])
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (unix_s > 253402300799ull || !gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, 32, "%" PRIu64 " s", unix_s);
}

void tool_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	out[2 * n] = '\0';
}

static const ProtobufCMessageDescriptor *payload_type(const char *type)
{
	if (strcmp(type, "manifest") == 0)
		return &gu__manifest__descriptor;
	if (strcmp(type, "director") == 0)
		return &gu__director__descriptor;
	if (strcmp(type, "time") == 0)
		return &gu__time_attestation__descriptor;
	return NULL;
}

/* wire_check() and unpack; NULL with the error set */
static ProtobufCMessage *unpack(struct check *check, struct bounded *memory, const ProtobufCMessageDescriptor *type,
				const uint8_t *bytes, size_t n)
{
	if (!wire_check(check, type, bytes, n))
		return NULL;
	ProtobufCMessage *message = protobuf_c_message_unpack(type, &memory->allocator, n, bytes);

	if (!message)
		check_fail(check, ENVELOPE_NO_MEMORY, NULL, envelope_verdict_text(ENVELOPE_NO_MEMORY));
	return message;
}

bool tool_document_read(struct tool_document *self, const uint8_t *bytes, size_t n, struct envelope_error *error)
{
	struct bounded memory;
	struct check check;

	*self = (struct tool_document){0};
	check_init(&check, error);
	bounded_init(&memory, 4u * 1024u * 1024u);
	if (n == 0 || n > 1024u * 1024u)
		return check_fail(&check, ENVELOPE_MALFORMED, NULL, "must be 1 byte to 1 MiB");
	self->envelope = (Gu__Envelope *)unpack(&check, &memory, &gu__envelope__descriptor, bytes, n);
	if (self->envelope) {
		check_enter(&check, "signed_part");
		ProtobufCBinaryData part = self->envelope->signed_part;

		self->signed_ =
		    part.len == 0 ? NULL
				  : (Gu__Signed *)unpack(&check, &memory, &gu__signed__descriptor, part.data, part.len);
		if (part.len == 0)
			check_fail(&check, ENVELOPE_MALFORMED, NULL, "empty: not a signed document");
	}
	if (self->signed_) {
		const ProtobufCMessageDescriptor *type = payload_type(self->signed_->type);

		if (type)
			self->payload =
			    unpack(&check, &memory, type, self->signed_->payload.data, self->signed_->payload.len);
		else
			check_fail(&check, ENVELOPE_WRONG_TYPE, "type", "not manifest, director or time");
	}
	if (!self->payload)
		tool_document_free(self);
	return self->payload != NULL;
}

void tool_document_free(struct tool_document *self)
{
	gu__envelope__free_unpacked(self->envelope, NULL);
	gu__signed__free_unpacked(self->signed_, NULL);
	if (self->payload)
		protobuf_c_message_free_unpacked(self->payload, NULL);
	*self = (struct tool_document){0};
}
