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

int main(int argc, char **argv)
{
	struct options options;
	int r;

	/* a reader of our output that goes away must not end a flash */
	signal(SIGPIPE, SIG_IGN);
	r = options_parse(&options, argc, argv);
	if (r >= 0)
		return finish(r);
	if (options.candump && strcmp(options.candump, "-") == 0) {
		options.candump_fd = candump_take_stdout();
		if (options.candump_fd < 0) {
			fprintf(stderr, "ecu-flash: standard output: %s\n", strerror(-options.candump_fd));
			return EXIT_FLASH_FAILED;
		}
	}
	return finish(options.verb->run(&options));
}
