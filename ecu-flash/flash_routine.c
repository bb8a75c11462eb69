/* 31: start, the verdict in the status record, and 31 03 for one that still runs or whose answer was lost. */
#include "ecu-flash/flash_run_priv.h"

#include <string.h>

#define PHASE_START     0u
#define PHASE_RESULTS   1u

#define START_ROUTINE   1u
#define REQUEST_RESULTS 3u
#define MAX_STARTS      4u /* each but the first after the answer to the one before was lost */

size_t flash_address_and_length(const struct profile *profile, uint64_t address, uint64_t length, uint8_t *out)
{
	size_t n = 0;

	if (address >> (8u * profile->address_bytes) || length >> (8u * profile->length_bytes) ||
	    (length && (address + length - 1) >> (8u * profile->address_bytes)))
		return 0;
	out[n++] = (uint8_t)((profile->length_bytes << 4) | profile->address_bytes);
	for (unsigned i = profile->address_bytes; i-- > 0;)
		out[n++] = (uint8_t)(address >> (8 * i));
	for (unsigned i = profile->length_bytes; i-- > 0;)
		out[n++] = (uint8_t)(length >> (8 * i));
	return n;
}

static uint16_t routine_id(const struct flash_run *self)
{
	const struct profile *p = flash_profile(self);
	const struct flash_step *step = flash_step_at(self);

	if (step->kind == FLASH_STEP_ERASE)
		return p->routine_erase;
	if (step->kind == FLASH_STEP_CHECK_MEMORY)
		return p->routine_check;
	if (step->kind == FLASH_STEP_DEPENDENCIES)
		return p->routine_dependencies;
	return step->id;
}

static enum flash_code failure_code(const struct flash_run *self)
{
	enum flash_step_kind kind = flash_step_at(self)->kind;

	if (kind == FLASH_STEP_ERASE)
		return FLASH_ERASE_FAILED;
	if (kind == FLASH_STEP_CHECK_MEMORY)
		return FLASH_CHECK_FAILED;
	if (kind == FLASH_STEP_DEPENDENCIES)
		return FLASH_DEPENDENCIES;
	return FLASH_NEGATIVE_RESPONSE;
}

/* @out: 32 bytes. Return: bytes of the routine's argument */
static size_t build_argument(const struct flash_run *self, uint8_t *out)
{
	const struct profile *p = flash_profile(self);
	const struct flash_step *step = flash_step_at(self);
	const struct image *image = flash_image(self);

	if (step->kind == FLASH_STEP_ROUTINE) {
		memcpy(out, step->data, step->n_data);
		return step->n_data;
	}
	if (step->kind == FLASH_STEP_ERASE && p->erase_argument == PROFILE_ERASE_ADDRESS_LENGTH &&
	    self->segment < image->n_segments) {
		const struct image_segment *s = &image->segments[self->segment];

		return flash_address_and_length(p, s->address, s->n_bytes, out);
	}
	if (step->kind == FLASH_STEP_CHECK_MEMORY && p->check_argument == PROFILE_CHECK_SHA256) {
		memcpy(out, self->job.units[self->unit].sha256, 32);
		return 32;
	}
	if (step->kind == FLASH_STEP_CHECK_MEMORY && p->check_argument == PROFILE_CHECK_CRC32) {
		uint32_t crc = 0;

		for (size_t i = 0; i < image->n_segments; i++)
			crc = image_crc32(crc, image->segments[i].data, image->segments[i].n_bytes);
		for (unsigned i = 4; i-- > 0;)
			*out++ = (uint8_t)(crc >> (8 * i));
		return 4;
	}
	return 0;
}

void flash_routine_begin(struct flash_run *self, uint64_t now_us)
{
	self->routine_starts = 0;
	self->routine_deadline_us = now_us + flash_profile(self)->timing.pending_max_us;
	flash_routine_send(self, now_us);
}

void flash_routine_send(struct flash_run *self, uint64_t now_us)
{
	uint16_t id = routine_id(self);
	uint8_t head[4] = {UDS_ROUTINE_CONTROL, START_ROUTINE, (uint8_t)(id >> 8), (uint8_t)id};
	uint8_t argument[32];

	if (self->phase == PHASE_RESULTS) {
		head[1] = REQUEST_RESULTS;
		flash_request(self, now_us, head, sizeof(head), NULL, 0);
		return;
	}
	self->routine_starts++;
	self->routine_seen = false;
	flash_request(self, now_us, head, sizeof(head), argument, build_argument(self, argument));
}

static void passed(struct flash_run *self, uint64_t now_us)
{
	if (flash_step_at(self)->kind == FLASH_STEP_ERASE &&
	    flash_profile(self)->erase_argument == PROFILE_ERASE_ADDRESS_LENGTH &&
	    self->segment + 1u < flash_image(self)->n_segments) {
		self->segment++;
		self->phase = PHASE_START;
		self->request_tries = 0;
		flash_routine_begin(self, now_us);
		return;
	}
	flash_steps_done(self, now_us);
}

static void ask_later(struct flash_run *self, uint64_t until_us)
{
	self->phase = PHASE_RESULTS;
	flash_pause(self, until_us, false);
}

static void start_again(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

static void verdict(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	uint8_t running = flash_profile(self)->routine_running_status;
	bool has_status = ev->n_pdu > 4;

	if (self->phase == PHASE_START)
		self->routine_seen = true;
	if (has_status ? ev->pdu[4] == 0 : flash_step_at(self)->kind != FLASH_STEP_CHECK_MEMORY) {
		/* 31 03 names no range: unless this start was seen, it may be the result of the run before */
		if (self->routine_seen)
			passed(self, now_us);
		else
			start_again(self, now_us, ev);
		return;
	}
	if (has_status && running && ev->pdu[4] == running && now_us < self->routine_deadline_us) {
		self->routine_seen = true; /* the run before had ended */
		self->request_tries = 0;
		ask_later(self, now_us + FLASH_ROUTINE_POLL_US);
		return;
	}
	flash_step_failed(self, now_us, failure_code(self), ev);
}

/* neither the answer nor the result could be had: once more from the start */
static void start_again(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (self->routine_starts >= MAX_STARTS) {
		flash_step_failed(self, now_us, failure_code(self), ev);
		return;
	}
	flash_note_retry(self, "routine started again", ev);
	self->phase = PHASE_START;
	self->request_tries = 0;
	flash_pause(self, now_us, false);
}

void flash_routine_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (ev->kind == UDS_EVENT_POSITIVE) {
		verdict(self, now_us, ev);
		return;
	}
	if (self->phase == PHASE_START) {
		if (ev->kind == UDS_EVENT_NEGATIVE) {
			flash_step_failed(self, now_us, failure_code(self), ev);
		} else if (ev->kind == UDS_EVENT_SEND_FAILED) {
			start_again(self, now_us, ev); /* the ECU has no whole request */
		} else {
			/* it may have begun, and may even be done */
			flash_note_retry(self, "asking for the routine's result", ev);
			self->request_tries = 0;
			ask_later(self, now_us);
		}
		return;
	}
	if (ev->kind == UDS_EVENT_NEGATIVE && ev->nrc == UDS_NRC_BUSY_REPEAT_REQUEST &&
	    now_us < self->routine_deadline_us) {
		ask_later(self, now_us + FLASH_ROUTINE_POLL_US);
		return;
	}
	if (ev->kind != UDS_EVENT_NEGATIVE && self->request_tries < FLASH_REQUEST_REPEATS) {
		/* an ECU that erases may be deaf meanwhile */
		self->request_tries++;
		ask_later(self, now_us + FLASH_ROUTINE_POLL_US);
		return;
	}
	start_again(self, now_us, ev);
}
