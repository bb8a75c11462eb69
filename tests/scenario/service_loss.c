/* the loss of service as driver and backend are told of it, over a whole campaign and everything that may cut in. */
#include "tests/scenario/sim_service.h"

static struct sim *start(uint32_t notice_s)
{
	return sim_new(&(struct sim_options){
	    .seed = sim_seed(), .image_bytes = 60000, .functions = true, .service_notice_s = notice_s});
}

static bool is_announced(const struct sim *s)
{
	return s->io.running && gateway_service_loss(s->io.gateway) >= 0 &&
	       s->io.gateway->campaigns[gateway_service_loss(s->io.gateway)].service.state == SERVICE_ANNOUNCED;
}

static const struct report *first(const struct sim *s, enum service_state state)
{
	unsigned i = 0;

	while (i < s->backend.n_ledger && s->backend.ledger[i].service.state != state)
		i++;
	SIM_CHECK(s, i < s->backend.n_ledger);
	return &s->backend.ledger[i];
}

/* each announcement is of a time to come, and another one in a row of a later time */
static void check_announced(const struct sim *s)
{
	uint64_t from_s = 0;

	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		const struct report *r = &s->backend.ledger[i];

		if (r->service.state == SERVICE_ANNOUNCED)
			SIM_CHECK(s, r->service.from_unix_s > from_s && r->service.from_unix_s > r->unix_ms / 1000);
		if (r->service.state)
			from_s = r->service.state == SERVICE_ANNOUNCED ? r->service.from_unix_s : 0;
	}
}

static void it_is_announced_a_minute_before_and_over_when_all_ecus_run(void **state)
{
	struct sim *s = start(60);
	uint64_t announced_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	announced_us = s->world.now_us;
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, s->world.now_us >= announced_us + 60 * SIM_S);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	SIM_CHECK(s, sim_is_told(s, "ALB"));
	SIM_CHECK(s, strcmp(first(s, SERVICE_ANNOUNCED)->text, "function 0; function 1") == 0);
	SIM_CHECK(s, first(s, SERVICE_ANNOUNCED)->service.expected_s > 0);
	SIM_CHECK(s, first(s, SERVICE_LOST)->service.from_unix_s >= first(s, SERVICE_ANNOUNCED)->service.from_unix_s);
	sim_free(s);
}

static void the_driver_who_comes_within_the_minute_keeps_his_functions(void **state)
{
	struct sim *s = start(60);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	(void)sim_for(s, 59 * SIM_S, NULL);
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 3600 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	SIM_CHECK(s, sim_is_told(s, "AC"));
	sim_ignition(s, VEHICLE_CORE_OFF);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_is_told(s, "ACALB"));
	sim_check_done(s);
	sim_free(s);
}

static void a_campaign_that_is_revoked_while_it_is_announced_calls_it_off(void **state)
{
	struct sim *s = start(60);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_announced));
	sim_revoke(s);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_is_told(s, "AC"));
	sim_check_end(s);
	sim_free(s);
}

static void with_an_ecu_erased_a_killed_gateway_still_knows_that_it_is_lost(void **state)
{
	struct sim *s = start(60);

	(void)state;
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_transferring));
	sim_kill(s, 0);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->io.running && gateway_service_loss(s->io.gateway) == 0);
	SIM_CHECK(s, s->io.gateway->campaigns[0].service.state == SERVICE_LOST);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_is_told(s, "ALB"));
	sim_check_done(s);
	sim_free(s);
}

/* at each of its transactions, before and after it is durable */
static void a_kill_at_any_transaction_leaves_it_told_in_order_and_over(void **state)
{
	unsigned n_stores;
	struct sim *s = start(5);

	(void)state;
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	n_stores = s->io.disk.n_given;
	sim_free(s);
	for (unsigned k = 1; k <= n_stores; k++) {
		for (unsigned after = 0; after < 2; after++) {
			const char *text;

			s = start(5);
			s->io.kill_when = after ? SIM_KILL_AFTER_DURABLE : SIM_KILL_BEFORE_DURABLE;
			s->io.kill_at_store = k;
			SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
			(void)sim_for(s, 6 * SIM_S, NULL); /* sessions that nobody ended have ended */
			sim_check_done(s);
			text = sim_told(s);
			SIM_CHECK(s, !strstr(text, "LL") && !strstr(text, "BB"));
			check_announced(s);
			SIM_CHECK(s, text[0] && text[strlen(text) - 1] == 'B');
			for (const char *at = text; *at; at++)
				SIM_CHECK(s, *at != 'B' || (at > text && at[-1] == 'L'));
			sim_free(s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_announced_a_minute_before_and_over_when_all_ecus_run),
	    cmocka_unit_test(the_driver_who_comes_within_the_minute_keeps_his_functions),
	    cmocka_unit_test(a_campaign_that_is_revoked_while_it_is_announced_calls_it_off),
	    cmocka_unit_test(with_an_ecu_erased_a_killed_gateway_still_knows_that_it_is_lost),
	    cmocka_unit_test(a_kill_at_any_transaction_leaves_it_told_in_order_and_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
