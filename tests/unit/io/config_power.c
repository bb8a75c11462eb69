/* config: signals that say yes or no, which of them survive the silence of a bus, and what the vehicle is asked for. */
#include "rig.h"

#include "gatewayd/io/config.h"

static struct config config;
static struct yaml_error error;

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	rig_write_text(rig_path("lamp.yaml"),
		       "name: lamp\naddressing: {request: 0x7E0, response: 0x7E8}\nsecurity: {key: k}\n");
	return 0;
}

/* body has an ECU, chassis has none and can do CAN FD */
static int load(const char *signals, const char *power)
{
	static const char head[] = "vehicle_id: VIN-1\n"
				   "backend: {host: h, port: 1, ca: ca.pem, certificate: c.pem, key: k.pem}\n"
				   "trust:\n"
				   "  author: {keys: [author.pub]}\n"
				   "  director: {keys: [director.pub]}\n"
				   "  time: {keys: [time.pub]}\n"
				   "buses:\n"
				   "- {name: body, port: can0}\n"
				   "- {name: chassis, port: can1, fd: true}\n"
				   "ecus:\n"
				   "- {name: lamp-1, bus: body, profile: lamp.yaml}\n";
	char text[4096];

	snprintf(text, sizeof(text), "%ssignals:\n%s%s", head, signals, power);
	rig_write_text(rig_path("c.yaml"), text);
	memset(&config, 0xa5, sizeof(config));
	error.text[0] = '\0';
	return config_load(rig_path("c.yaml"), &config, &error);
}

static void refused(const char *signals, const char *power, const char *key, const char *words)
{
	assert_int_equal(load(signals, power), 1);
	rig_expect_words(error.text, "c.yaml");
	rig_expect_words(error.text, key);
	rig_expect_words(error.text, words);
}

#define SIGNAL(name, bus, rest) "  " name ": {bus: " bus ", id: 0x170, start_bit: 0, length: 2" rest "}\n"
#define CONFIRMED                          \
	SIGNAL("kl15_held", "chassis", "") \
	SIGNAL("drive_inhibited", "body", ", survives_silence: true")

static void a_signal_of_yes_and_no_has_raw_values(void **state)
{
	(void)state;
	if (load(SIGNAL("gear_park", "chassis", "") SIGNAL("charging", "chassis", ", values: {on: 2, off: 3}"), ""))
		fail_msg("%s", error.text);
	assert_int_equal(config.signals[VEHICLE_GEAR_PARK].ignition_values[1], 1);
	assert_int_equal(config.signals[VEHICLE_GEAR_PARK].ignition_values[0], -1); /* any other */
	assert_int_equal(config.signals[VEHICLE_CHARGING].ignition_values[1], 2);
	assert_int_equal(config.signals[VEHICLE_CHARGING].ignition_values[0], 3);
	assert_int_equal(config.core.vehicle.max_age_ms[VEHICLE_GEAR_PARK], 2000);
	assert_int_equal(config.core.vehicle.max_age_ms[VEHICLE_PARKING_BRAKE], 0);
	refused(SIGNAL("gear_park", "body", ", values: {on: 4}"), "", "signals.gear_park.values.on", "0..3");
	refused(SIGNAL("gear_park", "body", ", values: {on: 2, off: 2}"), "", "signals.gear_park.values.off",
		"value of on");
}

static void a_signal_on_a_bus_with_ecus_is_silent_with_it_unless_the_file_says_otherwise(void **state)
{
	(void)state;
	if (load(SIGNAL("gear_park", "chassis", "") SIGNAL("charging", "body", "")
		     SIGNAL("parking_brake", "body", ", survives_silence: true"),
		 ""))
		fail_msg("%s", error.text);
	assert_string_equal(config.core.vehicle.silent_with[VEHICLE_GEAR_PARK], "");
	assert_string_equal(config.core.vehicle.silent_with[VEHICLE_CHARGING], "body");
	assert_string_equal(config.core.vehicle.silent_with[VEHICLE_PARKING_BRAKE], "");
}

static void frames_are_read_with_their_bytes(void **state)
{
	(void)state;
	if (load(CONFIRMED SIGNAL("battery_mv", "chassis", ""),
		 "power:\n"
		 "  awake: {bus: chassis, id: 0x18FF0001, id_bits: 29, data: \"01 02 03 04 05 06 07 08 09 0a 0b 0C\"}\n"
		 "  kl15_hold: {bus: body, id: 0x521, data: \"01ff\", cycle_ms: 50, confirm_ms: 300, "
		 "granted_by: lamp-1}\n"
		 "  drive_inhibit: {bus: body, id: 0x522, data: \"10\", release_data: \"00 00\"}\n"
		 "  max_awake_s: 1800\n"
		 "  min_battery_mv: 11800\n"))
		fail_msg("%s", error.text);
	assert_true(config.frames[POWER_AWAKE].configured);
	assert_int_equal(config.frames[POWER_AWAKE].ask.flags, CAN_MSG_EXTENDED | CAN_MSG_FD);
	assert_int_equal(config.frames[POWER_AWAKE].ask.len, 12);
	assert_int_equal(config.frames[POWER_AWAKE].ask.data[11], 0x0c);
	assert_int_equal(config.frames[POWER_AWAKE].cycle_ms, 100);
	assert_int_equal(config.frames[POWER_AWAKE].release.len, 0);
	assert_int_equal(config.core.power.holds[POWER_AWAKE].confirm_ms, 0);
	assert_int_equal(config.frames[POWER_KL15].ask.data[1], 0xff);
	assert_int_equal(config.frames[POWER_KL15].cycle_ms, 50);
	assert_int_equal(config.core.power.holds[POWER_KL15].confirm_ms, 300);
	assert_true(config.core.power.has_grantor && config.core.power.grantor == 0);
	assert_int_equal(config.frames[POWER_DRIVE_INHIBIT].ask.data[0], 0x10);
	assert_int_equal(config.frames[POWER_DRIVE_INHIBIT].release.len, 2);
	assert_int_equal(config.frames[POWER_DRIVE_INHIBIT].release.id, 0x522);
	assert_int_equal(config.core.power.holds[POWER_DRIVE_INHIBIT].confirm_ms, 2000);
	assert_int_equal(config.core.power.max_awake_s, 1800);
	assert_int_equal(config.core.power.min_battery_mv, 11800);
}

static void without_the_part_nothing_is_asked_of_the_vehicle(void **state)
{
	(void)state;
	assert_int_equal(load(CONFIRMED, ""), 0);
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		assert_false(config.frames[i].configured);
		assert_false(config.core.power.holds[i].configured);
	}
	assert_int_equal(config.core.power.max_awake_s, 0);
}

static void what_cannot_be_sent_is_refused(void **state)
{
#define AWAKE(words) "power: {awake: {bus: body, id: 0x520, " words "}}\n"
	(void)state;
	refused(CONFIRMED, AWAKE("data: \"\""), "data", "");
	refused(CONFIRMED, AWAKE("data: \"0\""), "data", "");
	refused(CONFIRMED, AWAKE("data: \"0g\""), "power.awake.data", "hexadecimal");
	refused(CONFIRMED, AWAKE("data: \"001\""), "power.awake.data", "hexadecimal");
	refused(CONFIRMED, AWAKE("data: \"000000000000000000\""), "power.awake.data", "at most 8");
	refused(CONFIRMED, AWAKE("data: \"00\", cycle_ms: 4"), "power.awake.cycle_ms", "5..60000");
	refused(CONFIRMED, AWAKE("data: \"00\", id_bits: 12"), "power.awake.id_bits", "11 or 29");
	refused(CONFIRMED, AWAKE("data: \"00\", confirm_ms: 100"), "confirm_ms", "");
	refused(CONFIRMED, "power: {awake: {bus: chassis, id: 0x520, data: \"000000000000000000\"}}\n",
		"power.awake.data", "fill a frame"); /* nine bytes fill none */
	refused(CONFIRMED, "power: {awake: {bus: door, id: 0x520, data: \"00\"}}\n", "power.awake.bus", "door");
}

static void what_the_vehicle_grants_has_to_be_confirmed_also_in_silence(void **state)
{
#define HOLD "power: {kl15_hold: {bus: body, id: 0x521, data: \"01\"}}\n"
	(void)state;
	refused(SIGNAL("gear_park", "body", ""), HOLD, "power.kl15_hold", "signals.kl15_held");
	refused(SIGNAL("kl15_held", "body", ""), HOLD, "power.kl15_hold", "survives_silence");
	assert_int_equal(load(SIGNAL("kl15_held", "body", ", survives_silence: true"), HOLD), 0);
	refused(CONFIRMED, "power: {kl15_hold: {bus: body, id: 0x521, data: \"01\", granted_by: door}}\n",
		"power.kl15_hold.granted_by", "no ECU 'door'");
	refused(CONFIRMED, "power: {drive_inhibit: {bus: body, id: 0x521, data: \"01\", granted_by: lamp-1}}\n",
		"granted_by", "");
}

static void a_budget_without_its_signal_is_refused(void **state)
{
	(void)state;
	refused(CONFIRMED, "power: {min_battery_mv: 11000}\n", "power", "signals.battery_mv");
	refused(CONFIRMED, "power: {max_drop_mv: 300}\n", "power", "signals.battery_mv");
	refused(CONFIRMED, "power: {min_charge_percent: 30}\n", "power", "signals.charge_percent");
	refused(CONFIRMED, "power: {min_charge_percent: 101}\n", "power.min_charge_percent", "0..100");
	refused(CONFIRMED, "power: {max_awake_s: 604801}\n", "power.max_awake_s", "0..604800");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_signal_of_yes_and_no_has_raw_values),
	    TEST(a_signal_on_a_bus_with_ecus_is_silent_with_it_unless_the_file_says_otherwise),
	    TEST(frames_are_read_with_their_bytes),
	    TEST(without_the_part_nothing_is_asked_of_the_vehicle),
	    TEST(what_cannot_be_sent_is_refused),
	    TEST(what_the_vehicle_grants_has_to_be_confirmed_also_in_silence),
	    TEST(a_budget_without_its_signal_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
