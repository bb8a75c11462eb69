/*
 * session - the gateway's side of the session with the backend: connect, time, register, heartbeats, back-off; pure.
 */
#ifndef GATEWAYD_CORE_SESSION_H
#define GATEWAYD_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct session_config {
	uint32_t backoff_min_ms;   /* first pause after a failure; default 1000 */
	uint32_t backoff_max_ms;   /* longest pause; default 300000; each is doubled, then jittered by +-50 % */
	uint32_t answer_max_ms;    /* wait for connect, time and registration; default 30000 */
	uint32_t heartbeat_max_ms; /* silence after which the session is given up, as a multiple of heartbeat_s: 3 */
};

enum session_state {
	SESSION_DOWN,       /* waits for the back-off to pass */
	SESSION_CONNECTING,
	SESSION_TIME,       /* hello sent, signed time asked for */
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

struct session {
	struct session_config config;
	enum session_state state;
	uint32_t failures; /* in a row, for the back-off */
	uint64_t deadline_us;
	uint32_t heartbeat_s;
	uint64_t heartbeat_counter;
	uint64_t heard_us;
	bool register_when_known; /* registration waits for the inventory */
	enum session_action actions[8];
	uint8_t action_head;
	uint8_t action_n;
};

const char *session_state_name(enum session_state state); /* "down", "connecting", "time", "registering", "up" */

#endif
