#include "sim/oem_backend/strategy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void strategy_facts_of(struct strategy_facts *facts, const char *manifest_id, const Gu__Severity *severity,
		       uint64_t now_unix_s)
{
	*facts = (struct strategy_facts){.manifest_id = manifest_id, .now_unix_s = now_unix_s};
	if (!severity)
		return;
	facts->score = severity->score;
	facts->safety_relevant = severity->safety_relevant;
	facts->exploited_in_field = severity->exploited_in_field;
	facts->change = (int)severity->change;
	facts->deadline_unix_s = severity->deadline_unix_s;
}

/* --- conditions, one function each: whether it holds, and the words for it */

struct words {
	char *text;
	size_t n;
};

static void say(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct words *words, const char *format, ...)
{
	va_list args;

	if (words->n >= STRATEGY_WHY_BYTES - 1)
		return;
	va_start(args, format);
	int n = vsnprintf(words->text + words->n, STRATEGY_WHY_BYTES - words->n, format, args);
	va_end(args);
	words->n += n > 0 ? (size_t)n : 0;
}

static const char *change_word(int change)
{
	switch ((Gu__ChangeKind)change) {
	case GU__CHANGE_KIND__CHANGE_KIND_SECURITY_FIX:
		return "security_fix";
	case GU__CHANGE_KIND__CHANGE_KIND_BUG_FIX:
		return "bug_fix";
	case GU__CHANGE_KIND__CHANGE_KIND_FEATURE:
		return "feature";
	case GU__CHANGE_KIND__CHANGE_KIND_CONFIGURATION:
		return "configuration";
	case GU__CHANGE_KIND__CHANGE_KIND_UNSPECIFIED:
	case _GU__CHANGE_KIND_IS_INT_SIZE:
		break;
	}
	return "not said";
}

static bool score_holds(const struct strategy_when *when, const struct strategy_facts *facts, struct words *words)
{
	const struct strategy_range *range = when->score;

	if (facts->score == 0) {
		say(words, "the score is not known, %u to %u is asked for", (unsigned)range->min, (unsigned)range->max);
		return false;
	}
	bool holds = facts->score >= range->min && facts->score <= range->max;
	say(words, "the score %u is %s %u to %u", (unsigned)facts->score, holds ? "within" : "not within",
	    (unsigned)range->min, (unsigned)range->max);
	return holds;
}

static bool flag_holds(enum strategy_want want, bool is, const char *name, struct words *words)
{
	say(words, "it is %s%s", is ? "" : "not ", name);
	return is == (want == STRATEGY_YES);
}

static bool change_holds(const struct strategy_when *when, const struct strategy_facts *facts, struct words *words)
{
	bool holds = false;

	for (unsigned i = 0; i < when->change_count; i++)
		holds = holds || when->change[i] == facts->change;
	say(words, "the kind of change is %s%s", change_word(facts->change), holds ? "" : ", which is not listed");
	return holds;
}

static bool deadline_holds(const struct strategy_when *when, const struct strategy_facts *facts, struct words *words)
{
	uint64_t days = *when->deadline_within_days;

	if (facts->deadline_unix_s == 0) {
		say(words, "the author set no deadline");
		return false;
	}
	bool holds = facts->deadline_unix_s <= facts->now_unix_s + days * STRATEGY_SECONDS_A_DAY;
	say(words, "the author's deadline is %s %u days", holds ? "within" : "later than in", (unsigned)days);
	return holds;
}

static bool listed(char *const *list, unsigned n, const char *text)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(list[i], text) == 0)
			return true;
	}
	return false;
}

static bool ecus_hold(const struct strategy_when *when, const struct strategy_facts *facts, struct words *words)
{
	bool known = false;

	for (size_t i = 0; i < facts->n_targets; i++) {
		known = known || facts->targets[i].ecu[0];
		if (!listed(when->ecus, when->ecus_count, facts->targets[i].ecu))
			continue;
		say(words, "ECU %s is listed", facts->targets[i].ecu);
		return true;
	}
	say(words, known ? "none of its ECUs is listed" : "its ECUs are not known");
	return false;
}

static bool hardware_holds(const struct strategy_when *when, const struct strategy_facts *facts, struct words *words)
{
	for (size_t i = 0; i < facts->n_targets; i++) {
		if (!listed(when->hardware_ids, when->hardware_ids_count, facts->targets[i].hardware_id))
			continue;
		say(words, "hardware %s is listed", facts->targets[i].hardware_id);
		return true;
	}
	say(words, "none of its hardware ids is listed");
	return false;
}

static bool manifest_holds(const struct strategy_when *when, const struct strategy_facts *facts, struct words *words)
{
	bool holds = strncmp(facts->manifest_id, when->manifest, strlen(when->manifest)) == 0;

	say(words, "manifest %s %s with %s", facts->manifest_id, holds ? "begins" : "does not begin", when->manifest);
	return holds;
}

bool strategy_takes_all(const struct strategy_rule *rule)
{
	const struct strategy_when *when = &rule->when;

	return !when->score && !when->safety_relevant && !when->exploited_in_field && !when->change_count &&
	       !when->deadline_within_days && !when->ecus_count && !when->hardware_ids_count && !when->manifest;
}

/* what holds is collected; the first that does not stands alone */
static bool next(bool holds, struct words *words, size_t *mark)
{
	if (!holds) {
		memmove(words->text, words->text + *mark, strlen(words->text + *mark) + 1);
		return false;
	}
	say(words, ", ");
	*mark = words->n < STRATEGY_WHY_BYTES ? words->n : STRATEGY_WHY_BYTES - 1;
	return true;
}

bool strategy_rule_holds(const struct strategy_rule *rule, const struct strategy_facts *facts,
			 char why[STRATEGY_WHY_BYTES])
{
	const struct strategy_when *when = &rule->when;
	struct words words = {why, 0};
	size_t mark = 0;

	why[0] = '\0';
	if (strategy_takes_all(rule)) {
		say(&words, "it has no conditions");
		return true;
	}
	if ((when->score && !next(score_holds(when, facts, &words), &words, &mark)) ||
	    (when->safety_relevant &&
	     !next(flag_holds(when->safety_relevant, facts->safety_relevant, "safety-relevant", &words), &words,
		   &mark)) ||
	    (when->exploited_in_field &&
	     !next(flag_holds(when->exploited_in_field, facts->exploited_in_field, "exploited in the field", &words),
		   &words, &mark)) ||
	    (when->change_count && !next(change_holds(when, facts, &words), &words, &mark)) ||
	    (when->deadline_within_days && !next(deadline_holds(when, facts, &words), &words, &mark)) ||
	    (when->ecus_count && !next(ecus_hold(when, facts, &words), &words, &mark)) ||
	    (when->hardware_ids_count && !next(hardware_holds(when, facts, &words), &words, &mark)) ||
	    (when->manifest && !next(manifest_holds(when, facts, &words), &words, &mark)))
		return false;
	/* the last comma */
	size_t n = strlen(why);
	if (n >= 2 && strcmp(why + n - 2, ", ") == 0)
		why[n - 2] = '\0';
	return true;
}

static void apply_class(const struct strategy *self, int urgency, const struct strategy_facts *facts,
			struct strategy_verdict *verdict)
{
	const struct strategy_class *class = &self->classes[urgency];
	uint64_t own = class->deadline_days ? facts->now_unix_s + class->deadline_days * STRATEGY_SECONDS_A_DAY : 0;
	uint64_t author = facts->deadline_unix_s;

	verdict->urgency = urgency;
	verdict->deadline_of_author = author != 0 && (own == 0 || author < own);
	verdict->deadline_unix_s = verdict->deadline_of_author ? author : own;
	verdict->retry_pause_s = class->retry_pause_s;
	verdict->consent_required = class->consent;
}

bool strategy_decide(const struct strategy *self, const struct strategy_facts *facts, struct strategy_verdict *verdict)
{
	char why[STRATEGY_WHY_BYTES];

	for (unsigned i = 0; i < self->rules_count; i++) {
		if (!strategy_rule_holds(&self->rules[i], facts, why))
			continue;
		verdict->rule = i;
		apply_class(self, self->rules[i].urgency, facts, verdict);
		return true;
	}
	return false;
}

/* --- rules that never decide */

static bool all_listed(char *const *part, unsigned n_part, char *const *whole, unsigned n_whole)
{
	for (unsigned i = 0; i < n_part; i++) {
		if (!listed(whole, n_whole, part[i]))
			return false;
	}
	return n_part > 0;
}

static bool changes_listed(const struct strategy_when *part, const struct strategy_when *whole)
{
	for (unsigned i = 0; i < part->change_count; i++) {
		bool found = false;

		for (unsigned j = 0; j < whole->change_count; j++)
			found = found || whole->change[j] == part->change[i];
		if (!found)
			return false;
	}
	return part->change_count > 0;
}

/* whether @outer holds whenever @inner does, as far as the conditions show; a wrong "no" costs a warning */
static bool implies(const struct strategy_when *inner, const struct strategy_when *outer)
{
	if (outer->score &&
	    (!inner->score || inner->score->min < outer->score->min || inner->score->max > outer->score->max))
		return false;
	if (outer->safety_relevant && inner->safety_relevant != outer->safety_relevant)
		return false;
	if (outer->exploited_in_field && inner->exploited_in_field != outer->exploited_in_field)
		return false;
	if (outer->deadline_within_days &&
	    (!inner->deadline_within_days || *inner->deadline_within_days > *outer->deadline_within_days))
		return false;
	if (outer->manifest &&
	    (!inner->manifest || strncmp(inner->manifest, outer->manifest, strlen(outer->manifest)) != 0))
		return false;
	return (!outer->change_count || changes_listed(inner, outer)) &&
	       (!outer->ecus_count || all_listed(inner->ecus, inner->ecus_count, outer->ecus, outer->ecus_count)) &&
	       (!outer->hardware_ids_count || all_listed(inner->hardware_ids, inner->hardware_ids_count,
							 outer->hardware_ids, outer->hardware_ids_count));
}

size_t strategy_shadowed_by(const struct strategy *self, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (implies(&self->rules[index].when, &self->rules[i].when))
			return i;
	}
	return SIZE_MAX;
}

/* --- modes */

int strategy_mode_for(const struct strategy_mode *modes, size_t n, int otherwise, const char *ecu, int urgency)
{
	int mode = otherwise;
	unsigned best = 0;

	for (size_t i = 0; i < n; i++) {
		bool named = modes[i].ecu && modes[i].ecu[0];
		bool classed = modes[i].urgency != GU__URGENCY__URGENCY_UNSPECIFIED;
		unsigned rank = 1u + (named ? 2u : 0u) + (classed ? 1u : 0u);

		if ((named && strcmp(modes[i].ecu, ecu) != 0) || (classed && modes[i].urgency != urgency) ||
		    rank <= best)
			continue;
		best = rank;
		mode = modes[i].mode;
	}
	return mode;
}

static unsigned say_of_vehicle(int mode)
{
	switch ((Gu__UpdateMode)mode) {
	case GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED:
		return 3;
	case GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED:
		return 2;
	case GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED:
		return 1;
	case GU__UPDATE_MODE__UPDATE_MODE_UNSPECIFIED:
	case _GU__UPDATE_MODE_IS_INT_SIZE:
		break;
	}
	return 0;
}

int strategy_mode_combine(int a, int b)
{
	return say_of_vehicle(b) > say_of_vehicle(a) ? b : a;
}
