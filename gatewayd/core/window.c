/* window - see window.h. */
#include "gatewayd/core/window.h"

enum window_state window_state(uint64_t unix_ms, uint64_t start_unix_s, uint64_t end_unix_s)
{
	uint64_t unix_s = unix_ms / 1000;

	if (!unix_ms)
		return WINDOW_UNKNOWN;
	if (end_unix_s && unix_s >= end_unix_s)
		return WINDOW_OVER;
	return unix_s < start_unix_s ? WINDOW_BEFORE : WINDOW_OPEN;
}

uint64_t window_reached_us(uint64_t base_unix_ms, uint64_t base_us, uint64_t unix_s)
{
	uint64_t ahead_ms;

	if (!unix_s || unix_s > UINT64_MAX / 1000)
		return UINT64_MAX;
	if (unix_s * 1000 <= base_unix_ms)
		return 0;
	ahead_ms = unix_s * 1000 - base_unix_ms;
	if (ahead_ms > (UINT64_MAX - base_us) / 1000)
		return UINT64_MAX;
	return base_us + ahead_ms * 1000;
}
