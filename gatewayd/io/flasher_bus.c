#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/catalog.h"
#include "gatewayd/io/flasher_priv.h"
#include "gatewayd/io/log.h"
#include "gatewayd/io/signals.h"

#define REFUSED_TURNS   59u       /* until settings that the interface's driver refused are tried again */
#define TELL_AGAIN_US   60000000u /* what goes on is told once in this time */
#define LOST_COUNTS_US  10000000u /* a request and its repetitions last no longer */
#define BUS_MAX_FILTERS (VEHICLE_SIGNALS + POWER_HOLDS + 2u * GATEWAY_MAX_ECUS)

static const char *bus_name(const struct flasher_bus *self)
{
	return self->flasher->config->buses[self->index].name;
}

/* --- events of the runs */

static void give_key(struct flasher_bus *self, struct work *work, uint64_t now_us, const struct flash_event *event)
{
	const struct security_question question = {
	    .profile = work->run.job.profile,
	    .level = event->level,
	    .seed = event->seed,
	    .n_seed = event->n_seed,
	    .hardware_id = flash_run_result(&work->run)->before.hardware_id,
	};
	uint8_t key[64];
	char text[512];
	size_t n = security_answer(self->flasher->keys, self->flasher->config->seed_key_dir, &question, key, text,
				   sizeof(text));

	if (n > 0)
		flash_run_key(&work->run, now_us, key, n);
	else
		flash_run_key_failed(&work->run, now_us, text);
	explicit_bzero(key, sizeof(key));
}

static void identified(struct flasher_bus *self, const struct work *work, uint64_t now_us)
{
	const struct flash_result *result = flash_run_result(&work->run);
	struct gateway *gateway = self->flasher->gateway;
	const char *name = gateway->ecus[work->ecu].name;

	/* that we gave way, or that no frame of ours left, says nothing of the ECU */
	if (result->code != FLASH_FOREIGN_TESTER && result->code != FLASH_TRANSPORT && result->code != FLASH_STOPPED) {
		self->unasked_told &= ~(1u << work->ecu);
		gateway_identity(gateway, now_us, work->ecu, result->code == FLASH_OK, &result->after);
		return;
	}
	if (!(self->unasked_told & 1u << work->ecu))
		log_write(LOG_NOTICE, &(struct log_fields){.ecu = name, .bus = bus_name(self)},
			  "ECU %s cannot be asked who it is (%s); trying again", name, flash_code_text(result->code));
	self->unasked_told |= 1u << work->ecu;
	gateway_not_identified(gateway, now_us, work->ecu, result->code != FLASH_TRANSPORT);
}

/* An ECU that did not answer while its bus was lost is not to blame: then that is the reason. */
static void flashed(struct flasher_bus *self, const struct work *work, uint64_t now_us)
{
	struct flash_result result = *flash_run_result(&work->run);
	const bool off = can_driver_health(self->driver)->state == CAN_BUS_OFF;
	const bool was_lost = self->lost || (self->lost_us && now_us - self->lost_us < LOST_COUNTS_US);

	if (was_lost && (result.code == FLASH_TRANSPORT || result.code == FLASH_NO_ANSWER)) {
		result.code = FLASH_TRANSPORT;
		snprintf(result.text, sizeof(result.text), "%s: bus %s %s%s", work->run.job.profile->name,
			 bus_name(self), self->lost ? "is lost" : "was lost meanwhile",
			 off ? ", its controller is bus-off" : "");
	}
	gateway_flash_result(self->flasher->gateway, now_us, self->flasher->campaign, work->target, &result);
}

static void on_target(struct flasher_bus *self, struct work *work, uint64_t now_us, const struct flash_event *event)
{
	struct gateway *gateway = self->flasher->gateway;
	uint8_t campaign = self->flasher->campaign;
	bool flashing = self->task == BUS_FLASHING;

	switch (event->kind) {
	case FLASH_EVENT_NONE:
		return;
	case FLASH_EVENT_STEP:
		if (flashing)
			gateway_flash_step(gateway, now_us, campaign, work->target, event->step, event->step_index,
					   event->unit);
		return;
	case FLASH_EVENT_PROGRESS:
		if (flashing)
			gateway_flash_progress(gateway, now_us, campaign, work->target, event->bytes_done,
					       event->bytes_total);
		return;
	case FLASH_EVENT_NEED_KEY:
		give_key(self, work, now_us, event);
		return;
	case FLASH_EVENT_INTENT:
		gateway_flash_intent(gateway, now_us, campaign, work->target, event->step_index, event->unit);
		return;
	case FLASH_EVENT_DONE:
	case FLASH_EVENT_FAILED:
		if (flashing)
			flashed(self, work, now_us);
		else
			identified(self, work, now_us);
		return;
	case FLASH_EVENT_RETRY:
		log_write(LOG_INFO,
			  &(struct log_fields){.ecu = gateway->ecus[work->ecu].name,
					       .bus = bus_name(self),
					       .step = flash_step_text(event->step),
					       .nrc = event->nrc},
			  "%s", event->text);
		return;
	}
}

static void on_bus_event(struct flasher_bus *self, uint64_t now_us, const struct flash_bus_event *event)
{
	const struct log_fields fields = {.bus = bus_name(self)};

	switch (event->kind) {
	case FLASH_BUS_EVENT_NONE:
		return;
	case FLASH_BUS_EVENT_TARGET:
		on_target(self, self->works[event->target], now_us, &event->event);
		return;
	case FLASH_BUS_EVENT_STEP:
		log_write(LOG_DEBUG, &fields, "bus %s: %s", bus_name(self), event->text);
		return;
	case FLASH_BUS_EVENT_QUIET:
		if (self->task == BUS_FLASHING)
			log_write(LOG_INFO, &fields, "bus %s is quiet", bus_name(self));
		return;
	case FLASH_BUS_EVENT_LOUD:
		if (self->task == BUS_FLASHING)
			log_write(event->text[0] ? LOG_WARNING : LOG_INFO, &fields, "bus %s is %s", bus_name(self),
				  event->text[0] ? event->text : "as before");
		return;
	case FLASH_BUS_EVENT_FINISHED:
		self->task = BUS_DONE;
		flasher_bus_finished(self->flasher);
		return;
	}
}

/* --- callbacks of the driver */

static uint64_t on_step(void *owner, uint64_t now_us)
{
	struct flasher_bus *self = owner;
	struct flash_bus_event event;
	bool any;

	if (self->task != BUS_IDENTIFYING && self->task != BUS_FLASHING)
		return UDS_NEVER;
	do { /* an event answered at once (a key) moves its run on */
		any = false;
		flash_bus_advance(&self->bus, now_us);
		while (flash_bus_pop_event(&self->bus, &event)) {
			any = true;
			on_bus_event(self, now_us, &event);
		}
	} while (any && self->task != BUS_DONE);
	return self->task == BUS_DONE ? UDS_NEVER : flash_bus_deadline(&self->bus);
}

/* Return: the request identifiers of the ECUs of this bus, functional ones included: of others they are heard, and our
 * own come back as confirmations */
static size_t request_filters(const struct flasher_bus *self, struct can_port_filter *filters)
{
	const struct config *config = self->flasher->config;
	size_t n = 0;

	for (uint8_t i = 0; i < config->core.n_ecus; i++) {
		const struct profile *profile = &config->ecus[i].profile;

		if (config->ecus[i].bus != self->index)
			continue;
		filters[n++] = (struct can_port_filter){.id = profile->link.address.tx_id,
							.extended_id = profile->link.address.extended_id};
		filters[n++] = (struct can_port_filter){.id = profile->functional.id,
							.extended_id = profile->functional.extended_id};
	}
	return n;
}

static bool is_request(const struct flasher_bus *self, const struct can_msg *msg)
{
	struct can_port_filter filters[2u * GATEWAY_MAX_ECUS];
	const size_t n = request_filters(self, filters);

	for (size_t i = 0; i < n; i++)
		if (filters[i].id == msg->id && filters[i].extended_id == ((msg->flags & CAN_MSG_EXTENDED) != 0))
			return !(msg->flags & CAN_MSG_RTR);
	return false;
}

static void note_foreign(struct flasher_bus *self, uint64_t now_us, uint32_t id)
{
	const struct log_fields fields = {.bus = bus_name(self), .message_id = CATALOG_FOREIGN_TESTER};

	self->foreign_us = now_us;
	gateway_foreign_tester(self->flasher->gateway, now_us, bus_name(self));
	if (self->foreign_told_us && now_us - self->foreign_told_us < TELL_AGAIN_US)
		return;
	self->foreign_told_us = now_us;
	log_write(LOG_NOTICE, &fields,
		  "bus %s: another tester sends requests (identifier %X); no ECU is erased until it is quiet for %u s",
		  bus_name(self), id, GATEWAY_FOREIGN_QUIET_US / 1000000u);
}

bool flasher_bus_yields(const struct flasher_bus *self, uint64_t now_us)
{
	return self->foreign_us && now_us - self->foreign_us < GATEWAY_FOREIGN_QUIET_US;
}

static void on_frame(void *owner, uint64_t now_us, const struct can_msg *msg)
{
	struct flasher_bus *self = owner;

	if (is_request(self, msg))
		note_foreign(self, now_us, msg->id);
	signals_input(self->flasher->config, self->flasher->gateway, self->index, now_us, msg);
}

static void on_bus(void *owner, int error)
{
	struct flasher_bus *self = owner;
	const struct log_fields fields = {.bus = bus_name(self), .message_id = error ? CATALOG_BUS_LOST : NULL};

	self->lost = error != 0;
	self->lost_us = can_driver_now_us();
	if (error == 0) {
		log_write(LOG_NOTICE, &fields, "bus %s is back", bus_name(self));
		gateway_bus_up(self->flasher->gateway, can_driver_now_us());
	} else {
		log_write(LOG_WARNING, &fields, "bus %s is lost: %s; trying again", bus_name(self), strerror(-error));
	}
}

static void on_error(void *owner, uint64_t now_us, const struct can_error *error, bool state_changed)
{
	struct flasher_bus *self = owner;
	const struct can_health *health = can_driver_health(self->driver);
	const struct log_fields fields = {.bus = bus_name(self), .message_id = CATALOG_BUS_ERRORS};

	if (state_changed)
		log_write(health->state == CAN_BUS_ACTIVE ? LOG_NOTICE : LOG_WARNING, &fields,
			  "the controller of bus %s is %s (errors: sending %u, receiving %u)", bus_name(self),
			  can_bus_state_text(health->state), health->tx_errors, health->rx_errors);
	if (!error->no_ack || (self->no_ack_told_us && now_us - self->no_ack_told_us < TELL_AGAIN_US))
		return;
	self->no_ack_told_us = now_us;
	log_write(LOG_WARNING, &fields,
		  "bus %s: nobody acknowledges our frames: no other station is awake or connected (%u frames so far)",
		  bus_name(self), health->n_no_ack);
}

/* while the bus is being opened, flasher_bus_open() says it; later the driver has found it while opening it again */
static void on_link(void *owner, const char *text)
{
	struct flasher_bus *self = owner;
	const struct log_fields fields = {.bus = bus_name(self), .message_id = CATALOG_BUS_REFUSED};

	snprintf(self->link_text, sizeof(self->link_text), "%s", text);
	if (self->driver)
		log_write(LOG_WARNING, &fields, "bus %s: %s", bus_name(self), text);
}

static void cannot_open(struct flasher_bus *self, int error)
{
	const struct config_bus *bus = &self->flasher->config->buses[self->index];
	const bool in_words = self->link_text[0] != '\0';
	const struct log_fields fields = {.bus = bus->name, .message_id = in_words ? CATALOG_BUS_REFUSED : NULL};
	const char *why = in_words ? self->link_text : strerror(-error);

	self->hold = error == -EIO ? REFUSED_TURNS : 0;
	if (strcmp(why, self->trouble) == 0)
		return;
	snprintf(self->trouble, sizeof(self->trouble), "%s", why);
	log_write(LOG_WARNING, &fields, "bus %s (%s) cannot be opened: %s; trying again each %s", bus->name, bus->port,
		  why, self->hold ? "minute" : "second");
}

static void watch(struct flasher_bus *self)
{
	const struct log_fields fields = {.bus = bus_name(self)};
	struct can_port_filter filters[BUS_MAX_FILTERS];
	size_t n = signals_filters(self->flasher->config, self->index, filters);
	int r;

	/* their echoes confirm that our own frames have left */
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		const struct config_frame *frame = &self->flasher->config->frames[i];

		if (frame->configured && frame->bus == self->index)
			filters[n++] = (struct can_port_filter){
			    .id = frame->ask.id, .extended_id = (frame->ask.flags & CAN_MSG_EXTENDED) != 0};
	}
	n += request_filters(self, filters + n);
	r = can_driver_watch(self->driver, filters, n);
	if (r < 0)
		log_write(LOG_WARNING, &fields, "bus %s: filters: %s", bus_name(self), strerror(-r));
	self->watch_due = false;
}

void flasher_bus_watch_again(struct flasher_bus *self)
{
	self->watch_due = self->task != BUS_IDLE;
	if (self->driver && !self->watch_due)
		watch(self);
}

void flasher_bus_open(struct flasher_bus *self)
{
	const struct config_bus *bus = &self->flasher->config->buses[self->index];
	const struct can_driver_config config = {.port = bus->port, .fd = bus->fd, .link = &bus->link};
	const struct can_driver_callbacks callbacks = {.owner = self,
						       .step = on_step,
						       .on_frame = on_frame,
						       .on_bus = on_bus,
						       .on_error = on_error,
						       .on_link = on_link};
	const struct log_fields fields = {.bus = bus->name};
	const bool late = self->trouble[0] != '\0';
	int r;

	if (self->hold > 0) {
		self->hold--;
		return;
	}
	self->link_text[0] = '\0';
	r = can_driver_open(self->flasher->loop, &config, &callbacks, &self->driver);
	if (r < 0) {
		self->driver = NULL;
		cannot_open(self, r);
		return;
	}
	if (self->link_text[0])
		log_write(LOG_WARNING, &fields, "bus %s: %s", bus->name, self->link_text);
	if (late)
		log_write(LOG_NOTICE, &fields, "bus %s (%s) is open", bus->name, bus->port);
	self->trouble[0] = '\0';
	watch(self);
	if (late)
		gateway_bus_up(self->flasher->gateway, can_driver_now_us());
}

/* --- work */

void flasher_bus_prepare(struct flasher_bus *self, uint8_t max_parallel)
{
	flash_bus_init(&self->bus, can_driver_node(self->driver), max_parallel);
}

int flasher_bus_add(struct flasher_bus *self, uint8_t ecu, uint8_t target, struct flash_job *job)
{
	struct work *work;

	/* the buffers are large and touched only as far as they are used: calloc would touch nothing, malloc neither */
	work = malloc(sizeof(*work));
	if (!work)
		return -ENOMEM;
	work->ecu = ecu;
	work->target = target;
	work->profile = *job->profile;
	job->profile = &work->profile;
	uds_channel_init(&work->channel, &job->profile->link, &job->profile->timing, work->request,
			 sizeof(work->request), work->answer, sizeof(work->answer));
	flash_run_init(&work->run, job, &work->channel);
	if (can_node_attach(can_driver_node(self->driver), &work->channel)) {
		free(work);
		return -ENOMEM;
	}
	if (flash_bus_add(&self->bus, &work->run)) {
		can_node_detach(can_driver_node(self->driver), &work->channel);
		free(work);
		return -ENOMEM;
	}
	self->works[self->n_works++] = work;
	return 0;
}

void flasher_bus_start(struct flasher_bus *self, enum bus_task task)
{
	self->task = task;
	can_driver_refresh_filters(self->driver);
	flash_bus_start(&self->bus, can_driver_now_us());
	can_driver_kick(self->driver);
}

void flasher_bus_clear(struct flasher_bus *self)
{
	for (uint8_t i = 0; i < self->n_works; i++) {
		if (self->driver)
			can_node_detach(can_driver_node(self->driver), &self->works[i]->channel);
		free(self->works[i]);
	}
	self->n_works = 0;
	self->task = BUS_IDLE;
	if (self->driver && self->watch_due)
		watch(self);
	else if (self->driver)
		can_driver_refresh_filters(self->driver);
}
