#include "ecu-flash/cli/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void words_addressing(const struct profile *profile, char out[WORDS_BYTES])
{
	const struct isotp_address *a = &profile->link.address;
	int width = a->extended_id ? 8 : 3;
	char ae[48] = "";
	char to_all[16] = "";

	if (a->form == ISOTP_EXTENDED)
		snprintf(ae, sizeof ae, ", target address %02X, ours %02X", a->tx_ae, a->rx_ae);
	if (a->form == ISOTP_MIXED)
		snprintf(ae, sizeof ae, ", address extension %02X", a->tx_ae);
	if (profile->functional.has_address)
		snprintf(to_all, sizeof to_all, " to %02X", profile->functional.address);
	snprintf(out, WORDS_BYTES, "request %0*" PRIX32 ", response %0*" PRIX32 ", functional %0*" PRIX32 "%s%s", width,
		 a->tx_id, width, a->rx_id, profile->functional.extended_id ? 8 : 3, profile->functional.id, to_all,
		 ae);
}

void words_count(uint64_t n, char out[WORDS_BYTES])
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n);
	size_t o = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[o++] = ' ';
		out[o++] = digits[i];
	}
	out[o] = '\0';
}

void words_time(uint64_t ms, char out[WORDS_BYTES])
{
	if (ms < 1000)
		snprintf(out, WORDS_BYTES, "%" PRIu64 " ms", ms);
	else if (ms < 60000)
		snprintf(out, WORDS_BYTES, "%.1f s", (double)ms / 1000);
	else
		snprintf(out, WORDS_BYTES, "%" PRIu64 " min %02" PRIu64 " s", ms / 60000, ms / 1000 % 60);
}
