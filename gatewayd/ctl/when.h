/*
 * when - a moment as people write it: +90s, +30m, +2h, +3d, 2026-12-01T05:00, with or without seconds, in local time or
 * with Z or +01:00 behind it.
 */
#ifndef GATEWAYD_CTL_WHEN_H
#define GATEWAYD_CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* @now_unix_s: what a relative one counts from. Return: false if @text is neither */
bool when_parse(const char *text, uint64_t now_unix_s, uint64_t *unix_s);
/* a duration that leads nowhere: -5m, +0h */
bool when_not_ahead(const char *text);
/* counts from now */
bool when_relative(const char *text);

#endif
