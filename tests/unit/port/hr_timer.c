#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "uds/port/hr_timer.h"

#define MS UINT64_C(1000000)

struct bench {
	uv_loop_t loop;
	struct hr_timer timer;
	uv_timer_t end; /* of the time in which a test looks on */
	uv_prepare_t turns;
	unsigned n_turns;
	unsigned n_expired;
	uint64_t expired_ns;
	uint64_t again_ns; /* the owner sets the timer anew, so much later; 0: it does not */
	/* the first expiry, or the first read, lasts beyond the time set there, and something to read comes meanwhile
	 */
	bool stall, stall_in_read;
	int fd;
	uv_poll_t readable;
	unsigned n_read;
	unsigned n_expired_before; /* it was read last */
};

static void stall(const struct bench *s)
{
	assert_int_equal(eventfd_write(s->fd, 1), 0);
	nanosleep(&(struct timespec){.tv_nsec = (long)(10 * MS)}, NULL);
}

static void on_expire(void *owner)
{
	struct bench *s = owner;

	s->n_expired++;
	s->expired_ns = hr_timer_now_ns();
	if (s->again_ns)
		hr_timer_arm(&s->timer, s->expired_ns + s->again_ns);
	if (s->stall && s->n_expired == 1)
		stall(s);
}

static void on_turn(uv_prepare_t *prepare)
{
	((struct bench *)prepare->data)->n_turns++;
}

static void on_end(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct bench *s = poll->data;
	eventfd_t value;

	(void)status;
	(void)events;
	assert_int_equal(eventfd_read(s->fd, &value), 0);
	s->n_read++;
	s->n_expired_before = s->n_expired;
	if (s->stall_in_read) {
		s->stall_in_read = false;
		hr_timer_arm(&s->timer, hr_timer_now_ns() + MS);
		stall(s);
	}
}

static void look_on(struct bench *s, uint64_t ms)
{
	uv_update_time(&s->loop);
	uv_timer_start(&s->end, on_end, ms, 0);
	uv_run(&s->loop, UV_RUN_DEFAULT);
}

static int setup(void **state)
{
	static struct bench bench;
	struct bench *s = &bench;

	*s = (struct bench){0};
	assert_int_equal(uv_loop_init(&s->loop), 0);
	assert_int_equal(hr_timer_init(&s->timer, &s->loop, s, on_expire), 0);
	uv_timer_init(&s->loop, &s->end);
	uv_prepare_init(&s->loop, &s->turns);
	s->turns.data = s;
	uv_prepare_start(&s->turns, on_turn);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct bench *s = *state;

	hr_timer_close(&s->timer, NULL);
	uv_close((uv_handle_t *)&s->end, NULL);
	uv_close((uv_handle_t *)&s->turns, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return uv_loop_close(&s->loop);
}

static void it_expires_once_and_not_before_its_time(void **state)
{
	struct bench *s = *state;
	uint64_t at_ns = hr_timer_now_ns() + 5 * MS;

	hr_timer_arm(&s->timer, at_ns);
	look_on(s, 40);
	assert_int_equal(s->n_expired, 1);
	assert_true(s->expired_ns >= at_ns);
}

static void an_owner_that_sets_no_other_time_is_left_in_peace(void **state)
{
	struct bench *s = *state;

	hr_timer_arm(&s->timer, hr_timer_now_ns() + MS);
	look_on(s, 40);
	assert_int_equal(s->n_expired, 1);
	assert_in_range(s->n_turns, 1, 8); /* the loop sleeps, although nobody read the expiration */
}

static void a_time_that_has_passed_expires_at_once(void **state)
{
	struct bench *s = *state;

	hr_timer_arm(&s->timer, 0);
	look_on(s, 10);
	assert_int_equal(s->n_expired, 1);
}

static void a_timer_that_is_disarmed_does_not_expire(void **state)
{
	struct bench *s = *state;

	hr_timer_arm(&s->timer, hr_timer_now_ns() + 5 * MS);
	hr_timer_arm(&s->timer, HR_TIMER_NEVER);
	look_on(s, 20);
	assert_int_equal(s->n_expired, 0);
}

static void the_owner_may_set_it_anew_each_time(void **state)
{
	struct bench *s = *state;

	s->again_ns = MS;
	hr_timer_arm(&s->timer, hr_timer_now_ns() + MS);
	look_on(s, 50);
	assert_in_range(s->n_expired, 5, 50);
	assert_in_range(s->n_turns, s->n_expired, s->n_expired + 5); /* one turn of the loop each */
}

/* runs until it has expired so often while there was something to read */
static void read_until(struct bench *s, unsigned n_expired)
{
	s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(uv_poll_init(&s->loop, &s->readable, s->fd), 0);
	s->readable.data = s;
	uv_poll_start(&s->readable, UV_READABLE, on_readable);
	if (s->stall_in_read)
		assert_int_equal(eventfd_write(s->fd, 1), 0);
	uv_update_time(&s->loop);
	uv_timer_start(&s->end, on_end, 10000, 0);
	while (s->n_expired < n_expired && uv_is_active((uv_handle_t *)&s->end))
		uv_run(&s->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&s->readable, NULL);
	close(s->fd);
	assert_int_equal(s->n_expired, n_expired);
}

static void what_came_while_the_loop_was_late_is_served_first(void **state)
{
	struct bench *s = *state;

	s->stall = true;
	s->again_ns = 5 * MS;
	hr_timer_arm(&s->timer, hr_timer_now_ns() + MS);
	read_until(s, 2);
	assert_int_equal(s->n_expired_before, 1);
}

static void a_time_set_by_whoever_made_the_loop_late_waits_for_the_next_turn(void **state)
{
	struct bench *s = *state;

	s->stall_in_read = true;
	hr_timer_arm(&s->timer, 0);
	read_until(s, 1);
	assert_false(s->stall_in_read);
	assert_int_equal(s->n_read, 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(it_expires_once_and_not_before_its_time),
	    CASE(an_owner_that_sets_no_other_time_is_left_in_peace),
	    CASE(a_time_that_has_passed_expires_at_once),
	    CASE(a_timer_that_is_disarmed_does_not_expire),
	    CASE(the_owner_may_set_it_anew_each_time),
	    CASE(what_came_while_the_loop_was_late_is_served_first),
	    CASE(a_time_set_by_whoever_made_the_loop_late_waits_for_the_next_turn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
