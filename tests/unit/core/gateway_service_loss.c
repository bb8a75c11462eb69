/* gateway: the functions that an update takes from the driver are announced, and told when they are lost and back. */
#include "tests/unit/core/fixture.h"

static struct sim *with_functions(uint32_t notice_s)
{
	struct sim *s = sim_new();

	snprintf(s->manifest->components[ENGINE].functions_lost[0], GATEWAY_FUNCTION_BYTES, "engine");
	snprintf(s->manifest->components[ENGINE].functions_lost[1], GATEWAY_FUNCTION_BYTES, "cruise control");
	s->manifest->components[ENGINE].n_functions_lost = 2;
	snprintf(s->manifest->components[BRAKE].functions_lost[0], GATEWAY_FUNCTION_BYTES, "cruise control");
	s->manifest->components[BRAKE].n_functions_lost = 1;
	s->config.service_notice_s = notice_s;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

/* "announced lost back": what the backend was told of it, in order */
static const char *told(const struct sim *s)
{
	static const char *const names[] = {"", "announced", "lost", "back", "called-off"};
	static char text[512];

	text[0] = 0;
	for (size_t i = 0; i < s->n_applied; i++) {
		const struct service_loss *loss = &s->applied_reports[i].service;

		if (loss->state)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? " " : "",
				 names[loss->state]);
	}
	return text;
}

static const struct report *last_of(const struct sim *s, enum service_state state)
{
	const struct report *last = NULL;

	for (size_t i = 0; i < s->n_applied; i++) {
		if (s->applied_reports[i].service.state == state)
			last = &s->applied_reports[i];
	}
	assert_non_null(last);
	return last;
}

static void it_is_announced_before_the_first_erase_which_waits_for_it(void **state)
{
	(void)state;
	struct sim *s = with_functions(60);
	const struct report *announced, *lost;

	sim_for(s, 59 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_NOTICE);
	assert_string_equal(told(s), "announced");
	assert_int_equal(gateway_service_loss(s->gateway), 0);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(told(s), "announced lost back");
	announced = last_of(s, SERVICE_ANNOUNCED);
	lost = last_of(s, SERVICE_LOST);
	assert_string_equal(announced->text, "engine; cruise control");
	assert_int_equal(announced->code, GATEWAY_CODE_SERVICE_ANNOUNCED);
	assert_int_equal(announced->service.expected_s, 30); /* two buses side by side */
	assert_int_equal(announced->service.from_unix_s, announced->unix_ms / 1000 + 60);
	assert_int_equal(lost->service.from_unix_s, announced->service.from_unix_s);
	sim_free(s);
}

static void without_a_notice_it_is_told_as_it_is_lost(void **state)
{
	(void)state;
	struct sim *s = with_functions(0);

	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(told(s), "lost back");
	sim_free(s);
}

static void a_campaign_that_costs_no_function_neither_tells_nor_waits(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->config.service_notice_s = 600;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(told(s), "");
	assert_int_equal(gateway_service_loss(s->gateway), -1);
	sim_free(s);
}

static void what_was_announced_and_does_not_begin_is_called_off_and_announced_anew(void **state)
{
	(void)state;
	struct sim *s = with_functions(60);

	sim_for(s, 30 * SECOND);
	sim_signals(s, IGNITION_ON, 0, 12600);
	sim_for(s, SECOND);
	assert_string_equal(told(s), "announced called-off");
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 59 * SECOND); /* the whole notice again */
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_for(s, 60 * SECOND);
	assert_string_equal(told(s), "announced called-off announced lost back");
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_campaign_that_ends_while_it_is_announced_calls_it_off(void **state)
{
	(void)state;
	struct sim *s = with_functions(60);

	sim_for(s, 30 * SECOND);
	assert_int_equal(gateway_cancel(s->gateway, s->now_us, "c1", NULL), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_string_equal(told(s), "announced called-off");
	sim_free(s);
}

static void after_a_kill_with_an_ecu_erased_it_is_still_lost_and_told_once(void **state)
{
	(void)state;
	struct sim *s = with_functions(5);

	for (unsigned n = 0; n < 100000 && !s->ecus[ENGINE].erased; n++) {
		if (!sim_step(s)) {
			s->now_us = gateway_deadline(s->gateway);
			gateway_expire(s->gateway, s->now_us);
		}
	}
	assert_true(s->ecus[ENGINE].erased);
	sim_kill(s, true);
	sim_start(s);
	assert_int_equal(sim_campaign(s)->service.state, SERVICE_LOST);
	assert_int_equal(gateway_service_loss(s->gateway), 0);
	sim_signals(s, IGNITION_ON, 50, 12600); /* it may not go on yet */
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->service.state, SERVICE_LOST);
	assert_string_equal(told(s), "announced lost");
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(told(s), "announced lost back");
	sim_free(s);
}

/* wherever it is killed: what was told is in an order that makes sense, and ends with functions that are back */
static void a_kill_at_any_moment_tells_neither_twice_nor_too_little(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 160; k++) {
		struct sim *s = with_functions(5);
		enum service_state at = SERVICE_NONE;
		unsigned n = 0;

		for (; n < k; n++) {
			if (!sim_step(s)) {
				s->now_us = gateway_deadline(s->gateway);
				gateway_expire(s->gateway, s->now_us);
			}
		}
		sim_kill(s, k % 2);
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 900 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		for (size_t i = 0; i < s->n_applied; i++) {
			enum service_state to = s->applied_reports[i].service.state;

			if (!to)
				continue;
			assert_true(to == SERVICE_ANNOUNCED
					? at != SERVICE_LOST && s->applied_reports[i].service.from_unix_s >
								    s->applied_reports[i].unix_ms / 1000
				    : to == SERVICE_LOST ? at != SERVICE_LOST
				    : to == SERVICE_BACK ? at == SERVICE_LOST
							 : at == SERVICE_ANNOUNCED);
			at = to;
		}
		assert_int_equal(at, SERVICE_BACK);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_announced_before_the_first_erase_which_waits_for_it),
	    cmocka_unit_test(without_a_notice_it_is_told_as_it_is_lost),
	    cmocka_unit_test(a_campaign_that_costs_no_function_neither_tells_nor_waits),
	    cmocka_unit_test(what_was_announced_and_does_not_begin_is_called_off_and_announced_anew),
	    cmocka_unit_test(a_campaign_that_ends_while_it_is_announced_calls_it_off),
	    cmocka_unit_test(after_a_kill_with_an_ecu_erased_it_is_still_lost_and_told_once),
	    cmocka_unit_test(a_kill_at_any_moment_tells_neither_twice_nor_too_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
