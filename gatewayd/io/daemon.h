/*
 * daemon - the composition: one loop, one gateway core, and the modules that carry out what it asks.
 */
#ifndef GATEWAYD_IO_DAEMON_H
#define GATEWAYD_IO_DAEMON_H

#include "gatewayd/io/config.h"

/**
 * daemon_run() - runs until SIGTERM or SIGINT, then to the next safe point; SIGHUP has the configuration read again
 * @config: changed then
 *
 * Return: exit status, 0 after a clean stop; 1 when something needed to start is missing (logged).
 */
int daemon_run(struct config *config);

#endif
