/*
 * modes_rig - the rig for what the backend does of itself in each mode: a vehicle that knows the modes, heartbeats,
 * checks.
 */
#ifndef TESTS_UNIT_BACKEND_MODES_RIG_H
#define TESTS_UNIT_BACKEND_MODES_RIG_H

#include "tests/unit/backend/rig.h"

#define CLIENT     GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED
#define SERVER     GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED
#define NEGOTIATED GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED

static inline int modes_setup(void **state)
{
	knows_modes = true;
	push_credit = 0;
	window_from_s = -10;
	config->mode = NEGOTIATED;
	config->notice = CONFIG_NOTICE_DOCUMENT;
	config->trigger = CONFIG_TRIGGER_STATE;
	config->trigger_after_s = 3600;
	config->poll_s = 0;
	return setup(state);
}

static inline void say_state(struct client *client, Gu__Heartbeat heartbeat)
{
	Gu__Frame frame = GU__FRAME__INIT;

	heartbeat.counter = 1;
	heartbeat.standstill = true;
	heartbeat.battery_mv = 12600;
	frame.body_case = GU__FRAME__BODY_HEARTBEAT;
	frame.heartbeat = &heartbeat;
	client_send(client, &frame);
	take(client, GU__FRAME__BODY_HEARTBEAT);
}

static inline void say_heartbeat(struct client *client, int ignition)
{
	Gu__Heartbeat heartbeat = GU__HEARTBEAT__INIT;

	heartbeat.ignition = (Gu__IgnitionState)ignition;
	say_state(client, heartbeat);
}

static inline void say_check(struct client *client, uint64_t held)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__CheckRequest request = GU__CHECK_REQUEST__INIT;

	request.director_version = held;
	frame.body_case = GU__FRAME__BODY_CHECK_REQUEST;
	frame.check_request = &request;
	client_send(client, &frame);
}

/* nothing but the echo of a heartbeat comes */
static inline void expect_nothing(struct client *client)
{
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_ON);
}

#define MODES(name) cmocka_unit_test_setup_teardown(name, modes_setup, teardown)

#endif
