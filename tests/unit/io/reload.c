/* reload: what of a changed configuration counts at once, what waits for a restart, and that a wrong one changes
 * nothing. */
#include "rig.h"

#include "gatewayd/io/reload.h"

static const char *const whole[] = {
    "vehicle_id: VIN-1",
    "ecu_keys: keys.yaml",
    "backend: {host: h, port: 1, ca: file.pem, certificate: file.pem, key: file.pem}",
    "trust: {author: {keys: [file.pem]}, director: {keys: [file.pem]}, time: {keys: [file.pem]}}",
    "buses:",
    "- {name: body, port: can0, bitrate: 500000}",
    "- {name: chassis, port: can1}",
    "ecus:",
    "- {name: lamp, bus: body, profile: lamp.yaml}",
    "- {name: door, bus: chassis, profile: door.yaml}",
    "signals:",
    "  ignition: {bus: body, id: 0x130, start_bit: 0, length: 4, values: {off: 0, on: 2}}",
    "  speed_kmh: {bus: body, id: 0x131, start_bit: 0, length: 16, factor: 0.01}",
    "  kl15_held: {bus: body, id: 0x140, start_bit: 0, length: 1, survives_silence: true}",
    "  drive_inhibited: {bus: body, id: 0x140, start_bit: 1, length: 1, survives_silence: true}",
    "  battery_mv: {bus: body, id: 0x141, start_bit: 0, length: 16, survives_silence: true}",
    "  charge_percent: {bus: body, id: 0x141, start_bit: 16, length: 8, survives_silence: true}",
    "power:",
    "  awake: {bus: body, id: 0x520, data: \"01 00\"}",
    "  kl15_hold: {bus: body, id: 0x521, data: \"01\", granted_by: lamp}",
    "  drive_inhibit: {bus: body, id: 0x522, data: \"01\"}",
    "  max_awake_s: 3600",
    "policy: {max_attempts: 3}",
};
#define N_LINES (sizeof(whole) / sizeof(whole[0]))
#define AWAKE   19u /* lines */
#define KL15    20u
#define INHIBIT 21u
#define BUDGET  22u
#define POLICY  23u

static struct config *own;
static struct reload *reload;

/* the whole configuration with line @n (1-based, 0 = none) as @line */
static void write_with(size_t n, const char *line)
{
	char text[4096] = "";

	for (size_t i = 0; i < N_LINES; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", i + 1 == n ? line : whole[i]);
	rig_write_text(rig_path("c.yaml"), text);
}

static void write_lamp(const char *more)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "name: lamp\naddressing: {request: 0x7E0, response: 0x7E8}\nsecurity: {key: k}\n%s", more);
	rig_write_text(rig_path("lamp.yaml"), text);
}

static int setup(void **state)
{
	struct yaml_error error;

	if (rig_setup(state))
		return -1;
	own = calloc(1, sizeof(*own));
	rig_write_text(rig_path("file.pem"), "");
	rig_write_text(rig_path("keys.yaml"), "keys:\n- {id: k, hex: 00}\n");
	rig_write_text(rig_path("door.yaml"),
		       "name: door\naddressing: {request: 0x7E1, response: 0x7E9}\nsecurity: {key: k}\n");
	write_lamp("");
	write_with(0, NULL);
	if (!own || config_load(rig_path("c.yaml"), own, &error))
		return -1;
	reload = NULL;
	return 0;
}

static int teardown(void **state)
{
	reload_free(reload);
	free(own);
	return rig_teardown(state);
}

/* other bytes where a loader's locals will lie: what it leaves unset must not look like a change */
static void dirty_stack(uint8_t byte)
{
	volatile uint8_t bytes[65536];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte;
}

static void read_again(void)
{
	dirty_stack(0xa5);
	reload = reload_read(own);
	assert_non_null(reload);
	reload_apply(reload, own);
}

static void nothing_changed_is_nothing_changed(void **state)
{
	(void)state;
	read_again();
	assert_string_equal(reload->changed, "");
	assert_string_equal(reload->restart, "");
	assert_false(reload->profiles);
	assert_non_null(reload->keys);
}

static void a_profile_is_taken_over(void **state)
{
	(void)state;
	write_lamp("dids: {boot: 0x0111}\n");
	assert_int_equal(own->ecus[0].profile.did_boot, 0xf180);
	read_again();
	assert_string_equal(reload->changed, "ecus[0].profile (lamp)");
	assert_true(reload->profiles);
	assert_int_equal(own->ecus[0].profile.did_boot, 0x0111);
}

static void policy_and_the_like_are_taken_over(void **state)
{
	(void)state;
	write_with(POLICY,
		   "policy: {max_attempts: 5, postpone_s: 99}\nmin_free_mib: 3\ntester_serial: T\nshop_code: S\n"
		   "seed_key_dir: libs");
	read_again();
	assert_string_equal(reload->changed, "min_free_mib, seed_key_dir, tester_serial, shop_code, policy.postpone_s, "
					     "policy.max_attempts");
	assert_string_equal(reload->restart, "");
	assert_int_equal(own->core.max_attempts, 5);
	assert_int_equal(own->core.postpone_s, 99);
	assert_int_equal(own->min_free_bytes, 3u << 20);
	assert_string_equal(own->tester_serial, "T");
	assert_false(reload->profiles);
}

static void how_many_are_flashed_at_once_is_taken_over_and_the_rest_of_a_bus_waits(void **state)
{
	(void)state;
	write_with(6, "- {name: body, port: can0, bitrate: 250000, max_parallel: 4}");
	read_again();
	assert_string_equal(reload->changed, "buses[0].max_parallel");
	assert_string_equal(reload->restart, "buses[0]");
	assert_int_equal(own->buses[0].max_parallel, 4);
	assert_int_equal(own->buses[0].bitrate, 500000);
}

static void the_budget_of_power_is_taken_over(void **state)
{
	const struct power_config *power = &own->core.power;

	(void)state;
	write_with(BUDGET, "  max_awake_s: 1800\n  min_battery_mv: 11800\n  max_drop_mv: 600\n"
			   "  min_charge_percent: 40\n  percent_per_hour: 10");
	read_again();
	assert_string_equal(reload->changed, "power.max_awake_s, power.min_battery_mv, power.max_drop_mv, "
					     "power.min_charge_percent, power.percent_per_hour");
	assert_string_equal(reload->restart, "");
	assert_int_equal(power->max_awake_s, 1800);
	assert_int_equal(power->min_battery_mv, 11800);
	assert_int_equal(power->max_drop_mv, 600);
	assert_int_equal(power->min_charge_percent, 40);
	assert_int_equal(power->percent_per_hour, 10);
}

static void what_waits_for_a_restart_is_named_and_left_alone(void **state)
{
	static const struct {
		size_t line;
		const char *text;
		const char *keys;
	} cases[] = {
	    {1, "vehicle_id: VIN-2\nstate_dir: s\ndbus: none", "vehicle_id, state_dir, dbus"},
	    {3, "backend: {host: i, port: 2, ca: keys.yaml, crl: file.pem, certificate: keys.yaml, key: keys.yaml}",
	     "backend.host, backend.port, backend.ca, backend.crl, backend.certificate, backend.key"},
	    {3,
	     "backend: {host: h, port: 1, ca: file.pem, certificate: file.pem, key: file.pem, backoff_min_ms: 77, "
	     "backoff_max_ms: 777, answer_max_ms: 7777}",
	     "backend.backoff_min_ms, backend.backoff_max_ms, backend.answer_max_ms"},
	    {4,
	     "trust: {author: {keys: [keys.yaml]}, director: {keys: [file.pem, keys.yaml]}, time: {keys: [file.pem]}}",
	     "trust.author, trust.director"},
	    {7, "- {name: chassis, port: can2}\n- {name: third, port: can3}", "buses"},
	    {10, "- {name: window, bus: chassis, profile: door.yaml}", "ecus"},
	    {10, "- {name: door, bus: body, profile: door.yaml}", "ecus"},
	    {12, "  ignition: {bus: body, id: 0x130, start_bit: 0, length: 4, values: {off: 0, on: 3}}",
	     "signals.ignition"},
	    {13, "  speed_kmh: {bus: body, id: 0x131, start_bit: 0, length: 16, factor: 0.02}", "signals.speed_kmh"},
	    {13, "  speed_kmh: {bus: body, id: 0x131, start_bit: 0, length: 16, factor: 0.01, max_age_ms: 77}",
	     "signals.speed_kmh"},
	    {AWAKE, "  awake: {bus: body, id: 0x520, data: \"01 01\"}", "power.awake"},
	    {AWAKE, "  awake: {bus: body, id: 0x520, data: \"01 00\", cycle_ms: 50}", "power.awake"},
	    {AWAKE, "", "power.awake"},
	    {KL15, "  kl15_hold: {bus: chassis, id: 0x521, data: \"01\", granted_by: lamp}", "power.kl15_hold"},
	    {KL15, "  kl15_hold: {bus: body, id: 0x521, data: \"01\", granted_by: door}", "power.kl15_hold"},
	    {KL15, "  kl15_hold: {bus: body, id: 0x521, data: \"01\"}", "power.kl15_hold"},
	    {KL15, "  kl15_hold: {bus: body, id: 0x521, data: \"01\", granted_by: lamp, confirm_ms: 99}",
	     "power.kl15_hold"},
	    {INHIBIT, "  drive_inhibit: {bus: body, id: 0x522, data: \"01\", release_data: \"00\"}",
	     "power.drive_inhibit"},
	    {INHIBIT, "  drive_inhibit: {bus: body, id: 0x522, data: \"01\", confirm_ms: 99}", "power.drive_inhibit"},
	};
	struct config *before = malloc(sizeof(*before));

	(void)state;
	assert_non_null(before);
	*before = *own;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reload_free(reload);
		write_with(cases[i].line, cases[i].text);
		read_again();
		assert_string_equal(reload->changed, "");
		assert_string_equal(reload->restart, cases[i].keys);
		own->ecu_keys_line = before->ecu_keys_line; /* where it stands is no setting */
		assert_memory_equal(own, before, sizeof(*own));
	}
	free(before);
}

static void profiles_wait_with_the_buses_that_they_were_checked_against(void **state)
{
	(void)state;
	write_lamp("link: {fd: true, tx_dl: 64}\n");
	write_with(6, "- {name: body, port: can0, bitrate: 500000, fd: true}");
	read_again();
	assert_string_equal(reload->changed, "");
	assert_string_equal(reload->restart, "buses[0], ecus[0].profile (lamp)");
	assert_false(own->ecus[0].profile.link.fd);
	assert_false(reload->profiles);
}

static void a_wrong_one_changes_nothing(void **state)
{
	(void)state;
	write_with(POLICY, "policy: {max_attempts: 0}");
	assert_null(reload_read(own));
	write_with(0, NULL);
	write_lamp("security: twice\n");
	assert_null(reload_read(own));
	write_lamp("");
	rig_write_text(rig_path("keys.yaml"), "keys:\n- {id: k, hex: 0}\n");
	assert_null(reload_read(own));
	rig_write_text(rig_path("keys.yaml"), "keys:\n- {id: k, hex: 00}\n");
	remove(rig_path("file.pem"));
	assert_null(reload_read(own));
	rig_write_text(rig_path("file.pem"), "");
	read_again();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_changed_is_nothing_changed, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_profile_is_taken_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(policy_and_the_like_are_taken_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(how_many_are_flashed_at_once_is_taken_over_and_the_rest_of_a_bus_waits,
					    setup, teardown),
	    cmocka_unit_test_setup_teardown(the_budget_of_power_is_taken_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_waits_for_a_restart_is_named_and_left_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(profiles_wait_with_the_buses_that_they_were_checked_against, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_wrong_one_changes_nothing, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
