/* flash_bus_priv - what flash_bus.c (phases, runs, events) and flash_bus_steps.c (the functional part) share. */
#ifndef ECU_FLASH_FLASH_BUS_PRIV_H
#define ECU_FLASH_FLASH_BUS_PRIV_H

#include "ecu-flash/flash_bus.h"

#define BUS_MAX_EVENTS 8u

enum bus_state { BUS_NEW, BUS_BEFORE, BUS_RUNNING, BUS_AFTER, BUS_FINISHED };

/* The bus steps are those of the first target that is flashed and has any: one that is written while its application
 * runs needs no quiet bus, and must not keep the others from it. */
static inline const struct profile *flash_bus_profile(const struct flash_bus *self)
{
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (self->runs[i]->job.kind == FLASH_JOB_FLASH &&
		    (self->runs[i]->job.profile->n_bus_before || self->runs[i]->job.profile->n_bus_after))
			return self->runs[i]->job.profile;
	return self->runs[0]->job.profile;
}

/* the step at hand, of bus_before or bus_after */
const struct bus_step *flash_bus_step_at(const struct flash_bus *self);
void flash_bus_push(struct flash_bus *self, enum flash_bus_event_kind kind, const char *text);
bool flash_bus_all_over(const struct flash_bus *self);
/* all of bus_before is done: the runs, or, if none is left, bus_after */
void flash_bus_begin_running(struct flash_bus *self, uint64_t now_us);
/* all of bus_after is done */
void flash_bus_finish(struct flash_bus *self, uint64_t now_us);

/* the step at self->step of bus_before or bus_after, and on from there */
void flash_bus_step_begin(struct flash_bus *self, uint64_t now_us);
void flash_bus_step_advance(struct flash_bus *self, uint64_t now_us);

#endif
