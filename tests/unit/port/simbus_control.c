#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/simbus_control.h"

struct bench {
	uv_loop_t loop;
	char dir[64];
	char bus_path[96];
	char path[96];
	struct simbus *bus;
	struct simbus_control *control;
	unsigned n_quit;
	int fd;
};

static void on_quit(void *owner)
{
	struct bench *s = owner;

	s->n_quit++;
	simbus_control_close(s->control); /* as the program does */
	s->control = NULL;
}

static int setup(void **state)
{
	struct bench *s = calloc(1, sizeof(*s));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct simbus_config config = {.bus = {.nominal_bps = 500000, .seed = 1}};

	assert_non_null(s);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	strcpy(s->dir, "/tmp/simbus-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->bus_path, sizeof(s->bus_path), "%s/bus", s->dir);
	snprintf(s->path, sizeof(s->path), "%s/control", s->dir);
	config.path = s->bus_path;
	assert_int_equal(simbus_new(&s->loop, &config, &s->bus), 0);
	assert_int_equal(simbus_control_new(&s->loop, s->path, s->bus, on_quit, s, &s->control), 0);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	assert_int_equal(connect(s->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct bench *s = *state;

	simbus_control_close(s->control);
	simbus_close(s->bus);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	int r = uv_loop_close(&s->loop);
	close(s->fd);
	assert_int_equal(access(s->path, F_OK), -1);
	rmdir(s->dir);
	free(s);
	return r;
}

/* Return: bytes of the answer, 0 at the end of the connection */
static size_t ask(struct bench *s, const char *text, char *answer, size_t cap)
{
	ssize_t n = -1;

	assert_int_equal(send(s->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	for (int i = 0; i < 1000 && n < 0; i++) {
		uv_run(&s->loop, UV_RUN_NOWAIT);
		n = recv(s->fd, answer, cap - 1, 0);
	}
	assert_true(n >= 0);
	answer[n] = '\0';
	return (size_t)n;
}

static void stats_are_one_line_of_json(void **state)
{
	char answer[512];

	ask(*state, "stats\n", answer, sizeof(answer));
	assert_string_equal(answer,
			    "{\"now_ns\":0,\"busy_ns\":0,\"frames\":0,\"dropped\":0,\"overruns\":0,\"clients\":0,"
			    "\"load_permille\":0,\"load_permille_last_second\":0}\n");
}

static void each_line_of_one_packet_is_answered(void **state)
{
	char answer[512];

	ask(*state, "drop 20000\ndrop 1000001\ndrop x\nfly\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"drop_ppm\":20000}\n"
				    "{\"error\":\"drop needs 0..1000000\"}\n"
				    "{\"error\":\"drop needs 0..1000000\"}\n"
				    "{\"error\":\"unknown command; there are: stats, drop PPM, quit\"}\n");
}

static void a_command_may_come_in_pieces(void **state)
{
	struct bench *s = *state;
	char answer[512];

	assert_int_equal(send(s->fd, "dro", 3, 0), 3);
	for (int i = 0; i < 3; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	ask(s, "p 5\r\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"drop_ppm\":5}\n");
}

static void a_line_without_end_closes_the_connection(void **state)
{
	char line[300];
	char answer[512];

	memset(line, 'x', sizeof(line));
	line[299] = '\0';
	assert_int_equal(ask(*state, line, answer, sizeof(answer)), 0);
}

static void quit_is_told_to_the_program(void **state)
{
	struct bench *s = *state;

	assert_int_equal(send(s->fd, "quit\nquit\n", 10, 0), 10);
	for (int i = 0; i < 10 && s->n_quit == 0; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_int_equal(s->n_quit, 1);
}

static void the_load_of_each_second_is_listed_on_request(void **state)
{
	struct bench *s = *state;
	struct json json;

	json_init(&json);
	simbus_control_stats(s->bus, true, &json);
	assert_non_null(strstr(json_text(&json), "\"load_first_second\":0,\"load_permille_per_second\":[0]}"));
	json_deinit(&json);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(stats_are_one_line_of_json),   CASE(each_line_of_one_packet_is_answered),
	    CASE(a_command_may_come_in_pieces), CASE(a_line_without_end_closes_the_connection),
	    CASE(quit_is_told_to_the_program),  CASE(the_load_of_each_second_is_listed_on_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
