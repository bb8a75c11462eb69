/*
 * The way back of a dual-bank ECU: what fails after it was told to switch over is undone, and its version tells whether
 * it runs again what it ran before.
 */
#include "ecu-flash/flash_run_priv.h"

#include <string.h>

static void tell(struct flash_run *self, const char *words)
{
	struct flash_event event = {.kind = FLASH_EVENT_RETRY};

	memcpy(event.text, words, strlen(words));
	flash_push(self, &event);
}

/* what the version identifier of the application has to say after the flash; "" = anything */
static const char *expected_version(const struct flash_run *self)
{
	const uint16_t did = flash_profile(self)->did_application;

	for (uint8_t u = self->job.n_units; u-- > 0;)
		if ((!self->job.units[u].version_did || self->job.units[u].version_did == did) &&
		    self->job.units[u].expected_version[0])
			return self->job.units[u].expected_version;
	return "";
}

bool flash_back_tells(const struct flash_run *self)
{
	const char *before = self->result.before.application_version;
	const char *expected = expected_version(self);

	return before[0] && expected[0] && strcmp(expected, before) != 0;
}

static bool says_former_version(const struct flash_run *self)
{
	const char *before = self->result.before.application_version;
	const char *after = self->result.after.application_version;

	return after[0] && (!before[0] || strcmp(before, after) == 0);
}

static void restored(struct flash_run *self, const char *words)
{
	self->result.erased = false;
	self->result.restored = true;
	flash_text_end(&self->result, words);
}

static void go_back(struct flash_run *self, uint64_t now_us)
{
	tell(self, "switching back to what ran before");
	self->stage = FLASH_STAGE_STEPS;
	flash_pause(self, now_us + FLASH_RETRY_PAUSE_US, true);
}

bool flash_back_begin(struct flash_run *self, uint64_t now_us)
{
	if (flash_profile(self)->banks != PROFILE_DUAL_BANK || !self->result.erased || self->stage != FLASH_STAGE_STEPS)
		return false;
	if (!self->switches) { /* each one was refused, or none was sent */
		restored(self, "; it did not switch over and keeps its application");
		return false;
	}
	self->going_back = true;
	self->step_index = 0;
	self->unit = 0;
	self->resume_unit = 0;
	self->wrong_keys = 0;
	self->key_delays = 0;
	self->reset_unknown = false;
	self->resets_again = 0;
	self->cause.known = false;
	memset(self->tries, 0, sizeof(self->tries));
	if (!self->rebooted || !flash_back_tells(self)) {
		go_back(self, now_us);
		return true;
	}
	/* To an ECU that never switched over, or fell back by itself, a switch-back may mean the new bank. */
	self->stage = FLASH_STAGE_PROBE;
	self->phase = 0;
	self->request_tries = 0;
	memset(&self->result.after, 0, sizeof(self->result.after));
	flash_pause(self, now_us + FLASH_RETRY_PAUSE_US, false);
	return true;
}

void flash_back_probed(struct flash_run *self, uint64_t now_us)
{
	if (says_former_version(self)) {
		restored(self, "; it runs its former application");
		flash_over(self, now_us);
	} else {
		go_back(self, now_us);
	}
}

bool flash_back_bears(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	/* there may be nothing to undo: the version tells */
	if (flash_step_at(self)->kind != FLASH_STEP_SWITCH_BACK ||
	    (ev->kind != UDS_EVENT_NEGATIVE && ev->kind != UDS_EVENT_POSITIVE))
		return false;
	flash_note_retry(self, "switch-back refused, going on", ev);
	flash_steps_done(self, now_us);
	return true;
}

void flash_back_done(struct flash_run *self, uint64_t now_us)
{
	bool undone = self->back_taken && !self->reset_unknown;

	/* the version of before is proof only if the new application says another one, or the switch-back was taken */
	if (says_former_version(self) && (undone || flash_back_tells(self)))
		restored(self, "; switched back, the former application runs");
	else
		flash_text_end(&self->result, "; switched back, but another version runs than before");
	flash_over(self, now_us);
}
