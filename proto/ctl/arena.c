#include "proto/ctl/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *before;
	alignas(max_align_t) unsigned char bytes[];
};

void *arena_take(struct arena *self, size_t n_elements, size_t size)
{
	struct arena_block *block = NULL;

	if (n_elements <= (SIZE_MAX / 2) / (size ? size : 1))
		block = calloc(1, sizeof *block + n_elements * size + 1);
	if (!block) {
		fputs("manifestctl: out of memory\n", stderr);
		exit(1);
	}
	block->before = self->last;
	self->last = block;
	return block->bytes;
}

char *arena_text(struct arena *self, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	char *copy = arena_take(self, n + 1, 1);

	if (n)
		memcpy(copy, text, n);
	return copy;
}

ProtobufCBinaryData arena_bytes(struct arena *self, const uint8_t *bytes, size_t n)
{
	uint8_t *copy = arena_take(self, n, 1);

	if (n)
		memcpy(copy, bytes, n);
	return (ProtobufCBinaryData){.len = n, .data = copy};
}

void arena_free(struct arena *self)
{
	while (self->last) {
		struct arena_block *block = self->last;

		self->last = block->before;
		free(block);
	}
}
