/*
 * fuzz_session - any bytes as a frame of the session: refused with words, or good; and what is good stays good when
 * packed again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"
#include "proto/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope_error error;
	Gu__Frame *frame = session_unpack(data, size, &error);

	assert((frame != NULL) == (error.verdict == ENVELOPE_OK));
	assert((error.detail[0] == '\0') == (error.verdict == ENVELOPE_OK));
	assert(strlen(error.detail) < sizeof error.detail);
	if (!frame)
		return 0;
	size_t n = gu__frame__get_packed_size(frame);
	uint8_t *bytes = malloc(n + 1);

	assert(bytes);
	assert(gu__frame__pack(frame, bytes) == n);
	session_free(frame);
	if (n <= STREAM_MAX_FRAME_BYTES) {
		frame = session_unpack(bytes, n, &error);
		assert(frame);
		session_free(frame);
	}
	free(bytes);
	return 0;
}
