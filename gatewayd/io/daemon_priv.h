/*
 * daemon_priv - shared by daemon.c (composition and loop), daemon_files.c (a campaign's files) and daemon_service.c
 * (what the service manager, signals and logind have to do with it).
 */
#ifndef GATEWAYD_IO_DAEMON_PRIV_H
#define GATEWAYD_IO_DAEMON_PRIV_H

#include "gatewayd/io/backend.h"
#include "gatewayd/io/daemon.h"
#include "gatewayd/io/database.h"
#include "gatewayd/io/dbus.h"
#include "gatewayd/io/flasher.h"
#include "gatewayd/io/holds.h"
#include "gatewayd/io/notify.h"
#include "gatewayd/io/prepare.h"
#include "gatewayd/io/shutdown_lock.h"
#include "gatewayd/io/wake.h"
#include "uds/port/hr_timer.h"

struct preparing;

struct daemon {
	uv_loop_t loop;
	struct config *config; /* what may change at runtime changes in place, on the loop alone */
	struct gateway *gateway;
	struct trust *trust;
	struct blob_store *store;
	struct database *database;
	struct backend *backend;
	struct flasher *flasher;
	struct holds *holds;
	struct wake *wake; /* NULL: the system is not to be woken */
	struct dbus *dbus;
	struct notify notify;
	struct prepared *prepared[GATEWAY_MAX_CAMPAIGNS]; /* by slot */
	struct preparing *preparing[GATEWAY_MAX_CAMPAIGNS];
	struct prepared *flashed; /* what the flasher works with; it outlives its slot */
	bool flashed_dropped;     /* its slot has let go of it */
	uv_prepare_t pump;        /* before each poll: expire, carry out, arm the timer */
	struct hr_timer timer;    /* counts while the gateway sleeps, as the core's time does */
	uv_signal_t on_term;
	uv_signal_t on_int;
	uv_signal_t on_hup;
	struct shutdown_lock *lock;
	uint8_t intent_campaign; /* whose erases wait for the lock */
	uint32_t intents;        /* bit per target */
	bool stalled_told;
	bool stopping;
	bool closed;
};

/* --- daemon_files.c */
void daemon_check_space(struct daemon *d, const struct gateway_output *out);
void daemon_open_manifest(struct daemon *d, const struct gateway_output *out);
void daemon_prepare(struct daemon *d, uint8_t index);
void daemon_drop_prepared(struct daemon *d, uint8_t index);
void daemon_flash(struct daemon *d, const struct gateway_output *out);
void daemon_end_flashed(struct daemon *d);

/* --- daemon_service.c */
/* Return: 0 or -errno */
int daemon_service_open(struct daemon *d);
/* the intent is stored: the erase begins once the lock against shutdown is settled */
void daemon_intent_stored(struct daemon *d, const struct gateway_output *out);
/* before the outputs of a turn: the lock is there for whom they let begin */
void daemon_service_before(struct daemon *d);
/* after them: status, watchdog, more time for stopping */
void daemon_service_after(struct daemon *d);
/* nothing of it holds the loop any more but the signals */
void daemon_service_close(struct daemon *d);
void daemon_service_close_signals(struct daemon *d);

#endif
