/*
 * flasher - the gateway's buses: identifies ECUs, flashes them, reads the vehicle's signals. One can_driver a bus.
 */
#ifndef GATEWAYD_IO_FLASHER_H
#define GATEWAYD_IO_FLASHER_H

#include <uv.h>
#include "ecu-flash/load/profile_load.h"
#include "gatewayd/io/config.h"
#include "gatewayd/io/prepare.h"

struct flasher;

/* buses that cannot be opened now are tried again; logged once */
int flasher_new(uv_loop_t *loop, const struct config *config, struct gateway *gateway, struct flasher **flasher,
		char *text, size_t n_text);
void flasher_identify(struct flasher *self);
/* @prepared: stays valid until gateway_flash_finished() was called */
void flasher_flash(struct flasher *self, uint8_t campaign, uint32_t targets, const struct prepared *prepared);
void flasher_intent_stored(struct flasher *self, uint8_t campaign, uint8_t target);
/* @targets: these alone stop, 0 = all */
void flasher_stop(struct flasher *self, uint32_t targets);
/* a frame of ours that is no diagnostic message; Return: false if its bus is not there, or too many wait */
bool flasher_send(struct flasher *self, uint8_t bus, const struct can_msg *msg);
/* the configuration was read again: @keys are taken over (NULL = none); @profiles: some ECU's profile is another one,
 * which runs under way do not notice */
void flasher_reload(struct flasher *self, struct key_ring *keys, bool profiles);
bool flasher_busy(const struct flasher *self);
void flasher_free(struct flasher *self);

#endif
