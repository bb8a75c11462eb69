/* shutdown_lock: what is asked of logind, and when an erase may begin. logind is the other end of a socket pair. */
#include "rig.h"

#include <poll.h>
#include <sys/socket.h>

#include "gatewayd/io/shutdown_lock.h"

static uv_loop_t loop;
static struct shutdown_lock *lock;
static sd_bus *ours, *logind;
static sd_bus_message *calls[8];
static unsigned n_calls;
static unsigned n_settled;
static int held[8]; /* logind's ends of the locks that it gave */
static unsigned n_held;

static sd_bus *the_bus(void *owner)
{
	(void)owner;
	return ours;
}

static void on_settled(void *owner)
{
	(void)owner;
	n_settled++;
}

static int on_inhibit(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	calls[n_calls++] = sd_bus_message_ref(call);
	return 1;
}

static const sd_bus_vtable manager[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

/* both ends, until nothing is left to be done */
static void process(void)
{
	unsigned n_idle = 0;

	while (n_idle < 20) {
		int r = (ours ? sd_bus_process(ours, NULL) : 0) + sd_bus_process(logind, NULL);

		n_idle = r > 0 ? 0 : n_idle + 1;
		if (r == 0)
			usleep(500);
	}
}

static void connect_both(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	assert_true(sd_bus_new(&ours) >= 0 && sd_bus_set_fd(ours, ends[0], ends[0]) >= 0 &&
		    sd_bus_negotiate_fds(ours, 1) >= 0 && sd_bus_start(ours) >= 0);
	assert_true(sd_bus_new(&logind) >= 0 && sd_bus_set_fd(logind, ends[1], ends[1]) >= 0 &&
		    sd_bus_set_server(logind, 1, SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0)) >= 0 &&
		    sd_bus_set_anonymous(logind, 1) >= 0 && sd_bus_negotiate_fds(logind, 1) >= 0 &&
		    sd_bus_start(logind) >= 0);
	assert_true(sd_bus_add_object_vtable(logind, NULL, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
					     manager, NULL) >= 0);
	process();
}

static void disconnect_both(void)
{
	ours = sd_bus_close_unref(ours);
	logind = sd_bus_close_unref(logind);
}

static int setup(void **state)
{
	const struct shutdown_lock_callbacks callbacks = {.bus = the_bus, .on_settled = on_settled};

	(void)state;
	n_calls = n_settled = n_held = 0;
	uv_loop_init(&loop);
	connect_both();
	return shutdown_lock_new(&loop, &callbacks, &lock);
}

static int teardown(void **state)
{
	(void)state;
	shutdown_lock_free(lock);
	for (unsigned i = 0; i < n_calls; i++)
		sd_bus_message_unref(calls[i]);
	for (unsigned i = 0; i < n_held; i++)
		close(held[i]);
	disconnect_both();
	rig_close_loop(&loop);
	return 0;
}

static void expect_call(unsigned n, const char *mode, const char *why)
{
	const char *texts[4] = {NULL};

	assert_int_equal(n_calls, n);
	assert_true(sd_bus_message_read(calls[n - 1], "ssss", &texts[0], &texts[1], &texts[2], &texts[3]) > 0);
	assert_string_equal(texts[0], "shutdown:sleep");
	assert_string_equal(texts[1], "gatewayd");
	assert_string_equal(texts[2], why);
	assert_string_equal(texts[3], mode);
}

static void grant(unsigned call)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(sd_bus_reply_method_return(calls[call - 1], "h", ends[1]) >= 0);
	process();
	close(ends[1]);
	held[n_held++] = ends[0];
}

static void refuse(unsigned call, const char *name)
{
	assert_true(sd_bus_reply_method_errorf(calls[call - 1], name, "no") >= 0);
	process();
}

static bool is_held(unsigned n)
{
	struct pollfd end = {.fd = held[n - 1]};

	return poll(&end, 1, 0) == 0; /* else: hung up */
}

static void want(const char *why)
{
	shutdown_lock_want(lock, why);
	process();
}

/* --- tests */

static void an_erase_waits_for_the_answer(void **state)
{
	(void)state;
	assert_true(shutdown_lock_settled(lock));
	want("lamp");
	expect_call(1, "block", "lamp");
	assert_false(shutdown_lock_settled(lock));
	want("lamp"); /* the next turn of the loop */
	assert_int_equal(n_calls, 1);
	grant(1);
	assert_true(shutdown_lock_settled(lock));
	assert_int_equal(n_settled, 1);
	assert_true(is_held(1));
	want("lamp");
	assert_int_equal(n_calls, 1);
	want(NULL);
	assert_false(is_held(1));
	want(NULL);
	assert_int_equal(n_calls, 1);
	assert_int_equal(n_settled, 1);
}

static void another_ecu_takes_the_lock_over_without_a_gap(void **state)
{
	(void)state;
	want("lamp");
	grant(1);
	want("door");
	expect_call(2, "block", "door");
	assert_true(is_held(1));
	assert_true(shutdown_lock_settled(lock)); /* there is one already */
	grant(2);
	assert_false(is_held(1));
	assert_true(is_held(2));
	want(NULL);
	assert_false(is_held(2));
}

static void who_may_not_block_delays(void **state)
{
	(void)state;
	want("lamp");
	refuse(1, SD_BUS_ERROR_ACCESS_DENIED);
	expect_call(2, "delay", "lamp");
	assert_false(shutdown_lock_settled(lock));
	grant(2);
	assert_true(shutdown_lock_settled(lock));
	assert_true(is_held(1));
	assert_int_equal(n_settled, 1);
}

static void who_may_neither_goes_on_without(void **state)
{
	(void)state;
	want("lamp");
	refuse(1, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
	refuse(2, SD_BUS_ERROR_ACCESS_DENIED);
	assert_true(shutdown_lock_settled(lock));
	assert_int_equal(n_settled, 1);
	want("lamp");
	assert_int_equal(n_calls, 2);
	want(NULL);
	want("door"); /* it may be another answer by then */
	expect_call(3, "block", "door");
}

static void without_logind_the_erase_begins_at_once(void **state)
{
	(void)state;
	want("lamp");
	refuse(1, SD_BUS_ERROR_SERVICE_UNKNOWN);
	assert_int_equal(n_calls, 1);
	assert_true(shutdown_lock_settled(lock));
	assert_int_equal(n_settled, 1);
}

static void without_a_bus_the_erase_begins_at_once_and_a_bus_that_comes_is_asked(void **state)
{
	(void)state;
	disconnect_both();
	shutdown_lock_want(lock, "lamp");
	assert_true(shutdown_lock_settled(lock));
	assert_int_equal(n_settled, 0); /* nobody waited */
	connect_both();
	want("lamp");
	expect_call(1, "block", "lamp");
	assert_true(shutdown_lock_settled(lock));
	grant(1);
	assert_true(is_held(1));
}

static void a_lock_outlives_the_connection_that_it_came_over(void **state)
{
	(void)state;
	want("lamp");
	grant(1);
	disconnect_both();
	shutdown_lock_want(lock, "lamp");
	connect_both();
	want("lamp");
	assert_int_equal(n_calls, 1);
	assert_true(is_held(1));
}

static void an_answer_that_comes_late_is_a_lock_all_the_same(void **state)
{
	(void)state;
	uint64_t began;

	want("lamp");
	began = uv_hrtime();
	while (n_settled == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(uv_hrtime() - began >= (SHUTDOWN_LOCK_WAIT_MS - 200) * 1000000ull);
	assert_true(shutdown_lock_settled(lock));
	grant(1);
	assert_true(is_held(1));
	assert_int_equal(n_settled, 1);
}

static void what_is_wanted_no_more_while_it_is_asked_for_is_not_taken(void **state)
{
	(void)state;
	want("lamp");
	want(NULL);
	assert_int_equal(n_settled, 1); /* whoever waited waits no more */
	grant(1);
	assert_false(is_held(1));
}

static void a_connection_lost_while_it_is_asked_for_is_asked_no_more(void **state)
{
	(void)state;
	want("lamp");
	disconnect_both();
	shutdown_lock_want(lock, "lamp");
	assert_true(shutdown_lock_settled(lock));
	assert_int_equal(n_settled, 1);
	connect_both();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_erase_waits_for_the_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_ecu_takes_the_lock_over_without_a_gap, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_may_not_block_delays, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_may_neither_goes_on_without, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_logind_the_erase_begins_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_a_bus_the_erase_begins_at_once_and_a_bus_that_comes_is_asked, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_lock_outlives_the_connection_that_it_came_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_answer_that_comes_late_is_a_lock_all_the_same, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_wanted_no_more_while_it_is_asked_for_is_not_taken, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_connection_lost_while_it_is_asked_for_is_asked_no_more, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
