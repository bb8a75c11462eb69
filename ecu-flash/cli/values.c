#include "ecu-flash/cli/values.h"

#include <errno.h>
#include <stdlib.h>

bool value_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;
	unsigned long long parsed;

	if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
		return false;
	errno = 0;
	parsed = strtoull(text, &end, 0);
	if (errno || *end || parsed < min || parsed > max)
		return false;
	*value = parsed;
	return true;
}
