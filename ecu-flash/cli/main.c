/*
 * ecu-flash - talks to ECUs on a bench, and flashes them from files: no daemon, no backend.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ecu-flash/cli/candump.h"
#include "ecu-flash/cli/options.h"

int main(int argc, char **argv)
{
	struct options options;
	int r = options_parse(&options, argc, argv);

	if (r >= 0)
		return r;
	/* a reader of our output that goes away must not end a flash */
	signal(SIGPIPE, SIG_IGN);
	if (options.candump && strcmp(options.candump, "-") == 0) {
		options.candump_fd = candump_take_stdout();
		if (options.candump_fd < 0) {
			fprintf(stderr, "ecu-flash: standard output: %s\n", strerror(-options.candump_fd));
			return EXIT_FLASH_FAILED;
		}
	}
	return options.verb->run(&options);
}
