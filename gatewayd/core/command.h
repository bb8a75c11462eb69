/*
 * command - what the backend commands beside its documents: that there is a campaign (notice), and that one is to be
 * installed now (trigger). Each belongs to a mode; what does not belong to the campaign's is refused. Private to
 * gatewayd/core.
 */
#ifndef GATEWAYD_CORE_COMMAND_H
#define GATEWAYD_CORE_COMMAND_H

#include "gatewayd/core/gateway.h"

#define COMMAND_TELL_PAUSE_US 10000000u /* between two reports of why a triggered campaign does not begin */

/* @what: "a confirmation"; refused with an Error, and logged. The campaign is as before */
void command_wrong_mode(struct gateway *self, uint8_t index, const char *what);
void command_notice(struct gateway *self, uint64_t now_us, const char *campaign_id, enum urgency urgency,
		    uint64_t director_version);
/* server-initiated: durable, and the campaign begins as soon as the vehicle's safety allows. Negotiated: refused before
 * the agreed time. A repeated one changes nothing */
void command_trigger(struct gateway *self, uint8_t index, uint64_t now_us, uint64_t director_version);
/**
 * command_tell_waiting() - a triggered campaign waits: the backend is told why, and again when the reason changes
 * @entered: the campaign's state is new, and so it is reported already
 */
void command_tell_waiting(struct gateway *self, uint8_t index, uint64_t now_us, bool entered);
/* what the campaign waits for from the backend before its window and the vehicle count; GATEWAY_CODE_OK: nothing */
unsigned command_wanted(const struct campaign *campaign);

#endif
