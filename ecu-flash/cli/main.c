/*
 * ecu-flash - talks to ECUs on a bench, and flashes them from files: no daemon, no backend.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ecu-flash/cli/candump.h"
#include "ecu-flash/cli/options.h"

/* Return: @code; EXIT_FLASH_FAILED instead of EXIT_DONE if not all that was printed has arrived */
static int finish(int code)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fprintf(stderr, "ecu-flash: standard output could not be written%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return code == EXIT_DONE ? EXIT_FLASH_FAILED : code;
}

/* the verb has said what became of its work; the log comes second */
static int run(const struct options *options)
{
	int code = options->verb->run(options);

	if (*options->log_error)
		fprintf(stderr, "ecu-flash: %s: the log could not be written whole: %s\n", options->candump,
			strerror(-*options->log_error));
	return options_exit_code(options, code);
}

int main(int argc, char **argv)
{
	struct options options;
	int log_error = 0;
	int r;

	/* a reader of our output that goes away must not end a flash */
	signal(SIGPIPE, SIG_IGN);
	r = options_parse(&options, argc, argv);
	if (r >= 0)
		return finish(r);
	options.log_error = &log_error;
	if (options.candump && strcmp(options.candump, "-") == 0) {
		options.candump_fd = candump_take_stdout();
		if (options.candump_fd < 0) {
			fprintf(stderr, "ecu-flash: standard output: %s\n", strerror(-options.candump_fd));
			return EXIT_FLASH_FAILED;
		}
	}
	return finish(run(&options));
}
