#include "ecu-flash/cli/print.h"

#include <stdio.h>

#include "ecu-flash/cli/options.h"

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
