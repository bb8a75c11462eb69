/*
 * watch - follows gatewayd's change signals until a campaign has ended; survives a restart of the daemon.
 */
#ifndef GATEWAYD_CTL_WATCH_H
#define GATEWAYD_CTL_WATCH_H

#include <systemd/sd-bus.h>
#include <stdbool.h>
#include <stdint.h>

struct watch_options {
	const char *campaign; /* NULL: all that are under way, or else the next that begins */
	const char *until;    /* a state to be reached; NULL: any final one */
	uint32_t patience_s;  /* how long the daemon may be gone */
	bool json;            /* a JSON object a line and change instead of text */
};

/* Return: enum ctl_exit */
int watch_run(sd_bus *bus, const struct watch_options *options);

#endif
