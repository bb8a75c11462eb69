/*
 * image_out - the format of a firmware file that is to be written, and its pieces on a stream.
 */
#ifndef ECU_FLASH_CLI_IMAGE_OUT_H
#define ECU_FLASH_CLI_IMAGE_OUT_H

#include <stdio.h>

#include "ecu-flash/cli/options.h"
#include "ecu-flash/image_write.h"

/* what --to or the name of --out says. Return: -1, or EXIT_USAGE after a message */
int image_out_format(const struct options *options, enum image_format *format);

/* all records of a piece; @stream keeps its own error */
void image_out_piece(struct image_writer *writer, struct image_segment piece, FILE *stream);

#endif
