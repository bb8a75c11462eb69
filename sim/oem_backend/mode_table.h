/*
 * mode_table - the update mode per ECU and urgency that vehicles are told when they register: the strategy's, if its
 * file says one, else the configuration's.
 */
#ifndef SIM_OEM_BACKEND_MODE_TABLE_H
#define SIM_OEM_BACKEND_MODE_TABLE_H

#include "sim/oem_backend/backend.h"
#include "sim/oem_backend/strategy.h"

struct mode_table {
	const struct strategy_mode *modes; /* the strategy's or the configuration's own */
	size_t n;
	int otherwise; /* the mode of all that modes does not name */
};

void mode_table_of(const struct backend *backend, struct mode_table *table);
bool mode_table_equal(const struct mode_table *a, const struct mode_table *b);

/* keeps what the vehicle is told, for `oemctl vehicle show`; the caller holds a transaction. Return: 0 or -errno */
int mode_table_record(struct backend *backend, const char *vehicle);

#endif
