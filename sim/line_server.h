/*
 * line_server - a control socket: a UNIX stream on which each line is a command and is answered by one line of JSON.
 *
 * At most 8 connections; a line above 200 bytes ends its connection.
 */
#ifndef SIM_LINE_SERVER_H
#define SIM_LINE_SERVER_H

#include <stdbool.h>
#include <uv.h>

#include "common/json.h"

struct line_server;

/**
 * line_server_new() - listen at @path, taking the place of a socket at which nobody listens any more
 * @obey: writes one JSON value as the answer to @line, which it may change; Return: true if the program is to quit,
 *        upon which @on_quit is called
 *
 * Return: 0 or -errno, for which socket_file_words() has words.
 */
int line_server_new(uv_loop_t *loop, const char *path, bool (*obey)(void *owner, char *line, struct json *answer),
		    void (*on_quit)(void *owner), void *owner, struct line_server **server);
/* removes the socket; NULL is allowed */
void line_server_close(struct line_server *self);

/* {"ok":true} and {"error":"…"} */
void line_server_ok(struct json *answer);
void line_server_error(struct json *answer, const char *text);

#endif
