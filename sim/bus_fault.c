#include "sim/bus_fault.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STANDARD_IDS  0x7ffu
#define EXTENDED_IDS  0x1fffffffu
#define MAX_CLIENT    63u
#define ALWAYS_PPM    1000000u
#define LONGEST_DELAY 60000000u
#define LONGEST_OFF   3600000u

static const char *const kind_words[] = {"drop", "duplicate", "delay", "corrupt", "bus-off"};

const char *bus_fault_kind_word(enum bus_fault_kind kind)
{
	return kind_words[kind];
}

/* the digits at *text, which moves behind them; Return: false if there are none, or too many for 64 bits */
static bool take_number(const char **text, int base, uint64_t max, uint64_t *value)
{
	const char *begin = *text;
	char *end;

	if (!isxdigit((unsigned char)*begin) || (base == 10 && !isdigit((unsigned char)*begin)))
		return false;
	unsigned long long v = strtoull(begin, &end, base);
	if (end - begin > 20 || v > max)
		return false;
	*text = end;
	*value = v;
	return true;
}

/* HEX, HEX-HEX or HEX/HEX */
static const char *take_ids(const char *text, struct bus_fault_rule *rule)
{
	const char *p = text;
	uint64_t first, second;
	char sign;

	if (!take_number(&p, 16, EXTENDED_IDS, &first))
		return "id must be hexadecimal, as 7E8, 7E0-7EF or 7E0/7F0";
	rule->by_id = true;
	rule->extended = p - text > 3;
	sign = *p;
	second = first;
	if ((sign == '-' || sign == '/') && (p++, !take_number(&p, 16, EXTENDED_IDS, &second)))
		return "id: behind - stands the last identifier, behind / the mask, in hexadecimal";
	if (*p != '\0')
		return "id must be hexadecimal, as 7E8, 7E0-7EF or 7E0/7F0";
	uint32_t all = rule->extended ? EXTENDED_IDS : STANDARD_IDS;
	if (first > all || second > all)
		return "id: three digits are an 11-bit identifier, up to 7FF; a 29-bit one has eight";
	if (sign == '-' && second < first)
		return "id: the last identifier lies before the first";
	rule->id_mask = sign == '/' ? (uint32_t)second : all;
	rule->id_first = (uint32_t)first & rule->id_mask;
	rule->id_last = sign == '-' ? (uint32_t)second : rule->id_first;
	return NULL;
}

static bool whole_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	return take_number(&text, 10, max, value) && *text == '\0' && *value >= min;
}

/* whether this is the first word with its @name; @seen: a bit for each name, nothing is kept of unknown ones */
static bool is_first(const char *name, unsigned *seen)
{
	static const char *const names[] = {"id", "client", "ppm", "nth", "count", "seed", "us", "restart-ms"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const unsigned bit = 1u << i;

		if (strcmp(name, names[i]) != 0)
			continue;
		if (*seen & bit)
			return false;
		*seen |= bit;
	}
	return true;
}

/* one NAME=VALUE; Return: NULL or what is wrong */
static const char *take_word(const char *name, const char *text, struct bus_fault_rule *rule)
{
	uint64_t value;

	if (strcmp(name, "id") == 0)
		return take_ids(text, rule);
	if (strcmp(name, "client") == 0) {
		if (!whole_number(text, 0, MAX_CLIENT, &value))
			return "client must be 0..63";
		rule->client = (int)value;
	} else if (strcmp(name, "ppm") == 0) {
		if (!whole_number(text, 1, ALWAYS_PPM, &value))
			return "ppm must be 1..1000000";
		rule->ppm = (uint32_t)value;
	} else if (strcmp(name, "nth") == 0) {
		if (!whole_number(text, 1, UINT64_MAX, &rule->nth))
			return "nth must be a number from 1 on";
	} else if (strcmp(name, "count") == 0) {
		if (!whole_number(text, 1, UINT64_MAX - 1, &rule->count))
			return "count must be a number from 1 on";
	} else if (strcmp(name, "seed") == 0) {
		if (!whole_number(text, 0, UINT64_MAX, &rule->seed))
			return "seed must be a number";
		rule->seeded = true;
	} else if (strcmp(name, "us") == 0 && rule->kind == BUS_FAULT_DELAY) {
		if (!whole_number(text, 1, LONGEST_DELAY, &value))
			return "us must be 1..60000000";
		rule->delay_us = (uint32_t)value;
	} else if (strcmp(name, "restart-ms") == 0 && rule->kind == BUS_FAULT_BUS_OFF) {
		if (!whole_number(text, 1, LONGEST_OFF, &value))
			return "restart-ms must be 1..3600000";
		rule->restart_ms = (uint32_t)value;
	} else {
		return "there are id=, client=, ppm=, nth=, count= and seed=, us= with delay, restart-ms= with bus-off";
	}
	return NULL;
}

/* the next word of @text as a string of its own; Return: false at the end; a word that is too long is cut */
static bool next_word(const char **text, char *word, size_t cap)
{
	size_t n = 0;

	*text += strspn(*text, " \t");
	if (**text == '\0')
		return false;
	for (; **text != '\0' && **text != ' ' && **text != '\t'; ++*text) {
		if (n + 1 < cap)
			word[n++] = **text;
	}
	word[n] = '\0';
	return true;
}

static bool take_kind(const char *word, enum bus_fault_kind *kind)
{
	for (unsigned i = 0; i < sizeof(kind_words) / sizeof(kind_words[0]); i++) {
		if (strcmp(word, kind_words[i]) == 0) {
			*kind = (enum bus_fault_kind)i;
			return true;
		}
	}
	return false;
}

const char *bus_fault_parse(const char *text, struct bus_fault_rule *rule)
{
	struct bus_fault_rule r = {.client = BUS_FAULT_ANY_CLIENT, .ppm = ALWAYS_PPM};
	unsigned seen = 0;
	char word[48];

	if (!next_word(&text, word, sizeof(word)) || !take_kind(word, &r.kind))
		return "a fault begins with drop, duplicate, delay, corrupt or bus-off";
	while (next_word(&text, word, sizeof(word))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (!is_first(word, &seen))
			return "each of id=, client=, ppm=, nth=, count=, seed=, us= and restart-ms= is given once at "
			       "most";
		const char *wrong = take_word(word, value ? value : "", &r);
		if (wrong)
			return wrong;
	}
	if (r.kind == BUS_FAULT_DELAY && r.delay_us == 0)
		return "delay needs us=, 1..60000000";
	if (r.count == 0)
		r.count = r.nth ? 1 : BUS_FAULT_NO_LIMIT;
	if (r.nth == 0)
		r.nth = 1;
	*rule = r;
	return NULL;
}

static void add_text(char *out, const char *name, unsigned long long value)
{
	size_t n = strlen(out);

	snprintf(out + n, BUS_FAULT_TEXT - n, " %s=%llu", name, value);
}

static void add_ids(char *out, const struct bus_fault_rule *rule)
{
	const uint32_t all = rule->extended ? EXTENDED_IDS : STANDARD_IDS;
	const int digits = rule->extended ? 8 : 3;
	size_t n = strlen(out);

	snprintf(out + n, BUS_FAULT_TEXT - n, " id=%0*X", digits, (unsigned)rule->id_first);
	n = strlen(out);
	if (rule->id_mask != all)
		snprintf(out + n, BUS_FAULT_TEXT - n, "/%0*X", digits, (unsigned)rule->id_mask);
	else if (rule->id_last != rule->id_first)
		snprintf(out + n, BUS_FAULT_TEXT - n, "-%0*X", digits, (unsigned)rule->id_last);
}

void bus_fault_format(const struct bus_fault_rule *rule, char out[BUS_FAULT_TEXT])
{
	snprintf(out, BUS_FAULT_TEXT, "%s", kind_words[rule->kind]);
	if (rule->by_id)
		add_ids(out, rule);
	if (rule->client >= 0)
		add_text(out, "client", (unsigned)rule->client);
	if (rule->ppm < ALWAYS_PPM)
		add_text(out, "ppm", rule->ppm);
	if (rule->nth > 1)
		add_text(out, "nth", rule->nth);
	if (rule->count != BUS_FAULT_NO_LIMIT)
		add_text(out, "count", rule->count);
	if (rule->seeded)
		add_text(out, "seed", rule->seed);
	if (rule->delay_us)
		add_text(out, "us", rule->delay_us);
	if (rule->restart_ms)
		add_text(out, "restart-ms", rule->restart_ms);
}

void bus_fault_init(struct bus_fault *self, const struct bus_fault_rule *rule, uint64_t seed)
{
	*self = (struct bus_fault){.rule = *rule, .random = rule->seeded ? rule->seed : seed};
}

/* splitmix64: each state gives one number, so a run depends on the seed and the order of the frames alone */
static uint64_t next_random(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *state;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool matches(const struct bus_fault_rule *rule, const struct can_msg *msg, int client)
{
	if (rule->client != BUS_FAULT_ANY_CLIENT && rule->client != client)
		return false;
	if (!rule->by_id)
		return true;
	uint32_t id = msg->id & rule->id_mask;
	return rule->extended == ((msg->flags & CAN_MSG_EXTENDED) != 0) && id >= rule->id_first && id <= rule->id_last;
}

bool bus_fault_hits(struct bus_fault *self, const struct can_msg *msg, int client)
{
	const struct bus_fault_rule *rule = &self->rule;

	if (!matches(rule, msg, client) || ++self->n_seen < rule->nth || self->n_hits >= rule->count)
		return false;
	if (rule->ppm < ALWAYS_PPM && next_random(&self->random) % ALWAYS_PPM >= rule->ppm)
		return false;
	self->n_hits++;
	return true;
}
