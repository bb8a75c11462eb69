/*
 * install_pause - how long a campaign whose run did not bring all ECUs to their end waits for the next one. Private to
 * gatewayd/core.
 */
#ifndef GATEWAYD_CORE_INSTALL_PAUSE_H
#define GATEWAYD_CORE_INSTALL_PAUSE_H

#include "gatewayd/core/gateway.h"

#define INSTALL_BUS_UP_PAUSE_US 1000000u /* for the ECUs of a bus that came up to answer */

/* between two attempts: of the campaign's urgency, where its document says it, else as configured */
uint64_t install_pause_us(const struct gateway *self, const struct campaign *campaign);
/* until the next attempt at what failed in the run: the shortest that one of its ECUs asks for */
uint64_t install_pause_repeat_us(const struct gateway *self, const struct campaign *campaign);
/* a code of an attempt that its bus ended, not the ECU */
bool install_pause_of_bus(unsigned code);
/* whether an attempt that ended so is one of max_attempts: not if it is nobody's fault but the moment's */
bool install_pause_counts(unsigned code);
/*
 * A bus that was not there is: what waits because of one goes on soon. Any bus, since one that is still away ends its
 * attempts at once.
 */
void install_pause_bus_up(struct gateway *self, uint64_t now_us);
/*
 * A run that was stopped has made the bus quiet and loud again for nothing. Where a signal falls silent with the bus,
 * it does so each time: the runs come ever more rarely.
 */
uint64_t install_pause_stopped_us(const struct gateway *self, const struct campaign *campaign);
/* a campaign that waits, and gave way to another tester on that bus, waits on */
void install_pause_foreign_tester(struct gateway *self, uint8_t index, uint64_t now_us, const char *bus);

#endif
