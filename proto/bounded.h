/*
 * bounded - the heap as proto/ may use it: counted, and with a written limit.
 *
 * One byte on the wire can make protobuf-c allocate up to 64 (a list of empty messages), so that everything that comes
 * from outside is unpacked with this allocator. The limit is on the sum of all that was asked for; what is given back
 * is not subtracted. It lives in the impure archive because it calls malloc; the archive of proto itself does not.
 */
#ifndef PROTO_BOUNDED_H
#define PROTO_BOUNDED_H

#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

struct bounded {
	ProtobufCAllocator allocator; /* for the unpack functions; what they return is freed with a NULL allocator */
	size_t used;
	size_t limit;
};

/* @self: must not move afterwards */
void bounded_init(struct bounded *self, size_t limit_bytes);
/* NULL beyond the limit or without memory; freed with bounded_free() or free() */
void *bounded_alloc(struct bounded *self, size_t n);
void bounded_free(void *pointer);

#endif
