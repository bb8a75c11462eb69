/* gateway: the life of a campaign when all goes as it should, and the answers it begins with. */
#include "tests/unit/core/fixture.h"

static void a_campaign_runs_from_offer_to_done(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_string_equal(s->ecus[ENGINE].identity.application_version, "2.0");
	assert_string_equal(s->ecus[BRAKE].identity.application_version, "2.0");
	assert_int_equal(s->answer, ANSWER_ACCEPT);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DONE), 1);
	assert_int_equal(sim_count_target_reports(s, "engine", TARGET_VERIFIED), 1);
	assert_int_equal(sim_count_target_reports(s, "brake", TARGET_VERIFIED), 1);
	assert_string_equal(s->gateway->ecus[ENGINE].identity.application_version, "2.0");
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_runs_from_offer_to_done),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
