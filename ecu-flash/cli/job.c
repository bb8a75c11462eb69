#include "ecu-flash/cli/job.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"

struct job {
	const struct options *options;
	const struct inputs *inputs;
	struct report *report;
	struct job_outcome *outcome;
	struct session session;
	struct flash_run run;
	struct flash_bus bus;
	bool begun;
};

static void give_key(struct job *job, uint64_t now_us, const struct flash_event *event)
{
	struct security_question question = {
	    .level = event->level,
	    .seed = event->seed,
	    .n_seed = event->n_seed,
	    .hardware_id = flash_run_result(&job->run)->before.hardware_id,
	};
	uint8_t key[64];
	char text[512];
	size_t n = load_answer(job->inputs, job->options, &question, key, text, sizeof text);

	if (n)
		flash_run_key(&job->run, now_us, key, n);
	else
		flash_run_key_failed(&job->run, now_us, text);
	OPENSSL_cleanse(key, sizeof key);
}

/* what the run asks of us, and what the user is told */
static void on_event(struct job *job, uint64_t now_us, const struct flash_bus_event *event)
{
	const struct flash_event *inner = &event->event;

	report_event(job->report, now_us, event, flash_run_result(&job->run));
	if (event->kind != FLASH_BUS_EVENT_TARGET)
		return;
	if (inner->kind == FLASH_EVENT_NEED_KEY) {
		give_key(job, now_us, inner);
	} else if (inner->kind == FLASH_EVENT_INTENT) {
		/* a bench has no record to be kept: whoever started this knows that the ECU is being flashed */
		flash_run_intent_stored(&job->run, now_us);
	}
}

static uint64_t step(void *owner, uint64_t now_us)
{
	struct job *job = owner;
	struct flash_bus_event event;

	if (!job->begun) {
		job->begun = true;
		flash_bus_start(&job->bus, now_us);
	}
	flash_bus_advance(&job->bus, now_us);
	while (flash_bus_pop_event(&job->bus, &event))
		on_event(job, now_us, &event);
	if (flash_bus_finished(&job->bus))
		session_end(&job->session);
	return flash_bus_deadline(&job->bus);
}

static void on_interrupt(void *owner, uint64_t now_us, unsigned n)
{
	struct job *job = owner;
	bool erased = flash_run_result(&job->run)->erased;

	job->outcome->stop_wanted = true;
	if (erased && job->inputs->profile.banks == PROFILE_DUAL_BANK)
		report_line(job->report,
			    "  stop wanted: the ECU was told to switch over already. The next safe point is "
			    "its verification, or its way back; going on until then.");
	else if (erased && n == 1)
		report_line(job->report,
			    "  stop wanted: the ECU's old application is erased already. The next safe point is its "
			    "verification; going on until then.");
	else if (erased)
		report_line(
		    job->report,
		    "  it cannot be stopped now: without a valid application the ECU would stay in its boot loader. "
		    "Leave supply and bus connected until it is verified.");
	else if (n == 1 && flash_run_result(&job->run)->bank_erased)
		report_line(job->report,
			    "  stop wanted: the running application is untouched; the other bank was erased and holds "
			    "nothing valid; stopping, and leaving the bus as it was");
	else if (n == 1)
		report_line(job->report,
			    "  stop wanted: nothing is erased yet; stopping, and leaving the bus as it was");
	else
		report_line(job->report,
			    "  stopping already: the bus must be left as it was, which takes some seconds");
	flash_bus_stop(&job->bus, now_us);
}

static void prepare(struct job *job, enum flash_job_kind kind)
{
	const struct inputs *in = job->inputs;
	struct flash_job work = {
	    .kind = kind, .profile = &in->profile, .n_units = in->n_units, .recovery = job->options->recover};
	uint8_t last = in->n_units ? (uint8_t)(in->n_units - 1) : 0;

	memcpy(work.units, in->units, sizeof work.units);
	work.origin.unix_s = (uint64_t)time(NULL);
	if (job->options->tester_serial)
		strncpy(work.origin.tester_serial, job->options->tester_serial, FLASH_ORIGIN_BYTES - 1);
	if (job->options->shop_code)
		strncpy(work.origin.shop_code, job->options->shop_code, FLASH_ORIGIN_BYTES - 1);
	if (kind == FLASH_JOB_VERIFY)
		work.n_units = 1; /* a version to compare, no image */
	if (job->options->expect_version)
		strncpy(work.units[last].expected_version, job->options->expect_version, FLASH_VERSION_BYTES - 1);
	flash_run_init(&job->run, &work, &job->session.channel);
	flash_bus_init(&job->bus, can_driver_node(job->session.driver), 1);
	flash_bus_add(&job->bus, &job->run);
}

static int run(struct job *job, enum flash_job_kind kind)
{
	const struct profile *profile = &job->inputs->profile;
	int r = session_open(&job->session, &profile->link, &profile->timing, profile->link.fd);

	if (r < 0) {
		prepare(job, kind);
		session_run(&job->session);
		job->outcome->result = *flash_run_result(&job->run);
		job->outcome->n_foreign = can_driver_node(job->session.driver)->n_foreign;
	}
	job->outcome->bus_error = job->session.bus_error;
	session_close(&job->session);
	return r;
}

int job_run(const struct options *options, const struct inputs *inputs, enum flash_job_kind kind, struct report *report,
	    struct job_outcome *outcome)
{
	struct job *job = calloc(1, sizeof *job);
	int r;

	*outcome = (struct job_outcome){0};
	if (!job)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	job->options = options;
	job->inputs = inputs;
	job->report = report;
	job->outcome = outcome;
	job->session.options = options;
	job->session.verb = (struct session_verb){.owner = job, .step = step, .on_interrupt = on_interrupt};
	job->session.report = report;
	job->session.profile = &inputs->profile;
	job->session.functional = &inputs->profile.functional;
	r = run(job, kind);
	free(job);
	return r == EXIT_NO_BUS ? -1 : r;
}
