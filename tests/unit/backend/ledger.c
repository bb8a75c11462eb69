#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "sim/oem_backend/ledger.h"
#include "sim/oem_backend/words.h"

#define NOW 1700000000u

static struct store store;
static uint8_t queue_a[] = {1, 2, 3};
static uint8_t queue_b[] = {9};

static int setup(void **state)
{
	char error[256];

	(void)state;
	if (store_open(&store, ":memory:", error))
		return -1;
	return store_exec(&store,
			  "INSERT INTO campaign(id, vehicle, spec, created_unix_s) VALUES('c1', 'V1', x'00', 0),"
			  "('c2', 'V2', x'00', 0)",
			  "") ||
	       store_exec(&store,
			  "INSERT INTO target(campaign, ecu, position) VALUES('c1', 'ecm', 0), ('c1', 'tcu', 1)", "");
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	return 0;
}

static Gu__Report report(uint64_t sequence, uint8_t *queue, size_t n_queue)
{
	static char c1[] = "c1";
	Gu__Report made = GU__REPORT__INIT;

	made.sequence = sequence;
	made.campaign_id = c1;
	made.queue_id.data = queue;
	made.queue_id.len = n_queue;
	return made;
}

static uint64_t give(uint64_t sequence, int campaign_state)
{
	Gu__Report made = report(sequence, queue_a, sizeof queue_a);
	uint64_t applied = 0;

	made.campaign_state = (Gu__CampaignState)campaign_state;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
	return applied;
}

static void give_ecu(uint64_t sequence, char *ecu, int ecu_state, const Gu__FlashResult *result)
{
	Gu__Report made = report(sequence, queue_a, sizeof queue_a);
	Gu__FlashResult copy = GU__FLASH_RESULT__INIT;
	uint64_t applied;

	if (result) {
		copy = *result;
		made.result = &copy;
	}
	made.ecu = ecu;
	made.ecu_state = (Gu__EcuState)ecu_state;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
}

static uint64_t campaign_state(const char *id)
{
	uint64_t state;

	assert_int_equal(store_uint(&store, &state, "SELECT state FROM campaign WHERE id = ?1", "t", id), 1);
	return state;
}

static uint64_t reports_held(void)
{
	uint64_t n;

	assert_int_equal(store_uint(&store, &n, "SELECT count(*) FROM report", ""), 1);
	return n;
}

static void reports_in_order_are_applied_and_acknowledged(void **state)
{
	(void)state;
	assert_int_equal(give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING), 1);
	assert_int_equal(give(2, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY), 2);
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
}

static void a_report_that_comes_again_is_acknowledged_but_not_applied(void **state)
{
	(void)state;
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING);
	give(2, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
	assert_int_equal(give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING), 2);
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
	assert_int_equal(reports_held(), 2);
}

/* a vehicle whose queue was full drops reports of mere progress: their numbers never come */
static void a_gap_holds_nothing_up(void **state)
{
	(void)state;
	assert_int_equal(give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING), 1);
	assert_int_equal(give(7, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING), 7);
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING);
}

static void a_late_report_is_recorded_but_does_not_turn_the_status_back(void **state)
{
	(void)state;
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING);
	give(7, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING);
	assert_int_equal(give(3, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY), 7);
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING);
	assert_int_equal(reports_held(), 3);
}

static void give_reason(uint64_t sequence, unsigned code, char *text)
{
	Gu__Report made = report(sequence, queue_a, sizeof queue_a);
	uint64_t applied;

	made.campaign_state = GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING;
	made.code = code;
	made.text = text;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
}

static bool shows(int campaign_state, unsigned code, const char *text)
{
	uint64_t n;

	assert_int_equal(store_uint(&store, &n,
				    "SELECT count(*) FROM campaign WHERE id = 'c1' AND state = ?1 AND code = ?2"
				    " AND coalesce(text, '') = ?3",
				    "uut", (uint64_t)campaign_state, (uint64_t)code, text),
			 1);
	return n == 1;
}

static void why_a_campaign_does_not_go_on_is_shown_until_it_does(void **state)
{
	static char full[] = "the disk is full", broken[] = "the disk is broken";

	(void)state;
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING);
	give_reason(3, 140, full);
	assert_true(shows(GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING, 140, full));
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING);
	give_reason(2, 144, broken); /* late */
	give_reason(3, 140, full);   /* again */
	assert_true(shows(GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING, 140, full));
	assert_int_equal(reports_held(), 3);
	give(5, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
	give_reason(4, 144, broken);
	assert_true(shows(GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY, 0, ""));
}

static void an_unknown_queue_begins_where_the_vehicle_does(void **state)
{
	(void)state;
	assert_int_equal(give(57, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY), 57);
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
}

static void a_new_queue_counts_anew(void **state)
{
	Gu__Report made = report(1, queue_b, sizeof queue_b);
	uint64_t applied;

	(void)state;
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING);
	give(2, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
	made.campaign_state = GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
	assert_int_equal(applied, 1);
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED);
}

static void an_empty_queue_id_is_a_queue_too(void **state)
{
	Gu__Report made = report(1, NULL, 0);
	uint64_t applied;

	(void)state;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
	made.sequence = 2;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
	assert_int_equal(applied, 2);
	assert_int_equal(reports_held(), 2);
}

static void the_same_number_of_two_vehicles_is_two_reports(void **state)
{
	Gu__Report made = report(1, queue_a, sizeof queue_a);
	uint64_t applied;

	(void)state;
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY);
	assert_int_equal(ledger_report(&store, "V2", &made, NOW, &applied), 0);
	assert_int_equal(reports_held(), 2);
}

static void a_vehicle_cannot_speak_of_another_ones_campaign(void **state)
{
	Gu__Report made = report(1, queue_a, sizeof queue_a);
	static char ecm[] = "ecm";
	uint64_t applied, ecu_state;

	(void)state;
	made.campaign_state = GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE;
	made.ecu = ecm;
	made.ecu_state = GU__ECU_STATE__ECU_STATE_VERIFIED;
	assert_int_equal(ledger_report(&store, "V2", &made, NOW, &applied), 0); /* V2 on c1, which is V1's */
	assert_int_equal(campaign_state("c1"), GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED);
	store_uint(&store, &ecu_state, "SELECT state FROM target WHERE campaign = 'c1' AND ecu = 'ecm'", "");
	assert_int_equal(ecu_state, GU__ECU_STATE__ECU_STATE_UNSPECIFIED);
}

static void numbers_that_cannot_be_counted_are_refused(void **state)
{
	Gu__Report made = report(0, queue_a, sizeof queue_a);
	uint64_t applied = 77;

	(void)state;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 1);
	made.sequence = (uint64_t)INT64_MAX + 1;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 1);
	assert_int_equal(applied, 77);
	assert_int_equal(reports_held(), 0);
	made.sequence = INT64_MAX;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
	assert_true(applied == INT64_MAX);
}

static void what_a_flash_came_to_stays_when_the_state_moves_on(void **state)
{
	static char ecm[] = "ecm", old[] = "1.0", new[] = "2.0";
	Gu__FlashResult result = GU__FLASH_RESULT__INIT;
	uint64_t bytes, ecu_state;

	(void)state;
	result.old_version = old;
	result.new_version = new;
	result.payload_bytes = 123456;
	give_ecu(1, ecm, GU__ECU_STATE__ECU_STATE_FLASHING, NULL);
	give_ecu(2, ecm, GU__ECU_STATE__ECU_STATE_FLASHED, &result);
	give_ecu(3, ecm, GU__ECU_STATE__ECU_STATE_VERIFIED, NULL);
	store_uint(&store, &bytes, "SELECT payload_bytes FROM target WHERE ecu = 'ecm' AND new_version = '2.0'", "");
	store_uint(&store, &ecu_state, "SELECT state FROM target WHERE ecu = 'ecm'", "");
	assert_int_equal(bytes, 123456);
	assert_int_equal(ecu_state, GU__ECU_STATE__ECU_STATE_VERIFIED);
}

static void a_loss_of_service_is_no_result_of_the_campaign(void **state)
{
	Gu__Report made = report(2, queue_a, sizeof queue_a);
	Gu__ServiceLoss loss = GU__SERVICE_LOSS__INIT;
	uint64_t applied, code;

	(void)state;
	give(1, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED);
	made.campaign_state = GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED;
	made.code = 273;
	made.service_loss = &loss;
	assert_int_equal(ledger_report(&store, "V1", &made, NOW, &applied), 0);
	assert_int_equal(applied, 2);
	assert_int_equal(store_uint(&store, &code, "SELECT code FROM campaign WHERE id = 'c1'", ""), 1);
	assert_int_equal(code, 0);
	assert_int_equal(reports_held(), 2);
}

static void verified_means_done_and_every_ecu_verified(void **state)
{
	static char ecm[] = "ecm", tcu[] = "tcu";

	(void)state;
	give_ecu(1, ecm, GU__ECU_STATE__ECU_STATE_VERIFIED, NULL);
	give(2, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE);
	assert_int_equal(ledger_verified(&store, "c1"), 0); /* one ECU is missing */
	give_ecu(3, tcu, GU__ECU_STATE__ECU_STATE_VERIFIED, NULL);
	assert_int_equal(ledger_verified(&store, "c1"), 1);
	give(4, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_VERIFYING);
	assert_int_equal(ledger_verified(&store, "c1"), 0);
	assert_int_equal(ledger_verified(&store, "none"), 0);
}

static void words_are_those_of_the_protocol(void **state)
{
	char word[WORD_BYTES];
	int value = 0;

	(void)state;
	assert_string_equal(
	    word_of(&gu__campaign_state__descriptor, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ROLLING_BACK, word),
	    "rolling_back");
	assert_string_equal(word_of(&gu__evidence__descriptor, GU__EVIDENCE__EVIDENCE_SELF_REPORTED, word),
			    "self_reported");
	assert_string_equal(word_of(&gu__ecu_state__descriptor, 77, word), "77");
	assert_true(word_parse(&gu__condition_kind__descriptor, "battery_min_mv", &value));
	assert_int_equal(value, GU__CONDITION_KIND__CONDITION_KIND_BATTERY_MIN_MV);
	assert_false(word_parse(&gu__urgency__descriptor, "urgent", &value));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reports_in_order_are_applied_and_acknowledged),
	    TEST(a_report_that_comes_again_is_acknowledged_but_not_applied),
	    TEST(a_gap_holds_nothing_up),
	    TEST(a_late_report_is_recorded_but_does_not_turn_the_status_back),
	    TEST(why_a_campaign_does_not_go_on_is_shown_until_it_does),
	    TEST(an_unknown_queue_begins_where_the_vehicle_does),
	    TEST(a_new_queue_counts_anew),
	    TEST(an_empty_queue_id_is_a_queue_too),
	    TEST(the_same_number_of_two_vehicles_is_two_reports),
	    TEST(a_vehicle_cannot_speak_of_another_ones_campaign),
	    TEST(numbers_that_cannot_be_counted_are_refused),
	    TEST(what_a_flash_came_to_stays_when_the_state_moves_on),
	    TEST(a_loss_of_service_is_no_result_of_the_campaign),
	    TEST(verified_means_done_and_every_ecu_verified),
	    cmocka_unit_test(words_are_those_of_the_protocol),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
