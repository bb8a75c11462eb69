/*
 * fake - gatewayd's D-Bus interface with a state that a test sets, on a dbus-daemon of the test's own; and gatewayctl
 * run against it, with what the fake does next hung on what gatewayctl has printed.
 */
#ifndef FAKE_H
#define FAKE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <systemd/sd-bus.h>

#define FAKE_NAME "org.gateway.Update1"
#define FAKE_ROOT "/org/gateway/Update1"

struct fake_campaign {
	char id[65], state[32], code[32], text[100], answer[32];
	uint64_t window_start, window_end, start, held, total;
	/* its one ECU */
	char ecu_state[32], step[32], old_version[32], new_version[32];
	uint64_t done, size, duration_ms, transfer_ms, estimate_ms;
	int consent; /* -1 never asked */
};

struct fake {
	char folder[64], address[128];
	pid_t daemon;
	sd_bus *bus;
	struct fake_campaign campaigns[2];
	unsigned n_campaigns;
	bool refuse_consent;
	const char
	    *refusal;    /* what a method of a driver or operator is refused with: the last part of the error's name */
	char asked[200]; /* the last such call */
};

static struct fake fake;

static int fake_manager_property(sd_bus *bus, const char *path, const char *interface, const char *property,
				 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)userdata, (void)error;
	if (strcmp(property, "VehicleId") == 0)
		return sd_bus_message_append(reply, "s", "VIN-1");
	if (strcmp(property, "Version") == 0)
		return sd_bus_message_append(reply, "s", "9.8.7");
	if (strcmp(property, "Session") == 0)
		return sd_bus_message_append(reply, "s", "up");
	if (strcmp(property, "Ignition") == 0)
		return sd_bus_message_append(reply, "s", "off");
	if (strcmp(property, "SpeedKmh") == 0)
		return sd_bus_message_append(reply, "d", -1.0);
	if (strcmp(property, "BatteryMv") == 0)
		return sd_bus_message_append(reply, "u", (uint32_t)12600);
	if (strcmp(property, "PendingReports") == 0)
		return sd_bus_message_append(reply, "u", (uint32_t)4);
	return sd_bus_message_append(reply, "t", (uint64_t)(strcmp(property, "DirectorVersion") == 0 ? 3 : 1767225600));
}

static int fake_campaign_property(sd_bus *bus, const char *path, const char *interface, const char *property,
				  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct fake_campaign *c = userdata;
	const struct {
		const char *name, *text;
	} texts[] = {{"Id", c->id}, {"State", c->state}, {"Code", c->code}, {"Text", c->text}, {"Answer", c->answer}};
	const struct {
		const char *name;
		uint64_t number;
	} numbers[] = {{"WindowStart", c->window_start},
		       {"WindowEnd", c->window_end},
		       {"Start", c->start},
		       {"BytesHeld", c->held},
		       {"BytesTotal", c->total}};

	(void)bus, (void)path, (void)interface, (void)error;
	for (size_t i = 0; i < 5; i++) {
		if (strcmp(property, texts[i].name) == 0)
			return sd_bus_message_append(reply, "s", texts[i].text);
		if (strcmp(property, numbers[i].name) == 0)
			return sd_bus_message_append(reply, "t", numbers[i].number);
	}
	/* the last key is one that no reader knows yet */
	return sd_bus_message_append(reply, "aa{sv}", 1, 15, "Ecu", "s", "lamp", "State", "s", c->ecu_state, "Step",
				     "s", c->step, "BytesDone", "t", c->done, "BytesTotal", "t", c->size, "Code", "s",
				     "OK", "Text", "s", "", "OldVersion", "s", c->old_version, "NewVersion", "s",
				     c->new_version, "PayloadBytes", "t", c->size, "DurationMs", "t", c->duration_ms,
				     "TransferMs", "t", c->transfer_ms, "EstimateMs", "t", c->estimate_ms, "Evidence",
				     "s", "self_reported", "Later", "as", 1, "unknown");
}

static int fake_consent(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct fake_campaign *c = userdata;
	int given, r = sd_bus_message_read(message, "b", &given);

	if (r < 0)
		return r;
	if (fake.refuse_consent)
		return sd_bus_error_setf(error, FAKE_NAME ".Error.WrongState", "campaign %s: it is installing", c->id);
	c->consent = given;
	return sd_bus_reply_method_return(message, NULL);
}

#include "fake_driver.h"

static int fake_ecu_property(sd_bus *bus, const char *path, const char *interface, const char *property,
			     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)userdata, (void)error;
	if (strcmp(property, "Present") == 0)
		return sd_bus_message_append(reply, "b", 1);
	if (strcmp(property, "Name") == 0)
		return sd_bus_message_append(reply, "s", "lamp");
	return sd_bus_message_append(reply, "s", property); /* each value tells which property it is */
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
static const sd_bus_vtable fake_manager[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("VehicleId", "s", fake_manager_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Version", "s", fake_manager_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Session", "s", fake_manager_property, 0, CHANGES),
    SD_BUS_PROPERTY("Ignition", "s", fake_manager_property, 0, CHANGES),
    SD_BUS_PROPERTY("SpeedKmh", "d", fake_manager_property, 0, CHANGES),
    SD_BUS_PROPERTY("BatteryMv", "u", fake_manager_property, 0, CHANGES),
    SD_BUS_PROPERTY("TrustedUnixSeconds", "t", fake_manager_property, 0, 0),
    SD_BUS_PROPERTY("DirectorVersion", "t", fake_manager_property, 0, CHANGES),
    SD_BUS_PROPERTY("PendingReports", "u", fake_manager_property, 0, CHANGES),
    SD_BUS_METHOD("CheckNow", NULL, NULL, fake_plain, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("LockDiagnostics", "b", NULL, fake_plain, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable fake_campaign_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "s", fake_campaign_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("State", "s", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("Code", "s", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("Text", "s", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("WindowStart", "t", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("WindowEnd", "t", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("Answer", "s", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("Start", "t", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("BytesHeld", "t", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("BytesTotal", "t", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("Targets", "aa{sv}", fake_campaign_property, 0, CHANGES),
    SD_BUS_PROPERTY("Texts", "a{s(ss)}", fake_texts, 0, CHANGES),
    SD_BUS_PROPERTY("FunctionsLost", "as", fake_functions, 0, CHANGES),
    SD_BUS_METHOD("Approve", NULL, NULL, fake_plain, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Postpone", "t", NULL, fake_postpone, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Decline", "s", NULL, fake_end, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Cancel", "s", NULL, fake_end, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Why", NULL, "saa{sv}", fake_why, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Consent", "b", NULL, fake_consent, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable fake_ecu_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Name", "s", fake_ecu_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Bus", "s", fake_ecu_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Present", "b", fake_ecu_property, 0, CHANGES),
    SD_BUS_PROPERTY("HardwareId", "s", fake_ecu_property, 0, CHANGES),
    SD_BUS_PROPERTY("SerialNumber", "s", fake_ecu_property, 0, CHANGES),
    SD_BUS_PROPERTY("BootVersion", "s", fake_ecu_property, 0, CHANGES),
    SD_BUS_PROPERTY("ApplicationVersion", "s", fake_ecu_property, 0, CHANGES),
    SD_BUS_PROPERTY("DataVersion", "s", fake_ecu_property, 0, CHANGES),
    SD_BUS_VTABLE_END,
};

static struct fake_campaign *fake_at(const char *path)
{
	struct fake_campaign *found = NULL;
	char *id = NULL;

	if (sd_bus_path_decode(path, FAKE_ROOT "/campaigns", &id) > 0 && id)
		for (unsigned i = 0; i < fake.n_campaigns; i++)
			if (strcmp(fake.campaigns[i].id, id) == 0)
				found = &fake.campaigns[i];
	free(id);
	return found;
}

static int fake_find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **found,
		     sd_bus_error *error)
{
	(void)bus, (void)interface, (void)userdata, (void)error;
	*found = fake_at(path);
	return *found != NULL;
}

static int fake_list(sd_bus *bus, const char *prefix, void *userdata, char ***nodes, sd_bus_error *error)
{
	(void)bus, (void)prefix, (void)userdata, (void)error;
	*nodes = calloc(3, sizeof(char *));
	if (!*nodes)
		return -ENOMEM;
	for (unsigned i = 0; i < fake.n_campaigns; i++)
		sd_bus_path_encode(FAKE_ROOT "/campaigns", fake.campaigns[i].id, &(*nodes)[i]);
	return 0;
}

static uint64_t fake_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* --- the service */

static void fake_appear(void)
{
	assert_true(sd_bus_new(&fake.bus) >= 0);
	assert_true(sd_bus_set_address(fake.bus, fake.address) >= 0);
	assert_true(sd_bus_set_bus_client(fake.bus, 1) >= 0);
	assert_true(sd_bus_start(fake.bus) >= 0);
	assert_true(sd_bus_add_object_manager(fake.bus, NULL, FAKE_ROOT) >= 0);
	assert_true(sd_bus_add_object_vtable(fake.bus, NULL, FAKE_ROOT, FAKE_NAME ".Manager", fake_manager, NULL) >= 0);
	assert_true(sd_bus_add_fallback_vtable(fake.bus, NULL, FAKE_ROOT "/campaigns", FAKE_NAME ".Campaign",
					       fake_campaign_vtable, fake_find, NULL) >= 0);
	assert_true(sd_bus_add_node_enumerator(fake.bus, NULL, FAKE_ROOT "/campaigns", fake_list, NULL) >= 0);
	assert_true(sd_bus_add_object_vtable(fake.bus, NULL, FAKE_ROOT "/ecus/lamp", FAKE_NAME ".Ecu", fake_ecu_vtable,
					     NULL) >= 0);
	assert_true(sd_bus_request_name(fake.bus, FAKE_NAME, 0) >= 0);
}

static void fake_vanish(void)
{
	fake.bus = sd_bus_flush_close_unref(fake.bus);
}

static struct fake_campaign *fake_new_campaign(const char *id, const char *state)
{
	struct fake_campaign *c = &fake.campaigns[fake.n_campaigns++];

	memset(c, 0, sizeof(*c));
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->state, sizeof(c->state), "%s", state);
	snprintf(c->code, sizeof(c->code), "%s", "OK");
	snprintf(c->answer, sizeof(c->answer), "%s", "accept");
	snprintf(c->ecu_state, sizeof(c->ecu_state), "%s", "pending");
	snprintf(c->old_version, sizeof(c->old_version), "%s", "lamp-1.0");
	c->size = 100000;
	c->consent = -1;
	return c;
}

__attribute__((unused)) static void fake_announce(const struct fake_campaign *c, bool there)
{
	char *path;

	assert_true(sd_bus_path_encode(FAKE_ROOT "/campaigns", c->id, &path) >= 0);
	if (there)
		assert_true(sd_bus_emit_object_added(fake.bus, path) >= 0);
	else
		assert_true(sd_bus_emit_object_removed(fake.bus, path) >= 0);
	free(path);
}

static void fake_changed(const struct fake_campaign *c)
{
	char *path;

	assert_true(sd_bus_path_encode(FAKE_ROOT "/campaigns", c->id, &path) >= 0);
	assert_true(sd_bus_emit_properties_changed(fake.bus, path, FAKE_NAME ".Campaign", "State", "Code", "Text",
						   "BytesHeld", "BytesTotal", "Targets", NULL) >= 0);
	free(path);
}

__attribute__((unused)) static void fake_set_state(struct fake_campaign *c, const char *state)
{
	snprintf(c->state, sizeof(c->state), "%s", state);
	fake_changed(c);
}

/* --- the bus */

/* its socket has a name before it listens */
static bool fake_listens(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listens;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	listens = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	if (fd >= 0)
		close(fd);
	return listens;
}

static int fake_start_bus(void **state)
{
	static const char config[] =
	    "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
	    "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	    "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>\n"
	    "<policy context=\"default\"><allow own=\"*\"/><allow send_destination=\"*\"/>\n"
	    "<allow send_type=\"signal\"/><allow send_requested_reply=\"true\" send_type=\"method_return\"/>\n"
	    "<allow send_requested_reply=\"true\" send_type=\"error\"/><allow receive_type=\"method_call\"/>\n"
	    "<allow receive_type=\"method_return\"/><allow receive_type=\"error\"/><allow receive_type=\"signal\"/>\n"
	    "</policy></busconfig>\n";
	char path[128], argument[160];
	uint64_t until_us = fake_now_us() + 10000000u;
	FILE *f;

	(void)state;
	snprintf(fake.folder, sizeof(fake.folder), "%s", "/tmp/gatewayctl-test-XXXXXX");
	assert_non_null(mkdtemp(fake.folder));
	snprintf(path, sizeof(path), "%s/bus.conf", fake.folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, config, fake.folder);
	assert_int_equal(fclose(f), 0);
	snprintf(argument, sizeof(argument), "--config-file=%s", path);
	snprintf(fake.address, sizeof(fake.address), "unix:path=%s/bus", fake.folder);
	fake.daemon = fork();
	assert_true(fake.daemon >= 0);
	if (fake.daemon == 0) {
		execlp("dbus-daemon", "dbus-daemon", argument, "--nofork", "--nopidfile", NULL);
		_exit(127);
	}
	snprintf(path, sizeof(path), "%s/bus", fake.folder);
	while (!fake_listens(path) && fake_now_us() < until_us)
		usleep(5000);
	return fake_listens(path) ? 0 : -1;
}

static int fake_stop_bus(void **state)
{
	char path[128];

	(void)state;
	if (fake.daemon > 0) {
		kill(fake.daemon, SIGTERM);
		waitpid(fake.daemon, NULL, 0);
	}
	snprintf(path, sizeof(path), "%s/bus.conf", fake.folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/bus", fake.folder);
	unlink(path);
	return rmdir(fake.folder);
}

/* --- gatewayctl */

/* once @after was printed since the last step, @act */
struct fake_step {
	const char *after;
	void (*act)(void);
};

static struct {
	char text[65536]; /* stdout and stderr */
	size_t n;
	int status;
	pid_t pid;
} ran;

static void fake_exec(const char *const arguments[])
{
	/* execv() takes pointers to what it does not write */
	union {
		const char *const *given;
		char *const *taken;
	} argv = {.given = arguments};
	static char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 64);

	if (n > 0) {
		program[n] = '\0';
		*strrchr(program, '/') = '\0';
		memcpy(program + strlen(program), "/../../bin/gatewayctl", sizeof("/../../bin/gatewayctl"));
		setenv("DBUS_SYSTEM_BUS_ADDRESS", fake.address, 1);
		execv(program, argv.taken);
	}
	perror(program);
	_exit(127);
}

/* the child's output so far; Return: false at its end */
static bool fake_read(int fd)
{
	ssize_t n = read(fd, ran.text + ran.n, sizeof(ran.text) - 1 - ran.n);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	ran.n += (size_t)n;
	ran.text[ran.n] = '\0';
	return true;
}

/* runs gatewayctl to its end, serving it; on a terminal of 80 columns if @terminal */
static void run_steps(const struct fake_step *steps, bool terminal, const char *const arguments[])
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	uint64_t until_us = fake_now_us() + 20000000u;
	int fds[2], out, status;
	size_t seen = 0;

	memset(&ran, 0, sizeof(ran));
	if (terminal) {
		ran.pid = forkpty(&out, NULL, NULL, &size);
		assert_true(ran.pid >= 0);
		if (ran.pid == 0)
			fake_exec(arguments);
	} else {
		assert_int_equal(pipe(fds), 0);
		ran.pid = fork();
		assert_true(ran.pid >= 0);
		if (ran.pid == 0) {
			dup2(fds[1], STDOUT_FILENO);
			dup2(fds[1], STDERR_FILENO);
			close(fds[0]);
			close(fds[1]);
			fake_exec(arguments);
		}
		close(fds[1]);
		out = fds[0];
	}
	for (;;) {
		struct pollfd polls[2] = {{.fd = out, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

		if (fake.bus) {
			while (sd_bus_process(fake.bus, NULL) > 0)
				;
			sd_bus_flush(fake.bus);
			polls[1].fd = sd_bus_get_fd(fake.bus);
		}
		if (fake_now_us() > until_us) {
			kill(ran.pid, SIGKILL);
			print_error("gatewayctl did not end; it printed:\n%s\n", ran.text);
		}
		poll(polls, 2, 100);
		if (polls[0].revents && !fake_read(out))
			break;
		if (steps && steps->after && strstr(ran.text + seen, steps->after)) {
			seen = (size_t)(strstr(ran.text + seen, steps->after) - ran.text) + strlen(steps->after);
			steps->act();
			steps++;
		}
	}
	close(out);
	assert_int_equal(waitpid(ran.pid, &status, 0), ran.pid);
	ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define run(...) run_steps(NULL, false, (const char *const[]){"gatewayctl", __VA_ARGS__, NULL})
#define follow(steps, terminal, ...) \
	run_steps(steps, terminal, (const char *const[]){"gatewayctl", "watch", __VA_ARGS__, NULL})

#endif
