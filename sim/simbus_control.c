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

void simbus_control_stats(const struct simbus *bus, bool history, struct json *json)
{
	struct simbus_stats s = simbus_stats(bus);

	json_object(json);
	json_key(json, "now_ns");
	json_uint(json, s.now_ns);
	json_key(json, "busy_ns");
	json_uint(json, s.bus.busy_ns);
	json_key(json, "frames");
	json_uint(json, s.bus.n_frames);
	json_key(json, "dropped");
	json_uint(json, s.bus.n_dropped);
	json_key(json, "overruns");
	json_uint(json, s.n_overruns);
	json_key(json, "clients");
	json_uint(json, s.n_clients);
	json_key(json, "load_permille");
	json_uint(json, s.load_permille);
	json_key(json, "load_permille_last_second");
	json_uint(json, s.load_permille_last_second);
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

static bool obey(void *owner, char *line, struct json *answer)
{
	struct simbus_control *self = owner;
	bool quit = strcmp(line, "quit") == 0;

	if (quit) {
		json_object(answer);
		json_object_end(answer);
	} else if (strcmp(line, "stats") == 0) {
		simbus_control_stats(self->bus, false, answer);
	} else if (strncmp(line, "drop ", 5) == 0) {
		drop_command(self->bus, line + 5, answer);
	} else {
		line_server_error(answer, "unknown command; there are: stats, drop PPM, quit");
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
	/* whoever got the bus's own socket is the only broker here: an old control socket is nobody's */
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
