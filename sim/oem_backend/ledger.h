/*
 * ledger - reports of vehicles, each applied exactly once and in order, and the status that follows from them.
 *
 * A report is known by vehicle, queue and number. What comes again is not applied again; what comes too early is kept
 * until the gap before it is closed. The caller wraps the calls in a transaction and acknowledges after its commit.
 */
#ifndef SIM_OEM_BACKEND_LEDGER_H
#define SIM_OEM_BACKEND_LEDGER_H

#include "session.pb-c.h"
#include "sim/oem_backend/store.h"

#define LEDGER_MAX_AHEAD 4096u /* how far a number may be ahead of the last one applied */

/**
 * ledger_report() - take one report
 * @applied: all numbers up to and including this one are applied; to be acknowledged
 *
 * A queue that was never heard of begins at the first number it sends: the vehicle sends its oldest unacknowledged
 * report first, and a backend that lost its database cannot ask for those it acknowledged before.
 *
 * Return: 0; 1 the number is 0 or too far ahead, nothing was done; -errno.
 */
int ledger_report(struct store *store, const char *vehicle, const Gu__Report *report, uint64_t now_unix_s,
		  uint64_t *applied);

/* whether nothing follows this state */
bool ledger_terminal(int campaign_state);
/* whether the backend itself recorded the campaign as done and every one of its ECUs as verified; 1, 0 or -errno */
int ledger_verified(struct store *store, const char *campaign);

#endif
