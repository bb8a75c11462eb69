/*
 * fleet - vehicles for the tests of the backend: each registers, takes its campaigns, and says what became of them at
 * once, as if it had flashed them. What they really do is not of interest here.
 *
 *   fleet PORT PKI VEHICLE[=WHAT]...   WHAT: good (default), bad, hold
 *
 * A bad one fails its first campaign and is good afterwards; one that holds says only that it accepts, until SIGUSR1
 * makes it good. A vehicle that has no connection tries again. SIGTERM ends it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/tls_conn.h"
#include "proto/envelope.h"
#include "proto/stream.h"

#define MAX_VEHICLES  16u
#define MAX_CAMPAIGNS 8u
#define RETRY_MS      200u
#define HEARTBEAT_MS  2000u

enum what { GOOD, BAD, HOLD };

#define MAX_REPORTS 512u

/* as a gateway keeps it until it is acknowledged */
struct kept_report {
	char campaign[65];
	Gu__CampaignState state;
	Gu__EcuState ecu_state;
	unsigned code;
};

struct vehicle {
	char id[65];
	enum what what;
	struct tls_context *tls;
	struct tls_conn *conn;
	struct stream_decoder decoder;
	struct kept_report reports[MAX_REPORTS]; /* number n is reports[n - 1] */
	uint64_t sequence;
	uint64_t acknowledged;
	uint64_t counter;
	char live[MAX_CAMPAIGNS][65]; /* of the last document, still to be ended */
	size_t n_live;
	char over[64][65]; /* what it said its last word on */
	size_t n_over;
	uint8_t buf[STREAM_HEADER_BYTES + STREAM_MAX_FRAME_BYTES];
};

static struct vehicle vehicles[MAX_VEHICLES];
static size_t n_vehicles;
static uv_loop_t loop;
static uint16_t port;
static bool ending;

static void send_frame(struct vehicle *self, const Gu__Frame *frame)
{
	static uint8_t bytes[STREAM_HEADER_BYTES + 4096];
	size_t n = gu__frame__get_packed_size(frame);

	if (!self->conn || n > 4096)
		return;
	stream_header(bytes, n);
	gu__frame__pack(frame, bytes + STREAM_HEADER_BYTES);
	(void)tls_conn_write(self->conn, bytes, STREAM_HEADER_BYTES + n);
}

static void say_hello(struct vehicle *self)
{
	static char software[] = "fleet";
	static uint8_t nonce[32] = {1};
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Hello hello = GU__HELLO__INIT;
	Gu__TimeRequest request = GU__TIME_REQUEST__INIT;

	hello.protocol_version = 1;
	hello.vehicle_id = self->id;
	hello.software = software;
	frame.body_case = GU__FRAME__BODY_HELLO;
	frame.hello = &hello;
	send_frame(self, &frame);
	request.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
	frame.body_case = GU__FRAME__BODY_TIME_REQUEST;
	frame.time_request = &request;
	send_frame(self, &frame);
}

static void say_register(struct vehicle *self)
{
	static char lamp[] = "lamp", hardware[] = "LAMP-HW-2", base[] = "base-1";
	static char *features[] = {base};
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Register message = GU__REGISTER__INIT;
	Gu__EcuInfo ecu = GU__ECU_INFO__INIT;
	Gu__EcuInfo *ecus[] = {&ecu};

	ecu.name = lamp;
	ecu.hardware_id = hardware;
	ecu.present = true;
	message.vehicle_id = self->id;
	message.n_ecus = 1;
	message.ecus = ecus;
	message.n_features = 1;
	message.features = features;
	frame.body_case = GU__FRAME__BODY_REGISTER_;
	frame.register_ = &message;
	send_frame(self, &frame);
}

static void say_accept(struct vehicle *self, char *campaign, uint64_t version)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__CampaignAnswer answer = GU__CAMPAIGN_ANSWER__INIT;

	answer.campaign_id = campaign;
	answer.director_version = version;
	answer.kind = GU__ANSWER_KIND__ANSWER_KIND_ACCEPT;
	frame.body_case = GU__FRAME__BODY_ANSWER;
	frame.answer = &answer;
	send_frame(self, &frame);
}

static void send_report(struct vehicle *self, uint64_t number)
{
	static char lamp[] = "lamp", none[] = "";
	static uint8_t queue[] = {9};
	struct kept_report *kept = &self->reports[number - 1];
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Report message = GU__REPORT__INIT;

	message.sequence = number;
	message.queue_id = (ProtobufCBinaryData){sizeof queue, queue};
	message.campaign_id = kept->campaign;
	message.ecu = kept->ecu_state ? lamp : none;
	message.campaign_state = kept->state;
	message.ecu_state = kept->ecu_state;
	message.code = kept->code;
	frame.body_case = GU__FRAME__BODY_REPORT;
	frame.report = &message;
	send_frame(self, &frame);
}

static void report(struct vehicle *self, const char *campaign, Gu__CampaignState state, Gu__EcuState ecu_state,
		   unsigned code)
{
	struct kept_report *kept = &self->reports[self->sequence];

	if (self->sequence == MAX_REPORTS)
		return;
	snprintf(kept->campaign, sizeof kept->campaign, "%s", campaign);
	kept->state = state;
	kept->ecu_state = ecu_state;
	kept->code = code;
	send_report(self, ++self->sequence);
}

static void send_reports_again(struct vehicle *self)
{
	for (uint64_t number = self->acknowledged + 1; number <= self->sequence; number++)
		send_report(self, number);
}

static bool is_over(const struct vehicle *self, const char *campaign)
{
	for (size_t i = 0; i < self->n_over; i++) {
		if (strcmp(self->over[i], campaign) == 0)
			return true;
	}
	return false;
}

static void end_campaign(struct vehicle *self, const char *campaign)
{
	if (self->what == HOLD || is_over(self, campaign) || self->n_over == 64)
		return;
	report(self, campaign, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING, 0, 0);
	report(self, campaign, 0,
	       self->what == BAD ? GU__ECU_STATE__ECU_STATE_FAILED : GU__ECU_STATE__ECU_STATE_VERIFIED,
	       self->what == BAD ? 7 : 0);
	report(self, campaign,
	       self->what == BAD ? GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED : GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE,
	       0, self->what == BAD ? 7 : 0);
	snprintf(self->over[self->n_over++], 65, "%s", campaign);
	printf("%s: %s %s\n", self->id, campaign, self->what == BAD ? "failed" : "done");
	self->what = GOOD;
}

/* one that is in the last document and not in this one was taken back */
static void take_back(struct vehicle *self, const Gu__Director *director)
{
	for (size_t i = 0; i < self->n_live; i++) {
		bool there = false;

		for (size_t j = 0; j < director->n_campaigns; j++)
			there = there || strcmp(director->campaigns[j]->id, self->live[i]) == 0;
		if (there || is_over(self, self->live[i]) || self->n_over == 64)
			continue;
		report(self, self->live[i], GU__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED, 0, 0);
		snprintf(self->over[self->n_over++], 65, "%s", self->live[i]);
		printf("%s: %s taken back\n", self->id, self->live[i]);
	}
}

static void on_director(struct vehicle *self, const Gu__Envelope *envelope)
{
	/* the signature is not checked: gatewayd's tests do that */
	Gu__Signed *signed_part = gu__signed__unpack(NULL, envelope->signed_part.len, envelope->signed_part.data);
	Gu__Director *director =
	    signed_part ? gu__director__unpack(NULL, signed_part->payload.len, signed_part->payload.data) : NULL;

	if (director) {
		take_back(self, director);
		self->n_live = 0;
		for (size_t i = 0; i < director->n_campaigns && i < MAX_CAMPAIGNS; i++) {
			char *campaign = director->campaigns[i]->id;

			snprintf(self->live[self->n_live++], 65, "%s", campaign);
			if (is_over(self, campaign))
				continue;
			say_accept(self, campaign, signed_part->version);
			end_campaign(self, campaign);
		}
		gu__director__free_unpacked(director, NULL);
	}
	if (signed_part)
		gu__signed__free_unpacked(signed_part, NULL);
	fflush(stdout);
}

static void on_ready(struct tls_conn *conn, void *user)
{
	(void)conn;
	say_hello(user);
}

static void on_data(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n)
{
	struct vehicle *self = user;
	struct envelope_error error;
	const uint8_t *frame;
	size_t n_frame;

	(void)conn;
	do {
		size_t taken = stream_decoder_input(&self->decoder, bytes, n);

		bytes += taken;
		n -= taken;
		while (stream_decoder_pop(&self->decoder, &frame, &n_frame) == 1) {
			Gu__Frame *unpacked = session_unpack(frame, n_frame, &error);

			if (unpacked && unpacked->body_case == GU__FRAME__BODY_TIME_RESPONSE)
				say_register(self);
			else if (unpacked && unpacked->body_case == GU__FRAME__BODY_REGISTER_RESULT)
				send_reports_again(self);
			else if (unpacked && unpacked->body_case == GU__FRAME__BODY_REPORT_ACK)
				self->acknowledged = unpacked->report_ack->sequence;
			else if (unpacked && unpacked->body_case == GU__FRAME__BODY_DIRECTOR)
				on_director(self, unpacked->director);
			if (unpacked)
				session_free(unpacked);
			stream_decoder_done(&self->decoder);
		}
	} while (n > 0);
}

static void on_close(struct tls_conn *conn, void *user, const char *error)
{
	struct vehicle *self = user;

	(void)conn;
	(void)error;
	self->conn = NULL;
}

static const struct tls_conn_callbacks callbacks = {on_ready, on_data, NULL, on_close};

static void on_retry(uv_timer_t *timer)
{
	(void)timer;
	for (size_t i = 0; i < n_vehicles && !ending; i++) {
		struct vehicle *self = &vehicles[i];

		if (self->conn)
			continue;
		stream_decoder_init(&self->decoder, self->buf, sizeof self->buf);
		if (tls_conn_connect(&loop, self->tls, "127.0.0.1", port, &callbacks, self, &self->conn))
			self->conn = NULL;
	}
}

static void on_heartbeat(uv_timer_t *timer)
{
	(void)timer;
	for (size_t i = 0; i < n_vehicles; i++) {
		Gu__Frame frame = GU__FRAME__INIT;
		Gu__Heartbeat heartbeat = GU__HEARTBEAT__INIT;

		heartbeat.counter = ++vehicles[i].counter;
		heartbeat.ignition = GU__IGNITION_STATE__IGNITION_STATE_OFF;
		frame.body_case = GU__FRAME__BODY_HEARTBEAT;
		frame.heartbeat = &heartbeat;
		send_frame(&vehicles[i], &frame);
	}
}

static void on_release(uv_signal_t *handle, int number)
{
	(void)handle;
	(void)number;
	for (size_t i = 0; i < n_vehicles; i++) {
		struct vehicle *self = &vehicles[i];

		if (self->what == HOLD)
			self->what = GOOD;
		for (size_t j = 0; j < self->n_live; j++)
			end_campaign(self, self->live[j]);
	}
	fflush(stdout);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle) && (handle->type == UV_SIGNAL || handle->type == UV_TIMER))
		uv_close(handle, NULL);
}

static void on_end(uv_signal_t *handle, int number)
{
	(void)handle;
	(void)number;
	ending = true;
	for (size_t i = 0; i < n_vehicles; i++) {
		if (vehicles[i].conn)
			tls_conn_abort(vehicles[i].conn);
	}
	uv_walk(&loop, close_handle, NULL);
}

static bool add_vehicle(const char *pki, const char *word)
{
	struct vehicle *self = &vehicles[n_vehicles++];
	char certificate[400], key[400], ca[400], error[TLS_CONN_ERROR_BYTES];
	struct tls_config tls = {false, certificate, key, ca, false, 0, NULL};
	const char *what = strchr(word, '=');

	snprintf(self->id, sizeof self->id, "%.*s", (int)strcspn(word, "="), word);
	self->what = !what ? GOOD : strcmp(what, "=bad") == 0 ? BAD : strcmp(what, "=hold") == 0 ? HOLD : GOOD;
	snprintf(certificate, sizeof certificate, "%s/%s.crt", pki, self->id);
	snprintf(key, sizeof key, "%s/%s.key", pki, self->id);
	snprintf(ca, sizeof ca, "%s/ca.crt", pki);
	self->tls = tls_context_new(&tls, error);
	if (!self->tls)
		fprintf(stderr, "fleet: %s: %s\n", self->id, error);
	return self->tls != NULL;
}

int main(int argc, char **argv)
{
	uv_timer_t retry, heartbeat;
	uv_signal_t release, end;

	if (argc < 4 || argc - 3 > (int)MAX_VEHICLES) {
		fputs("fleet PORT PKI VEHICLE[=good|bad|hold]...\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	for (int i = 3; i < argc; i++) {
		if (!add_vehicle(argv[2], argv[i]))
			return 1;
	}
	uv_loop_init(&loop);
	uv_timer_init(&loop, &retry);
	uv_timer_init(&loop, &heartbeat);
	uv_signal_init(&loop, &release);
	uv_signal_init(&loop, &end);
	uv_timer_start(&retry, on_retry, 0, RETRY_MS);
	uv_timer_start(&heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
	uv_signal_start(&release, on_release, SIGUSR1);
	uv_signal_start(&end, on_end, SIGTERM);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	for (size_t i = 0; i < n_vehicles; i++)
		tls_context_free(vehicles[i].tls);
	return 0;
}
