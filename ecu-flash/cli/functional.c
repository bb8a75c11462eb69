#include "ecu-flash/cli/functional.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "ecu-flash/pdu_words.h"
#include "uds/uds_gather.h"

#define ANSWER_BYTES 4096u

struct asking_all {
	const struct options *options;
	struct session session;
	struct report report;
	struct uds_gather gather;
	struct uds_gather_ecu ecus[UDS_GATHER_MAX_ECUS];
	uint8_t buf[UDS_GATHER_MAX_ECUS * ANSWER_BYTES];
	const uint8_t *pdu;
	size_t n_pdu;
	bool begun;
	bool stopped;
};

static uint64_t step(void *owner, uint64_t now_us)
{
	struct asking_all *self = owner;

	if (!self->begun) {
		self->begun = true;
		can_node_gather(can_driver_node(self->session.driver), &self->gather);
		uds_gather_start(&self->gather, now_us, self->pdu, self->n_pdu);
	}
	if (!uds_gather_running(&self->gather))
		session_end(&self->session);
	return UDS_NEVER;
}

static void on_interrupt(void *owner, uint64_t now_us, unsigned n)
{
	struct asking_all *self = owner;

	(void)now_us;
	(void)n;
	self->stopped = true;
	session_end(&self->session);
}

static void configure(struct asking_all *self)
{
	const struct options *o = self->options;
	bool wide = o->wide_ids || o->functional > 0x7ff;
	struct uds_gather_config config = {
	    .link = isotp_config_default(),
	    .timing = uds_timing_default(),
	    .last_id = wide ? 0x1fffffff : 0x7ff,
	    .reply = wide ? UDS_GATHER_FIXED : UDS_GATHER_BY_OFFSET,
	    .offset = 8,
	};

	config.link.address.tx_id = o->functional;
	config.link.address.extended_id = wide;
	if (o->fd) {
		config.link.fd = config.link.brs = true;
		config.link.tx_dl = 64;
	}
	uds_gather_init(&self->gather, &config, self->ecus, UDS_GATHER_MAX_ECUS, self->buf, sizeof self->buf);
}

static const char *words_of(const struct asking_all *self, const struct uds_gather_ecu *ecu, char out[PDU_WORDS_BYTES])
{
	if (ecu->pdu)
		pdu_words_answer_to(NULL, self->pdu, self->n_pdu, ecu->pdu, ecu->n_pdu, out);
	else
		snprintf(out, PDU_WORDS_BYTES, "an answer that began and did not end");
	return out;
}

static void tell_text(const struct asking_all *self)
{
	char words[PDU_WORDS_BYTES];
	int width = self->gather.config.link.address.extended_id ? 8 : 3;

	pdu_words_request(NULL, self->pdu, self->n_pdu, words);
	printf("%0*X >", width, self->options->functional);
	for (size_t i = 0; i < self->n_pdu; i++)
		printf(" %02X", self->pdu[i]);
	printf("\n  %s\n", words);
	for (size_t i = 0; i < self->gather.n; i++) {
		const struct uds_gather_ecu *ecu = &self->ecus[i];

		printf("%0*X <", width, ecu->id);
		for (size_t k = 0; k < ecu->n_pdu; k++)
			printf(" %02X", ecu->pdu[k]);
		printf("\n  %s", words_of(self, ecu, words));
		if (ecu->answered_us)
			printf("; after %.1f ms", (double)(ecu->answered_us - self->gather.sent_us) / 1e3);
		putchar('\n');
	}
}

/* Return: NULL if nothing is wrong */
static const char *why(const struct asking_all *self)
{
	bool silence_is_wanted = self->n_pdu >= 2 && uds_sid_has_sub_function(self->pdu[0]) &&
				 (self->pdu[1] & UDS_SUPPRESS_POSITIVE_RESPONSE);

	if (self->stopped)
		return NULL;
	if (self->gather.send_failed)
		return "the request could not be sent: no frame of ours is acknowledged";
	return self->gather.n || silence_is_wanted ? NULL : "nobody answers";
}

static const char *advice(const struct asking_all *self)
{
	if (self->gather.send_failed)
		return "Check the wiring, the bit rate and that another node is on the bus.";
	return "ECUs leave functional requests that they do not support without an answer; 'ecu-flash scan' asks them "
	       "one by one.";
}

static int tell_json(const struct asking_all *self, int code)
{
	char words[PDU_WORDS_BYTES];
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "uds");
	json_key(&json, "bus");
	json_string(&json, self->options->bus);
	json_key(&json, "functional");
	json_uint(&json, self->options->functional);
	print_status(&json, self->options, code);
	json_key(&json, "bus_error");
	json_string(&json, self->session.bus_error ? strerror(-self->session.bus_error) : NULL);
	session_json_error(&json, self->options, self->session.bus_error, self->stopped ? "stopped" : why(self),
			   self->stopped ? "" : advice(self));
	json_key(&json, "request");
	json_hex(&json, self->pdu, self->n_pdu);
	json_key(&json, "ecus");
	json_array(&json);
	for (size_t i = 0; i < self->gather.n; i++) {
		const struct uds_gather_ecu *ecu = &self->ecus[i];

		json_object(&json);
		json_key(&json, "response");
		json_uint(&json, ecu->id);
		json_key(&json, "answer");
		if (ecu->pdu)
			json_hex(&json, ecu->pdu, ecu->n_pdu);
		else
			json_string(&json, NULL);
		json_key(&json, "answer_text");
		json_string(&json, words_of(self, ecu, words));
		json_key(&json, "nrc");
		json_uint(&json, ecu->nrc);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	r = print_json(&json);
	return r == EXIT_DONE ? code : r;
}

static int tell(const struct asking_all *self)
{
	int code = self->session.bus_error    ? EXIT_NO_BUS
		   : self->stopped            ? EXIT_STOPPED
		   : self->gather.send_failed ? EXIT_FLASH_FAILED
		   : why(self)                ? EXIT_NO_ANSWER
					      : EXIT_DONE;

	if (self->session.bus_error)
		session_say_bus(self->options, self->session.bus_error);
	else if (why(self))
		fprintf(stderr, "ecu-flash: %s\n  %s\n", why(self), advice(self));
	if (self->options->json)
		return tell_json(self, code);
	if (!self->session.bus_error)
		tell_text(self);
	return code;
}

int functional_run(const struct options *options, const uint8_t *pdu, size_t n)
{
	struct asking_all *self;
	int r;

	if (n > (options->fd ? UDS_GATHER_MAX_REQUEST : 7u))
		return options_wrong(options->verb, "a functional request is a single frame: at most %u bytes",
				     options->fd ? UDS_GATHER_MAX_REQUEST : 7u);
	self = calloc(1, sizeof *self);
	if (!self)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	self->options = options;
	self->pdu = pdu;
	self->n_pdu = n;
	configure(self);
	report_init(&self->report, stderr, NULL, NULL, 0);
	self->session.options = options;
	self->session.report = &self->report;
	self->session.trace_all = true;
	self->session.verb = (struct session_verb){.owner = self, .step = step, .on_interrupt = on_interrupt};
	r = session_open(&self->session, NULL, NULL, options->fd);
	if (r < 0)
		session_run(&self->session);
	session_close(&self->session);
	if (r < 0 || r == EXIT_NO_BUS)
		r = tell(self);
	free(self);
	return r;
}
