/*
 * stream - length-delimited frames of the session: 4 bytes big-endian length, then the Frame.
 *
 * A pure decoder over a caller's buffer: bytes in, whole frames out, endless or empty frames refused at the header.
 */
#ifndef PROTO_STREAM_H
#define PROTO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_HEADER_BYTES    4u
#define STREAM_MAX_FRAME_BYTES (1024u * 1024u)

struct stream_decoder {
	uint8_t *buf;
	size_t cap;
	size_t n;       /* bytes held, from buf[0] */
	size_t head;    /* private: where the next frame begins */
	size_t n_frame; /* private: length of the frame that is lent out, 0 = none */
	bool failed;
};

/* @buf: caller's, at least STREAM_HEADER_BYTES + the longest frame accepted */
void stream_decoder_init(struct stream_decoder *self, uint8_t *buf, size_t cap);

/**
 * stream_decoder_input() - take bytes from the wire
 * Return: bytes taken, 0..n. Less than n means: drain frames first, then offer the rest. 0 after a failure.
 */
size_t stream_decoder_input(struct stream_decoder *self, const uint8_t *bytes, size_t n);

/**
 * stream_decoder_pop() - the next whole frame
 * @frame: points into the decoder's buffer, valid until stream_decoder_done()
 * Return: 1 a frame, 0 none yet, -1 the length is 0 or larger than allowed: the session is over.
 */
int stream_decoder_pop(struct stream_decoder *self, const uint8_t **frame, size_t *n);
/* gives the popped frame back; popping again without it returns the same frame */
void stream_decoder_done(struct stream_decoder *self);

/* @n_frame: 1..STREAM_MAX_FRAME_BYTES */
void stream_header(uint8_t out[STREAM_HEADER_BYTES], size_t n_frame);

#endif
