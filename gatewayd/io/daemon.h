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

/**
 * daemon_check() - whether the keys and certificates that the configuration names can be used; touches nothing
 * Return: 0, or 1 (each that cannot is logged).
 */
int daemon_check(const struct config *config);

#endif
