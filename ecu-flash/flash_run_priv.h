/*
 * flash_run_priv - what the files of flash_run share: the states of a run, and the doors between the parts.
 *
 * flash_run.c owns states, events, retries and the end; flash_steps.c the sequence of steps and the simple ones;
 * flash_boot.c 11 and the wait for boot; flash_back.c the way back of a dual-bank ECU; flash_security.c 27,
 * flash_fingerprint.c 2E, flash_routine.c 31, flash_transfer.c 34 36 37, flash_identity.c 22, flash_quiet.c the
 * physical 85 and 28. Each part has a begin, a send (builds the request of the phase at hand, so that a repetition is a
 * second send) and an answer.
 */
#ifndef ECU_FLASH_FLASH_RUN_PRIV_H
#define ECU_FLASH_FLASH_RUN_PRIV_H

#include "ecu-flash/flash_run.h"
#include "uds/uds.h"

#define FLASH_MS                 UINT64_C(1000)
#define FLASH_S                  UINT64_C(1000000)

#define FLASH_REQUEST_REPEATS    2u /* of a request whose answer was lost */
#define FLASH_RETRY_PAUSE_US     (200 * FLASH_MS)
#define FLASH_DRAIN_PAUSE_US     (100 * FLASH_MS) /* lets the rest of a garbled answer pass before the repetition */
#define FLASH_KEY_WAIT_US        (30 * FLASH_S)
#define FLASH_INTENT_WAIT_US     (60 * FLASH_S)
#define FLASH_MAX_WRONG_KEYS     2u
#define FLASH_KEY_DELAY_US       (10 * FLASH_S)
#define FLASH_MAX_KEY_DELAYS     30u
#define FLASH_ROUTINE_POLL_US    (500 * FLASH_MS)
#define FLASH_BOOT_POLL_US       (100 * FLASH_MS)
#define FLASH_MAX_SEGMENT_STARTS 4u
#define FLASH_LEAST_BLOCK_BYTES  62u /* blocks are not made smaller than this after losses */

enum flash_state {
	FLASH_STATE_NEW,
	FLASH_STATE_REQUEST, /* the channel works on a request */
	FLASH_STATE_PAUSE,   /* until deadline_us */
	FLASH_STATE_KEY,     /* the owner computes the key */
	FLASH_STATE_INTENT,  /* the owner stores the intent */
	FLASH_STATE_OVER,
};

enum flash_stage {
	FLASH_STAGE_IDENTIFY, /* identifiers before anything */
	FLASH_STAGE_STEPS,
	FLASH_STAGE_PROBE,   /* before the way back: what runs after the reset that followed a switch-over */
	FLASH_STAGE_VERIFY,  /* a job of kind verify: identifiers and versions */
	FLASH_STAGE_LEAVE,   /* failed before the first erase: back to the default session */
	FLASH_STAGE_REQUIET, /* and quiet again, while others of the bus flash */
};

static inline const struct profile *flash_profile(const struct flash_run *self)
{
	return self->job.profile;
}

/* the list that is gone through: the sequence, or the way back from it */
static inline const struct flash_step *flash_list(const struct flash_run *self, uint8_t *n)
{
	const struct profile *p = self->job.profile;

	*n = self->going_back ? p->n_back : p->n_steps;
	return self->going_back ? p->back : p->steps;
}

static inline const struct flash_step *flash_step_at(const struct flash_run *self)
{
	return (self->going_back ? self->job.profile->back : self->job.profile->steps) + self->step_index;
}

static inline const struct image *flash_image(const struct flash_run *self)
{
	return self->job.units[self->unit].image;
}

/* flash_run.c */
void flash_push(struct flash_run *self, struct flash_event *event);
void flash_request(struct flash_run *self, uint64_t now_us, const uint8_t *head, size_t n_head, const uint8_t *body,
		   size_t n_body);
/* then the send of the part at hand, or, with @begin, the begin of its step */
void flash_pause(struct flash_run *self, uint64_t until_us, bool begin);
/**
 * flash_repeat() - the answer to the request at hand was lost or garbled: send it again, at most FLASH_REQUEST_REPEATS
 * times in a row
 * Return: false if that is used up; nothing was sent then
 */
bool flash_repeat(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);
/* tells it, and keeps it as the cause if it is the first one */
void flash_note_retry(struct flash_run *self, const char *what, const struct uds_event *ev);
/* the step at hand made progress: what was tried again before is overcome */
void flash_overcome(struct flash_run *self);
/* the step at hand failed for what @ev says; tried again if the profile grants it, else the run fails */
void flash_step_failed(struct flash_run *self, uint64_t now_us, enum flash_code code, const struct uds_event *ev);
/* the run fails for good; @words: NULL for the usual ones */
void flash_fail(struct flash_run *self, uint64_t now_us, enum flash_code code, const struct uds_event *ev,
		const char *words);
void flash_succeed(struct flash_run *self, uint64_t now_us);
void flash_over(struct flash_run *self, uint64_t now_us); /* nothing more is sent; the result is complete */
void flash_left(struct flash_run *self, uint64_t now_us); /* LEAVE and REQUIET are done */
/* true if a stop is wanted and still possible; the run has begun to end then */
bool flash_stops(struct flash_run *self, uint64_t now_us);

/* flash_steps.c */
void flash_steps_begin(struct flash_run *self, uint64_t now_us); /* the step at step_index */
void flash_steps_go(struct flash_run *self, uint64_t now_us);    /* the same after the intent was stored */
void flash_steps_send(struct flash_run *self, uint64_t now_us);
void flash_steps_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);
void flash_steps_done(struct flash_run *self, uint64_t now_us); /* the step passed: the next one */
/* the step from which a failed one is tried again: itself, or the session step before it */
void flash_steps_rewind(struct flash_run *self, const struct uds_event *ev);

/* flash_back.c */
/**
 * flash_back_begin() - the run has failed: undoes a switch-over, if there may have been one
 * Return: true if the run goes on with the way back; false if there is none to go (or the ECU refused to switch, so
 * that it is not needed: no longer `erased` then)
 */
bool flash_back_begin(struct flash_run *self, uint64_t now_us);
/* the identifiers were read, or the ECU did not answer: the way back, if it is needed */
void flash_back_probed(struct flash_run *self, uint64_t now_us);
/* whether the application's version tells the new software from the one before */
bool flash_back_tells(const struct flash_run *self);
/* a step of the way back failed. Return: true if the way goes on nevertheless */
bool flash_back_bears(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);
/* the way back ends here: with the ECU restored, or not, as its version says */
void flash_back_done(struct flash_run *self, uint64_t now_us);

/* flash_boot.c */
void flash_boot_reset(struct flash_run *self, uint64_t now_us, uint8_t sub_function); /* sends 11 */
void flash_boot_reset_answered(struct flash_run *self, uint64_t now_us);
/* Return: true if what became of it is not known; the wait for boot finds out */
bool flash_boot_reset_lost(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);
void flash_boot_begin(struct flash_run *self, uint64_t now_us);
void flash_boot_send(struct flash_run *self, uint64_t now_us);
void flash_boot_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

/* @out: PROFILE_MAX_FINGERPRINT bytes. Return: bytes of the fingerprint */
size_t flash_fingerprint(const struct profile *profile, const struct flash_origin *origin, uint8_t *out);

void flash_security_send(struct flash_run *self, uint64_t now_us);
void flash_security_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

void flash_routine_begin(struct flash_run *self, uint64_t now_us);
void flash_routine_send(struct flash_run *self, uint64_t now_us);
void flash_routine_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

void flash_transfer_begin(struct flash_run *self, uint64_t now_us);
void flash_transfer_send(struct flash_run *self, uint64_t now_us);
void flash_transfer_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);
/* how a range of memory is written: the identifier's two lengths, and whether the identifier stands before it */
struct flash_range_format {
	uint8_t address_bytes, length_bytes;
	bool bare;
};
struct flash_range_format flash_erase_format(const struct profile *profile);
/* @out: 10 bytes at least: addressAndLengthFormatIdentifier, address, length. Return: bytes, 0 if it does not fit */
size_t flash_address_and_length(struct flash_range_format format, uint64_t address, uint64_t length, uint8_t *out);

void flash_identity_begin(struct flash_run *self, uint64_t now_us);
void flash_identity_send(struct flash_run *self, uint64_t now_us);
void flash_identity_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

/* Return: false if there is nothing (more) to be sent */
bool flash_quiet_begin(struct flash_run *self, uint64_t now_us);
bool flash_quiet_send(struct flash_run *self, uint64_t now_us);
bool flash_quiet_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev);

/* flash_text.c */
/* what became of a request; @n: 64 bytes hold all of it */
void flash_text_event(const struct uds_event *ev, char *out, size_t n);
void flash_text_result(struct flash_result *result, const char *name, bool in_step, const char *words);
/* how it ended after that: kept whole at the cost of what stands before */
void flash_text_end(struct flash_result *result, const char *words);

#endif
