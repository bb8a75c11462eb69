/*
 * strategy - turns what an author says about a release into an urgency class, and the class into what a campaign gets.
 *
 * The first rule whose conditions all hold decides; the last one has none, so that every manifest has a class. The
 * strategy is provisioned by the operator (strategy_load); a rule asks for what its author's signature covers and for
 * the ECUs concerned, never for the vehicle's state. Modes stand in the same file: they are what a vehicle is told at
 * registration. Pure.
 */
#ifndef SIM_OEM_BACKEND_STRATEGY_H
#define SIM_OEM_BACKEND_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metadata.pb-c.h"

#define STRATEGY_MAX_RULES     64u
#define STRATEGY_MAX_LIST      16u
#define STRATEGY_MAX_MODES     255u
#define STRATEGY_MAX_DAYS      3650u
#define STRATEGY_MAX_PAUSE_S   86400u
#define STRATEGY_WHY_BYTES     256u
#define STRATEGY_N_CLASSES     5u /* indexed by Gu__Urgency; the unspecified one is unused */
#define STRATEGY_SECONDS_A_DAY UINT64_C(86400)

enum strategy_want { STRATEGY_ANY = 0, STRATEGY_YES, STRATEGY_NO };

/* CVSS base score times ten, both ends included; a score that is not known (0) is in no range */
struct strategy_range {
	uint32_t min;
	uint32_t max;
};

/* what must hold, all of it; what is not set is not asked. The pointers are the loader's */
struct strategy_when {
	struct strategy_range *score;
	enum strategy_want safety_relevant;
	enum strategy_want exploited_in_field;
	int *change; /* Gu__ChangeKind, one of these */
	unsigned change_count;
	uint32_t *deadline_within_days; /* the author's deadline is known and not later than that */
	char **ecus;                    /* one of the campaign's ECUs has one of these names */
	unsigned ecus_count;
	char **hardware_ids; /* one of them has one of these hardware ids */
	unsigned hardware_ids_count;
	char *manifest; /* what the manifest's id begins with */
};

struct strategy_rule {
	char *name; /* unique */
	struct strategy_when when;
	int urgency; /* Gu__Urgency */
};

struct strategy_class {
	uint16_t deadline_days; /* from the campaign's creation; 0 = none */
	uint32_t retry_pause_s; /* between attempts; 0 = as the gateway is configured */
	bool consent;           /* the driver must agree */
};

/* the update mode of an ECU (NULL: all) and an urgency (unspecified: all) */
struct strategy_mode {
	char *ecu;
	int urgency;
	int mode;
};

struct strategy {
	struct strategy_rule *rules;
	unsigned rules_count;
	struct strategy_class classes[STRATEGY_N_CLASSES];
	int mode; /* of all that modes does not name; unspecified: the backend's configuration says */
	struct strategy_mode *modes;
	unsigned modes_count;
};

/* one ECU that a campaign is for; an empty name: not known, only its hardware is */
struct strategy_target {
	const char *ecu;
	const char *hardware_id;
};

/* what a rule may ask for */
struct strategy_facts {
	const char *manifest_id;
	uint32_t score; /* 0 = not known */
	bool safety_relevant;
	bool exploited_in_field;
	int change; /* Gu__ChangeKind, may be unspecified */
	uint64_t deadline_unix_s;
	uint64_t now_unix_s; /* when the campaign is created */
	const struct strategy_target *targets;
	size_t n_targets;
};

struct strategy_verdict {
	size_t rule; /* index of the rule that decided */
	int urgency;
	uint64_t deadline_unix_s; /* the author's or the class's, the earlier; 0 = none */
	bool deadline_of_author;
	uint32_t retry_pause_s;
	bool consent_required;
};

/* @severity: NULL is one that says nothing; the targets are left to the caller */
void strategy_facts_of(struct strategy_facts *facts, const char *manifest_id, const Gu__Severity *severity,
		       uint64_t now_unix_s);

/**
 * strategy_rule_holds() - whether all conditions of a rule hold
 * @why: the first condition that does not, or all that do, in words
 */
bool strategy_rule_holds(const struct strategy_rule *rule, const struct strategy_facts *facts,
			 char why[STRATEGY_WHY_BYTES]);

/**
 * strategy_decide() - the class of a campaign and what it gets
 * Return: false if no rule holds, which a loaded strategy rules out; @verdict is untouched then.
 */
bool strategy_decide(const struct strategy *self, const struct strategy_facts *facts, struct strategy_verdict *verdict);

/* the rule before @index that takes all that this one would, so that it never decides; SIZE_MAX if there is none */
size_t strategy_shadowed_by(const struct strategy *self, size_t index);

/* whether a rule has no conditions */
bool strategy_takes_all(const struct strategy_rule *rule);

/**
 * strategy_mode_for() - the mode of one ECU and urgency: the entry with both, else with the ECU, else with the urgency,
 * else @otherwise (docs/protocol.md, "Registration and modes")
 */
int strategy_mode_for(const struct strategy_mode *modes, size_t n, int otherwise, const char *ecu, int urgency);

/* of two ECUs' modes the one that gives the vehicle most say: negotiated, then client, then server. A campaign begins
 * with unspecified, which any mode goes before */
int strategy_mode_combine(int a, int b);

#endif
