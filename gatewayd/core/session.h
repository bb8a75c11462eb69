/*
 * session - the gateway's side of the session with the backend: connect, time, register, heartbeats, back-off; pure.
 *
 * Order of a session: CONNECT, HELLO_AND_TIME, REGISTER, UP, HEARTBEAT. Nothing but the time is asked for before the
 * time was verified. Each wait has a limit, after which the session is given up (DISCONNECT) and tried anew after a
 * pause.
 */
#ifndef GATEWAYD_CORE_SESSION_H
#define GATEWAYD_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#define SESSION_INVENTORY_WAIT_US 10000000u /* how long registration waits for the inventory */

/* 0 in a field means its default */
struct session_config {
	uint32_t backoff_min_ms;        /* first pause after a failure; default 1000 */
	uint32_t backoff_max_ms;        /* longest pause; default 300000; each is doubled, then jittered by +-50 % */
	uint32_t answer_max_ms;         /* wait for connect, time and registration; default 30000 */
	uint32_t max_silent_heartbeats; /* the session is given up after silence of so many heartbeat_s; default 3 */
};

enum session_state {
	SESSION_DOWN, /* waits for the back-off to pass */
	SESSION_CONNECTING,
	SESSION_TIME, /* hello sent, signed time asked for */
	SESSION_REGISTERING,
	SESSION_UP,
};

enum session_action {
	SESSION_ACTION_NONE,
	SESSION_ACTION_CONNECT,
	SESSION_ACTION_DISCONNECT,
	SESSION_ACTION_HELLO_AND_TIME,
	SESSION_ACTION_REGISTER,
	SESSION_ACTION_UP,
	SESSION_ACTION_HEARTBEAT,
};

#define SESSION_MAX_ACTIONS 8u

struct session {
	struct session_config config;
	enum session_state state;
	uint32_t failures; /* in a row, for the back-off; a session that was UP for 60 s ends the row */
	uint64_t deadline_us;
	uint32_t heartbeat_s;
	uint64_t heartbeat_counter;
	uint64_t asked_us; /* when this session asked for the time, or the last one that came so far */
	uint64_t heard_us;
	bool register_when_known; /* registration waits for the inventory */
	enum session_action actions[SESSION_MAX_ACTIONS];
	uint8_t action_head;
	uint8_t action_n;
	/* private */
	bool inventory_known;
	uint64_t up_us;        /* when it was registered */
	bool resting;          /* closed by us until the deadline, for want of anything to do */
	bool closing;          /* given up by us; session_disconnected() is still to come */
	bool hurry;            /* once it is closed, it is opened again at once */
	uint64_t heartbeat_us; /* when the next one is due */
	unsigned failure;      /* gateway_code of the last giving up */
};

const char *session_state_name(enum session_state state); /* "down", "connecting", "time", "registering", "up" */

void session_init(struct session *self, const struct session_config *config);
/* connects at once */
void session_start(struct session *self, uint64_t now_us);
/* the TLS session is open; ignored if none is being opened */
void session_connected(struct session *self, uint64_t now_us);
/* it is closed, could not be opened, or was closed by DISCONNECT; @random: 32 bits for the jitter of the pause */
void session_disconnected(struct session *self, uint64_t now_us, uint32_t random);
/* the answer to the time request; @accepted false gives the session up */
void session_time(struct session *self, uint64_t now_us, bool accepted);
/* every ECU was asked: a registration that waits may go */
void session_inventory_known(struct session *self, uint64_t now_us);
void session_registered(struct session *self, uint64_t now_us, bool accepted, uint32_t heartbeat_s);
/* something to register changed; no-op unless UP */
void session_register_again(struct session *self);
/* someone wants to be told now what is new: connects without waiting for the pause to pass, or registers again */
void session_check_now(struct session *self, uint64_t now_us);
/* a message came */
void session_heard(struct session *self, uint64_t now_us);
/* ours to give up: the peer broke the order */
void session_give_up(struct session *self, uint64_t now_us, unsigned code);
/* closed without a failure; connects again at @until_us. No-op unless UP */
void session_rest(struct session *self, uint64_t until_us);
/* something to do came up: connects now. No-op unless it rests */
void session_wake(struct session *self, uint64_t now_us);
void session_expire(struct session *self, uint64_t now_us);
uint64_t session_deadline(const struct session *self);
enum session_action session_pop_action(struct session *self);

#endif
