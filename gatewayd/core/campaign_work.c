/*
 * campaign_work - what a campaign asks of the driver before it can be installed, one thing at a time: its manifest, the
 * free space, its files one after the other, and that they are decoded.
 */
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/duration.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/install_pause.h"

#define BLOB_FAILURES_MAX 3u /* of one file with a wrong digest or length, before the campaign fails */

/* places of one target in the list of files: profile, units, rollback image */
#define PLACES (GATEWAY_MAX_UNITS + 2u)

const struct file_ref *campaign_work_file(const struct campaign *campaign, uint16_t place)
{
	const struct target *t;
	const struct component_doc *component;
	unsigned k = place % PLACES;

	if (place / PLACES >= campaign->n_targets)
		return NULL;
	t = &campaign->targets[place / PLACES];
	component = &campaign->manifest.components[t->component];
	if (k == 0)
		return &component->profile;
	if (k <= GATEWAY_MAX_UNITS)
		return &component->units[k - 1].image;
	return &t->doc.rollback;
}

static bool present(const struct campaign *campaign, uint16_t place)
{
	const struct target *t = &campaign->targets[place / PLACES];
	unsigned k = place % PLACES;

	if (k >= 1 && k <= GATEWAY_MAX_UNITS && k > campaign->manifest.components[t->component].n_units)
		return false;
	return campaign_work_file(campaign, place)->length != 0;
}

static bool repeated(const struct campaign *campaign, uint16_t place)
{
	const struct file_ref *file = campaign_work_file(campaign, place);

	for (uint16_t i = 0; file && i < place; i++) {
		const struct file_ref *earlier = campaign_work_file(campaign, i);

		if (earlier && present(campaign, i) && !memcmp(earlier->sha256, file->sha256, sizeof file->sha256))
			return true;
	}
	return false;
}

const struct file_ref *campaign_work_next_file(const struct campaign *campaign, uint16_t *place)
{
	for (; *place / PLACES < campaign->n_targets; ++*place) {
		if (present(campaign, *place) && !repeated(campaign, *place))
			return campaign_work_file(campaign, *place);
	}
	return NULL;
}

bool campaign_file(const struct campaign *campaign, size_t index, struct file_ref *file)
{
	uint16_t place = 0;
	const struct file_ref *found = campaign_work_next_file(campaign, &place);

	for (; found && index; index--) {
		place++;
		found = campaign_work_next_file(campaign, &place);
	}
	if (found)
		*file = *found;
	return found != NULL;
}

static bool campaign_needs(const struct campaign *campaign, const uint8_t sha256[32])
{
	struct file_ref file;

	if (campaign->state == CAMPAIGN_NONE || campaign_final(campaign))
		return false;
	/* which files it needs is not known: any of them may be an erased ECU's */
	if (!campaign->has_manifest && campaign->state != CAMPAIGN_OFFERED)
		return true;
	if (!memcmp(campaign->doc.manifest.sha256, sha256, 32))
		return true;
	for (size_t i = 0; campaign_file(campaign, i, &file); i++) {
		if (!memcmp(file.sha256, sha256, 32))
			return true;
	}
	return false;
}

bool gateway_needs_file(const struct gateway *self, const uint8_t sha256[32])
{
	if (self->rows_lost)
		return true;
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (campaign_needs(&self->campaigns[i], sha256))
			return true;
	}
	for (unsigned i = 0; i < self->config.n_ecus; i++) {
		const struct installed *installed = &self->ecus[i].installed;

		for (unsigned k = 0; k < installed->n; k++) {
			if (!memcmp(installed->files[k].sha256, sha256, 32))
				return true;
		}
	}
	return false;
}

uint64_t campaign_work_bytes(const struct campaign *campaign)
{
	uint64_t bytes = 0;
	uint16_t place = 0;
	const struct file_ref *file;

	while ((file = campaign_work_next_file(campaign, &place))) {
		bytes += file->length;
		place++;
	}
	return bytes;
}

static enum campaign_work next_work(const struct campaign *c)
{
	if (!c->has_manifest)
		return c->manifest_held ? CAMPAIGN_WORK_OPEN_MANIFEST : CAMPAIGN_WORK_FETCH_MANIFEST;
	if (!c->files_held)
		return c->space_known ? CAMPAIGN_WORK_FETCH : CAMPAIGN_WORK_SPACE;
	return c->prepared ? CAMPAIGN_WORK_NONE : CAMPAIGN_WORK_PREPARE;
}

/* one file at a time comes over the link: a more urgent campaign takes it over, and what was held of the other's file
 * stays. Return: whether it is free for this one */
static bool take_link(struct gateway *self, uint8_t index)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (!self->campaigns[i].fetching)
			continue;
		if (!install_order_more_urgent(self, index, i))
			return false;
		campaign_work_drop(self, i);
		gateway_log(self, GATEWAY_LOG_INFO, i, GATEWAY_NONE, GATEWAY_CODE_OK,
			    "its download gives way to a more urgent campaign's");
	}
	return true;
}

bool campaign_work(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	enum campaign_work work = next_work(c);
	bool fetch;

	if (c->work == CAMPAIGN_WORK_NONE && work == CAMPAIGN_WORK_FETCH &&
	    !campaign_work_next_file(c, &c->file_next)) {
		c->files_held = true; /* the last one came */
		work = next_work(c);
	}
	fetch = work == CAMPAIGN_WORK_FETCH || work == CAMPAIGN_WORK_FETCH_MANIFEST;
	if (c->work != CAMPAIGN_WORK_NONE || work == CAMPAIGN_WORK_NONE || now_us < c->retry_us || self->stop_wanted)
		return false;
	if (fetch && (self->session.state != SESSION_UP || !take_link(self, index)))
		return false;
	c->work = work;
	c->work_asked = false;
	c->fetching = fetch;
	return true;
}

void campaign_work_drop(struct gateway *self, uint8_t index)
{
	struct campaign *c = &self->campaigns[index];

	if (c->fetching && c->work_asked)
		self->cancel_fetch_due = true;
	c->fetching = false;
	c->work = CAMPAIGN_WORK_NONE;
}

void campaign_session_lost(struct gateway *self, uint8_t index)
{
	if (self->campaigns[index].fetching)
		campaign_work_drop(self, index);
}

void campaign_trouble(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text)
{
	struct campaign *c = &self->campaigns[index];

	c->retry_us = now_us + install_pause_us(self, c);
	campaign_enter(self, index, now_us, c->state, code, text);
	command_tell_trouble(self, index, now_us);
}

void campaign_space(struct gateway *self, uint8_t index, uint64_t now_us, bool enough, const char *text)
{
	struct campaign *c = &self->campaigns[index];

	if (c->work != CAMPAIGN_WORK_SPACE)
		return;
	c->work = CAMPAIGN_WORK_NONE;
	if (enough) {
		c->space_known = true;
		campaign_enter(self, index, now_us, c->state, GATEWAY_CODE_OK, NULL);
		return;
	}
	campaign_trouble(self, index, now_us, GATEWAY_CODE_NO_SPACE, text);
}

void campaign_blob_progress(struct gateway *self, uint8_t index, uint64_t now_us, uint64_t bytes_held)
{
	struct campaign *c = &self->campaigns[index];

	if (c->work != CAMPAIGN_WORK_FETCH)
		return;
	c->bytes_held = c->file_base + bytes_held;
	if (c->progress_us && now_us < c->progress_us + GATEWAY_PROGRESS_US)
		return;
	c->progress_us = now_us;
	self->changed |= 1u << index;
}

static void blob_failed(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text)
{
	struct campaign *c = &self->campaigns[index];

	if (code == GATEWAY_CODE_DIGEST_MISMATCH || code == GATEWAY_CODE_LENGTH_MISMATCH)
		c->file_failures++;
	/* an ECU without software waits for its file as long as it takes */
	if (c->file_failures >= BLOB_FAILURES_MAX && !campaign_touched(c)) {
		campaign_enter(self, index, now_us, CAMPAIGN_FAILED, code, text);
		return;
	}
	c->space_known = code == GATEWAY_CODE_NO_SPACE ? false : c->space_known;
	campaign_trouble(self, index, now_us, code, text);
}

void campaign_blob(struct gateway *self, uint8_t index, uint64_t now_us, const uint8_t sha256[32], unsigned code,
		   const char *text)
{
	struct campaign *c = &self->campaigns[index];
	const struct file_ref *file = c->work == CAMPAIGN_WORK_FETCH_MANIFEST ? &c->doc.manifest
				      : c->work == CAMPAIGN_WORK_FETCH        ? campaign_work_file(c, c->file_next)
									      : NULL;

	/* not the file it waits for: an answer to a question that was dropped */
	if (!file || memcmp(file->sha256, sha256, sizeof file->sha256))
		return;
	c->fetching = false;
	if (code) {
		c->work = CAMPAIGN_WORK_NONE;
		blob_failed(self, index, now_us, code, text);
		return;
	}
	c->file_failures = 0;
	if (c->work == CAMPAIGN_WORK_FETCH_MANIFEST) {
		c->manifest_held = true;
	} else {
		c->file_base += file->length;
		c->bytes_held = c->file_base;
		c->file_next++;
		self->changed |= 1u << index;
	}
	c->work = CAMPAIGN_WORK_NONE;
	campaign_enter(self, index, now_us, c->state, GATEWAY_CODE_OK, NULL);
}

/* files that were held are not there or not what they were: fetch them again */
static bool files_missing(unsigned code)
{
	return code == GATEWAY_CODE_DIGEST_MISMATCH || code == GATEWAY_CODE_LENGTH_MISMATCH ||
	       code == GATEWAY_CODE_BLOB_UNAVAILABLE;
}

void campaign_prepared(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text,
		       const uint64_t *estimate_ms, const uint64_t *bytes_total, const enum profile_supply *supply)
{
	struct campaign *c = &self->campaigns[index];

	if (c->work != CAMPAIGN_WORK_PREPARE)
		return;
	c->work = CAMPAIGN_WORK_NONE;
	if (!code) {
		c->prepared = true;
		for (unsigned i = 0; i < c->n_targets; i++) {
			c->targets[i].plain_estimate_ms = estimate_ms ? estimate_ms[i] : 0;
			if (c->targets[i].state != TARGET_VERIFIED) /* whose flash was expected to take what it was */
				c->targets[i].estimate_ms = duration_expected_ms(
				    c->targets[i].plain_estimate_ms, self->ecus[c->targets[i].ecu].rate_permille);
			c->targets[i].bytes_total = bytes_total ? bytes_total[i] : c->targets[i].bytes_total;
			c->targets[i].supply = supply ? supply[i] : PROFILE_SUPPLY_KL30;
			self->changed_ecus |= 1u << c->targets[i].ecu;
		}
		campaign_window_changed(c);
		if (c->state == CAMPAIGN_DOWNLOADING)
			campaign_enter(self, index, now_us, CAMPAIGN_READY, GATEWAY_CODE_OK, NULL);
		return;
	}
	if (files_missing(code)) {
		c->files_held = c->space_known = false;
		c->has_manifest = c->manifest_held = false; /* it may be the one that is damaged */
		c->file_next = 0;
		c->file_base = 0;
		if (!campaign_touched(c) && c->state != CAMPAIGN_DOWNLOADING)
			campaign_enter(self, index, now_us, CAMPAIGN_DOWNLOADING, code, text);
	} else if (code != GATEWAY_CODE_IO_ERROR && code != GATEWAY_CODE_NO_MEMORY && !campaign_touched(c)) {
		campaign_enter(self, index, now_us, CAMPAIGN_FAILED, code, text);
		return;
	}
	campaign_trouble(self, index, now_us, code, text);
}
