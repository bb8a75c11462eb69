/* ECUs that fail: silent, reset in the middle, a wrong check; what the backend is told, and that the bus is loud. */
#include "tests/scenario/sim.h"

#define ATTEMPTS 3u
#define FOREVER  10000000u /* ms */

static struct sim *start(unsigned n_ecus)
{
	return sim_new(&(struct sim_options){
	    .seed = sim_seed(), .n_ecus = n_ecus, .image_bytes = 20000, .max_attempts = ATTEMPTS, .window_start_s = 5});
}

static void fault(struct sim *s, unsigned ecu, enum ecu_fault_kind kind, uint32_t arg)
{
	ecu_core_fault(&s->world.ecus[ecu].core, s->world.now_us, kind, arg);
}

static void ends_as(struct sim *s, enum campaign_state state)
{
	unsigned code = 0;

	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, &code) == state);
	SIM_CHECK(s, code == GATEWAY_CODE_ATTEMPTS_EXHAUSTED);
	(void)sim_for(s, 6 * SIM_S, NULL); /* who missed the end of the quiet has come back by itself */
	sim_check_end(s);
	SIM_CHECK(s, s->io.flasher.n_loud >= ATTEMPTS); /* whether the bus was quiet or had not come that far */
}

static void ecu_failed(const struct sim *s, unsigned ecu, unsigned code)
{
	const struct report *r = sim_backend_ecu_report(&s->backend, s->io.config.ecus[ecu].name);
	const struct target *t = &sim_campaign(s)->targets[ecu];

	SIM_CHECK(s, r && r->target_state == TARGET_FAILED && r->code == code && r->has_result);
	SIM_CHECK(s, t->state == TARGET_FAILED && t->attempts == ATTEMPTS);
}

static void ecu_verified(const struct sim *s, unsigned ecu)
{
	const char *name = s->io.config.ecus[ecu].name;

	SIM_CHECK(s, sim_backend_count_ecu(&s->backend, name, TARGET_VERIFIED) == 1);
	SIM_CHECK(s, sim_has_image(s, ecu));
}

static void a_campaign_fails_when_its_only_ecu_never_answers(void **state)
{
	struct sim *s = start(1);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
	fault(s, 0, ECU_FAULT_SILENT, FOREVER);
	ends_as(s, CAMPAIGN_FAILED);
	ecu_failed(s, 0, GATEWAY_CODE_NO_ANSWER);
	SIM_CHECK(s, sim_has_old(s, 0));
	sim_free(s);
}

/* between the ECUs' identification and the window somebody puts another one in its place; the bus never goes down */
static void an_ecu_that_was_swapped_is_left_alone_and_the_backend_is_told(void **state)
{
	(void)state;
	for (unsigned hardware = 0; hardware < 2; hardware++) {
		struct sim *s = start(1);
		struct ecu_config *config = &s->world.ecus[0].config;
		unsigned code = 0;

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_waiting));
		snprintf(config->serial_number, sizeof(config->serial_number), "SN-SPARE");
		if (hardware)
			snprintf(config->hardware_number, sizeof(config->hardware_number), "HW-SPARE");
		SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
		SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, &code) == CAMPAIGN_FAILED);
		SIM_CHECK(s, code == (hardware ? GATEWAY_CODE_WRONG_HARDWARE : GATEWAY_CODE_WRONG_SERIAL));
		sim_check_end(s);
		SIM_CHECK(s, sim_has_old(s, 0) && !s->world.ecus[0].n_erases);
		SIM_CHECK(s, strcmp(s->io.gateway->ecus[0].identity.serial_number, "SN-SPARE") == 0);
		sim_free(s);
	}
}

static void a_campaign_waits_for_an_ecu_that_was_never_there_and_expires(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .window_start_s = 5, .window_length_s = 600});

	(void)state;
	fault(s, 1, ECU_FAULT_SILENT, FOREVER);
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_ECU_ABSENT);
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_EXPIRED);
	sim_check_end(s);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1) && !s->io.flasher.n_quiet);
	sim_free(s);
}

static void a_campaign_fails_with_nothing_erased_when_one_of_two_ecus_falls_silent(void **state)
{
	struct sim *s = start(2);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
	fault(s, 1, ECU_FAULT_SILENT, FOREVER);
	ends_as(s, CAMPAIGN_FAILED);
	ecu_failed(s, 1, GATEWAY_CODE_NO_ANSWER);
	SIM_CHECK(s, sim_has_old(s, 0));
	SIM_CHECK(s, sim_has_old(s, 1));
	sim_free(s);
}

static void an_ecu_that_is_reset_in_the_middle_of_its_transfer_is_flashed_again(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 20; k++) {
		struct sim *s = start(2);

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		(void)sim_for(s, k * 40 * SIM_MS, NULL);
		fault(s, k % 2, ECU_FAULT_RESET, 0);
		SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
		sim_check_done(s);
		sim_free(s);
	}
}

static void an_ecu_that_loses_power_for_a_while_is_flashed_again(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 10; k++) {
		struct sim *s = start(2);

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		fault(s, 0, ECU_FAULT_RESET, 0);
		fault(s, 0, ECU_FAULT_SILENT, 200u << k % 8);
		SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
		sim_check_done(s);
		sim_free(s);
	}
}

static bool is_exhausted(const struct sim *s)
{
	return sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_ATTEMPTS_EXHAUSTED;
}

static void an_ecu_whose_check_fails_more_often_than_it_may_is_not_given_up(void **state)
{
	struct sim *s = start(2);

	(void)state;
	fault(s, 1, ECU_FAULT_WRONG_CRC, 1);
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, is_exhausted));
	(void)sim_for(s, 6 * SIM_S, NULL);
	ecu_verified(s, 0);
	SIM_CHECK(s, sim_campaign(s)->targets[1].attempts >= ATTEMPTS);
	SIM_CHECK(s, sim_backend_ecu_report(&s->backend, "ecu1")->code == GATEWAY_CODE_CHECK_FAILED);
	SIM_CHECK(s, !s->world.ecus[1].app_valid); /* it stays in its boot loader */
	SIM_CHECK(s, sim_campaign(s)->targets[1].step == FLASH_STEP_CHECK_MEMORY);
	fault(s, 1, ECU_FAULT_WRONG_CRC, 0);
	SIM_CHECK(s, sim_for(s, 3600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	sim_free(s);
}

static void a_check_that_fails_once_is_passed_by_the_next_attempt(void **state)
{
	struct sim *s = start(1);

	(void)state;
	fault(s, 0, ECU_FAULT_WRONG_CRC, 1);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_RETRY);
	SIM_CHECK(s, sim_world_is_loud(&s->world));
	fault(s, 0, ECU_FAULT_WRONG_CRC, 0);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	SIM_CHECK(s, sim_campaign(s)->targets[0].attempts == 1);
	sim_free(s);
}

static void an_ecu_that_is_not_ready_to_be_programmed_fails_with_nothing_erased(void **state)
{
	struct sim *s = start(1);

	(void)state;
	ecu_core_set_preconditions(&s->world.ecus[0].core, false);
	ends_as(s, CAMPAIGN_FAILED);
	ecu_failed(s, 0, GATEWAY_CODE_PRECONDITIONS);
	SIM_CHECK(s, sim_has_old(s, 0));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_fails_when_its_only_ecu_never_answers),
	    cmocka_unit_test(an_ecu_that_was_swapped_is_left_alone_and_the_backend_is_told),
	    cmocka_unit_test(a_campaign_waits_for_an_ecu_that_was_never_there_and_expires),
	    cmocka_unit_test(a_campaign_fails_with_nothing_erased_when_one_of_two_ecus_falls_silent),
	    cmocka_unit_test(an_ecu_that_is_reset_in_the_middle_of_its_transfer_is_flashed_again),
	    cmocka_unit_test(an_ecu_that_loses_power_for_a_while_is_flashed_again),
	    cmocka_unit_test(an_ecu_whose_check_fails_more_often_than_it_may_is_not_given_up),
	    cmocka_unit_test(a_check_that_fails_once_is_passed_by_the_next_attempt),
	    cmocka_unit_test(an_ecu_that_is_not_ready_to_be_programmed_fails_with_nothing_erased),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
