/* gateway: campaigns that stand in each other's way, and one that repairs what another left. */
#include "tests/unit/core/fixture.h"

#define SECOND_CAMPAIGN(s) (&(s)->gateway->campaigns[1])

/* two campaigns in the director document, each for one ECU */
static struct sim *two_campaigns(unsigned first_ecu, unsigned second_ecu)
{
	struct sim *s = sim_new();
	struct campaign_doc *docs = s->director->campaigns;
	const struct campaign_doc both = docs[0];

	s->director->n_campaigns = 2;
	docs[1] = both;
	snprintf(docs[1].id, sizeof docs[1].id, "c2");
	docs[0].n_targets = docs[1].n_targets = 1;
	docs[0].targets[0] = both.targets[first_ecu];
	docs[1].targets[0] = both.targets[second_ecu];
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

static void a_campaign_says_that_it_waits_for_another_ones_flash(void **state)
{
	(void)state;
	struct sim *s = two_campaigns(ENGINE, BRAKE);

	s->hold_intents = true;
	s->confirm_start = UNIX_BASE + 20;
	sim_for(s, 10 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, GATEWAY_CODE_WAITING_START);
	sim_for(s, 20 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, GATEWAY_CODE_WAITING_OTHER);
	assert_string_equal(SECOND_CAMPAIGN(s)->text, "waiting for another campaign to finish");
	s->hold_intents = false;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_campaign_says_that_it_waits_for_another_one_with_its_ecu(void **state)
{
	(void)state;
	struct sim *s = two_campaigns(ENGINE, ENGINE);

	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_for(s, 5 * SECOND); /* nothing is flashed: the first one pauses before its second attempt */
	assert_false(s->gateway->flashing);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_RETRY);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, GATEWAY_CODE_WAITING_OTHER);
	sim_for(s, 60 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 3);
	sim_free(s);
}

static void a_campaign_does_not_wait_for_itself(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	size_t waited;

	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	while (sim_campaign(s)->state != CAMPAIGN_DONE) {
		assert_int_not_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_OTHER);
		if (sim_step(s))
			continue;
		s->now_us = gateway_deadline(s->gateway);
		gateway_expire(s->gateway, s->now_us);
	}
	waited = sim_count_reports(s, "c1", CAMPAIGN_WAITING);
	assert_int_equal(waited, 1); /* before its second attempt */
	sim_free(s);
}

static void an_identification_is_not_worth_a_word(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	assert_true(sim_until(s, CAMPAIGN_DOWNLOADING));
	s->gateway->identify_again = true;
	gateway_heartbeat(s->gateway, s->now_us, 0);
	sim_pump(s);
	for (size_t i = 0; i < s->n_tasks; i++) { /* it takes its time */
		if (s->tasks[i].kind == GATEWAY_OUT_IDENTIFY)
			s->tasks[i].kind = GATEWAY_OUT_NONE;
	}
	sim_settle(s);
	assert_true(s->gateway->identifying);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_READY);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_OK);
	gateway_identified(s->gateway, s->now_us);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INSTALLING);
	sim_free(s);
}

/* c1 cannot bring the brake to life, which stays erased; then its boot loader tells next to nothing */
static struct sim *given_up(void)
{
	struct sim *s = sim_new_parked();

	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_CHECK_FAILED;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ATTEMPTS_EXHAUSTED);
	memset(&s->ecus[BRAKE].identity, 0, sizeof s->ecus[BRAKE].identity);
	snprintf(s->ecus[BRAKE].identity.application_version, FLASH_VERSION_BYTES, "none");
	return s;
}

/* the backend replaces it by c2, for both ECUs again */
static void repair(struct sim *s)
{
	snprintf(s->director->campaigns[0].id, GATEWAY_NAME_BYTES, "c2");
	s->director->campaigns[0].window_start_unix_s = UNIX_BASE + 50000;
	s->director->campaigns[0].consent_required = true;
	s->confirm = false;
	s->ecus[BRAKE].fail_times = 0;
	sim_issue(s, 2, 101);
}

static void a_later_campaign_recovers_an_ecu_that_was_given_up(void **state)
{
	(void)state;

	for (unsigned killed = 0; killed < 2; killed++) {
		struct sim *s = given_up();
		int c2;

		if (killed) {
			sim_kill(s, true);
			sim_start(s);
			sim_signals(s, IGNITION_OFF, 0, 12600);
		}
		sim_for(s, 60 * SECOND);
		assert_true(s->disk.ecus[BRAKE].erased);
		assert_false(s->disk.ecus[ENGINE].erased);
		repair(s);
		sim_until_next(s, GATEWAY_OUT_FLASH);
		c2 = gateway_campaign_index(s->gateway, "c2");
		assert_true(c2 >= 0);
		assert_int_equal(s->tasks[0].campaign, c2);
		assert_int_equal(s->tasks[0].targets, 1u << BRAKE); /* the other one waits for all that it must */
		assert_true(gateway_recovers(s->gateway, (uint8_t)c2, BRAKE));
		assert_false(gateway_recovers(s->gateway, (uint8_t)c2, ENGINE));
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_INCONSISTENT), 1);
		assert_int_equal(s->gateway->campaigns[c2].targets[BRAKE].state, TARGET_VERIFIED);
		assert_int_equal(s->gateway->campaigns[c2].code, GATEWAY_CODE_WAITING_CONFIRM);
		assert_false(s->ecus[BRAKE].erased);
		assert_false(s->gateway->ecus[BRAKE].erased);
		assert_false(s->disk.ecus[BRAKE].erased);
		sim_free(s);
	}
}

static void an_ecu_that_is_replaced_is_not_an_erased_one(void **state)
{
	(void)state;
	struct sim *s = given_up();

	s->ecus[BRAKE].fail_before_erase = true;
	s->ecus[BRAKE].fail_code = FLASH_NO_ANSWER; /* nothing of it is told by a flash */
	snprintf(s->ecus[BRAKE].identity.hardware_id, FLASH_VERSION_BYTES, "HW-brake");
	snprintf(s->ecus[BRAKE].identity.serial_number, FLASH_VERSION_BYTES, "SN-new");
	sim_ask_again(s);
	assert_true(s->gateway->ecus[BRAKE].erased); /* it has to say so twice */
	sim_for(s, 61 * SECOND);
	assert_false(s->gateway->ecus[BRAKE].erased);
	assert_false(s->disk.ecus[BRAKE].erased);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT); /* the engine has the new software */
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_SERIAL);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].state, TARGET_FAILED);
	assert_false(sim_campaign(s)->targets[BRAKE].erased);
	sim_free(s);
}

static void an_ecu_that_is_replaced_before_its_turn_is_not_flashed(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	unsigned n;

	snprintf(s->director->campaigns[0].targets[BRAKE].serial_number, FLASH_VERSION_BYTES, "SN-brake");
	s->ecus[ENGINE].fail_times = 1;
	s->ecus[ENGINE].fail_code = FLASH_TRANSFER_FAILED;
	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_NO_ANSWER;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	assert_true(sim_campaign(s)->targets[ENGINE].erased);
	assert_false(sim_campaign(s)->targets[BRAKE].erased);
	n = s->ecus[BRAKE].n_flashes;
	snprintf(s->ecus[BRAKE].identity.serial_number, FLASH_VERSION_BYTES, "SN-new");
	s->gateway->identify_again = true;
	gateway_heartbeat(s->gateway, s->now_us, 0);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->ecus[BRAKE].n_flashes, n);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	assert_int_equal(sim_campaign(s)->targets[BRAKE].code, GATEWAY_CODE_WRONG_SERIAL);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_INCONSISTENT);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WRONG_SERIAL);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_says_that_it_waits_for_another_ones_flash),
	    cmocka_unit_test(a_campaign_says_that_it_waits_for_another_one_with_its_ecu),
	    cmocka_unit_test(a_campaign_does_not_wait_for_itself),
	    cmocka_unit_test(an_identification_is_not_worth_a_word),
	    cmocka_unit_test(a_later_campaign_recovers_an_ecu_that_was_given_up),
	    cmocka_unit_test(an_ecu_that_is_replaced_is_not_an_erased_one),
	    cmocka_unit_test(an_ecu_that_is_replaced_before_its_turn_is_not_flashed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
