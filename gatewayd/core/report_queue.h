/*
 * report_queue - numbered reports, kept until the backend acknowledges them, as a pure core.
 *
 * Delivered at least once: after each new session it starts again at the oldest one held. Bounded: when it is full, the
 * oldest progress-like report (no final state, no failure) gives way, never a final one.
 */
#ifndef GATEWAYD_CORE_REPORT_QUEUE_H
#define GATEWAYD_CORE_REPORT_QUEUE_H

#include "gatewayd/core/types.h"

#define REPORT_QUEUE_MAX 256u

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
	unsigned evidence; /* Evidence of session.proto */
};

struct report_queue {
	struct report items[REPORT_QUEUE_MAX];
	uint16_t head;
	uint16_t n;
	uint64_t next_sequence;
	uint64_t sent; /* highest number sent in this session */
};

void report_queue_init(struct report_queue *self);
/* @report: its sequence is set. Return: the number */
uint64_t report_queue_append(struct report_queue *self, struct report *report);
void report_queue_restore(struct report_queue *self, const struct report *report);
void report_queue_session(struct report_queue *self); /* a new session: send all again */
/* Return: the next one to send, NULL; at most 32 are unacknowledged at once */
const struct report *report_queue_next(struct report_queue *self);
/* Return: true if something was removed */
bool report_queue_ack(struct report_queue *self, uint64_t sequence);

#endif
