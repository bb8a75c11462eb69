#include "support.h"

#include "uds/uds_dtc.h"
#include "uds/uds_text.h"

static void a_service_is_named_as_the_standard_names_it(void **state)
{
	(void)state;
	assert_string_equal(uds_service_text(0x19), "ReadDTCInformation");
	assert_string_equal(uds_service_text(0x29), "Authentication");
	assert_string_equal(uds_service_text(0x35), "RequestUpload");
	assert_string_equal(uds_service_text(0x7f), "unknown service");
}

static void every_known_nrc_has_a_meaning_and_an_advice(void **state)
{
	(void)state;
	for (unsigned nrc = 0; nrc <= 0xff; nrc++) {
		const bool known = strcmp(uds_nrc_text((uint8_t)nrc), "manufacturer-specific or reserved code") != 0;

		assert_int_equal(known, strlen(uds_nrc_meaning((uint8_t)nrc)) > 0);
		assert_int_equal(known, strlen(uds_nrc_advice((uint8_t)nrc)) > 0);
		assert_string_equal(uds_nrc_hint((uint8_t)nrc), uds_nrc_advice((uint8_t)nrc));
	}
	assert_string_equal(uds_nrc_meaning(0x33), "the ECU is locked");
	assert_string_equal(uds_nrc_advice(0x93), "connect a charger");
}

static void a_sub_function_is_named_with_and_without_its_suppress_bit(void **state)
{
	(void)state;
	assert_string_equal(uds_sub_function_text(0x10, 0x02), "programmingSession");
	assert_string_equal(uds_sub_function_text(0x10, 0x82), "programmingSession");
	assert_string_equal(uds_sub_function_text(0x19, 0x0a), "reportSupportedDTC");
	assert_string_equal(uds_sub_function_text(0x29, 0x00), "deAuthenticate");
	assert_string_equal(uds_sub_function_text(0x31, 0x03), "requestRoutineResults");
	assert_string_equal(uds_sub_function_text(0x3e, 0x80), "zeroSubFunction");
}

static void security_levels_are_seeds_and_keys_by_turns(void **state)
{
	(void)state;
	assert_string_equal(uds_sub_function_text(0x27, 0x01), "requestSeed");
	assert_string_equal(uds_sub_function_text(0x27, 0x12), "sendKey");
	assert_string_equal(uds_sub_function_text(0x27, 0x00), "");
	assert_string_equal(uds_sub_function_text(0x27, 0x7f), "");
}

static void what_is_no_sub_function_has_no_word(void **state)
{
	(void)state;
	assert_string_equal(uds_sub_function_text(0x10, 0x60), "");
	assert_string_equal(uds_sub_function_text(0x22, 0x01), "");
	assert_string_equal(uds_sub_function_text(0x36, 0x01), "");
}

static void a_trouble_code_is_written_with_its_letter(void **state)
{
	char text[UDS_DTC_TEXT_CAP];

	(void)state;
	assert_string_equal(uds_dtc_text((const uint8_t[]){0x01, 0x23, 0x45}, text, sizeof(text)), "P0123-45");
	assert_string_equal(uds_dtc_text((const uint8_t[]){0x5a, 0xbc, 0x00}, text, sizeof(text)), "C1ABC-00");
	assert_string_equal(uds_dtc_text((const uint8_t[]){0xa0, 0x0f, 0xff}, text, sizeof(text)), "B200F-FF");
	assert_string_equal(uds_dtc_text((const uint8_t[]){0xff, 0xff, 0x11}, text, sizeof(text)), "U3FFF-11");
	assert_string_equal(uds_dtc_text((const uint8_t[]){0x01, 0x23, 0x45}, text, 4), "P01");
}

static void each_status_bit_has_a_word(void **state)
{
	(void)state;
	assert_string_equal(uds_dtc_status_bit_text(0), "testFailed");
	assert_string_equal(uds_dtc_status_bit_text(3), "confirmedDTC");
	assert_string_equal(uds_dtc_status_bit_text(7), "warningIndicatorRequested");
	assert_string_equal(uds_dtc_status_bit_text(8), "");
}

static void the_records_of_19_02_and_0A_are_read(void **state)
{
	uint8_t pdu[] = {0x59, 0x02, 0xff, 0x01, 0x23, 0x45, 0x2f, 0xc1, 0x00, 0x87, 0x08};
	struct uds_dtc_report report;
	struct uds_dtc dtc;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pdu[1] = i == 0 ? 0x02 : 0x0a;
		assert_true(uds_dtc_report_parse(pdu, sizeof(pdu), &report));
		assert_int_equal(report.sub_function, pdu[1]);
		assert_int_equal(report.availability_mask, 0xff);
		assert_int_equal(report.count, 2);
		assert_true(uds_dtc_report_get(&report, 0, &dtc));
		assert_memory_equal(dtc.code, pdu + 3, 3);
		assert_int_equal(dtc.status, 0x2f);
		assert_true(uds_dtc_report_get(&report, 1, &dtc));
		assert_memory_equal(dtc.code, pdu + 7, 3);
		assert_int_equal(dtc.status, 0x08);
		assert_false(uds_dtc_report_get(&report, 2, &dtc));
	}
	assert_true(uds_dtc_report_parse(pdu, 3, &report)); /* no trouble code at all */
	assert_int_equal(report.count, 0);
	assert_false(uds_dtc_report_get(&report, 0, &dtc));
}

static void the_number_of_19_01_is_read(void **state)
{
	const uint8_t pdu[] = {0x59, 0x01, 0x7f, 0x01, 0x01, 0x02};
	struct uds_dtc_report report;
	struct uds_dtc dtc;

	(void)state;
	assert_true(uds_dtc_report_parse(pdu, sizeof(pdu), &report));
	assert_int_equal(report.availability_mask, 0x7f);
	assert_int_equal(report.format, 1);
	assert_int_equal(report.count, 0x102);
	assert_false(uds_dtc_report_get(&report, 0, &dtc));
}

static void a_cut_off_or_foreign_report_is_refused_and_leaves_the_output(void **state)
{
	const uint8_t records[] = {0x59, 0x02, 0xff, 0x01, 0x23, 0x45, 0x2f};
	const uint8_t number[] = {0x59, 0x01, 0x7f, 0x01, 0x01, 0x02, 0x00};
	const uint8_t foreign[] = {0x62, 0x02, 0xff};
	const uint8_t other_sub[] = {0x59, 0x06, 0xff, 0x01};
	struct uds_dtc_report report = {.count = 77};

	(void)state;
	for (size_t n = 0; n < sizeof(records); n++)
		if (n != 3)
			assert_false(uds_dtc_report_parse(records, n, &report));
	for (size_t n = 0; n <= sizeof(number); n++)
		if (n != 6)
			assert_false(uds_dtc_report_parse(number, n, &report));
	assert_false(uds_dtc_report_parse(foreign, sizeof(foreign), &report));
	assert_false(uds_dtc_report_parse(other_sub, sizeof(other_sub), &report));
	assert_int_equal(report.count, 77);
}

int main(void)
{
	const struct CMUnitTest uds_text[] = {
	    cmocka_unit_test(a_service_is_named_as_the_standard_names_it),
	    cmocka_unit_test(every_known_nrc_has_a_meaning_and_an_advice),
	    cmocka_unit_test(a_sub_function_is_named_with_and_without_its_suppress_bit),
	    cmocka_unit_test(security_levels_are_seeds_and_keys_by_turns),
	    cmocka_unit_test(what_is_no_sub_function_has_no_word),
	    cmocka_unit_test(a_trouble_code_is_written_with_its_letter),
	    cmocka_unit_test(each_status_bit_has_a_word),
	    cmocka_unit_test(the_records_of_19_02_and_0A_are_read),
	    cmocka_unit_test(the_number_of_19_01_is_read),
	    cmocka_unit_test(a_cut_off_or_foreign_report_is_refused_and_leaves_the_output),
	};

	return RUN_TESTS(uds_text);
}
