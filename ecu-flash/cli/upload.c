#include "ecu-flash/cli/upload.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "uds/uds_text.h"

#define UNCHANGED "Nothing was written to the ECU."

struct uploading {
	struct upload *upload;
	struct session session;
	struct report report;
	size_t range;
	uint64_t bytes_before; /* of the ranges that are done */
	uint64_t bytes_total;
	uint64_t started_us;
	bool begun;
};

static void begin_range(struct uploading *self, uint64_t now_us)
{
	struct upload *upload = self->upload;
	const struct upload_range *range = &upload->ranges[self->range];
	const struct profile *p = &upload->inputs->profile;
	const struct flash_upload_job job = {
	    .profile = p,
	    .session = upload->options->session,
	    .level = upload->inputs->keys ? p->security[0].level : 0,
	    .address = range->address,
	    .n_bytes = range->n_bytes,
	    .out = range->out,
	};

	report_line(&self->report, "  0x%08" PRIX64 ", %" PRIu64 " bytes", range->address, range->n_bytes);
	flash_upload_init(&upload->result, &job, &self->session.channel);
	flash_upload_start(&upload->result, now_us);
}

static void give_key(struct uploading *self, uint64_t now_us, const struct flash_upload_event *event)
{
	struct security_question question = {
	    .level = self->upload->inputs->profile.security[0].level, .seed = event->seed, .n_seed = event->n_seed};
	uint8_t key[64];
	char text[512];
	size_t n = load_answer(self->upload->inputs, self->upload->options, &question, key, text, sizeof text);

	if (!n)
		report_line(&self->report, "  no key: %s", text);
	flash_upload_key(&self->upload->result, now_us, key, n);
	OPENSSL_cleanse(key, sizeof key);
}

static void on_event(struct uploading *self, uint64_t now_us, const struct flash_upload_event *event)
{
	switch (event->kind) {
	case FLASH_UPLOAD_EVENT_STEP:
		if (event->step != FLASH_UPLOAD_DATA)
			report_line(&self->report, "  %s", flash_upload_step_text(event->step));
		break;
	case FLASH_UPLOAD_EVENT_NEED_KEY:
		give_key(self, now_us, event);
		break;
	case FLASH_UPLOAD_EVENT_PROGRESS:
		report_progress(&self->report, now_us, self->bytes_before + self->upload->result.n_done,
				self->bytes_total);
		break;
	case FLASH_UPLOAD_EVENT_RETRY:
		report_line(&self->report, "    no answer that is whole; asked for again");
		break;
	case FLASH_UPLOAD_EVENT_NONE:
	case FLASH_UPLOAD_EVENT_OVER:
		break;
	}
}

/* Return: false if all is read, or cannot be */
static bool next_range(struct uploading *self, uint64_t now_us)
{
	struct upload *upload = self->upload;

	upload->block_repeats += upload->result.block_repeats;
	self->bytes_before += upload->result.n_done;
	upload->n_bytes = self->bytes_before;
	upload->us = now_us - self->started_us;
	if (upload->result.code || ++self->range == upload->n_ranges)
		return false;
	begin_range(self, now_us);
	return true;
}

static uint64_t step(void *owner, uint64_t now_us)
{
	struct uploading *self = owner;
	struct flash_upload *run = &self->upload->result;
	struct flash_upload_event event;

	if (!self->begun) {
		self->begun = true;
		self->started_us = now_us;
		begin_range(self, now_us);
	}
	do {
		flash_upload_advance(run, now_us);
		while (flash_upload_pop_event(run, &event))
			on_event(self, now_us, &event);
		if (flash_upload_finished(run) && !next_range(self, now_us)) {
			session_end(&self->session);
			return UDS_NEVER;
		}
	} while (flash_upload_finished(run));
	return flash_upload_deadline(run);
}

static void on_interrupt(void *owner, uint64_t now_us, unsigned n)
{
	struct uploading *self = owner;

	report_line(&self->report, n == 1
				       ? "  stop wanted: ending after the block at hand, with the ECU in its default "
					 "session"
				       : "  stopping already: the ECU goes back to its default session");
	flash_upload_stop(&self->upload->result, now_us);
}

static bool data_takes_stdout(const struct options *o)
{
	return o->json || (o->out && strcmp(o->out, "-") == 0);
}

int upload_run(struct upload *self)
{
	struct uploading *uploading = calloc(1, sizeof *uploading);
	const struct profile *p = &self->inputs->profile;
	int r;

	if (!uploading)
		return print_failure(self->options, EXIT_FLASH_FAILED, "out of memory");
	uploading->upload = self;
	for (size_t i = 0; i < self->n_ranges; i++)
		uploading->bytes_total += self->ranges[i].n_bytes;
	report_init(&uploading->report, data_takes_stdout(self->options) ? stderr : stdout, p, NULL, 0);
	uploading->session.options = self->options;
	uploading->session.report = &uploading->report;
	uploading->session.profile = p;
	uploading->session.verb = (struct session_verb){.owner = uploading, .step = step, .on_interrupt = on_interrupt};
	r = session_open(&uploading->session, &p->link, &p->timing, p->link.fd);
	if (r < 0)
		session_run(&uploading->session);
	self->bus_error = uploading->session.bus_error;
	session_close(&uploading->session);
	free(uploading);
	return r == EXIT_NO_BUS ? -1 : r;
}

/* ---- what became of it ---- */

enum exit_code upload_exit_code(const struct upload *self)
{
	if (self->bus_error)
		return EXIT_NO_BUS;
	if (self->result.code == FLASH_OK)
		return EXIT_DONE;
	if (self->result.code == FLASH_STOPPED)
		return EXIT_STOPPED;
	return self->result.code == FLASH_NO_ANSWER && !self->n_bytes ? EXIT_NO_ANSWER : EXIT_FLASH_FAILED;
}

/* whether the session at hand had served what leads to this step, so that it is not the wrong one */
static bool session_was_lost(enum flash_upload_step failed)
{
	return failed == FLASH_UPLOAD_KEY || failed == FLASH_UPLOAD_DATA || failed == FLASH_UPLOAD_EXIT;
}

static const char *advice(const struct upload *self)
{
	const struct flash_upload *r = &self->result;

	if (r->nrc == UDS_NRC_SECURITY_ACCESS_DENIED && !self->inputs->keys)
		return "The ECU gives its memory only when it is unlocked: --keys names the secrets.";
	if (r->nrc == UDS_NRC_SERVICE_NOT_SUPPORTED && r->sid == UDS_REQUEST_UPLOAD)
		return "This ECU does not let its memory be read.";
	if (r->nrc == UDS_NRC_SERVICE_NOT_SUPPORTED_IN_SESSION && session_was_lost(r->failed_step))
		return "The ECU has left the session in which this began: it was reset (supply, watchdog), or its S3 "
		       "time passed. Read again; --trace shows when it happened.";
	if (r->nrc == UDS_NRC_SERVICE_NOT_SUPPORTED_IN_SESSION)
		return "Try another session: --session 2 is the programming session.";
	if (r->nrc == UDS_NRC_REQUEST_OUT_OF_RANGE && r->sid == UDS_REQUEST_UPLOAD)
		return "The ECU does not give this range: check --address and --length, and memory.address_bytes and "
		       "length_bytes of the profile.";
	if (r->nrc)
		return uds_nrc_advice(r->nrc);
	if (r->code == FLASH_NO_ANSWER)
		return "Check the ECU's supply, the wiring and termination of the bus, its bit rate, and the profile's "
		       "identifiers.";
	if (r->code == FLASH_IMAGE_TOO_LARGE)
		return "Check --address and --length against memory.address_bytes and length_bytes of the profile.";
	return "";
}

static void why(const struct upload *self, char *out, size_t cap)
{
	const struct flash_upload *r = &self->result;

	if (r->nrc)
		snprintf(out, cap, "%s: %s refused: %s (NRC %02X)", self->inputs->profile.name,
			 flash_upload_step_text(r->failed_step), uds_nrc_text(r->nrc), r->nrc);
	else if (r->code == FLASH_STOPPED)
		snprintf(out, cap, "%s: stopped after %" PRIu64 " bytes", self->inputs->profile.name, self->n_bytes);
	else
		snprintf(out, cap, "%s: %s: %s", self->inputs->profile.name, flash_upload_step_text(r->failed_step),
			 flash_code_text(r->code));
}

void upload_say_failure(const struct upload *self)
{
	const struct flash_upload *r = &self->result;
	char text[256];

	if (self->bus_error) {
		session_say_bus(self->options, self->bus_error);
		return;
	}
	why(self, text, sizeof text);
	fprintf(stderr, "ecu-flash: %s\n", text);
	if (r->nrc && uds_nrc_meaning(r->nrc)[0])
		fprintf(stderr, "  It commonly means: %s.\n", uds_nrc_meaning(r->nrc));
	if (advice(self)[0])
		fprintf(stderr, "  What to try: %s\n", advice(self));
	fputs("  " UNCHANGED "\n", stderr);
}

void upload_json_failure(struct json *json, const struct upload *self)
{
	const struct flash_upload *r = &self->result;
	char text[SESSION_BUS_TEXT_BYTES];

	json_key(json, "error");
	if (upload_exit_code(self) == EXIT_DONE) {
		json_string(json, NULL);
		return;
	}
	json_object(json);
	if (self->bus_error)
		session_bus_text(self->options, self->bus_error, text);
	else
		why(self, text, sizeof text);
	json_key(json, "text");
	json_string(json, text);
	json_key(json, "code");
	if (self->bus_error)
		json_string(json, NULL);
	else
		json_uint(json, r->code);
	json_key(json, "step");
	json_string(json, flash_upload_step_text(r->failed_step));
	json_key(json, "service");
	json_uint(json, r->sid);
	json_key(json, "nrc");
	json_uint(json, r->nrc);
	json_key(json, "meaning");
	json_string(json, r->nrc ? uds_nrc_meaning(r->nrc) : NULL);
	json_key(json, "advice");
	json_string(json, self->bus_error ? session_bus_advice(self->bus_error) : advice(self));
	json_key(json, "ecu_state");
	json_string(json, UNCHANGED);
	json_object_end(json);
}
