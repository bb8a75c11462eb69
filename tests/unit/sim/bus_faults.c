#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bus_core.h"
#include "uds/can_bits.h"

#define MS UINT64_C(1000000)

/* Linux's error classes */
#define ERR_CONTROLLER 0x004u
#define ERR_PROTOCOL   0x008u
#define ERR_BUS_OFF    0x040u
#define ERR_BUS_ERROR  0x080u
#define ERR_RESTARTED  0x100u
#define ERR_COUNTERS   0x200u

#define MAX_SEEN       256u

/* a bus with a sender and a receiver that want echoes and error frames, and what they and the log got */
struct bench {
	struct bus *bus;
	unsigned a, b;
	struct bus_delivery seen[MAX_SEEN];
	size_t n_seen;
};

static void start(struct bench *s, struct bus_config config)
{
	config.nominal_bps = 500000;
	config.tap = true;
	bus_init(s->bus, &config);
	s->a = (unsigned)bus_attach(s->bus, true);
	s->b = (unsigned)bus_attach(s->bus, true);
	bus_set_errors(s->bus, s->a, true);
	bus_set_errors(s->bus, s->b, true);
	s->n_seen = 0;
}

static int setup(void **state)
{
	struct bench *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->bus = malloc(sizeof(*s->bus));
	assert_non_null(s->bus);
	start(s, (struct bus_config){.seed = 1});
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct bench *s = *state;

	free(s->bus);
	free(s);
	return 0;
}

static void fault(struct bench *s, const char *text)
{
	struct bus_fault_rule rule;
	const char *wrong = bus_fault_parse(text, &rule);

	if (wrong)
		fail_msg("%s: %s", text, wrong);
	assert_int_equal(bus_add_fault(s->bus, &rule), 0);
}

static struct can_msg frame(uint32_t id, uint8_t byte)
{
	return (struct can_msg){.id = id, .len = 8, .data = {byte}};
}

static uint64_t time_of(const struct can_msg *msg)
{
	return can_bits_time_ns(msg, 500000, 500000);
}

static void submit(struct bench *s, uint64_t now_ns, unsigned client, uint32_t id, uint8_t byte)
{
	struct can_msg msg = frame(id, byte);

	assert_int_equal(bus_input(s->bus, now_ns, client, &msg), 0);
}

static void run_until(struct bench *s, uint64_t end_ns)
{
	while (bus_deadline(s->bus) <= end_ns) {
		bus_expire(s->bus, bus_deadline(s->bus));
		while (s->n_seen < MAX_SEEN && bus_pop_delivery(s->bus, &s->seen[s->n_seen]))
			s->n_seen++;
	}
}

/* the @nth delivery to @client, from 0; NULL if there are not so many */
static const struct bus_delivery *nth(const struct bench *s, unsigned client, size_t n)
{
	for (size_t i = 0; i < s->n_seen; i++) {
		if (s->seen[i].client == client && n-- == 0)
			return &s->seen[i];
	}
	return NULL;
}

static size_t count(const struct bench *s, unsigned client)
{
	size_t n = 0;

	while (nth(s, client, n))
		n++;
	return n;
}

static void a_dropped_frame_reaches_nobody_and_its_sender_does_not_notice(void **state)
{
	struct bench *s = *state;

	fault(s, "drop id=100 nth=2");
	for (unsigned i = 0; i < 3; i++)
		submit(s, 0, s->a, 0x100, (uint8_t)i);
	run_until(s, 10 * MS);
	assert_int_equal(count(s, s->a), 3);
	assert_int_equal(count(s, s->b), 2);
	assert_int_equal(nth(s, s->b, 1)->msg.data[0], 2);
	assert_true(nth(s, BUS_TAP, 1)->lost);
	assert_int_equal(bus_stats(s->bus).n_dropped, 1);
	assert_int_equal(bus_client_stats(s->bus, s->a)->n_lost, 1);
}

static void a_duplicated_frame_is_received_twice_and_confirmed_once(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = frame(0x100, 1);

	fault(s, "duplicate nth=1");
	submit(s, 0, s->a, 0x100, 1);
	submit(s, 0, s->a, 0x100, 2);
	run_until(s, 10 * MS);
	assert_int_equal(count(s, s->b), 3);
	assert_int_equal(nth(s, s->b, 0)->msg.data[0], 1);
	assert_int_equal(nth(s, s->b, 1)->msg.data[0], 1);
	assert_int_equal(nth(s, s->b, 2)->msg.data[0], 2);
	assert_int_equal(nth(s, s->b, 1)->at_ns, 2 * time_of(&msg)); /* it takes the wire twice */
	assert_int_equal(count(s, s->a), 2);
	assert_int_equal(nth(s, s->a, 0)->at_ns, 2 * time_of(&msg));
	assert_int_equal(bus_stats(s->bus).n_frames, 3);
}

static void a_delayed_frame_and_those_behind_it_come_later(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = frame(0x100, 1);

	fault(s, "delay id=100 nth=1 us=3000");
	submit(s, 1 * MS, s->a, 0x100, 1);
	submit(s, 1 * MS, s->a, 0x050, 2);
	submit(s, 1 * MS, s->b, 0x300, 3);
	run_until(s, 10 * MS);
	assert_int_equal(nth(s, BUS_TAP, 0)->msg.id, 0x300); /* the bus is not held */
	assert_int_equal(nth(s, BUS_TAP, 1)->msg.id, 0x100);
	assert_int_equal(nth(s, BUS_TAP, 1)->at_ns, 4 * MS + time_of(&msg));
	assert_int_equal(nth(s, BUS_TAP, 2)->msg.id, 0x050);
}

static void a_destroyed_frame_is_an_error_frame_and_is_sent_again(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = frame(0x100, 1);
	const uint64_t error_ns = time_of(&msg) + 13 * 2000; /* 20 bits of error frame for 7 of its end */

	fault(s, "corrupt id=100 nth=1");
	submit(s, 0, s->a, 0x100, 1);
	submit(s, 0, s->a, 0x100, 2);
	run_until(s, 10 * MS);
	/* the receiver: a CRC error, then both frames */
	assert_int_equal(count(s, s->b), 3);
	const struct bus_delivery *d = nth(s, s->b, 0);
	assert_int_equal(d->msg.flags, CAN_MSG_ERROR);
	assert_int_equal(d->msg.id, ERR_PROTOCOL | ERR_BUS_ERROR);
	assert_int_equal(d->msg.len, 8);
	assert_int_equal(d->msg.data[3], 0x08);
	assert_int_equal(d->at_ns, error_ns);
	assert_int_equal(nth(s, s->b, 1)->msg.data[0], 1);
	assert_int_equal(nth(s, s->b, 1)->at_ns, error_ns + time_of(&msg));
	assert_int_equal(nth(s, s->b, 2)->msg.data[0], 2);
	/* the sender: its controller's report, no echo of what was destroyed */
	assert_int_equal(count(s, s->a), 3);
	d = nth(s, s->a, 0);
	assert_false(d->echo);
	assert_int_equal(d->msg.id, ERR_PROTOCOL | ERR_BUS_ERROR | ERR_COUNTERS);
	assert_int_equal(d->msg.data[2], 0x80);
	assert_int_equal(d->msg.data[6], 8);
	assert_true(nth(s, s->a, 1)->echo);
	/* the log holds the error frame, not the frame that nobody has seen */
	assert_int_equal(count(s, BUS_TAP), 3);
	assert_int_equal(nth(s, BUS_TAP, 0)->msg.flags, CAN_MSG_ERROR);
	assert_int_equal(bus_stats(s->bus).n_errors, 1);
	assert_int_equal(bus_stats(s->bus).n_frames, 2);
	assert_int_equal(bus_client_stats(s->bus, s->a)->n_errors, 1);
}

static void error_frames_come_to_who_asked_only(void **state)
{
	struct bench *s = *state;

	bus_set_errors(s->bus, s->a, false);
	bus_set_errors(s->bus, s->b, false);
	fault(s, "corrupt nth=1");
	submit(s, 0, s->a, 0x100, 1);
	run_until(s, 10 * MS);
	assert_int_equal(count(s, s->a), 1);
	assert_true(nth(s, s->a, 0)->echo);
	assert_int_equal(count(s, s->b), 1);
	assert_int_equal(nth(s, s->b, 0)->msg.flags, 0);
}

static void a_destroyed_frame_competes_for_the_bus_again(void **state)
{
	struct bench *s = *state;

	fault(s, "corrupt id=100 nth=1");
	submit(s, 0, s->a, 0x100, 1);
	submit(s, 1, s->b, 0x050, 2); /* comes while it is destroyed */
	run_until(s, 10 * MS);
	assert_int_equal(nth(s, BUS_TAP, 1)->msg.id, 0x050);
	assert_int_equal(nth(s, BUS_TAP, 2)->msg.id, 0x100);
}

static void a_full_queue_has_room_for_the_frame_that_comes_back(void **state)
{
	struct bench *s = *state;

	fault(s, "corrupt nth=1");
	submit(s, 0, s->a, 0x100, 0);
	bus_expire(s->bus, 1); /* on the wire */
	assert_false(bus_pop_delivery(s->bus, &s->seen[0]));
	for (unsigned i = 1; i <= BUS_QUEUE; i++)
		submit(s, 1, s->a, 0x100, (uint8_t)i);
	run_until(s, 1000 * MS);
	assert_int_equal(count(s, s->b), BUS_QUEUE + 2);
	for (unsigned i = 0; i <= BUS_QUEUE; i++)
		assert_int_equal(nth(s, s->b, i + 1)->msg.data[0], i);
	assert_int_equal(bus_room(s->bus, s->a), BUS_QUEUE);
}

static void a_frame_that_is_always_destroyed_puts_its_sender_off_the_bus(void **state)
{
	struct bench *s = *state;

	fault(s, "corrupt id=100");
	submit(s, 0, s->a, 0x100, 1);
	submit(s, 0, s->a, 0x101, 2);
	run_until(s, 100 * MS);
	assert_int_equal(count(s, s->a), 32); /* 256 / 8 */
	assert_int_equal(nth(s, s->a, 11)->msg.id & ERR_CONTROLLER, ERR_CONTROLLER);
	assert_int_equal(nth(s, s->a, 11)->msg.data[1], 0x08); /* warning, at 96 */
	assert_int_equal(nth(s, s->a, 12)->msg.id & ERR_CONTROLLER, 0);
	assert_int_equal(nth(s, s->a, 15)->msg.data[1], 0x20); /* passive, at 128 */
	assert_int_equal(nth(s, s->a, 30)->msg.id & ERR_BUS_OFF, 0);
	assert_int_equal(nth(s, s->a, 31)->msg.id & ERR_BUS_OFF, ERR_BUS_OFF);
	assert_true(bus_client_is_off(s->bus, s->a));
	assert_int_equal(bus_client_stats(s->bus, s->a)->n_lost, 2); /* and what waited behind it */
	assert_int_equal(bus_deadline(s->bus), BUS_NEVER);
}

static void frames_that_leave_bring_the_error_counter_down(void **state)
{
	struct bench *s = *state;

	/* 8 frames that leave make good for one that was destroyed: never off the bus */
	fault(s, "corrupt ppm=100000 seed=3");
	for (unsigned i = 0; i < 1000; i++) {
		submit(s, i * 10 * MS, s->a, 0x100, 1);
		run_until(s, (i + 1) * 10 * MS - 1);
		s->n_seen = 0;
	}
	assert_false(bus_client_is_off(s->bus, s->a));
	assert_in_range(bus_stats(s->bus).n_errors, 70, 150);
	assert_int_equal(bus_stats(s->bus).n_frames, 1000);
}

static void off_the_bus_nothing_is_sent_or_received_until_restored(void **state)
{
	struct bench *s = *state;

	fault(s, "bus-off id=100 nth=1");
	submit(s, 0, s->a, 0x100, 1);
	run_until(s, 10 * MS);
	assert_int_equal(nth(s, s->a, 0)->msg.id & ERR_BUS_OFF, ERR_BUS_OFF);
	s->n_seen = 0;
	submit(s, 20 * MS, s->a, 0x100, 2);
	submit(s, 20 * MS, s->b, 0x200, 3);
	run_until(s, 30 * MS);
	assert_int_equal(count(s, s->a), 1); /* told once more; no frame of others, no echo */
	assert_int_equal(nth(s, s->a, 0)->msg.id, ERR_BUS_OFF);
	assert_int_equal(nth(s, s->a, 0)->msg.flags, CAN_MSG_ERROR);
	assert_int_equal(count(s, s->b), 1); /* its own echo */
	s->n_seen = 0;
	assert_true(bus_restore(s->bus, 40 * MS, s->a));
	assert_false(bus_restore(s->bus, 40 * MS, s->a));
	submit(s, 50 * MS, s->a, 0x100, 4);
	run_until(s, 60 * MS);
	assert_int_equal(nth(s, s->a, 0)->msg.id, ERR_RESTARTED);
	assert_int_equal(nth(s, s->a, 0)->at_ns, 40 * MS);
	assert_int_equal(nth(s, BUS_TAP, 0)->msg.id, ERR_RESTARTED);
	assert_int_equal(nth(s, s->b, 0)->msg.data[0], 4);
	assert_int_equal(bus_client_stats(s->bus, s->a)->n_lost, 2);
}

static void a_client_comes_back_by_itself_after_its_restart_time(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = frame(0x100, 1);
	const uint64_t off_ns = time_of(&msg) + 13 * 2000;

	fault(s, "bus-off client=0 nth=1 restart-ms=100");
	submit(s, 0, s->a, 0x100, 1);
	run_until(s, off_ns);
	assert_true(bus_client_is_off(s->bus, s->a));
	assert_int_equal(bus_deadline(s->bus), off_ns + 100 * MS);
	bus_expire(s->bus, off_ns + 100 * MS - 1);
	assert_false(bus_pop_delivery(s->bus, &s->seen[0]));
	run_until(s, off_ns + 100 * MS);
	assert_false(bus_client_is_off(s->bus, s->a));
}

static void what_happened_meanwhile_is_told_in_order_to_a_late_caller(void **state)
{
	struct bench *s = *state;
	uint64_t last_ns = 0;

	start(s, (struct bus_config){.restart_ms = 1});
	fault(s, "bus-off id=100 nth=1");
	submit(s, 0, s->a, 0x100, 1);
	for (unsigned i = 0; i < 20; i++)
		submit(s, 0, s->b, 0x200, (uint8_t)i);
	bus_expire(s->bus, 1000 * MS); /* one late wake-up for all */
	while (bus_pop_delivery(s->bus, &s->seen[s->n_seen]))
		s->n_seen++;
	for (size_t i = 0; i < count(s, BUS_TAP); i++) {
		assert_true(nth(s, BUS_TAP, i)->at_ns >= last_ns);
		last_ns = nth(s, BUS_TAP, i)->at_ns;
	}
	assert_int_equal(count(s, BUS_TAP), 22);
	assert_in_range(count(s, s->a), 16, 20); /* off for a millisecond of them */
}

static void the_first_rule_that_hits_decides(void **state)
{
	struct bench *s = *state;

	fault(s, "duplicate nth=1");
	fault(s, "drop");
	submit(s, 0, s->a, 0x100, 1);
	submit(s, 0, s->a, 0x100, 2);
	run_until(s, 10 * MS);
	assert_int_equal(count(s, s->b), 2);
	assert_int_equal(nth(s, s->b, 1)->msg.data[0], 1);
	assert_int_equal(bus_get_fault(s->bus, 0)->n_hits, 1);
	assert_int_equal(bus_get_fault(s->bus, 1)->n_hits, 1);
	assert_null(bus_get_fault(s->bus, 2));
	assert_int_equal(bus_clear_faults(s->bus), 2);
	submit(s, 10 * MS, s->a, 0x100, 3);
	run_until(s, 20 * MS);
	assert_int_equal(nth(s, s->b, 2)->msg.data[0], 3);
}

static void rules_of_one_kind_have_seeds_of_their_own(void **state)
{
	struct bench *s = *state;

	fault(s, "drop ppm=500000");
	fault(s, "drop ppm=500000");
	assert_false(bus_get_fault(s->bus, 0)->random == bus_get_fault(s->bus, 1)->random);
	for (unsigned i = 2; i < BUS_MAX_FAULTS; i++)
		fault(s, "drop");
	assert_int_equal(bus_add_fault(s->bus, &bus_get_fault(s->bus, 0)->rule), BUS_FULL);
}

static void what_a_client_sent_is_counted_to_the_bit(void **state)
{
	struct bench *s = *state;
	struct can_msg msg = frame(0x100, 1);
	const struct bus_client_stats *stats = bus_client_stats(s->bus, s->a);

	submit(s, 0, s->a, 0x100, 1);
	submit(s, 0, s->a, 0x100, 1);
	submit(s, 0, s->b, 0x200, 1);
	run_until(s, 10 * MS);
	assert_int_equal(stats->n_frames, 2);
	assert_int_equal(stats->n_bytes, 16);
	assert_int_equal(stats->n_bits, 2 * can_bits_count(&msg).nominal);
	assert_int_equal(stats->busy_ns, 2 * time_of(&msg));
	assert_int_equal(bus_client_stats(s->bus, s->b)->n_frames, 1);
	bus_detach(s->bus, s->a);
	assert_int_equal(stats->n_frames, 2); /* until somebody takes its place */
	assert_int_equal(bus_attach(s->bus, true), s->a);
	assert_int_equal(stats->n_frames, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_dropped_frame_reaches_nobody_and_its_sender_does_not_notice),
	    CASE(a_duplicated_frame_is_received_twice_and_confirmed_once),
	    CASE(a_delayed_frame_and_those_behind_it_come_later),
	    CASE(a_destroyed_frame_is_an_error_frame_and_is_sent_again),
	    CASE(error_frames_come_to_who_asked_only),
	    CASE(a_destroyed_frame_competes_for_the_bus_again),
	    CASE(a_full_queue_has_room_for_the_frame_that_comes_back),
	    CASE(a_frame_that_is_always_destroyed_puts_its_sender_off_the_bus),
	    CASE(frames_that_leave_bring_the_error_counter_down),
	    CASE(off_the_bus_nothing_is_sent_or_received_until_restored),
	    CASE(a_client_comes_back_by_itself_after_its_restart_time),
	    CASE(what_happened_meanwhile_is_told_in_order_to_a_late_caller),
	    CASE(the_first_rule_that_hits_decides),
	    CASE(rules_of_one_kind_have_seeds_of_their_own),
	    CASE(what_a_client_sent_is_counted_to_the_bit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
