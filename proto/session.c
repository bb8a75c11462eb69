#include "proto/bounded.h"
#include "proto/stream.h"
#include "proto/validate.h"
#include "proto/wire.h"

/* A BlobChunk of 1 MiB takes one copy; the rest is room for lists of small messages. */
#define SESSION_MEMORY_BYTES (3u * 1024u * 1024u)

Gu__Frame *session_unpack(const uint8_t *bytes, size_t n, struct envelope_error *error)
{
	struct bounded memory;
	struct check check;
	Gu__Frame *frame;

	check_init(&check, error);
	if (n == 0 || n > STREAM_MAX_FRAME_BYTES) {
		check_fail(&check, ENVELOPE_MALFORMED, NULL, "must be 1 byte to 1 MiB");
		return NULL;
	}
	if (!wire_check(&check, &gu__frame__descriptor, bytes, n))
		return NULL;
	bounded_init(&memory, SESSION_MEMORY_BYTES);
	frame = gu__frame__unpack(&memory.allocator, n, bytes);
	if (!frame) {
		check_fail(&check, ENVELOPE_NO_MEMORY, NULL, "more memory needed than a frame may take");
		return NULL;
	}
	if (!validate_frame(&check, frame)) {
		session_free(frame);
		return NULL;
	}
	return frame;
}

void session_free(Gu__Frame *frame)
{
	gu__frame__free_unpacked(frame, NULL);
}
