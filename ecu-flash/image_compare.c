#include "ecu-flash/image_compare.h"

void image_compare_init(struct image_compare *self, const struct image *a, const struct image *b)
{
	*self = (struct image_compare){.a = a, .b = b};
}

/* what an image holds from an address on */
struct view {
	const uint8_t *bytes; /* NULL: nothing at the address itself */
	uint64_t end;         /* of what is there, or of the gap */
};

static struct view view_at(const struct image *image, size_t *segment, uint64_t address)
{
	const struct image_segment *s;

	while (*segment < image->n_segments) {
		s = &image->segments[*segment];
		if (address < s->address)
			return (struct view){.end = s->address};
		if (address - s->address < s->n_bytes)
			return (struct view){.bytes = s->data + (address - s->address), .end = s->address + s->n_bytes};
		++*segment;
	}
	return (struct view){.end = UINT64_MAX};
}

/* the first range of differing bytes in @n bytes that both images hold; Return: false if there is none */
static bool differing(const struct view *a, const struct view *b, uint64_t address, uint64_t n,
		      struct image_range *range)
{
	uint64_t from = 0, to;

	while (from < n && a->bytes[from] == b->bytes[from])
		from++;
	for (to = from; to < n && a->bytes[to] != b->bytes[to];)
		to++;
	if (from == to)
		return false;
	*range = (struct image_range){.kind = IMAGE_RANGE_DIFFERS,
				      .address = address + from,
				      .n_bytes = to - from,
				      .first = a->bytes + from,
				      .second = b->bytes + from};
	return true;
}

bool image_compare_next(struct image_compare *self, struct image_range *range)
{
	for (;;) {
		struct view a = view_at(self->a, &self->segment_a, self->address);
		struct view b = view_at(self->b, &self->segment_b, self->address);
		uint64_t end = a.end < b.end ? a.end : b.end;
		uint64_t start = self->address;

		if (!a.bytes && !b.bytes && end == UINT64_MAX)
			return false;
		self->address = end;
		if (a.bytes && b.bytes) {
			if (!differing(&a, &b, start, end - start, range))
				continue;
			self->address = range->address + range->n_bytes;
			return true;
		}
		if (!a.bytes && !b.bytes)
			continue;
		*range = (struct image_range){.kind = a.bytes ? IMAGE_RANGE_ONLY_FIRST : IMAGE_RANGE_ONLY_SECOND,
					      .address = start,
					      .n_bytes = end - start,
					      .first = a.bytes,
					      .second = b.bytes};
		return true;
	}
}
