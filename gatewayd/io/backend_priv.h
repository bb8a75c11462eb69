/*
 * backend_priv - what backend.c (connection and messages), backend_registered.c (the answer to the registration),
 * backend_send.c (messages we build), backend_fetch.c (files) and backend_push.c (files that nobody asked for) share.
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
	bool awaits_push;   /* nothing was asked for: the backend sends it by itself, or does not */
	uint64_t window_us; /* when the bytes of window_bytes began to be counted */
	uint64_t window_bytes;
};

/* a chunk that came unasked before its file was wanted, by moments; the connection is not read meanwhile */
struct pushed_chunk {
	struct pushed_chunk *next;
	uint8_t sha256[32];
	uint64_t offset;
	uint64_t length; /* of the file */
	size_t n;
	uint8_t bytes[];
};

struct push {
	uint64_t left; /* bytes that may still come unasked */
	bool flows; /* the backend was told in this session where the vehicle is, and goes on behind that by itself */
	struct pushed_chunk *first, *last;
	uint64_t held_us;    /* since when the oldest is held */
	uint8_t refused[32]; /* the file that was refused last: once is enough */
	bool has_refused;
};

struct backend {
	uv_loop_t *loop;
	const struct config *config;
	const struct trust *trust;
	struct blob_store *store;
	struct gateway *gateway;
	struct tls_context *tls;
	struct tls_conn *conn;
	bool up;          /* the handshake is done */
	bool closing;     /* nothing is read any more */
	bool reached;     /* this connection got through to somebody */
	bool told;        /* the core knows that this connection is over */
	bool modes_known; /* the backend of this session has the feature modes-1 */
	struct stream_decoder decoder;
	uint8_t *decoder_buf;
	uint8_t nonce[32];
	bool nonce_pending;
	bool crl_told;     /* that the lists of revoked certificates lack something */
	uint8_t *director; /* envelope that the core accepted last */
	size_t n_director;
	struct fetch fetch;
	struct push push;
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
void backend_send_check(struct backend *self);
void backend_send_error(struct backend *self, unsigned code, const char *text);

/* the answer to the registration: the modes, and what this backend understands */
void backend_registered(struct backend *self, const Gu__RegisterResult *result);

void fetch_begin(struct backend *self, uint8_t campaign, const struct file_ref *file);
void fetch_chunk(struct backend *self, const Gu__BlobChunk *chunk);
/* what is fetched cannot be had now, as the backend says or as we find; its campaign is told */
void fetch_fail(struct backend *self, unsigned code, const char *text);
/* a held chunk, as if it came now */
void fetch_pushed(struct backend *self, const struct pushed_chunk *chunk);
/* nothing comes by itself: it is asked for */
void fetch_ask(struct backend *self);

/* --- backend_push.c: files that come without being asked for */
/* bytes that the backend may send unasked in a session: granted with the registration and anew with each request */
#define PUSH_CREDIT (8u * 1024u * 1024u)
void push_granted(struct backend *self);
/* a session begins: nothing is held, nothing granted */
void push_reset(struct backend *self);
/* a file of the campaign is asked for: what follows it comes by itself, if the campaign's files do */
void push_asked(struct backend *self, uint8_t campaign);
/* that a campaign downloads: its files follow */
void push_reported(struct backend *self, const struct report *report);
/* what was asked for has come: what the request granted is what the backend goes by */
void push_settled(struct backend *self);
/* whether the next file of the campaign comes by itself */
bool push_is_expected(const struct backend *self, uint8_t campaign);
/* takes the bytes from the credit; Return: false if it does not cover them: they are refused */
bool push_take(struct backend *self, const Gu__BlobChunk *chunk);
/* a chunk for which no fetch waits now: held for the one that follows, or refused */
void push_chunk(struct backend *self, const Gu__BlobChunk *chunk);
/* a fetch waits for what may be held already */
void push_feed(struct backend *self);
/* the file is asked for: what came of it by itself does not count */
void push_drop(struct backend *self, const uint8_t sha256[32]);
/* once a second: what nobody wanted is dropped */
void push_tick(struct backend *self, uint64_t now_us);
void backend_watch(struct backend *self);

/* stops without a word to the core; what came stays in the store */
void fetch_stop(struct backend *self);
/* Return: what is wrong, in words, if bytes are awaited and none came for 30 s or less than 60 KiB in 60 s; else NULL
 */
const char *fetch_stalled(struct backend *self, uint64_t now_us);
/* Return: whether a file that comes by itself did not for 3 s, or only so slowly: it is to be asked for */
bool fetch_push_stalled(struct backend *self, uint64_t now_us);

#endif
