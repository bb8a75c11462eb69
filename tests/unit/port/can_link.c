/* can_link: what the kernel says of an interface, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/can/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/port/link_bytes.h"
#include "uds/port/can_link.h"

static uint8_t bytes[LINK_BYTES_MAX];
static char text[CAN_LINK_TEXT_BYTES];

static size_t decode(const char *hex)
{
	return link_bytes_decode(hex, bytes);
}

static struct can_link_info parsed(const char *hex)
{
	struct can_link_info info;

	assert_int_equal(can_link_parse(bytes, decode(hex), &info), 0);
	return info;
}

static void expect_words(const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' lacks '%s'", text, words);
}

/* --- reading */

static void a_controller_that_is_up_says_its_timing_and_state(void **state)
{
	(void)state;
	const struct can_link_info info = parsed(up_controller);

	assert_int_equal(info.index, 2);
	assert_true(info.up);
	assert_true(info.can);
	assert_true(info.controller);
	assert_int_equal(info.mtu, 16);
	assert_int_equal(info.bitrate, 500000);
	assert_int_equal(info.sample_point, 875);
	assert_int_equal(info.data_bitrate, 0);
	assert_int_equal(info.mode, 0);
	assert_int_equal(info.restart_ms, 100);
	assert_int_equal(info.state, CAN_BUS_ACTIVE);
}

static void a_new_controller_is_down_and_has_no_bit_rate(void **state)
{
	(void)state;
	const struct can_link_info info = parsed(new_controller);

	assert_false(info.up);
	assert_true(info.controller);
	assert_int_equal(info.bitrate, 0);
	assert_int_equal(info.state, CAN_BUS_STOPPED);
}

static void a_virtual_interface_has_no_controller(void **state)
{
	(void)state;
	const struct can_link_info info = parsed(virtual_can);

	assert_true(info.up);
	assert_true(info.can);
	assert_false(info.controller);
	assert_int_equal(info.mtu, 72);
}

static void another_kind_of_interface_is_no_can(void **state)
{
	(void)state;
	assert_false(parsed(loopback).can);
}

static void the_kernels_error_is_returned(void **state)
{
	(void)state;
	struct can_link_info info = {.index = 77};

	assert_int_equal(can_link_parse(bytes, decode(no_interface), &info), -ENODEV);
	assert_int_equal(info.index, 77);
}

static void an_answer_cut_off_anywhere_is_refused(void **state)
{
	(void)state;
	const size_t n = decode(up_controller);
	struct can_link_info info = {.index = 77};

	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1); /* so that a byte too far is seen */

		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		assert_int_equal(can_link_parse(copy, cut, &info), -EBADMSG);
		free(copy);
	}
	assert_int_equal(info.index, 77);
}

static void lengths_of_attributes_that_lie_are_refused(void **state)
{
	(void)state;
	const size_t n = decode(up_controller);
	struct can_link_info info;

	bytes[32] = 3; /* shorter than its own head */
	assert_int_equal(can_link_parse(bytes, n, &info), -EBADMSG);
	bytes[32] = 0xff;
	bytes[33] = 0xff;
	assert_int_equal(can_link_parse(bytes, n, &info), -EBADMSG);
}

/* an answer of our own: attributes nested as the kernel does it */
struct builder {
	size_t n;
	size_t starts[4];
	unsigned depth;
};

static void add(struct builder *b, uint16_t type, const void *value, size_t n)
{
	const struct rtattr head = {.rta_len = (unsigned short)(sizeof(head) + n), .rta_type = type};

	memcpy(bytes + b->n, &head, sizeof(head));
	if (n)
		memcpy(bytes + b->n + sizeof(head), value, n);
	b->n += RTA_ALIGN(sizeof(head) + n);
}

static void open_nest(struct builder *b, uint16_t type)
{
	b->starts[b->depth++] = b->n;
	add(b, type, NULL, 0);
}

static void close_nest(struct builder *b)
{
	const uint16_t n = (uint16_t)(b->n - b->starts[--b->depth]);

	memcpy(bytes + b->starts[b->depth], &n, sizeof(n));
}

static void add_u32(struct builder *b, uint16_t type, uint32_t value)
{
	add(b, type, &value, sizeof(value));
}

static size_t build_fd(uint32_t bitrate, uint32_t data_bitrate, uint32_t mode, uint32_t can_state, uint16_t flags)
{
	const struct ifinfomsg link = {.ifi_type = 280, .ifi_index = 9, .ifi_flags = 1};
	const struct can_bittiming nominal = {.bitrate = bitrate, .sample_point = 800};
	const struct can_bittiming data = {.bitrate = data_bitrate, .sample_point = 750};
	const struct can_ctrlmode ctrlmode = {.mask = mode, .flags = mode};
	struct nlmsghdr head = {.nlmsg_type = RTM_NEWLINK};
	struct builder b = {.n = sizeof(head) + sizeof(link)};

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + sizeof(head), &link, sizeof(link));
	add_u32(&b, IFLA_MTU, 72);
	open_nest(&b, IFLA_LINKINFO | flags);
	add(&b, IFLA_INFO_KIND, "can", 4);
	open_nest(&b, IFLA_INFO_DATA | flags);
	add(&b, IFLA_CAN_BITTIMING, &nominal, sizeof(nominal));
	add(&b, IFLA_CAN_CTRLMODE, &ctrlmode, sizeof(ctrlmode));
	add_u32(&b, IFLA_CAN_STATE, can_state);
	add(&b, IFLA_CAN_DATA_BITTIMING, &data, sizeof(data));
	close_nest(&b);
	close_nest(&b);
	head.nlmsg_len = (uint32_t)b.n;
	memcpy(bytes, &head, sizeof(head));
	return b.n;
}

static void the_data_phase_and_mode_of_can_fd_are_read(void **state)
{
	(void)state;
	struct can_link_info info;

	assert_int_equal(
	    can_link_parse(bytes, build_fd(500000, 2000000, CAN_CTRLMODE_FD, CAN_STATE_ERROR_PASSIVE, 0), &info), 0);
	assert_int_equal(info.data_bitrate, 2000000);
	assert_int_equal(info.sample_point, 800);
	assert_int_equal(info.mode, CAN_CTRLMODE_FD);
	assert_int_equal(info.state, CAN_BUS_PASSIVE);
	/* and where the kernel marks nests as such */
	assert_int_equal(can_link_parse(bytes, build_fd(250000, 1000000, 0, CAN_STATE_BUS_OFF, NLA_F_NESTED), &info),
			 0);
	assert_int_equal(info.bitrate, 250000);
	assert_int_equal(info.state, CAN_BUS_OFF);
}

static void a_bit_rate_that_the_adapter_alone_knows_is_not_known(void **state)
{
	(void)state;
	struct can_link_info info;

	assert_int_equal(can_link_parse(bytes, build_fd(UINT32_MAX, 0, 0, 0, 0), &info), 0);
	assert_int_equal(info.bitrate, 0);
}

/* --- judging */

static struct can_link_info running(void)
{
	return parsed(up_controller);
}

static enum can_link_verdict verdict(const struct can_link_info *info, const struct can_link_wanted *wanted)
{
	return can_link_decide("can0", info, wanted, text);
}

static void an_interface_that_is_up_as_wanted_is_used(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {
	    .bitrate = 500000, .sample_point = 875, .has_restart_ms = true, .restart_ms = 100, .bring_up = true};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	assert_string_equal(text, "");
	wanted = (struct can_link_wanted){0};
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	assert_string_equal(text, "");
}

static void another_bit_rate_is_refused_with_both_and_what_to_do(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 250000, .bring_up = true};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("can0 is up at 500000 bit/s, 250000 is wanted");
	expect_words("`ip link set can0 down` and `ip link set can0 up type can bitrate 250000`");
}

static void what_a_clock_divider_misses_is_the_same_bit_rate(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 83300};

	info.bitrate = 83333;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	info.bitrate = 83300 + 83300 / 200;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	info.bitrate++;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
}

static void another_sample_point_is_refused(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 500000, .sample_point = 905};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	wanted.sample_point = 750;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("samples at 0.875 of a bit, 0.750 is wanted");
}

static void another_restart_time_is_told_and_no_danger(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 500000, .has_restart_ms = true, .restart_ms = 200};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	expect_words("after 100 ms (0: never), 200 is wanted");
}

static void a_mode_in_which_nothing_is_sent_is_refused(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {0};

	info.mode = CAN_CTRLMODE_LISTENONLY;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("listen-only");
	info.mode = CAN_CTRLMODE_LOOPBACK;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("loopback");
}

static void the_data_phase_must_be_as_wanted(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 500000, .fd = true, .data_bitrate = 2000000};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("can0 is not set up for CAN FD");
	expect_words("dbitrate 2000000 fd on");
	info.mode = CAN_CTRLMODE_FD;
	info.data_bitrate = 4000000;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("data bit rate of 4000000 bit/s, 2000000 is wanted");
	info.data_bitrate = 2000000;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	info.mode |= CAN_CTRLMODE_FD_NON_ISO;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("ISO 11898-1:2015");
	/* classic frames pass on an FD bus */
	wanted.fd = false;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
}

static void an_interface_that_is_down_is_started_only_where_that_is_wanted(void **state)
{
	(void)state;
	struct can_link_info info = parsed(new_controller);
	struct can_link_wanted wanted = {.bitrate = 125000, .has_restart_ms = true, .restart_ms = 100};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_DOWN);
	expect_words("`ip link set can0 up type can bitrate 125000 restart-ms 100`");
	wanted.bring_up = true;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_START);
	/* its data phase is not ours to set: only if others have */
	wanted.fd = true;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	info.mode = CAN_CTRLMODE_FD;
	info.data_bitrate = 2000000;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_START);
}

static void bus_off_is_told_with_what_ends_it(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 500000};

	info.state = CAN_BUS_OFF;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_DOWN);
	expect_words("comes back by itself");
	info.restart_ms = 0;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_DOWN);
	expect_words("until it is set down and up again: `ip link set can0 down`, `ip link set can0 up`");
}

static void what_we_brought_up_and_nothing_else_restarts_is_ours_to_restart(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 500000, .bring_up = true};

	info.state = CAN_BUS_OFF;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_DOWN);
	expect_words("comes back by itself");
	info.restart_ms = 0;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_RESTART);
	expect_words("can0 is bus-off");
	wanted.has_restart_ms = true;
	wanted.restart_ms = 100;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_RESTART);
	/* one at another bit rate is another's */
	info.bitrate = 250000;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	info.bitrate = 500000;
	/* and "never" means never */
	wanted.restart_ms = 0;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_DOWN);
	expect_words("it stays so");
	/* that the driver cannot do what we do for it is not worth a word */
	info.state = CAN_BUS_ACTIVE;
	wanted.restart_ms = 100;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	assert_string_equal(text, "");
}

static void a_bit_rate_that_cannot_be_checked_is_told(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 500000};

	info.bitrate = 0;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	expect_words("was not checked");
}

static void a_virtual_interface_has_no_timing_to_check(void **state)
{
	(void)state;
	struct can_link_info info = parsed(virtual_can);
	struct can_link_wanted wanted = {
	    .bitrate = 250000, .sample_point = 800, .fd = true, .data_bitrate = 1000000, .bring_up = true};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_USABLE);
	assert_string_equal(text, "");
	info.up = false;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_START);
}

static void a_virtual_interface_for_classic_frames_is_refused_for_can_fd(void **state)
{
	(void)state;
	struct can_link_info info = parsed(virtual_can);
	struct can_link_wanted wanted = {.fd = true, .bring_up = true};

	info.mtu = 16;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("can0 carries no CAN FD frames, which are wanted: `ip link set can0 down` and "
		     "`ip link set can0 mtu 72 up`");
	info.up = false;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	wanted.fd = false;
	assert_int_equal(verdict(&info, &wanted), CAN_LINK_START);
}

static void an_interface_that_is_no_can_is_refused(void **state)
{
	(void)state;
	struct can_link_info info = parsed(loopback);
	struct can_link_wanted wanted = {.bring_up = true};

	assert_int_equal(verdict(&info, &wanted), CAN_LINK_REFUSED);
	expect_words("no CAN interface");
}

static void the_longest_words_fit(void **state)
{
	(void)state;
	struct can_link_info info = running();
	struct can_link_wanted wanted = {.bitrate = 1000000, .sample_point = 875, .fd = true, .has_restart_ms = true};

	wanted.data_bitrate = 12000000;
	wanted.restart_ms = 4294967295u;
	info.bitrate = 999999999;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(can_link_decide("abcdefghijklmno", &info, &wanted, text), CAN_LINK_REFUSED);
		assert_true(strlen(text) < sizeof(text) - 1 && text[strlen(text) - 1] == '`');
		info.bitrate = 1000000;
		info.mode = i == 1 ? CAN_CTRLMODE_FD : 0;
		info.data_bitrate = 999999999;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_controller_that_is_up_says_its_timing_and_state),
	    cmocka_unit_test(a_new_controller_is_down_and_has_no_bit_rate),
	    cmocka_unit_test(a_virtual_interface_has_no_controller),
	    cmocka_unit_test(another_kind_of_interface_is_no_can),
	    cmocka_unit_test(the_kernels_error_is_returned),
	    cmocka_unit_test(an_answer_cut_off_anywhere_is_refused),
	    cmocka_unit_test(lengths_of_attributes_that_lie_are_refused),
	    cmocka_unit_test(the_data_phase_and_mode_of_can_fd_are_read),
	    cmocka_unit_test(a_bit_rate_that_the_adapter_alone_knows_is_not_known),
	    cmocka_unit_test(an_interface_that_is_up_as_wanted_is_used),
	    cmocka_unit_test(another_bit_rate_is_refused_with_both_and_what_to_do),
	    cmocka_unit_test(what_a_clock_divider_misses_is_the_same_bit_rate),
	    cmocka_unit_test(another_sample_point_is_refused),
	    cmocka_unit_test(another_restart_time_is_told_and_no_danger),
	    cmocka_unit_test(a_mode_in_which_nothing_is_sent_is_refused),
	    cmocka_unit_test(the_data_phase_must_be_as_wanted),
	    cmocka_unit_test(an_interface_that_is_down_is_started_only_where_that_is_wanted),
	    cmocka_unit_test(bus_off_is_told_with_what_ends_it),
	    cmocka_unit_test(what_we_brought_up_and_nothing_else_restarts_is_ours_to_restart),
	    cmocka_unit_test(a_bit_rate_that_cannot_be_checked_is_told),
	    cmocka_unit_test(a_virtual_interface_has_no_timing_to_check),
	    cmocka_unit_test(a_virtual_interface_for_classic_frames_is_refused_for_can_fd),
	    cmocka_unit_test(an_interface_that_is_no_can_is_refused),
	    cmocka_unit_test(the_longest_words_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
