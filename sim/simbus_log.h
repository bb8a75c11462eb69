/*
 * simbus_log - a line per frame in the format of candump -l, so that what reads that (can-utils, tshark) can read it.
 *
 * Lines are gathered and written whole, so that a program that is killed leaves no half of one.
 */
#ifndef SIM_SIMBUS_LOG_H
#define SIM_SIMBUS_LOG_H

#include "uds/can_msg.h"

#define SIMBUS_LOG_LINE 192u

struct simbus_log;

/* @path: a file, or "-" for standard output, live; stays the caller's, unchanged. It is not touched yet. Return: 0 or
 * -errno. */
int simbus_log_new(const char *path, struct simbus_log **log);
/* Empties the file: it may be that of a simbus that runs, so only once it is known that there is none. To be called
 * before the first frame. Return: 0 or -errno. */
int simbus_log_open(struct simbus_log *self);
void simbus_log_frame(struct simbus_log *self, const char *name, uint64_t unix_us, const struct can_msg *msg);
/* at the end of a batch: what is live goes out */
void simbus_log_batch(struct simbus_log *self);
/* writes what was gathered. Return: 0, or the first -errno ever; nothing more is written after it. */
int simbus_log_flush(struct simbus_log *self);
/* flushes and closes. Return: as simbus_log_flush(). NULL is allowed. */
int simbus_log_free(struct simbus_log *self);

/*
 * "(1700000000.123456) can0 7E0#021003" and a line end; FD "7E0##1…", remote "7E0#R8", error frames "20000088#…" with
 * all 8 bytes. Return: length
 */
size_t simbus_log_format(char out[SIMBUS_LOG_LINE], const char *name, uint64_t unix_us, const struct can_msg *msg);

#endif
