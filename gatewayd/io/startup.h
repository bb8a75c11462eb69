/*
 * startup - what is looked at before the daemon runs: its keys and certificates, that its state is its own, and what
 * its configuration leaves unguarded.
 */
#ifndef GATEWAYD_IO_STARTUP_H
#define GATEWAYD_IO_STARTUP_H

#include "gatewayd/io/config.h"

/*
 * startup_lock() - takes the state directory, which exists, for this process; its end gives it back
 * Return: 0, or 1 when another gatewayd has it or it cannot be locked (logged).
 */
int startup_lock(const char *state_dir);

/*
 * startup_check() - whether the keys and certificates that the configuration names can be used; touches nothing
 * Return: 0, or 1 (each that cannot is logged).
 */
int startup_check(const struct config *config);

/*
 * startup_warn() - says, at level warning and once, which of the signals are not configured on which the gateway's own
 * interlock rests (policy_may_install()), what is not guarded then, and what to do
 */
void startup_warn(const struct config *config);

#endif
