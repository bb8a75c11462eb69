/* initiative - see initiative.h. */
#include "sim/oem_backend/initiative.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/oem_backend/ledger.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/mode_table.h"
#include "sim/oem_backend/words.h"

#define MAX_LIVE 9u /* one more than a document holds */

/* codes of docs/protocol.md with which a campaign waits before it knows of a trigger */
#define CODE_WRONG_MODE      131u
#define CODE_WAITING_TRIGGER 133u
#define CODE_WAITING_CONFIRM 213u
#define CODE_WAITING_START   214u

/* a live campaign, and what is known of it */
struct live {
	Gu__Campaign *campaign;
	uint64_t state, code, confirmed, start_unix_s, triggered_unix_s, sent_unix_s, created_unix_s;
};

static void drop(struct live *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gu__campaign__free_unpacked(list[i].campaign, NULL);
}

/* Return: 0 or -errno, the list empty then */
static int load(struct backend *backend, const char *vehicle, struct live list[MAX_LIVE], size_t *n)
{
	sqlite3_stmt *stmt =
	    store_query(&backend->store,
			"SELECT c.spec, c.state, c.code, c.confirmed, c.start_unix_s,"
			" coalesce(i.triggered_unix_s, 0), coalesce(i.sent_unix_s, 0), c.created_unix_s"
			" FROM campaign c LEFT JOIN initiative i ON i.campaign = c.id"
			" WHERE c.vehicle = ?1 AND c.removed IS NULL ORDER BY c.n",
			"t", vehicle);
	int status = stmt ? SQLITE_DONE : SQLITE_ERROR;

	*n = 0;
	while (stmt && *n < MAX_LIVE && (status = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct live *live = &list[*n];

		live->campaign =
		    gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 0), sqlite3_column_blob(stmt, 0));
		if (!live->campaign) {
			status = SQLITE_ERROR;
			break;
		}
		live->state = store_column(stmt, 1);
		live->code = store_column(stmt, 2);
		live->confirmed = store_column(stmt, 3);
		live->start_unix_s = store_column(stmt, 4);
		live->triggered_unix_s = store_column(stmt, 5);
		live->sent_unix_s = store_column(stmt, 6);
		live->created_unix_s = store_column(stmt, 7);
		++*n;
	}
	sqlite3_finalize(stmt);
	if (status == SQLITE_DONE || status == SQLITE_ROW)
		return 0;
	drop(list, *n);
	*n = 0;
	return -EIO;
}

/* --- offers */

/* cancelled, and the vehicle has not said that it knows */
static int count_to_revoke(struct session *self, uint64_t *n)
{
	*n = 0;
	sqlite3_stmt *stmt =
	    store_query(&self->backend->store,
			"SELECT state FROM campaign WHERE vehicle = ?1 AND removed = 'cancelled'", "t", self->vehicle);
	int status = stmt ? SQLITE_DONE : SQLITE_ERROR;

	while (stmt && (status = sqlite3_step(stmt)) == SQLITE_ROW)
		*n += !ledger_terminal(sqlite3_column_int(stmt, 0));
	sqlite3_finalize(stmt);
	return status == SQLITE_DONE ? 0 : -EIO;
}

static bool polls(const struct backend *backend)
{
	struct mode_table table;
	bool any;

	mode_table_of(backend, &table);
	any = table.otherwise == GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED;
	for (size_t i = 0; i < table.n; i++)
		any = any || table.modes[i].mode == GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED;
	return any;
}

static int newest(struct session *self, uint64_t *version)
{
	int status = store_uint(&self->backend->store, version, "SELECT version FROM director WHERE vehicle = ?1", "t",
				self->vehicle);

	return status < 0 ? status : 0;
}

static int notice(struct session *self, const Gu__Campaign *campaign)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Notice message = GU__NOTICE__INIT;
	uint64_t version = 0;
	int status = newest(self, &version);

	if (!status)
		status = store_exec(&self->backend->store,
				    "INSERT INTO initiative(campaign, noticed_unix_s) VALUES(?1, ?2)"
				    " ON CONFLICT(campaign) DO UPDATE SET noticed_unix_s = ?2",
				    "tu", campaign->id, backend_now_s());
	if (status || !version)
		return status;
	message.campaign_id = campaign->id;
	message.urgency = campaign->urgency;
	message.director_version = version;
	frame.body_case = GU__FRAME__BODY_NOTICE;
	frame.notice = &message;
	session_send(self, &frame);
	backend_log("vehicle %s: campaign %s: noticed", self->vehicle, campaign->id);
	return 0;
}

void initiative_offer(struct session *self)
{
	const struct config *config = self->backend->config;
	struct live list[MAX_LIVE];
	uint64_t n_revoke = 0;
	size_t n = 0, n_noticed = 0;
	int status;

	if (!self->knows_modes) {
		session_send_director(self);
		return;
	}
	status = load(self->backend, self->vehicle, list, &n);
	if (!status)
		status = count_to_revoke(self, &n_revoke);
	/* nothing left: a vehicle that asks by itself hears of that, too */
	bool must = n_revoke > 0, wanted = n == 0 && !polls(self->backend);
	for (size_t i = 0; i < n; i++) {
		bool fresh = list[i].state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED;

		if (list[i].campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED)
			continue;
		wanted = true;
		must = must || (fresh && list[i].campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED);
		n_noticed += fresh && config->notice == CONFIG_NOTICE_EXISTENCE &&
			     list[i].campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED;
	}
	if (!status && (must || (wanted && n_noticed == 0))) {
		session_send_director(self);
		for (size_t i = 0; i < n; i++) {
			/* until it says that it downloads, it may have been cut off before it had the manifest */
			if (list[i].state <= GU__CAMPAIGN_STATE__CAMPAIGN_STATE_OFFERED &&
			    list[i].campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED)
				session_push_file(self, &list[i].campaign->manifest->sha256);
		}
		session_blob_pump(self);
	} else {
		for (size_t i = 0; !status && i < n && n_noticed > 0; i++) {
			if (list[i].campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED &&
			    list[i].state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED)
				status = notice(self, list[i].campaign);
		}
	}
	drop(list, n);
	if (status)
		session_fail(self, "the campaigns were not read", status);
}

void initiative_check(struct session *self, const Gu__CheckRequest *request)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__CheckResult result = GU__CHECK_RESULT__INIT;
	uint64_t version = 0;

	backend_log("vehicle %s: asks what is new, holds director document %llu", self->vehicle,
		    (unsigned long long)request->director_version);
	self->director_sent = request->director_version;
	session_send_director(self);
	if (self->phase != SESSION_PHASE_UP || self->director_sent > request->director_version)
		return;
	int status = newest(self, &version);
	if (status) {
		session_fail(self, "the director document was not read", status);
		return;
	}
	result.director_version = version;
	frame.body_case = GU__FRAME__BODY_CHECK_RESULT;
	frame.check_result = &result;
	session_send(self, &frame);
}

bool initiative_is_negotiated(struct session *self, const Gu__Campaign *campaign)
{
	char word[WORD_BYTES];

	/* vehicles of before negotiate whatever the mode is */
	if (!self->knows_modes || campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED)
		return true;
	session_send_error(self, CODE_WRONG_MODE, false, "campaign %.64s is %s: it is not answered", campaign->id,
			   word_of(&gu__update_mode__descriptor, (int)campaign->mode, word));
	return false;
}

/* --- triggers */

struct vehicle_state {
	uint64_t ignition, standstill, battery_mv, heartbeat_unix_s;
	uint64_t gear_park, parking_brake, charging; /* Gu__VehicleFlag */
	int64_t charge_percent;                      /* -1 unknown */
};

static int read_state(struct session *self, struct vehicle_state *state)
{
	sqlite3_stmt *stmt =
	    store_query(&self->backend->store,
			"SELECT v.ignition, v.standstill, v.battery_mv, v.heartbeat_unix_s, coalesce(s.gear_park, 0),"
			" coalesce(s.parking_brake, 0), coalesce(s.charging, 0), coalesce(s.charge_percent, -1)"
			" FROM vehicle v LEFT JOIN vehicle_state s ON s.vehicle = v.id WHERE v.id = ?1",
			"t", self->vehicle);
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	memset(state, 0, sizeof *state);
	if (status == SQLITE_ROW) {
		state->ignition = store_column(stmt, 0);
		state->standstill = store_column(stmt, 1);
		state->battery_mv = store_column(stmt, 2);
		state->heartbeat_unix_s = store_column(stmt, 3);
		state->gear_park = store_column(stmt, 4);
		state->parking_brake = store_column(stmt, 5);
		state->charging = store_column(stmt, 6);
		state->charge_percent = sqlite3_column_int64(stmt, 7);
	}
	sqlite3_finalize(stmt);
	return status == SQLITE_ROW || status == SQLITE_DONE ? 0 : -EIO;
}

static bool holds(const struct vehicle_state *state, const Gu__Condition *c)
{
	const uint64_t yes = GU__VEHICLE_FLAG__VEHICLE_FLAG_YES;

	switch (c->kind) {
	case GU__CONDITION_KIND__CONDITION_KIND_BATTERY_MIN_MV:
		return (int64_t)state->battery_mv >= (int64_t)c->value;
	case GU__CONDITION_KIND__CONDITION_KIND_GEAR_PARK:
		return state->gear_park == yes;
	case GU__CONDITION_KIND__CONDITION_KIND_PARKING_BRAKE_SET:
		return state->parking_brake == yes;
	case GU__CONDITION_KIND__CONDITION_KIND_CHARGE_MIN_PERCENT:
		return state->charge_percent >= (int64_t)c->value;
	case GU__CONDITION_KIND__CONDITION_KIND_CHARGING:
		return state->charging == yes;
	case GU__CONDITION_KIND__CONDITION_KIND_IGNITION_OFF:
	case GU__CONDITION_KIND__CONDITION_KIND_IGNITION_ON:
	case GU__CONDITION_KIND__CONDITION_KIND_STANDSTILL: /* asked for in any case */
		return true;
	case GU__CONDITION_KIND__CONDITION_KIND_UNSPECIFIED:
	case _GU__CONDITION_KIND_IS_INT_SIZE:
		break;
	}
	return false;
}

/* as far as the heartbeat tells: a trigger that the vehicle would refuse is not worth sending */
static bool state_allows(const struct session *self, const struct vehicle_state *state, const Gu__Campaign *campaign)
{
	uint64_t ignition = GU__IGNITION_STATE__IGNITION_STATE_OFF;

	for (size_t i = 0; i < campaign->n_conditions; i++) {
		if (campaign->conditions[i]->kind == GU__CONDITION_KIND__CONDITION_KIND_IGNITION_ON)
			ignition = GU__IGNITION_STATE__IGNITION_STATE_ON;
		if (!holds(state, campaign->conditions[i]))
			return false;
	}
	return state->heartbeat_unix_s + 3u * self->backend->config->heartbeat_s >= backend_now_s() &&
	       state->standstill && state->ignition == ignition;
}

/* a report of the vehicle says that it was told: it begins, or waits for something else than us */
static bool is_shown(const struct live *live)
{
	if (live->state > GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING)
		return true;
	return live->state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING && live->code != CODE_WAITING_TRIGGER &&
	       live->code != CODE_WAITING_CONFIRM && live->code != CODE_WAITING_START;
}

static bool is_downloaded(const struct live *live)
{
	return live->state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY ||
	       live->state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING;
}

/* one that is never connected while it is parked: it keeps the trigger, and begins when it may */
static bool waited_enough(const struct session *self, const struct live *live)
{
	uint64_t since_s = live->campaign->window->start_unix_s, after_s = self->backend->config->trigger_after_s;

	if (since_s < live->created_unix_s)
		since_s = live->created_unix_s;
	return after_s && backend_now_s() >= since_s + after_s;
}

static bool may_trigger(const struct session *self, const struct vehicle_state *state, const struct live *live)
{
	const Gu__Window *window = live->campaign->window;
	const uint64_t deadline_s = live->campaign->deadline_unix_s;
	uint64_t now_s = backend_now_s();

	/* the frame of its windows; which recurring one is open by the clocks of its place is the vehicle's to know */
	if (now_s < window->start_unix_s || now_s >= window->end_unix_s || (deadline_s && now_s >= deadline_s) ||
	    !is_downloaded(live))
		return false;
	if (live->campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED)
		return self->backend->config->trigger == CONFIG_TRIGGER_STATE &&
		       (state_allows(self, state, live->campaign) || waited_enough(self, live));
	/* a second over, so that the vehicle's clock, which is ours less the way, has reached it as well */
	return live->campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED && live->confirmed &&
	       now_s > live->start_unix_s && !is_shown(live);
}

static int say_trigger(struct session *self, const Gu__Campaign *campaign)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__CampaignTrigger message = GU__CAMPAIGN_TRIGGER__INIT;
	uint64_t version = 0;
	int status = newest(self, &version);

	if (!status)
		status =
		    store_exec(&self->backend->store,
			       "INSERT INTO initiative(campaign, triggered_unix_s, sent_unix_s) VALUES(?1, ?2, ?2)"
			       " ON CONFLICT(campaign) DO UPDATE SET sent_unix_s = ?2,"
			       " triggered_unix_s = CASE triggered_unix_s WHEN 0 THEN ?2 ELSE triggered_unix_s END",
			       "tu", campaign->id, backend_now_s());
	if (status || !version)
		return status;
	message.campaign_id = campaign->id;
	message.director_version = version;
	frame.body_case = GU__FRAME__BODY_TRIGGER;
	frame.trigger = &message;
	session_send(self, &frame);
	backend_log("vehicle %s: campaign %s: triggered", self->vehicle, campaign->id);
	return 0;
}

/* one that the vehicle cannot hold yet waits for its reports */
static bool is_due(const struct session *self, const struct vehicle_state *state, const struct live *live, bool again)
{
	if (!live->triggered_unix_s)
		return may_trigger(self, state, live);
	if (is_shown(live) && live->sent_unix_s)
		return false;
	if (live->state == GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED ||
	    live->state > GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING)
		return false;
	return again || live->sent_unix_s + INITIATIVE_REPEAT_S <= backend_now_s();
}

void initiative_turn(struct session *self, bool again)
{
	struct live list[MAX_LIVE];
	struct vehicle_state state;
	size_t n = 0;
	int status;

	if (!self->knows_modes || self->phase != SESSION_PHASE_UP)
		return;
	status = load(self->backend, self->vehicle, list, &n);
	if (!status)
		status = read_state(self, &state);
	for (size_t i = 0; !status && i < n; i++) {
		if (is_due(self, &state, &list[i], again))
			status = say_trigger(self, list[i].campaign);
	}
	drop(list, n);
	if (status)
		session_fail(self, "the campaigns were not triggered", status);
}

bool initiative_takes_no_trigger(struct backend *backend, const char *vehicle)
{
	uint64_t lacks = 0;

	return store_uint(
		   &backend->store, &lacks,
		   "SELECT features <> '' AND ' ' || features || ' ' NOT LIKE '% modes-1 %' FROM vehicle WHERE id = ?1",
		   "t", vehicle) == 1 &&
	       lacks;
}

/* Return: 1 it may be, 0 with @error, -errno */
static int may_be_triggered(struct backend *backend, const char *id, char vehicle[65], char error[256])
{
	char word[WORD_BYTES];
	int may = 0;
	sqlite3_stmt *stmt = store_query(&backend->store,
					 "SELECT spec, vehicle, state, removed IS NOT NULL, confirmed, start_unix_s"
					 " FROM campaign WHERE id = ?1",
					 "t", id);
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
	Gu__Campaign *campaign =
	    status == SQLITE_ROW
		? gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 0), sqlite3_column_blob(stmt, 0))
		: NULL;

	snprintf(error, 256, "the database failed");
	if (status == SQLITE_DONE) {
		snprintf(error, 256, "there is no campaign %.64s; `oemctl campaign list` shows those there are", id);
	} else if (!campaign) {
		may = -EIO;
	} else if (store_column(stmt, 3) || ledger_terminal(sqlite3_column_int(stmt, 2))) {
		snprintf(error, 256, "campaign %.64s is over", id);
	} else if (campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED) {
		snprintf(error, 256, "campaign %.64s is %s: its vehicle decides when", id,
			 word_of(&gu__update_mode__descriptor, (int)campaign->mode, word));
	} else if (campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED &&
		   (!store_column(stmt, 4) || store_column(stmt, 5) > backend_now_s())) {
		snprintf(error, 256, "campaign %.64s is negotiated, and the agreed time has not come", id);
	} else if (initiative_takes_no_trigger(backend, store_text(stmt, 1))) {
		snprintf(
		    error, 256,
		    "vehicle %.64s takes no triggers (it has not the feature modes-1): its campaigns are negotiated",
		    store_text(stmt, 1));
	} else {
		may = 1;
		snprintf(vehicle, 65, "%s", store_text(stmt, 1));
	}
	gu__campaign__free_unpacked(campaign, NULL);
	sqlite3_finalize(stmt);
	return may;
}

int initiative_trigger(struct backend *backend, const char *campaign, char error[256])
{
	char vehicle[65];
	int status = may_be_triggered(backend, campaign, vehicle, error);

	if (status <= 0)
		return status < 0 ? status : 1;
	status = store_exec(&backend->store,
			    "INSERT INTO initiative(campaign, triggered_unix_s) VALUES(?1, ?2)"
			    " ON CONFLICT(campaign) DO UPDATE SET triggered_unix_s = ?2, sent_unix_s = 0",
			    "tu", campaign, backend_now_s());
	if (status) {
		snprintf(error, 256, "the database failed");
		return status;
	}
	backend_log("campaign %s: triggered by hand", campaign);
	struct session *session = backend_session(backend, vehicle);
	if (session)
		initiative_turn(session, true);
	return 0;
}
