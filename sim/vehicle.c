/* vehicle-sim - ignition, speed, battery, gear and brake on a CAN bus, by a scenario and a control socket. */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/can_station.h"
#include "sim/line_server.h"
#include "sim/socket_file.h"
#include "sim/vehicle_config.h"

struct program {
	uv_loop_t loop;
	uv_signal_t signals[2];
	struct vehicle_core_config config;
	struct vehicle_core_event *events;
	struct vehicle_core core;
	struct can_station *station;
	struct line_server *control;
	bool stopping;
};

static const char usage_text[] =
    "usage: vehicle-sim --config FILE --bus PORT [OPTION]...\n"
    "Puts ignition, speed, battery, gear and brake on a CAN bus, as the file defines the signals, and grants what it "
    "is\n"
    "asked for there.\n"
    "\n"
    "  --config FILE       the signals, in YAML\n"
    "  --bus PORT          unix:PATH or can0\n"
    "  --scenario FILE     timed changes, in YAML\n"
    "  --control PATH      control socket: a line each of get, set ignition off|accessory|on|cranking, set NAME N,\n"
    "                      mute NAME, unmute NAME, refuse NAME, grant NAME, quit\n"
    "                      NAME: speed_kmh, battery_mv, charge_percent, gear_park, parking_brake, charging,\n"
    "                      kl15_held, drive_inhibited; of mute and unmute also ignition\n"
    "  --help, --version\n";

static const struct option option_table[] = {
    {"config", required_argument, NULL, 'c'},
    {"bus", required_argument, NULL, 'b'},
    {"scenario", required_argument, NULL, 's'},
    {"control", required_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

struct options {
	const char *config, *bus, *scenario, *control;
};

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'b':
			o->bus = optarg;
			break;
		case 's':
			o->scenario = optarg;
			break;
		case 'k':
			o->control = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		case 'v':
			puts("vehicle-sim " GU_VERSION);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc || !o->config || !o->bus) {
		fputs("vehicle-sim: --config FILE and --bus PORT are needed, and no other arguments\n", stderr);
		exit(2);
	}
}

static void on_confirm(void *core, uint64_t now_us)
{
	(void)core;
	(void)now_us;
}

static void on_input(void *core, uint64_t now_us, const struct can_msg *msg)
{
	vehicle_core_input(core, now_us, msg);
}

static void on_expire(void *core, uint64_t now_us)
{
	vehicle_core_expire(core, now_us);
}

static uint64_t on_deadline(void *core)
{
	return vehicle_core_deadline(core);
}

static bool on_pop_frame(void *core, uint64_t now_us, struct can_msg *msg)
{
	(void)now_us;
	return vehicle_core_pop_frame(core, msg);
}

static void on_outputs(void *core, uint64_t now_us)
{
	(void)core;
	(void)now_us;
}

static void on_bus(void *owner, int error)
{
	(void)owner;
	fprintf(stderr, "vehicle-sim: the bus is %s%s\n", error ? "lost: " : "back", error ? strerror(-error) : "");
}

static void get(const struct program *p, struct json *json)
{
	enum vehicle_core_ignition ignition =
	    (enum vehicle_core_ignition)vehicle_core_get(&p->core, VEHICLE_CORE_IGNITION);

	json_object(json);
	json_key(json, "ignition");
	json_string(json, vehicle_core_ignition_text(ignition));
	for (int q = VEHICLE_CORE_SPEED_KMH; q < VEHICLE_CORE_QUANTITIES; q++) {
		json_key(json, vehicle_core_quantity_text((enum vehicle_core_quantity)q));
		json_real(json, vehicle_core_get(&p->core, (enum vehicle_core_quantity)q),
			  q == VEHICLE_CORE_SPEED_KMH ? 2 : 0);
	}
	for (int q = VEHICLE_CORE_KL15_HELD; q <= VEHICLE_CORE_DRIVE_INHIBITED; q++) {
		json_key(json, q == VEHICLE_CORE_KL15_HELD ? "kl15_held_asked" : "drive_inhibited_asked");
		json_uint(json, vehicle_core_heard(&p->core, (enum vehicle_core_quantity)q));
	}
	json_object_end(json);
}

/* Return: false if it is no quantity or no value of it */
static bool set(struct program *p, const char *name, const char *text)
{
	enum vehicle_core_quantity quantity = VEHICLE_CORE_IGNITION;
	enum vehicle_core_ignition ignition;
	double value;
	char *end;

	if (!vehicle_core_quantity_of(name, &quantity))
		return false;
	if (quantity == VEHICLE_CORE_IGNITION) {
		if (!vehicle_core_ignition_of(text, &ignition))
			return false;
		value = (double)ignition;
	} else {
		value = strtod(text, &end);
		if (end == text || *end || !isfinite(value))
			return false;
	}
	vehicle_core_set(&p->core, can_station_now_us(), quantity, value);
	can_station_kick(p->station);
	return true;
}

/* mute, unmute, refuse, grant. Return: false if it is none of them, or no such quantity */
static bool act(struct program *p, const char *command, const char *name)
{
	enum vehicle_core_quantity quantity = VEHICLE_CORE_IGNITION;
	uint64_t now_us = can_station_now_us();

	if (!vehicle_core_quantity_of(name, &quantity))
		return false;
	if (strcmp(command, "mute") == 0 || strcmp(command, "unmute") == 0)
		vehicle_core_mute(&p->core, now_us, quantity, command[0] == 'm');
	else if (quantity >= VEHICLE_CORE_KL15_HELD &&
		 (strcmp(command, "refuse") == 0 || strcmp(command, "grant") == 0))
		vehicle_core_refuse(&p->core, now_us, quantity, command[0] == 'r');
	else
		return false;
	can_station_kick(p->station);
	return true;
}

static bool obey(void *owner, char *line, struct json *answer)
{
	struct program *p = owner;
	char *words = NULL;
	const char *command = strtok_r(line, " ", &words);
	const char *name = strtok_r(NULL, " ", &words);
	const char *value = strtok_r(NULL, " ", &words);

	if (command && strcmp(command, "quit") == 0) {
		line_server_ok(answer);
		return true;
	}
	if (command && strcmp(command, "get") == 0)
		get(p, answer);
	else if (command && strcmp(command, "set") == 0 && name && value && set(p, name, value))
		line_server_ok(answer);
	else if (command && name && !value && act(p, command, name))
		line_server_ok(answer);
	else
		line_server_error(answer,
				  "there are: get, set ignition off|accessory|on|cranking, set NAME N, mute NAME, "
				  "unmute NAME, refuse kl15_held|drive_inhibited, grant "
				  "kl15_held|drive_inhibited, quit");
	return false;
}

static void stop(struct program *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	line_server_close(p->control);
	can_station_close(p->station);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

static void on_quit(void *owner)
{
	stop(owner);
}

static int begin(struct program *p, const struct options *o)
{
	const int numbers[2] = {SIGINT, SIGTERM};
	struct can_station_member member = {
	    .core = &p->core,
	    .input = on_input,
	    .confirm = on_confirm,
	    .expire = on_expire,
	    .deadline = on_deadline,
	    .pop_frame = on_pop_frame,
	    .outputs = on_outputs,
	};
	char why[CAN_LINK_TEXT_BYTES];
	int r;

	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&p->loop, &p->signals[i]);
		p->signals[i].data = p;
		uv_signal_start(&p->signals[i], on_signal, numbers[i]);
	}
	/* its own identifiers let the echoes through */
	for (size_t i = 0; i < p->config.n_signals && member.n_ids < CAN_STATION_MAX_IDS; i++)
		member.ids[member.n_ids++] =
		    (struct can_port_filter){p->config.signals[i].id, p->config.signals[i].extended_id};
	for (size_t i = 0; i < p->config.n_grants && member.n_ids < CAN_STATION_MAX_IDS; i++)
		member.ids[member.n_ids++] =
		    (struct can_port_filter){p->config.grants[i].id, p->config.grants[i].extended_id};
	vehicle_core_init(&p->core, &p->config, can_station_now_us());
	r = can_station_open(&p->loop, o->bus, false, &member, 1, on_bus, p, &p->station);
	if (r != 0) {
		can_station_why(o->bus, false, r, why);
		fprintf(stderr, "vehicle-sim: --bus: %s\n", why);
		return r;
	}
	if (!o->control)
		return 0;
	r = line_server_new(&p->loop, o->control, obey, on_quit, p, &p->control);
	if (r != 0)
		fprintf(stderr, "vehicle-sim: --control %s: %s\n", o->control, socket_file_words(r));
	return r;
}

int main(int argc, char **argv)
{
	struct program *p = calloc(1, sizeof(*p));
	struct options options = {0};
	struct yaml_error error;
	int r;

	parse(&options, argc, argv);
	if (!p || uv_loop_init(&p->loop) != 0) {
		fputs("vehicle-sim: out of memory\n", stderr);
		return 1;
	}
	r = vehicle_config_load(options.config, &p->config, &error);
	if (r == 0 && options.scenario)
		r = vehicle_config_load_scenario(options.scenario, &p->events, &p->config.n_events, &error);
	if (r != 0) {
		fprintf(stderr, "vehicle-sim: %s\n", error.text);
		return r > 0 ? 2 : 1;
	}
	p->config.events = p->events;
	signal(SIGPIPE, SIG_IGN);
	r = begin(p, &options);
	if (r == 0)
		fputs("vehicle-sim: ready\n", stderr);
	else
		stop(p);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	uv_loop_close(&p->loop);
	free(p->events);
	free(p);
	return r == 0 ? 0 : 1;
}
