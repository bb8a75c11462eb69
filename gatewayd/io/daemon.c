#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

#include "gatewayd/io/catalog.h"
#include "gatewayd/io/daemon_priv.h"
#include "gatewayd/io/log.h"
#include "gatewayd/io/startup.h"
#include "uds/port/can_driver.h"

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

static bool keep_file(void *owner, const uint8_t sha256[32])
{
	const struct daemon *d = owner;

	return gateway_needs_file(d->gateway, sha256);
}

static void release_campaign(struct daemon *d, const struct gateway_output *out)
{
	daemon_drop_prepared(d, out->campaign);
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
	case GATEWAY_OUT_SEND_CHECK:
	case GATEWAY_OUT_FETCH:
	case GATEWAY_OUT_CANCEL_FETCH:
		backend_output(d->backend, out);
		break;
	case GATEWAY_OUT_CHECK_SPACE:
		daemon_check_space(d, out);
		break;
	case GATEWAY_OUT_OPEN_MANIFEST:
		daemon_open_manifest(d, out);
		break;
	case GATEWAY_OUT_PREPARE:
		daemon_prepare(d, out->campaign);
		break;
	case GATEWAY_OUT_IDENTIFY:
		flasher_identify(d->flasher);
		break;
	case GATEWAY_OUT_FLASH:
		daemon_flash(d, out);
		break;
	case GATEWAY_OUT_INTENT_STORED:
		daemon_intent_stored(d, out);
		break;
	case GATEWAY_OUT_STOP_FLASH:
		flasher_stop(d->flasher, out->targets);
		break;
	case GATEWAY_OUT_HOLD:
		holds_order(d->holds, &out->hold);
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

	daemon_end_flashed(d);
	if (gateway_deadline(d->gateway) <= now)
		gateway_expire(d->gateway, now);
	daemon_service_before(d);
	while (gateway_pop_output(d->gateway, &out))
		carry_out(d, &out);
	daemon_service_after(d);
	if (d->stopping && gateway_idle(d->gateway) && !flasher_busy(d->flasher) && !holds_releasing(d->holds)) {
		begin_close(d);
		return;
	}
	deadline = gateway_deadline(d->gateway);
	wake_arm(d->wake, gateway_wake_us(d->gateway, now));
	hr_timer_arm(&d->timer, deadline >= UINT64_MAX / 1000 ? HR_TIMER_NEVER : deadline * 1000);
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
	daemon_end_flashed(d);
	uv_close((uv_handle_t *)&d->pump, NULL);
	hr_timer_close(&d->timer, NULL);
	daemon_service_close(d);
	backend_free(d->backend);
	dbus_free(d->dbus);
	wake_free(d->wake);
	holds_free(d->holds);
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
	if (getrandom(&core->random, sizeof(core->random), 0) != (ssize_t)sizeof(core->random))
		core->random = can_driver_now_us(); /* only jitter hangs on it */
	gateway_init(d->gateway, core);
	r = database_restore(d->database, d->gateway, d->trust, d->store, core->vehicle_id, text, sizeof(text));
	if (r == 0 && backend_new(&d->loop, d->config, d->trust, d->store, d->gateway, &d->backend) < 0)
		return 1; /* it has said why */
	if (r == 0)
		r = flasher_new(&d->loop, d->config, d->gateway, &d->flasher, text, sizeof(text));
	if (r == 0)
		r = holds_new(&d->loop, d->config, d->flasher, &d->holds);
	if (r == 0)
		r = dbus_new(&d->loop, d->config, d->gateway, &d->dbus);
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
	wake_new(&d->loop, &d->wake);
	uv_prepare_init(&d->loop, &d->pump);
	d->pump.data = d;
	uv_prepare_start(&d->pump, on_pump);
	r = daemon_service_open(d);
	if (r < 0)
		log_write(LOG_ERR, NULL, "%s", strerror(-r));
	return r;
}

int daemon_run(struct config *config)
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
		daemon_drop_prepared(d, i);
	trust_free(d->trust);
	log_write(LOG_NOTICE, NULL, "stopped");
	daemon_service_close_signals(d);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
	free(d->gateway);
	free(core);
	free(d);
	return status;
}
