/* ctl_strategy - the backend's strategy, and what it makes of a manifest. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/ctl/ctl.h"
#include "sim/oem_backend/ctl/table.h"
#include "sim/oem_backend/words.h"

/* clang-format off */
static const char rules_sql[] =
    "SELECT value->>'name' AS RULE,"
    " value->>'urgency' AS URGENCY,"
    " value->>'when' AS \"IF\""
    " FROM json_each(?1, '$.rules')";

static const char classes_sql[] =
    "SELECT value->>'urgency' AS URGENCY,"
    " iif(value->>'deadline_days' > 0, (value->>'deadline_days') || ' days', 'none') AS DEADLINE,"
    " iif(value->>'retry_pause_s' > 0, (value->>'retry_pause_s') || ' s', 'the gateway''s') AS \"RETRY PAUSE\","
    " iif(value->>'consent_required', 'needed', 'not needed') AS CONSENT"
    " FROM json_each(?1, '$.classes')";

static const char modes_sql[] =
    "SELECT iif(value->>'ecu' = '', 'all', value->>'ecu') AS ECU,"
    " iif(value->>'urgency' = '', 'all', value->>'urgency') AS URGENCY,"
    " value->>'mode' AS MODE"
    " FROM json_each(?1, '$.modes')";

static const char test_sql[] =
    "SELECT value->>'manifest' AS manifest,"
    " iif(value->>'score' > 0, (value->>'score') || ' of 100', 'not known') AS score,"
    " iif(value->>'safety_relevant', 'yes', 'no') AS \"safety-relevant\","
    " iif(value->>'exploited_in_field', 'yes', 'no') AS exploited,"
    " iif(value->>'change' = 'unspecified', 'not said', value->>'change') AS change,"
    " value->>'vehicle' AS vehicle,"
    " value->>'rule' AS rule,"
    " value->>'urgency' AS urgency,"
    " iif(value->>'deadline_unix_s' > 0, " TABLE_TIME("value->>'deadline_unix_s'") " || ', the ' || (value->>'deadline_from') || '''s', 'none') AS deadline,"
    " iif(value->>'retry_pause_s' > 0, (value->>'retry_pause_s') || ' s', 'the gateway''s') AS \"retry pause\","
    " iif(value->>'consent_required', 'needed', 'not needed') AS consent,"
    " value->>'mode' AS mode"
    " FROM (SELECT ?1 AS value)";

static const char asked_sql[] =
    "SELECT value->>'name' AS RULE,"
    " value->>'urgency' AS URGENCY,"
    " value->>'result' AS RESULT,"
    " value->>'why' AS WHY"
    " FROM json_each(?1, '$.rules')";

static const char ecus_sql[] =
    "SELECT value->>'ecu' AS ECU,"
    " value->>'hardware_id' AS HARDWARE,"
    " value->>'mode' AS MODE"
    " FROM json_each(?1, '$.ecus')";
/* clang-format on */

enum ctl_exit ctl_strategy_show(struct ctl *self)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "strategy-show", NULL, NULL, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json) {
		puts(answer);
	} else {
		table_print(self->db, rules_sql, answer, "no rules");
		putchar('\n');
		table_print(self->db, classes_sql, answer, "no classes");
		putchar('\n');
		table_print(self->db, modes_sql, answer, "no modes");
	}
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_strategy_test(struct ctl *self, const char *manifest)
{
	char path[PATH_MAX], vehicles[8];
	uint8_t digest[32];
	struct json request;
	char *answer;
	bool known = hex_parse(manifest, digest);

	if (!known && !realpath(manifest, path)) {
		fprintf(stderr, "oemctl: cannot read %s: %s\n", manifest, strerror(errno));
		return CTL_USAGE;
	}
	ctl_request(&request, "strategy-test");
	ctl_add_text(&request, known ? "sha256" : "path", known ? manifest : path);
	if (self->vehicle)
		ctl_add_text(&request, "vehicle", self->vehicle);
	json_object_end(&request);
	enum ctl_exit status = ctl_ask(self, &request, &answer);
	if (status != CTL_OK)
		return status;
	if (self->json) {
		puts(answer);
	} else {
		table_print(self->db, asked_sql, answer, "no rules");
		putchar('\n');
		table_print_one(self->db, test_sql, answer);
		if (table_value(self->db, "SELECT 1 FROM json_each(?1, '$.ecus')", answer, vehicles, sizeof vehicles)) {
			putchar('\n');
			table_print(self->db, ecus_sql, answer, "");
		}
	}
	free(answer);
	return CTL_OK;
}
