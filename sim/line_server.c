#include "sim/line_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sim/socket_file.h"

#define MAX_LINE        200u
#define MAX_CONNECTIONS 8u

struct line_server {
	uv_pipe_t listener;
	bool (*obey)(void *owner, char *line, struct json *answer);
	void (*on_quit)(void *owner);
	void *owner;
	bool closing;
	unsigned n_open_handles;
	struct connection *connections[MAX_CONNECTIONS];
};

struct connection {
	uv_pipe_t pipe;
	struct line_server *server;
	char in[MAX_LINE + 1];
	size_t n_in;
	char chunk[256];
};

struct answer {
	uv_write_t request;
	char *text;
};

static void reclaim(struct line_server *self)
{
	if (--self->n_open_handles == 0)
		free(self);
}

static void on_connection_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;

	reclaim(c->server);
	free(c);
}

static void close_connection(struct connection *c)
{
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		if (c->server->connections[i] == c)
			c->server->connections[i] = NULL;
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

void line_server_ok(struct json *answer)
{
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_object_end(answer);
}

void line_server_error(struct json *answer, const char *text)
{
	json_object(answer);
	json_key(answer, "error");
	json_string(answer, text);
	json_object_end(answer);
}

/* Return: true if the program is to quit */
static bool obey(struct connection *c, char *line)
{
	struct json json;
	bool quit;

	json_init(&json);
	quit = c->server->obey(c->server->owner, line, &json);
	answer_with(c, &json);
	json_deinit(&json);
	return quit;
}

static void take_bytes(struct connection *c, const char *bytes, size_t n)
{
	struct line_server *server = c->server;
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
		server->on_quit(server->owner);
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
	struct line_server *self = server->data;
	struct connection *c = calloc(1, sizeof(*c));
	unsigned slot = 0;

	if (status < 0 || !c) {
		free(c);
		return;
	}
	uv_pipe_init(server->loop, &c->pipe, 0);
	c->pipe.data = c;
	c->server = self;
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

int line_server_new(uv_loop_t *loop, const char *path, bool (*obey_line)(void *owner, char *line, struct json *answer),
		    void (*on_quit)(void *owner), void *owner, struct line_server **server)
{
	struct line_server *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	uv_pipe_init(loop, &self->listener, 0);
	self->listener.data = self;
	self->n_open_handles = 1;
	self->obey = obey_line;
	self->on_quit = on_quit;
	self->owner = owner;
	/* one left behind by a killed program would be in the way */
	int r = socket_file_clear(path, SOCK_STREAM);
	if (r == 0)
		r = uv_pipe_bind(&self->listener, path);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&self->listener, (int)MAX_CONNECTIONS, on_connection);
	if (r != 0) {
		line_server_close(self);
		return r;
	}
	*server = self;
	return 0;
}

void line_server_close(struct line_server *self)
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
