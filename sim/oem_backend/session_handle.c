/* session_handle - the messages of a vehicle, one function each. */
#include "sim/oem_backend/session_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/oem_backend/director.h"
#include "sim/oem_backend/initiative.h"
#include "sim/oem_backend/ledger.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/mode_table.h"

#define TIME_VALID_S 60u

static void on_hello(struct session *self, const Gu__Hello *hello)
{
	const char *certified = tls_conn_peer_name(self->conn);

	if (hello->protocol_version != 1) {
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "protocol version %u is not known, 1 is",
				   hello->protocol_version);
		return;
	}
	if (strcmp(hello->vehicle_id, certified) != 0) {
		session_send_error(self, SESSION_CODE_REFUSED, true,
				   "the certificate is for \"%.64s\", not for \"%.64s\"", certified, hello->vehicle_id);
		return;
	}
	uint64_t now_s = backend_now_s();
	int error = store_exec(&self->backend->store,
			       "INSERT INTO vehicle(id, software, address, first_unix_s, last_unix_s)"
			       " VALUES(?1, ?2, ?3, ?4, ?4)"
			       " ON CONFLICT(id) DO UPDATE SET software = ?2, address = ?3, last_unix_s = ?4",
			       "tttu", hello->vehicle_id, hello->software, tls_conn_peer_address(self->conn), now_s);
	if (error) {
		session_fail(self, "the vehicle was not recorded", error);
		return;
	}
	/* one session a vehicle: an older one is a connection that the vehicle has given up */
	(void)session_close_all(self->backend, hello->vehicle_id);
	snprintf(self->vehicle, sizeof self->vehicle, "%s", hello->vehicle_id);
	self->phase = SESSION_PHASE_TIME;
	backend_log("vehicle %s: connected from %s, software %s", self->vehicle, tls_conn_peer_address(self->conn),
		    hello->software);
}

static int send_envelope(struct session *self, Gu__Frame__BodyCase body_case, const uint8_t *bytes, size_t n)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Envelope *envelope = gu__envelope__unpack(NULL, n, bytes);

	if (!envelope)
		return -ENOMEM;
	frame.body_case = body_case;
	if (body_case == GU__FRAME__BODY_TIME_RESPONSE)
		frame.time_response = envelope;
	else
		frame.director = envelope;
	session_send(self, &frame);
	gu__envelope__free_unpacked(envelope, NULL);
	return 0;
}

static void on_time_request(struct session *self, const Gu__TimeRequest *request)
{
	Gu__TimeAttestation attestation = GU__TIME_ATTESTATION__INIT;
	uint8_t payload[128];
	uint8_t *envelope = NULL;
	size_t n = 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	attestation.nonce = request->nonce;
	attestation.unix_ms = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
	if (gu__time_attestation__get_packed_size(&attestation) > sizeof payload) {
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "the nonce must have 32 bytes");
		return;
	}
	size_t n_payload = gu__time_attestation__pack(&attestation, payload);
	int error = envelope_sign("time", GU__ROLE__ROLE_TIME, attestation.unix_ms, (uint64_t)now.tv_sec + TIME_VALID_S,
				  payload, n_payload, &self->backend->time_key, 1, &envelope, &n);
	if (!error)
		error = send_envelope(self, GU__FRAME__BODY_TIME_RESPONSE, envelope, n);
	free(envelope);
	if (error) {
		session_fail(self, "the time was not signed", error);
		return;
	}
	if (self->phase == SESSION_PHASE_TIME)
		self->phase = SESSION_PHASE_REGISTER;
}

static int store_inventory(struct session *self, const Gu__Register *registration)
{
	struct store *store = &self->backend->store;
	char features[1024] = "";
	int error;

	for (size_t i = 0; i < registration->n_features; i++) {
		size_t n = strlen(features);

		snprintf(features + n, sizeof features - n, "%s%s", i ? " " : "", registration->features[i]);
	}
	error =
	    store_exec(store, "UPDATE vehicle SET features = ?2, director_held = ?3, last_unix_s = ?4 WHERE id = ?1",
		       "ttuu", self->vehicle, features, registration->director_version, backend_now_s());
	if (!error)
		error = store_exec(store, "DELETE FROM ecu WHERE vehicle = ?1", "t", self->vehicle);
	for (size_t i = 0; !error && i < registration->n_ecus; i++) {
		const Gu__EcuInfo *ecu = registration->ecus[i];

		error = store_exec(
		    store,
		    "INSERT OR REPLACE INTO ecu(vehicle, name, position, bus, hardware_id, serial_number,"
		    " boot_version, application_version, data_version, present)"
		    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
		    "ttuttttttu", self->vehicle, ecu->name, (uint64_t)i, ecu->bus, ecu->hardware_id, ecu->serial_number,
		    ecu->boot_version, ecu->application_version, ecu->data_version, (uint64_t)ecu->present);
	}
	if (!error)
		error = store_exec(store, "DELETE FROM vehicle_postpone WHERE vehicle = ?1", "t", self->vehicle);
	for (size_t i = 0; !error && i < registration->n_postpone_max_s; i++)
		error = store_exec(store, "INSERT INTO vehicle_postpone(vehicle, urgency, seconds) VALUES(?1, ?2, ?3)",
				   "tuu", self->vehicle, (uint64_t)i + GU__URGENCY__URGENCY_LOW,
				   (uint64_t)registration->postpone_max_s[i]);
	return error;
}

/* the table of modes: what the strategy or the configuration names, then the one for all */
static void send_register_result(struct session *self)
{
	struct mode_table table;
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__RegisterResult result = GU__REGISTER_RESULT__INIT;
	Gu__ModeEntry entries[256];
	Gu__ModeEntry *list[256];
	static char modes[] = "modes-1";
	static char *features[] = {modes};
	size_t n = 0;

	mode_table_of(self->backend, &table);
	for (; n < table.n && n < 255; n++) {
		gu__mode_entry__init(&entries[n]);
		if (table.modes[n].ecu)
			entries[n].ecu = table.modes[n].ecu;
		entries[n].urgency = (Gu__Urgency)table.modes[n].urgency;
		entries[n].mode = (Gu__UpdateMode)table.modes[n].mode;
		list[n] = &entries[n];
	}
	gu__mode_entry__init(&entries[n]);
	entries[n].mode = (Gu__UpdateMode)table.otherwise;
	list[n] = &entries[n];
	result.accepted = true;
	result.n_modes = n + 1;
	result.modes = list;
	result.heartbeat_s = self->backend->config->heartbeat_s;
	if (self->knows_modes) {
		result.poll_s = self->backend->config->poll_s;
		result.n_features = 1;
		result.features = features;
	}
	frame.body_case = GU__FRAME__BODY_REGISTER_RESULT;
	frame.register_result = &result;
	session_send(self, &frame);
}

static void on_register(struct session *self, const Gu__Register *registration)
{
	struct store *store = &self->backend->store;
	int error;

	if (strcmp(registration->vehicle_id, self->vehicle) != 0) {
		session_send_error(self, SESSION_CODE_REFUSED, true, "the session is of %s, not of %.64s",
				   self->vehicle, registration->vehicle_id);
		return;
	}
	error = store_begin(store);
	if (!error) {
		error = store_inventory(self, registration);
		if (!error)
			error = mode_table_record(self->backend, self->vehicle);
		if (error)
			store_rollback(store);
		else
			error = store_commit(store);
	}
	if (error) {
		session_fail(self, "the inventory was not recorded", error);
		return;
	}
	backend_log("vehicle %s: registered, %zu ECUs, holds director document %llu", self->vehicle,
		    registration->n_ecus, (unsigned long long)registration->director_version);
	self->phase = SESSION_PHASE_UP;
	self->knows_modes = false;
	for (size_t i = 0; i < registration->n_features; i++)
		self->knows_modes = self->knows_modes || strcmp(registration->features[i], "modes-1") == 0;
	send_register_result(self);
	session_push_granted(self, self->knows_modes ? registration->push_credit : 0);
	self->director_sent = 0; /* an equal one is sent too: the vehicle may have lost what it decided */
	initiative_offer(self);
	initiative_turn(self, true);
}

void session_send_director(struct session *self)
{
	uint64_t held = 0, version;
	uint8_t *envelope;
	size_t n;
	int status = store_uint(&self->backend->store, &held, "SELECT director_held FROM vehicle WHERE id = ?1", "t",
				self->vehicle);

	if (status >= 0)
		status = director_get(self->backend, self->vehicle, held, &version, &envelope, &n);
	if (status < 0) {
		session_fail(self, "the director document was not read", status);
		return;
	}
	if (status == 0)
		return;
	if (version > self->director_sent) {
		status = store_exec(&self->backend->store,
				    "UPDATE campaign SET state = ?2, updated_unix_s = ?3"
				    " WHERE vehicle = ?1 AND state = 0 AND removed IS NULL",
				    "tuu", self->vehicle, (uint64_t)GU__CAMPAIGN_STATE__CAMPAIGN_STATE_OFFERED,
				    backend_now_s());
		if (!status)
			status = send_envelope(self, GU__FRAME__BODY_DIRECTOR, envelope, n);
		if (status) {
			free(envelope);
			session_fail(self, "the director document was not sent", status);
			return;
		}
		self->director_sent = version;
		backend_log("vehicle %s: director document %llu sent", self->vehicle, (unsigned long long)version);
	}
	free(envelope);
}

static void on_heartbeat(struct session *self, const Gu__Heartbeat *heartbeat)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Heartbeat echo = *heartbeat;
	uint64_t now_s = backend_now_s();
	int error = store_exec(&self->backend->store,
			       "UPDATE vehicle SET ignition = ?2, standstill = ?3, battery_mv = ?4,"
			       " heartbeat_unix_s = ?5, last_unix_s = ?5 WHERE id = ?1",
			       "tuuuu", self->vehicle, (uint64_t)heartbeat->ignition, (uint64_t)heartbeat->standstill,
			       (uint64_t)heartbeat->battery_mv, now_s);

	if (!error)
		error = store_exec(&self->backend->store,
				   "INSERT OR REPLACE INTO vehicle_state(vehicle, speed_known, gear_park,"
				   " parking_brake, charging, charge_percent) VALUES(?1, ?2, ?3, ?4, ?5, ?6 - 1)",
				   "tuuuuu", self->vehicle, (uint64_t)heartbeat->speed_known,
				   (uint64_t)heartbeat->gear_park, (uint64_t)heartbeat->parking_brake,
				   (uint64_t)heartbeat->charging, (uint64_t)heartbeat->charge_percent_plus_1);
	if (error) {
		session_fail(self, "the vehicle's state was not recorded", error);
		return;
	}
	frame.body_case = GU__FRAME__BODY_HEARTBEAT;
	frame.heartbeat = &echo;
	session_send(self, &frame);
	initiative_turn(self, false);
}

static void send_confirm(struct session *self, const Gu__CampaignAnswer *answer, uint64_t start_unix_s)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__CampaignConfirm confirm = GU__CAMPAIGN_CONFIRM__INIT;

	confirm.campaign_id = answer->campaign_id;
	confirm.director_version = answer->director_version;
	confirm.start_unix_s = start_unix_s;
	frame.body_case = GU__FRAME__BODY_CONFIRM;
	frame.confirm = &confirm;
	session_send(self, &frame);
}

/* the policy: a proposal inside the window is taken, else the window's start is offered */
static uint64_t start_for(const Gu__CampaignAnswer *answer, const Gu__Window *window)
{
	if (answer->kind == GU__ANSWER_KIND__ANSWER_KIND_ACCEPT)
		return 0;
	if (answer->proposed_start_unix_s >= window->start_unix_s && answer->proposed_start_unix_s < window->end_unix_s)
		return answer->proposed_start_unix_s;
	return window->start_unix_s;
}

/* Return: 1 with the campaign, freed by the caller; 0 it is not among the vehicle's live ones; -errno */
static int find_campaign(struct session *self, const char *id, Gu__Campaign **campaign)
{
	sqlite3_stmt *stmt = store_query(&self->backend->store,
					 "SELECT spec FROM campaign WHERE id = ?1 AND vehicle = ?2 AND removed IS NULL",
					 "tt", id, self->vehicle);
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	if (status == SQLITE_ROW)
		*campaign =
		    gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 0), sqlite3_column_blob(stmt, 0));
	sqlite3_finalize(stmt);
	return status == SQLITE_ROW ? (*campaign ? 1 : -EIO) : status == SQLITE_DONE ? 0 : -EIO;
}

static void on_answer(struct session *self, const Gu__CampaignAnswer *answer)
{
	bool declined = answer->kind == GU__ANSWER_KIND__ANSWER_KIND_DECLINE;
	Gu__Campaign *campaign = NULL;
	int status = find_campaign(self, answer->campaign_id, &campaign);

	if (status == 0) {
		/* cancelled meanwhile: the document that says so is on its way */
		session_send_error(self, SESSION_CODE_REFUSED, false, "there is no campaign %.64s for this vehicle",
				   answer->campaign_id);
		return;
	}
	if (status > 0 && !declined && !initiative_is_negotiated(self, campaign)) {
		gu__campaign__free_unpacked(campaign, NULL);
		return;
	}
	uint64_t start = status > 0 && !declined ? start_for(answer, campaign->window) : 0;
	if (campaign)
		gu__campaign__free_unpacked(campaign, NULL);
	if (status > 0)
		status = store_exec(&self->backend->store,
				    "UPDATE campaign SET answer = ?2, answer_code = ?3, answer_text = ?4,"
				    " proposed_unix_s = ?5, confirmed = ?6, start_unix_s = ?7 WHERE id = ?1",
				    "tuutuuu", answer->campaign_id, (uint64_t)answer->kind, (uint64_t)answer->code,
				    answer->text, answer->proposed_start_unix_s, (uint64_t)!declined, start);
	if (!status && declined)
		status =
		    store_exec(&self->backend->store,
			       "UPDATE campaign SET state = ?2, code = ?3, text = ?4, updated_unix_s = ?5"
			       " WHERE id = ?1 AND state <= ?6",
			       "tuutuu", answer->campaign_id, (uint64_t)GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DECLINED,
			       (uint64_t)answer->code, answer->text, backend_now_s(),
			       (uint64_t)GU__CAMPAIGN_STATE__CAMPAIGN_STATE_OFFERED);
	if (status) {
		session_fail(self, "the answer was not recorded", status);
		return;
	}
	backend_log("vehicle %s: campaign %s: %s, code %u %s", self->vehicle, answer->campaign_id,
		    declined                        ? "declined"
		    : answer->proposed_start_unix_s ? "postponed"
						    : "accepted",
		    answer->code, answer->text);
	if (!declined)
		send_confirm(self, answer, start);
}

static void on_report(struct session *self, const Gu__Report *report)
{
	int status = 0;

	if (self->reports_open &&
	    (self->n_queue_id != report->queue_id.len ||
	     (self->n_queue_id > 0 && memcmp(self->queue_id, report->queue_id.data, self->n_queue_id) != 0)))
		session_batch_end(self);
	if (!self->reports_open) {
		status = store_begin(&self->backend->store);
		if (status) {
			session_fail(self, "the report was not recorded", status);
			return;
		}
		self->reports_open = true;
		self->n_queue_id = report->queue_id.len;
		if (self->n_queue_id > 0)
			memcpy(self->queue_id, report->queue_id.data, self->n_queue_id);
	}
	status = ledger_report(&self->backend->store, self->vehicle, report, backend_now_s(), &self->applied);
	if (status == 0) {
		session_push_report(self, report);
		return;
	}
	store_rollback(&self->backend->store);
	self->reports_open = false;
	if (status > 0)
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "%llu is no number of a report",
				   (unsigned long long)report->sequence);
	else
		session_fail(self, "the report was not recorded", status);
}

void session_batch_end(struct session *self)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__ReportAck ack = GU__REPORT_ACK__INIT;

	if (!self->reports_open)
		return;
	self->reports_open = false;
	int error = store_commit(&self->backend->store);
	if (error) {
		session_fail(self, "the reports were not recorded", error);
		return;
	}
	ack.sequence = self->applied;
	ack.queue_id = (ProtobufCBinaryData){self->n_queue_id, self->queue_id};
	frame.body_case = GU__FRAME__BODY_REPORT_ACK;
	frame.report_ack = &ack;
	session_send(self, &frame);
	initiative_turn(self, false);
}

static bool in_order(const struct session *self, Gu__Frame__BodyCase body_case)
{
	switch (self->phase) {
	case SESSION_PHASE_HELLO:
		return body_case == GU__FRAME__BODY_HELLO;
	case SESSION_PHASE_TIME:
		return body_case == GU__FRAME__BODY_TIME_REQUEST;
	case SESSION_PHASE_REGISTER:
		return body_case == GU__FRAME__BODY_TIME_REQUEST || body_case == GU__FRAME__BODY_REGISTER_;
	case SESSION_PHASE_UP:
		return body_case != GU__FRAME__BODY_HELLO;
	case SESSION_PHASE_TLS:
	case SESSION_PHASE_CLOSED:
		break;
	}
	return false;
}

void session_handle(struct session *self, const Gu__Frame *frame)
{
	if (frame->body_case == GU__FRAME__BODY_ERROR) {
		backend_log("vehicle %s: says error %u: %s", self->vehicle[0] ? self->vehicle : "?", frame->error->code,
			    frame->error->text);
		return;
	}
	if (frame->body_case != GU__FRAME__BODY_REPORT)
		session_batch_end(self);
	if (!in_order(self, frame->body_case)) {
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "message %d is out of order",
				   (int)frame->body_case);
		return;
	}
	switch (frame->body_case) {
	case GU__FRAME__BODY_HELLO:
		on_hello(self, frame->hello);
		break;
	case GU__FRAME__BODY_TIME_REQUEST:
		on_time_request(self, frame->time_request);
		break;
	case GU__FRAME__BODY_REGISTER_:
		on_register(self, frame->register_);
		break;
	case GU__FRAME__BODY_HEARTBEAT:
		on_heartbeat(self, frame->heartbeat);
		break;
	case GU__FRAME__BODY_ANSWER:
		on_answer(self, frame->answer);
		break;
	case GU__FRAME__BODY_BLOB_REQUEST:
		session_blob_request(self, frame->blob_request);
		break;
	case GU__FRAME__BODY_REPORT:
		on_report(self, frame->report);
		break;
	case GU__FRAME__BODY_CHECK_REQUEST:
		initiative_check(self, frame->check_request);
		break;
	case GU__FRAME__BODY_BLOB_REFUSED:
		session_push_refused(self, frame->blob_refused);
		break;
	case GU__FRAME__BODY_CHECK_RESULT:
	case GU__FRAME__BODY_NOTICE:
	case GU__FRAME__BODY_TRIGGER:
	case GU__FRAME__BODY__NOT_SET:
	case GU__FRAME__BODY_TIME_RESPONSE:
	case GU__FRAME__BODY_REGISTER_RESULT:
	case GU__FRAME__BODY_DIRECTOR:
	case GU__FRAME__BODY_CONFIRM:
	case GU__FRAME__BODY_BLOB_CHUNK:
	case GU__FRAME__BODY_REPORT_ACK:
	case GU__FRAME__BODY_ERROR:
	case _GU__FRAME__BODY__CASE_IS_INT_SIZE:
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "message %d is the backend's to send",
				   (int)frame->body_case);
		break;
	}
}
