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
	assert_string_equal(
	    answer, "{\"now_ns\":0,\"busy_ns\":0,\"frames\":0,\"dropped\":0,\"errors\":0,\"overruns\":0,\"clients\":0,"
		    "\"load_permille\":0,\"load_permille_last_second\":0,\"per_client\":[]}\n");
}

static void each_line_of_one_packet_is_answered(void **state)
{
	char answer[512];

	ask(*state, "drop 20000\ndrop 1000001\ndrop x\nfly\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"drop_ppm\":20000}\n"
				    "{\"error\":\"drop needs 0..1000000\"}\n"
				    "{\"error\":\"drop needs 0..1000000\"}\n"
				    "{\"error\":\"unknown command; there are: stats, drop PPM, fault RULE, faults, "
				    "clear, restore CLIENT, quit\"}\n");
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

static void faults_are_added_listed_and_cleared(void **state)
{
	char answer[512];

	ask(*state, "fault drop id=7E8 ppm=500\nfault corrupt nth=9\nfaults\nclear\nfaults\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"ok\":true}\n"
				    "{\"ok\":true}\n"
				    "[{\"rule\":\"drop id=7E8 ppm=500\",\"seen\":0,\"hits\":0},"
				    "{\"rule\":\"corrupt nth=9 count=1\",\"seen\":0,\"hits\":0}]\n"
				    "{\"cleared\":2}\n"
				    "[]\n");
	ask(*state, "fault drop ppm=0\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"error\":\"ppm must be 1..1000000\"}\n");
	for (unsigned i = 0; i < BUS_MAX_FAULTS; i++)
		ask(*state, "fault drop ppm=1\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"ok\":true}\n");
	ask(*state, "fault drop ppm=1\n", answer, sizeof(answer));
	assert_non_null(strstr(answer, "16 rules already"));
}

static void restore_names_a_client_that_is_off(void **state)
{
	char answer[512];

	ask(*state, "restore 64\nrestore x\nrestore 3\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"error\":\"restore needs a client, 0..63\"}\n"
				    "{\"error\":\"restore needs a client, 0..63\"}\n"
				    "{\"error\":\"this client is not off the bus\"}\n");
}

/* a connection to the bus itself */
static int bus_client(struct bench *s, uint8_t wish)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->bus_path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, &wish, 1, 0), 1);
	for (int i = 0; i < 5; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	return fd;
}

static void send_frame(struct bench *s, int fd)
{
	static const uint8_t wire[16] = {0x23, 0x01, 0, 0, 2, 0, 0, 0, 7, 7};

	assert_int_equal(send(fd, wire, sizeof(wire), 0), sizeof(wire));
	for (int i = 0; i < 10; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void clients_are_named_and_what_they_sent_is_counted(void **state)
{
	struct bench *s = *state;
	char answer[1024];
	char name[64];
	int fd = bus_client(s, 3);

	send_frame(s, fd);
	ask(s, "stats json\n", answer, sizeof(answer));
	snprintf(name, sizeof(name), "[%d]\",\"state\":\"on\",\"frames\":1,\"bytes\":2,\"bits\":", (int)getpid());
	assert_non_null(strstr(answer, "\"client\":0,\"name\":\"unit-port-simbu["));
	assert_non_null(strstr(answer, name));
	close(fd);
	for (int i = 0; i < 10; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	ask(s, "stats\n", answer, sizeof(answer));
	assert_non_null(strstr(answer, "\"state\":\"left\",\"frames\":1"));
}

static void a_client_is_put_off_the_bus_and_restored_at_once(void **state)
{
	struct bench *s = *state;
	char answer[1024];
	uint8_t wire[80];
	int fd = bus_client(s, 2);
	uint32_t id;

	ask(s, "fault bus-off nth=1\n", answer, sizeof(answer));
	send_frame(s, fd);
	ask(s, "stats\n", answer, sizeof(answer));
	assert_non_null(strstr(answer, "\"state\":\"bus-off\",\"frames\":0"));
	assert_int_equal(recv(fd, wire, sizeof(wire), 0), 16);
	memcpy(&id, wire, sizeof(id));
	assert_int_equal(id & 0x20000040u, 0x20000040u); /* CAN_ERR_FLAG, CAN_ERR_BUSOFF */
	ask(s, "restore 0\n", answer, sizeof(answer));
	assert_string_equal(answer, "{\"ok\":true}\n");
	assert_int_equal(recv(fd, wire, sizeof(wire), 0), 16);
	memcpy(&id, wire, sizeof(id));
	assert_int_equal(id, 0x20000100u); /* CAN_ERR_RESTARTED */
	send_frame(s, fd);
	ask(s, "stats\n", answer, sizeof(answer));
	assert_non_null(strstr(answer, "\"state\":\"on\",\"frames\":1"));
	close(fd);
}

/* the connection then ends with an error, told before what was sent */
static void the_last_frame_of_a_client_that_leaves_with_frames_unread_is_on_the_bus(void **state)
{
	static const uint8_t last[16] = {0x24, 0x01, 0, 0, 1, 0, 0, 0, 9};
	struct bench *s = *state;
	int listener = bus_client(s, 1), leaver = bus_client(s, 1);
	uint8_t wire[72];

	send_frame(s, listener); /* which the other one never reads */
	assert_int_equal(send(leaver, last, sizeof(last), 0), sizeof(last));
	close(leaver);
	for (int i = 0; i < 20; i++)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	while (recv(listener, wire, sizeof(wire), 0) == 16 && wire[0] != 0x24)
		continue;
	assert_int_equal(wire[0], 0x24);
	close(listener);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(stats_are_one_line_of_json),
	    CASE(each_line_of_one_packet_is_answered),
	    CASE(a_command_may_come_in_pieces),
	    CASE(a_line_without_end_closes_the_connection),
	    CASE(quit_is_told_to_the_program),
	    CASE(the_load_of_each_second_is_listed_on_request),
	    CASE(faults_are_added_listed_and_cleared),
	    CASE(restore_names_a_client_that_is_off),
	    CASE(clients_are_named_and_what_they_sent_is_counted),
	    CASE(a_client_is_put_off_the_bus_and_restored_at_once),
	    CASE(the_last_frame_of_a_client_that_leaves_with_frames_unread_is_on_the_bus),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
