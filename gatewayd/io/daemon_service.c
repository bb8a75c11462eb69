/*
 * daemon_service - the daemon under a service manager, and without one: signals, the configuration read again, the lock
 * against shutdown, what is told of all that, and the watchdog.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/daemon_priv.h"
#include "gatewayd/io/log.h"
#include "gatewayd/io/reload.h"
#include "uds/port/can_driver.h"

#define STALLED_NS 60000000000u /* a write of the database that takes longer hangs: no disk is so slow */

/* --- stopping */

static void on_stop_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (d->closed)
		return; /* a moment more */
	if (d->stopping) {
		if (flasher_busy(d->flasher))
			log_write(LOG_NOTICE, NULL,
				  "still flashing: an erased ECU would not boot; stopping once it is verified");
		else if (holds_releasing(d->holds))
			log_write(LOG_NOTICE, NULL, "still telling the vehicle that it is needed no more");
		else
			log_write(LOG_NOTICE, NULL, "still writing to %s/state.db; stopping once that is done",
				  d->config->state_dir);
		return;
	}
	d->stopping = true;
	log_write(LOG_NOTICE, NULL, "%s: stopping at the next safe point", number == SIGINT ? "SIGINT" : "SIGTERM");
	notify_stopping(&d->notify);
	gateway_stop(d->gateway, can_driver_now_us());
}

/* --- the configuration read again */

static sigset_t reload_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	return set;
}

void daemon_hold_reload(void)
{
	const sigset_t set = reload_signals();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* the handler is there: one that waited comes now, and is obeyed in the loop's first turn */
static void let_reload(void)
{
	const sigset_t set = reload_signals();

	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void take_over(struct daemon *d, struct reload *reload)
{
	flasher_reload(d->flasher, reload->keys, reload->profiles);
	reload->keys = NULL;
	gateway_reconfigure(d->gateway, can_driver_now_us(), &d->config->core, reload->profiles);
	/* what is being prepared is held against the profiles that were */
	for (uint8_t i = 0; reload->profiles && i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (d->preparing[i])
			daemon_prepare(d, i);
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;
	struct reload *reload;

	(void)number;
	if (d->closed || d->stopping)
		return;
	notify_reloading(&d->notify);
	reload = reload_read(d->config);
	if (reload) {
		reload_apply(reload, d->config);
		take_over(d, reload);
	}
	reload_free(reload);
	notify_ready(&d->notify);
}

/* --- the lock against shutdown */

static const char *at_risk(const struct gateway *gateway, char why[SHUTDOWN_LOCK_WHY_BYTES])
{
	const char *names[2] = {"", ""};
	unsigned n = 0;

	for (uint8_t i = 0; i < gateway->config.n_ecus; i++) {
		if (!gateway_at_risk(gateway, i))
			continue;
		if (n < 2)
			names[n] = gateway->ecus[i].name;
		n++;
	}
	if (n == 0)
		return NULL;
	if (n == 1)
		snprintf(why, SHUTDOWN_LOCK_WHY_BYTES, "ECU %s is erased and has no software before it is verified",
			 names[0]);
	else if (n == 2)
		snprintf(why, SHUTDOWN_LOCK_WHY_BYTES,
			 "ECUs %s and %s are erased and have no software before they are verified", names[0], names[1]);
	else
		snprintf(why, SHUTDOWN_LOCK_WHY_BYTES,
			 "ECU %s and %u more are erased and have no software before they are verified", names[0],
			 n - 1);
	return why;
}

static void on_lock_settled(void *owner)
{
	struct daemon *d = owner;
	uint32_t intents = d->intents;

	d->intents = 0;
	for (uint8_t i = 0; i < GATEWAY_MAX_TARGETS; i++)
		if (intents & 1u << i)
			flasher_intent_stored(d->flasher, d->intent_campaign, i);
}

static sd_bus *lock_bus(void *owner)
{
	const struct daemon *d = owner;

	return dbus_connection(d->dbus);
}

void daemon_intent_stored(struct daemon *d, const struct gateway_output *out)
{
	if (shutdown_lock_settled(d->lock)) {
		flasher_intent_stored(d->flasher, out->campaign, out->target);
		return;
	}
	d->intent_campaign = out->campaign; /* one campaign is flashed at a time */
	d->intents |= 1u << out->target;
}

void daemon_service_before(struct daemon *d)
{
	char why[SHUTDOWN_LOCK_WHY_BYTES];

	shutdown_lock_want(d->lock, at_risk(d->gateway, why));
}

/* --- status and watchdog */

/* The loop goes on while its one writer hangs in a system call or a lock: nothing irreversible begins, and nobody would
 * notice. Said once; and the watchdog is left hungry, but for an ECU whose flash under way does not need the writer. */
static bool is_stalled(struct daemon *d)
{
	bool stalled =
	    d->gateway->txn_durable + 1 != d->gateway->txn_next && database_writing_ns(d->database) > STALLED_NS;

	if (stalled && !d->stalled_told)
		log_write(LOG_ERR, NULL, "database: a write to %s/state.db has not come back for %u s",
			  d->config->state_dir, (unsigned)(STALLED_NS / 1000000000u));
	d->stalled_told = stalled;
	return stalled;
}

void daemon_service_after(struct daemon *d)
{
	bool stalled = is_stalled(d);

	/* A flash is no endless reason: each of its waits has a limit, and a hung loop asks for nothing. */
	notify_more_time(&d->notify, d->stopping && flasher_busy(d->flasher));
	notify_turn(&d->notify, d->gateway, can_driver_now_us(), stalled, !stalled || flasher_busy(d->flasher));
}

/* --- together */

static void watch_signal(struct daemon *d, uv_signal_t *signal, uv_signal_cb callback, int number)
{
	uv_signal_init(&d->loop, signal);
	signal->data = d;
	/* closed last of all: without them a second signal would kill us while we still close the database */
	uv_unref((uv_handle_t *)signal);
	uv_signal_start(signal, callback, number);
}

int daemon_service_open(struct daemon *d)
{
	const struct shutdown_lock_callbacks callbacks = {.owner = d, .bus = lock_bus, .on_settled = on_lock_settled};
	int r = shutdown_lock_new(&d->loop, &callbacks, &d->lock);

	if (r < 0)
		return r;
	watch_signal(d, &d->on_term, on_stop_signal, SIGTERM);
	watch_signal(d, &d->on_int, on_stop_signal, SIGINT);
	watch_signal(d, &d->on_hup, on_reload_signal, SIGHUP);
	let_reload();
	notify_init(&d->notify, &d->loop);
	return 0;
}

void daemon_service_close(struct daemon *d)
{
	notify_close(&d->notify);
	shutdown_lock_free(d->lock);
}

void daemon_service_close_signals(struct daemon *d)
{
	uv_close((uv_handle_t *)&d->on_term, NULL);
	uv_close((uv_handle_t *)&d->on_int, NULL);
	uv_close((uv_handle_t *)&d->on_hup, NULL);
}
