/*
 * window - absolute time spans in wall-clock time, and when a wall-clock time is reached on the monotonic clock; pure.
 */
#ifndef GATEWAYD_CORE_WINDOW_H
#define GATEWAYD_CORE_WINDOW_H

#include <stdint.h>

enum window_state { WINDOW_UNKNOWN, WINDOW_BEFORE, WINDOW_OPEN, WINDOW_OVER };

/* @unix_ms: trusted time, 0 = none. Open from @start_unix_s on, over at @end_unix_s (0 = it never ends). */
enum window_state window_state(uint64_t unix_ms, uint64_t start_unix_s, uint64_t end_unix_s);

/**
 * window_reached_us() - the first microsecond of the monotonic clock at which a wall-clock time is reached
 * @base_unix_ms, @base_us: one moment on both clocks
 *
 * Return: monotonic time; 0 if it was reached at the base already; UINT64_MAX for @unix_s 0 or too far to count.
 */
uint64_t window_reached_us(uint64_t base_unix_ms, uint64_t base_us, uint64_t unix_s);

#endif
