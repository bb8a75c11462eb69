/*
 * reload - the configuration read again while the daemon runs: checked as a whole, what may change at runtime taken
 * over, what may not named.
 *
 * At runtime: the profiles of ecus:, what ecu_keys holds and names, seed_key_dir, tester_serial, shop_code,
 * min_free_mib, max_parallel of a bus, policy:. All else waits for a restart. Profiles wait too where the list of ECUs
 * or the kind of a bus is another one, since they were checked against those.
 */
#ifndef GATEWAYD_IO_RELOAD_H
#define GATEWAYD_IO_RELOAD_H

#include "ecu-flash/load/profile_load.h"
#include "gatewayd/io/config.h"

#define RELOAD_TEXT_BYTES 400u

struct reload {
	struct config config;
	struct key_ring *keys; /* NULL = none */
	/* filled by reload_apply() */
	bool profiles;                   /* of one ECU at least */
	char changed[RELOAD_TEXT_BYTES]; /* keys, as "ecus[0].profile (lamp), policy.max_attempts" */
	char restart[RELOAD_TEXT_BYTES]; /* keys that changed and wait for a restart */
};

/* reads the file that @own was read from; Return: NULL if it is wrong or there is no memory (logged) */
struct reload *reload_read(const struct config *own);
/* changes @own; logs what it changed, and what it could not */
void reload_apply(struct reload *self, struct config *own);
void reload_free(struct reload *self);

#endif
