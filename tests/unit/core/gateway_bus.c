/* gateway: attempts that their bus ended, not the ECU. */
#include "tests/unit/core/fixture.h"

/* the engine, whose attempts end for @code so often; before the first */
static struct sim *failing(enum flash_code code, uint8_t times)
{
	struct sim *s = sim_new();

	s->director->campaigns[0].n_targets = 1;
	s->ecus[ENGINE].fail_times = times;
	s->ecus[ENGINE].fail_code = code;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

static uint64_t pause_s(struct sim *s)
{
	return (sim_campaign(s)->retry_us - s->now_us) / SECOND;
}

/* lets time pass until the next attempt has failed */
static void until_failed(struct sim *s)
{
	const unsigned n = s->ecus[ENGINE].n_flashes;

	for (unsigned i = 0; s->ecus[ENGINE].n_flashes == n && i < 100000; i++)
		sim_for(s, SECOND / 10);
	while (sim_campaign(s)->state != CAMPAIGN_WAITING)
		assert_true(sim_step(s));
}

static void its_pauses_grow_and_it_is_not_counted(void **state)
{
	(void)state;
	struct sim *s = failing(FLASH_TRANSPORT, 12);
	const unsigned plain_s = s->gateway->config.retry_pause_s;

	for (unsigned i = 0; i < 11; i++) {
		const uint64_t wanted_s = (uint64_t)plain_s << i;

		until_failed(s);
		assert_int_equal(sim_campaign(s)->targets[ENGINE].attempts, 0);
		assert_in_range(pause_s(s), (wanted_s < 600 ? wanted_s : 600) - 1, wanted_s < 600 ? wanted_s : 600);
	}
	sim_for(s, 1300 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void it_goes_on_soon_after_its_bus_is_back(void **state)
{
	(void)state;
	struct sim *s = failing(FLASH_TRANSPORT, 6);
	unsigned n;

	for (unsigned i = 0; i < 6; i++)
		until_failed(s);
	assert_true(s->ecus[ENGINE].erased);
	n = s->ecus[ENGINE].n_flashes;
	assert_true(pause_s(s) > 60);
	gateway_bus_up(s->gateway, s->now_us);
	gateway_bus_up(s->gateway, s->now_us + SECOND / 2); /* the next one does not put it off */
	sim_for(s, SECOND - 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, n);
	sim_for(s, 1);
	assert_int_equal(s->ecus[ENGINE].n_flashes, n + 1);
	sim_for(s, 10 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_ecu_that_failed_by_itself_does_not_go_on_for_a_bus(void **state)
{
	(void)state;
	struct sim *s = failing(FLASH_TRANSFER_FAILED, 1);
	uint64_t before_s;

	until_failed(s);
	before_s = pause_s(s);
	assert_true(before_s > 2);
	gateway_bus_up(s->gateway, s->now_us);
	assert_int_equal(pause_s(s), before_s);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].attempts, 1);
	sim_free(s);
}

static void what_it_did_by_itself_ends_the_row(void **state)
{
	(void)state;
	struct sim *s = failing(FLASH_TRANSPORT, 4);

	for (unsigned i = 0; i < 3; i++)
		until_failed(s);
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	until_failed(s);
	assert_in_range(pause_s(s), s->gateway->config.retry_pause_s - 1, s->gateway->config.retry_pause_s);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_pauses_grow_and_it_is_not_counted),
	    cmocka_unit_test(it_goes_on_soon_after_its_bus_is_back),
	    cmocka_unit_test(an_ecu_that_failed_by_itself_does_not_go_on_for_a_bus),
	    cmocka_unit_test(what_it_did_by_itself_ends_the_row),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
