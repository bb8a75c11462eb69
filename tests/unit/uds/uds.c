#include "support.h"

#include "uds/uds.h"

static void every_code_has_words_and_unknown_ones_say_so(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= 0xff; code++) {
		assert_true(strlen(uds_sid_text((uint8_t)code)) > 0);
		assert_true(strlen(uds_nrc_text((uint8_t)code)) > 0);
		assert_non_null(uds_nrc_hint((uint8_t)code));
	}
	assert_string_equal(uds_sid_text(0x36), "TransferData");
	assert_string_equal(uds_sid_text(0x00), "unknown service");
	assert_string_equal(uds_nrc_text(0x72), "general programming failure");
	assert_string_equal(uds_nrc_text(0xfe), "manufacturer-specific or reserved code");
	assert_string_equal(uds_nrc_hint(0xfe), "");
}

static void what_stops_a_flash_has_a_hint(void **state)
{
	static const uint8_t codes[] = {0x13, 0x22, 0x24, 0x31, 0x33, 0x35, 0x36, 0x37, 0x70,
					0x71, 0x72, 0x73, 0x7e, 0x7f, 0x83, 0x92, 0x93};

	(void)state;
	for (size_t i = 0; i < sizeof(codes); i++)
		assert_true(strlen(uds_nrc_hint(codes[i])) > 0);
}

static void services_with_a_sub_function_are_known(void **state)
{
	static const uint8_t with[] = {0x10, 0x11, 0x19, 0x27, 0x28, 0x29, 0x2c, 0x31, 0x3e, 0x83, 0x85, 0x86, 0x87};

	(void)state;
	for (unsigned sid = 0; sid <= 0xff; sid++)
		assert_int_equal(uds_sid_has_sub_function((uint8_t)sid), memchr(with, (int)sid, sizeof(with)) != NULL);
}

int main(void)
{
	const struct CMUnitTest uds[] = {
	    cmocka_unit_test(every_code_has_words_and_unknown_ones_say_so),
	    cmocka_unit_test(what_stops_a_flash_has_a_hint),
	    cmocka_unit_test(services_with_a_sub_function_are_known),
	};

	return RUN_TESTS(uds);
}
