/*
 * report_queue - numbered reports, kept until the backend acknowledges them, as a pure core.
 *
 * Delivered at least once: after each new session it starts again at the oldest one held. Bounded: when it is full, the
 * oldest progress-like report (no final state, no failure) gives way, never a final one.
 */
#ifndef GATEWAYD_CORE_REPORT_QUEUE_H
#define GATEWAYD_CORE_REPORT_QUEUE_H

#include "gatewayd/core/types.h"

/* all final reports of all campaigns fit (8 * (32 + 1)), so that one which is not final can always give way */
#define REPORT_QUEUE_MAX    320u
#define REPORT_QUEUE_WINDOW 32u                   /* reports that are sent and not yet acknowledged */
#define REPORT_RXSWIN_MAX   GATEWAY_MAX_CAMPAIGNS /* a campaign stays until the report of its end is acknowledged */

struct report {
	uint64_t sequence;
	char campaign_id[GATEWAY_NAME_BYTES];
	char ecu[GATEWAY_NAME_BYTES];
	enum campaign_state campaign_state;
	enum target_state target_state;
	unsigned code;
	char text[GATEWAY_TEXT_BYTES];
	uint64_t unix_ms;
	bool has_result;
	char old_version[FLASH_VERSION_BYTES];
	char new_version[FLASH_VERSION_BYTES];
	char step[32];
	uint8_t nrc;
	uint64_t payload_bytes;
	uint64_t duration_ms;
	uint64_t transfer_ms;
	uint64_t estimate_ms;        /* of duration_ms, 0 = not known */
	unsigned evidence;           /* Evidence of session.proto */
	struct service_loss service; /* state SERVICE_NONE: the report is not about it */
};

/* beside the report of a campaign that is done: the vehicle's software identification numbers (UN R156) */
struct report_rxswin {
	uint64_t sequence; /* of that report; 0 = free */
	struct rxswin_doc before[GATEWAY_MAX_RXSWIN];
	uint8_t n_before;
	struct rxswin_doc after[GATEWAY_MAX_RXSWIN];
	uint8_t n_after;
};

struct report_queue {
	struct report items[REPORT_QUEUE_MAX];
	uint16_t head;
	uint16_t n;
	uint64_t next_sequence;
	uint64_t sent;    /* highest number sent in this session */
	uint64_t durable; /* highest number known to be stored: later ones are not sent yet */
	struct report_rxswin rxswin[REPORT_RXSWIN_MAX];
};

void report_queue_init(struct report_queue *self);
/* @report: its sequence is set. Return: the number; 0 if the queue is full of final reports and this one was dropped */
uint64_t report_queue_append(struct report_queue *self, struct report *report);
/* one that was stored; in rising order */
void report_queue_restore(struct report_queue *self, const struct report *report);
/* a number that held before (@after: since) what the report tells; new or restored. Nothing if the report is not held
 */
void report_queue_add_rxswin(struct report_queue *self, uint64_t sequence, bool after, const struct rxswin_doc *rxswin);
/* all up to @sequence are stored */
void report_queue_stored(struct report_queue *self, uint64_t sequence);
void report_queue_session(struct report_queue *self); /* a new session: send all again */
/* Return: the next one to send, NULL; valid until the queue changes; at most 32 are unacknowledged at once */
const struct report *report_queue_next(struct report_queue *self);
/* Return: true if something was removed */
bool report_queue_ack(struct report_queue *self, uint64_t sequence);
/* Return: the report of that number, NULL if it is not held (any more) */
const struct report *report_queue_find(const struct report_queue *self, uint64_t sequence);
/* Return: NULL if there is none; valid until the queue changes */
const struct report_rxswin *report_queue_rxswin(const struct report_queue *self, uint64_t sequence);

#endif
