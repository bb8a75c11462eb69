/* ctl_show - what the backend knows, as tables, and the wait for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.pb-c.h"
#include "sim/oem_backend/ctl/ctl.h"
#include "sim/oem_backend/ctl/table.h"
#include "sim/oem_backend/ctl/talk.h"
#include "sim/oem_backend/json_read.h"
#include "sim/oem_backend/words.h"

/* clang-format off */
/* seconds as short as they can be said: "6 h", "90 min", "45 s" */
#define DURATION(value) \
    "CASE WHEN (" value ") % 3600 = 0 THEN ((" value ") / 3600) || ' h'" \
    " WHEN (" value ") % 60 = 0 THEN ((" value ") / 60) || ' min' ELSE (" value ") || ' s' END"

/* "mon+fri 22:00 for 6 h, Europe/Berlin; …"; the bits of days are those of Recurrence in metadata.proto */
#define RECURRING \
    "(SELECT group_concat(iif(r.value->>'days' = 127, 'daily'," \
    "  (SELECT group_concat(d.value, '+') FROM json_each('[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"]') d" \
    "   WHERE (r.value->>'days') >> d.key & 1)) ||" \
    "  printf(' %02d:%02d for ', (r.value->>'start_minute') / 60, (r.value->>'start_minute') % 60) ||" \
    "  " DURATION("r.value->>'duration_s'") " || ', ' || (r.value->>'time_zone'), '; ')" \
    "  FROM json_each(?1, '$.campaign.recurring') r)"

static const char campaigns_sql[] =
    "SELECT value->>'id' AS CAMPAIGN,"
    " value->>'vehicle' AS VEHICLE,"
    " value->>'state' AS STATE,"
    " iif(value->>'verified', 'yes', 'no') AS VERIFIED,"
    " value->>'urgency' AS URGENCY,"
    " value->>'answer' AS ANSWER,"
    " " TABLE_TIME("value->>'window_start_unix_s'") " AS \"WINDOW FROM\","
    " " TABLE_TIME("value->>'window_end_unix_s'") " AS \"WINDOW TO\","
    " json_array_length(value, '$.targets') AS ECUS,"
    " value->>'removed' AS REMOVED"
    " FROM json_each(?1, '$.campaigns')";

static const char campaign_sql[] =
    "SELECT value->>'id' AS campaign,"
    " (value->>'vehicle') || iif(value->>'online', ' (online)', ' (offline)') AS vehicle,"
    " value->>'state' AS state,"
    " iif(value->>'verified', 'yes', 'no') AS verified,"
    " value->>'removed' AS removed,"
    " iif(value->>'code_number' <> 0, (value->>'code_number') || ' ' || (value->>'text'), '') AS why,"
    " value->>'urgency' AS urgency,"
    " value->>'mode' AS mode,"
    " iif(value->>'rule' <> '', (value->>'rule') || ': ', '') || (value->>'rule_why') AS rule,"
    " " TABLE_TIME("value->>'deadline_unix_s'") " AS deadline,"
    " iif(value->>'retry_pause_s' > 0, " DURATION("value->>'retry_pause_s'") ", '') AS \"retry pause\","
    " iif(value->>'consent_required', 'needed', 'not needed') AS consent,"
    " " TABLE_TIME("value->>'window_start_unix_s'") " || ' to ' ||"
    "  " TABLE_TIME("value->>'window_end_unix_s'") " AS window,"
    " " RECURRING " AS recurring,"
    " (value->>'answer') || iif(value->>'answer_code_number' <> 0,"
    "  ', ' || (value->>'answer_code_number') || ' ' || (value->>'answer_text'), '') AS answer,"
    " " TABLE_TIME("value->>'proposed_unix_s'") " AS proposed,"
    " CASE WHEN NOT (value->>'confirmed') THEN 'no'"
    "  WHEN (value->>'start_unix_s') = 0 THEN 'yes, at once'"
    "  ELSE 'yes, from ' || " TABLE_TIME("value->>'start_unix_s'") " END AS confirmed,"
    " value->>'manifest' AS manifest,"
    " " TABLE_TIME("value->>'updated_unix_s'") " AS updated"
    " FROM (SELECT ?1->'$.campaign' AS value)";

static const char targets_sql[] =
    "SELECT value->>'ecu' AS ECU,"
    " value->>'component' AS COMPONENT,"
    " value->>'state' AS STATE,"
    " value->>'old_version' AS OLD,"
    " value->>'new_version' AS NEW,"
    " value->>'payload_bytes' AS BYTES,"
    " round((value->>'duration_ms') / 1000.0, 1) AS SECONDS,"
    " round((value->>'estimate_ms') / 1000.0, 1) AS ESTIMATE,"
    " coalesce(round(1.0 * (value->>'payload_bytes') / (value->>'transfer_ms'), 1), 0.0) AS \"kB/s\","
    " value->>'evidence' AS EVIDENCE,"
    " iif(value->>'code_number' <> 0, (value->>'code_number') || ' ' || (value->>'text'), '') AS FAILURE"
    " FROM json_each(?1, '$.campaign.targets')";

static const char vehicles_sql[] =
    "SELECT value->>'id' AS VEHICLE,"
    " iif(value->>'online', 'online', 'offline') AS SESSION,"
    " " TABLE_TIME("value->>'last_unix_s'") " AS SEEN,"
    " value->>'ignition' AS IGNITION,"
    " value->>'battery_mv' AS mV,"
    " value->>'director_version' AS DOCUMENT,"
    " value->>'director_held' AS HELD,"
    " json_array_length(value, '$.ecus') AS ECUS,"
    " value->>'software' AS SOFTWARE"
    " FROM json_each(?1, '$.vehicles')";

static const char vehicle_sql[] =
    "SELECT value->>'id' AS vehicle,"
    " iif(value->>'online', 'online, from ' || (value->>'address'), 'offline') AS session,"
    " value->>'software' AS software,"
    " value->>'features' AS features,"
    " " TABLE_TIME("value->>'first_unix_s'") " AS first,"
    " " TABLE_TIME("value->>'last_unix_s'") " AS last,"
    " value->>'director_version' AS document,"
    " value->>'director_held' AS held,"
    " value->>'ignition' AS ignition,"
    " iif(value->>'standstill', 'yes', 'no') AS standstill,"
    " (value->>'battery_mv') || ' mV' AS battery,"
    " coalesce((value->>'charge_percent') || ' %', 'unknown') AS charge,"
    " value->>'charging' AS charging,"
    " value->>'gear_park' AS \"in park\","
    " value->>'parking_brake' AS \"parking brake\""
    " FROM (SELECT ?1->'$.vehicle' AS value)";

static const char ecus_sql[] =
    "SELECT value->>'name' AS ECU,"
    " value->>'bus' AS BUS,"
    " value->>'hardware_id' AS HARDWARE,"
    " value->>'serial_number' AS SERIAL,"
    " value->>'boot_version' AS BOOT,"
    " value->>'application_version' AS APPLICATION,"
    " value->>'data_version' AS DATA,"
    " iif(value->>'present', 'yes', 'no') AS PRESENT"
    " FROM json_each(?1, '$.vehicle.ecus')";

static const char modes_sql[] =
    "SELECT iif(value->>'ecu' = '', 'all', value->>'ecu') AS ECU,"
    " iif(value->>'urgency' = '', 'all', value->>'urgency') AS URGENCY,"
    " value->>'mode' AS MODE"
    " FROM json_each(?1, '$.vehicle.modes')";

/* "R155 CS-1, R156 SU-2" of a list of the report, "none" */
#define RXSWIN(list)                                                                                                \
	"(SELECT coalesce(group_concat((n.value->>'regulation') || ' ' || (n.value->>'value'), ', '), 'none')"      \
	" FROM json_each(json_extract(r.value, '$." list "')) n)"

static const char reports_sql[] =
    "SELECT " TABLE_TIME("(r.value->>'unix_ms') / 1000") " AS TIME,"
    " r.value->>'vehicle' AS VEHICLE,"
    " r.value->>'sequence' AS NUMBER,"
    " r.value->>'campaign' AS CAMPAIGN,"
    " r.value->>'ecu' AS ECU,"
    " coalesce(iif(r.value->>'ecu' = '', NULL, r.value->>'ecu_state'), r.value->>'campaign_state', '') AS STATE,"
    " r.value->>'code_number' AS CODE,"
    " coalesce(CASE r.value->>'$.service_loss.state' WHEN 'announced' THEN 'will be out of service: '"
    "  WHEN 'lost' THEN 'out of service: ' WHEN 'back' THEN 'in service again: '"
    "  WHEN 'called_off' THEN 'stays in service: ' END, '') || (r.value->>'text')"
    " || iif(r.value->>'rxswin_after' IS NULL, '', '; RXSWIN before: ' || " RXSWIN("rxswin_before")
    " || '; after: ' || " RXSWIN("rxswin_after") ") AS TEXT"
    " FROM json_each(?1, '$.reports') r";
/* clang-format on */

enum ctl_exit ctl_ask_for(struct ctl *self, const char *command, const char *key, const char *value, char **answer)
{
	struct json request;

	ctl_request(&request, command);
	if (key)
		ctl_add_text(&request, key, value);
	json_key(&request, "all");
	json_bool(&request, self->all);
	json_object_end(&request);
	return ctl_ask(self, &request, answer);
}

enum ctl_exit ctl_campaign_list(struct ctl *self)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "campaign-list", NULL, NULL, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json)
		puts(answer);
	else
		table_print(self->db, campaigns_sql, answer, "no campaigns");
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_campaign_show(struct ctl *self, const char *id)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "campaign-show", "id", id, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json) {
		puts(answer);
	} else {
		table_print_one(self->db, campaign_sql, answer);
		putchar('\n');
		table_print(self->db, targets_sql, answer, "no targets");
	}
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_vehicle_list(struct ctl *self)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "vehicle-list", NULL, NULL, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json)
		puts(answer);
	else
		table_print(self->db, vehicles_sql, answer, "no vehicle has connected yet");
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_vehicle_show(struct ctl *self, const char *id)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "vehicle-show", "id", id, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json) {
		puts(answer);
	} else {
		table_print_one(self->db, vehicle_sql, answer);
		putchar('\n');
		table_print(self->db, ecus_sql, answer, "no ECUs");
		putchar('\n');
		table_print(self->db, modes_sql, answer, "no update modes: it has not registered since they are kept");
	}
	free(answer);
	return CTL_OK;
}

enum ctl_exit ctl_reports(struct ctl *self)
{
	char *answer;
	enum ctl_exit status = ctl_ask_for(self, "reports", "campaign", self->campaign ? self->campaign : "", &answer);

	if (status != CTL_OK)
		return status;
	if (self->json)
		puts(answer);
	else
		table_print(self->db, reports_sql, answer, "no reports");
	free(answer);
	return CTL_OK;
}

/* --- wait */

enum progress { PROGRESS_WAIT, PROGRESS_REACHED, PROGRESS_MISSED };

/* a state that is not the last may be over between two looks: the reports remember it */
static bool passed(struct ctl *self)
{
	char *answer, found[8], sql[256];

	if (ctl_ask_for(self, "reports", "campaign", self->campaign, &answer) != CTL_OK)
		return false;
	sqlite3_snprintf(sizeof sql, sql,
			 "SELECT 1 FROM json_each(?1, '$.reports') WHERE value->>'campaign_state' = %Q LIMIT 1",
			 self->state);
	bool is = table_value(self->db, sql, answer, found, sizeof found);
	free(answer);
	return is;
}

static enum progress look_at_campaign(struct ctl *self, const char *answer)
{
	struct json_read read = {self->db, answer};
	char state[WORD_BYTES];

	(void)json_read_text(&read, "$.campaign.state", state, sizeof state);
	if (strcmp(self->state, "verified") == 0) {
		if (json_read_bool(&read, "$.campaign.verified"))
			return PROGRESS_REACHED;
	} else if (strcmp(self->state, state) == 0 || passed(self)) {
		return PROGRESS_REACHED;
	}
	return json_read_bool(&read, "$.campaign.terminal") ? PROGRESS_MISSED : PROGRESS_WAIT;
}

static enum progress look(struct ctl *self, char **answer, enum ctl_exit *status)
{
	*status = self->campaign ? ctl_ask_for(self, "campaign-show", "id", self->campaign, answer)
				 : ctl_ask_for(self, "vehicle-show", "id", self->vehicle, answer);
	if (*status != CTL_OK) {
		/* the backend may be starting, the vehicle may never have connected; a campaign does not come by itself
		 */
		return self->campaign && *status == CTL_REFUSED ? PROGRESS_MISSED : PROGRESS_WAIT;
	}
	if (self->campaign)
		return look_at_campaign(self, *answer);
	struct json_read read = {self->db, *answer};
	bool online = json_read_bool(&read, "$.vehicle.online");
	return online == (strcmp(self->state, "online") == 0) ? PROGRESS_REACHED : PROGRESS_WAIT;
}

static bool known_state(const struct ctl *self)
{
	int value;

	if (self->vehicle)
		return strcmp(self->state, "online") == 0 || strcmp(self->state, "offline") == 0;
	return strcmp(self->state, "verified") == 0 ||
	       (word_parse(&gu__campaign_state__descriptor, self->state, &value) && value != 0);
}

static enum ctl_exit say_end(struct ctl *self, enum progress progress, const char *answer)
{
	const char *what = self->campaign ? "campaign" : "vehicle";
	const char *id = self->campaign ? self->campaign : self->vehicle;
	char state[WORD_BYTES] = "", why[300] = "";

	if (answer) {
		table_value(self->db,
			    self->campaign ? "SELECT ?1->>'$.campaign.state'"
					   : "SELECT iif(?1->>'$.vehicle.online', 'online', 'offline')",
			    answer, state, sizeof state);
		if (self->campaign)
			table_value(self->db,
				    "SELECT iif(?1->>'$.campaign.code_number' <> 0,"
				    " (?1->>'$.campaign.code_number') || ' ' || (?1->>'$.campaign.text'), '')",
				    answer, why, sizeof why);
		if (self->json)
			puts(answer);
	}
	if (progress == PROGRESS_REACHED) {
		if (!self->json)
			printf("%s %s: %s\n", what, id, self->state);
		return CTL_OK;
	}
	fprintf(stderr, "oemctl: %s %s is %s%s%s, not %s%s\n", what, id, state[0] ? state : "not known",
		why[0] ? ", " : "", why, self->state, progress == PROGRESS_MISSED ? "" : ", when the time was over");
	return CTL_REFUSED;
}

enum ctl_exit ctl_wait(struct ctl *self)
{
	const double began_s = talk_clock_s();
	enum progress progress;
	enum ctl_exit status;
	char *answer = NULL;

	if (!self->campaign == !self->vehicle) {
		fputs("oemctl: wait needs --campaign ID or --vehicle ID\n", stderr);
		return CTL_USAGE;
	}
	if (!self->state)
		self->state = self->campaign ? "verified" : "online";
	if (!known_state(self)) {
		fprintf(stderr,
			"oemctl: --state %s: no such state; for a vehicle online or offline, for a campaign verified,"
			" done, failed, …\n",
			self->state);
		return CTL_USAGE;
	}
	self->quiet = true;
	for (;;) {
		progress = look(self, &answer, &status);
		if (progress != PROGRESS_WAIT || talk_clock_s() >= began_s + self->timeout_s)
			break;
		free(answer);
		answer = NULL;
		talk_pause(began_s);
	}
	if (status != CTL_OK) {
		/* once more, aloud */
		self->quiet = false;
		progress = look(self, &answer, &status);
	}
	if (status == CTL_OK)
		status = say_end(self, progress, answer);
	free(answer);
	return status;
}
