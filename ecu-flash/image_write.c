/* The forms of the records are described at the head of image_ihex.c and image_srec.c, which read them. */
#include "ecu-flash/image_write.h"

#define DEFAULT_RECORD_BYTES 16u
#define SEGMENTED_END        0x100000u /* addresses that type 2 and 3 records reach */

struct line {
	char *out;
	size_t n;
	uint8_t sum;
};

static void put_byte(struct line *line, uint8_t byte)
{
	static const char digits[] = "0123456789ABCDEF";

	line->out[line->n++] = digits[byte >> 4];
	line->out[line->n++] = digits[byte & 15u];
	line->sum = (uint8_t)(line->sum + byte);
}

static void put_number(struct line *line, uint64_t value, unsigned n_bytes)
{
	while (n_bytes-- > 0)
		put_byte(line, (uint8_t)(value >> 8 * n_bytes));
}

static void put_bytes(struct line *line, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_byte(line, bytes[i]);
}

static void put_end(struct line *line, bool lf)
{
	if (!lf)
		line->out[line->n++] = '\r';
	line->out[line->n++] = '\n';
}

/* ---- Intel HEX ---- */

static size_t ihex_record(const struct image_writer *self, char *out, uint8_t type, uint16_t address,
			  const uint8_t *data, size_t n)
{
	struct line line = {.out = out};

	line.out[line.n++] = ':';
	put_byte(&line, (uint8_t)n);
	put_number(&line, address, 2);
	put_byte(&line, type);
	put_bytes(&line, data, n);
	put_byte(&line, (uint8_t)(0x100u - line.sum));
	put_end(&line, self->config.lf);
	return line.n;
}

static size_t ihex_word(const struct image_writer *self, char *out, uint8_t type, uint16_t value)
{
	const uint8_t data[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	return ihex_record(self, out, type, 0, data, sizeof data);
}

/* the records that move the base to where @address is */
static size_t ihex_base(struct image_writer *self, char *out, uint64_t address)
{
	size_t n = 0;

	if (address >= self->base && address - self->base <= 0xffff)
		return 0;
	self->base = address & ~UINT64_C(0xffff);
	if (!self->config.linear && address < SEGMENTED_END) {
		self->segmented = self->base != 0;
		return ihex_word(self, out, 2, (uint16_t)(self->base >> 4));
	}
	/* there are readers that add both bases up */
	if (self->segmented)
		n = ihex_word(self, out, 2, 0);
	self->segmented = false;
	return n + ihex_word(self, out + n, 4, (uint16_t)(self->base >> 16));
}

static size_t ihex_start(const struct image_writer *self, char *out)
{
	uint64_t entry = self->config.entry;
	bool segmented = !self->config.linear && entry < SEGMENTED_END;
	uint16_t high = (uint16_t)(segmented ? entry >> 4 & 0xf000u : entry >> 16);
	const uint8_t data[4] = {(uint8_t)(high >> 8), (uint8_t)high, (uint8_t)(entry >> 8), (uint8_t)entry};

	return ihex_record(self, out, segmented ? 3 : 5, 0, data, sizeof data);
}

/* ---- S-record ---- */

static size_t srec_record(const struct image_writer *self, char *out, uint8_t type, unsigned address_bytes,
			  uint64_t address, const uint8_t *data, size_t n)
{
	struct line line = {.out = out};

	line.out[line.n++] = 'S';
	line.out[line.n++] = (char)('0' + type);
	put_byte(&line, (uint8_t)(address_bytes + n + 1));
	put_number(&line, address, address_bytes);
	put_bytes(&line, data, n);
	put_byte(&line, (uint8_t)~line.sum);
	put_end(&line, self->config.lf);
	return line.n;
}

uint8_t image_srec_type(uint64_t highest, uint64_t entry)
{
	if (entry > highest)
		highest = entry;
	if (highest <= 0xffff)
		return 1;
	if (highest <= 0xffffff)
		return 2;
	return highest <= 0xffffffff ? 3 : 0;
}

/* ---- both ---- */

void image_write_init(struct image_writer *self, const struct image_write_config *config)
{
	size_t most = config->format == IMAGE_SREC ? 255u - 2u - config->srec_type : 255u;

	*self = (struct image_writer){.config = *config};
	if (!self->config.record_bytes)
		self->config.record_bytes = DEFAULT_RECORD_BYTES;
	if (self->config.record_bytes > most)
		self->config.record_bytes = (uint8_t)most;
}

size_t image_write_begin(struct image_writer *self, char out[IMAGE_WRITE_BYTES])
{
	if (self->config.format != IMAGE_SREC || !self->config.header)
		return 0;
	return srec_record(self, out, 0, 2, 0, self->config.header, self->config.n_header);
}

size_t image_write_next(struct image_writer *self, struct image_segment *piece, char out[IMAGE_WRITE_BYTES])
{
	size_t n = piece->n_bytes < self->config.record_bytes ? piece->n_bytes : self->config.record_bytes;
	size_t written = 0;

	if (!n)
		return 0;
	if (self->config.format == IMAGE_SREC) {
		written = srec_record(self, out, self->config.srec_type, self->config.srec_type + 1u, piece->address,
				      piece->data, n);
	} else {
		size_t room;

		written = ihex_base(self, out, piece->address);
		room = (size_t)(self->base + 0x10000 - piece->address);
		n = n < room ? n
			     : room; /* a record that crosses the end of its 64 KiB means different things to readers */
		written += ihex_record(self, out + written, 0, (uint16_t)(piece->address - self->base), piece->data, n);
	}
	piece->address += n;
	piece->data += n;
	piece->n_bytes -= n;
	return written;
}

size_t image_write_end(struct image_writer *self, char out[IMAGE_WRITE_BYTES])
{
	size_t n = 0;

	if (self->config.format == IMAGE_SREC)
		return srec_record(self, out, (uint8_t)(10 - self->config.srec_type), self->config.srec_type + 1u,
				   self->config.entry, NULL, 0);
	if (self->config.entry)
		n = ihex_start(self, out);
	return n + ihex_record(self, out + n, 1, 0, NULL, 0);
}
