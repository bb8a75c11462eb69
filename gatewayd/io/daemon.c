#include "gatewayd/io/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "gatewayd/io/backend.h"
#include "gatewayd/io/catalog.h"
#include "gatewayd/io/database.h"
#include "gatewayd/io/dbus.h"
#include "gatewayd/io/flasher.h"
#include "gatewayd/io/log.h"
#include "gatewayd/io/notify.h"
#include "gatewayd/io/prepare.h"
#include "gatewayd/io/startup.h"
#include "uds/port/can_driver.h"
#include "uds/port/hr_timer.h"

#define MANIFEST_MAX_BYTES (1024u * 1024u)

struct daemon {
	uv_loop_t loop;
	const struct config *config;
	struct gateway *gateway;
	struct trust *trust;
	struct blob_store *store;
	struct database *database;
	struct backend *backend;
	struct flasher *flasher;
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
	bool stopping;
	bool closed;
};

/* a preparation under way; its slot may be given to other content meanwhile */
struct preparing {
	struct daemon *daemon;
	uint8_t index;
};

static uint64_t now_us(void)
{
	return can_driver_now_us();
}

/* --- outputs that need more than handing on */

static void log_output(const struct daemon *d, const struct gateway_output *out)
{
	struct log_fields fields = {
	    .code = out->code ? gateway_code_name(out->code) : NULL,
	    .message_id = catalog_message_id(out->event),
	};

	if (out->campaign < GATEWAY_MAX_CAMPAIGNS) {
		const struct campaign *c = &d->gateway->campaigns[out->campaign];

		fields.campaign_id = c->doc.id;
		if (out->target < c->n_targets) {
			fields.ecu = c->targets[out->target].doc.ecu;
			fields.nrc = c->targets[out->target].nrc;
			fields.step = flash_step_text(c->targets[out->target].step);
		}
	}
	if (!fields.ecu && out->ecu < d->gateway->config.n_ecus)
		fields.ecu = d->gateway->ecus[out->ecu].name;
	log_write((int)out->level, &fields, "%s", out->text);
}

static void check_space(struct daemon *d, const struct gateway_output *out)
{
	const struct campaign *c = &d->gateway->campaigns[out->campaign];
	uint64_t needed = d->config->min_free_bytes;
	uint64_t available = blob_store_free_bytes(d->store);
	char text[GATEWAY_TEXT_BYTES] = "";
	struct file_ref file;

	for (size_t i = 0; campaign_file(c, i, &file); i++)
		needed += file.length - blob_store_held(d->store, &file);
	if (needed > available)
		snprintf(text, sizeof(text),
			 "%" PRIu64 " KiB are needed in %.64s, %" PRIu64 " KiB are free: make room there", needed >> 10,
			 d->config->state_dir, available >> 10);
	gateway_space(d->gateway, now_us(), out->campaign, needed <= available, text);
}

static void open_manifest(struct daemon *d, const struct gateway_output *out)
{
	const struct campaign *c = &d->gateway->campaigns[out->campaign];
	struct manifest_doc *manifest = calloc(1, sizeof(*manifest));
	uint64_t unix_s = gateway_unix_ms(d->gateway, now_us()) / 1000;
	char text[GATEWAY_TEXT_BYTES] = "";
	unsigned code = GATEWAY_CODE_IO_ERROR;
	uint8_t *bytes = NULL;
	size_t n = 0;
	int r = -1;

	if (manifest)
		r = blob_store_read(d->store, c->doc.manifest.sha256, MANIFEST_MAX_BYTES, &bytes, &n);
	if (r == 0)
		code = trust_open_manifest(d->trust, bytes, n,
					   c->state == CAMPAIGN_OFFERED ? unix_s : TRUST_ACCEPTED_BEFORE, manifest,
					   text, sizeof(text));
	else
		snprintf(text, sizeof(text), "reading the manifest: %s", manifest ? strerror(-r) : "out of memory");
	gateway_manifest(d->gateway, now_us(), out->campaign, manifest, code, text);
	free(bytes);
	free(manifest);
}

/* --- files in memory: a slot's are dropped when it is given to other content, the flasher's when it is done */

static void drop_prepared(struct daemon *d, uint8_t index)
{
	struct prepared *prepared = d->prepared[index];

	d->prepared[index] = NULL;
	d->preparing[index] = NULL; /* what is still to come is no longer wanted */
	if (prepared && prepared == d->flashed)
		d->flashed_dropped = true;
	else
		prepared_free(prepared);
}

static void end_flashed(struct daemon *d)
{
	if (!d->flashed || flasher_busy(d->flasher))
		return;
	if (d->flashed_dropped)
		prepared_free(d->flashed);
	d->flashed = NULL;
	d->flashed_dropped = false;
}

static void on_prepared(void *owner, struct prepared *prepared)
{
	struct preparing *preparing = owner;
	struct daemon *d = preparing->daemon;
	uint64_t estimate_ms[GATEWAY_MAX_TARGETS] = {0}, bytes_total[GATEWAY_MAX_TARGETS] = {0};
	enum profile_supply supply[GATEWAY_MAX_TARGETS] = {PROFILE_SUPPLY_KL30};
	uint8_t index = preparing->index;
	bool wanted = d->preparing[index] == preparing && !d->closed;

	free(preparing);
	if (!wanted) {
		prepared_free(prepared);
		return;
	}
	for (size_t i = 0; i < prepared->n_targets; i++) {
		estimate_ms[i] = prepared->targets[i].estimate_ms;
		bytes_total[i] = prepared->targets[i].bytes_total;
		supply[i] = prepared->targets[i].profile.supply;
	}
	drop_prepared(d, index);
	d->prepared[index] = prepared;
	gateway_prepared(d->gateway, now_us(), index, prepared->code, prepared->text, estimate_ms, bytes_total, supply);
}

static void prepare_campaign(struct daemon *d, uint8_t index)
{
	const struct campaign *c = &d->gateway->campaigns[index];
	const uint64_t none[GATEWAY_MAX_TARGETS] = {0};
	struct preparing *preparing = calloc(1, sizeof(*preparing));
	int r = -ENOMEM;

	drop_prepared(d, index);
	if (preparing) {
		*preparing = (struct preparing){.daemon = d, .index = index};
		r = prepare_start(&d->loop, d->config, c, d->trust, d->store, on_prepared, preparing);
	}
	if (r == 0) {
		d->preparing[index] = preparing;
		return;
	}
	free(preparing);
	gateway_prepared(d->gateway, now_us(), index, GATEWAY_CODE_IO_ERROR, strerror(-r), none, none, NULL);
}

static void flash_campaign(struct daemon *d, const struct gateway_output *out)
{
	end_flashed(d);
	if (!d->flashed)
		d->flashed = d->prepared[out->campaign];
	flasher_flash(d->flasher, out->campaign, out->targets, d->prepared[out->campaign]);
}

static bool keep_file(void *owner, const uint8_t sha256[32])
{
	const struct daemon *d = owner;

	return gateway_needs_file(d->gateway, sha256);
}

static void release_campaign(struct daemon *d, const struct gateway_output *out)
{
	drop_prepared(d, out->campaign);
	blob_store_sweep(d->store, keep_file, d);
	dbus_output(d->dbus, out);
}

static void store(struct daemon *d, const struct gateway_output *out)
{
	const uint8_t *director = NULL;
	size_t n = 0;

	if (out->dirty.director)
		director = backend_director(d->backend, &n);
	database_store(d->database, d->gateway, out, director, n);
}

static void carry_out(struct daemon *d, const struct gateway_output *out)
{
	switch (out->kind) {
	case GATEWAY_OUT_NONE:
		break;
	case GATEWAY_OUT_STORE:
		store(d, out);
		break;
	case GATEWAY_OUT_CONNECT:
	case GATEWAY_OUT_DISCONNECT:
	case GATEWAY_OUT_SEND_HELLO:
	case GATEWAY_OUT_SEND_TIME_REQUEST:
	case GATEWAY_OUT_SEND_REGISTER:
	case GATEWAY_OUT_SEND_HEARTBEAT:
	case GATEWAY_OUT_SEND_ANSWER:
	case GATEWAY_OUT_SEND_REPORT:
	case GATEWAY_OUT_SEND_ERROR:
	case GATEWAY_OUT_FETCH:
	case GATEWAY_OUT_CANCEL_FETCH:
		backend_output(d->backend, out);
		break;
	case GATEWAY_OUT_CHECK_SPACE:
		check_space(d, out);
		break;
	case GATEWAY_OUT_OPEN_MANIFEST:
		open_manifest(d, out);
		break;
	case GATEWAY_OUT_PREPARE:
		prepare_campaign(d, out->campaign);
		break;
	case GATEWAY_OUT_IDENTIFY:
		flasher_identify(d->flasher);
		break;
	case GATEWAY_OUT_FLASH:
		flash_campaign(d, out);
		break;
	case GATEWAY_OUT_INTENT_STORED:
		flasher_intent_stored(d->flasher, out->campaign, out->target);
		break;
	case GATEWAY_OUT_STOP_FLASH:
		flasher_stop(d->flasher);
		break;
	case GATEWAY_OUT_RELEASE:
		release_campaign(d, out);
		break;
	case GATEWAY_OUT_CHANGED:
	case GATEWAY_OUT_ADDED:
		dbus_output(d->dbus, out);
		break;
	case GATEWAY_OUT_LOG:
		log_output(d, out);
		break;
	}
}

/* --- the loop */

static void begin_close(struct daemon *d);

static void on_timer(void *owner)
{
	(void)owner; /* wakes the loop; the pump follows */
}

static void on_pump(uv_prepare_t *handle)
{
	struct daemon *d = handle->data;
	struct gateway_output out;
	uint64_t now = now_us(), deadline;

	end_flashed(d);
	if (gateway_deadline(d->gateway) <= now)
		gateway_expire(d->gateway, now);
	while (gateway_pop_output(d->gateway, &out))
		carry_out(d, &out);
	notify_status(&d->notify, d->gateway);
	if (d->stopping && gateway_idle(d->gateway) && !flasher_busy(d->flasher)) {
		begin_close(d);
		return;
	}
	deadline = gateway_deadline(d->gateway);
	hr_timer_arm(&d->timer, deadline >= UINT64_MAX / 1000 ? HR_TIMER_NEVER : deadline * 1000);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (d->closed)
		return; /* a moment more */
	if (d->stopping) {
		if (flasher_busy(d->flasher))
			log_write(LOG_NOTICE, NULL,
				  "still flashing: an erased ECU would not boot; stopping once it is verified");
		else
			log_write(LOG_NOTICE, NULL, "still writing to %s/state.db; stopping once that is done",
				  d->config->state_dir);
		return;
	}
	d->stopping = true;
	log_write(LOG_NOTICE, NULL, "%s: stopping at the next safe point", number == SIGINT ? "SIGINT" : "SIGTERM");
	notify_stopping(&d->notify);
	gateway_stop(d->gateway, now_us());
}

static void on_stored(void *owner, uint64_t txn)
{
	struct daemon *d = owner;

	gateway_stored(d->gateway, now_us(), txn);
}

static void on_database_trouble(void *owner, bool trouble, const char *text)
{
	(void)owner;
	if (trouble)
		log_write(LOG_ERR, NULL,
			  "database: %s; trying again until it succeeds, nothing irreversible begins before", text);
	else
		log_write(LOG_NOTICE, NULL, "database: writing again");
}

static void begin_close(struct daemon *d)
{
	d->closed = true;
	end_flashed(d);
	uv_close((uv_handle_t *)&d->pump, NULL);
	hr_timer_close(&d->timer, NULL);
	notify_close(&d->notify);
	backend_free(d->backend);
	dbus_free(d->dbus);
	flasher_free(d->flasher);
}

static int open_all(struct daemon *d, struct gateway_config *core)
{
	const struct database_callbacks callbacks = {
	    .owner = d, .on_stored = on_stored, .on_trouble = on_database_trouble};
	char text[1024] = "";
	int r;

	if (trust_load(d->config, &d->trust, text, sizeof(text))) {
		log_write(LOG_ERR, NULL, "%s", text);
		return 1;
	}
	r = blob_store_open(&d->loop, d->config->state_dir, &d->store, text, sizeof(text));
	if (r == 0 && startup_lock(d->config->state_dir))
		return 1;
	if (r == 0)
		r = database_open(&d->loop, d->config->state_dir, &callbacks, &d->database, text, sizeof(text));
	if (r < 0) {
		log_write(LOG_ERR, NULL, "%s", text);
		return 1;
	}
	memcpy(core->queue_id, database_queue_id(d->database), sizeof(core->queue_id));
	gateway_init(d->gateway, core);
	r = database_restore(d->database, d->gateway, d->trust, d->store, core->vehicle_id, text, sizeof(text));
	if (r == 0 && backend_new(&d->loop, d->config, d->trust, d->store, d->gateway, &d->backend) < 0)
		return 1; /* it has said why */
	if (r == 0)
		r = flasher_new(&d->loop, d->config, d->gateway, &d->flasher, text, sizeof(text));
	if (r == 0)
		r = dbus_new(&d->loop, d->config->dbus_address, d->gateway, &d->dbus);
	if (r) {
		log_write(LOG_ERR, NULL, "%s", text[0] ? text : strerror(r < 0 ? -r : r));
		return 1;
	}
	return 0;
}

static int start_loop(struct daemon *d)
{
	int r = hr_timer_init(&d->timer, &d->loop, d, on_timer);

	if (r < 0) {
		log_write(LOG_ERR, NULL, "cannot make a timer: %s", strerror(-r));
		return r;
	}
	uv_prepare_init(&d->loop, &d->pump);
	uv_signal_init(&d->loop, &d->on_term);
	uv_signal_init(&d->loop, &d->on_int);
	d->pump.data = d;
	d->on_term.data = d;
	d->on_int.data = d;
	uv_prepare_start(&d->pump, on_pump);
	/* closed last of all: without them a second signal would kill us while we still close the database */
	uv_unref((uv_handle_t *)&d->on_term);
	uv_unref((uv_handle_t *)&d->on_int);
	uv_signal_start(&d->on_term, on_stop_signal, SIGTERM);
	uv_signal_start(&d->on_int, on_stop_signal, SIGINT);
	notify_init(&d->notify, &d->loop);
	return 0;
}

int daemon_run(const struct config *config)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct gateway_config *core = calloc(1, sizeof(*core));
	int status = 1;

	if (d)
		d->gateway = calloc(1, sizeof(*d->gateway));
	if (!d || !core || !d->gateway || uv_loop_init(&d->loop) < 0) {
		log_write(LOG_ERR, NULL, "out of memory");
		_exit(1);
	}
	d->config = config;
	*core = config->core;
	signal(SIGPIPE, SIG_IGN);
	if (open_all(d, core) == 0 && start_loop(d) == 0) {
		gateway_start(d->gateway, now_us());
		notify_ready(&d->notify);
		log_write(LOG_NOTICE, NULL, "gatewayd " GU_VERSION ": vehicle %s, %u ECUs on %u buses, state in %s",
			  config->core.vehicle_id, config->core.n_ecus, config->n_buses, config->state_dir);
		uv_run(&d->loop, UV_RUN_DEFAULT);
		status = 0;
	}
	/* what failed to open leaves the rest to the kernel: nothing durable is half done */
	if (status)
		_exit(status);
	database_close(d->database);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	blob_store_close(d->store);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		drop_prepared(d, i);
	trust_free(d->trust);
	log_write(LOG_NOTICE, NULL, "stopped");
	uv_close((uv_handle_t *)&d->on_term, NULL);
	uv_close((uv_handle_t *)&d->on_int, NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
	free(d->gateway);
	free(core);
	free(d);
	return status;
}
