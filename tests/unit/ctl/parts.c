#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/ctl/model.h"
#include "gatewayd/ctl/state.h"
#include "gatewayd/ctl/table.h"
#include "gatewayd/ctl/text.h"

static void a_state_is_reached_once_it_is_passed_but_never_by_failing(void **state)
{
	(void)state;
	assert_true(state_reached("ready", "ready"));
	assert_true(state_reached("installing", "ready"));
	assert_true(state_reached("done", "installing"));
	assert_false(state_reached("downloading", "ready"));
	assert_false(state_reached("failed", "ready"));
	assert_false(state_reached("rolled_back", "installing"));
	assert_true(state_reached("failed", "failed"));
	assert_false(state_reached("done", "failed"));
	assert_false(state_reached("suspended", "installing"));
	assert_false(state_reached("new-state", "offered"));
}

static void every_state_that_is_listed_is_known_and_only_done_is_success(void **state)
{
	static const char *const final[] = {"done",       "declined", "expired",     "cancelled",
					    "superseded", "failed",   "rolled_back", "inconsistent"};
	char names[STATE_NAMES_BYTES], *name, *rest = NULL;
	unsigned n = 0, n_final = 0, n_success = 0;

	(void)state;
	assert_ptr_equal(state_names(names), names);
	for (name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
		assert_true(state_known(name));
		n_final += state_final(name);
		n_success += state_success(name);
		n++;
	}
	assert_int_equal(n, 17);
	assert_int_equal(n_final, sizeof(final) / sizeof(final[0]));
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		assert_true(state_final(final[i]));
	assert_int_equal(n_success, 1);
	assert_true(state_success("done"));
	assert_true(state_known("rolling_back"));
	assert_false(state_known("rolling-back"));
	assert_false(state_known("none"));
}

static void text_of_others_cannot_steer_a_terminal(void **state)
{
	char out[32];

	(void)state;
	model_text(out, sizeof(out),
		   "a\033[31mb\n\x7f\xc2\x9b"
		   "0m\xc3\xa9");
	assert_string_equal(out, "a?[31mb???0m\xc3\xa9");
}

static void text_is_cut_between_characters(void **state)
{
	char out[4];

	(void)state;
	model_text(out, sizeof(out), "ab\xc3\xa9");
	assert_string_equal(out, "ab");
	model_text(out, sizeof(out), "a\xc3\xa9z");
	assert_string_equal(out, "a\xc3\xa9");
	model_text(out, sizeof(out), "abc");
	assert_string_equal(out, "abc");
	model_text(out, sizeof(out), "\xf0\x9f\x9a\x97");
	assert_string_equal(out, "");
}

static void columns_align_by_characters_and_empty_cells_show(void **state)
{
	struct table table;
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	assert_non_null(out);
	table_init(&table, 2);
	table_cell(&table, "k\xc3\xbchl");
	table_cell(&table, "1");
	table_cell(&table, "abcdef");
	table_cell(&table, "%s", "");
	table_print(&table, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "k\xc3\xbchl    1\nabcdef  -\n");
	free(text);
}

static void campaigns_beyond_the_limit_are_counted(void **state)
{
	struct model *model = calloc(1, sizeof(*model));
	char id[32];

	(void)state;
	assert_non_null(model);
	model_clear(model);
	for (unsigned i = 0; i < MODEL_MAX_CAMPAIGNS; i++) {
		snprintf(id, sizeof(id), "c%u", i);
		assert_non_null(model_campaign_add(model, id));
	}
	assert_null(model_campaign_add(model, "more"));
	assert_non_null(model_campaign_add(model, "c3"));
	assert_int_equal(model->n_campaigns, MODEL_MAX_CAMPAIGNS);
	assert_int_equal(model->n_left_out, 1);
	model_campaign_remove(model, "c0");
	assert_int_equal(model->n_campaigns, MODEL_MAX_CAMPAIGNS - 1);
	assert_null(model_campaign(model, "c0"));
	assert_string_equal(model->campaigns[0].id, "c1");
	assert_string_equal(model_campaign(model, "c31")->id, "c31");
	free(model);
}

static void times_are_utc(void **state)
{
	char out[TEXT_TIME_BYTES];

	(void)state;
	assert_string_equal(text_time(0, out), "-");
	assert_string_equal(text_time(1767225600, out), "2026-01-01 00:00:00 UTC");
	assert_string_equal(text_time(UINT64_MAX, out), "(far away)");
}

static void what_was_said_is_not_said_again(void **state)
{
	(void)state;
	assert_string_equal(text_beyond("lamp: no answer", "lamp"), "no answer");
	assert_string_equal(text_beyond("offered; being checked", "offered"), "being checked");
	assert_string_equal(text_beyond("verified", "verified"), "");
	assert_string_equal(text_beyond("lamps are off", "lamp"), "lamps are off");
	assert_string_equal(text_beyond("", "done"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_said_is_not_said_again),
	    cmocka_unit_test(a_state_is_reached_once_it_is_passed_but_never_by_failing),
	    cmocka_unit_test(every_state_that_is_listed_is_known_and_only_done_is_success),
	    cmocka_unit_test(text_of_others_cannot_steer_a_terminal),
	    cmocka_unit_test(text_is_cut_between_characters),
	    cmocka_unit_test(columns_align_by_characters_and_empty_cells_show),
	    cmocka_unit_test(campaigns_beyond_the_limit_are_counted),
	    cmocka_unit_test(times_are_utc),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
