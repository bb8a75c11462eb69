/* 'uds': requests as they are typed, and what the ECU answers, in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/ask.h"
#include "ecu-flash/cli/dtcs.h"
#include "ecu-flash/cli/functional.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "ecu-flash/pdu_words.h"
#include "uds/uds_text.h"

#define MAX_REQUESTS 64u
#define MAX_BYTES    65535u /* of all requests */

struct requests {
	struct exchange list[MAX_REQUESTS];
	size_t n;
	uint8_t bytes[MAX_BYTES];
	size_t n_bytes;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* a comma ends a request, in an argument of its own or within one */
static const char *take_word(struct requests *self, const char *word, bool *begun)
{
	for (const char *p = word; *p;) {
		struct exchange *e;

		if (*p == ',') {
			if (!*begun)
				return "there is nothing before the comma";
			*begun = false;
			p++;
			continue;
		}
		if (*p == ' ' || *p == ':') {
			p++;
			continue;
		}
		if (digit(p[0]) < 0 || digit(p[1]) < 0)
			return "bytes are written as two hexadecimal digits each";
		if (self->n_bytes == MAX_BYTES)
			return "that is too long";
		if (!*begun) {
			if (self->n == MAX_REQUESTS)
				return "at most 64 requests are taken";
			self->list[self->n++].request = self->bytes + self->n_bytes;
			*begun = true;
		}
		e = &self->list[self->n - 1];
		self->bytes[self->n_bytes++] = (uint8_t)(digit(p[0]) * 16 + digit(p[1]));
		e->n_request++;
		p += 2;
	}
	return NULL;
}

static int take_words(struct requests *self, const struct options *o)
{
	bool begun = false;

	for (int i = 0; i < o->n_files; i++) {
		const char *wrong = take_word(self, o->files[i], &begun);

		if (wrong)
			return options_wrong(o->verb, "%s: '%s'", wrong, o->files[i]);
	}
	return self->n ? -1 : options_wrong(o->verb, "there is no request");
}

static void print_bytes(char arrow, const uint8_t *bytes, size_t n)
{
	putchar(arrow);
	for (size_t i = 0; i < n; i++)
		printf(" %02X", bytes[i]);
	putchar('\n');
}

#define MALFORMED "a malformed answer: its length or what it repeats of the request is wrong"

static void exchange_text(const struct profile *profile, const struct exchange *e)
{
	char words[PDU_WORDS_BYTES], silence[ASK_TEXT_BYTES];

	pdu_words_request(profile, e->request, e->n_request, words);
	print_bytes('>', e->request, e->n_request);
	printf("  %s\n", words);
	if (!e->asked) {
		puts("  not sent");
		return;
	}
	if (e->answer) {
		pdu_words_answer_to(profile, e->request, e->n_request, e->answer, e->n_answer, words);
		print_bytes('<', e->answer, e->n_answer);
		printf("  %s", words);
	} else {
		printf("  %s", ask_silence_text(e, silence));
	}
	printf("; after %.1f ms", (double)e->us / 1e3);
	if (e->n_pending)
		printf(" and %u times response pending", e->n_pending);
	putchar('\n');
	if (e->kind == UDS_EVENT_MALFORMED)
		puts("  " MALFORMED);
	if (e->kind == UDS_EVENT_SEND_FAILED && e->reason == ISOTP_REASON_OVERFLOW)
		puts("  What to try: a shorter request; the ECU's receive buffer does not hold this one.");
	if (e->kind == UDS_EVENT_NEGATIVE && uds_nrc_meaning(e->nrc)[0])
		printf("  It commonly means: %s.\n", uds_nrc_meaning(e->nrc));
	if (e->kind == UDS_EVENT_NEGATIVE && uds_nrc_advice(e->nrc)[0])
		printf("  What to try: %s.\n", uds_nrc_advice(e->nrc));
	if (e->kind == UDS_EVENT_POSITIVE)
		dtcs_text(e->answer, e->n_answer);
}

static void exchange_json(struct json *json, const struct profile *profile, const struct exchange *e)
{
	char words[PDU_WORDS_BYTES], silence[ASK_TEXT_BYTES];

	json_object(json);
	json_key(json, "request");
	json_hex(json, e->request, e->n_request);
	pdu_words_request(profile, e->request, e->n_request, words);
	json_key(json, "request_text");
	json_string(json, words);
	json_key(json, "sent");
	json_bool(json, e->asked);
	json_key(json, "answer");
	if (e->answer)
		json_hex(json, e->answer, e->n_answer);
	else
		json_string(json, NULL);
	if (e->answer)
		pdu_words_answer_to(profile, e->request, e->n_request, e->answer, e->n_answer, words);
	json_key(json, "answer_text");
	json_string(json, !e->asked ? NULL : e->answer ? words : ask_silence_text(e, silence));
	json_key(json, "nrc");
	json_uint(json, e->nrc);
	json_key(json, "meaning");
	json_string(json, e->kind == UDS_EVENT_NEGATIVE ? uds_nrc_meaning(e->nrc) : NULL);
	json_key(json, "advice");
	json_string(json, e->kind == UDS_EVENT_NEGATIVE ? uds_nrc_advice(e->nrc) : NULL);
	json_key(json, "pending");
	json_uint(json, e->n_pending);
	json_key(json, "ms");
	json_real(json, (double)e->us / 1e3, 3);
	if (e->kind == UDS_EVENT_POSITIVE && e->answer &&
	    e->answer[0] == UDS_READ_DTC_INFORMATION + UDS_POSITIVE_OFFSET) {
		json_key(json, "dtcs");
		dtcs_json(json, e->answer, e->n_answer);
	}
	json_object_end(json);
}

static int tell(const struct options *o, const struct ask *ask)
{
	enum exit_code code = ask_exit_code(ask);
	struct json json;
	int r;

	if (ask->bus_error)
		session_say_bus(o, ask->bus_error);
	if (!o->json) {
		for (size_t i = 0; i < ask->n && !ask->bus_error; i++)
			exchange_text(ask->profile, &ask->list[i]);
		if (code == EXIT_NO_ANSWER)
			ask_say_no_answer(ask);
		return (int)code;
	}
	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "uds");
	json_key(&json, "bus");
	json_string(&json, o->bus);
	json_key(&json, "ecu");
	json_string(&json, ask->profile->name);
	print_status(&json, o, (int)code);
	json_key(&json, "bus_error");
	json_string(&json, ask->bus_error ? strerror(-ask->bus_error) : NULL);
	ask_json_error(&json, ask, code);
	json_key(&json, "exchanges");
	json_array(&json);
	for (size_t i = 0; i < ask->n; i++)
		exchange_json(&json, ask->profile, &ask->list[i]);
	json_array_end(&json);
	json_object_end(&json);
	r = print_json(&json);
	return r == EXIT_DONE ? (int)code : r;
}

static int to_all(const struct options *o, const struct requests *requests)
{
	if (o->profile || option_given(o, OPTION_REQUEST) || option_given(o, OPTION_RESPONSE))
		return options_wrong(o->verb, "--functional asks all ECUs: it goes without --profile, --request and "
					      "--response");
	if (requests->n > 1)
		return options_wrong(o->verb, "with --functional one request is sent at a time");
	return functional_run(o, requests->list[0].request, requests->list[0].n_request);
}

static int run(const struct options *options)
{
	struct requests *requests = calloc(1, sizeof *requests);
	struct profile profile;
	struct ask ask;
	int r;

	if (!requests)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	r = take_words(requests, options);
	if (r < 0 && option_given(options, OPTION_FUNCTIONAL))
		r = to_all(options, requests);
	if (r < 0)
		r = ask_profile(options, &profile);
	if (r < 0) {
		ask = (struct ask){.options = options,
				   .profile = &profile,
				   .stop_at_failure = true,
				   .list = requests->list,
				   .n = requests->n};
		r = ask_run(&ask);
		if (r < 0)
			r = tell(options, &ask);
		ask_free(&ask);
	}
	free(requests);
	return r;
}

const struct verb verb_uds = {
    .name = "uds",
    .summary = "send raw requests, and say in words what the ECU answers",
    .usage = "--bus BUS (--profile FILE | --request ID --response ID | --functional ID) [OPTION]... HEX...",
    .about = "HEX are bytes of two digits, together or apart; a comma ends a request: '10 03 , 22 F1 90' or\n"
	     "'1003,22F190' are two. They are sent one after the other; what follows a refused one is not sent.\n"
	     "With --functional one request goes to all ECUs, and the answers of all are said.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_REQUEST) | TAKES(OPTION_RESPONSE) |
	     TAKES(OPTION_FUNCTIONAL) | TAKES(OPTION_WIDE_IDS) | TAKES(OPTION_FD) | TAKES(OPTION_JSON) |
	     TAKES(OPTION_TRACE) | TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS),
    .min_files = 1,
    .max_files = 1000,
    .run = run,
};
