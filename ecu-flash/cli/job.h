/*
 * job - one job on one ECU, on a bus, to its end: the driver of flash_bus, the keys, and Ctrl-C.
 */
#ifndef ECU_FLASH_CLI_JOB_H
#define ECU_FLASH_CLI_JOB_H

#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/report.h"

struct job_outcome {
	struct flash_result result;
	bool stop_wanted;   /* the user asked to stop */
	int bus_error;      /* -errno: the bus could not be opened, or was lost and did not come back */
	uint32_t n_foreign; /* requests of another tester on our identifiers */
};

/* Return: -1 with what became of the job in @outcome, or the exit code of our own failure after a message on stderr */
int job_run(const struct options *options, const struct inputs *inputs, enum flash_job_kind kind, struct report *report,
	    struct job_outcome *outcome);

/* a whole verb: its files, the job, what became of it. Return: the exit code */
int job_main(const struct options *options, enum flash_job_kind kind);

#endif
