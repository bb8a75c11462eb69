/* gateway: free space, files one after the other, failures that pass and failures that do not. */
#include "tests/unit/core/fixture.h"

static void each_file_is_fetched_once_and_counted_once(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct file_ref file;
	size_t n = 0;

	s->confirm = false;
	sim_for(s, 60 * SECOND);
	/* manifest; profile (of both), engine's image, its rollback image, brake's image */
	assert_int_equal(s->n_fetched, 5);
	assert_memory_equal(s->fetched[0].sha256, sim_file(1, 0).sha256, 32);
	assert_memory_equal(s->fetched[1].sha256, sim_file(10, 0).sha256, 32);
	assert_memory_equal(s->fetched[2].sha256, sim_file(20, 0).sha256, 32);
	assert_memory_equal(s->fetched[3].sha256, sim_file(30, 0).sha256, 32);
	assert_memory_equal(s->fetched[4].sha256, sim_file(21, 0).sha256, 32);
	assert_int_equal(s->space_asked, 100 + 1000 + 900 + 1000);
	assert_int_equal(sim_campaign(s)->bytes_total, 3000);
	assert_int_equal(sim_campaign(s)->bytes_held, 3000);
	for (; campaign_file(sim_campaign(s), n, &file); n++)
		assert_memory_equal(file.sha256, s->fetched[n + 1].sha256, 32);
	assert_int_equal(n, 4);
	sim_free(s);
}

static void nothing_big_is_fetched_without_space_for_all(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	size_t asked;

	s->enough_space = false;
	sim_for(s, 3 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DOWNLOADING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_NO_SPACE);
	assert_string_equal(sim_campaign(s)->text, "the disk is full");
	assert_int_equal(s->n_fetched, 1); /* the manifest */
	asked = s->counts[GATEWAY_OUT_CHECK_SPACE];
	sim_run(s, 11 * SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_CHECK_SPACE], asked);
	s->enough_space = true;
	sim_run(s, 11 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_CHECK_SPACE], asked + 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_full_disk_is_logged_once(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	size_t logs;

	s->enough_space = false;
	sim_for(s, 3 * SECOND);
	logs = s->n_logs;
	sim_for(s, 500 * SECOND);
	assert_int_equal(s->n_logs, logs);
	sim_free(s);
}

/* reports of the first campaign itself with a code */
static size_t troubles(const struct sim *s, enum campaign_state state, unsigned code)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++) {
		const struct report *r = &s->applied_reports[i];

		n += !r->ecu[0] && r->campaign_state == state && r->code == code;
	}
	return n;
}

static void a_full_disk_is_reported_once_and_what_comes_after_it_too(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const struct report *last;

	s->confirm = false;
	s->enough_space = false;
	sim_for(s, 500 * SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_NO_SPACE), 1);
	last = &s->applied_reports[s->n_applied - 1];
	assert_int_equal(last->code, GATEWAY_CODE_NO_SPACE);
	assert_string_equal(last->text, "the disk is full");
	s->enough_space = true;
	s->blob_fail_times = 1;
	s->blob_fail_code = GATEWAY_CODE_IO_ERROR;
	sim_for(s, 15 * SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_IO_ERROR), 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_DOWNLOADING), 3);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_READY), 1);
	assert_int_equal(s->applied_reports[s->n_applied - 1].code, GATEWAY_CODE_WAITING_CONFIRM);
	sim_free(s);
}

static void what_was_reported_is_durable_and_said_once_more_after_a_restart(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->enough_space = false;
	while (sim_campaign(s)->code != GATEWAY_CODE_NO_SPACE)
		assert_true(sim_step(s));
	s->hold_stores = true;
	sim_for(s, SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_NO_SPACE), 0);
	sim_kill(s, true);
	assert_int_equal(s->disk.campaigns[0].state, CAMPAIGN_DOWNLOADING);
	assert_int_equal(s->disk.campaigns[0].code, GATEWAY_CODE_NO_SPACE);
	assert_int_equal(s->disk.reports[s->disk.n_reports - 1].code, GATEWAY_CODE_NO_SPACE);
	s->hold_stores = false;
	sim_start(s);
	sim_for(s, 500 * SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_NO_SPACE), 2);
	sim_free(s);
}

static void what_the_backend_was_told_in_between_does_not_hide_it(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->campaigns[0].consent_required = true;
	s->enough_space = false;
	sim_start(s);
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_approve(s->gateway, s->now_us, "c1"), GATEWAY_CODE_OK);
	sim_for(s, SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_APPROVED_BY_DRIVER), 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_NO_SPACE), 2);
	assert_int_equal(s->applied_reports[s->n_applied - 1].code, GATEWAY_CODE_NO_SPACE);
	sim_free(s);
}

static void troubles_that_change_all_the_time_are_reported_every_ten_seconds_at_most(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->campaigns[0].retry_pause_s = 1;
	s->blob_fail_times = 1000;
	s->blob_fail_code = GATEWAY_CODE_IO_ERROR;
	sim_start(s);
	for (unsigned i = 1; i <= 60; i++) {
		sim_for(s, SECOND);
		s->blob_fail_code = i % 2 ? GATEWAY_CODE_NO_SPACE : GATEWAY_CODE_IO_ERROR;
	}
	assert_in_range(troubles(s, CAMPAIGN_OFFERED, GATEWAY_CODE_NO_SPACE) +
			    troubles(s, CAMPAIGN_OFFERED, GATEWAY_CODE_IO_ERROR),
			3, 7);
	sim_free(s);
}

static void a_campaign_whose_window_passes_says_what_it_lacked_last(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	const struct report *last;

	s->enough_space = false;
	sim_for(s, UINT64_C(86400) * SECOND);
	last = &s->applied_reports[s->n_applied - 1];
	assert_int_equal(last->campaign_state, CAMPAIGN_EXPIRED);
	assert_int_equal(last->code, GATEWAY_CODE_WINDOW_PASSED);
	assert_string_equal(last->text, "the window is over; last: the disk is full");
	sim_free(s);
}

static void a_download_that_came_to_a_halt_is_reported_in_the_next_session_and_goes_on(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct file_ref file;

	assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
	sim_until_next(s, GATEWAY_OUT_FETCH);
	file = s->tasks[0].file;
	s->n_tasks--;
	memmove(&s->tasks[0], &s->tasks[1], s->n_tasks * sizeof s->tasks[0]);
	gateway_blob(s->gateway, s->now_us, 0, file.sha256, GATEWAY_CODE_SESSION_TIMEOUT, "no byte for 30 s");
	sim_drop_session(s);
	sim_for(s, 5 * SECOND);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_SESSION_TIMEOUT), 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(troubles(s, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_SESSION_TIMEOUT), 1);
	sim_free(s);
}

static void a_file_that_cannot_be_had_now_is_asked_for_again(void **state)
{
	(void)state;
	const unsigned codes[] = {GATEWAY_CODE_BLOB_UNAVAILABLE, GATEWAY_CODE_IO_ERROR, GATEWAY_CODE_NO_SPACE};

	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = sim_new_parked();

		s->blob_fail_times = 20;
		s->blob_fail_code = codes[i];
		sim_for(s, 120 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_OFFERED);
		assert_int_equal(sim_campaign(s)->code, codes[i]);
		sim_for(s, 600 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void a_file_that_is_wrong_three_times_fails_the_campaign(void **state)
{
	(void)state;
	const unsigned codes[] = {GATEWAY_CODE_DIGEST_MISMATCH, GATEWAY_CODE_LENGTH_MISMATCH};

	for (unsigned i = 0; i < 2; i++) {
		struct sim *s = sim_new_parked();

		assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
		s->blob_fail_times = 3;
		s->blob_fail_code = codes[i];
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
		assert_int_equal(sim_campaign(s)->code, codes[i]);
		sim_free(s);
	}
}

static void a_file_that_is_wrong_twice_is_not_the_end(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
	s->blob_fail_times = 2;
	s->blob_fail_code = GATEWAY_CODE_DIGEST_MISMATCH;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_lost_session_is_waited_for(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	size_t fetched;

	assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
	while (s->n_fetched < 2)
		assert_true(sim_step(s));
	s->reachable = false;
	sim_drop_session(s);
	fetched = s->n_fetched;
	sim_for(s, 3600 * SECOND);
	assert_int_equal(s->n_fetched, fetched);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DOWNLOADING);
	s->reachable = true;
	sim_for(s, 600 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->n_fetched, 5); /* none of those that were held */
	sim_free(s);
}

static void an_answer_about_another_file_is_ignored(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct file_ref other = sim_file(99, 5);

	while (s->n_fetched < 1)
		assert_true(sim_step(s));
	sim_until_next(s, GATEWAY_OUT_FETCH);
	gateway_blob(s->gateway, s->now_us, 0, other.sha256, GATEWAY_CODE_DIGEST_MISMATCH, NULL);
	assert_true(sim_campaign(s)->fetching);
	gateway_blob(s->gateway, s->now_us, 250, other.sha256, 0, NULL);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_bad_image_fails_the_campaign(void **state)
{
	(void)state;
	const unsigned codes[] = {GATEWAY_CODE_BAD_IMAGE, GATEWAY_CODE_BAD_PROFILE, GATEWAY_CODE_SEGMENTS_MISMATCH};

	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = sim_new_parked();

		s->prepare_fail_times = 1;
		s->prepare_code = codes[i];
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
		assert_int_equal(sim_campaign(s)->code, codes[i]);
		assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
		sim_free(s);
	}
}

static void a_store_that_cannot_be_read_is_tried_again(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->prepare_fail_times = 3;
	s->prepare_code = GATEWAY_CODE_IO_ERROR;
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->counts[GATEWAY_OUT_PREPARE], 4);
	sim_free(s);
}

static void files_that_rot_in_the_store_are_fetched_again(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->prepare_fail_times = 1;
	s->prepare_code = GATEWAY_CODE_DIGEST_MISMATCH;
	sim_for(s, 120 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->n_fetched, 2 * (1 + 4)); /* the manifest too: it may be the one that rots */
	sim_free(s);
}

static void download_progress_is_told_at_most_every_100_ms(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	size_t before;

	while (s->n_fetched < 1 || !s->n_tasks || s->tasks[0].kind != GATEWAY_OUT_FETCH)
		assert_true(sim_step(s));
	gateway_blob_progress(s->gateway, s->now_us, 0, 1);
	sim_pump(s);
	before = s->counts[GATEWAY_OUT_CHANGED];
	gateway_blob_progress(s->gateway, s->now_us + 99999, 0, 2);
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_CHANGED], before);
	gateway_blob_progress(s->gateway, s->now_us + 100000, 0, 3);
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_CHANGED], before + 1);
	assert_int_equal(sim_campaign(s)->bytes_held, 3);
	sim_free(s);
}

static void two_campaigns_fetch_one_file_at_a_time(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->n_campaigns = 2;
	s->director->campaigns[1] = s->director->campaigns[0];
	snprintf(s->director->campaigns[1].id, GATEWAY_NAME_BYTES, "c2");
	s->director->campaigns[1].manifest = sim_file(2, 500);
	s->confirm = false;
	sim_start(s);
	for (unsigned n = 0; n < 2000; n++) {
		size_t fetching = 0;

		if (!sim_step(s))
			break;
		for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
			fetching += s->gateway->campaigns[i].fetching;
		assert_true(fetching <= 1);
	}
	assert_int_equal(s->gateway->campaigns[0].state, CAMPAIGN_WAITING);
	assert_int_equal(s->gateway->campaigns[1].state, CAMPAIGN_WAITING);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_file_is_fetched_once_and_counted_once),
	    cmocka_unit_test(nothing_big_is_fetched_without_space_for_all),
	    cmocka_unit_test(a_full_disk_is_logged_once),
	    cmocka_unit_test(a_full_disk_is_reported_once_and_what_comes_after_it_too),
	    cmocka_unit_test(what_was_reported_is_durable_and_said_once_more_after_a_restart),
	    cmocka_unit_test(what_the_backend_was_told_in_between_does_not_hide_it),
	    cmocka_unit_test(troubles_that_change_all_the_time_are_reported_every_ten_seconds_at_most),
	    cmocka_unit_test(a_campaign_whose_window_passes_says_what_it_lacked_last),
	    cmocka_unit_test(a_download_that_came_to_a_halt_is_reported_in_the_next_session_and_goes_on),
	    cmocka_unit_test(a_file_that_cannot_be_had_now_is_asked_for_again),
	    cmocka_unit_test(a_file_that_is_wrong_three_times_fails_the_campaign),
	    cmocka_unit_test(a_file_that_is_wrong_twice_is_not_the_end),
	    cmocka_unit_test(a_lost_session_is_waited_for),
	    cmocka_unit_test(an_answer_about_another_file_is_ignored),
	    cmocka_unit_test(a_bad_image_fails_the_campaign),
	    cmocka_unit_test(a_store_that_cannot_be_read_is_tried_again),
	    cmocka_unit_test(files_that_rot_in_the_store_are_fetched_again),
	    cmocka_unit_test(download_progress_is_told_at_most_every_100_ms),
	    cmocka_unit_test(two_campaigns_fetch_one_file_at_a_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
