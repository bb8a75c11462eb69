/*
 * a vehicle whose network sleeps once it is parked: its signals stop, so that nobody knows what is waited for, unless
 * the gateway wakes it.
 */
#include "gatewayd/core/why.h"
#include "tests/scenario/sim_power.h"

#define WINDOW_S 120u /* when the window opens */
#define TRY_US   (60 * SIM_S)
#define PAUSE_US (600 * SIM_S)

/* each day, from within the minute after WINDOW_S on */
static void recur(struct campaign_doc *doc, uint64_t unix_s)
{
	struct window_recurrence *r = &doc->recurring[doc->n_recurring++];

	doc->window_start_unix_s = unix_s - 86400;
	r->days = 0x7f;
	r->start_minute = (uint16_t)((unix_s / 60 + WINDOW_S / 60 + 1) % 1440);
	r->duration_s = 6 * 3600;
	snprintf(r->zone_name, sizeof(r->zone_name), "Test/Zone");
	zone_utc(&r->zone);
}

/* parked: the network goes to sleep after half a minute, with the campaign held and the window to come */
static struct sim *parked_for(struct sim_options options, bool recurring)
{
	struct sim *s;

	options.seed = sim_seed();
	options.image_bytes = 60000;
	options.window_start_s = WINDOW_S;
	options.window_length_s = 6 * 3600;
	options.max_parallel = 1;
	if (!options.power.holds[POWER_AWAKE].configured)
		options.power = sim_granted;
	s = sim_new(&options);
	if (recurring)
		recur(sim_doc(s), sim_backend_unix_s(&s->backend));
	s->world.sleeps = true;
	s->world.awake_until_us = 30 * SIM_S;
	(void)sim_for(s, (WINDOW_S - 60) * SIM_S, NULL);
	SIM_CHECK(s, sim_world_is_asleep(&s->world));
	sim_check_waits(s, GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, s->io.holds[POWER_AWAKE].n_on == 0);
	return s;
}

static struct sim *parked(struct sim_options options)
{
	return parked_for(options, false);
}

static unsigned n_asked(const struct sim *s)
{
	return s->io.holds[POWER_AWAKE].n_on;
}

static bool is_asked_to_wake(const struct sim *s)
{
	return s->io.holds[POWER_AWAKE].on;
}

static bool is_let_go(const struct sim *s)
{
	return !is_asked_to_wake(s);
}

static bool is_awake(const struct sim *s)
{
	return !sim_world_is_asleep(&s->world);
}

/* the explanation names the network, with that value */
static void check_why(const struct sim *s, const char *value)
{
	struct why_condition c;
	struct why why;

	why_begin(&why, s->io.gateway, (uint8_t)gateway_campaign_index(s->io.gateway, SIM_CAMPAIGN), s->world.now_us);
	while (why_next(&why, &c)) {
		if (strcmp(c.name, "network") != 0)
			continue;
		if (!value || strcmp(c.value, value) != 0)
			sim_failed(s, c.value, __FILE__, __LINE__);
		SIM_CHECK(s, c.holds == WHY_FAILS && c.code == GATEWAY_CODE_WAITING_NETWORK && c.waits_for[0]);
		return;
	}
	SIM_CHECK(s, !value);
}

static void by_night_it_is_woken_and_the_campaign_installed(void **state)
{
	(void)state;
	for (unsigned notice = 0; notice < 2; notice++) {
		struct sim *s = parked((struct sim_options){.functions = true, .service_notice_s = notice ? 60 : 0});

		SIM_CHECK(s, vehicle_ignition(&s->io.gateway->vehicle, s->world.now_us) == IGNITION_UNKNOWN);
		SIM_CHECK(s, gateway_wake_us(s->io.gateway, s->world.now_us) < (WINDOW_S + 2) * SIM_S);
		check_why(s, NULL);
		SIM_CHECK(s, sim_for(s, 61 * SIM_S, is_asked_to_wake));
		sim_check_waits(s, GATEWAY_CODE_WAITING_NETWORK);
		check_why(s, "asked to wake, 60 s left");
		sim_ends_done(s);
		SIM_CHECK(s, n_asked(s) == 1); /* once, and kept to the end */
		SIM_CHECK(s, s->world.now_us < (WINDOW_S + 200) * SIM_S);
		sim_free(s);
	}
}

/* --- ECUs that sleep, though signals come */

/* parked, and started anew while the ECUs sleep: a charger keeps the senders of the signals awake */
static struct sim *parked_with_sleeping_ecus(struct sim_options options)
{
	struct sim *s = parked(options);

	s->world.sleepless = UINT32_MAX;
	sim_kill(s, 0);
	(void)sim_for(s, 20 * SIM_S, NULL);
	SIM_CHECK(s, s->io.running && s->io.gateway->inventory_known && !s->io.gateway->ecus[0].present);
	SIM_CHECK(s, vehicle_ignition(&s->io.gateway->vehicle, s->world.now_us) == IGNITION_OFF);
	SIM_CHECK(s, n_asked(s) == 0);
	return s;
}

static void ecus_that_sleep_though_signals_come_are_woken(void **state)
{
	struct sim *s;

	(void)state;
	s = parked_with_sleeping_ecus((struct sim_options){.n_ecus = 2});
	SIM_CHECK(s, sim_for(s, 61 * SIM_S, is_asked_to_wake));
	sim_check_waits(s, GATEWAY_CODE_WAITING_NETWORK);
	check_why(s, "asked to wake, 60 s left");
	sim_ends_done(s);
	SIM_CHECK(s, n_asked(s) == 1);
	sim_free(s);
}

static void an_ecu_that_is_not_there_at_all_is_woken_three_times_for_seconds(void **state)
{
	uint64_t began_us, awake_us = 0;
	struct sim *s;

	(void)state;
	s = parked_with_sleeping_ecus((struct sim_options){.n_ecus = 1});
	s->world.deaf = true;
	for (unsigned i = 1; i <= 3; i++) {
		SIM_CHECK(s, sim_for(s, TRY_US + PAUSE_US, is_asked_to_wake));
		began_us = s->world.now_us;
		SIM_CHECK(s, sim_for(s, TRY_US, is_let_go));
		awake_us += s->world.now_us - began_us;
		sim_check_waits(s, GATEWAY_CODE_ECU_ABSENT);
	}
	check_why(s, "asked to wake (3 of 3), in vain");
	SIM_CHECK(s, awake_us < 15 * SIM_S);
	(void)sim_for(s, 4 * PAUSE_US, NULL);
	SIM_CHECK(s, n_asked(s) == 3);
	sim_ignition(s, VEHICLE_CORE_ON); /* in use its network is awake */
	(void)sim_for(s, 4 * PAUSE_US, NULL);
	SIM_CHECK(s, n_asked(s) == 3);
	sim_free(s);
}

/* --- when it is not asked */

static void with_a_battery_known_to_sag_it_is_not_woken(void **state)
{
	struct sim *s;

	(void)state;
	s = parked((struct sim_options){.n_ecus = 1});
	s->world.sleepless = 1u << VEHICLE_CORE_BATTERY_MV;
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	(void)sim_for(s, 2 * PAUSE_US, NULL);
	sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
	check_why(s, NULL);
	SIM_CHECK(s, n_asked(s) == 0);
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600); /* as soon as it does not */
	sim_ends_done(s);
	SIM_CHECK(s, n_asked(s) == 1);
	sim_free(s);
}

static void what_the_budget_does_not_cover_is_not_a_reason_to_wake_it(void **state)
{
	(void)state;
	/* two ECUs of 10 s as estimated, and once more; and 60 s to hear the signals */
	for (uint32_t max_awake_s = 99; max_awake_s <= 100; max_awake_s++) {
		struct sim_options options = {.estimate_ms = 10000, .power = sim_granted};
		struct sim *s;

		options.power.max_awake_s = max_awake_s;
		s = parked(options);
		(void)sim_for(s, 120 * SIM_S, NULL);
		SIM_CHECK(s, n_asked(s) == (max_awake_s == 100));
		sim_free(s);
	}
}

static void without_consent_it_is_not_woken(void **state)
{
	struct sim *s;

	(void)state;
	s = parked((struct sim_options){.consent = true});
	(void)sim_for(s, 2 * PAUSE_US, NULL);
	sim_check_waits(s, GATEWAY_CODE_WAITING_CONSENT);
	SIM_CHECK(s, n_asked(s) == 0);
	SIM_CHECK(s, gateway_consent(s->io.gateway, s->world.now_us, SIM_CAMPAIGN, true) == GATEWAY_CODE_OK);
	sim_ends_done(s);
	sim_free(s);
}

static void where_no_frame_wakes_it_it_is_not_asked(void **state)
{
	struct sim_options options = {.power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.holds[POWER_AWAKE].configured = true;
	s = parked(options);
	s->io.gateway->power.config.holds[POWER_AWAKE].configured = false;
	(void)sim_for(s, 120 * SIM_S, NULL);
	sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
	check_why(s, NULL);
	SIM_CHECK(s, n_asked(s) == 0);
	sim_free(s);
}

/* --- every way out */

/* a network that does not wake, asked for the first time */
static struct sim *deaf_for(bool recurring)
{
	struct sim *s = parked_for((struct sim_options){.n_ecus = 1}, recurring);

	s->world.deaf = true;
	SIM_CHECK(s, sim_for(s, 121 * SIM_S, is_asked_to_wake));
	return s;
}

static struct sim *deaf(void)
{
	return deaf_for(false);
}

static void one_that_does_not_wake_is_let_go_and_asked_again_a_few_times(void **state)
{
	struct sim *s = deaf();

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		const uint64_t began_us = s->world.now_us;

		SIM_CHECK(s, n_asked(s) == i);
		(void)sim_for(s, TRY_US - 1, NULL);
		SIM_CHECK(s, is_asked_to_wake(s));
		(void)sim_for(s, 1, NULL);
		SIM_CHECK(s, is_let_go(s));
		sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
		check_why(s, i == 1   ? "asked to wake (1 of 3), again in 600 s"
			     : i == 2 ? "asked to wake (2 of 3), again in 600 s"
				      : "asked to wake (3 of 3), in vain");
		if (i == 3)
			break;
		/* a gateway that sleeps meanwhile wakes for it */
		SIM_CHECK(s, gateway_wake_us(s->io.gateway, s->world.now_us) == began_us + TRY_US + PAUSE_US);
		(void)sim_for(s, PAUSE_US - 1, NULL);
		SIM_CHECK(s, is_let_go(s));
		(void)sim_for(s, 1, NULL);
		SIM_CHECK(s, is_asked_to_wake(s));
	}
	SIM_CHECK(s, gateway_wake_us(s->io.gateway, s->world.now_us) == GATEWAY_NEVER);
	(void)sim_for(s, 3600 * SIM_S, NULL);
	SIM_CHECK(s, n_asked(s) == 3);
	sim_check_let_go(s);
	s->world.deaf = false; /* who was in the vehicle may have left it able to wake */
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 60 * SIM_S, NULL);
	s->io.gateway->campaigns[0].retry_us = 0;
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void the_next_window_and_a_drive_begin_the_count_anew(void **state)
{
	(void)state;
	for (unsigned drive = 0; drive < 2; drive++) {
		struct sim *s = deaf();

		(void)sim_for(s, 3 * (TRY_US + PAUSE_US), NULL);
		SIM_CHECK(s, n_asked(s) == 3);
		if (drive) {
			sim_ignition(s, VEHICLE_CORE_ACCESSORY);
			(void)sim_for(s, SIM_S, NULL);
			vehicle_core_mute(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_IGNITION, true);
			sim_ignition(s, VEHICLE_CORE_OFF); /* and nobody says so */
			(void)sim_for(s, 60 * SIM_S, NULL);
		} else {
			sim_doc(s)->window_start_unix_s = sim_backend_unix_s(&s->backend) + 60;
			sim_backend_publish(&s->backend);
			/* other terms: the answer is a later time, since the vehicle's state is not known */
			(void)sim_for(s, 3800 * SIM_S, NULL);
		}
		SIM_CHECK(s, n_asked(s) > 3);
		sim_free(s);
	}
}

static void what_it_tells_may_speak_against_it(void **state)
{
	struct sim *s;

	(void)state;
	s = parked((struct sim_options){.n_ecus = 1});
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	SIM_CHECK(s, sim_for(s, 61 * SIM_S, is_asked_to_wake));
	SIM_CHECK(s, sim_for(s, SIM_S, is_let_go)); /* as soon as it is known */
	sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
	SIM_CHECK(s, !s->io.n_outputs[GATEWAY_OUT_FLASH]);
	(void)sim_for(s, 4 * PAUSE_US, NULL);
	SIM_CHECK(s, n_asked(s) == 3);
	SIM_CHECK(s, !s->io.n_outputs[GATEWAY_OUT_FLASH]);
	sim_check_let_go(s);
	sim_free(s);
}

static void it_is_let_go_on_each_way_out(void **state)
{
	enum { REVOKED, POSTPONED, DRIVER, TESTER, STOPPED, WAYS };

	(void)state;
	for (unsigned way = 0; way < WAYS; way++) {
		struct sim *s = deaf();
		struct gateway *g = s->io.gateway;
		char text[GATEWAY_TEXT_BYTES];
		uint64_t latest_s;

		(void)sim_for(s, 10 * SIM_S, NULL);
		SIM_CHECK(s, is_asked_to_wake(s));
		if (way == REVOKED)
			sim_revoke(s);
		else if (way == POSTPONED)
			SIM_CHECK(s, !gateway_postpone(g, s->world.now_us, SIM_CAMPAIGN,
						       sim_backend_unix_s(&s->backend) + 3600, &latest_s));
		else if (way == DRIVER)
			sim_ignition(s, VEHICLE_CORE_ON);
		else if (way == TESTER)
			SIM_CHECK(s, !gateway_lock_diagnostics(g, s->world.now_us, true, text));
		else
			gateway_stop(g, s->world.now_us);
		SIM_CHECK(s, sim_for(s, SIM_S, is_let_go));
		(void)sim_for(s, SIM_S, NULL);
		sim_check_let_go(s);
		sim_free(s);
	}
}

/* --- restarts */

static void a_gateway_that_starts_while_it_sleeps_asks_its_ecus_once_it_is_awake(void **state)
{
	struct sim *s;

	(void)state;
	s = parked((struct sim_options){.n_ecus = 2});
	sim_kill(s, 0);
	(void)sim_for(s, 20 * SIM_S, NULL);
	SIM_CHECK(s, s->io.running && s->io.gateway->inventory_known && !s->io.gateway->ecus[0].present);
	SIM_CHECK(s, n_asked(s) == 0);
	SIM_CHECK(s, sim_for(s, 61 * SIM_S, is_awake));
	sim_ends_done(s);
	SIM_CHECK(s, n_asked(s) == 1);
	sim_free(s);
}

static void an_ecu_left_without_software_is_finished_though_the_network_fell_asleep(void **state)
{
	struct sim *s;

	(void)state;
	s = parked((struct sim_options){.n_ecus = 1});
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_transferring));
	s->downtime_us = 60 * SIM_S;
	sim_kill(s, 0);
	(void)sim_for(s, 30 * SIM_S, NULL);
	SIM_CHECK(s, sim_is_erased(s) && sim_world_is_asleep(&s->world));
	sim_ends_done(s);
	sim_free(s);
}

/* it was the one that sent them: the network is woken for them first, as far as anybody knows in vain */
static void an_ecu_left_without_software_does_not_wait_for_signals_for_ever(void **state)
{
	uint64_t lost_us;
	struct sim *s;

	(void)state;
	s = parked((struct sim_options){.n_ecus = 1});
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_transferring));
	for (int i = 0; i < VEHICLE_CORE_QUANTITIES; i++)
		vehicle_core_mute(&s->world.vehicle, s->world.now_us, (enum vehicle_core_quantity)i, true);
	s->downtime_us = 10 * SIM_S;
	sim_kill(s, 0);
	lost_us = s->world.now_us + s->downtime_us;
	(void)sim_for(s, s->downtime_us + 3 * TRY_US + 2 * PAUSE_US - SIM_S, NULL);
	SIM_CHECK(s, sim_is_erased(s) && n_asked(s) == 1 + 3);
	sim_ends_done(s);
	SIM_CHECK(s, s->world.now_us < lost_us + 3 * TRY_US + 2 * PAUSE_US + 100 * SIM_S);
	sim_free(s);
}

/* nor is the network of a vehicle that stands for weeks woken each hour for one that does not come back */
static void while_nobody_comes(bool deaf)
{
	unsigned asked;
	struct sim *s;

	s = parked((struct sim_options){.n_ecus = 1});
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_transferring));
	sim_kill(s, 0);
	if (deaf)
		s->world.deaf = true;
	else
		ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_SILENT, UINT32_MAX);
	s->world.awake_until_us = 0;
	(void)sim_for(s, 24 * 3600 * SIM_S, NULL);
	asked = n_asked(s);
	(void)sim_for(s, 5 * 86400 * SIM_S, NULL);
	SIM_CHECK(s, sim_is_erased(s) && n_asked(s) <= asked + 2 * 6);
	s->world.deaf = false; /* somebody comes */
	ecu_core_fault(&s->world.ecus[0].core, s->world.now_us, ECU_FAULT_SILENT, 0);
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 10 * SIM_S, NULL);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void an_ecu_left_without_software_is_tried_once_a_day_while_nothing_is_heard(void **state)
{
	(void)state;
	while_nobody_comes(true);
	while_nobody_comes(false); /* but for what wakes for the attempts: an ECU that is dead */
}

static void restarts_are_given_no_more_tries(void **state)
{
	(void)state;
	for (unsigned recurring = 0; recurring < 2; recurring++) {
		struct sim *s = deaf_for(recurring);

		for (unsigned i = 0; i < 5; i++) {
			(void)sim_for(s, 20 * SIM_S, NULL);
			sim_kill(s, 0);
			(void)sim_for(s, SIM_S, NULL);
			SIM_CHECK(s, is_let_go(s));
			(void)sim_for(s, PAUSE_US - 20 * SIM_S, NULL); /* nor does it ask at once */
			SIM_CHECK(s, is_let_go(s));
			(void)sim_for(s, 60 * SIM_S, NULL);
		}
		SIM_CHECK(s, n_asked(s) == 3);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_night_it_is_woken_and_the_campaign_installed),
	    cmocka_unit_test(ecus_that_sleep_though_signals_come_are_woken),
	    cmocka_unit_test(an_ecu_that_is_not_there_at_all_is_woken_three_times_for_seconds),
	    cmocka_unit_test(with_a_battery_known_to_sag_it_is_not_woken),
	    cmocka_unit_test(what_the_budget_does_not_cover_is_not_a_reason_to_wake_it),
	    cmocka_unit_test(without_consent_it_is_not_woken),
	    cmocka_unit_test(where_no_frame_wakes_it_it_is_not_asked),
	    cmocka_unit_test(one_that_does_not_wake_is_let_go_and_asked_again_a_few_times),
	    cmocka_unit_test(the_next_window_and_a_drive_begin_the_count_anew),
	    cmocka_unit_test(what_it_tells_may_speak_against_it),
	    cmocka_unit_test(it_is_let_go_on_each_way_out),
	    cmocka_unit_test(a_gateway_that_starts_while_it_sleeps_asks_its_ecus_once_it_is_awake),
	    cmocka_unit_test(an_ecu_left_without_software_is_finished_though_the_network_fell_asleep),
	    cmocka_unit_test(an_ecu_left_without_software_does_not_wait_for_signals_for_ever),
	    cmocka_unit_test(an_ecu_left_without_software_is_tried_once_a_day_while_nothing_is_heard),
	    cmocka_unit_test(restarts_are_given_no_more_tries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
