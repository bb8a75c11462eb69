/*
 * command - what the backend commands beside its documents: that there is a campaign (notice), and that one is to be
 * installed now (trigger). Each belongs to a mode; what does not belong to the campaign's is refused. And what it is
 * told of a campaign that goes on neither to its files nor, triggered, to its installation. Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_COMMAND_H
#define GATEWAYD_CORE_COMMAND_H

#include "gatewayd/core/gateway.h"

#define COMMAND_TELL_PAUSE_US 10000000u /* between two reports of why a campaign does not go on */

/* @what: "a confirmation"; refused with an Error, and logged. The campaign is as before */
void command_wrong_mode(struct gateway *self, uint8_t index, const char *what);
void command_notice(struct gateway *self, uint64_t now_us, const char *campaign_id, enum urgency urgency,
		    uint64_t director_version);
/* server-initiated: durable, and the campaign begins as soon as the vehicle's safety allows. Negotiated: refused before
 * the agreed time. A repeated one changes nothing */
void command_trigger(struct gateway *self, uint8_t index, uint64_t now_us, uint64_t director_version);
/* a triggered campaign waits: the backend is told why, and again when the reason changes */
void command_tell_waiting(struct gateway *self, uint8_t index, uint64_t now_us);
/* a campaign does not come by its files: the backend is told once a code. To be called again when it still does not, at
 * the pace of its attempts. Not of one that waits with its files held: that would look as if it knew of a trigger */
void command_tell_trouble(struct gateway *self, uint8_t index, uint64_t now_us);
/* what the campaign waits for from the backend before its window and the vehicle count; GATEWAY_CODE_OK: nothing */
unsigned command_wanted(const struct campaign *campaign);

#endif
