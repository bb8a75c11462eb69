#include "ecu-flash/cli/values.h"

#include <ctype.h>
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

/* Return: what follows the digits, NULL if there are none or too many */
static const char *hexadecimal(const char *text, uint32_t *value)
{
	uint32_t parsed = 0;
	unsigned n = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; isxdigit((unsigned char)*text) && n < 9; text++, n++)
		parsed =
		    parsed << 4 | (uint32_t)(isdigit((unsigned char)*text) ? *text - '0' : (*text | 32) - 'a' + 10);
	*value = parsed;
	return n >= 1 && n <= 8 && parsed <= 0x1fffffff ? text : NULL;
}

bool value_id(const char *text, uint32_t *id)
{
	const char *end = hexadecimal(text, id);

	return end && !*end;
}

bool value_id_range(const char *text, uint32_t *first, uint32_t *last)
{
	const char *end = hexadecimal(text, first);

	*last = *first;
	if (!end || !*end)
		return end;
	return *end == '-' && value_id(end + 1, last) && *last >= *first;
}
