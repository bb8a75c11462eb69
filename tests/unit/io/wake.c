/* wake: the alarm turns the loop when it is due, where this machine lets us have one. */
#include "rig.h"

#include "gatewayd/core/types.h"
#include "gatewayd/io/wake.h"
#include "uds/port/can_driver.h"

static uv_loop_t loop;
static struct wake *wake;

static void the_loop_turns_when_the_alarm_is_due_and_not_before(void **state)
{
	uint64_t due_us;

	(void)state;
	uv_loop_init(&loop);
	wake_new(&loop, &wake);
	if (!wake) {
		print_message("# SKIP no alarm can be had here (CAP_WAKE_ALARM)\n");
		uv_loop_close(&loop);
		skip();
	}
	due_us = can_driver_now_us() + 3600000000u;
	wake_arm(wake, due_us); /* another time takes its place */
	due_us = can_driver_now_us() + 50000;
	wake_arm(wake, due_us);
	uv_run(&loop, UV_RUN_ONCE);
	assert_true(can_driver_now_us() >= due_us);
	wake_arm(wake, due_us + 1); /* past already: at once */
	uv_run(&loop, UV_RUN_ONCE);
	wake_arm(wake, can_driver_now_us() + 3600000000u);
	wake_arm(wake, GATEWAY_NEVER);
	assert_int_not_equal(uv_run(&loop, UV_RUN_NOWAIT), 0); /* it waits still, for nothing */
	wake_free(wake);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void without_one_nothing_happens(void **state)
{
	(void)state;
	wake_arm(NULL, 1);
	wake_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_loop_turns_when_the_alarm_is_due_and_not_before),
	    cmocka_unit_test(without_one_nothing_happens),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
