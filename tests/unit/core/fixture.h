/*
 * fixture - a vehicle, a backend, a disk and a flasher around one gateway core, in simulated time. What the core asks
 * for stands in a list and is answered one at a time, so that a test can cut in between any two answers: kill the
 * daemon, lose the session, switch the ignition.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

#include "tests/unit/core/fixture_io.h"

/* Return: false if nothing was asked */
static inline bool sim_step(struct sim *s)
{
	struct gateway_output task;
	size_t i = 0;

	sim_pump(s);
	while (i < s->n_tasks && ((s->hold_stores && s->tasks[i].kind == GATEWAY_OUT_STORE) ||
				  (s->hold_intents && s->tasks[i].kind == GATEWAY_OUT_INTENT_STORED)))
		i++;
	if (i >= s->n_tasks)
		return false;
	task = s->tasks[i];
	s->n_tasks--;
	memmove(&s->tasks[i], &s->tasks[i + 1], (s->n_tasks - i) * sizeof s->tasks[0]);
	sim_do(s, &task);
	sim_pump(s);
	return true;
}

/* answers all, without letting time pass */
static inline void sim_settle(struct sim *s)
{
	unsigned n = 0;

	while (sim_step(s))
		assert_true(n++ < 5000); /* it must come to rest */
}

/* up to where it is next to be done, and is not yet */
static inline void sim_until_next(struct sim *s, enum gateway_output_kind kind)
{
	while (!s->n_tasks || s->tasks[0].kind != kind)
		assert_true(sim_step(s));
}

/* all ECUs are asked once more */
static inline void sim_ask_again(struct sim *s)
{
	s->gateway->identify_again = true;
	gateway_heartbeat(s->gateway, s->now_us, 0);
	sim_settle(s);
}

/* the author asks nothing of the vehicle */
static inline void sim_no_conditions_of_author(struct sim *s)
{
	for (unsigned i = 0; i < N_ECUS; i++)
		s->manifest->components[i].n_conditions = 0;
}

/* lets time pass to @until_us, with each deadline met at its microsecond */
static inline void sim_run(struct sim *s, uint64_t until_us)
{
	unsigned n = 0;

	sim_settle(s);
	while (gateway_deadline(s->gateway) <= until_us) {
		uint64_t deadline = gateway_deadline(s->gateway);

		assert_true(n++ < 200000);
		if (deadline > s->now_us)
			s->now_us = deadline;
		gateway_expire(s->gateway, s->now_us);
		sim_settle(s);
		assert_true(gateway_deadline(s->gateway) > s->now_us); /* a deadline that passed must not stay */
	}
	s->now_us = until_us;
}

static inline void sim_for(struct sim *s, uint64_t us)
{
	sim_run(s, s->now_us + us);
}

/* stops right after the answer that brought the first campaign into @state; Return: false if it never came */
static inline bool sim_until(struct sim *s, enum campaign_state state)
{
	for (unsigned n = 0; n < 20000; n++) {
		sim_pump(s);
		if (s->gateway->campaigns[0].state == state)
			return true;
		if (sim_step(s))
			continue;
		if (gateway_deadline(s->gateway) == GATEWAY_NEVER)
			return false;
		s->now_us = gateway_deadline(s->gateway);
		gateway_expire(s->gateway, s->now_us);
	}
	return false;
}

static inline void sim_signals(struct sim *s, enum ignition ignition, double kmh, double mv)
{
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, ignition);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, kmh);
	gateway_signal(s->gateway, s->now_us, VEHICLE_BATTERY_MV, mv);
}

static inline void sim_boot(struct sim *s)
{
	struct parking parking;

	gateway_init(s->gateway, &s->config);
	gateway_restore_time(s->gateway, s->disk.floor_unix_s);
	if (parking_decode(&parking, s->disk.parking, sizeof s->disk.parking))
		gateway_restore_parking(s->gateway, &parking);
	gateway_restore_power(s->gateway, &s->disk.power);
	gateway_restore_modes(s->gateway, &s->disk.modes);
	for (unsigned i = 0; i < N_ECUS; i++) {
		if (s->disk.ecus[i].name[0])
			gateway_restore_ecu(s->gateway, &s->disk.ecus[i]);
	}
	gateway_restore_director(s->gateway, s->disk.director_version, s->disk.director_sha256);
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (s->disk.has[i])
			gateway_restore_campaign(s->gateway, &s->disk.campaigns[i]);
	}
	for (size_t i = 0; i < s->disk.n_rxswin; i++)
		gateway_restore_rxswin(s->gateway, &s->disk.rxswin[i]);
	for (size_t i = 0; i < s->disk.n_reports; i++)
		gateway_restore_report(s->gateway, &s->disk.reports[i]);
	gateway_restore_reports_end(s->gateway, s->disk.next_sequence ? s->disk.next_sequence : 1);
}

static inline void sim_start(struct sim *s)
{
	sim_boot(s);
	gateway_start(s->gateway, s->now_us);
}

/* the power is cut; @commit: what was on its way to the disk just made it */
static inline void sim_kill(struct sim *s, bool commit)
{
	while (commit && sim_n_stores)
		sim_commit(s);
	while (sim_n_stores)
		free(sim_stores[--sim_n_stores]);
	s->n_tasks = 0;
	s->session = false;
	s->flash_open = false;
	for (unsigned i = 0; i < N_ECUS; i++)
		s->ecus[i].running = s->ecus[i].wait_intent = false;
}

static inline void sim_drop_session(struct sim *s)
{
	if (!s->session)
		return;
	s->session = false;
	gateway_disconnected(s->gateway, s->now_us, GATEWAY_CODE_TLS, NULL, s->random);
}

/* the backend issues the next version and sends it in the session that is open */
static inline void sim_issue(struct sim *s, uint64_t version, unsigned seed)
{
	s->director->version = version;
	sim_fill(s->director_sha256, seed);
	if (s->session)
		gateway_director(s->gateway, s->now_us, s->director, s->director_sha256);
}

static inline struct campaign *sim_campaign(struct sim *s)
{
	return &s->gateway->campaigns[0];
}

static inline size_t sim_count_reports(const struct sim *s, const char *id, enum campaign_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++) {
		const struct report *r = &s->applied_reports[i];

		n += !strcmp(r->campaign_id, id) && !r->ecu[0] && r->campaign_state == state;
	}
	return n;
}

static inline size_t sim_count_target_reports(const struct sim *s, const char *ecu, enum target_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++)
		n += !strcmp(s->applied_reports[i].ecu, ecu) && s->applied_reports[i].target_state == state;
	return n;
}

static inline void sim_default_documents(struct sim *s)
{
	struct director_doc *d = s->director;
	struct manifest_doc *m = s->manifest;
	static const char *const ecus[] = {"engine", "brake"};

	snprintf(m->id, sizeof m->id, "release-2");
	d->version = 1;
	sim_fill(s->director_sha256, 100);
	d->n_campaigns = 1;
	snprintf(d->campaigns[0].id, sizeof d->campaigns[0].id, "c1");
	d->campaigns[0].manifest = sim_file(1, 500);
	d->campaigns[0].mode = MODE_NEGOTIATED;
	d->campaigns[0].urgency = URGENCY_NORMAL;
	d->campaigns[0].window_start_unix_s = UNIX_BASE;
	d->campaigns[0].window_end_unix_s = UNIX_BASE + 86400;
	d->campaigns[0].n_targets = N_ECUS;
	m->n_components = N_ECUS;
	for (unsigned i = 0; i < N_ECUS; i++) {
		struct target_doc *t = &d->campaigns[0].targets[i];
		struct component_doc *c = &m->components[i];

		snprintf(t->ecu, sizeof t->ecu, "%s", ecus[i]);
		snprintf(t->hardware_id, sizeof t->hardware_id, "HW-%s", ecus[i]);
		snprintf(t->component, sizeof t->component, "%s-app", ecus[i]);
		snprintf(c->name, sizeof c->name, "%s-app", ecus[i]);
		snprintf(c->hardware_ids[0], sizeof c->hardware_ids[0], "HW-%s", ecus[i]);
		c->n_hardware_ids = 1;
		c->profile = sim_file(10, 100); /* the same for both */
		c->n_units = 1;
		c->units[0].image = sim_file(20 + i, 1000);
		snprintf(c->units[0].expected_version, sizeof c->units[0].expected_version, "2.0");
		c->n_conditions = 2;
		c->conditions[0] = (struct condition){CONDITION_IGNITION_OFF, 0};
		c->conditions[1] = (struct condition){CONDITION_STANDSTILL, 0};
	}
	d->campaigns[0].targets[ENGINE].rollback = sim_file(30, 900);
	d->campaigns[0].n_conditions = 1;
	d->campaigns[0].conditions[0] = (struct condition){CONDITION_BATTERY_MIN_MV, 11500};
}

/* a parked vehicle, a reachable backend with one campaign for two ECUs; nothing is started yet */
static inline struct sim *sim_new(void)
{
	static const char *const ecus[] = {"engine", "brake"};
	struct sim *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->gateway = calloc(1, sizeof *s->gateway);
	s->director = calloc(1, sizeof *s->director);
	s->manifest = calloc(1, sizeof *s->manifest);
	assert_non_null(s->gateway);
	assert_non_null(s->director);
	assert_non_null(s->manifest);
	s->estimate_ms = 30000;
	s->config = (struct gateway_config){.vehicle_id = "vehicle-1",
					    .n_ecus = N_ECUS,
					    .postpone_s = 3600,
					    .max_attempts = 3,
					    .retry_pause_s = 10,
					    .build_unix_s = UNIX_BASE - 1000000};
	for (unsigned i = 0; i < N_ECUS; i++) {
		snprintf(s->config.ecus[i].name, sizeof s->config.ecus[i].name, "%s", ecus[i]);
		snprintf(s->config.ecus[i].bus, sizeof s->config.ecus[i].bus, "can%u", i);
		s->ecus[i].present = true;
		snprintf(s->ecus[i].identity.hardware_id, sizeof s->ecus[i].identity.hardware_id, "HW-%s", ecus[i]);
		snprintf(s->ecus[i].identity.serial_number, sizeof s->ecus[i].identity.serial_number, "SN-%s", ecus[i]);
		snprintf(s->ecus[i].identity.application_version, sizeof s->ecus[i].identity.application_version,
			 "1.0");
	}
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		s->config.vehicle.max_age_ms[i] = UINT32_MAX; /* the vehicle's own tests look at ages */
	s->reachable = s->confirm = s->answers_director = s->acks = s->enough_space = true;
	s->random = 0x80000000u;
	s->now_us = SECOND;
	sim_default_documents(s);
	return s;
}

static inline struct sim *sim_new_parked(void)
{
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

static inline void sim_free(struct sim *s)
{
	while (sim_n_stores)
		free(sim_stores[--sim_n_stores]);
	assert_false(s->erased_without_intent);
	free(s->gateway);
	free(s->director);
	free(s->manifest);
	free(s);
}

#endif
