/* 'scan': which ECUs answer on a bus, and at which identifiers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/ask.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "ecu-flash/pdu_words.h"
#include "ecu-flash/scan.h"

#define MAX_RANGE 0x10000u

/* what is asked of each ECU that was found */
static const uint16_t dids[] = {0xf18c, 0xf191, 0xf190, 0xf195, 0xf189, 0xf181};
#define N_DIDS (sizeof dids / sizeof *dids)

struct found_ecu {
	struct exchange list[N_DIDS];
	uint8_t requests[N_DIDS][3];
};

struct scanning {
	const struct options *options;
	struct session session;
	struct report report;
	struct scan scan;
	struct scan_config config;
	struct found_ecu ecus[SCAN_MAX_FOUND];
	size_t n_said;
	bool begun;
	bool stopped;
};

/* ---- on the bus ---- */

static void say_progress(struct scanning *self)
{
	uint32_t done, total;

	scan_progress(&self->scan, &done, &total);
	for (; self->n_said < self->scan.n_found; self->n_said++)
		report_line(&self->report, "  an ECU answers at %" PRIX32, self->scan.found[self->n_said].response);
	report_count(&self->report, can_driver_now_us(), "identifiers", done, total);
}

static uint64_t step(void *owner, uint64_t now_us)
{
	struct scanning *self = owner;

	if (!self->begun) {
		self->begun = true;
		scan_start(&self->scan, now_us);
	}
	scan_advance(&self->scan, now_us);
	say_progress(self);
	if (self->scan.state == SCAN_DONE)
		session_end(&self->session);
	/* a probe that scan_advance() placed goes out after this step */
	return scan_deadline(&self->scan);
}

static void on_frame(void *owner, uint64_t now_us, const struct can_msg *msg)
{
	struct scanning *self = owner;
	char name[16];

	if (self->session.trace.out && msg->len > 1 &&
	    (msg->data[1] == 0x7e || msg->data[1] == 0x50 || msg->data[1] == 0x7f)) {
		snprintf(name, sizeof name, "%" PRIX32, msg->id);
		report_clear(&self->report);
		trace_frame(&self->session.trace, now_us, name, false, 0, msg);
	}
	scan_input(&self->scan, now_us, msg);
}

static void on_interrupt(void *owner, uint64_t now_us, unsigned n)
{
	struct scanning *self = owner;

	(void)now_us;
	(void)n;
	self->stopped = true;
	report_line(&self->report, "stopped; a scan leaves ECUs in the session that they are in, or the default one");
	session_end(&self->session);
}

static int look(struct scanning *self)
{
	int r;

	report_init(&self->report, stderr, NULL, NULL, 0);
	self->session.options = self->options;
	self->session.report = &self->report;
	self->session.trace_all = true;
	self->session.verb =
	    (struct session_verb){.owner = self, .step = step, .on_interrupt = on_interrupt, .on_frame = on_frame};
	r = session_open(&self->session, NULL, NULL, self->options->fd);
	if (r < 0) {
		scan_init(&self->scan, can_driver_node(self->session.driver), &self->config);
		session_run(&self->session);
	}
	session_close(&self->session);
	return r;
}

/* ---- who they are ---- */

/* by request; those whose request is not known at the end */
static int by_address(const void *a, const void *b)
{
	const struct scan_found *x = a, *y = b;
	uint64_t at_x = x->paired ? x->request : UINT64_C(0x100000000) + x->response;
	uint64_t at_y = y->paired ? y->request : UINT64_C(0x100000000) + y->response;

	return (at_x > at_y) - (at_x < at_y);
}

static void identify(struct scanning *self, size_t i)
{
	const struct scan_found *found = &self->scan.found[i];
	struct found_ecu *ecu = &self->ecus[i];
	struct options options = *self->options;
	struct profile profile;
	struct ask ask = {.options = &options, .profile = &profile, .list = ecu->list, .n = N_DIDS};

	options.profile = NULL;
	options.request = found->request;
	options.response = found->response;
	options.wide_ids = self->config.extended_id;
	options.given |= TAKES(OPTION_REQUEST) | TAKES(OPTION_RESPONSE);
	options.candump_append = true;
	options.json = false; /* the object is that of the scan */
	for (size_t k = 0; k < N_DIDS; k++) {
		ecu->requests[k][0] = UDS_READ_DATA_BY_IDENTIFIER;
		ecu->requests[k][1] = (uint8_t)(dids[k] >> 8);
		ecu->requests[k][2] = (uint8_t)dids[k];
		ecu->list[k] = (struct exchange){.request = ecu->requests[k], .n_request = 3};
	}
	if (ask_profile(&options, &profile) < 0)
		ask_run(&ask);
	self->stopped = self->stopped || ask.stopped;
}

static bool readable(const struct exchange *e)
{
	return e->kind == UDS_EVENT_POSITIVE && e->answer && e->n_answer > 3;
}

/* ---- what is said ---- */

static const char *addressing(const struct scan_config *config)
{
	return config->normal_fixed ? "normal fixed" : config->extended_id ? "normal, 29 bit" : "normal, 11 bit";
}

static void row(const struct scanning *self, const struct scan_found *found, const struct found_ecu *ecu)
{
	int width = self->config.extended_id ? 8 : 3;
	char request[16] = "not found", words[PDU_WORDS_BYTES];
	const char *between = "";

	if (found->paired)
		snprintf(request, sizeof request, "%0*" PRIX32, width, found->request);
	pdu_words_answer(NULL, found->answer, found->n_answer, words);
	printf("%-10s %0*" PRIX32 "%*s %-15s %-11s ", request, width, found->response, 9 - width, "",
	       addressing(&self->config), found->functional ? "yes" : "no");
	for (size_t k = 0; k < N_DIDS; k++) {
		char text[64];

		if (!readable(&ecu->list[k]))
			continue;
		pdu_record_text(ecu->list[k].answer + 3, ecu->list[k].n_answer - 3, text, sizeof text);
		printf("%s%s %s", between, pdu_did_text(NULL, dids[k]), text);
		between = ", ";
	}
	printf("%s%s\n", between[0] ? "; " : "", words);
}

#define WHY_BYTES 256u

/* Return: @out, or NULL if nothing is wrong */
static const char *why(const struct scanning *self, char out[WHY_BYTES])
{
	if (!self->scan.unsent && (self->scan.n_found || self->stopped))
		return NULL;
	snprintf(out, WHY_BYTES, self->scan.unsent ? "no frame of ours is acknowledged on %s" : "nothing answers on %s",
		 self->options->bus);
	return out;
}

static const char *advice(const struct scanning *self)
{
	if (self->scan.unsent)
		return "Check the wiring, the bit rate and that another node is on the bus.";
	return "Try another range (--ids), --normal-fixed, or check the ECUs' supply and the bit rate.";
}

static void tell_text(const struct scanning *self)
{
	char reason[WHY_BYTES];

	if (self->scan.n_found)
		puts("REQUEST    RESPONSE  ADDRESSING      FUNCTIONAL  IDENTIFICATION; ANSWER");
	for (size_t i = 0; i < self->scan.n_found; i++)
		row(self, &self->scan.found[i], &self->ecus[i]);
	if (why(self, reason))
		fprintf(stderr, "ecu-flash: %s\n  %s\n", reason, advice(self));
}

static int tell_json(const struct scanning *self, int code)
{
	char reason[WHY_BYTES];
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "scan");
	json_key(&json, "bus");
	json_string(&json, self->options->bus);
	print_status(&json, self->options, code);
	json_key(&json, "probes");
	json_uint(&json, self->scan.n_probes);
	json_key(&json, "acknowledged");
	json_bool(&json, !self->scan.unsent);
	json_key(&json, "bus_error");
	json_string(&json, self->session.bus_error ? strerror(-self->session.bus_error) : NULL);
	session_json_error(&json, self->options, self->session.bus_error, self->stopped ? "stopped" : why(self, reason),
			   self->stopped ? "" : advice(self));
	json_key(&json, "ecus");
	json_array(&json);
	for (size_t i = 0; i < self->scan.n_found; i++) {
		const struct scan_found *found = &self->scan.found[i];
		char words[PDU_WORDS_BYTES];

		json_object(&json);
		json_key(&json, "request");
		if (found->paired)
			json_uint(&json, found->request);
		else
			json_string(&json, NULL);
		json_key(&json, "response");
		json_uint(&json, found->response);
		json_key(&json, "addressing");
		json_string(&json, addressing(&self->config));
		json_key(&json, "functional");
		json_bool(&json, found->functional);
		json_key(&json, "answer");
		json_hex(&json, found->answer, found->n_answer);
		pdu_words_answer(NULL, found->answer, found->n_answer, words);
		json_key(&json, "answer_text");
		json_string(&json, words);
		json_key(&json, "identification");
		json_object(&json);
		for (size_t k = 0; k < N_DIDS; k++) {
			const struct exchange *e = &self->ecus[i].list[k];
			char did[8], text[PDU_WORDS_BYTES];

			if (!readable(e))
				continue;
			snprintf(did, sizeof did, "%04X", dids[k]);
			pdu_record_text(e->answer + 3, e->n_answer - 3, text, sizeof text);
			json_key(&json, did);
			json_string(&json, text);
		}
		json_object_end(&json);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	r = print_json(&json);
	return r == EXIT_DONE ? code : r;
}

static int tell(const struct scanning *self)
{
	int code = self->session.bus_error ? EXIT_NO_BUS
		   : self->stopped         ? EXIT_STOPPED
		   : self->scan.n_found    ? EXIT_DONE
					   : EXIT_NO_ANSWER;

	if (self->session.bus_error)
		session_say_bus(self->options, self->session.bus_error);
	if (self->options->json)
		return tell_json(self, code);
	if (!self->session.bus_error)
		tell_text(self);
	return code;
}

/* ---- the range ---- */

static int configure(struct scan_config *config, const struct options *o)
{
	struct isotp_config link = isotp_config_default();
	bool given = option_given(o, OPTION_IDS);

	*config = (struct scan_config){.first_id = 0x700, .last_id = 0x7ff};
	config->normal_fixed = o->normal_fixed;
	config->extended_id = o->normal_fixed || o->wide_ids || (given && o->last_id > 0x7ff);
	if (given) {
		config->first_id = o->first_id;
		config->last_id = o->last_id;
	} else if (o->normal_fixed) {
		config->first_id = 0;
		config->last_id = 0xff;
	} else if (config->extended_id) {
		return options_wrong(o->verb, "--29bit needs --ids: there are too many to try all");
	}
	if (o->normal_fixed && config->last_id > 0xff)
		return options_wrong(o->verb, "with --normal-fixed --ids takes target addresses, 00-FF");
	if (config->last_id - config->first_id >= MAX_RANGE)
		return options_wrong(o->verb, "--ids takes at most 65536 identifiers");
	config->to = (struct can_node_functional){
	    .id = option_given(o, OPTION_FUNCTIONAL) ? o->functional
		  : config->extended_id              ? 0x18db33f1
						     : 0x7df,
	    .extended_id = config->extended_id,
	    .fd = o->fd,
	    .brs = o->fd,
	    .pad = link.pad,
	    .pad_byte = link.pad_byte,
	};
	return -1;
}

static int run(const struct options *options)
{
	struct scanning *self = calloc(1, sizeof *self);
	int r;

	if (!self)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	self->options = options;
	r = configure(&self->config, options);
	if (r < 0)
		r = look(self);
	qsort(self->scan.found, self->scan.n_found, sizeof *self->scan.found, by_address);
	if (r < 0)
		for (size_t i = 0; i < self->scan.n_found && !self->stopped; i++)
			if (self->scan.found[i].paired)
				identify(self, i);
	if (r < 0 || r == EXIT_NO_BUS)
		r = tell(self);
	for (size_t i = 0; i < SCAN_MAX_FOUND; i++)
		ask_free(&(struct ask){.list = self->ecus[i].list, .n = N_DIDS});
	free(self);
	return r;
}

const struct verb verb_scan = {
    .name = "scan",
    .summary = "which ECUs answer on a bus, and at which identifiers",
    .usage = "--bus BUS [OPTION]...",
    .about = "Asks all functionally, then each identifier of the range with TesterPresent, one at a time and at most\n"
	     "100 in a second; identifiers on which others send are left out. ECUs that are found are asked who they\n"
	     "are. With --normal-fixed --ids are target addresses (00-FF). Identifiers are hexadecimal.\n"
	     "ECUs with extended or mixed addressing, whose frames begin with an address byte, are not found: try\n"
	     "'info' with a profile that says addressing.form and the address.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_IDS) | TAKES(OPTION_FUNCTIONAL) | TAKES(OPTION_WIDE_IDS) |
	     TAKES(OPTION_NORMAL_FIXED) | TAKES(OPTION_FD) | TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) |
	     TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS),
    .run = run,
};
