/* log - one line to stderr an event, with the time in UTC. */
#ifndef SIM_OEM_BACKEND_LOG_H
#define SIM_OEM_BACKEND_LOG_H

void backend_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
