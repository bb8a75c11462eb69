/*
 * out_file - a file that a verb writes: it takes its name when it is whole, and what was there stays until then.
 */
#ifndef ECU_FLASH_CLI_OUT_FILE_H
#define ECU_FLASH_CLI_OUT_FILE_H

#include <stdio.h>

struct out_file {
	FILE *stream;
	const char *path;
	char *temporary; /* NULL: standard output or a device, written directly */
};

/* @path: "-" is standard output; lives as long as the file. Return: 0 or -errno */
int out_file_open(struct out_file *self, const char *path);
/* flushes, and gives the file its name. Return: 0 or -errno, nothing is left then */
int out_file_commit(struct out_file *self);
void out_file_discard(struct out_file *self);

#endif
