/*
 * fuzz_uds_gather - one request, and a bus on which the input speaks for all ECUs; answers to 19 are read into records.
 *
 * Whatever comes: those found are different and within the range, answers lie in the buffer that is theirs, after
 * uds_gather_expire() the next deadline lies ahead, and left alone a gathering ends.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/bytes.h"
#include "uds/uds_dtc.h"
#include "uds/uds_gather.h"
#include "uds/uds_text.h"

#define N_ECUS    5u
#define EACH      120u
#define MAX_STEPS 400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct uds_gather gather;
	struct uds_gather_ecu ecus[N_ECUS];
	uint8_t buf[N_ECUS * EACH];
	uint64_t now_us;
	size_t n_unconfirmed;
};

static void read_records(const uint8_t *pdu, size_t n)
{
	struct uds_dtc_report report;
	struct uds_dtc dtc;
	char text[UDS_DTC_TEXT_CAP];

	if (!uds_dtc_report_parse(pdu, n, &report))
		return;
	for (size_t i = 0; uds_dtc_report_get(&report, i, &dtc); i++) {
		assert(i < report.count);
		uds_dtc_text(dtc.code, text, sizeof text);
		assert(strlen(text) == UDS_DTC_TEXT_CAP - 1);
	}
}

static void check(const struct world *world)
{
	const struct uds_gather *g = &world->gather;

	assert(g->n <= N_ECUS && g->n_unconfirmed == world->n_unconfirmed);
	for (size_t i = 0; i < g->n; i++) {
		const struct uds_gather_ecu *ecu = &g->ecus[i];

		assert(ecu->id >= g->config.first_id && ecu->id <= g->config.last_id);
		assert(uds_gather_find(g, ecu->id) == ecu); /* there is one of it */
		assert(ecu->kind != UDS_EVENT_PENDING && ecu->kind != UDS_EVENT_SUPPRESSED);
		if (!ecu->pdu)
			continue;
		assert(ecu->kind == UDS_EVENT_POSITIVE || ecu->kind == UDS_EVENT_NEGATIVE ||
		       ecu->kind == UDS_EVENT_MALFORMED);
		assert(ecu->pdu == world->buf + i * EACH && ecu->n_pdu >= 1 && ecu->n_pdu <= EACH);
		read_records(ecu->pdu, ecu->n_pdu);
	}
	if (uds_gather_running(g))
		assert(uds_gather_deadline(g) != UDS_NEVER);
	else
		assert(uds_gather_deadline(g) == UDS_NEVER);
}

static void pop(struct world *world)
{
	struct can_msg msg;

	while (uds_gather_pop_frame(&world->gather, world->now_us, &msg)) {
		world->n_unconfirmed++;
		assert(can_msg_fd_len(msg.len) == msg.len);
	}
}

static void confirm(struct world *world)
{
	if (world->n_unconfirmed > 0)
		world->n_unconfirmed--;
	uds_gather_confirm(&world->gather, world->now_us);
}

/* a frame of one of eight ECUs: as the input says, or one that fits the request */
static void input(struct world *world, struct bytes *in)
{
	const uint8_t shape = bytes_u8(in);
	struct can_msg msg = {.id = 0x7e0u + (shape & 15u)};

	if (world->gather.config.link.address.extended_id)
		msg.flags = CAN_MSG_EXTENDED;
	msg.len = can_msg_fd_len(world->gather.config.link.fd ? bytes_u8(in) & 0x3fu : 8u);
	bytes_take(in, msg.data, msg.len);
	if (shape & 0x40) {
		uint8_t *pci = msg.data;

		if (world->gather.config.link.address.form == ISOTP_EXTENDED)
			*pci++ = 0;
		pci[0] = (shape & 0x80) && msg.len > 8 ? 0 : (pci[0] & 0x17);
		pci[pci[0] & 0x10 ? 2 : 1] = (uint8_t)(world->gather.request[0] + 0x40);
	}
	uds_gather_input(&world->gather, world->now_us, &msg);
}

static void expire(struct world *world)
{
	uds_gather_expire(&world->gather, world->now_us);
	assert(uds_gather_deadline(&world->gather) > world->now_us);
}

static void start_request(struct world *world, struct bytes *in)
{
	uint8_t pdu[UDS_GATHER_MAX_REQUEST + 1];
	const size_t n = bytes_take(in, pdu, bytes_u8(in) % (sizeof pdu + 1));

	uds_gather_start(&world->gather, world->now_us, pdu, n);
}

static void step(struct world *world, struct bytes *in)
{
	switch (bytes_u8(in) % 16) {
	case 0:
		start_request(world, in);
		break;
	case 1:
	case 2:
		pop(world);
		break;
	case 3:
	case 4:
		confirm(world);
		break;
	case 5:
		world->now_us += bytes_u16(in);
		expire(world);
		break;
	case 6:
		if (uds_gather_running(&world->gather) && uds_gather_deadline(&world->gather) > world->now_us)
			world->now_us = uds_gather_deadline(&world->gather);
		expire(world);
		break;
	case 7:
		if (bytes_u8(in) < 16)
			uds_gather_abort(&world->gather);
		break;
	case 8:
		if (bytes_u8(in) < 16) {
			uds_gather_forget_unconfirmed(&world->gather);
			world->n_unconfirmed = 0;
		}
		break;
	default:
		input(world, in);
		break;
	}
	check(world);
}

static void set_up(struct world *world, struct bytes *in)
{
	const uint8_t form = bytes_u8(in);
	struct uds_gather_config config = {
	    .link = isotp_config_default(),
	    .timing = uds_timing_default(),
	    .first_id = 0x7e2,
	    .last_id = 0x7ef,
	    .reply = (enum uds_gather_reply)((form & 3) % 3),
	    .offset = 8,
	};

	config.link.address.tx_id = 0x7df;
	config.link.address.extended_id = (form & 4) != 0;
	config.link.address.form = form & 16 ? ISOTP_EXTENDED : ISOTP_NORMAL;
	config.link.fd = (form & 8) != 0;
	config.link.tx_dl = config.link.fd ? 64 : 8;
	config.timing.max_pending = 5;
	world->now_us = 1000000;
	uds_gather_init(&world->gather, &config, world->ecus, N_ECUS, world->buf, sizeof world->buf);
	uds_gather_start(&world->gather, world->now_us, (const uint8_t[]){0x19, 0x02, 0xff}, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *world = calloc(1, sizeof *world);
	struct bytes in = {data, size};

	assert(world);
	set_up(world, &in);
	for (size_t i = 0; i < MAX_STEPS && in.n > 0; i++)
		step(world, &in);
	for (size_t i = 0; uds_gather_running(&world->gather); i++) {
		assert(i < 64);
		if (uds_gather_deadline(&world->gather) > world->now_us)
			world->now_us = uds_gather_deadline(&world->gather);
		expire(world);
		check(world);
	}
	free(world);
	return 0;
}
