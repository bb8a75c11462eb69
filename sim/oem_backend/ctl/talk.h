/* talk - one request to the backend's control socket. */
#ifndef SIM_OEM_BACKEND_CTL_TALK_H
#define SIM_OEM_BACKEND_CTL_TALK_H

#include "common/json.h"

/**
 * talk() - send a request, wait for the answer
 * @request: one whole object; freed
 * @answer: one JSON object, allocated, free() it
 * @error: in words, when not 0
 * Return: 0 or -errno.
 */
int talk(const char *path, struct json *request, char **answer, char error[512]);

/* seconds of a clock that nobody sets */
double talk_clock_s(void);

/* Before the same is asked again, in a wait that began at @began_s of that clock: a tenth of the time waited so far,
 * from 0.1 to 1 s, so that a short wait ends at once and a long one costs little. */
void talk_pause(double began_s);

#endif
