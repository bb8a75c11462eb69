#include "gatewayd/io/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/estimate.h"
#include "ecu-flash/flash_units.h"
#include "ecu-flash/load/profile_load.h"
#include "gatewayd/core/policy.h"

#define DOCUMENT_MAX_BYTES (1024u * 1024u)

struct preparation {
	uv_work_t work;
	struct config *config; /* copies: the core goes on meanwhile, and the configuration may be read again */
	struct campaign *campaign;
	const struct trust *trust;
	const struct blob_store *store;
	struct prepared *prepared;
	void (*on_done)(void *owner, struct prepared *prepared);
	void *owner;
	uint8_t *manifest;
	size_t n_manifest;
};

static void fail(struct prepared *p, unsigned code, const char *ecu, const char *text)
{
	p->code = code;
	snprintf(p->text, sizeof(p->text), "%.48s%s%.100s", ecu, ecu[0] ? ": " : "", text);
}

/* a file that is gone or damaged is fetched again; any other trouble is our machine's */
static void fail_file(struct prepared *p, int error, const char *ecu, const char *what)
{
	char text[100];

	if (error == -EBADMSG)
		snprintf(text, sizeof(text), "the stored %s is damaged", what);
	else
		snprintf(text, sizeof(text), "reading the stored %s: %s", what, strerror(-error));
	fail(p,
	     error == -EBADMSG  ? GATEWAY_CODE_DIGEST_MISMATCH
	     : error == -ENOENT ? GATEWAY_CODE_BLOB_UNAVAILABLE
				: GATEWAY_CODE_IO_ERROR,
	     ecu, text);
}

/* Which ECU a campaign's profile talks to is not for the profile to say. Return: false, with words, if it talks to
 * another one than the vehicle's configuration means by that name */
static bool same_addresses(const struct isotp_address *a, const struct isotp_address *own, char *text, size_t n_text)
{
	char own_ae[32] = "", ae[32] = "";

	if (a->form == own->form && a->extended_id == own->extended_id && a->tx_id == own->tx_id &&
	    a->rx_id == own->rx_id && a->tx_ae == own->tx_ae && a->rx_ae == own->rx_ae)
		return true;
	if (a->tx_ae != own->tx_ae || a->rx_ae != own->rx_ae) {
		snprintf(ae, sizeof(ae), " with %02X/%02X", a->tx_ae, a->rx_ae);
		snprintf(own_ae, sizeof(own_ae), " with %02X/%02X", own->tx_ae, own->rx_ae);
	}
	snprintf(text, n_text, "addressing: %X/%X%s is not that of the ECU as configured (%X/%X%s%s)", a->tx_id,
		 a->rx_id, ae, own->tx_id, own->rx_id, own_ae,
		 a->form != own->form || a->extended_id != own->extended_id ? ", another form" : "");
	return false;
}

/* Return: NULL, or why an ECU with this supply cannot be flashed by the campaign at any time */
static const char *supply_fails(const struct config *config, const struct campaign *c, enum profile_supply supply)
{
	switch (supply) {
	case PROFILE_SUPPLY_KL30:
		return NULL;
	case PROFILE_SUPPLY_KL15:
		if (policy_asks_for(c, CONDITION_IGNITION_OFF))
			return "supply: kl15 needs the ignition on, and the campaign's conditions want it off";
		return NULL;
	case PROFILE_SUPPLY_KL15_HELD:
		return config->frames[POWER_KL15].configured
			   ? NULL
			   : "supply: kl15_held: this vehicle's configuration has no power.kl15_hold";
	}
	return "supply: not known";
}

static bool load_profile(struct preparation *job, const struct target *target, const struct component_doc *component,
			 struct prepared_target *out)
{
	const struct profile *own = &job->config->ecus[target->ecu].profile;
	struct yaml_error error = {""};
	const char *why;
	uint8_t *text = NULL;
	size_t n = 0;
	int r = blob_store_read(job->store, component->profile.sha256, DOCUMENT_MAX_BYTES, &text, &n);

	if (r < 0) {
		fail_file(job->prepared, r, target->doc.ecu, "flash profile");
		return false;
	}
	r = profile_load_memory("profile", (const char *)text, n, &out->profile, &error);
	free(text);
	why = r == 0 ? supply_fails(job->config, job->campaign, out->profile.supply) : NULL;
	if (why)
		snprintf(error.text, sizeof(error.text), "%s", why);
	else if (r == 0 &&
		 same_addresses(&out->profile.link.address, &own->link.address, error.text, sizeof(error.text))) {
		/* who the ECU is, is read as the inventory has read it */
		out->profile.did_hardware = own->did_hardware;
		out->profile.did_serial = own->did_serial;
		out->profile.decoding[PROFILE_DID_HARDWARE] = own->decoding[PROFILE_DID_HARDWARE];
		out->profile.decoding[PROFILE_DID_SERIAL] = own->decoding[PROFILE_DID_SERIAL];
		return true;
	}
	fail(job->prepared, GATEWAY_CODE_BAD_PROFILE, target->doc.ecu, error.text);
	return false;
}

/* Return: whether the file is what its name says */
static bool is_undamaged(const char *path, const uint8_t sha256[32])
{
	struct image_file raw;
	char text[800];
	bool same;

	if (image_load(path, IMAGE_RAW, 0, &raw, text, sizeof(text)))
		return false;
	same = memcmp(raw.file_sha256, sha256, 32) == 0;
	image_unload(&raw);
	return same;
}

static bool load_unit(struct preparation *job, const struct target *target, const struct component_doc *component,
		      uint8_t unit, struct prepared_target *out)
{
	const struct unit_doc *doc = &component->units[unit];
	char path[600], text[800] = "";
	struct image_file *file = &out->images[unit];
	int r;

	blob_store_path(job->store, doc->image.sha256, path, sizeof(path));
	r = image_load(path, doc->format, doc->base_address, file, text, sizeof(text));
	if (r == 0)
		out->n_images++;
	/* the file may have changed on the disk since its digest was verified; then nothing else is to be said of it */
	if ((r == 0 && memcmp(file->file_sha256, doc->image.sha256, 32) != 0) ||
	    (r > 0 && !is_undamaged(path, doc->image.sha256)))
		r = -EBADMSG;
	if (r == -EBADMSG)
		blob_store_drop(job->store, doc->image.sha256);
	if (r < 0) {
		fail_file(job->prepared, r, target->doc.ecu, "image");
		return false;
	}
	if (r > 0) {
		/* "PATH:LINE: words"; the path is a digest, which says nothing to anyone */
		const size_t n_path = strlen(path);

		snprintf(path, sizeof(path), "image%.100s", strncmp(text, path, n_path) == 0 ? text + n_path : text);
		fail(job->prepared, GATEWAY_CODE_BAD_IMAGE, target->doc.ecu, path);
		return false;
	}
	if (!trust_segments_match(job->trust, job->manifest, job->n_manifest, component->name, unit, &file->image)) {
		fail(job->prepared, GATEWAY_CODE_SEGMENTS_MISMATCH, target->doc.ecu,
		     "the image does not lie where the manifest says");
		return false;
	}
	out->n_signatures[unit] = (uint16_t)trust_check_signature(job->trust, job->manifest, job->n_manifest,
								  component->name, unit, out->signatures[unit]);
	out->bytes_total += file->image.n_bytes;
	return true;
}

static bool prepare_target(struct preparation *job, size_t index)
{
	const struct target *target = &job->campaign->targets[index];
	const struct component_doc *component = &job->campaign->manifest.components[target->component];
	struct prepared_target *out = &job->prepared->targets[index];
	const struct config_bus *bus = &job->config->buses[job->config->ecus[target->ecu].bus];
	const struct estimate_link link = {.nominal_bps = bus->bitrate, .data_bps = bus->data_bitrate};
	struct flash_unit units[GATEWAY_MAX_UNITS];
	char text[GATEWAY_TEXT_BYTES];
	uint8_t wrong;

	if (!load_profile(job, target, component, out))
		return false;
	for (uint8_t i = 0; i < component->n_units; i++) {
		if (!load_unit(job, target, component, i, out))
			return false;
		units[i] = (struct flash_unit){.image = &out->images[i].image,
					       .signature = out->signatures[i],
					       .n_signature = out->n_signatures[i]};
	}
	if (!flash_units_check(&out->profile, units, component->n_units, &wrong, text, sizeof(text))) {
		fail(job->prepared, GATEWAY_CODE_BAD_IMAGE, target->doc.ecu, text);
		return false;
	}
	out->estimate_ms = estimate_flash(&out->profile, units, component->n_units, &link).total_ms;
	return true;
}

static void on_work(uv_work_t *work)
{
	struct preparation *job = work->data;
	int r = blob_store_read(job->store, job->campaign->doc.manifest.sha256, DOCUMENT_MAX_BYTES, &job->manifest,
				&job->n_manifest);

	if (r < 0) {
		fail_file(job->prepared, r, "", "manifest");
		return;
	}
	for (size_t i = 0; i < job->campaign->n_targets; i++) {
		if (!prepare_target(job, i))
			return;
		job->prepared->n_targets++;
	}
}

static void on_after_work(uv_work_t *work, int status)
{
	struct preparation *job = work->data;
	struct prepared *prepared = job->prepared;
	void (*on_done)(void *, struct prepared *) = job->on_done;
	void *owner = job->owner;

	if (status < 0)
		fail(prepared, GATEWAY_CODE_IO_ERROR, "", "the preparation was cancelled");
	free(job->manifest);
	free(job->config);
	free(job->campaign);
	free(job);
	on_done(owner, prepared);
}

int prepare_start(uv_loop_t *loop, const struct config *config, const struct campaign *campaign,
		  const struct trust *trust, const struct blob_store *store,
		  void (*on_done)(void *owner, struct prepared *prepared), void *owner)
{
	struct preparation *job = calloc(1, sizeof(*job));
	int r = -ENOMEM;

	if (!job)
		return -ENOMEM;
	job->config = malloc(sizeof(*job->config));
	job->campaign = malloc(sizeof(*job->campaign));
	job->prepared = calloc(1, sizeof(*job->prepared));
	if (job->config && job->campaign && job->prepared) {
		*job->config = *config;
		*job->campaign = *campaign;
		snprintf(job->prepared->campaign_id, sizeof(job->prepared->campaign_id), "%s", campaign->doc.id);
		job->trust = trust;
		job->store = store;
		job->on_done = on_done;
		job->owner = owner;
		job->work.data = job;
		r = uv_queue_work(loop, &job->work, on_work, on_after_work);
	}
	if (r < 0) {
		free(job->config);
		free(job->campaign);
		free(job->prepared);
		free(job);
	}
	return r;
}

void prepared_free(struct prepared *prepared)
{
	if (!prepared)
		return;
	for (size_t i = 0; i < GATEWAY_MAX_TARGETS; i++)
		for (size_t k = 0; k < prepared->targets[i].n_images; k++)
			image_unload(&prepared->targets[i].images[k]);
	free(prepared);
}
