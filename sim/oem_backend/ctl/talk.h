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

#endif
