/* log: what a person reads on stderr where there is no journal. */
#include "rig.h"

#include <syslog.h>

#include "gatewayd/io/log.h"

static char written[4096];
static int old_stderr;

/* what is written to stderr from here on goes to a file */
static void begin(void)
{
	int fd = open(rig_path("stderr"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	fflush(stderr);
	old_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static void end(void)
{
	FILE *file;

	fflush(stderr);
	dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	file = fopen(rig_path("stderr"), "re");
	assert_non_null(file);
	written[fread(written, 1, sizeof(written) - 1, file)] = '\0';
	fclose(file);
}

static void a_line_has_its_level_campaign_ecu_and_words(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	begin();
	log_init(LOG_INFO);
	log_write(LOG_WARNING, &(struct log_fields){.campaign_id = "campaign-1", .ecu = "brake-1"}, "%d of %d", 1, 2);
	log_write(LOG_ERR, NULL, "alone");
	log_write(LOG_ERR, &(struct log_fields){.campaign_id = "", .ecu = ""}, "empty");
	end();
	rig_expect_words(written, "warning campaign-1: brake-1: 1 of 2\n");
	rig_expect_words(written, "error   alone\n");
	rig_expect_words(written, "error   empty\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
	(void)state;
	begin();
	log_init(LOG_NOTICE);
	log_write(LOG_INFO, NULL, "quiet");
	log_write(LOG_NOTICE, NULL, "loud");
	end();
	assert_null(strstr(written, "quiet"));
	rig_expect_words(written, "notice  loud\n");
}

static void a_message_without_end_is_one_line_cut_off(void **state)
{
	(void)state;
	char words[2000];

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	begin();
	log_init(LOG_INFO);
	log_write(LOG_ERR, NULL, "%s", words);
	end();
	assert_in_range(strlen(written), 200, 600);
	assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
}

static void words_of_others_cannot_forge_a_line(void **state)
{
	(void)state;
	begin();
	log_init(LOG_INFO);
	log_write(LOG_ERR, NULL, "the backend says: %s", "no\n00:00:00.000 notice  verified\x1b[2J");
	end();
	assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
	assert_null(strchr(written, 0x1b));
}

static void a_journal_stream_that_is_not_our_stderr_is_none(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "1:2", 1);
	begin();
	log_init(LOG_INFO);
	log_write(LOG_ERR, NULL, "here");
	end();
	rig_expect_words(written, "here");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	begin();
	log_init(LOG_INFO);
	log_write(LOG_ERR, NULL, "there");
	end();
	rig_expect_words(written, "there");
	unsetenv("JOURNAL_STREAM");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_line_has_its_level_campaign_ecu_and_words),     TEST(what_is_below_the_level_is_not_written),
	    TEST(a_message_without_end_is_one_line_cut_off),       TEST(words_of_others_cannot_forge_a_line),
	    TEST(a_journal_stream_that_is_not_our_stderr_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
