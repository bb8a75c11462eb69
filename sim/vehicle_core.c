#include "sim/vehicle_core.h"

#include <string.h>

static struct vehicle_core_frame *frame_of(struct vehicle_core *self, const struct vehicle_core_signal *signal)
{
	for (size_t i = 0; i < self->n_frames; i++) {
		struct vehicle_core_frame *frame = &self->frames[i];

		if (frame->id == signal->id && frame->extended_id == signal->extended_id)
			return frame;
	}
	return NULL;
}

const char *vehicle_core_check(const struct vehicle_core_config *config)
{
	if (!config->n_signals || config->n_signals > VEHICLE_CORE_MAX_SIGNALS)
		return "must be 1 to 16 signals";
	for (size_t i = 0; i < config->n_signals; i++) {
		const struct vehicle_core_signal *signal = &config->signals[i];

		if (signal->dlc < 1 || signal->dlc > 8)
			return "dlc must be 1 to 8";
		if (!signal->cycle_us)
			return "cycle must not be 0";
		for (size_t j = 0; j < i; j++) {
			const struct vehicle_core_signal *other = &config->signals[j];

			if (other->id == signal->id && other->extended_id == signal->extended_id &&
			    other->dlc != signal->dlc)
				return "signals in one frame must give the same dlc";
		}
		if (!can_signal_fits(&signal->codec, signal->dlc))
			return "a signal must lie within its frame, with a factor other than 0";
	}
	for (size_t i = 0; i < config->n_grants; i++) {
		if (!config->grants[i].timeout_us)
			return "the time-out of a grant must not be 0";
		if (!can_signal_fits(&config->grants[i].codec, 64))
			return "the signal of a grant must lie within 64 bytes, with a factor other than 0";
	}
	for (size_t i = 1; i < config->n_events; i++) {
		if (config->events[i].at_us < config->events[i - 1].at_us)
			return "events must be in order of time";
	}
	return NULL;
}

void vehicle_core_init(struct vehicle_core *self, const struct vehicle_core_config *config, uint64_t now_us)
{
	memset(self, 0, sizeof(*self));
	self->config = config;
	self->start_us = now_us;
	for (size_t i = 0; i < config->n_grants; i++)
		self->asked[i].grant_us = self->asked[i].end_us = VEHICLE_CORE_NEVER;
	memcpy(self->value, config->initial, sizeof(self->value));
	for (size_t i = 0; i < config->n_signals; i++) {
		const struct vehicle_core_signal *signal = &config->signals[i];

		if (frame_of(self, signal))
			continue;
		self->frames[self->n_frames++] = (struct vehicle_core_frame){
		    .id = signal->id,
		    .extended_id = signal->extended_id,
		    .dlc = signal->dlc,
		    .cycle_us = signal->cycle_us,
		    .next_us = now_us,
		};
	}
}

void vehicle_core_set(struct vehicle_core *self, uint64_t now_us, enum vehicle_core_quantity quantity, double value)
{
	self->value[quantity] = value;
	for (size_t i = 0; i < self->config->n_signals; i++) {
		if (self->config->signals[i].quantity == quantity)
			frame_of(self, &self->config->signals[i])->next_us = now_us;
	}
	vehicle_core_expire(self, now_us);
}

double vehicle_core_get(const struct vehicle_core *self, enum vehicle_core_quantity quantity)
{
	return self->value[quantity];
}

/* --- grants */

static void take_back(struct vehicle_core *self, uint64_t now_us, size_t i)
{
	struct vehicle_core_asked *asked = &self->asked[i];
	enum vehicle_core_quantity quantity = self->config->grants[i].quantity;

	asked->asked = false;
	asked->grant_us = asked->end_us = VEHICLE_CORE_NEVER;
	if (self->value[quantity] != 0)
		vehicle_core_set(self, now_us, quantity, 0);
}

void vehicle_core_input(struct vehicle_core *self, uint64_t now_us, const struct can_msg *msg)
{
	bool extended = (msg->flags & CAN_MSG_EXTENDED) != 0;

	if (msg->flags & (CAN_MSG_ERROR | CAN_MSG_RTR))
		return;
	for (size_t i = 0; i < self->config->n_grants; i++) {
		const struct vehicle_core_grant *grant = &self->config->grants[i];
		struct vehicle_core_asked *asked = &self->asked[i];
		uint64_t raw;

		if (grant->id != msg->id || grant->extended_id != extended ||
		    !can_signal_get(&grant->codec, msg->data, msg->len, &raw))
			continue;
		if (raw != grant->asks) {
			take_back(self, now_us, i);
			continue;
		}
		asked->n_heard++;
		asked->end_us = now_us + grant->timeout_us;
		if (!asked->asked)
			asked->grant_us = now_us + grant->delay_us;
		asked->asked = true;
	}
	vehicle_core_expire(self, now_us);
}

static void expire_grants(struct vehicle_core *self, uint64_t now_us)
{
	for (size_t i = 0; i < self->config->n_grants; i++) {
		struct vehicle_core_asked *asked = &self->asked[i];
		enum vehicle_core_quantity quantity = self->config->grants[i].quantity;

		if (asked->end_us <= now_us) {
			take_back(self, now_us, i);
		} else if (asked->grant_us <= now_us) {
			asked->grant_us = VEHICLE_CORE_NEVER;
			if (!self->refuses[quantity])
				vehicle_core_set(self, now_us, quantity, 1);
		}
	}
}

void vehicle_core_refuse(struct vehicle_core *self, uint64_t now_us, enum vehicle_core_quantity quantity, bool refuses)
{
	self->refuses[quantity] = refuses;
	if (refuses && self->value[quantity] != 0)
		vehicle_core_set(self, now_us, quantity, 0);
	for (size_t i = 0; !refuses && i < self->config->n_grants; i++) {
		if (self->config->grants[i].quantity == quantity && self->asked[i].asked)
			vehicle_core_set(self, now_us, quantity, 1);
	}
}

unsigned vehicle_core_heard(const struct vehicle_core *self, enum vehicle_core_quantity quantity)
{
	unsigned n = 0;

	for (size_t i = 0; i < self->config->n_grants; i++)
		n += self->config->grants[i].quantity == quantity ? self->asked[i].n_heard : 0;
	return n;
}

/* --- time */

void vehicle_core_mute(struct vehicle_core *self, uint64_t now_us, enum vehicle_core_quantity quantity, bool muted)
{
	self->muted[quantity] = muted;
	if (!muted)
		vehicle_core_set(self, now_us, quantity, self->value[quantity]);
}

static bool is_muted(const struct vehicle_core *self, const struct vehicle_core_frame *frame)
{
	for (size_t i = 0; i < self->config->n_signals; i++) {
		const struct vehicle_core_signal *signal = &self->config->signals[i];

		if (signal->id == frame->id && signal->extended_id == frame->extended_id &&
		    self->muted[signal->quantity])
			return true;
	}
	return false;
}

static uint64_t next_event_us(const struct vehicle_core *self)
{
	if (self->next_event == self->config->n_events)
		return VEHICLE_CORE_NEVER;
	return self->start_us + self->config->events[self->next_event].at_us;
}

void vehicle_core_expire(struct vehicle_core *self, uint64_t now_us)
{
	while (next_event_us(self) <= now_us) {
		const struct vehicle_core_event *event = &self->config->events[self->next_event++];

		for (unsigned q = 0; q < VEHICLE_CORE_QUANTITIES; q++) {
			if (event->has[q])
				vehicle_core_set(self, now_us, (enum vehicle_core_quantity)q, event->value[q]);
		}
	}
	expire_grants(self, now_us);
	for (size_t i = 0; i < self->n_frames; i++) {
		struct vehicle_core_frame *frame = &self->frames[i];

		if (frame->next_us > now_us)
			continue;
		frame->due = !is_muted(self, frame);
		frame->next_us += frame->cycle_us;
		if (frame->next_us <= now_us)
			frame->next_us = now_us + frame->cycle_us;
	}
}

uint64_t vehicle_core_deadline(const struct vehicle_core *self)
{
	uint64_t deadline = next_event_us(self);

	for (size_t i = 0; i < self->config->n_grants; i++) {
		deadline = self->asked[i].grant_us < deadline ? self->asked[i].grant_us : deadline;
		deadline = self->asked[i].end_us < deadline ? self->asked[i].end_us : deadline;
	}
	for (size_t i = 0; i < self->n_frames; i++) {
		if (self->frames[i].next_us < deadline)
			deadline = self->frames[i].next_us;
	}
	return deadline;
}

static void put(const struct vehicle_core *self, const struct vehicle_core_signal *signal, struct can_msg *msg)
{
	double value = self->value[signal->quantity];

	if (signal->quantity == VEHICLE_CORE_IGNITION)
		can_signal_set(&signal->codec, msg->data, msg->len, signal->ignition_raw[(unsigned)value]);
	else
		can_signal_write(&signal->codec, msg->data, msg->len, value);
}

bool vehicle_core_pop_frame(struct vehicle_core *self, struct can_msg *msg)
{
	for (size_t i = 0; i < self->n_frames; i++) {
		struct vehicle_core_frame *frame = &self->frames[i];

		if (!frame->due)
			continue;
		frame->due = false;
		memset(msg, 0, sizeof(*msg));
		msg->id = frame->id;
		msg->flags = frame->extended_id ? CAN_MSG_EXTENDED : 0;
		msg->len = frame->dlc;
		for (size_t s = 0; s < self->config->n_signals; s++) {
			if (frame_of(self, &self->config->signals[s]) == frame)
				put(self, &self->config->signals[s], msg);
		}
		return true;
	}
	return false;
}

static const char *const quantity_words[VEHICLE_CORE_QUANTITIES] = {
    [VEHICLE_CORE_IGNITION] = "ignition",
    [VEHICLE_CORE_SPEED_KMH] = "speed_kmh",
    [VEHICLE_CORE_BATTERY_MV] = "battery_mv",
    [VEHICLE_CORE_CHARGE_PERCENT] = "charge_percent",
    [VEHICLE_CORE_GEAR_PARK] = "gear_park",
    [VEHICLE_CORE_PARKING_BRAKE] = "parking_brake",
    [VEHICLE_CORE_CHARGING] = "charging",
    [VEHICLE_CORE_KL15_HELD] = "kl15_held",
    [VEHICLE_CORE_DRIVE_INHIBITED] = "drive_inhibited",
};

const char *vehicle_core_quantity_text(enum vehicle_core_quantity quantity)
{
	return quantity_words[quantity];
}

bool vehicle_core_quantity_of(const char *text, enum vehicle_core_quantity *quantity)
{
	for (unsigned i = 0; i < VEHICLE_CORE_QUANTITIES; i++) {
		if (strcmp(quantity_words[i], text) == 0) {
			*quantity = (enum vehicle_core_quantity)i;
			return true;
		}
	}
	return false;
}

static const char *const ignition_words[VEHICLE_CORE_IGNITIONS] = {"off", "accessory", "on", "cranking"};

const char *vehicle_core_ignition_text(enum vehicle_core_ignition ignition)
{
	return ignition_words[ignition];
}

bool vehicle_core_ignition_of(const char *text, enum vehicle_core_ignition *ignition)
{
	for (unsigned i = 0; i < VEHICLE_CORE_IGNITIONS; i++) {
		if (strcmp(ignition_words[i], text) == 0) {
			*ignition = (enum vehicle_core_ignition)i;
			return true;
		}
	}
	return false;
}
