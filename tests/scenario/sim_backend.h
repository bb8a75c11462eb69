/*
 * sim_backend - a scripted backend at the level of plain structures, behind a link with a latency and a rate: registers
 * the vehicle, sends the director document, confirms answers, delivers files in chunks, asked for or pushed, and
 * applies reports in the order of their numbers, each once.
 *
 * A lost session loses what is under way, as a TCP connection does: nothing more reaches the gateway, and of what the
 * gateway has sent a part may still arrive. A backend that is killed forgets the session with all that belongs to it;
 * what it has recorded is what a backend writes to its database before it says so: documents, answers with their agreed
 * times, triggers, reports.
 */
#ifndef TESTS_SCENARIO_SIM_BACKEND_H
#define TESTS_SCENARIO_SIM_BACKEND_H

#include "gatewayd/core/gateway.h"
#include "tests/scenario/sim_world.h"

#define SIM_UNIX_BASE    UINT64_C(1700000000) /* the wall clock at time 0, unless another is wanted */
#define SIM_MAX_BLOBS    16u
#define SIM_MAX_MESSAGES 256u
#define SIM_MAX_LEDGER   512u
#define SIM_MAX_ANSWERS  64u
#define SIM_MAX_AGREED   4u

enum sim_message_kind {
	SIM_TO_GATEWAY_CONNECTED,
	SIM_TO_GATEWAY_REFUSED, /* nobody there */
	SIM_TO_GATEWAY_TIME,
	SIM_TO_GATEWAY_REGISTERED,
	SIM_TO_GATEWAY_HEARTBEAT,
	SIM_TO_GATEWAY_DIRECTOR,
	SIM_TO_GATEWAY_CONFIRM,
	SIM_TO_GATEWAY_CHUNK,
	SIM_TO_GATEWAY_ACK,
	SIM_TO_GATEWAY_CHECK_RESULT,
	SIM_TO_GATEWAY_NOTICE,
	SIM_TO_GATEWAY_TRIGGER,
	SIM_TO_BACKEND_TIME_REQUEST,
	SIM_TO_BACKEND_REGISTER,
	SIM_TO_BACKEND_HEARTBEAT,
	SIM_TO_BACKEND_ANSWER,
	SIM_TO_BACKEND_BLOB_REQUEST,
	SIM_TO_BACKEND_REPORT,
	SIM_TO_BACKEND_CHECK,
	SIM_TO_BACKEND_ERROR,
};

struct sim_message {
	enum sim_message_kind kind;
	uint64_t at_us;
	uint64_t number;  /* time in unix ms; heartbeat; sequence; proposed or confirmed start; offset */
	uint64_t version; /* of the director document */
	enum answer_kind answer;
	char campaign[GATEWAY_NAME_BYTES];
	uint8_t sha256[32];
	const uint8_t *bytes; /* of a blob, which outlives the message */
	size_t n;
	uint64_t credit; /* of a registration: what may be pushed */
	struct report report;
};

struct sim_queue {
	struct sim_message items[SIM_MAX_MESSAGES];
	unsigned head, n;
};

struct sim_blob {
	struct file_ref ref;
	uint8_t *bytes;
	uint64_t n_sent; /* bytes of it that were sent, repeats counted */
};

struct sim_backend {
	struct sim_world *world;
	uint64_t unix_base_s; /* the wall clock at time 0 */
	bool tells_time;
	/* the link */
	uint64_t latency_us; /* one way */
	uint64_t bytes_per_s;
	uint32_t chunk_bytes;
	bool reachable;
	uint64_t up_us; /* it was killed, and is there again then; SIM_NEVER: it is there */
	bool session;   /* open */
	bool registered;
	struct sim_queue to_gateway, to_backend;
	/* what it has */
	struct director_doc director;
	uint8_t director_sha256[32];
	struct sim_blob blobs[SIM_MAX_BLOBS];
	unsigned n_blobs;
	/* modes: the campaign is in the one that the table has for it */
	struct mode_table modes;
	uint32_t poll_s;
	bool existence_only; /* negotiated: notices, and the document when asked */
	struct sim_agreed {
		char campaign[GATEWAY_NAME_BYTES];
		bool triggered;        /* durable, and said in each session until the reports show it */
		uint64_t start_unix_s; /* negotiated: the agreed time, at which it triggers; 0 = none */
	} agreed[SIM_MAX_AGREED];
	unsigned n_agreed;
	/* what is being sent of a file */
	const struct sim_blob *stream;
	uint64_t stream_offset, stream_end, stream_next_us;
	bool stream_pushed; /* nobody asked for it */
	bool pushes;        /* files of server-initiated campaigns */
	struct {
		uint64_t granted, left; /* bytes in this session */
		const struct sim_blob *files[SIM_MAX_BLOBS];
		unsigned n, next;
		unsigned n_pushed; /* files whose push was begun, in all sessions */
	} push;
	/* what it was told */
	struct report ledger[SIM_MAX_LEDGER];
	unsigned n_ledger;
	uint64_t applied;       /* number of the last report that was applied */
	unsigned n_repeated;    /* reports that came again */
	unsigned n_conflicting; /* with another content than before */
	unsigned n_gaps;        /* a number was left out */
	enum answer_kind answers[SIM_MAX_ANSWERS];
	uint64_t proposed[SIM_MAX_ANSWERS];
	unsigned n_answers;
	unsigned n_sessions;
	unsigned n_kills;
	unsigned n_blob_requests;
	unsigned n_checks, n_notices, n_triggers;
	uint64_t checked_us[SIM_MAX_ANSWERS]; /* when the first of them came */
	unsigned error_code;                  /* the last Error of the gateway */
	unsigned n_errors;
};

void sim_backend_init(struct sim_backend *self, struct sim_world *world);
void sim_backend_deinit(struct sim_backend *self);
/* @bytes: copied. Return: what a document calls it by */
struct file_ref sim_backend_add_blob(struct sim_backend *self, const void *bytes, size_t n);
/* the document was changed: its version rises, and a vehicle with a session gets it */
void sim_backend_publish(struct sim_backend *self);

/* the first campaign, or that one, is to be installed now: a server decides so, or its operator */
void sim_backend_trigger(struct sim_backend *self);
void sim_backend_trigger_of(struct sim_backend *self, const char *campaign);
/* what was agreed of the campaign, or decided; of the first one where @campaign is NULL */
struct sim_agreed *sim_backend_agreed(struct sim_backend *self, const char *campaign);
/* the process ends; the gateway's end of the session is the caller's */
void sim_backend_kill(struct sim_backend *self, uint64_t down_us);
/* whatever is wrong with it: the message goes as it is, if there is a session */
void sim_backend_say(struct sim_backend *self, enum sim_message_kind kind, const char *campaign, uint64_t number);

/* the gateway's end of the link */
void sim_backend_connect(struct sim_backend *self);
void sim_backend_send(struct sim_backend *self, const struct sim_message *message);
/* Return: true with a message that reaches the gateway now */
bool sim_backend_pop(struct sim_backend *self, struct sim_message *message);
/* the session ends, whoever ended it */
void sim_backend_drop(struct sim_backend *self);

/* sim_backend_push.c: what comes after a registration or a document, a report, a request, and the end of a file */
void sim_backend_push_offer(struct sim_backend *self);
void sim_backend_push_report(struct sim_backend *self, const struct report *report);
void sim_backend_push_requested(struct sim_backend *self, const struct sim_blob *blob);
void sim_backend_push_next(struct sim_backend *self);

void sim_backend_turn(struct sim_backend *self);
uint64_t sim_backend_deadline(const struct sim_backend *self);

uint64_t sim_backend_unix_s(const struct sim_backend *self);
/* Return: the final state that was reported for the campaign, CAMPAIGN_NONE if none was; @code may be NULL */
enum campaign_state sim_backend_final(const struct sim_backend *self, const char *campaign, unsigned *code);
/* Return: the last report about that ECU; NULL */
const struct report *sim_backend_ecu_report(const struct sim_backend *self, const char *ecu);
unsigned sim_backend_count(const struct sim_backend *self, enum campaign_state state);
unsigned sim_backend_count_ecu(const struct sim_backend *self, const char *ecu, enum target_state state);

#endif
