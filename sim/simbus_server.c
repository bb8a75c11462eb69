#include "sim/simbus_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sim/simbus_client.h"
#include "sim/simbus_pace.h"
#include "sim/socket_file.h"
#include "uds/port/hr_timer.h"

#define SECOND_NS         UINT64_C(1000000000)
#define FRAMES_PER_TURN   64u  /* without pacing, so that clients are read in between */
#define UNPACED_OUT_HOLDS 256u /* packets that wait for a slow reader before the unpaced bus stands still */

struct simbus {
	uv_loop_t *loop;
	struct simbus_config config;
	char *path;
	char *name;
	bool closing;
	bool draining;
	int fd;
	uv_poll_t listener;
	uv_idle_t idle; /* without pacing: the next turn */
	struct hr_timer timer;
	unsigned n_open_handles; /* clients included */
	uint64_t start_ns;
	uint64_t start_unix_us;
	uint64_t lateness_ns; /* of the last delivery */
	struct simbus_pace paces[BUS_MAX_CLIENTS];
	uint64_t virtual_ns; /* without pacing */
	uint64_t n_overruns;
	unsigned n_clients;
	struct simbus_client_events events;
	struct simbus_client *clients[BUS_MAX_CLIENTS];
	char client_names[BUS_MAX_CLIENTS][SIMBUS_CLIENT_NAME]; /* kept when they leave; "" = there was none */
	struct bus bus;
};

static uint64_t real_ns(const struct simbus *self)
{
	return hr_timer_now_ns() - self->start_ns;
}

/* how far the bus is */
static uint64_t bus_time_ns(const struct simbus *self)
{
	if (!self->config.paced)
		return self->virtual_ns;
	uint64_t now_ns = real_ns(self);
	return now_ns > self->lateness_ns ? now_ns - self->lateness_ns : 0;
}

/* deliveries */

static bool hand_out(struct simbus *self)
{
	struct bus_delivery d;
	bool any = false;

	while (bus_pop_delivery(&self->bus, &d)) {
		any = true;
		if (d.client == BUS_TAP)
			simbus_log_frame(self->config.log, self->name, self->start_unix_us + d.at_ns / 1000, &d.msg);
		else if (!simbus_client_put(self->clients[d.client], &d.msg, d.echo))
			self->n_overruns++;
		if (d.echo)
			simbus_pace_echo(&self->paces[d.client], d.msg.id, d.at_ns);
		else if (d.client != BUS_TAP)
			simbus_pace_heard(&self->paces[d.client]);
	}
	if (any && self->config.log)
		simbus_log_batch(self->config.log);
	return any;
}

static void serve_clients(struct simbus *self)
{
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		struct simbus_client *client = self->clients[i];

		if (!client)
			continue;
		if (client->out_n > 0 && !client->blocked) {
			if (self->config.paced)
				simbus_pace_hand_over(&self->paces[i], real_ns(self), bus_stats(&self->bus).end_ns);
			simbus_client_flush(client);
		}
		simbus_client_update(client, bus_room(&self->bus, i));
	}
}

static void advance_paced(struct simbus *self)
{
	const uint64_t now_ns = real_ns(self);

	bus_expire(&self->bus, now_ns);
	if (hand_out(self)) {
		const uint64_t end_ns = bus_stats(&self->bus).end_ns;

		self->lateness_ns = now_ns > end_ns ? now_ns - end_ns : 0;
	}
	serve_clients(self);
	uint64_t deadline_ns = bus_deadline(&self->bus);
	hr_timer_arm(&self->timer, deadline_ns == BUS_NEVER ? HR_TIMER_NEVER : self->start_ns + deadline_ns);
}

static bool somebody_is_slow(const struct simbus *self)
{
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		if (self->clients[i] && self->clients[i]->out_n > UNPACED_OUT_HOLDS)
			return true;
	}
	return false;
}

static void on_idle(uv_idle_t *idle);

static void advance_unpaced(struct simbus *self)
{
	bool slow = somebody_is_slow(self);

	for (unsigned i = 0; i < FRAMES_PER_TURN && !slow; i++) {
		uint64_t deadline_ns = bus_deadline(&self->bus);

		if (deadline_ns == BUS_NEVER)
			break;
		if (deadline_ns > self->virtual_ns)
			self->virtual_ns = deadline_ns;
		bus_expire(&self->bus, self->virtual_ns);
		hand_out(self);
	}
	serve_clients(self);
	/* a slow reader's POLLOUT brings us back here by itself */
	if (bus_deadline(&self->bus) != BUS_NEVER && !somebody_is_slow(self))
		uv_idle_start(&self->idle, on_idle);
	else
		uv_idle_stop(&self->idle);
}

static void advance(struct simbus *self)
{
	if (self->closing)
		return;
	if (self->config.paced)
		advance_paced(self);
	else
		advance_unpaced(self);
}

static void on_idle(uv_idle_t *idle)
{
	advance(idle->data);
}

static void on_timer(void *owner)
{
	advance(owner);
}

/* clients */

static bool on_frame(void *owner, struct simbus_client *client, const struct can_msg *msg)
{
	struct simbus *self = owner;
	uint64_t date_ns = self->virtual_ns;

	if (self->config.paced)
		date_ns = simbus_pace_date(&self->paces[client->index], real_ns(self), msg->id);
	return bus_input(&self->bus, date_ns, client->index, msg) == 0;
}

static void on_wish(void *owner, struct simbus_client *client, bool echoes, bool errors)
{
	struct simbus *self = owner;

	bus_set_echo(&self->bus, client->index, echoes);
	bus_set_errors(&self->bus, client->index, errors);
}

/* the program and the process at the other end, as far as the kernel tells */
static void name_client(int fd, char name[SIMBUS_CLIENT_NAME])
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	char path[64];
	char program[17] = "?";

	snprintf(name, SIMBUS_CLIENT_NAME, "?");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)peer.pid);
	FILE *file = fopen(path, "re");
	if (file) {
		if (fgets(program, sizeof(program), file))
			program[strcspn(program, "\n")] = '\0';
		fclose(file);
	}
	snprintf(name, SIMBUS_CLIENT_NAME, "%s[%d]", program, (int)peer.pid);
}

static void forget(struct simbus *self, struct simbus_client *client)
{
	bus_detach(&self->bus, client->index);
	self->clients[client->index] = NULL;
	self->n_clients--;
	simbus_client_close(client);
}

static void on_gone(void *owner, struct simbus_client *client)
{
	struct simbus *self = owner;

	forget(self, client);
	advance(self); /* it may have been the one that held an unpaced bus */
}

static void reclaim(void *owner)
{
	struct simbus *self = owner;

	if (--self->n_open_handles > 0)
		return;
	free(self->path);
	free(self->name);
	free(self);
}

static void on_progress(void *owner)
{
	advance(owner);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct simbus *self = poll->data;

	(void)events;
	if (status < 0)
		return;
	int fd = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	int index = bus_attach(&self->bus, false);
	if (index < 0) {
		close(fd);
		return;
	}
	name_client(fd, self->client_names[index]);
	self->paces[index] = (struct simbus_pace){.lateness_ns = self->lateness_ns};
	if (simbus_client_new(self->loop, fd, (unsigned)index, &self->events, &self->clients[index]) != 0) {
		bus_detach(&self->bus, (unsigned)index);
		return;
	}
	self->n_clients++;
	self->n_open_handles++;
}

/* life */

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	int r = socket_file_clear(path, SOCK_SEQPACKET);
	if (r != 0)
		return r;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, BUS_MAX_CLIENTS) != 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int start(struct simbus *self)
{
	int r = hr_timer_init(&self->timer, self->loop, self, on_timer);

	if (r != 0)
		return r;
	r = uv_poll_init(self->loop, &self->listener, self->fd);
	if (r != 0) {
		/* cannot fail for a fresh socket; the timer would have to be closed through the loop */
		self->n_open_handles = 1;
		self->closing = true;
		hr_timer_close(&self->timer, reclaim);
		return r;
	}
	uv_idle_init(self->loop, &self->idle);
	self->idle.data = self;
	self->listener.data = self;
	self->n_open_handles = 3;
	uv_poll_start(&self->listener, UV_READABLE, on_connection);
	return 0;
}

int simbus_new(uv_loop_t *loop, const struct simbus_config *config, struct simbus **simbus)
{
	struct bus_config bus_config = config->bus;
	struct simbus *self = calloc(1, sizeof(*self));
	struct timespec ts;

	if (!self)
		return -ENOMEM;
	self->loop = loop;
	self->config = *config;
	self->path = strdup(config->path);
	self->name = strdup(config->name ? config->name : "simbus");
	self->fd = self->path && self->name ? listen_at(config->path) : -ENOMEM;
	if (self->fd < 0) {
		int r = self->fd;

		free(self->path);
		free(self->name);
		free(self);
		return r;
	}
	bus_config.tap = config->log != NULL;
	bus_init(&self->bus, &bus_config);
	self->events = (struct simbus_client_events){self, on_frame, on_wish, on_progress, on_gone, reclaim};
	self->start_ns = hr_timer_now_ns();
	clock_gettime(CLOCK_REALTIME, &ts);
	self->start_unix_us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	int r = start(self);
	if (r != 0) {
		unlink(self->path);
		close(self->fd);
		if (!self->closing) {
			free(self->path);
			free(self->name);
			free(self);
		}
		return r;
	}
	*simbus = self;
	return 0;
}

void simbus_set_drop(struct simbus *self, uint32_t drop_ppm)
{
	bus_set_drop(&self->bus, drop_ppm);
}

int simbus_add_fault(struct simbus *self, const struct bus_fault_rule *rule)
{
	return bus_add_fault(&self->bus, rule);
}

const struct bus_fault *simbus_get_fault(const struct simbus *self, unsigned index)
{
	return bus_get_fault(&self->bus, index);
}

unsigned simbus_clear_faults(struct simbus *self)
{
	return bus_clear_faults(&self->bus);
}

bool simbus_restore(struct simbus *self, unsigned client)
{
	if (!bus_restore(&self->bus, bus_time_ns(self), client))
		return false;
	advance(self); /* the client is told at once */
	return true;
}

bool simbus_client_info(const struct simbus *self, unsigned index, struct simbus_client_info *info)
{
	if (self->client_names[index][0] == '\0')
		return false;
	*info = (struct simbus_client_info){
	    .attached = self->clients[index] != NULL,
	    .off = bus_client_is_off(&self->bus, index),
	    .stats = *bus_client_stats(&self->bus, index),
	};
	memcpy(info->name, self->client_names[index], sizeof(info->name));
	const uint64_t now_ns = simbus_stats(self).now_ns;
	if (now_ns >= 1000)
		info->load_permille = (unsigned)(info->stats.busy_ns / (now_ns / 1000));
	return true;
}

struct simbus_stats simbus_stats(const struct simbus *self)
{
	struct simbus_stats stats = {
	    .bus = bus_stats(&self->bus),
	    .now_ns = bus_time_ns(self),
	    .n_overruns = self->n_overruns,
	    .n_clients = self->n_clients,
	};
	uint64_t second = stats.now_ns / SECOND_NS;

	if (stats.now_ns < stats.bus.end_ns)
		stats.now_ns = stats.bus.end_ns;
	if (stats.now_ns >= 1000)
		stats.load_permille = (unsigned)(stats.bus.busy_ns / (stats.now_ns / 1000));
	if (second > 0)
		stats.load_permille_last_second = bus_load_permille(&self->bus, second - 1);
	return stats;
}

unsigned simbus_load_permille(const struct simbus *self, uint64_t second)
{
	return bus_load_permille(&self->bus, second);
}

static void on_handle_closed(uv_handle_t *handle)
{
	reclaim(handle->data);
}

void simbus_close(struct simbus *self)
{
	if (!self || self->closing)
		return;
	self->closing = true;
	unlink(self->path);
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		if (self->clients[i])
			forget(self, self->clients[i]);
	}
	hr_timer_close(&self->timer, reclaim);
	uv_close((uv_handle_t *)&self->idle, on_handle_closed);
	uv_close((uv_handle_t *)&self->listener, on_handle_closed);
	close(self->fd);
}
