/* gateway: no way back below what was committed on an ECU, but for the image that its campaign said to go back to. */
#include "tests/unit/core/fixture.h"

#define SECOND_CAMPAIGN(s) (&(s)->gateway->campaigns[1])

static void set_release(struct sim *s, uint64_t counter, const char *id, uint64_t version, unsigned payload)
{
	for (unsigned i = 0; i < N_ECUS; i++)
		s->manifest->components[i].release_counter = counter;
	snprintf(s->manifest->id, sizeof s->manifest->id, "%s", id);
	s->manifest->version = version;
	sim_fill(s->manifest->payload_sha256, payload);
}

/* c1, of release "r5" with counter 5 and version 3, is done on both ECUs */
static struct sim *committed(void)
{
	struct sim *s = sim_new_parked();

	set_release(s, 5, "r5", 3, 50);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	return s;
}

/* the next document has c2, too, with a manifest of its own */
static void offer_another(struct sim *s, uint64_t version)
{
	struct campaign_doc *docs = s->director->campaigns;

	docs[1] = docs[0];
	snprintf(docs[1].id, sizeof docs[1].id, "c2");
	docs[1].manifest = sim_file(2, 500);
	s->director->n_campaigns = 2;
	s->n_fetched = 0;
	sim_issue(s, version, 100 + (unsigned)version);
	sim_for(s, 60 * SECOND);
}

static void assert_refused(struct sim *s, unsigned code)
{
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, code);
	assert_int_equal(s->n_fetched, 1); /* the manifest: no image is downloaded for it */
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
}

static void a_release_counter_below_the_committed_one_is_refused(void **state)
{
	(void)state;
	struct sim *s = committed();

	set_release(s, 4, "r4", 9, 51);
	offer_another(s, 2);
	assert_refused(s, GATEWAY_CODE_ROLLBACK);
	assert_string_equal(SECOND_CAMPAIGN(s)->text, "engine: release counter 4 is below 5, which was installed");
	sim_free(s);
}

static void the_committed_counter_outlives_the_daemon_and_the_campaign(void **state)
{
	(void)state;
	struct sim *s = committed();

	s->director->n_campaigns = 0;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE);
	s->director->n_campaigns = 1;
	sim_kill(s, true);
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	set_release(s, 4, "r4", 9, 51);
	s->n_fetched = 0;
	s->director->version = 3;
	sim_fill(s->director_sha256, 103);
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DECLINED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ROLLBACK);
	assert_int_equal(s->n_fetched, 1);
	sim_free(s);
}

static void an_equal_or_higher_counter_is_installed_and_raises_it(void **state)
{
	(void)state;
	struct sim *s = committed();

	set_release(s, 5, "r5-again", 1, 51);
	offer_another(s, 2);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->disk.ecus[ENGINE].floor.counter, 5);
	set_release(s, 6, "r6", 1, 52);
	s->director->campaigns[2] = s->director->campaigns[1];
	snprintf(s->director->campaigns[2].id, GATEWAY_NAME_BYTES, "c3");
	s->director->campaigns[2].manifest = sim_file(3, 500);
	s->director->n_campaigns = 3;
	sim_issue(s, 3, 103);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->gateway->campaigns[2].state, CAMPAIGN_DONE);
	assert_int_equal(s->disk.ecus[ENGINE].floor.counter, 6);
	assert_int_equal(s->disk.ecus[BRAKE].floor.counter, 6);
	sim_free(s);
}

static void a_manifest_of_the_same_name_must_be_newer_or_the_very_same(void **state)
{
	(void)state;
	static const struct {
		uint64_t version;
		unsigned payload;
		unsigned code;
	} cases[] = {{2, 51, GATEWAY_CODE_ROLLBACK},
		     {3, 51, GATEWAY_CODE_EQUAL_VERSION},
		     {3, 50, GATEWAY_CODE_OK},
		     {4, 51, GATEWAY_CODE_OK}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sim *s = committed();

		set_release(s, 5, "r5", cases[i].version, cases[i].payload);
		offer_another(s, 2);
		if (cases[i].code)
			assert_refused(s, cases[i].code);
		else
			assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void other_hardware_begins_with_a_counter_of_its_own(void **state)
{
	(void)state;
	struct sim *s = committed();

	snprintf(s->ecus[BRAKE].identity.hardware_id, GATEWAY_NAME_BYTES, "HW-brake-2");
	snprintf(s->ecus[BRAKE].identity.serial_number, sizeof s->ecus[BRAKE].identity.serial_number, "SN-2");
	s->gateway->identify_again = true;
	sim_for(s, 60 * SECOND);
	s->director->campaigns[0].n_targets = 1;
	s->director->campaigns[0].targets[0] = s->director->campaigns[0].targets[BRAKE];
	snprintf(s->director->campaigns[0].targets[0].hardware_id, GATEWAY_NAME_BYTES, "HW-brake-2");
	snprintf(s->manifest->components[BRAKE].hardware_ids[0], GATEWAY_NAME_BYTES, "HW-brake-2");
	set_release(s, 1, "r1", 1, 51);
	offer_another(s, 2);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
	assert_int_equal(s->disk.ecus[BRAKE].floor.counter, 1);
	assert_string_equal(s->disk.ecus[BRAKE].floor.hardware_id, "HW-brake-2");
	sim_free(s);
}

/* both were accepted while nothing was committed */
static void a_campaign_that_waits_is_overtaken_by_a_newer_release(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	set_release(s, 5, "r5", 3, 50);
	s->director->campaigns[0].consent_required = true;
	sim_for(s, 60 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	set_release(s, 4, "r4", 1, 51);
	s->director->campaigns[1] = s->director->campaigns[0];
	snprintf(s->director->campaigns[1].id, GATEWAY_NAME_BYTES, "c2");
	s->director->campaigns[1].manifest = sim_file(2, 500);
	s->director->n_campaigns = 2;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->code, GATEWAY_CODE_WAITING_CONSENT);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c2", true), GATEWAY_CODE_OK);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c1", true), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE); /* was first, and counter 5 is above its 4 */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);

	s = sim_new_parked();
	set_release(s, 4, "r4", 3, 50);
	s->director->campaigns[0].consent_required = true;
	sim_for(s, 60 * SECOND);
	set_release(s, 5, "r5", 1, 51);
	s->director->campaigns[1] = s->director->campaigns[0];
	snprintf(s->director->campaigns[1].id, GATEWAY_NAME_BYTES, "c2");
	s->director->campaigns[1].manifest = sim_file(2, 500);
	s->director->n_campaigns = 2;
	sim_issue(s, 2, 102);
	sim_for(s, 60 * SECOND);
	assert_int_equal(gateway_consent(s->gateway, s->now_us, "c2", true), GATEWAY_CODE_OK);
	sim_for(s, 60 * SECOND);
	assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_DONE);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_FAILED);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_ROLLBACK);
	assert_int_equal(s->ecus[ENGINE].n_flashes, 1);
	sim_free(s);
}

static void the_counter_rises_with_the_verdict_and_not_before(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	set_release(s, 5, "r5", 3, 50);
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	while (!s->disk.campaigns[0].targets[ENGINE].erased)
		assert_true(sim_step(s));
	while (s->disk.campaigns[0].targets[ENGINE].state != TARGET_VERIFIED) {
		assert_int_equal(s->disk.ecus[ENGINE].floor.counter, 0);
		assert_true(sim_step(s));
	}
	assert_int_equal(s->disk.ecus[ENGINE].floor.counter, 5); /* of the same transaction */
	assert_string_equal(s->disk.ecus[ENGINE].floor.manifest_id, "r5");
	assert_int_equal(s->disk.ecus[ENGINE].floor.manifest_version, 3);
	sim_free(s);
}

/* the engine has release 5, the brake could not be flashed: the release cannot be completed */
static struct sim *half_done(void)
{
	struct sim *s = sim_new_parked();

	set_release(s, 5, "r5", 3, 50);
	s->ecus[BRAKE].fail_times = 99;
	s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
	s->ecus[BRAKE].fail_before_erase = true;
	sim_for(s, 300 * SECOND);
	if (sim_campaign(s)->state != CAMPAIGN_INCONSISTENT)
		fail_msg("%s", sim_campaign(s)->text);
	assert_int_equal(sim_campaign(s)->targets[ENGINE].state, TARGET_VERIFIED);
	s->director->campaigns[1] = s->director->campaigns[0];
	s->director->campaigns[1].n_targets = 1;
	return s;
}

static void only_the_image_that_was_named_is_gone_back_to(void **state)
{
	(void)state;
	const struct file_ref back = sim_file(30, 900); /* the engine's rollback image in the director's document */

	for (unsigned named = 0; named < 2; named++) {
		struct sim *s = half_done();
		struct campaign_doc *docs = s->director->campaigns;

		snprintf(docs[1].id, sizeof docs[1].id, "c2");
		docs[1].manifest = sim_file(2, 500);
		docs[1].targets[0].rollback = sim_file(31, 900); /* its own word is no excuse */
		s->director->n_campaigns = 2;
		set_release(s, 4, "r4", 2, 51);
		s->manifest->components[ENGINE].units[0].image = named ? back : sim_file(31, 900);
		docs[1].consent_required = true;
		sim_issue(s, 2, 102);
		sim_for(s, 60 * SECOND);
		assert_int_equal(SECOND_CAMPAIGN(s)->state, named ? CAMPAIGN_WAITING : CAMPAIGN_DECLINED);
		assert_int_equal(SECOND_CAMPAIGN(s)->code,
				 named ? GATEWAY_CODE_WAITING_CONSENT : GATEWAY_CODE_ROLLBACK);
		/* the campaign that named it goes; what was accepted stays accepted */
		docs[0] = docs[1];
		s->director->n_campaigns = 1;
		sim_issue(s, 3, 103);
		sim_for(s, 60 * SECOND);
		assert_int_equal(sim_campaign(s)->state, CAMPAIGN_NONE);
		assert_int_equal(gateway_consent(s->gateway, s->now_us, "c2", true),
				 named ? GATEWAY_CODE_OK : GATEWAY_CODE_WRONG_STATE);
		sim_for(s, 60 * SECOND);
		assert_int_equal(SECOND_CAMPAIGN(s)->state, named ? CAMPAIGN_DONE : CAMPAIGN_DECLINED);
		assert_int_equal(s->disk.ecus[ENGINE].floor.counter, 5); /* it never sinks */
		sim_free(s);
	}
}

/* what was done on the engine before is known: no word of the director makes another image the old one */
static void what_the_ecu_ran_is_all_that_it_goes_back_to(void **state)
{
	(void)state;

	for (unsigned true_name = 0; true_name < 2; true_name++) {
		struct sim *s = committed();
		struct campaign_doc *docs = s->director->campaigns;

		docs[1] = docs[0];
		snprintf(docs[1].id, sizeof docs[1].id, "c2");
		docs[1].manifest = sim_file(2, 500);
		docs[1].targets[ENGINE].rollback = true_name ? sim_file(20, 1000) : sim_file(31, 900);
		s->director->n_campaigns = 2;
		set_release(s, 6, "r6", 1, 51);
		s->ecus[BRAKE].fail_times = 99;
		s->ecus[BRAKE].fail_code = FLASH_SECURITY_DENIED;
		s->ecus[BRAKE].fail_before_erase = true;
		sim_issue(s, 2, 102);
		sim_for(s, 300 * SECOND);
		assert_int_equal(SECOND_CAMPAIGN(s)->state, CAMPAIGN_INCONSISTENT);
		docs[2] = docs[1];
		snprintf(docs[2].id, sizeof docs[2].id, "c3");
		docs[2].manifest = sim_file(3, 500);
		docs[2].n_targets = 1;
		s->director->n_campaigns = 3;
		set_release(s, 5, "r5", 3, 50);
		s->manifest->components[ENGINE].units[0].image = docs[1].targets[ENGINE].rollback;
		sim_issue(s, 3, 103);
		sim_for(s, 60 * SECOND);
		assert_int_equal(s->gateway->campaigns[2].state, true_name ? CAMPAIGN_DONE : CAMPAIGN_DECLINED);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_release_counter_below_the_committed_one_is_refused),
	    cmocka_unit_test(the_committed_counter_outlives_the_daemon_and_the_campaign),
	    cmocka_unit_test(an_equal_or_higher_counter_is_installed_and_raises_it),
	    cmocka_unit_test(a_manifest_of_the_same_name_must_be_newer_or_the_very_same),
	    cmocka_unit_test(other_hardware_begins_with_a_counter_of_its_own),
	    cmocka_unit_test(a_campaign_that_waits_is_overtaken_by_a_newer_release),
	    cmocka_unit_test(the_counter_rises_with_the_verdict_and_not_before),
	    cmocka_unit_test(only_the_image_that_was_named_is_gone_back_to),
	    cmocka_unit_test(what_the_ecu_ran_is_all_that_it_goes_back_to),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
