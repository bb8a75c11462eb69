#include "ecu-flash/cli/print.h"

#include <stdarg.h>
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

void print_error(struct json *json, const char *text, const char *advice)
{
	json_key(json, "error");
	if (!text) {
		json_string(json, NULL);
		return;
	}
	json_object(json);
	json_key(json, "text");
	json_string(json, text);
	json_key(json, "advice");
	json_string(json, advice);
	json_object_end(json);
}

int print_failure(const struct options *options, int code, const char *format, ...)
{
	struct json json;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fprintf(stderr, "ecu-flash: %s\n", text);
	if (!options->json)
		return code;
	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, options->verb->name);
	print_status(&json, options, code);
	print_error(&json, text, "");
	json_object_end(&json);
	print_json(&json);
	return code;
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
