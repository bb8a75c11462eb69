/* config: what the service manager hands over, its credentials and the state directory. */
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
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("STATE_DIRECTORY");
	return 0;
}

/* a whole configuration with these lines of its own: 1 backend, 2 and on of the top level */
static int load(const char *key, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "backend: {host: h, port: 1, ca: ca.pem, certificate: c.pem, key: '%s'}\n"
		 "%s\n"
		 "vehicle_id: VIN-1\n"
		 "trust:\n"
		 "  author: {keys: [author.pub]}\n"
		 "  director: {keys: [director.pub]}\n"
		 "  time: {keys: ['credential:time.pub']}\n"
		 "buses: [{name: body, port: can0}]\n"
		 "ecus: [{name: lamp-1, bus: body, profile: lamp.yaml}]\n",
		 key, more);
	rig_write_text(rig_path("c.yaml"), text);
	error.text[0] = '\0';
	return config_load(rig_path("c.yaml"), &config, &error);
}

static void hand_over(const char *folder)
{
	assert_int_equal(mkdir(rig_path(folder), 0755), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", rig_path(folder), 1), 0);
}

static void a_credential_lies_where_the_service_manager_put_it(void **state)
{
	(void)state;
	hand_over("credentials");
	rig_write_text(rig_path("credentials/gatewayd.vehicle.key"), "key");
	rig_write_text(rig_path("credentials/ecu-keys"), "keys: []");
	rig_write_text(rig_path("credentials/time.pub"), "key");
	if (load("credential:gatewayd.vehicle.key", "ecu_keys: credential:ecu-keys"))
		fail_msg("%s", error.text);
	assert_string_equal(config.backend_key, rig_path("credentials/gatewayd.vehicle.key"));
	assert_string_equal(config.ecu_keys, rig_path("credentials/ecu-keys"));
	assert_string_equal(config.time_keys.files[0], rig_path("credentials/time.pub"));
	assert_string_equal(config.backend_ca, rig_path("ca.pem")); /* the others are paths as ever */
}

static void without_a_service_manager_it_is_said_what_to_do(void **state)
{
	(void)state;
	assert_int_equal(load("credential:gatewayd.vehicle.key", ""), 1);
	rig_expect_words(error.text, "c.yaml:1: backend.key: ");
	rig_expect_words(error.text, "systemd hands over gatewayd.vehicle.key");
	rig_expect_words(error.text, "CREDENTIALS_DIRECTORY is not set");
	rig_expect_words(error.text, "CREDENTIALS_DIRECTORY=/etc/credstore");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "", 1), 0);
	assert_int_equal(load("k.pem", "ecu_keys: credential:ecu-keys"), 1);
	rig_expect_words(error.text, "c.yaml:2: ecu_keys: ");
	rig_expect_words(error.text, "CREDENTIALS_DIRECTORY is not set");
}

static void a_credential_that_was_not_handed_over_is_named(void **state)
{
	(void)state;
	hand_over("credentials");
	assert_int_equal(load("k.pem", ""), 1);
	rig_expect_words(error.text, "c.yaml:7: trust.time.keys[0]: ");
	rig_expect_words(error.text, "there is no credential time.pub (No such file or directory)");
	rig_expect_words(error.text, "LoadCredential=time.pub");
}

static void a_name_that_is_none_is_refused(void **state)
{
	(void)state;
	hand_over("credentials");
	rig_write_text(rig_path("secret"), "key"); /* not to be reached from there */
	for (const char *const *name = (const char *const[]){"", "../secret", ".", "a b", "a/b", NULL}; *name; name++) {
		char key[64];

		snprintf(key, sizeof(key), "credential:%s", *name);
		assert_int_equal(load(key, ""), 1);
		rig_expect_words(error.text, "c.yaml:1: backend.key: ");
		rig_expect_words(error.text, "must be a credential's name");
	}
}

static void the_longest_folder_still_gives_an_error(void **state)
{
	(void)state;
	char folder[CONFIG_PATH_BYTES];

	memset(folder, 'x', sizeof(folder));
	folder[0] = '/';
	folder[sizeof(folder) - 1] = '\0';
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	assert_int_equal(load("credential:k", ""), 1);
	rig_expect_words(error.text, "c.yaml:1: backend.key: CREDENTIALS_DIRECTORY is longer than");
}

static void the_state_is_kept_where_the_service_manager_made_room(void **state)
{
	(void)state;
	hand_over("credentials");
	rig_write_text(rig_path("credentials/time.pub"), "key");
	assert_int_equal(load("k.pem", ""), 0);
	assert_string_equal(config.state_dir, "/var/lib/gatewayd");
	assert_int_equal(setenv("STATE_DIRECTORY", "/var/lib/gatewayd-bench", 1), 0);
	assert_int_equal(load("k.pem", ""), 0);
	assert_string_equal(config.state_dir, "/var/lib/gatewayd-bench");
	assert_int_equal(load("k.pem", "state_dir: /somewhere"), 0); /* what the file says goes before it */
	assert_string_equal(config.state_dir, "/somewhere");
	assert_int_equal(setenv("STATE_DIRECTORY", "", 1), 0);
	assert_int_equal(load("k.pem", ""), 0);
	assert_string_equal(config.state_dir, "/var/lib/gatewayd");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_credential_lies_where_the_service_manager_put_it),
	    TEST(without_a_service_manager_it_is_said_what_to_do),
	    TEST(a_credential_that_was_not_handed_over_is_named),
	    TEST(a_name_that_is_none_is_refused),
	    TEST(the_longest_folder_still_gives_an_error),
	    TEST(the_state_is_kept_where_the_service_manager_made_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
