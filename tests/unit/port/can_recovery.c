/* When a controller that is bus-off is set down and up again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "uds/port/can_recovery.h"

#define MS     1000u
#define SECOND 1000000u
#define START  (1000ull * SECOND)

static struct can_recovery on_the_bus(void)
{
	struct can_recovery r = {0};

	can_recovery_on_bus(&r);
	return r;
}

/* Return: how long the pause is that begins at @now_us; the controller is restarted at its end */
static uint64_t pause_ms(struct can_recovery *r, uint64_t *now_us, uint32_t first_ms)
{
	const uint64_t begin_us = *now_us;

	can_recovery_bus_off(r, *now_us, first_ms);
	*now_us += can_recovery_wait_ms(r, *now_us, UINT32_MAX) * MS;
	if (*now_us > begin_us)
		assert_false(can_recovery_due(r, *now_us - 1));
	assert_true(can_recovery_due(r, *now_us));
	can_recovery_restarted(r, *now_us);
	return (*now_us - begin_us) / MS;
}

static void the_first_restart_comes_after_the_pause_that_is_asked_for(void **state)
{
	(void)state;
	struct can_recovery r = on_the_bus();
	uint64_t now_us = START;

	assert_int_equal(pause_ms(&r, &now_us, 100), 100);
	r = on_the_bus();
	assert_int_equal(pause_ms(&r, &now_us, 0), CAN_RECOVERY_FIRST_MS);
	r = on_the_bus();
	assert_int_equal(pause_ms(&r, &now_us, 600000), 600000);
}

static void the_pauses_grow_and_their_number_in_a_row_is_bounded(void **state)
{
	(void)state;
	static const uint32_t expected[CAN_RECOVERY_TRIES] = {200,  400,   800,   1600,  3200,
							      6400, 12800, 25600, 51200, 60000};
	struct can_recovery r = on_the_bus();
	uint64_t now_us = START;

	for (unsigned i = 0; i < CAN_RECOVERY_TRIES; i++, now_us += 10 * MS)
		assert_int_equal(pause_ms(&r, &now_us, 0), expected[i]);
	for (unsigned i = 0; i < 300; i++, now_us += 10 * MS)
		assert_int_equal(pause_ms(&r, &now_us, 0), CAN_RECOVERY_LATER_MS);
}

static void a_bus_that_held_for_a_while_begins_a_new_row(void **state)
{
	(void)state;
	struct can_recovery r = on_the_bus();
	uint64_t now_us = START;

	pause_ms(&r, &now_us, 0);
	now_us += CAN_RECOVERY_STABLE_US - 1;
	assert_int_equal(pause_ms(&r, &now_us, 0), 2 * CAN_RECOVERY_FIRST_MS);
	now_us += CAN_RECOVERY_STABLE_US;
	assert_int_equal(pause_ms(&r, &now_us, 0), CAN_RECOVERY_FIRST_MS);
}

static void who_repairs_it_by_hand_begins_a_new_row(void **state)
{
	(void)state;
	struct can_recovery r = on_the_bus();
	uint64_t now_us = START;

	for (unsigned i = 0; i < 5; i++)
		pause_ms(&r, &now_us, 0);
	can_recovery_on_bus(&r); /* as after each restart of ours: that alone is no repair */
	can_recovery_bus_off(&r, now_us, 0);
	assert_int_equal(can_recovery_wait_ms(&r, now_us, UINT32_MAX), 6400);
	can_recovery_on_bus(&r);
	assert_false(can_recovery_due(&r, now_us + 3600ull * SECOND));
	assert_int_equal(pause_ms(&r, &now_us, 0), CAN_RECOVERY_FIRST_MS);
}

static void one_that_is_found_bus_off_is_restarted_at_once(void **state)
{
	(void)state;
	struct can_recovery r = {0};
	uint64_t now_us = START;

	assert_int_equal(pause_ms(&r, &now_us, 0), 0);
	assert_int_equal(pause_ms(&r, &now_us, 0), 2 * CAN_RECOVERY_FIRST_MS);
}

static void while_it_is_bus_off_the_pause_stands(void **state)
{
	(void)state;
	struct can_recovery r = on_the_bus();

	assert_false(can_recovery_due(&r, START));
	assert_int_equal(can_recovery_wait_ms(&r, START, 500), 500);
	can_recovery_bus_off(&r, START, 0);
	can_recovery_bus_off(&r, START + 150 * MS, 0);
	assert_int_equal(can_recovery_wait_ms(&r, START + 150 * MS, 500), 50);
	assert_int_equal(can_recovery_wait_ms(&r, START + 199 * MS + 1, 500), 1);
	assert_int_equal(can_recovery_wait_ms(&r, START + 200 * MS, 500), 0);
	assert_int_equal(can_recovery_wait_ms(&r, START, 100), 100);
}

static void the_words_name_pause_and_try(void **state)
{
	(void)state;
	struct can_recovery r = on_the_bus();
	uint64_t now_us = START;
	char text[100];

	pause_ms(&r, &now_us, 0);
	can_recovery_bus_off(&r, now_us, 0);
	can_recovery_text(&r, text, sizeof(text));
	assert_string_equal(text,
			    "it is set down and up again after 0.4 s (try 2 of 10 in a row, later one each 10 min)");
	for (unsigned i = 1; i < CAN_RECOVERY_TRIES; i++) {
		can_recovery_restarted(&r, now_us);
		can_recovery_bus_off(&r, now_us, 0);
	}
	can_recovery_text(&r, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
	can_recovery_restarted(&r, now_us);
	can_recovery_bus_off(&r, now_us, 0);
	can_recovery_text(&r, text, sizeof(text));
	assert_string_equal(text, "it is set down and up again each 10 min (10 tries in a row have failed)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_restart_comes_after_the_pause_that_is_asked_for),
	    cmocka_unit_test(the_pauses_grow_and_their_number_in_a_row_is_bounded),
	    cmocka_unit_test(a_bus_that_held_for_a_while_begins_a_new_row),
	    cmocka_unit_test(who_repairs_it_by_hand_begins_a_new_row),
	    cmocka_unit_test(one_that_is_found_bus_off_is_restarted_at_once),
	    cmocka_unit_test(while_it_is_bus_off_the_pause_stands),
	    cmocka_unit_test(the_words_name_pause_and_try),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
