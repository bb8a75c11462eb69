/* forecast - see forecast.h. */
#include "gatewayd/core/forecast.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/gateway_out.h"

#define KEEP_PAUSE_US 3600000000u /* between writes of what was learned: each wears the flash */

/* Return: false if it is not known; a bus that sleeps tells nothing, and the vehicle is as it was before */
static bool in_use(const struct gateway *self, uint64_t now_us, bool *used)
{
	switch (vehicle_ignition(&self->vehicle, now_us)) {
	case IGNITION_UNKNOWN:
		return false;
	case IGNITION_OFF:
		*used = false;
		return true;
	case IGNITION_ACCESSORY:
	case IGNITION_ON:
	case IGNITION_CRANKING:
		*used = true;
		return true;
	}
	return false;
}

static void observe(struct gateway *self, uint64_t at_us, bool parked)
{
	/* a moment before the time was known, too: both clocks go on alike */
	const uint64_t unix_ms = at_us >= self->time_at_us ? self->time_unix_ms + (at_us - self->time_at_us) / 1000
							   : self->time_unix_ms - (self->time_at_us - at_us) / 1000;

	if (parking_observe(&self->parking, &self->config.zone, unix_ms / 1000, parked))
		self->parking_learned = true;
}

void forecast_update(struct gateway *self, uint64_t now_us)
{
	bool used = self->vehicle_used;
	const bool known = in_use(self, now_us, &used);

	if (known && (!self->vehicle_used_known || used != self->vehicle_used)) {
		self->vehicle_used_known = true;
		self->vehicle_used = used;
		self->vehicle_used_us = now_us;
		self->vehicle_used_told = false;
	}
	if (!self->time_trusted || !self->vehicle_used_known)
		return;
	if (!self->vehicle_used_told)
		observe(self, self->vehicle_used_us, !self->vehicle_used);
	self->vehicle_used_told = true;
	observe(self, now_us, !self->vehicle_used);
}

void forecast_keep(struct gateway *self, uint64_t now_us)
{
	if (!self->parking_learned || now_us < self->parking_keep_us)
		return;
	self->parking_keep_us = now_us + KEEP_PAUSE_US;
	self->parking_learned = false;
	self->dirty.parking = true;
}

/* Within the window, and to come: an offer of the past would be an acceptance. */
static uint64_t later(const struct gateway *self, const struct window_terms *terms, uint64_t unix_s, uint64_t need_s)
{
	const uint64_t wanted_s = unix_s + self->config.postpone_s;
	struct window_span span;

	if (window_next_fit(terms, wanted_s, need_s, &span))
		return span.start_s > wanted_s ? span.start_s : wanted_s;
	if (!window_next(terms, unix_s, &span))
		return unix_s + 1;
	if (span.start_s > unix_s)
		return span.start_s;
	/* the windows end before that: half of what is left, so that as much is left for the update */
	return unix_s + (span.end_s > unix_s + 1 ? (span.end_s - unix_s) / 2 : 1);
}

uint64_t forecast_start(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	const struct window_terms terms = campaign_window_terms(&campaign->doc);
	const uint64_t trusted_s = gateway_unix_ms(self, now_us) / 1000;
	const uint64_t unix_s = trusted_s ? trusted_s : self->time_floor_unix_s;
	const uint64_t need_s = campaign_window_rough_s(self, campaign);
	const uint64_t start_s =
	    trusted_s ? parking_propose(&self->parking, &self->config.zone, unix_s + 1, need_s, &terms) : 0;

	return start_s ? start_s : later(self, &terms, unix_s, need_s);
}

uint64_t forecast_better_start(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	const struct window_terms terms = campaign_window_terms(&campaign->doc);
	const uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;
	const uint64_t need_s = campaign_window_rough_s(self, campaign);
	struct window_span span;
	uint64_t start_s;

	if (!unix_s || !window_next_fit(&terms, unix_s, need_s, &span))
		return 0;
	start_s = span.start_s > unix_s ? span.start_s : unix_s;
	if (!parking_expects_use(&self->parking, &self->config.zone, start_s, need_s))
		return 0;
	start_s = parking_propose(&self->parking, &self->config.zone, start_s + 1, need_s, &terms);
	return start_s <= gateway_postpone_latest(self, campaign, now_us) ? start_s : 0;
}
