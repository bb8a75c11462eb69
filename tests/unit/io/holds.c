/* holds: what is asked of the vehicle is sent at once and then in cycles, and let go with three frames that got out. */
#include "rig.h"

#include "gatewayd/io/holds.h"

#define CYCLE_MS 3u
#define MOST     64u

bool __wrap_flasher_send(struct flasher *self, uint8_t bus, const struct can_msg *msg); /* of the linker's --wrap */

static struct {
	uv_loop_t loop;
	struct config *config;
	struct holds *holds;
	struct {
		uint8_t bus;
		uint32_t id;
		uint8_t first; /* byte */
		uint64_t at_ms;
	} sent[MOST];
	size_t n;
	size_t n_refused; /* so many to come find no bus */
} t;

bool __wrap_flasher_send(struct flasher *self, uint8_t bus, const struct can_msg *msg)
{
	assert_ptr_equal(self, &t); /* as it was given: nothing looks into it */
	if (t.n_refused) {
		t.n_refused--;
		return false;
	}
	assert_true(t.n < MOST);
	t.sent[t.n].bus = bus;
	t.sent[t.n].id = msg->id;
	t.sent[t.n].first = msg->data[0];
	t.sent[t.n].at_ms = uv_now(&t.loop);
	t.n++;
	return true;
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.config = calloc(1, sizeof(*t.config));
	if (!t.config || uv_loop_init(&t.loop))
		return -1;
	t.config->frames[POWER_AWAKE] = (struct config_frame){
	    .configured = true, .bus = 1, .ask = {.id = 0x520, .len = 1, .data = {7}}, .cycle_ms = CYCLE_MS};
	t.config->frames[POWER_KL15] = (struct config_frame){.configured = true,
							     .bus = 2,
							     .ask = {.id = 0x521, .len = 1, .data = {1}},
							     .release = {.id = 0x521, .len = 1, .data = {0xf0}},
							     .cycle_ms = CYCLE_MS};
	return holds_new(&t.loop, t.config, (struct flasher *)(void *)&t, &t.holds);
}

/* with it the loop has nothing left to do, whatever was asked for */
static int teardown(void **state)
{
	(void)state;
	holds_free(t.holds);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	free(t.config);
	return uv_loop_close(&t.loop);
}

static void order(enum power_hold hold, bool on)
{
	holds_order(t.holds, &(struct power_order){.hold = hold, .on = on});
}

static void until_sent(size_t n)
{
	while (t.n < n)
		assert_int_not_equal(uv_run(&t.loop, UV_RUN_ONCE), 0);
}

static void it_is_sent_at_once_and_then_in_its_cycle(void **state)
{
	(void)state;
	order(POWER_KL15, true);
	assert_int_equal(t.n, 1);
	until_sent(6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(t.sent[i].bus, 2);
		assert_int_equal(t.sent[i].id, 0x521);
		assert_int_equal(t.sent[i].first, 1);
		assert_true(i == 0 || t.sent[i].at_ms >= t.sent[0].at_ms + i * CYCLE_MS);
	}
}

static void it_is_let_go_with_three_frames(void **state)
{
	(void)state;
	order(POWER_KL15, true);
	until_sent(2);
	order(POWER_KL15, false);
	assert_int_equal(t.n, 3);
	uv_run(&t.loop, UV_RUN_DEFAULT); /* comes to an end */
	assert_int_equal(t.n, 5);
	for (size_t i = 2; i < 5; i++)
		assert_int_equal(t.sent[i].first, 0xf0);
}

static void frames_that_did_not_get_out_do_not_count(void **state)
{
	(void)state;
	t.n_refused = 2;
	order(POWER_KL15, true); /* its bus comes later */
	assert_int_equal(t.n, 0);
	until_sent(1);
	assert_int_equal(t.sent[0].first, 1);
	t.n_refused = 4;
	order(POWER_KL15, false);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	assert_int_equal(t.n_refused, 0);
	assert_int_equal(t.n, 4);
}

static void without_release_data_the_frames_just_end(void **state)
{
	(void)state;
	order(POWER_AWAKE, true);
	until_sent(2);
	order(POWER_AWAKE, false);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.sent[1].first, 7);
}

static void asked_for_again_in_the_middle_it_is_asked_for(void **state)
{
	(void)state;
	order(POWER_KL15, true);
	order(POWER_KL15, false);
	order(POWER_KL15, true);
	until_sent(7);
	for (size_t i = 2; i < 7; i++)
		assert_int_equal(t.sent[i].first, 1);
	t.n = 0;
	order(POWER_KL15, false);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	assert_int_equal(t.n, 3); /* all three again */
}

static void each_is_held_for_itself(void **state)
{
	size_t n_awake = 0;

	(void)state;
	order(POWER_AWAKE, true);
	order(POWER_KL15, true);
	order(POWER_KL15, false);
	until_sent(12);
	for (size_t i = 0; i < t.n; i++)
		n_awake += t.sent[i].id == 0x520;
	assert_int_equal(t.n - n_awake, 4);
}

static void what_is_not_configured_is_not_sent(void **state)
{
	(void)state;
	order(POWER_DRIVE_INHIBIT, true);
	order(POWER_DRIVE_INHIBIT, false);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	assert_int_equal(t.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_sent_at_once_and_then_in_its_cycle),
	    TEST(it_is_let_go_with_three_frames),
	    TEST(frames_that_did_not_get_out_do_not_count),
	    TEST(without_release_data_the_frames_just_end),
	    TEST(asked_for_again_in_the_middle_it_is_asked_for),
	    TEST(each_is_held_for_itself),
	    TEST(what_is_not_configured_is_not_sent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
