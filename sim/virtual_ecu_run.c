#include "sim/virtual_ecu_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/virtual_ecu_key.h"

/* changes gather so long before they are forced to the disk; a kill loses nothing even before */
#define SYNC_DELAY_MS 300

static void complain(const struct vecu *ecu, const char *what, int r)
{
	fprintf(stderr, "virtual-ecu: %s: %s: %s\n", ecu->definition->name, what, strerror(-r));
}

static void sync_in_thread(uv_work_t *work)
{
	struct vecu_run *self = work->data;

	for (size_t i = 0; i < self->setup->n_ecus; i++) {
		int r = self->syncing[i] ? vecu_store_sync(&self->ecus[i].store) : 0;

		if (r != 0)
			complain(&self->ecus[i], "cannot sync", r);
	}
}

static void on_sync_timer(uv_timer_t *timer);

static void sync_later(struct vecu_run *self)
{
	if (!self->closing && !self->sync_busy && !uv_is_active((uv_handle_t *)&self->sync_timer))
		uv_timer_start(&self->sync_timer, on_sync_timer, SYNC_DELAY_MS, 0);
}

static void on_synced(uv_work_t *work, int status)
{
	struct vecu_run *self = work->data;

	(void)status;
	self->sync_busy = false;
	for (size_t i = 0; i < self->setup->n_ecus; i++) {
		if (self->ecus[i].dirty)
			sync_later(self);
	}
}

static void on_sync_timer(uv_timer_t *timer)
{
	struct vecu_run *self = timer->data;

	for (size_t i = 0; i < self->setup->n_ecus; i++) {
		self->syncing[i] = self->ecus[i].dirty;
		self->ecus[i].dirty = false;
	}
	self->sync_work.data = self;
	self->sync_busy = uv_queue_work(self->loop, &self->sync_work, sync_in_thread, on_synced) == 0;
}

static void save(struct vecu *ecu)
{
	int r = vecu_store_save(&ecu->store, &ecu->definition->core, ecu_core_nonvolatile(&ecu->core));

	if (r != 0)
		complain(ecu, "cannot write its state", r);
}

static void give_seed(struct vecu *ecu, uint64_t now_us)
{
	uint8_t seed[ECU_MAX_SEED_BYTES], key[ECU_MAX_SEED_BYTES];
	uint8_t n_key = vecu_key_draw(ecu->definition, ecu_core_seed_level(&ecu->core), seed, key);

	if (n_key)
		ecu_core_seed(&ecu->core, now_us, seed, key, n_key);
	else
		complain(ecu, "cannot draw a seed", -EIO);
}

static void on_outputs(void *core, uint64_t now_us)
{
	struct vecu *ecu = core;
	enum ecu_output_kind kind;

	while ((kind = ecu_core_pop_output(&ecu->core)) != ECU_OUTPUT_NONE) {
		switch (kind) {
		case ECU_OUTPUT_NONE:
		case ECU_OUTPUT_SESSION:
			break;
		case ECU_OUTPUT_SEED_WANTED:
			give_seed(ecu, now_us);
			break;
		case ECU_OUTPUT_STORE:
			save(ecu);
			ecu->dirty = true;
			break;
		case ECU_OUTPUT_MEMORY:
			ecu->dirty = true;
			break;
		case ECU_OUTPUT_RESET:
			ecu->n_resets++;
			break;
		}
	}
	if (ecu->dirty)
		sync_later(ecu->run);
}

static void on_input(void *core, uint64_t now_us, const struct can_msg *msg)
{
	struct vecu *ecu = core;

	ecu_core_input(&ecu->core, now_us, msg);
}

static void on_confirm(void *core, uint64_t now_us)
{
	struct vecu *ecu = core;

	ecu_core_confirm(&ecu->core, now_us);
}

static void on_expire(void *core, uint64_t now_us)
{
	struct vecu *ecu = core;

	ecu_core_expire(&ecu->core, now_us);
}

static uint64_t on_deadline(void *core)
{
	const struct vecu *ecu = core;

	return ecu_core_deadline(&ecu->core);
}

static bool on_pop_frame(void *core, uint64_t now_us, struct can_msg *msg)
{
	struct vecu *ecu = core;

	return ecu_core_pop_frame(&ecu->core, now_us, msg);
}

static void on_lost(void *core, uint64_t now_us)
{
	struct vecu *ecu = core;

	ecu_core_reset_outstanding(&ecu->core, now_us);
}

static struct can_station_member member_of(struct vecu *ecu)
{
	const struct ecu_config *config = &ecu->definition->core;
	const struct isotp_address *address = &config->link.address;
	struct can_station_member member = {
	    .core = ecu,
	    .ids = {{address->rx_id, address->extended_id}, {address->tx_id, address->extended_id}},
	    .n_ids = 2,
	    .input = on_input,
	    .confirm = on_confirm,
	    .expire = on_expire,
	    .deadline = on_deadline,
	    .pop_frame = on_pop_frame,
	    .outputs = on_outputs,
	    .lost = on_lost,
	};

	if (config->functional_id)
		member.ids[member.n_ids++] =
		    (struct can_port_filter){config->functional_id, config->functional_extended_id};
	if (config->app_message.id)
		member.ids[member.n_ids++] =
		    (struct can_port_filter){config->app_message.id, config->app_message.extended_id};
	return member;
}

static void on_bus(void *owner, int error)
{
	const struct vecu_bus *bus = owner;

	if (error)
		fprintf(stderr, "virtual-ecu: bus %s is lost: %s\n", bus->name, strerror(-error));
	else
		fprintf(stderr, "virtual-ecu: bus %s is back\n", bus->name);
}

static int open_bus(struct vecu_run *self, size_t at, struct yaml_error *error)
{
	struct can_station_member members[VECU_MAX_ECUS];
	struct vecu_bus *bus = &self->setup->buses[at];
	char why[CAN_LINK_TEXT_BYTES];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < self->setup->n_ecus; i++) {
		if (self->setup->ecus[i].bus == at)
			members[n++] = member_of(&self->ecus[i]);
	}
	if (!n)
		return 0;
	if (!bus->port[0]) {
		snprintf(error->text, sizeof(error->text), "bus %s has no port: give --bus %s=unix:PATH or =can0",
			 bus->name, bus->name);
		return -EINVAL;
	}
	r = can_station_open(self->loop, bus->port, bus->fd, members, n, on_bus, bus, &self->stations[at]);
	if (r != 0) {
		can_station_why(bus->port, bus->fd, r, why);
		snprintf(error->text, sizeof(error->text), "bus %s: %s", bus->name, why);
	}
	return r;
}

static int power_on(struct vecu_run *self, size_t at, const char *state_dir, struct yaml_error *error)
{
	struct vecu *ecu = &self->ecus[at];
	struct vecu_definition *d = &self->setup->ecus[at];
	size_t n_rx = d->core.max_number_of_block_length < 4095 ? 4095 : d->core.max_number_of_block_length;
	struct ecu_nonvolatile nv;
	int r;

	ecu->run = self;
	ecu->definition = d;
	ecu->rx_buf = malloc(n_rx);
	if (!ecu->rx_buf) {
		snprintf(error->text, sizeof(error->text), "%s: %s", d->name, strerror(ENOMEM));
		return -ENOMEM;
	}
	r = vecu_store_open(&ecu->store, state_dir, d, &nv, error);
	if (r == 0)
		ecu_core_init(&ecu->core, &d->core, &nv, ecu->rx_buf, n_rx, can_station_now_us());
	return r;
}

int vecu_run_start(struct vecu_run *self, uv_loop_t *loop, struct vecu_setup *setup, const char *state_dir,
		   struct yaml_error *error)
{
	int r = 0;

	memset(self, 0, sizeof(*self));
	self->loop = loop;
	self->setup = setup;
	uv_timer_init(loop, &self->sync_timer); /* never fails */
	self->sync_timer.data = self;
	for (size_t i = 0; i < setup->n_ecus && r == 0; i++)
		r = power_on(self, i, state_dir, error);
	for (size_t i = 0; i < setup->n_buses && r == 0; i++)
		r = open_bus(self, i, error);
	return r;
}

struct vecu *vecu_run_find(struct vecu_run *self, const char *name)
{
	for (size_t i = 0; i < self->setup->n_ecus; i++) {
		if (strcmp(self->setup->ecus[i].name, name) == 0)
			return &self->ecus[i];
	}
	return NULL;
}

void vecu_run_kick(struct vecu *ecu)
{
	can_station_kick(ecu->run->stations[ecu->definition->bus]);
}

void vecu_run_stop(struct vecu_run *self)
{
	self->closing = true;
	for (size_t i = 0; i < self->setup->n_buses; i++)
		can_station_close(self->stations[i]);
	uv_close((uv_handle_t *)&self->sync_timer, NULL);
}

int vecu_run_finish(struct vecu_run *self)
{
	int r = 0;

	for (size_t i = 0; i < self->setup->n_ecus; i++) {
		struct vecu *ecu = &self->ecus[i];

		if (ecu->store.flash) {
			int each = vecu_store_sync(&ecu->store);

			if (each != 0) {
				complain(ecu, "cannot sync", each);
				r = each;
			}
			vecu_store_close(&ecu->store);
		}
		free(ecu->rx_buf);
	}
	return r;
}
