/* What virtual-ecu keeps on disk, and the keys of its seeds. */
#include "tests/unit/sim/vecu_files.h"

#include <sys/stat.h>

#include "sim/virtual_ecu_key.h"
#include "sim/virtual_ecu_store.h"

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

static void both_banks_are_kept_and_which_one_runs(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("    banks: {}\n    factory: {version: old, size: 0x100}\n");
	struct vecu_definition *d = &setup->ecus[0];
	struct ecu_nonvolatile nv, again;
	struct yaml_error error = {""};
	struct vecu_store store;

	if (vecu_store_open(&store, dir, d, &nv, &error) != 0)
		fail_msg("%s", error.text);
	assert_true(nv.app_valid && !nv.bank_b.app_valid && nv.running_bank == 0);
	assert_int_equal(d->core.regions[0].bank_b[0], 0xff);
	d->core.regions[0].bank_b[5] = 0x42;
	nv.running_bank = 1;
	nv.bank_mark = ECU_BANK_BACK;
	nv.bank_b.app_valid = true;
	strcpy(nv.bank_b.factory_version, "b-1");
	assert_true(ecu_extents_add(&nv.bank_b.programmed, 0x1000, 4));
	assert_int_equal(vecu_store_save(&store, &d->core, &nv), 0);
	vecu_store_close(&store);

	assert_int_equal(vecu_store_open(&store, dir, d, &again, &error), 0);
	assert_true(again.app_valid && again.bank_b.app_valid);
	assert_int_equal(again.running_bank, 1);
	assert_int_equal(again.bank_mark, ECU_BANK_BACK);
	assert_string_equal(again.factory_version, "old");
	assert_string_equal(again.bank_b.factory_version, "b-1");
	assert_int_equal(ecu_extents_bytes(&again.programmed), 0x100);
	assert_int_equal(ecu_extents_bytes(&again.bank_b.programmed), 4);
	assert_int_equal(d->core.regions[0].bank_b[5], 0x42);
	assert_int_equal(d->core.regions[0].bytes[5] == 0x42, 0);
	vecu_store_close(&store);

	/* the configuration has one bank again: neither the memory nor the state fit */
	d->core.banks.present = false;
	assert_true(vecu_store_open(&store, dir, d, &again, &error) != 0);
	assert_non_null(strstr(error.text, "of another size"));
	free(setup);
}

static void a_file_that_can_hold_no_memory_is_not_said_to_be_of_another_size(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("");
	struct ecu_nonvolatile nv;
	struct yaml_error error = {""};
	struct vecu_store store;
	char path[128];

	path_in_dir("x.bin", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error) != 0);
	assert_non_null(strstr(error.text, "x.bin: no memory can be kept there: Invalid argument"));
	free(setup);
}

static void a_state_file_of_an_earlier_version_is_read(void **state)
{
	(void)state;
	struct vecu_setup *setup = load("");
	struct ecu_nonvolatile nv;
	struct yaml_error error = {""};
	struct vecu_store store;

	assert_int_equal(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error), 0);
	vecu_store_close(&store);
	write_text("x.state", "app_valid: true\nfactory_version: \"old\"\nfingerprint: \"0102\"\nfailed_keys: 1\n"
			      "programmed:\n  - {address: 0x00001000, size: 256}\n");
	assert_int_equal(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error), 0);
	assert_true(nv.app_valid);
	assert_int_equal(nv.running_bank, 0);
	assert_int_equal(nv.bank_mark, ECU_BANK_STAY);
	assert_int_equal(ecu_extents_bytes(&nv.programmed), 256);
	vecu_store_close(&store);
	write_text("x.state", "app_valid: true\nrunning_bank: b\nbank_b: {app_valid: true}\n");
	assert_int_equal(vecu_store_open(&store, dir, &setup->ecus[0], &nv, &error), 1);
	assert_non_null(strstr(error.text, "x.state:3: bank_b: the ECU has one bank by now"));
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

static void keys_belong_to_their_seeds_and_levels(void **state)
{
	(void)state;
	struct vecu_definition d = {.core = ecu_config_default()};
	uint8_t seed[ECU_MAX_SEED_BYTES], key[ECU_MAX_SEED_BYTES], other[ECU_MAX_SEED_BYTES];

	d.core.security.more_levels[0] = 0x11;
	d.core.security.n_more_levels = 1;
	d.secrets[0] = (struct vecu_secret){.algorithm = VECU_SECURITY_XOR, .key = {0x5a, 0xa5}, .n_key = 2};
	d.secrets[1] = (struct vecu_secret){.algorithm = VECU_SECURITY_XOR, .key = {0x0f}, .n_key = 1};
	assert_int_equal(vecu_key_draw(&d, 1, seed, key), 16);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(seed[i] ^ key[i], i % 2 ? 0xa5 : 0x5a);
	vecu_key_draw(&d, 0x11, other, key);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(other[i] ^ key[i], 0x0f);
	assert_memory_not_equal(seed, other, 16);
	d.secrets[0] = (struct vecu_secret){.algorithm = VECU_SECURITY_AES128_CMAC, .n_key = 16};
	assert_int_equal(vecu_key_draw(&d, 1, seed, key), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_ecu_is_kept_with_memory_and_state),
	    TEST(both_banks_are_kept_and_which_one_runs),
	    TEST(a_state_file_of_an_earlier_version_is_read),
	    TEST(a_memory_of_another_size_is_refused),
	    TEST(a_broken_state_file_is_refused_with_its_line),
	    TEST(factory_contents_come_from_a_file),
	    TEST(keys_belong_to_their_seeds_and_levels),
	    TEST(a_file_that_can_hold_no_memory_is_not_said_to_be_of_another_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
