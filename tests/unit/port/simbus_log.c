#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/simbus_log.h"

static void the_log_is_what_candump_writes(void **state)
{
	char line[SIMBUS_LOG_LINE];
	struct can_msg msg = {.id = 0x7e0, .len = 3, .data = {2, 0x10, 0xfa}};

	(void)state;
	simbus_log_format(line, "can0", 1700000000000042, &msg);
	assert_string_equal(line, "(1700000000.000042) can0 7E0#0210FA\n");
	msg = (struct can_msg){.id = 0x18da10f1, .flags = CAN_MSG_EXTENDED | CAN_MSG_FD | CAN_MSG_BRS, .len = 1};
	simbus_log_format(line, "can0", 1700000000000042, &msg);
	assert_string_equal(line, "(1700000000.000042) can0 18DA10F1##100\n");
	msg = (struct can_msg){.id = 0x12, .flags = CAN_MSG_RTR, .len = 8};
	simbus_log_format(line, "can0", 1700000000000042, &msg);
	assert_string_equal(line, "(1700000000.000042) can0 012#R8\n");
	msg = (struct can_msg){.id = 0x88, .flags = CAN_MSG_ERROR, .len = 8, .data = {0, 0, 0, 8}};
	simbus_log_format(line, "can0", 1700000000000042, &msg);
	assert_string_equal(line, "(1700000000.000042) can0 20000088#0000000800000000\n");
}

static void a_log_holds_whole_lines_whenever_it_is_written(void **state)
{
	struct can_msg msg = {.id = 0x7e0, .len = 8};
	struct simbus_log *log;
	char dir[] = "/tmp/simbus-log-XXXXXX";
	char path[64], line[256];
	unsigned n = 0;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	assert_int_equal(simbus_log_new(path, &log), 0);
	assert_int_equal(simbus_log_open(log), 0);
	for (unsigned i = 0; i < 5000; i++)
		simbus_log_frame(log, "can0", i, &msg);
	file = fopen(path, "r"); /* as after a kill: nothing was flushed by hand */
	unlink(path);
	rmdir(dir);
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_string_equal(line + 19, " can0 7E0#0000000000000000\n");
		n++;
	}
	assert_in_range(n, 1, 4999);
	rewind(file);
	assert_int_equal(simbus_log_free(log), 0);
	for (n = 0; fgets(line, sizeof(line), file);)
		n++;
	assert_int_equal(n, 5000);
	fclose(file);
}

static void a_file_is_left_alone_until_the_log_is_opened(void **state)
{
	char path[] = "/tmp/simbus-log-XXXXXX";
	struct simbus_log *log;
	struct stat st;
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "frames\n", 7), 7);
	assert_int_equal(simbus_log_new(path, &log), 0);
	assert_int_equal(simbus_log_free(log), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(simbus_log_new(path, &log), 0);
	assert_int_equal(simbus_log_open(log), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(simbus_log_free(log), 0);
	close(fd);
	unlink(path);
}

static void a_log_that_cannot_be_opened_says_why(void **state)
{
	struct simbus_log *log;

	(void)state;
	assert_int_equal(simbus_log_new("/tmp", &log), 0);
	assert_int_equal(simbus_log_open(log), -EISDIR);
	assert_int_equal(simbus_log_free(log), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_log_is_what_candump_writes),
	    cmocka_unit_test(a_log_holds_whole_lines_whenever_it_is_written),
	    cmocka_unit_test(a_file_is_left_alone_until_the_log_is_opened),
	    cmocka_unit_test(a_log_that_cannot_be_opened_says_why),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
