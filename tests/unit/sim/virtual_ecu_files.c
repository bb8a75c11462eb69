/* The files of virtual-ecu and vehicle-sim: their YAML, its errors, and what is kept on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/vehicle_config.h"
#include "sim/virtual_ecu_config.h"
#include "sim/virtual_ecu_key.h"
#include "sim/virtual_ecu_store.h"

#define DEMO TEST_SOURCE_DIR "/../sim/demo/"

static char dir[64];

static void path_in_dir(const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", dir, name);
}

static void write_text(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	path_in_dir(name, path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static const char small[] = "buses: [{name: b, port: can0}]\n"
			    "ecus:\n"
			    "  - name: x\n"
			    "    bus: b\n"
			    "    request_id: 0x100\n"
			    "    response_id: 0x101\n"
			    "    version_from: crc32\n"
			    "    memory: [{address: 0x1000, size: 0x2000}]\n";

/* @more: further lines of the ECU */
static struct vecu_setup *load(const char *more)
{
	struct vecu_setup *setup = NULL;
	struct yaml_error error;
	char path[128], text[1024];

	snprintf(text, sizeof(text), "%s%s", small, more);
	write_text("e.yaml", text);
	path_in_dir("e.yaml", path);
	if (vecu_setup_load(path, &setup, &error) != 0)
		fail_msg("%s", error.text);
	return setup;
}

static void refuses(const char *more, const char *expected)
{
	struct vecu_setup *setup = NULL;
	struct yaml_error error = {""};
	char path[128], text[1024];

	snprintf(text, sizeof(text), "%s%s", small, more);
	write_text("e.yaml", text);
	path_in_dir("e.yaml", path);
	assert_int_equal(vecu_setup_load(path, &setup, &error), 1);
	if (!strstr(error.text, expected))
		fail_msg("expected \"%s\" in \"%s\"", expected, error.text);
}

static void the_demo_files_load(void **state)
{
	(void)state;
	struct vecu_setup *setup = NULL;
	struct vehicle_core_config vehicle;
	struct vehicle_core_event *events;
	struct yaml_error error = {""};
	size_t n_events;

	if (vecu_setup_load(DEMO "virtual-ecus.yaml", &setup, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(setup->n_ecus, 2);
	assert_string_equal(setup->ecus[0].name, "lamp");
	assert_int_equal(setup->ecus[0].core.link.address.rx_id, 0x7e0);
	assert_int_equal(setup->ecus[0].core.n_regions, 2);
	assert_int_equal(setup->ecus[1].core.regions[0].address, 0x08000000);
	assert_int_equal(setup->ecus[1].algorithm, VECU_SECURITY_AES128_CMAC);
	free(setup);
	if (vehicle_config_load(DEMO "vehicle.yaml", &vehicle, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(vehicle.n_signals, 3);
	assert_int_equal(vehicle.signals[1].codec.order, CAN_SIGNAL_BIG_ENDIAN);
	if (vehicle_config_load_scenario(DEMO "scenario.yaml", &events, &n_events, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(n_events, 4);
	assert_true(events[3].has[VEHICLE_CORE_IGNITION] && !events[3].has[VEHICLE_CORE_SPEED_KMH]);
	free(events);
}

static void defaults_stand_where_keys_are_left_out(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("");
	const struct ecu_config *core = &setup->ecus[0].core;

	assert_int_equal(core->timing.p2_us, 50000);
	assert_int_equal(core->max_number_of_block_length, 4095);
	assert_int_equal(core->security.level, 0);
	assert_int_equal(core->functional_id, 0);
	assert_int_equal(core->regions[0].sector_bytes, 1024);
	assert_false(setup->ecus[0].factory.present);
	free(setup);
}

static void wrong_values_are_named_with_file_line_and_key(void **state)
{
	(void)state;
	refuses("    timing: {p2_ms: 0}\n", "e.yaml:9: ecus[0].timing.p2_ms: must be 1..65535, is 0");
	refuses("    max_block_length: 2\n", "e.yaml:9: ecus[0].max_block_length: ");
	refuses("    id_bits: 12\n", "e.yaml:9: ecus[0].id_bits: must be 11 or 29");
	refuses("    version: \"1\"\n", "give one of version, version_at and version_from");
	refuses("    colour: red\n", "e.yaml:9: ecus[0].colour: unknown key");
	refuses("    link: {st_min_us: 150}\n", "ecus[0].link.st_min_us: must be 0, 100..900");
	refuses("    security: {algorithm: aes-128-cmac, key: 0011}\n",
		"ecus[0].security.key: must be 16 bytes in hex");
	refuses("    dids: [{id: 1}]\n", "ecus[0].dids[0]: needs one of text and hex");
	refuses("    factory: {size: 0x3000}\n", "ecus[0].factory: must lie within the first region");
	refuses("  - name: x\n    bus: b\n    request_id: 1\n    response_id: 2\n    version: v\n"
		"    memory: [{address: 0, size: 1}]\n",
		"e.yaml:9: ecus[1].name: x is there twice");
	refuses("  - name: y\n    bus: c\n    request_id: 1\n    response_id: 2\n    version: v\n"
		"    memory: [{address: 0, size: 1}]\n",
		"e.yaml:10: ecus[1].bus: no such bus: c");
	refuses("  - name: y\n    bus: b\n    request_id: 0x800\n    response_id: 2\n    version: v\n"
		"    memory: [{address: 0, size: 1}]\n",
		"e.yaml:11: ecus[1].request_id: must be 0..2047, is 2048");
	refuses("  - name: y\n    bus: b\n    request_id: 1\n    response_id: 2\n    version: v\n"
		"    memory: [{address: 0, size: 8}, {address: 4, size: 8}]\n",
		"regions must not overlap");
}

static void a_wrong_vehicle_is_named_with_file_line_and_key(void **state)
{
	(void)state;
	struct vehicle_core_config vehicle;
	struct vehicle_core_event *events = NULL;
	struct yaml_error error = {""};
	size_t n = 0;
	char path[128];

	write_text("v.yaml", "signals:\n  ignition: {id: 1, start_bit: 6, length: 3, dlc: 1}\n");
	path_in_dir("v.yaml", path);
	assert_int_equal(vehicle_config_load(path, &vehicle, &error), 1);
	assert_non_null(strstr(error.text, "v.yaml:2: signals.ignition: must lie within dlc bytes"));
	write_text("v.yaml", "events:\n  - {at_ms: 5, set: {speed_kmh: 1}}\n  - {at_ms: 4, set: {speed_kmh: 1}}\n");
	assert_int_equal(vehicle_config_load_scenario(path, &events, &n, &error), 1);
	assert_non_null(strstr(error.text, "v.yaml:3: events[1].at_ms: "));
}

/* @addressing: the lines of one ECU's addresses */
static int load_addressed(const char *addressing, struct vecu_setup **setup, struct yaml_error *error)
{
	char path[128], text[1024];

	snprintf(text, sizeof(text),
		 "buses: [{name: b, port: can0}]\n"
		 "ecus:\n"
		 "  - name: x\n"
		 "    bus: b\n"
		 "    version: v\n"
		 "    memory: [{address: 0, size: 16}]\n%s",
		 addressing);
	write_text("e.yaml", text);
	path_in_dir("e.yaml", path);
	return vecu_setup_load(path, setup, error);
}

static struct ecu_config addressed(const char *addressing)
{
	struct vecu_setup *setup = NULL;
	struct yaml_error error = {""};
	struct ecu_config core;

	if (load_addressed(addressing, &setup, &error) != 0)
		fail_msg("%s", error.text);
	core = setup->ecus[0].core;
	free(setup);
	return core;
}

static void every_form_of_addressing_loads(void **state)
{
	(void)state;
	struct ecu_config c = addressed("    addressing: normal-fixed\n    target_address: 0x12\n");

	assert_true(c.link.address.extended_id && c.functional_extended_id);
	assert_int_equal(c.link.address.rx_id, 0x18da12f1);
	assert_int_equal(c.link.address.tx_id, 0x18daf112);
	assert_int_equal(c.functional_id, 0x18db33f1);
	c = addressed("    addressing: extended\n    request_id: 0x6f1\n    response_id: 0x612\n"
		      "    target_address: 0x12\n    functional_id: 0x6f1\n    functional_address: 0xdf\n");
	assert_int_equal(c.link.address.form, ISOTP_EXTENDED);
	assert_int_equal(c.link.address.rx_ae, 0x12);
	assert_int_equal(c.link.address.tx_ae, 0xf1);
	assert_true(c.functional_has_address);
	assert_int_equal(c.functional_address, 0xdf);
	c = addressed("    addressing: mixed\n    id_bits: 29\n    request_id: 0x18ce12f1\n"
		      "    response_id: 0x18cef112\n    address_extension: 0x55\n");
	assert_int_equal(c.link.address.form, ISOTP_MIXED);
	assert_true(c.link.address.extended_id);
	assert_int_equal(c.link.address.rx_ae, 0x55);
	assert_int_equal(c.link.address.tx_ae, 0x55);
	assert_false(c.functional_has_address);
}

static void addresses_that_do_not_fit_their_form_are_refused(void **state)
{
	static const char *const wrong[][2] = {
	    {"    request_id: 1\n", "ecus[0].response_id: is missing"},
	    {"    addressing: normal-fixed\n", "ecus[0].target_address: is missing"},
	    {"    addressing: normal-fixed\n    target_address: 1\n    request_id: 1\n",
	     "ecus[0].request_id: does not"},
	    {"    addressing: normal-fixed\n    target_address: 1\n    id_bits: 11\n", "ecus[0].id_bits: must be 29"},
	    {"    addressing: mixed\n    request_id: 1\n    response_id: 2\n", "ecus[0].address_extension: is missing"},
	    {"    request_id: 1\n    response_id: 2\n    target_address: 3\n", "ecus[0].target_address: does not"},
	    {"    request_id: 1\n    response_id: 2\n    functional_address: 3\n",
	     "ecus[0].functional_address: does not"},
	    {"    addressing: extended\n    request_id: 1\n    response_id: 2\n    target_address: 0x100\n",
	     "ecus[0].target_address: must be 0..255"},
	    {"    addressing: sideways\n", "ecus[0].addressing"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vecu_setup *setup = NULL;
		struct yaml_error error = {""};

		assert_int_equal(load_addressed(wrong[i][0], &setup, &error), 1);
		if (!strstr(error.text, wrong[i][1]))
			fail_msg("expected \"%s\" in \"%s\"", wrong[i][1], error.text);
	}
}

#define TWO_ON_ONE_IDENTIFIER(target)                                                                         \
	"    addressing: extended\n    request_id: 0x6f1\n    response_id: 0x612\n    target_address: 0x12\n" \
	"  - {name: y, bus: b, version: v, memory: [{address: 0, size: 16}], addressing: extended,\n"         \
	"     request_id: 0x6f1, response_id: 0x613, target_address: " target "}\n"

static void one_identifier_may_lead_to_ecus_of_different_addresses(void **state)
{
	(void)state;
	struct vecu_setup *setup = NULL;
	struct yaml_error error = {""};

	assert_int_equal(load_addressed(TWO_ON_ONE_IDENTIFIER("0x13"), &setup, &error), 0);
	free(setup);
	assert_int_equal(load_addressed(TWO_ON_ONE_IDENTIFIER("0x12"), &setup, &error), 1);
	assert_non_null(strstr(error.text, "ecus[1].request_id: is that of x on the same bus"));
}

static void faults_load_with_their_moments(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("    faults:\n"
					"      - {fault: reset, at_service: 0x36, after: 3}\n"
					"      - {fault: voltage-low, argument: on}\n"
					"      - {fault: block-length, argument: 2}\n"
					"      - {fault: negative, argument: \"22:10\"}\n");
	const struct ecu_config *core = &setup->ecus[0].core;

	assert_int_equal(core->n_faults, 4);
	assert_int_equal(core->faults[0].kind, ECU_FAULT_RESET);
	assert_int_equal(core->faults[0].at_service, 0x36);
	assert_int_equal(core->faults[0].after, 3);
	assert_int_equal(core->faults[1].kind, ECU_FAULT_VOLTAGE_LOW);
	assert_int_equal(core->faults[1].arg, 1);
	assert_int_equal(core->faults[2].arg, 2);
	assert_int_equal(core->faults[3].arg, 0x2210);
	free(setup);
	refuses("    faults: [{fault: explode}]\n", "ecus[0].faults[0].fault: explode: unknown fault; there are: ");
	refuses("    faults: [{fault: silent}]\n", "ecus[0].faults[0].fault: silent: wrong or missing argument");
	refuses("    faults: [{fault: pending, argument: 0}]\n", "faults[0].fault: pending: wrong or missing argument");
	refuses("    faults: [{fault: reset, after: 1}]\n", "ecus[0].faults[0].after: counts requests of at_service");
}

static void trouble_codes_load(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("    dtc_availability: 0x2f\n"
					"    dtcs: [{code: 0xc10000, status: 0x09}, {code: 0x123456}]\n"
					"    faults: [{fault: dtc, argument: \"c10001:2f\"}]\n");
	const struct ecu_config *core = &setup->ecus[0].core;

	assert_int_equal(core->dtc_availability, 0x2f);
	assert_int_equal(core->n_dtcs, 2);
	assert_int_equal(core->dtcs[0].code, 0xc10000);
	assert_int_equal(core->dtcs[0].status, 9);
	assert_int_equal(core->dtcs[1].status, 0);
	assert_int_equal(core->faults[0].arg, 0x2fc10001);
	free(setup);
	refuses("    dtcs: [{code: 0x1000000}]\n", "ecus[0].dtcs[0].code: must be 0..16777214");
	refuses("    faults: [{fault: dtc, argument: \"c10001:\"}]\n",
		"faults[0].fault: dtc: wrong or missing argument");
	refuses("    faults: [{fault: dtc, argument: 1234567}]\n", "faults[0].fault: dtc: wrong or missing argument");
}

static const char with_factory[] = "    factory: {version: \"old \\\"1\\\"\", size: 0x100}\n"
				   "    dids: [{id: 0x0110, hex: 0102, writable: true}]\n";

static void an_ecu_is_kept_with_memory_and_state(void **state)
{
	(void)state;
	struct vecu_setup *setup = load(with_factory);
	struct vecu_definition *d = &setup->ecus[0];
	struct ecu_nonvolatile nv, again;
	struct yaml_error error = {""};
	struct vecu_store store;

	assert_int_equal(vecu_store_open(&store, dir, d, &nv, &error), 0);
	assert_true(nv.app_valid);
	assert_string_equal(nv.factory_version, "old \"1\"");
	assert_int_equal(ecu_extents_bytes(&nv.programmed), 0x100);
	assert_int_equal(d->core.regions[0].bytes[0x100], 0xff);
	d->core.regions[0].bytes[0x1fff] = 0x42;
	nv.app_valid = false;
	nv.factory_version[0] = '\0';
	nv.failed_keys = 2;
	nv.n_fingerprint = 3;
	memcpy(nv.fingerprint, "\x01\x02\x03", 3);
	memcpy(nv.did_bytes[0], "\xaa\xbb", 2);
	assert_true(ecu_extents_add(&nv.programmed, 0x2000, 4));
	assert_int_equal(vecu_store_save(&store, &d->core, &nv), 0);
	assert_int_equal(vecu_store_sync(&store), 0);
	vecu_store_close(&store);

	assert_int_equal(vecu_store_open(&store, dir, d, &again, &error), 0);
	assert_false(again.app_valid);
	assert_string_equal(again.factory_version, "");
	assert_int_equal(again.failed_keys, 2);
	assert_int_equal(again.n_fingerprint, 3);
	assert_memory_equal(again.fingerprint, "\x01\x02\x03", 3);
	assert_memory_equal(again.did_bytes[0], "\xaa\xbb", 2);
	assert_int_equal(again.programmed.n, 2);
	assert_int_equal(again.programmed.items[1].address, 0x2000);
	assert_int_equal(d->core.regions[0].bytes[0x1fff], 0x42);
	vecu_store_close(&store);
	free(setup);
}

static void a_memory_of_another_size_is_refused(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("");
	struct vecu_definition *d = &setup->ecus[0];
	struct ecu_nonvolatile nv;
	struct yaml_error error = {""};
	struct vecu_store store;

	assert_int_equal(vecu_store_open(&store, dir, d, &nv, &error), 0);
	assert_false(nv.app_valid);
	vecu_store_close(&store);
	d->core.regions[0].size = 0x1000;
	assert_true(vecu_store_open(&store, dir, d, &nv, &error) != 0);
	assert_non_null(strstr(error.text, "of another size"));
	free(setup);
}

static void a_broken_state_file_is_refused_with_its_line(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("");
	struct ecu_nonvolatile nv;
	struct yaml_error error = {""};
	struct vecu_store store;

	assert_int_equal(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error), 0);
	vecu_store_close(&store);
	write_text("x.state", "app_valid: true\nprogrammed: [{address: 0xffffffff, size: 2}]\n");
	assert_int_equal(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error), 1);
	assert_non_null(strstr(error.text, "x.state:2: programmed"));
	free(setup);
}

static void factory_contents_come_from_a_file(void **state)
{
	(void)state;
	char more[256], path[128];
	struct vecu_setup *setup;
	struct ecu_nonvolatile nv;
	struct yaml_error error = {""};
	struct vecu_store store;

	write_text("old.bin", "OLD IMAGE");
	path_in_dir("old.bin", path);
	snprintf(more, sizeof(more), "    factory: {file: %s, address: 0x1010}\n", path);
	setup = load(more);
	assert_int_equal(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error), 0);
	assert_memory_equal(setup->ecus[0].core.regions[0].bytes + 0x10, "OLD IMAGE", 9);
	assert_int_equal(nv.programmed.items[0].address, 0x1010);
	assert_int_equal(nv.programmed.items[0].size, 9);
	vecu_store_close(&store);
	free(setup);
}

static void keys_belong_to_their_seeds(void **state)
{
	(void)state;
	struct vecu_definition d = {.core = ecu_config_default(), .algorithm = VECU_SECURITY_XOR, .n_key = 2};
	uint8_t seed[ECU_MAX_SEED_BYTES], key[ECU_MAX_SEED_BYTES], other[ECU_MAX_SEED_BYTES];

	d.key[0] = 0x5a;
	d.key[1] = 0xa5;
	assert_int_equal(vecu_key_draw(&d, seed, key), 16);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(seed[i] ^ key[i], i % 2 ? 0xa5 : 0x5a);
	vecu_key_draw(&d, other, key);
	assert_memory_not_equal(seed, other, 16);
	d.algorithm = VECU_SECURITY_AES128_CMAC;
	d.n_key = 16;
	assert_int_equal(vecu_key_draw(&d, seed, key), 16);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vecu-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_dir, teardown_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_demo_files_load),
	    TEST(defaults_stand_where_keys_are_left_out),
	    TEST(wrong_values_are_named_with_file_line_and_key),
	    TEST(a_wrong_vehicle_is_named_with_file_line_and_key),
	    TEST(every_form_of_addressing_loads),
	    TEST(addresses_that_do_not_fit_their_form_are_refused),
	    TEST(one_identifier_may_lead_to_ecus_of_different_addresses),
	    TEST(faults_load_with_their_moments),
	    TEST(trouble_codes_load),
	    TEST(an_ecu_is_kept_with_memory_and_state),
	    TEST(a_memory_of_another_size_is_refused),
	    TEST(a_broken_state_file_is_refused_with_its_line),
	    TEST(factory_contents_come_from_a_file),
	    TEST(keys_belong_to_their_seeds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
