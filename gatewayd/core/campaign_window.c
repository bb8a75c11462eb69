/* campaign_window - see campaign_window.h. */
#include "gatewayd/core/campaign_window.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/duration.h"
#include "gatewayd/core/gateway_out.h"

struct window_terms campaign_window_terms(const struct campaign_doc *doc)
{
	return (struct window_terms){.start_s = doc->window_start_unix_s,
				     .end_s = doc->window_end_unix_s,
				     .deadline_s = doc->deadline_unix_s,
				     .recurring = doc->recurring,
				     .n_recurring = doc->n_recurring};
}

const char *campaign_window_unknown_zone(const struct campaign_doc *doc)
{
	for (unsigned i = 0; i < doc->n_recurring; i++) {
		if (!doc->recurring[i].zone.known)
			return doc->recurring[i].zone_name;
	}
	return NULL;
}

/* a number for the bus of an ECU: the first ECU of the inventory that is on it */
static uint8_t bus_of(const struct gateway *self, uint8_t ecu)
{
	for (uint8_t i = 0; i < ecu; i++) {
		if (!strcmp(self->config.ecus[i].bus, self->config.ecus[ecu].bus))
			return i;
	}
	return ecu;
}

static uint64_t image_bytes(const struct component_doc *component)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < component->n_units; i++)
		bytes += component->units[i].image.length;
	return bytes;
}

/* the rollback image in thousandths of the images, both as files; it takes no less than the other way */
static uint32_t back_permille(const struct target *target, const struct component_doc *component)
{
	const uint64_t forth = image_bytes(component), back = target->doc.rollback.length;

	if (!back)
		return 0;
	if (!forth || back <= forth)
		return 1000;
	return back / forth < 100 ? (uint32_t)(back * 1000 / forth) : 100000u;
}

uint64_t campaign_window_need_s(const struct gateway *self, const struct campaign *campaign, uint32_t targets)
{
	struct duration_item items[GATEWAY_MAX_TARGETS];
	size_t n = 0;

	for (unsigned i = 0; campaign->prepared && i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];

		if (!(targets & (1u << i)))
			continue;
		items[n++] = (struct duration_item){
		    .estimate_ms = t->plain_estimate_ms,
		    .permille = self->ecus[t->ecu].rate_permille,
		    .back_permille = back_permille(t, &campaign->manifest.components[t->component]),
		    .bus = bus_of(self, t->ecu),
		};
	}
	return duration_campaign_s(items, n);
}

uint64_t campaign_window_rough_s(const struct gateway *self, const struct campaign *campaign)
{
	struct duration_item items[GATEWAY_MAX_TARGETS];

	if (campaign->prepared)
		return campaign_window_need_s(self, campaign, campaign_open_targets(campaign, false));
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];
		const struct component_doc *component = &campaign->manifest.components[t->component];

		items[i] = (struct duration_item){
		    .estimate_ms = duration_rough_ms(image_bytes(component), self->config.ecus[t->ecu].bitrate,
						     self->config.ecus[t->ecu].data_bitrate),
		    .back_permille = back_permille(t, component),
		    .bus = bus_of(self, t->ecu),
		};
	}
	return duration_campaign_s(items, campaign->n_targets);
}

struct window_view campaign_window_view(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	const struct window_terms terms = campaign_window_terms(&campaign->doc);
	struct window_view view = campaign->view;

	window_view_refresh(&view, &terms, gateway_unix_ms(self, now_us) / 1000,
			    campaign_window_need_s(self, campaign, campaign_open_targets(campaign, false)));
	return view;
}

void campaign_window_refresh(struct gateway *self, uint8_t index, uint64_t now_us)
{
	if (gateway_unix_ms(self, now_us))
		self->campaigns[index].view = campaign_window_view(self, &self->campaigns[index], now_us);
}

void campaign_window_changed(struct campaign *campaign)
{
	campaign->view.valid = false;
	campaign->window_judged = false;
}

void campaign_window_judge(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	const struct window_terms terms = campaign_window_terms(&c->doc);
	const uint64_t need_s = campaign_window_need_s(self, c, campaign_open_targets(c, false));
	struct window_span fit;
	char text[GATEWAY_TEXT_BYTES];

	if (c->window_judged || !c->prepared || campaign_touched(c) || campaign_running(c))
		return;
	c->window_judged = true;
	if (!need_s || campaign_window_unknown_zone(&c->doc) ||
	    window_next_fit(&terms, c->accepted_unix_s, need_s, &fit))
		return;
	/* not one that is cut off because it was accepted late: that one just passes */
	if (window_longest_s(&terms, c->accepted_unix_s) == 0)
		return;
	snprintf(text, sizeof text, "the update takes about %llu s with its way back, the longest window is %llu s",
		 (unsigned long long)need_s, (unsigned long long)window_longest_s(&terms, c->accepted_unix_s));
	campaign_enter(self, index, now_us, CAMPAIGN_FAILED, GATEWAY_CODE_WINDOW_TOO_SHORT, text);
}

bool campaign_window_over(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	const struct window_terms terms = campaign_window_terms(&campaign->doc);
	const uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;

	if (!unix_s)
		return false;
	if (unix_s >= window_frame_end(&terms))
		return true;
	return !campaign_window_unknown_zone(&campaign->doc) && !campaign_window_view(self, campaign, now_us).has_span;
}

uint64_t campaign_not_before_s(const struct campaign *campaign, uint64_t from_s)
{
	if (from_s < campaign->confirmed_start_unix_s)
		from_s = campaign->confirmed_start_unix_s;
	return from_s < campaign->driver_start_unix_s ? campaign->driver_start_unix_s : from_s;
}
