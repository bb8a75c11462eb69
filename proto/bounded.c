#include "proto/bounded.h"

#include <stdlib.h>

void *bounded_alloc(struct bounded *self, size_t n)
{
	if (n > self->limit - self->used)
		return NULL;
	self->used += n;
	return malloc(n ? n : 1);
}

void bounded_free(void *pointer)
{
	free(pointer);
}

static void *allocator_alloc(void *data, size_t n)
{
	return bounded_alloc(data, n);
}

static void allocator_free(void *data, void *pointer)
{
	(void)data;
	free(pointer);
}

void bounded_init(struct bounded *self, size_t limit_bytes)
{
	*self = (struct bounded){
	    .allocator = {.alloc = allocator_alloc, .free = allocator_free, .allocator_data = self},
	    .limit = limit_bytes,
	};
}
