#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sim/oem_backend/rollout.h"

#define NOW 1000u

/* --- plans */

static void expect_plan(const char *text, uint32_t vehicles, const char *sizes)
{
	uint32_t size[ROLLOUT_MAX_WAVES];
	char why[ROLLOUT_WHY_BYTES] = "", made[200] = "";
	size_t n = 0;

	if (!rollout_plan(text, vehicles, size, &n, why))
		fail_msg("\"%s\": %s", text, why);
	for (size_t i = 0; i < n; i++)
		snprintf(made + strlen(made), sizeof made - strlen(made), "%s%u", i ? " " : "", (unsigned)size[i]);
	assert_string_equal(made, sizes);
}

static void refuse_plan(const char *text, uint32_t vehicles, const char *words)
{
	uint32_t size[ROLLOUT_MAX_WAVES];
	char why[ROLLOUT_WHY_BYTES] = "";
	size_t n = 0;

	assert_false(rollout_plan(text, vehicles, size, &n, why));
	if (!strstr(why, words))
		fail_msg("\"%s\" is not in \"%s\"", words, why);
}

static void waves_are_numbers_shares_of_all_and_the_rest(void **state)
{
	(void)state;
	expect_plan("1,10%,rest", 100, "1 10 89");
	expect_plan("rest", 7, "7");
	expect_plan("2,2", 4, "2 2");
	expect_plan("50%,50%", 10, "5 5");
}

static void a_share_is_rounded_up_and_an_empty_wave_is_left_out(void **state)
{
	(void)state;
	expect_plan("1%,rest", 10, "1 9");
	expect_plan("1,10%,rest", 1, "1");
	expect_plan("1,10%,rest", 2, "1 1");
	expect_plan("34%,34%,34%", 10, "4 4 2");
}

static void a_plan_that_leaves_vehicles_over_or_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", "0", "0%", "101%", "x", "1,,2", "-1", "rest,1", "5%%", "1 ", ",", "1,"};
	char many[200] = "1";

	(void)state;
	refuse_plan("1,10%", 100, "leave 89 of 100 vehicles over");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refuse_plan(bad[i], 100, "is no wave");
	for (size_t i = 0; i < ROLLOUT_MAX_WAVES; i++)
		strcat(many, ",1");
	refuse_plan(many, 100, "more than 32 waves");
}

/* --- what comes next */

static const struct rollout_rules strict = {.error_threshold = 0, .min_done = 100, .soak_s = 60};

static struct rollout_wave wave_of(uint32_t waiting, uint32_t open, uint32_t done, uint32_t failed)
{
	return (struct rollout_wave){
	    .size = waiting + open + done + failed, .waiting = waiting, .open = open, .done = done, .failed = failed};
}

static void expect(const struct rollout_rules *rules, const struct rollout_wave *waves, size_t n, uint64_t now,
		   enum rollout_step step, size_t wave)
{
	struct rollout_advice advice = rollout_advise(rules, waves, n, now);

	assert_int_equal(advice.step, step);
	assert_int_equal(advice.wave, wave);
}

static void a_wave_begins_then_its_vehicles_then_it_is_waited_for(void **state)
{
	struct rollout_wave waves[2] = {wave_of(2, 0, 0, 0), wave_of(5, 0, 0, 0)};

	(void)state;
	expect(&strict, waves, 2, NOW, ROLLOUT_BEGIN, 0);
	waves[0].began_unix_s = NOW;
	expect(&strict, waves, 2, NOW, ROLLOUT_START, 0);
	waves[0].waiting = 0;
	waves[0].open = 2;
	expect(&strict, waves, 2, NOW, ROLLOUT_WAIT, 0);
	waves[0].open = 1;
	waves[0].done = 1;
	expect(&strict, waves, 2, NOW + 1000000, ROLLOUT_WAIT, 0);
}

static void the_next_wave_begins_when_the_time_after_the_end_is_over_and_not_a_second_earlier(void **state)
{
	struct rollout_wave waves[2] = {wave_of(0, 0, 2, 0), wave_of(5, 0, 0, 0)};

	(void)state;
	waves[0].began_unix_s = NOW;
	expect(&strict, waves, 2, NOW, ROLLOUT_NOTE, 0);
	waves[0].ended_unix_s = NOW;
	assert_int_equal(rollout_advise(&strict, waves, 2, NOW).at_unix_s, NOW + 60);
	expect(&strict, waves, 2, NOW + 59, ROLLOUT_WAIT, 1);
	expect(&strict, waves, 2, NOW + 60, ROLLOUT_BEGIN, 1);
}

static void a_share_of_failures_above_the_threshold_stops_and_one_at_it_does_not(void **state)
{
	const struct rollout_rules rules = {.error_threshold = 10, .min_done = 100};
	struct rollout_wave waves[2] = {wave_of(0, 8, 1, 1), wave_of(5, 0, 0, 0)};

	(void)state;
	waves[0].began_unix_s = NOW;
	expect(&rules, waves, 2, NOW, ROLLOUT_WAIT, 0);
	waves[0].open = 7;
	waves[0].failed = 2;
	expect(&rules, waves, 2, NOW, ROLLOUT_STOP, 0);
	/* while vehicles still wait for their campaigns too */
	waves[0].open = 0;
	waves[0].waiting = 7;
	expect(&rules, waves, 2, NOW, ROLLOUT_STOP, 0);
}

static void with_threshold_0_one_failure_stops_and_with_100_none_does(void **state)
{
	const struct rollout_rules any = {.error_threshold = 100, .min_done = 100};
	struct rollout_wave waves[1] = {wave_of(0, 999, 0, 1)};

	(void)state;
	waves[0].began_unix_s = NOW;
	expect(&strict, waves, 1, NOW, ROLLOUT_STOP, 0);
	waves[0] = wave_of(0, 0, 0, 1000);
	waves[0].began_unix_s = waves[0].ended_unix_s = NOW;
	expect(&any, waves, 1, NOW, ROLLOUT_FINISH, 0);
}

static void a_late_failure_of_an_earlier_wave_stops_too(void **state)
{
	const struct rollout_rules rules = {.error_threshold = 10, .min_done = 50};
	struct rollout_wave waves[2] = {wave_of(0, 3, 5, 2), wave_of(0, 10, 0, 0)};

	(void)state;
	waves[0].began_unix_s = waves[0].ended_unix_s = waves[1].began_unix_s = NOW;
	expect(&rules, waves, 2, NOW, ROLLOUT_STOP, 0);
}

static void a_wave_has_ended_when_the_asked_share_is_over(void **state)
{
	const struct rollout_rules rules = {.error_threshold = 100, .min_done = 75};
	struct rollout_wave waves[2] = {wave_of(0, 2, 1, 0), wave_of(5, 0, 0, 0)};

	(void)state;
	waves[0].began_unix_s = NOW;
	waves[0].other = 1; /* 2 of 4: declined by its driver counts as over */
	waves[0].size = 4;
	expect(&rules, waves, 2, NOW, ROLLOUT_WAIT, 0);
	waves[0].open = 1;
	waves[0].failed = 1;
	expect(&rules, waves, 2, NOW, ROLLOUT_NOTE, 0);
}

static void it_is_done_only_when_every_vehicle_of_every_wave_is_over(void **state)
{
	const struct rollout_rules rules = {.error_threshold = 100, .min_done = 50};
	struct rollout_wave waves[2] = {wave_of(0, 1, 1, 0), wave_of(0, 0, 2, 0)};

	(void)state;
	waves[0].began_unix_s = waves[0].ended_unix_s = NOW;
	waves[1].began_unix_s = waves[1].ended_unix_s = NOW;
	expect(&rules, waves, 2, NOW, ROLLOUT_WAIT, 1);
	waves[0].open = 0;
	waves[0].done = 2;
	expect(&rules, waves, 2, NOW, ROLLOUT_FINISH, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waves_are_numbers_shares_of_all_and_the_rest),
	    cmocka_unit_test(a_share_is_rounded_up_and_an_empty_wave_is_left_out),
	    cmocka_unit_test(a_plan_that_leaves_vehicles_over_or_is_none_is_refused),
	    cmocka_unit_test(a_wave_begins_then_its_vehicles_then_it_is_waited_for),
	    cmocka_unit_test(the_next_wave_begins_when_the_time_after_the_end_is_over_and_not_a_second_earlier),
	    cmocka_unit_test(a_share_of_failures_above_the_threshold_stops_and_one_at_it_does_not),
	    cmocka_unit_test(with_threshold_0_one_failure_stops_and_with_100_none_does),
	    cmocka_unit_test(a_late_failure_of_an_earlier_wave_stops_too),
	    cmocka_unit_test(a_wave_has_ended_when_the_asked_share_is_over),
	    cmocka_unit_test(it_is_done_only_when_every_vehicle_of_every_wave_is_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
