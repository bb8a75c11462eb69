/*
 * gateway_restore - what the database held when the daemon starts, and how it goes on from there.
 *
 * Restored is what was durable; what was on its way (a download, a flash, an identification) is asked for anew.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/policy.h"

void gateway_restore_time(struct gateway *self, uint64_t floor_unix_s)
{
	if (floor_unix_s > self->time_floor_unix_s)
		self->time_floor_unix_s = floor_unix_s;
}

void gateway_restore_power(struct gateway *self, const struct power_used *used)
{
	power_restore(&self->power, used);
}

void gateway_restore_parking(struct gateway *self, const struct parking *parking)
{
	self->parking = *parking;
}

void gateway_restore_modes(struct gateway *self, const struct mode_table *modes)
{
	self->modes = *modes;
}

void gateway_restore_ecu(struct gateway *self, const struct ecu_info *ecu)
{
	int index = policy_ecu_index(self, ecu->name);

	if (index < 0)
		return; /* the configuration names it no more */
	self->ecus[index].identity = ecu->identity;
	self->ecus[index].known = ecu->known;
	self->ecus[index].erased = ecu->erased;
	self->ecus[index].rate_permille = ecu->rate_permille;
	self->ecus[index].floor = ecu->floor;
	self->ecus[index].installed = ecu->installed;
}

void gateway_restore_director(struct gateway *self, uint64_t version, const uint8_t sha256[32])
{
	self->director_version = version;
	memcpy(self->director_sha256, sha256, 32);
}

void gateway_restore_campaign(struct gateway *self, const struct campaign *campaign)
{
	struct campaign *c = NULL;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS && !c; i++) {
		if (self->campaigns[i].state == CAMPAIGN_NONE)
			c = &self->campaigns[i];
	}
	if (!c || campaign->state == CAMPAIGN_NONE)
		return; /* there were never more rows than slots */
	*c = *campaign;
	c->bytes_held = 0;
	c->retry_us = 0;
	c->notice_until_us = 0;
	c->notice_anew = false;
	c->notice_resume_us = 0;
	c->run_ended_us = 0;
	c->unheard = false;
	c->wake_until_us = c->wake_heard_us = 0;
	c->wake_again_us = 0;
	c->prepared = false;
	c->fetching = false;
	c->work = CAMPAIGN_WORK_NONE;
	c->work_asked = false;
	c->manifest_held = false;
	c->space_known = false;
	c->files_held = false;
	c->file_next = 0;
	c->file_base = 0;
	c->file_failures = 0;
	c->progress_us = 0;
	c->vanished = false;
	campaign_window_changed(c);
	c->forecast_us = 0;
	c->wanted_now = false;
	c->answer_due = false;
	c->release_due = false;
	c->flash_due = false;
	c->stop_asked = false;
	c->stopped = 0;
	c->power_asked = 0;
	c->read_back = false;
	c->last_report = 0;
	c->hold_txn = 0;
	c->mode_wrong = false;
	c->told_code = GATEWAY_CODE_OK; /* its reason is told once more */
	c->told_text[0] = 0;
	c->told_us = c->tell_us = 0;
	for (unsigned i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		t->bytes_done = 0;
		t->flash_started_us = 0;
		t->running = false;
		t->answered = false;
		t->intent_txn = 0;
		t->progress_us = 0;
	}
}

void gateway_restore_rxswin(struct gateway *self, const struct rxswin_doc *rxswin)
{
	if (self->n_rxswin < GATEWAY_MAX_RXSWIN)
		self->rxswin[self->n_rxswin++] = *rxswin;
}

void gateway_restore_lost(struct gateway *self, const char *campaign_id, unsigned code, const char *text)
{
	self->rows_lost = true;
	if (self->n_lost >= GATEWAY_MAX_CAMPAIGNS)
		return; /* there were never more rows than slots */
	self->lost[self->n_lost].code = code;
	snprintf(self->lost[self->n_lost++].text, GATEWAY_TEXT_BYTES, "campaign %.64s cannot be restored: %.65s",
		 campaign_id, text && text[0] ? text : gateway_code_words(code));
}

void gateway_restore_report(struct gateway *self, const struct report *report)
{
	int index = gateway_campaign_index(self, report->campaign_id);

	report_queue_restore(&self->reports, report);
	if (index >= 0)
		self->campaigns[index].last_report = report->sequence;
}

void gateway_restore_report_rxswin(struct gateway *self, uint64_t sequence, bool after, const struct rxswin_doc *rxswin)
{
	report_queue_add_rxswin(&self->reports, sequence, after, rxswin);
}

void gateway_restore_reports_end(struct gateway *self, uint64_t next_sequence)
{
	if (next_sequence > self->reports.next_sequence)
		self->reports.next_sequence = next_sequence;
}

void gateway_resume(struct gateway *self, uint64_t now_us)
{
	assert(!self->restored); /* started twice */
	self->restored = true;
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		campaign_resumed(self, i, now_us);
	for (; self->n_lost; self->n_lost--) {
		const char *text = self->lost[self->n_lost - 1].text;
		unsigned code = self->lost[self->n_lost - 1].code;

		gateway_log(self, GATEWAY_LOG_ERROR, GATEWAY_NONE, GATEWAY_NONE, code, text);
		gateway_report_vehicle(self, now_us, code, text);
	}
}
