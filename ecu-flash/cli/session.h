/*
 * session - a verb's time on a bus: loop, driver and the channel to one ECU; Ctrl-C, --trace and --candump.
 *
 * session_open(), then session_run() until the verb calls session_end(), then session_close(). The verb's step() is
 * called whenever something happened, and may place requests on the channel.
 */
#ifndef ECU_FLASH_CLI_SESSION_H
#define ECU_FLASH_CLI_SESSION_H

#include <uv.h>

#include "common/json.h"
#include "ecu-flash/cli/candump.h"
#include "ecu-flash/cli/options.h"
#include "ecu-flash/cli/report.h"
#include "ecu-flash/cli/trace.h"
#include "uds/port/can_driver.h"

#define SESSION_TX_BYTES (65535u + 16u) /* the longest block that service 34 announces in practice */
#define SESSION_RX_BYTES (65535u + 16u) /* and 35 */

struct session_verb {
	void *owner;
	/* Return: the verb's next deadline, UDS_NEVER if none */
	uint64_t (*step)(void *owner, uint64_t now_us);
	/* SIGINT or SIGTERM, for the @n'th time; step() follows */
	void (*on_interrupt)(void *owner, uint64_t now_us, unsigned n);
	/* a frame that is not of the channel; may be NULL */
	void (*on_frame)(void *owner, uint64_t now_us, const struct can_msg *msg);
};

struct session {
	const struct options *options;
	struct session_verb verb;
	struct report *report;                        /* lines and the bar, which gives way to the trace */
	const struct profile *profile;                /* NULL without one */
	const struct can_node_functional *functional; /* its requests are traced; NULL = none */
	bool trace_all;                               /* each single frame of ours is traced, by its identifier */
	uv_loop_t loop;
	uv_signal_t signals[2]; /* SIGINT, SIGTERM */
	struct can_driver *driver;
	struct uds_channel channel;
	struct trace trace;
	struct candump candump;
	unsigned n_interrupts;
	int bus_error; /* -errno: the bus could not be opened, or was lost and has not come back */
	bool loop_ready;
	bool started;
	bool over;
	bool foreign_told;
	uint8_t tx[SESSION_TX_BYTES];
	uint8_t rx[SESSION_RX_BYTES];
};

/**
 * session_open() - opens the bus, and the channel where @link is not NULL
 * @self: zeros, but for options, verb, report, profile and functional
 * Return: -1, or the exit code after a message on stderr; but for EXIT_NO_BUS, which bus_error explains and the verb
 * tells. To be closed in either case.
 */
int session_open(struct session *self, const struct isotp_config *link, const struct uds_timing *timing, bool fd);
/* until session_end(). A log that could not be written whole is noted in options->log_error */
void session_run(struct session *self);
/* the verb is through */
void session_end(struct session *self);
void session_close(struct session *self);

#define SESSION_BUS_TEXT_BYTES 512u

/* "the bus ... is not available" and why. @error: -errno. Return: @out */
const char *session_bus_text(const struct options *options, int error, char out[SESSION_BUS_TEXT_BYTES]);
/* what to do about a bus that cannot be opened; "" where nothing is known. @error: -errno */
const char *session_bus_advice(int error);
/* these on stderr. @error: -errno */
void session_say_bus(const struct options *options, int error);
/* the same as "error", and without @bus_error as print_error() has it */
void session_json_error(struct json *json, const struct options *options, int bus_error, const char *text,
			const char *advice);

#endif
