#include "ecu-flash/cli/image_out.h"

#include <string.h>
#include <strings.h>

int image_out_format(const struct options *options, enum image_format *format)
{
	static const struct {
		const char *word;
		enum image_format format;
	} endings[] = {
	    {"hex", IMAGE_IHEX}, {"ihex", IMAGE_IHEX}, {"ihx", IMAGE_IHEX}, {"srec", IMAGE_SREC},
	    {"s19", IMAGE_SREC}, {"s28", IMAGE_SREC},  {"s37", IMAGE_SREC}, {"mot", IMAGE_SREC},
	    {"s", IMAGE_SREC},   {"bin", IMAGE_RAW},   {"raw", IMAGE_RAW},
	};
	const char *dot = strrchr(options->out, '.');
	const char *word = options->to ? options->to : dot ? dot + 1 : "";

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		if (strcasecmp(word, endings[i].word) == 0) {
			*format = endings[i].format;
			return -1;
		}
	}
	return options_wrong(options->verb, "--to is missing: '%s' does not say what it is", options->out);
}

void image_out_piece(struct image_writer *writer, struct image_segment piece, FILE *stream)
{
	char lines[IMAGE_WRITE_BYTES];
	size_t n;

	while ((n = image_write_next(writer, &piece, lines)) > 0)
		fwrite(lines, 1, n, stream);
}
