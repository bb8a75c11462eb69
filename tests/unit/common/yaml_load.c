#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/yaml_load.h"

enum colour { RED = 3, GREEN = 5 };

struct timing {
	uint16_t p2_ms;
	int8_t offset;
};

struct item {
	char *name;
	uint8_t level;
};

struct thing {
	struct timing timing;
	struct item *items;
	unsigned items_count;
	enum colour colour;
	bool on;
	double factor;
	char *note;
};

static const cyaml_strval_t colour_words[] = {{"red", RED}, {"green", GREEN}};
static const cyaml_schema_field_t timing_fields[] = {
    CYAML_FIELD_UINT("p2_ms", CYAML_FLAG_DEFAULT, struct timing, p2_ms),
    CYAML_FIELD_INT("offset", CYAML_FLAG_OPTIONAL, struct timing, offset),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t item_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct item, name, 1, 8),
    CYAML_FIELD_UINT("level", CYAML_FLAG_OPTIONAL, struct item, level),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t item_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct item, item_fields),
};
static const cyaml_schema_field_t thing_fields[] = {
    CYAML_FIELD_MAPPING("timing", CYAML_FLAG_DEFAULT, struct thing, timing, timing_fields),
    CYAML_FIELD_SEQUENCE("items", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct thing, items, &item_schema, 1, 3),
    CYAML_FIELD_ENUM("colour", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct thing, colour, colour_words, 2),
    CYAML_FIELD_BOOL("on", CYAML_FLAG_OPTIONAL, struct thing, on),
    CYAML_FIELD_FLOAT("factor", CYAML_FLAG_OPTIONAL, struct thing, factor),
    CYAML_FIELD_STRING_PTR("note", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct thing, note, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t thing_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct thing, thing_fields),
};

static void refuses_n(const char *text, size_t n, const char *want)
{
	struct yaml_error error = {""};
	void *data = NULL;
	struct yaml_doc *doc = NULL;

	assert_int_equal(yaml_load_memory("t.yaml", text, n, &thing_schema, &data, &doc, &error), 1);
	assert_string_equal(error.text, want);
	assert_null(data);
	assert_null(doc);
}

static void refuses(const char *text, const char *want)
{
	refuses_n(text, strlen(text), want);
}

static struct thing *loads(const char *text, struct yaml_doc **doc)
{
	struct yaml_error error = {""};
	void *data = NULL;

	int r = yaml_load_memory("t.yaml", text, strlen(text), &thing_schema, &data, doc, &error);
	if (r != 0)
		fail_msg("%s", error.text);
	return data;
}

static void a_right_document_loads_with_every_type(void **state)
{
	(void)state;
	struct thing *t = loads("timing: {p2_ms: 0x10, offset: -128}\n"
				"items:\n"
				"  - {name: a, level: 255}\n"
				"  - name: b\n"
				"colour: green\n"
				"on: yes\n"
				"factor: -0.5e1\n"
				"note: 010\n",
				NULL);
	assert_int_equal(t->timing.p2_ms, 16);
	assert_int_equal(t->timing.offset, -128);
	assert_int_equal(t->items_count, 2);
	assert_string_equal(t->items[1].name, "b");
	assert_int_equal(t->items[0].level, 255);
	assert_int_equal(t->colour, GREEN);
	assert_true(t->on);
	assert_true(t->factor == -5.0);
	assert_string_equal(t->note, "010");
	yaml_free(&thing_schema, t);
}

static void an_unknown_key_names_file_line_and_key(void **state)
{
	(void)state;
	refuses("timing:\n  p2_ms: 5\n  p3_ms: 5\n", "t.yaml:3: timing.p3_ms: unknown key (known here: p2_ms, offset)");
	refuses("timing: {p2_ms: 5}\nitems:\n  - name: a\n  - name: b\n    lvl: 1\n",
		"t.yaml:5: items[1].lvl: unknown key (known here: name, level)");
}

static void a_missing_key_names_the_line_of_its_parent(void **state)
{
	(void)state;
	refuses("note: x\n\ntiming:\n  offset: 1\n", "t.yaml:3: timing.p2_ms: is missing");
	refuses("# words\nnote: x\n", "t.yaml:2: timing: is missing");
	refuses("timing: {p2_ms: 1}\nitems:\n- name: a\n- level: 1\n", "t.yaml:4: items[1].name: is missing");
}

static void a_key_given_twice_is_refused(void **state)
{
	(void)state;
	refuses("note: x\ntiming: {p2_ms: 1}\nnote: y\n", "t.yaml:3: note: is given twice, first in line 1");
}

static void integers_with_letters_or_leading_zeros_are_refused(void **state)
{
	static const char *const bad[] = {"12abc", "010", "1.5", "0x", "0xg", "+", "", "1 2", "0b1"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		char want[160];

		snprintf(text, sizeof(text), "timing:\n  p2_ms: %s\n", bad[i]);
		snprintf(want, sizeof(want),
			 "t.yaml:2: timing.p2_ms: must be an integer (decimal without leading zeros, or 0x…), is "
			 "\"%s\"",
			 bad[i]);
		refuses(text, want);
	}
}

static void integers_out_of_their_range_are_refused(void **state)
{
	(void)state;
	refuses("timing: {p2_ms: 65536}\n", "t.yaml:1: timing.p2_ms: must be 0..65535, is 65536");
	refuses("timing: {p2_ms: -1}\n", "t.yaml:1: timing.p2_ms: must be 0..65535, is -1");
	refuses("timing: {p2_ms: 99999999999999999999}\n",
		"t.yaml:1: timing.p2_ms: must be 0..65535, is 99999999999999999999");
	refuses("timing: {p2_ms: 1, offset: -129}\n", "t.yaml:1: timing.offset: must be -128..127, is -129");
	yaml_free(&thing_schema, loads("timing: {p2_ms: 65535, offset: 127}\n", NULL));
}

static void words_numbers_and_booleans_are_checked(void **state)
{
	(void)state;
	refuses("timing: {p2_ms: 1}\ncolour: blue\n", "t.yaml:2: colour: must be one of red, green; is \"blue\"");
	refuses("timing: {p2_ms: 1}\non: maybe\n", "t.yaml:2: on: must be true or false, is \"maybe\"");
	refuses("timing: {p2_ms: 1}\nfactor: 1x\n", "t.yaml:2: factor: must be a number, is \"1x\"");
	refuses("timing: {p2_ms: 1}\nfactor: nan\n", "t.yaml:2: factor: must be a number, is \"nan\"");
}

static void lengths_are_checked(void **state)
{
	(void)state;
	refuses("timing: {p2_ms: 1}\nitems: [{name: abcdefghi}]\n",
		"t.yaml:2: items[0].name: may have at most 8 characters, has 9");
	refuses("timing: {p2_ms: 1}\nitems: [{name: ''}]\n",
		"t.yaml:2: items[0].name: needs at least 1 characters, has 0");
	refuses("timing: {p2_ms: 1}\nitems: []\n", "t.yaml:2: items: needs at least 1 entries, has 0");
	refuses("timing: {p2_ms: 1}\nitems: [{name: a},{name: a},{name: a},{name: a}]\n",
		"t.yaml:2: items: may have at most 3 entries, has 4");
}

static void the_wrong_kind_of_value_is_named(void **state)
{
	(void)state;
	refuses("timing: 5\n", "t.yaml:1: timing: must be a mapping, is a single value");
	refuses("timing: {p2_ms: [1]}\n", "t.yaml:1: timing.p2_ms: must be a single value, is a sequence");
	refuses("timing: {p2_ms: 1}\nitems: {a: 1}\n", "t.yaml:2: items: must be a sequence, is a mapping");
	refuses("- 1\n", "t.yaml:1: must be a mapping, is a sequence");
	refuses("? [a]\n: 1\n", "t.yaml:1: a key must be a single word");
}

static void a_syntax_error_names_its_exact_line(void **state)
{
	struct yaml_error error;
	void *data = NULL;
	const char *text = "timing:\n  p2_ms: 1\n\tnote: x\n";

	(void)state;
	assert_int_equal(yaml_load_memory("t.yaml", text, strlen(text), &thing_schema, &data, NULL, &error), 1);
	assert_memory_equal(error.text, "t.yaml:3: ", 10);
	text = "timing: {p2_ms: 1}\nnote: \"\xff\"\n";
	assert_int_equal(yaml_load_memory("t.yaml", text, strlen(text), &thing_schema, &data, NULL, &error), 1);
	assert_memory_equal(error.text, "t.yaml:2: ", 10);
}

static void empty_documents_are_refused(void **state)
{
	(void)state;
	refuses("", "t.yaml:1: the file is empty");
	refuses("# nothing\n\n", "t.yaml:1: the file is empty");
	refuses("---\n", "t.yaml:2: the file is empty");
}

static void anchors_and_aliases_are_refused(void **state)
{
	(void)state;
	refuses("timing: {p2_ms: 1}\nnote: &a x\n", "t.yaml:2: anchors are not allowed");
	refuses("timing: {p2_ms: 1}\nnote: *a\n", "t.yaml:2: aliases are not allowed");
}

static void a_second_document_is_refused(void **state)
{
	(void)state;
	refuses("timing: {p2_ms: 1}\n---\nnote: x\n", "t.yaml:2: a second document in one file");
}

static void a_zero_byte_in_a_value_is_refused(void **state)
{
	(void)state;
	refuses("timing: {p2_ms: 1}\nnote: \"a\\0b\"\n", "t.yaml:2: a zero byte in a value");
}

static void thirty_two_levels_pass_and_one_more_is_refused(void **state)
{
	char text[256] = "note: ";
	struct yaml_error error;
	void *data = NULL;

	(void)state;
	memset(text + 6, '[', 31);
	memset(text + 37, ']', 31);
	assert_int_equal(yaml_load_memory("t.yaml", text, 68, &thing_schema, &data, NULL, &error), 1);
	assert_non_null(strstr(error.text, "must be a single value"));
	memset(text + 6, '[', 32);
	memset(text + 38, ']', 32);
	refuses_n(text, 70, "t.yaml:1: nested deeper than 32 levels");
}

static void a_megabyte_of_brackets_is_refused_at_once(void **state)
{
	size_t n = 1024 * 1024;
	char *text = malloc(n + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '[', n + 1);
	refuses_n(text, n, "t.yaml:1: nested deeper than 32 levels");
	refuses_n(text, n + 1, "t.yaml: larger than 1 MiB");
	free(text);
}

static void semantic_errors_find_the_line_of_their_key(void **state)
{
	struct yaml_doc *doc = NULL;
	struct yaml_error error;
	struct thing *t = loads("note: x\n"
				"timing:\n"
				"  p2_ms: 5\n"
				"items:\n"
				"  - name: a\n"
				"  - name: b\n"
				"    level: 3\n",
				&doc);

	(void)state;
	assert_int_equal(yaml_line_of(doc, "timing.p2_ms"), 3);
	assert_int_equal(yaml_line_of(doc, "items"), 4);
	assert_int_equal(yaml_line_of(doc, "items[1]"), 6);
	assert_int_equal(yaml_line_of(doc, "items[1].level"), 7);
	assert_int_equal(yaml_line_of(doc, "timing.offset"), 2); /* nearest known parent */
	assert_int_equal(yaml_line_of(doc, "items[9].level"), 4);
	assert_true(yaml_has(doc, "items[1].level"));
	assert_false(yaml_has(doc, "items[0].level"));
	assert_false(yaml_has(doc, "timing.offset"));
	assert_int_equal(yaml_error_at(doc, &error, "items[1].level", "must be %d..%d", 4, 9), 1);
	assert_string_equal(error.text, "t.yaml:7: items[1].level: must be 4..9");
	yaml_free(&thing_schema, t);
	yaml_doc_free(doc);
}

static void libcyamls_own_refusals_keep_path_and_line(void **state)
{
	/* a bit field is not checked by our walk: the message and its path come out of libcyaml's log */
	struct bits {
		uint8_t field;
	};
	static const cyaml_bitdef_t defs[] = {{"low", 0, 4}};
	static const cyaml_schema_value_t bits_schema = {
	    CYAML_VALUE_BITFIELD(CYAML_FLAG_DEFAULT, uint8_t, defs, 1),
	};
	struct outer {
		uint8_t *list;
		unsigned list_count;
	};
	static const cyaml_schema_field_t outer_fields[] = {
	    CYAML_FIELD_SEQUENCE("list", CYAML_FLAG_POINTER, struct outer, list, &bits_schema, 0, 4),
	    CYAML_FIELD_END,
	};
	static const cyaml_schema_value_t outer_schema = {
	    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct outer, outer_fields),
	};
	const char *text = "list:\n- {low: 1}\n- {low: 99}\n";
	struct yaml_error error;
	void *data = NULL;

	(void)state;
	assert_int_equal(yaml_load_memory("t.yaml", text, strlen(text), &outer_schema, &data, NULL, &error), 1);
	assert_memory_equal(error.text, "t.yaml:3: list[1]", 17);
}

static void a_file_is_read_and_its_absence_reported(void **state)
{
	char path[] = "/tmp/yaml-load-XXXXXX";
	struct yaml_error error;
	void *data = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "timing: {p2_ms: 7}\n", 19), 19);
	close(fd);
	assert_int_equal(yaml_load_file(path, &thing_schema, &data, NULL, &error), 0);
	assert_int_equal(((struct thing *)data)->timing.p2_ms, 7);
	yaml_free(&thing_schema, data);
	unlink(path);
	assert_int_equal(yaml_load_file(path, &thing_schema, &data, NULL, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
	assert_non_null(strstr(error.text, "No such file"));
	assert_int_equal(yaml_load_file("/", &thing_schema, &data, NULL, &error), -EISDIR);
}

static void hex_text_becomes_bytes(void **state)
{
	unsigned char out[3];

	(void)state;
	assert_int_equal(yaml_hex_bytes("3e 80", out, 3), 2);
	assert_int_equal(out[0], 0x3e);
	assert_int_equal(out[1], 0x80);
	assert_int_equal(yaml_hex_bytes("0x3E80aF", out, 3), 3);
	assert_int_equal(out[2], 0xaf);
	assert_int_equal(yaml_hex_bytes("3e8", out, 3), -1);
	assert_int_equal(yaml_hex_bytes("3g", out, 3), -1);
	assert_int_equal(yaml_hex_bytes("", out, 3), -1);
	assert_int_equal(yaml_hex_bytes("01020304", out, 3), -1);
}

static void control_characters_never_reach_an_error(void **state)
{
	(void)state;
	refuses("\"a\\nb\": 1\n", "t.yaml:1: a?b: unknown key (known here: timing, items, colour, on, factor, note)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_right_document_loads_with_every_type),
	    cmocka_unit_test(an_unknown_key_names_file_line_and_key),
	    cmocka_unit_test(a_missing_key_names_the_line_of_its_parent),
	    cmocka_unit_test(a_key_given_twice_is_refused),
	    cmocka_unit_test(integers_with_letters_or_leading_zeros_are_refused),
	    cmocka_unit_test(integers_out_of_their_range_are_refused),
	    cmocka_unit_test(words_numbers_and_booleans_are_checked),
	    cmocka_unit_test(lengths_are_checked),
	    cmocka_unit_test(the_wrong_kind_of_value_is_named),
	    cmocka_unit_test(a_syntax_error_names_its_exact_line),
	    cmocka_unit_test(empty_documents_are_refused),
	    cmocka_unit_test(anchors_and_aliases_are_refused),
	    cmocka_unit_test(a_second_document_is_refused),
	    cmocka_unit_test(a_zero_byte_in_a_value_is_refused),
	    cmocka_unit_test(thirty_two_levels_pass_and_one_more_is_refused),
	    cmocka_unit_test(a_megabyte_of_brackets_is_refused_at_once),
	    cmocka_unit_test(semantic_errors_find_the_line_of_their_key),
	    cmocka_unit_test(libcyamls_own_refusals_keep_path_and_line),
	    cmocka_unit_test(a_file_is_read_and_its_absence_reported),
	    cmocka_unit_test(hex_text_becomes_bytes),
	    cmocka_unit_test(control_characters_never_reach_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
