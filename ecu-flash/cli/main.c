/*
 * ecu-flash - talks to ECUs on a bench, and flashes them from files: no daemon, no backend.
 */
#include <signal.h>

#include "ecu-flash/cli/options.h"

int main(int argc, char **argv)
{
	struct options options;
	int r = options_parse(&options, argc, argv);

	if (r >= 0)
		return r;
	/* a reader of our output that goes away must not end a flash */
	signal(SIGPIPE, SIG_IGN);
	return options.verb->run(&options);
}
