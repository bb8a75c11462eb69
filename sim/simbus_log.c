#include "sim/simbus_log.h"

static size_t hex_digits(char *out, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	return 2 * n;
}

size_t simbus_log_format(char out[SIMBUS_LOG_LINE], const char *name, uint64_t unix_us, const struct can_msg *msg)
{
	int width = msg->flags & CAN_MSG_EXTENDED ? 8 : 3;
	size_t n = (size_t)snprintf(out, SIMBUS_LOG_LINE, "(%010llu.%06u) %.16s %0*X#",
				    (unsigned long long)(unix_us / 1000000), (unsigned)(unix_us % 1000000), name, width,
				    (unsigned)msg->id);

	if (msg->flags & CAN_MSG_RTR) {
		out[n++] = 'R';
		if (msg->len > 0)
			out[n++] = (char)('0' + msg->len);
	} else {
		if (msg->flags & CAN_MSG_FD) {
			out[n++] = '#';
			out[n++] =
			    (char)('0' + (msg->flags & CAN_MSG_BRS ? 1 : 0) + (msg->flags & CAN_MSG_ESI ? 2 : 0));
		}
		n += hex_digits(out + n, msg->data, msg->len);
	}
	out[n++] = '\n';
	out[n] = '\0';
	return n;
}

void simbus_log_frame(FILE *log, const char *name, uint64_t unix_us, const struct can_msg *msg)
{
	char line[SIMBUS_LOG_LINE];

	fwrite(line, 1, simbus_log_format(line, name, unix_us, msg), log);
}
