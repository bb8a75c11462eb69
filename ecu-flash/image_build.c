#include "ecu-flash/image_build.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An index entry: address (4 bytes), bytes (3), offset in the data (4). Packed, since the room is counted to the byte.
 */
#define ENTRY_BYTES   11u
#define MAX_RUN_BYTES 0xffffffu

struct entry {
	uint32_t address;
	uint32_t n_bytes;
	uint32_t offset;
};

int image_fail(struct image_error *error, unsigned line, const char *format, ...)
{
	va_list args;

	error->line = line;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return 1;
}

bool image_lines_next(struct image_lines *self)
{
	while (self->next < self->n) {
		const uint8_t *start = self->bytes + self->next;
		const uint8_t *end = memchr(start, '\n', self->n - self->next);
		size_t length = end ? (size_t)(end - start) : self->n - self->next;

		self->next += end ? length + 1 : length;
		self->number++;
		while (length && (start[length - 1] == '\r' || start[length - 1] == ' ' || start[length - 1] == '\t'))
			length--;
		if (length) {
			self->text = start;
			self->length = length;
			return true;
		}
	}
	return false;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool image_is_hex(uint8_t c)
{
	return hex_digit(c) >= 0;
}

int image_hex_byte(const uint8_t *digits)
{
	int high = hex_digit(digits[0]);
	int low = hex_digit(digits[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static uint8_t *entry_at(const struct image_build *self, size_t i)
{
	return self->buf + self->cap - (i + 1) * ENTRY_BYTES;
}

static struct entry entry_get(const struct image_build *self, size_t i)
{
	const uint8_t *p = entry_at(self, i);

	return (struct entry){
	    .address = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3],
	    .n_bytes = (uint32_t)p[4] << 16 | (uint32_t)p[5] << 8 | p[6],
	    .offset = (uint32_t)p[7] << 24 | (uint32_t)p[8] << 16 | (uint32_t)p[9] << 8 | p[10],
	};
}

static void entry_set(struct image_build *self, size_t i, struct entry e)
{
	const uint8_t bytes[ENTRY_BYTES] = {
	    (uint8_t)(e.address >> 24), (uint8_t)(e.address >> 16), (uint8_t)(e.address >> 8),
	    (uint8_t)e.address,         (uint8_t)(e.n_bytes >> 16), (uint8_t)(e.n_bytes >> 8),
	    (uint8_t)e.n_bytes,         (uint8_t)(e.offset >> 24),  (uint8_t)(e.offset >> 16),
	    (uint8_t)(e.offset >> 8),   (uint8_t)e.offset,
	};

	memcpy(entry_at(self, i), bytes, sizeof bytes);
}

int image_build_add(struct image_build *self, unsigned line, uint64_t address, const uint8_t *data, size_t n,
		    struct image_error *error)
{
	bool continues = self->n_entries && address == self->run_end && self->run_bytes + n <= MAX_RUN_BYTES;
	size_t index_bytes = (self->n_entries + (continues ? 0 : 1)) * ENTRY_BYTES;

	if (!n)
		return 0;
	if (address + n > UINT64_C(0x100000000))
		return image_fail(error, line, "the record runs beyond the 32-bit address space");
	if (self->cap < index_bytes || self->cap - index_bytes < self->n_data + n)
		return image_fail(error, line, "the buffer is too small for the decoded image");
	memcpy(self->buf + self->n_data, data, n);
	if (continues) {
		self->run_bytes += n;
		struct entry e = entry_get(self, self->n_entries - 1);

		e.n_bytes = (uint32_t)self->run_bytes;
		entry_set(self, self->n_entries - 1, e);
	} else {
		self->run_bytes = n;
		self->n_entries++;
		entry_set(self, self->n_entries - 1,
			  (struct entry){(uint32_t)address, (uint32_t)n, (uint32_t)self->n_data});
	}
	self->run_end = address + n;
	self->n_data += n;
	return 0;
}

static bool before(struct entry a, struct entry b)
{
	return a.address < b.address || (a.address == b.address && a.offset < b.offset);
}

static void sift_down(struct image_build *self, size_t root, size_t n)
{
	struct entry moved = entry_get(self, root);

	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && before(entry_get(self, child), entry_get(self, child + 1)))
			child++;
		if (!before(moved, entry_get(self, child)))
			break;
		entry_set(self, root, entry_get(self, child));
	}
	entry_set(self, root, moved);
}

/* Heap sort: in place, and no input makes it slow. The library's qsort() may allocate. */
static void sort_entries(struct image_build *self)
{
	for (size_t i = self->n_entries / 2; i-- > 0;)
		sift_down(self, i, self->n_entries);
	for (size_t n = self->n_entries; n-- > 1;) {
		struct entry last = entry_get(self, n);

		entry_set(self, n, entry_get(self, 0));
		entry_set(self, 0, last);
		sift_down(self, 0, n);
	}
}

/* a second look at the file finds the line that gives byte @i of the run @e */
static int overlap(const struct image *image, const uint8_t *bytes, size_t n, struct entry e, size_t i,
		   struct image_error *error)
{
	struct image_records records;
	struct image_error unused;
	size_t n_data = 0;

	image_records_init(&records, image->format, bytes, n);
	while (n_data <= e.offset + i && !image_records_next(&records, &unused))
		n_data += records.n;
	return image_fail(error, records.line, "address 0x%08" PRIx64 " is given twice, with different bytes",
			  (uint64_t)e.address + i);
}

/* copies the runs in the order of their addresses and makes segments of them */
static int join(struct image_build *self, struct image *image, const uint8_t *bytes, size_t n,
		struct image_error *error)
{
	uint8_t *out = self->buf + self->n_data;
	struct image_segment *segment = NULL;
	uint64_t end = 0;

	for (size_t k = 0; k < self->n_entries; k++) {
		struct entry e = entry_get(self, k);
		const uint8_t *data = self->buf + e.offset;
		size_t seen = 0; /* bytes of this run that are there already */

		if (segment && e.address < end) {
			const uint8_t *there = segment->data + (e.address - segment->address);

			seen = end - e.address < e.n_bytes ? (size_t)(end - e.address) : e.n_bytes;
			for (size_t i = 0; i < seen; i++)
				if (there[i] != data[i])
					return overlap(image, bytes, n, e, i, error);
		} else if (!segment || e.address > end) {
			if (image->n_segments == IMAGE_MAX_SEGMENTS)
				return image_fail(error, 0, "the image has more than %u segments", IMAGE_MAX_SEGMENTS);
			segment = &image->segments[image->n_segments++];
			*segment = (struct image_segment){.address = e.address, .data = out};
			end = e.address;
		}
		memcpy(out, data + seen, e.n_bytes - seen);
		out += e.n_bytes - seen;
		end += e.n_bytes - seen;
		segment->n_bytes += e.n_bytes - seen;
		image->n_bytes += e.n_bytes - seen;
	}
	return 0;
}

int image_build_run(struct image *image, const uint8_t *bytes, size_t n, uint8_t *buf, size_t cap,
		    struct image_error *error)
{
	struct image_build build = {.buf = buf, .cap = cap};
	struct image_records records;
	int r;

	if (n > UINT32_MAX)
		return image_fail(error, 0, "the file is larger than 4 GiB");
	if (cap < n)
		return image_fail(error, 0, "the buffer is too small for the decoded image");
	image_records_init(&records, image->format, bytes, n);
	while (!(r = image_records_next(&records, error)))
		if (image_build_add(&build, records.line, records.address, records.data, records.n, error))
			return 1;
	if (r == 1)
		return 1;
	if (!build.n_data)
		return image_fail(error, 0, "the file holds no data");
	if (cap - build.n_entries * ENTRY_BYTES < 2 * build.n_data)
		return image_fail(error, 0, "the buffer is too small for the decoded image");
	sort_entries(&build);
	r = join(&build, image, bytes, n, error);
	image->entry = records.entry;
	return r;
}
