/* gateway: what a gateway that sleeps is woken for: what failed is repeated, and checks where that is wanted. */
#include "tests/unit/core/fixture.h"

#define DOC(s) ((s)->director->campaigns[0])

static void a_flash_that_failed_before_its_erase_is_woken_for(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	uint64_t latest, later_s;

	DOC(s).retry_pause_s = 1800;
	DOC(s).window_end_unix_s = UNIX_BASE + 86400;
	s->config.postpone_max_s[URGENCY_NORMAL] = 86400;
	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[ENGINE].fail_before_erase = true;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	assert_false(s->ecus[ENGINE].erased);
	assert_true(sim_campaign(s)->retry_us > s->now_us);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), sim_campaign(s)->retry_us);

	/* not before what else it waits for */
	later_s = UNIX_BASE + 7200;
	assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", later_s, &latest), GATEWAY_CODE_OK);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), 7200 * SECOND);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), sim_campaign(s)->retry_us);
	sim_run(s, sim_campaign(s)->retry_us + 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), GATEWAY_NEVER);
	sim_free(s);
}

static void a_download_that_failed_is_woken_for(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).retry_pause_s = 600;
	s->blob_fail_times = 1;
	s->blob_fail_code = GATEWAY_CODE_BLOB_UNAVAILABLE;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 10 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_BLOB_UNAVAILABLE);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), sim_campaign(s)->retry_us);
	sim_free(s);
}

static void a_check_is_woken_for_only_where_that_is_wanted(void **state)
{
	(void)state;
	for (unsigned wanted = 0; wanted < 2; wanted++) {
		struct sim *s = sim_new();
		uint64_t wake_us;

		s->mode = MODE_CLIENT;
		s->director->version = 0;
		s->config.poll_s = 3600;
		s->config.wake_to_check = wanted;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 60 * SECOND);
		assert_int_equal(s->n_checks, 1);
		wake_us = gateway_wake_us(s->gateway, s->now_us);
		assert_int_equal(wake_us, wanted ? s->gateway->inquiry.due_us : GATEWAY_NEVER);
		if (wanted) {
			sim_run(s, wake_us - 1);
			assert_int_equal(s->n_checks, 1);
			sim_run(s, wake_us);
			assert_int_equal(s->n_checks, 2);
		}
		sim_free(s);
	}
}

static void in_other_modes_there_is_no_check_to_wake_for(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->mode = MODE_SERVER;
	s->director->version = 0;
	s->config.wake_to_check = true;
	sim_start(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), GATEWAY_NEVER);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flash_that_failed_before_its_erase_is_woken_for),
	    cmocka_unit_test(a_download_that_failed_is_woken_for),
	    cmocka_unit_test(a_check_is_woken_for_only_where_that_is_wanted),
	    cmocka_unit_test(in_other_modes_there_is_no_check_to_wake_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
