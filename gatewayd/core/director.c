/* director - see director.h. */
#include "gatewayd/core/director.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/policy.h"

void director_refused(struct gateway *self, uint64_t now_us, unsigned code, const char *text)
{
	const char *words = text && text[0] ? text : gateway_code_words(code);

	gateway_send_error(self, code, words);
	if (self->refused_code == code && !strncmp(self->refused_text, words, sizeof self->refused_text - 1))
		return; /* the backend sends it anew in each session */
	self->refused_code = code;
	gateway_text(self->refused_text, sizeof self->refused_text, words);
	gateway_log_event(self, GATEWAY_EVENT_DOCUMENT_REFUSED, GATEWAY_LOG_ERROR, GATEWAY_NONE, GATEWAY_NONE, code,
			  self->refused_text);
	gateway_report_vehicle(self, now_us, code, self->refused_text);
}

static const struct campaign_doc *find(const struct director_doc *doc, const char *id)
{
	for (unsigned i = 0; i < doc->n_campaigns; i++) {
		if (!strcmp(doc->campaigns[i].id, id))
			return &doc->campaigns[i];
	}
	return NULL;
}

/* a slot whose deletion is not stored yet would lose it if it were used again */
static int free_slot(const struct gateway *self)
{
	for (int i = 0; i < (int)GATEWAY_MAX_CAMPAIGNS; i++) {
		if (self->campaigns[i].state == CAMPAIGN_NONE && gateway_durable(self, self->campaigns[i].hold_txn))
			return i;
	}
	return -1;
}

static unsigned count_free(const struct gateway *self)
{
	unsigned n = 0;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		n += self->campaigns[i].state == CAMPAIGN_NONE && gateway_durable(self, self->campaigns[i].hold_txn);
	return n;
}

static unsigned check_version(const struct gateway *self, const struct director_doc *doc, const uint8_t sha256[32])
{
	static const uint8_t unknown[32]; /* it was lost with the document */

	if (doc->version < self->director_version)
		return GATEWAY_CODE_ROLLBACK;
	if (doc->version == self->director_version && memcmp(sha256, self->director_sha256, 32) &&
	    memcmp(unknown, self->director_sha256, 32))
		return GATEWAY_CODE_EQUAL_VERSION;
	return GATEWAY_CODE_OK;
}

/* Return: how many of the document are not held */
static unsigned count_new(const struct gateway *self, const struct director_doc *doc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < doc->n_campaigns; i++)
		n += gateway_campaign_index(self, doc->campaigns[i].id) < 0;
	return n;
}

static void revoke_vanished(struct gateway *self, uint64_t now_us, const struct director_doc *doc)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		struct campaign *c = &self->campaigns[i];

		if (c->state == CAMPAIGN_NONE || find(doc, c->doc.id))
			continue;
		c->vanished = true;
		campaign_revoked(self, i, now_us);
	}
}

static bool leaves_erased(const struct gateway *self, const struct campaign_doc *doc)
{
	for (unsigned i = 0; i < doc->n_targets; i++) {
		int ecu = policy_ecu_index(self, doc->targets[i].ecu);

		if (ecu >= 0 && self->ecus[ecu].erased)
			return true;
	}
	return false;
}

/*
 * A campaign of the version held that we do not hold was lost with its stored document. Where it left an ECU without
 * software, it is begun anew, and the document is stored again; the others wait for the next version.
 */
static void take_up_lost(struct gateway *self, uint64_t now_us, const struct director_doc *doc,
			 const uint8_t sha256[32])
{
	for (unsigned i = 0; i < doc->n_campaigns; i++) {
		const struct campaign_doc *offer = &doc->campaigns[i];
		int index = free_slot(self);

		if (gateway_campaign_index(self, offer->id) >= 0 || !leaves_erased(self, offer) || index < 0)
			continue;
		memcpy(self->director_sha256, sha256, 32);
		self->dirty.director = true;
		self->added |= 1u << index;
		campaign_offered(self, (uint8_t)index, now_us, offer, doc->version);
		gateway_log(self, GATEWAY_LOG_WARNING, (uint8_t)index, GATEWAY_NONE, GATEWAY_CODE_OK,
			    "it was lost and has left an ECU erased: begun anew");
	}
}

void director_input(struct gateway *self, uint64_t now_us, const struct director_doc *doc, const uint8_t sha256[32])
{
	unsigned code = check_version(self, doc, sha256);

	if (code || doc->n_campaigns > GATEWAY_MAX_CAMPAIGNS) {
		director_refused(self, now_us, code ? code : GATEWAY_CODE_TOO_MANY_CAMPAIGNS, NULL);
		return;
	}
	if (doc->version == self->director_version) {
		/* known already, but after a restart not yet which may be forgotten */
		take_up_lost(self, now_us, doc, sha256);
		for (unsigned i = 0; i < doc->n_campaigns; i++) {
			int index = gateway_campaign_index(self, doc->campaigns[i].id);

			/* new terms that came while it was touched, and it is no more */
			if (index >= 0 && self->campaigns[index].director_version < doc->version)
				campaign_listed(self, (uint8_t)index, now_us, &doc->campaigns[i], doc->version);
		}
		revoke_vanished(self, now_us, doc);
		return;
	}
	if (count_new(self, doc) > count_free(self)) {
		/* what it takes away counts at once; the rest when reports of old campaigns are recorded */
		revoke_vanished(self, now_us, doc);
		self->slots_wanted = (uint8_t)count_new(self, doc);
		director_refused(self, now_us, GATEWAY_CODE_TOO_MANY_CAMPAIGNS, NULL);
		return;
	}
	self->refused_code = GATEWAY_CODE_OK;
	self->slots_wanted = 0;
	self->director_version = doc->version;
	self->rows_lost = false;
	memcpy(self->director_sha256, sha256, 32);
	self->dirty.director = true;
	self->changed_manager = true;
	for (unsigned i = 0; i < doc->n_campaigns; i++) {
		const struct campaign_doc *offer = &doc->campaigns[i];
		int index = gateway_campaign_index(self, offer->id);

		if (index >= 0) {
			campaign_listed(self, (uint8_t)index, now_us, offer, doc->version);
			continue;
		}
		index = free_slot(self);
		if (index < 0)
			return; /* counted above: only a document that names one id twice could come here, and does not
				 */
		self->added |= 1u << index;
		campaign_offered(self, (uint8_t)index, now_us, offer, doc->version);
	}
	revoke_vanished(self, now_us, doc);
}

bool director_fits_now(struct gateway *self)
{
	if (!self->slots_wanted || count_free(self) < self->slots_wanted)
		return false;
	self->slots_wanted = 0;
	return true;
}

void director_free_slot(struct gateway *self, uint8_t index)
{
	struct campaign *c = &self->campaigns[index];
	char id[GATEWAY_NAME_BYTES];

	if (c->state == CAMPAIGN_NONE || !campaign_final(c) || !c->vanished)
		return;
	if (report_queue_find(&self->reports, c->last_report) || !gateway_durable(self, c->hold_txn))
		return;
	if (c->release_due)
		return; /* popped before the name is forgotten */
	memcpy(id, c->doc.id, sizeof id);
	memset(c, 0, sizeof *c);
	memcpy(c->doc.id, id, sizeof id); /* names the row to delete */
	gateway_mark_campaign(self, index);
	self->changed_manager = true;
}
