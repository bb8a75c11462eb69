/*
 * ledger - reports of vehicles, each applied exactly once and in order, and the status that follows from them.
 *
 * A report is known by vehicle, queue and number. Numbers rise within a session, which begins at the oldest report that
 * the vehicle still holds; so a number that is left out never comes: the vehicle dropped it when its queue was full.
 * What comes below the last number applied is recorded if it is new, but no longer changes the status. The caller wraps
 * the calls in a transaction and acknowledges after its commit.
 */
#ifndef SIM_OEM_BACKEND_LEDGER_H
#define SIM_OEM_BACKEND_LEDGER_H

#include "session.pb-c.h"
#include "sim/oem_backend/store.h"

/**
 * ledger_report() - take one report
 * @applied: the highest number recorded of this queue; to be acknowledged
 * Return: 0; 1 the number is 0 or above INT64_MAX, nothing was done; -errno.
 */
int ledger_report(struct store *store, const char *vehicle, const Gu__Report *report, uint64_t now_unix_s,
		  uint64_t *applied);

/* whether nothing follows this state */
bool ledger_terminal(int campaign_state);
/* whether the backend itself recorded the campaign as done and every one of its ECUs as verified; 1, 0 or -errno */
int ledger_verified(struct store *store, const char *campaign);

#endif
