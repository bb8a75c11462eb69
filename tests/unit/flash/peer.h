/*
 * peer - a scripted ECU: it answers everything a flash asks for, but for the requests that a rule of the test changes.
 */
#ifndef TESTS_UNIT_FLASH_PEER_H
#define TESTS_UNIT_FLASH_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "uds/isotp.h"
#include "uds/uds.h"

#define MS            UINT64_C(1000)
#define S             UINT64_C(1000000)

#define WORLD_BUF     4200u
#define PEER_MEMORY   65536u
#define PEER_BASE     0x8000u
#define FUNCTIONAL_ID 0x7dfu

enum rule_action {
	RULE_REPLY,           /* the bytes given, and nothing is done */
	RULE_IGNORE,          /* neither done nor answered: the request was lost */
	RULE_LOSE_ANSWER,     /* done, but not answered */
	RULE_PENDING_FOREVER, /* 78 every `delay_us`, and nothing else */
	RULE_PENDING,         /* 78 first, the usual answer after `delay_us` */
	RULE_DELAY,           /* the usual answer after `delay_us` */
};

struct rule {
	uint8_t prefix[8];
	uint8_t n_prefix;
	int functional; /* 0 physical, 1 functional, -1 either */
	unsigned skip;  /* so many matches pass first */
	unsigned times; /* then so many are changed; 0 = all */
	enum rule_action action;
	uint8_t reply[16];
	uint8_t n_reply;
	uint64_t delay_us;
	unsigned n_seen;
};

struct peer_answer {
	uint64_t at_us;
	uint8_t pdu[80];
	size_t n;
};

struct peer {
	uint32_t functional_id; /* above 0x7ff: of 29 bits */
	struct isotp link;
	uint8_t rx[WORLD_BUF];
	struct rule rules[16];
	unsigned n_rules;
	uint8_t stuck_sid; /* put off for ever */
	uint64_t stuck_every_us;
	struct peer_answer answers[32];
	unsigned n_answers;
	uint8_t sending[80];
	uint64_t silent_until_us;
	uint16_t max_block;
	uint8_t session;
	bool quiet, dtc_off;
	bool zero_seed;
	bool keeps_session_to_itself; /* no F186 */
	char version[40], new_version[40];
	/* two banks: which one runs after the next reset, as 31 0210 and 31 0211 say */
	bool dual_bank, switched;
	char old_version[40];
	uint8_t memory[PEER_MEMORY];
	uint64_t write_at;
	uint8_t last_counter;
	bool any_block;
	unsigned n_writes;
	uint8_t counters[1024]; /* of the blocks written */
};

struct world;
static inline void world_log(struct world *w, unsigned ecu, bool functional, const uint8_t *pdu, size_t n);

static inline void peer_answer(struct peer *p, uint64_t at_us, const uint8_t *pdu, size_t n)
{
	struct peer_answer *a;

	assert_true(p->n_answers < 32);
	a = &p->answers[p->n_answers++];
	a->at_us = at_us;
	a->n = n;
	memcpy(a->pdu, pdu, n);
}

static inline const char *peer_did(const struct peer *p, uint16_t did)
{
	switch (did) {
	case 0xf191:
		return "HW-7";
	case 0xf18c:
		return "SN-0001";
	case 0xf180:
		return "BOOT-1";
	case 0xf181:
		return p->version;
	case 0xf182:
		return "DATA-3";
	default:
		return NULL;
	}
}

static inline void peer_write(struct peer *p, const uint8_t *pdu, size_t n)
{
	if (p->any_block && pdu[1] == p->last_counter)
		return; /* a repetition is confirmed without a write */
	p->any_block = true;
	p->last_counter = pdu[1];
	if (p->n_writes < sizeof(p->counters))
		p->counters[p->n_writes] = pdu[1];
	p->n_writes++;
	assert_true(p->write_at + n - 2 <= PEER_MEMORY);
	memcpy(p->memory + p->write_at, pdu + 2, n - 2);
	p->write_at += n - 2;
}

/* what an ECU that is content with everything does. Return: bytes of the answer, 0 = none */
static inline size_t peer_work(struct peer *p, uint64_t now_us, const uint8_t *pdu, size_t n, uint8_t *out)
{
	const char *text;
	bool suppress = uds_sid_has_sub_function(pdu[0]) && n > 1 && pdu[1] & 0x80;

	out[0] = pdu[0] | 0x40;
	out[1] = n > 1 ? pdu[1] : 0;
	if (uds_sid_has_sub_function(pdu[0]))
		out[1] &= 0x7f;
	switch (pdu[0]) {
	case 0x10:
		p->session = out[1];
		if (p->session == 1)
			p->quiet = p->dtc_off = false;
		memcpy(out + 2, "\x00\x32\x01\xf4", 4);
		n = 6;
		break;
	case 0x11:
		p->session = 1;
		p->quiet = p->dtc_off = false;
		p->silent_until_us = now_us + 300 * MS;
		memcpy(p->version, p->dual_bank && !p->switched ? p->old_version : p->new_version, sizeof(p->version));
		n = 2;
		break;
	case 0x27:
		memcpy(out + 2, p->zero_seed ? "\0\0\0\0" : "\x11\x22\x33\x44", 4);
		n = pdu[1] & 1 ? 6 : 2;
		break;
	case 0x22:
		if (pdu[1] == 0xf1 && pdu[2] == 0x86 && !p->keeps_session_to_itself) {
			memcpy(out + 1, (uint8_t[]){0xf1, 0x86, p->session}, 3);
			return 4;
		}
		text = peer_did(p, (uint16_t)(pdu[1] << 8 | pdu[2]));
		if (!text) {
			memcpy(out, "\x7f\x22\x31", 3);
			return 3;
		}
		out[2] = pdu[2];
		memcpy(out + 3, text, strlen(text));
		n = 3 + strlen(text);
		break;
	case 0x2e:
		out[2] = pdu[2];
		n = 3;
		break;
	case 0x31:
		if (pdu[1] == 1 && pdu[2] == 0x02 && (pdu[3] == 0x10 || pdu[3] == 0x11))
			p->switched = pdu[3] == 0x10;
		out[2] = pdu[2];
		out[3] = pdu[3];
		out[4] = 0;
		n = 5;
		break;
	case 0x34:
		p->write_at =
		    ((uint64_t)pdu[3] << 24 | (uint64_t)pdu[4] << 16 | (uint64_t)pdu[5] << 8 | pdu[6]) - PEER_BASE;
		p->any_block = false;
		out[1] = 0x20;
		out[2] = (uint8_t)(p->max_block >> 8);
		out[3] = (uint8_t)p->max_block;
		n = 4;
		break;
	case 0x36:
		peer_write(p, pdu, n);
		n = 2;
		break;
	case 0x28:
		p->quiet = out[1] != 0;
		n = 2;
		break;
	case 0x85:
		p->dtc_off = out[1] == 2;
		n = 2;
		break;
	case 0x14:
	case 0x37:
		n = 1;
		break;
	default:
		n = 2;
		break;
	}
	return suppress ? 0 : n;
}

static inline struct rule *peer_rule(struct peer *p, bool functional, const uint8_t *pdu, size_t n)
{
	for (unsigned i = 0; i < p->n_rules; i++) {
		struct rule *r = &p->rules[i];

		if (n < r->n_prefix || memcmp(pdu, r->prefix, r->n_prefix) ||
		    (r->functional >= 0 && r->functional != functional))
			continue;
		r->n_seen++;
		if (r->n_seen > r->skip && (!r->times || r->n_seen <= r->skip + r->times))
			return r;
	}
	return NULL;
}

static inline void peer_request(struct world *w, struct peer *p, unsigned ecu, uint64_t now_us, bool functional,
				const uint8_t *pdu, size_t n)
{
	struct rule *r;
	uint8_t out[80];
	uint64_t at_us = now_us + MS;

	if (now_us < p->silent_until_us)
		return;
	world_log(w, ecu, functional, pdu, n);
	r = peer_rule(p, functional, pdu, n);
	if (r && r->action == RULE_IGNORE)
		return;
	if (r && r->action == RULE_REPLY) {
		peer_answer(p, at_us, r->reply, r->n_reply);
		return;
	}
	if (pdu[0] != 0x3e)
		p->stuck_sid = 0;
	if (r && r->action == RULE_PENDING_FOREVER) {
		p->stuck_sid = pdu[0];
		p->stuck_every_us = r->delay_us;
		peer_answer(p, at_us, (uint8_t[]){0x7f, pdu[0], 0x78}, 3);
		return;
	}
	if (r && r->action == RULE_PENDING)
		peer_answer(p, at_us, (uint8_t[]){0x7f, pdu[0], 0x78}, 3);
	if (r && (r->action == RULE_PENDING || r->action == RULE_DELAY))
		at_us = now_us + r->delay_us;
	n = peer_work(p, now_us, pdu, n, out);
	if (n && !(r && r->action == RULE_LOSE_ANSWER))
		peer_answer(p, at_us, out, n);
}

static inline void peer_input(struct world *w, struct peer *p, unsigned ecu, uint64_t now_us, const struct can_msg *msg)
{
	struct isotp_event ev;

	if (msg->id == p->functional_id &&
	    (msg->flags & CAN_MSG_EXTENDED) == (msg->id > 0x7ff ? CAN_MSG_EXTENDED : 0)) {
		assert_in_range(msg->data[0], 1, 7);
		peer_request(w, p, ecu, now_us, true, msg->data + 1, msg->data[0]);
		return;
	}
	isotp_input(&p->link, now_us, msg);
	while (isotp_pop_event(&p->link, &ev))
		if (ev.kind == ISOTP_EVENT_RECEIVED)
			peer_request(w, p, ecu, now_us, false, ev.data, ev.n);
}

static inline void peer_expire(struct peer *p, uint64_t now_us)
{
	struct isotp_event ev;

	isotp_expire(&p->link, now_us);
	while (isotp_pop_event(&p->link, &ev))
		;
	if (!p->n_answers || now_us < p->answers[0].at_us || isotp_sending(&p->link))
		return;
	memcpy(p->sending, p->answers[0].pdu, p->answers[0].n);
	assert_int_equal(isotp_send(&p->link, now_us, p->sending, p->answers[0].n), 0);
	p->n_answers--;
	memmove(p->answers, p->answers + 1, p->n_answers * sizeof(p->answers[0]));
	if (p->stuck_sid && !p->n_answers)
		peer_answer(p, now_us + p->stuck_every_us, (uint8_t[]){0x7f, p->stuck_sid, 0x78}, 3);
}

static inline uint64_t peer_deadline(const struct peer *p)
{
	uint64_t d = isotp_deadline(&p->link);

	if (p->n_answers && !isotp_sending(&p->link) && p->answers[0].at_us < d)
		d = p->answers[0].at_us;
	return d;
}

#endif
