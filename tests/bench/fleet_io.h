/*
 * fleet_io - carries out what the gateway's core asks for in the simulated fleet: a backend and a flasher that are no
 * more than answers after a time. What goes over the session is lost with it.
 */
#ifndef TESTS_BENCH_FLEET_IO_H
#define TESTS_BENCH_FLEET_IO_H

#include "tests/bench/fleet_vehicle.h"

#define FLEET_UNIX_BASE  UINT64_C(1767571200) /* a Monday, midnight */
#define FLEET_S          UINT64_C(1000000)
#define FLEET_MAX_EVENTS 64u
#define FLEET_CAMPAIGN   "c1"

enum fleet_event_kind {
	/* over the session: lost with it */
	FLEET_EVENT_CONNECTED,
	FLEET_EVENT_REFUSED,
	FLEET_EVENT_TIME,
	FLEET_EVENT_REGISTERED,
	FLEET_EVENT_DIRECTOR,
	FLEET_EVENT_CONFIRM,
	FLEET_EVENT_HEARTBEAT,
	FLEET_EVENT_ACK,
	FLEET_EVENT_BLOB,
	FLEET_EVENT_CHECK_RESULT,
	FLEET_EVENT_TRIGGER,
	/* in the vehicle */
	FLEET_EVENT_PREPARED,
	FLEET_EVENT_IDENTIFIED,
	FLEET_EVENT_INTENT,
	FLEET_EVENT_FLASHED,
};

struct fleet_event {
	enum fleet_event_kind kind;
	uint64_t at_us;
	uint64_t number;
};

struct fleet_run {
	struct gateway *gateway;
	const struct fleet_model *model;
	const struct fleet_backend *backend;
	const struct fleet_class *class;
	struct director_doc director;
	struct manifest_doc manifest;
	struct fleet_event events[FLEET_MAX_EVENTS];
	unsigned n_events;
	uint64_t now_us;
	uint64_t random;
	bool ignition, coverage, awake;
	uint64_t awake_until_us; /* with the ignition off, and nothing to flash */
	uint64_t alarm_us;       /* while it sleeps: when it is woken */
	bool session;
	bool wants_trigger; /* a server-initiated campaign waits for it */
	bool flashed, fails, erased;
	uint64_t txns[16]; /* to be told as durable */
	unsigned n_txns;
	struct file_ref fetching;
};

/* @self: with gateway, model, backend and class */
void fleet_io_init(struct fleet_run *self);
/* the vehicle's signals, as they are now */
void fleet_io_tell_signals(struct fleet_run *self);
void fleet_io_lose_session(struct fleet_run *self);
bool fleet_io_is_flashing(const struct fleet_run *self);
/* what is due by now_us */
void fleet_io_handle_due(struct fleet_run *self);
/* pops and carries out until the core wants nothing more */
void fleet_io_pump(struct fleet_run *self);

#endif
