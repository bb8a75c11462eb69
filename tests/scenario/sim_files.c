/* sim_files - see sim_files.h. */
#include "tests/scenario/sim_files.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "ecu-flash/estimate.h"

/* --- files */

struct sim_file *sim_files_of(struct sim_io *self, const struct file_ref *ref)
{
	struct sim_file *f;

	for (unsigned i = 0; i < self->n_files; i++)
		if (!memcmp(self->files[i].ref.sha256, ref->sha256, sizeof(ref->sha256)))
			return &self->files[i];
	f = &self->files[self->n_files++];
	assert(self->n_files <= SIM_MAX_BLOBS);
	f->ref = *ref;
	f->bytes = malloc(ref->length);
	assert(f->bytes);
	return f;
}

bool sim_files_right(const struct sim_file *f)
{
	uint8_t sha256[32];

	(void)EVP_Digest(f->bytes, (size_t)f->ref.length, sha256, NULL, EVP_sha256(), NULL);
	return !memcmp(sha256, f->ref.sha256, sizeof(sha256));
}

/* a manifest's file is the structure, up to its last component */
bool sim_files_manifest(void *owner, const struct file_ref *ref, struct manifest_doc *manifest)
{
	const struct sim_file *f = sim_files_of(owner, ref);
	size_t head = offsetof(struct manifest_doc, components);

	if (f->n_held != f->ref.length || !sim_files_right(f))
		return false;
	memset(manifest, 0, sizeof(*manifest));
	memcpy(manifest, f->bytes, (size_t)f->ref.length);
	manifest->n_components = (uint8_t)((f->ref.length - head) / sizeof(manifest->components[0]));
	return true;
}

/* --- preparing */

void sim_files_free_prepared(struct sim_prepared *p)
{
	for (unsigned i = 0; p && i < p->n_targets; i++)
		free(p->targets[i].bytes);
	free(p);
}

static unsigned prepare_target(struct sim_io *self, const struct campaign *c, unsigned i, struct sim_prepared *p)
{
	const struct component_doc *component = &c->manifest.components[c->targets[i].component];
	const struct sim_file *profile = sim_files_of(self, &component->profile);
	const struct sim_file *image = sim_files_of(self, &component->units[0].image);
	struct sim_prepared_target *out = &p->targets[i];
	size_t n = (size_t)image->ref.length;
	struct image_error error;

	if (profile->n_held != profile->ref.length || image->n_held != image->ref.length)
		return GATEWAY_CODE_IO_ERROR;
	if (!sim_files_right(profile) || !sim_files_right(image))
		return GATEWAY_CODE_DIGEST_MISMATCH;
	memcpy(&out->profile, profile->bytes, sizeof(out->profile));
	out->bytes = malloc(2 * n);
	p->n_targets = i + 1;
	assert(out->bytes);
	memcpy(out->bytes, image->bytes, n);
	if (image_parse(&out->image, component->units[0].format, out->bytes, n, component->units[0].base_address,
			out->bytes + n, n, &error))
		return GATEWAY_CODE_BAD_IMAGE;
	return GATEWAY_CODE_OK;
}

static uint64_t estimated_ms(const struct sim_prepared_target *target)
{
	const struct estimate_link link = {.nominal_bps = SIM_BITRATE};
	const struct flash_unit unit = {.image = &target->image};

	return estimate_flash(&target->profile, &unit, 1, &link).total_ms;
}

void sim_files_prepare(struct sim_io *self, uint8_t slot)
{
	int index = gateway_campaign_index(self->gateway, self->prepare_id[slot]);
	uint64_t estimate_ms[GATEWAY_MAX_TARGETS] = {0}, bytes_total[GATEWAY_MAX_TARGETS] = {0};
	enum profile_supply supply[GATEWAY_MAX_TARGETS] = {PROFILE_SUPPLY_KL30};
	const struct campaign *c;
	struct sim_prepared *p;
	unsigned code = 0;

	self->prepare_id[slot][0] = 0;
	if (index < 0)
		return;
	c = &self->gateway->campaigns[index];
	p = calloc(1, sizeof(*p));
	assert(p);
	memcpy(p->campaign_id, c->doc.id, sizeof(p->campaign_id));
	for (unsigned i = 0; i < c->n_targets; i++) {
		code = prepare_target(self, c, i, p);
		if (code)
			break;
		estimate_ms[i] = self->estimate_ms ? self->estimate_ms : estimated_ms(&p->targets[i]);
		bytes_total[i] = p->targets[i].image.n_bytes;
		supply[i] = p->targets[i].profile.supply;
	}
	sim_files_free_prepared(self->prepared[index]);
	self->prepared[index] = p;
	gateway_prepared(self->gateway, self->world->now_us, (uint8_t)index, code, NULL, estimate_ms, bytes_total,
			 supply);
}
