#include "ecu-flash/cli/print.h"

#include <stdio.h>
#include <string.h>

void print_status(struct json *json, const struct options *options, int code)
{
	int error = *options->log_error;

	json_key(json, "exit_code");
	json_int(json, options_exit_code(options, code));
	json_key(json, "log_error");
	json_string(json, error ? strerror(-error) : NULL);
}

int print_json(struct json *json)
{
	const char *text = json_text(json);
	int r = text ? EXIT_DONE : EXIT_FLASH_FAILED;

	if (text)
		puts(text);
	else
		fputs("ecu-flash: out of memory\n", stderr);
	json_deinit(json);
	return r;
}
