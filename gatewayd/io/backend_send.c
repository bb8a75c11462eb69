#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gatewayd/io/backend_priv.h"
#include "gatewayd/io/text.h"
#include "uds/port/can_driver.h"

/* what a backend that reads nothing may have waiting for it; an honest session never comes near */
#define MAX_QUEUED_BYTES (1024u * 1024u)

/* protobuf-c's strings are not const, though packing only reads them */
static char *text_of(const char *text)
{
	union {
		const char *in;
		char *out;
	} cast = {.in = text};

	return cast.out;
}

static ProtobufCBinaryData bytes_of(const uint8_t *bytes, size_t n)
{
	union {
		const uint8_t *in;
		uint8_t *out;
	} cast = {.in = bytes};

	return (ProtobufCBinaryData){.len = n, .data = cast.out};
}

void backend_send(struct backend *self, Gu__Frame *frame)
{
	size_t n = gu__frame__get_packed_size(frame);
	uint8_t *bytes;

	if (!self->up || self->closing || n == 0 || n > STREAM_MAX_FRAME_BYTES)
		return;
	if (tls_conn_queued(self->conn) > MAX_QUEUED_BYTES) {
		backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend does not read: over 1 MiB waits for it");
		return;
	}
	bytes = malloc(STREAM_HEADER_BYTES + n);
	if (!bytes)
		return; /* the core's timers notice the silence and begin anew */
	stream_header(bytes, n);
	gu__frame__pack(frame, bytes + STREAM_HEADER_BYTES);
	if (tls_conn_write(self->conn, bytes, STREAM_HEADER_BYTES + n) < 0)
		backend_fail(self, GATEWAY_CODE_TLS, "writing to the backend failed");
	free(bytes);
}

void backend_send_hello(struct backend *self)
{
	Gu__Hello hello = GU__HELLO__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	hello.protocol_version = 1;
	hello.vehicle_id = text_of(self->config->core.vehicle_id);
	hello.software = text_of("gatewayd " GU_VERSION);
	frame.body_case = GU__FRAME__BODY_HELLO;
	frame.hello = &hello;
	backend_send(self, &frame);
}

void backend_send_time_request(struct backend *self)
{
	Gu__TimeRequest request = GU__TIME_REQUEST__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	if (getrandom(self->nonce, sizeof(self->nonce), 0) != (ssize_t)sizeof(self->nonce)) {
		backend_fail(self, GATEWAY_CODE_IO_ERROR, "no random numbers for the time request");
		return;
	}
	self->nonce_pending = true;
	request.nonce = bytes_of(self->nonce, sizeof(self->nonce));
	frame.body_case = GU__FRAME__BODY_TIME_REQUEST;
	frame.time_request = &request;
	backend_send(self, &frame);
}

/* @list: for as many as there are numbers */
static size_t put_rxswin(const struct rxswin_doc *from, size_t n, Gu__Rxswin *messages, Gu__Rxswin **list)
{
	for (size_t i = 0; i < n; i++) {
		gu__rxswin__init(&messages[i]);
		messages[i].regulation = text_of(from[i].regulation);
		messages[i].value = text_of(from[i].value);
		list[i] = &messages[i];
	}
	return n;
}

void backend_send_register(struct backend *self)
{
	const struct gateway *g = self->gateway;
	Gu__EcuInfo ecus[GATEWAY_MAX_ECUS];
	Gu__EcuInfo *list[GATEWAY_MAX_ECUS];
	char *features[32];
	Gu__Rxswin rxswin[GATEWAY_MAX_RXSWIN];
	Gu__Rxswin *rxswin_list[GATEWAY_MAX_RXSWIN];
	uint32_t postpone_max_s[URGENCY_CRITICAL];
	Gu__Register message = GU__REGISTER__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	for (size_t i = 0; i < g->config.n_ecus; i++) {
		const struct ecu_info *ecu = &g->ecus[i];

		gu__ecu_info__init(&ecus[i]);
		ecus[i].name = text_of(ecu->name);
		ecus[i].bus = text_of(ecu->bus);
		ecus[i].hardware_id = text_of(ecu->identity.hardware_id);
		ecus[i].serial_number = text_of(ecu->identity.serial_number);
		ecus[i].boot_version = text_of(ecu->identity.boot_version);
		ecus[i].application_version = text_of(ecu->identity.application_version);
		ecus[i].data_version = text_of(ecu->identity.data_version);
		ecus[i].present = ecu->present;
		list[i] = &ecus[i];
	}
	for (message.n_features = 0; message.n_features < 32 && proto_features[message.n_features];
	     message.n_features++)
		features[message.n_features] = text_of(proto_features[message.n_features]);
	message.n_rxswin = put_rxswin(g->rxswin, g->n_rxswin, rxswin, rxswin_list);
	for (unsigned urgency = URGENCY_LOW; urgency <= URGENCY_CRITICAL; urgency++)
		postpone_max_s[message.n_postpone_max_s++] = g->config.postpone_max_s[urgency];
	message.postpone_max_s = postpone_max_s;
	message.rxswin = rxswin_list;
	message.vehicle_id = text_of(self->config->core.vehicle_id);
	message.n_ecus = g->config.n_ecus;
	message.ecus = list;
	message.features = features;
	message.director_version = g->director_version;
	message.push_credit = PUSH_CREDIT;
	push_granted(self);
	frame.body_case = GU__FRAME__BODY_REGISTER_;
	frame.register_ = &message;
	backend_send(self, &frame);
}

void backend_send_heartbeat(struct backend *self, uint64_t counter)
{
	Gu__Heartbeat heartbeat = GU__HEARTBEAT__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	uint64_t now = can_driver_now_us();

	heartbeat.counter = counter;
	heartbeat.ignition = (Gu__IgnitionState)vehicle_ignition(&self->gateway->vehicle, now);
	heartbeat.standstill = vehicle_standstill(&self->gateway->vehicle, now);
	heartbeat.battery_mv = vehicle_battery_mv(&self->gateway->vehicle, now);
	heartbeat.speed_known = heartbeat.standstill || vehicle_moving(&self->gateway->vehicle, now);
	heartbeat.gear_park = (Gu__VehicleFlag)vehicle_flag(&self->gateway->vehicle, now, VEHICLE_GEAR_PARK);
	heartbeat.parking_brake = (Gu__VehicleFlag)vehicle_flag(&self->gateway->vehicle, now, VEHICLE_PARKING_BRAKE);
	heartbeat.charging = (Gu__VehicleFlag)vehicle_flag(&self->gateway->vehicle, now, VEHICLE_CHARGING);
	heartbeat.charge_percent_plus_1 = (uint32_t)(vehicle_charge_percent(&self->gateway->vehicle, now) + 1);
	frame.body_case = GU__FRAME__BODY_HEARTBEAT;
	frame.heartbeat = &heartbeat;
	backend_send(self, &frame);
}

void backend_send_answer(struct backend *self, uint8_t campaign)
{
	const struct campaign *c = &self->gateway->campaigns[campaign];
	Gu__CampaignAnswer answer = GU__CAMPAIGN_ANSWER__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	char text[GATEWAY_TEXT_BYTES];

	/* a refusal says what is wrong with which ECU; other answers need no more than the code's words */
	snprintf(text, sizeof(text), "%s",
		 c->answer == ANSWER_DECLINE ? c->text
		 : c->answer_code            ? gateway_code_words(c->answer_code)
					     : "");
	text_mend(text);

	answer.campaign_id = text_of(c->doc.id);
	answer.director_version = c->director_version;
	answer.kind = (Gu__AnswerKind)c->answer;
	answer.proposed_start_unix_s = c->answer == ANSWER_POSTPONE ? c->proposed_start_unix_s : 0;
	answer.code = c->answer_code;
	answer.text = text;
	frame.body_case = GU__FRAME__BODY_ANSWER;
	frame.answer = &answer;
	backend_send(self, &frame);
}

void backend_send_report(struct backend *self, const struct report *report)
{
	Gu__FlashResult result = GU__FLASH_RESULT__INIT;
	Gu__ServiceLoss service = GU__SERVICE_LOSS__INIT;
	const struct report_rxswin *rxswin = gateway_report_rxswin(self->gateway, report->sequence);
	Gu__Rxswin before[GATEWAY_MAX_RXSWIN], after[GATEWAY_MAX_RXSWIN];
	Gu__Rxswin *before_list[GATEWAY_MAX_RXSWIN], *after_list[GATEWAY_MAX_RXSWIN];
	Gu__Report message = GU__REPORT__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	char text[GATEWAY_TEXT_BYTES];

	memcpy(text, report->text, sizeof(text));
	text_mend(text);

	message.sequence = report->sequence;
	message.campaign_id = text_of(report->campaign_id);
	message.ecu = text_of(report->ecu);
	message.campaign_state = (Gu__CampaignState)report->campaign_state;
	message.ecu_state = (Gu__EcuState)report->target_state;
	message.code = report->code;
	message.text = text;
	message.unix_ms = report->unix_ms;
	message.queue_id = bytes_of(self->gateway->config.queue_id, sizeof(self->gateway->config.queue_id));
	if (report->has_result) {
		result.old_version = text_of(report->old_version);
		result.new_version = text_of(report->new_version);
		result.step = text_of(report->step);
		result.nrc = report->nrc;
		result.payload_bytes = report->payload_bytes;
		result.duration_ms = report->duration_ms;
		result.transfer_ms = report->transfer_ms;
		result.estimate_ms = report->estimate_ms;
		result.evidence = (Gu__Evidence)report->evidence;
		message.result = &result;
	}
	if (report->service.state) {
		service.state = (Gu__ServiceState)report->service.state;
		service.from_unix_s = report->service.from_unix_s;
		service.expected_s = report->service.expected_s;
		message.service_loss = &service;
	}
	if (rxswin) {
		message.n_rxswin_before = put_rxswin(rxswin->before, rxswin->n_before, before, before_list);
		message.rxswin_before = before_list;
		message.n_rxswin_after = put_rxswin(rxswin->after, rxswin->n_after, after, after_list);
		message.rxswin_after = after_list;
	}
	frame.body_case = GU__FRAME__BODY_REPORT;
	frame.report = &message;
	backend_send(self, &frame);
	push_reported(self, report);
}

void backend_send_check(struct backend *self)
{
	Gu__CheckRequest request = GU__CHECK_REQUEST__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	/* one whose campaigns could not be read again is wanted anew */
	request.director_version = self->gateway->rows_lost ? 0 : self->gateway->director_version;
	frame.body_case = GU__FRAME__BODY_CHECK_REQUEST;
	frame.check_request = &request;
	backend_send(self, &frame);
}

void backend_send_error(struct backend *self, unsigned code, const char *text)
{
	Gu__Error error = GU__ERROR__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	char words[GATEWAY_TEXT_BYTES];

	snprintf(words, sizeof(words), "%s", text);
	text_mend(words);
	error.code = code;
	error.text = words;
	frame.body_case = GU__FRAME__BODY_ERROR;
	frame.error = &error;
	backend_send(self, &frame);
}
