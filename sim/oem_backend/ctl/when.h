/* when - a point in time as people write it: "+90s", "+2h", "2026-11-23T18:00:00Z", "2026-11-23T19:00:00+01:00". */
#ifndef SIM_OEM_BACKEND_CTL_WHEN_H
#define SIM_OEM_BACKEND_CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_HELP "write 2026-11-23T18:00:00Z, or +90s, +15m, +2h, +1d from now"

/* @now_unix_s: what "+" counts from; units s, m, h, d. Return: whether @text is a time, 1970 or later */
bool when_parse(const char *text, uint64_t now_unix_s, uint64_t *unix_s);

#endif
