/*
 * flash_upload - reads a range of an ECU's memory (35, 36, 37) over a uds_channel, as a pure core.
 *
 * Order: the session that is asked for, SecurityAccess if a level is given, RequestUpload, blocks, RequestTransferExit,
 * and on every way out back to the default session. Nothing is written to the ECU. A block whose answer is lost is
 * asked for again with the same counter, as often as the profile's block_retries say.
 *
 * The owner of the channel drives the wire, then calls flash_upload_advance(), then drains flash_upload_pop_event().
 */
#ifndef ECU_FLASH_FLASH_UPLOAD_H
#define ECU_FLASH_FLASH_UPLOAD_H

#include "ecu-flash/flash_run.h"

struct flash_upload_job {
	const struct profile *profile;
	uint8_t session; /* 10 xx, 0 = none is entered */
	uint8_t level;   /* of SecurityAccess, odd; 0 = not unlocked */
	uint64_t address;
	uint64_t n_bytes; /* 1.. */
	uint8_t *out;     /* n_bytes, of the caller */
};

enum flash_upload_step {
	FLASH_UPLOAD_NEW,
	FLASH_UPLOAD_SESSION,
	FLASH_UPLOAD_SEED,
	FLASH_UPLOAD_KEY,
	FLASH_UPLOAD_REQUEST,
	FLASH_UPLOAD_DATA,
	FLASH_UPLOAD_EXIT,
	FLASH_UPLOAD_LEAVE, /* back to the default session */
	FLASH_UPLOAD_OVER,
};

enum flash_upload_event_kind {
	FLASH_UPLOAD_EVENT_NONE,
	FLASH_UPLOAD_EVENT_STEP,     /* a step begins */
	FLASH_UPLOAD_EVENT_NEED_KEY, /* seed; answer with flash_upload_key() */
	FLASH_UPLOAD_EVENT_PROGRESS, /* n_done has grown */
	FLASH_UPLOAD_EVENT_RETRY,    /* information: a block or request is asked for again */
	FLASH_UPLOAD_EVENT_OVER,     /* the result is complete */
};

struct flash_upload_event {
	enum flash_upload_event_kind kind;
	enum flash_upload_step step;
	uint8_t seed[64];
	uint8_t n_seed;
};

/* All fields are private but code, failed_step, sid, nrc, n_done and block_repeats. */
struct flash_upload {
	enum flash_code code; /* NO_ANSWER, NEGATIVE_RESPONSE, SECURITY_DENIED, TRANSFER_FAILED, MALFORMED_ANSWER,
			       * BAD_BLOCK_LENGTH, STOPPED, KEY_UNAVAILABLE, TRANSPORT or IMAGE_TOO_LARGE: the range
			       * does not fit the profile's formats */
	enum flash_upload_step failed_step;
	uint8_t sid;
	uint8_t nrc;
	uint64_t n_done; /* bytes in out */
	uint32_t block_repeats;
	struct flash_upload_job job;
	struct uds_channel *channel;
	enum flash_upload_step step;
	bool waits_for_key;
	bool stop_wanted;
	uint8_t tries;
	uint8_t counter;
	uint64_t block_bytes; /* data of one block, as the ECU announced */
	uint64_t deadline_us;
	uint8_t key[64];
	uint8_t n_key;
	struct flash_upload_event events[4];
	uint8_t event_head;
	uint8_t event_n;
};

/* @job: copied; @channel: idle, attached to a node by the caller */
void flash_upload_init(struct flash_upload *self, const struct flash_upload_job *job, struct uds_channel *channel);
void flash_upload_start(struct flash_upload *self, uint64_t now_us);
void flash_upload_advance(struct flash_upload *self, uint64_t now_us);
uint64_t flash_upload_deadline(const struct flash_upload *self);
bool flash_upload_pop_event(struct flash_upload *self, struct flash_upload_event *event);
/* @n: 0 = there is none */
void flash_upload_key(struct flash_upload *self, uint64_t now_us, const uint8_t *key, size_t n);
/* ends after the block at hand, and leaves the ECU in its default session */
void flash_upload_stop(struct flash_upload *self, uint64_t now_us);
bool flash_upload_finished(const struct flash_upload *self);

/* "RequestUpload": what a step does, for people */
const char *flash_upload_step_text(enum flash_upload_step step);

#endif
