/* The doors of the virtual ECU: power, sessions, and the application's own message. */
#include "sim/ecu_internal.h"

#include <string.h>

void ecu_want(struct ecu_core *self, enum ecu_output_kind kind)
{
	self->outputs = (uint8_t)(self->outputs | 1u << (unsigned)kind);
}

bool ecu_core_in_boot(const struct ecu_core *self)
{
	return self->session == UDS_SESSION_PROGRAMMING || !ecu_core_app_valid(self);
}

bool ecu_may_download(const struct ecu_core *self)
{
	const struct ecu_banks *banks = &self->config->banks;

	return self->session == UDS_SESSION_PROGRAMMING ||
	       (self->session == UDS_SESSION_EXTENDED && banks->present && !banks->programming_session);
}

bool ecu_app_runs(const struct ecu_core *self)
{
	return self->config->app_message.id && self->up_at_us == ECU_NEVER && !self->silenced &&
	       !ecu_core_in_boot(self);
}

void ecu_enter_session(struct ecu_core *self, enum uds_session session)
{
	if (session != self->session)
		ecu_want(self, ECU_OUTPUT_SESSION);
	self->session = session;
	self->unlocked_level = 0;
	self->seed_open = false;
	self->transfer.active = false;
	self->fingerprint_written = false;
	self->background_finish_us = ECU_NEVER;
	self->background_runs = false;
	self->stuck = false;
	for (size_t i = 0; i < ECU_N_ROUTINES; i++)
		self->routines[i] = ECU_ROUTINE_NEVER;
	if (ecu_may_download(self))
		self->unchecked.n = self->last_checked.n = 0;
	if (session == UDS_SESSION_DEFAULT) {
		self->silenced = false;
		self->dtc_off = false;
		self->s3_deadline_us = ECU_NEVER;
	}
}

static void boot(struct ecu_core *self, uint64_t now_us)
{
	const struct ecu_security *security = &self->config->security;

	self->up_at_us = ECU_NEVER;
	self->app_due_us = now_us;
	ecu_banks_boot(self);
	/* a delay that a reset could cut short would not be one */
	if (security->level && (security->delay_at_power_on || self->nv.failed_keys >= security->max_attempts))
		self->locked_until_us = now_us + security->delay_us;
}

void ecu_begin_reset(struct ecu_core *self, uint64_t now_us)
{
	self->working = false;
	self->held = false;
	ecu_server_drop(self);
	ecu_faults_end_wait(self, now_us);
	self->seed_awaited = false;
	self->after_answer = ECU_THEN_NOTHING;
	self->deferred_n = 0;
	self->app_frame_due = false;
	ecu_enter_session(self, UDS_SESSION_DEFAULT);
	self->unchecked.n = self->last_checked.n = 0;
	self->locked_until_us = 0;
	ecu_want(self, ECU_OUTPUT_RESET);
	self->up_at_us = now_us + self->config->timing.reset_us;
}

void ecu_core_init(struct ecu_core *self, const struct ecu_config *config, const struct ecu_nonvolatile *nv,
		   uint8_t *rx_buf, size_t rx_cap, uint64_t now_us)
{
	memset(self, 0, sizeof *self);
	self->config = config;
	self->nv = *nv;
	self->rx_buf = rx_buf;
	self->rx_cap = rx_cap;
	self->session = UDS_SESSION_DEFAULT;
	self->s3_deadline_us = ECU_NEVER;
	self->background_finish_us = ECU_NEVER;
	self->wait_until_us = ECU_NEVER;
	self->preconditions = true;
	memcpy(self->dtcs, config->dtcs, sizeof self->dtcs);
	self->n_dtcs = config->n_dtcs;
	memcpy(self->regions_b, config->regions, sizeof self->regions_b);
	for (size_t i = 0; i < config->n_regions; i++) {
		if (!config->regions[i].ram)
			self->regions_b[i].bytes = config->regions[i].bank_b;
	}
	self->block_length = ECU_BLOCK_LENGTH_TRUE;
	isotp_init(&self->link, &config->link, rx_buf, rx_cap);
	boot(self, now_us);
	for (size_t i = 0; i < config->n_faults; i++)
		ecu_core_arm(self, now_us, &config->faults[i]);
}

static bool is_functional(const struct ecu_config *config, const struct can_msg *msg)
{
	return config->functional_id && msg->id == config->functional_id &&
	       !(msg->flags & CAN_MSG_EXTENDED) == !config->functional_extended_id &&
	       (!config->functional_has_address || (msg->len > 0 && msg->data[0] == config->functional_address));
}

/* a functional request is one single frame; nothing of it touches the physical link */
static void functional_input(struct ecu_core *self, uint64_t now_us, const struct can_msg *msg)
{
	size_t at = self->config->functional_has_address ? 1 : 0;
	size_t n;

	if (msg->flags & (CAN_MSG_RTR | CAN_MSG_ERROR) || msg->len < at + 2 || msg->data[at] >> 4)
		return;
	n = msg->data[at++] & 15u;
	if (msg->len > 8) {
		if (n)
			return;
		n = msg->data[at++];
	}
	if (n == 0 || at + n > msg->len)
		return;
	ecu_server_request(self, now_us, msg->data + at, n, true);
}

bool ecu_core_input(struct ecu_core *self, uint64_t now_us, const struct can_msg *msg)
{
	if (ecu_is_mute(self, now_us))
		return false;
	if (is_functional(self->config, msg))
		functional_input(self, now_us, msg);
	else if (!isotp_input(&self->link, now_us, msg))
		return false; /* most frames of a bus are not for us */
	ecu_server_drain(self, now_us);
	return true;
}

void ecu_core_confirm(struct ecu_core *self, uint64_t now_us)
{
	if (!self->n_outstanding)
		return;
	bool links = self->owners[self->owner_head];

	self->owner_head = (uint16_t)((self->owner_head + 1u) % ECU_MAX_OUTSTANDING);
	self->n_outstanding--;
	if (links)
		isotp_confirm(&self->link, now_us);
	ecu_server_drain(self, now_us);
}

void ecu_core_expire(struct ecu_core *self, uint64_t now_us)
{
	const struct ecu_timing *timing = &self->config->timing;

	if (self->up_at_us != ECU_NEVER) {
		if (now_us < self->up_at_us)
			return;
		boot(self, now_us);
	}
	if (now_us >= self->wait_until_us)
		ecu_faults_end_wait(self, now_us);
	isotp_expire(&self->link, now_us);
	ecu_server_drain(self, now_us);
	if (now_us >= self->background_finish_us)
		ecu_routines_background_end(self);
	if (self->working && now_us >= self->finish_us) {
		ecu_server_finish(self, now_us, 0);
	} else if (self->working && now_us >= self->next_pending_us) {
		self->next_pending_us = now_us + timing->p2_star_us - timing->pending_margin_us;
		self->pending_due = true;
		self->pending_sent = true;
		ecu_server_flush(self, now_us);
	}
	if (now_us >= self->s3_deadline_us)
		ecu_enter_session(self, UDS_SESSION_DEFAULT);
	if (now_us >= self->app_due_us && ecu_app_runs(self)) {
		self->app_frame_due = true;
		self->app_due_us += self->config->app_message.period_us;
		if (self->app_due_us <= now_us)
			self->app_due_us = now_us + self->config->app_message.period_us;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t ecu_core_deadline(const struct ecu_core *self)
{
	uint64_t deadline = isotp_deadline(&self->link);

	if (self->up_at_us != ECU_NEVER)
		return self->up_at_us;
	deadline = earlier(deadline, self->s3_deadline_us);
	deadline = earlier(deadline, self->wait_until_us);
	deadline = earlier(deadline, self->background_finish_us);
	if (self->working)
		deadline = earlier(deadline, earlier(self->finish_us, self->next_pending_us));
	if (ecu_app_runs(self))
		deadline = earlier(deadline, self->app_due_us);
	return deadline;
}

bool ecu_core_pop_frame(struct ecu_core *self, uint64_t now_us, struct can_msg *msg)
{
	const struct ecu_app_message *app = &self->config->app_message;
	bool links;

	if (ecu_is_mute(self, now_us)) {
		self->app_frame_due = false;
		return false;
	}
	if (self->n_outstanding == ECU_MAX_OUTSTANDING)
		return false;
	links = isotp_pop_frame(&self->link, now_us, msg);
	if (links) {
		ecu_faults_frame(self, msg);
	} else {
		bool due = self->app_frame_due;

		self->app_frame_due = false;
		if (!due || !ecu_app_runs(self))
			return false;
		memset(msg, 0, sizeof *msg);
		msg->id = app->id;
		msg->flags = app->extended_id ? CAN_MSG_EXTENDED : 0;
		msg->len = app->dlc;
		if (app->dlc)
			msg->data[0] = self->app_count++;
	}
	self->owners[(self->owner_head + self->n_outstanding) % ECU_MAX_OUTSTANDING] = links;
	self->n_outstanding++;
	return true;
}

enum ecu_output_kind ecu_core_pop_output(struct ecu_core *self)
{
	for (unsigned kind = ECU_OUTPUT_SEED_WANTED; kind <= ECU_OUTPUT_RESET; kind++) {
		if (self->outputs & 1u << kind) {
			self->outputs = (uint8_t)(self->outputs & ~(1u << kind));
			return (enum ecu_output_kind)kind;
		}
	}
	return ECU_OUTPUT_NONE;
}

void ecu_core_reset_outstanding(struct ecu_core *self, uint64_t now_us)
{
	ecu_server_lose(self, now_us);
	isotp_init(&self->link, &self->config->link, self->rx_buf, self->rx_cap);
	self->n_outstanding = 0;
}

const struct ecu_nonvolatile *ecu_core_nonvolatile(const struct ecu_core *self)
{
	return &self->nv;
}
