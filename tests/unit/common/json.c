#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "common/json.h"

static void objects_and_arrays_nest_with_their_commas(void **state)
{
	struct json j;
	static const uint8_t bytes[] = {0x00, 0xfe};

	(void)state;
	json_init(&j);
	json_object(&j);
	json_key(&j, "a");
	json_array(&j);
	json_uint(&j, UINT64_MAX);
	json_int(&j, INT64_MIN);
	json_object(&j);
	json_object_end(&j);
	json_array_end(&j);
	json_key(&j, "b");
	json_bool(&j, true);
	json_key(&j, "c");
	json_real(&j, 1.25, 1);
	json_key(&j, "d");
	json_real(&j, NAN, 1);
	json_key(&j, "e");
	json_hex(&j, bytes, 2);
	json_key(&j, "f");
	json_string(&j, NULL);
	json_object_end(&j);
	assert_string_equal(json_text(&j), "{\"a\":[18446744073709551615,-9223372036854775808,{}],\"b\":true,\"c\":1.2,"
					   "\"d\":null,\"e\":\"00fe\",\"f\":null}");
	json_deinit(&j);
}

static void an_untouched_writer_has_an_empty_text(void **state)
{
	struct json j;

	(void)state;
	json_init(&j);
	assert_string_equal(json_text(&j), "");
	json_deinit(&j);
}

static void strings_are_escaped(void **state)
{
	struct json j;

	(void)state;
	json_init(&j);
	json_string(&j, "a\"\\\n\t\x01\x7f/ü€😀");
	assert_string_equal(json_text(&j), "\"a\\\"\\\\\\n\\t\\u0001\\u007f/ü€😀\"");
	json_deinit(&j);
}

static void invalid_utf8_becomes_the_replacement_character(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
	    {"\xff", "\"\xef\xbf\xbd\""},
	    {"a\xc3", "\"a\xef\xbf\xbd\""},                               /* cut off */
	    {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
	    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
	    {"\xe2\x82z", "\"\xef\xbf\xbd\xef\xbf\xbdz\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json j;

		json_init(&j);
		json_string(&j, cases[i].in);
		assert_string_equal(json_text(&j), cases[i].out);
		json_deinit(&j);
	}
}

static void long_texts_grow_the_buffer(void **state)
{
	struct json j;

	(void)state;
	json_init(&j);
	json_array(&j);
	for (int i = 0; i < 1000; i++)
		json_uint(&j, 7);
	json_array_end(&j);
	assert_int_equal(strlen(json_text(&j)), 2001);
	json_deinit(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(objects_and_arrays_nest_with_their_commas),
	    cmocka_unit_test(an_untouched_writer_has_an_empty_text),
	    cmocka_unit_test(strings_are_escaped),
	    cmocka_unit_test(invalid_utf8_becomes_the_replacement_character),
	    cmocka_unit_test(long_texts_grow_the_buffer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
