/* 'info': what an ECU says it is, its versions and its trouble codes. */
#include <stdio.h>
#include <string.h>

#include "ecu-flash/cli/ask.h"
#include "ecu-flash/cli/dtcs.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "ecu-flash/cli/words.h"
#include "ecu-flash/pdu_words.h"
#include "uds/uds_dtc.h"
#include "uds/uds_text.h"

#define MAX_DIDS 32u

struct info {
	struct profile profile;
	uint16_t dids[MAX_DIDS]; /* those of the profile first */
	size_t n_dids;
	uint8_t requests[MAX_DIDS + 1][3];
	struct exchange list[MAX_DIDS + 1]; /* the identifiers, then the trouble codes */
	struct ask ask;
};

static void add_did(struct info *self, uint16_t did)
{
	if (!did)
		return;
	for (size_t i = 0; i < self->n_dids; i++)
		if (self->dids[i] == did)
			return;
	self->dids[self->n_dids++] = did;
}

static void prepare(struct info *self, const struct options *options)
{
	static const uint16_t standard[] = {0xf190, 0xf187, 0xf188, 0xf189, 0xf18a, 0xf18b, 0xf18c, 0xf191, 0xf192,
					    0xf193, 0xf194, 0xf195, 0xf197, 0xf199, 0xf180, 0xf181, 0xf182, 0xf186};
	const struct profile *p = &self->profile;

	add_did(self, p->did_hardware);
	add_did(self, p->did_serial);
	add_did(self, p->did_boot);
	add_did(self, p->did_application);
	add_did(self, p->did_data);
	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
		add_did(self, standard[i]);
	for (size_t i = 0; i < self->n_dids; i++) {
		self->requests[i][0] = UDS_READ_DATA_BY_IDENTIFIER;
		self->requests[i][1] = (uint8_t)(self->dids[i] >> 8);
		self->requests[i][2] = (uint8_t)self->dids[i];
	}
	memcpy(self->requests[self->n_dids], (const uint8_t[]){UDS_READ_DTC_INFORMATION, 2, 0xff}, 3);
	for (size_t i = 0; i <= self->n_dids; i++)
		self->list[i] = (struct exchange){.request = self->requests[i], .n_request = 3};
	self->ask = (struct ask){.options = options, .profile = p, .list = self->list, .n = self->n_dids + 1};
}

/* "" where the ECU gives none */
static void record_of(const struct info *self, size_t i, char *out, size_t cap)
{
	const struct exchange *e = &self->list[i];

	out[0] = '\0';
	if (e->kind == UDS_EVENT_POSITIVE && e->answer && e->n_answer > 3)
		pdu_record_text(e->answer + 3, e->n_answer - 3, out, cap);
}

/* without the quotes that mark a text */
static void identity_of(const struct info *self, uint16_t did, char *out, size_t cap)
{
	out[0] = '\0';
	for (size_t i = 0; did && i < self->n_dids; i++) {
		size_t n;

		if (self->dids[i] != did)
			continue;
		record_of(self, i, out, cap);
		n = strlen(out);
		if (n >= 2 && out[0] == '\'' && out[n - 1] == '\'') {
			memmove(out, out + 1, n - 2);
			out[n - 2] = '\0';
		}
	}
}

static void dtcs_lines(const struct exchange *e)
{
	struct uds_dtc_report report;

	if (e->kind == UDS_EVENT_NEGATIVE)
		printf("  trouble codes: refused, %s (NRC %02X)\n", uds_nrc_text(e->nrc), e->nrc);
	else if (e->kind != UDS_EVENT_POSITIVE || !uds_dtc_report_parse(e->answer, e->n_answer, &report))
		puts("  trouble codes: no answer that can be read");
	else
		printf("  trouble codes: %u\n", report.count);
	if (e->kind == UDS_EVENT_POSITIVE)
		dtcs_text(e->answer, e->n_answer);
}

static void tell_text(const struct info *self)
{
	char words[WORDS_BYTES], text[PDU_WORDS_BYTES];

	words_addressing(&self->profile, words);
	printf("%s (%s)\n", self->profile.name, words);
	for (size_t i = 0; i < self->n_dids; i++) {
		record_of(self, i, text, sizeof text);
		if (text[0])
			printf("  %04X  %-28s %s\n", self->dids[i], pdu_did_text(&self->profile, self->dids[i]), text);
	}
	dtcs_lines(&self->list[self->n_dids]);
}

static void identity_json(struct json *json, const struct info *self)
{
	const struct {
		const char *key;
		uint16_t did;
	} rows[] = {
	    {"hardware", self->profile.did_hardware}, {"serial_number", self->profile.did_serial},
	    {"boot_version", self->profile.did_boot}, {"application_version", self->profile.did_application},
	    {"data_version", self->profile.did_data},
	};
	char text[PDU_WORDS_BYTES];

	json_key(json, "identity");
	json_object(json);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		identity_of(self, rows[i].did, text, sizeof text);
		json_key(json, rows[i].key);
		json_string(json, text);
	}
	json_object_end(json);
}

static int tell_json(const struct info *self, int code)
{
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "info");
	json_key(&json, "bus");
	json_string(&json, self->ask.options->bus);
	json_key(&json, "ecu");
	json_string(&json, self->profile.name);
	print_status(&json, self->ask.options, code);
	json_key(&json, "bus_error");
	json_string(&json, self->ask.bus_error ? strerror(-self->ask.bus_error) : NULL);
	ask_json_error(&json, &self->ask, (enum exit_code)code);
	identity_json(&json, self);
	json_key(&json, "identifiers");
	json_array(&json);
	for (size_t i = 0; i < self->n_dids; i++) {
		const struct exchange *e = &self->list[i];
		char text[PDU_WORDS_BYTES];

		record_of(self, i, text, sizeof text);
		if (!text[0])
			continue;
		json_object(&json);
		json_key(&json, "did");
		json_uint(&json, self->dids[i]);
		json_key(&json, "name");
		json_string(&json, pdu_did_text(&self->profile, self->dids[i]));
		json_key(&json, "bytes");
		json_hex(&json, e->answer + 3, e->n_answer - 3);
		json_key(&json, "text");
		json_string(&json, text);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_key(&json, "dtcs");
	dtcs_json(&json, self->list[self->n_dids].answer, self->list[self->n_dids].n_answer);
	json_object_end(&json);
	r = print_json(&json);
	return r == EXIT_DONE ? code : r;
}

static int tell(const struct info *self)
{
	const struct ask *ask = &self->ask;
	int code = ask->bus_error  ? EXIT_NO_BUS
		   : ask->stopped  ? EXIT_STOPPED
		   : ask->answered ? EXIT_DONE
				   : EXIT_NO_ANSWER;

	if (code == EXIT_NO_BUS)
		session_say_bus(ask->options, ask->bus_error);
	if (code == EXIT_NO_ANSWER)
		ask_say_no_answer(ask);
	if (ask->options->json)
		return tell_json(self, code);
	if (code == EXIT_DONE)
		tell_text(self);
	return code;
}

static int run(const struct options *options)
{
	struct info self = {0};
	int r = ask_profile(options, &self.profile);

	if (r >= 0)
		return r;
	prepare(&self, options);
	r = ask_run(&self.ask);
	if (r < 0)
		r = tell(&self);
	ask_free(&self.ask);
	return r;
}

const struct verb verb_info = {
    .name = "info",
    .summary = "read the ECU's identification, versions and trouble codes",
    .usage = "--bus BUS (--profile FILE | --request ID --response ID) [OPTION]...",
    .about =
	"Reads the identifiers that the profile names and those of ISO 14229-1, in the session that the ECU is in,\n"
	"then its trouble codes (19 02 FF). What the ECU does not give is left out.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_REQUEST) | TAKES(OPTION_RESPONSE) |
	     TAKES(OPTION_WIDE_IDS) | TAKES(OPTION_FD) | TAKES(OPTION_KEYS) | TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) |
	     TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS),
    .run = run,
};
