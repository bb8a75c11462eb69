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
	for (size_t i = 0; i < self->n_frames; i++) {
		struct vehicle_core_frame *frame = &self->frames[i];

		if (frame->next_us > now_us)
			continue;
		frame->due = true;
		frame->next_us += frame->cycle_us;
		if (frame->next_us <= now_us)
			frame->next_us = now_us + frame->cycle_us;
	}
}

uint64_t vehicle_core_deadline(const struct vehicle_core *self)
{
	uint64_t deadline = next_event_us(self);

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
