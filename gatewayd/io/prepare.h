/*
 * prepare - a campaign's profiles and images loaded from the store and checked against the manifest, in the thread
 * pool.
 */
#ifndef GATEWAYD_IO_PREPARE_H
#define GATEWAYD_IO_PREPARE_H

#include <uv.h>
#include "ecu-flash/load/image_load.h"
#include "gatewayd/io/blob_store.h"
#include "gatewayd/io/trust.h"

struct prepared_target {
	struct profile profile;
	struct image_file images[GATEWAY_MAX_UNITS];
	uint8_t n_images;
	uint8_t signatures[GATEWAY_MAX_UNITS][FLASH_SIGNATURE_BYTES]; /* for the ECU's check, of each image */
	uint16_t n_signatures[GATEWAY_MAX_UNITS];                     /* bytes; 0 = none */
	uint64_t estimate_ms;
	uint64_t bytes_total;
};

struct prepared {
	char campaign_id[GATEWAY_NAME_BYTES];
	struct prepared_target targets[GATEWAY_MAX_TARGETS];
	uint8_t n_targets;
	unsigned code; /* 0, or why it cannot be flashed */
	char text[GATEWAY_TEXT_BYTES];
};

/* @on_done: on the loop; owns @prepared from then on */
int prepare_start(uv_loop_t *loop, const struct config *config, const struct campaign *campaign,
		  const struct trust *trust, const struct blob_store *store,
		  void (*on_done)(void *owner, struct prepared *prepared), void *owner);
void prepared_free(struct prepared *prepared);

#endif
