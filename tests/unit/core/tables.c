/* codes and windows: tables and arithmetic. */
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
	    cmocka_unit_test(a_window_is_open_from_its_start_to_just_before_its_end),
	    cmocka_unit_test(a_wall_clock_time_is_reached_to_the_microsecond),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
