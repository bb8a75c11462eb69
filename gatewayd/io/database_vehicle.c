/* database_vehicle - what is restored of the vehicle itself: its modes, its hours, its software identification numbers
 */
#include <stdlib.h>

#include "gatewayd/io/database_priv.h"

/* it is a guide and no promise: one that cannot be read is begun anew */
static void restore_parking(sqlite3 *db, struct gateway *gateway)
{
	struct parking parking;
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key='parking'", -1, &stmt, NULL) != SQLITE_OK)
		return;
	if (sqlite3_step(stmt) == SQLITE_ROW &&
	    parking_decode(&parking, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)))
		gateway_restore_parking(gateway, &parking);
	sqlite3_finalize(stmt);
}

/* a mode or urgency of another program restricts as far as it can be understood: what is not known here stays out */
static int restore_modes(sqlite3 *db, struct gateway *gateway)
{
	struct mode_table *modes = calloc(1, sizeof(*modes));
	sqlite3_stmt *stmt;
	int result =
	    modes ? sqlite3_prepare_v2(db, "SELECT ecu, urgency, mode FROM mode ORDER BY position", -1, &stmt, NULL)
		  : SQLITE_NOMEM;

	while (result == SQLITE_OK || result == SQLITE_ROW) {
		struct mode_entry *entry = &modes->entries[modes->n];
		int urgency, mode;

		result = sqlite3_step(stmt);
		if (result != SQLITE_ROW || modes->n == MODE_MAX_ENTRIES)
			break;
		database_column_text(stmt, 0, entry->ecu, sizeof(entry->ecu));
		urgency = sqlite3_column_int(stmt, 1);
		mode = sqlite3_column_int(stmt, 2);
		if (urgency < URGENCY_NONE || urgency > URGENCY_CRITICAL || mode <= MODE_NONE || mode > MODE_NEGOTIATED)
			continue;
		entry->urgency = (enum urgency)urgency;
		entry->mode = (enum update_mode)mode;
		modes->n++;
	}
	if (modes && result != SQLITE_NOMEM)
		sqlite3_finalize(stmt);
	if (result == SQLITE_DONE || result == SQLITE_ROW) {
		gateway_restore_modes(gateway, modes);
		result = SQLITE_OK;
	}
	free(modes);
	return result;
}

static int restore_rxswin(sqlite3 *db, struct gateway *gateway)
{
	sqlite3_stmt *stmt;
	int result = sqlite3_prepare_v2(db, "SELECT regulation, value FROM rxswin", -1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct rxswin_doc rxswin;

		database_column_text(stmt, 0, rxswin.regulation, sizeof(rxswin.regulation));
		database_column_text(stmt, 1, rxswin.value, sizeof(rxswin.value));
		gateway_restore_rxswin(gateway, &rxswin);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

int database_restore_vehicle(sqlite3 *db, struct gateway *gateway)
{
	int result = restore_modes(db, gateway);

	restore_parking(db, gateway);
	return result == SQLITE_OK ? restore_rxswin(db, gateway) : result;
}
