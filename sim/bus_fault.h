/*
 * bus_fault - what goes wrong on the virtual bus, by rule: which frames are hit, how many of them, and how.
 *
 * A rule is one line of words, its kind first:
 *
 *   drop id=7E8 ppm=500             no receiver gets the frame; its sender does not notice
 *   duplicate id=7E0 nth=100        the frame is on the wire twice, as after an acknowledgement that got lost
 *   delay id=7E8 us=3000            the sender's controller holds the frame back, and its later ones with it
 *   corrupt id=7E0-7EF count=3      an error frame goes out instead; the sender's controller tries again by itself
 *   bus-off client=2 restart-ms=100 the frame is lost, and its sender is off the bus until restored, or for so long
 *
 * Which frames: id=HEX, id=FIRST-LAST or id=VALUE/MASK (more than three digits mean 29-bit identifiers, as in candump),
 * client=INDEX; all frames without these. How many of them: ppm=N in a million (all), from the nth=N on (the first),
 * count=N at most (one with nth, else no limit). Each is given once at most. seed=N for ppm; without it the bus's seed
 * and the rule's place.
 *
 * Each rule has a generator and counters of its own, so what it hits depends on nothing but the frames that it matches.
 */
#ifndef SIM_BUS_FAULT_H
#define SIM_BUS_FAULT_H

#include "uds/can_msg.h"

#define BUS_FAULT_TEXT       128u /* of a rule in words */
#define BUS_FAULT_NO_LIMIT   UINT64_MAX
#define BUS_FAULT_ANY_CLIENT (-1)

enum bus_fault_kind {
	BUS_FAULT_DROP,
	BUS_FAULT_DUPLICATE,
	BUS_FAULT_DELAY,
	BUS_FAULT_CORRUPT,
	BUS_FAULT_BUS_OFF,
};

struct bus_fault_rule {
	enum bus_fault_kind kind;
	bool by_id;
	bool extended;     /* by_id: 29-bit identifiers, else 11-bit ones */
	uint32_t id_mask;  /* by_id: id & id_mask lies within first..last */
	uint32_t id_first; /* ditto */
	uint32_t id_last;
	int client;     /* index, or BUS_FAULT_ANY_CLIENT */
	uint32_t ppm;   /* 1..1000000 */
	uint64_t nth;   /* from 1 */
	uint64_t count; /* from 1, or BUS_FAULT_NO_LIMIT */
	bool seeded;    /* by the rule itself */
	uint64_t seed;
	uint32_t delay_us;   /* BUS_FAULT_DELAY: 1..60000000 */
	uint32_t restart_ms; /* BUS_FAULT_BUS_OFF: 0 = only when restored */
};

struct bus_fault {
	struct bus_fault_rule rule;
	uint64_t random;
	uint64_t n_seen; /* frames that matched */
	uint64_t n_hits;
};

/**
 * bus_fault_parse() - a rule from its words
 * @rule: untouched on failure
 *
 * Return: NULL, or what is wrong with it, as a sentence without its end.
 */
const char *bus_fault_parse(const char *text, struct bus_fault_rule *rule);
/* the words that give this rule */
void bus_fault_format(const struct bus_fault_rule *rule, char out[BUS_FAULT_TEXT]);
const char *bus_fault_kind_word(enum bus_fault_kind kind);

void bus_fault_init(struct bus_fault *self, const struct bus_fault_rule *rule, uint64_t seed);
/* whether this frame is hit; counts it. @client: its sender, or -1 if it has left. */
bool bus_fault_hits(struct bus_fault *self, const struct can_msg *msg, int client);

#endif
