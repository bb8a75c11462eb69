#include "sim/simbus_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/line_server.h"

struct simbus_control {
	struct simbus *bus;
	struct line_server *server;
	void (*on_quit)(void *owner);
	void *owner;
};

static void add_uint(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_uint(json, value);
}

static void client_stats(const struct simbus *bus, struct json *json)
{
	struct simbus_client_info info;

	json_array(json);
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		if (!simbus_client_info(bus, i, &info))
			continue;
		json_object(json);
		add_uint(json, "client", i);
		json_key(json, "name");
		json_string(json, info.name);
		json_key(json, "state");
		json_string(json, !info.attached ? "left" : info.off ? "bus-off" : "on");
		add_uint(json, "frames", info.stats.n_frames);
		add_uint(json, "bytes", info.stats.n_bytes);
		add_uint(json, "bits", info.stats.n_bits);
		add_uint(json, "load_permille", info.load_permille);
		add_uint(json, "errors", info.stats.n_errors);
		add_uint(json, "lost", info.stats.n_lost);
		json_object_end(json);
	}
	json_array_end(json);
}

void simbus_control_stats(const struct simbus *bus, bool history, struct json *json)
{
	struct simbus_stats s = simbus_stats(bus);

	json_object(json);
	add_uint(json, "now_ns", s.now_ns);
	add_uint(json, "busy_ns", s.bus.busy_ns);
	add_uint(json, "frames", s.bus.n_frames);
	add_uint(json, "dropped", s.bus.n_dropped);
	add_uint(json, "errors", s.bus.n_errors);
	add_uint(json, "overruns", s.n_overruns);
	add_uint(json, "clients", s.n_clients);
	add_uint(json, "load_permille", s.load_permille);
	add_uint(json, "load_permille_last_second", s.load_permille_last_second);
	json_key(json, "per_client");
	client_stats(bus, json);
	if (history) {
		uint64_t now = s.now_ns / UINT64_C(1000000000);
		uint64_t first = now >= BUS_LOAD_SECONDS ? now - BUS_LOAD_SECONDS + 1 : 0;

		json_key(json, "load_first_second");
		json_uint(json, first);
		json_key(json, "load_permille_per_second");
		json_array(json);
		for (uint64_t second = first; second <= now; second++)
			json_uint(json, simbus_load_permille(bus, second));
		json_array_end(json);
	}
	json_object_end(json);
}

static void drop_command(struct simbus *bus, const char *argument, struct json *json)
{
	char *end;
	unsigned long ppm = strtoul(argument, &end, 10);

	if (argument[0] < '0' || argument[0] > '9' || *end || ppm > 1000000) {
		line_server_error(json, "drop needs 0..1000000");
		return;
	}
	simbus_set_drop(bus, (uint32_t)ppm);
	json_object(json);
	json_key(json, "drop_ppm");
	json_uint(json, ppm);
	json_object_end(json);
}

static void fault_command(struct simbus *bus, const char *text, struct json *json)
{
	struct bus_fault_rule rule;
	const char *wrong = bus_fault_parse(text, &rule);

	if (!wrong && simbus_add_fault(bus, &rule) != 0)
		wrong = "there are 16 rules already; 'clear' forgets them";
	if (wrong)
		line_server_error(json, wrong);
	else
		line_server_ok(json);
}

static void faults_command(const struct simbus *bus, struct json *json)
{
	const struct bus_fault *fault;
	char text[BUS_FAULT_TEXT];

	json_array(json);
	for (unsigned i = 0; (fault = simbus_get_fault(bus, i)) != NULL; i++) {
		bus_fault_format(&fault->rule, text);
		json_object(json);
		json_key(json, "rule");
		json_string(json, text);
		add_uint(json, "seen", fault->n_seen);
		add_uint(json, "hits", fault->n_hits);
		json_object_end(json);
	}
	json_array_end(json);
}

static void restore_command(struct simbus *bus, const char *argument, struct json *json)
{
	char *end;
	unsigned long client = strtoul(argument, &end, 10);

	if (argument[0] < '0' || argument[0] > '9' || *end || client >= BUS_MAX_CLIENTS)
		line_server_error(json, "restore needs a client, 0..63");
	else if (!simbus_restore(bus, (unsigned)client))
		line_server_error(json, "this client is not off the bus");
	else
		line_server_ok(json);
}

/* Return: false if there is no such command */
static bool change_faults(struct simbus *bus, const char *line, struct json *answer)
{
	if (strncmp(line, "drop ", 5) == 0) {
		drop_command(bus, line + 5, answer);
	} else if (strncmp(line, "fault ", 6) == 0) {
		fault_command(bus, line + 6, answer);
	} else if (strcmp(line, "faults") == 0) {
		faults_command(bus, answer);
	} else if (strncmp(line, "restore ", 8) == 0) {
		restore_command(bus, line + 8, answer);
	} else if (strcmp(line, "clear") == 0) {
		json_object(answer);
		add_uint(answer, "cleared", simbus_clear_faults(bus));
		json_object_end(answer);
	} else {
		return false;
	}
	return true;
}

static bool obey(void *owner, char *line, struct json *answer)
{
	struct simbus_control *self = owner;
	bool quit = strcmp(line, "quit") == 0;

	if (quit) {
		json_object(answer);
		json_object_end(answer);
	} else if (strcmp(line, "stats") == 0 || strcmp(line, "stats json") == 0) {
		simbus_control_stats(self->bus, false, answer);
	} else if (!change_faults(self->bus, line, answer)) {
		line_server_error(answer, "unknown command; there are: stats, drop PPM, fault RULE, faults, clear, "
					  "restore CLIENT, quit");
	}
	return quit;
}

static void on_quit_line(void *owner)
{
	struct simbus_control *self = owner;

	self->on_quit(self->owner); /* which may close us */
}

int simbus_control_new(uv_loop_t *loop, const char *path, struct simbus *bus, void (*on_quit)(void *owner), void *owner,
		       struct simbus_control **control)
{
	struct simbus_control *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return -ENOMEM;
	*self = (struct simbus_control){.bus = bus, .on_quit = on_quit, .owner = owner};
	r = line_server_new(loop, path, obey, on_quit_line, self, &self->server);
	if (r != 0) {
		free(self);
		return r;
	}
	*control = self;
	return 0;
}

void simbus_control_close(struct simbus_control *self)
{
	if (!self)
		return;
	line_server_close(self->server);
	free(self);
}
