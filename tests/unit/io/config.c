/* config: every key reaches its field, and every wrong one is named with file and line. */
#include "rig.h"

#include "gatewayd/io/config.h"

#define DATA TEST_SOURCE_DIR "/unit/io/data/"

/* the least that is enough; each line by its number, so that tests replace one and know where it stands */
static const char *const minimal[] = {
    "vehicle_id: VIN-1",
    "backend: {host: h, port: 1, ca: ca.pem, certificate: c.pem, key: k.pem}",
    "trust:",
    "  author: {keys: [author.pub]}",
    "  director: {keys: [director.pub]}",
    "  time: {keys: [time.pub]}",
    "buses:",
    "- {name: body, port: can0}",
    "- {name: chassis, port: can1}",
    "ecus:",
    "- {name: lamp-1, bus: body, profile: lamp.yaml}",
    "signals:",
    "  ignition: {bus: body, id: 0x130, start_bit: 0, length: 4, values: {off: 0, on: 2}}",
    "policy: {max_attempts: 3}",
};
#define N_LINES (sizeof(minimal) / sizeof(minimal[0]))

static struct config config;
static struct yaml_error error;

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	rig_write_text(rig_path("lamp.yaml"),
		       "name: lamp\naddressing: {request: 0x7E0, response: 0x7E8}\nsecurity: {key: k}\n");
	rig_write_text(rig_path("fd.yaml"), "name: fd\naddressing: {request: 0x7E2, response: 0x7EA}\n"
					    "link: {fd: true, tx_dl: 64}\nsecurity: {key: k}\n");
	rig_write_text(rig_path("bad.yaml"), "name: bad\n\naddressing: {request: 0x7E0, response: 0x1234567}\n");
	return 0;
}

/* the minimal configuration with line @n (1-based, 0 = none) as @line; NULL leaves it out */
static int load_with(size_t n, const char *line)
{
	char text[4096] = "";

	for (size_t i = 0; i < N_LINES; i++) {
		const char *one = i + 1 == n ? line : minimal[i];

		if (one)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", one);
	}
	rig_write_text(rig_path("c.yaml"), text);
	memset(&config, 0xa5, sizeof(config));
	error.text[0] = '\0';
	return config_load(rig_path("c.yaml"), &config, &error);
}

static void expect_refused_at(size_t n, const char *line, const char *key, const char *words)
{
	char where[40];

	assert_int_equal(load_with(n, line), 1);
	snprintf(where, sizeof(where), "c.yaml:%zu: ", n);
	rig_expect_words(error.text, where);
	rig_expect_words(error.text, key);
	rig_expect_words(error.text, words);
}

/* --- good ones */

static void every_key_reaches_its_field(void **state)
{
	(void)state;
	const struct config_signal *s;

	if (config_load(DATA "gatewayd.yaml", &config, &error))
		fail_msg("%s", error.text);
	assert_string_equal(config.path, DATA "gatewayd.yaml");
	assert_string_equal(config.core.vehicle_id, "VIN-1");
	assert_string_equal(config.state_dir, DATA "state");
	assert_int_equal(config.min_free_bytes, 5u << 20);
	assert_string_equal(config.dbus_address, "unix:path=/run/bus");
	assert_string_equal(config.ecu_keys, "/etc/gatewayd/ecu-keys.yaml");
	assert_string_equal(config.seed_key_dir, "/usr/lib/gatewayd/seed-key");
	assert_string_equal(config.tester_serial, "GW-4711");
	assert_string_equal(config.shop_code, "OTA");
	assert_string_equal(config.backend_host, "backend.example");
	assert_string_equal(config.backend_port, "8443");
	assert_string_equal(config.backend_ca, DATA "pki/ca.pem");
	assert_string_equal(config.backend_crl, DATA "pki/crl.pem");
	assert_string_equal(config.backend_certificate, DATA "pki/gateway.pem");
	assert_string_equal(config.backend_key, "/etc/gatewayd/gateway.key");
	assert_int_equal(config.core.session.backoff_min_ms, 500);
	assert_int_equal(config.core.session.backoff_max_ms, 60000);
	assert_int_equal(config.core.session.answer_max_ms, 5000);
	assert_int_equal(config.author_keys.n, 2);
	assert_int_equal(config.author_keys.threshold, 2);
	assert_string_equal(config.author_keys.files[1], DATA "pki/author-2.pub");
	assert_string_equal(config.director_keys.files[0], DATA "pki/director.pub");
	assert_int_equal(config.director_keys.threshold, 1);
	assert_string_equal(config.time_keys.files[0], "/etc/gatewayd/time.pub");
	assert_int_equal(config.n_buses, 2);
	assert_string_equal(config.buses[0].name, "body");
	assert_string_equal(config.buses[0].port, "can0");
	assert_false(config.buses[0].fd);
	assert_int_equal(config.buses[0].bitrate, 250000);
	assert_int_equal(config.buses[0].max_parallel, 2);
	assert_int_equal(config.buses[0].link.bitrate, 250000);
	assert_int_equal(config.buses[0].link.sample_point, 875);
	assert_true(config.buses[0].link.has_restart_ms);
	assert_int_equal(config.buses[0].link.restart_ms, 100);
	assert_true(config.buses[0].link.bring_up);
	assert_false(config.buses[0].link.fd);
	assert_true(config.buses[1].fd);
	assert_int_equal(config.buses[1].data_bitrate, 4000000);
	assert_int_equal(config.buses[1].bitrate, 500000);
	assert_int_equal(config.core.n_ecus, 2);
	assert_string_equal(config.core.ecus[1].name, "door-1");
	assert_string_equal(config.core.ecus[1].bus, "chassis");
	assert_int_equal(config.ecus[1].bus, 1);
	assert_string_equal(config.ecus[0].profile.name, "lamp");
	assert_string_equal(config.ecus[1].profile.name, "door");
	assert_int_equal(config.ecus[1].profile.link.address.tx_id, 0x7e1);

	s = &config.signals[VEHICLE_IGNITION];
	assert_true(s->configured);
	assert_int_equal(s->bus, 0);
	assert_int_equal(s->id, 0x130);
	assert_false(s->extended_id);
	assert_int_equal(s->codec.length, 4);
	assert_int_equal(s->ignition_values[IGNITION_UNKNOWN], -1);
	assert_int_equal(s->ignition_values[IGNITION_OFF], 0);
	assert_int_equal(s->ignition_values[IGNITION_ACCESSORY], 1);
	assert_int_equal(s->ignition_values[IGNITION_ON], 2);
	assert_int_equal(s->ignition_values[IGNITION_CRANKING], 3);
	assert_int_equal(config.core.vehicle.max_age_ms[VEHICLE_IGNITION], 1500);
	s = &config.signals[VEHICLE_SPEED_KMH];
	assert_int_equal(s->bus, 1);
	assert_int_equal(s->id, 0x18fef100);
	assert_true(s->extended_id);
	assert_int_equal(s->codec.order, CAN_SIGNAL_BIG_ENDIAN);
	assert_int_equal(s->codec.start_bit, 7);
	assert_true(s->codec.factor == 0.00390625 && s->codec.offset == 0);
	s = &config.signals[VEHICLE_BATTERY_MV];
	assert_true(s->codec.is_signed);
	assert_true(s->codec.factor == 10 && s->codec.offset == 5000);
	assert_int_equal(config.core.postpone_s, 7200);
	assert_int_equal(config.core.max_attempts, 5);
	assert_int_equal(config.core.retry_pause_s, 10);
	assert_int_equal(config.core.poll_s, 600);
	assert_true(config.core.wake_to_check);
	assert_true(config.core.build_unix_s > 1700000000);
	assert_string_equal(config.time_zone, "Europe/Berlin");
	assert_int_equal(zone_offset_s(&config.core.zone, 1792889999), 7200); /* summer time's last second of 2026 */
	assert_int_equal(config.core.ecus[0].bitrate, config.buses[config.ecus[0].bus].bitrate);
}

static void what_is_not_said_has_its_default(void **state)
{
	(void)state;

	if (load_with(0, NULL))
		fail_msg("%s", error.text);
	assert_string_equal(config.state_dir, "/var/lib/gatewayd");
	assert_int_equal(config.min_free_bytes, 16u << 20);
	assert_string_equal(config.dbus_address, "system");
	assert_string_equal(config.ecu_keys, "");
	assert_string_equal(config.seed_key_dir, "");
	assert_string_equal(config.tester_serial, "");
	assert_string_equal(config.time_zone, "UTC");
	assert_string_equal(config.zoneinfo_dir, "/usr/share/zoneinfo");
	assert_true(config.core.zone.known);
	assert_int_equal(config.core.session.backoff_min_ms, 1000);
	assert_int_equal(config.core.session.backoff_max_ms, 300000);
	assert_int_equal(config.core.session.answer_max_ms, 30000);
	assert_int_equal(config.author_keys.threshold, 1);
	assert_int_equal(config.buses[0].bitrate, 500000);
	/* what is not given is not asked of the interface */
	assert_int_equal(config.buses[0].link.bitrate, 0);
	assert_int_equal(config.buses[0].link.sample_point, 0);
	assert_false(config.buses[0].link.has_restart_ms);
	assert_false(config.buses[0].link.bring_up);
	assert_int_equal(config.buses[0].max_parallel, 1);
	assert_int_equal(config.core.vehicle.max_age_ms[VEHICLE_IGNITION], 2000);
	assert_int_equal(config.core.vehicle.max_age_ms[VEHICLE_SPEED_KMH], 0);
	assert_false(config.signals[VEHICLE_SPEED_KMH].configured);
	assert_true(config.signals[VEHICLE_IGNITION].codec.factor == 1);
	assert_int_equal(config.signals[VEHICLE_IGNITION].ignition_values[IGNITION_ACCESSORY], -1);
	assert_int_equal(config.signals[VEHICLE_IGNITION].ignition_values[IGNITION_CRANKING], -1);
	assert_int_equal(config.core.postpone_s, 3600);
	assert_int_equal(config.core.retry_pause_s, 30);
	assert_int_equal(config.core.poll_s, 3600);
	assert_false(config.core.wake_to_check);
	assert_int_equal(load_with(14, NULL), 0);
	assert_int_equal(config.core.max_attempts, 3);
}

static void relative_paths_are_relative_to_the_file(void **state)
{
	(void)state;
	char here[300];
	char folder[300];

	snprintf(folder, sizeof(folder), "%s", rig_folder);
	assert_int_equal(load_with(0, NULL), 0);
	assert_string_equal(config.backend_ca, rig_path("ca.pem"));
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(config_load("c.yaml", &config, &error), 0);
	assert_int_equal(chdir(here), 0);
	assert_string_equal(config.backend_ca, "./ca.pem");
}

/* --- wrong ones */

static void a_file_that_is_not_there_is_named(void **state)
{
	(void)state;
	char longest[700];

	assert_int_equal(config_load("/no/such.yaml", &config, &error), -ENOENT);
	rig_expect_words(error.text, "/no/such.yaml");
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[600] = '\0';
	assert_int_equal(config_load(longest, &config, &error), -ENAMETOOLONG);
	rig_expect_words(error.text, "longer");
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	assert_int_equal(load_with(1, NULL), 1);
	rig_expect_words(error.text, "c.yaml");
	rig_expect_words(error.text, "vehicle_id");
	assert_int_equal(load_with(2, NULL), 1);
	rig_expect_words(error.text, "backend");
	expect_refused_at(2, "backend: {host: h, port: 1, ca: ca.pem, certificate: c.pem}", "backend", "key");
	expect_refused_at(4, "  author: {threshold: 1}", "author", "keys");
	expect_refused_at(4, "  author: {keys: []}", "author", "keys");
	expect_refused_at(13, "  ignition: {bus: body, id: 0x130, start_bit: 0, length: 4}", "signals.ignition",
			  "values");
	expect_refused_at(13, "  ignition: {bus: body, id: 0x130, start_bit: 0, length: 4, values: {off: 0}}",
			  "signals.ignition.values", "on");
	expect_refused_at(13, "  ignition: {bus: body, id: 0x130, length: 4, values: {off: 0, on: 1}}",
			  "signals.ignition", "start_bit");
}

static void a_key_that_there_is_not_is_named(void **state)
{
	(void)state;
	expect_refused_at(14, "policy: {max_attemps: 3}", "max_attemps", "");
	expect_refused_at(1, "vehicle_idd: VIN-1", "vehicle_idd", "");
	expect_refused_at(8, "- {name: body, port: can0, bitrat: 1}", "bitrat", "");
}

static void names_must_be_those_that_documents_can_say(void **state)
{
	(void)state;
	expect_refused_at(1, "vehicle_id: VIN 1", "vehicle_id", "A-Za-z0-9");
	expect_refused_at(1, "vehicle_id: .VIN", "vehicle_id", "A-Za-z0-9");
	expect_refused_at(1, "vehicle_id: VINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVINVI",
			  "vehicle_id", "");
	expect_refused_at(11, "- {name: lamp/1, bus: body, profile: lamp.yaml}", "ecus[0].name", "A-Za-z0-9");
}

static void values_out_of_range_are_refused(void **state)
{
	(void)state;
	expect_refused_at(2, "backend: {host: h, port: 0, ca: a, certificate: c, key: k}", "backend.port", "1..65535");
	expect_refused_at(2, "backend: {host: h, port: 65536, ca: a, certificate: c, key: k}", "backend.port",
			  "is 65536");
	expect_refused_at(2, "backend: {host: h, port: 1, ca: a, certificate: c, key: k, backoff_min_ms: 9}",
			  "backend.backoff_min_ms", "10..");
	expect_refused_at(2,
			  "backend: {host: h, port: 1, ca: a, certificate: c, key: k, backoff_min_ms: 500,"
			  " backoff_max_ms: 499}",
			  "backend.backoff_max_ms", "500..");
	expect_refused_at(2, "backend: {host: h, port: 1, ca: a, certificate: c, key: k, answer_max_ms: 0}",
			  "backend.answer_max_ms", "is 0");
	expect_refused_at(4, "  author: {keys: [a], threshold: 2}", "trust.author.threshold", "1..1");
	expect_refused_at(5, "  director: {keys: [a], threshold: 0}", "trust.director.threshold", "is 0");
	expect_refused_at(8, "- {name: body, port: can0, bitrate: 1000001}", "buses[0].bitrate", "is 1000001");
	expect_refused_at(8, "- {name: body, port: can0, max_parallel: 0}", "buses[0].max_parallel", "is 0");
	expect_refused_at(14, "policy: {max_attempts: 0}", "policy.max_attempts", "1..20");
	expect_refused_at(14, "policy: {postpone_s: 59}", "policy.postpone_s", "is 59");
	expect_refused_at(14, "time_zone: Europe/Atlantis", "time_zone", "cannot read");
	expect_refused_at(14, "time_zone: ../../etc/passwd", "time_zone", "is no name of a time zone");
	expect_refused_at(14, "time_zone: Europe/Berlin\nzoneinfo_dir: /nowhere", "time_zone",
			  "/nowhere/Europe/Berlin");
	expect_refused_at(14, "zoneinfo_dir: /nowhere", "zoneinfo_dir", "/nowhere: cannot be read");
	expect_refused_at(14, "policy: {postpone_max_s: {low: -1}}", "policy.postpone_max_s.low",
			  "must be 0..31536000, is -1");
	expect_refused_at(14, "policy: {service_notice_s: -1}", "policy.service_notice_s", "must be 0..3600, is -1");
	expect_refused_at(14, "policy: {retry_pause_s: 0}", "policy.retry_pause_s", "is 0");
	expect_refused_at(14, "policy: {poll_s: 604801}", "policy.poll_s", "is 604801");
	expect_refused_at(14, "min_free_mib: 1048577", "min_free_mib", "is 1048577");
	expect_refused_at(14, "policy: {max_attempts: -1}", "policy.max_attempts", "must be 1..20, is -1");
	expect_refused_at(14, "policy: {poll_s: 5000000000}", "policy.poll_s", "must be 1..604800, is 5000000000");
}

static void what_is_wanted_of_an_interface_is_checked(void **state)
{
	(void)state;
	expect_refused_at(8, "- {name: body, port: can0, sample_point: 0.4}", "buses[0].sample_point", "is 0.4");
	expect_refused_at(8, "- {name: body, port: can0, sample_point: 87.5}", "buses[0].sample_point", "0.5..0.999");
	expect_refused_at(8, "- {name: body, port: can0, restart_ms: 600001}", "buses[0].restart_ms", "is 600001");
	expect_refused_at(8, "- {name: body, port: can0, bring_up: true}", "buses[0].bring_up", "needs a bitrate");
	expect_refused_at(8, "- {name: body, port: can0, data_bitrate: 2000000}", "buses[0].data_bitrate", "fd: true");
	expect_refused_at(8, "- {name: body, port: can0, fd: true, data_bitrate: 1}", "buses[0].data_bitrate", "is 1");
	assert_int_equal(load_with(8, "- {name: body, port: can0, fd: true, data_bitrate: 2000000}"), 0);
	assert_true(config.buses[0].link.fd);
	assert_int_equal(config.buses[0].link.data_bitrate, 2000000);
}

static void a_simulated_bus_has_no_interface_to_set(void **state)
{
	(void)state;
	static const char *const keys[] = {"sample_point: 0.8", "restart_ms: 100", "bring_up: true"};
	char line[100], key[40];

	for (size_t i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), "- {name: body, port: 'unix:/run/x', bitrate: 250000, %s}", keys[i]);
		snprintf(key, sizeof(key), "buses[0].%.*s", (int)strcspn(keys[i], ":"), keys[i]);
		expect_refused_at(8, line, key, "a simulated bus");
	}
	assert_int_equal(load_with(8, "- {name: body, port: 'unix:/run/x', bitrate: 250000}"), 0);
}

static void a_bus_that_there_is_not_is_named(void **state)
{
	(void)state;
	expect_refused_at(11, "- {name: lamp-1, bus: bodi, profile: lamp.yaml}", "ecus[0].bus", "no bus 'bodi'");
	expect_refused_at(13, "  ignition: {bus: x, id: 0x130, start_bit: 0, length: 4, values: {off: 0, on: 2}}",
			  "signals.ignition.bus", "no bus 'x'");
}

static void a_name_given_twice_is_refused(void **state)
{
	(void)state;
	expect_refused_at(9, "- {name: body, port: can1}", "buses[1].name", "'body'");
	assert_int_equal(load_with(11, "- {name: lamp-1, bus: body, profile: lamp.yaml}\n"
				       "- {name: lamp-1, bus: chassis, profile: lamp.yaml}"),
			 1);
	rig_expect_words(error.text, "c.yaml:12: ecus[1].name");
}

static void two_ecus_at_one_address_of_a_bus_are_refused(void **state)
{
	(void)state;
	assert_int_equal(load_with(11, "- {name: lamp-1, bus: body, profile: lamp.yaml}\n"
				       "- {name: lamp-2, bus: body, profile: lamp.yaml}"),
			 1);
	rig_expect_words(error.text, "c.yaml:12: ecus[1].profile");
	rig_expect_words(error.text, "'lamp-1'");
	/* on another bus they are others */
	assert_int_equal(load_with(11, "- {name: lamp-1, bus: body, profile: lamp.yaml}\n"
				       "- {name: lamp-2, bus: chassis, profile: lamp.yaml}"),
			 0);
}

static void a_profile_says_its_own_file_and_line(void **state)
{
	(void)state;
	assert_int_equal(load_with(11, "- {name: lamp-1, bus: body, profile: bad.yaml}"), 1);
	rig_expect_words(error.text, "bad.yaml:3: addressing.response");
	rig_expect_words(error.text, "c.yaml:11: ecus[0].profile)"); /* and who named it */
	assert_true(load_with(11, "- {name: lamp-1, bus: body, profile: none.yaml}") != 0);
	rig_expect_words(error.text, "c.yaml:11: ecus[0].profile: ");
	rig_expect_words(error.text, rig_path("none.yaml"));
	expect_refused_at(11, "- {name: lamp-1, bus: body, profile: fd.yaml}", "ecus[0].profile", "CAN FD");
}

static void a_file_that_cannot_be_read_is_named_with_its_key(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *where;
	} files[] = {
	    {"ca.pem", "c.yaml:2: backend.ca: "},
	    {"c.pem", "c.yaml:2: backend.certificate: "},
	    {"k.pem", "c.yaml:2: backend.key: "},
	    {"author.pub", "c.yaml:4: trust.author.keys[0]: "},
	    {"director.pub", "c.yaml:5: trust.director.keys[0]: "},
	    {"time.pub", "c.yaml:6: trust.time.keys[0]: "},
	};
	const size_t n = sizeof(files) / sizeof(files[0]);

	for (size_t i = 0; i <= n; i++) {
		assert_int_equal(load_with(0, NULL), 0);
		assert_int_equal(config_check_files(&config, &error), i < n);
		if (i == n)
			break;
		rig_expect_words(error.text, files[i].where);
		rig_expect_words(error.text, rig_path(files[i].name));
		rig_expect_words(error.text, "No such file");
		assert_int_equal(mkdir(rig_path(files[i].name), 0755), 0);
		assert_int_equal(config_check_files(&config, &error), 1);
		rig_expect_words(error.text, files[i].where);
		rig_expect_words(error.text, "Is a directory");
		assert_int_equal(rmdir(rig_path(files[i].name)), 0);
		rig_write_text(rig_path(files[i].name), "");
	}
	assert_int_equal(load_with(1, "vehicle_id: VIN-1\necu_keys: secrets.yaml"), 0);
	assert_int_equal(config_check_files(&config, &error), 1);
	rig_expect_words(error.text, "c.yaml:2: ecu_keys: ");
	rig_expect_words(error.text, rig_path("secrets.yaml"));
}

static void more_than_fits_is_refused(void **state)
{
	(void)state;
	char line[4000] = "", path[700];

	for (unsigned i = 0; i <= CONFIG_MAX_BUSES; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s- {name: b%u, port: can%u}",
			 i ? "\n" : "", i, i);
	assert_int_equal(load_with(8, line), 1);
	rig_expect_words(error.text, "buses");
	line[0] = '\0';
	for (unsigned i = 0; i <= GATEWAY_MAX_ECUS; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 "%s- {name: e%u, bus: body, profile: lamp.yaml}", i ? "\n" : "", i);
	assert_int_equal(load_with(11, line), 1);
	rig_expect_words(error.text, "ecus");
	memset(path, 'p', sizeof(path));
	path[505] = '\0';
	snprintf(line, sizeof(line), "state_dir: %s", path);
	expect_refused_at(14, line, "state_dir", "longer than 511");
}

static void a_signal_that_cannot_be_is_refused(void **state)
{
	(void)state;
#define IGNITION(words) "  ignition: {bus: body, values: {off: 0, on: 2}, " words "}"
	expect_refused_at(13, IGNITION("id: 0x800, start_bit: 0, length: 4"), "signals.ignition.id", "0..2047");
	expect_refused_at(13, IGNITION("id: -1, start_bit: 0, length: 4"), "signals.ignition.id", "0..2047, is -1");
	expect_refused_at(13, IGNITION("id: 1, id_bits: 12, start_bit: 0, length: 4"), "signals.ignition.id_bits",
			  "11 or 29");
	expect_refused_at(13, IGNITION("id: 0x20000000, id_bits: 29, start_bit: 0, length: 4"), "signals.ignition.id",
			  "0..536870911");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 0"), "signals.ignition.length", "1..64");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 65"), "signals.ignition.length", "1..64");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 512, length: 4"), "signals.ignition.start_bit", "0..511");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 61, length: 4"), "signals.ignition", "8 bytes");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 4, byte_order: middle"), "byte_order", "");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 4, max_age_ms: 9"), "signals.ignition.max_age_ms",
			  "10..");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 4, factor: 0"), "signals.ignition.factor", "0");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 4, factor: nan"), "signals.ignition.factor", "");
	expect_refused_at(13, IGNITION("id: 1, start_bit: 0, length: 4, offset: inf"), "signals.ignition.offset", "");
	expect_refused_at(13, "  speed_kmh: {bus: body, id: 1, start_bit: 0, length: 4, factor: 0}",
			  "signals.speed_kmh.factor", "0");
}

static void ignition_values_that_say_nothing_are_refused(void **state)
{
	(void)state;
#define VALUES(bits, values) "  ignition: {bus: body, id: 1, start_bit: 0, length: " bits ", values: {" values "}}"
	/* off must never be taken for on, nor the other way round */
	expect_refused_at(13, VALUES("4", "off: 1, on: 1"), "signals.ignition.values.on", "another state");
	expect_refused_at(13, VALUES("4", "off: 0, on: 1, cranking: 0"), "signals.ignition.values.cranking",
			  "another state");
	expect_refused_at(13, VALUES("2", "off: 0, on: 4"), "signals.ignition.values.on", "0..3");
	expect_refused_at(13, VALUES("64", "off: 4294967295, on: 1"), "signals.ignition.values.off", "0..2147483647");
	expect_refused_at(
	    13, "  ignition: {bus: body, id: 1, start_bit: 0, length: 2, signed: true, values: {off: 0, on: 2}}",
	    "signals.ignition.values.on", "0..1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_key_reaches_its_field),
	    TEST(what_is_not_said_has_its_default),
	    TEST(relative_paths_are_relative_to_the_file),
	    TEST(a_file_that_is_not_there_is_named),
	    TEST(what_is_missing_is_named),
	    TEST(a_key_that_there_is_not_is_named),
	    TEST(names_must_be_those_that_documents_can_say),
	    TEST(values_out_of_range_are_refused),
	    TEST(what_is_wanted_of_an_interface_is_checked),
	    TEST(a_simulated_bus_has_no_interface_to_set),
	    TEST(a_bus_that_there_is_not_is_named),
	    TEST(a_name_given_twice_is_refused),
	    TEST(two_ecus_at_one_address_of_a_bus_are_refused),
	    TEST(a_profile_says_its_own_file_and_line),
	    TEST(a_file_that_cannot_be_read_is_named_with_its_key),
	    TEST(more_than_fits_is_refused),
	    TEST(a_signal_that_cannot_be_is_refused),
	    TEST(ignition_values_that_say_nothing_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
