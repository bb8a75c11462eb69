#include "ecu-flash/cli/session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "ecu-flash/cli/print.h"

/* before the first erase flash_bus gives way; whatever else is on its way goes on, and is told why it may go astray */
static void watch_for_testers(struct session *self)
{
	const struct can_node *node = can_driver_node(self->driver);

	if (self->foreign_told || node->n_foreign == 0)
		return;
	self->foreign_told = true;
	report_line(self->report,
		    "  another tester sends requests on this bus (identifier %X): what the ECU answers or does may be "
		    "its doing",
		    node->foreign_id);
}

static uint64_t on_step(void *owner, uint64_t now_us)
{
	struct session *self = owner;
	uint64_t deadline_us;

	if (!self->started || self->over)
		return UDS_NEVER;
	if (self->trace.out) {
		report_clear(self->report);
		trace_answers(&self->trace, now_us, &self->channel);
	}
	watch_for_testers(self);
	deadline_us = self->verb.step(self->verb.owner, now_us);
	if (self->trace.out) {
		report_clear(self->report);
		trace_request(&self->trace, now_us, &self->channel);
	}
	return deadline_us;
}

static void on_frame(void *owner, uint64_t now_us, const struct can_msg *msg)
{
	struct session *self = owner;

	if (self->started && !self->over && self->verb.on_frame)
		self->verb.on_frame(self->verb.owner, now_us, msg);
}

/* extended addressing may send to one ECU and to all with the same identifier: the address tells */
static bool is_functional(const struct session *self, const struct can_msg *msg)
{
	const struct can_node_functional *to = self->functional;

	return to && msg->id == to->id && (!to->has_address || (msg->len > 0 && msg->data[0] == to->address));
}

static void on_traffic(void *owner, uint64_t now_us, const struct can_msg *msg, bool own)
{
	struct session *self = owner;

	candump_frame(&self->candump, msg);
	if (!own || !self->trace.out)
		return;
	if (is_functional(self, msg)) {
		report_clear(self->report);
		trace_frame(&self->trace, now_us, "functional", true, self->functional->has_address ? 1 : 0, msg);
	} else if (self->trace_all) {
		char name[16];

		snprintf(name, sizeof name, "%X", msg->id);
		report_clear(self->report);
		trace_frame(&self->trace, now_us, name, true, 0, msg);
	}
}

static void on_bus(void *owner, int error)
{
	struct session *self = owner;

	self->bus_error = error;
	if (error)
		report_line(self->report, "  the bus %s is lost (%s); waiting for it", self->options->bus,
			    strerror(-error));
	else
		report_line(self->report, "  the bus %s is back", self->options->bus);
}

static void on_error(void *owner, uint64_t now_us, const struct can_error *error, bool state_changed)
{
	struct session *self = owner;
	const struct can_health *health = can_driver_health(self->driver);

	(void)now_us;
	if (state_changed)
		report_line(self->report, "  the controller of %s is %s (errors: sending %u, receiving %u)",
			    self->options->bus, can_bus_state_text(health->state), health->tx_errors,
			    health->rx_errors);
	if (error->no_ack && health->n_no_ack == 1)
		report_line(self->report, "  nobody acknowledges our frames: no other station is awake or connected");
}

static void on_link(void *owner, const char *text)
{
	struct session *self = owner;

	report_clear(self->report);
	fprintf(stderr, "ecu-flash: %s\n", text);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct session *self = signal->data;

	(void)number;
	if (self->over)
		return;
	self->n_interrupts++;
	self->verb.on_interrupt(self->verb.owner, can_driver_now_us(), self->n_interrupts);
	can_driver_kick(self->driver);
}

const char *session_bus_advice(int error)
{
	switch (-error) {
	case EAFNOSUPPORT:
		return "This kernel has no CAN: load the modules 'can' and 'can-raw', or name a simulated bus as "
		       "unix:PATH.";
	case ENODEV:
		return "There is no such interface: 'ip link show type can' and 'ip link show type vcan' list those "
		       "that are there.";
	case ENOENT:
	case ECONNREFUSED:
		return "No simulated bus listens there: start 'simbus --listen PATH' first.";
	default:
		return "";
	}
}

const char *session_bus_text(const struct options *options, int error, char out[SESSION_BUS_TEXT_BYTES])
{
	snprintf(out, SESSION_BUS_TEXT_BYTES, "the bus %s is not available: %s", options->bus, strerror(-error));
	return out;
}

void session_json_error(struct json *json, const struct options *options, int bus_error, const char *text,
			const char *advice)
{
	char words[SESSION_BUS_TEXT_BYTES];

	if (bus_error)
		print_error(json, session_bus_text(options, bus_error, words), session_bus_advice(bus_error));
	else
		print_error(json, text, advice);
}

void session_say_bus(const struct options *options, int error)
{
	const char *advice = session_bus_advice(error);

	char text[SESSION_BUS_TEXT_BYTES];

	fprintf(stderr, "ecu-flash: %s\n", session_bus_text(options, error, text));
	if (advice[0])
		fprintf(stderr, "  %s\n", advice);
}

static int open_bus(struct session *self, bool fd)
{
	const struct options *o = self->options;
	const struct can_link_wanted link = {
	    .bitrate = o->given & TAKES(OPTION_BITRATE) ? o->bitrate : 0,
	    .data_bitrate = o->given & TAKES(OPTION_DATA_BITRATE) ? o->data_bitrate : 0,
	    .fd = fd,
	    .bring_up = o->bring_up,
	};
	/* one ECU at a time: nobody waits behind its frames, and each wake-up serves more of them */
	const struct can_driver_config config = {
	    .port = o->bus, .fd = fd, .window = CAN_NODE_MAX_WINDOW, .link = &link};
	const bool watch = o->trace || o->candump;
	const struct can_driver_callbacks callbacks = {.owner = self,
						       .on_traffic = watch ? on_traffic : NULL,
						       .step = on_step,
						       .on_frame = on_frame,
						       .on_bus = on_bus,
						       .on_error = on_error,
						       .on_link = on_link};

	return can_driver_open(&self->loop, &config, &callbacks, &self->driver);
}

int session_open(struct session *self, const struct isotp_config *link, const struct uds_timing *timing, bool fd)
{
	int r = uv_loop_init(&self->loop);

	if (r)
		return print_failure(self->options, EXIT_FLASH_FAILED, "%s", strerror(-r));
	self->loop_ready = true;
	if (self->options->candump) {
		r = candump_open(&self->candump, self->options->candump, self->options->candump_fd,
				 self->options->candump_append, self->options->bus);
		if (r)
			return print_failure(self->options, EXIT_FLASH_FAILED, "%s: %s", self->options->candump,
					     strerror(-r));
	}
	if (link)
		uds_channel_init(&self->channel, link, timing, self->tx, sizeof self->tx, self->rx, sizeof self->rx);
	self->bus_error = open_bus(self, fd);
	if (self->bus_error)
		return EXIT_NO_BUS;
	if (link)
		can_node_attach(can_driver_node(self->driver), &self->channel);
	can_driver_refresh_filters(self->driver);
	return -1;
}

void session_run(struct session *self)
{
	static const int numbers[2] = {SIGINT, SIGTERM};
	int r;

	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&self->loop, &self->signals[i]);
		self->signals[i].data = self;
		uv_signal_start(&self->signals[i], on_signal, numbers[i]);
	}
	if (self->options->trace)
		self->trace = (struct trace){.out = stderr,
					     .name = self->profile ? self->profile->name : "ECU",
					     .profile = self->profile,
					     .start_us = can_driver_now_us()};
	self->started = true;
	can_driver_kick(self->driver);
	while (!self->over)
		uv_run(&self->loop, UV_RUN_ONCE);
	report_clear(self->report);
	r = candump_close(&self->candump);
	if (r)
		*self->options->log_error = r;
}

void session_end(struct session *self)
{
	if (self->over)
		return;
	self->over = true;
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&self->signals[i], NULL);
}

void session_close(struct session *self)
{
	if (!self->loop_ready)
		return;
	candump_close(&self->candump);
	can_driver_close(self->driver);
	uv_run(&self->loop, UV_RUN_DEFAULT); /* the close callbacks */
	uv_loop_close(&self->loop);
}
