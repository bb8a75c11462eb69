/*
 * flash_bus - the flashes of one bus: makes it quiet once, runs its ECUs, makes it loud again on every way out.
 *
 * Pure. Works on a can_node that the caller drives (uds/port/can_driver.h in the products, a simulated bus in tests).
 * Order: functional tester present on; bus_before steps; each target's flash_run, at most max_parallel at a time;
 * bus_after steps; tester present off. bus_after also runs after failures and stops, and is skipped only if nothing of
 * bus_before was sent. A target whose preconditions fail is FAILED and the others go on.
 *
 * Functional requests, and the tester present, go to each functional address that a target's profile has, once.
 * Those of bus_before are answered by every target, or sent again, five times in all; a target that
 * stays silent fails with FLASH_NO_ANSWER, one that refuses with FLASH_BUS_QUIET_REFUSED, unless its job is a recovery.
 * Jobs that only identify or verify need no quiet bus: without a job of kind flash the bus steps are left out.
 *
 * A foreign tester seen before the first erase of any target stops all of them but recoveries, whose ECUs are erased
 * already; after it they finish.
 */
#ifndef ECU_FLASH_FLASH_BUS_H
#define ECU_FLASH_FLASH_BUS_H

#include "ecu-flash/flash_run.h"

#define FLASH_BUS_MAX_TARGETS 32u

enum flash_bus_event_kind {
	FLASH_BUS_EVENT_NONE,
	FLASH_BUS_EVENT_QUIET,    /* bus_before is done */
	FLASH_BUS_EVENT_TARGET,   /* an event of target's run */
	FLASH_BUS_EVENT_STEP,     /* a bus step begins: text */
	FLASH_BUS_EVENT_LOUD,     /* bus_after is done, the bus is as before; with a text: its requests did not leave */
	FLASH_BUS_EVENT_FINISHED, /* nothing more will come */
};

struct flash_bus_event {
	enum flash_bus_event_kind kind;
	uint8_t target;
	struct flash_event event;
	const struct bus_step *step; /* of STEP: in the profile of a target; else NULL */
	char text[64];
};

/* All fields are private. */
struct flash_bus {
	struct can_node *node;
	struct flash_run *runs[FLASH_BUS_MAX_TARGETS];
	uint8_t n_runs;
	uint8_t max_parallel;
	uint8_t state;
	uint8_t step;                           /* in bus_before or bus_after */
	uint8_t tries;                          /* of the step */
	uint8_t answers[FLASH_BUS_MAX_TARGETS]; /* to the request of the step */
	uint64_t answer_by_us[FLASH_BUS_MAX_TARGETS];
	bool sent;        /* the functional request is confirmed: P2 runs */
	uint64_t sent_us; /* when that was seen of the first try of the step */
	uint32_t n_sent_before;
	bool quiet_sent;  /* something of bus_before went out */
	bool loud_unsent; /* a step of bus_after did not leave our machine */
	bool stop_wanted;
	struct can_node_functional addresses[CAN_NODE_MAX_FUNCTIONAL]; /* of the targets that are flashed, each once */
	uint8_t n_addresses;
	uint32_t n_foreign; /* at the start */
	uint64_t deadline_us;
	uint8_t turn; /* whose events are popped next */
	struct flash_bus_event events[8];
	uint8_t event_head;
	uint8_t event_n;
};

/* @max_parallel: 1..32. The bus steps are those of the first flashed target whose profile has any. */
void flash_bus_init(struct flash_bus *self, struct can_node *node, uint8_t max_parallel);
/* before flash_bus_start(); the run is initialised, its channel attached to the node. Return: 0, 1 if full, of targets
 * or (of 8) of their functional addresses */
int flash_bus_add(struct flash_bus *self, struct flash_run *run);
void flash_bus_start(struct flash_bus *self, uint64_t now_us);
void flash_bus_advance(struct flash_bus *self, uint64_t now_us);
uint64_t flash_bus_deadline(const struct flash_bus *self);
bool flash_bus_pop_event(struct flash_bus *self, struct flash_bus_event *event);
/* stop at safe points, then make the bus loud */
void flash_bus_stop(struct flash_bus *self, uint64_t now_us);
/* one target alone stops at its safe point; the others go on */
void flash_bus_stop_target(struct flash_bus *self, uint8_t target, uint64_t now_us);
bool flash_bus_finished(const struct flash_bus *self);

#endif
