#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "sim/bus_fault.h"

static struct can_msg frame(uint32_t id)
{
	return (struct can_msg){.id = id, .len = 8};
}

static void a_rule_is_what_its_words_say(void **state)
{
	static const char *const texts[] = {
	    "drop",
	    "drop id=7E8 ppm=500",
	    "duplicate id=7E0-7EF nth=100 count=1",
	    "delay id=18DA10F1 us=3000",
	    "corrupt id=7E0/7F0 count=3 seed=9",
	    "bus-off client=2 nth=5 count=2 restart-ms=100",
	};
	char text[BUS_FAULT_TEXT];
	struct bus_fault_rule rule;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_null(bus_fault_parse(texts[i], &rule));
		bus_fault_format(&rule, text);
		assert_string_equal(text, texts[i]);
	}
}

static void nonsense_is_refused_and_leaves_the_rule_alone(void **state)
{
	static const char *const texts[] = {
	    "",
	    "fly",
	    "drop id=",
	    "drop id=XYZ",
	    "drop id=800",
	    "drop id=20000000",
	    "drop id=7EF-7E0",
	    "drop id=7E0-",
	    "drop id=7E0/",
	    "drop id=7E0,7E1",
	    "drop ppm=0",
	    "drop ppm=500 ppm=2",
	    "drop ppm=2 ppm=2",
	    "drop id=7E8 nth=2 id=7E0",
	    "drop client=1 client=2",
	    "drop nth=1 nth=1",
	    "drop count=1 count=3",
	    "drop seed=1 nth=1 seed=1",
	    "delay us=5 us=7",
	    "bus-off restart-ms=1 restart-ms=2",
	    "drop ppm=1000001",
	    "drop ppm=-5",
	    "drop ppm=5x",
	    "drop nth=0",
	    "drop count=0",
	    "drop count=99999999999999999999999",
	    "drop client=64",
	    "drop us=5",
	    "delay",
	    "delay us=0",
	    "bus-off restart-ms=0",
	    "corrupt restart-ms=5",
	    "drop sometimes",
	    "drop id",
	};
	const struct bus_fault_rule before = {.ppm = 77};
	struct bus_fault_rule rule = before;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!bus_fault_parse(texts[i], &rule))
			fail_msg("taken: \"%s\"", texts[i]);
		assert_memory_equal(&rule, &before, sizeof(rule));
	}
}

static bool hits_once(const char *text, uint32_t id, uint8_t flags, int client)
{
	struct can_msg msg = {.id = id, .flags = flags};
	struct bus_fault_rule rule;
	struct bus_fault f;

	assert_null(bus_fault_parse(text, &rule));
	bus_fault_init(&f, &rule, 1);
	return bus_fault_hits(&f, &msg, client);
}

static void a_rule_hits_its_identifiers_and_clients_only(void **state)
{
	(void)state;
	assert_true(hits_once("drop", 0x123, 0, 0));
	assert_true(hits_once("drop id=7E8", 0x7e8, 0, 0));
	assert_false(hits_once("drop id=7E8", 0x7e9, 0, 0));
	assert_false(hits_once("drop id=7E8", 0x7e8, CAN_MSG_EXTENDED, 0));
	assert_true(hits_once("drop id=000007E8", 0x7e8, CAN_MSG_EXTENDED, 0));
	assert_false(hits_once("drop id=7E0-7EF", 0x7df, 0, 0));
	assert_true(hits_once("drop id=7E0-7EF", 0x7e0, 0, 0));
	assert_true(hits_once("drop id=7E0-7EF", 0x7ef, 0, 0));
	assert_false(hits_once("drop id=7E0-7EF", 0x7f0, 0, 0));
	assert_true(hits_once("drop id=18DA00F1/1FFF00FF", 0x18da55f1, CAN_MSG_EXTENDED, 0));
	assert_false(hits_once("drop id=18DA00F1/1FFF00FF", 0x18da55f2, CAN_MSG_EXTENDED, 0));
	assert_true(hits_once("drop client=3", 0x123, 0, 3));
	assert_false(hits_once("drop client=3", 0x123, 0, 2));
	assert_false(hits_once("drop client=3", 0x123, 0, -1));
}

static void a_rule_begins_at_its_nth_frame_and_ends_after_its_count(void **state)
{
	struct can_msg msg = frame(0x100);
	struct can_msg other = frame(0x200);
	struct bus_fault_rule rule;
	struct bus_fault f;

	(void)state;
	assert_null(bus_fault_parse("drop id=100 nth=3 count=2", &rule));
	bus_fault_init(&f, &rule, 1);
	for (unsigned i = 1; i <= 10; i++) {
		assert_false(bus_fault_hits(&f, &other, 0)); /* does not count */
		assert_int_equal(bus_fault_hits(&f, &msg, 0), i == 3 || i == 4);
	}
	assert_int_equal(f.n_seen, 10);
	assert_int_equal(f.n_hits, 2);
	assert_null(bus_fault_parse("drop nth=3", &rule));
	assert_int_equal(rule.count, 1);
}

static uint64_t pattern(const char *text, uint64_t seed, unsigned *n_hits)
{
	struct can_msg msg = frame(0x100);
	struct bus_fault_rule rule;
	struct bus_fault f;
	uint64_t hash = 0;

	assert_null(bus_fault_parse(text, &rule));
	bus_fault_init(&f, &rule, seed);
	for (unsigned i = 0; i < 10000; i++) {
		if (bus_fault_hits(&f, &msg, 0))
			hash = hash * 31 + i;
	}
	*n_hits = (unsigned)f.n_hits;
	return hash;
}

static void chance_follows_the_seed(void **state)
{
	unsigned n;

	(void)state;
	const uint64_t first = pattern("drop ppm=20000", 7, &n);
	assert_in_range(n, 140, 260);
	assert_true(pattern("drop ppm=20000", 7, &n) == first);
	assert_false(pattern("drop ppm=20000", 8, &n) == first);
	assert_true(pattern("drop ppm=20000 seed=7", 8, &n) == first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rule_is_what_its_words_say),
	    cmocka_unit_test(nonsense_is_refused_and_leaves_the_rule_alone),
	    cmocka_unit_test(a_rule_hits_its_identifiers_and_clients_only),
	    cmocka_unit_test(a_rule_begins_at_its_nth_frame_and_ends_after_its_count),
	    cmocka_unit_test(chance_follows_the_seed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
