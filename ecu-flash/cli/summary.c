#include "ecu-flash/cli/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/session.h"
#include "ecu-flash/cli/words.h"
#include "uds/uds_text.h"

enum exit_code summary_exit_code(const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;

	if (r->code == FLASH_OK && !outcome->bus_error)
		return EXIT_DONE;
	if (outcome->bus_error && !r->erased)
		return EXIT_NO_BUS;
	if (r->code == FLASH_OK)
		return EXIT_DONE; /* the bus went after the ECU was done */
	if (r->code == FLASH_STOPPED)
		return EXIT_STOPPED;
	if (r->code == FLASH_NO_ANSWER && !r->erased)
		return EXIT_NO_ANSWER;
	return EXIT_FLASH_FAILED;
}

static const char *verdict(const struct job_outcome *outcome)
{
	switch (summary_exit_code(outcome)) {
	case EXIT_DONE:
		return outcome->result.verified ? "verified" : "ok";
	case EXIT_STOPPED:
		return "stopped";
	case EXIT_NO_BUS:
		return "no bus";
	case EXIT_NO_ANSWER:
		return "no answer";
	case EXIT_FLASH_FAILED:
	case EXIT_USAGE:
	case EXIT_BAD_INPUT:
		break;
	}
	return "failed";
}

static double seconds(const struct flash_result *r)
{
	return (double)(r->ended_us - r->started_us) / 1e6;
}

static double rate(const struct flash_result *r)
{
	return r->transfer_us ? (double)r->payload_bytes * 1000 / (double)r->transfer_us : 0;
}

static const char *or_none(const char *text)
{
	return text[0] ? text : "-";
}

static void row(const char *name, const char *value)
{
	if (value[0])
		printf("  %-14s %s\n", name, value);
}

static void identity_text(const struct inputs *in, const struct flash_identity *id)
{
	row("ECU", in->profile.name);
	row("hardware", id->hardware_id);
	row("serial number", id->serial_number);
	row("boot", id->boot_version);
	row("application", id->application_version);
	row("data", id->data_version);
}

static void flash_text(const struct inputs *in, const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;
	char text[WORDS_BYTES];

	row("ECU", in->profile.name);
	row("old version", or_none(r->before.application_version));
	row("new version", or_none(r->after.application_version));
	words_count(r->payload_bytes, text);
	row("bytes", text);
	snprintf(text, sizeof text, "%.2f", seconds(r));
	row("seconds", text);
	snprintf(text, sizeof text, "%.2f in TransferData", rate(r));
	row("kB/s", text);
	if (r->block_repeats) {
		snprintf(text, sizeof text, "%" PRIu32, r->block_repeats);
		row("repeats", text);
	}
	row("verdict", verdict(outcome));
}

/* what to try, beside the hint that the negative response code has in the result's text already */
static const char *advice(const struct job_outcome *outcome)
{
	if (outcome->result.put_off)
		return "The ECU went on answering that it works: raise timing.pending_max_s or timing.max_pending of "
		       "the profile if it needs that long.";
	switch (outcome->result.code) {
	case FLASH_NO_ANSWER:
		return "Check the ECU's supply, the wiring and termination of the bus, its bit rate, and the profile's "
		       "identifiers.";
	case FLASH_TRANSPORT:
		return "No frame of ours is acknowledged: check the wiring, the bit rate and that another node is on "
		       "the bus.";
	case FLASH_SECURITY_DENIED:
	case FLASH_KEY_UNAVAILABLE:
		return "Check the key file, security.level and security.algorithm of the profile.";
	case FLASH_PRECONDITIONS:
		return "Bring the vehicle into the state that the ECU asks for (ignition, standstill, engine, "
		       "voltage).";
	case FLASH_WRONG_VERSION:
		return "The version read back is not the expected one, or the one before: check --expect-version and "
		       "the "
		       "image.";
	case FLASH_BOOT_TIMEOUT:
		return "Raise timing.boot_max_ms if the ECU boots slowly; else it rejected the image: flash it again.";
	case FLASH_IMAGE_TOO_LARGE:
		return "Check the image's addresses ('ecu-flash image show') and memory.address_bytes and "
		       "length_bytes.";
	case FLASH_FOREIGN_TESTER:
		return "Disconnect or stop the other tester, then run this again.";
	case FLASH_CHECK_FAILED:
	case FLASH_DEPENDENCIES:
		return "Check that the images belong to this ECU and to each other, and routines.check_argument of the "
		       "profile.";
	case FLASH_BUS_QUIET_REFUSED:
		return "Check bus_before of the profile against what the ECU allows.";
	case FLASH_ERASE_FAILED:
		if (outcome->result.nrc)
			return "Check the image's addresses ('ecu-flash image show') and routines.erase_argument of "
			       "the "
			       "profile.";
		return "The routine ended with a status that the profile does not take as passed: --trace shows it; "
		       "check routine_status and routines.erase_argument.";
	case FLASH_TRANSFER_FAILED:
		return "Check that the ECU's memory holds the image's addresses ('ecu-flash image show'), and "
		       "memory.max_block and timing of the profile; --trace shows the block.";
	case FLASH_NEGATIVE_RESPONSE:
		return "Check this step of the profile against the ECU's specification: 'ecu-flash profile check' has "
		       "it in words, --trace the request.";
	case FLASH_MALFORMED_ANSWER:
		return "--trace shows the answer: check that the profile's response identifier is this ECU's alone, "
		       "and that no other tester is on the bus.";
	case FLASH_BAD_BLOCK_LENGTH:
		return "Two bytes of each block are not data (maxNumberOfBlockLength). No profile helps here: switch "
		       "the ECU's supply off and on, and ask its supplier.";
	case FLASH_WRONG_HARDWARE:
	case FLASH_WRONG_SERIAL: /* no job of this command names an ECU */
	case FLASH_OK:
	case FLASH_STOPPED:
		break;
	}
	return "";
}

static const char *ecu_state(const struct options *options, const struct flash_result *r)
{
	if (r->code == FLASH_OK || options->verb != &verb_flash)
		return "";
	if (r->restored)
		return "The ECU runs what it ran before.";
	if (r->erased && r->step == FLASH_STEP_SWITCH_OVER)
		return "The ECU was told to switch over, and which of its applications runs is not known: 'ecu-flash "
		       "info' reads the version. Run the same command again with --recover.";
	if (r->erased && r->step == FLASH_STEP_ERASE)
		return "The ECU was asked to erase: if it began to, it has no valid application and stays in its boot "
		       "loader. Run the same command again with --recover once the cause is found.";
	if (r->code == FLASH_WRONG_VERSION && strcmp(r->before.application_version, r->after.application_version) != 0)
		return "The ECU runs what was written, but says another version than expected.";
	if (r->erased && r->step >= FLASH_STEP_RESET && r->step <= FLASH_STEP_READ_VERSION)
		return "The ECU was written and checked, but has not shown that its new application runs.";
	if (r->erased)
		return "The ECU has no valid application now. It stays in its boot loader: run the same command again "
		       "with --recover.";
	if (r->bank_erased)
		return "The running application is untouched; the other bank was erased and holds nothing valid. Run "
		       "the same command again once the cause is found.";
	return "This run erased nothing.";
}

/* and what to do about it: the same command only where it can end otherwise */
static const char *state_and_way_on(const struct options *options, const struct flash_result *r)
{
	if (r->code == FLASH_BAD_BLOCK_LENGTH && r->erased && options->verb == &verb_flash)
		return "The ECU has no valid application now and stays in its boot loader, and a repetition ends here "
		       "again for as long as it announces such blocks.";
	return ecu_state(options, r);
}

static void failure_text(const struct options *options, const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;
	const char *state = state_and_way_on(options, r);

	if (outcome->bus_error)
		session_say_bus(options, outcome->bus_error);
	if (r->text[0])
		fprintf(stderr, "ecu-flash: %s\n", r->text);
	if (r->sid && r->nrc)
		fprintf(stderr, "  The request was %s (%02X).\n", uds_sid_text(r->sid), r->sid);
	if (r->nrc && uds_nrc_meaning(r->nrc)[0])
		fprintf(stderr, "  It commonly means: %s.\n", uds_nrc_meaning(r->nrc));
	if (!outcome->bus_error && advice(outcome)[0])
		fprintf(stderr, "  %s\n", advice(outcome));
	if (state[0] && r->ended_us)
		fprintf(stderr, "  %s\n", state);
}

void summary_text(const struct options *options, const struct inputs *inputs, const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;

	if (summary_exit_code(outcome) != EXIT_DONE) {
		failure_text(options, outcome);
		return;
	}
	if (options->verb == &verb_flash)
		flash_text(inputs, outcome);
	else
		identity_text(inputs, &r->after);
	if (options->verb == &verb_verify)
		row("verdict", verdict(outcome));
	if (outcome->stop_wanted && options->verb == &verb_flash)
		puts("  The stop came after the first erase: the ECU was flashed and verified to its end.");
}

static void identity_json(struct json *json, const char *key, const struct flash_identity *id)
{
	json_key(json, key);
	json_object(json);
	json_key(json, "hardware");
	json_string(json, id->hardware_id);
	json_key(json, "serial_number");
	json_string(json, id->serial_number);
	json_key(json, "boot_version");
	json_string(json, id->boot_version);
	json_key(json, "application_version");
	json_string(json, id->application_version);
	json_key(json, "data_version");
	json_string(json, id->data_version);
	json_object_end(json);
}

static void flash_json(struct json *json, const struct options *options, const struct inputs *in,
		       const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;

	json_key(json, "old_version");
	json_string(json, r->before.application_version);
	json_key(json, "new_version");
	json_string(json, r->after.application_version);
	json_key(json, "bytes");
	json_uint(json, r->payload_bytes);
	json_key(json, "seconds");
	json_real(json, seconds(r), 3);
	json_key(json, "transfer_seconds");
	json_real(json, (double)r->transfer_us / 1e6, 3);
	json_key(json, "kb_per_s");
	json_real(json, rate(r), 3);
	json_key(json, "block_repeats");
	json_uint(json, r->block_repeats);
	json_key(json, "erased");
	json_bool(json, r->erased);
	json_key(json, "other_bank_erased");
	json_bool(json, r->bank_erased);
	json_key(json, "restored");
	json_bool(json, r->restored);
	json_key(json, "foreign_requests");
	json_uint(json, outcome->n_foreign);
	json_key(json, "images");
	json_array(json);
	for (uint8_t i = 0; i < in->n_units; i++) {
		json_object(json);
		json_key(json, "file");
		json_string(json, options->files[i]);
		json_key(json, "format");
		json_string(json, image_format_text(in->files[i].image.format));
		json_key(json, "bytes");
		json_uint(json, in->files[i].image.n_bytes);
		json_key(json, "sha256");
		json_hex(json, in->files[i].file_sha256, 32);
		json_object_end(json);
	}
	json_array_end(json);
}

static void failure_json(struct json *json, const struct options *options, const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;
	char bus[SESSION_BUS_TEXT_BYTES];

	json_key(json, "error");
	json_object(json);
	json_key(json, "code");
	if (r->code)
		json_uint(json, r->code);
	else
		json_string(json, NULL); /* the bus alone failed */
	json_key(json, "code_text");
	json_string(json, r->code ? flash_code_text(r->code) : "the bus is not available");
	json_key(json, "step");
	json_string(json, r->code ? flash_step_text(r->step) : NULL);
	json_key(json, "service");
	json_uint(json, r->sid);
	json_key(json, "nrc");
	json_uint(json, r->nrc);
	json_key(json, "nrc_text");
	json_string(json, r->nrc ? uds_nrc_text(r->nrc) : NULL);
	json_key(json, "hint");
	json_string(json, r->nrc ? uds_nrc_hint(r->nrc) : NULL);
	json_key(json, "meaning");
	json_string(json, r->nrc ? uds_nrc_meaning(r->nrc) : NULL);
	json_key(json, "bus_error");
	json_string(json, outcome->bus_error ? strerror(-outcome->bus_error) : NULL);
	json_key(json, "text");
	json_string(json,
		    outcome->bus_error && !r->text[0] ? session_bus_text(options, outcome->bus_error, bus) : r->text);
	json_key(json, "advice");
	json_string(json, outcome->bus_error ? session_bus_advice(outcome->bus_error) : advice(outcome));
	json_key(json, "ecu_state");
	json_string(json, state_and_way_on(options, r));
	json_object_end(json);
}

void summary_json(const struct options *options, const struct inputs *inputs, const struct job_outcome *outcome)
{
	const struct flash_result *r = &outcome->result;
	struct json json;
	const char *text;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, options->verb->name);
	json_key(&json, "bus");
	json_string(&json, options->bus);
	json_key(&json, "ecu");
	json_string(&json, inputs->profile.name);
	json_key(&json, "verdict");
	json_string(&json, verdict(outcome));
	print_status(&json, options, (int)summary_exit_code(outcome));
	json_key(&json, "verified");
	json_bool(&json, r->verified);
	if (options->verb == &verb_flash) {
		identity_json(&json, "before", &r->before);
		identity_json(&json, "after", &r->after);
		flash_json(&json, options, inputs, outcome);
	} else {
		identity_json(&json, "identity", &r->after);
	}
	if (summary_exit_code(outcome) != EXIT_DONE)
		failure_json(&json, options, outcome);
	json_object_end(&json);
	text = json_text(&json);
	puts(text ? text : "{\"error\": \"out of memory\"}");
	json_deinit(&json);
	if (summary_exit_code(outcome) != EXIT_DONE)
		failure_text(options, outcome);
}
