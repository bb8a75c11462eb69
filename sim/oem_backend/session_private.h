/* session_private - what the files of a session share. */
#ifndef SIM_OEM_BACKEND_SESSION_PRIVATE_H
#define SIM_OEM_BACKEND_SESSION_PRIVATE_H

#include "sim/oem_backend/session.h"

#define SESSION_MAX_FRAME_BYTES (128u * 1024u) /* a vehicle's largest is its registration */
#define SESSION_MAX_REQUESTS    16u
#define SESSION_MAX_QUEUED      (1024u * 1024u)
#define SESSION_CHUNK_BYTES     (256u * 1024u)
#define SESSION_PACE_MS         20u
#define SESSION_QUEUE_ID_BYTES  32u
#define SESSION_MAX_PUSH        384u

/* codes of docs/protocol.md that the backend says */
#define SESSION_CODE_BLOB_UNAVAILABLE 143u
#define SESSION_CODE_REFUSED          181u
#define SESSION_CODE_PROTOCOL         184u

enum session_phase {
	SESSION_PHASE_TLS,
	SESSION_PHASE_HELLO,
	SESSION_PHASE_TIME,
	SESSION_PHASE_REGISTER,
	SESSION_PHASE_UP,
	SESSION_PHASE_CLOSED, /* nothing is read or sent any more */
};

/* a BlobRequest that is being answered, or waits for those before it */
struct blob_request {
	int fd;
	uint8_t sha256[32];
	uint64_t length; /* of the whole file */
	uint64_t offset; /* next byte */
	uint64_t end;    /* where the request ends */
	bool pushed;     /* nobody asked */
};

/* files that are sent unasked, in their order */
struct push {
	uint64_t granted; /* bytes, at registration and anew with each request; 0 = nothing is pushed */
	uint64_t left;
	bool waits; /* a file was asked for in part: its rest comes first */
	uint8_t files[SESSION_MAX_PUSH][32];
	size_t n, next;
};

struct session {
	struct session *next;
	struct backend *backend;
	struct tls_conn *conn; /* NULL once closed */
	enum session_phase phase;
	uv_timer_t silence;
	uv_timer_t pace; /* of blobs, when a rate is set */
	bool paced;      /* its time has come */
	unsigned handles;
	char vehicle[65];
	uint64_t director_sent; /* version sent in this session, or held by the vehicle before */
	bool knows_modes;       /* its gateway has the feature modes-1 */

	struct blob_request requests[SESSION_MAX_REQUESTS]; /* answered in order */
	size_t n_requests;
	struct push push;

	/* reports of this batch: in a transaction until the batch ends, then acknowledged at once */
	bool reports_open;
	uint64_t applied;
	uint8_t queue_id[SESSION_QUEUE_ID_BYTES];
	size_t n_queue_id;

	struct stream_decoder decoder;
	uint8_t buf[STREAM_HEADER_BYTES + SESSION_MAX_FRAME_BYTES];
};

/* session.c */
void session_send(struct session *self, const Gu__Frame *frame);
void session_send_error(struct session *self, unsigned code, bool fatal, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* our own machine failed: the vehicle will come again */
void session_fail(struct session *self, const char *what, int error);

/* session_handle.c: one frame of the vehicle, and the end of a batch of them */
void session_handle(struct session *self, const Gu__Frame *frame);
void session_batch_end(struct session *self);
void session_send_director(struct session *self);

/* session_blobs.c */
void session_blob_request(struct session *self, const Gu__BlobRequest *request);
void session_blob_pump(struct session *self);
void session_blob_drop(struct session *self);

/* session_push.c */
/* at each registration; what is planned stays */
void session_push_granted(struct session *self, uint64_t credit);
/* after those that are planned already; sent by session_blob_pump() */
void session_push_file(struct session *self, const ProtobufCBinaryData *sha256);
/* a report was recorded: of a campaign that downloads, the files are sent */
void session_push_report(struct session *self, const Gu__Report *report);
/* a file was asked for: the credit is renewed, and what is pushed goes on behind that file */
void session_push_requested(struct session *self, const struct blob_request *blob);
void session_push_refused(struct session *self, const Gu__BlobRefused *refused);
/* Return: whether there is something to send, be it asked for */
bool session_push_next(struct session *self);

#endif
