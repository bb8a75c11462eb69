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

bool flash_back_begin(struct flash_run *self, uint64_t now_us)
{
	if (flash_profile(self)->banks != PROFILE_DUAL_BANK || !self->result.erased || self->stage != FLASH_STAGE_STEPS)
		return false;
	if (!self->switches) { /* each one was refused, or none was sent */
		self->result.erased = false;
		self->result.restored = true;
		flash_text_end(&self->result, "; it did not switch over and keeps its application");
		return false;
	}
	tell(self, "switching back to what ran before");
	self->going_back = true;
	self->step_index = 0;
	self->unit = 0;
	self->resume_unit = 0;
	self->wrong_keys = 0;
	self->key_delays = 0;
	memset(self->tries, 0, sizeof(self->tries));
	flash_pause(self, now_us + FLASH_RETRY_PAUSE_US, true);
	return true;
}

bool flash_back_bears(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	/* an ECU that never switched over, or went back by itself, has nothing to undo: its version tells */
	if (flash_step_at(self)->kind != FLASH_STEP_SWITCH_BACK ||
	    (ev->kind != UDS_EVENT_NEGATIVE && ev->kind != UDS_EVENT_POSITIVE))
		return false;
	flash_note_retry(self, "switch-back refused, going on", ev);
	flash_steps_done(self, now_us);
	return true;
}

/* The version of before is proof only if the new application would say another one, or the ECU took the switch-back. */
static bool is_restored(const struct flash_run *self)
{
	const char *before = self->result.before.application_version;
	const char *after = self->result.after.application_version;
	const char *expected = self->job.units[self->job.n_units - 1u].expected_version;

	if (!after[0] || (before[0] && strcmp(before, after) != 0))
		return false;
	return self->back_taken || (before[0] && expected[0] && strcmp(expected, before) != 0);
}

void flash_back_done(struct flash_run *self, uint64_t now_us)
{
	if (is_restored(self)) {
		self->result.erased = false;
		self->result.restored = true;
		flash_text_end(&self->result, "; switched back, the former application runs");
	} else {
		flash_text_end(&self->result, "; switched back, but another version runs than before");
	}
	flash_over(self, now_us);
}
