/* A reception that its owner holds: the peer is told to wait, at a pace and not for ever. */
#include "receiver.h"

static void begin_held(void)
{
	isotp_hold(&rx_link, T0);
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_nothing(T0);
}

/* at @at_us and not a microsecond before, a WAIT goes out, confirmed at once */
static void waits_at(uint64_t at_us)
{
	assert_int_equal(isotp_deadline(&rx_link), at_us);
	isotp_expire(&rx_link, at_us - 1);
	assert_nothing(at_us - 1);
	isotp_expire(&rx_link, at_us);
	assert_flow_control(at_us, 1, rx_link.config.block_size, rx_link.config.st_min);
	isotp_confirm(&rx_link, at_us);
}

static void a_held_reception_waits_at_the_pace_of_n_br(void **state)
{
	(void)state;
	begin_held();
	waits_at(T0 + 500 * MS);
	waits_at(T0 + 1000 * MS);
	isotp_release(&rx_link, T0 + 1200 * MS);
	assert_flow_control(T0 + 1200 * MS, 0, 0, 0);
	isotp_confirm(&rx_link, T0 + 1200 * MS);
	finish_20(T0 + 1300 * MS);
}

static void n_br_counts_from_the_confirmation_of_the_last_wait(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.n_br_us = 70 * MS;
	setup_link(&config);
	begin_held();
	isotp_expire(&rx_link, T0 + 70 * MS);
	assert_flow_control(T0 + 70 * MS, 1, 0, 0);
	isotp_confirm(&rx_link, T0 + 75 * MS);
	waits_at(T0 + 145 * MS);
}

static void wait_max_waits_in_a_row_and_the_reception_ends(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.wait_max = 3;
	setup_link(&config);
	begin_held();
	for (uint64_t i = 1; i <= 3; i++)
		waits_at(T0 + i * 500 * MS);
	fails_at(T0 + 2000 * MS, ISOTP_REASON_WAIT_MAX);
	isotp_release(&rx_link, T0 + 2001 * MS);
	assert_nothing(T0 + 2001 * MS);
	begin_20();
	finish_20(T0);
}

static void with_wait_max_0_no_wait_is_sent(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.wait_max = 0;
	setup_link(&config);
	begin_held();
	fails_at(T0 + 500 * MS, ISOTP_REASON_WAIT_MAX);
}

static void a_clear_to_send_begins_the_count_of_waits_anew(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.wait_max = 2;
	config.block_size = 1;
	setup_link(&config);
	begin_held();
	waits_at(T0 + 500 * MS);
	waits_at(T0 + 1000 * MS);
	isotp_release(&rx_link, T0 + 1 * S);
	assert_flow_control(T0 + 1 * S, 0, 1, 0);
	isotp_confirm(&rx_link, T0 + 1 * S);
	isotp_hold(&rx_link, T0 + 1 * S);
	second(T0 + 1 * S);
	waits_at(T0 + 1500 * MS);
	waits_at(T0 + 2000 * MS);
	fails_at(T0 + 2500 * MS, ISOTP_REASON_WAIT_MAX);
}

static void what_was_cleared_before_the_hold_arrives(void **state)
{
	(void)state;
	begin_20();
	isotp_hold(&rx_link, T0);
	finish_20(T0 + 1);
}

static void a_flow_control_that_was_not_popped_is_held_back(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	isotp_hold(&rx_link, T0 + 100 * MS);
	assert_nothing(T0 + 100 * MS);
	isotp_hold(&rx_link, T0 + 200 * MS); /* holding it twice puts nothing off */
	waits_at(T0 + 600 * MS);
	isotp_release(&rx_link, T0 + 600 * MS);
	isotp_hold(&rx_link, T0 + 600 * MS);
	waits_at(T0 + 1100 * MS);
	isotp_expire(&rx_link, T0 + 1600 * MS);
	isotp_hold(&rx_link, T0 + 1600 * MS); /* nor does it take back a WAIT that is due */
	assert_flow_control(T0 + 1600 * MS, 1, 0, 0);
}

static void a_wait_that_was_not_popped_becomes_a_clear_to_send(void **state)
{
	(void)state;
	begin_held();
	isotp_expire(&rx_link, T0 + 500 * MS);
	isotp_release(&rx_link, T0 + 500 * MS);
	assert_flow_control(T0 + 500 * MS, 0, 0, 0);
	isotp_confirm(&rx_link, T0 + 500 * MS);
	finish_20(T0 + 501 * MS);
}

static void a_wait_that_does_not_leave_ends_the_reception_by_n_ar(void **state)
{
	(void)state;
	begin_held();
	isotp_expire(&rx_link, T0 + 500 * MS);
	assert_flow_control(T0 + 500 * MS, 1, 0, 0);
	fails_at(T0 + 1500 * MS, ISOTP_REASON_N_AS);
}

static void consecutive_frames_that_were_not_cleared_are_ignored(void **state)
{
	(void)state;
	begin_held();
	second(T0 + 1);
	third(T0 + 2);
	assert_nothing(T0 + 2);
	isotp_release(&rx_link, T0 + 3);
	assert_flow_control(T0 + 3, 0, 0, 0);
	isotp_confirm(&rx_link, T0 + 3);
	finish_20(T0 + 4);
}

static void a_single_frame_is_not_held(void **state)
{
	(void)state;
	begin_held();
	input(T0, CAN(0x7e8, 2, 'h', 'i'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_INTERRUPTED);
	assert_received("hi");
	isotp_release(&rx_link, T0);
	assert_nothing(T0);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
}

static void a_message_too_long_is_refused_at_once_although_held(void **state)
{
	(void)state;
	isotp_hold(&rx_link, T0);
	input(T0, CAN(0x7e8, 0x10, 0, 0, 1, 0, 0, 'a', 'b'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_NO_BUFFER);
	assert_flow_control(T0, 2, 0, 0);
	/* one that nobody popped does not go to the next message's sender */
	input(T0, CAN(0x7e8, 0x10, 0, 0, 1, 0, 0, 'a', 'b'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_NO_BUFFER);
	begin_held();
}

static void a_hold_outlasts_an_abort(void **state)
{
	(void)state;
	begin_held();
	isotp_abort(&rx_link);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
	begin_held();
}

static void a_sender_of_ours_bears_the_waits_of_a_held_receiver(void **state)
{
	const struct isotp_config config = tester_config();
	const struct isotp_config peer = mirrored(config);
	static uint8_t message[300], rx_a[CAP], rx_b[CAP];
	struct wire w;

	(void)state;
	fill_pattern(message, sizeof(message), 3);
	wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
	isotp_hold(&w.ends[1].link, w.now_us);
	assert_int_equal(isotp_send(&w.ends[0].link, w.now_us, message, sizeof(message)), 0);
	while (wire_step(&w, 5 * S + 4200 * MS))
		;
	assert_int_equal(w.ends[1].n_flow_controls, 8);
	assert_true(isotp_sending(&w.ends[0].link));
	isotp_release(&w.ends[1].link, w.now_us);
	wire_run(&w);
	assert_int_equal(w.ends[0].n_sent, 1);
	assert_int_equal(w.ends[1].n_received, 1);
	assert_memory_equal(w.ends[1].last_data, message, sizeof(message));
}

static void both_sides_end_when_a_hold_is_never_released(void **state)
{
	const struct isotp_config config = tester_config();
	const struct isotp_config peer = mirrored(config);
	static uint8_t message[300], rx_a[CAP], rx_b[CAP];
	struct wire w;

	(void)state;
	wire_init(&w, &config, &peer, rx_a, rx_b, CAP);
	isotp_hold(&w.ends[1].link, w.now_us);
	assert_int_equal(isotp_send(&w.ends[0].link, w.now_us, message, sizeof(message)), 0);
	wire_run(&w);
	assert_int_equal(w.ends[1].n_flow_controls, 10);
	assert_int_equal(w.ends[1].n_rx_failed, 1);
	assert_int_equal(w.ends[1].reason, ISOTP_REASON_WAIT_MAX);
	assert_int_equal(w.ends[0].n_send_failed, 1);
	assert_int_equal(w.ends[0].reason, ISOTP_REASON_N_BS);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest isotp_hold[] = {
	    TEST(a_held_reception_waits_at_the_pace_of_n_br),
	    TEST(n_br_counts_from_the_confirmation_of_the_last_wait),
	    TEST(wait_max_waits_in_a_row_and_the_reception_ends),
	    TEST(with_wait_max_0_no_wait_is_sent),
	    TEST(a_clear_to_send_begins_the_count_of_waits_anew),
	    TEST(what_was_cleared_before_the_hold_arrives),
	    TEST(a_flow_control_that_was_not_popped_is_held_back),
	    TEST(a_wait_that_was_not_popped_becomes_a_clear_to_send),
	    TEST(a_wait_that_does_not_leave_ends_the_reception_by_n_ar),
	    TEST(consecutive_frames_that_were_not_cleared_are_ignored),
	    TEST(a_single_frame_is_not_held),
	    TEST(a_message_too_long_is_refused_at_once_although_held),
	    TEST(a_hold_outlasts_an_abort),
	    TEST(a_sender_of_ours_bears_the_waits_of_a_held_receiver),
	    TEST(both_sides_end_when_a_hold_is_never_released),
	};

	return RUN_TESTS(isotp_hold);
}
