#include "sim/simbus_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE        200u
#define MAX_CONNECTIONS 8u

struct simbus_control {
	uv_pipe_t listener;
	struct simbus *bus;
	void (*on_quit)(void *owner);
	void *owner;
	bool closing;
	unsigned n_open_handles;
	struct connection *connections[MAX_CONNECTIONS];
};

struct connection {
	uv_pipe_t pipe;
	struct simbus_control *control;
	char in[MAX_LINE + 1];
	size_t n_in;
	char chunk[256];
};

struct answer {
	uv_write_t request;
	char *text;
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

static void reclaim(struct simbus_control *self)
{
	if (--self->n_open_handles == 0)
		free(self);
}

static void on_connection_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;

	reclaim(c->control);
	free(c);
}

static void close_connection(struct connection *c)
{
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		if (c->control->connections[i] == c)
			c->control->connections[i] = NULL;
	}
	uv_close((uv_handle_t *)&c->pipe, on_connection_closed);
}

static void on_written(uv_write_t *request, int status)
{
	struct answer *answer = request->data;

	(void)status; /* a peer that is gone shows when reading */
	free(answer->text);
	free(answer);
}

static void answer_with(struct connection *c, struct json *json)
{
	const char *text = json_text(json);
	struct answer *answer = calloc(1, sizeof(*answer));

	if (!text || !answer)
		goto failed;
	size_t n = strlen(text);
	answer->text = malloc(n + 1);
	if (!answer->text)
		goto failed;
	memcpy(answer->text, text, n);
	answer->text[n] = '\n';
	answer->request.data = answer;
	uv_buf_t buf = uv_buf_init(answer->text, (unsigned)n + 1);
	if (uv_write(&answer->request, (uv_stream_t *)&c->pipe, &buf, 1, on_written) == 0)
		return;
	free(answer->text);
failed:
	free(answer);
	close_connection(c);
}

static void error_json(struct json *json, const char *text)
{
	json_object(json);
	json_key(json, "error");
	json_string(json, text);
	json_object_end(json);
}

static void drop_command(struct simbus *bus, const char *argument, struct json *json)
{
	char *end;
	unsigned long ppm = strtoul(argument, &end, 10);

	if (argument[0] < '0' || argument[0] > '9' || *end || ppm > 1000000) {
		error_json(json, "drop needs 0..1000000");
		return;
	}
	simbus_set_drop(bus, (uint32_t)ppm);
	json_object(json);
	json_key(json, "drop_ppm");
	json_uint(json, ppm);
	json_object_end(json);
}

/* Return: true if the broker is to quit */
static bool obey(struct connection *c, const char *line)
{
	struct json json;
	bool quit = strcmp(line, "quit") == 0;

	json_init(&json);
	if (quit) {
		json_object(&json);
		json_object_end(&json);
	} else if (strcmp(line, "stats") == 0) {
		simbus_control_stats(c->control->bus, false, &json);
	} else if (strncmp(line, "drop ", 5) == 0) {
		drop_command(c->control->bus, line + 5, &json);
	} else {
		error_json(&json, "unknown command; there are: stats, drop PPM, quit");
	}
	answer_with(c, &json);
	json_deinit(&json);
	return quit;
}

static void take_bytes(struct connection *c, const char *bytes, size_t n)
{
	struct simbus_control *control = c->control;
	bool quit = false;

	for (size_t i = 0; i < n && !quit && !uv_is_closing((uv_handle_t *)&c->pipe); i++) {
		if (bytes[i] == '\n') {
			c->in[c->n_in] = '\0';
			c->n_in = 0;
			quit = obey(c, c->in);
		} else if (c->n_in == MAX_LINE) {
			close_connection(c);
		} else if (bytes[i] != '\r') {
			c->in[c->n_in++] = bytes[i];
		}
	}
	if (quit)
		control->on_quit(control->owner);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->chunk, sizeof(c->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;

	if (n < 0)
		close_connection(c);
	else
		take_bytes(c, buf->base, (size_t)n);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct simbus_control *self = server->data;
	struct connection *c = calloc(1, sizeof(*c));
	unsigned slot = 0;

	if (status < 0 || !c) {
		free(c);
		return;
	}
	uv_pipe_init(server->loop, &c->pipe, 0);
	c->pipe.data = c;
	c->control = self;
	self->n_open_handles++;
	while (slot < MAX_CONNECTIONS && self->connections[slot])
		slot++;
	if (uv_accept(server, (uv_stream_t *)&c->pipe) != 0 || slot == MAX_CONNECTIONS ||
	    uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0) {
		close_connection(c);
		return;
	}
	self->connections[slot] = c;
}

static void on_listener_closed(uv_handle_t *handle)
{
	reclaim(handle->data);
}

int simbus_control_new(uv_loop_t *loop, const char *path, struct simbus *bus, void (*on_quit)(void *owner), void *owner,
		       struct simbus_control **control)
{
	struct simbus_control *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	uv_pipe_init(loop, &self->listener, 0);
	self->listener.data = self;
	self->n_open_handles = 1;
	self->bus = bus;
	self->on_quit = on_quit;
	self->owner = owner;
	/* whoever got the bus's own socket is the only broker here: an old control socket is nobody's */
	unlink(path);
	int r = uv_pipe_bind(&self->listener, path);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&self->listener, (int)MAX_CONNECTIONS, on_connection);
	if (r != 0) {
		simbus_control_close(self);
		return r;
	}
	*control = self;
	return 0;
}

void simbus_control_close(struct simbus_control *self)
{
	if (!self || self->closing)
		return;
	self->closing = true;
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		if (self->connections[i])
			close_connection(self->connections[i]);
	}
	uv_close((uv_handle_t *)&self->listener, on_listener_closed); /* libuv removes the socket's file */
}
