/*
 * world - a bus in simulated time with our station and ECUs on it, for the tests of flash_run and flash_bus.
 *
 * An ECU is either a virtual one (sim/ecu_core) or a scripted peer, whose requests are logged.
 */
#ifndef TESTS_UNIT_FLASH_WORLD_H
#define TESTS_UNIT_FLASH_WORLD_H

#include "ecu-flash/flash_bus.h"
#include "sim/bus_core.h"
#include "sim/ecu_core.h"
#include "tests/unit/flash/peer.h"

#define MS           UINT64_C(1000)
#define S            UINT64_C(1000000)

#define WORLD_ECUS   4u
#define WORLD_LOG    20000u
#define WORLD_EVENTS 20000u
#define APP_ID       0x120u /* the traffic of a virtual ECU's application */

struct request {
	uint64_t at_us;
	uint8_t ecu;
	bool functional;
	uint8_t pdu[12];
	size_t n;
};

struct world {
	uint64_t now_us;
	struct bus bus;
	struct can_node node;
	unsigned n_ecus;
	bool is_virtual[WORLD_ECUS];
	struct peer peers[WORLD_ECUS];
	struct ecu_core virtuals[WORLD_ECUS];
	struct ecu_config configs[WORLD_ECUS];
	uint8_t virtual_rx[WORLD_ECUS][WORLD_BUF];
	uint8_t virtual_memory[WORLD_ECUS][PEER_MEMORY];
	struct uds_channel channels[WORLD_ECUS];
	uint8_t tx_buf[WORLD_ECUS][WORLD_BUF];
	uint8_t rx_buf[WORLD_ECUS][WORLD_BUF];
	struct profile profiles[WORLD_ECUS];
	struct flash_job jobs[WORLD_ECUS];
	struct flash_run runs[WORLD_ECUS];
	struct flash_bus flash_bus;
	bool with_bus;

	/* what the owner does */
	bool withhold_key, withhold_intent;
	int stop_at_step; /* enum flash_step_kind, -1 never */
	bool stop_at_intent;
	int drive_foreign_at_step; /* another tester sends when this step begins; -1 never */

	bool unplugged_at_reset; /* from the first 11 on nothing of ours leaves */
	bool unplugged;

	unsigned n_app_frames[WORLD_ECUS];
	struct request log[WORLD_LOG];
	unsigned n_log;
	struct flash_bus_event events[WORLD_EVENTS];
	unsigned n_events;
};

static inline void world_log(struct world *w, unsigned ecu, bool functional, const uint8_t *pdu, size_t n)
{
	struct request *r;

	if (n == 2 && pdu[0] == UDS_TESTER_PRESENT && pdu[1] == 0x80)
		return;
	assert_true(w->n_log < WORLD_LOG);
	r = &w->log[w->n_log++];
	*r = (struct request){.at_us = w->now_us, .ecu = (uint8_t)ecu, .functional = functional, .n = n};
	memcpy(r->pdu, pdu, n < sizeof(r->pdu) ? n : sizeof(r->pdu));
}

/* ---- the world ---- */

static inline struct rule *world_rule(struct world *w, unsigned ecu, enum rule_action action, const char *prefix,
				      size_t n_prefix, unsigned skip, unsigned times)
{
	struct peer *p = &w->peers[ecu];
	struct rule *r = &p->rules[p->n_rules++];

	assert_true(p->n_rules <= 16);
	*r = (struct rule){.action = action, .functional = -1, .skip = skip, .times = times};
	memcpy(r->prefix, prefix, n_prefix);
	r->n_prefix = (uint8_t)n_prefix;
	return r;
}

static inline void world_reply(struct world *w, unsigned ecu, const char *prefix, size_t n_prefix, unsigned skip,
			       unsigned times, const char *reply, size_t n_reply)
{
	struct rule *r = world_rule(w, ecu, RULE_REPLY, prefix, n_prefix, skip, times);

	memcpy(r->reply, reply, n_reply);
	r->n_reply = (uint8_t)n_reply;
}

static inline void world_init(struct world *w, uint32_t drop_ppm, uint64_t seed)
{
	struct bus_config config = {.nominal_bps = 500000, .seed = seed, .drop_ppm = drop_ppm};

	memset(w, 0, sizeof(*w));
	w->now_us = S;
	w->stop_at_step = w->drive_foreign_at_step = -1;
	bus_init(&w->bus, &config);
	can_node_init(&w->node, 32);
	assert_int_equal(bus_attach(&w->bus, true), 0);
}

static inline struct profile *world_profile(struct world *w, unsigned ecu)
{
	struct profile *p = &w->profiles[ecu];

	profile_template_single_bank(p);
	snprintf(p->name, sizeof(p->name), "ecu%u", ecu);
	snprintf(p->security[0].key_id, sizeof(p->security[0].key_id), "test");
	p->link.address.tx_id = 0x700 + ecu;
	p->link.address.rx_id = 0x708 + ecu;
	assert_null(profile_check(p));
	return p;
}

/* an ECU as it leaves the factory, with an application of zeros */
static inline void world_power_up(struct world *w, unsigned i)
{
	struct ecu_nonvolatile nv;

	assert_null(ecu_config_check(&w->configs[i]));
	nv = ecu_nonvolatile_default(&w->configs[i]);
	nv.app_valid = true;
	snprintf(nv.factory_version, sizeof(nv.factory_version), "FACTORY");
	assert_true(ecu_extents_add(&nv.programmed, PEER_BASE, PEER_MEMORY));
	ecu_core_init(&w->virtuals[i], &w->configs[i], &nv, w->virtual_rx[i], WORLD_BUF, w->now_us);
}

static inline void world_add(struct world *w, bool is_virtual)
{
	unsigned i = w->n_ecus++;
	struct profile *p = world_profile(w, i);
	struct isotp_config link = p->link;

	link.address.tx_id = p->link.address.rx_id;
	link.address.rx_id = p->link.address.tx_id;
	w->is_virtual[i] = is_virtual;
	if (is_virtual) {
		struct ecu_config *c = &w->configs[i];

		*c = ecu_config_default();
		c->link = link;
		c->functional_id = FUNCTIONAL_ID;
		c->max_number_of_block_length = 258;
		c->n_regions = 1;
		c->regions[0] = (struct ecu_region){
		    .address = PEER_BASE, .size = PEER_MEMORY, .sector_bytes = 4096, .bytes = w->virtual_memory[i]};
		c->fingerprint_required = true;
		snprintf(c->hardware_number, sizeof(c->hardware_number), "HW-V%u", i);
		snprintf(c->serial_number, sizeof(c->serial_number), "SN-V%u", i);
		snprintf(c->boot_version, sizeof(c->boot_version), "BOOT-V");
		c->app_message.id = APP_ID + i;
		c->app_message.dlc = 8;
		c->app_message.period_us = 20 * MS;
		world_power_up(w, i);
	} else {
		w->peers[i].max_block = 66;
		w->peers[i].functional_id = FUNCTIONAL_ID;
		w->peers[i].session = 1;
		snprintf(w->peers[i].version, sizeof(w->peers[i].version), "APP-1");
		snprintf(w->peers[i].new_version, sizeof(w->peers[i].new_version), "APP-2");
		isotp_init(&w->peers[i].link, &link, w->peers[i].rx, sizeof(w->peers[i].rx));
	}
	assert_int_equal(bus_attach(&w->bus, true), (int)i + 1);
	uds_channel_init(&w->channels[i], &p->link, &p->timing, w->tx_buf[i], WORLD_BUF, w->rx_buf[i], WORLD_BUF);
	assert_int_equal(can_node_attach(&w->node, &w->channels[i]), 0);
	w->jobs[i] = (struct flash_job){.kind = FLASH_JOB_FLASH, .profile = p};
}

static inline void station_input(struct world *w, unsigned i, const struct can_msg *msg)
{
	if (w->is_virtual[i])
		ecu_core_input(&w->virtuals[i], w->now_us, msg);
	else
		peer_input(w, &w->peers[i], i, w->now_us, msg);
}

static inline void station_confirm(struct world *w, unsigned i)
{
	struct isotp_event ev;

	if (w->is_virtual[i]) {
		ecu_core_confirm(&w->virtuals[i], w->now_us);
		return;
	}
	isotp_confirm(&w->peers[i].link, w->now_us);
	while (isotp_pop_event(&w->peers[i].link, &ev))
		;
}

static inline uint64_t station_deadline(const struct world *w, unsigned i)
{
	return w->is_virtual[i] ? ecu_core_deadline(&w->virtuals[i]) : peer_deadline(&w->peers[i]);
}

static inline void station_expire(struct world *w, unsigned i)
{
	struct can_msg msg;
	enum ecu_output_kind output;

	if (!w->is_virtual[i]) {
		peer_expire(&w->peers[i], w->now_us);
		while (bus_room(&w->bus, i + 1) && isotp_pop_frame(&w->peers[i].link, w->now_us, &msg))
			assert_int_equal(bus_input(&w->bus, w->now_us * 1000, i + 1, &msg), 0);
		return;
	}
	ecu_core_expire(&w->virtuals[i], w->now_us);
	while ((output = ecu_core_pop_output(&w->virtuals[i])) != ECU_OUTPUT_NONE) {
		uint8_t seed[16], key[16];

		if (output != ECU_OUTPUT_SEED_WANTED)
			continue;
		for (unsigned k = 0; k < 16; k++) {
			seed[k] = (uint8_t)(w->now_us + 17 * k + 1);
			key[k] = seed[k] ^ 0xa5;
		}
		ecu_core_seed(&w->virtuals[i], w->now_us, seed, key, 16);
	}
	while (bus_room(&w->bus, i + 1) && ecu_core_pop_frame(&w->virtuals[i], w->now_us, &msg))
		assert_int_equal(bus_input(&w->bus, w->now_us * 1000, i + 1, &msg), 0);
}

static inline void world_foreign(struct world *w)
{
	static const uint8_t data[8] = {0x02, 0x3e, 0x00};
	struct can_msg msg = {.id = 0x700, .len = 8};
	int client = bus_attach(&w->bus, false);

	assert_true(client >= 0);
	memcpy(msg.data, data, sizeof(data));
	assert_int_equal(bus_input(&w->bus, w->now_us * 1000, (unsigned)client, &msg), 0);
	bus_detach(&w->bus, (unsigned)client);
}

static inline void world_event(struct world *w, const struct flash_bus_event *e)
{
	struct flash_run *run = &w->runs[e->target];
	uint8_t key[64];

	assert_true(w->n_events < WORLD_EVENTS);
	w->events[w->n_events++] = *e;
	if (e->kind != FLASH_BUS_EVENT_TARGET)
		return;
	if (e->event.kind == FLASH_EVENT_NEED_KEY && !w->withhold_key) {
		for (unsigned k = 0; k < e->event.n_seed; k++)
			key[k] = e->event.seed[k] ^ 0xa5;
		flash_run_key(run, w->now_us, key, e->event.n_seed);
	}
	if (e->event.kind == FLASH_EVENT_INTENT && w->stop_at_intent) {
		flash_run_stop(run, w->now_us);
		w->stop_at_intent = false;
	}
	if (e->event.kind == FLASH_EVENT_INTENT && !w->withhold_intent)
		flash_run_intent_stored(run, w->now_us);
	if (e->event.kind != FLASH_EVENT_STEP)
		return;
	if ((int)e->event.step == w->stop_at_step) {
		if (w->with_bus)
			flash_bus_stop(&w->flash_bus, w->now_us);
		else
			flash_run_stop(run, w->now_us);
	}
	if (e->event.step == FLASH_STEP_RESET && w->unplugged_at_reset)
		w->unplugged = true;
	if ((int)e->event.step == w->drive_foreign_at_step) {
		w->drive_foreign_at_step = -1;
		world_foreign(w);
	}
}

static inline bool world_over(const struct world *w)
{
	return w->with_bus ? flash_bus_finished(&w->flash_bus) : flash_run_finished(&w->runs[0]);
}

static inline void world_owner(struct world *w)
{
	struct flash_bus_event e = {.kind = FLASH_BUS_EVENT_TARGET};

	if (w->with_bus) {
		flash_bus_advance(&w->flash_bus, w->now_us);
		while (flash_bus_pop_event(&w->flash_bus, &e))
			world_event(w, &e);
		return;
	}
	flash_run_advance(&w->runs[0], w->now_us);
	while (flash_run_pop_event(&w->runs[0], &e.event))
		world_event(w, &e);
}

static inline void world_deliver(struct world *w)
{
	struct bus_delivery d;

	bus_expire(&w->bus, w->now_us * 1000);
	while (bus_pop_delivery(&w->bus, &d)) {
		if (d.client == 0 && d.echo)
			can_node_confirm(&w->node, w->now_us, 1);
		else if (d.client == 0) {
			if (d.msg.id >= APP_ID && d.msg.id < APP_ID + WORLD_ECUS)
				w->n_app_frames[d.msg.id - APP_ID]++;
			can_node_input(&w->node, w->now_us, &d.msg);
		} else if (d.client <= w->n_ecus && d.echo)
			station_confirm(w, d.client - 1u);
		else if (d.client <= w->n_ecus)
			station_input(w, d.client - 1u, &d.msg);
		/* an input may end the validity of what an event points at: the owner looks in between */
		if (d.client == 0)
			world_owner(w);
	}
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* one turn at w->now_us. Return: the next deadline */
static inline uint64_t world_turn(struct world *w)
{
	struct can_msg msg;
	uint64_t next;

	world_deliver(w);
	can_node_expire(&w->node, w->now_us);
	world_owner(w);
	while (!w->unplugged && bus_room(&w->bus, 0) && can_node_pop_frame(&w->node, w->now_us, &msg))
		assert_int_equal(bus_input(&w->bus, w->now_us * 1000, 0, &msg), 0);
	for (unsigned i = 0; i < w->n_ecus; i++)
		station_expire(w, i);
	bus_expire(&w->bus, w->now_us * 1000);
	next = bus_deadline(&w->bus);
	next = next == BUS_NEVER ? UDS_NEVER : (next + 999) / 1000;
	next = earlier(next, can_node_deadline(&w->node));
	next = earlier(next, w->with_bus ? flash_bus_deadline(&w->flash_bus) : flash_run_deadline(&w->runs[0]));
	for (unsigned i = 0; i < w->n_ecus; i++)
		next = earlier(next, station_deadline(w, i));
	return next;
}

static inline void world_run_until(struct world *w, uint64_t until_us, bool to_the_end)
{
	unsigned stuck = 0;

	while (w->now_us < until_us) {
		uint64_t next = world_turn(w);

		if (!to_the_end && world_over(w))
			return;
		stuck = next <= w->now_us ? stuck + 1 : 0;
		assert_true(stuck < 100); /* a deadline in the past that nobody serves */
		if (next > w->now_us)
			w->now_us = earlier(next, until_us);
	}
}

/* the first ECU's run alone, without the functional part */
static inline const struct flash_result *world_flash_one(struct world *w)
{
	flash_run_init(&w->runs[0], &w->jobs[0], &w->channels[0]);
	flash_run_start(&w->runs[0], w->now_us);
	world_run_until(w, w->now_us + 3600 * S, false);
	assert_true(flash_run_finished(&w->runs[0]));
	return flash_run_result(&w->runs[0]);
}

static inline void world_start_bus(struct world *w, uint8_t max_parallel)
{
	w->with_bus = true;
	flash_bus_init(&w->flash_bus, &w->node, max_parallel);
	for (unsigned i = 0; i < w->n_ecus; i++) {
		flash_run_init(&w->runs[i], &w->jobs[i], &w->channels[i]);
		assert_int_equal(flash_bus_add(&w->flash_bus, &w->runs[i]), 0);
	}
	flash_bus_start(&w->flash_bus, w->now_us);
}

static inline void world_flash_all(struct world *w, uint8_t max_parallel)
{
	world_start_bus(w, max_parallel);
	world_run_until(w, w->now_us + 3600 * S, false);
	assert_true(flash_bus_finished(&w->flash_bus));
}

/* ---- what happened ---- */

static inline unsigned world_count(const struct world *w, unsigned ecu, int functional, const char *prefix, size_t n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w->n_log; i++)
		if (w->log[i].ecu == ecu && (functional < 0 || functional == w->log[i].functional) &&
		    w->log[i].n >= n && !memcmp(w->log[i].pdu, prefix, n))
			count++;
	return count;
}

/* Return: the place of the nth (from 0) such request in the log, -1 if there is none */
static inline int world_find(const struct world *w, unsigned ecu, const char *prefix, size_t n, unsigned nth)
{
	for (unsigned i = 0; i < w->n_log; i++)
		if (w->log[i].ecu == ecu && w->log[i].n >= n && !memcmp(w->log[i].pdu, prefix, n) && !nth--)
			return (int)i;
	return -1;
}

static inline unsigned world_events(const struct world *w, unsigned ecu, enum flash_event_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w->n_events; i++)
		if (w->events[i].kind == FLASH_BUS_EVENT_TARGET && w->events[i].target == ecu &&
		    w->events[i].event.kind == kind)
			count++;
	return count;
}

static inline unsigned world_bus_events(const struct world *w, enum flash_bus_event_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w->n_events; i++)
		if (w->events[i].kind == kind)
			count++;
	return count;
}

/* a literal without its NUL, and its length */
#define B(text) (text), (sizeof(text) - 1)

/* bytes that repeat nowhere, so that a misplaced block shows */
static inline void fill_pattern(uint8_t *bytes, size_t n, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(x >> 24);
	}
}

#endif
