/*
 * log - the journal with fields where stderr is its stream (JOURNAL_STREAM, as systemd sets it), stderr elsewhere.
 */
#ifndef GATEWAYD_IO_LOG_H
#define GATEWAYD_IO_LOG_H

#include <stdbool.h>

struct log_fields {
	const char *campaign_id; /* each may be NULL */
	const char *ecu;
	const char *bus;
	const char *step;
	const char *code;       /* GATEWAY_CODE name */
	unsigned nrc;           /* 0 = none */
	const char *message_id; /* of the journal catalog, 32 hex digits; NULL = none */
};

/* @level: highest syslog priority written, 3..7 */
void log_init(int level);
void log_write(int priority, const struct log_fields *fields, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
