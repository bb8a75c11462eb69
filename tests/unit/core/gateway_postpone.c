/* gateway: until when the driver may postpone a campaign: as long as its windows have room for it. */
#include "tests/unit/core/fixture.h"

#define DAY    86400ull
#define DOC(s) ((s)->director->campaigns[0])

static uint64_t latest;

/* waits for the driver's consent, all else holds */
static struct sim *consent_awaited(void)
{
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	DOC(s).window_end_unix_s = UNIX_BASE + 40 * DAY;
	s->config.postpone_max_s[URGENCY_LOW] = 30 * DAY;
	s->config.postpone_max_s[URGENCY_NORMAL] = 14 * DAY;
	s->config.postpone_max_s[URGENCY_HIGH] = 3 * DAY;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	return s;
}

/* a day later there is a window, two days later none any more */
static void a_deadline_and_the_last_of_recurring_windows_bound_it_too(void **state)
{
	(void)state;
	for (unsigned recurs = 0; recurs < 2; recurs++) {
		struct sim *s = consent_awaited();
		const uint64_t now_s = UNIX_BASE + s->now_us / SECOND;
		const uint64_t midnight_s = (now_s / DAY + 1) * DAY;

		DOC(s).deadline_unix_s = midnight_s + DAY + 12 * 3600;
		if (recurs) { /* from one o'clock to two */
			DOC(s).n_recurring = 1;
			DOC(s).recurring[0] = (struct window_recurrence){
			    .days = 0x7f, .start_minute = 60, .duration_s = 3600, .zone_name = "UTC"};
			zone_utc(&DOC(s).recurring[0].zone);
		}
		sim_issue(s, 2, 101);
		sim_for(s, 60 * SECOND);
		assert_int_equal(
		    gateway_postpone(s->gateway, s->now_us, "c1", midnight_s + DAY + 12 * 3600 + 1, &latest),
		    GATEWAY_CODE_POSTPONE_LIMIT);
		assert_true(latest > midnight_s + DAY + (recurs ? 3600 : 11 * 3600));
		assert_true(latest < midnight_s + DAY + (recurs ? 7200 : 12 * 3600));
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", latest + 1, &latest),
				 GATEWAY_CODE_POSTPONE_LIMIT);
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", latest, &latest), GATEWAY_CODE_OK);
		assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
		assert_int_equal(gateway_postpone(s->gateway, s->now_us, "c1", latest, &latest), GATEWAY_CODE_OK);
		sim_run(s, (latest - UNIX_BASE + 1800) * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deadline_and_the_last_of_recurring_windows_bound_it_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
