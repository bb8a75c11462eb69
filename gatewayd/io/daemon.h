/*
 * daemon - the composition: one loop, one gateway core, and the modules that carry out what it asks.
 */
#ifndef GATEWAYD_IO_DAEMON_H
#define GATEWAYD_IO_DAEMON_H

#include "gatewayd/io/config.h"

/**
 * daemon_hold_reload() - a SIGHUP waits until daemon_run() listens for it, instead of ending the process
 *
 * To be called first, before there are threads, which take over what is blocked. It is kept, not ignored: what it asks
 * for is done by the first reading of the configuration only if it came before that, and the file may have changed
 * since. Nothing that gatewayd runs is another program, which would take it over blocked.
 */
void daemon_hold_reload(void);

/**
 * daemon_run() - runs until SIGTERM or SIGINT, then to the next safe point; SIGHUP has the configuration read again
 * @config: changed then
 *
 * Return: exit status, 0 after a clean stop; 1 when something needed to start is missing (logged).
 */
int daemon_run(struct config *config);

#endif
