/*
 * forecast - the gateway's part in it: what parking learns from the ignition, when that is kept, and the time that is
 * proposed to the backend. Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_FORECAST_H
#define GATEWAYD_CORE_FORECAST_H

#include "gatewayd/core/gateway.h"

/* any input: the ignition may have changed, time has passed */
void forecast_update(struct gateway *self, uint64_t now_us);
/* the floor of trusted time is being written: what was learned is written with it, at most once an hour */
void forecast_keep(struct gateway *self, uint64_t now_us);
/**
 * forecast_start() - when the gateway would begin with the campaign
 *
 * A time at which the vehicle stays parked for as long as the campaign may take, within its windows and before its
 * deadline; where too little was learned, postpone_s from now, or what the windows leave of it.
 *
 * Return: unix seconds, to come
 */
uint64_t forecast_start(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);
/**
 * forecast_better_start() - when a vehicle that is parked would better begin than as soon as its windows let it
 *
 * Return: 0: as soon as they do: the vehicle stays, too little was learned, or there is no better time within what the
 * driver might postpone the campaign to. Else unix seconds, to come
 */
uint64_t forecast_better_start(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);

#endif
