/* A channel and an ECU that erases for three hours: it is kept awake, and nothing is taken for something else. */
#include "support.h"

#include "uds/uds_channel.h"

#define ERASE_US    (3 * 3600 * S)
#define S3_US       (5 * S)
#define FRAME_US    230u
#define BLOCK_BYTES 1000u

static uint8_t tx_buf[2048], rx_buf[2048], ecu_rx[2048], ecu_tx[64];
static struct uds_channel ch;
static struct isotp ecu;
static uint64_t now_us;
static uint64_t ecu_heard_us;    /* S3: the last request of any kind */
static uint64_t ecu_finished_us; /* of the erase; 0 = none was begun */
static uint64_t ecu_pending_us;  /* when the next 0x78 is due; UDS_NEVER = the erase runs in the background */
static bool background;
static bool segmented; /* a message of ours is on its way */
static size_t n_tester_present, n_pending, n_blocks, n_polls;
static struct uds_event event;

static int setup(void **state)
{
	struct uds_timing timing = uds_timing_default();
	const struct isotp_config config = tester_config();
	const struct isotp_config peer = mirrored(config);

	(void)state;
	timing.max_pending = 10000;
	timing.pending_max_us = 4 * 3600 * S;
	uds_channel_init(&ch, &config, &timing, tx_buf, sizeof(tx_buf), rx_buf, sizeof(rx_buf));
	isotp_init(&ecu, &peer, ecu_rx, sizeof(ecu_rx));
	now_us = ecu_heard_us = 7 * S;
	ecu_finished_us = 0;
	ecu_pending_us = UDS_NEVER;
	background = segmented = false;
	n_tester_present = n_pending = n_blocks = n_polls = 0;
	event.kind = UDS_EVENT_NONE;
	return 0;
}

static void ecu_answer(const uint8_t *pdu, size_t n)
{
	memcpy(ecu_tx, pdu, n);
	assert_int_equal(isotp_send(&ecu, now_us, ecu_tx, n), 0);
}

static void ecu_routine(const uint8_t *pdu)
{
	if (pdu[1] == 3) {
		n_polls++;
		ecu_answer(BYTES(0x71, 0x03, 0xff, 0x00, now_us < ecu_finished_us ? 0x01 : 0x00));
		return;
	}
	ecu_finished_us = now_us + ERASE_US;
	if (background)
		ecu_answer(BYTES(0x71, 0x01, 0xff, 0x00, 0x01));
	else
		ecu_pending_us = now_us + 40 * MS;
}

static void ecu_request(const uint8_t *pdu, size_t n)
{
	assert_true(now_us - ecu_heard_us < S3_US);
	ecu_heard_us = now_us;
	switch (pdu[0]) {
	case UDS_TESTER_PRESENT:
		assert_int_equal(n, 2);
		assert_int_equal(pdu[1], 0x80);
		n_tester_present++;
		/* this ECU says it is busy, which is no answer to the erase */
		if (ecu_pending_us != UDS_NEVER)
			ecu_answer(BYTES(0x7f, 0x3e, 0x21));
		break;
	case UDS_ROUTINE_CONTROL:
		ecu_routine(pdu);
		break;
	case UDS_TRANSFER_DATA:
		n_blocks++;
		ecu_answer((const uint8_t[]){0x76, pdu[1]}, 2);
		break;
	default:
		fail();
	}
}

static void ecu_work(void)
{
	struct isotp_event link_event;

	while (isotp_pop_event(&ecu, &link_event))
		if (link_event.kind == ISOTP_EVENT_RECEIVED)
			ecu_request(link_event.data, link_event.n);
	if (now_us < ecu_pending_us || isotp_sending(&ecu))
		return;
	if (now_us >= ecu_finished_us) {
		ecu_pending_us = UDS_NEVER;
		ecu_answer(BYTES(0x71, 0x01, 0xff, 0x00, 0x00));
	} else {
		ecu_pending_us = now_us + 5 * S;
		ecu_answer(BYTES(0x7f, 0x31, 0x78));
	}
}

/* a single frame of ours in the middle of a segmented message would end it at the ECU */
static void note_ours(const struct can_msg *msg)
{
	switch (msg->data[0] >> 4) {
	case 0:
		assert_false(segmented);
		break;
	case 1:
		segmented = true;
		break;
	default:
		break;
	}
}

static void exchange_frames(void)
{
	struct can_msg msg;
	bool any;

	do {
		any = false;
		if (uds_channel_pop_frame(&ch, now_us, &msg)) {
			any = true;
			note_ours(&msg);
			now_us += FRAME_US;
			uds_channel_confirm(&ch, now_us);
			segmented = segmented && isotp_sending(&ch.isotp);
			assert_true(isotp_input(&ecu, now_us, &msg));
			ecu_work();
		}
		if (isotp_pop_frame(&ecu, now_us, &msg)) {
			any = true;
			now_us += FRAME_US;
			isotp_confirm(&ecu, now_us);
			assert_true(uds_channel_input(&ch, now_us, &msg));
			ecu_work();
		}
	} while (any);
}

static uint64_t next_us(void)
{
	uint64_t next = uds_channel_deadline(&ch);

	if (isotp_deadline(&ecu) < next)
		next = isotp_deadline(&ecu);
	return ecu_pending_us < next ? ecu_pending_us : next;
}

/* until the request that is open has its answer, or @until_us */
static void run(uint64_t until_us)
{
	for (;;) {
		exchange_frames();
		while (uds_channel_pop_event(&ch, &event)) {
			if (event.kind != UDS_EVENT_PENDING)
				return;
			n_pending++;
		}
		const uint64_t next = next_us();
		if (next > until_us) {
			now_us = until_us;
			return;
		}
		now_us = next > now_us ? next : now_us;
		uds_channel_expire(&ch, now_us);
		isotp_expire(&ecu, now_us);
		ecu_work();
	}
}

static void request(const uint8_t *pdu, size_t n)
{
	assert_int_equal(uds_channel_request(&ch, now_us, pdu, n), 0);
	run(UDS_NEVER - 1);
	assert_int_equal(event.kind, UDS_EVENT_POSITIVE);
	assert_int_equal(event.sid, pdu[0]);
}

/* transfers right behind it, with pauses up to where the next tester present is due */
static void transfer_blocks(void)
{
	uint8_t block[BLOCK_BYTES] = {0x36};

	for (uint8_t i = 1; i <= 200; i++) {
		block[1] = i;
		run(now_us + i * 10 * MS + (i % 3) * 50);
		request(block, sizeof(block));
	}
	assert_int_equal(n_blocks, 200);
	/* and exactly as one becomes due */
	block[1] = 201;
	uds_channel_expire(&ch, now_us = uds_channel_deadline(&ch));
	request(block, sizeof(block));
	assert_int_equal(n_blocks, 201);
}

static void three_hours_of_response_pending_are_kept_awake(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, now_us, true);
	const uint64_t start_us = now_us;
	request(BYTES(0x31, 0x01, 0xff, 0x00));
	assert_int_equal(event.pdu[4], 0x00);
	assert_in_range(now_us - start_us, ERASE_US, ERASE_US + 6 * S);
	assert_in_range(n_pending, ERASE_US / (5 * S), ERASE_US / (5 * S) + 2);
	/* one each 2 s at least, but never a second one for the same pause */
	assert_in_range(n_tester_present, ERASE_US / (2 * S) - 60, ERASE_US / (2 * S));
	transfer_blocks();
}

static void three_hours_of_polling_are_kept_awake(void **state)
{
	(void)state;
	background = true;
	uds_channel_keep_awake(&ch, now_us, true);
	const uint64_t start_us = now_us;
	request(BYTES(0x31, 0x01, 0xff, 0x00));
	do {
		run(now_us + 60 * S);
		request(BYTES(0x31, 0x03, 0xff, 0x00));
	} while (event.pdu[4] == 0x01);
	assert_in_range(now_us - start_us, ERASE_US, ERASE_US + 61 * S);
	assert_in_range(n_polls, 180, 181);
	assert_int_equal(n_pending, 0);
	assert_in_range(n_tester_present, 180 * 28, 180 * 30);
	transfer_blocks();
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest long_erase[] = {
	    TEST(three_hours_of_response_pending_are_kept_awake),
	    TEST(three_hours_of_polling_are_kept_awake),
	};

	return RUN_TESTS(long_erase);
}
