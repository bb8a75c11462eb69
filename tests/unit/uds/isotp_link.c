/* A link against a link on a simulated wire: every length, both directions, every addressing and frame format. */
#include "support.h"

#define CAP 80000u

static uint8_t message_a[CAP];
static uint8_t message_b[CAP];
static uint8_t rx_a[CAP];
static uint8_t rx_b[CAP];

static void send_from(struct wire *w, int end, const uint8_t *message, size_t n)
{
	assert_int_equal(isotp_send(&w->ends[end].link, w->now_us, message, n), 0);
}

static void assert_arrived(const struct wire *w, int to, const uint8_t *message, size_t n)
{
	const struct wire_end *end = &w->ends[to];

	assert_int_equal(w->ends[1 - to].n_sent, 1);
	assert_int_equal(end->n_received, 1);
	assert_int_equal(end->n_rx_failed, 0);
	assert_int_equal(end->last_n, n);
	assert_memory_equal(end->last_data, message, n);
}

static void transfer(const struct isotp_config *config, size_t n, struct wire *w)
{
	const struct isotp_config peer = mirrored(*config);

	wire_init(w, config, &peer, rx_a, rx_b, CAP);
	fill_pattern(message_a, n, (uint32_t)n);
	memset(rx_b, 0, n);
	send_from(w, 0, message_a, n);
	wire_run(w);
	assert_arrived(w, 1, message_a, n);
	assert_false(isotp_sending(&w->ends[0].link));
	assert_int_equal(w->ends[0].link.unconfirmed_n, 0);
	assert_int_equal(w->ends[1].link.unconfirmed_n, 0);
}

static void lengths_with_step(const struct isotp_config *config, size_t step)
{
	struct wire w;

	for (size_t n = 1; n <= 5000; n += n < 300 || (n > 4080 && n < 4110) ? 1 : step)
		transfer(config, n, &w);
	transfer(config, 70000, &w);
}

static void every_length(const struct isotp_config *config)
{
	lengths_with_step(config, 17);
}

static void every_length_arrives_on_classic_can(void **state)
{
	const struct isotp_config config = tester_config();

	(void)state;
	lengths_with_step(&config, 1);
}

static void every_length_arrives_unpadded(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.pad = false;
	every_length(&config);
}

static void every_length_arrives_with_29_bits_extended_and_mixed_addressing(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.address = (struct isotp_address){.form = ISOTP_NORMAL_FIXED, .tx_id = 0x18da10f1, .rx_id = 0x18daf110};
	every_length(&config);
	config.address = (struct isotp_address){
	    .form = ISOTP_EXTENDED, .tx_id = 0x600, .rx_id = 0x601, .tx_ae = 0x10, .rx_ae = 0xf1};
	every_length(&config);
	config.address = (struct isotp_address){.form = ISOTP_MIXED,
						.extended_id = true,
						.tx_id = 0x18ce10f1,
						.rx_id = 0x18cef110,
						.tx_ae = 0x55,
						.rx_ae = 0x55};
	every_length(&config);
}

static void every_length_arrives_in_can_fd_frames_of_every_size(void **state)
{
	static const uint8_t sizes[] = {8, 12, 16, 20, 24, 32, 48, 64};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes); i++) {
		struct isotp_config config = tester_config();

		config.fd = true;
		config.brs = true;
		config.tx_dl = sizes[i];
		every_length(&config);
		config.address.form = ISOTP_EXTENDED;
		config.address.tx_ae = 1;
		config.address.rx_ae = 2;
		every_length(&config);
	}
}

static void each_block_is_cleared_by_exactly_one_flow_control(void **state)
{
	static const uint8_t sizes[] = {1, 2, 7, 8, 15, 16, 255};
	const size_t lengths[] = {8, 20, 62, 63, 500, 4095, 6000};
	struct wire w;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes); i++) {
		for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
			struct isotp_config config = tester_config();
			const size_t first = lengths[k] > 4095 ? 2 : 6;
			const size_t n_cf = (lengths[k] - first + 6) / 7;

			config.block_size = sizes[i];
			transfer(&config, lengths[k], &w);
			/* one after the first frame, one after each full block that is not the end */
			assert_int_equal(w.ends[1].n_flow_controls, 1 + (n_cf - 1) / sizes[i]);
			assert_int_equal(w.ends[0].n_frames, 1 + n_cf);
		}
	}
}

static void without_block_size_there_is_exactly_one_flow_control(void **state)
{
	const struct isotp_config config = tester_config();
	struct wire w;

	(void)state;
	transfer(&config, 4095, &w);
	assert_int_equal(w.ends[1].n_flow_controls, 1);
	transfer(&config, 70000, &w);
	assert_int_equal(w.ends[1].n_flow_controls, 1);
}

static void the_wire_is_never_idle_without_gaps_and_blocks(void **state)
{
	const struct isotp_config config = tester_config();
	const struct isotp_config peer = mirrored(config);
	struct wire w;

	(void)state;
	/* confirmations come three frames late, as a driver delivers them that coalesces */
	wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
	w.done_us = w.now_us;
	w.confirm_delay_us = 3 * w.frame_us;
	fill_pattern(message_a, 4095, 1);
	send_from(&w, 0, message_a, 4095);
	wire_run(&w);
	assert_arrived(&w, 1, message_a, 4095);
	assert_int_equal(w.idle_us, 0);
	assert_int_equal(w.done_us - 5 * S, (1 + 1 + 585) * w.frame_us);
}

static void the_gap_of_every_st_min_is_kept_and_not_exceeded(void **state)
{
	static const uint8_t codes[] = {1, 5, 127, 0xf1, 0xf5, 0xf9, 0x80, 0xf0, 0xfa, 0xff};
	struct wire w;

	(void)state;
	for (size_t i = 0; i < sizeof(codes); i++) {
		for (uint8_t block = 0; block <= 3; block = (uint8_t)(block + 3)) {
			struct isotp_config config = tester_config();

			config.st_min = codes[i];
			config.block_size = block;
			transfer(&config, 200, &w);
			assert_int_equal(w.ends[0].min_gap_us, isotp_st_min_to_us(codes[i]));
		}
	}
}

static void the_gap_counts_from_a_late_confirmation(void **state)
{
	struct isotp_config config = tester_config();
	const struct isotp_config peer_base = mirrored(config);
	struct isotp_config peer = peer_base;
	struct wire w;

	(void)state;
	config.st_min = 0;
	peer.st_min = 2;
	wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
	w.confirm_delay_us = 700;
	fill_pattern(message_a, 100, 1);
	send_from(&w, 0, message_a, 100);
	wire_run(&w);
	assert_arrived(&w, 1, message_a, 100);
	assert_int_equal(w.ends[0].min_gap_us, 2000 + 700);
}

static void both_directions_run_at_once_and_do_not_disturb_each_other(void **state)
{
	static const uint8_t blocks[] = {0, 1, 8};
	static const uint8_t gaps[] = {0, 1, 0xf3};

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) * sizeof(gaps); i++) {
		for (uint64_t delay = 0; delay <= 600; delay += 300) {
			struct isotp_config config = tester_config();
			struct isotp_config peer = mirrored(config);
			struct wire w;

			config.block_size = blocks[i % sizeof(blocks)];
			peer.block_size = blocks[(i + 1) % sizeof(blocks)];
			config.st_min = gaps[i / sizeof(blocks)];
			peer.st_min = gaps[(i + 1) % sizeof(gaps)];
			wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
			w.confirm_delay_us = delay;
			fill_pattern(message_a, 4095, 7);
			fill_pattern(message_b, 3000, 8);
			send_from(&w, 0, message_a, 4095);
			send_from(&w, 1, message_b, 3000);
			wire_run(&w);
			assert_arrived(&w, 1, message_a, 4095);
			assert_arrived(&w, 0, message_b, 3000);
		}
	}
}

static void any_lost_frame_ends_both_sides_and_the_next_message_arrives(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.block_size = 4;
	const struct isotp_config peer = mirrored(config);
	for (uint64_t drop = 1; drop <= 23; drop++) {
		struct wire w;

		wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
		w.drop_at = drop;
		fill_pattern(message_a, 120, (uint32_t)drop);
		send_from(&w, 0, message_a, 120);
		wire_run(&w);
		assert_int_equal(w.ends[0].n_sent + w.ends[0].n_send_failed, 1);
		assert_false(isotp_sending(&w.ends[0].link));
		assert_true(w.n_frames >= drop);
		/* the receiver has ended too: by itself, not by the next first frame; without this one's it never began
		 */
		const struct wire_end *receiver = &w.ends[1];
		assert_int_equal(receiver->n_received, 0);
		assert_int_equal(receiver->n_rx_failed, drop > 1 ? 1 : 0);
		if (drop > 1)
			assert_true(receiver->reason == ISOTP_REASON_N_CR || receiver->reason == ISOTP_REASON_WRONG_SN);
		assert_true(isotp_deadline(&receiver->link) == UDS_NEVER);
		/* each waits once, and both at the same time */
		assert_true(w.now_us <
			    5 * S + (config.n_bs_us > peer.n_cr_us ? config.n_bs_us : peer.n_cr_us) + 100 * MS);
		w.drop_at = 0;
		send_from(&w, 0, message_a, 120);
		wire_run(&w);
		assert_int_equal(receiver->n_received, 1);
		assert_int_equal(receiver->n_rx_failed, drop > 1 ? 1 : 0);
		assert_memory_equal(receiver->last_data, message_a, 120);
	}
}

static void single_frames_follow_each_other_without_pause(void **state)
{
	const struct isotp_config config = tester_config();
	const struct isotp_config peer = mirrored(config);
	struct wire w;

	(void)state;
	wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
	for (size_t i = 1; i <= 100; i++) {
		send_from(&w, 0, message_a, 7);
		assert_int_equal(isotp_send(&w.ends[0].link, w.now_us, message_a, 7), ISOTP_BUSY);
		wire_run(&w);
		assert_int_equal(w.ends[0].n_sent, i);
		assert_int_equal(w.ends[1].n_received, i);
	}
	assert_int_equal(w.now_us, 5 * S + 100 * w.frame_us);
}

int main(void)
{
	const struct CMUnitTest isotp_link[] = {
	    cmocka_unit_test(every_length_arrives_on_classic_can),
	    cmocka_unit_test(every_length_arrives_unpadded),
	    cmocka_unit_test(every_length_arrives_with_29_bits_extended_and_mixed_addressing),
	    cmocka_unit_test(every_length_arrives_in_can_fd_frames_of_every_size),
	    cmocka_unit_test(each_block_is_cleared_by_exactly_one_flow_control),
	    cmocka_unit_test(without_block_size_there_is_exactly_one_flow_control),
	    cmocka_unit_test(the_wire_is_never_idle_without_gaps_and_blocks),
	    cmocka_unit_test(the_gap_of_every_st_min_is_kept_and_not_exceeded),
	    cmocka_unit_test(the_gap_counts_from_a_late_confirmation),
	    cmocka_unit_test(both_directions_run_at_once_and_do_not_disturb_each_other),
	    cmocka_unit_test(any_lost_frame_ends_both_sides_and_the_next_message_arrives),
	    cmocka_unit_test(single_frames_follow_each_other_without_pause),
	};

	return RUN_TESTS(isotp_link);
}
