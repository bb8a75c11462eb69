/* socket_file: what may be removed for a socket's sake, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/socket_file.h"

static char folder[] = "/tmp/socket-file-XXXXXX";
static char path[64];

static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};

static int bound(int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool there(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void nothing_is_in_the_way_of_a_free_path(void **state)
{
	(void)state;
	assert_int_equal(socket_file_clear(path, SOCK_STREAM), 0);
	assert_false(there());
}

static void a_socket_without_a_listener_is_removed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < 2; k++) {
			close(bound(types[i]));
			assert_true(there());
			assert_int_equal(socket_file_clear(path, types[k]), 0);
			assert_false(there());
		}
	}
}

static void a_socket_with_a_listener_stays_whatever_its_type(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < 2; k++) {
			int fd = bound(types[i]);

			assert_int_equal(listen(fd, 0), 0);
			/* the second time its queue is full */
			for (unsigned n = 0; n < 3; n++)
				assert_int_equal(socket_file_clear(path, types[k]), -EADDRINUSE);
			assert_true(there());
			close(fd);
			unlink(path);
		}
	}
}

static void files_folders_and_links_stay(void **state)
{
	(void)state;
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(socket_file_clear(path, SOCK_SEQPACKET), -EEXIST);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(socket_file_clear(path, SOCK_STREAM), -EEXIST);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(socket_file_clear(path, SOCK_STREAM), -EEXIST);
	assert_int_equal(unlink(path), 0);
}

static void a_path_too_long_for_a_socket_is_refused(void **state)
{
	char text[109];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[108] = '\0';
	assert_int_equal(socket_file_clear(text, SOCK_STREAM), -ENAMETOOLONG);
	text[107] = '\0';
	assert_int_equal(socket_file_clear(text, SOCK_STREAM), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_in_the_way_of_a_free_path),
	    cmocka_unit_test(a_socket_without_a_listener_is_removed),
	    cmocka_unit_test(a_socket_with_a_listener_stays_whatever_its_type),
	    cmocka_unit_test(files_folders_and_links_stay),
	    cmocka_unit_test(a_path_too_long_for_a_socket_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
