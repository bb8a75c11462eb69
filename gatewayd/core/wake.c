/* wake - how long what is under way will take, and when there is something to wake up for; see gateway.h. */
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/install_wake.h"

/* of one ECU: by what is transferred already, and at least a second while it is not verified */
static uint64_t remaining_ms(const struct target *target, uint64_t now_us)
{
	uint64_t elapsed_ms = now_us > target->flash_started_us ? (now_us - target->flash_started_us) / 1000 : 0;
	uint64_t left_ms = target->estimate_ms > elapsed_ms ? target->estimate_ms - elapsed_ms : 0;
	uint64_t by_bytes_ms = 0;

	if (target->bytes_total && target->bytes_done < target->bytes_total)
		by_bytes_ms =
		    (uint64_t)((double)target->estimate_ms * (double)(target->bytes_total - target->bytes_done) /
			       (double)target->bytes_total);
	if (target->bytes_done) /* it shows how it really goes */
		left_ms = by_bytes_ms;
	return left_ms > 1000 ? left_ms : 1000;
}

uint32_t gateway_remaining_s(const struct gateway *self, uint64_t now_us)
{
	uint64_t longest_ms = 0;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		for (unsigned k = 0; k < c->n_targets && c->state == CAMPAIGN_INSTALLING; k++) {
			uint64_t ms = c->targets[k].running ? remaining_ms(&c->targets[k], now_us) : 0;

			longest_ms = ms > longest_ms ? ms : longest_ms;
		}
	}
	longest_ms = (longest_ms + 999) / 1000;
	return longest_ms < UINT32_MAX ? (uint32_t)longest_ms : UINT32_MAX;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* when a campaign may begin next, as far as times go; 0 = no window is left */
static uint64_t start_s(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	const struct window_view view = campaign_window_view(self, campaign, now_us);

	if (!view.has_fit)
		return 0;
	return campaign_not_before_s(campaign, view.fit.start_s);
}

/* when something of the campaign is due next, or was */
static uint64_t due_us(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	if (campaign_open_targets(campaign, true)) /* it waits for no window and for no word of the backend */
		return campaign->retry_us;
	if (!campaign->prepared && campaign->retry_us > now_us) /* and neither do its files */
		return campaign->retry_us;
	if (!self->time_trusted || command_wanted(campaign))
		return GATEWAY_NEVER;
	return later(window_reached_us(self->time_unix_ms, self->time_at_us, start_s(self, campaign, now_us)),
		     campaign->retry_us);
}

uint64_t gateway_wake_us(const struct gateway *self, uint64_t now_us)
{
	uint64_t wake_us = GATEWAY_NEVER;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (campaign_final(c))
			continue;
		campaign_earliest(&wake_us, due_us(self, c, now_us), now_us);
		/* its window is open, and the vehicle's network did not wake */
		campaign_earliest(&wake_us, install_wake_again_us(c), now_us);
	}
	if (self->config.wake_to_check)
		campaign_earliest(&wake_us, self->inquiry.due_us, now_us);
	return wake_us;
}
