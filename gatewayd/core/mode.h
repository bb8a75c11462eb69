/*
 * mode - which side decides when an ECU is updated, as the backend fixed it at registration; a table and its reading.
 *
 * Precedence (docs/protocol.md, Registration and modes): the entry with the ECU's name and the campaign's urgency, then
 * the one with the ECU's name alone, then with the urgency alone, then the one with neither; of equals the first.
 */
#ifndef GATEWAYD_CORE_MODE_H
#define GATEWAYD_CORE_MODE_H

#include "gatewayd/core/types.h"

#define MODE_MAX_ENTRIES 256u

struct mode_entry {
	char ecu[GATEWAY_NAME_BYTES]; /* "" = all */
	enum urgency urgency;         /* URGENCY_NONE = all */
	enum update_mode mode;
};

/* empty: nothing is fixed, any mode is taken */
struct mode_table {
	struct mode_entry entries[MODE_MAX_ENTRIES];
	uint16_t n;
};

/* Return: MODE_NONE if no entry fits */
enum update_mode mode_of(const struct mode_table *table, const char *ecu, enum urgency urgency);
/**
 * mode_of_campaign() - the mode that a campaign has to have
 *
 * Where its ECUs differ, the one that gives the vehicle most say: negotiated, then client, then server.
 * Return: MODE_NONE if no entry fits any of its ECUs
 */
enum update_mode mode_of_campaign(const struct mode_table *table, const struct campaign_doc *doc);
/* whether an entry has that mode */
bool mode_has(const struct mode_table *table, enum update_mode mode);
/* whether every campaign has that mode: the table is not empty, and no entry has another */
bool mode_is_all(const struct mode_table *table, enum update_mode mode);
bool mode_table_equal(const struct mode_table *a, const struct mode_table *b);

#endif
