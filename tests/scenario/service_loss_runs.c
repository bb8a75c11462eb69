/* the loss of service over restarts of the gateway and over the several runs that a campaign may take. */
#include "tests/scenario/sim_power.h"
#include "tests/scenario/sim_service.h"

#define NOTICE_S 60u

static struct sim *start(struct sim_options options)
{
	options.seed = sim_seed();
	options.image_bytes = 60000;
	options.window_start_s = 5;
	options.max_parallel = 1;
	options.functions = true;
	options.service_notice_s = NOTICE_S;
	options.power = options.power.holds[POWER_AWAKE].configured ? options.power : sim_granted;
	return sim_new(&options);
}

static bool is_announced(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->service.state == SERVICE_ANNOUNCED;
}

static bool is_asking(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_POWER;
}

/* the last that was told in that state */
static const struct report *last(const struct sim *s, enum service_state state)
{
	const struct report *found = NULL;

	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		if (s->backend.ledger[i].service.state == state)
			found = &s->backend.ledger[i];
	}
	SIM_CHECK(s, found);
	return found;
}

/* of each time that was announced, it was to come as it was told, and nothing was lost before it */
static void check_announced(const struct sim *s)
{
	uint64_t from_s = 0;

	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		const struct report *r = &s->backend.ledger[i];

		if (r->service.state == SERVICE_ANNOUNCED)
			SIM_CHECK(s, r->service.from_unix_s >= r->unix_ms / 1000 + NOTICE_S);
		if (r->service.state == SERVICE_LOST)
			SIM_CHECK(s, r->service.from_unix_s >= from_s);
		from_s = r->service.state ? r->service.from_unix_s : from_s;
	}
}

/* --- restarts */

static void an_announcement_that_is_still_to_come_outlives_a_restart(void **state)
{
	struct sim *s = start((struct sim_options){.n_ecus = 2});
	uint64_t from_s;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	(void)sim_for(s, 20 * SIM_S, NULL);
	from_s = sim_campaign(s)->service.from_unix_s;
	sim_kill(s, 0);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) >= from_s && sim_backend_unix_s(&s->backend) <= from_s + 2);
	sim_ends_done(s);
	SIM_CHECK(s, sim_is_told(s, "ALB"));
	check_announced(s);
	sim_free(s);
}

static void one_whose_time_has_passed_meanwhile_is_announced_with_a_new_one(void **state)
{
	(void)state;
	for (unsigned asking = 0; asking < 2; asking++) {
		struct sim *s = start((struct sim_options){.held = SIM_BOTH});

		if (asking) /* the time is over, and the vehicle is asked for terminal 15 */
			vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, true);
		SIM_CHECK(s, sim_for(s, 90 * SIM_S, asking ? is_asking : is_announced));
		SIM_CHECK(s, is_announced(s));
		s->downtime_us = asking ? SIM_S : 90 * SIM_S;
		(void)sim_for(s, asking ? 0 : SIM_S / 10, NULL); /* it is durable */
		sim_kill(s, 0);
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_KL15_HELD, false);
		sim_ends_done(s);
		SIM_CHECK(s, sim_is_told(s, "AALB"));
		check_announced(s);
		sim_free(s);
	}
}

static void one_that_a_driver_has_overtaken_meanwhile_is_called_off(void **state)
{
	struct sim *s = start((struct sim_options){.n_ecus = 2});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	(void)sim_for(s, 10 * SIM_S, NULL);
	sim_kill(s, 0);
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 10 * SIM_S, NULL);
	SIM_CHECK(s, sim_is_told(s, "AC"));
	sim_free(s);
}

static void without_its_backend_a_gateway_that_knows_no_time_calls_it_off(void **state)
{
	struct sim *s = start((struct sim_options){.n_ecus = 2});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	(void)sim_for(s, 10 * SIM_S, NULL);
	s->backend.reachable = false;
	sim_kill(s, 0);
	(void)sim_for(s, 20 * SIM_S, NULL);
	SIM_CHECK(s, is_announced(s)); /* it may come yet */
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_campaign(s)->service.state == SERVICE_CALLED_OFF);
	s->backend.reachable = true;
	sim_ends_done(s);
	SIM_CHECK(s, sim_is_told(s, "ACALB"));
	check_announced(s);
	sim_free(s);
}

/* --- several runs */

static void before_the_ecu_that_grants_the_hold_it_is_not_announced_again(void **state)
{
	struct sim_options options = {.held = 1u << 1, .power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.has_grantor = true;
	options.power.grantor = 0;
	s = start(options);
	sim_ends_done(s);
	SIM_CHECK(s, s->io.n_outputs[GATEWAY_OUT_FLASH] == 2);
	SIM_CHECK(s, sim_is_told(s, "ALB"));
	check_announced(s);
	SIM_CHECK(s, last(s, SERVICE_BACK)->unix_ms / 1000 >= last(s, SERVICE_LOST)->service.from_unix_s + 5);
	sim_free(s);
}

static void a_run_that_goes_on_after_a_short_pause_is_the_same_loss(void **state)
{
	struct sim *s = start((struct sim_options){.n_ecus = 2});

	(void)state;
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_transferring));
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	(void)sim_for(s, SIM_S, NULL);
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_check_waits(s, GATEWAY_CODE_WAITING_RETRY);
	SIM_CHECK(s, sim_campaign(s)->service.state == SERVICE_LOST);
	sim_ends_done(s);
	SIM_CHECK(s, sim_is_told(s, "ALB"));
	sim_free(s);
}

static void one_that_waits_for_the_vehicle_gives_the_functions_back(void **state)
{
	(void)state;
	for (unsigned in_the_pause = 0; in_the_pause < 2; in_the_pause++) {
		struct sim *s = start((struct sim_options){.n_ecus = 2});

		SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_transferring));
		sim_set(s, VEHICLE_CORE_BATTERY_MV, 11400);
		(void)sim_for(s, SIM_S, NULL);
		if (in_the_pause)
			sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600);
		SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
		(void)sim_for(s, SIM_S, NULL);
		SIM_CHECK(s, sim_is_told(s, in_the_pause ? "AL" : "ALB"));
		sim_ignition(s, VEHICLE_CORE_ON);
		(void)sim_for(s, SIM_S, NULL);
		SIM_CHECK(s, sim_is_told(s, "ALB"));
		sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600);
		(void)sim_for(s, 60 * SIM_S, NULL);
		sim_ignition(s, VEHICLE_CORE_OFF);
		sim_ends_done(s);
		SIM_CHECK(s, sim_is_told(s, "ALBALB"));
		check_announced(s);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_announcement_that_is_still_to_come_outlives_a_restart),
	    cmocka_unit_test(one_whose_time_has_passed_meanwhile_is_announced_with_a_new_one),
	    cmocka_unit_test(one_that_a_driver_has_overtaken_meanwhile_is_called_off),
	    cmocka_unit_test(without_its_backend_a_gateway_that_knows_no_time_calls_it_off),
	    cmocka_unit_test(before_the_ecu_that_grants_the_hold_it_is_not_announced_again),
	    cmocka_unit_test(a_run_that_goes_on_after_a_short_pause_is_the_same_loss),
	    cmocka_unit_test(one_that_waits_for_the_vehicle_gives_the_functions_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
