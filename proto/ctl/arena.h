/*
 * arena - memory of one run of the tool: taken piece by piece, given back at once.
 *
 * A document under construction points to many small pieces; none outlives the run.
 */
#ifndef CTL_ARENA_H
#define CTL_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

struct arena_block;

struct arena {
	struct arena_block *last;
};

/* zeroed; ends the program with a message when there is no memory */
void *arena_take(struct arena *self, size_t n_elements, size_t size);
char *arena_text(struct arena *self, const char *text); /* NULL gives "" */
ProtobufCBinaryData arena_bytes(struct arena *self, const uint8_t *bytes, size_t n);
void arena_free(struct arena *self);

#endif
