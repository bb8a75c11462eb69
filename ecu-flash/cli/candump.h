/*
 * candump - the frames on the bus in the format of 'candump -l', so that its readers (log2asc, tshark, canplayer)
 * serve.
 *
 * Times are those of the wall clock as the tool read the frames.
 */
#ifndef ECU_FLASH_CLI_CANDUMP_H
#define ECU_FLASH_CLI_CANDUMP_H

#include <stdbool.h>
#include <stdio.h>

#include "uds/can_msg.h"

struct candump {
	FILE *out; /* NULL: nothing is written */
	char name[16];
};

/* standard output becomes the log's, and what is printed from now on goes to standard error. Return: the log's
 * descriptor, or -errno */
int candump_take_stdout(void);

/* @fd: as candump_take_stdout() gave it, and it stays open; or -1: @path is opened, and added to if @append; @bus: as
 * in
 * --bus. Return: 0 or -errno */
int candump_open(struct candump *self, const char *path, int fd, bool append, const char *bus);
void candump_frame(struct candump *self, const struct can_msg *msg);
/* Return: 0 or -errno: not all of it could be written */
int candump_close(struct candump *self);

#endif
