#include "sim/oem_backend/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/oem_backend/director.h"
#include "sim/oem_backend/initiative.h"
#include "sim/oem_backend/ledger.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/session.h"
#include "sim/oem_backend/words.h"

void command_refuse(struct json *answer, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_deinit(answer);
	json_init(answer);
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, false);
	json_key(answer, "error");
	json_string(answer, text);
	json_object_end(answer);
}

void command_blob(struct json *answer, const struct blob_ref *ref)
{
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_key(answer, "sha256");
	json_hex(answer, ref->sha256, sizeof ref->sha256);
	json_key(answer, "length");
	json_uint(answer, ref->length);
	json_object_end(answer);
}

struct campaign_row {
	char id[65];
	char vehicle[65];
	char removed[16];
	int state;
};

/* Return: whether it is there; if not, the answer says so */
static bool find(struct backend *backend, const struct json_read *request, struct json *answer,
		 struct campaign_row *row)
{
	char id[65];

	(void)json_read_text(request, "$.id", id, sizeof id);
	sqlite3_stmt *stmt =
	    store_query(&backend->store, "SELECT vehicle, removed, state FROM campaign WHERE id = ?1", "t", id);
	bool found = stmt && sqlite3_step(stmt) == SQLITE_ROW;
	if (found) {
		snprintf(row->id, sizeof row->id, "%s", id);
		snprintf(row->vehicle, sizeof row->vehicle, "%s", store_text(stmt, 0));
		snprintf(row->removed, sizeof row->removed, "%s", store_text(stmt, 1));
		row->state = sqlite3_column_int(stmt, 2);
	} else {
		command_refuse(answer, "there is no campaign %s; `oemctl campaign list` shows those there are", id);
	}
	sqlite3_finalize(stmt);
	return found;
}

/* takes the campaign out of the vehicle's document; @state: recorded instead, 0 keeps what the vehicle said last */
static void take_out(struct backend *backend, const struct campaign_row *row, const char *word, int state,
		     struct json *answer)
{
	struct store *store = &backend->store;
	char error[256] = "the database failed";
	int status = store_begin(store);

	if (!status)
		status = store_exec(store,
				    "UPDATE campaign SET removed = ?2, state = CASE WHEN ?3 = 0 THEN state ELSE ?3 END,"
				    " updated_unix_s = ?4 WHERE id = ?1",
				    "ttuu", row->id, word, (uint64_t)state, backend_now_s());
	/* one that was cancelled is in no document any more */
	if (!status && row->removed[0] == '\0')
		status = director_rebuild(backend, row->vehicle, error);
	if (status)
		store_rollback(store);
	else
		status = store_commit(store);
	if (status) {
		command_refuse(answer, "campaign %s was not %s: %s", row->id, word, error);
		return;
	}
	backend_log("campaign %s: %s", row->id, word);
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_key(answer, "id");
	json_string(answer, row->id);
	json_key(answer, "online");
	json_bool(answer, backend_session(backend, row->vehicle) != NULL);
	json_object_end(answer);
	session_offer(backend, row->vehicle);
}

static void campaign_cancel(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct campaign_row row;
	char word[WORD_BYTES];

	if (!find(backend, request, answer, &row))
		return;
	if (row.removed[0]) {
		command_refuse(answer, "campaign %s is %s already", row.id, row.removed);
		return;
	}
	if (ledger_terminal(row.state)) {
		command_refuse(answer, "campaign %s is over (%s); `oemctl campaign close %s` takes it off the list",
			       row.id, word_of(&gu__campaign_state__descriptor, row.state, word), row.id);
		return;
	}
	/* one that no vehicle has seen is cancelled by that; else the vehicle says so, or that it was too late */
	take_out(backend, &row, "cancelled",
		 row.state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED
		     ? GU__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED
		     : 0,
		 answer);
}

bool command_take_back(struct backend *backend, const char *campaign)
{
	struct json request, answer;
	bool done;

	json_init(&request);
	json_init(&answer);
	json_object(&request);
	json_key(&request, "id");
	json_string(&request, campaign);
	json_object_end(&request);
	const char *line = json_text(&request);
	struct json_read read = {backend->store.db, line};
	if (line)
		campaign_cancel(backend, &read, &answer);
	const char *text = line ? json_text(&answer) : NULL;
	struct json_read result = {backend->store.db, text};
	done = text && json_read_bool(&result, "$.ok");
	json_deinit(&request);
	json_deinit(&answer);
	return done;
}

static void campaign_close(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct campaign_row row;
	char word[WORD_BYTES];

	if (!find(backend, request, answer, &row))
		return;
	if (strcmp(row.removed, "closed") == 0) {
		command_refuse(answer, "campaign %s is closed already", row.id);
		return;
	}
	/* one that was cancelled may be closed though its vehicle never said a last word */
	if (!row.removed[0] && !ledger_terminal(row.state)) {
		command_refuse(answer, "campaign %s is not over (%s); `oemctl campaign cancel %s` ends it", row.id,
			       word_of(&gu__campaign_state__descriptor, row.state, word), row.id);
		return;
	}
	take_out(backend, &row, "closed", 0, answer);
}

static void done(struct json *answer)
{
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_object_end(answer);
}

static void trigger(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char id[65], error[256];

	(void)json_read_text(request, "$.id", id, sizeof id);
	if (initiative_trigger(backend, id, error))
		command_refuse(answer, "%s", error);
	else
		done(answer);
}

static void debug_drop_after(struct backend *backend, const struct json_read *request, struct json *answer)
{
	uint64_t bytes;

	if (!json_read_uint(request, "$.bytes", &bytes) || bytes == 0) {
		command_refuse(answer, "drop-after needs a number of bytes of at least 1");
		return;
	}
	backend->faults.drop_armed = true;
	backend->faults.drop_after = bytes;
	done(answer);
}

static void debug_rate(struct backend *backend, const struct json_read *request, struct json *answer)
{
	if (!json_read_uint(request, "$.rate", &backend->faults.rate)) {
		command_refuse(answer, "rate needs a number of bytes a second, 0 for no limit");
		return;
	}
	done(answer);
}

static void debug_disconnect(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char vehicle[65];
	bool named = json_read_text(request, "$.vehicle", vehicle, sizeof vehicle);
	unsigned n = session_close_all(backend, named ? vehicle : NULL);

	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_key(answer, "disconnected");
	json_uint(answer, n);
	json_object_end(answer);
}

void command_run(struct backend *backend, const struct json_read *request, struct json *answer)
{
	static const struct {
		const char *name;
		void (*run)(struct backend *backend, const struct json_read *request, struct json *answer);
	} commands[] = {
	    {"manifest-add", command_manifest_add},
	    {"campaign-add", command_campaign_add},
	    {"campaign-list", command_campaign_list},
	    {"campaign-show", command_campaign_show},
	    {"campaign-cancel", campaign_cancel},
	    {"campaign-close", campaign_close},
	    {"trigger", trigger},
	    {"vehicle-list", command_vehicle_list},
	    {"vehicle-show", command_vehicle_show},
	    {"reports", command_reports},
	    {"strategy-show", command_strategy_show},
	    {"strategy-test", command_strategy_test},
	    {"rollout-create", command_rollout_create},
	    {"rollout-list", command_rollout_list},
	    {"rollout-show", command_rollout_show},
	    {"rollout-pause", command_rollout_pause},
	    {"rollout-resume", command_rollout_resume},
	    {"rollout-cancel", command_rollout_cancel},
	    {"debug-drop-after", debug_drop_after},
	    {"debug-rate", debug_rate},
	    {"debug-disconnect", debug_disconnect},
	};
	char command[32];

	(void)json_read_text(request, "$.command", command, sizeof command);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(command, commands[i].name) == 0) {
			commands[i].run(backend, request, answer);
			return;
		}
	}
	command_refuse(answer, "the backend knows no command \"%s\"; oemctl may be of another version", command);
}
