#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/oem_backend/strategy_load.h"

#define NOW 1800000000u
#define DAY 86400u

static char dir[] = "/tmp/strategy-test-XXXXXX";
static char warned[1024];

static void on_warning(const char *text)
{
	snprintf(warned, sizeof warned, "%s", text);
}

/* --- loading */

static const char classes[] = "classes:\n"
			      "  critical: {deadline_days: 7, retry_pause_s: 300, consent: false}\n"
			      "  high: {deadline_days: 30, retry_pause_s: 3600, consent: false}\n"
			      "  normal: {deadline_days: 90, consent: true}\n"
			      "  low: {consent: true}\n";

static int load_text(const char *rules, const char *tail, struct strategy **strategy, struct yaml_error *error)
{
	char path[300];

	snprintf(path, sizeof path, "%s/s.yaml", dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s%s", rules, tail);
	fclose(file);
	warned[0] = '\0';
	return strategy_load(path, strategy, on_warning, error);
}

static struct strategy *load(const char *rules)
{
	struct strategy *strategy = NULL;
	struct yaml_error error;

	if (load_text(rules, classes, &strategy, &error))
		fail_msg("%s", error.text);
	return strategy;
}

static void refuse(const char *rules, const char *tail, const char *words)
{
	struct strategy *strategy = NULL;
	struct yaml_error error;

	assert_int_equal(load_text(rules, tail, &strategy, &error), 1);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, error.text);
	assert_null(strategy);
}

#define REST "- {name: rest, urgency: low}\n"

/* a release that says nothing */
static struct strategy_facts facts_of_nothing(void)
{
	struct strategy_facts facts;

	strategy_facts_of(&facts, "release-1", NULL, NOW);
	return facts;
}

static int urgency_of(struct strategy *strategy, const struct strategy_facts *facts)
{
	struct strategy_verdict verdict;

	assert_true(strategy_decide(strategy, facts, &verdict));
	return verdict.urgency;
}

#define LOW  GU__URGENCY__URGENCY_LOW
#define HIGH GU__URGENCY__URGENCY_HIGH

/* --- one condition at a time: a rule of it alone, before one that takes all */

static void a_score_within_the_range_decides_and_an_unknown_one_is_in_no_range(void **state)
{
	struct strategy *strategy =
	    load("rules:\n- {name: a, when: {score: {min: 40, max: 69}}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();
	static const struct {
		uint32_t score;
		int urgency;
	} cases[] = {{39, LOW}, {40, HIGH}, {69, HIGH}, {70, LOW}, {0, LOW}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		facts.score = cases[i].score;
		assert_int_equal(urgency_of(strategy, &facts), cases[i].urgency);
	}
	strategy_free(strategy);
	/* from 0 on is every score that is known */
	strategy = load("rules:\n- {name: a, when: {score: {max: 100}}, urgency: high}\n" REST);
	facts.score = 0;
	assert_int_equal(urgency_of(strategy, &facts), LOW);
	facts.score = 1;
	assert_int_equal(urgency_of(strategy, &facts), HIGH);
	strategy_free(strategy);
}

static void flags_ask_for_true_or_for_false(void **state)
{
	struct strategy *safe = load("rules:\n- {name: a, when: {safety_relevant: true}, urgency: high}\n" REST);
	struct strategy *unsafe = load("rules:\n- {name: a, when: {safety_relevant: false}, urgency: high}\n" REST);
	struct strategy *used = load("rules:\n- {name: a, when: {exploited_in_field: true}, urgency: high}\n" REST);
	struct strategy *unused = load("rules:\n- {name: a, when: {exploited_in_field: false}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();

	(void)state;
	assert_int_equal(urgency_of(safe, &facts), LOW);
	assert_int_equal(urgency_of(unsafe, &facts), HIGH);
	assert_int_equal(urgency_of(used, &facts), LOW);
	assert_int_equal(urgency_of(unused, &facts), HIGH);
	facts.safety_relevant = facts.exploited_in_field = true;
	assert_int_equal(urgency_of(safe, &facts), HIGH);
	assert_int_equal(urgency_of(unsafe, &facts), LOW);
	assert_int_equal(urgency_of(used, &facts), HIGH);
	assert_int_equal(urgency_of(unused, &facts), LOW);
	strategy_free(safe);
	strategy_free(unsafe);
	strategy_free(used);
	strategy_free(unused);
}

static void the_kind_of_change_is_one_of_those_listed(void **state)
{
	struct strategy *strategy =
	    load("rules:\n- {name: a, when: {change: [security_fix, feature]}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();

	(void)state;
	assert_int_equal(urgency_of(strategy, &facts), LOW);
	facts.change = GU__CHANGE_KIND__CHANGE_KIND_FEATURE;
	assert_int_equal(urgency_of(strategy, &facts), HIGH);
	facts.change = GU__CHANGE_KIND__CHANGE_KIND_BUG_FIX;
	assert_int_equal(urgency_of(strategy, &facts), LOW);
	strategy_free(strategy);
}

static void a_deadline_is_within_the_days_to_the_second(void **state)
{
	struct strategy *strategy = load("rules:\n- {name: a, when: {deadline_within_days: 14}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();

	(void)state;
	assert_int_equal(urgency_of(strategy, &facts), LOW); /* none */
	facts.deadline_unix_s = NOW + 14 * DAY;
	assert_int_equal(urgency_of(strategy, &facts), HIGH);
	facts.deadline_unix_s = NOW + 14 * DAY + 1;
	assert_int_equal(urgency_of(strategy, &facts), LOW);
	facts.deadline_unix_s = NOW - 1;
	assert_int_equal(urgency_of(strategy, &facts), HIGH);
	strategy_free(strategy);
}

static void ecus_and_hardware_decide_by_any_of_the_targets(void **state)
{
	struct strategy *ecus = load("rules:\n- {name: a, when: {ecus: [brake, door]}, urgency: high}\n" REST);
	struct strategy *hardware = load("rules:\n- {name: a, when: {hardware_ids: [HW1]}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();
	const struct strategy_target targets[] = {{"lamp", "HW2"}, {"door", "HW1"}};

	(void)state;
	assert_int_equal(urgency_of(ecus, &facts), LOW);
	facts.targets = targets;
	facts.n_targets = 1;
	assert_int_equal(urgency_of(ecus, &facts), LOW);
	assert_int_equal(urgency_of(hardware, &facts), LOW);
	facts.n_targets = 2;
	assert_int_equal(urgency_of(ecus, &facts), HIGH);
	assert_int_equal(urgency_of(hardware, &facts), HIGH);
	strategy_free(ecus);
	strategy_free(hardware);
}

static void a_manifest_is_known_by_what_its_id_begins_with(void **state)
{
	struct strategy *strategy = load("rules:\n- {name: a, when: {manifest: recall-}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();

	(void)state;
	assert_int_equal(urgency_of(strategy, &facts), LOW);
	facts.manifest_id = "recall-7";
	assert_int_equal(urgency_of(strategy, &facts), HIGH);
	facts.manifest_id = "recall";
	assert_int_equal(urgency_of(strategy, &facts), LOW);
	strategy_free(strategy);
}

/* --- rules together */

static void all_conditions_of_a_rule_must_hold_and_the_first_that_fails_is_named(void **state)
{
	struct strategy *strategy = load("rules:\n- {name: a, when: {score: {min: 70}, safety_relevant: true,"
					 " change: [bug_fix]}, urgency: high}\n" REST);
	struct strategy_facts facts = facts_of_nothing();
	char why[STRATEGY_WHY_BYTES];

	(void)state;
	facts.score = 90;
	facts.safety_relevant = true;
	assert_false(strategy_rule_holds(&strategy->rules[0], &facts, why));
	assert_string_equal(why, "the kind of change is not said, which is not listed");
	facts.change = GU__CHANGE_KIND__CHANGE_KIND_BUG_FIX;
	assert_true(strategy_rule_holds(&strategy->rules[0], &facts, why));
	assert_string_equal(why,
			    "the score 90 is within 70 to 100, it is safety-relevant, the kind of change is bug_fix");
	facts.score = 60;
	assert_false(strategy_rule_holds(&strategy->rules[0], &facts, why));
	assert_string_equal(why, "the score 60 is not within 70 to 100");
	strategy_free(strategy);
}

static void the_first_rule_that_holds_decides(void **state)
{
	struct strategy *strategy = load("rules:\n"
					 "- {name: used, when: {exploited_in_field: true}, urgency: critical}\n"
					 "- {name: severe, when: {score: {min: 70}}, urgency: high}\n"
					 "- {name: fix, when: {change: [security_fix]}, urgency: normal}\n" REST);
	struct strategy_facts facts = facts_of_nothing();
	struct strategy_verdict verdict;

	(void)state;
	facts.score = 80;
	facts.exploited_in_field = true;
	facts.change = GU__CHANGE_KIND__CHANGE_KIND_SECURITY_FIX;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.rule, 0);
	assert_int_equal(verdict.urgency, GU__URGENCY__URGENCY_CRITICAL);
	facts.exploited_in_field = false;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.rule, 1);
	facts.score = 10;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.rule, 2);
	facts.change = 0;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.rule, 3);
	assert_string_equal(warned, "");
	strategy_free(strategy);
}

static void the_class_gives_deadline_pace_and_consent_and_the_authors_deadline_tightens(void **state)
{
	struct strategy *strategy =
	    load("rules:\n- {name: a, when: {exploited_in_field: true}, urgency: critical}\n" REST);
	struct strategy_facts facts = facts_of_nothing();
	struct strategy_verdict verdict;

	(void)state;
	facts.exploited_in_field = true;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.deadline_unix_s, NOW + 7 * DAY);
	assert_false(verdict.deadline_of_author);
	assert_int_equal(verdict.retry_pause_s, 300);
	assert_false(verdict.consent_required);
	facts.deadline_unix_s = NOW + 8 * DAY; /* later than the class's */
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.deadline_unix_s, NOW + 7 * DAY);
	facts.deadline_unix_s = NOW + 2 * DAY;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.deadline_unix_s, NOW + 2 * DAY);
	assert_true(verdict.deadline_of_author);
	facts.exploited_in_field = false; /* the class has none: the author's is it */
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.deadline_unix_s, NOW + 2 * DAY);
	assert_int_equal(verdict.retry_pause_s, 0);
	assert_true(verdict.consent_required);
	facts.deadline_unix_s = 0;
	assert_true(strategy_decide(strategy, &facts, &verdict));
	assert_int_equal(verdict.deadline_unix_s, 0);
	strategy_free(strategy);
}

static void a_rule_that_an_earlier_one_covers_is_warned_of(void **state)
{
	static const char *const shadowed[] = {
	    "- {name: a, when: {score: {min: 50}}, urgency: high}\n- {name: b, when: {score: {min: 70}}, urgency: "
	    "low}\n",
	    "- {name: a, when: {safety_relevant: true}, urgency: high}\n"
	    "- {name: b, when: {safety_relevant: true, score: {min: 1}}, urgency: low}\n",
	    "- {name: a, when: {change: [bug_fix, feature]}, urgency: high}\n"
	    "- {name: b, when: {change: [feature]}, urgency: low}\n",
	    "- {name: a, when: {deadline_within_days: 9}, urgency: high}\n"
	    "- {name: b, when: {deadline_within_days: 8}, urgency: low}\n",
	    "- {name: a, when: {ecus: [x, y]}, urgency: high}\n- {name: b, when: {ecus: [y]}, urgency: low}\n",
	    "- {name: a, when: {manifest: re}, urgency: high}\n- {name: b, when: {manifest: recall}, urgency: low}\n",
	};
	static const char *const reachable[] = {
	    "- {name: a, when: {score: {min: 50, max: 60}}, urgency: high}\n"
	    "- {name: b, when: {score: {min: 55}}, urgency: low}\n",
	    "- {name: a, when: {safety_relevant: true}, urgency: high}\n"
	    "- {name: b, when: {safety_relevant: false}, urgency: low}\n",
	    "- {name: a, when: {safety_relevant: true, score: {min: 1}}, urgency: high}\n"
	    "- {name: b, when: {safety_relevant: true}, urgency: low}\n",
	    "- {name: a, when: {change: [bug_fix]}, urgency: high}\n"
	    "- {name: b, when: {change: [bug_fix, feature]}, urgency: low}\n",
	    "- {name: a, when: {manifest: recall}, urgency: high}\n- {name: b, when: {manifest: re}, urgency: low}\n",
	};
	char rules[600];

	(void)state;
	for (size_t i = 0; i < sizeof shadowed / sizeof shadowed[0]; i++) {
		snprintf(rules, sizeof rules, "rules:\n%s" REST, shadowed[i]);
		strategy_free(load(rules));
		if (!strstr(warned, "s.yaml:3: rules[1]: \"b\" never decides: \"a\" before it"))
			fail_msg("case %zu: \"%s\"", i, warned);
	}
	for (size_t i = 0; i < sizeof reachable / sizeof reachable[0]; i++) {
		snprintf(rules, sizeof rules, "rules:\n%s" REST, reachable[i]);
		strategy_free(load(rules));
		if (warned[0])
			fail_msg("case %zu: \"%s\"", i, warned);
	}
}

/* --- bad files */

static void a_rule_without_conditions_is_the_last_and_the_last_has_none(void **state)
{
	(void)state;
	refuse("rules:\n- {name: a, urgency: high}\n" REST, classes, "s.yaml:2: rules[0]: \"a\" has no conditions");
	refuse("rules:\n- {name: a, when: {score: {min: 1}}, urgency: high}\n", classes,
	       "s.yaml:2: rules[0]: \"a\" is the last rule and has conditions");
	refuse("rules: []\n", classes, "rules");
}

static void what_a_file_says_wrongly_is_named_with_line_and_key(void **state)
{
	(void)state;
	refuse("rules:\n- {name: a, when: {colour: red}, urgency: high}\n" REST, classes,
	       "s.yaml:2: rules[0].when.colour");
	refuse("rules:\n- {name: a, when: {score: {min: 70, max: 60}}, urgency: high}\n" REST, classes,
	       "s.yaml:2: rules[0].when.score: must be a range within 0..100, is 70 to 60");
	refuse("rules:\n- {name: a, when: {score: {max: 101}}, urgency: high}\n" REST, classes, "is 0 to 101");
	refuse("rules:\n- {name: a, when: {change: [repair]}, urgency: high}\n" REST, classes,
	       "s.yaml:2: rules[0].when.change[0]");
	refuse("rules:\n- {name: a, when: {safety_relevant: perhaps}, urgency: high}\n" REST, classes,
	       "rules[0].when.safety_relevant");
	refuse("rules:\n- {name: a, when: {deadline_within_days: 4000}, urgency: high}\n" REST, classes,
	       "rules[0].when.deadline_within_days: must be 0..3650");
	refuse("rules:\n- {name: a, when: {score: {min: 1}}, urgency: sometime}\n" REST, classes, "rules[0].urgency");
	refuse("rules:\n- {name: rest, when: {score: {min: 1}}, urgency: low}\n" REST, classes,
	       "s.yaml:3: rules[1].name: \"rest\" is the name of rules[0] already");
}

static void every_class_is_described_within_its_limits(void **state)
{
	(void)state;
	refuse("rules:\n" REST,
	       "classes:\n  critical: {consent: false}\n  high: {consent: false}\n  normal: {consent: true}\n", "low");
	refuse("rules:\n" REST,
	       "classes:\n  critical: {}\n  high: {consent: false}\n  normal: {consent: true}\n"
	       "  low: {consent: true}\n",
	       "classes.critical");
	refuse("rules:\n" REST,
	       "classes:\n  critical: {consent: false}\n  high: {consent: false}\n  normal: {consent: true}\n"
	       "  low: {consent: true, retry_pause_s: 86401}\n",
	       "s.yaml:7: classes.low.retry_pause_s: must be 0..86400, is 86401");
}

static void modes_say_nothing_twice_and_have_one_for_all(void **state)
{
	char tail[800];

	(void)state;
	snprintf(tail, sizeof tail,
		 "%smode: negotiated\nmodes:\n- {ecu: a, mode: server_initiated}\n"
		 "- {ecu: a, mode: negotiated}\n",
		 classes);
	refuse("rules:\n" REST, tail, "s.yaml:11: modes[1]: says again what modes[0] says");
	snprintf(tail, sizeof tail, "%smodes:\n- {ecu: a, mode: server_initiated}\n", classes);
	refuse("rules:\n" REST, tail, "modes: the key mode must say");
	snprintf(tail, sizeof tail, "%smode: negotiated\nmodes:\n- {mode: server_initiated}\n", classes);
	refuse("rules:\n" REST, tail, "modes[0]: names neither ecu nor urgency");
}

static void the_example_is_good_and_warns_of_nothing(void **state)
{
	struct strategy *strategy = NULL;
	struct yaml_error error;

	(void)state;
	warned[0] = '\0';
	if (strategy_load(TEST_SOURCE_DIR "/../sim/demo/strategy.yaml", &strategy, on_warning, &error))
		fail_msg("%s", error.text);
	assert_string_equal(warned, "");
	assert_true(strategy->rules_count > 4);
	strategy_free(strategy);
}

/* --- modes */

static void the_mode_with_ecu_and_urgency_goes_before_the_ecus_the_urgencys_and_the_one_for_all(void **state)
{
	static char door[] = "door";
	const int client = GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED;
	const int server = GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED;
	const int negotiated = GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED;
	const struct strategy_mode modes[] = {{NULL, HIGH, server}, {door, 0, client}, {door, HIGH, negotiated}};

	(void)state;
	assert_int_equal(strategy_mode_for(modes, 3, server, "door", HIGH), negotiated);
	assert_int_equal(strategy_mode_for(modes, 3, server, "door", LOW), client);
	assert_int_equal(strategy_mode_for(modes, 3, client, "lamp", HIGH), server);
	assert_int_equal(strategy_mode_for(modes, 3, client, "lamp", LOW), client);
	assert_int_equal(strategy_mode_for(NULL, 0, negotiated, "lamp", LOW), negotiated);
}

static void of_several_modes_the_one_with_most_say_for_the_vehicle_counts(void **state)
{
	const int client = GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED;
	const int server = GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED;
	const int negotiated = GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED;

	(void)state;
	assert_int_equal(strategy_mode_combine(0, server), server);
	assert_int_equal(strategy_mode_combine(server, client), client);
	assert_int_equal(strategy_mode_combine(client, server), client);
	assert_int_equal(strategy_mode_combine(client, negotiated), negotiated);
	assert_int_equal(strategy_mode_combine(negotiated, server), negotiated);
}

static int group_setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int group_teardown(void **state)
{
	char path[300];

	(void)state;
	snprintf(path, sizeof path, "%s/s.yaml", dir);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_score_within_the_range_decides_and_an_unknown_one_is_in_no_range),
	    cmocka_unit_test(flags_ask_for_true_or_for_false),
	    cmocka_unit_test(the_kind_of_change_is_one_of_those_listed),
	    cmocka_unit_test(a_deadline_is_within_the_days_to_the_second),
	    cmocka_unit_test(ecus_and_hardware_decide_by_any_of_the_targets),
	    cmocka_unit_test(a_manifest_is_known_by_what_its_id_begins_with),
	    cmocka_unit_test(all_conditions_of_a_rule_must_hold_and_the_first_that_fails_is_named),
	    cmocka_unit_test(the_first_rule_that_holds_decides),
	    cmocka_unit_test(the_class_gives_deadline_pace_and_consent_and_the_authors_deadline_tightens),
	    cmocka_unit_test(a_rule_that_an_earlier_one_covers_is_warned_of),
	    cmocka_unit_test(a_rule_without_conditions_is_the_last_and_the_last_has_none),
	    cmocka_unit_test(what_a_file_says_wrongly_is_named_with_line_and_key),
	    cmocka_unit_test(every_class_is_described_within_its_limits),
	    cmocka_unit_test(modes_say_nothing_twice_and_have_one_for_all),
	    cmocka_unit_test(the_example_is_good_and_warns_of_nothing),
	    cmocka_unit_test(the_mode_with_ecu_and_urgency_goes_before_the_ecus_the_urgencys_and_the_one_for_all),
	    cmocka_unit_test(of_several_modes_the_one_with_most_say_for_the_vehicle_counts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
