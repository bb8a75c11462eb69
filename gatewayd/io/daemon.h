/*
 * daemon - the composition: one loop, one gateway core, and the modules that carry out what it asks.
 */
#ifndef GATEWAYD_IO_DAEMON_H
#define GATEWAYD_IO_DAEMON_H

#include "gatewayd/io/config.h"

/**
 * daemon_run() - runs until SIGTERM or SIGINT, then to the next safe point
 * Return: exit status, 0 after a clean stop; 1 when something needed to start is missing (logged).
 */
int daemon_run(const struct config *config);

#endif
