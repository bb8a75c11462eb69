/*
 * gateway - the doors of the composed core: each hands its input to the part it concerns, then gateway_settle() lets
 * everything that follows from it happen and finds the next deadline.
 */
#include "gatewayd/core/gateway.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/director.h"
#include "gatewayd/core/forecast.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install.h"
#include "gatewayd/core/install_pause.h"
#include "gatewayd/core/inventory.h"
#include "gatewayd/core/window.h"

void gateway_init(struct gateway *self, const struct gateway_config *config)
{
	memset(self, 0, sizeof *self);
	self->config = *config;
	if (self->config.n_ecus > GATEWAY_MAX_ECUS)
		self->config.n_ecus = GATEWAY_MAX_ECUS;
	if (!self->config.max_attempts)
		self->config.max_attempts = 1;
	session_init(&self->session, &config->session);
	if (!config->zone.known)
		zone_utc(&self->config.zone);
	parking_init(&self->parking);
	vehicle_init(&self->vehicle, &config->vehicle);
	power_init(&self->power, &config->power);
	report_queue_init(&self->reports);
	inquiry_init(&self->inquiry, config->poll_s, config->random);
	for (unsigned i = 0; i < self->config.n_ecus; i++) {
		gateway_text(self->ecus[i].name, sizeof self->ecus[i].name, config->ecus[i].name);
		gateway_text(self->ecus[i].bus, sizeof self->ecus[i].bus, config->ecus[i].bus);
	}
	self->time_floor_unix_s = config->build_unix_s;
	self->txn_next = 1;
	self->identify_us = GATEWAY_NEVER;
	self->deadline_us = GATEWAY_NEVER;
}

uint64_t gateway_unix_ms(const struct gateway *self, uint64_t now_us)
{
	if (!self->time_trusted || now_us < self->time_at_us)
		return 0;
	return self->time_unix_ms + (now_us - self->time_at_us) / 1000;
}

const struct report *gateway_report(const struct gateway *self, uint64_t sequence)
{
	return report_queue_find(&self->reports, sequence);
}

const struct report_rxswin *gateway_report_rxswin(const struct gateway *self, uint64_t sequence)
{
	return report_queue_rxswin(&self->reports, sequence);
}

int gateway_campaign_index(const struct gateway *self, const char *id)
{
	for (int i = 0; i < (int)GATEWAY_MAX_CAMPAIGNS; i++) {
		if (self->campaigns[i].state != CAMPAIGN_NONE && !strcmp(self->campaigns[i].doc.id, id))
			return i;
	}
	return -1;
}

void gateway_start(struct gateway *self, uint64_t now_us)
{
	gateway_resume(self, now_us);
	vehicle_listen(&self->vehicle, now_us);
	self->identify_again = true;
	session_start(&self->session, now_us);
	gateway_settle(self, now_us);
}

/* --- the backend */

void gateway_connected(struct gateway *self, uint64_t now_us)
{
	session_connected(&self->session, now_us);
	gateway_settle(self, now_us);
}

void gateway_disconnected(struct gateway *self, uint64_t now_us, unsigned code, const char *text, uint32_t random)
{
	bool was_ours = self->session.state == SESSION_DOWN; /* told when we gave it up */

	session_disconnected(&self->session, now_us, random);
	gateway_session_went_down(self);
	if (!was_ours)
		gateway_tell_offline(self, code ? code : GATEWAY_CODE_UNREACHABLE, text);
	self->changed_manager = true;
	gateway_settle(self, now_us);
}

/*
 * A signed time is as old as the wait for it, which the network may draw out: only what lies behind the floor by more
 * than that, and by more than clocks that are right differ, says that one of the two clocks was wrong.
 */
static bool lies_behind(const struct gateway *self, uint64_t now_us, uint64_t unix_ms)
{
	const uint64_t age_s = (now_us - self->session.asked_us) / 1000000;

	return unix_ms / 1000 + age_s + GATEWAY_CLOCKS_DIFFER_S < self->time_floor_unix_s;
}

/*
 * Whose clock is wrong nobody can tell: the backend's, or ours, which an earlier signed time set ahead. The floor
 * stays, since no backend may bring back a time that was; without our clock it stands still, and true time reaches it.
 */
static void distrust(struct gateway *self, uint64_t unix_ms, char *text, size_t n)
{
	const uint64_t behind_s = self->time_floor_unix_s - unix_ms / 1000;

	self->time_trusted = false;
	snprintf(
	    text, n,
	    "signed time refused: it is %llu d %02llu h %02llu min %02llu s before the last trusted time or the "
	    "build; no window opens until it has caught up, or the stored time is removed: gatewayd(8), TRUSTED TIME",
	    (unsigned long long)(behind_s / 86400), (unsigned long long)(behind_s / 3600 % 24),
	    (unsigned long long)(behind_s / 60 % 60), (unsigned long long)(behind_s % 60));
}

void gateway_time(struct gateway *self, uint64_t now_us, uint64_t unix_ms, unsigned code)
{
	session_heard(&self->session, now_us);
	if (self->session.state != SESSION_TIME) {
		gateway_settle(self, now_us);
		return;
	}
	if (code || lies_behind(self, now_us, unix_ms)) {
		char text[GATEWAY_TEXT_BYTES];

		if (code)
			snprintf(text, sizeof text, "signed time refused: %.100s", gateway_code_words(code));
		else
			distrust(self, unix_ms, text, sizeof text);
		gateway_log(self, GATEWAY_LOG_ERROR, GATEWAY_NONE, GATEWAY_NONE,
			    code ? code : GATEWAY_CODE_TIME_REFUSED, text);
		session_time(&self->session, now_us, false);
		gateway_settle(self, now_us);
		return;
	}
	self->time_trusted = true;
	self->time_unix_ms = unix_ms;
	if (unix_ms / 1000 < self->time_floor_unix_s)
		self->time_unix_ms = self->time_floor_unix_s * 1000; /* time never runs back behind it */
	self->time_at_us = now_us;
	gateway_raise_floor(self, now_us);
	session_time(&self->session, now_us, true);
	gateway_settle(self, now_us);
}

/* a table that says nothing leaves the last one in force */
static void take_modes(struct gateway *self, uint64_t now_us, const struct mode_table *modes)
{
	if (!modes || !modes->n || mode_table_equal(modes, &self->modes))
		return;
	self->modes = *modes;
	self->dirty.modes = true;
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		campaign_modes(self, i, now_us);
}

void gateway_register_result(struct gateway *self, uint64_t now_us, const struct gateway_registration *result)
{
	session_heard(&self->session, now_us);
	if (self->session.state != SESSION_REGISTERING && self->session.state != SESSION_UP) {
		gateway_settle(self, now_us);
		return;
	}
	if (result->accepted) {
		take_modes(self, now_us, result->modes);
		inquiry_registered(self, now_us, result->knows_modes, result->poll_s);
	} else {
		gateway_tell_offline(self, GATEWAY_CODE_REFUSED, result->reason);
	}
	session_registered(&self->session, now_us, result->accepted, result->heartbeat_s);
	gateway_settle(self, now_us);
}

void gateway_heartbeat(struct gateway *self, uint64_t now_us, uint64_t counter)
{
	(void)counter; /* that it came is what counts: TLS lets nobody repeat an old one */
	session_heard(&self->session, now_us);
	gateway_settle(self, now_us);
}

void gateway_director(struct gateway *self, uint64_t now_us, const struct director_doc *doc, const uint8_t sha256[32])
{
	session_heard(&self->session, now_us);
	if (self->session.state == SESSION_UP) {
		inquiry_answered(self, now_us, 0);
		director_input(self, now_us, doc, sha256);
	}
	gateway_settle(self, now_us);
}

void gateway_document_refused(struct gateway *self, uint64_t now_us, unsigned code, const char *text)
{
	session_heard(&self->session, now_us);
	inquiry_answered(self, now_us, 0);
	director_refused(self, now_us, code, text);
	gateway_settle(self, now_us);
}

void gateway_confirm(struct gateway *self, uint64_t now_us, const char *campaign_id, uint64_t director_version,
		     uint64_t start_unix_s)
{
	int index = gateway_campaign_index(self, campaign_id);

	session_heard(&self->session, now_us);
	if (index < 0)
		gateway_send_error(self, GATEWAY_CODE_NO_SUCH_CAMPAIGN, NULL);
	else
		campaign_confirmed(self, (uint8_t)index, director_version, start_unix_s);
	gateway_settle(self, now_us);
}

void gateway_check_result(struct gateway *self, uint64_t now_us, uint32_t poll_s)
{
	session_heard(&self->session, now_us);
	inquiry_answered(self, now_us, poll_s);
	gateway_settle(self, now_us);
}

void gateway_notice(struct gateway *self, uint64_t now_us, const char *campaign_id, enum urgency urgency,
		    uint64_t director_version)
{
	session_heard(&self->session, now_us);
	if (self->session.state == SESSION_UP)
		command_notice(self, now_us, campaign_id, urgency, director_version);
	gateway_settle(self, now_us);
}

void gateway_trigger(struct gateway *self, uint64_t now_us, const char *campaign_id, uint64_t director_version)
{
	int index = gateway_campaign_index(self, campaign_id);

	session_heard(&self->session, now_us);
	if (index < 0)
		gateway_send_error(self, GATEWAY_CODE_NO_SUCH_CAMPAIGN, "a trigger of a campaign that is not held");
	else
		command_trigger(self, (uint8_t)index, now_us, director_version);
	gateway_settle(self, now_us);
}

void gateway_report_ack(struct gateway *self, uint64_t now_us, uint64_t sequence)
{
	session_heard(&self->session, now_us);
	if (report_queue_ack(&self->reports, sequence)) {
		self->dirty.report_acked = sequence;
		self->changed_manager = true;
	}
	gateway_settle(self, now_us);
}

/* --- results of outputs */

void gateway_stored(struct gateway *self, uint64_t now_us, uint64_t txn)
{
	if (txn > self->txn_durable && txn < self->txn_next)
		self->txn_durable = txn;
	while (self->reports_txn[0] && gateway_durable(self, self->reports_txn[0])) {
		report_queue_stored(&self->reports, self->reports_upto[0]);
		self->reports_txn[0] = self->reports_txn[1];
		self->reports_upto[0] = self->reports_upto[1];
		self->reports_txn[1] = 0;
	}
	if (self->register_txn && gateway_durable(self, self->register_txn)) {
		self->register_txn = 0;
		session_register_again(&self->session);
	}
	gateway_settle(self, now_us);
}

void gateway_space(struct gateway *self, uint64_t now_us, uint8_t campaign, bool enough, const char *text)
{
	if (campaign < GATEWAY_MAX_CAMPAIGNS)
		campaign_space(self, campaign, now_us, enough, text);
	gateway_settle(self, now_us);
}

void gateway_blob_progress(struct gateway *self, uint64_t now_us, uint8_t campaign, uint64_t bytes_held)
{
	session_heard(&self->session, now_us);
	if (campaign < GATEWAY_MAX_CAMPAIGNS)
		campaign_blob_progress(self, campaign, now_us, bytes_held);
	gateway_settle(self, now_us);
}

void gateway_blob(struct gateway *self, uint64_t now_us, uint8_t campaign, const uint8_t sha256[32], unsigned code,
		  const char *text)
{
	if (campaign < GATEWAY_MAX_CAMPAIGNS)
		campaign_blob(self, campaign, now_us, sha256, code, text);
	gateway_settle(self, now_us);
}

void gateway_manifest(struct gateway *self, uint64_t now_us, uint8_t campaign, const struct manifest_doc *manifest,
		      unsigned code, const char *text)
{
	if (campaign < GATEWAY_MAX_CAMPAIGNS)
		campaign_manifest_opened(self, campaign, now_us, manifest, code, text);
	gateway_settle(self, now_us);
}

void gateway_prepared(struct gateway *self, uint64_t now_us, uint8_t campaign, unsigned code, const char *text,
		      const uint64_t *estimate_ms, const uint64_t *bytes_total, const enum profile_supply *supply)
{
	if (campaign < GATEWAY_MAX_CAMPAIGNS)
		campaign_prepared(self, campaign, now_us, code, text, estimate_ms, bytes_total, supply);
	gateway_settle(self, now_us);
}

void gateway_foreign_tester(struct gateway *self, uint64_t now_us, const char *bus)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (self->campaigns[i].state == CAMPAIGN_WAITING)
			install_pause_foreign_tester(self, i, now_us, bus);
}

/* the flasher speaks of a target that was handed to it and is not yet back */
static bool is_running(const struct gateway *self, uint8_t campaign, uint8_t target)
{
	return campaign < GATEWAY_MAX_CAMPAIGNS && target < self->campaigns[campaign].n_targets &&
	       self->campaigns[campaign].targets[target].running;
}

void gateway_flash_step(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target,
			enum flash_step_kind step, uint8_t step_index, uint8_t unit)
{
	if (is_running(self, campaign, target))
		install_step(self, campaign, target, now_us, step, step_index, unit);
	gateway_settle(self, now_us);
}

void gateway_flash_progress(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target,
			    uint64_t bytes_done, uint64_t bytes_total)
{
	if (is_running(self, campaign, target))
		install_progress(self, campaign, target, now_us, bytes_done, bytes_total);
	gateway_settle(self, now_us);
}

void gateway_flash_intent(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target, uint8_t step_index,
			  uint8_t unit)
{
	if (is_running(self, campaign, target))
		install_intent(self, campaign, target, now_us, step_index, unit);
	else
		self->stop_flash_due = self->flashing; /* of a campaign that was offered anew meanwhile */
	gateway_settle(self, now_us);
}

void gateway_flash_result(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target,
			  const struct flash_result *result)
{
	if (is_running(self, campaign, target)) {
		if (result->code == FLASH_WRONG_HARDWARE || result->code == FLASH_WRONG_SERIAL)
			inventory_found(self, now_us, campaign, self->campaigns[campaign].targets[target].ecu,
					&result->before);
		install_result(self, campaign, target, now_us, result);
	}
	gateway_settle(self, now_us);
}

void gateway_flash_finished(struct gateway *self, uint64_t now_us, uint8_t campaign, unsigned code)
{
	if (campaign < GATEWAY_MAX_CAMPAIGNS && self->flashing)
		install_finished(self, campaign, now_us, code);
	gateway_settle(self, now_us);
}

/* --- the vehicle and its people */

void gateway_signal(struct gateway *self, uint64_t now_us, enum vehicle_signal signal, double value)
{
	if (vehicle_input(&self->vehicle, now_us, signal, value))
		self->changed_manager = true;
	inventory_signal(self, now_us);
	gateway_settle(self, now_us);
}

void gateway_stop(struct gateway *self, uint64_t now_us)
{
	self->stop_wanted = true;
	self->parking_keep_us = 0;
	forecast_keep(self, now_us);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (campaign_running(&self->campaigns[i]))
			install_stop(self, i, now_us, "the daemon is being stopped");
	}
	gateway_settle(self, now_us);
}

void gateway_reconfigure(struct gateway *self, uint64_t now_us, const struct gateway_config *config, bool profiles)
{
	self->config.postpone_s = config->postpone_s;
	memcpy(self->config.postpone_max_s, config->postpone_max_s, sizeof self->config.postpone_max_s);
	self->config.service_notice_s = config->service_notice_s;
	self->config.max_attempts = config->max_attempts;
	self->config.retry_pause_s = config->retry_pause_s;
	self->inquiry.poll_s = config->poll_s ? config->poll_s : INQUIRY_DEFAULT_POLL_S;
	self->config.wake_to_check = config->wake_to_check;
	self->power.config.max_awake_s = config->power.max_awake_s;
	self->power.config.min_battery_mv = config->power.min_battery_mv;
	self->power.config.max_drop_mv = config->power.max_drop_mv;
	self->power.config.min_charge_percent = config->power.min_charge_percent;
	self->power.config.percent_per_hour = config->power.percent_per_hour;
	if (profiles) {
		self->identify_again = true;
		for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
			self->campaigns[i].prepared = false;
	}
	gateway_settle(self, now_us);
}

bool gateway_idle(const struct gateway *self)
{
	return !self->flashing && !gateway_is_dirty(self) && self->txn_durable + 1 == self->txn_next;
}

void gateway_expire(struct gateway *self, uint64_t now_us)
{
	if (self->restored)
		session_expire(&self->session, now_us);
	if (self->time_trusted && now_us >= self->floor_us)
		gateway_raise_floor(self, now_us);
	gateway_settle(self, now_us);
}

uint64_t gateway_deadline(const struct gateway *self)
{
	return self->deadline_us;
}
