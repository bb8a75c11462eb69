#include "ecu-flash/cli/job.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/trace.h"
#include "uds/port/can_driver.h"

#define TX_BYTES (65535u + 16u) /* the longest block that service 34 announces in practice */
#define RX_BYTES 4096u

struct job {
	const struct options *options;
	const struct inputs *inputs;
	struct report *report;
	struct job_outcome *outcome;
	uv_loop_t loop;
	uv_signal_t signals[2]; /* SIGINT, SIGTERM */
	struct can_driver *driver;
	struct uds_channel channel;
	struct flash_run run;
	struct flash_bus bus;
	struct trace trace;
	unsigned n_interrupts;
	bool started;
	bool over;
	uint8_t tx[TX_BYTES];
	uint8_t rx[RX_BYTES];
};

static void finish(struct job *job)
{
	if (job->over)
		return;
	job->over = true;
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&job->signals[i], NULL);
}

/* what the run asks of us, and what the user is told */
static void on_event(struct job *job, uint64_t now_us, const struct flash_bus_event *event)
{
	const struct flash_event *inner = &event->event;
	uint8_t key[64];
	size_t n;

	report_event(job->report, now_us, event, flash_run_result(&job->run));
	if (event->kind != FLASH_BUS_EVENT_TARGET)
		return;
	if (inner->kind == FLASH_EVENT_NEED_KEY) {
		n = security_key(job->inputs->keys, &job->inputs->profile, inner->seed, inner->n_seed, key);
		if (n)
			flash_run_key(&job->run, now_us, key, n);
		else
			flash_run_key_unavailable(&job->run, now_us);
		OPENSSL_cleanse(key, sizeof key);
	} else if (inner->kind == FLASH_EVENT_INTENT) {
		/* a bench has no record to be kept: whoever started this knows that the ECU is being flashed */
		flash_run_intent_stored(&job->run, now_us);
	}
}

static uint64_t step(void *owner, uint64_t now_us)
{
	struct job *job = owner;
	struct flash_bus_event event;

	if (!job->started)
		return UDS_NEVER;
	if (job->trace.out) {
		report_clear(job->report);
		trace_answers(&job->trace, now_us, &job->channel);
	}
	flash_bus_advance(&job->bus, now_us);
	while (flash_bus_pop_event(&job->bus, &event))
		on_event(job, now_us, &event);
	if (job->trace.out) {
		report_clear(job->report);
		trace_request(&job->trace, now_us, &job->channel);
	}
	if (flash_bus_finished(&job->bus))
		finish(job);
	return flash_bus_deadline(&job->bus);
}

static void on_bus(void *owner, int error)
{
	struct job *job = owner;

	job->outcome->bus_error = error;
	if (error)
		report_line(job->report, "  the bus %s is lost (%s); waiting for it", job->options->bus,
			    strerror(-error));
	else
		report_line(job->report, "  the bus %s is back", job->options->bus);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct job *job = signal->data;
	bool erased = flash_run_result(&job->run)->erased;

	(void)number;
	job->outcome->stop_wanted = true;
	job->n_interrupts++;
	if (erased && job->n_interrupts == 1)
		report_line(job->report,
			    "  stop wanted: the ECU's old application is erased already. The next safe point is its "
			    "verification; going on until then.");
	else if (erased)
		report_line(
		    job->report,
		    "  it cannot be stopped now: without a valid application the ECU would stay in its boot loader. "
		    "Leave supply and bus connected until it is verified.");
	else if (job->n_interrupts == 1)
		report_line(job->report,
			    "  stop wanted: nothing is erased yet; stopping, and leaving the bus as it was");
	else
		report_line(job->report,
			    "  stopping already: the bus must be left as it was, which takes some seconds");
	flash_bus_stop(&job->bus, can_driver_now_us());
	can_driver_kick(job->driver);
}

static void prepare(struct job *job, enum flash_job_kind kind)
{
	const struct inputs *in = job->inputs;
	struct flash_job work = {
	    .kind = kind, .profile = &in->profile, .n_units = in->n_units, .recovery = job->options->recover};
	uint8_t last = in->n_units ? (uint8_t)(in->n_units - 1) : 0;

	memcpy(work.units, in->units, sizeof work.units);
	if (kind == FLASH_JOB_VERIFY)
		work.n_units = 1; /* a version to compare, no image */
	if (job->options->expect_version)
		strncpy(work.units[last].expected_version, job->options->expect_version, FLASH_VERSION_BYTES - 1);
	uds_channel_init(&job->channel, &in->profile.link, &in->profile.timing, job->tx, sizeof job->tx, job->rx,
			 sizeof job->rx);
	flash_run_init(&job->run, &work, &job->channel);
}

static int open_bus(struct job *job)
{
	const struct can_driver_config config = {.port = job->options->bus, .fd = job->inputs->profile.link.fd};
	const struct can_driver_callbacks callbacks = {.owner = job, .step = step, .on_bus = on_bus};
	int r = can_driver_open(&job->loop, &config, &callbacks, &job->driver);

	if (r)
		return r;
	can_node_attach(can_driver_node(job->driver), &job->channel);
	can_driver_refresh_filters(job->driver);
	flash_bus_init(&job->bus, can_driver_node(job->driver), 1);
	flash_bus_add(&job->bus, &job->run);
	return 0;
}

static void run(struct job *job)
{
	static const int numbers[2] = {SIGINT, SIGTERM};
	uint64_t now_us = can_driver_now_us();

	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&job->loop, &job->signals[i]);
		job->signals[i].data = job;
		uv_signal_start(&job->signals[i], on_signal, numbers[i]);
	}
	if (job->options->trace)
		job->trace = (struct trace){.out = stderr, .start_us = now_us};
	flash_bus_start(&job->bus, now_us);
	job->started = true;
	can_driver_kick(job->driver);
	while (!job->over)
		uv_run(&job->loop, UV_RUN_ONCE);
	job->outcome->result = *flash_run_result(&job->run);
	report_clear(job->report);
}

int job_run(const struct options *options, const struct inputs *inputs, enum flash_job_kind kind, struct report *report,
	    struct job_outcome *outcome)
{
	struct job *job = calloc(1, sizeof *job);
	int r;

	*outcome = (struct job_outcome){0};
	if (!job)
		return -ENOMEM;
	job->options = options;
	job->inputs = inputs;
	job->report = report;
	job->outcome = outcome;
	r = uv_loop_init(&job->loop);
	if (r) {
		free(job);
		return r;
	}
	prepare(job, kind);
	outcome->bus_error = open_bus(job);
	if (!outcome->bus_error) {
		run(job);
		can_driver_close(job->driver);
	}
	uv_run(&job->loop, UV_RUN_DEFAULT); /* the close callbacks */
	uv_loop_close(&job->loop);
	free(job);
	return 0;
}
