/*
 * ask - a list of requests to one ECU, one after the other, and what it answered.
 */
#ifndef ECU_FLASH_CLI_ASK_H
#define ECU_FLASH_CLI_ASK_H

#include "common/json.h"
#include "ecu-flash/cli/options.h"
#include "ecu-flash/profile.h"

#define ASK_TEXT_BYTES 160u

struct exchange {
	const uint8_t *request;
	size_t n_request;
	/* filled in */
	bool asked;
	enum uds_event_kind kind; /* POSITIVE, NEGATIVE, SUPPRESSED, TIMEOUT, MALFORMED or SEND_FAILED */
	enum isotp_reason reason; /* of SEND_FAILED; of TIMEOUT, why an answer that had begun did not end */
	uint8_t nrc;
	uint8_t *answer; /* NULL if there is none; freed by ask_free() */
	size_t n_answer;
	uint32_t n_pending; /* NRC 78 on the way */
	uint64_t us;        /* from the request to the end of its answer, or of the waiting for it */
};

struct ask {
	const struct options *options;
	const struct profile *profile; /* addresses and timings; filled by ask_profile() where there is no file */
	bool stop_at_failure;          /* what comes after a refusal or silence is not asked */
	struct exchange *list;
	size_t n;
	/* filled in */
	int bus_error; /* -errno */
	bool stopped;  /* by Ctrl-C */
	bool answered; /* the ECU said something */
};

/**
 * ask_profile() - the profile of a verb that also takes --request and --response in its place
 * Return: -1, or the exit code after a message on stderr.
 */
int ask_profile(const struct options *options, struct profile *profile);

/* asks all of them, unless nothing answers the first. Return: -1, or the exit code after a message on stderr */
int ask_run(struct ask *self);

/* Return: EXIT_DONE, EXIT_FLASH_FAILED if one of the list failed, EXIT_NO_BUS, EXIT_NO_ANSWER or EXIT_STOPPED */
enum exit_code ask_exit_code(const struct ask *self);

/* why there is no answer to a request that was asked; "" if there is one */
const char *ask_silence_text(const struct exchange *exchange, char out[ASK_TEXT_BYTES]);

/* that nothing answered, and what to look at, on stderr */
void ask_say_no_answer(const struct ask *self);

/* "error", null where @code is EXIT_DONE */
void ask_json_error(struct json *json, const struct ask *self, enum exit_code code);

void ask_free(struct ask *self);

#endif
