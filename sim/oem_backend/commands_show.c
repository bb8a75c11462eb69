/* commands_show - campaigns, vehicles and reports as JSON. */
#include "sim/oem_backend/commands.h"

#include <string.h>

#include "sim/oem_backend/answer.h"
#include "sim/oem_backend/intake_windows.h"
#include "sim/oem_backend/ledger.h"
#include "sim/oem_backend/words.h"

#define REPORTS_MAX 1000u

static void begin(struct json *answer)
{
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
}

/* a campaign that no vehicle has been told of yet has no state of the protocol */
static void state_word(struct json *answer, const char *key, int state)
{
	if (state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED)
		answer_text(answer, key, "queued");
	else
		answer_word(answer, key, &gu__campaign_state__descriptor, state);
}

static void target(struct json *answer, sqlite3_stmt *stmt, const Gu__Campaign *spec)
{
	const char *ecu = store_text(stmt, 0);
	int state = sqlite3_column_int(stmt, 1);
	unsigned code = (unsigned)store_column(stmt, 2);

	json_object(answer);
	answer_text(answer, "ecu", ecu);
	for (size_t i = 0; spec && i < spec->n_targets; i++) {
		const Gu__Target *wanted = spec->targets[i];

		if (strcmp(wanted->ecu, ecu) != 0)
			continue;
		answer_text(answer, "hardware_id", wanted->hardware_id);
		answer_text(answer, "component", wanted->component);
	}
	if (state == GU__ECU_STATE__ECU_STATE_UNSPECIFIED)
		answer_text(answer, "state", "pending");
	else
		answer_word(answer, "state", &gu__ecu_state__descriptor, state);
	answer_code(answer, "code", "code_number", code);
	answer_text(answer, "text", store_text(stmt, 3));
	answer_text(answer, "old_version", store_text(stmt, 4));
	answer_text(answer, "new_version", store_text(stmt, 5));
	answer_text(answer, "step", store_text(stmt, 6));
	answer_number(answer, "nrc", store_column(stmt, 7));
	answer_number(answer, "payload_bytes", store_column(stmt, 8));
	answer_number(answer, "duration_ms", store_column(stmt, 9));
	answer_number(answer, "transfer_ms", store_column(stmt, 10));
	answer_number(answer, "estimate_ms", store_column(stmt, 12));
	answer_word(answer, "evidence", &gu__evidence__descriptor, sqlite3_column_int(stmt, 11));
	answer_target_mapping(answer, state, code);
	json_object_end(answer);
}

static void targets(struct backend *backend, struct json *answer, const char *id, const Gu__Campaign *spec)
{
	sqlite3_stmt *stmt =
	    store_query(&backend->store,
			"SELECT ecu, state, code, text, old_version, new_version, step, nrc, payload_bytes,"
			" duration_ms, transfer_ms, evidence, coalesce(estimate_ms, 0)"
			" FROM target LEFT JOIN target_estimate USING (campaign, ecu) WHERE campaign = ?1"
			" ORDER BY position, ecu",
			"t", id);

	json_key(answer, "targets");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		target(answer, stmt, spec);
	json_array_end(answer);
	sqlite3_finalize(stmt);
}

static void mapping(struct backend *backend, struct json *answer, sqlite3_stmt *stmt, const Gu__Campaign *spec)
{
	int urgency = spec ? (int)spec->urgency : GU__URGENCY__URGENCY_UNSPECIFIED;
	uint64_t max_defer_s;
	bool told = store_uint(&backend->store, &max_defer_s,
			       "SELECT seconds FROM vehicle_postpone WHERE vehicle = ?1 AND urgency = ?2", "tu",
			       store_text(stmt, 1), (uint64_t)urgency) > 0;

	answer_campaign_mapping(answer, sqlite3_column_int(stmt, 3), (unsigned)store_column(stmt, 4), urgency,
				told ? &max_defer_s : NULL);
}

static void campaign(struct backend *backend, struct json *answer, sqlite3_stmt *stmt)
{
	const char *id = store_text(stmt, 0);
	int state = sqlite3_column_int(stmt, 3);
	int reply = sqlite3_column_int(stmt, 8);
	Gu__Campaign *spec =
	    gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 15), sqlite3_column_blob(stmt, 15));

	json_object(answer);
	answer_text(answer, "id", id);
	answer_text(answer, "vehicle", store_text(stmt, 1));
	state_word(answer, "state", state);
	answer_boolean(answer, "terminal", ledger_terminal(state));
	answer_boolean(answer, "verified", ledger_verified(&backend->store, id) == 1);
	answer_text(answer, "removed", store_text(stmt, 2));
	answer_code(answer, "code", "code_number", (unsigned)store_column(stmt, 4));
	answer_text(answer, "text", store_text(stmt, 5));
	answer_number(answer, "created_unix_s", store_column(stmt, 6));
	answer_number(answer, "updated_unix_s", store_column(stmt, 7));
	if (reply == GU__ANSWER_KIND__ANSWER_KIND_UNSPECIFIED)
		answer_text(answer, "answer", "none");
	else
		answer_word(answer, "answer", &gu__answer_kind__descriptor, reply);
	answer_code(answer, "answer_code", "answer_code_number", (unsigned)store_column(stmt, 9));
	answer_text(answer, "answer_text", store_text(stmt, 10));
	answer_number(answer, "proposed_unix_s", store_column(stmt, 11));
	answer_boolean(answer, "confirmed", store_column(stmt, 12) != 0);
	answer_number(answer, "start_unix_s", store_column(stmt, 13));
	answer_boolean(answer, "online", backend_session(backend, store_text(stmt, 1)) != NULL);
	answer_number(answer, "state_number", store_column(stmt, 3)); /* CampaignState of session.proto */
	mapping(backend, answer, stmt, spec);
	if (spec) {
		answer_word(answer, "mode", &gu__update_mode__descriptor, (int)spec->mode);
		answer_word(answer, "urgency", &gu__urgency__descriptor, (int)spec->urgency);
		answer_boolean(answer, "consent_required", spec->consent_required);
		answer_number(answer, "deadline_unix_s", spec->deadline_unix_s);
		answer_number(answer, "retry_pause_s", spec->retry_pause_s);
		answer_text(answer, "rule", store_text(stmt, 16));
		answer_text(answer, "rule_why", store_text(stmt, 17));
		json_key(answer, "manifest");
		json_hex(answer, spec->manifest->sha256.data, spec->manifest->sha256.len);
		answer_number(answer, "window_start_unix_s", spec->window->start_unix_s);
		answer_number(answer, "window_end_unix_s", spec->window->end_unix_s);
		intake_windows_show(spec, answer);
	}
	targets(backend, answer, id, spec);
	json_object_end(answer);
	if (spec)
		gu__campaign__free_unpacked(spec, NULL);
}

#define CAMPAIGN_COLUMNS                                                                                       \
	"SELECT id, vehicle, removed, state, code, text, created_unix_s, updated_unix_s, answer, answer_code," \
	" answer_text, proposed_unix_s, confirmed, start_unix_s, n, spec, rule, why FROM campaign"             \
	" LEFT JOIN decision ON decision.campaign = id"

void command_campaign_list(struct backend *backend, const struct json_read *request, struct json *answer)
{
	sqlite3_stmt *stmt =
	    store_query(&backend->store, CAMPAIGN_COLUMNS " WHERE ?1 OR removed IS NOT 'closed' ORDER BY n", "u",
			(uint64_t)json_read_bool(request, "$.all"));

	begin(answer);
	json_key(answer, "campaigns");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		campaign(backend, answer, stmt);
	json_array_end(answer);
	json_object_end(answer);
	sqlite3_finalize(stmt);
}

void command_campaign_show(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char id[65];

	(void)json_read_text(request, "$.id", id, sizeof id);
	sqlite3_stmt *stmt = store_query(&backend->store, CAMPAIGN_COLUMNS " WHERE id = ?1", "t", id);
	if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		begin(answer);
		json_key(answer, "campaign");
		campaign(backend, answer, stmt);
		json_object_end(answer);
	} else {
		command_refuse(answer, "there is no campaign %s; `oemctl campaign list` shows those there are", id);
	}
	sqlite3_finalize(stmt);
}

static void ecus(struct backend *backend, struct json *answer, const char *vehicle)
{
	sqlite3_stmt *stmt = store_query(
	    &backend->store,
	    "SELECT name, bus, hardware_id, serial_number, boot_version, application_version, data_version, present"
	    " FROM ecu WHERE vehicle = ?1 ORDER BY position",
	    "t", vehicle);

	json_key(answer, "ecus");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		json_object(answer);
		answer_text(answer, "name", store_text(stmt, 0));
		answer_text(answer, "bus", store_text(stmt, 1));
		answer_text(answer, "hardware_id", store_text(stmt, 2));
		answer_text(answer, "serial_number", store_text(stmt, 3));
		answer_text(answer, "boot_version", store_text(stmt, 4));
		answer_text(answer, "application_version", store_text(stmt, 5));
		answer_text(answer, "data_version", store_text(stmt, 6));
		answer_boolean(answer, "present", store_column(stmt, 7) != 0);
		json_object_end(answer);
	}
	json_array_end(answer);
	sqlite3_finalize(stmt);
}

/* what the vehicle was told when it registered last */
static void modes(struct backend *backend, struct json *answer, const char *vehicle)
{
	sqlite3_stmt *stmt = store_query(
	    &backend->store, "SELECT ecu, urgency, mode FROM vehicle_mode WHERE vehicle = ?1 ORDER BY position", "t",
	    vehicle);

	json_key(answer, "modes");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		json_object(answer);
		answer_text(answer, "ecu", store_text(stmt, 0));
		if (store_column(stmt, 1))
			answer_word(answer, "urgency", &gu__urgency__descriptor, sqlite3_column_int(stmt, 1));
		else
			answer_text(answer, "urgency", "");
		answer_word(answer, "mode", &gu__update_mode__descriptor, sqlite3_column_int(stmt, 2));
		json_object_end(answer);
	}
	json_array_end(answer);
	sqlite3_finalize(stmt);
}

/* what the last heartbeat told beside ignition, standstill and voltage; charge_percent only if it is known */
static void state(struct backend *backend, struct json *answer, const char *id)
{
	sqlite3_stmt *stmt = store_query(&backend->store,
					 "SELECT speed_known, gear_park, parking_brake, charging, charge_percent"
					 " FROM vehicle_state WHERE vehicle = ?1",
					 "t", id);
	bool any = stmt && sqlite3_step(stmt) == SQLITE_ROW;
	int64_t percent = any ? sqlite3_column_int64(stmt, 4) : -1;

	answer_boolean(answer, "speed_known", any && store_column(stmt, 0) != 0);
	answer_word(answer, "gear_park", &gu__vehicle_flag__descriptor, any ? sqlite3_column_int(stmt, 1) : 0);
	answer_word(answer, "parking_brake", &gu__vehicle_flag__descriptor, any ? sqlite3_column_int(stmt, 2) : 0);
	answer_word(answer, "charging", &gu__vehicle_flag__descriptor, any ? sqlite3_column_int(stmt, 3) : 0);
	if (percent >= 0)
		answer_number(answer, "charge_percent", (uint64_t)percent);
	sqlite3_finalize(stmt);
}

static void vehicle(struct backend *backend, struct json *answer, sqlite3_stmt *stmt)
{
	const char *id = store_text(stmt, 0);

	json_object(answer);
	answer_text(answer, "id", id);
	answer_boolean(answer, "online", backend_session(backend, id) != NULL);
	answer_text(answer, "software", store_text(stmt, 1));
	answer_text(answer, "features", store_text(stmt, 2));
	answer_text(answer, "address", store_text(stmt, 3));
	answer_number(answer, "first_unix_s", store_column(stmt, 4));
	answer_number(answer, "last_unix_s", store_column(stmt, 5));
	answer_number(answer, "director_held", store_column(stmt, 6));
	answer_number(answer, "director_version", store_column(stmt, 7));
	answer_word(answer, "ignition", &gu__ignition_state__descriptor, sqlite3_column_int(stmt, 8));
	answer_boolean(answer, "standstill", store_column(stmt, 9) != 0);
	answer_number(answer, "battery_mv", store_column(stmt, 10));
	state(backend, answer, id);
	answer_number(answer, "heartbeat_unix_s", store_column(stmt, 11));
	ecus(backend, answer, id);
	modes(backend, answer, id);
	json_object_end(answer);
}

#define VEHICLE_COLUMNS                                                                                          \
	"SELECT id, software, features, address, first_unix_s, last_unix_s, director_held,"                      \
	" (SELECT version FROM director WHERE vehicle = id), ignition, standstill, battery_mv, heartbeat_unix_s" \
	" FROM vehicle"

void command_vehicle_list(struct backend *backend, const struct json_read *request, struct json *answer)
{
	sqlite3_stmt *stmt = store_query(&backend->store, VEHICLE_COLUMNS " ORDER BY id", "");

	(void)request;
	begin(answer);
	json_key(answer, "vehicles");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		vehicle(backend, answer, stmt);
	json_array_end(answer);
	json_object_end(answer);
	sqlite3_finalize(stmt);
}

void command_vehicle_show(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char id[65];

	(void)json_read_text(request, "$.id", id, sizeof id);
	sqlite3_stmt *stmt = store_query(&backend->store, VEHICLE_COLUMNS " WHERE id = ?1", "t", id);
	if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		begin(answer);
		json_key(answer, "vehicle");
		vehicle(backend, answer, stmt);
		json_object_end(answer);
	} else {
		command_refuse(answer, "vehicle %s has never connected; `oemctl vehicle list` shows those that have",
			       id);
	}
	sqlite3_finalize(stmt);
}

static void rxswin(struct json *answer, const char *key, Gu__Rxswin *const *list, size_t n)
{
	json_key(answer, key);
	json_array(answer);
	for (size_t i = 0; i < n; i++) {
		json_object(answer);
		answer_text(answer, "regulation", list[i]->regulation);
		answer_text(answer, "value", list[i]->value);
		json_object_end(answer);
	}
	json_array_end(answer);
}

static void report(struct json *answer, sqlite3_stmt *stmt)
{
	Gu__Report *body =
	    gu__report__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 2), sqlite3_column_blob(stmt, 2));

	if (!body)
		return;
	json_object(answer);
	answer_text(answer, "vehicle", store_text(stmt, 0));
	answer_number(answer, "sequence", body->sequence);
	json_key(answer, "queue_id");
	json_hex(answer, body->queue_id.data, body->queue_id.len);
	answer_number(answer, "received_unix_s", store_column(stmt, 1));
	answer_number(answer, "unix_ms", body->unix_ms);
	answer_text(answer, "campaign", body->campaign_id);
	answer_text(answer, "ecu", body->ecu);
	if (body->campaign_state)
		answer_word(answer, "campaign_state", &gu__campaign_state__descriptor, (int)body->campaign_state);
	if (body->ecu_state)
		answer_word(answer, "ecu_state", &gu__ecu_state__descriptor, (int)body->ecu_state);
	answer_code(answer, "code", "code_number", body->code);
	answer_text(answer, "text", body->text);
	if (body->service_loss) {
		json_key(answer, "service_loss");
		json_object(answer);
		answer_word(answer, "state", &gu__service_state__descriptor, (int)body->service_loss->state);
		answer_number(answer, "from_unix_s", body->service_loss->from_unix_s);
		answer_number(answer, "expected_s", body->service_loss->expected_s);
		json_object_end(answer);
	}
	if (body->n_rxswin_before || body->n_rxswin_after) {
		rxswin(answer, "rxswin_before", body->rxswin_before, body->n_rxswin_before);
		rxswin(answer, "rxswin_after", body->rxswin_after, body->n_rxswin_after);
	}
	json_object_end(answer);
	gu__report__free_unpacked(body, NULL);
}

/* the last ones, oldest first */
void command_reports(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char id[65];

	(void)json_read_text(request, "$.campaign", id, sizeof id);
	sqlite3_stmt *stmt = store_query(&backend->store,
					 "SELECT vehicle, received_unix_s, body FROM (SELECT * FROM report"
					 " WHERE ?1 = '' OR campaign = ?1 ORDER BY n DESC LIMIT ?2) ORDER BY n",
					 "tu", id, (uint64_t)REPORTS_MAX);
	begin(answer);
	json_key(answer, "reports");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		report(answer, stmt);
	json_array_end(answer);
	json_object_end(answer);
	sqlite3_finalize(stmt);
}
