#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/ctl/follow.h"

#define S 1000000ull

struct world {
	struct follow follow;
	struct model_campaign campaign;
	FILE *out;
	char *text;
	size_t n;
};

static void begin(struct world *w, bool terminal)
{
	w->out = open_memstream(&w->text, &w->n);
	assert_non_null(w->out);
	follow_init(&w->follow, w->out, terminal, 100 * S);
	memset(&w->campaign, 0, sizeof(w->campaign));
	snprintf(w->campaign.id, sizeof(w->campaign.id), "%s", "spring");
	snprintf(w->campaign.state, sizeof(w->campaign.state), "%s", "installing");
	snprintf(w->campaign.targets[0].name, sizeof(w->campaign.targets[0].name), "%s", "lamp");
	snprintf(w->campaign.targets[0].state, sizeof(w->campaign.targets[0].state), "%s", "pending");
	w->campaign.targets[0].bytes_total = 100000;
	w->campaign.n_targets = 1;
}

/* what was written since the last call */
static const char *written(struct world *w)
{
	static char text[8192];

	assert_int_equal(fclose(w->out), 0);
	snprintf(text, sizeof(text), "%s", w->text);
	free(w->text);
	w->out = open_memstream(&w->text, &w->n);
	assert_non_null(w->out);
	w->follow.out = w->out;
	return text;
}

static void finish(struct world *w)
{
	fclose(w->out);
	free(w->text);
	free(w);
}

static struct world *world(bool terminal)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	begin(w, terminal);
	return w;
}

static void flash(struct world *w, uint64_t now_us, uint64_t done)
{
	snprintf(w->campaign.targets[0].state, sizeof(w->campaign.targets[0].state), "%s", "flashing");
	snprintf(w->campaign.targets[0].step, sizeof(w->campaign.targets[0].step), "%s", "transfer");
	w->campaign.targets[0].bytes_done = done;
	follow_campaign(&w->follow, now_us, &w->campaign);
}

static void a_phase_is_told_once(void **state)
{
	struct world *w = world(false);

	(void)state;
	snprintf(w->campaign.text, sizeof(w->campaign.text), "%s", "since 10:00");
	follow_campaign(&w->follow, 101 * S + S / 2, &w->campaign);
	assert_string_equal(written(w), "[    1.5 s] spring: installing: since 10:00\n");
	follow_campaign(&w->follow, 102 * S, &w->campaign);
	assert_string_equal(written(w), "");
	snprintf(w->campaign.state, sizeof(w->campaign.state), "%s", "done");
	w->campaign.text[0] = '\0';
	follow_campaign(&w->follow, 103 * S, &w->campaign);
	assert_string_equal(written(w), "[    3.0 s] spring: done\n");
	finish(w);
}

static void progress_in_a_pipe_is_a_line_per_tenth(void **state)
{
	struct world *w = world(false);

	(void)state;
	follow_campaign(&w->follow, 100 * S, &w->campaign);
	written(w);
	flash(w, 100 * S, 0);
	assert_string_equal(written(w), "[    0.0 s] spring: lamp: flashing\n");
	flash(w, 101 * S, 9999);
	assert_string_equal(written(w), "");
	flash(w, 102 * S, 20000);
	assert_string_equal(written(w),
			    "[    2.0 s] spring: lamp: 20 %, 10.0 kB/s, 0:08 left (20000 of 100000 bytes)\n");
	flash(w, 102 * S + 1, 20500);
	assert_string_equal(written(w), "");
	flash(w, 104 * S, 100000);
	assert_string_equal(written(w), "[    4.0 s] spring: lamp: 100 %, 25.0 kB/s (100000 of 100000 bytes)\n");
	finish(w);
}

static void what_was_done_before_is_no_part_of_the_rate(void **state)
{
	struct world *w = world(false);

	(void)state;
	flash(w, 100 * S, 70000); /* the watch begins in the middle of a flash */
	assert_null(strstr(written(w), "kB/s"));
	flash(w, 101 * S, 80000);
	assert_non_null(strstr(written(w), "lamp: 80 %, 10.0 kB/s, 0:02 left"));
	finish(w);
}

static void an_answer_is_told_once_with_the_time_it_postpones_to(void **state)
{
	struct world *w = world(false);

	(void)state;
	follow_campaign(&w->follow, 100 * S, &w->campaign);
	written(w);
	snprintf(w->campaign.answer, sizeof(w->campaign.answer), "%s", "postpone");
	w->campaign.start_unix_s = 1795464001;
	follow_campaign(&w->follow, 101 * S, &w->campaign);
	assert_string_equal(written(w), "[    1.0 s] spring: answer: postpone to 2026-11-23 20:00:01 UTC\n");
	follow_campaign(&w->follow, 102 * S, &w->campaign);
	assert_string_equal(written(w), "");
	snprintf(w->campaign.answer, sizeof(w->campaign.answer), "%s", "accept");
	follow_campaign(&w->follow, 103 * S, &w->campaign);
	assert_string_equal(written(w), "[    3.0 s] spring: answer: accept\n");
	finish(w);
}

static void the_end_of_an_ecu_tells_its_version_or_its_failure(void **state)
{
	struct world *w = world(false);

	(void)state;
	flash(w, 100 * S, 0);
	written(w);
	snprintf(w->campaign.targets[0].state, sizeof(w->campaign.targets[0].state), "%s", "verified");
	snprintf(w->campaign.targets[0].new_version, sizeof(w->campaign.targets[0].new_version), "%s", "lamp-2.0");
	follow_campaign(&w->follow, 101 * S, &w->campaign);
	assert_string_equal(written(w), "[    1.0 s] spring: lamp: verified (version lamp-2.0)\n");
	snprintf(w->campaign.targets[0].state, sizeof(w->campaign.targets[0].state), "%s", "failed");
	snprintf(w->campaign.targets[0].text, sizeof(w->campaign.targets[0].text), "%s", "lamp: erase: no answer");
	follow_campaign(&w->follow, 102 * S, &w->campaign);
	assert_string_equal(written(w), "[    2.0 s] spring: lamp: failed: erase: no answer\n");
	finish(w);
}

static void a_terminal_shows_a_bar_drawn_in_place(void **state)
{
	struct world *w = world(true);

	(void)state;
	flash(w, 100 * S, 0);
	written(w);
	flash(w, 101 * S, 50000);
	assert_string_equal(written(w), "\033[1A\033[J  lamp       [############------------]  50 %  50.0 kB/s  "
					"0:01 left  transfer\n");
	/* a line comes in the bar's place, and the bar goes with the phase */
	snprintf(w->campaign.targets[0].state, sizeof(w->campaign.targets[0].state), "%s", "flashed");
	follow_campaign(&w->follow, 102 * S, &w->campaign);
	assert_string_equal(written(w), "\033[1A\033[J[    2.0 s] spring: lamp: flashed\n");
	follow_end(&w->follow);
	assert_string_equal(written(w), "");
	finish(w);
}

static void a_bar_is_never_wider_than_the_terminal(void **state)
{
	struct world *w = world(true);
	const char *text;

	(void)state;
	w->follow.columns = 30;
	flash(w, 100 * S, 0);
	written(w);
	flash(w, 101 * S, 50000);
	text = written(w);
	assert_string_equal(text, "\033[1A\033[J  lamp       [############---\n");
	finish(w);
}

static void bars_are_never_more_than_fit_the_screen(void **state)
{
	struct world *w = world(true);

	(void)state;
	w->follow.rows = 5;
	w->campaign.n_targets = 10;
	for (size_t i = 0; i < 10; i++) {
		snprintf(w->campaign.targets[i].name, sizeof(w->campaign.targets[i].name), "ecu%zu", i);
		snprintf(w->campaign.targets[i].state, sizeof(w->campaign.targets[i].state), "%s", "flashing");
		w->campaign.targets[i].bytes_total = 10;
	}
	follow_campaign(&w->follow, 100 * S, &w->campaign);
	written(w);
	follow_campaign(&w->follow, 101 * S, &w->campaign);
	assert_non_null(strstr(written(w), "\033[3A"));
	assert_int_equal(w->follow.n_drawn, 3);
	finish(w);
}

static void a_download_has_progress_of_its_own(void **state)
{
	struct world *w = world(false);

	(void)state;
	snprintf(w->campaign.state, sizeof(w->campaign.state), "%s", "downloading");
	w->campaign.bytes_total = 1000000;
	follow_campaign(&w->follow, 100 * S, &w->campaign);
	written(w);
	w->campaign.bytes_held = 300000;
	follow_campaign(&w->follow, 101 * S, &w->campaign);
	assert_string_equal(written(w), "[    1.0 s] spring: download: 30 %, 300.0 kB/s, 0:03 left (300000 of 1000000 "
					"bytes)\n");
	finish(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_phase_is_told_once),
	    cmocka_unit_test(progress_in_a_pipe_is_a_line_per_tenth),
	    cmocka_unit_test(what_was_done_before_is_no_part_of_the_rate),
	    cmocka_unit_test(an_answer_is_told_once_with_the_time_it_postpones_to),
	    cmocka_unit_test(the_end_of_an_ecu_tells_its_version_or_its_failure),
	    cmocka_unit_test(a_terminal_shows_a_bar_drawn_in_place),
	    cmocka_unit_test(a_bar_is_never_wider_than_the_terminal),
	    cmocka_unit_test(bars_are_never_more_than_fit_the_screen),
	    cmocka_unit_test(a_download_has_progress_of_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
