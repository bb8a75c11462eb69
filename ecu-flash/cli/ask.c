#include "ecu-flash/cli/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "ecu-flash/load/profile_load.h"

struct asking {
	struct ask *ask;
	struct session session;
	struct report report;
	size_t next; /* of the list */
	bool open;
	uint64_t asked_us;
};

static int copy_answer(struct exchange *e, const struct uds_event *event)
{
	e->answer = malloc(event->n_pdu ? event->n_pdu : 1);
	if (!e->answer)
		return -1;
	memcpy(e->answer, event->pdu, event->n_pdu);
	e->n_answer = event->n_pdu;
	return 0;
}

static bool failed(const struct exchange *e)
{
	return e->kind != UDS_EVENT_POSITIVE && e->kind != UDS_EVENT_SUPPRESSED;
}

/* a receiver that refuses a message, or lets it begin, is there; so is a sender whose answer has begun */
static bool shows_ecu(const struct uds_event *event)
{
	switch (event->kind) {
	case UDS_EVENT_POSITIVE:
	case UDS_EVENT_NEGATIVE:
	case UDS_EVENT_MALFORMED:
		return true;
	case UDS_EVENT_SEND_FAILED:
		return event->reason == ISOTP_REASON_OVERFLOW || event->reason == ISOTP_REASON_INVALID_FS ||
		       event->reason == ISOTP_REASON_N_CS;
	case UDS_EVENT_TIMEOUT:
		return event->reason != ISOTP_REASON_NONE;
	case UDS_EVENT_NONE:
	case UDS_EVENT_PENDING:
	case UDS_EVENT_SUPPRESSED:
	case UDS_EVENT_UNSOLICITED:
		break;
	}
	return false;
}

static void take(struct asking *self, uint64_t now_us, const struct uds_event *event)
{
	struct ask *ask = self->ask;
	struct exchange *e = &ask->list[self->next];

	if (event->kind == UDS_EVENT_PENDING) {
		e->n_pending++;
		ask->answered = true;
		return;
	}
	if (!self->open || event->kind == UDS_EVENT_UNSOLICITED || event->kind == UDS_EVENT_NONE)
		return;
	self->open = false;
	e->kind = event->kind;
	e->reason = event->reason;
	e->nrc = event->nrc;
	e->us = now_us - self->asked_us;
	ask->answered = ask->answered || shows_ecu(event);
	if ((event->kind == UDS_EVENT_POSITIVE || event->kind == UDS_EVENT_NEGATIVE ||
	     event->kind == UDS_EVENT_MALFORMED) &&
	    copy_answer(e, event))
		fputs("ecu-flash: out of memory\n", stderr);
	self->next++;
	if (failed(e) && (ask->stop_at_failure || !ask->answered))
		session_end(&self->session);
}

static uint64_t step(void *owner, uint64_t now_us)
{
	struct asking *self = owner;
	struct ask *ask = self->ask;
	struct uds_event event;

	while (!self->session.over && self->next < ask->n && uds_channel_pop_event(&self->session.channel, &event))
		take(self, now_us, &event);
	if (self->session.over)
		return UDS_NEVER;
	if (self->next == ask->n) {
		session_end(&self->session);
		return UDS_NEVER;
	}
	if (!self->open && uds_channel_idle(&self->session.channel)) {
		struct exchange *e = &ask->list[self->next];

		e->asked = true;
		self->asked_us = now_us;
		self->open = true;
		if (uds_channel_request(&self->session.channel, now_us, e->request, e->n_request)) {
			e->kind = UDS_EVENT_SEND_FAILED;
			session_end(&self->session);
		}
	}
	return UDS_NEVER;
}

static void on_interrupt(void *owner, uint64_t now_us, unsigned n)
{
	struct asking *self = owner;

	(void)n;
	self->ask->stopped = true;
	if (self->open)
		self->ask->list[self->next].us = now_us - self->asked_us;
	report_line(&self->report, "stopped; the ECU falls back to its default session by itself (S3, commonly 5 s)");
	session_end(&self->session);
}

int ask_profile(const struct options *options, struct profile *profile)
{
	static const enum option_id instead[] = {OPTION_REQUEST, OPTION_RESPONSE, OPTION_WIDE_IDS, OPTION_FD};
	struct yaml_error error;

	if (options->profile) {
		for (size_t i = 0; i < sizeof instead / sizeof *instead; i++)
			if (option_given(options, instead[i]))
				return options_wrong(options->verb, "--profile has the ECU's addresses and frames: it "
								    "goes without --request, --response, --29bit and "
								    "--fd");
		if (!profile_load_file(options->profile, profile, &error))
			return -1;
		return print_failure(options, EXIT_BAD_INPUT, "%s", error.text);
	}
	if (!option_given(options, OPTION_REQUEST) || !option_given(options, OPTION_RESPONSE))
		return options_wrong(options->verb, "--profile is missing, or --request and --response in its place");
	profile_template_single_bank(profile);
	snprintf(profile->name, sizeof profile->name, "%X", options->request);
	profile->link.address.tx_id = options->request;
	profile->link.address.rx_id = options->response;
	profile->link.address.extended_id = options->wide_ids || options->request > 0x7ff || options->response > 0x7ff;
	if (options->fd) {
		profile->link.fd = profile->link.brs = true;
		profile->link.tx_dl = 64;
	}
	return -1;
}

int ask_run(struct ask *self)
{
	struct asking *asking = calloc(1, sizeof *asking);
	const struct profile *profile = self->profile;
	int r;

	if (!asking)
		return print_failure(self->options, EXIT_FLASH_FAILED, "out of memory");
	asking->ask = self;
	report_init(&asking->report, stderr, profile, NULL, 0);
	asking->session.options = self->options;
	asking->session.report = &asking->report;
	asking->session.profile = profile;
	asking->session.verb = (struct session_verb){.owner = asking, .step = step, .on_interrupt = on_interrupt};
	r = session_open(&asking->session, &profile->link, &profile->timing, profile->link.fd);
	if (r < 0) {
		uds_channel_keep_awake(&asking->session.channel, can_driver_now_us(), self->n > 1);
		session_run(&asking->session);
	}
	self->bus_error = asking->session.bus_error;
	session_close(&asking->session);
	free(asking);
	return r == EXIT_NO_BUS ? -1 : r;
}

enum exit_code ask_exit_code(const struct ask *self)
{
	if (self->bus_error)
		return EXIT_NO_BUS;
	if (self->stopped)
		return EXIT_STOPPED;
	if (!self->answered)
		for (size_t i = 0; i < self->n; i++)
			if (self->list[i].asked && self->list[i].kind != UDS_EVENT_SUPPRESSED)
				return EXIT_NO_ANSWER;
	for (size_t i = 0; i < self->n; i++)
		if (!self->list[i].asked || failed(&self->list[i]))
			return EXIT_FLASH_FAILED;
	return EXIT_DONE;
}

const char *ask_silence_text(const struct exchange *exchange, char out[ASK_TEXT_BYTES])
{
	const char *words = "";

	switch (exchange->kind) {
	case UDS_EVENT_TIMEOUT:
		words = exchange->reason ? "an answer that began and did not end" : "no answer in time";
		break;
	case UDS_EVENT_SEND_FAILED:
		words = "the request could not be sent";
		break;
	case UDS_EVENT_SUPPRESSED:
		words = "silence, as asked for";
		break;
	case UDS_EVENT_NONE:
		words = "no answer yet when it was stopped";
		break;
	case UDS_EVENT_POSITIVE:
	case UDS_EVENT_NEGATIVE:
	case UDS_EVENT_MALFORMED:
	case UDS_EVENT_PENDING:
	case UDS_EVENT_UNSOLICITED:
		break;
	}
	snprintf(out, ASK_TEXT_BYTES, "%s%s%s", words, exchange->reason ? ": " : "",
		 exchange->reason ? isotp_reason_text(exchange->reason) : "");
	return out;
}

#define LOOK_AT                                                                                              \
	"Check the ECU's supply, the wiring and termination of the bus, its bit rate, and the identifiers; " \
	"'ecu-flash scan' looks for ECUs."

void ask_json_error(struct json *json, const struct ask *self, enum exit_code code)
{
	const char *text = code == EXIT_NO_ANSWER      ? "no answer"
			   : code == EXIT_STOPPED      ? "stopped"
			   : code == EXIT_FLASH_FAILED ? "a request was refused, or has no answer that can be read"
						       : NULL;

	session_json_error(json, self->options, self->bus_error, text, code == EXIT_NO_ANSWER ? LOOK_AT : "");
}

void ask_say_no_answer(const struct ask *self)
{
	fprintf(stderr, "ecu-flash: %s: no answer\n  " LOOK_AT "\n", self->profile->name);
}

void ask_free(struct ask *self)
{
	for (size_t i = 0; i < self->n; i++)
		free(self->list[i].answer);
}
