/* 31: start, the verdict in the status record, and 31 03 for one that still runs or whose answer was lost. */
#include "ecu-flash/flash_run_priv.h"

#include <string.h>

#define PHASE_START     0u
#define PHASE_RESULTS   1u

#define START_ROUTINE   1u
#define REQUEST_RESULTS 3u
#define MAX_STARTS      4u /* each but the first after the answer to the one before was lost */

struct flash_range_format flash_erase_format(const struct profile *p)
{
	return (struct flash_range_format){
	    .address_bytes = p->erase_address_bytes ? p->erase_address_bytes : p->address_bytes,
	    .length_bytes = p->erase_length_bytes ? p->erase_length_bytes : p->length_bytes,
	    .bare = p->erase_bare,
	};
}

static size_t put(uint8_t *out, uint64_t value, uint8_t n_bytes)
{
	for (unsigned i = n_bytes; i-- > 0;)
		*out++ = (uint8_t)(value >> (8 * i));
	return n_bytes;
}

size_t flash_address_and_length(struct flash_range_format format, uint64_t address, uint64_t length, uint8_t *out)
{
	size_t n = 0;

	if (address >> (8u * format.address_bytes) || length >> (8u * format.length_bytes) ||
	    (length && (address + length - 1) >> (8u * format.address_bytes)))
		return 0;
	if (!format.bare)
		out[n++] = (uint8_t)((format.length_bytes << 4) | format.address_bytes);
	n += put(out + n, address, format.address_bytes);
	n += put(out + n, length, format.length_bytes);
	return n;
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

static size_t erase_argument(const struct flash_run *self, uint8_t *out)
{
	const struct profile *p = flash_profile(self);
	const struct image *image = flash_image(self);

	switch (p->erase_argument) {
	case PROFILE_ERASE_NONE:
		break;
	case PROFILE_ERASE_ADDRESS_LENGTH:
		if (self->segment < image->n_segments) {
			const struct image_segment *s = &image->segments[self->segment];

			return flash_address_and_length(flash_erase_format(p), s->address, s->n_bytes, out);
		}
		break;
	case PROFILE_ERASE_BLOCK:
		return put(out, p->first_block + self->unit, p->block_number_bytes);
	}
	return 0;
}

static uint32_t crc_of(const struct image *image)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < image->n_segments; i++)
		crc = image_crc32(crc, image->segments[i].data, image->segments[i].n_bytes);
	return crc;
}

/* Return: the routine's argument, @n bytes; built in @out, of 16 bytes, where it does not lie elsewhere */
static const uint8_t *argument(const struct flash_run *self, uint8_t *out, size_t *n)
{
	const struct flash_step *step = flash_step_at(self);
	const struct flash_unit *unit = &self->job.units[self->unit];

	*n = 0;
	if (step->kind == FLASH_STEP_ERASE) {
		*n = erase_argument(self, out);
		return out;
	}
	if (step->kind != FLASH_STEP_CHECK_MEMORY) {
		*n = step->n_data;
		return step->data;
	}
	switch (flash_profile(self)->check_argument) {
	case PROFILE_CHECK_NONE:
		break;
	case PROFILE_CHECK_CRC32:
		*n = put(out, crc_of(unit->image), 4);
		break;
	case PROFILE_CHECK_SHA256:
		*n = sizeof(unit->sha256);
		return unit->sha256;
	case PROFILE_CHECK_SIGNATURE:
		*n = unit->n_signature;
		return unit->signature;
	}
	return out;
}

void flash_routine_begin(struct flash_run *self, uint64_t now_us)
{
	self->routine_starts = 0;
	self->routine_deadline_us = now_us + flash_profile(self)->timing.pending_max_us;
	flash_routine_send(self, now_us);
}

void flash_routine_send(struct flash_run *self, uint64_t now_us)
{
	uint16_t id = profile_step_routine_id(flash_profile(self), flash_step_at(self));
	uint8_t head[4] = {UDS_ROUTINE_CONTROL, START_ROUTINE, (uint8_t)(id >> 8), (uint8_t)id};
	uint8_t built[16];
	const uint8_t *body;
	size_t n;

	if (self->phase == PHASE_RESULTS) {
		head[1] = REQUEST_RESULTS;
		flash_request(self, now_us, head, sizeof(head), NULL, 0);
		return;
	}
	self->routine_starts++;
	self->routine_seen = false;
	if (flash_step_at(self)->kind == FLASH_STEP_ERASE && flash_profile(self)->banks == PROFILE_DUAL_BANK)
		self->result.bank_erased = true;
	if (flash_step_at(self)->kind == FLASH_STEP_SWITCH_OVER) {
		self->result.bank_erased = false;
		self->switches++;
		self->rebooted = false;
	}
	body = argument(self, built, &n);
	flash_request(self, now_us, head, sizeof(head), body, n);
}

static void passed(struct flash_run *self, uint64_t now_us)
{
	if (flash_step_at(self)->kind == FLASH_STEP_ERASE &&
	    flash_profile(self)->erase_argument == PROFILE_ERASE_ADDRESS_LENGTH &&
	    self->segment + 1u < flash_image(self)->n_segments) {
		flash_overcome(self);
		self->segment++;
		self->phase = PHASE_START;
		self->request_tries = 0;
		flash_routine_begin(self, now_us);
		return;
	}
	if (flash_step_at(self)->kind == FLASH_STEP_SWITCH_BACK)
		self->back_taken = true;
	flash_steps_done(self, now_us);
}

/* the ECU said no, and it said it to a start that it had seen */
static void refused(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (flash_step_at(self)->kind == FLASH_STEP_SWITCH_OVER && self->switches)
		self->switches--;
	flash_step_failed(self, now_us, failure_code(self), ev);
}

static void ask_later(struct flash_run *self, uint64_t until_us)
{
	self->phase = PHASE_RESULTS;
	flash_pause(self, until_us, false);
}

static void start_again(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

enum status { STATUS_PASSED, STATUS_RUNNING, STATUS_FAILED };

static enum status status_of(const struct profile_status *s, const struct uds_event *ev)
{
	const uint8_t *record = ev->pdu + 4 + s->offset;

	if (ev->n_pdu < 4u + s->offset + 1u)
		return s->required ? STATUS_FAILED : STATUS_PASSED;
	if (s->may_run && record[0] == s->running)
		return STATUS_RUNNING;
	if (ev->n_pdu < 4u + s->offset + s->n_success)
		return s->required ? STATUS_FAILED : STATUS_PASSED;
	return memcmp(record, s->success, s->n_success) == 0 ? STATUS_PASSED : STATUS_FAILED;
}

static void verdict(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	const struct profile *p = flash_profile(self);

	if (self->phase == PHASE_START)
		self->routine_seen = true;
	switch (status_of(&p->status[profile_step_routine(flash_step_at(self))], ev)) {
	case STATUS_PASSED:
		/* 31 03 names no range: unless this start was seen, it may be the result of the run before */
		if (self->routine_seen)
			passed(self, now_us);
		else
			start_again(self, now_us, ev);
		return;
	case STATUS_RUNNING:
		if (now_us >= self->routine_deadline_us)
			break;
		self->routine_seen = true; /* the run before had ended */
		self->request_tries = 0;
		ask_later(self, now_us + FLASH_ROUTINE_POLL_US);
		return;
	case STATUS_FAILED:
		if (self->routine_seen) {
			refused(self, now_us, ev);
			return;
		}
		break;
	}
	flash_step_failed(self, now_us, failure_code(self), ev);
}

/* neither the answer nor the result could be had: once more from the start */
static void start_again(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	bool switches = flash_step_at(self)->kind == FLASH_STEP_SWITCH_OVER;

	if (self->routine_starts >= MAX_STARTS && switches && flash_back_tells(self)) {
		/* as with a reset: whether it did is seen when the ECU boots and says its version */
		flash_note_retry(self, "not known whether it switches over", ev);
		flash_steps_done(self, now_us);
		return;
	}
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
			refused(self, now_us, ev);
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
