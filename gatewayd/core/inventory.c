/* inventory - see inventory.h. */
#include "gatewayd/core/inventory.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_pause.h"

#define ABSENT_PAUSE_US 60000000u             /* between identifications while an ECU is silent; … */
#define ABSENT_MAX_US   UINT64_C(86400000000) /* … twice as long each time, up to this, if the vehicle is not in use */
#define WAKE_PAUSE_US   60000000u             /* between identifications for the ignition's sake */

/*
 * A boot loader often refuses to tell what the application told: the hardware and its serial number are still the same
 * ones. A version that is not told any more is news: there is no such software.
 */
static struct flash_identity merged(const struct ecu_info *ecu, const struct flash_identity *told)
{
	struct flash_identity identity = *told;

	if (identity.serial_number[0] && ecu->identity.serial_number[0] &&
	    strcmp(identity.serial_number, ecu->identity.serial_number))
		return identity; /* another one: nothing of the old one is true of it */
	if (!identity.hardware_id[0])
		memcpy(identity.hardware_id, ecu->identity.hardware_id, sizeof identity.hardware_id);
	if (!identity.serial_number[0])
		memcpy(identity.serial_number, ecu->identity.serial_number, sizeof identity.serial_number);
	return identity;
}

static bool differ(const char *a, const char *b)
{
	return a[0] && b[0] && strcmp(a, b) != 0;
}

/*
 * An erased ECU is given up if it was replaced, which one garbled or forged answer must not bring about: what it tells
 * of itself has to be told twice.
 */
static bool is_doubtful(struct gateway *self, uint8_t ecu, const struct flash_identity *identity, bool not_meant)
{
	const struct ecu_info *e = &self->ecus[ecu];
	char *doubtful = self->doubtful[ecu], text[GATEWAY_TEXT_BYTES], now[sizeof self->doubtful[ecu]];
	const bool same = !strcmp(e->identity.serial_number, identity->serial_number) &&
			  !strcmp(e->identity.hardware_id, identity->hardware_id);
	const bool another = e->known && (differ(e->identity.serial_number, identity->serial_number) ||
					  differ(e->identity.hardware_id, identity->hardware_id));

	if (!e->erased || (!another && (!not_meant || (e->known && same)))) {
		doubtful[0] = 0;
		return false;
	}
	snprintf(now, sizeof now, "%s\n%s", identity->hardware_id, identity->serial_number);
	if (!strcmp(doubtful, now)) {
		doubtful[0] = 0;
		return false;
	}
	memcpy(doubtful, now, sizeof now);
	snprintf(text, sizeof text,
		 "%.30s is erased, and says that it is %.25s %.25s, was %.25s %.25s: asked once more", e->name,
		 identity->hardware_id, identity->serial_number, e->identity.hardware_id, e->identity.serial_number);
	gateway_log_ecu(self, GATEWAY_EVENT_NONE, GATEWAY_LOG_WARNING, ecu, GATEWAY_CODE_WRONG_SERIAL, text);
	return true;
}

/* @not_meant: a flash found that it is not the one that it was meant for */
static void identity_told(struct gateway *self, uint64_t now_us, uint8_t ecu, const struct flash_identity *told,
			  bool not_meant)
{
	struct ecu_info *e = &self->ecus[ecu];
	const struct flash_identity identity = merged(e, told);

	if (is_doubtful(self, ecu, &identity, not_meant))
		return;
	if (e->known && e->identity.serial_number[0] && strcmp(e->identity.serial_number, identity.serial_number)) {
		char text[GATEWAY_TEXT_BYTES];

		snprintf(text, sizeof text, "%.50s was replaced: serial number %.35s, was %.35s", e->name,
			 identity.serial_number, e->identity.serial_number);
		gateway_log_ecu(self, GATEWAY_EVENT_ECU_REPLACED, GATEWAY_LOG_WARNING, ecu, GATEWAY_CODE_WRONG_SERIAL,
				text);
		e->erased = false; /* the old one was */
		e->installed.n = 0;
		for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
			campaign_replaced(self, i, now_us, ecu, text);
	}
	if (!e->known || memcmp(&e->identity, &identity, sizeof identity)) {
		e->identity = identity;
		self->dirty.ecus |= 1u << ecu;
		self->inventory_changed = true;
	}
	e->known = true;
}

void inventory_found(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t ecu,
		     const struct flash_identity *told)
{
	self->inventory_changed = !self->ecus[ecu].present;
	self->ecus[ecu].present = true;
	self->changed_ecus |= 1u << ecu;
	identity_told(self, now_us, ecu, told, true);
	if (self->inventory_changed)
		session_register_again(&self->session);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (i != campaign)
			campaign_identities(self, i, now_us);
	}
}

const char *gateway_serial_number(const struct gateway *self, uint8_t campaign, uint8_t target)
{
	const struct target *t = &self->campaigns[campaign].targets[target];
	const struct ecu_info *e = &self->ecus[t->ecu];

	if (t->doc.serial_number[0])
		return t->doc.serial_number;
	return e->known ? e->identity.serial_number : "";
}

void gateway_identity(struct gateway *self, uint64_t now_us, uint8_t ecu, bool present,
		      const struct flash_identity *identity)
{
	struct ecu_info *e;

	if (ecu >= self->config.n_ecus) {
		gateway_settle(self, now_us);
		return;
	}
	e = &self->ecus[ecu];
	if (present && identity)
		identity_told(self, now_us, ecu, identity, false);
	if (e->present != present)
		self->inventory_changed = true;
	e->present = present;
	self->changed_ecus |= 1u << ecu;
	gateway_settle(self, now_us);
}

void gateway_not_identified(struct gateway *self, uint64_t now_us, uint8_t ecu, bool gave_way)
{
	if (ecu < self->config.n_ecus) {
		self->not_asked |= 1u << ecu;
		self->gave_way = self->gave_way || gave_way;
	}
	gateway_settle(self, now_us);
}

static bool any_doubtful(const struct gateway *self)
{
	for (unsigned i = 0; i < self->config.n_ecus; i++) {
		if (self->doubtful[i][0] && self->ecus[i].present)
			return true;
	}
	return false;
}

/* or not believed yet */
static bool any_missing(const struct gateway *self)
{
	if (self->not_asked || any_doubtful(self))
		return true;
	for (unsigned i = 0; i < self->config.n_ecus; i++) {
		if (!self->ecus[i].present)
			return true;
	}
	return false;
}

void gateway_bus_up(struct gateway *self, uint64_t now_us)
{
	self->n_in_vain = 0;
	if (self->identifying)
		self->bus_came_up = true; /* whether an ECU was asked in vain shows at the end */
	else if ((any_missing(self) || !self->inventory_known) && self->identify_us > now_us + INSTALL_BUS_UP_PAUSE_US)
		self->identify_us = now_us + INSTALL_BUS_UP_PAUSE_US;
	install_pause_bus_up(self, now_us);
	gateway_settle(self, now_us);
}

static void ask_after_wake(struct gateway *self, uint64_t at_us)
{
	if (at_us < self->asked_us + WAKE_PAUSE_US)
		at_us = self->asked_us + WAKE_PAUSE_US;
	if (self->identify_us > at_us)
		self->identify_us = at_us;
}

/* While a vehicle stood switched off, an ECU may have been put in another's place. */
static void follow_ignition(struct gateway *self, uint64_t now_us)
{
	enum ignition ignition = vehicle_ignition(&self->vehicle, now_us);

	/* its sender may fall silent with it */
	if (ignition == IGNITION_OFF || (ignition == IGNITION_UNKNOWN && self->ignition_was_known))
		self->ignition_was_off = true;
	self->ignition_was_known = self->ignition_was_known || ignition != IGNITION_UNKNOWN;
	if (!self->ignition_was_off || (ignition != IGNITION_ON && ignition != IGNITION_CRANKING))
		return;
	self->ignition_was_off = false;
	if (self->identifying)
		self->woke = true; /* half of them may have been asked while they slept */
	else
		ask_after_wake(self, now_us + INSTALL_BUS_UP_PAUSE_US);
}

/* its ECUs wake, too, or cost nothing while it is in use: those that are missed are worth asking again soon */
static void follow_vehicle(struct gateway *self, uint64_t now_us)
{
	const bool was_heard = self->vehicle_heard, was_in_use = self->vehicle_in_use;

	self->vehicle_heard = vehicle_heard(&self->vehicle);
	self->vehicle_in_use = vehicle_in_use(&self->vehicle, now_us);
	if ((!self->vehicle_heard || was_heard) && (!self->vehicle_in_use || was_in_use))
		return;
	self->n_in_vain = 0;
	if (self->identify_us < now_us)
		self->identify_us = now_us + INSTALL_BUS_UP_PAUSE_US; /* it was not its time while the vehicle slept */
	if (any_missing(self) && self->inventory_known)
		ask_after_wake(self, now_us + INSTALL_BUS_UP_PAUSE_US);
}

void inventory_signal(struct gateway *self, uint64_t now_us)
{
	follow_vehicle(self, now_us);
	follow_ignition(self, now_us);
}

/* by a campaign that needs no signal, but its ECUs */
static bool is_woken(const struct gateway *self)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (c->state != CAMPAIGN_NONE && c->wake_until_us && c->wake_heard_us)
			return true;
	}
	return false;
}

uint64_t inventory_deadline(const struct gateway *self)
{
	return vehicle_silent(&self->vehicle) && !is_woken(self) ? GATEWAY_NEVER : self->identify_us;
}

/* until ECUs that did not answer are asked again; each time keeps the network of a parked vehicle awake */
static uint64_t absent_pause_us(struct gateway *self)
{
	uint64_t pause_us;

	if (self->bus_came_up)
		return INSTALL_BUS_UP_PAUSE_US;
	if (self->inventory_changed || self->vehicle_in_use)
		self->n_in_vain = 0;
	if (self->gave_way || any_doubtful(self))
		return ABSENT_PAUSE_US; /* which says nothing of their being there */
	pause_us = (uint64_t)ABSENT_PAUSE_US << self->n_in_vain;
	if (pause_us >= ABSENT_MAX_US)
		return ABSENT_MAX_US;
	self->n_in_vain++;
	return pause_us;
}

void gateway_identified(struct gateway *self, uint64_t now_us)
{
	if (!self->identifying) {
		gateway_settle(self, now_us);
		return;
	}
	self->identifying = false;
	self->identify_us = any_missing(self) ? now_us + absent_pause_us(self) : GATEWAY_NEVER;
	self->bus_came_up = false;
	if (self->woke)
		ask_after_wake(self, now_us);
	self->woke = false;
	if (self->inventory_known && self->inventory_changed)
		session_register_again(&self->session);
	else if (!self->inventory_known && self->session.state == SESSION_UP)
		session_register_again(&self->session); /* it had gone without */
	self->inventory_known = true;
	self->changed_manager = true;
	session_inventory_known(&self->session, now_us);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		campaign_identities(self, i, now_us);
		campaign_read_back(self, i, now_us);
	}
	gateway_settle(self, now_us);
}
