/* command - see command.h. */
#include "gatewayd/core/command.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/inquiry.h"

static const char *mode_words(enum update_mode mode)
{
	switch (mode) {
	case MODE_NONE:
		break;
	case MODE_CLIENT:
		return "client-initiated";
	case MODE_SERVER:
		return "server-initiated";
	case MODE_NEGOTIATED:
		return "negotiated";
	}
	return "of no mode";
}

static void refuse(struct gateway *self, uint8_t index, unsigned code, const char *text)
{
	gateway_send_error(self, code, text);
	gateway_log(self, GATEWAY_LOG_WARNING, index, GATEWAY_NONE, code, text);
}

void command_wrong_mode(struct gateway *self, uint8_t index, const char *what)
{
	const struct campaign *c = &self->campaigns[index];
	char text[GATEWAY_TEXT_BYTES];

	snprintf(text, sizeof text, "%.40s was refused: campaign %.64s is %s", what, c->doc.id,
		 mode_words(c->doc.mode));
	refuse(self, index, GATEWAY_CODE_WRONG_MODE, text);
}

/* which ECUs it is for is not known yet: one with that mode is enough */
static bool negotiates(const struct gateway *self, enum urgency urgency)
{
	if (!self->modes.n)
		return true;
	for (unsigned i = 0; i < self->config.n_ecus; i++) {
		if (mode_of(&self->modes, self->ecus[i].name, urgency) == MODE_NEGOTIATED)
			return true;
	}
	return false;
}

void command_notice(struct gateway *self, uint64_t now_us, const char *campaign_id, enum urgency urgency,
		    uint64_t director_version)
{
	int index = gateway_campaign_index(self, campaign_id);
	char text[GATEWAY_TEXT_BYTES];

	if (index >= 0 && self->campaigns[index].doc.mode != MODE_NEGOTIATED) {
		command_wrong_mode(self, (uint8_t)index, "a notice");
		return;
	}
	if (!negotiates(self, urgency)) {
		snprintf(text, sizeof text,
			 "a notice was refused: no update of that urgency is negotiated (campaign %.64s)", campaign_id);
		refuse(self, GATEWAY_NONE, GATEWAY_CODE_WRONG_MODE, text);
		return;
	}
	if (director_version <= self->director_version)
		return; /* the document is held: what was noticed is known, or no more */
	snprintf(text, sizeof text, "the backend has campaign %.64s: asking for it", campaign_id);
	gateway_log(self, GATEWAY_LOG_INFO, GATEWAY_NONE, GATEWAY_NONE, GATEWAY_CODE_OK, text);
	inquiry_now(self, now_us);
}

/* Return: whether the agreed time has come; without trusted time it has not */
static bool agreed_time_is_here(const struct gateway *self, const struct campaign *c, uint64_t now_us)
{
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;

	return c->confirmed && unix_s && unix_s >= c->confirmed_start_unix_s;
}

void command_trigger(struct gateway *self, uint8_t index, uint64_t now_us, uint64_t director_version)
{
	struct campaign *c = &self->campaigns[index];
	char text[GATEWAY_TEXT_BYTES];

	if (c->doc.mode != MODE_SERVER && c->doc.mode != MODE_NEGOTIATED) {
		command_wrong_mode(self, index, "a trigger");
		return;
	}
	if (campaign_final(c) || c->triggered)
		return; /* repeated; the report that says so is on its way */
	if (director_version < c->answer_version || director_version > self->director_version || c->cancel_wanted) {
		snprintf(text, sizeof text,
			 "a trigger of campaign %.64s was refused: it is for other terms than are held", c->doc.id);
		refuse(self, index, GATEWAY_CODE_WRONG_STATE, text);
		return;
	}
	if (c->doc.mode == MODE_NEGOTIATED && !agreed_time_is_here(self, c, now_us)) {
		snprintf(text, sizeof text, "a trigger of campaign %.64s was refused: the agreed time has not come",
			 c->doc.id);
		refuse(self, index, GATEWAY_CODE_TRIGGER_EARLY, text);
		return;
	}
	c->triggered = true;
	c->told_code = GATEWAY_CODE_OK; /* why it does not begin is told at once, whatever was told before */
	c->told_us = 0;
	gateway_mark_campaign(self, index);
	gateway_log(self, GATEWAY_LOG_NOTICE, index, GATEWAY_NONE, GATEWAY_CODE_OK, "triggered by the backend");
}

/* a signal around its limit must not fill the database */
static bool told_lately(const struct campaign *c, uint64_t now_us)
{
	return c->told_us && now_us < c->told_us + COMMAND_TELL_PAUSE_US;
}

void command_tell_waiting(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	bool same = c->told_code == c->code && !strcmp(c->told_text, c->text);

	c->tell_us = 0;
	if (!c->triggered || same)
		return;
	if (told_lately(c, now_us))
		c->tell_us = c->told_us + COMMAND_TELL_PAUSE_US;
	else
		gateway_report_campaign(self, now_us, index, GATEWAY_NONE);
}

void command_tell_trouble(struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &self->campaigns[index];
	bool before = c->state == CAMPAIGN_OFFERED || c->state == CAMPAIGN_DOWNLOADING;

	/* what is free and which file it was may be others each time: that is no other reason */
	if (!(before || c->triggered || campaign_touched(c)) || c->told_code == c->code || told_lately(c, now_us))
		return;
	gateway_mark_campaign(self, index);
	gateway_report_campaign(self, now_us, index, GATEWAY_NONE);
}

unsigned command_wanted(const struct campaign *campaign)
{
	switch (campaign->doc.mode) {
	case MODE_CLIENT:
		return GATEWAY_CODE_OK;
	case MODE_SERVER:
		return campaign->triggered ? GATEWAY_CODE_OK : GATEWAY_CODE_WAITING_TRIGGER;
	case MODE_NONE:
	case MODE_NEGOTIATED:
		break;
	}
	return campaign->confirmed ? GATEWAY_CODE_OK : GATEWAY_CODE_WAITING_CONFIRM;
}
