/*
 * ctl_watch - follows a campaign or a roll-out until its end: on a terminal one line that changes, in a pipe a line a
 * change, with --json an answer of the backend a change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/oem_backend/ctl/ctl.h"
#include "sim/oem_backend/ctl/table.h"
#include "sim/oem_backend/ctl/talk.h"
#include "sim/oem_backend/json_read.h"

#define LINE_BYTES 1024u

/* clang-format off */
static const char campaign_sql[] =
    "SELECT (value->>'state') || iif(value->>'removed' <> '', ' (' || (value->>'removed') || ')', '') ||"
    " iif(value->>'code_number' <> 0, ', ' || (value->>'code_number') || ' ' || (value->>'text'), '') ||"
    " (SELECT coalesce(group_concat('; ' || (t.value->>'ecu') || ' ' || (t.value->>'state') ||"
    "   iif(t.value->>'code_number' <> 0, ', ' || (t.value->>'code_number') || ' ' || (t.value->>'text'), ''), ''), '')"
    "   FROM json_each(?1, '$.campaign.targets') t)"
    " FROM (SELECT ?1->'$.campaign' AS value)";

static const char rollout_sql[] =
    "SELECT (value->>'state') || ', ' || (value->>'verified') || ' of ' || (value->>'total') || ' verified, ' ||"
    " (value->>'failed') || ' failed, ' || (value->>'open') || ' open, ' || (value->>'waiting') || ' to come' ||"
    " coalesce((SELECT '; wave ' || (w.value->>'wave') || ' ' || (w.value->>'state')"
    "   FROM json_each(?1, '$.rollout.waves') w WHERE w.value->>'began_unix_s' > 0 ORDER BY w.key DESC LIMIT 1), '') ||"
    " iif(value->>'why' <> '', '; ' || (value->>'why'), '')"
    " FROM (SELECT ?1->'$.rollout' AS value)";
/* clang-format on */

struct watch {
	const char *what; /* "campaign" or "roll-out" */
	const char *id;
	const char *command;
	const char *sql;
	/* Return: whether that was the end; @good: whether the one wished for */
	bool (*over)(struct json_read *read, bool *good);
};

static bool campaign_over(struct json_read *read, bool *good)
{
	static const char *const untouched[] = {"queued", "offered", "downloading", "ready", "waiting"};
	char removed[16], state[24];
	bool taken_back = false;

	*good = json_read_bool(read, "$.campaign.verified");
	(void)json_read_text(read, "$.campaign.removed", removed, sizeof removed);
	(void)json_read_text(read, "$.campaign.state", state, sizeof state);
	/* nothing was installed, and nothing will be; one that was begun goes on to its end */
	for (size_t i = 0; removed[0] && i < sizeof untouched / sizeof untouched[0]; i++)
		taken_back = taken_back || strcmp(state, untouched[i]) == 0;
	return json_read_bool(read, "$.campaign.terminal") || taken_back;
}

static bool rollout_over(struct json_read *read, bool *good)
{
	char state[16];

	(void)json_read_text(read, "$.rollout.state", state, sizeof state);
	*good = strcmp(state, "done") == 0;
	/* one that was stopped waits for a person: whoever looks on shall learn of it */
	return *good || strcmp(state, "stopped") == 0 || strcmp(state, "cancelled") == 0;
}

static void show(struct ctl *self, const struct watch *watch, const char *line, const char *answer, bool terminal)
{
	char clock[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (self->json) {
		puts(answer);
	} else {
		if (localtime_r(&now, &tm))
			(void)strftime(clock, sizeof clock, "%H:%M:%S", &tm);
		printf("%s%s  %s %s: %s%s", terminal ? "\r\033[K" : "", clock, watch->what, watch->id, line,
		       terminal ? "" : "\n");
	}
	fflush(stdout);
}

/* control characters of a vehicle's texts do not reach the terminal */
static void clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static enum ctl_exit follow(struct ctl *self, const struct watch *watch)
{
	const double began_s = talk_clock_s();
	bool terminal = !self->json && isatty(STDOUT_FILENO), over = false, good = false, lost = false;
	char line[LINE_BYTES], last[LINE_BYTES] = "";
	char *answer;
	enum ctl_exit status = CTL_OK;

	while (!over) {
		status = ctl_ask_for(self, watch->command, "id", watch->id, &answer);
		if (status == CTL_OK) {
			struct json_read read = {self->db, answer};

			table_value(self->db, watch->sql, answer, line, sizeof line);
			clean(line);
			over = watch->over(&read, &good);
			if (strcmp(line, last) != 0)
				show(self, watch, line, answer, terminal);
			memcpy(last, line, sizeof last);
			lost = false;
			free(answer);
		} else if (status != CTL_UNREACHABLE || !last[0]) {
			break; /* refused, or there was no backend to begin with */
		} else if (!lost) {
			lost = true;
			fprintf(stderr, "%soemctl: the backend is away; waiting for it\n", terminal ? "\n" : "");
		}
		self->quiet = last[0] != '\0';
		if (!over && self->timeout_given && talk_clock_s() >= began_s + self->timeout_s) {
			fprintf(stderr, "%soemctl: %s %s is not over, and the time is\n", terminal ? "\n" : "",
				watch->what, watch->id);
			return CTL_REFUSED;
		}
		if (!over)
			talk_pause(began_s);
	}
	if (terminal && last[0])
		putchar('\n');
	return status != CTL_OK ? status : good ? CTL_OK : CTL_REFUSED;
}

enum ctl_exit ctl_campaign_watch(struct ctl *self, const char *id)
{
	const struct watch watch = {"campaign", id, "campaign-show", campaign_sql, campaign_over};

	return follow(self, &watch);
}

enum ctl_exit ctl_rollout_watch(struct ctl *self, const char *id)
{
	const struct watch watch = {"roll-out", id, "rollout-show", rollout_sql, rollout_over};

	return follow(self, &watch);
}
