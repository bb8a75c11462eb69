/*
 * backend_priv - what backend.c (connection and messages), backend_send.c (messages we build) and backend_fetch.c
 * (files) share.
 */
#ifndef GATEWAYD_IO_BACKEND_PRIV_H
#define GATEWAYD_IO_BACKEND_PRIV_H

#include "common/tls_conn.h"
#include "gatewayd/io/backend.h"
#include "proto/stream.h"

struct fetch {
	bool active;
	uint8_t campaign;
	struct file_ref file;
	struct blob_writer *writer;
	uint64_t received;    /* next byte expected */
	uint64_t requested;   /* end of what was asked for */
	uint64_t progress_us; /* when the last bytes came */
	bool paused;
	uint64_t window_us; /* when the bytes of window_bytes began to be counted */
	uint64_t window_bytes;
};

struct backend {
	uv_loop_t *loop;
	const struct config *config;
	const struct trust *trust;
	struct blob_store *store;
	struct gateway *gateway;
	struct tls_context *tls;
	struct tls_conn *conn;
	bool up;      /* the handshake is done */
	bool closing; /* nothing is read any more */
	bool reached; /* this connection got through to somebody */
	bool told;    /* the core knows that this connection is over */
	struct stream_decoder decoder;
	uint8_t *decoder_buf;
	uint8_t nonce[32];
	bool nonce_pending;
	uint8_t *director; /* envelope that the core accepted last */
	size_t n_director;
	struct fetch fetch;
	uv_timer_t stall;
	bool freed;
};

/* ends the connection; the core hears of it at once, with @code and @text */
void backend_fail(struct backend *self, unsigned code, const char *text);

/* packs and writes; a session that is not up drops it (the core sends again after the next one) */
void backend_send(struct backend *self, Gu__Frame *frame);
void backend_send_hello(struct backend *self);
void backend_send_time_request(struct backend *self);
void backend_send_register(struct backend *self);
void backend_send_heartbeat(struct backend *self, uint64_t counter);
void backend_send_answer(struct backend *self, uint8_t campaign);
void backend_send_report(struct backend *self, const struct report *report);
void backend_send_error(struct backend *self, unsigned code, const char *text);

void fetch_begin(struct backend *self, uint8_t campaign, const struct file_ref *file);
void fetch_chunk(struct backend *self, const Gu__BlobChunk *chunk);
/* the backend said that it cannot send the file */
void fetch_refused(struct backend *self, unsigned code, const char *text);
/* stops without a word to the core; what came stays in the store */
void fetch_stop(struct backend *self);
/* Return: what is wrong, in words, if bytes are awaited and none came for 30 s or less than 60 KiB in 60 s; else NULL
 */
const char *fetch_stalled(struct backend *self, uint64_t now_us);

#endif
