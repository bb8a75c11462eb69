/*
 * what anything.c does not try: by chance the driver's and the operator's words, another tester, a vehicle that grants
 * what it is asked for or does not, triggers at any time, windows that recur, an announcement before the first erase,
 * and two campaigns of which the later one is more urgent; among kills, lost sessions and the ignition.
 *
 * SIM_RUN=n in the environment makes only the run whose seed is SEED + n.
 */
#include "tests/scenario/sim_power.h"

#define OTHER   "c2"
#define RUNS    100u
#define ACTIONS 24u

enum {
	KILL,
	DROP,
	IGNITION_TURNS,
	APPROVE,
	POSTPONE,
	DECLINE,
	CANCEL,
	LOCK,
	UNLOCK,
	REFUSE,
	GRANT,
	TRIGGER,
	OTHER_COMES,
	BATTERY,
	CHECK_NOW,
	KINDS
};

/* what an erase is judged by */
static struct {
	uint64_t used_us; /* since when the ignition is not off; 0 = it is */
	unsigned n_erases[SIM_MAX_ECUS];
} watched;

/* looked at whenever something happens: no working ECU is erased in a vehicle that is in use */
static bool watch(const struct sim *s)
{
	const bool used = vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_IGNITION) > VEHICLE_CORE_OFF;

	if (!used)
		watched.used_us = 0;
	else if (!watched.used_us)
		watched.used_us = s->world.now_us;
	for (unsigned i = 0; i < s->world.n_ecus; i++) {
		const struct sim_ecu *e = &s->world.ecus[i];

		/* its signal comes within a while, and what was sent before is on its way */
		if (e->n_erases != watched.n_erases[i] && used && s->world.now_us - watched.used_us > SIM_S)
			SIM_CHECK(s, s->options.finished & (1u << i));
		watched.n_erases[i] = e->n_erases;
	}
	return false;
}

static bool is_final(const struct sim *s, const char *id)
{
	return sim_backend_final(&s->backend, id, NULL) != CAMPAIGN_NONE;
}

static bool all_is_over(const struct sim *s)
{
	(void)watch(s);
	for (unsigned i = 0; i < s->backend.director.n_campaigns; i++) {
		if (!is_final(s, s->backend.director.campaigns[i].id))
			return false;
	}
	return sim_is_settled(s);
}

static void pass(struct sim *s, uint64_t us)
{
	(void)sim_for(s, us, watch);
}

static void trigger(struct sim *s)
{
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_TRIGGER, SIM_CAMPAIGN, 0);
	if (s->backend.director.n_campaigns > 1)
		sim_backend_say(&s->backend, SIM_TO_GATEWAY_TRIGGER, OTHER, 0);
}

static void other_comes(struct sim *s, uint64_t *random)
{
	struct campaign_doc *docs = s->backend.director.campaigns;

	if (s->backend.director.n_campaigns > 1)
		return;
	docs[1].urgency = sim_random(random) % 2 ? URGENCY_CRITICAL : URGENCY_NORMAL;
	docs[1].consent_required = sim_random(random) % 4 == 0;
	s->backend.director.n_campaigns = 2;
	sim_backend_publish(&s->backend);
}

static void driver_says(struct sim *s, unsigned what, const char *id, uint64_t *random)
{
	struct gateway *g = s->io.gateway;
	const uint64_t now_us = s->world.now_us, unix_s = gateway_unix_ms(g, now_us) / 1000;
	char text[GATEWAY_TEXT_BYTES];
	uint64_t latest;
	uint32_t wait_s;

	if (!s->io.running)
		return;
	if (what == APPROVE)
		(void)gateway_approve(g, now_us, id);
	else if (what == POSTPONE)
		(void)gateway_postpone(g, now_us, id, unix_s + 1 + sim_random(random) % 600, &latest);
	else if (what == DECLINE)
		(void)gateway_decline(g, now_us, id, "not today");
	else if (what == CANCEL)
		(void)gateway_cancel(g, now_us, id, NULL);
	else if (what == CHECK_NOW)
		(void)gateway_check_now(g, now_us, &wait_s);
	else
		(void)gateway_lock_diagnostics(g, now_us, what == LOCK, text);
}

static void grants(struct sim *s, bool refuses)
{
	vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, refuses);
	vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_DRIVE_INHIBITED, refuses);
}

static void do_something(struct sim *s, uint64_t *random)
{
	const unsigned what = (unsigned)(sim_random(random) % (KINDS + 1));
	const char *id = sim_random(random) % 2 ? SIM_CAMPAIGN : OTHER;
	const double ignition = vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_IGNITION);

	switch (what) {
	case KILL:
		s->downtime_us = 10 * SIM_MS + sim_random(random) % (6 * SIM_S);
		sim_kill(s, (unsigned)(sim_random(random) % 3));
		return;
	case DROP:
		sim_io_drop_session(&s->io);
		return;
	case IGNITION_TURNS:
		sim_ignition(s, ignition > VEHICLE_CORE_OFF ? VEHICLE_CORE_OFF : VEHICLE_CORE_ON);
		return;
	case DECLINE:
	case CANCEL:
		if (sim_random(random) % 4)
			return; /* else nothing is left to be done */
		driver_says(s, what, id, random);
		return;
	case APPROVE:
	case POSTPONE:
	case LOCK:
	case UNLOCK:
	case CHECK_NOW:
		driver_says(s, what, id, random);
		return;
	case REFUSE:
	case GRANT:
		grants(s, what == REFUSE);
		return;
	case TRIGGER:
		trigger(s);
		return;
	case OTHER_COMES:
		other_comes(s, random);
		return;
	case BATTERY:
		sim_set(s, VEHICLE_CORE_BATTERY_MV, sim_random(random) % 2 ? 12600 : 11200);
		return;
	default: /* nothing */
		return;
	}
}

/* two minutes, and ten minutes later an hour */
static void windows_recur(struct campaign_doc *doc, uint64_t unix_s)
{
	for (unsigned i = 0; i < 2; i++) {
		struct window_recurrence *r = &doc->recurring[i];

		r->days = 0x7f;
		r->start_minute = (uint16_t)((unix_s / 60 + 1 + i * 10) % 1440);
		r->duration_s = i ? 3600 : 120;
		snprintf(r->zone_name, sizeof(r->zone_name), "Test/Zone");
		zone_utc(&r->zone);
	}
	doc->n_recurring = 2;
}

static struct sim *start(unsigned k, uint64_t *random)
{
	static const enum update_mode modes[] = {MODE_NEGOTIATED, MODE_CLIENT, MODE_SERVER};
	struct sim_options options = {
	    .seed = sim_seed() + k,
	    .n_ecus = 2 + k % 2,
	    .image_bytes = 9000,
	    .max_attempts = 20,
	    .max_parallel = k % 3 ? 1 : 4,
	    .window_start_s = 2,
	    .estimate_ms = 3000,
	    .mode = modes[k / 2 % 3],
	    .existence_only = k % 4 == 1,
	    .poll_s = 60,
	    .window_length_s = 14400,
	    .consent = sim_random(random) % 3 == 0,
	    .functions = sim_random(random) % 2,
	    .service_notice_s = sim_random(random) % 2 ? 5 : 0,
	    .power = sim_granted,
	    .finished = (uint32_t)sim_random(random) & 7u,
	    .held = (uint32_t)sim_random(random) & 7u,
	};
	struct sim *s;
	struct campaign_doc *docs;

	options.power.has_grantor = sim_random(random) % 2;
	s = sim_new(&options);
	docs = s->backend.director.campaigns;
	if (sim_random(random) % 2)
		windows_recur(&docs[0], sim_backend_unix_s(&s->backend));
	docs[1] = docs[0];
	snprintf(docs[1].id, sizeof(docs[1].id), OTHER);
	docs[1].targets[0] = docs[0].targets[options.n_ecus - 1];
	docs[1].n_targets = 1;
	docs[0].n_targets = (uint8_t)(options.n_ecus - 1);
	if (sim_random(random) % 4 == 0) {
		snprintf(docs[1].supersedes[0], sizeof(docs[1].supersedes[0]), SIM_CAMPAIGN);
		docs[1].n_supersedes = 1;
	}
	s->io.gateway->config.postpone_max_s[URGENCY_CRITICAL] = 600;
	s->world.sleeps = k % 5 < 2;
	s->world.awake_until_us = 20 * SIM_S;
	return s;
}

/* the driver is gone and has said yes, the vehicle grants all, the backend is there */
static void bring_to_its_end(struct sim *s, uint64_t *random)
{
	other_comes(s, random);
	s->world.sleeps = false; /* it may be asked no more */
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	grants(s, false);
	for (unsigned i = 0; i < 240 && !sim_for(s, 60 * SIM_S, all_is_over); i++) {
		trigger(s);
		driver_says(s, UNLOCK, SIM_CAMPAIGN, random);
		driver_says(s, APPROVE, SIM_CAMPAIGN, random);
		driver_says(s, APPROVE, OTHER, random);
	}
	SIM_CHECK(s, all_is_over(s));
	pass(s, 6 * SIM_S);
}

/* "announced", "lost", "back", "called off" follow each other, and it ends as it was */
static void check_service(const struct sim *s, const char *id)
{
	enum service_state last = SERVICE_NONE;
	uint64_t from_s = 0;

	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		const struct report *r = &s->backend.ledger[i];

		if (!r->service.state || strcmp(r->campaign_id, id) != 0)
			continue;
		SIM_CHECK(s,
			  r->service.state != last || (last == SERVICE_ANNOUNCED && r->service.from_unix_s > from_s));
		SIM_CHECK(s, r->service.state != SERVICE_BACK || last == SERVICE_LOST);
		SIM_CHECK(s, r->service.state != SERVICE_CALLED_OFF || last == SERVICE_ANNOUNCED);
		SIM_CHECK(s, r->service.state != SERVICE_ANNOUNCED || last != SERVICE_LOST);
		last = r->service.state;
		from_s = r->service.from_unix_s;
	}
	SIM_CHECK(s, last != SERVICE_ANNOUNCED && last != SERVICE_LOST);
}

static void check(const struct sim *s, const char *id, unsigned first, unsigned n)
{
	const enum campaign_state final = sim_backend_final(&s->backend, id, NULL);
	unsigned n_new = 0, n_old = 0;

	for (unsigned i = first; i < first + n; i++) {
		n_new += sim_has_image(s, i);
		n_old += sim_has_old(s, i);
	}
	SIM_CHECK(s, n_new + n_old == n); /* none without software */
	SIM_CHECK(s, final != CAMPAIGN_DONE || n_new == n);
	if (final == CAMPAIGN_DECLINED || final == CAMPAIGN_CANCELLED || final == CAMPAIGN_SUPERSEDED)
		SIM_CHECK(s, n_old == n);
	else
		SIM_CHECK(s, final == CAMPAIGN_DONE);
	check_service(s, id);
}

static void whoever_says_whatever_no_ecu_is_left_without_software_and_the_vehicle_is_let_go(void **state)
{
	unsigned n[CAMPAIGN_FAILED + 1] = {0}, n_kills = 0;
	const char *only = getenv("SIM_RUN");
	const unsigned first = only ? (unsigned)strtoul(only, NULL, 0) : 1;
	const unsigned last = only ? first : RUNS;

	(void)state;
	for (unsigned k = first; k <= last; k++) {
		uint64_t random = sim_seed() * 104729 + k;
		struct sim *s = start(k, &random);

		memset(&watched, 0, sizeof(watched));
		for (unsigned i = 0; i < ACTIONS; i++) {
			pass(s, sim_random(&random) % (3 * SIM_S));
			do_something(s, &random);
		}
		bring_to_its_end(s, &random);
		sim_check_end(s);
		sim_check_let_go(s);
		check(s, SIM_CAMPAIGN, 0, s->options.n_ecus - 1);
		check(s, OTHER, s->options.n_ecus - 1, 1);
		n[sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL)]++;
		n[sim_backend_final(&s->backend, OTHER, NULL)]++;
		n_kills += s->n_kills;
		sim_free(s);
	}
	printf("# %u runs, %u kills: of their campaigns %u done, %u declined, %u cancelled, %u superseded\n",
	       last - first + 1, n_kills, n[CAMPAIGN_DONE], n[CAMPAIGN_DECLINED], n[CAMPAIGN_CANCELLED],
	       n[CAMPAIGN_SUPERSEDED]);
	assert_true(only ||
		    (n[CAMPAIGN_DONE] && n[CAMPAIGN_DECLINED] && n[CAMPAIGN_CANCELLED] && n[CAMPAIGN_SUPERSEDED]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whoever_says_whatever_no_ecu_is_left_without_software_and_the_vehicle_is_let_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
