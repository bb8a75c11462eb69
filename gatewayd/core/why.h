/*
 * why - the decision on a campaign as it stands now, for people: each condition that counts, in the order in which they
 * are looked at, what is wanted, what is, and what is waited for. Pure; walks the conditions as the decision itself
 * does (policy_walk.h) and changes nothing.
 */
#ifndef GATEWAYD_CORE_WHY_H
#define GATEWAYD_CORE_WHY_H

#include "gatewayd/core/policy_walk.h"

enum why_holds { WHY_FAILS, WHY_HOLDS, WHY_UNKNOWN };

#define WHY_WORDS_BYTES 96u

struct why_condition {
	const char *name; /* of the condition, static: "window-start", "vehicle" */
	const char *ecu;  /* that it is about; "" = the whole campaign. Points into the campaign */
	enum why_holds holds;
	unsigned code; /* 0 if it holds, or where no code says it */
	/* times as "unix 1700000000": who shows them knows the time zone */
	char wanted[WHY_WORDS_BYTES];
	char value[WHY_WORDS_BYTES];
	char waits_for[GATEWAY_TEXT_BYTES]; /* "" if it holds */
};

/* private */
enum why_stage {
	WHY_ACCEPTANCE,
	WHY_FILES,
	WHY_PAUSE,
	WHY_POLICY,
	WHY_OTHERS,
	WHY_NETWORK,
	WHY_BUDGET,
	WHY_NOTICE,
	WHY_HOLDS_LEFT,
	WHY_END
};

struct why {
	const struct gateway *gateway;
	const struct campaign *campaign;
	uint8_t index;
	uint64_t now_us;
	char summary[GATEWAY_TEXT_BYTES]; /* the decision in one line: "waits: the ignition is on" */
	/* private */
	enum why_stage stage;
	uint8_t hold; /* the next of enum power_hold */
	struct policy_walk walk;
};

/* @index: of a campaign that is held */
void why_begin(struct why *self, const struct gateway *gateway, uint8_t index, uint64_t now_us);
/* Return: false at the end; a campaign for which nothing is decided any more has no conditions */
bool why_next(struct why *self, struct why_condition *condition);

const char *why_holds_name(enum why_holds holds); /* "no", "yes", "unknown" */

#endif
