/*
 * status - what the daemon does or waits for now, in one line for a person: STATUS= of the service manager.
 *
 * status_text() makes it of plain values; status_of() finds them in the gateway.
 */
#ifndef GATEWAYD_IO_STATUS_H
#define GATEWAYD_IO_STATUS_H

#include "common/rate.h"
#include "gatewayd/core/gateway.h"

#define STATUS_BYTES 320u

/* an ECU that is handed to the flasher */
struct status_ecu {
	const char *name;
	const char *step; /* "transfer" */
	bool begun;       /* its flash, in this run or an earlier one; else its turn is to come */
	bool erased;      /* it would not boot */
	uint64_t bytes_done;
	uint64_t bytes_total;
	double bytes_per_s; /* 0 = not known */
	bool left_known;
	uint32_t left_s;
};

struct status {
	bool stopping;
	bool stalled;        /* the writer of the database hangs */
	const char *offline; /* why there is no session with the backend; NULL: there is one, or it is being made */
	bool connected;
	const char *campaign; /* the one that is furthest; NULL = none that is not over */
	enum campaign_state state;
	const char *text; /* why it waits, or the state's words */
	uint64_t bytes_held, bytes_total;
	struct status_ecu ecus[GATEWAY_MAX_TARGETS];
	uint8_t n_ecus;
	uint8_t n_known, n_configured; /* ECUs of the vehicle that ever answered, and all */
};

/* rates of the flashes under way; zero at the begin */
struct status_rates {
	struct rate rates[GATEWAY_MAX_TARGETS];
	uint8_t campaign;
};

/* @status: refers to texts of @gateway */
void status_of(const struct gateway *gateway, struct status_rates *rates, uint64_t now_us, struct status *status);
/* one line without control characters, cut to STATUS_BYTES; returns @out */
const char *status_text(const struct status *status, char out[STATUS_BYTES]);

#endif
