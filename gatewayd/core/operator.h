/*
 * operator - what the driver and the operator say to a campaign, and to the gateway: its doors are gateway_consent(),
 * gateway_approve() and those that follow it in gateway.h. Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_OPERATOR_H
#define GATEWAYD_CORE_OPERATOR_H

#include "gatewayd/core/gateway.h"

/* the driver wants it later than now; without trusted time that time is still to come */
bool operator_postponed(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);
/* its urgency or window are others: a postponement beyond what they allow ends. Return: true if it did */
bool operator_terms_changed(const struct gateway *self, struct campaign *campaign, uint64_t now_us);
/* gives the diagnostic buses to another tester that waits for them, if they are free */
void operator_settle(struct gateway *self);

#endif
