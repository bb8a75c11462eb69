/*
 * change_steps: single steps of the template are changed, added or left out, one entry after the other, so that a later
 * one sees what the earlier ones made.
 */
#include <stdio.h>
#include <string.h>

#include "ecu-flash/load/profile_yaml.h"

enum where { WHERE_AT, WHERE_AFTER, WHERE_BEFORE, WHERE_REMOVE, WHERES };

static const char *const where_words[WHERES] = {"at", "after", "before", "remove"};

static const char *where_text(const struct profile_yaml_change *y, enum where where)
{
	const char *const texts[WHERES] = {y->at, y->after, y->before, y->remove};

	return texts[where];
}

/* exactly one of at, after, before, remove */
static int find_where(const struct at *at, enum where *where)
{
	unsigned n = 0;

	for (int w = 0; w < WHERES; w++) {
		if (!at_has(at, where_words[w]))
			continue;
		*where = (enum where)w;
		n++;
	}
	return n == 1 ? 0 : at_fail(at, "at", "an entry has one of at, after, before and remove, this one has %u", n);
}

/* the step that is meant: the first of its kind, or the nth */
static int find_step(struct at *at, const struct profile_yaml_change *y, enum where where, uint8_t *index)
{
	const struct profile *p = at->load->profile;
	int64_t nth = at_has(at, "nth") ? y->nth : 1;
	enum flash_step_kind kind;

	at->step = where_text(y, where);
	if (at_kind(at, where_words[where], at->step, &kind))
		return 1;
	if (at_has(at, "nth") && at_number(at, "nth", nth, 1, PROFILE_MAX_STEPS))
		return 1;
	for (uint8_t i = 0; i < p->n_steps; i++) {
		if (p->steps[i].kind == kind && !--nth) {
			*index = i;
			return 0;
		}
	}
	return at_fail(at, where_words[where], "the sequence has no such step \"%s\"", at->step);
}

/* the keys that change a step belong to `at`; `add` to `after` and `before` */
static int check_keys(const struct at *at, enum where where)
{
	static const char *const sets[] = {
	    "session", "reset", "use", "id", "data", "wait_ms", "retries", "point_of_no_return", "accept_nrc"};
	bool adds = where == WHERE_AFTER || where == WHERE_BEFORE;
	bool any = false;

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		if (!at_has(at, sets[i]))
			continue;
		any = true;
		if (where != WHERE_AT)
			return at_fail(at, sets[i], "belongs to an entry with at, or within add");
	}
	if (where == WHERE_AT && !any)
		return at_fail(at, "at", "changes nothing: say what, as retries: 5");
	if (at_has(at, "add") != adds)
		return at_fail(at, "add",
			       adds ? "is missing: the step to add, as {step: wait, wait_ms: 100}"
				    : "belongs to an entry with after or before");
	return 0;
}

static int add(const struct at *at, const struct profile_yaml_step *y, uint8_t index)
{
	struct profile *p = at->load->profile;
	struct flash_step step;
	struct at inner = {.load = at->load, .step = y->step};

	snprintf(inner.prefix, sizeof inner.prefix, "%.26s.add", at->prefix);
	if (at_new_step(&inner, y, &step))
		return 1;
	if (p->n_steps == PROFILE_MAX_STEPS)
		return at_fail(at, "add", "a sequence has at most %u steps", PROFILE_MAX_STEPS);
	memmove(&p->steps[index + 1u], &p->steps[index], (p->n_steps - (size_t)index) * sizeof p->steps[0]);
	p->steps[index] = step;
	p->n_steps++;
	return 0;
}

static void leave_out(struct profile *p, uint8_t index)
{
	p->n_steps--;
	memmove(&p->steps[index], &p->steps[index + 1u], (p->n_steps - (size_t)index) * sizeof p->steps[0]);
}

static int change(struct at *at, const struct profile_yaml_change *y)
{
	struct profile *p = at->load->profile;
	enum where where = WHERE_AT;
	uint8_t index = 0;

	if (find_where(at, &where) || find_step(at, y, where, &index) || check_keys(at, where))
		return 1;
	switch (where) {
	case WHERE_AT:
		return at_set_step(at, &y->set, &p->steps[index]);
	case WHERE_AFTER:
		return add(at, y->add, (uint8_t)(index + 1u));
	case WHERE_BEFORE:
		return add(at, y->add, index);
	case WHERE_REMOVE:
		leave_out(p, index);
		break;
	case WHERES:
		break;
	}
	return 0;
}

int profile_changes_apply(const struct load *l)
{
	struct at at = {.load = l};

	for (uint32_t i = 0; i < l->yaml->n_change_steps; i++) {
		snprintf(at.prefix, sizeof at.prefix, "change_steps[%u]", i);
		if (change(&at, &l->yaml->change_steps[i]))
			return 1;
	}
	return 0;
}
