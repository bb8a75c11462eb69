/* vehicle_core: cyclic frames, changes at once, several signals in one frame, and the script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim/vehicle_core.h"

#define MS UINT64_C(1000)

static struct vehicle_core_config config_of(void)
{
	return (struct vehicle_core_config){
	    .signals =
		{
		    {.quantity = VEHICLE_CORE_IGNITION,
		     .id = 0x120,
		     .dlc = 2,
		     .cycle_us = 100 * MS,
		     .codec = {.start_bit = 4, .length = 3, .factor = 1},
		     .ignition_raw = {0, 1, 5, 7}},
		    {.quantity = VEHICLE_CORE_SPEED_KMH,
		     .id = 0x130,
		     .dlc = 8,
		     .cycle_us = 50 * MS,
		     .codec = {.start_bit = 7, .length = 16, .order = CAN_SIGNAL_BIG_ENDIAN, .factor = 0.01}},
		    {.quantity = VEHICLE_CORE_BATTERY_MV,
		     .id = 0x130,
		     .dlc = 8,
		     .cycle_us = 50 * MS,
		     .codec = {.start_bit = 16, .length = 16, .factor = 1}},
		},
	    .n_signals = 3,
	    .initial = {VEHICLE_CORE_ON, 50, 12600},
	};
}

static unsigned drain(struct vehicle_core *v, uint32_t id, struct can_msg *last)
{
	struct can_msg msg;
	unsigned n = 0;

	while (vehicle_core_pop_frame(v, &msg)) {
		if (msg.id != id)
			continue;
		n++;
		if (last)
			*last = msg;
	}
	return n;
}

static void frames_come_in_their_cycle(void **state)
{
	(void)state;
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;

	assert_null(vehicle_core_check(&config));
	vehicle_core_init(&v, &config, 1000 * MS);
	assert_int_equal(vehicle_core_deadline(&v), 1000 * MS);
	vehicle_core_expire(&v, 1000 * MS);
	assert_int_equal(drain(&v, 0x120, NULL), 1);
	assert_int_equal(vehicle_core_deadline(&v), 1050 * MS);
	vehicle_core_expire(&v, 1050 * MS - 1);
	assert_int_equal(drain(&v, 0x130, NULL), 0);
	vehicle_core_expire(&v, 1050 * MS);
	assert_int_equal(drain(&v, 0x130, NULL), 1);
	vehicle_core_expire(&v, 1100 * MS);
	assert_int_equal(drain(&v, 0x120, NULL), 1);
}

static void signals_of_one_identifier_share_a_frame(void **state)
{
	(void)state;
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;
	struct can_msg msg;

	vehicle_core_init(&v, &config, 0);
	vehicle_core_expire(&v, 0);
	assert_int_equal(drain(&v, 0x130, &msg), 1);
	assert_int_equal(msg.len, 8);
	/* 50 km/h is 5000 = 0x1388, big endian; 12600 is 0x3138, little endian */
	assert_memory_equal(msg.data, ((uint8_t[]){0x13, 0x88, 0x38, 0x31, 0, 0, 0, 0}), 8);
}

static void ignition_is_sent_as_the_raw_value_of_its_position(void **state)
{
	(void)state;
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;
	struct can_msg msg;

	vehicle_core_init(&v, &config, 0);
	vehicle_core_expire(&v, 0);
	assert_int_equal(drain(&v, 0x120, &msg), 1);
	assert_int_equal(msg.data[0], 0x50);
	vehicle_core_set(&v, 10, VEHICLE_CORE_IGNITION, VEHICLE_CORE_CRANKING);
	assert_int_equal(drain(&v, 0x120, &msg), 1);
	assert_int_equal(msg.data[0], 0x70);
}

static void a_change_is_sent_at_once_and_begins_the_cycle_anew(void **state)
{
	(void)state;
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;

	vehicle_core_init(&v, &config, 0);
	vehicle_core_expire(&v, 0);
	drain(&v, 0, NULL);
	vehicle_core_set(&v, 30 * MS, VEHICLE_CORE_IGNITION, VEHICLE_CORE_OFF);
	assert_int_equal(drain(&v, 0x120, NULL), 1);
	vehicle_core_expire(&v, 130 * MS - 1);
	assert_int_equal(drain(&v, 0x120, NULL), 0);
	vehicle_core_expire(&v, 130 * MS);
	assert_int_equal(drain(&v, 0x120, NULL), 1);
}

static void frames_do_not_pile_up_while_the_bus_takes_none(void **state)
{
	(void)state;
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;

	vehicle_core_init(&v, &config, 0);
	for (uint64_t t = 0; t < 10000 * MS; t += 10 * MS)
		vehicle_core_expire(&v, t);
	assert_int_equal(drain(&v, 0x130, NULL), 1);
}

static void the_script_sets_what_it_names_at_its_times(void **state)
{
	(void)state;
	const struct vehicle_core_event events[] = {
	    {.at_us = 20 * MS, .has = {false, true, false}, .value = {0, 7.5, 0}},
	    {.at_us = 40 * MS, .has = {true, false, true}, .value = {VEHICLE_CORE_OFF, 0, 11900}},
	};
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;

	config.events = events;
	config.n_events = 2;
	vehicle_core_init(&v, &config, 500 * MS);
	vehicle_core_expire(&v, 500 * MS);
	assert_int_equal(vehicle_core_deadline(&v), 520 * MS);
	vehicle_core_expire(&v, 520 * MS - 1);
	assert_true(vehicle_core_get(&v, VEHICLE_CORE_SPEED_KMH) == 50);
	vehicle_core_expire(&v, 520 * MS);
	assert_true(vehicle_core_get(&v, VEHICLE_CORE_SPEED_KMH) == 7.5);
	assert_true(vehicle_core_get(&v, VEHICLE_CORE_IGNITION) == VEHICLE_CORE_ON);
	vehicle_core_expire(&v, 540 * MS);
	assert_true(vehicle_core_get(&v, VEHICLE_CORE_IGNITION) == VEHICLE_CORE_OFF);
	assert_true(vehicle_core_get(&v, VEHICLE_CORE_BATTERY_MV) == 11900);
}

static void wrong_configurations_are_named(void **state)
{
	(void)state;
	struct vehicle_core_config config = config_of();
	struct vehicle_core_event events[2] = {{.at_us = 5}, {.at_us = 4}};

	config.signals[2].dlc = 4;
	assert_non_null(vehicle_core_check(&config));
	config = config_of();
	config.signals[0].codec.start_bit = 14;
	assert_non_null(vehicle_core_check(&config));
	config = config_of();
	config.events = events;
	config.n_events = 2;
	assert_non_null(vehicle_core_check(&config));
}

static struct can_msg asks(uint8_t value)
{
	return (struct can_msg){.id = 0x522, .len = 1, .data = {value}};
}

static struct vehicle_core_config granting(void)
{
	struct vehicle_core_config config = config_of();

	config.grants[0] = (struct vehicle_core_grant){.quantity = VEHICLE_CORE_DRIVE_INHIBITED,
						       .id = 0x522,
						       .codec = {.length = 2, .factor = 1},
						       .asks = 1,
						       .delay_us = 50 * MS,
						       .timeout_us = 1000 * MS};
	config.n_grants = 1;
	return config;
}

static bool is_inhibited(const struct vehicle_core *v)
{
	return vehicle_core_get(v, VEHICLE_CORE_DRIVE_INHIBITED) != 0;
}

static void what_is_asked_for_is_granted_a_while_later_and_taken_back_in_silence(void **state)
{
	struct vehicle_core_config config = granting();
	struct can_msg msg = asks(1), other = asks(1);
	struct vehicle_core v;

	(void)state;
	assert_null(vehicle_core_check(&config));
	vehicle_core_init(&v, &config, 0);
	other.flags = CAN_MSG_EXTENDED;
	vehicle_core_input(&v, 0, &other);
	assert_int_equal(vehicle_core_heard(&v, VEHICLE_CORE_DRIVE_INHIBITED), 0);
	vehicle_core_input(&v, 0, &msg);
	vehicle_core_input(&v, 40 * MS, &msg); /* does not put it off */
	assert_int_equal(vehicle_core_heard(&v, VEHICLE_CORE_DRIVE_INHIBITED), 2);
	vehicle_core_expire(&v, 50 * MS - 1);
	assert_false(is_inhibited(&v));
	vehicle_core_expire(&v, 50 * MS);
	assert_true(is_inhibited(&v));
	vehicle_core_expire(&v, 1040 * MS - 1);
	assert_true(is_inhibited(&v));
	vehicle_core_expire(&v, 1040 * MS);
	assert_false(is_inhibited(&v));
}

static void another_value_takes_a_grant_back_at_once(void **state)
{
	struct vehicle_core_config config = granting();
	struct can_msg yes = asks(1), no = asks(0);
	struct vehicle_core v;

	(void)state;
	vehicle_core_init(&v, &config, 0);
	vehicle_core_input(&v, 0, &yes);
	vehicle_core_expire(&v, 50 * MS);
	assert_true(is_inhibited(&v));
	vehicle_core_input(&v, 60 * MS, &no);
	assert_false(is_inhibited(&v));
	vehicle_core_input(&v, 70 * MS, &yes);
	vehicle_core_input(&v, 80 * MS, &no); /* before it was granted */
	vehicle_core_expire(&v, 500 * MS);
	assert_false(is_inhibited(&v));
}

static void a_vehicle_that_refuses_grants_nothing_until_it_does(void **state)
{
	struct vehicle_core_config config = granting();
	struct can_msg yes = asks(1);
	struct vehicle_core v;

	(void)state;
	vehicle_core_init(&v, &config, 0);
	vehicle_core_refuse(&v, 0, VEHICLE_CORE_DRIVE_INHIBITED, true);
	vehicle_core_input(&v, 0, &yes);
	vehicle_core_expire(&v, 100 * MS);
	assert_false(is_inhibited(&v));
	vehicle_core_refuse(&v, 100 * MS, VEHICLE_CORE_DRIVE_INHIBITED, false);
	assert_true(is_inhibited(&v));
	vehicle_core_refuse(&v, 100 * MS, VEHICLE_CORE_DRIVE_INHIBITED, true);
	assert_false(is_inhibited(&v));
}

static void a_muted_quantity_is_not_sent_with_all_of_its_frame(void **state)
{
	struct vehicle_core_config config = config_of();
	struct vehicle_core v;

	(void)state;
	vehicle_core_init(&v, &config, 0);
	vehicle_core_mute(&v, 0, VEHICLE_CORE_BATTERY_MV, true); /* in one frame with the speed */
	vehicle_core_expire(&v, 1000 * MS);
	assert_int_equal(drain(&v, 0x130, NULL), 0);
	vehicle_core_expire(&v, 1200 * MS);
	assert_int_equal(drain(&v, 0x120, NULL), 1);
	vehicle_core_mute(&v, 1200 * MS, VEHICLE_CORE_BATTERY_MV, false);
	assert_int_equal(drain(&v, 0x130, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_come_in_their_cycle),
	    cmocka_unit_test(signals_of_one_identifier_share_a_frame),
	    cmocka_unit_test(ignition_is_sent_as_the_raw_value_of_its_position),
	    cmocka_unit_test(a_change_is_sent_at_once_and_begins_the_cycle_anew),
	    cmocka_unit_test(frames_do_not_pile_up_while_the_bus_takes_none),
	    cmocka_unit_test(the_script_sets_what_it_names_at_its_times),
	    cmocka_unit_test(wrong_configurations_are_named),
	    cmocka_unit_test(what_is_asked_for_is_granted_a_while_later_and_taken_back_in_silence),
	    cmocka_unit_test(another_value_takes_a_grant_back_at_once),
	    cmocka_unit_test(a_vehicle_that_refuses_grants_nothing_until_it_does),
	    cmocka_unit_test(a_muted_quantity_is_not_sent_with_all_of_its_frame),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
