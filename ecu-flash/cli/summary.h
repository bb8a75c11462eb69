/*
 * summary - what became of a job: the table or the words at its end, its JSON object, its exit code.
 */
#ifndef ECU_FLASH_CLI_SUMMARY_H
#define ECU_FLASH_CLI_SUMMARY_H

#include "ecu-flash/cli/job.h"

enum exit_code summary_exit_code(const struct job_outcome *outcome);

/* on stdout; words about a failure on stderr */
void summary_text(const struct options *options, const struct inputs *inputs, const struct job_outcome *outcome);
void summary_json(const struct options *options, const struct inputs *inputs, const struct job_outcome *outcome);

#endif
