/*
 * gateway_settle - what follows from an input beyond the part it was handed to: the session's actions, identification,
 * campaigns that can move on, slots that become free, and the next deadline.
 */
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/director.h"
#include "gatewayd/core/forecast.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/install_power.h"
#include "gatewayd/core/inventory.h"
#include "gatewayd/core/operator.h"
#include "gatewayd/core/service_loss.h"

#define FLOOR_PAUSE_US 600000000u /* between stores of the time floor */
#define SETTLE_ROUNDS  16u        /* no chain of consequences is longer */
#define SLEPT_US       5000000u   /* no deadline is missed by so much but in the machine's sleep */

void gateway_raise_floor(struct gateway *self, uint64_t now_us)
{
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;

	self->floor_us = now_us + FLOOR_PAUSE_US;
	forecast_keep(self, now_us);
	if (unix_s <= self->time_floor_unix_s)
		return;
	self->time_floor_unix_s = unix_s;
	self->dirty.time = true;
}

static void session_came_up(struct gateway *self, uint64_t now_us)
{
	report_queue_session(&self->reports);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		campaign_session_up(self, i, now_us);
	self->offline_code = GATEWAY_CODE_OK;
	gateway_log_event(self, GATEWAY_EVENT_SESSION_UP, GATEWAY_LOG_NOTICE, GATEWAY_NONE, GATEWAY_NONE,
			  GATEWAY_CODE_OK, "registered with the backend");
}

void gateway_session_went_down(struct gateway *self)
{
	inquiry_session_lost(self);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		campaign_session_lost(self, i);
		self->campaigns[i].answer_due = false; /* the next session says it again */
	}
}

void gateway_tell_offline(struct gateway *self, unsigned code, const char *text)
{
	if (self->offline_code == code)
		return; /* each further attempt that fails alike is no news */
	self->offline_code = code;
	gateway_log_event(self, GATEWAY_EVENT_SESSION_LOST, GATEWAY_LOG_WARNING, GATEWAY_NONE, GATEWAY_NONE, code,
			  text && text[0] ? text : gateway_code_words(code));
}

static void pump_session(struct gateway *self, uint64_t now_us)
{
	enum session_action action;

	while ((action = session_pop_action(&self->session)) != SESSION_ACTION_NONE) {
		self->changed_manager = self->changed_manager || action != SESSION_ACTION_HEARTBEAT;
		gateway_session_action(self, action);
		if (action == SESSION_ACTION_UP)
			session_came_up(self, now_us);
		if (action == SESSION_ACTION_DISCONNECT) {
			gateway_session_went_down(self);
			if (self->session.resting)
				gateway_log(self, GATEWAY_LOG_INFO, GATEWAY_NONE, GATEWAY_NONE, GATEWAY_CODE_OK,
					    "nothing to do with the backend until the next check: session closed");
			else
				gateway_tell_offline(self, self->session.failure, NULL);
		}
	}
}

static void identify_if_due(struct gateway *self, uint64_t now_us)
{
	if (self->flashing || self->identifying || self->stop_wanted || self->diagnostics_wanted)
		return;
	if (!self->identify_again && now_us < inventory_deadline(self))
		return;
	self->identify_again = false;
	self->identify_us = GATEWAY_NEVER;
	self->identifying = true;
	self->identify_due = true;
	self->inventory_changed = false;
	self->not_asked = 0;
	self->gave_way = false;
	self->asked_us = now_us;
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		self->campaigns[i].read_back = self->campaigns[i].state == CAMPAIGN_VERIFYING;
}

static void earliest(uint64_t *deadline_us, uint64_t at_us)
{
	if (at_us < *deadline_us)
		*deadline_us = at_us;
}

static void find_deadline(struct gateway *self, uint64_t now_us)
{
	self->deadline_us = session_deadline(&self->session);
	earliest(&self->deadline_us, inquiry_deadline(self, now_us));
	earliest(&self->deadline_us, vehicle_deadline(&self->vehicle, now_us));
	earliest(&self->deadline_us, power_deadline(&self->power));
	if (!self->flashing && !self->identifying && !self->stop_wanted && !self->diagnostics_wanted)
		earliest(&self->deadline_us, inventory_deadline(self));
	if (self->time_trusted)
		earliest(&self->deadline_us, self->floor_us);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		earliest(&self->deadline_us, campaign_deadline(self, i, now_us));
}

static bool advance_all(struct gateway *self, uint64_t now_us)
{
	uint8_t order[GATEWAY_MAX_CAMPAIGNS];
	const uint8_t n = install_order_ranked(self, order);
	bool moved = false;

	for (uint8_t i = 0; i < n; i++)
		moved = campaign_advance(self, order[i], now_us) || moved;
	return moved;
}

static void free_slots(struct gateway *self)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		director_free_slot(self, i);
	if (director_fits_now(self))
		session_register_again(&self->session); /* names the version held: the backend sends the next one */
}

/* what was known may not be any more, whatever it is that happened now */
static void follow_time(struct gateway *self, uint64_t now_us)
{
	if (self->deadline_us < now_us && now_us - self->deadline_us > SLEPT_US)
		vehicle_listen(&self->vehicle, now_us); /* the machine slept meanwhile, and heard nobody */
	if (!vehicle_expire(&self->vehicle, now_us))
		return;
	self->changed_manager = true;
	inventory_signal(self, now_us);
}

void gateway_settle(struct gateway *self, uint64_t now_us)
{
	if (!self->restored)
		return; /* not started */
	follow_time(self, now_us);
	forecast_update(self, now_us);
	pump_session(self, now_us);
	for (unsigned i = 0; i < SETTLE_ROUNDS; i++) {
		bool moved;

		identify_if_due(self, now_us);
		moved = advance_all(self, now_us);
		moved = install_power_settle(self, now_us) || moved;
		if (!moved)
			break;
	}
	operator_settle(self);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		service_loss_settle(self, i, now_us);
	free_slots(self);
	inquiry_advance(self, now_us);
	pump_session(self, now_us);
	find_deadline(self, now_us);
}
