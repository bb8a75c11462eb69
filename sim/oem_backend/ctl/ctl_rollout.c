/* ctl_rollout - one manifest for many vehicles, in waves. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/ctl/ctl.h"
#include "sim/oem_backend/ctl/table.h"
#include "sim/oem_backend/json_read.h"

#define LINE_BYTES 256

/* clang-format off */
static const char rollouts_sql[] =
    "SELECT value->>'id' AS \"ROLL-OUT\","
    " value->>'state' AS STATE,"
    " value->>'total' AS VEHICLES,"
    " value->>'verified' AS VERIFIED,"
    " value->>'failed' AS FAILED,"
    " value->>'open' AS OPEN,"
    " value->>'waiting' AS \"TO COME\","
    " value->>'plan' AS WAVES,"
    " value->>'why' AS WHY"
    " FROM json_each(?1, '$.rollouts')";

static const char rollout_sql[] =
    "SELECT value->>'id' AS \"roll-out\","
    " value->>'state' AS state,"
    " value->>'why' AS why,"
    " value->>'manifest' AS manifest,"
    " value->>'plan' AS plan,"
    " 'more than ' || (value->>'error_threshold') || ' % of a wave' AS \"stops at\","
    " (value->>'min_done') || ' % of a wave over, and ' || (value->>'soak_s') || ' s' AS \"goes on at\","
    " " TABLE_TIME("value->>'created_unix_s'") " AS created"
    " FROM (SELECT ?1->'$.rollout' AS value)";

static const char waves_sql[] =
    "SELECT value->>'wave' AS WAVE,"
    " value->>'state' AS STATE,"
    " value->>'vehicles' AS VEHICLES,"
    " value->>'done' AS VERIFIED,"
    " value->>'failed' AS FAILED,"
    " round(100.0 * (value->>'failed') / (value->>'vehicles'), 1) AS \"FAILED %\","
    " value->>'other' AS OTHER,"
    " value->>'open' AS OPEN,"
    " value->>'waiting' AS \"TO COME\","
    " " TABLE_TIME("value->>'began_unix_s'") " AS BEGAN,"
    " " TABLE_TIME("value->>'ended_unix_s'") " AS ENDED"
    " FROM json_each(?1, '$.rollout.waves')";

static const char vehicles_sql[] =
    "SELECT value->>'vehicle' AS VEHICLE,"
    " value->>'wave' AS WAVE,"
    " value->>'campaign' AS CAMPAIGN,"
    " value->>'result' AS RESULT,"
    " value->>'why' AS WHY"
    " FROM json_each(?1, '$.rollout.vehicles')";
/* clang-format on */

/* a vehicle a line; spaces around it, empty lines and what follows # do not count. Return: false, said */
static bool add_vehicles(const char *path, struct json *request)
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];

	if (!file) {
		fprintf(stderr, "oemctl: cannot read %s: %s\n", path, strerror(errno));
		return false;
	}
	json_key(request, "vehicles");
	json_array(request);
	while (fgets(line, sizeof line, file)) {
		char *begin = line;

		line[strcspn(line, "#\r\n")] = '\0';
		while (isspace((unsigned char)*begin))
			begin++;
		begin[strcspn(begin, " \t")] = '\0';
		if (*begin)
			json_string(request, begin);
	}
	json_array_end(request);
	bool good = !ferror(file);
	fclose(file);
	if (!good)
		fprintf(stderr, "oemctl: cannot read %s\n", path);
	return good;
}

/* @text: NULL is not added. Return: false, said */
static bool add_number(struct json *request, const char *key, const char *flag, const char *text)
{
	char *end;

	if (!text)
		return true;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || (*end && strcmp(end, "%") != 0) || value > UINT32_MAX) {
		fprintf(stderr, "oemctl: %s: \"%s\" is no whole number\n", flag, text);
		return false;
	}
	json_key(request, key);
	json_uint(request, value);
	return true;
}

static bool add_rules(struct ctl *self, struct json *request)
{
	return add_number(request, "error_threshold", "--error-threshold", self->error_threshold) &&
	       add_number(request, "min_done", "--min-done", self->min_done) &&
	       add_number(request, "soak_s", "--soak", self->soak);
}

static void show_created(struct ctl *self, const char *answer)
{
	char words[400];

	if (self->json) {
		puts(answer);
		return;
	}
	table_value(self->db,
		    "SELECT 'roll-out ' || (?1->>'$.id') || ' begins: ' || (?1->>'$.vehicles') ||"
		    " ' vehicles in waves of ' || (SELECT group_concat(value, ', ') FROM json_each(?1, '$.waves'))",
		    answer, words, sizeof words);
	puts(words);
}

enum ctl_exit ctl_rollout_create(struct ctl *self)
{
	struct json request;
	char *answer;

	if (!self->vehicles) {
		fputs("oemctl: a roll-out needs --vehicles FILE or --vehicles all\n", stderr);
		return CTL_USAGE;
	}
	spec_set(&self->spec->vehicle, "*"); /* of a roll-out it is nobody's to say */
	ctl_request(&request, "rollout-create");
	bool good =
	    (strcmp(self->vehicles, "all") == 0 || add_vehicles(self->vehicles, &request)) && add_rules(self, &request);
	enum ctl_exit status = good ? ctl_campaign_request(self, &request, true) : CTL_USAGE;
	if (status != CTL_OK) {
		json_deinit(&request);
		return status;
	}
	if (self->waves)
		ctl_add_text(&request, "waves", self->waves);
	json_object_end(&request);
	status = ctl_ask(self, &request, &answer);
	if (status != CTL_OK)
		return status;
	show_created(self, answer);
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_rollout_list(struct ctl *self)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "rollout-list", NULL, NULL, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json)
		puts(answer);
	else
		table_print(self->db, rollouts_sql, answer, "no roll-outs");
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_rollout_show(struct ctl *self, const char *id)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "rollout-show", "id", id, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json) {
		puts(answer);
	} else {
		table_print_one(self->db, rollout_sql, answer);
		putchar('\n');
		table_print(self->db, waves_sql, answer, "no waves");
		putchar('\n');
		table_print(self->db, vehicles_sql, answer, "no vehicle has failed");
	}
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_rollout_set(struct ctl *self, const char *verb, const char *id)
{
	char command[32], state[32];
	struct json request;
	char *answer;

	snprintf(command, sizeof command, "rollout-%s", verb);
	ctl_request(&request, command);
	ctl_add_text(&request, "id", id);
	if (!add_rules(self, &request)) {
		json_deinit(&request);
		return CTL_USAGE;
	}
	json_object_end(&request);
	enum ctl_exit status = ctl_ask(self, &request, &answer);
	if (status != CTL_OK)
		return status;
	struct json_read read = {self->db, answer};
	(void)json_read_text(&read, "$.state", state, sizeof state);
	if (self->json)
		puts(answer);
	else
		printf("roll-out %s: %s\n", id, state);
	free(answer);
	return CTL_OK;
}
