/*
 * fuzz_can_link - any bytes as the kernel's answer about an interface: refused without a trace, or a description that
 * can be judged, with words that end where they must.
 */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/bytes.h"
#include "uds/port/can_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the first bytes say what is wanted */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	const uint8_t choice = bytes_u8(&in);
	const struct can_link_wanted wanted = {
	    .bitrate = choice & 1 ? bytes_u16(&in) * 20u : 0,
	    .sample_point = choice & 2 ? 875 : 0,
	    .data_bitrate = choice & 4 ? bytes_u16(&in) * 100u : 0,
	    .fd = (choice & 8) != 0,
	    .bring_up = (choice & 16) != 0,
	    .has_restart_ms = (choice & 32) != 0,
	    .restart_ms = 100,
	};
	uint8_t answer[4096];
	const size_t n = bytes_take(&in, answer, sizeof answer);
	char text[CAN_LINK_TEXT_BYTES];
	struct can_link_info info, untouched;
	int r;

	memset(&info, 0xa5, sizeof info);
	untouched = info;
	r = can_link_parse(answer, n, &info);
	assert(r <= 0 && r > -4096);
	if (r < 0) {
		assert(memcmp(&info, &untouched, sizeof info) == 0);
		return 0;
	}
	memset(text, 'x', sizeof text);
	const enum can_link_verdict verdict = can_link_decide("can0", &info, &wanted, text);

	assert(memchr(text, '\0', sizeof text));
	assert((verdict != CAN_LINK_REFUSED && verdict != CAN_LINK_DOWN) || text[0]);
	assert(verdict != CAN_LINK_RESTART || (wanted.bring_up && info.state == CAN_BUS_OFF && text[0]));
	assert(verdict != CAN_LINK_START || (wanted.bring_up && !info.up));
	assert(verdict != CAN_LINK_USABLE || info.up);
	return 0;
}
