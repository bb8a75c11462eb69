/*
 * install_wake - a campaign that could begin, but for signals that nobody sends on a network that sleeps, or for ECUs
 * that sleep on it: the vehicle is asked to wake it, for a bounded time and a bounded number of times. Private to
 * gatewayd/core.
 *
 * What is asked for is POWER_AWAKE of power.h. The tries are durable: a gateway that starts anew has no more of them.
 */
#ifndef GATEWAYD_CORE_INSTALL_WAKE_H
#define GATEWAYD_CORE_INSTALL_WAKE_H

#include "gatewayd/core/policy_walk.h"

#define INSTALL_WAKE_US       60000000u  /* so long the signals, and ECUs that were not there, are waited for */
#define INSTALL_WAKE_PAUSE_US 600000000u /* until the next try */
#define INSTALL_WAKE_TRIES    3u         /* in one window; anew once the vehicle was in use */

/* nothing is known that speaks against flashing @targets, but for signals that are not known, and ECUs that did not
 * answer while the vehicle was not in use. Never where the vehicle has no frame for it */
bool install_wake_sleeps(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets,
			 enum policy_phase phase);
/**
 * install_wake() - the campaign waits for the vehicle: whether its network is to be woken for that, now or not any more
 *
 * Asks for no more than the budget of power covers together with flash and recovery of @targets.
 *
 * Return: true while it waits for the network
 */
bool install_wake(struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, enum policy_phase phase);
/* the network is not kept awake for this any more */
void install_wake_drop(struct gateway *self, uint8_t index, uint64_t now_us);
/* the daemon starts: a try that was on is over */
void install_wake_resume(struct gateway *self, uint8_t index, uint64_t now_us);
/* the vehicle has a frame for it, and a try is on or left */
bool install_wake_may_help(const struct gateway *self, const struct campaign *campaign);
/* when the next try may be made, if one was made and there is another; GATEWAY_NEVER */
uint64_t install_wake_again_us(const struct campaign *campaign);

#endif
