/*
 * fuzz_ecu_core - a virtual ECU at the mercy of its tester: any frames, whole requests in the right frames, an unlocked
 * programming session now and then, faults, a bus that confirms or not, and time.
 *
 * Whatever comes: nothing is written outside of the regions (each is exactly its size), what is handed out stays within
 * its bound, the list of programmed ranges stays in order, the deadline lies ahead after ecu_core_expire(), and after a
 * reset the ECU answers in its default session.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ecu_core.h"
#include "tests/fuzz/bytes.h"

#define FLASH_AT    0x1000u
#define FLASH_BYTES 0x800u
#define RAM_AT      0x20000000u
#define RAM_BYTES   0x100u
#define RX_CAP      300u
#define MAX_STEPS   300u
#define KEY_MASK    0xa5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct ecu_config config;
	struct ecu_core ecu;
	uint8_t *rx;
	uint64_t now_us;
	size_t n_outstanding;
	uint8_t n_seeds;
	uint8_t seed[ECU_MAX_SEED_BYTES];
	uint8_t answer[8]; /* of the last single frame that came from the ECU, behind its length */
	size_t n_answer;
};

static void check_extents(const struct ecu_extents *programmed)
{
	uint64_t end = 0;

	assert(programmed->n <= ECU_MAX_EXTENTS);
	for (size_t i = 0; i < programmed->n; i++) {
		const struct ecu_extent *extent = &programmed->items[i];

		assert(extent->size > 0 && (i == 0 || extent->address > end));
		end = (uint64_t)extent->address + extent->size;
		assert(extent->address >= FLASH_AT && end <= FLASH_AT + FLASH_BYTES);
	}
}

static void check(const struct world *self)
{
	const struct ecu_nonvolatile *nv = ecu_core_nonvolatile(&self->ecu);
	char version[ECU_TEXT_BYTES];

	check_extents(&nv->programmed);
	check_extents(&nv->bank_b.programmed);
	assert(nv->running_bank <= 1 && nv->bank_mark <= ECU_BANK_CANCEL);
	assert(nv->n_fingerprint <= ECU_MAX_DID_BYTES);
	ecu_core_version(&self->ecu, version);
	assert(memchr(version, 0, sizeof version));
	if (!ecu_core_app_valid(&self->ecu))
		assert(strcmp(version, ECU_VERSION_NONE) == 0);
}

static void drain(struct world *self)
{
	enum ecu_output_kind kind;

	for (size_t i = 0; (kind = ecu_core_pop_output(&self->ecu)) != ECU_OUTPUT_NONE; i++) {
		uint8_t key[ECU_MAX_SEED_BYTES];

		assert(i < 32);
		if (kind != ECU_OUTPUT_SEED_WANTED)
			continue;
		self->n_seeds++;
		for (size_t b = 0; b < sizeof key; b++) {
			self->seed[b] = (uint8_t)(self->n_seeds + b + 1);
			key[b] = self->seed[b] ^ KEY_MASK;
		}
		ecu_core_seed(&self->ecu, self->now_us, self->seed, key, sizeof key);
	}
}

static void pop(struct world *self, size_t at_most)
{
	struct can_msg msg;

	while (at_most-- > 0 && ecu_core_pop_frame(&self->ecu, self->now_us, &msg)) {
		assert(++self->n_outstanding <= ECU_MAX_OUTSTANDING);
		assert(msg.len <= 8 && (msg.id == 0x7e8 || msg.id == 0x321));
		if (msg.id == 0x7e8 && msg.data[0] >= 1 && msg.data[0] <= 7) {
			self->n_answer = msg.data[0];
			memcpy(self->answer, msg.data + 1, self->n_answer);
		}
		drain(self);
	}
}

static void confirm(struct world *self, size_t at_most)
{
	while (at_most-- > 0 && self->n_outstanding > 0) {
		self->n_outstanding--;
		ecu_core_confirm(&self->ecu, self->now_us);
		drain(self);
	}
}

static void input(struct world *self, uint32_t id, const uint8_t *data, size_t n)
{
	struct can_msg msg = {.id = id, .len = (uint8_t)n};

	memcpy(msg.data, data, n);
	ecu_core_input(&self->ecu, self->now_us, &msg);
	drain(self);
}

static void expire(struct world *self, uint64_t now_us)
{
	self->now_us = now_us;
	ecu_core_expire(&self->ecu, now_us);
	drain(self);
	assert(ecu_core_deadline(&self->ecu) > now_us);
}

static void expire_next(struct world *self)
{
	const uint64_t deadline_us = ecu_core_deadline(&self->ecu);

	expire(self, deadline_us == ECU_NEVER || deadline_us < self->now_us ? self->now_us : deadline_us);
}

/* a whole physical request, in as many frames as it takes; flow controls are taken for granted */
static void request(struct world *self, const uint8_t *pdu, size_t n)
{
	uint8_t frame[8] = {(uint8_t)n};
	size_t offset = 6;

	if (n <= 7) {
		memcpy(frame + 1, pdu, n);
		input(self, 0x7e0, frame, 8);
		return;
	}
	frame[0] = (uint8_t)(0x10 | n >> 8);
	frame[1] = (uint8_t)n;
	memcpy(frame + 2, pdu, 6);
	input(self, 0x7e0, frame, 8);
	pop(self, 4);
	confirm(self, 4);
	for (uint8_t sn = 1; offset < n; sn++) {
		const size_t part = n - offset < 7 ? n - offset : 7;

		frame[0] = 0x20 | (sn & 0xf);
		memcpy(frame + 1, pdu + offset, part);
		input(self, 0x7e0, frame, part + 1);
		offset += part;
	}
}

/* lets the ECU work and send until it has nothing more to do at once; not as long as S3, which would end the session */
static void settle(struct world *self)
{
	static const uint8_t go_on[] = {0x30, 0, 0};

	for (size_t i = 0; i < 6; i++) {
		pop(self, 40);
		confirm(self, 40);
		input(self, 0x7e0, go_on, sizeof go_on);
		if (ecu_core_deadline(&self->ecu) > self->now_us + self->config.timing.s3_us / 8)
			break;
		expire_next(self);
	}
}

static void exchange(struct world *self, const uint8_t *pdu, size_t n)
{
	request(self, pdu, n);
	settle(self);
}

static void unlocked_programming_session(struct world *self)
{
	uint8_t key[18] = {0x27, 0x02};

	exchange(self, (const uint8_t[]){0x10, 0x03}, 2);
	exchange(self, (const uint8_t[]){0x10, 0x02}, 2);
	exchange(self, (const uint8_t[]){0x27, 0x01}, 2);
	for (size_t i = 0; i < ECU_MAX_SEED_BYTES; i++)
		key[2 + i] = self->seed[i] ^ KEY_MASK;
	exchange(self, key, sizeof key);
}

/* as a tester would send it, from few bytes of the input, some of them wrong */
static void likely_request(struct world *self, struct bytes *in)
{
	uint8_t pdu[RX_CAP];
	const uint8_t choice = bytes_u8(in), a = bytes_u8(in), b = bytes_u8(in);

	switch (choice & 7) {
	case 0:
		exchange(self, (const uint8_t[]){0x31, 0x01, 0xff, 0x00}, 4);
		break;
	case 1:
		memcpy(pdu, (const uint8_t[]){0x31, 0x01, 0xff, 0x00, 0x44, 0, 0, 0x10, a, 0, 0, 0, b}, 13);
		exchange(self, pdu, 13);
		break;
	case 2:
		memcpy(pdu, (const uint8_t[]){0x34, 0, 0x44, 0, 0, (uint8_t)(0x10 | (b >> 6)), a, 0, 0, 0, b}, 11);
		exchange(self, pdu, 11);
		break;
	case 3:
		memset(pdu, a, sizeof pdu);
		pdu[0] = 0x36;
		pdu[1] = choice >> 3 & 7;
		exchange(self, pdu, 2u + b);
		break;
	case 4:
		exchange(self, (const uint8_t[]){0x37}, 1);
		break;
	case 5:
		exchange(self, (const uint8_t[]){0x31, 0x01, 0x02, 0x02}, 4);
		break;
	case 6:
		exchange(self, (const uint8_t[]){0x31, 0x03, a & 1 ? 0xff : 0x02, a & 1 ? b & 1 : 2 + (b & 1)}, 4);
		break;
	default:
		memcpy(pdu, (const uint8_t[]){0x2e, 0xf1, 0x5a, a, b, a, b, a, b}, 9);
		exchange(self, pdu, 9);
		break;
	}
}

static void step(struct world *self, struct bytes *in)
{
	const uint8_t op = bytes_u8(in);
	const size_t many = op & 0x80 ? 40u : 1u;
	uint8_t pdu[RX_CAP];
	size_t n = op >> 4 & 7;

	switch (op & 0xf) {
	case 0:
		n = bytes_take(in, pdu, 1u + bytes_u8(in));
		if (n > 0)
			request(self, pdu, n);
		break;
	case 1:
	case 2:
		n = bytes_take(in, pdu, 1u + n);
		input(self, op & 1 ? 0x7e0 : 0x7df, pdu, n);
		break;
	case 3:
	case 4:
		likely_request(self, in);
		break;
	case 5:
		unlocked_programming_session(self);
		break;
	case 6:
		pop(self, many);
		break;
	case 7:
		confirm(self, many);
		break;
	case 8:
		settle(self);
		break;
	case 9:
		expire(self, self->now_us + bytes_u16(in) * UINT64_C(16));
		break;
	case 10:
	case 11:
		expire_next(self);
		break;
	case 12:
		ecu_core_fault(&self->ecu, self->now_us, (enum ecu_fault_kind)(n % (ECU_FAULT_DTC + 1)), bytes_u16(in));
		break;
	case 13:
		ecu_core_set_preconditions(&self->ecu, many > 1);
		break;
	case 14:
		self->n_outstanding = 0;
		ecu_core_reset_outstanding(&self->ecu, self->now_us);
		break;
	default: /* a single frame that is a request */
		pdu[0] = (uint8_t)(1 + n % 7);
		memset(pdu + 1, 0, 7);
		bytes_take(in, pdu + 1, pdu[0]);
		input(self, many > 1 ? 0x7df : 0x7e0, pdu, 8);
		break;
	}
	drain(self);
	check(self);
}

static void start(struct world *self, uint8_t options)
{
	struct ecu_nonvolatile nv;

	self->config = ecu_config_default();
	self->config.link.address = (struct isotp_address){.tx_id = 0x7e8, .rx_id = 0x7e0};
	self->config.functional_id = 0x7df;
	self->config.max_number_of_block_length = 258;
	self->config.fingerprint_required = options & 1;
	self->config.asynchronous_routines = options & 2;
	self->config.security.level = options & 4 ? 1 : 0;
	self->config.security.delay_us = 1000000;
	self->config.version.from = options & 8 ? ECU_VERSION_AT : ECU_VERSION_CRC32;
	self->config.version.address = FLASH_AT + 0x10;
	self->config.version.length = 16;
	self->config.app_message = (struct ecu_app_message){.id = 0x321, .dlc = 8, .period_us = 100000};
	self->config.dids[0] = (struct ecu_did){.id = 0xf190, .writable = true, .secured = true, .n = 4};
	self->config.n_dids = 1;
	self->config.regions[0] = (struct ecu_region){
	    .address = FLASH_AT, .size = FLASH_BYTES, .sector_bytes = 0x100, .bytes = malloc(FLASH_BYTES)};
	self->config.regions[1] = (struct ecu_region){
	    .address = RAM_AT, .size = RAM_BYTES, .sector_bytes = 0x100, .ram = true, .bytes = malloc(RAM_BYTES)};
	self->config.n_regions = 2;
	self->config.banks.present = options & 16;
	self->config.regions[0].bank_b = malloc(FLASH_BYTES);
	self->config.regions[0].upload = options & 32;
	self->config.deauthenticates = options & 32;
	self->rx = malloc(RX_CAP);
	assert(self->rx && self->config.regions[0].bytes && self->config.regions[1].bytes &&
	       self->config.regions[0].bank_b);
	assert(ecu_config_check(&self->config) == NULL);
	memset(self->config.regions[0].bytes, 0x41, FLASH_BYTES);
	memset(self->config.regions[0].bank_b, ECU_ERASED, FLASH_BYTES);
	memset(self->config.regions[1].bytes, 0, RAM_BYTES);
	nv = ecu_nonvolatile_default(&self->config);
	nv.app_valid = ecu_extents_add(&nv.programmed, FLASH_AT, 0x200);
	self->now_us = 1000000;
	ecu_core_init(&self->ecu, &self->config, &nv, self->rx, RX_CAP, self->now_us);
}

static void still_answers(struct world *self)
{
	ecu_core_reset_outstanding(&self->ecu, self->now_us);
	self->n_outstanding = 0;
	ecu_core_fault(&self->ecu, self->now_us, ECU_FAULT_DROP_ANSWERS, 0);
	ecu_core_fault(&self->ecu, self->now_us, ECU_FAULT_NEGATIVE, 0);
	ecu_core_fault(&self->ecu, self->now_us, ECU_FAULT_SILENT, 0);
	ecu_core_fault(&self->ecu, self->now_us, ECU_FAULT_RESET, 0);
	drain(self);
	expire(self, self->now_us + self->config.timing.reset_us);
	self->n_answer = 0;
	exchange(self, (const uint8_t[]){0x22, 0xf1, 0x86}, 3);
	assert(self->n_answer == 4 && memcmp(self->answer, (const uint8_t[]){0x62, 0xf1, 0x86, 0x01}, 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *self = calloc(1, sizeof *self);
	struct bytes in = {data, size};

	assert(self);
	start(self, bytes_u8(&in));
	for (size_t i = 0; i < MAX_STEPS && in.n > 0; i++)
		step(self, &in);
	still_answers(self);
	free(self->config.regions[0].bytes);
	free(self->config.regions[1].bytes);
	free(self->config.regions[0].bank_b);
	free(self->rx);
	free(self);
	return 0;
}
