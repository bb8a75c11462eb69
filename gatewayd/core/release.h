/*
 * release - no way back: what was committed on an ECU is the floor of what may come next. Private to gatewayd/core.
 *
 * The author's release counter of a component holds for one ECU of the vehicle and its hardware; it rises in the
 * transaction that makes the ECU VERIFIED. The manifest installed last is held by id, version and payload, too: what
 * bears its id is newer or the very same.
 */
#ifndef GATEWAYD_CORE_RELEASE_H
#define GATEWAYD_CORE_RELEASE_H

#include "gatewayd/core/gateway.h"

/**
 * release_check() - may @component of @manifest follow what was committed on the target's ECU?
 * @text: GATEWAY_TEXT_BYTES, filled unless the return is 0
 *
 * One exception: while a campaign that has already changed the ECU is not over well, exactly the image that its
 * director document named as the one to go back to may be installed again, if that is what the
 * ECU ran before as far as is known.
 *
 * Return: 0, GATEWAY_CODE_ROLLBACK, or GATEWAY_CODE_EQUAL_VERSION
 */
unsigned release_check(const struct gateway *self, const struct target_doc *target, const struct manifest_doc *manifest,
		       const struct component_doc *component, char *text);

/* the same for all targets of a campaign that has its manifest */
unsigned release_check_campaign(const struct gateway *self, const struct campaign *campaign, char *text);

/* the target's ECU is verified: its floor rises; the caller stores ECU and campaign together */
void release_committed(struct gateway *self, const struct campaign *campaign, const struct target *target);

/*
 * the campaign is done: its files are what its ECUs run. They stay in the store until another campaign is done on that
 * ECU; those that they replace may go. The caller stores ECUs and campaign together.
 */
void release_installed(struct gateway *self, const struct campaign *campaign);

/*
 * the campaign is done: the software identification numbers of its release hold; what held before stays with it until
 * it is stored. The backend is told with a registration once that is durable.
 */
void release_identified(struct gateway *self, struct campaign *campaign);

#endif
