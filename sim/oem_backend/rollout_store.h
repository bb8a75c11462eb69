/*
 * rollout_store - roll-outs in the backend's database.
 *
 * What became of a vehicle is read from its campaign, whose id was fixed when the roll-out was made: a vehicle has
 * begun when that campaign exists. So nothing can be lost or done twice between two commits.
 */
#ifndef SIM_OEM_BACKEND_ROLLOUT_STORE_H
#define SIM_OEM_BACKEND_ROLLOUT_STORE_H

#include "sim/oem_backend/rollout.h"
#include "sim/oem_backend/store.h"

struct rollout {
	char id[65];
	enum rollout_state state;
	struct rollout_rules rules;
	struct rollout_wave waves[ROLLOUT_MAX_WAVES];
	size_t n_waves;
};

/* Return: 1 loaded, 0 there is none, -errno */
int rollout_load(struct store *store, const char *id, struct rollout *rollout);

/* the caller holds a transaction where the comment does not say otherwise. Return: 0 or -errno */
int rollout_set_state(struct store *store, const char *id, enum rollout_state state, const char *why,
		      uint64_t now_unix_s);
int rollout_begin_wave(struct store *store, const char *id, size_t wave, uint64_t now_unix_s);
int rollout_end_wave(struct store *store, const char *id, size_t wave, uint64_t now_unix_s);
/* every vehicle whose campaign is untouched is to be taken back; rollout_next_withdrawn() gives them */
int rollout_withdraw(struct store *store, const char *id);
/* those taken back get another campaign */
int rollout_renew(struct store *store, const char *id);

/* a campaign that is to be cancelled. Return: 1 with its id, 0 there is none, -errno */
int rollout_next_withdrawn(struct store *store, char campaign[65]);
/* a vehicle of the wave that has no campaign yet. Return: 1 with both, 0 there is none, -errno */
int rollout_next_waiting(struct store *store, const char *id, size_t wave, char vehicle[65], char campaign[65]);
/* the backend itself refused the vehicle's campaign */
int rollout_refuse(struct store *store, const char *id, const char *vehicle, const char *why);

/*
 * What became of a vehicle, in SQL over rollout_vehicle v and campaign c: 'waiting', 'open', 'done', 'failed' or
 * 'other'. The numbers are CampaignState of session.proto, and codes of docs/protocol.md: a vehicle that declines could
 * not do what it was asked for, but for those codes that say that it, its driver, or its operator did not want to.
 */
#define ROLLOUT_UNWANTED "c.code = 0 OR c.code BETWEEN 200 AND 239 OR c.code BETWEEN 260 AND 269"
#define ROLLOUT_FATE                                                           \
	"CASE WHEN c.id IS NULL THEN iif(v.refused = '', 'waiting', 'failed')" \
	" WHEN c.state = 9 THEN 'done'"                                        \
	" WHEN c.state IN (11, 12, 17) THEN 'failed'"                          \
	" WHEN c.state = 13 AND NOT (" ROLLOUT_UNWANTED ") THEN 'failed'"      \
	" WHEN c.state >= 13 OR c.removed IS NOT NULL THEN 'other' ELSE 'open' END"
#define ROLLOUT_VEHICLES "rollout_vehicle v LEFT JOIN campaign c ON c.id = v.campaign"

#endif
