/* scan: probes to a bus of simple ECUs, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/scan.h"

#define MS UINT64_C(1000)

struct ecu {
	uint32_t request, response;
	uint64_t delay_us;
	bool no_tester_present; /* refuses 3E */
	bool functional;
};

static struct can_node node;
static struct scan scan;
static struct ecu ecus[4];
static size_t n_ecus;
static struct {
	uint64_t at_us;
	struct can_msg msg;
} answers[16];
static size_t n_answers;
static uint32_t probed[0x800]; /* how often */
static uint64_t last_probe_us, least_gap_us, now_us;
static bool deaf; /* nobody acknowledges our frames */

static void answer(const struct ecu *ecu, const struct can_msg *request)
{
	struct can_msg msg = {.id = ecu->response, .flags = request->flags, .len = 8, .data = {2, 0x7e, 0}};

	if (ecu->no_tester_present && request->data[1] == 0x3e)
		memcpy(msg.data, (const uint8_t[]){3, 0x7f, 0x3e, 0x11}, 4);
	else if (request->data[1] == 0x10)
		memcpy(msg.data, (const uint8_t[]){6, 0x50, 1, 0, 50, 1, 0xf4}, 7);
	answers[n_answers].at_us = now_us + ecu->delay_us;
	answers[n_answers++].msg = msg;
}

static void pump(void)
{
	struct can_msg msg;

	while (can_node_pop_frame(&node, now_us, &msg)) {
		if (last_probe_us && now_us - last_probe_us < least_gap_us)
			least_gap_us = now_us - last_probe_us;
		last_probe_us = now_us;
		assert_int_equal(msg.data[0], 2);
		probed[msg.id & 0x7ffu]++;
		if (deaf)
			continue;
		can_node_confirm(&node, now_us, 1);
		for (size_t i = 0; i < n_ecus; i++)
			if (msg.id == ecus[i].request || (ecus[i].functional && msg.id == scan.config.to.id))
				answer(&ecus[i], &msg);
	}
}

static void deliver(void)
{
	for (size_t i = 0; i < n_answers;) {
		if (answers[i].at_us > now_us) {
			i++;
			continue;
		}
		scan_input(&scan, now_us, &answers[i].msg);
		answers[i] = answers[--n_answers];
	}
}

static void run(const struct scan_config *config)
{
	can_node_init(&node, 8);
	scan_init(&scan, &node, config);
	memset(probed, 0, sizeof probed);
	n_answers = 0;
	least_gap_us = UINT64_MAX;
	last_probe_us = 0;
	now_us = 1000 * MS;
	scan_start(&scan, now_us);
	for (; scan.state != SCAN_DONE; now_us += MS) {
		assert_true(now_us < 1000000 * MS);
		pump();
		deliver();
		scan_advance(&scan, now_us);
	}
}

static const struct scan_config eleven = {.first_id = 0x700, .last_id = 0x7ff, .to = {.id = 0x7df, .pad = true}};

static void each_answer_is_paired_with_its_request(void **state)
{
	(void)state;
	ecus[0] = (struct ecu){.request = 0x7e0, .response = 0x7e8, .delay_us = 2 * MS, .functional = true};
	ecus[1] = (struct ecu){.request = 0x710, .response = 0x77a, .delay_us = 40 * MS, .no_tester_present = true};
	n_ecus = 2;
	run(&eleven);
	assert_int_equal(scan.n_found, 2);
	assert_int_equal(scan.found[0].response, 0x7e8);
	assert_int_equal(scan.found[0].request, 0x7e0);
	assert_true(scan.found[0].paired && scan.found[0].functional);
	assert_int_equal(scan.found[1].response, 0x77a);
	assert_int_equal(scan.found[1].request, 0x710);
	assert_true(scan.found[1].paired && !scan.found[1].functional);
	assert_memory_equal(scan.found[1].answer, ((const uint8_t[]){0x7f, 0x3e, 0x11}), 3);
}

static void probes_keep_their_distance(void **state)
{
	(void)state;
	n_ecus = 1;
	run(&eleven);
	assert_true(least_gap_us >= SCAN_PROBE_GAP_US);
}

static void identifiers_on_which_others_send_are_left_out(void **state)
{
	(void)state;
	ecus[0] = (struct ecu){.request = 0x7e0, .response = 0x7e8, .functional = true};
	n_ecus = 1;
	run(&eleven);
	assert_int_equal(probed[0x7e8], 0);
	assert_int_equal(probed[0x7e9], 1);
	assert_int_equal(probed[0x7df], 2); /* functionally only */
	assert_int_equal(probed[0x7e0], 2); /* and a second look */
}

static void an_answer_that_comes_late_is_not_paired_with_the_next_identifier(void **state)
{
	(void)state;
	ecus[0] = (struct ecu){.request = 0x720, .response = 0x728, .delay_us = 90 * MS};
	n_ecus = 1;
	run(&eleven);
	assert_int_equal(scan.n_found, 1);
	assert_int_equal(scan.found[0].response, 0x728);
	assert_false(scan.found[0].paired);
}

static void an_ecu_outside_the_range_is_seen_functionally(void **state)
{
	const struct scan_config config = {.first_id = 0x7e0, .last_id = 0x7e1, .to = {.id = 0x7df}};

	(void)state;
	ecus[0] = (struct ecu){.request = 0x733, .response = 0x734, .functional = true};
	n_ecus = 1;
	run(&config);
	assert_int_equal(scan.n_found, 1);
	assert_true(scan.found[0].functional && !scan.found[0].paired);
}

static void normal_fixed_addresses_have_their_answer_mirrored(void **state)
{
	const struct scan_config config = {
	    .last_id = 0xff, .extended_id = true, .normal_fixed = true, .to = {.id = 0x18db33f1, .extended_id = true}};

	(void)state;
	ecus[0] = (struct ecu){.request = 0x18da42f1, .response = 0x18daf142};
	ecus[1] = (struct ecu){.request = 0x18da50f1, .response = 0x18daf151}; /* not its mirror */
	n_ecus = 2;
	run(&config);
	assert_int_equal(scan.n_found, 1);
	assert_int_equal(scan.found[0].request, 0x18da42f1);
	assert_int_equal(scan.found[0].response, 0x18daf142);
}

static void frames_that_nobody_acknowledges_end_the_scan(void **state)
{
	(void)state;
	deaf = true;
	run(&eleven);
	deaf = false;
	assert_true(scan.unsent);
	assert_int_equal(scan.n_probes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_answer_is_paired_with_its_request),
	    cmocka_unit_test(probes_keep_their_distance),
	    cmocka_unit_test(identifiers_on_which_others_send_are_left_out),
	    cmocka_unit_test(an_answer_that_comes_late_is_not_paired_with_the_next_identifier),
	    cmocka_unit_test(an_ecu_outside_the_range_is_seen_functionally),
	    cmocka_unit_test(normal_fixed_addresses_have_their_answer_mirrored),
	    cmocka_unit_test(frames_that_nobody_acknowledges_end_the_scan),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
