/* What a controller's error frames say. */
#include "support.h"

#include "uds/can_error.h"

static struct can_health health;
static struct can_error error;

static int setup(void **state)
{
	(void)state;
	health = (struct can_health){0};
	return 0;
}

static struct can_msg frame_of(uint32_t classes)
{
	return (struct can_msg){.id = classes, .flags = CAN_MSG_ERROR, .len = 8};
}

static void take(const struct can_msg *msg, bool changes)
{
	assert_true(can_error_decode(msg, &error));
	assert_int_equal(can_health_input(&health, &error), changes);
}

static void a_data_frame_is_no_error_frame(void **state)
{
	(void)state;
	const struct can_msg msg = {.id = CAN_ERROR_BUS_OFF, .len = 8};

	error.state = CAN_BUS_PASSIVE;
	assert_false(can_error_decode(&msg, &error));
	assert_int_equal(error.state, CAN_BUS_PASSIVE);
}

static void the_state_goes_with_the_controllers_words(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(CAN_ERROR_CONTROLLER);

	msg.data[1] = 0x08; /* warning, sending */
	take(&msg, true);
	assert_int_equal(health.state, CAN_BUS_WARNING);
	take(&msg, false);
	msg.data[1] = 0x30; /* passive, both ways */
	take(&msg, true);
	assert_int_equal(health.state, CAN_BUS_PASSIVE);
	msg.data[1] = 0x24; /* passive and warning: the worse one counts */
	take(&msg, false);
	msg.data[1] = 0x40;
	take(&msg, true);
	assert_int_equal(health.state, CAN_BUS_ACTIVE);
	assert_int_equal(health.n_warning, 1);
	assert_int_equal(health.n_passive, 1);
}

static void a_controller_error_without_a_state_changes_none(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(CAN_ERROR_CONTROLLER);

	health.state = CAN_BUS_PASSIVE;
	msg.data[1] = 0x01; /* a receive buffer ran over */
	take(&msg, false);
	assert_int_equal(health.n_overflow, 1);
	assert_int_equal(health.state, CAN_BUS_PASSIVE);
	msg.data[1] = 0;
	take(&msg, false);
}

static void bus_off_and_the_restart_after_it(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(CAN_ERROR_BUS_OFF | CAN_ERROR_CONTROLLER);

	msg.data[1] = 0x20; /* some controllers say both: bus-off it is */
	take(&msg, true);
	assert_int_equal(health.state, CAN_BUS_OFF);
	msg = frame_of(CAN_ERROR_RESTARTED);
	take(&msg, true);
	assert_true(error.restarted);
	assert_int_equal(health.state, CAN_BUS_ACTIVE);
	assert_int_equal(health.n_bus_off, 1);
	assert_int_equal(health.n_restarts, 1);
}

static void missing_acknowledgement_is_told_in_either_form(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(CAN_ERROR_NO_ACK);

	take(&msg, false);
	assert_true(error.no_ack);
	msg = frame_of(CAN_ERROR_PROTOCOL | CAN_ERROR_BUS);
	msg.data[3] = 0x19; /* in the acknowledge slot */
	take(&msg, false);
	assert_int_equal(health.n_no_ack, 2);
	assert_int_equal(health.n_protocol, 0);
}

static void lost_arbitration_and_destroyed_frames_are_counted(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(CAN_ERROR_LOST_ARBITRATION);

	take(&msg, false);
	msg = frame_of(CAN_ERROR_PROTOCOL | CAN_ERROR_BUS);
	msg.data[2] = 0x04; /* stuffing */
	take(&msg, false);
	take(&msg, false);
	msg = frame_of(CAN_ERROR_TX_TIMEOUT);
	take(&msg, false);
	assert_int_equal(health.n_lost_arbitration, 1);
	assert_int_equal(health.n_protocol, 2);
	assert_int_equal(health.n_tx_timeout, 1);
	assert_int_equal(health.n_no_ack, 0);
}

static void counters_are_taken_only_where_they_are_told(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(CAN_ERROR_CONTROLLER | CAN_ERROR_COUNTERS);

	msg.data[6] = 128;
	msg.data[7] = 3;
	take(&msg, false);
	assert_int_equal(health.tx_errors, 128);
	assert_int_equal(health.rx_errors, 3);
	msg = frame_of(CAN_ERROR_CONTROLLER);
	msg.data[6] = 7;
	take(&msg, false);
	assert_int_equal(health.tx_errors, 128);
}

static void a_frame_that_is_too_short_says_no_more_than_it_holds(void **state)
{
	(void)state;
	struct can_msg msg = frame_of(0x3ff & ~(unsigned)CAN_ERROR_RESTARTED & ~(unsigned)CAN_ERROR_BUS_OFF &
				      ~(unsigned)CAN_ERROR_NO_ACK);

	memset(msg.data, 0xff, 8);
	msg.len = 1;
	assert_true(can_error_decode(&msg, &error));
	assert_false(error.has_state);
	assert_false(error.has_counters);
	assert_false(error.no_ack);
	assert_true(error.protocol);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest can_error[] = {
	    TEST(a_data_frame_is_no_error_frame),
	    TEST(the_state_goes_with_the_controllers_words),
	    TEST(a_controller_error_without_a_state_changes_none),
	    TEST(bus_off_and_the_restart_after_it),
	    TEST(missing_acknowledgement_is_told_in_either_form),
	    TEST(lost_arbitration_and_destroyed_frames_are_counted),
	    TEST(counters_are_taken_only_where_they_are_told),
	    TEST(a_frame_that_is_too_short_says_no_more_than_it_holds),
	};

	return RUN_TESTS(can_error);
}
