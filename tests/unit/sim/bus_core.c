#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bus_core.h"
#include "uds/can_bits.h"

#define US 1000u
#define MS 1000000u

static struct can_msg frame(uint32_t id, uint8_t flags, uint8_t len)
{
	struct can_msg msg = {.id = id, .flags = flags, .len = len};

	memset(msg.data, 0x5a, len);
	return msg;
}

static uint64_t time_of(const struct can_msg *msg)
{
	return can_bits_time_ns(msg, 500000, 2000000);
}

static int setup(void **state)
{
	struct bus_config config = {.nominal_bps = 500000, .data_bps = 2000000, .seed = 1};
	struct bus *bus = malloc(sizeof(*bus));

	assert_non_null(bus);
	bus_init(bus, &config);
	*state = bus;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void submit(struct bus *bus, uint64_t now_ns, int client, uint32_t id)
{
	struct can_msg msg = frame(id, 0, 8);

	assert_int_equal(bus_input(bus, now_ns, (unsigned)client, &msg), 0);
}

/* the identifiers that @client gets until nothing is left */
static size_t run_dry(struct bus *bus, int client, uint32_t *ids, size_t cap)
{
	struct bus_delivery d;
	size_t n = 0;

	while (bus_deadline(bus) != BUS_NEVER) {
		bus_expire(bus, bus_deadline(bus));
		while (bus_pop_delivery(bus, &d)) {
			if (d.client == client && n < cap)
				ids[n++] = d.msg.id;
		}
	}
	return n;
}

static void a_frame_arrives_at_its_last_bit_and_not_before(void **state)
{
	struct bus *bus = *state;
	struct bus_delivery d;
	struct can_msg msg = frame(0x7e0, 0, 8);
	int a = bus_attach(bus, false);
	int b = bus_attach(bus, false);

	assert_int_equal(bus_deadline(bus), BUS_NEVER);
	assert_int_equal(bus_input(bus, 5 * MS, (unsigned)a, &msg), 0);
	assert_int_equal(bus_deadline(bus), 5 * MS + time_of(&msg));
	bus_expire(bus, 5 * MS + time_of(&msg) - 1);
	assert_false(bus_pop_delivery(bus, &d));
	bus_expire(bus, 5 * MS + time_of(&msg));
	assert_true(bus_pop_delivery(bus, &d));
	assert_int_equal(d.client, b);
	assert_int_equal(d.sender, a);
	assert_false(d.echo);
	assert_int_equal(d.at_ns, 5 * MS + time_of(&msg));
	assert_memory_equal(&d.msg, &msg, sizeof(msg));
	assert_false(bus_pop_delivery(bus, &d));
	assert_int_equal(bus_deadline(bus), BUS_NEVER);
}

static void the_sender_hears_its_frame_only_if_it_asked(void **state)
{
	struct bus *bus = *state;
	struct bus_delivery d;
	int a = bus_attach(bus, true);

	bus_attach(bus, false);
	submit(bus, 0, a, 0x100);
	bus_expire(bus, bus_deadline(bus));
	assert_true(bus_pop_delivery(bus, &d));
	assert_int_equal(d.client, a);
	assert_true(d.echo);
	assert_true(bus_pop_delivery(bus, &d));
	assert_false(d.echo);
	assert_false(bus_pop_delivery(bus, &d));
	bus_set_echo(bus, (unsigned)a, false);
	submit(bus, 1 * MS, a, 0x100);
	bus_expire(bus, bus_deadline(bus));
	assert_true(bus_pop_delivery(bus, &d));
	assert_int_not_equal(d.client, a);
	assert_false(bus_pop_delivery(bus, &d));
}

static void the_lowest_identifier_wins_the_free_bus(void **state)
{
	struct bus *bus = *state;
	uint32_t ids[8];
	int a = bus_attach(bus, false);
	int b = bus_attach(bus, false);
	int c = bus_attach(bus, false);
	int listener = bus_attach(bus, false);

	/* all at one time, the order of the calls does not matter */
	submit(bus, 0, a, 0x300);
	submit(bus, 0, b, 0x100);
	submit(bus, 0, c, 0x200);
	assert_int_equal(run_dry(bus, listener, ids, 8), 3);
	assert_int_equal(ids[0], 0x100);
	assert_int_equal(ids[1], 0x200);
	assert_int_equal(ids[2], 0x300);
}

static void a_frame_on_the_wire_is_not_interrupted(void **state)
{
	struct bus *bus = *state;
	uint32_t ids[8];
	int a = bus_attach(bus, false);
	int b = bus_attach(bus, false);
	int listener = bus_attach(bus, false);

	submit(bus, 0, a, 0x700);
	submit(bus, 1, b, 0x001);
	assert_int_equal(run_dry(bus, listener, ids, 8), 2);
	assert_int_equal(ids[0], 0x700);
	assert_int_equal(ids[1], 0x001);
}

static void frames_of_one_client_keep_their_order(void **state)
{
	struct bus *bus = *state;
	uint32_t ids[8];
	int a = bus_attach(bus, false);
	int b = bus_attach(bus, false);
	int listener = bus_attach(bus, false);

	submit(bus, 0, a, 0x300);
	submit(bus, 0, a, 0x100); /* behind its own 300, whatever its priority */
	submit(bus, 0, b, 0x200);
	assert_int_equal(run_dry(bus, listener, ids, 8), 3);
	assert_int_equal(ids[0], 0x200);
	assert_int_equal(ids[1], 0x300);
	assert_int_equal(ids[2], 0x100);
}

static void arbitration_follows_the_bits_on_the_wire(void **state)
{
	struct bus *bus = *state;
	struct can_msg order[] = {
	    frame(0x100, 0, 8),
	    frame(0x100, CAN_MSG_RTR, 8),
	    frame(0x100u << 18, CAN_MSG_EXTENDED, 8),
	    frame((0x100u << 18) + 1, CAN_MSG_EXTENDED, 8),
	    frame(0x101, 0, 8),
	};
	uint32_t ids[8];
	int listener = bus_attach(bus, false);

	for (size_t i = 5; i-- > 0;)
		assert_int_equal(bus_input(bus, 0, (unsigned)bus_attach(bus, false), &order[i]), 0);
	assert_int_equal(run_dry(bus, listener, ids, 8), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(ids[i], order[i].id);
}

static void back_to_back_frames_fill_the_bus_to_the_bit(void **state)
{
	struct bus *bus = *state;
	struct bus_delivery d;
	uint64_t sum_ns = 0;
	uint64_t last_ns = 0;
	int a = bus_attach(bus, false);

	bus_attach(bus, false);
	for (uint32_t i = 0; i < BUS_QUEUE; i++) {
		struct can_msg msg = frame(i * 31 & 0x7ff, i & 1 ? CAN_MSG_FD | CAN_MSG_BRS : 0, (uint8_t)(i % 9));

		sum_ns += time_of(&msg);
		assert_int_equal(bus_input(bus, 0, (unsigned)a, &msg), 0);
	}
	bus_expire(bus, 1000 * MS); /* one late wake-up for all */
	while (bus_pop_delivery(bus, &d))
		last_ns = d.at_ns;
	assert_int_equal(last_ns, sum_ns);
	assert_int_equal(bus_stats(bus).busy_ns, sum_ns);
	assert_int_equal(bus_stats(bus).n_frames, BUS_QUEUE);
	assert_int_equal(bus_stats(bus).end_ns, sum_ns);
	assert_int_equal(bus_client_frames(bus, (unsigned)a), BUS_QUEUE);
}

static void a_frame_dated_back_starts_when_the_bus_was_free(void **state)
{
	struct bus *bus = *state;
	struct can_msg msg = frame(0x100, 0, 8);
	int a = bus_attach(bus, false);
	struct bus_delivery d;

	bus_attach(bus, false);
	submit(bus, 0, a, 0x100);
	bus_expire(bus, 4 * MS); /* the machine slept */
	assert_true(bus_pop_delivery(bus, &d));
	assert_false(bus_pop_delivery(bus, &d));
	/* submitted after it woke, dated back to before the frame's end */
	submit(bus, 100, a, 0x100);
	assert_int_equal(bus_deadline(bus), 2 * time_of(&msg));
	bus_expire(bus, 4 * MS);
	assert_true(bus_pop_delivery(bus, &d));
	assert_int_equal(d.at_ns, 2 * time_of(&msg));
}

static void a_full_queue_refuses_and_says_its_room(void **state)
{
	struct bus *bus = *state;
	struct can_msg msg = frame(1, 0, 0);
	int a = bus_attach(bus, false);

	assert_int_equal(bus_room(bus, (unsigned)a), BUS_QUEUE);
	for (unsigned i = 0; i < BUS_QUEUE; i++)
		submit(bus, 0, a, 1);
	assert_int_equal(bus_room(bus, (unsigned)a), 0);
	assert_int_equal(bus_input(bus, 0, (unsigned)a, &msg), BUS_FULL);
	msg.flags = CAN_MSG_ERROR;
	assert_int_equal(bus_input(bus, 0, (unsigned)a, &msg), BUS_INVALID);
}

static uint64_t pattern_of_losses(uint64_t seed, uint32_t ppm, unsigned *n_lost, unsigned *n_echoes)
{
	struct bus_config config = {.nominal_bps = 500000, .seed = seed, .drop_ppm = ppm, .tap = true};
	struct bus *bus = malloc(sizeof(*bus));
	struct bus_delivery d;
	uint64_t pattern = 0;
	unsigned n_received = 0;

	assert_non_null(bus);
	bus_init(bus, &config);
	int a = bus_attach(bus, true);
	int b = bus_attach(bus, false);
	*n_lost = 0;
	*n_echoes = 0;
	for (unsigned i = 0; i < 10000; i++) {
		submit(bus, i * MS, a, 0x123);
		bus_expire(bus, (i + 1) * (uint64_t)MS);
		while (bus_pop_delivery(bus, &d)) {
			if (d.client == BUS_TAP && d.lost) {
				++*n_lost;
				pattern = pattern * 31 + i;
			}
			*n_echoes += d.echo;
			n_received += d.client == b;
		}
	}
	assert_int_equal(bus_stats(bus).n_dropped, *n_lost);
	assert_int_equal(n_received, 10000 - *n_lost);
	free(bus);
	return pattern;
}

static void losses_follow_the_seed_and_the_probability(void **state)
{
	unsigned n[3];
	unsigned n_echoes;

	(void)state;
	uint64_t first = pattern_of_losses(7, 20000, &n[0], &n_echoes);
	assert_int_equal(n_echoes, 10000); /* the frame has left all the same */
	assert_true(first == pattern_of_losses(7, 20000, &n[1], &n_echoes));
	assert_false(first == pattern_of_losses(8, 20000, &n[2], &n_echoes));
	assert_in_range(n[0], 140, 260);
	assert_in_range(n[2], 140, 260);
	pattern_of_losses(7, 0, &n[0], &n_echoes);
	assert_int_equal(n[0], 0);
	pattern_of_losses(7, 1000000, &n[0], &n_echoes);
	assert_int_equal(n[0], 10000);
}

static void only_the_chosen_identifier_is_lost(void **state)
{
	struct bus *bus = *state;
	uint32_t ids[8];
	struct bus_config config = {
	    .nominal_bps = 500000, .seed = 1, .drop_ppm = 1000000, .drop_one_id = true, .drop_id = 0x200};

	bus_init(bus, &config);
	int a = bus_attach(bus, false);
	int b = bus_attach(bus, false);
	submit(bus, 0, a, 0x100);
	submit(bus, 0, a, 0x200);
	submit(bus, 0, a, 0x300);
	assert_int_equal(run_dry(bus, b, ids, 8), 2);
	assert_int_equal(ids[0], 0x100);
	assert_int_equal(ids[1], 0x300);
}

static void frames_of_a_client_that_left_still_go_out(void **state)
{
	struct bus *bus = *state;
	uint32_t ids[8] = {0};
	int a = bus_attach(bus, true);
	int b = bus_attach(bus, false);

	submit(bus, 0, a, 0x100);
	submit(bus, 0, a, 0x101);
	bus_expire(bus, 1); /* the first is on the wire */
	struct bus_delivery d;
	assert_false(bus_pop_delivery(bus, &d));
	bus_detach(bus, (unsigned)a);
	/* its place is taken only when its frames are gone, and a newcomer gets no echo of them */
	int c = bus_attach(bus, true);
	assert_int_not_equal(c, a);
	assert_int_equal(run_dry(bus, b, ids, 8), 2);
	assert_int_equal(ids[1], 0x101);
	assert_int_equal(bus_attach(bus, true), a);
}

static void the_newcomer_in_a_place_gets_no_foreign_echo(void **state)
{
	struct bus *bus = *state;
	struct bus_delivery d;
	int a = bus_attach(bus, true);

	submit(bus, 0, a, 0x100);
	bus_expire(bus, 1);
	assert_false(bus_pop_delivery(bus, &d));
	bus_detach(bus, (unsigned)a);
	assert_int_equal(bus_attach(bus, true), a);
	bus_expire(bus, MS);
	assert_true(bus_pop_delivery(bus, &d));
	assert_int_equal(d.client, a);
	assert_false(d.echo);
}

static void places_run_out_at_the_limit(void **state)
{
	struct bus *bus = *state;

	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++)
		assert_int_equal(bus_attach(bus, false), i);
	assert_int_equal(bus_attach(bus, false), -1);
	bus_detach(bus, 5);
	assert_int_equal(bus_attach(bus, false), 5);
}

static void load_is_counted_in_the_second_where_it_happened(void **state)
{
	struct bus *bus = *state;
	struct can_msg msg = frame(0x555, 0, 8);
	uint64_t second = UINT64_C(1000000000);
	int a = bus_attach(bus, false);
	struct bus_delivery d;

	/* half of one frame before the end of second 0, half after; then 1000 frames in second 3 */
	submit(bus, second - time_of(&msg) / 2, a, 0x555);
	bus_expire(bus, 3 * second);
	while (bus_pop_delivery(bus, &d))
		;
	for (unsigned i = 0; i < 1000; i++) {
		submit(bus, 3 * second, a, 0x555);
		bus_expire(bus, bus_deadline(bus));
		while (bus_pop_delivery(bus, &d))
			;
	}
	assert_int_equal(bus_load_permille(bus, 0), time_of(&msg) / 2 / MS);
	assert_int_equal(bus_load_permille(bus, 2), 0);
	assert_int_equal(bus_load_permille(bus, 3), 1000 * time_of(&msg) / MS);
	assert_int_equal(bus_load_permille(bus, 4), 0);
	submit(bus, 3000 * second, a, 0x555);
	bus_expire(bus, 3001 * second);
	while (bus_pop_delivery(bus, &d))
		;
	assert_int_equal(bus_load_permille(bus, 3), 0); /* forgotten */
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_frame_arrives_at_its_last_bit_and_not_before),
	    CASE(the_sender_hears_its_frame_only_if_it_asked),
	    CASE(the_lowest_identifier_wins_the_free_bus),
	    CASE(a_frame_on_the_wire_is_not_interrupted),
	    CASE(frames_of_one_client_keep_their_order),
	    CASE(arbitration_follows_the_bits_on_the_wire),
	    CASE(back_to_back_frames_fill_the_bus_to_the_bit),
	    CASE(a_frame_dated_back_starts_when_the_bus_was_free),
	    CASE(a_full_queue_refuses_and_says_its_room),
	    CASE(losses_follow_the_seed_and_the_probability),
	    CASE(only_the_chosen_identifier_is_lost),
	    CASE(frames_of_a_client_that_left_still_go_out),
	    CASE(the_newcomer_in_a_place_gets_no_foreign_echo),
	    CASE(places_run_out_at_the_limit),
	    CASE(load_is_counted_in_the_second_where_it_happened),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
