#include "sim/oem_backend/mode_table.h"

#include <string.h>

void mode_table_of(const struct backend *backend, struct mode_table *table)
{
	const struct strategy *strategy = backend->strategy;

	if (strategy && strategy->mode) {
		*table = (struct mode_table){strategy->modes, strategy->modes_count, strategy->mode};
		return;
	}
	*table = (struct mode_table){backend->config->modes, backend->config->modes_count, backend->config->mode};
}

static const char *ecu_of(const struct strategy_mode *mode)
{
	return mode->ecu ? mode->ecu : "";
}

bool mode_table_equal(const struct mode_table *a, const struct mode_table *b)
{
	bool equal = a->n == b->n && a->otherwise == b->otherwise;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = strcmp(ecu_of(&a->modes[i]), ecu_of(&b->modes[i])) == 0 &&
			a->modes[i].urgency == b->modes[i].urgency && a->modes[i].mode == b->modes[i].mode;
	return equal;
}

static int insert(struct store *store, const char *vehicle, size_t position, const char *ecu, int urgency, int mode)
{
	return store_exec(store,
			  "INSERT INTO vehicle_mode(vehicle, position, ecu, urgency, mode) VALUES(?1, ?2, ?3, ?4, ?5)",
			  "tutuu", vehicle, (uint64_t)position, ecu, (uint64_t)urgency, (uint64_t)mode);
}

int mode_table_record(struct backend *backend, const char *vehicle)
{
	struct store *store = &backend->store;
	struct mode_table table;
	int error = store_exec(store, "DELETE FROM vehicle_mode WHERE vehicle = ?1", "t", vehicle);

	mode_table_of(backend, &table);
	for (size_t i = 0; !error && i < table.n; i++)
		error = insert(store, vehicle, i, ecu_of(&table.modes[i]), table.modes[i].urgency, table.modes[i].mode);
	return error ? error : insert(store, vehicle, table.n, "", 0, table.otherwise);
}
