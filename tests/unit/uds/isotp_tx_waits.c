/* The sender of a link: its timers, WAITs, and confirmations that come late or never. */
#include "sender.h"

static void wait_restarts_n_bs_as_often_as_the_peer_likes(void **state)
{
	uint64_t now_us = T0;

	(void)state;
	begin(20);
	for (int i = 0; i < 9; i++) {
		now_us += 999 * MS;
		isotp_expire(&tx_link, now_us);
		input(now_us, CAN(0x7e8, 0x31, 0, 0));
		assert_no_event();
	}
	input(now_us, CAN(0x7e8, 0x30, 0, 0));
	pop(now_us);
	pop(now_us);
	isotp_confirm(&tx_link, now_us);
	isotp_confirm(&tx_link, now_us);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
}

static void n_bs_runs_out_after_the_last_wait(void **state)
{
	(void)state;
	begin(20);
	input(T0 + 500 * MS, CAN(0x7e8, 0x31, 0, 0));
	fails_at(T0 + 1500 * MS, ISOTP_REASON_N_BS);
}

static void endless_waits_end_at_the_deadline_of_the_message(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.tx_message_max_us = 3 * S;
	setup_link(&config);
	begin(20);
	for (uint64_t t = T0; t < T0 + 3 * S; t += 500 * MS) {
		input(t, CAN(0x7e8, 0x31, 0, 0));
		isotp_expire(&tx_link, t);
		assert_no_event();
	}
	isotp_expire(&tx_link, T0 + 3 * S - 1);
	assert_no_event();
	isotp_expire(&tx_link, T0 + 3 * S);
	assert_event(ISOTP_EVENT_SEND_FAILED, ISOTP_REASON_TOO_SLOW);
}

static void the_deadline_that_the_link_computes_allows_the_slowest_legal_receiver(void **state)
{
	uint64_t now_us = T0;

	(void)state;
	begin(4095);
	input(now_us, CAN(0x7e8, 0x30, 0, 0x7f));
	while (isotp_sending(&tx_link)) {
		isotp_expire(&tx_link, now_us);
		pop(now_us);
		isotp_confirm(&tx_link, now_us + 1 * MS);
		now_us += 128 * MS;
	}
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
}

static void n_as_ends_a_message_whose_frame_does_not_leave(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 5), 0);
	pop(T0 + 3);
	fails_at(T0 + 3 + 1 * S, ISOTP_REASON_N_AS);
}

static void n_as_ends_a_message_that_the_port_never_takes(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 5), 0);
	fails_at(T0 + 1 * S, ISOTP_REASON_N_AS);
}

static void n_as_counts_for_the_oldest_frame_outstanding(void **state)
{
	(void)state;
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	pop(T0 + 10);
	isotp_confirm(&tx_link, T0 + 500 * MS);
	pop(T0 + 900 * MS);
	fails_at(T0 + 1500 * MS, ISOTP_REASON_N_AS);
}

static void n_cs_ends_a_message_whose_next_frame_nobody_takes(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.n_cs_us = 300 * MS;
	setup_link(&config);
	begin(500);
	input(T0 + 5, CAN(0x7e8, 0x30, 0, 0));
	fails_at(T0 + 5 + 300 * MS, ISOTP_REASON_N_CS);
}

static void n_cs_starts_when_the_gap_is_over(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.n_cs_us = 300 * MS;
	setup_link(&config);
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 0, 100));
	pop(T0);
	isotp_confirm(&tx_link, T0 + 10 * MS);
	isotp_expire(&tx_link, T0 + 110 * MS); /* the gap is over */
	fails_at(T0 + 410 * MS, ISOTP_REASON_N_CS);
}

static void n_bs_starts_at_the_confirmation_of_the_block_s_last_frame(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.n_bs_us = 700 * MS;
	setup_link(&config);
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 2, 0));
	pop(T0);
	pop(T0);
	isotp_confirm(&tx_link, T0 + 100 * MS);
	isotp_confirm(&tx_link, T0 + 200 * MS);
	fails_at(T0 + 900 * MS, ISOTP_REASON_N_BS);
}

static void a_flow_control_ahead_of_the_late_confirmation_is_taken(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 500), 0);
	pop(T0);
	input(T0 + 1, CAN(0x7e8, 0x30, 1, 1));
	pop(T0 + 1); /* the gap does not wait for the first frame's confirmation */
	assert_int_equal(frame.data[0], 0x21);
	input(T0 + 2, CAN(0x7e8, 0x30, 2, 1));
	pop(T0 + 2);
	assert_int_equal(frame.data[0], 0x22);
	isotp_confirm(&tx_link, T0 + 3); /* first frame */
	isotp_confirm(&tx_link, T0 + 3); /* 1 */
	assert_no_frame(T0 + 3 + 1 * MS);
	isotp_confirm(&tx_link, T0 + 10); /* 2: only this one begins the gap */
	assert_no_frame(T0 + 9 + 1 * MS);
	pop(T0 + 10 + 1 * MS);
	assert_int_equal(frame.data[0], 0x23);
}

static void a_wait_ahead_of_the_late_confirmation_is_taken(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 500), 0);
	pop(T0);
	input(T0 + 100 * MS, CAN(0x7e8, 0x31, 0, 0));
	isotp_confirm(&tx_link, T0 + 200 * MS);
	fails_at(T0 + 1100 * MS, ISOTP_REASON_N_BS);
}

static void a_flow_control_that_nobody_waits_for_is_ignored(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x32, 0, 0)); /* idle */
	assert_no_event();
	begin(100);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	input(T0, CAN(0x7e8, 0x32, 0, 0)); /* within the block: no overflow, no new parameters */
	input(T0, CAN(0x7e8, 0x3f, 0, 0));
	input(T0, CAN(0x7e8, 0x30, 1, 0x7f));
	assert_no_event();
	for (int i = 0; i < 10; i++)
		pop(T0);
}

static void a_flow_control_that_is_too_short_is_ignored(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x30));
	input(T0, CAN(0x7e8, 0x32, 0));
	assert_no_event();
	assert_no_frame(T0);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
}

static void confirmations_of_an_aborted_message_do_not_count_for_the_next(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	pop(T0);
	isotp_abort(&tx_link);
	assert_int_equal(isotp_send(&tx_link, T0, message, 3), 0);
	pop(T0);
	isotp_confirm(&tx_link, T0 + 1);
	isotp_confirm(&tx_link, T0 + 2);
	assert_no_event();
	isotp_confirm(&tx_link, T0 + 3);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
	isotp_confirm(&tx_link, T0 + 4); /* one too many: ignored */
	assert_no_event();
}

static void a_message_is_assumed_sent_only_when_confirmations_alone_are_missing(void **state)
{
	(void)state;
	assert_false(isotp_assume_sent(&tx_link));
	assert_int_equal(isotp_send(&tx_link, T0, message, 10), 0);
	assert_false(isotp_assume_sent(&tx_link));
	pop(T0);
	assert_false(isotp_assume_sent(&tx_link));
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	assert_false(isotp_assume_sent(&tx_link));
	pop(T0);
	assert_true(isotp_assume_sent(&tx_link));
	assert_false(isotp_sending(&tx_link));
	isotp_confirm(&tx_link, T0);
	isotp_confirm(&tx_link, T0);
	assert_no_event();
	assert_int_equal(isotp_deadline(&tx_link), UDS_NEVER);
}

static void frames_lost_with_the_port_end_the_message_by_n_as(void **state)
{
	(void)state;
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	pop(T0);
	isotp_forget_unconfirmed(&tx_link);
	assert_no_frame(T0 + 1);
	fails_at(T0 + 1 * S, ISOTP_REASON_N_AS);
	assert_int_equal(isotp_send(&tx_link, T0 + 2 * S, message, 3), 0);
	pop(T0 + 2 * S);
	isotp_confirm(&tx_link, T0 + 2 * S);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest isotp_tx_waits[] = {
	    TEST(wait_restarts_n_bs_as_often_as_the_peer_likes),
	    TEST(n_bs_runs_out_after_the_last_wait),
	    TEST(endless_waits_end_at_the_deadline_of_the_message),
	    TEST(the_deadline_that_the_link_computes_allows_the_slowest_legal_receiver),
	    TEST(n_as_ends_a_message_whose_frame_does_not_leave),
	    TEST(n_as_ends_a_message_that_the_port_never_takes),
	    TEST(n_as_counts_for_the_oldest_frame_outstanding),
	    TEST(n_cs_ends_a_message_whose_next_frame_nobody_takes),
	    TEST(n_cs_starts_when_the_gap_is_over),
	    TEST(n_bs_starts_at_the_confirmation_of_the_block_s_last_frame),
	    TEST(a_flow_control_ahead_of_the_late_confirmation_is_taken),
	    TEST(a_wait_ahead_of_the_late_confirmation_is_taken),
	    TEST(a_flow_control_that_nobody_waits_for_is_ignored),
	    TEST(a_flow_control_that_is_too_short_is_ignored),
	    TEST(confirmations_of_an_aborted_message_do_not_count_for_the_next),
	    TEST(a_message_is_assumed_sent_only_when_confirmations_alone_are_missing),
	    TEST(frames_lost_with_the_port_end_the_message_by_n_as),
	};

	return RUN_TESTS(isotp_tx_waits);
}
