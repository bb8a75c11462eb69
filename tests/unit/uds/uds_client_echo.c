/* What an answer must repeat to be one to this request and not to an earlier one, and what the answer to 10 announces.
 */
#include "client.h"

struct echo_case {
	uint8_t request[6];
	size_t n;
	size_t n_echo;
};

static void every_byte_of_the_echo_is_checked(void **state)
{
	static const struct echo_case cases[] = {
	    {{0x10, 0x02}, 2, 1},
	    {{0x11, 0x01}, 2, 1},
	    {{0x27, 0x11}, 2, 1},
	    {{0x28, 0x03, 0x01}, 3, 1},
	    {{0x85, 0x02}, 2, 1},
	    {{0x19, 0x01, 0xff}, 3, 1},
	    {{0x19, 0x02, 0x08}, 3, 1},
	    {{0x19, 0x0a}, 2, 1},
	    {{0x29, 0x08}, 2, 1},
	    {{0x29, 0x01, 0x00, 0x00, 0x01, 0xaa}, 6, 1},
	    {{0x3e, 0x00}, 2, 1},
	    {{0x31, 0x01, 0xff, 0x00}, 4, 3},
	    {{0x22, 0xf1, 0x90, 0xf1, 0x8c}, 5, 2},
	    {{0x2e, 0xf1, 0x5a, 0x01}, 4, 2},
	    {{0x36, 0x07, 0x01, 0x02}, 4, 1},
	    {{0x37}, 1, 0},
	    {{0x34, 0x00, 0x11, 0x00, 0x10}, 5, 0},
	    {{0x35, 0x00, 0x11, 0x00, 0x10}, 5, 0},
	    {{0x38, 0x03, 0x00, 0x01, 0x61}, 5, 1},
	    {{0x3d, 0x11, 0x00, 0x01, 0x61}, 5, 1},
	    {{0x14, 0xff, 0xff, 0xff}, 4, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct echo_case *t = &cases[i];
		uint8_t answer[6];

		memcpy(answer, t->request, sizeof(answer));
		answer[0] += 0x40;
		setup(NULL);
		request_of(t->request, t->n);
		uds_client_input(&c, T0, answer, 1 + t->n_echo);
		assert_event(UDS_EVENT_POSITIVE, t->request[0]);
		for (size_t k = 1; k <= t->n_echo; k++) {
			setup(NULL);
			request_of(t->request, t->n);
			uds_client_input(&c, T0, answer, k); /* cut off */
			assert_event(UDS_EVENT_MALFORMED, t->request[0]);
			setup(NULL);
			request_of(t->request, t->n);
			answer[k] ^= 0x01;
			uds_client_input(&c, T0, answer, 1 + t->n_echo);
			assert_event(UDS_EVENT_MALFORMED, t->request[0]);
			answer[k] ^= 0x01;
		}
	}
}

static void an_answer_may_begin_with_any_identifier_that_was_asked_for(void **state)
{
	uint8_t request[1 + 2 * 40] = {0x22};

	(void)state;
	REQUEST(0x22, 0xf1, 0x90, 0xf1, 0x8c, 0xf1, 0x91);
	INPUT(T0, 0x62, 0xf1, 0x91, 1);
	assert_event(UDS_EVENT_POSITIVE, 0x22);
	REQUEST(0x22, 0xf1, 0x87);
	INPUT(T0, 0x62, 0xf1, 0x8c, 1); /* late, to the request before */
	assert_open();
	INPUT(T0, 0x62, 0xf1, 0x87, 1);
	assert_event(UDS_EVENT_POSITIVE, 0x22);
	REQUEST(0x22, 0xf1, 0x90, 0xf1, 0x8c, 0xf1); /* cut off: no identifier */
	INPUT(T0, 0x62, 0xf1, 0x00, 1);
	assert_event(UDS_EVENT_MALFORMED, 0x22);
	for (uint8_t i = 0; i < 40; i++)
		request[2 + 2 * i] = i;
	request_of(request, sizeof(request));
	INPUT(T0, 0x62, 0x00, 31, 1);
	assert_event(UDS_EVENT_POSITIVE, 0x22);
	request_of(request, sizeof(request));
	INPUT(T0, 0x62, 0x00, 32, 1);
	assert_event(UDS_EVENT_MALFORMED, 0x22);
}

/* what was suppressed is echoed without its bit */
static void trouble_codes_and_authentication_can_be_suppressed_too(void **state)
{
	(void)state;
	REQUEST(0x19, 0x82, 0xff);
	INPUT(T0, 0x59, 0x82, 0xff);
	assert_event(UDS_EVENT_MALFORMED, 0x19);
	REQUEST(0x19, 0x82, 0xff);
	INPUT(T0, 0x59, 0x02, 0xff);
	assert_event(UDS_EVENT_POSITIVE, 0x19);
	REQUEST(0x29, 0x80);
	ends_at(T0 + 150 * MS, UDS_EVENT_SUPPRESSED, 0x29);
}

static void the_answer_to_10_announces_p2_in_1_and_p2_star_in_10_ms(void **state)
{
	uint64_t p2_us = 1, p2_star_us = 2;

	(void)state;
	assert_false(uds_session_times(BYTES(0x50, 0x02), &p2_us, &p2_star_us));
	assert_false(uds_session_times(BYTES(0x50, 0x02, 0x00, 0x32, 0x01), &p2_us, &p2_star_us));
	assert_false(uds_session_times(BYTES(0x51, 0x02, 0x00, 0x32, 0x01, 0xf4), &p2_us, &p2_star_us));
	assert_int_equal(p2_us, 1);
	assert_int_equal(p2_star_us, 2);
	assert_true(uds_session_times(BYTES(0x50, 0x02, 0x00, 0x32, 0x01, 0xf4), &p2_us, &p2_star_us));
	assert_int_equal(p2_us, 50 * MS);
	assert_int_equal(p2_star_us, 5 * S);
	assert_true(uds_session_times(BYTES(0x50, 0x02, 0xff, 0xff, 0xff, 0xff), &p2_us, &p2_star_us));
	assert_int_equal(p2_us, 65535 * MS);
	assert_int_equal(p2_star_us, 655350 * MS);
}

static void the_second_answer_to_an_earlier_block_does_not_end_the_next(void **state)
{
	(void)state;
	REQUEST(0x36, 0x05, 0xaa);
	INPUT(T0, 0x76, 0x05);
	assert_event(UDS_EVENT_POSITIVE, 0x36);
	REQUEST(0x36, 0x06, 0xaa);
	INPUT(T0, 0x76, 0x05);
	assert_open();
	assert_int_equal(uds_client_deadline(&c), T0 + 150 * MS);
	INPUT(T0, 0x76, 0x06);
	assert_event(UDS_EVENT_POSITIVE, 0x36);
}

static void a_late_answer_to_a_request_that_timed_out_does_not_end_the_next(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	ends_at(T0 + 150 * MS, UDS_EVENT_TIMEOUT, 0x22);
	REQUEST(0x22, 0xf1, 0x8c);
	uds_client_rx_started(&c, T0 + 100 * MS);
	INPUT(T0 + 140 * MS, 0x62, 0xf1, 0x90, 1, 2, 3, 4, 5, 6);
	assert_open();
	assert_int_equal(uds_client_deadline(&c), T0 + 190 * MS);
	INPUT(T0 + 150 * MS, 0x62, 0xf1, 0x8c, 7);
	assert_event(UDS_EVENT_POSITIVE, 0x22);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest uds_client_echo[] = {
	    TEST(every_byte_of_the_echo_is_checked),
	    TEST(an_answer_may_begin_with_any_identifier_that_was_asked_for),
	    TEST(trouble_codes_and_authentication_can_be_suppressed_too),
	    TEST(the_answer_to_10_announces_p2_in_1_and_p2_star_in_10_ms),
	    TEST(the_second_answer_to_an_earlier_block_does_not_end_the_next),
	    TEST(a_late_answer_to_a_request_that_timed_out_does_not_end_the_next),
	};

	return RUN_TESTS(uds_client_echo);
}
