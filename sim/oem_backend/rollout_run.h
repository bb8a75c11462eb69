/*
 * rollout_run - carries out what the core of roll-outs (rollout.h) advises: gives vehicles their campaigns, takes them
 * back, keeps the state. All that it knows stands in the database, so that it goes on after a restart.
 */
#ifndef SIM_OEM_BACKEND_ROLLOUT_RUN_H
#define SIM_OEM_BACKEND_ROLLOUT_RUN_H

#include "sim/oem_backend/backend.h"

/* begins to look after the roll-outs of the database. Return: 0 or -errno */
int rollout_run_open(struct backend *backend);
void rollout_run_stop(struct backend *backend);

/* one round for all roll-outs; bounded, so that sessions are served between two */
void rollout_round(struct backend *backend);

/* stop or cancel: takes back what was offered and no vehicle began to install. Return: 0 or -errno */
int rollout_end(struct backend *backend, const char *id, int state, const char *why);

#endif
