/*
 * install_power - what the campaigns' flashes need of the vehicle's power and locks (power.h), and what follows when it
 * is not there. Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_INSTALL_POWER_H
#define GATEWAYD_CORE_INSTALL_POWER_H

#include "gatewayd/core/gateway.h"

/* of @targets, those that may be begun now: the ECU that grants terminal 15 comes after those that need it held, unless
 * it is without software itself */
uint32_t install_power_first(const struct gateway *self, const struct campaign *campaign, uint32_t targets);
/* whether the budget covers @targets, and the time for which their loss of service is still to be announced; ECUs that
 * are erased already need none. Return: 0 or a gateway_code, with words in @text */
unsigned install_power_budget(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, char *text);
/* the same, with what is not known of the battery taken for enough, and @extra_ms more to be awake */
bool install_power_might_cover(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets,
			       uint64_t extra_ms);
/**
 * install_power_ready() - may the flash of @targets, which the budget covers, begin, as far as power and locks go? Asks
 * for them if they are missing; until they are here the campaign waits, and when they do not come, it is tried again
 * later.
 *
 * ECUs that are erased already need no inhibition: they wait for nothing that only protects others.
 *
 * Return: 0, or the gateway_code it waits with, with words in @text
 */
unsigned install_power_ready(struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, char *text);
/* what the vehicle has to grant (mask of enum power_hold) before @targets are begun */
uint32_t install_power_gates(const struct campaign *campaign, uint32_t targets);
/* nothing is begun: whatever was asked for is let go when the door closes */
void install_power_drop(struct gateway *self, uint8_t index);
/**
 * install_power_may_go_on() - of the running @targets, which hold an application, those that may be erased as things
 * are
 * @text: GATEWAY_TEXT_BYTES, words for the others
 *
 * What policy.h says, and that their holds are confirmed still.
 */
uint32_t install_power_may_go_on(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
				 uint64_t now_us, char *text);
/* whether the holds and the budget are there, before the first erase of @target. Return: 0 or a gateway_code, with
 * words in @text */
unsigned install_power_may_erase(const struct gateway *self, const struct campaign *campaign, uint8_t target,
				 uint64_t now_us, char *text);
/*
 * The author lets this target be finished although the driver is back: an ECU of the campaign is changed already, the
 * vehicle confirms that it cannot be driven away, and nobody starts its engine.
 */
bool install_power_finishes(const struct gateway *self, const struct campaign *campaign, unsigned target,
			    uint64_t now_us);
/* whether a campaign waits with one of the codes of a hold that did not come */
bool install_power_denied(unsigned code);
/* ends every door: what is wanted now. Return: whether something changed for a campaign */
bool install_power_settle(struct gateway *self, uint64_t now_us);

#endif
