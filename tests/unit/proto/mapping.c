/* The table of states and codes, and what they are in other worlds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "proto/mapping.h"
#include "session.pb-c.h"

/* CAMPAIGN_STATE_ROLLED_BACK of the protocol is "rolled_back" here, as whoever makes words of the protocol's names has
 * it */
static void assert_same(const ProtobufCEnumDescriptor *type, const char *prefix, int value, const char *word)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

	assert_non_null(known);
	assert_int_equal(strncmp(known->name, prefix, strlen(prefix)), 0);
	const char *name = known->name + strlen(prefix);
	assert_int_equal(strlen(name), strlen(word));
	for (size_t i = 0; name[i]; i++)
		assert_int_equal(tolower((unsigned char)name[i]), word[i]);
}

static void states_and_urgencies_have_the_numbers_of_the_protocol(void **state)
{
	(void)state;

	assert_int_equal(gu__campaign_state__descriptor.n_values, CAMPAIGN_FAILED + 1);
	for (int i = CAMPAIGN_OFFERED; i <= CAMPAIGN_FAILED; i++)
		assert_same(&gu__campaign_state__descriptor, "CAMPAIGN_STATE_", i,
			    campaign_state_info((enum campaign_state)i)->name);
	assert_int_equal(gu__ecu_state__descriptor.n_values, TARGET_RESTORED + 1);
	for (int i = TARGET_PENDING; i <= TARGET_RESTORED; i++)
		assert_same(&gu__ecu_state__descriptor, "ECU_STATE_", i, target_state_info((enum target_state)i)->name);
	assert_int_equal(URGENCY_NONE, GU__URGENCY__URGENCY_UNSPECIFIED);
	assert_int_equal(URGENCY_LOW, GU__URGENCY__URGENCY_LOW);
	assert_int_equal(URGENCY_NORMAL, GU__URGENCY__URGENCY_NORMAL);
	assert_int_equal(URGENCY_HIGH, GU__URGENCY__URGENCY_HIGH);
	assert_int_equal(URGENCY_CRITICAL, GU__URGENCY__URGENCY_CRITICAL);
}

static void every_code_has_a_name_and_words(void **state)
{
	(void)state;

	assert_string_equal(gateway_code_name(GATEWAY_CODE_BAD_SIGNATURE), "BAD_SIGNATURE");
	assert_string_equal(gateway_code_name(9999), "UNKNOWN");
	assert_non_null(gateway_code_words(9999));
#define X(name, number, words)                                 \
	assert_string_equal(gateway_code_name(number), #name); \
	assert_string_equal(gateway_code_words(number), words);
#include "proto/codes.def"
#undef X
}

static void each_state_stands_at_its_own_place(void **state)
{
	(void)state;

	for (int i = CAMPAIGN_NONE; i <= CAMPAIGN_FAILED; i++) {
		const struct campaign_state_info *info = campaign_state_info((enum campaign_state)i);

		assert_int_equal(info->state, i);
		assert_false(info->final && info->cancellable);
	}
	assert_int_equal(campaign_state_info((enum campaign_state)99)->state, CAMPAIGN_NONE);
	assert_string_equal(target_state_name(TARGET_VERIFIED), "verified");
	assert_string_equal(target_state_name((enum target_state)99), "unknown");
	for (int i = TARGET_NONE; i <= TARGET_RESTORED; i++)
		assert_int_equal(target_state_info((enum target_state)i)->state, i);
	assert_int_equal(target_state_info((enum target_state)99)->state, TARGET_NONE);
}

static void results_keep_to_the_values_that_their_standards_know(void **state)
{
	(void)state;
#define X(name, number, words)                                                                      \
	{                                                                                           \
		const struct result_info *r = result_of_code(number);                               \
		assert_true(r->fumo == 0 || r->fumo == 200 || (r->fumo >= 400 && r->fumo <= 412) || \
			    (r->fumo >= 500 && r->fumo <= 503));                                    \
		assert_in_range(r->lwm2m, 0, 11);                                                   \
		assert_in_range(r->suit, 0, 12);                                                    \
		assert_in_range(r->ucm, 0, 27);                                                     \
		assert_true(number == 0 || r->lwm2m != 1); /* no code is a success */               \
	}
#include "proto/codes.def"
#undef X
	for (int i = CAMPAIGN_OFFERED; i <= CAMPAIGN_FAILED; i++) {
		const struct campaign_state_info *info = campaign_state_info((enum campaign_state)i);

		/* what is over has a result, what is not has none, whatever the code */
		assert_int_equal(info->result->fumo != 0, info->final);
		assert_in_range(info->lwm2m_state, 0, 3);
		assert_true(info->fumo_state >= 10 && info->fumo_state <= 100 && info->fumo_state % 10 == 0);
		assert_int_equal(info->lwm2m_state == 3, !info->final && !info->cancellable);
		if (info->final)
			assert_true(result_of_campaign((enum campaign_state)i, GATEWAY_CODE_WRONG_STATE)->fumo != 0);
	}
}

static void a_campaign_and_an_ecu_come_to_what_their_state_and_code_say(void **state)
{
	(void)state;
	const struct {
		enum campaign_state state;
		unsigned code, fumo, lwm2m, suit, ucm;
	} campaigns[] = {
	    {CAMPAIGN_DONE, GATEWAY_CODE_OK, 200, 1, 0, 0},
	    {CAMPAIGN_WAITING, GATEWAY_CODE_WAITING_WINDOW, 0, 0, 12, 12},
	    {CAMPAIGN_WAITING, GATEWAY_CODE_POSTPONED_BY_DRIVER, 0, 11, 12, 5},
	    {CAMPAIGN_DECLINED, GATEWAY_CODE_DECLINED_BY_DRIVER, 401, 10, 10, 22},
	    {CAMPAIGN_DECLINED, GATEWAY_CODE_WRONG_HARDWARE, 403, 8, 6, 10},
	    {CAMPAIGN_CANCELLED, GATEWAY_CODE_OK, 401, 10, 10, 22},
	    {CAMPAIGN_EXPIRED, GATEWAY_CODE_WINDOW_PASSED, 405, 10, 10, 5},
	    {CAMPAIGN_FAILED, GATEWAY_CODE_BAD_SIGNATURE, 404, 5, 4, 8},
	    {CAMPAIGN_FAILED, GATEWAY_CODE_DIGEST_MISMATCH, 402, 5, 10, 7},
	    {CAMPAIGN_DOWNLOADING, GATEWAY_CODE_NO_SPACE, 501, 2, 11, 1},
	};

	for (size_t i = 0; i < sizeof campaigns / sizeof campaigns[0]; i++) {
		const struct result_info *r = result_of_campaign(campaigns[i].state, campaigns[i].code);

		assert_int_equal(r->fumo, campaigns[i].fumo);
		assert_int_equal(r->lwm2m, campaigns[i].lwm2m);
		assert_int_equal(r->suit, campaigns[i].suit);
		assert_int_equal(r->ucm, campaigns[i].ucm);
	}
	assert_int_equal(result_of_target(TARGET_VERIFIED, GATEWAY_CODE_OK)->lwm2m, 1);
	assert_int_equal(result_of_target(TARGET_FAILED, GATEWAY_CODE_CHECK_FAILED)->ucm, 27);
	assert_int_equal(result_of_target(TARGET_FAILED, GATEWAY_CODE_STOPPED)->fumo, 410);
	assert_int_equal(result_of_target(TARGET_FLASHING, GATEWAY_CODE_CHECK_FAILED)->fumo, 0);
	assert_int_equal(lwm2m_severity(URGENCY_CRITICAL), 0);
	assert_int_equal(lwm2m_severity(URGENCY_LOW), 2);
	assert_string_equal(suit_reason_name(10), "condition-failed");
	assert_string_equal(suit_reason_name(13), "unknown");
	assert_int_equal(result_of_code(9999)->fumo, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(states_and_urgencies_have_the_numbers_of_the_protocol),
	    cmocka_unit_test(every_code_has_a_name_and_words),
	    cmocka_unit_test(each_state_stands_at_its_own_place),
	    cmocka_unit_test(results_keep_to_the_values_that_their_standards_know),
	    cmocka_unit_test(a_campaign_and_an_ecu_come_to_what_their_state_and_code_say),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
