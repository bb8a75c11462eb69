/* simbus - the virtual CAN bus as a program. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/simbus_control.h"
#include "sim/simbus_server.h"
#include "sim/socket_file.h"

#define TICKS_PER_SECOND 5u

struct options {
	struct simbus_config bus;
	const char *log_path;
	const char *stats_path;
	const char *control_path;
	unsigned stats_seconds;
	struct bus_fault_rule faults[BUS_MAX_FAULTS];
	unsigned n_faults;
};

struct program {
	uv_loop_t loop;
	struct options options;
	struct simbus_log *log;
	struct simbus *bus;
	struct simbus_control *control;
	uv_signal_t signals[3]; /* SIGINT, SIGTERM, SIGUSR1 */
	uv_timer_t ticker;      /* flushes the log; prints statistics */
	unsigned n_ticks;
	bool log_failed;
};

static const char usage_text[] =
    "usage: simbus --listen PATH [OPTION]...\n"
    "A virtual CAN bus on a UNIX seqpacket socket; \"unix:PATH\" names it wherever can0 would stand.\n"
    "\n"
    "  --listen PATH         socket of the bus\n"
    "  --bitrate BPS         nominal bit rate, 10000..1000000 (500000)\n"
    "  --data-bitrate BPS    of the data phase of CAN FD frames, up to 16000000 (2000000)\n"
    "  --no-pace             bus time runs as fast as the clients, not in real time\n"
    "  --name NAME           interface name in the log (vcan-sim0)\n"
    "  --log FILE            every frame in the format of candump -l, dated at its end in bus time; - is\n"
    "                        standard output, live\n"
    "  --fault RULE          what goes wrong, up to 16 times; see below\n"
    "  --faults FILE         a rule a line; what follows # is a comment\n"
    "  --restart-ms MS       how long a client stays off the bus (until it is restored)\n"
    "  --drop PPM            frames in a million that no receiver gets (0)\n"
    "  --drop-id HEX         only frames with this identifier may be lost by --drop\n"
    "  --seed N              of the faults (1)\n"
    "  --control PATH        control socket: a line each of stats, drop PPM, fault RULE, faults, clear,\n"
    "                        restore CLIENT, quit\n"
    "  --stats SECONDS       statistics on stderr, each so many seconds\n"
    "  --stats-file FILE     statistics as JSON at the end and on SIGUSR1\n"
    "  --help, --version\n"
    "\n"
    "RULE is a kind and what it hits, as 'corrupt id=7E8 ppm=500':\n"
    "  drop                  no receiver gets the frame, and its sender does not notice\n"
    "  duplicate             the frame is on the wire twice\n"
    "  delay us=N            the frame, and its sender's later ones, go out so much later\n"
    "  corrupt               an error frame goes out instead; the frame is sent again by itself\n"
    "  bus-off [restart-ms=N]  the frame is lost and its sender off the bus, until restored or for so long\n"
    "  id=HEX, id=FIRST-LAST, id=VALUE/MASK   frames with these identifiers; 29-bit ones have eight digits\n"
    "  client=INDEX          frames of this client, as stats shows it\n"
    "  ppm=N                 so many in a million (all)\n"
    "  nth=N count=N         from the nth on, at most so many (one with nth, else no limit)\n"
    "  seed=N                of ppm (from --seed)\n";

enum option_id {
	LISTEN,
	BITRATE,
	DATA_BITRATE,
	NO_PACE,
	NAME,
	LOG,
	FAULT,
	FAULTS,
	RESTART_MS,
	DROP,
	DROP_ID,
	SEED,
	CONTROL,
	STATS,
	STATS_FILE,
	HELP,
	VERSION
};

static const struct option option_table[] = {
    {"listen", required_argument, NULL, LISTEN},
    {"bitrate", required_argument, NULL, BITRATE},
    {"data-bitrate", required_argument, NULL, DATA_BITRATE},
    {"no-pace", no_argument, NULL, NO_PACE},
    {"name", required_argument, NULL, NAME},
    {"log", required_argument, NULL, LOG},
    {"fault", required_argument, NULL, FAULT},
    {"faults", required_argument, NULL, FAULTS},
    {"restart-ms", required_argument, NULL, RESTART_MS},
    {"drop", required_argument, NULL, DROP},
    {"drop-id", required_argument, NULL, DROP_ID},
    {"seed", required_argument, NULL, SEED},
    {"control", required_argument, NULL, CONTROL},
    {"stats", required_argument, NULL, STATS},
    {"stats-file", required_argument, NULL, STATS_FILE},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

/* ends the program on nonsense, naming the option */
static uint64_t number(const char *option, const char *text, int base, uint64_t min, uint64_t max)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, base);
	if (errno != 0 || end == text || *end || text[0] == '-' || value < min || value > max) {
		fprintf(stderr, "simbus: --%s: must be %llu..%llu, is \"%s\"\n", option, (unsigned long long)min,
			(unsigned long long)max, text);
		exit(2);
	}
	return value;
}

/* @where: the option or the line, as it is named to the user. Return: false, with the reason said, if it is no rule. */
static bool take_fault(struct options *o, const char *where, const char *text)
{
	const char *wrong = "there may be 16 rules";

	if (o->n_faults < BUS_MAX_FAULTS)
		wrong = bus_fault_parse(text, &o->faults[o->n_faults]);
	if (!wrong) {
		o->n_faults++;
		return true;
	}
	fprintf(stderr, "simbus: %s: %s: \"%s\"\n", where, wrong, text);
	return false;
}

static void take_faults_file(struct options *o, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];
	char where[512];

	if (!file) {
		fprintf(stderr, "simbus: --faults %s: %s\n", path, strerror(errno));
		exit(2);
	}
	for (unsigned number_of_line = 1; fgets(line, sizeof(line), file); number_of_line++) {
		line[strcspn(line, "#\r\n")] = '\0';
		if (line[strspn(line, " \t")] == '\0')
			continue;
		snprintf(where, sizeof(where), "%s:%u", path, number_of_line);
		if (!take_fault(o, where, line))
			exit(2);
	}
	fclose(file);
}

static void take_option(struct options *o, enum option_id id, const char *name, const char *value)
{
	struct bus_config *bus = &o->bus.bus;

	switch (id) {
	case LISTEN:
		o->bus.path = value;
		break;
	case BITRATE:
		bus->nominal_bps = (uint32_t)number(name, value, 10, 10000, 1000000);
		break;
	case DATA_BITRATE:
		bus->data_bps = (uint32_t)number(name, value, 10, 10000, 16000000);
		break;
	case NO_PACE:
		o->bus.paced = false;
		break;
	case NAME:
		o->bus.name = value;
		break;
	case LOG:
		o->log_path = value;
		break;
	case FAULT:
		if (!take_fault(o, "--fault", value))
			exit(2);
		break;
	case FAULTS:
		take_faults_file(o, value);
		break;
	case RESTART_MS:
		bus->restart_ms = (uint32_t)number(name, value, 10, 1, 3600000);
		break;
	case DROP:
		bus->drop_ppm = (uint32_t)number(name, value, 10, 0, 1000000);
		break;
	case DROP_ID:
		bus->drop_one_id = true;
		bus->drop_id = (uint32_t)number(name, value, 16, 0, 0x1fffffff);
		break;
	case SEED:
		bus->seed = number(name, value, 10, 0, UINT64_MAX);
		break;
	case CONTROL:
		o->control_path = value;
		break;
	case STATS:
		o->stats_seconds = (unsigned)number(name, value, 10, 1, 86400);
		break;
	case STATS_FILE:
		o->stats_path = value;
		break;
	case HELP:
		fputs(usage_text, stdout);
		exit(0);
	case VERSION:
		puts("simbus " GU_VERSION);
		exit(0);
	}
}

/* Return: 0, or -errno as writing the file at the end would give it */
static int check_place(const char *path)
{
	char folder[PATH_MAX];
	struct stat st;
	const char *slash = strrchr(path, '/');

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? -EISDIR : access(path, W_OK) == 0 ? 0 : -errno;
	if (errno != ENOENT)
		return -errno;
	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return access(folder, W_OK | X_OK) == 0 ? 0 : -errno;
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int index = 0;
	int id;

	*o = (struct options){
	    .bus = {.paced = true, .name = "vcan-sim0", .bus = {.nominal_bps = 500000, .data_bps = 2000000, .seed = 1}},
	};
	while ((id = getopt_long(argc, argv, "", option_table, &index)) != -1) {
		if (id == '?')
			exit(2);
		take_option(o, (enum option_id)id, option_table[index].name, optarg);
	}
	if (optind < argc || !o->bus.path) {
		fputs(usage_text, stderr);
		exit(2);
	}
	int error = o->stats_path ? check_place(o->stats_path) : 0;
	if (error != 0) {
		fprintf(stderr,
			"simbus: --stats-file %s: %s; give a file in a folder that is there and can be written\n",
			o->stats_path, strerror(-error));
		exit(2);
	}
	if (o->control_path && strcmp(o->control_path, o->bus.path) == 0) {
		fprintf(stderr, "simbus: --listen and --control need a socket each; both are %s\n", o->control_path);
		exit(2);
	}
}

static void write_stats_file(struct program *p)
{
	struct json json;

	if (!p->options.stats_path)
		return;
	json_init(&json);
	simbus_control_stats(p->bus, true, &json);
	FILE *f = fopen(p->options.stats_path, "we");
	if (!f || fprintf(f, "%s\n", json_text(&json) ? json_text(&json) : "{}") < 0)
		fprintf(stderr, "simbus: %s: %s\n", p->options.stats_path, strerror(errno));
	if (f && fclose(f) != 0)
		fprintf(stderr, "simbus: %s: %s\n", p->options.stats_path, strerror(errno));
	json_deinit(&json);
}

static void shut_down(void *owner)
{
	struct program *p = owner;

	if (!p->bus)
		return;
	write_stats_file(p);
	simbus_close(p->bus);
	p->bus = NULL;
	simbus_control_close(p->control);
	p->control = NULL;
	for (unsigned i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	uv_close((uv_handle_t *)&p->ticker, NULL);
}

static void on_signal(uv_signal_t *handle, int number_of_signal)
{
	struct program *p = handle->data;

	if (number_of_signal == SIGUSR1)
		write_stats_file(p);
	else
		shut_down(p);
}

static void flush_log(struct program *p)
{
	const bool failed_before = p->log_failed;
	const int error = p->log ? simbus_log_flush(p->log) : 0;

	p->log_failed = error != 0;
	if (p->log_failed && !failed_before)
		fprintf(stderr, "simbus: %s: %s; the log ends here\n", p->options.log_path, strerror(-error));
}

static void print_stats(const struct simbus *bus)
{
	struct simbus_stats s = simbus_stats(bus);
	struct simbus_client_info c;

	fprintf(stderr,
		"simbus: %llu frames, %llu dropped, %llu errors, %llu overruns, load %u.%u %% (last second %u.%u %%)\n",
		(unsigned long long)s.bus.n_frames, (unsigned long long)s.bus.n_dropped,
		(unsigned long long)s.bus.n_errors, (unsigned long long)s.n_overruns, s.load_permille / 10,
		s.load_permille % 10, s.load_permille_last_second / 10, s.load_permille_last_second % 10);
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		if (!simbus_client_info(bus, i, &c) || c.stats.n_frames + c.stats.n_errors + c.stats.n_lost == 0)
			continue;
		fprintf(
		    stderr,
		    "simbus:   %2u %-24s %llu frames, %llu bytes, %llu bits, load %u.%u %%, %llu errors, %llu lost%s\n",
		    i, c.name, (unsigned long long)c.stats.n_frames, (unsigned long long)c.stats.n_bytes,
		    (unsigned long long)c.stats.n_bits, c.load_permille / 10, c.load_permille % 10,
		    (unsigned long long)c.stats.n_errors, (unsigned long long)c.stats.n_lost,
		    c.off        ? ", off the bus"
		    : c.attached ? ""
				 : ", has left");
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct program *p = timer->data;

	flush_log(p);
	if (p->options.stats_seconds != 0 && ++p->n_ticks % (p->options.stats_seconds * TICKS_PER_SECOND) == 0)
		print_stats(p->bus);
}

static void watch_signals(struct program *p)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};

	for (unsigned i = 0; i < 3; i++) {
		uv_signal_init(&p->loop, &p->signals[i]);
		p->signals[i].data = p;
		uv_signal_start(&p->signals[i], on_signal, numbers[i]);
	}
	uv_timer_init(&p->loop, &p->ticker);
	p->ticker.data = p;
	uv_timer_start(&p->ticker, on_tick, 1000 / TICKS_PER_SECOND, 1000 / TICKS_PER_SECOND);
}

static int complain(const char *what, int error)
{
	fprintf(stderr, "simbus: %s: %s\n", what, strerror(-error));
	return 1;
}

static int no_socket(const char *option, const char *path, int error)
{
	fprintf(stderr, "simbus: --%s %s: %s\n", option, path, socket_file_words(error));
	return 1;
}

/* everything that another simbus may hold, and then the log, which that one may be writing */
static int begin(struct program *p)
{
	int r = 0;

	if (p->options.control_path) {
		r = simbus_control_new(&p->loop, p->options.control_path, p->bus, shut_down, p, &p->control);
		if (r != 0)
			return no_socket("control", p->options.control_path, r);
	}
	if (p->log && (r = simbus_log_open(p->log)) != 0)
		return complain(p->options.log_path, r);
	return 0;
}

static int run(struct program *p)
{
	int r = simbus_new(&p->loop, &p->options.bus, &p->bus);

	if (r != 0)
		return no_socket("listen", p->options.bus.path, r);
	for (unsigned i = 0; i < p->options.n_faults; i++)
		simbus_add_fault(p->bus, &p->options.faults[i]); /* there is room: as many as may be given */
	watch_signals(p);
	r = begin(p);
	if (r == 0) {
		const struct bus_config *bus = &p->options.bus.bus;

		fprintf(stderr, "simbus: listening on %s, %u/%u bit/s, %s\n", p->options.bus.path, bus->nominal_bps,
			bus->data_bps, p->options.bus.paced ? "paced" : "not paced");
	} else {
		shut_down(p);
	}
	uv_run(&p->loop, UV_RUN_DEFAULT);
	return r;
}

int main(int argc, char **argv)
{
	static struct program p;

	parse_options(&p.options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (p.options.log_path) {
		int error = simbus_log_new(p.options.log_path, &p.log);
		if (error != 0)
			return complain(p.options.log_path, error);
		p.options.bus.log = p.log;
	}
	int r = uv_loop_init(&p.loop);
	if (r != 0)
		return complain("event loop", r);
	r = run(&p);
	uv_loop_close(&p.loop);
	const int error = simbus_log_free(p.log);
	if (error != 0 && !p.log_failed)
		complain(p.options.log_path, error);
	return error != 0 ? 1 : r;
}
