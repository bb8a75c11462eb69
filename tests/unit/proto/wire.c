#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/wire.h"

/* the types that a peer's bytes are read as; all others are within these */
static const ProtobufCMessageDescriptor *const roots[] = {
    &gu__envelope__descriptor, &gu__signed__descriptor,           &gu__manifest__descriptor,
    &gu__director__descriptor, &gu__time_attestation__descriptor, &gu__frame__descriptor,
};

static unsigned deepest(const ProtobufCMessageDescriptor *type, const ProtobufCMessageDescriptor **above, unsigned n)
{
	unsigned depth = n + 1;

	for (unsigned i = 0; i < n; i++) {
		if (above[i] == type)
			fail_msg("%s is within itself", type->name);
	}
	assert_true(n < 16);
	above[n] = type;
	for (unsigned i = 0; i < type->n_fields; i++) {
		if (type->fields[i].type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		unsigned below = deepest(type->fields[i].descriptor, above, n + 1);

		depth = below > depth ? below : depth;
	}
	return depth;
}

static void no_message_type_is_recursive_and_all_fit_the_depth(void **state)
{
	const ProtobufCMessageDescriptor *above[16];
	unsigned depth = 0;

	(void)state;
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
		unsigned of_root = deepest(roots[i], above, 0);

		depth = of_root > depth ? of_root : depth;
	}
	assert_in_range(depth, 4, WIRE_MAX_DEPTH);
}

static void each_type(const ProtobufCMessageDescriptor *type)
{
	assert_in_range(type->n_fields, 0, WIRE_MAX_FIELDS);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];

		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			each_type(f->descriptor);
		/* an enumeration's 0 is "not said", so that a field left out is never taken for a choice */
		if (f->type == PROTOBUF_C_TYPE_ENUM)
			assert_non_null(protobuf_c_enum_descriptor_get_value(f->descriptor, 0));
	}
}

static void every_type_fits_the_limits_of_the_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
		each_type(roots[i]);
}

static void check(const ProtobufCMessageDescriptor *type, const void *bytes, size_t n, enum envelope_verdict verdict,
		  const char *detail)
{
	struct envelope_error error;
	struct check c;

	check_init(&c, &error);
	assert_int_equal(wire_check(&c, type, bytes, n), verdict == ENVELOPE_OK);
	assert_int_equal(error.verdict, verdict);
	assert_string_equal(error.detail, detail);
}

#define CHECK(type, bytes, verdict, detail) check(&type, bytes, sizeof(bytes) - 1, verdict, detail)

static void text_is_utf8_without_nul_and_control_characters(void **state)
{
	static const char words[] = ": not UTF-8, or with control characters";
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
	    {"a\0b", 3},
	    {"\n", 1},
	    {"\x1b[31m", 5},
	    {"\x7f", 1},
	    {"\xc2\x80", 2},
	    {"\xc2\x9f", 2},
	    {"\xff", 1},
	    {"\xc0\xaf", 2},
	    {"\xe0\x80\x80", 3},
	    {"\xed\xa0\x80", 3},
	    {"\xf4\x90\x80\x80", 4},
	    {"\xc3", 1},
	    {"\x80", 1},
	    {"\xf8\x88\x80\x80\x80", 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint8_t bytes[16] = {2 << 3 | 2, (uint8_t)bad[i].n}; /* Manifest.id */
		char detail[64];

		memcpy(bytes + 2, bad[i].bytes, bad[i].n);
		snprintf(detail, sizeof detail, "id%s", words);
		check(&gu__manifest__descriptor, bytes, bad[i].n + 2, ENVELOPE_MALFORMED, detail);
	}
	CHECK(gu__manifest__descriptor, "\x1a\x0a\xc3\xbc\xe2\x82\xac\xf0\x9f\x9a\x97!", ENVELOPE_OK, "");
}

static void an_enumeration_value_is_judged_in_all_its_64_bits(void **state)
{
	(void)state;
	/* Condition.kind = 2; then 99; then 2 + 2^32, which protobuf-c takes for 2; then -1 */
	CHECK(gu__condition__descriptor, "\x08\x02", ENVELOPE_OK, "");
	CHECK(gu__condition__descriptor, "\x08\x63", ENVELOPE_UNKNOWN_VALUE, "kind: not a value that is known");
	CHECK(gu__condition__descriptor, "\x08\x82\x80\x80\x80\x10", ENVELOPE_UNKNOWN_VALUE,
	      "kind: not a value that is known");
	CHECK(gu__condition__descriptor, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ENVELOPE_UNKNOWN_VALUE,
	      "kind: not a value that is known");
}

static void a_single_field_occurs_once(void **state)
{
	(void)state;
	CHECK(gu__window__descriptor, "\x08\x01\x10\x02", ENVELOPE_OK, "");
	CHECK(gu__window__descriptor, "\x08\x01\x08\x02", ENVELOPE_MALFORMED, "start_unix_s: given twice");
}

static void one_member_of_a_oneof_occurs(void **state)
{
	(void)state;
	/* Target.rollback_image and no_rollback */
	CHECK(gu__target__descriptor, "\x2a\x00", ENVELOPE_OK, "");
	CHECK(gu__target__descriptor, "\x2a\x00\x32\x00", ENVELOPE_MALFORMED, "no_rollback: given twice");
}

static void the_path_counts_the_entries_of_lists(void **state)
{
	(void)state;
	/* Director.campaigns[2].conditions[1].kind */
	CHECK(gu__director__descriptor, "\x22\x00\x22\x00\x22\x06\x42\x00\x42\x02\x08\x63", ENVELOPE_UNKNOWN_VALUE,
	      "campaigns[2].conditions[1].kind: not a value that is known");
}

static void unknown_fields_pass_if_they_are_well_formed(void **state)
{
	static const char cut[] = "not a message of this type, or cut off";

	(void)state;
	/* fields 100: a varint, 8 bytes, a string, 4 bytes */
	CHECK(gu__window__descriptor,
	      "\xa0\x06\x01\xa1\x06"
	      "12345678"
	      "\xa2\x06\x01x\xa5\x06"
	      "1234",
	      ENVELOPE_OK, "");
	CHECK(gu__window__descriptor, "\xa2\x06\x02x", ENVELOPE_MALFORMED, cut);
	CHECK(gu__window__descriptor, "\xa3\x06", ENVELOPE_MALFORMED, cut); /* a group */
	CHECK(gu__window__descriptor, "\x02\x00", ENVELOPE_MALFORMED, cut); /* field 0 */
	CHECK(gu__window__descriptor, "\x08", ENVELOPE_MALFORMED, cut);
	CHECK(gu__window__descriptor, "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", ENVELOPE_MALFORMED, cut);
	/* a length near 2^64 */
	CHECK(gu__window__descriptor, "\xa2\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ENVELOPE_MALFORMED, cut);
}

static void a_known_field_has_its_wire_type(void **state)
{
	(void)state;
	CHECK(gu__window__descriptor, "\x0a\x01x", ENVELOPE_MALFORMED, "start_unix_s: of the wrong wire type");
	CHECK(gu__manifest__descriptor, "\x10\x01", ENVELOPE_MALFORMED, "id: of the wrong wire type");
}

static void packed_numbers_are_whole(void **state)
{
	(void)state;
	/* Component.preserve_dids, packed and not */
	CHECK(gu__component__descriptor, "\x3a\x04\x90\xe2\x03\x01\x38\x05", ENVELOPE_OK, "");
	CHECK(gu__component__descriptor, "\x3a\x02\x90\xe2", ENVELOPE_MALFORMED, "preserve_dids[0]: cut off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_message_type_is_recursive_and_all_fit_the_depth),
	    cmocka_unit_test(every_type_fits_the_limits_of_the_check),
	    cmocka_unit_test(text_is_utf8_without_nul_and_control_characters),
	    cmocka_unit_test(an_enumeration_value_is_judged_in_all_its_64_bits),
	    cmocka_unit_test(a_single_field_occurs_once),
	    cmocka_unit_test(one_member_of_a_oneof_occurs),
	    cmocka_unit_test(the_path_counts_the_entries_of_lists),
	    cmocka_unit_test(unknown_fields_pass_if_they_are_well_formed),
	    cmocka_unit_test(a_known_field_has_its_wire_type),
	    cmocka_unit_test(packed_numbers_are_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
