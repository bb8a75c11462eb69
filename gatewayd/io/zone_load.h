/*
 * zone_load - a time zone by its IANA name, out of the files that the system has of them.
 */
#ifndef GATEWAYD_IO_ZONE_LOAD_H
#define GATEWAYD_IO_ZONE_LOAD_H

#include "gatewayd/core/zone.h"

#define ZONE_LOAD_MAX_BYTES 65536u

/**
 * zone_load() - reads DIR/NAME
 * @zone: not known on failure
 * @text: on failure, what was wrong with which file
 *
 * "UTC" needs no file.
 *
 * Return: 0; 1 if there is no such zone: its name is none, or no file of a time zone is there
 */
int zone_load(const char *dir, const char *name, struct zone *zone, char *text, size_t n_text);

#endif
