/*
 * ecu_rig - a virtual ECU and a plain client link on a bus of 200 us a frame, in simulated time.
 *
 * Requests and answers are written in hex: rig_expect(rig, "10 03", "50 03 00 32 01 f4"). An expected answer that ends
 * with "*" is a prefix; NULL expects silence.
 */
#ifndef TESTS_ECU_RIG_H
#define TESTS_ECU_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim/ecu_core.h"

#define MS              UINT64_C(1000)
#define RIG_FRAME_US    200u
#define RIG_FLASH       0x1000u
#define RIG_FLASH_BYTES 0x10000u
#define RIG_UICR        0x10001000u
#define RIG_RAM         0x20000000u
#define RIG_APP_ID      0x321u
#define RIG_QUEUE       256u

struct rig {
	uint64_t now_us;
	struct ecu_config config;
	struct ecu_core ecu;
	struct isotp client;
	uint8_t ecu_rx[8192], client_rx[8192], request[8192];
	uint8_t flash[RIG_FLASH_BYTES], uicr[0x400], ram[0x1000];
	uint8_t flash_b[RIG_FLASH_BYTES], uicr_b[0x400]; /* of the second bank */

	/* the bus: one frame on the wire, the rest waiting; sender 0 the client, 1 the ECU, 2 functional */
	struct can_msg queue[RIG_QUEUE];
	uint8_t senders[RIG_QUEUE];
	size_t head, n_queued;
	uint64_t wire_end_us;

	uint8_t answer[8192];
	size_t n_answer;
	bool answered;
	uint64_t answered_us, sent_us;
	unsigned n_pending; /* NRC 78 since the last request */
	uint64_t pending_us[64];
	unsigned n_app; /* frames of the application */
	unsigned n_ecu_frames;
	unsigned n_stored, n_seeds, n_resets;
	uint8_t seed_base;
	bool lose_next_from_ecu;
};

static inline size_t rig_hex(const char *text, uint8_t *out)
{
	size_t n = 0;

	while (*text && *text != '*') {
		if (*text == ' ') {
			text++;
			continue;
		}
		out[n++] = (uint8_t)strtoul((char[]){text[0], text[1], 0}, NULL, 16);
		text += 2;
	}
	return n;
}

static inline void rig_config(struct rig *rig)
{
	memset(rig, 0, sizeof *rig);
	rig->now_us = 1000000;
	rig->config = ecu_config_default();
	rig->config.link.address = (struct isotp_address){.tx_id = 0x7e8, .rx_id = 0x7e0};
	rig->config.functional_id = 0x7df;
	rig->config.regions[0] = (struct ecu_region){
	    .address = RIG_FLASH, .size = RIG_FLASH_BYTES, .sector_bytes = 0x1000, .bytes = rig->flash};
	rig->config.regions[1] = (struct ecu_region){
	    .address = RIG_UICR, .size = sizeof rig->uicr, .sector_bytes = 0x400, .bytes = rig->uicr};
	rig->config.regions[2] = (struct ecu_region){
	    .address = RIG_RAM, .size = sizeof rig->ram, .sector_bytes = 0x100, .ram = true, .bytes = rig->ram};
	rig->config.n_regions = 3;
	rig->config.app_message = (struct ecu_app_message){.id = RIG_APP_ID, .dlc = 8, .period_us = 100 * MS};
	strcpy(rig->config.hardware_number, "HW-1");
	strcpy(rig->config.serial_number, "SN-0001");
	strcpy(rig->config.boot_version, "BL-2");
	strcpy(rig->config.data_version, "D-3");
	memset(rig->flash, 0xff, sizeof rig->flash);
	memset(rig->uicr, 0xff, sizeof rig->uicr);
}

static inline void rig_config_banks(struct rig *rig)
{
	rig_config(rig);
	rig->config.banks.present = true;
	rig->config.regions[0].bank_b = rig->flash_b;
	rig->config.regions[1].bank_b = rig->uicr_b;
	memset(rig->flash_b, 0xff, sizeof rig->flash_b);
	memset(rig->uicr_b, 0xff, sizeof rig->uicr_b);
}

static inline void rig_power_on(struct rig *rig, const struct ecu_nonvolatile *nv)
{
	struct isotp_config link = rig->config.link;

	assert_null(ecu_config_check(&rig->config));
	link.address.tx_id = rig->config.link.address.rx_id;
	link.address.rx_id = rig->config.link.address.tx_id;
	isotp_init(&rig->client, &link, rig->client_rx, sizeof rig->client_rx);
	ecu_core_init(&rig->ecu, &rig->config, nv, rig->ecu_rx, sizeof rig->ecu_rx, rig->now_us);
}

/* an ECU with a valid application of 16 bytes at the beginning of its flash, version "old-1" */
static inline void rig_start(struct rig *rig)
{
	struct ecu_nonvolatile nv = ecu_nonvolatile_default(&rig->config);

	for (unsigned i = 0; i < 16; i++)
		rig->flash[i] = (uint8_t)i;
	assert_true(ecu_extents_add(&nv.programmed, RIG_FLASH, 16));
	nv.app_valid = true;
	strcpy(nv.factory_version, "old-1");
	rig_power_on(rig, &nv);
}

static inline void rig_new(struct rig *rig)
{
	rig_config(rig);
	rig_start(rig);
}

static inline void rig_queue(struct rig *rig, uint8_t sender, const struct can_msg *msg)
{
	assert_true(rig->n_queued < RIG_QUEUE);
	size_t at = (rig->head + rig->n_queued++) % RIG_QUEUE;

	rig->queue[at] = *msg;
	rig->senders[at] = sender;
	if (rig->n_queued == 1)
		rig->wire_end_us = rig->now_us + RIG_FRAME_US;
}

static inline void rig_pump(struct rig *rig)
{
	struct isotp_event event;
	enum ecu_output_kind kind;
	struct can_msg msg;

	while ((kind = ecu_core_pop_output(&rig->ecu)) != ECU_OUTPUT_NONE) {
		rig->n_stored += kind == ECU_OUTPUT_STORE;
		rig->n_resets += kind == ECU_OUTPUT_RESET;
		if (kind == ECU_OUTPUT_SEED_WANTED) {
			uint8_t seed[16], key[16];

			rig->n_seeds++;
			for (unsigned i = 0; i < 16; i++) {
				seed[i] = (uint8_t)(0x10 * rig->n_seeds + i);
				key[i] = seed[i] ^ 0xa5;
			}
			ecu_core_seed(&rig->ecu, rig->now_us, seed, key, 16);
		}
	}
	while (isotp_pop_event(&rig->client, &event)) {
		if (event.kind == ISOTP_EVENT_SENT)
			rig->sent_us = rig->now_us;
		if (event.kind != ISOTP_EVENT_RECEIVED)
			continue;
		if (event.n == 3 && event.data[0] == 0x7f && event.data[2] == 0x78) {
			if (rig->n_pending < 64)
				rig->pending_us[rig->n_pending] = rig->now_us;
			rig->n_pending++;
			continue;
		}
		memcpy(rig->answer, event.data, event.n);
		rig->n_answer = event.n;
		rig->answered = true;
		rig->answered_us = rig->now_us;
	}
	while (rig->n_queued < RIG_QUEUE - 4 && ecu_core_pop_frame(&rig->ecu, rig->now_us, &msg))
		rig_queue(rig, 1, &msg);
	while (rig->n_queued < 16 && isotp_pop_frame(&rig->client, rig->now_us, &msg))
		rig_queue(rig, 0, &msg);
}

static inline void rig_frame_ends(struct rig *rig)
{
	struct can_msg msg = rig->queue[rig->head];
	uint8_t sender = rig->senders[rig->head];

	rig->head = (rig->head + 1) % RIG_QUEUE;
	rig->n_queued--;
	rig->wire_end_us = rig->now_us + RIG_FRAME_US;
	if (sender == 1) {
		rig->n_ecu_frames++;
		rig->n_app += msg.id == RIG_APP_ID;
		ecu_core_confirm(&rig->ecu, rig->now_us);
		if (rig->lose_next_from_ecu && msg.id != RIG_APP_ID)
			rig->lose_next_from_ecu = false;
		else
			isotp_input(&rig->client, rig->now_us, &msg);
		return;
	}
	if (sender == 0)
		isotp_confirm(&rig->client, rig->now_us);
	ecu_core_input(&rig->ecu, rig->now_us, &msg);
}

/* to the next thing that happens, at most to @until_us */
static inline void rig_step(struct rig *rig, uint64_t until_us)
{
	uint64_t next = until_us;

	rig_pump(rig);
	if (rig->n_queued && rig->wire_end_us < next)
		next = rig->wire_end_us;
	if (ecu_core_deadline(&rig->ecu) < next)
		next = ecu_core_deadline(&rig->ecu);
	if (isotp_deadline(&rig->client) < next)
		next = isotp_deadline(&rig->client);
	if (next > rig->now_us)
		rig->now_us = next;
	if (rig->n_queued && rig->wire_end_us <= rig->now_us)
		rig_frame_ends(rig);
	ecu_core_expire(&rig->ecu, rig->now_us);
	isotp_expire(&rig->client, rig->now_us);
	rig_pump(rig);
}

static inline void rig_run_to(struct rig *rig, uint64_t until_us)
{
	while (rig->now_us < until_us)
		rig_step(rig, until_us);
}

static inline void rig_run(struct rig *rig, uint64_t us)
{
	rig_run_to(rig, rig->now_us + us);
}

static inline void rig_send(struct rig *rig, const uint8_t *pdu, size_t n)
{
	memmove(rig->request, pdu, n);
	rig->answered = false;
	rig->n_pending = 0;
	isotp_abort(&rig->client);
	assert_int_equal(isotp_send(&rig->client, rig->now_us, rig->request, n), 0);
	rig_pump(rig);
}

static inline void rig_send_functional(struct rig *rig, const char *hex)
{
	struct can_msg msg = {.id = 0x7df, .len = 8};
	uint8_t pdu[64];
	size_t n = rig_hex(hex, pdu);

	assert_true(n <= 7);
	msg.data[0] = (uint8_t)n;
	memcpy(msg.data + 1, pdu, n);
	rig->answered = false;
	rig->n_pending = 0;
	rig_queue(rig, 2, &msg);
}

/* Return: whether a final answer came within @us */
static inline bool rig_await(struct rig *rig, uint64_t us)
{
	uint64_t until = rig->now_us + us;

	while (!rig->answered && rig->now_us < until)
		rig_step(rig, until);
	return rig->answered;
}

static inline void rig_check(struct rig *rig, const char *request, const char *expected)
{
	uint8_t bytes[256];
	size_t n;

	if (!expected) {
		if (rig_await(rig, 300 * MS))
			fail_msg("%s was answered with %02x %02x %02x", request, rig->answer[0], rig->answer[1],
				 rig->answer[2]);
		return;
	}
	if (!rig_await(rig, 60000 * MS))
		fail_msg("%s got no answer, expected %s", request, expected);
	n = rig_hex(expected, bytes);
	if (rig->n_answer < n || memcmp(rig->answer, bytes, n) != 0 || (rig->n_answer > n && !strchr(expected, '*'))) {
		char got[128] = "";

		for (size_t i = 0; i < rig->n_answer && i < 32; i++)
			snprintf(got + 3 * i, sizeof got - 3 * i, "%02x ", rig->answer[i]);
		fail_msg("%s: expected %s, got %s", request, expected, got);
	}
	rig_run(rig, 1 * MS); /* the ECU hears that its answer has left */
}

static inline void rig_expect(struct rig *rig, const char *request, const char *expected)
{
	uint8_t pdu[256];

	rig_send(rig, pdu, rig_hex(request, pdu));
	rig_check(rig, request, expected);
}

static inline void rig_expect_functional(struct rig *rig, const char *request, const char *expected)
{
	rig_send_functional(rig, request);
	rig_check(rig, request, expected);
}

static inline void rig_send_key(struct rig *rig)
{
	uint8_t pdu[18] = {0x27, 0x02};

	for (unsigned i = 0; i < 16; i++)
		pdu[2 + i] = rig->answer[2 + i] ^ 0xa5;
	rig_send(rig, pdu, sizeof pdu);
}

static inline void rig_unlock(struct rig *rig)
{
	rig_expect(rig, "27 01", "67 01*");
	rig_send_key(rig);
	rig_check(rig, "27 02", "67 02");
}

/* programming session, unlocked */
static inline void rig_program(struct rig *rig)
{
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "10 02", "50 02*");
	rig_unlock(rig);
}

/* 36 with @n bytes */
static inline void rig_send_block(struct rig *rig, uint8_t counter, const uint8_t *bytes, size_t n)
{
	uint8_t pdu[8192] = {0x36, counter};

	memcpy(pdu + 2, bytes, n);
	rig_send(rig, pdu, n + 2);
}

static inline void rig_block(struct rig *rig, uint8_t counter, const uint8_t *bytes, size_t n, const char *expected)
{
	rig_send_block(rig, counter, bytes, n);
	rig_check(rig, "36", expected);
}

static inline void rig_version(struct rig *rig, const char *expected)
{
	rig_expect(rig, "22 f1 81", "62 f1 81*");
	assert_int_equal(rig->n_answer - 3, strlen(expected));
	assert_memory_equal(rig->answer + 3, expected, strlen(expected));
}

/* each test has a rig of its own, all zero: its first statement is rig_new() or rig_config() */
static inline int rig_setup(void **state)
{
	*state = calloc(1, sizeof(struct rig));
	return *state ? 0 : -1;
}

static inline int rig_teardown(void **state)
{
	free(*state);
	return 0;
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

#endif
