/*
 * policy - what the gateway says to a campaign, and whether it may be installed now; reads, decides, changes nothing.
 */
#ifndef GATEWAYD_CORE_POLICY_H
#define GATEWAYD_CORE_POLICY_H

#include "gatewayd/core/gateway.h"

struct policy_answer {
	enum answer_kind kind;
	uint64_t proposed_start_unix_s; /* POSTPONE: to come, and within the windows while they last */
	unsigned code;                  /* why it is postponed */
};

/*
 * The following return 0, or the gateway_code for which the campaign is declined, with words in @text
 * (GATEWAY_TEXT_BYTES).
 */
/* the director's entry against mode and inventory */
unsigned policy_check_offer(const struct gateway *self, const struct campaign_doc *doc, char *text);
/* the manifest against the director's entry and, unless an ECU of the campaign is @touched, the inventory */
unsigned policy_check_manifest(const struct gateway *self, const struct campaign_doc *doc,
			       const struct manifest_doc *manifest, uint64_t unix_s, bool touched, char *text);
/* part of it: what its conditions rest on is configured in this vehicle, and is there while its ECUs are flashed */
unsigned policy_check_signals(const struct gateway *self, const struct campaign_doc *doc,
			      const struct manifest_doc *manifest, char *text);
/* one target against what the ECU said of itself; an ECU that never answered passes for now */
unsigned policy_check_identity(const struct target_doc *target, const struct ecu_info *ecu, char *text);

/* accept or postpone, by the driver, the ignition and what is learned of when the vehicle is driven; @campaign: with
 * targets and manifest */
struct policy_answer policy_answer(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);

/*
 * For ECUs that are erased already: the safety conditions of campaign and components for @targets (mask), what their
 * supply asks for, that the vehicle is not known to move, and that no other tester was given the buses. Return: 0, or
 * the gateway_code of the first reason against it, with words in @text
 */
unsigned policy_may_recover(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			    uint64_t now_us, char *text);

/**
 * policy_may_install() - may the ECUs of @targets be erased now?
 * @starting: the flash is not running yet: their ECUs must have answered, too
 *
 * Beside what author and backend ask for, the gateway takes no working ECU from a vehicle in use: it stands still, and
 * the ignition is off unless the campaign needs it on, or the author wants what has begun to be finished with
 * drive-away inhibited (install_power_finishes()). What the configuration has no signal for is not asked.
 *
 * Return: 0, or the gateway_code of the first reason against it, with words in @text. GATEWAY_CODE_WINDOW_PASSED and
 * GATEWAY_CODE_USE_BEFORE_PASSED are for good.
 */
unsigned policy_may_install(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			    uint64_t now_us, bool starting, char *text);

/* whether the campaign or any of its targets' components has such a condition; its ECUs are begun together */
bool policy_asks_for(const struct campaign *campaign, enum condition_kind kind);

/* Return: index of the inventory's ECU, component of the manifest; -1 if there is none */
int policy_ecu_index(const struct gateway *self, const char *name);
int policy_component_index(const struct manifest_doc *manifest, const char *name);

#endif
