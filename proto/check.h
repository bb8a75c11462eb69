/*
 * check - how the checkers of proto/ say what is wrong with a document: a verdict and the path of the field.
 *
 * A check walks a document and keeps the path to where it stands ("campaigns[0].targets[1]"); the first failure is
 * written to the caller's error as "campaigns[0].targets[1].ecu: listed twice".
 */
#ifndef PROTO_CHECK_H
#define PROTO_CHECK_H

#include "proto/envelope.h"

struct check {
	struct envelope_error *error;
	size_t n;
	char path[120];       /* NUL-terminated; a path too long is cut off */
	bool accepted_before; /* see envelope_limits: what its reader had to know then is not judged again */
};

/* error->verdict becomes ENVELOPE_OK */
void check_init(struct check *self, struct envelope_error *error);

/* Step into a field; @name may be NULL, which stays where it is. Return: the mark for check_leave(). */
size_t check_enter(struct check *self, const char *name);
size_t check_enter_at(struct check *self, const char *name, size_t index);
void check_leave(struct check *self, size_t mark);

/* Return: false, so that a check can end with it. @name: a field below the path, NULL = the path itself */
bool check_fail(struct check *self, enum envelope_verdict verdict, const char *name, const char *text);

/* UTF-8 as RFC 3629 has it, shortest forms only, without control characters (U+0000..1F, U+7F..9F) */
bool text_is_clean(const uint8_t *bytes, size_t n);
/* 1..64 bytes of [A-Za-z0-9._-], not starting with '.': safe as a file name and as a column of a table */
bool text_is_id(const char *text);

#endif
