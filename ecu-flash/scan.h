/*
 * scan - which ECUs answer on a bus, at which identifiers: a probe at a time, so that each answer has its request.
 *
 * Pure. Works on a can_node that the caller drives; frames that no channel took come in through scan_input(). Order: 3E
 * 00 and 10 01 functionally, to see who is there; 3E 00 to each identifier of the range; once more to each that had an
 * answer, with a longer wait, so that a late answer is not taken for that of the next identifier. Identifiers on which
 * others send are left out: they are somebody's. There are never two probes outstanding, and never more than
 * one in SCAN_PROBE_GAP_US.
 */
#ifndef ECU_FLASH_SCAN_H
#define ECU_FLASH_SCAN_H

#include "uds/can_node.h"

#define SCAN_MAX_FOUND    64u
#define SCAN_MAX_SENDERS  256u
#define SCAN_PROBE_GAP_US 10000u   /* between two probes, at least */
#define SCAN_WAIT_US      60000u   /* for an answer: a server has 50 ms */
#define SCAN_CONFIRM_US   250000u  /* in the second look, and after a functional probe */
#define SCAN_UNSENT_US    1000000u /* a probe that has not left by then never will */

struct scan_config {
	uint32_t first_id, last_id;    /* of requests; with normal_fixed: target addresses 0x00..0xff */
	bool extended_id;              /* 29 bits */
	bool normal_fixed;             /* 18DA tt F1, answered by 18DA F1 tt */
	struct can_node_functional to; /* how probes are sent; its id is the functional one */
};

struct scan_found {
	uint32_t request;
	uint32_t response;
	bool paired;     /* request is known; else the ECU answered functionally only */
	bool functional; /* it answers functional requests too */
	uint8_t answer[8];
	uint8_t n_answer;
	uint64_t us; /* from the probe to its answer */
};

enum scan_state { SCAN_NEW, SCAN_FUNCTIONAL, SCAN_PHYSICAL, SCAN_CONFIRM, SCAN_DONE };

struct scan { /* read: state, found, n_found, n_probes, unsent; the rest is private */
	enum scan_state state;
	struct scan_found found[SCAN_MAX_FOUND];
	size_t n_found;
	uint32_t n_probes;
	bool unsent; /* a probe did not leave: nobody acknowledges frames */
	struct can_node *node;
	struct scan_config config;
	uint32_t next_id;
	uint8_t round;  /* of the functional probes */
	size_t confirm; /* which of found is looked at again */
	bool again;     /* its second look */
	bool open;      /* a probe is out */
	uint32_t probe_id;
	uint8_t probe[2];
	uint32_t n_sent_before;
	uint64_t sent_us; /* 0 = not yet */
	uint64_t probed_us;
	uint64_t next_us;
	uint32_t senders[SCAN_MAX_SENDERS]; /* identifiers on which others were seen to send */
	size_t n_senders;
	uint64_t deadline_us;
};

void scan_init(struct scan *self, struct can_node *node, const struct scan_config *config);
void scan_start(struct scan *self, uint64_t now_us);
void scan_input(struct scan *self, uint64_t now_us, const struct can_msg *msg);
/* after each input, confirmation and expiry of the node */
void scan_advance(struct scan *self, uint64_t now_us);
uint64_t scan_deadline(const struct scan *self);
/* how many of the range's identifiers are done, and how many there are */
void scan_progress(const struct scan *self, uint32_t *done, uint32_t *total);

#endif
