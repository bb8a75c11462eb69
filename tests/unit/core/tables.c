/* codes, states, windows: tables and arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/gateway.h"
#include "gatewayd/core/window.h"

static void flash_codes_keep_their_numbers(void **state)
{
	(void)state;
	const unsigned pairs[][2] = {
	    {GATEWAY_CODE_OK, FLASH_OK},
	    {GATEWAY_CODE_NO_ANSWER, FLASH_NO_ANSWER},
	    {GATEWAY_CODE_NEGATIVE_RESPONSE, FLASH_NEGATIVE_RESPONSE},
	    {GATEWAY_CODE_SECURITY_DENIED, FLASH_SECURITY_DENIED},
	    {GATEWAY_CODE_PRECONDITIONS, FLASH_PRECONDITIONS},
	    {GATEWAY_CODE_ERASE_FAILED, FLASH_ERASE_FAILED},
	    {GATEWAY_CODE_TRANSFER_FAILED, FLASH_TRANSFER_FAILED},
	    {GATEWAY_CODE_CHECK_FAILED, FLASH_CHECK_FAILED},
	    {GATEWAY_CODE_DEPENDENCIES, FLASH_DEPENDENCIES},
	    {GATEWAY_CODE_BOOT_TIMEOUT, FLASH_BOOT_TIMEOUT},
	    {GATEWAY_CODE_WRONG_VERSION, FLASH_WRONG_VERSION},
	    {GATEWAY_CODE_MALFORMED_ANSWER, FLASH_MALFORMED_ANSWER},
	    {GATEWAY_CODE_BAD_BLOCK_LENGTH, FLASH_BAD_BLOCK_LENGTH},
	    {GATEWAY_CODE_STOPPED, FLASH_STOPPED},
	    {GATEWAY_CODE_KEY_UNAVAILABLE, FLASH_KEY_UNAVAILABLE},
	    {GATEWAY_CODE_TRANSPORT, FLASH_TRANSPORT},
	    {GATEWAY_CODE_BUS_QUIET_REFUSED, FLASH_BUS_QUIET_REFUSED},
	    {GATEWAY_CODE_IMAGE_TOO_LARGE, FLASH_IMAGE_TOO_LARGE},
	    {GATEWAY_CODE_FOREIGN_TESTER, FLASH_FOREIGN_TESTER},
	    {GATEWAY_CODE_HARDWARE_NOT_TOLD, FLASH_WRONG_HARDWARE},
	    {GATEWAY_CODE_SERIAL_NOT_TOLD, FLASH_WRONG_SERIAL},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		assert_int_equal(pairs[i][0], pairs[i][1]);
}

static void every_code_has_a_name_and_words(void **state)
{
	(void)state;

	assert_string_equal(gateway_code_name(GATEWAY_CODE_BAD_SIGNATURE), "BAD_SIGNATURE");
	assert_string_equal(gateway_code_name(9999), "UNKNOWN");
	assert_non_null(gateway_code_words(9999));
#define X(name, number, words)                                 \
	assert_string_equal(gateway_code_name(number), #name); \
	assert_string_equal(gateway_code_words(number), words);
#include "proto/codes.def"
#undef X
}

static void each_state_stands_at_its_own_place(void **state)
{
	(void)state;

	for (int i = CAMPAIGN_NONE; i <= CAMPAIGN_FAILED; i++) {
		const struct campaign_state_info *info = campaign_state_info((enum campaign_state)i);

		assert_int_equal(info->state, i);
		assert_false(info->final && info->cancellable);
	}
	assert_int_equal(campaign_state_info((enum campaign_state)99)->state, CAMPAIGN_NONE);
	assert_string_equal(target_state_name(TARGET_VERIFIED), "verified");
	assert_string_equal(target_state_name((enum target_state)99), "unknown");
	for (int i = TARGET_NONE; i <= TARGET_RESTORED; i++)
		assert_int_equal(target_state_info((enum target_state)i)->state, i);
	assert_int_equal(target_state_info((enum target_state)99)->state, TARGET_NONE);
}

static void results_keep_to_the_values_that_their_standards_know(void **state)
{
	(void)state;
#define X(name, number, words)                                                                      \
	{                                                                                           \
		const struct result_info *r = result_of_code(number);                               \
		assert_true(r->fumo == 0 || r->fumo == 200 || (r->fumo >= 400 && r->fumo <= 412) || \
			    (r->fumo >= 500 && r->fumo <= 503));                                    \
		assert_in_range(r->lwm2m, 0, 11);                                                   \
		assert_in_range(r->suit, 0, 12);                                                    \
		assert_in_range(r->ucm, 0, 27);                                                     \
		assert_true(number == 0 || r->lwm2m != 1); /* no code is a success */               \
	}
#include "proto/codes.def"
#undef X
	for (int i = CAMPAIGN_OFFERED; i <= CAMPAIGN_FAILED; i++) {
		const struct campaign_state_info *info = campaign_state_info((enum campaign_state)i);

		/* what is over has a result, what is not has none, whatever the code */
		assert_int_equal(info->result->fumo != 0, info->final);
		assert_in_range(info->lwm2m_state, 0, 3);
		assert_true(info->fumo_state >= 10 && info->fumo_state <= 100 && info->fumo_state % 10 == 0);
		assert_int_equal(info->lwm2m_state == 3, !info->final && !info->cancellable);
		if (info->final)
			assert_true(result_of_campaign((enum campaign_state)i, GATEWAY_CODE_WRONG_STATE)->fumo != 0);
	}
}

static void a_campaign_and_an_ecu_come_to_what_their_state_and_code_say(void **state)
{
	(void)state;
	const struct {
		enum campaign_state state;
		unsigned code, fumo, lwm2m, suit, ucm;
	} campaigns[] = {
	    {CAMPAIGN_DONE, GATEWAY_CODE_OK, 200, 1, 0, 0},
	    {CAMPAIGN_WAITING, GATEWAY_CODE_WAITING_WINDOW, 0, 0, 12, 12},
	    {CAMPAIGN_WAITING, GATEWAY_CODE_POSTPONED_BY_DRIVER, 0, 11, 12, 5},
	    {CAMPAIGN_DECLINED, GATEWAY_CODE_DECLINED_BY_DRIVER, 401, 10, 10, 22},
	    {CAMPAIGN_DECLINED, GATEWAY_CODE_WRONG_HARDWARE, 403, 8, 6, 10},
	    {CAMPAIGN_CANCELLED, GATEWAY_CODE_OK, 401, 10, 10, 22},
	    {CAMPAIGN_EXPIRED, GATEWAY_CODE_WINDOW_PASSED, 405, 10, 10, 5},
	    {CAMPAIGN_FAILED, GATEWAY_CODE_BAD_SIGNATURE, 404, 5, 4, 8},
	    {CAMPAIGN_FAILED, GATEWAY_CODE_DIGEST_MISMATCH, 402, 5, 10, 7},
	    {CAMPAIGN_DOWNLOADING, GATEWAY_CODE_NO_SPACE, 501, 2, 11, 1},
	};

	for (size_t i = 0; i < sizeof campaigns / sizeof campaigns[0]; i++) {
		const struct result_info *r = result_of_campaign(campaigns[i].state, campaigns[i].code);

		assert_int_equal(r->fumo, campaigns[i].fumo);
		assert_int_equal(r->lwm2m, campaigns[i].lwm2m);
		assert_int_equal(r->suit, campaigns[i].suit);
		assert_int_equal(r->ucm, campaigns[i].ucm);
	}
	assert_int_equal(result_of_target(TARGET_VERIFIED, GATEWAY_CODE_OK)->lwm2m, 1);
	assert_int_equal(result_of_target(TARGET_FAILED, GATEWAY_CODE_CHECK_FAILED)->ucm, 27);
	assert_int_equal(result_of_target(TARGET_FAILED, GATEWAY_CODE_STOPPED)->fumo, 410);
	assert_int_equal(result_of_target(TARGET_FLASHING, GATEWAY_CODE_CHECK_FAILED)->fumo, 0);
	assert_int_equal(lwm2m_severity(URGENCY_CRITICAL), 0);
	assert_int_equal(lwm2m_severity(URGENCY_LOW), 2);
	assert_string_equal(suit_reason_name(10), "condition-failed");
	assert_string_equal(suit_reason_name(13), "unknown");
	assert_int_equal(result_of_code(9999)->fumo, 0);
}

static void a_window_is_open_from_its_start_to_just_before_its_end(void **state)
{
	(void)state;

	assert_int_equal(window_state(0, 100, 200), WINDOW_UNKNOWN);
	assert_int_equal(window_state(99999, 100, 200), WINDOW_BEFORE);
	assert_int_equal(window_state(100000, 100, 200), WINDOW_OPEN);
	assert_int_equal(window_state(199999, 100, 200), WINDOW_OPEN);
	assert_int_equal(window_state(200000, 100, 200), WINDOW_OVER);
	assert_int_equal(window_state(UINT64_MAX, 100, 0), WINDOW_OPEN);
}

static void a_wall_clock_time_is_reached_to_the_microsecond(void **state)
{
	(void)state;

	assert_int_equal(window_reached_us(1500, 7, 2), 500007);
	assert_int_equal(window_reached_us(2000, 7, 2), 0);
	assert_int_equal(window_reached_us(1500, 7, 0), UINT64_MAX);
	assert_int_equal(window_reached_us(1500, 7, UINT64_MAX), UINT64_MAX);
	assert_int_equal(window_reached_us(1500, 7, UINT64_MAX / 1000), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(flash_codes_keep_their_numbers),
	    cmocka_unit_test(every_code_has_a_name_and_words),
	    cmocka_unit_test(each_state_stands_at_its_own_place),
	    cmocka_unit_test(results_keep_to_the_values_that_their_standards_know),
	    cmocka_unit_test(a_campaign_and_an_ecu_come_to_what_their_state_and_code_say),
	    cmocka_unit_test(a_window_is_open_from_its_start_to_just_before_its_end),
	    cmocka_unit_test(a_wall_clock_time_is_reached_to_the_microsecond),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
