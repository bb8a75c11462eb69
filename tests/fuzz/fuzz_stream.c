/*
 * fuzz_stream - frames come out the same however the bytes are cut. The first byte says how.
 */
#include <assert.h>
#include <string.h>

#include "proto/stream.h"

#define CAP (STREAM_HEADER_BYTES + 64u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	size_t n_frames;
	size_t n_bytes;
	uint32_t sum; /* of all frames, with their order */
	bool failed;
};

static struct outcome decode(const uint8_t *bytes, size_t n, size_t cut)
{
	struct stream_decoder d;
	struct outcome out = {0};
	uint8_t buf[CAP];
	const uint8_t *frame;
	size_t length;
	int r;

	stream_decoder_init(&d, buf, sizeof buf);
	while (n > 0 && !out.failed) {
		size_t taken = stream_decoder_input(&d, bytes, n < cut ? n : cut);

		assert(taken > 0); /* a drained decoder always has room */
		bytes += taken;
		n -= taken;
		while ((r = stream_decoder_pop(&d, &frame, &length)) == 1) {
			assert(length >= 1 && length <= CAP - STREAM_HEADER_BYTES);
			out.n_frames++;
			out.n_bytes += length;
			for (size_t i = 0; i < length; i++)
				out.sum = out.sum * 31 + frame[i];
			stream_decoder_done(&d);
		}
		out.failed = r < 0;
	}
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct outcome one = decode(data + 1, size - 1, size);
	struct outcome two = decode(data + 1, size - 1, (size_t)data[0] + 1);

	assert(one.n_frames == two.n_frames && one.n_bytes == two.n_bytes);
	assert(one.sum == two.sum && one.failed == two.failed);
	return 0;
}
