#include "sim/oem_backend/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/oem_backend/blobs.h"
#include "sim/oem_backend/commands.h"
#include "sim/oem_backend/log.h"

struct control {
	uv_pipe_t listener;
	struct control_client *clients;
};

struct control_client {
	struct control_client *next;
	struct backend *backend;
	uv_pipe_t pipe;
	uv_write_t write;
	uv_work_t work;
	bool working;
	bool closed;
	char *line;
	size_t n;
	struct json answer;
	/* of image-add */
	char path[4096];
	struct blob_ref ref;
	int added;
	char error[256];
};

static void free_if_done(struct control_client *self)
{
	if (!self->closed || self->working)
		return;
	json_deinit(&self->answer);
	free(self->line);
	free(self);
}

static void on_closed(uv_handle_t *handle)
{
	struct control_client *self = handle->data;
	struct control_client **link = &self->backend->control->clients;

	while (*link != self)
		link = &(*link)->next;
	*link = self->next;
	self->closed = true;
	free_if_done(self);
}

static void close_client(struct control_client *self)
{
	if (!uv_is_closing((uv_handle_t *)&self->pipe))
		uv_close((uv_handle_t *)&self->pipe, on_closed);
}

static void on_written(uv_write_t *req, int status)
{
	(void)status;
	close_client(req->data);
}

static void send_answer(struct control_client *self)
{
	static char newline[] = "\n";
	const char *text = json_text(&self->answer);
	uv_buf_t bufs[2];

	if (!text || uv_is_closing((uv_handle_t *)&self->pipe)) {
		close_client(self);
		return;
	}
	bufs[0] = uv_buf_init(self->answer.buf, (unsigned)self->answer.n);
	bufs[1] = uv_buf_init(newline, 1);
	self->write.data = self;
	if (uv_write(&self->write, (uv_stream_t *)&self->pipe, bufs, 2, on_written))
		close_client(self);
}

static void add_image(uv_work_t *work)
{
	struct control_client *self = work->data;

	self->added = blobs_add_file(self->backend->config->blob_dir, self->path, &self->ref, self->error);
}

static void on_image_added(uv_work_t *work, int status)
{
	struct control_client *self = work->data;

	self->working = false;
	if (self->closed) {
		free_if_done(self);
		return;
	}
	if (status || self->added)
		command_refuse(&self->answer, "%s", status ? uv_strerror(status) : self->error);
	else
		command_blob(&self->answer, &self->ref);
	send_answer(self);
}

static void run(struct control_client *self)
{
	struct json_read request = {self->backend->store.db, self->line};
	char command[32];

	if (!json_read_valid(&request)) {
		command_refuse(&self->answer, "the request is no JSON");
	} else if (json_read_text(&request, "$.command", command, sizeof command) &&
		   strcmp(command, "image-add") == 0) {
		/* a file of any size is copied: not on the loop */
		self->work.data = self;
		if (!json_read_text(&request, "$.path", self->path, sizeof self->path)) {
			command_refuse(&self->answer, "image-add needs a path");
		} else if (uv_queue_work(self->backend->loop, &self->work, add_image, on_image_added) == 0) {
			self->working = true;
			return;
		} else {
			command_refuse(&self->answer, "out of memory");
		}
	} else {
		command_run(self->backend, &request, &self->answer);
	}
	send_answer(self);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct control_client *self = handle->data;

	(void)suggested;
	*buf = uv_buf_init(self->line + self->n, (unsigned)(CONTROL_MAX_LINE_BYTES - self->n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct control_client *self = stream->data;

	(void)buf;
	if (n == 0)
		return;
	if (n < 0) {
		close_client(self); /* no line, or longer than allowed */
		return;
	}
	self->n += (size_t)n;
	char *end = memchr(self->line, '\n', self->n);
	if (!end)
		return;
	*end = '\0';
	uv_read_stop(stream);
	run(self);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct backend *backend = stream->data;
	struct control_client *self = status == 0 ? calloc(1, sizeof *self) : NULL;

	if (!self)
		return;
	self->backend = backend;
	self->line = malloc(CONTROL_MAX_LINE_BYTES);
	json_init(&self->answer);
	if (!self->line || uv_pipe_init(backend->loop, &self->pipe, 0)) {
		free(self->line);
		free(self);
		return;
	}
	self->pipe.data = self;
	self->next = backend->control->clients;
	backend->control->clients = self;
	if (uv_accept(stream, (uv_stream_t *)&self->pipe) ||
	    uv_read_start((uv_stream_t *)&self->pipe, on_alloc, on_read))
		close_client(self);
}

/* Return: whether somebody answers at @path; a socket left behind by a crash is refused */
static bool is_served(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	bool served = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	if (fd >= 0)
		close(fd);
	return served;
}

int control_listen(struct backend *backend, char error[512])
{
	const char *path = backend->config->control;
	struct sockaddr_un address;
	struct stat stat;

	if (strlen(path) >= sizeof address.sun_path) {
		snprintf(error, 512, "the control socket's path is longer than %zu bytes: %s",
			 sizeof address.sun_path - 1, path);
		return -ENAMETOOLONG;
	}
	if (is_served(path)) {
		snprintf(error, 512, "another backend serves %s; stop it, or choose another control socket", path);
		return -EADDRINUSE;
	}
	if (lstat(path, &stat) == 0 && S_ISSOCK(stat.st_mode))
		unlink(path);
	struct control *self = calloc(1, sizeof *self);
	if (!self || uv_pipe_init(backend->loop, &self->listener, 0)) {
		free(self);
		snprintf(error, 512, "out of memory");
		return -ENOMEM;
	}
	backend->control = self;
	self->listener.data = backend;
	mode_t old = umask(0177);
	int status = uv_pipe_bind(&self->listener, path);
	umask(old);
	if (!status)
		status = uv_listen((uv_stream_t *)&self->listener, 16, on_connection);
	if (status)
		snprintf(error, 512, "cannot listen on %s: %s", path, uv_strerror(status));
	return status;
}

void control_stop(struct backend *backend)
{
	struct control *self = backend->control;

	if (!self || uv_is_closing((uv_handle_t *)&self->listener))
		return;
	uv_close((uv_handle_t *)&self->listener, NULL); /* libuv unlinks the socket */
	for (struct control_client *client = self->clients; client; client = client->next)
		close_client(client);
}

void control_free(struct backend *backend)
{
	free(backend->control);
	backend->control = NULL;
}
