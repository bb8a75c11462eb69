/* The files of virtual-ecu and vehicle-sim: their YAML and its errors. */
#include "tests/unit/sim/vecu_files.h"

#include "sim/vehicle_config.h"

#define DEMO TEST_SOURCE_DIR "/../sim/demo/"

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
	assert_int_equal(setup->ecus[1].secrets[0].algorithm, VECU_SECURITY_AES128_CMAC);
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
	refuses("    timing: {p2_ms: -1}\n", "e.yaml:9: ecus[0].timing.p2_ms: must be 1..65535, is -1");
	refuses("    timing: {reset_ms: -1}\n", "e.yaml:9: ecus[0].timing.reset_ms: must be 0..3600000, is -1");
	refuses("    max_block_length: -1\n", "e.yaml:9: ecus[0].max_block_length: must be 3..65535, is -1");
	refuses("    dids: [{id: -1, text: x}]\n", "e.yaml:9: ecus[0].dids[0].id: must be 0..65535, is -1");
	refuses("    id_bits: 12\n", "e.yaml:9: ecus[0].id_bits: must be 11 or 29, is 12");
	refuses("    id_bits: -11\n", "e.yaml:9: ecus[0].id_bits: must be 11 or 29, is -11");
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
	static const char *const signals[][2] = {
	    {"id: 1, start_bit: 6, length: 3, dlc: 1",
	     "signals.ignition: must lie within dlc bytes, with a factor other than 0"},
	    {"id: -1, start_bit: 6, length: 3", "signals.ignition.id: must be 0..2047, is -1"},
	    {"id: 0x800, start_bit: 6, length: 3", "signals.ignition.id: must be 0..2047, is 2048"},
	    {"id: 1, id_bits: -29, start_bit: 6, length: 3", "signals.ignition.id_bits: must be 11 or 29, is -29"},
	    {"id: 1, start_bit: -1, length: 3", "signals.ignition.start_bit: must be 0..63, is -1"},
	    {"id: 1, start_bit: 6, length: 3, cycle_ms: -1", "signals.ignition.cycle_ms: must be 1..3600000, is -1"},
	};
	struct vehicle_core_config vehicle;
	struct vehicle_core_event *events = NULL;
	struct yaml_error error = {""};
	size_t n = 0;
	char path[128], text[256];

	path_in_dir("v.yaml", path);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		snprintf(text, sizeof(text), "signals:\n  ignition: {%s}\n", signals[i][0]);
		write_text("v.yaml", text);
		assert_int_equal(vehicle_config_load(path, &vehicle, &error), 1);
		snprintf(text, sizeof(text), "%s:2: %s", path, signals[i][1]);
		assert_string_equal(error.text, text);
	}
	write_text("v.yaml", "signals:\n  kl15_held: {id: 1, start_bit: 0, length: 1}\n"
			     "grants:\n- {signal: kl15_held, id: 2, delay_ms: -1}\n");
	assert_int_equal(vehicle_config_load(path, &vehicle, &error), 1);
	assert_non_null(strstr(error.text, "v.yaml:4: grants[0].delay_ms: must be 0..600000, is -1"));
	write_text("v.yaml", "events:\n  - {at_ms: 5, set: {speed_kmh: 1}}\n  - {at_ms: 4, set: {speed_kmh: 1}}\n");
	assert_int_equal(vehicle_config_load_scenario(path, &events, &n, &error), 1);
	assert_non_null(strstr(error.text, "v.yaml:3: events[1].at_ms: must not be before the last one, 5, is 4"));
	write_text("v.yaml", "events:\n  - {at_ms: -5, set: {speed_kmh: 1}}\n");
	assert_int_equal(vehicle_config_load_scenario(path, &events, &n, &error), 1);
	assert_non_null(strstr(error.text, "v.yaml:2: events[0].at_ms: must be 0..4294967295, is -5"));
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

static void a_region_is_whole_sectors(void **state)
{
	static const char *const sizes[][2] = {
	    {"size: 3000", "e.yaml:6: ecus[0].memory[0].size: a region of 3000 bytes"},
	    {"size: 4096, sector: 1000", "e.yaml:6: ecus[0].memory[0].sector: a region of 4096 bytes"},
	    {"size: 16, sector: 32", "ecus[0].memory[0].sector: a region of 16 bytes"},
	    {"size: 4096", NULL},
	    {"size: 3000, sector: 1000", NULL},
	    {"size: 16", NULL}, /* one sector, smaller than the usual one */
	};
	(void)state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vecu_setup *setup = NULL;
		struct yaml_error error = {""};
		char path[128], text[512];

		snprintf(text, sizeof(text),
			 "buses: [{name: b, port: can0}]\n"
			 "ecus:\n"
			 "  - name: x\n"
			 "    bus: b\n"
			 "    version: v\n"
			 "    memory: [{address: 0, %s}]\n"
			 "    request_id: 1\n"
			 "    response_id: 2\n",
			 sizes[i][0]);
		write_text("e.yaml", text);
		path_in_dir("e.yaml", path);
		assert_int_equal(vecu_setup_load(path, &setup, &error), sizes[i][1] ? 1 : 0);
		if (sizes[i][1] && !strstr(error.text, sizes[i][1]))
			fail_msg("\"%s\" does not say \"%s\"", error.text, sizes[i][1]);
		if (!sizes[i][1])
			assert_true(setup->ecus[0].core.regions[0].sector_bytes > 0);
		free(setup);
	}
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
	    {"    request_id: 0x7e0\n    response_id: 0x7e0\n", "e.yaml:8: ecus[0].response_id: is that of the"},
	    {"    addressing: extended\n    request_id: 1\n    response_id: 1\n    target_address: 0x10\n",
	     "ecus[0].response_id: is that of the requests"},
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

static void security_levels_load_with_keys_of_their_own(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("    security:\n"
					"      algorithm: xor\n"
					"      key: 5ac3\n"
					"      more_levels: [{level: 0x11, algorithm: xor, key: 0f}]\n"
					"    dids: [{id: 1, text: a, level: 0x11}]\n"
					"    deauthenticates: true\n");
	const struct vecu_definition *d = &setup->ecus[0];

	assert_int_equal(d->core.security.level, 1);
	assert_int_equal(d->core.security.n_more_levels, 1);
	assert_int_equal(d->core.security.more_levels[0], 0x11);
	assert_int_equal(d->secrets[0].n_key, 2);
	assert_int_equal(d->secrets[1].n_key, 1);
	assert_int_equal(d->secrets[1].key[0], 0x0f);
	assert_true(d->core.dids[0].secured);
	assert_int_equal(d->core.dids[0].level, 0x11);
	assert_true(d->core.deauthenticates);
	free(setup);
	refuses("    security: {algorithm: xor, key: 5a, more_levels: [{level: 1, algorithm: xor, key: 0f}]}\n",
		"security: each level must be there once");
	refuses("    security: {algorithm: xor, key: 5a, more_levels: [{level: 2, algorithm: xor, key: 0f}]}\n",
		"security: more_levels must be odd");
	refuses(
	    "    security: {algorithm: xor, key: 5a, more_levels: [{level: 3, algorithm: aes-128-cmac, key: 0f}]}\n",
	    "ecus[0].security.more_levels[0].key: must be 16 bytes in hex");
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

static void banks_and_regions_load_with_their_keys(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("    banks: {switch_over: 0x0301, session: programming}\n");
	const struct ecu_config *core = &setup->ecus[0].core;

	assert_true(core->banks.present && core->banks.programming_session);
	assert_int_equal(core->banks.switch_over, 0x0301);
	assert_int_equal(core->banks.switch_back, 0x0211);
	assert_false(core->regions[0].upload);
	free(setup);
	refuses("    banks: {switch_over: 0x0211}\n", "banks: the two routines must differ");
	setup =
	    load("  - {name: y, bus: b, request_id: 1, response_id: 2, version: v, memory: [{address: 0, size: 16,\n"
		 "     upload: true, erase_us_per_sector: 7, program_us_per_kib: 8}]}\n");
	assert_false(setup->ecus[1].core.banks.present);
	assert_true(setup->ecus[1].core.regions[0].upload);
	assert_int_equal(setup->ecus[1].core.regions[0].erase_us_per_sector, 7);
	assert_int_equal(setup->ecus[1].core.regions[0].program_us_per_kib, 8);
	free(setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_demo_files_load),
	    TEST(defaults_stand_where_keys_are_left_out),
	    TEST(wrong_values_are_named_with_file_line_and_key),
	    TEST(a_wrong_vehicle_is_named_with_file_line_and_key),
	    TEST(a_region_is_whole_sectors),
	    TEST(every_form_of_addressing_loads),
	    TEST(addresses_that_do_not_fit_their_form_are_refused),
	    TEST(one_identifier_may_lead_to_ecus_of_different_addresses),
	    TEST(faults_load_with_their_moments),
	    TEST(security_levels_load_with_keys_of_their_own),
	    TEST(trouble_codes_load),
	    TEST(banks_and_regions_load_with_their_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
