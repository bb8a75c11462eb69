/* flash_upload: a range of memory read from a scripted ECU, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/flash_upload.h"

#define MS   UINT64_C(1000)
#define BASE 0x1000u

static struct profile profile;
static struct uds_channel channel;
static struct flash_upload upload;
static uint8_t tx[600], rx[600], ecu_rx[600], ecu_tx[600];
static struct isotp ecu;
static uint8_t memory[2000], out[2000];
static uint64_t now_us, read_at;
static uint8_t counter; /* of the block that was given last */
static uint16_t max_block;
static uint8_t session;
static bool unlocked, zero_seed, short_blocks, no_key;
static unsigned n_requests[256], lose_answers, refuse_after, n_exits;
static uint8_t refuse_sid, refuse_nrc;
static unsigned stop_after_blocks, n_progress, n_keys;
static bool over;

static size_t refuse(uint8_t *answer, uint8_t sid, uint8_t nrc)
{
	answer[0] = 0x7f;
	answer[1] = sid;
	answer[2] = nrc;
	return 3;
}

static size_t give_block(const uint8_t *pdu, uint8_t *answer)
{
	size_t n = max_block - 2u;

	if (pdu[1] != counter) { /* not a repetition */
		counter = pdu[1];
		read_at += n_requests[0x36] > 1 ? n : 0;
	}
	if (n > sizeof memory - read_at)
		n = sizeof memory - read_at;
	answer[1] = pdu[1];
	memcpy(answer + 2, memory + read_at, n);
	return n + 2 + (short_blocks ? 1 : 0);
}

static size_t ecu_work(const uint8_t *pdu, size_t n, uint8_t *answer)
{
	(void)n;
	n_requests[pdu[0]]++;
	if (pdu[0] == refuse_sid && n_requests[pdu[0]] > refuse_after)
		return refuse(answer, pdu[0], refuse_nrc);
	answer[0] = pdu[0] | 0x40;
	switch (pdu[0]) {
	case 0x10:
		session = answer[1] = pdu[1];
		return 2;
	case 0x27:
		answer[1] = pdu[1];
		if (pdu[1] == 2) {
			unlocked = pdu[2] == 0xaa;
			return unlocked ? 2 : refuse(answer, 0x27, 0x35);
		}
		memset(answer + 2, zero_seed ? 0 : 0x55, 4);
		return 6;
	case 0x35:
		assert_memory_equal(pdu + 1, "\x00\x44\x00\x00\x10\x00\x00\x00", 8);
		answer[1] = 0x20;
		answer[2] = (uint8_t)(max_block >> 8);
		answer[3] = (uint8_t)max_block;
		return 4;
	case 0x36:
		return give_block(pdu, answer);
	case 0x37:
		n_exits++;
		return 1;
	default:
		return refuse(answer, pdu[0], 0x11);
	}
}

static void pump(void)
{
	struct isotp_event event;
	struct can_msg msg;

	while (uds_channel_pop_frame(&channel, now_us, &msg)) {
		uds_channel_confirm(&channel, now_us);
		isotp_input(&ecu, now_us, &msg);
	}
	while (isotp_pop_event(&ecu, &event)) {
		size_t n;

		if (event.kind != ISOTP_EVENT_RECEIVED || event.data[0] == 0x3e)
			continue;
		n = ecu_work(event.data, event.n, ecu_tx);
		if (event.data[0] == 0x36 && lose_answers > 0 && n_requests[0x36] > 2) {
			lose_answers--;
			continue;
		}
		assert_int_equal(isotp_send(&ecu, now_us, ecu_tx, n), 0);
	}
	while (isotp_pop_frame(&ecu, now_us, &msg)) {
		isotp_confirm(&ecu, now_us);
		uds_channel_input(&channel, now_us, &msg);
	}
}

static void owner(void)
{
	struct flash_upload_event event;

	flash_upload_advance(&upload, now_us);
	while (flash_upload_pop_event(&upload, &event)) {
		if (event.kind == FLASH_UPLOAD_EVENT_NEED_KEY) {
			n_keys++;
			assert_int_equal(event.n_seed, 4);
			flash_upload_key(&upload, now_us, (const uint8_t[]){0xaa}, no_key ? 0 : 1);
		}
		if (event.kind == FLASH_UPLOAD_EVENT_PROGRESS && ++n_progress == stop_after_blocks)
			flash_upload_stop(&upload, now_us);
		if (event.kind == FLASH_UPLOAD_EVENT_OVER)
			over = true;
	}
}

static void read_memory(uint64_t n_bytes)
{
	struct flash_upload_job job = {
	    .profile = &profile, .session = 3, .level = 1, .address = BASE, .n_bytes = n_bytes, .out = out};
	struct isotp_config link = profile.link;

	uds_channel_init(&channel, &profile.link, &profile.timing, tx, sizeof tx, rx, sizeof rx);
	link.address.tx_id = 0x7e8;
	link.address.rx_id = 0x7e0;
	isotp_init(&ecu, &link, ecu_rx, sizeof ecu_rx);
	flash_upload_init(&upload, &job, &channel);
	flash_upload_start(&upload, now_us);
	for (; !over; now_us += MS) {
		assert_true(now_us < 600000 * MS);
		pump();
		owner();
		uds_channel_expire(&channel, now_us);
		isotp_expire(&ecu, now_us);
		owner();
	}
	assert_true(flash_upload_finished(&upload));
	assert_false(channel.tester_present);
	assert_int_equal(session, 1);
}

static int setup(void **state)
{
	(void)state;
	profile_template_single_bank(&profile);
	profile.link.address.tx_id = 0x7e0;
	profile.link.address.rx_id = 0x7e8;
	for (size_t i = 0; i < sizeof memory; i++)
		memory[i] = (uint8_t)(i * 7);
	memset(out, 0, sizeof out);
	memset(n_requests, 0, sizeof n_requests);
	now_us = 1000 * MS;
	read_at = 0;
	counter = 0;
	max_block = 258;
	session = 1;
	unlocked = zero_seed = short_blocks = no_key = over = false;
	lose_answers = refuse_after = n_exits = stop_after_blocks = n_progress = n_keys = 0;
	refuse_sid = 0;
	return 0;
}

static void memory_is_read_block_by_block(void **state)
{
	(void)state;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_OK);
	assert_int_equal(upload.n_done, 1024);
	assert_memory_equal(out, memory, 1024);
	assert_int_equal(n_requests[0x36], 4);
	assert_int_equal(n_exits, 1);
	assert_int_equal(n_keys, 1);
	assert_true(unlocked);
}

static void the_counter_wraps_from_ff_to_00(void **state)
{
	(void)state;
	max_block = 6;
	read_memory(1200);
	assert_int_equal(upload.code, FLASH_OK);
	assert_memory_equal(out, memory, 1200);
	assert_int_equal(n_requests[0x36], 300);
}

static void a_seed_of_zeros_needs_no_key(void **state)
{
	(void)state;
	zero_seed = true;
	read_memory(256);
	assert_int_equal(upload.code, FLASH_OK);
	assert_int_equal(n_keys, 0);
}

static void a_block_whose_answer_is_lost_is_asked_for_again(void **state)
{
	(void)state;
	lose_answers = 2;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_OK);
	assert_int_equal(upload.block_repeats, 2);
	assert_memory_equal(out, memory, 1024);
}

static void silence_in_the_transfer_ends_it_after_the_profiles_retries(void **state)
{
	(void)state;
	lose_answers = 1000;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_NO_ANSWER);
	assert_int_equal(upload.failed_step, FLASH_UPLOAD_DATA);
	assert_int_equal(upload.block_repeats, profile.block_retries);
	assert_int_equal(upload.n_done, 512);
}

static void a_refusal_names_step_service_and_code(void **state)
{
	(void)state;
	refuse_sid = 0x35;
	refuse_nrc = 0x70;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_NEGATIVE_RESPONSE);
	assert_int_equal(upload.failed_step, FLASH_UPLOAD_REQUEST);
	assert_int_equal(upload.sid, 0x35);
	assert_int_equal(upload.nrc, 0x70);
}

static void no_key_is_no_unlocking(void **state)
{
	(void)state;
	no_key = true;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_KEY_UNAVAILABLE);
	assert_int_equal(n_requests[0x35], 0);
}

static void a_stop_ends_the_transfer_after_the_block_at_hand(void **state)
{
	(void)state;
	stop_after_blocks = 1;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_STOPPED);
	assert_int_equal(n_exits, 1);
	assert_in_range(upload.n_done, 256, 512);
	assert_memory_equal(out, memory, upload.n_done);
}

static void a_block_longer_than_announced_is_not_believed(void **state)
{
	(void)state;
	short_blocks = true;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_MALFORMED_ANSWER);
	assert_int_equal(upload.n_done, 0);
}

static void a_block_length_without_data_is_refused(void **state)
{
	(void)state;
	max_block = 2;
	read_memory(1024);
	assert_int_equal(upload.code, FLASH_BAD_BLOCK_LENGTH);
}

static void a_range_that_the_profile_cannot_name_is_refused_before_the_bus(void **state)
{
	struct flash_upload_job job = {.profile = &profile, .address = UINT64_C(0x100000000), .n_bytes = 1, .out = out};

	(void)state;
	uds_channel_init(&channel, &profile.link, &profile.timing, tx, sizeof tx, rx, sizeof rx);
	flash_upload_init(&upload, &job, &channel);
	flash_upload_start(&upload, now_us);
	assert_true(flash_upload_finished(&upload));
	assert_int_equal(upload.code, FLASH_IMAGE_TOO_LARGE);
	assert_true(uds_channel_idle(&channel));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
	    CASE(memory_is_read_block_by_block),
	    CASE(the_counter_wraps_from_ff_to_00),
	    CASE(a_seed_of_zeros_needs_no_key),
	    CASE(a_block_whose_answer_is_lost_is_asked_for_again),
	    CASE(silence_in_the_transfer_ends_it_after_the_profiles_retries),
	    CASE(a_refusal_names_step_service_and_code),
	    CASE(no_key_is_no_unlocking),
	    CASE(a_stop_ends_the_transfer_after_the_block_at_hand),
	    CASE(a_block_longer_than_announced_is_not_believed),
	    CASE(a_block_length_without_data_is_refused),
	    CASE(a_range_that_the_profile_cannot_name_is_refused_before_the_bus),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
