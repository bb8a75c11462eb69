/* release - see release.h. */
#include "gatewayd/core/release.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/policy.h"

static const char *hardware_id(const struct ecu_info *ecu, const struct target_doc *target)
{
	return ecu->known ? ecu->identity.hardware_id : target->hardware_id;
}

/* what the ECU ran before, if that is known: manifest, profile, one unit */
static bool ran_before(const struct installed *installed, const uint8_t sha256[32])
{
	return !installed->n || (installed->n == 3 && !memcmp(installed->files[2].sha256, sha256, 32));
}

/* the image that a campaign which changed the ECU, and is not over well, said to go back to */
static bool may_go_back(const struct gateway *self, const struct ecu_info *ecu, const struct component_doc *component)
{
	const uint8_t *sha256 = component->units[0].image.sha256;

	if (component->n_units != 1 || !ran_before(&ecu->installed, sha256))
		return false;
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (c->state == CAMPAIGN_NONE || c->state == CAMPAIGN_DONE)
			continue;
		for (unsigned k = 0; k < c->n_targets; k++) {
			const struct target *t = &c->targets[k];

			if (t->state == TARGET_VERIFIED && !strcmp(t->doc.ecu, ecu->name) && t->doc.rollback.length &&
			    !memcmp(t->doc.rollback.sha256, sha256, 32))
				return true;
		}
	}
	return false;
}

unsigned release_check(const struct gateway *self, const struct target_doc *target, const struct manifest_doc *manifest,
		       const struct component_doc *component, char *text)
{
	int index = policy_ecu_index(self, target->ecu);
	const struct release_floor *floor;
	bool same_id;

	if (index < 0)
		return GATEWAY_CODE_OK; /* refused by others */
	floor = &self->ecus[index].floor;
	if (!floor->hardware_id[0] || strcmp(floor->hardware_id, hardware_id(&self->ecus[index], target)) ||
	    may_go_back(self, &self->ecus[index], component))
		return GATEWAY_CODE_OK;
	same_id = !strcmp(floor->manifest_id, manifest->id);
	if (component->release_counter < floor->counter) {
		snprintf(text, GATEWAY_TEXT_BYTES, "%.64s: release counter %llu is below %llu, which was installed",
			 target->ecu, (unsigned long long)component->release_counter,
			 (unsigned long long)floor->counter);
		return GATEWAY_CODE_ROLLBACK;
	}
	if (same_id && manifest->version < floor->manifest_version) {
		snprintf(text, GATEWAY_TEXT_BYTES,
			 "%.50s: version %llu of this manifest is below %llu, which was installed", target->ecu,
			 (unsigned long long)manifest->version, (unsigned long long)floor->manifest_version);
		return GATEWAY_CODE_ROLLBACK;
	}
	if (same_id && manifest->version == floor->manifest_version &&
	    memcmp(manifest->payload_sha256, floor->manifest_sha256, sizeof floor->manifest_sha256) != 0) {
		snprintf(text, GATEWAY_TEXT_BYTES,
			 "%.64s: version %llu of this manifest was installed with other content", target->ecu,
			 (unsigned long long)manifest->version);
		return GATEWAY_CODE_EQUAL_VERSION;
	}
	return GATEWAY_CODE_OK;
}

unsigned release_check_campaign(const struct gateway *self, const struct campaign *campaign, char *text)
{
	unsigned code = GATEWAY_CODE_OK;

	for (unsigned i = 0; i < campaign->n_targets && !code; i++) {
		const struct target *t = &campaign->targets[i];

		code = release_check(self, &t->doc, &campaign->manifest, &campaign->manifest.components[t->component],
				     text);
	}
	return code;
}

void release_committed(struct gateway *self, const struct campaign *campaign, const struct target *target)
{
	struct ecu_info *ecu = &self->ecus[target->ecu];
	struct release_floor *floor = &ecu->floor;
	uint64_t counter = campaign->manifest.components[target->component].release_counter;
	const char *hardware = hardware_id(ecu, &target->doc);

	if (strcmp(floor->hardware_id, hardware) != 0)
		floor->counter = 0; /* of other hardware */
	if (counter > floor->counter)
		floor->counter = counter;
	gateway_text(floor->hardware_id, sizeof floor->hardware_id, hardware);
	gateway_text(floor->manifest_id, sizeof floor->manifest_id, campaign->manifest.id);
	floor->manifest_version = campaign->manifest.version;
	memcpy(floor->manifest_sha256, campaign->manifest.payload_sha256, sizeof floor->manifest_sha256);
	self->dirty.ecus |= 1u << target->ecu;
}

void release_installed(struct gateway *self, const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];
		const struct component_doc *c = &campaign->manifest.components[t->component];
		struct installed *installed = &self->ecus[t->ecu].installed;

		if (t->state != TARGET_VERIFIED)
			continue;
		memset(installed, 0, sizeof *installed);
		self->dirty.ecus |= 1u << t->ecu;
		if (!campaign->has_manifest)
			continue; /* it was lost, and with it what the files are */
		installed->files[installed->n++] = campaign->doc.manifest;
		installed->files[installed->n++] = c->profile;
		for (unsigned k = 0; k < c->n_units && k < GATEWAY_MAX_UNITS; k++)
			installed->files[installed->n++] = c->units[k].image;
	}
}

static struct rxswin_doc *of_regulation(struct gateway *self, const char *regulation)
{
	for (unsigned i = 0; i < self->n_rxswin; i++) {
		if (!strcmp(self->rxswin[i].regulation, regulation))
			return &self->rxswin[i];
	}
	return self->n_rxswin < GATEWAY_MAX_RXSWIN ? &self->rxswin[self->n_rxswin++] : NULL;
}

void release_identified(struct gateway *self, struct campaign *campaign)
{
	memcpy(campaign->rxswin_before, self->rxswin, sizeof campaign->rxswin_before);
	campaign->n_rxswin_before = self->n_rxswin;
	for (unsigned i = 0; campaign->has_manifest && i < campaign->manifest.n_rxswin; i++) {
		const struct rxswin_doc *rxswin = &campaign->manifest.rxswin[i];
		struct rxswin_doc *to = of_regulation(self, rxswin->regulation);

		if (!to) {
			gateway_log(self, GATEWAY_LOG_ERROR, GATEWAY_NONE, GATEWAY_NONE, GATEWAY_CODE_INVALID,
				    "more software identification numbers than the gateway holds");
			continue;
		}
		*to = *rxswin;
		self->dirty.rxswin = true;
		self->register_txn = self->txn_next;
	}
}
