/*
 * history - what was installed, with what result (UN R156): the last campaigns that came to an end, kept in the
 * database in the transaction of that end, whatever the backend forgets.
 */
#ifndef GATEWAYD_IO_HISTORY_H
#define GATEWAYD_IO_HISTORY_H

#include <sqlite3.h>
#include "gatewayd/core/gateway.h"

#define HISTORY_MAX         50u
#define HISTORY_RXSWIN_TEXT 1400u /* "R155 value; R156 value": 16 of them */

/* the campaign, which is final, if it is not there yet; the oldest beyond HISTORY_MAX go. Return: an SQLite code */
int history_write(sqlite3 *db, const struct campaign *campaign);

struct history_ecu {
	char ecu[GATEWAY_NAME_BYTES];
	unsigned state; /* enum target_state */
	unsigned code;
	char text[GATEWAY_TEXT_BYTES];
	char old_version[FLASH_VERSION_BYTES];
	char new_version[FLASH_VERSION_BYTES];
	uint64_t duration_ms;
	uint64_t estimate_ms; /* 0 unknown */
};

struct history_entry {
	char campaign[GATEWAY_NAME_BYTES];
	char manifest[GATEWAY_NAME_BYTES];
	char title[129];
	unsigned state; /* enum campaign_state */
	unsigned code;
	char text[GATEWAY_TEXT_BYTES];
	uint64_t started_unix_s, ended_unix_s; /* 0 unknown, or not begun */
	char rxswin_before[HISTORY_RXSWIN_TEXT];
	char rxswin_after[HISTORY_RXSWIN_TEXT];
	struct history_ecu ecus[GATEWAY_MAX_TARGETS];
	uint8_t n_ecus;
};

/**
 * history_read() - the entries of STATE/state.db, the newest first, over a connection of its own
 * @entries: to be freed by the caller; NULL if there is none
 *
 * Return: 0, or -errno
 */
int history_read(const char *state_dir, struct history_entry **entries, size_t *n);

#endif
