/* Words that leave the gateway are valid UTF-8 without control characters, whatever was put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "gatewayd/io/text.h"

static void expect(const char *in, const char *out)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", in);
	text_mend(text);
	assert_string_equal(text, out);
}

static void clean_text_stays_as_it_is(void **state)
{
	(void)state;
	expect("", "");
	expect("lamp: attempt 1 of 3", "lamp: attempt 1 of 3");
	expect("T\xc3\xbcr \xe2\x82\xac \xf0\x9f\x9a\x97", "T\xc3\xbcr \xe2\x82\xac \xf0\x9f\x9a\x97");
}

static void a_character_that_was_cut_becomes_question_marks(void **state)
{
	(void)state;
	expect("T\xc3", "T?");
	expect("T\xe2\x82", "T??");
	expect("T\xf0\x9f\x9a", "T???");
	expect("\xc3T", "?T");
}

static void control_characters_and_stray_bytes_are_replaced(void **state)
{
	(void)state;
	expect("a\nb\tc\x7f", "a?b?c?");
	expect("\x80\xff\xfe", "???");
	expect("\xc0\xaf", "??");      /* not the shortest form */
	expect("\xed\xa0\x80", "???"); /* a surrogate */
	expect("a\xc2\x85z", "a??z");  /* U+0085 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clean_text_stays_as_it_is),
	    cmocka_unit_test(a_character_that_was_cut_becomes_question_marks),
	    cmocka_unit_test(control_characters_and_stray_bytes_are_replaced),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
