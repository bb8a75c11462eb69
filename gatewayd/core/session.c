/* session - see session.h. One function per cause; each names every state it leaves or enters. */
#include "gatewayd/core/session.h"
#include <assert.h>
#include <string.h>
#include "gatewayd/core/types.h"

#define HEARTBEAT_MAX_S 3600u
#define PROVEN_US       60000000u /* a session that was UP for so long ends the row of failures before it */

static void push(struct session *self, enum session_action action)
{
	/* the composing core pops after every door; a second heartbeat while one waits tells nothing new */
	if (action == SESSION_ACTION_HEARTBEAT && self->action_n >= SESSION_MAX_ACTIONS - 2)
		return;
	assert(self->action_n < SESSION_MAX_ACTIONS);
	self->actions[(self->action_head + self->action_n) % SESSION_MAX_ACTIONS] = action;
	self->action_n++;
}

static uint64_t answer_max_us(const struct session *self)
{
	return (uint64_t)self->config.answer_max_ms * 1000;
}

static uint64_t silence_us(const struct session *self)
{
	return (uint64_t)self->heartbeat_s * self->config.max_silent_heartbeats * 1000000;
}

static uint64_t pause_us(const struct session *self, uint32_t random)
{
	uint64_t pause_ms = self->config.backoff_min_ms;

	for (uint32_t i = 0; i < self->failures && pause_ms < self->config.backoff_max_ms; i++)
		pause_ms *= 2;
	if (pause_ms > self->config.backoff_max_ms)
		pause_ms = self->config.backoff_max_ms;
	/* half of it for certain, and up to as much again as it has by chance */
	return pause_ms * 500 + ((pause_ms * random) >> 32) * 1000;
}

const char *session_state_name(enum session_state state)
{
	switch (state) {
	case SESSION_DOWN:
		return "down";
	case SESSION_CONNECTING:
		return "connecting";
	case SESSION_TIME:
		return "time";
	case SESSION_REGISTERING:
		return "registering";
	case SESSION_UP:
		return "up";
	}
	return "unknown";
}

void session_init(struct session *self, const struct session_config *config)
{
	memset(self, 0, sizeof *self);
	self->config = *config;
	if (!self->config.backoff_min_ms)
		self->config.backoff_min_ms = 1000;
	if (!self->config.backoff_max_ms)
		self->config.backoff_max_ms = 300000;
	if (!self->config.answer_max_ms)
		self->config.answer_max_ms = 30000;
	if (!self->config.max_silent_heartbeats)
		self->config.max_silent_heartbeats = 3;
	self->deadline_us = GATEWAY_NEVER;
}

static void connect_now(struct session *self, uint64_t now_us)
{
	self->state = SESSION_CONNECTING;
	self->closing = false;
	self->resting = false;
	self->deadline_us = now_us + answer_max_us(self);
	push(self, SESSION_ACTION_CONNECT);
}

void session_start(struct session *self, uint64_t now_us)
{
	if (self->state == SESSION_DOWN)
		connect_now(self, now_us);
}

void session_connected(struct session *self, uint64_t now_us)
{
	if (self->state != SESSION_CONNECTING)
		return;
	self->state = SESSION_TIME;
	self->asked_us = now_us;
	self->heard_us = now_us;
	self->deadline_us = now_us + answer_max_us(self);
	push(self, SESSION_ACTION_HELLO_AND_TIME);
}

/* a backend that registers us and ends the session right away has not recovered: it is not to be hurried */
static void forget_failures_if_proven(struct session *self, uint64_t now_us)
{
	if (self->state == SESSION_UP && now_us >= self->up_us + PROVEN_US)
		self->failures = 0;
}

void session_give_up(struct session *self, uint64_t now_us, unsigned code)
{
	if (self->state == SESSION_DOWN)
		return;
	forget_failures_if_proven(self, now_us);
	self->state = SESSION_DOWN;
	self->closing = true;
	self->failure = code;
	self->register_when_known = false;
	/* the pause starts when the driver has closed it; should it never say so, we go on after the longest wait */
	self->deadline_us = now_us + answer_max_us(self);
	push(self, SESSION_ACTION_DISCONNECT);
}

void session_rest(struct session *self, uint64_t until_us)
{
	if (self->state != SESSION_UP)
		return;
	self->failures = 0; /* it has brought all that it was opened for */
	self->state = SESSION_DOWN;
	self->closing = true;
	self->resting = true;
	self->register_when_known = false;
	self->deadline_us = until_us;
	push(self, SESSION_ACTION_DISCONNECT);
}

void session_wake(struct session *self, uint64_t now_us)
{
	if (self->resting && !self->closing)
		connect_now(self, now_us);
}

void session_disconnected(struct session *self, uint64_t now_us, uint32_t random)
{
	if (self->state == SESSION_DOWN && !self->closing)
		return;
	if (self->resting) { /* the deadline is the next check's */
		self->closing = false;
		self->action_n = 0;
		return;
	}
	forget_failures_if_proven(self, now_us);
	self->state = SESSION_DOWN;
	self->closing = false;
	self->register_when_known = false;
	self->action_n = 0;
	self->deadline_us = self->hurry ? now_us : now_us + pause_us(self, random);
	self->hurry = false;
	if (self->failures < 32)
		self->failures++;
}

static void send_register(struct session *self, uint64_t now_us)
{
	self->register_when_known = false;
	self->deadline_us = now_us + answer_max_us(self);
	push(self, SESSION_ACTION_REGISTER);
}

void session_time(struct session *self, uint64_t now_us, bool accepted)
{
	if (self->state != SESSION_TIME)
		return;
	if (!accepted) {
		session_give_up(self, now_us, GATEWAY_CODE_TIME_REFUSED);
		return;
	}
	self->state = SESSION_REGISTERING;
	if (self->inventory_known) {
		send_register(self, now_us);
		return;
	}
	self->register_when_known = true;
	self->deadline_us = now_us + SESSION_INVENTORY_WAIT_US;
}

void session_inventory_known(struct session *self, uint64_t now_us)
{
	self->inventory_known = true;
	if (self->state == SESSION_REGISTERING && self->register_when_known)
		send_register(self, now_us);
}

void session_registered(struct session *self, uint64_t now_us, bool accepted, uint32_t heartbeat_s)
{
	if (self->state != SESSION_UP && (self->state != SESSION_REGISTERING || self->register_when_known))
		return;
	if (!accepted) {
		session_give_up(self, now_us, GATEWAY_CODE_REFUSED);
		return;
	}
	self->heartbeat_s = heartbeat_s < 1 ? 1 : heartbeat_s > HEARTBEAT_MAX_S ? HEARTBEAT_MAX_S : heartbeat_s;
	self->heartbeat_us = now_us + (uint64_t)self->heartbeat_s * 1000000;
	self->heard_us = now_us;
	if (self->state == SESSION_UP)
		return; /* registered once more */
	self->state = SESSION_UP;
	self->up_us = now_us;
	self->deadline_us = GATEWAY_NEVER;
	push(self, SESSION_ACTION_UP);
	/* the first tells at once what the registration does not: ignition, standstill, battery */
	self->heartbeat_counter++;
	push(self, SESSION_ACTION_HEARTBEAT);
}

void session_register_again(struct session *self)
{
	if (self->state == SESSION_UP)
		push(self, SESSION_ACTION_REGISTER);
}

void session_check_now(struct session *self, uint64_t now_us)
{
	if (self->state == SESSION_UP) {
		push(self, SESSION_ACTION_REGISTER);
	} else if (self->state == SESSION_DOWN && self->closing) {
		self->hurry = true;
		self->resting = false;
	} else if (self->state == SESSION_DOWN) {
		connect_now(self, now_us);
	}
}

void session_heard(struct session *self, uint64_t now_us)
{
	self->heard_us = now_us;
}

void session_expire(struct session *self, uint64_t now_us)
{
	if (now_us < session_deadline(self))
		return;
	switch (self->state) {
	case SESSION_DOWN:
		connect_now(self, now_us);
		return;
	case SESSION_CONNECTING:
	case SESSION_TIME:
		session_give_up(self, now_us, GATEWAY_CODE_SESSION_TIMEOUT);
		return;
	case SESSION_REGISTERING:
		if (self->register_when_known)
			send_register(self, now_us); /* with what is known */
		else
			session_give_up(self, now_us, GATEWAY_CODE_SESSION_TIMEOUT);
		return;
	case SESSION_UP:
		if (now_us >= self->heard_us + silence_us(self)) {
			session_give_up(self, now_us, GATEWAY_CODE_SESSION_TIMEOUT);
			return;
		}
		self->heartbeat_counter++;
		self->heartbeat_us = now_us + (uint64_t)self->heartbeat_s * 1000000;
		push(self, SESSION_ACTION_HEARTBEAT);
		return;
	}
}

uint64_t session_deadline(const struct session *self)
{
	uint64_t silent_us = self->heard_us + silence_us(self);

	if (self->state != SESSION_UP)
		return self->deadline_us;
	return silent_us < self->heartbeat_us ? silent_us : self->heartbeat_us;
}

enum session_action session_pop_action(struct session *self)
{
	enum session_action action;

	if (!self->action_n)
		return SESSION_ACTION_NONE;
	action = self->actions[self->action_head];
	self->action_head = (uint8_t)((self->action_head + 1u) % SESSION_MAX_ACTIONS);
	self->action_n--;
	return action;
}
