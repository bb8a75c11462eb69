/* gateway: how long an update may take by estimate, and to which second it may begin. */
#include "tests/unit/core/fixture.h"

#define DOC(s)   ((s)->director->campaigns[0])
#define IMAGE(s) ((s)->manifest->components[ENGINE].units[0].image)

/* what @prepare makes of the campaign fits into a window of @need_s, and into no shorter one */
static void takes(void (*prepare)(struct sim *s), uint64_t need_s)
{
	for (unsigned room = 0; room < 2; room++) {
		struct sim *s = sim_new();

		prepare(s);
		DOC(s).window_start_unix_s = UNIX_BASE + 1000;
		DOC(s).window_end_unix_s = UNIX_BASE + 1000 + need_s - 1 + room;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 2000 * SECOND);
		assert_int_equal(sim_campaign(s)->state, room ? CAMPAIGN_DONE : CAMPAIGN_FAILED);
		assert_int_equal(sim_campaign(s)->code, room ? GATEWAY_CODE_OK : GATEWAY_CODE_WINDOW_TOO_SHORT);
		sim_free(s);
	}
}

static void with_a_smaller_image(struct sim *s)
{
	DOC(s).targets[ENGINE].rollback.length = IMAGE(s).length / 2;
}

static void with_a_larger_image(struct sim *s)
{
	DOC(s).targets[ENGINE].rollback.length = 3 * IMAGE(s).length;
}

static void with_a_larger_image_than_two_units(struct sim *s)
{
	s->manifest->components[ENGINE].n_units = 2;
	s->manifest->components[ENGINE].units[1].image = sim_file(40, IMAGE(s).length);
	with_a_larger_image(s);
}

static void without_an_image(struct sim *s)
{
	DOC(s).targets[ENGINE].rollback.length = 0;
}

static void on_one_bus(struct sim *s)
{
	snprintf(s->config.ecus[BRAKE].bus, sizeof s->config.ecus[BRAKE].bus, "%s", s->config.ecus[ENGINE].bus);
}

/* half a minute for each ECU, and a quarter of it for one that was never measured; brakes do not go back */
static void a_window_has_room_for_the_way_back_by_the_size_of_its_image(void **state)
{
	(void)state;
	takes(without_an_image, 38);
	takes(with_a_smaller_image, 75);
	takes(with_a_larger_image, 150);
	takes(with_a_larger_image_than_two_units, 94);
	takes(on_one_bus, 113);
}

static void on_a_faster_bus(struct sim *s)
{
	IMAGE(s).length = DOC(s).targets[ENGINE].rollback.length = 1000000;
	s->config.ecus[ENGINE].bitrate = 500000;
	s->config.ecus[ENGINE].data_bitrate = 2000000;
}

/* before its files are there: half a minute for the steps of each ECU, and its bytes by the bus's bit rate */
static void until_the_files_are_there_the_manifest_tells_how_long_it_takes(void **state)
{
	static const struct {
		void (*prepare)(struct sim *s);
		uint64_t need_s;
	} cases[] = {{without_an_image, 38},
		     {with_a_smaller_image, 76},
		     {with_a_larger_image, 151},
		     {on_one_bus, 113},
		     {on_a_faster_bus, 95}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sim *s = sim_new();

		cases[i].prepare(s);
		s->enough_space = false;
		s->config.postpone_max_s[URGENCY_NORMAL] = 40 * 86400;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_for(s, 5 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DOWNLOADING);
		assert_int_equal(DOC(s).window_end_unix_s -
				     gateway_postpone_latest(s->gateway, sim_campaign(s), s->now_us),
				 cases[i].need_s);
		sim_free(s);
	}
}

/* in the world of these tests a flash takes a second, where half a minute was estimated */
static void what_flashes_took_counts_for_the_next_campaigns(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	for (uint8_t i = 1; i < 4; i++) {
		struct campaign_doc *next = &s->director->campaigns[i];

		*next = DOC(s);
		snprintf(next->id, sizeof next->id, "c%u", i + 1u);
		next->window_start_unix_s = UNIX_BASE + i * 1000u;
		next->window_end_unix_s = UNIX_BASE + i * 1000u + 10;
		s->director->n_campaigns = (uint8_t)(i + 1);
		sim_issue(s, i + 1u, 100u + i);
		sim_run(s, (i * 1000u + 500) * SECOND);
		assert_int_equal(s->gateway->campaigns[i].state, CAMPAIGN_DONE);
	}
	sim_free(s);
}

static void an_ecu_that_is_left_needs_room_for_itself_alone(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	on_one_bus(s);
	s->estimate_ms = 1000; /* with the engine's way back four seconds for both, two for the brake */
	DOC(s).retry_pause_s = 60;
	DOC(s).window_end_unix_s = UNIX_BASE + 64; /* three after the pause */
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 30 * SECOND);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	assert_int_equal(s->ecus[BRAKE].n_flashes, 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

/* it was long enough when the campaign was accepted */
static void a_window_that_is_too_short_by_the_time_the_files_are_there_just_passes(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	DOC(s).retry_pause_s = 930;
	DOC(s).window_end_unix_s = UNIX_BASE + 1000;
	s->prepare_fail_times = 1;
	s->prepare_code = GATEWAY_CODE_IO_ERROR;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_run(s, 950 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	sim_run(s, 1000 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_EXPIRED);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 0);
	sim_free(s);
}

static void a_release_whose_date_has_come_is_declined(void **state)
{
	(void)state;
	for (unsigned left = 0; left < 2; left++) {
		struct sim *s = sim_new();

		s->manifest->use_before_unix_s = UNIX_BASE + 1 + left;
		sim_start(s);
		sim_signals(s, IGNITION_OFF, 0, 12600);
		sim_settle(s);
		assert_int_equal(sim_campaign(s)->state, left ? CAMPAIGN_DONE : CAMPAIGN_DECLINED);
		assert_int_equal(s->answer, left ? ANSWER_ACCEPT : ANSWER_DECLINE);
		sim_free(s);
	}
}

/* its window was long enough when it was begun; the estimate is another now, as on a bus that became slower */
static void an_erased_ecu_is_finished_though_no_window_is_long_enough(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	while (!s->ecus[BRAKE].erased)
		assert_true(sim_step(s));
	sim_kill(s, true);
	s->estimate_ms = 2 * 86400000ull;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_for(s, 60 * SECOND);
	assert_false(s->ecus[BRAKE].erased);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_VERIFIED);
	assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_FAILED), 0);
	sim_free(s);
}

/* a flash that is under way, its first erase still to come */
static struct sim *about_to_erase(void (*prepare)(struct sim *s, uint64_t unix_s), uint64_t unix_s)
{
	struct sim *s = sim_new();

	prepare(s, unix_s);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_until_next(s, GATEWAY_OUT_FLASH);
	return s;
}

static void use_before(struct sim *s, uint64_t unix_s)
{
	s->manifest->use_before_unix_s = unix_s;
}

static void window_end(struct sim *s, uint64_t unix_s)
{
	DOC(s).window_end_unix_s = unix_s;
}

static void deadline(struct sim *s, uint64_t unix_s)
{
	DOC(s).deadline_unix_s = unix_s;
}

static void no_ecu_is_erased_from_the_second_on_at_which_it_is_over(void **state)
{
	static void (*const ends[])(struct sim *, uint64_t) = {use_before, window_end, deadline};

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		for (unsigned over = 0; over < 2; over++) {
			struct sim *s = about_to_erase(ends[i], UNIX_BASE + 700);

			s->now_us = 700 * SECOND - 1 + over;
			gateway_expire(s->gateway, s->now_us);
			sim_settle(s);
			assert_string_equal(s->ecus[ENGINE].identity.application_version, over ? "1.0" : "2.0");
			sim_for(s, 60 * SECOND);
			assert_int_equal(sim_campaign(s)->state, over ? CAMPAIGN_EXPIRED : CAMPAIGN_DONE);
			sim_free(s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_window_has_room_for_the_way_back_by_the_size_of_its_image),
	    cmocka_unit_test(until_the_files_are_there_the_manifest_tells_how_long_it_takes),
	    cmocka_unit_test(what_flashes_took_counts_for_the_next_campaigns),
	    cmocka_unit_test(an_ecu_that_is_left_needs_room_for_itself_alone),
	    cmocka_unit_test(a_window_that_is_too_short_by_the_time_the_files_are_there_just_passes),
	    cmocka_unit_test(a_release_whose_date_has_come_is_declined),
	    cmocka_unit_test(an_erased_ecu_is_finished_though_no_window_is_long_enough),
	    cmocka_unit_test(no_ecu_is_erased_from_the_second_on_at_which_it_is_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
