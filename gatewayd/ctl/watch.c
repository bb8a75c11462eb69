#include "gatewayd/ctl/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "gatewayd/ctl/bus.h"
#include "gatewayd/ctl/document.h"
#include "gatewayd/ctl/follow.h"
#include "gatewayd/ctl/state.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define FROM_DAEMON    "type='signal',sender='" BUS_NAME "',path_namespace='" BUS_ROOT "',"

/* a campaign that this run waits for */
struct awaited {
	char id[MODEL_NAME_BYTES];
	bool ended;
	bool good;
};

struct watch {
	sd_bus *bus;
	const struct watch_options *options;
	struct model model;
	struct follow follow;
	struct awaited awaited[MODEL_MAX_CAMPAIGNS];
	size_t n_awaited;
	sd_bus_slot *reading; /* the read that is under way */
	bool read_again;      /* once it is done */
	bool ever_read;
	bool current;     /* the model was read since the daemon came; signals before that are part of what is read */
	uint64_t lost_us; /* when the daemon went; 0: it is there */
	bool ended;
	int status;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void end(struct watch *self, int status)
{
	if (!self->ended)
		self->status = status;
	self->ended = true;
}

/* {"event": …, "elapsed_ms": …, "id": … or "campaign": {…}}, each of the last two only if given */
static void emit(struct watch *self, const char *event, const char *id, const struct model_campaign *campaign)
{
	struct json json;
	const char *text;

	json_init(&json);
	json_object(&json);
	json_key(&json, "event");
	json_string(&json, event);
	json_key(&json, "elapsed_ms");
	json_uint(&json, (now_us() - self->follow.start_us) / 1000);
	if (id) {
		json_key(&json, "id");
		json_string(&json, id);
	}
	if (campaign) {
		json_key(&json, "campaign");
		document_campaign(&json, campaign);
	}
	json_object_end(&json);
	text = json_text(&json);
	if (text) {
		puts(text);
		fflush(stdout);
	}
	json_deinit(&json);
}

static void tell(struct watch *self, const char *event, const char *id, const char *words)
{
	if (self->options->json)
		emit(self, event, id, NULL);
	else
		follow_say(&self->follow, now_us(), "%s%s%s", id ? id : "", id ? ": " : "", words);
}

static void tell_campaign(struct watch *self, const struct model_campaign *campaign)
{
	struct winsize size;

	if (self->options->json) {
		emit(self, "campaign", NULL, campaign);
		return;
	}
	if (self->follow.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		self->follow.columns = size.ws_col;
		self->follow.rows = size.ws_row;
	}
	follow_campaign(&self->follow, now_us(), campaign);
}

static bool wanted(const struct watch *self, const char *id)
{
	return !self->options->campaign || strcmp(self->options->campaign, id) == 0;
}

static struct awaited *awaited(struct watch *self, const char *id)
{
	for (size_t i = 0; i < self->n_awaited; i++)
		if (strcmp(self->awaited[i].id, id) == 0)
			return &self->awaited[i];
	return NULL;
}

static bool goal_reached(const struct watch *self, const char *state)
{
	return self->options->until ? state_reached(state, self->options->until) : state_success(state);
}

/* all that is waited for has ended */
static void conclude(struct watch *self)
{
	bool good = true;

	for (size_t i = 0; i < self->n_awaited; i++) {
		if (!self->awaited[i].ended)
			return;
		good = good && self->awaited[i].good;
	}
	if (self->n_awaited > 0)
		end(self, good ? CTL_OK : CTL_FAILED);
}

/* a campaign as it stands now; one that had ended before anybody watched is not waited for unless it was named */
static void judge(struct watch *self, const struct model_campaign *c)
{
	struct awaited *a = awaited(self, c->id);

	if (!wanted(self, c->id) || c->state[0] == '\0')
		return;
	if (!a) {
		if ((!self->options->campaign && state_final(c->state)) || self->n_awaited == MODEL_MAX_CAMPAIGNS)
			return;
		a = &self->awaited[self->n_awaited++];
		memset(a, 0, sizeof(*a));
		memcpy(a->id, c->id, sizeof(a->id));
	}
	tell_campaign(self, c);
	if (goal_reached(self, c->state) || state_final(c->state)) {
		a->ended = true;
		a->good = goal_reached(self, c->state);
	}
}

/* after anything changed: campaigns that are waited for and gone */
static void judge_removed(struct watch *self)
{
	for (size_t i = 0; i < self->n_awaited; i++) {
		struct awaited *a = &self->awaited[i];

		if (a->ended || model_campaign(&self->model, a->id))
			continue;
		a->ended = true;
		if (self->options->json)
			emit(self, "removed", a->id, NULL);
		else
			follow_removed(&self->follow, now_us(), a->id);
	}
}

static int on_objects(sd_bus_message *reply, void *userdata, sd_bus_error *ret);

static int read_all(struct watch *self)
{
	sd_bus_message *call = NULL;
	int r;

	if (self->reading) {
		self->read_again = true;
		return 0;
	}
	r = bus_new_read(self->bus, &call);
	if (r >= 0)
		r = sd_bus_call_async(self->bus, &self->reading, call, on_objects, self, 0);
	sd_bus_message_unref(call);
	return r;
}

static void lost(struct watch *self)
{
	if (self->lost_us)
		return;
	self->lost_us = now_us();
	self->current = false;
	tell(self, "daemon-gone", NULL, "gatewayd is gone; waiting for it to come back");
}

static void read_failed(struct watch *self, const sd_bus_error *error)
{
	bool nobody = sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) > 0 ||
		      sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0 ||
		      sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) > 0;

	if (nobody && self->ever_read)
		lost(self); /* it went while it was asked; NameOwnerChanged tells when it is back */
	else
		end(self, bus_explain(error, -sd_bus_error_get_errno(error), NULL));
}

/* in order with the signals: what came before this reply is part of it, what comes after is newer */
static int on_objects(sd_bus_message *reply, void *userdata, sd_bus_error *ret)
{
	struct watch *self = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	bool first = !self->ever_read;

	(void)ret;
	self->reading = sd_bus_slot_unref(self->reading);
	if (self->read_again) {
		self->read_again = false;
		return read_all(self);
	}
	if (error) {
		read_failed(self, error);
		return 0;
	}
	if (bus_parse_objects(reply, &self->model) < 0) {
		end(self, bus_explain(NULL, -EBADMSG, NULL));
		return 0;
	}
	self->current = true;
	self->ever_read = true;
	if (self->lost_us)
		tell(self, "daemon-back", NULL, "gatewayd is back");
	self->lost_us = 0;
	for (size_t i = 0; i < self->model.n_campaigns; i++)
		judge(self, &self->model.campaigns[i]);
	judge_removed(self);
	if (first && self->n_awaited == 0)
		tell(self, "waiting", self->options->campaign,
		     self->options->campaign ? "not offered yet; waiting for it"
					     : "no campaign is under way; waiting for one");
	conclude(self);
	return 0;
}

static int on_changed(sd_bus_message *signal, void *userdata, sd_bus_error *ret)
{
	struct watch *self = userdata;
	bool incomplete = false;
	const struct model_campaign *c;
	char *id = NULL;

	(void)ret;
	if (!self->current || bus_parse_changed(signal, &self->model, &incomplete) < 0)
		return 0;
	if (incomplete)
		return read_all(self);
	if (sd_bus_path_decode(sd_bus_message_get_path(signal), BUS_CAMPAIGNS, &id) > 0 && id) {
		c = model_campaign(&self->model, id);
		if (c)
			judge(self, c);
	}
	free(id);
	conclude(self);
	return 0;
}

static int on_added(sd_bus_message *signal, void *userdata, sd_bus_error *ret)
{
	struct watch *self = userdata;

	(void)ret;
	if (!self->current)
		return 0;
	bus_parse_added(signal, &self->model);
	for (size_t i = 0; i < self->model.n_campaigns; i++)
		if (!awaited(self, self->model.campaigns[i].id))
			judge(self, &self->model.campaigns[i]);
	conclude(self);
	return 0;
}

static int on_removed(sd_bus_message *signal, void *userdata, sd_bus_error *ret)
{
	struct watch *self = userdata;

	(void)ret;
	if (!self->current)
		return 0;
	bus_parse_removed(signal, &self->model);
	judge_removed(self);
	conclude(self);
	return 0;
}

static int on_owner(sd_bus_message *signal, void *userdata, sd_bus_error *ret)
{
	struct watch *self = userdata;
	const char *name, *before, *after;

	(void)ret;
	if (sd_bus_message_read(signal, "sss", &name, &before, &after) < 0 || strcmp(name, BUS_NAME) != 0)
		return 0;
	if (before[0] && self->ever_read)
		lost(self);
	return after[0] ? read_all(self) : 0;
}

static int subscribe(struct watch *self)
{
	int r;

	if ((r = sd_bus_add_match(self->bus, NULL,
				  "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
				  "member='NameOwnerChanged',arg0='" BUS_NAME "'",
				  on_owner, self)) < 0 ||
	    (r = sd_bus_add_match(self->bus, NULL,
				  FROM_DAEMON "interface='org.freedesktop.DBus.Properties',"
					      "member='PropertiesChanged'",
				  on_changed, self)) < 0 ||
	    (r = sd_bus_add_match(self->bus, NULL,
				  FROM_DAEMON "interface='" OBJECT_MANAGER "',member='InterfacesAdded'", on_added,
				  self)) < 0 ||
	    (r = sd_bus_add_match(self->bus, NULL,
				  FROM_DAEMON "interface='" OBJECT_MANAGER "',member='InterfacesRemoved'", on_removed,
				  self)) < 0)
		return r;
	return 0;
}

/* milliseconds until sd-bus or our own patience wants to be woken, -1 never */
static int wait_ms(const struct watch *self)
{
	uint64_t until = UINT64_MAX, now = now_us(), bus_until;

	if (sd_bus_get_timeout(self->bus, &bus_until) >= 0)
		until = bus_until;
	if (self->lost_us && self->lost_us + self->options->patience_s * 1000000ull < until)
		until = self->lost_us + self->options->patience_s * 1000000ull;
	if (until == UINT64_MAX)
		return -1;
	return until <= now ? 0 : (int)((until - now + 999) / 1000);
}

/* one round: all that came, then sleep until more comes. Return: 0 or -errno of the bus */
static int turn(struct watch *self, int signal_fd)
{
	struct pollfd fds[2] = {{.fd = signal_fd, .events = POLLIN}, {.events = 0}};
	int r;

	do
		r = sd_bus_process(self->bus, NULL);
	while (r > 0 && !self->ended);
	if (r < 0 || self->ended)
		return r;
	if (self->lost_us && now_us() >= self->lost_us + self->options->patience_s * 1000000ull) {
		follow_end(&self->follow);
		fprintf(stderr, "gatewayctl: gatewayd has been gone for %u s\n", self->options->patience_s);
		end(self, CTL_NO_DAEMON);
		return 0;
	}
	fds[1].fd = sd_bus_get_fd(self->bus);
	r = sd_bus_get_events(self->bus);
	if (r < 0)
		return r;
	fds[1].events = (short)r;
	if (poll(fds, 2, wait_ms(self)) < 0 && errno != EINTR)
		return -errno;
	if (fds[0].revents)
		end(self, CTL_INTERRUPTED);
	return 0;
}

int watch_run(sd_bus *bus, const struct watch_options *options)
{
	struct watch *self = calloc(1, sizeof(*self));
	int signal_fd, r, status;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (!self || signal_fd < 0) {
		fprintf(stderr, "gatewayctl: %s\n", strerror(errno));
		free(self);
		return CTL_FAILED;
	}
	self->bus = bus;
	self->options = options;
	model_clear(&self->model);
	follow_init(&self->follow, stdout, !options->json && isatty(STDOUT_FILENO) == 1, now_us());
	r = subscribe(self);
	if (r >= 0)
		r = read_all(self);
	while (r >= 0 && !self->ended)
		r = turn(self, signal_fd);
	follow_end(&self->follow);
	status = self->ended ? self->status : bus_explain(NULL, r, NULL);
	sd_bus_slot_unref(self->reading);
	close(signal_fd);
	free(self);
	return status;
}
