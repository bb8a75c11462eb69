/*
 * fleet_pattern - when a vehicle of the simulated fleet is driven, and where it stands meanwhile: weeks of life from a
 * seed, as the moments at which something changes.
 */
#ifndef TESTS_BENCH_FLEET_PATTERN_H
#define TESTS_BENCH_FLEET_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fleet_kind { FLEET_COMMUTER, FLEET_SHIFT, FLEET_TAXI, FLEET_WEEKEND, FLEET_GARAGE, FLEET_KINDS };

/* from then on; time 0 is a Monday, midnight */
struct fleet_change {
	uint64_t at_s;
	bool ignition;
	bool coverage;
};

struct fleet_pattern {
	enum fleet_kind kind;
	struct fleet_change *changes; /* heap, rising; parked at home before the first */
	size_t n;
	size_t cap;
	bool home_coverage;
};

const char *fleet_kind_name(enum fleet_kind kind);
/* the kind of the vehicle with this number: of a hundred 40 commuters, 20 shift workers, 10 taxis, 20 weekend drivers,
 * and 10 that stand in a garage without coverage */
enum fleet_kind fleet_kind_of(unsigned number);

/* @random: advanced; @weeks: of life */
void fleet_pattern_init(struct fleet_pattern *self, enum fleet_kind kind, unsigned weeks, uint64_t *random);
void fleet_pattern_deinit(struct fleet_pattern *self);

/* 0..@below - 1 */
uint64_t fleet_random(uint64_t *random, uint64_t below);

#endif
