/* database under SIGKILL: a process that commits as fast as it can is killed at random moments, again and again. */
#include "rig_database.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS    30
#define MAX_AHEAD 4u  /* transactions in flight */
#define KEPT      20u /* reports not yet acknowledged */

/* one transaction that changes a row of every table, each to the same number */
static void store_number(uint64_t number)
{
	struct gateway *g = d.gateway;
	struct report report = {.campaign_id = "campaign-1", .code = (unsigned)number};

	rig_database_director(&d, number);
	g->time_floor_unix_s = number;
	for (size_t c = 0; c < 2; c++)
		for (size_t t = 0; t < 2; t++)
			g->campaigns[c].targets[t].payload_bytes = number;
	snprintf(g->ecus[0].identity.data_version, sizeof(g->ecus[0].identity.data_version), "%" PRIu64, number);
	g->reports.next_sequence = number;
	assert_int_equal(report_queue_append(&g->reports, &report), number);
	report_queue_stored(&g->reports, number);
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 3,
						      .ecus = 1,
						      .director = true,
						      .time = true,
						      .report_first = number,
						      .report_last = number,
						      .report_acked = number > KEPT ? number - KEPT : 0});
	if (number > KEPT)
		report_queue_ack(&g->reports, number - KEPT);
}

static void on_alive(uv_timer_t *timer)
{
	(void)timer;
}

static void commit_until_killed(uint64_t number, int acknowledged)
{
	uint64_t first = number, told = 0;
	uv_timer_t alive;

	rig_database_open(&d);
	/* as in the daemon, something else keeps the loop alive */
	uv_timer_init(&d.loop, &alive);
	uv_timer_start(&alive, on_alive, 1000, 1000);
	for (;;) {
		while (d.txn < d.stored + MAX_AHEAD)
			store_number(number++);
		uv_run(&d.loop, UV_RUN_ONCE);
		if (d.stored == told)
			continue;
		told = d.stored;
		number = first + d.txn;
		uint64_t durable = first + told - 1;

		if (write(acknowledged, &durable, sizeof(durable)) != sizeof(durable))
			_exit(1);
	}
}

/* Return: the number that everything stands at */
static uint64_t read_number(void)
{
	const struct gateway *g;
	uint64_t number;
	char text[32];

	rig_database_open(&d);
	g = d.gateway;
	number = g->director_version;
	snprintf(text, sizeof(text), "%" PRIu64, number);
	if (number) {
		assert_int_equal(g->time_floor_unix_s, number);
		for (size_t c = 0; c < 2; c++) {
			assert_int_equal(g->campaigns[c].state, CAMPAIGN_OFFERED);
			assert_int_equal(g->campaigns[c].director_version, number);
			for (size_t t = 0; t < 2; t++)
				assert_int_equal(g->campaigns[c].targets[t].payload_bytes, number);
		}
		assert_string_equal(g->ecus[0].identity.data_version, text);
		assert_int_equal(g->reports.next_sequence, number + 1);
		assert_int_equal(g->reports.n, number < KEPT ? number : KEPT);
		for (uint64_t s = number < KEPT ? 1 : number - KEPT + 1; s <= number; s++)
			assert_int_equal(gateway_report(g, s)->code, s);
	}
	rig_database_close(&d);
	return number;
}

/* Return: the next number that the child says is durable; @durable itself once there is no more */
static uint64_t read_acknowledged(int fd, uint64_t durable, uint64_t *total)
{
	uint64_t number;

	if (read(fd, &number, sizeof(number)) != sizeof(number))
		return durable;
	assert_true(number > durable);
	++*total;
	return number;
}

static void nothing_acknowledged_is_lost_and_nothing_is_half_done(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	uint64_t number = 0, total_acknowledged = 0;

	print_message("# seed %u\n", seed);
	srand(seed);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t durable = number, held;
		int pipes[2], status;
		pid_t child;

		assert_int_equal(pipe(pipes), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(pipes[0]);
			commit_until_killed(number + 1, pipes[1]);
		}
		close(pipes[1]);
		/* in half of the rounds it may do nothing but open; else it is killed a moment after some commit */
		for (int wanted = round % 2 ? 0 : 1 + rand() % 20; wanted > 0; wanted--)
			durable = read_acknowledged(pipes[0], durable, &total_acknowledged);
		usleep((useconds_t)(rand() % 10000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		for (uint64_t before = 0; before != durable;) {
			before = durable;
			durable = read_acknowledged(pipes[0], durable, &total_acknowledged);
		}
		close(pipes[0]);
		held = read_number();
		if (held < durable || held > durable + MAX_AHEAD + 1)
			fail_msg("round %u: holds %" PRIu64 ", %" PRIu64 " was acknowledged", round, held, durable);
		number = held;
	}
	assert_true(total_acknowledged > ROUNDS);
	assert_int_equal(rig_sql("SELECT count(*) FROM director"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_acknowledged_is_lost_and_nothing_is_half_done),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
