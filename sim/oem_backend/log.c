#include "sim/oem_backend/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void backend_log(const char *format, ...)
{
	char line[1024];
	char when[32];
	struct timespec now;
	struct tm tm;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	/* texts of vehicles are in it: no control character reaches a terminal */
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	fprintf(stderr, "%s.%03ldZ %s\n", when, now.tv_nsec / 1000000, line);
}
