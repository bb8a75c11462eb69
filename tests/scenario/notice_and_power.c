/* the loss of service is announced, and the vehicle asked for power and locks: both before the first erase, and a
 * more urgent campaign may cut in at either. */
#include "gatewayd/core/why.h"
#include "tests/scenario/sim_power.h"

#define OTHER "c2"

/* 60 s between the announcement and the first erase */
static struct sim_options announced(void)
{
	return (struct sim_options){.seed = sim_seed(),
				    .image_bytes = 60000,
				    .window_start_s = 5,
				    .max_parallel = 1,
				    .functions = true,
				    .service_notice_s = 60,
				    .power = sim_granted};
}

static unsigned n_told(const struct sim *s, enum service_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->backend.n_ledger; i++)
		n += s->backend.ledger[i].service.state == state;
	return n;
}

static bool is_announced(const struct sim *s)
{
	return n_told(s, SERVICE_ANNOUNCED) > 0;
}

/* the explanation names that condition, and what is waited for */
static void check_why(const struct sim *s, const char *campaign, const char *name, const char *value, unsigned code)
{
	const int index = gateway_campaign_index(s->io.gateway, campaign);
	struct why_condition c;
	struct why why;

	SIM_CHECK(s, index >= 0);
	why_begin(&why, s->io.gateway, (uint8_t)index, s->world.now_us);
	while (why_next(&why, &c)) {
		if (strcmp(c.name, name) != 0)
			continue;
		SIM_CHECK(s, strcmp(c.value, value) == 0);
		SIM_CHECK(s, c.code == code && (c.holds == WHY_HOLDS) == !code && !c.waits_for[0] == !code);
		return;
	}
	sim_failed(s, name, __FILE__, __LINE__); /* it is not among them */
}

static void what_is_announced_once_is_begun_once_the_vehicle_grants_it(void **state)
{
	(void)state;
	for (unsigned held = 0; held < 2; held++) {
		struct sim_options options = announced();
		struct sim *s;

		options.held = held ? SIM_BOTH : 0;
		options.finished = held ? 0 : SIM_BOTH;
		s = sim_new(&options);
		SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
		SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_flashing));
		sim_ends_done(s);
		SIM_CHECK(s, n_told(s, SERVICE_ANNOUNCED) == 1 && n_told(s, SERVICE_CALLED_OFF) == 0);
		SIM_CHECK(s, n_told(s, SERVICE_LOST) == 1 && n_told(s, SERVICE_BACK) == 1);
		sim_free(s);
	}
}

static void the_network_is_kept_awake_while_it_is_announced(void **state)
{
	struct sim_options options = announced();
	struct sim *s;

	(void)state;
	options.finished = SIM_BOTH;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	(void)sim_for(s, 30 * SIM_S, NULL);
	SIM_CHECK(s, sim_is_asked(s, POWER_AWAKE));
	SIM_CHECK(s, !sim_is_asked(s, POWER_DRIVE_INHIBIT)); /* who comes now may still drive */
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 5 * SIM_S, NULL);
	sim_check_let_go(s);
	sim_free(s);
}

static void a_daemon_that_is_stopped_meanwhile_lets_it_go(void **state)
{
	(void)state;
	for (unsigned erased = 0; erased < 2; erased++) {
		struct sim_options options = announced();
		struct sim *s;

		options.service_notice_s = erased ? 0 : 60;
		s = sim_new(&options);
		SIM_CHECK(s, sim_for(s, 60 * SIM_S, erased ? sim_is_transferring : is_announced));
		SIM_CHECK(s, s->io.holds[POWER_AWAKE].on);
		gateway_stop(s->io.gateway, s->world.now_us);
		(void)sim_for(s, 60 * SIM_S, NULL);
		sim_check_let_go(s);
		sim_free(s);
	}
}

static void what_is_not_granted_is_called_off(void **state)
{
	struct sim_options options = announced();
	struct sim *s;

	(void)state;
	options.held = SIM_BOTH;
	s = sim_new(&options);
	vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, true);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	check_why(s, SIM_CAMPAIGN, "kl15-held", "asked for once all else holds", GATEWAY_CODE_WAITING_POWER);
	while (sim_campaign(s)->code != GATEWAY_CODE_WAITING_POWER)
		SIM_CHECK(s, !sim_for(s, 10 * SIM_MS, sim_is_flashing));
	check_why(s, SIM_CAMPAIGN, "service-notice", "announced", GATEWAY_CODE_OK);
	check_why(s, SIM_CAMPAIGN, "kl15-held", "asked for", GATEWAY_CODE_WAITING_POWER);
	(void)sim_for(s, 3 * SIM_S, NULL);
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_KL15_NOT_HELD);
	SIM_CHECK(s, n_told(s, SERVICE_ANNOUNCED) == 1 && n_told(s, SERVICE_CALLED_OFF) == 1);
	sim_check_let_go(s);
	vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, false);
	sim_ends_done(s);
	SIM_CHECK(s, n_told(s, SERVICE_ANNOUNCED) == 2 && n_told(s, SERVICE_CALLED_OFF) == 1);
	sim_free(s);
}

static void what_no_budget_covers_is_not_announced(void **state)
{
	struct sim_options options = announced();
	struct sim *s;

	(void)state;
	options.estimate_ms = 10000;
	options.power.max_awake_s = 39; /* two ECUs of 10 s as estimated, and once more */
	s = sim_new(&options);
	(void)sim_for(s, 600 * SIM_S, NULL);
	sim_check_waits(s, GATEWAY_CODE_AWAKE_BUDGET);
	SIM_CHECK(s, !is_announced(s));
	check_why(s, SIM_CAMPAIGN, "power-budget", "does not", GATEWAY_CODE_AWAKE_BUDGET);
	sim_check_let_go(s);
	sim_free(s);
}

static void the_budget_counts_once_what_earlier_flashes_took(void **state)
{
	static const struct {
		uint32_t permille, max_awake_s;
		bool covers;
	} rows[] = {{500, 19, false}, {500, 21, true}, {2000, 79, false}, {2000, 82, true}};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sim_options options = announced();
		struct sim *s;

		options.service_notice_s = 0;
		options.estimate_ms = 10000;
		options.power.max_awake_s = rows[i].max_awake_s;
		s = sim_new(&options);
		s->io.gateway->ecus[0].rate_permille = s->io.gateway->ecus[1].rate_permille = rows[i].permille;
		(void)sim_for(s, 12 * SIM_S, NULL);
		SIM_CHECK(s, sim_is_flashing(s) == rows[i].covers);
		if (!rows[i].covers)
			sim_check_waits(s, GATEWAY_CODE_AWAKE_BUDGET);
		sim_free(s);
	}
}

static void no_lock_outlasts_the_flash_for_the_sake_of_a_tester(void **state)
{
	struct sim_options options = announced();
	char text[GATEWAY_TEXT_BYTES];
	struct sim *s;

	(void)state;
	options.finished = SIM_BOTH;
	options.service_notice_s = 0;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_erased));
	while (s->world.ecus[1].app_valid)
		SIM_CHECK(s, !sim_for(s, 10 * SIM_MS, sim_is_settled));
	SIM_CHECK(s, gateway_lock_diagnostics(s->io.gateway, s->world.now_us, true, text) == GATEWAY_CODE_OK);
	while (!s->io.gateway->diagnostics_locked)
		(void)sim_for(s, 10 * SIM_MS, NULL);
	SIM_CHECK(s, sim_campaign(s)->state == CAMPAIGN_VERIFYING);
	(void)sim_for(s, 5 * SIM_S, NULL);
	sim_check_let_go(s); /* the tester may stay for hours */
	SIM_CHECK(s, gateway_lock_diagnostics(s->io.gateway, s->world.now_us, false, text) == GATEWAY_CODE_OK);
	sim_ends_done(s);
	sim_free(s);
}

/* a trigger overrides nothing: the backend hears why it does not begin */
static void who_triggered_it_is_told_what_the_vehicle_does_not_grant(void **state)
{
	(void)state;
	for (unsigned budget = 0; budget < 2; budget++) {
		const unsigned code = budget ? GATEWAY_CODE_AWAKE_BUDGET : GATEWAY_CODE_KL15_NOT_HELD;
		struct sim_options options = announced();
		bool told = false;
		struct sim *s;

		options.mode = MODE_SERVER;
		options.service_notice_s = 0;
		options.held = SIM_BOTH;
		options.estimate_ms = 10000;
		options.power.max_awake_s = budget ? 39 : 3600;
		s = sim_new(&options);
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, true);
		(void)sim_for(s, 20 * SIM_S, NULL);
		sim_backend_trigger(&s->backend);
		(void)sim_for(s, 30 * SIM_S, NULL);
		sim_check_waits(s, code);
		for (unsigned i = 0; i < s->backend.n_ledger; i++)
			told = told || s->backend.ledger[i].code == code;
		SIM_CHECK(s, told);
		sim_free(s);
	}
}

/* --- two campaigns */

static struct sim *two(struct sim_options options)
{
	struct sim *s = sim_new(&options);
	struct campaign_doc *docs = s->backend.director.campaigns;

	docs[1] = docs[0];
	snprintf(docs[1].id, sizeof(docs[1].id), OTHER);
	docs[1].targets[0] = docs[0].targets[1];
	docs[0].n_targets = docs[1].n_targets = 1;
	docs[0].urgency = URGENCY_LOW;
	docs[1].urgency = URGENCY_CRITICAL;
	s->backend.director.n_campaigns = 2;
	sim_backend_publish(&s->backend);
	return s;
}

static bool both_are_over(const struct sim *s)
{
	return sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) && sim_backend_final(&s->backend, OTHER, NULL) &&
	       sim_is_settled(s);
}

/* for what the more urgent one waits, it is not in the way of its own announcement */
static void the_less_urgent_one_is_not_begun_while_the_other_is_announced(void **state)
{
	struct sim_options options = announced();
	struct sim *s;

	(void)state;
	options.held = 1u << 1;
	s = two(options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	(void)sim_for(s, 30 * SIM_S, NULL);
	SIM_CHECK(s, sim_campaign_of(s, OTHER)->code == GATEWAY_CODE_WAITING_NOTICE);
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_OTHER);
	check_why(s, SIM_CAMPAIGN, "other-campaigns", "a more urgent one is about to begin",
		  GATEWAY_CODE_WAITING_OTHER);
	check_why(s, OTHER, "other-campaigns", "none", GATEWAY_CODE_OK);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_campaign_of(s, OTHER)->state == CAMPAIGN_INSTALLING);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, both_are_over));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	SIM_CHECK(s, n_told(s, SERVICE_ANNOUNCED) == 2 && n_told(s, SERVICE_CALLED_OFF) == 0);
	sim_check_end(s);
	sim_free(s);
}

static void an_urgent_one_that_the_vehicle_does_not_grant_keeps_nobody_waiting(void **state)
{
	struct sim_options options = announced();
	struct sim *s;

	(void)state;
	options.held = 1u << 1;
	s = two(options);
	vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, true);
	SIM_CHECK(s, sim_for(s, 900 * SIM_S, sim_is_over));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_free(s);
}

static void nor_one_that_no_budget_covers(void **state)
{
	struct sim_options options = announced();
	struct sim *s;

	(void)state;
	options.estimate_ms = 10000;
	options.power.max_awake_s = 200;
	s = two(options);
	s->io.gateway->ecus[1].rate_permille = 20000;
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_over));
	SIM_CHECK(s, sim_campaign_of(s, OTHER)->code == GATEWAY_CODE_AWAKE_BUDGET);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_announced_once_is_begun_once_the_vehicle_grants_it),
	    cmocka_unit_test(the_network_is_kept_awake_while_it_is_announced),
	    cmocka_unit_test(a_daemon_that_is_stopped_meanwhile_lets_it_go),
	    cmocka_unit_test(what_is_not_granted_is_called_off),
	    cmocka_unit_test(what_no_budget_covers_is_not_announced),
	    cmocka_unit_test(the_budget_counts_once_what_earlier_flashes_took),
	    cmocka_unit_test(no_lock_outlasts_the_flash_for_the_sake_of_a_tester),
	    cmocka_unit_test(who_triggered_it_is_told_what_the_vehicle_does_not_grant),
	    cmocka_unit_test(the_less_urgent_one_is_not_begun_while_the_other_is_announced),
	    cmocka_unit_test(an_urgent_one_that_the_vehicle_does_not_grant_keeps_nobody_waiting),
	    cmocka_unit_test(nor_one_that_no_budget_covers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
