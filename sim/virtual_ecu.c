/* virtual-ecu - many ECUs in one process, on simulated or real CAN buses. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/line_server.h"
#include "sim/socket_file.h"
#include "sim/virtual_ecu_control.h"
#include "sim/virtual_ecu_run.h"

struct program {
	uv_loop_t loop;
	uv_signal_t signals[2];
	struct vecu_run run;
	struct line_server *control;
	bool stopping;
};

struct options {
	const char *config;
	const char *state_dir;
	const char *control;
	const char *buses[VECU_MAX_BUSES];
	size_t n_buses;
};

static const char usage_text[] = "usage: virtual-ecu --config FILE [OPTION]...\n"
				 "Virtual ECUs with a boot loader and flash memory, as the file defines them.\n"
				 "\n"
				 "  --config FILE       the ECUs, in YAML\n"
				 "  --bus NAME=PORT     port of a bus: unix:PATH or can0; may come several times\n"
				 "  --state-dir DIR     keeps each ECU's memory in DIR/NAME.bin and DIR/NAME.state\n"
				 "  --control PATH      control socket: a line each of status, reset ECU,\n"
				 "                      fault ECU NAME [ARG] [at SID [after N]],\n"
				 "                      preconditions ECU on|off, quit\n"
				 "  --help, --version\n";

static const struct option option_table[] = {
    {"config", required_argument, NULL, 'c'},
    {"bus", required_argument, NULL, 'b'},
    {"state-dir", required_argument, NULL, 's'},
    {"control", required_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

static void wrong_usage(const char *why, const char *what)
{
	fprintf(stderr, "virtual-ecu: %s%s\nvirtual-ecu --help tells more\n", why, what);
	exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'b':
			if (o->n_buses == VECU_MAX_BUSES || !strchr(optarg, '='))
				wrong_usage("--bus needs NAME=PORT: ", optarg);
			o->buses[o->n_buses++] = optarg;
			break;
		case 's':
			o->state_dir = optarg;
			break;
		case 'k':
			o->control = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		case 'v':
			puts("virtual-ecu " GU_VERSION);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		wrong_usage("unexpected argument: ", argv[optind]);
	if (!o->config)
		wrong_usage("--config FILE is missing", "");
}

static void set_ports(const struct options *o, struct vecu_setup *setup)
{
	for (size_t i = 0; i < o->n_buses; i++) {
		const char *port = strchr(o->buses[i], '=') + 1;
		size_t n = (size_t)(port - o->buses[i]) - 1;
		size_t at = 0;

		while (at < setup->n_buses &&
		       (strlen(setup->buses[at].name) != n || strncmp(setup->buses[at].name, o->buses[i], n) != 0))
			at++;
		if (at == setup->n_buses)
			wrong_usage("--bus: the file names no such bus: ", o->buses[i]);
		if (strlen(port) >= sizeof(setup->buses[at].port))
			wrong_usage("--bus: too long: ", port);
		memcpy(setup->buses[at].port, port, strlen(port) + 1);
	}
}

static void stop(struct program *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	line_server_close(p->control);
	vecu_run_stop(&p->run);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

static void on_quit(void *owner)
{
	/* the control hands its own owner over, the ECUs; the program is around them */
	stop((struct program *)((char *)owner - offsetof(struct program, run)));
}

static int begin(struct program *p, const struct options *o, struct vecu_setup *setup)
{
	const int numbers[2] = {SIGINT, SIGTERM};
	struct yaml_error error = {""};
	int r = vecu_run_start(&p->run, &p->loop, setup, o->state_dir, &error);

	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&p->loop, &p->signals[i]);
		p->signals[i].data = p;
		uv_signal_start(&p->signals[i], on_signal, numbers[i]);
	}
	if (r != 0) {
		fprintf(stderr, "virtual-ecu: %s\n", error.text);
		return r;
	}
	if (!o->control)
		return 0;
	r = line_server_new(&p->loop, o->control, vecu_control_obey, on_quit, &p->run, &p->control);
	if (r != 0)
		fprintf(stderr, "virtual-ecu: --control %s: %s\n", o->control, socket_file_words(r));
	return r;
}

int main(int argc, char **argv)
{
	struct program *p = calloc(1, sizeof(*p));
	struct options options = {0};
	struct vecu_setup *setup = NULL;
	struct yaml_error error;
	int r;

	parse(&options, argc, argv);
	if (!p || uv_loop_init(&p->loop) != 0) {
		fputs("virtual-ecu: out of memory\n", stderr);
		return 1;
	}
	r = vecu_setup_load(options.config, &setup, &error);
	if (r != 0) {
		fprintf(stderr, "virtual-ecu: %s\n", error.text);
		return r > 0 ? 2 : 1;
	}
	set_ports(&options, setup);
	signal(SIGPIPE, SIG_IGN);
	r = begin(p, &options, setup);
	if (r == 0)
		fprintf(stderr, "virtual-ecu: %zu ECUs ready\n", setup->n_ecus);
	else
		stop(p);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	if (vecu_run_finish(&p->run) != 0)
		r = -1;
	uv_loop_close(&p->loop);
	free(setup);
	free(p);
	return r == 0 ? 0 : 1;
}
