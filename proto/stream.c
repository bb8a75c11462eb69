#include "proto/stream.h"

#include <assert.h>
#include <string.h>

void stream_decoder_init(struct stream_decoder *self, uint8_t *buf, size_t cap)
{
	assert(cap > STREAM_HEADER_BYTES);
	*self = (struct stream_decoder){.buf = buf, .cap = cap};
}

size_t stream_decoder_input(struct stream_decoder *self, const uint8_t *bytes, size_t n)
{
	if (self->failed || n == 0)
		return 0;
	/* What was popped is dropped only when its room is needed: moving the rest after each frame would let a peer
	 * that sends many tiny frames cost us the square of the buffer. Never while a popped frame is still lent. */
	if (self->head > 0 && self->n_frame == 0 && self->cap - self->n < n) {
		memmove(self->buf, self->buf + self->head, self->n - self->head);
		self->n -= self->head;
		self->head = 0;
	}
	size_t room = self->cap - self->n;
	size_t taken = n < room ? n : room;

	memcpy(self->buf + self->n, bytes, taken);
	self->n += taken;
	return taken;
}

int stream_decoder_pop(struct stream_decoder *self, const uint8_t **frame, size_t *n)
{
	if (self->failed)
		return -1;
	size_t have = self->n - self->head;

	if (have < STREAM_HEADER_BYTES)
		return 0;
	const uint8_t *h = self->buf + self->head;
	size_t length = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];

	if (length == 0 || length > STREAM_MAX_FRAME_BYTES || length > self->cap - STREAM_HEADER_BYTES) {
		self->failed = true;
		return -1;
	}
	if (have - STREAM_HEADER_BYTES < length)
		return 0;
	self->n_frame = length;
	*frame = h + STREAM_HEADER_BYTES;
	*n = length;
	return 1;
}

void stream_decoder_done(struct stream_decoder *self)
{
	if (self->n_frame == 0)
		return;
	self->head += STREAM_HEADER_BYTES + self->n_frame;
	self->n_frame = 0;
	if (self->head == self->n)
		self->head = self->n = 0;
}

void stream_header(uint8_t out[STREAM_HEADER_BYTES], size_t n_frame)
{
	assert(n_frame > 0 && n_frame <= STREAM_MAX_FRAME_BYTES);
	out[0] = (uint8_t)(n_frame >> 24);
	out[1] = (uint8_t)(n_frame >> 16);
	out[2] = (uint8_t)(n_frame >> 8);
	out[3] = (uint8_t)n_frame;
}
