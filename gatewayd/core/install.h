/*
 * install - from a campaign whose files are ready to its flashed ECUs: when it begins, when it must stop, what each
 * result means, and what comes after. Private to gatewayd/core.
 *
 * Before the first erase of an ECU everything counts: window, confirmation, consent, the vehicle. After it the ECU is
 * brought to its end, and only the safety conditions still decide when.
 */
#ifndef GATEWAYD_CORE_INSTALL_H
#define GATEWAYD_CORE_INSTALL_H

#include "gatewayd/core/gateway.h"

/* prepared and not running: begins to flash (INSTALLING), or says why not (WAITING) */
void install_consider(struct gateway *self, uint8_t index, uint64_t now_us);
/* running: stops it where an ECU that is not erased yet may not be erased any more */
void install_watch(struct gateway *self, uint8_t index, uint64_t now_us);
/* stop at safe points; what was not handed to the flasher yet ends at once. @why: words for the log */
void install_stop(struct gateway *self, uint8_t index, uint64_t now_us, const char *why);
/**
 * install_conclude() - nothing of the campaign is being flashed (any more): what follows from its targets' states
 * @code: reason for which it waits, where nothing else is known; 0 = what policy says
 *
 * To VERIFYING, FAILED, INCONSISTENT or WAITING.
 */
void install_conclude(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text);

void install_step(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, enum flash_step_kind step,
		  uint8_t step_index, uint8_t unit);
void install_progress(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, uint64_t bytes_done,
		      uint64_t bytes_total);
/* the ECU is about to be erased: stores it, or stops its flash, and the whole run where nothing more may be erased */
void install_intent(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, uint8_t step_index,
		    uint8_t unit);
void install_result(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us,
		    const struct flash_result *result);
/* @erased: an erase of the ECU was begun, and none has verified it since; outlives the campaign: its successor has to
 * know what it will find */
void install_mark_erased(struct gateway *self, uint8_t index, uint8_t target, bool erased);
/* the ECU in the vehicle is not the one the target means, and was not erased by us: the target fails */
void install_not_this_ecu(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, unsigned code,
			  const char *text);
void install_finished(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code);

#endif
