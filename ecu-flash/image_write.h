/*
 * image_write - firmware as lines of Intel HEX or Motorola S-record, pulled by the caller one step at a time.
 *
 * image_write_begin(), then image_write_next() until each piece is empty, then image_write_end(). A piece is written in
 * records of at most record_bytes, so a caller that gives each record of a source file as one piece keeps its layout.
 * With the defaults the lines are those of GNU objcopy, byte for byte.
 */
#ifndef ECU_FLASH_IMAGE_WRITE_H
#define ECU_FLASH_IMAGE_WRITE_H

#include "ecu-flash/image.h"

#define IMAGE_WRITE_BYTES 1100u /* what one step writes, at most */

struct image_write_config {
	enum image_format format; /* IMAGE_IHEX or IMAGE_SREC */
	uint8_t record_bytes;     /* data bytes of a record; 0 = 16, and at most what the format holds */
	uint8_t srec_type;        /* 1..3: data in S1, S2 or S3; see image_srec_type() */
	/* Intel HEX: type 4 address and type 5 start records everywhere; else types 2 and 3 within the first MiB */
	bool linear;
	bool lf;               /* lines end with LF alone, else with CR LF */
	uint64_t entry;        /* start address; 0 = none */
	const uint8_t *header; /* S-record: the text of the S0 record; NULL = no such record */
	uint8_t n_header;      /* 0..252 */
};

struct image_writer { /* all fields are private */
	struct image_write_config config;
	uint64_t base; /* Intel HEX: what the last address record said */
	bool segmented;
};

/* Return: the lowest S-record type, 1..3, that holds both addresses; 0 if they have more than 32 bits */
uint8_t image_srec_type(uint64_t highest, uint64_t entry);

/* @config: copied, its header lives as long as the writer */
void image_write_init(struct image_writer *self, const struct image_write_config *config);

/* Return: the bytes written to @out, 0 if there is nothing to say */
size_t image_write_begin(struct image_writer *self, char out[IMAGE_WRITE_BYTES]);
/* one data record, with the address records before it; what was written is taken off @piece. All addresses of it have
 * to fit: 32 bits, and those of srec_type. Return: as above, 0 for an empty piece */
size_t image_write_next(struct image_writer *self, struct image_segment *piece, char out[IMAGE_WRITE_BYTES]);
size_t image_write_end(struct image_writer *self, char out[IMAGE_WRITE_BYTES]);

#endif
