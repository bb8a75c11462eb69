#include "gatewayd/io/text.h"

#include <stddef.h>
#include <string.h>

#include "proto/check.h"

/* bytes of the character that begins with @lead, if it is a whole one */
static size_t length_of(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xe0)
		return 2;
	return lead < 0xf0 ? 3 : 4;
}

void text_mend(char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n;) {
		size_t length = length_of((unsigned char)text[i]);

		if (length <= n - i && text_is_clean((const uint8_t *)text + i, length)) {
			i += length;
		} else {
			text[i++] = '?';
		}
	}
}
