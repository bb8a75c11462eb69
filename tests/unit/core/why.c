/* why: the decision on a campaign, condition by condition, is the one that is carried out. */
#include "tests/unit/core/fixture.h"
#include "gatewayd/core/why.h"

#define DOC(s) ((s)->director->campaigns[0])

/* Return: the condition of that name (and ECU), in @found */
static bool find(const struct sim *s, const char *name, const char *ecu, struct why_condition *found)
{
	struct why why;

	why_begin(&why, s->gateway, 0, s->now_us);
	while (why_next(&why, found)) {
		if (!strcmp(found->name, name) && !strcmp(found->ecu, ecu))
			return true;
	}
	return false;
}

static void expect(const struct sim *s, const char *name, const char *ecu, enum why_holds holds, const char *wanted,
		   const char *value)
{
	struct why_condition c;

	assert_true(find(s, name, ecu, &c));
	assert_string_equal(c.wanted, wanted);
	assert_string_equal(c.value, value);
	assert_int_equal(c.holds, holds);
	assert_int_equal(holds == WHY_HOLDS, c.waits_for[0] == 0);
	assert_true(holds != WHY_HOLDS || c.code == GATEWAY_CODE_OK);
}

static void expect_summary(const struct sim *s, const char *summary)
{
	struct why why;

	why_begin(&why, s->gateway, 0, s->now_us);
	assert_string_equal(why.summary, summary);
}

static unsigned count(const struct sim *s)
{
	struct why_condition c;
	struct why why;
	unsigned n = 0;

	why_begin(&why, s->gateway, 0, s->now_us);
	while (why_next(&why, &c))
		n++;
	return n;
}

static void each_condition_tells_what_is_wanted_what_is_and_whether_it_holds(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	DOC(s).window_start_unix_s = UNIX_BASE + 3600;
	sim_start(s);
	sim_signals(s, IGNITION_ON, 50, 11000);
	sim_for(s, 60 * SECOND);
	expect_summary(s, "waits: waiting for the window");
	expect(s, "accepted", "", WHY_HOLDS, "manifest read and accepted", "accepted");
	expect(s, "files", "", WHY_HOLDS, "held and checked", "held and checked");
	expect(s, "trusted-time", "", WHY_HOLDS, "trusted", "unix 1700000061");
	expect(s, "window-end", "", WHY_HOLDS, "before unix 1700086400", "unix 1700000061");
	expect(s, "confirmation", "", WHY_HOLDS, "the backend's confirmation", "given");
	expect(s, "window-open", "", WHY_FAILS, "from unix 1700003600", "unix 1700000061");
	expect(s, "consent", "", WHY_FAILS, "the driver's consent", "not given");
	expect(s, "diagnostic-buses", "", WHY_HOLDS, "no other tester", "free");
	expect(s, "ecu-present", "engine", WHY_HOLDS, "answered", "present");
	expect(s, "gateway-standstill", "", WHY_FAILS, "standstill", "50.0 km/h");
	expect(s, "gateway-ignition", "", WHY_FAILS, "ignition off", "on");
	expect(s, "campaign-condition", "", WHY_FAILS, "at least 11500 mV", "11000 mV");
	expect(s, "component-condition", "brake", WHY_FAILS, "ignition off", "on");
	expect(s, "other-campaigns", "", WHY_HOLDS, "none comes first", "none");
	sim_free(s);
}

static void what_is_not_known_is_said_to_be_unknown_and_does_not_hold(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).window_start_unix_s = UNIX_BASE + 3600;
	sim_start(s);
	sim_for(s, 60 * SECOND);
	expect(s, "gateway-standstill", "", WHY_UNKNOWN, "standstill", "unknown");
	expect(s, "campaign-condition", "", WHY_UNKNOWN, "at least 11500 mV", "unknown");
	sim_kill(s, true);
	s->reachable = false;
	sim_start(s);
	sim_for(s, SECOND);
	expect(s, "trusted-time", "", WHY_UNKNOWN, "trusted", "unknown");
	expect(s, "window-end", "", WHY_HOLDS, "before unix 1700086400", "unknown");
	sim_free(s);
}

static void a_campaign_that_is_not_accepted_declined_or_over_says_so(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).consent_required = true;
	s->enough_space = false;
	sim_start(s);
	assert_true(sim_until(s, CAMPAIGN_OFFERED));
	expect_summary(s, "not accepted yet: its manifest is awaited");
	expect(s, "accepted", "", WHY_FAILS, "manifest read and accepted", "offered");
	assert_int_equal(count(s), 3); /* what the manifest asks for is not known: it, the files, the others */
	assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
	sim_for(s, SECOND);
	expect(s, "files", "", WHY_FAILS, "held and checked", "0 of 3000 bytes");
	gateway_decline(s->gateway, s->now_us, "c1", "no");
	expect_summary(s, "decided for good: declined: declined by the driver: no");
	assert_int_equal(count(s), 0);
	sim_free(s);

	s = sim_new_parked();
	sim_for(s, 60 * SECOND);
	expect_summary(s, "decided for good: done");
	assert_int_equal(count(s), 0);
	sim_free(s);
}

static void of_an_erased_ecu_the_vehicles_safety_alone_is_told(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct why_condition c;

	for (unsigned n = 0; n < 1000 && !s->ecus[ENGINE].erased; n++)
		sim_step(s);
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 30, 12600);
	sim_for(s, 60 * SECOND);
	expect_summary(s, "waits: the vehicle is moving");
	expect(s, "not-moving", "", WHY_FAILS, "standstill", "30.0 km/h");
	assert_false(find(s, "window-open", "", &c));
	assert_false(find(s, "confirmation", "", &c));
	sim_free(s);
}

/* under any conditions: the first that does not hold is the one the campaign waits for */
static void the_first_that_does_not_hold_is_what_the_campaign_waits_for(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 256; k++) {
		struct sim *s = sim_new();
		struct why_condition c;
		struct why why;
		bool all = true;

		DOC(s).consent_required = k & 1;
		DOC(s).window_start_unix_s = UNIX_BASE + (k & 2 ? 3600 : 0);
		s->confirm = !(k & 4);
		s->ecus[BRAKE].present = !(k & 8);
		s->supply[BRAKE] = k & 16 ? PROFILE_SUPPLY_KL15 : PROFILE_SUPPLY_KL30;
		sim_start(s);
		sim_signals(s, k & 32 ? IGNITION_ON : IGNITION_OFF, k & 64 ? 10 : 0, k & 128 ? 11000 : 12600);
		sim_for(s, 5 * SECOND);
		why_begin(&why, s->gateway, 0, s->now_us);
		while (all && why_next(&why, &c)) {
			if (c.holds == WHY_HOLDS)
				continue;
			all = false;
			assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
			assert_int_equal(sim_campaign(s)->code, c.code);
			assert_string_equal(sim_campaign(s)->text, c.waits_for);
		}
		if (all)
			assert_true(s->ecus[ENGINE].n_flashes > 0);
		else
			assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_condition_tells_what_is_wanted_what_is_and_whether_it_holds),
	    cmocka_unit_test(what_is_not_known_is_said_to_be_unknown_and_does_not_hold),
	    cmocka_unit_test(a_campaign_that_is_not_accepted_declined_or_over_says_so),
	    cmocka_unit_test(of_an_erased_ecu_the_vehicles_safety_alone_is_told),
	    cmocka_unit_test(the_first_that_does_not_hold_is_what_the_campaign_waits_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
