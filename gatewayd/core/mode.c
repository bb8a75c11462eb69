/* mode - see mode.h. */
#include "gatewayd/core/mode.h"
#include <string.h>

/* how much an entry says of this ECU and urgency; -1: it is of another */
static int fit(const struct mode_entry *entry, const char *ecu, enum urgency urgency)
{
	if ((entry->ecu[0] && strcmp(entry->ecu, ecu)) || (entry->urgency != URGENCY_NONE && entry->urgency != urgency))
		return -1;
	return (entry->ecu[0] ? 2 : 0) + (entry->urgency != URGENCY_NONE ? 1 : 0);
}

enum update_mode mode_of(const struct mode_table *table, const char *ecu, enum urgency urgency)
{
	enum update_mode mode = MODE_NONE;
	int best = -1;

	for (unsigned i = 0; i < table->n && i < MODE_MAX_ENTRIES; i++) {
		int fits = fit(&table->entries[i], ecu, urgency);

		if (fits <= best)
			continue;
		best = fits;
		mode = table->entries[i].mode;
	}
	return mode;
}

/* the vehicle's say */
static unsigned say(enum update_mode mode)
{
	switch (mode) {
	case MODE_NONE:
		return 0;
	case MODE_SERVER:
		return 1;
	case MODE_CLIENT:
		return 2;
	case MODE_NEGOTIATED:
		return 3;
	}
	return 0;
}

enum update_mode mode_of_campaign(const struct mode_table *table, const struct campaign_doc *doc)
{
	enum update_mode most = MODE_NONE;

	for (unsigned i = 0; i < doc->n_targets && i < GATEWAY_MAX_TARGETS; i++) {
		enum update_mode mode = mode_of(table, doc->targets[i].ecu, doc->urgency);

		if (say(mode) > say(most))
			most = mode;
	}
	return most;
}

bool mode_has(const struct mode_table *table, enum update_mode mode)
{
	for (unsigned i = 0; i < table->n && i < MODE_MAX_ENTRIES; i++) {
		if (table->entries[i].mode == mode)
			return true;
	}
	return false;
}

bool mode_is_all(const struct mode_table *table, enum update_mode mode)
{
	for (unsigned i = 0; i < table->n && i < MODE_MAX_ENTRIES; i++) {
		if (table->entries[i].mode != mode)
			return false;
	}
	return table->n > 0;
}

bool mode_table_equal(const struct mode_table *a, const struct mode_table *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n && i < MODE_MAX_ENTRIES; i++) {
		const struct mode_entry *x = &a->entries[i];
		const struct mode_entry *y = &b->entries[i];

		if (strcmp(x->ecu, y->ecu) || x->urgency != y->urgency || x->mode != y->mode)
			return false;
	}
	return true;
}
