/* flash_bus: one target that stops while the others go on. */
#include "tests/unit/flash/world.h"

static struct world w;
static uint8_t bytes[4096];
static struct image image;

static int setup(void **state)
{
	(void)state;
	world_init(&w, 0, 1);
	fill_pattern(bytes, sizeof(bytes), 3);
	memset(&image, 0, sizeof(image));
	image.n_segments = 1;
	image.n_bytes = 700;
	image.segments[0] = (struct image_segment){PEER_BASE, bytes, 700};
	for (unsigned i = 0; i < 2; i++) {
		world_add(&w, false);
		w.jobs[i].n_units = 1;
		w.jobs[i].units[0].image = &image;
	}
	return 0;
}

static void a_target_that_waits_for_its_turn_is_not_begun_and_the_other_goes_on(void **state)
{
	(void)state;
	world_start_bus(&w, 1);
	flash_bus_stop_target(&w.flash_bus, 7, w.now_us); /* there is none */
	flash_bus_stop_target(&w.flash_bus, 1, w.now_us);
	world_run_until(&w, w.now_us + 600 * S, false);
	assert_true(flash_bus_finished(&w.flash_bus));
	assert_true(w.runs[0].result.verified);
	assert_int_equal(w.runs[1].result.code, FLASH_STOPPED);
	assert_int_equal(world_count(&w, 1, 0, B("\x10\x02")), 0);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_LOUD), 1);
}

static void the_first_may_stop_and_the_second_is_flashed(void **state)
{
	(void)state;
	world_start_bus(&w, 2);
	flash_bus_stop_target(&w.flash_bus, 0, w.now_us);
	world_run_until(&w, w.now_us + 600 * S, false);
	assert_int_equal(w.runs[0].result.code, FLASH_STOPPED);
	assert_true(w.runs[1].result.verified);
	assert_int_equal(world_count(&w, 0, 0, B("\x31\x01\xff")), 0);
	assert_int_equal(world_bus_events(&w, FLASH_BUS_EVENT_LOUD), 1);
	flash_bus_stop_target(&w.flash_bus, 1, w.now_us); /* it is over */
	assert_true(flash_bus_finished(&w.flash_bus));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_target_that_waits_for_its_turn_is_not_begun_and_the_other_goes_on, setup),
	    cmocka_unit_test_setup(the_first_may_stop_and_the_second_is_flashed, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
