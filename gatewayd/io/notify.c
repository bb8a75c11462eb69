#include "gatewayd/io/notify.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "gatewayd/io/text.h"

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	sd_notify(0, "WATCHDOG=1");
}

void notify_init(struct notify *self, uv_loop_t *loop)
{
	uint64_t period_us = 0;

	self->status[0] = '\0';
	uv_timer_init(loop, &self->watchdog);
	uv_unref((uv_handle_t *)&self->watchdog);
	if (sd_watchdog_enabled(0, &period_us) > 0)
		uv_timer_start(&self->watchdog, on_watchdog, period_us / 2000, period_us / 2000);
}

void notify_ready(struct notify *self)
{
	(void)self;
	sd_notify(0, "READY=1");
}

void notify_stopping(struct notify *self)
{
	(void)self;
	sd_notify(0, "STOPPING=1");
}

static const struct campaign *leading_campaign(const struct gateway *gateway)
{
	const struct campaign *leading = NULL;

	for (size_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &gateway->campaigns[i];

		if (c->state == CAMPAIGN_NONE || campaign_state_info(c->state)->final)
			continue;
		if (!leading || c->state > leading->state)
			leading = c;
	}
	return leading;
}

void notify_status(struct notify *self, const struct gateway *gateway)
{
	const struct campaign *c = leading_campaign(gateway);
	char status[sizeof(self->status)];
	int n;

	n = snprintf(status, sizeof(status), "backend session %s", session_state_name(gateway->session.state));
	if (c && n > 0 && (size_t)n < sizeof(status))
		snprintf(status + n, sizeof(status) - (size_t)n, "; campaign %.64s %s%s%.80s", c->doc.id,
			 campaign_state_info(c->state)->name, c->text[0] ? ": " : "", c->text);
	text_mend(status); /* a line end in it would begin a variable of its own */
	if (strcmp(status, self->status) == 0)
		return;
	memcpy(self->status, status, sizeof(status));
	sd_notifyf(0, "STATUS=%s", status);
}

void notify_close(struct notify *self)
{
	uv_close((uv_handle_t *)&self->watchdog, NULL);
}
