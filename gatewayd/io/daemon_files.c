/*
 * daemon_files - the outputs that concern a campaign's files: is there room, what does the manifest say, and profiles
 * and images in memory. Those of a slot are dropped when it is given to other content, the flasher's when it is done.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/io/daemon_priv.h"
#include "uds/port/can_driver.h"

#define MANIFEST_MAX_BYTES (1024u * 1024u)

/* a preparation under way; its slot may be given to other content meanwhile */
struct preparing {
	struct daemon *daemon;
	uint8_t index;
};

void daemon_check_space(struct daemon *d, const struct gateway_output *out)
{
	const struct campaign *c = &d->gateway->campaigns[out->campaign];
	uint64_t needed = d->config->min_free_bytes;
	uint64_t available = blob_store_free_bytes(d->store);
	char text[GATEWAY_TEXT_BYTES] = "";
	struct file_ref file;

	for (size_t i = 0; campaign_file(c, i, &file); i++)
		needed += file.length - blob_store_held(d->store, &file);
	if (needed > available)
		snprintf(text, sizeof(text),
			 "%" PRIu64 " KiB are needed in %.64s, %" PRIu64 " KiB are free: make room there", needed >> 10,
			 d->config->state_dir, available >> 10);
	gateway_space(d->gateway, can_driver_now_us(), out->campaign, needed <= available, text);
}

void daemon_open_manifest(struct daemon *d, const struct gateway_output *out)
{
	const struct campaign *c = &d->gateway->campaigns[out->campaign];
	struct manifest_doc *manifest = calloc(1, sizeof(*manifest));
	uint64_t unix_s = gateway_unix_ms(d->gateway, can_driver_now_us()) / 1000;
	char text[GATEWAY_TEXT_BYTES] = "";
	unsigned code = GATEWAY_CODE_IO_ERROR;
	uint8_t *bytes = NULL;
	size_t n = 0;
	int r = -1;

	if (manifest)
		r = blob_store_read(d->store, c->doc.manifest.sha256, MANIFEST_MAX_BYTES, &bytes, &n);
	if (r == 0)
		code = trust_open_manifest(d->trust, bytes, n,
					   c->state == CAMPAIGN_OFFERED ? unix_s : TRUST_ACCEPTED_BEFORE, manifest,
					   text, sizeof(text));
	else
		snprintf(text, sizeof(text), "reading the manifest: %s", manifest ? strerror(-r) : "out of memory");
	gateway_manifest(d->gateway, can_driver_now_us(), out->campaign, manifest, code, text);
	free(bytes);
	free(manifest);
}

/* --- files in memory: a slot's are dropped when it is given to other content, the flasher's when it is done */

void daemon_drop_prepared(struct daemon *d, uint8_t index)
{
	struct prepared *prepared = d->prepared[index];

	d->prepared[index] = NULL;
	d->preparing[index] = NULL; /* what is still to come is no longer wanted */
	if (prepared && prepared == d->flashed)
		d->flashed_dropped = true;
	else
		prepared_free(prepared);
}

void daemon_end_flashed(struct daemon *d)
{
	if (!d->flashed || flasher_busy(d->flasher))
		return;
	if (d->flashed_dropped)
		prepared_free(d->flashed);
	d->flashed = NULL;
	d->flashed_dropped = false;
}

static void on_prepared(void *owner, struct prepared *prepared)
{
	struct preparing *preparing = owner;
	struct daemon *d = preparing->daemon;
	uint64_t estimate_ms[GATEWAY_MAX_TARGETS] = {0}, bytes_total[GATEWAY_MAX_TARGETS] = {0};
	enum profile_supply supply[GATEWAY_MAX_TARGETS] = {PROFILE_SUPPLY_KL30};
	uint8_t index = preparing->index;
	bool wanted = d->preparing[index] == preparing && !d->closed;

	free(preparing);
	if (!wanted) {
		prepared_free(prepared);
		return;
	}
	for (size_t i = 0; i < prepared->n_targets; i++) {
		estimate_ms[i] = prepared->targets[i].estimate_ms;
		bytes_total[i] = prepared->targets[i].bytes_total;
		supply[i] = prepared->targets[i].profile.supply;
	}
	daemon_drop_prepared(d, index);
	d->prepared[index] = prepared;
	gateway_prepared(d->gateway, can_driver_now_us(), index, prepared->code, prepared->text, estimate_ms,
			 bytes_total, supply);
}

void daemon_prepare(struct daemon *d, uint8_t index)
{
	const struct campaign *c = &d->gateway->campaigns[index];
	const uint64_t none[GATEWAY_MAX_TARGETS] = {0};
	struct preparing *preparing = calloc(1, sizeof(*preparing));
	int r = -ENOMEM;

	daemon_drop_prepared(d, index);
	if (preparing) {
		*preparing = (struct preparing){.daemon = d, .index = index};
		r = prepare_start(&d->loop, d->config, c, d->trust, d->store, on_prepared, preparing);
	}
	if (r == 0) {
		d->preparing[index] = preparing;
		return;
	}
	free(preparing);
	gateway_prepared(d->gateway, can_driver_now_us(), index, GATEWAY_CODE_IO_ERROR, strerror(-r), none, none, NULL);
}

void daemon_flash(struct daemon *d, const struct gateway_output *out)
{
	daemon_end_flashed(d);
	if (!d->flashed)
		d->flashed = d->prepared[out->campaign];
	flasher_flash(d->flasher, out->campaign, out->targets, d->prepared[out->campaign]);
}
