/* What is looked at before the daemon runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gatewayd/io/log.h"
#include "gatewayd/io/startup.h"

/* in a process of its own, which holds what it locks until it ends; Return: its status */
static int lock_in_child(const char *dir)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(startup_lock(dir));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_state_belongs_to_one_daemon_until_its_process_ends(void **state)
{
	char dir[] = "/tmp/startup-test-XXXXXX", path[64];

	(void)state;
	log_init(2);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(lock_in_child(dir), 0);
	assert_int_equal(lock_in_child(dir), 0); /* the first has ended */
	assert_int_equal(startup_lock(dir), 0);
	assert_int_equal(lock_in_child(dir), 1);
	snprintf(path, sizeof(path), "%s/gatewayd.lock", dir);
	unlink(path);
	rmdir(dir);
}

static void a_state_directory_that_is_not_there_cannot_be_locked(void **state)
{
	(void)state;
	log_init(2);
	assert_int_equal(startup_lock("/nonexistent/state"), 1);
}

static void a_configuration_without_usable_keys_is_refused_by_the_check(void **state)
{
	struct config *config = calloc(1, sizeof(*config));

	(void)state;
	log_init(2);
	assert_non_null(config);
	snprintf(config->backend_certificate, sizeof(config->backend_certificate), "/nonexistent/client.crt");
	assert_int_equal(startup_check(config), 1);
	free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_state_belongs_to_one_daemon_until_its_process_ends),
	    cmocka_unit_test(a_state_directory_that_is_not_there_cannot_be_locked),
	    cmocka_unit_test(a_configuration_without_usable_keys_is_refused_by_the_check),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
