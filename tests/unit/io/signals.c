/* signals: frames of a bus into what the core knows of the vehicle. */
#include "rig.h"

#include "gatewayd/io/signals.h"

#define NOW 5000000u

static struct config config;
static struct gateway *gateway;

static int setup(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	config.n_buses = 2;
	config.signals[VEHICLE_IGNITION] = (struct config_signal){
	    .configured = true,
	    .bus = 0,
	    .id = 0x130,
	    .codec = {.start_bit = 0, .length = 4, .factor = 1},
	    .ignition_values = {-1, 3, 1, 2, -1},
	};
	config.signals[VEHICLE_SPEED_KMH] = (struct config_signal){
	    .configured = true,
	    .bus = 1,
	    .id = 0x18fef100,
	    .extended_id = true,
	    .codec = {.start_bit = 15, .length = 16, .order = CAN_SIGNAL_BIG_ENDIAN, .factor = 0.5, .offset = -10},
	};
	config.signals[VEHICLE_BATTERY_MV] = (struct config_signal){
	    .configured = true,
	    .bus = 0,
	    .id = 0x130,
	    .codec = {.start_bit = 8, .length = 16, .factor = 10},
	};
	for (size_t i = 0; i < VEHICLE_SIGNALS; i++)
		config.core.vehicle.max_age_ms[i] = 1000;
	gateway = calloc(1, sizeof(*gateway));
	if (!gateway)
		return -1;
	snprintf(config.core.vehicle_id, sizeof(config.core.vehicle_id), "VIN-1");
	gateway_init(gateway, &config.core);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(gateway);
	return 0;
}

static void frame(uint8_t bus, uint32_t id, uint8_t flags, uint8_t len, const uint8_t *data)
{
	struct can_msg msg = {.id = id, .flags = flags, .len = len};

	memcpy(msg.data, data, len);
	signals_input(&config, gateway, bus, NOW, &msg);
}

static enum ignition ignition_after(uint8_t raw)
{
	const uint8_t data[8] = {raw};

	frame(0, 0x130, 0, 1, data);
	return vehicle_ignition(&gateway->vehicle, NOW);
}

static void each_raw_value_is_the_state_that_the_configuration_gives_it(void **state)
{
	(void)state;
	assert_int_equal(ignition_after(3), IGNITION_OFF);
	assert_int_equal(ignition_after(1), IGNITION_ACCESSORY);
	assert_int_equal(ignition_after(2), IGNITION_ON);
	assert_int_equal(ignition_after(0xf3), IGNITION_OFF); /* bits that are not the signal's */
}

static void a_raw_value_of_no_state_makes_the_ignition_unknown(void **state)
{
	(void)state;
	assert_int_equal(ignition_after(3), IGNITION_OFF);
	assert_int_equal(ignition_after(7), IGNITION_UNKNOWN);
	assert_int_equal(ignition_after(3), IGNITION_OFF);
	assert_int_equal(ignition_after(0), IGNITION_UNKNOWN);
	/* -1 marks a state without a value; all ones are not that */
	config.signals[VEHICLE_IGNITION].codec.is_signed = true;
	assert_int_equal(ignition_after(0xf), IGNITION_UNKNOWN);
	config.signals[VEHICLE_IGNITION].codec.length = 8;
	assert_int_equal(ignition_after(0xff), IGNITION_UNKNOWN);
}

static void a_frame_carries_several_signals(void **state)
{
	(void)state;
	const uint8_t data[3] = {2, 0xd6, 0x04}; /* 0x4d6 = 1238 */

	frame(0, 0x130, 0, 3, data);
	assert_int_equal(vehicle_ignition(&gateway->vehicle, NOW), IGNITION_ON);
	assert_int_equal(vehicle_battery_mv(&gateway->vehicle, NOW), 12380);
}

static enum vehicle_flag park_after(uint8_t raw)
{
	const uint8_t data[8] = {raw};

	frame(1, 0x150, 0, 1, data);
	return vehicle_flag(&gateway->vehicle, NOW, VEHICLE_GEAR_PARK);
}

static void a_signal_of_yes_and_no_has_raw_values_for_them(void **state)
{
	struct config_signal *signal = &config.signals[VEHICLE_GEAR_PARK];

	(void)state;
	*signal = (struct config_signal){
	    .configured = true, .bus = 1, .id = 0x150, .codec = {.length = 4, .factor = 1}, .ignition_values = {-1, 5}};
	assert_int_equal(park_after(5), VEHICLE_FLAG_YES);
	assert_int_equal(park_after(0), VEHICLE_FLAG_NO);
	assert_int_equal(park_after(15), VEHICLE_FLAG_NO); /* where no is not said, whatever is not yes */
	signal->ignition_values[0] = 0;
	assert_int_equal(park_after(5), VEHICLE_FLAG_YES);
	assert_int_equal(park_after(15), VEHICLE_FLAG_UNKNOWN);
	assert_int_equal(park_after(0), VEHICLE_FLAG_NO);
}

static void factor_offset_and_byte_order_are_applied(void **state)
{
	(void)state;
	const uint8_t data[3] = {0xff, 0x00, 0x78}; /* bits 15..0 of bytes 1 and 2: 120 */

	frame(1, 0x18fef100, CAN_MSG_EXTENDED, 3, data);
	assert_true(vehicle_speed_kmh(&gateway->vehicle, NOW) == 50);
	assert_false(vehicle_standstill(&gateway->vehicle, NOW));
}

static void a_frame_too_short_for_its_signal_says_nothing(void **state)
{
	(void)state;
	const uint8_t data[3] = {2, 0xd6, 0x04};

	frame(0, 0x130, 0, 2, data); /* the ignition fits, the battery does not */
	assert_int_equal(vehicle_ignition(&gateway->vehicle, NOW), IGNITION_ON);
	assert_int_equal(vehicle_battery_mv(&gateway->vehicle, NOW), 0);
	frame(0, 0x130, 0, 0, data);
	assert_int_equal(vehicle_ignition(&gateway->vehicle, NOW), IGNITION_ON);
}

static void frames_that_are_not_the_one_say_nothing(void **state)
{
	(void)state;
	const uint8_t off[8] = {3}, slow[8] = {0, 0, 20};

	frame(1, 0x130, 0, 8, off);                /* another bus */
	frame(0, 0x131, 0, 8, off);                /* another identifier */
	frame(0, 0x130, CAN_MSG_EXTENDED, 8, off); /* the same number in 29 bits */
	frame(0, 0x130, CAN_MSG_RTR, 8, off);      /* a question */
	frame(0, 0x130, CAN_MSG_ERROR, 8, off);    /* of the controller */
	frame(1, 0x18fef100, 0, 8, slow);          /* cannot be, and must not be taken for the 29-bit one */
	assert_int_equal(vehicle_ignition(&gateway->vehicle, NOW), IGNITION_UNKNOWN);
	assert_false(vehicle_standstill(&gateway->vehicle, NOW));
	frame(1, 0x18fef100, CAN_MSG_EXTENDED, 8, slow);
	assert_true(vehicle_standstill(&gateway->vehicle, NOW));
	config.signals[VEHICLE_IGNITION].configured = false;
	assert_int_equal(ignition_after(3), IGNITION_UNKNOWN);
}

static void each_bus_is_asked_for_its_own_identifiers(void **state)
{
	(void)state;
	struct can_port_filter filters[VEHICLE_SIGNALS];

	assert_int_equal(signals_filters(&config, 0, filters), 2);
	assert_int_equal(filters[0].id, 0x130);
	assert_false(filters[0].extended_id);
	assert_int_equal(signals_filters(&config, 1, filters), 1);
	assert_int_equal(filters[0].id, 0x18fef100);
	assert_true(filters[0].extended_id);
	config.signals[VEHICLE_SPEED_KMH].configured = false;
	assert_int_equal(signals_filters(&config, 1, filters), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_raw_value_is_the_state_that_the_configuration_gives_it),
	    TEST(a_raw_value_of_no_state_makes_the_ignition_unknown),
	    TEST(a_frame_carries_several_signals),
	    TEST(a_signal_of_yes_and_no_has_raw_values_for_them),
	    TEST(factor_offset_and_byte_order_are_applied),
	    TEST(a_frame_too_short_for_its_signal_says_nothing),
	    TEST(frames_that_are_not_the_one_say_nothing),
	    TEST(each_bus_is_asked_for_its_own_identifiers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
