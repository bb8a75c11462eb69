/* 34, 36, 37: the segments of a unit in blocks. A block whose answer is lost is sent again with the same counter. */
#include "ecu-flash/flash_run_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PHASE_DOWNLOAD 0u
#define PHASE_DATA     1u
#define PHASE_EXIT     2u

#define HEAD_BYTES     2u /* service identifier and block counter, counted by maxNumberOfBlockLength */

static const struct image_segment *segment_of(const struct flash_run *self)
{
	return &flash_image(self)->segments[self->segment];
}

static void book_progress(struct flash_run *self)
{
	uint64_t done = self->bytes_base + self->segment_offset;

	if (done > self->result.payload_bytes)
		self->result.payload_bytes = done;
}

static void begin_segment(struct flash_run *self, uint64_t now_us)
{
	self->phase = PHASE_DOWNLOAD;
	self->request_tries = 0;
	self->segment_offset = 0;
	flash_transfer_send(self, now_us);
}

void flash_transfer_begin(struct flash_run *self, uint64_t now_us)
{
	self->bytes_base = 0;
	for (uint8_t i = 0; i < self->unit; i++)
		self->bytes_base += self->job.units[i].image->n_bytes;
	self->segment_starts = 1;
	if (!flash_image(self)->n_segments)
		flash_steps_done(self, now_us);
	else
		begin_segment(self, now_us);
}

static void send_download(struct flash_run *self, uint64_t now_us)
{
	const struct profile *p = flash_profile(self);
	const struct image_segment *s = segment_of(self);
	uint8_t pdu[16] = {UDS_REQUEST_DOWNLOAD, p->data_format};
	struct flash_range_format format = {.address_bytes = p->address_bytes, .length_bytes = p->length_bytes};
	size_t n = flash_address_and_length(format, s->address, s->n_bytes, pdu + 2);

	flash_request(self, now_us, pdu, n + 2, NULL, 0);
}

static void send_block(struct flash_run *self, uint64_t now_us)
{
	const struct image_segment *s = segment_of(self);
	uint64_t left = s->n_bytes - self->segment_offset;

	self->block_n = left < self->block_bytes ? (uint32_t)left : self->block_bytes;
	flash_request(self, now_us, (uint8_t[]){UDS_TRANSFER_DATA, self->block_counter}, HEAD_BYTES,
		      s->data + self->segment_offset, self->block_n);
}

void flash_transfer_send(struct flash_run *self, uint64_t now_us)
{
	if (self->phase == PHASE_DOWNLOAD)
		send_download(self, now_us);
	else if (self->phase == PHASE_DATA)
		send_block(self, now_us);
	else
		flash_request(self, now_us, (uint8_t[]){UDS_REQUEST_TRANSFER_EXIT}, 1, NULL, 0);
}

/* ---- 34 ---- */

static uint32_t at_most(uint32_t a, uint64_t b)
{
	return b < a ? (uint32_t)b : a;
}

static void download_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	const struct profile *p = flash_profile(self);
	uint32_t longest = 0;
	char words[80];
	size_t n = ev->n_pdu >= 2 ? ev->pdu[1] >> 4 : 0;

	if (!n || ev->n_pdu < 2 + n) {
		struct uds_event bad = *ev;

		bad.kind = UDS_EVENT_MALFORMED;
		flash_step_failed(self, now_us, FLASH_MALFORMED_ANSWER, &bad);
		return;
	}
	for (size_t i = 0; i < n; i++)
		longest = longest >> 24 ? UINT32_MAX : (longest << 8) | ev->pdu[2 + i];
	if (longest <= HEAD_BYTES) {
		snprintf(words, sizeof(words),
			 "the ECU announced blocks of up to %" PRIu32 " bytes, which hold no data", longest);
		flash_fail(self, now_us, FLASH_BAD_BLOCK_LENGTH, ev, words);
		return;
	}
	if (p->max_block_bytes)
		longest = at_most(longest, p->max_block_bytes);
	longest = at_most(longest, self->channel->tx_cap);
	if (longest <= HEAD_BYTES) {
		flash_fail(self, now_us, FLASH_TRANSPORT, ev, "the transmit buffer holds no block");
		return;
	}
	self->block_bytes = longest - HEAD_BYTES;
	for (uint8_t i = 0; i < self->block_shift && self->block_bytes / 4 >= FLASH_LEAST_BLOCK_BYTES; i++)
		self->block_bytes /= 4;
	self->block_counter = 1;
	self->block_tries = 0;
	self->request_tries = 0;
	self->phase = PHASE_DATA;
	send_block(self, now_us);
}

/* ---- 36 ---- */

static void restart_segment(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (self->segment_starts >= FLASH_MAX_SEGMENT_STARTS) {
		flash_step_failed(self, now_us, FLASH_TRANSFER_FAILED, ev);
		return;
	}
	self->segment_starts++;
	flash_note_retry(self, "segment begun again", ev);
	self->phase = PHASE_DOWNLOAD;
	self->request_tries = 0;
	self->segment_offset = 0;
	flash_pause(self, now_us, false);
}

static void block_lost(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (self->block_tries < flash_profile(self)->block_retries) {
		self->block_tries++;
		self->result.block_repeats++;
		flash_note_retry(self, "block sent again", ev);
		flash_pause(self, ev->kind == UDS_EVENT_MALFORMED ? now_us + FLASH_DRAIN_PAUSE_US : now_us, false);
		return;
	}
	/* Long blocks do not get through a line that loses frames. Whether this one arrived is not known, so a shorter
	 * one cannot take its place: the unit begins again. The least length bounds how often. */
	if (self->block_bytes / 4 >= FLASH_LEAST_BLOCK_BYTES && flash_profile(self)->block_retries &&
	    flash_step_at(self)->retries) {
		self->block_shift++;
		flash_note_retry(self, "unit begun again with shorter blocks", ev);
		flash_steps_rewind(self, ev);
		flash_pause(self, now_us + FLASH_RETRY_PAUSE_US, true);
		return;
	}
	flash_step_failed(self, now_us, FLASH_TRANSFER_FAILED, ev);
}

static void block_written(struct flash_run *self, uint64_t now_us)
{
	struct flash_event event = {.kind = FLASH_EVENT_PROGRESS};

	self->segment_offset += self->block_n;
	self->block_counter++; /* FF is followed by 00 */
	self->block_tries = 0;
	flash_overcome(self);
	book_progress(self);
	flash_push(self, &event);
	if (self->segment_offset == segment_of(self)->n_bytes) {
		self->phase = PHASE_EXIT;
		self->request_tries = 0;
	}
	flash_transfer_send(self, now_us);
}

static void data_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	self->result.transfer_us += now_us - self->request_us;
	if (ev->kind == UDS_EVENT_POSITIVE)
		block_written(self, now_us);
	else if (ev->kind != UDS_EVENT_NEGATIVE)
		block_lost(self, now_us, ev);
	else if (ev->nrc == UDS_NRC_WRONG_BLOCK_SEQUENCE_COUNTER && self->block_tries)
		restart_segment(self, now_us, ev); /* the ECU does not know the repetition rule */
	else
		flash_step_failed(self, now_us, FLASH_TRANSFER_FAILED, ev);
}

/* ---- 37 ---- */

static void next_segment(struct flash_run *self, uint64_t now_us)
{
	self->bytes_base += segment_of(self)->n_bytes;
	self->segment_offset = 0;
	book_progress(self);
	if (self->segment + 1u == flash_image(self)->n_segments) {
		flash_steps_done(self, now_us);
		return;
	}
	self->segment++;
	self->segment_starts = 1;
	begin_segment(self, now_us);
}

void flash_transfer_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (self->phase == PHASE_DATA) {
		data_answer(self, now_us, ev);
		return;
	}
	if (ev->kind == UDS_EVENT_POSITIVE) {
		if (self->phase == PHASE_DOWNLOAD)
			download_answer(self, now_us, ev);
		else
			next_segment(self, now_us);
		return;
	}
	if (ev->kind != UDS_EVENT_NEGATIVE) {
		if (!flash_repeat(self, now_us, ev))
			flash_step_failed(self, now_us, FLASH_TRANSFER_FAILED, ev);
		return;
	}
	/* The first 37 was carried out and its answer lost; every block had been confirmed before. */
	if (self->phase == PHASE_EXIT && self->request_tries && ev->nrc == UDS_NRC_REQUEST_SEQUENCE_ERROR)
		next_segment(self, now_us);
	else
		flash_step_failed(self, now_us, FLASH_TRANSFER_FAILED, ev);
}
