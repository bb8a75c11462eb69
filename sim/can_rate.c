/*
 * can-rate - how fast TransferData went, from a candump log: payload rate against what the wire allows, in bus time.
 *
 * The limit is computed bit for bit from the very frames that the run had to send: first, consecutive and flow control
 * frames of each 36, and its answer, and the gaps that --st-min allows. Other gaps between frames, other traffic, 7F 36
 * 78 and repeated blocks count against it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "uds/can_bits.h"

#define MAX_ECUS          32u
#define LINE_BYTES        256u

#define LOG_RESOLUTION_NS 1000u

struct pair {
	char name[65];
	uint32_t request_id;
	uint32_t response_id;
	bool open;        /* between the first frame of a 36 and its answer */
	bool in_span;     /* since the first 36 of a segment */
	int last_counter; /* of the block before, -1 none */
	uint64_t block_payload;
	uint64_t block_ns; /* frames of the block at hand */
	uint64_t span_start_ns;
	uint64_t span_end_ns;
	uint64_t payload_bytes;
	uint64_t needed_ns; /* frames that had to be sent */
	uint64_t elapsed_ns;
	uint64_t n_blocks;
	uint64_t n_repeats;
	bool after_cf; /* the last frame of the request's side was a consecutive one, and no flow control came since */
	uint64_t cf_end_ns;
	uint64_t n_gaps; /* between consecutive frames */
	uint64_t least_gap_ns;
	uint64_t n_early; /* gaps below st_min_ns */
};

struct rates {
	struct pair pairs[MAX_ECUS];
	size_t n_pairs;
	uint32_t bitrate;
	uint32_t data_bitrate;
	bool watch_gaps;
	uint64_t st_min_ns;
	uint64_t first_ns; /* of the log */
	uint64_t last_ns;
	uint64_t busy_ns;
	uint64_t n_frames;
};

static void close_span(struct pair *p)
{
	if (p->in_span)
		p->elapsed_ns += p->span_end_ns - p->span_start_ns;
	p->in_span = false;
	p->open = false;
	p->last_counter = -1;
}

/* length and offset of the service identifier in a single or first frame; Return: false for any other frame */
static bool message_start(const struct can_msg *msg, uint64_t *length, size_t *sid)
{
	const uint8_t *d = msg->data;

	if (msg->len >= 2 && d[0] >> 4 == 0) {
		*sid = d[0] == 0 ? 2 : 1;
		*length = d[0] == 0 ? d[1] : d[0];
	} else if (msg->len >= 8 && d[0] >> 4 == 1) {
		*length = (uint64_t)(d[0] & 15) << 8 | d[1];
		*sid = 2;
		if (*length == 0) {
			*length = (uint64_t)d[2] << 24 | (uint64_t)d[3] << 16 | (uint64_t)d[4] << 8 | d[5];
			*sid = 6;
		}
	} else {
		return false;
	}
	return *sid<msg->len && * length> 0;
}

/* STmin runs from the end of a consecutive frame to the begin of the next; after flow control the next may come at once
 */
static void watch_gap(struct rates *r, struct pair *p, const struct can_msg *msg, uint64_t end_ns, uint64_t frame_ns)
{
	const bool cf = msg->len >= 1 && msg->data[0] >> 4 == 2;
	const uint64_t begin_ns = end_ns - frame_ns;

	if (cf && p->after_cf) {
		const uint64_t gap_ns = begin_ns > p->cf_end_ns ? begin_ns - p->cf_end_ns : 0;

		if (p->n_gaps++ == 0 || gap_ns < p->least_gap_ns)
			p->least_gap_ns = gap_ns;
		p->n_early += gap_ns + LOG_RESOLUTION_NS < r->st_min_ns;
		p->block_ns += r->st_min_ns; /* which the limit has to hold too */
	}
	p->after_cf = cf;
	p->cf_end_ns = end_ns;
}

static void on_request(struct pair *p, const struct can_msg *msg, uint64_t end_ns, uint64_t frame_ns)
{
	uint64_t length;
	size_t sid;
	int counter;

	if (!message_start(msg, &length, &sid)) {
		if (p->open)
			p->block_ns += frame_ns;
		return;
	}
	if (msg->data[sid] == 0x3e)
		return; /* tester present in between is no part of the transfer, and does not end it */
	if (msg->data[sid] != 0x36 || length < 2) {
		close_span(p);
		return;
	}
	counter = sid + 1 < msg->len ? msg->data[sid + 1] : 0;
	if (!p->in_span)
		p->span_start_ns = end_ns - frame_ns;
	p->in_span = true;
	p->span_end_ns = end_ns;
	if (counter == p->last_counter)
		p->n_repeats++;
	p->open = true;
	p->last_counter = counter;
	p->block_payload = length - 2;
	p->block_ns = frame_ns;
}

static void on_response(struct pair *p, const struct can_msg *msg, uint64_t end_ns, uint64_t frame_ns)
{
	uint64_t length;
	size_t sid;

	if (!p->open)
		return;
	if (msg->len >= 3 && msg->data[0] >> 4 == 3) {
		p->block_ns += frame_ns;
		return;
	}
	if (!message_start(msg, &length, &sid) || msg->data[sid] != 0x76)
		return;
	p->needed_ns += p->block_ns + frame_ns;
	p->payload_bytes += p->block_payload;
	p->n_blocks++;
	p->span_end_ns = end_ns;
	p->open = false;
}

static void on_frame(struct rates *r, const struct can_msg *msg, uint64_t end_ns)
{
	uint64_t frame_ns = can_bits_time_ns(msg, r->bitrate, r->data_bitrate);

	if (r->n_frames++ == 0)
		r->first_ns = end_ns - frame_ns;
	r->last_ns = end_ns;
	r->busy_ns += frame_ns;
	for (size_t i = 0; i < r->n_pairs; i++) {
		struct pair *p = &r->pairs[i];

		if (msg->id == p->request_id) {
			watch_gap(r, p, msg, end_ns, frame_ns);
			on_request(p, msg, end_ns, frame_ns);
		} else if (msg->id == p->response_id) {
			p->after_cf = false;
			on_response(p, msg, end_ns, frame_ns);
		}
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "(1700000000.123456) can0 7E0#0210…"; Return: false if it is no such line */
static bool parse_line(const char *line, struct can_msg *msg, uint64_t *end_ns)
{
	unsigned long long seconds;
	unsigned micros;
	char id[16];
	int offset = 0;
	const char *data;

	if (sscanf(line, "(%llu.%6u) %*s %15[0-9A-Fa-f]#%n", &seconds, &micros, id, &offset) < 3 || offset == 0)
		return false;
	memset(msg, 0, sizeof(*msg));
	msg->id = (uint32_t)strtoul(id, NULL, 16);
	msg->flags = strlen(id) > 3 ? CAN_MSG_EXTENDED : 0;
	*end_ns = seconds * 1000000000ull + micros * 1000ull;
	data = line + offset;
	if (*data == 'R') {
		msg->flags |= CAN_MSG_RTR;
		return true;
	}
	if (*data == '#') {
		int flags = hex_value(data[1]);

		if (flags < 0)
			return false;
		msg->flags |= CAN_MSG_FD;
		msg->flags |= flags & 1 ? CAN_MSG_BRS : 0;
		msg->flags |= flags & 2 ? CAN_MSG_ESI : 0;
		data += 2;
	}
	for (; msg->len < CAN_MSG_MAX_BYTES; data += 2) {
		const int high = hex_value(data[0]), low = high < 0 ? -1 : hex_value(data[1]);

		if (low < 0)
			break;
		msg->data[msg->len++] = (uint8_t)(high * 16 + low);
	}
	return true;
}

static double per_second(uint64_t bytes, uint64_t ns)
{
	return ns ? (double)bytes * 1e9 / (double)ns : 0.0;
}

static void print_text(const struct rates *r)
{
	printf("%-12s %10s %10s %9s %9s %7s %7s\n", "ECU", "bytes", "bus s", "kB/s", "limit", "ratio", "repeats");
	for (size_t i = 0; i < r->n_pairs; i++) {
		const struct pair *p = &r->pairs[i];
		double rate = per_second(p->payload_bytes, p->elapsed_ns);
		double limit = per_second(p->payload_bytes, p->needed_ns);

		printf("%-12s %10" PRIu64 " %10.3f %9.2f %9.2f %7.3f %7" PRIu64 "\n", p->name, p->payload_bytes,
		       (double)p->elapsed_ns / 1e9, rate / 1e3, limit / 1e3, limit > 0 ? rate / limit : 0.0,
		       p->n_repeats);
		if (r->watch_gaps)
			printf("%-12s %10" PRIu64 " gaps between consecutive frames, the least %.1f us, %" PRIu64
			       " too early\n",
			       "", p->n_gaps, (double)p->least_gap_ns / 1e3, p->n_early);
	}
}

static void print_json(const struct rates *r)
{
	struct json json;
	const char *text;

	json_init(&json);
	json_object(&json);
	json_key(&json, "frames");
	json_uint(&json, r->n_frames);
	json_key(&json, "load_percent");
	json_real(&json, r->last_ns > r->first_ns ? 100.0 * (double)r->busy_ns / (double)(r->last_ns - r->first_ns) : 0,
		  1);
	json_key(&json, "ecus");
	json_array(&json);
	for (size_t i = 0; i < r->n_pairs; i++) {
		const struct pair *p = &r->pairs[i];
		double rate = per_second(p->payload_bytes, p->elapsed_ns);
		double limit = per_second(p->payload_bytes, p->needed_ns);

		json_object(&json);
		json_key(&json, "name");
		json_string(&json, p->name);
		json_key(&json, "payload_bytes");
		json_uint(&json, p->payload_bytes);
		json_key(&json, "bus_seconds");
		json_real(&json, (double)p->elapsed_ns / 1e9, 3);
		json_key(&json, "kb_per_s");
		json_real(&json, rate / 1e3, 2);
		json_key(&json, "limit_kb_per_s");
		json_real(&json, limit / 1e3, 2);
		json_key(&json, "ratio");
		json_real(&json, limit > 0 ? rate / limit : 0.0, 4);
		/* of the wire's time during the transfer: how much this ECU's own transfer used */
		json_key(&json, "load_percent");
		json_real(&json, p->elapsed_ns ? 100.0 * (double)p->needed_ns / (double)p->elapsed_ns : 0.0, 1);
		json_key(&json, "repeats");
		json_uint(&json, p->n_repeats);
		if (r->watch_gaps) {
			json_key(&json, "gaps");
			json_uint(&json, p->n_gaps);
			json_key(&json, "least_gap_us");
			json_real(&json, (double)p->least_gap_ns / 1e3, 1);
			json_key(&json, "early");
			json_uint(&json, p->n_early);
		}
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	text = json_text(&json);
	if (text)
		puts(text);
	json_deinit(&json);
}

static const char usage[] =
    "Usage: can-rate --ecu NAME=REQUEST:RESPONSE… [--bitrate BPS] [--data-bitrate BPS] [--st-min US] [--json] LOG\n"
    "\n"
    "The payload rate of TransferData per ECU, against what the wire allows, from a candump -l log in bus time.\n"
    "\n"
    "  -e, --ecu NAME=REQUEST:RESPONSE   identifiers in hexadecimal, as lamp=7E0:7E8\n"
    "  -b, --bitrate BPS                 nominal bit rate (500000)\n"
    "  -d, --data-bitrate BPS            of the data phase of CAN FD frames (the nominal one)\n"
    "  -s, --st-min US                   count consecutive frames of requests that begin earlier than so many\n"
    "                                    microseconds after the end of the one before; the limit counts\n"
    "                                    these gaps\n"
    "  -j, --json\n"
    "      --version\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0, 1 if the log cannot be read or holds no transfer, 2 wrong usage.\n";

static bool add_pair(struct rates *r, const char *text)
{
	struct pair *p = &r->pairs[r->n_pairs];

	if (r->n_pairs == MAX_ECUS ||
	    sscanf(text, "%64[^=]=%" SCNx32 ":%" SCNx32, p->name, &p->request_id, &p->response_id) != 3)
		return false;
	p->last_counter = -1;
	r->n_pairs++;
	return true;
}

static int read_log(struct rates *r, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	struct can_msg msg;
	uint64_t end_ns;

	if (!file) {
		fprintf(stderr, "can-rate: %s: %s\n", path, strerror(errno));
		return 1;
	}
	while (fgets(line, sizeof(line), file))
		if (parse_line(line, &msg, &end_ns))
			on_frame(r, &msg, end_ns);
	fclose(file);
	for (size_t i = 0; i < r->n_pairs; i++)
		close_span(&r->pairs[i]);
	if (r->n_frames > 0)
		return 0;
	fprintf(stderr, "can-rate: %s: no line of candump's -l format in it\n", path);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"ecu", required_argument, NULL, 'e'},
	    {"bitrate", required_argument, NULL, 'b'},
	    {"data-bitrate", required_argument, NULL, 'd'},
	    {"st-min", required_argument, NULL, 's'},
	    {"json", no_argument, NULL, 'j'},
	    {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct rates rates = {.bitrate = 500000};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "e:b:d:s:jh", options, NULL)) != -1) {
		switch (option) {
		case 'e':
			if (!add_pair(&rates, optarg)) {
				fprintf(stderr, "can-rate: --ecu %s: must be NAME=REQUEST:RESPONSE, as lamp=7E0:7E8\n",
					optarg);
				return 2;
			}
			break;
		case 'b':
			rates.bitrate = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'd':
			rates.data_bitrate = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 's':
			rates.watch_gaps = true;
			rates.st_min_ns = strtoul(optarg, NULL, 10) * 1000ull;
			break;
		case 'j':
			json = true;
			break;
		case 'v':
			puts("can-rate " GU_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("Try 'can-rate --help'.\n", stderr);
			return 2;
		}
	}
	if (optind + 1 != argc || rates.n_pairs == 0 || rates.bitrate < 10000) {
		fputs(usage, stderr);
		return 2;
	}
	if (read_log(&rates, argv[optind]))
		return 1;
	if (json)
		print_json(&rates);
	else
		print_text(&rates);
	return 0;
}
