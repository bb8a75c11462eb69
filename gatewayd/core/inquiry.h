/*
 * inquiry - when the gateway asks the backend what is new, and when it closes a session in which nothing is left to do.
 * Private to gatewayd/core.
 *
 * Client-initiated updates are asked for every poll_s, each time a quarter more or less by chance: thousands of
 * vehicles must not ask in step. A notice of the backend, and who wants it now, is asked for at once. A vehicle all of
 * whose updates are client-initiated needs no session between: it closes it, and connects again for the next check, or
 * as soon as it has something to report or to fetch.
 */
#ifndef GATEWAYD_CORE_INQUIRY_H
#define GATEWAYD_CORE_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#define INQUIRY_DEFAULT_POLL_S 3600u
#define INQUIRY_MAX_POLL_S     604800u
#define INQUIRY_ANSWER_US      30000000u /* a backend that has not answered by then is given up */
#define INQUIRY_LINGER_US      5000000u  /* how long there has to be nothing to do before the session is closed */

struct gateway;

struct inquiry {
	uint32_t poll_s; /* as configured */
	uint32_t told_s; /* as the backend said; 0 = it did not */
	uint64_t random; /* state of the generator for the jitter */
	uint64_t due_us; /* the next check; GATEWAY_NEVER */
	bool peer;       /* the backend of this session takes a check */
	bool asked;      /* and has not answered */
	uint64_t asked_us;
	uint64_t idle_us; /* since when there is nothing to do; GATEWAY_NEVER: there is */
};

/* @poll_s: 0 = default; @random: any, best another one at each start */
void inquiry_init(struct inquiry *self, uint32_t poll_s, uint64_t random);
/* registered; the modes are known. @peer: the backend knows of checks; @told_s: 0 = as configured */
void inquiry_registered(struct gateway *self, uint64_t now_us, bool peer, uint32_t told_s);
/* a document or the word that there is none came; @told_s: when to ask again, 0 = as registered */
void inquiry_answered(struct gateway *self, uint64_t now_us, uint32_t told_s);
void inquiry_session_lost(struct gateway *self);
/* ask now, or when there is a session again */
void inquiry_now(struct gateway *self, uint64_t now_us);
/* time passed, or something happened: asks, gives a silent backend up, closes the session or opens it */
void inquiry_advance(struct gateway *self, uint64_t now_us);
uint64_t inquiry_deadline(const struct gateway *self, uint64_t now_us);

#endif
