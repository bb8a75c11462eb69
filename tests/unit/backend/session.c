/* The whole backend on the test's loop, over loopback TLS, against a scripted vehicle; oemctl's requests are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "proto/crypto.h"
#include "sim/oem_backend/backend.h"
#include "sim/oem_backend/blobs.h"
#include "sim/oem_backend/commands.h"
#include "sim/oem_backend/words.h"

#define IMAGE_BYTES 700001u

static char dir[] = "/tmp/backend-test-XXXXXX";
static struct backend backend;
static struct config *config;
static uv_loop_t loop;
static uv_timer_t tick;
static struct tls_context *vehicle_1, *vehicle_2;
static uint8_t image[IMAGE_BYTES];
static struct blob_ref image_ref, manifest_ref;
static char manifest_path[300];

/* --- the backend's surroundings */

static void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static struct tls_context *context_of(const char *vehicle)
{
	char certificate[300], key[300], ca[300], error[TLS_CONN_ERROR_BYTES];
	struct tls_config tls = {false, certificate, key, ca, false, 0};

	snprintf(certificate, sizeof certificate, "%s/pki/%s.crt", dir, vehicle);
	snprintf(key, sizeof key, "%s/pki/%s.key", dir, vehicle);
	snprintf(ca, sizeof ca, "%s/pki/ca.crt", dir);
	struct tls_context *made = tls_context_new(&tls, error);
	assert_non_null(made);
	return made;
}

static struct crypto_key *key_of(const char *name, bool private)
{
	char path[300], pem[4096];

	snprintf(path, sizeof path, "%s/pki/%s", dir, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n = fread(pem, 1, sizeof pem, file);
	fclose(file);
	return private ? crypto_key_private(pem, n) : crypto_key_public(pem, n);
}

/* a manifest with one component, whose image and profile are both @image */
static void sign_manifest(const char *path, const char *key_name, const struct blob_ref *file)
{
	static char id[] = "release-2", name[] = "ecm-app", hardware[] = "HW1", version[] = "2.0";
	char *hardware_ids[] = {hardware};
	Gu__FileRef ref = GU__FILE_REF__INIT;
	Gu__SoftwareUnit unit = GU__SOFTWARE_UNIT__INIT;
	Gu__SoftwareUnit *units[] = {&unit};
	Gu__Component component = GU__COMPONENT__INIT;
	Gu__Component *components[] = {&component};
	Gu__Manifest manifest = GU__MANIFEST__INIT;
	Gu__Severity severity = GU__SEVERITY__INIT;
	uint8_t sha256[32], payload[2048], *envelope;
	size_t n;

	memcpy(sha256, file->sha256, sizeof sha256);
	ref.sha256 = (ProtobufCBinaryData){32, sha256};
	ref.length = file->length;
	unit.kind = GU__UNIT_KIND__UNIT_KIND_APPLICATION;
	unit.image = &ref;
	unit.format = GU__IMAGE_FORMAT__IMAGE_FORMAT_RAW;
	unit.expected_version = version;
	component.name = name;
	component.n_hardware_ids = 1;
	component.hardware_ids = hardware_ids;
	component.profile = &ref;
	component.n_units = 1;
	component.units = units;
	component.release_counter = 2;
	severity.change = GU__CHANGE_KIND__CHANGE_KIND_BUG_FIX;
	manifest.id = id;
	manifest.severity = &severity;
	manifest.n_components = 1;
	manifest.components = components;
	struct crypto_key *key = key_of(key_name, true);
	assert_non_null(key);
	assert_true(gu__manifest__get_packed_size(&manifest) <= sizeof payload);
	size_t n_payload = gu__manifest__pack(&manifest, payload);
	assert_int_equal(envelope_sign("manifest", GU__ROLE__ROLE_AUTHOR, 1, (uint64_t)time(NULL) + 86400, payload,
				       n_payload, &key, 1, &envelope, &n),
			 0);
	write_file(path, envelope, n);
	free(envelope);
	crypto_key_free(key);
}

/* Return: the answer, freed by the caller */
static char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *ask(const char *format, ...)
{
	char line[4096];
	struct json_read request = {backend.store.db, line};
	struct json answer;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	json_init(&answer);
	assert_true(json_read_valid(&request));
	command_run(&backend, &request, &answer);
	assert_non_null(json_text(&answer));
	return answer.buf;
}

static void expect_in(char *answer, const char *part)
{
	if (!strstr(answer, part))
		fail_msg("\"%s\" is not in %s", part, answer);
	free(answer);
}

static void add_campaign(const char *id, const char *vehicle)
{
	char hex[HEX_BYTES];
	unsigned long long now = (unsigned long long)time(NULL);

	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"%s\",\"vehicle\":\"%s\",\"manifest\":\"%s\","
		      "\"start_unix_s\":%llu,\"end_unix_s\":%llu,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\","
		      "\"component\":\"ecm-app\"}]}",
		      id, vehicle, hex_of(manifest_ref.sha256, hex), now + 100, now + 7200),
		  "\"ok\":true");
}

static int group_setup(void **state)
{
	char command[600], path[300], error[512];
	struct yaml_error refused;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(command, sizeof command, "%s/../sim/pki.sh %s/pki VIN1 VIN2 && cp %s/../sim/demo/backend.yaml %s/",
		 TEST_SOURCE_DIR, dir, TEST_SOURCE_DIR, dir);
	if (system(command) != 0)
		return -1;
	for (size_t i = 0; i < sizeof image; i++)
		image[i] = (uint8_t)(i * 7 >> 2);
	snprintf(path, sizeof path, "%s/image.bin", dir);
	write_file(path, image, sizeof image);
	snprintf(path, sizeof path, "%s/backend.yaml", dir);
	if (config_load(path, &config, &refused) || mkdir(config->blob_dir, 0755))
		return -1;
	snprintf(path, sizeof path, "%s/image.bin", dir);
	if (blobs_add_file(config->blob_dir, path, &image_ref, error))
		return -1;
	snprintf(manifest_path, sizeof manifest_path, "%s/release.manifest", dir);
	sign_manifest(manifest_path, "author.key", &image_ref);
	return blobs_add_file(config->blob_dir, manifest_path, &manifest_ref, error);
}

static int group_teardown(void **state)
{
	char command[300];

	(void)state;
	config_free(config);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static int start(void)
{
	char error[512];

	uv_loop_init(&loop);
	uv_timer_init(&loop, &tick);
	uv_timer_start(&tick, on_tick, 20, 20);
	if (backend_open(&backend, &loop, config, error) || backend_listen(&backend, error)) {
		print_error("%s\n", error);
		return -1;
	}
	return 0;
}

static void stop(void)
{
	uv_close((uv_handle_t *)&tick, NULL);
	backend_stop(&backend);
	uv_run(&loop, UV_RUN_DEFAULT);
	backend_close(&backend);
	uv_loop_close(&loop);
}

static int setup(void **state)
{
	(void)state;
	unlink(config->database);
	vehicle_1 = context_of("VIN1");
	vehicle_2 = context_of("VIN2");
	return start();
}

static int teardown(void **state)
{
	(void)state;
	stop();
	tls_context_free(vehicle_1);
	tls_context_free(vehicle_2);
	return 0;
}

/* --- what a vehicle says */

static Gu__Frame *take(struct client *client, int body_case)
{
	Gu__Frame *frame = client_take(&loop, client);

	if (!frame)
		fail_msg("message %d did not come", body_case);
	if ((int)frame->body_case != body_case)
		fail_msg("message %d came instead of %d", (int)frame->body_case, body_case);
	return frame;
}

static void say_hello(struct client *client, char *vehicle)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Hello hello = GU__HELLO__INIT;
	static char software[] = "test 1";

	while (!client->ready && !client->closed)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(client->ready);
	hello.protocol_version = 1;
	hello.vehicle_id = vehicle;
	hello.software = software;
	frame.body_case = GU__FRAME__BODY_HELLO;
	frame.hello = &hello;
	client_send(client, &frame);
}

static void say_time(struct client *client, uint8_t nonce[32])
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__TimeRequest request = GU__TIME_REQUEST__INIT;

	memset(nonce, 0x5a, 32);
	request.nonce = (ProtobufCBinaryData){32, nonce};
	frame.body_case = GU__FRAME__BODY_TIME_REQUEST;
	frame.time_request = &request;
	client_send(client, &frame);
}

static void say_register(struct client *client, char *vehicle, uint64_t director_version)
{
	static char ecm[] = "ecm", hardware[] = "HW1", serial[] = "S1", base[] = "base-1";
	static char *features[] = {base};
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Register message = GU__REGISTER__INIT;
	Gu__EcuInfo ecu = GU__ECU_INFO__INIT;
	Gu__EcuInfo *ecus[] = {&ecu};

	ecu.name = ecm;
	ecu.hardware_id = hardware;
	ecu.serial_number = serial;
	ecu.present = true;
	message.vehicle_id = vehicle;
	message.n_ecus = 1;
	message.ecus = ecus;
	message.n_features = 1;
	message.features = features;
	message.director_version = director_version;
	frame.body_case = GU__FRAME__BODY_REGISTER_;
	frame.register_ = &message;
	client_send(client, &frame);
}

static void say_answer(struct client *client, char *id, int kind, uint64_t start_unix_s)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__CampaignAnswer answer = GU__CAMPAIGN_ANSWER__INIT;

	answer.campaign_id = id;
	answer.director_version = 1;
	answer.kind = (Gu__AnswerKind)kind;
	answer.proposed_start_unix_s = start_unix_s;
	frame.body_case = GU__FRAME__BODY_ANSWER;
	frame.answer = &answer;
	client_send(client, &frame);
}

static void say_blob(struct client *client, const struct blob_ref *blob, uint64_t offset, uint64_t max_bytes)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__BlobRequest request = GU__BLOB_REQUEST__INIT;
	uint8_t sha256[32];

	memcpy(sha256, blob->sha256, sizeof sha256);
	request.sha256 = (ProtobufCBinaryData){32, sha256};
	request.offset = offset;
	request.max_bytes = max_bytes;
	frame.body_case = GU__FRAME__BODY_BLOB_REQUEST;
	frame.blob_request = &request;
	client_send(client, &frame);
}

static void say_report(struct client *client, uint64_t sequence, char *id, char *ecu, int campaign_state, int ecu_state)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Report report = GU__REPORT__INIT;
	uint8_t queue[] = {1, 2, 3, 4};

	report.sequence = sequence;
	report.campaign_id = id;
	report.ecu = ecu;
	report.campaign_state = (Gu__CampaignState)campaign_state;
	report.ecu_state = (Gu__EcuState)ecu_state;
	report.queue_id = (ProtobufCBinaryData){sizeof queue, queue};
	frame.body_case = GU__FRAME__BODY_REPORT;
	frame.report = &report;
	client_send(client, &frame);
}

/* a session that is registered */
static struct client *online(struct tls_context *context, char *vehicle, uint64_t director_version)
{
	struct client *client = client_new(&loop, context, backend.port);
	uint8_t nonce[32];

	say_hello(client, vehicle);
	say_time(client, nonce);
	take(client, GU__FRAME__BODY_TIME_RESPONSE);
	say_register(client, vehicle, director_version);
	take(client, GU__FRAME__BODY_REGISTER_RESULT);
	return client;
}

static void hang_up(struct client *client)
{
	if (client->conn)
		tls_conn_close(client->conn);
	while (!client->closed)
		uv_run(&loop, UV_RUN_ONCE);
	client_free(client);
}

static Gu__Director *open_director(const Gu__Frame *frame, uint64_t *version)
{
	struct trust_role trust = {.role = GU__ROLE__ROLE_DIRECTOR, .n_keys = 1, .threshold = 1};
	struct envelope_limits limits = {.now_unix_s = (uint64_t)time(NULL)};
	size_t n = gu__envelope__get_packed_size(frame->director);
	uint8_t *bytes = malloc(n);
	struct signed_info info;
	struct envelope_error error;
	Gu__Director *director = NULL;

	assert_non_null(bytes);
	gu__envelope__pack(frame->director, bytes);
	trust.keys[0] = key_of("director.pub", false);
	assert_int_equal(envelope_open_director(bytes, n, &trust, &limits, "VIN1", &director, &info, &error),
			 ENVELOPE_OK);
	*version = info.version;
	crypto_key_free(trust.keys[0]);
	free(bytes);
	return director;
}

static char vin1[] = "VIN1", c1[] = "c1", ecm[] = "ecm", nothing[] = "";

/* --- tests */

static void a_session_gets_signed_time_modes_and_its_heartbeat_back(void **state)
{
	struct client *client = client_new(&loop, vehicle_1, backend.port);
	struct trust_role trust = {.role = GU__ROLE__ROLE_TIME, .n_keys = 1, .threshold = 1};
	struct envelope_error error;
	Gu__Frame heartbeat_frame = GU__FRAME__INIT;
	Gu__Heartbeat heartbeat = GU__HEARTBEAT__INIT;
	uint8_t nonce[32], *bytes;
	uint64_t unix_ms = 0;

	(void)state;
	say_hello(client, vin1);
	say_time(client, nonce);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_TIME_RESPONSE);
	size_t n = gu__envelope__get_packed_size(frame->time_response);
	bytes = malloc(n);
	assert_non_null(bytes);
	gu__envelope__pack(frame->time_response, bytes);
	trust.keys[0] = key_of("time.pub", false);
	assert_int_equal(envelope_open_time(bytes, n, &trust, nonce, &unix_ms, &error), ENVELOPE_OK);
	assert_in_range(unix_ms / 1000, (uint64_t)time(NULL) - 5, (uint64_t)time(NULL) + 5);
	crypto_key_free(trust.keys[0]);
	free(bytes);
	say_register(client, vin1, 0);
	frame = take(client, GU__FRAME__BODY_REGISTER_RESULT);
	assert_true(frame->register_result->accepted);
	assert_int_equal(frame->register_result->n_modes, 1);
	assert_int_equal(frame->register_result->modes[0]->mode, GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED);
	assert_int_equal(frame->register_result->heartbeat_s, 5);
	heartbeat.counter = 42;
	heartbeat.battery_mv = 12600;
	heartbeat.ignition = GU__IGNITION_STATE__IGNITION_STATE_ON;
	heartbeat_frame.body_case = GU__FRAME__BODY_HEARTBEAT;
	heartbeat_frame.heartbeat = &heartbeat;
	client_send(client, &heartbeat_frame);
	frame = take(client, GU__FRAME__BODY_HEARTBEAT);
	assert_int_equal(frame->heartbeat->counter, 42);
	expect_in(ask("{\"command\":\"vehicle-show\",\"id\":\"VIN1\"}"), "\"ignition\":\"on\"");
	expect_in(ask("{\"command\":\"vehicle-show\",\"id\":\"VIN1\"}"), "\"serial_number\":\"S1\"");
	hang_up(client);
}

static void a_certificate_of_another_vehicle_is_refused(void **state)
{
	struct client *client = client_new(&loop, vehicle_2, backend.port);

	(void)state;
	say_hello(client, vin1);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_true(frame->error->fatal);
	assert_string_equal(frame->error->text, "the certificate is for \"VIN2\", not for \"VIN1\"");
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
}

static void messages_out_of_order_end_the_session(void **state)
{
	struct client *client = client_new(&loop, vehicle_1, backend.port);

	(void)state;
	say_hello(client, vin1);
	say_register(client, vin1, 0); /* without asking for the time */
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_int_equal(frame->error->code, 184);
	assert_true(frame->error->fatal);
	hang_up(client);
}

static void a_campaign_added_while_online_is_offered_at_once(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t version = 0;

	(void)state;
	add_campaign("c1", "VIN1");
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(version, 1);
	assert_int_equal(director->n_campaigns, 1);
	assert_string_equal(director->campaigns[0]->id, "c1");
	assert_int_equal(director->campaigns[0]->mode, GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED);
	assert_int_equal(director->campaigns[0]->targets[0]->rollback_case, GU__TARGET__ROLLBACK_NO_ROLLBACK);
	envelope_free_director(director);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"offered\"");
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT, 0);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, 0);
	hang_up(client);
}

static void a_campaign_waits_for_the_vehicle_and_survives_a_restart(void **state)
{
	uint64_t version = 0;

	(void)state;
	add_campaign("c1", "VIN1");
	stop();
	assert_int_equal(start(), 0);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"queued\"");
	struct client *client = online(vehicle_1, vin1, 0);
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(director->n_campaigns, 1);
	envelope_free_director(director);
	hang_up(client);
}

static void a_vehicle_that_holds_a_newer_document_gets_a_newer_one_still(void **state)
{
	uint64_t version = 0;

	(void)state;
	add_campaign("c1", "VIN1");
	struct client *client = online(vehicle_1, vin1, 41); /* as after the loss of our database */
	envelope_free_director(open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version));
	assert_int_equal(version, 42);
	hang_up(client);
}

static void a_proposal_in_the_window_is_taken_and_another_becomes_its_start(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t version, start_s, end_s;

	(void)state;
	add_campaign("c1", "VIN1");
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	start_s = director->campaigns[0]->window->start_unix_s;
	end_s = director->campaigns[0]->window->end_unix_s;
	envelope_free_director(director);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, start_s + 10);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, start_s + 10);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, end_s);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, start_s);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, end_s - 1);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, end_s - 1);
	hang_up(client);
}

static void a_declined_campaign_is_over(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	static char c2[] = "c2";

	(void)state;
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_DECLINE, 0);
	say_answer(client, c2, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT,
		   0); /* answered after it: there is no such campaign */
	assert_false(take(client, GU__FRAME__BODY_ERROR)->error->fatal);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"declined\",\"terminal\":true");
	hang_up(client);
}

static void a_cancelled_campaign_leaves_the_next_document(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t version;

	(void)state;
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	expect_in(ask("{\"command\":\"campaign-close\",\"id\":\"c1\"}"), "is not over (offered)");
	expect_in(ask("{\"command\":\"campaign-cancel\",\"id\":\"c1\"}"), "\"ok\":true");
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(version, 2);
	assert_int_equal(director->n_campaigns, 0);
	envelope_free_director(director);
	hang_up(client);
}

/* takes chunks until @n bytes came; checks that they follow each other and are the image's */
static uint64_t take_blob(struct client *client, uint64_t offset, uint64_t n)
{
	while (n > 0) {
		const Gu__BlobChunk *chunk = take(client, GU__FRAME__BODY_BLOB_CHUNK)->blob_chunk;

		assert_int_equal(chunk->offset, offset);
		assert_int_equal(chunk->length, IMAGE_BYTES);
		assert_in_range(chunk->data.len, 1, 262144);
		assert_in_range(chunk->data.len, 1, n);
		assert_memory_equal(chunk->data.data, image + offset, chunk->data.len);
		offset += chunk->data.len;
		n -= chunk->data.len;
	}
	return offset;
}

static void a_file_comes_from_the_byte_asked_for_and_no_more_than_allowed(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);

	(void)state;
	say_blob(client, &image_ref, 0, 300000);
	say_blob(client, &image_ref, 300000, 1u << 20); /* asked for before the first is through */
	take_blob(client, 0, 300000);
	take_blob(client, 300000, IMAGE_BYTES - 300000);
	say_blob(client, &image_ref, IMAGE_BYTES - 1, 1u << 20);
	take_blob(client, IMAGE_BYTES - 1, 1);
	say_blob(client, &image_ref, IMAGE_BYTES, 1u << 20);
	assert_int_equal(take(client, GU__FRAME__BODY_ERROR)->error->code, 143);
	hang_up(client);
}

static void an_unknown_file_is_said_to_be_missing_and_the_session_goes_on(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	struct blob_ref unknown = {{0xab, 0xcd}, 1};

	(void)state;
	say_blob(client, &unknown, 0, 1000);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_int_equal(frame->error->code, 143);
	assert_false(frame->error->fatal);
	assert_int_equal(strncmp(frame->error->text, "abcd000000", 10), 0);
	say_blob(client, &image_ref, 0, 10);
	take_blob(client, 0, 10);
	hang_up(client);
}

static void a_download_cut_off_at_a_byte_is_resumed_there(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);

	(void)state;
	expect_in(ask("{\"command\":\"debug-drop-after\",\"bytes\":333333}"), "\"ok\":true");
	say_blob(client, &image_ref, 0, 1u << 20);
	take_blob(client, 0, 333333);
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
	client = online(vehicle_1, vin1, 0);
	say_blob(client, &image_ref, 333333, 1u << 20);
	take_blob(client, 333333, IMAGE_BYTES - 333333);
	hang_up(client);
}

static void a_rate_spreads_a_download_over_time(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t begin = uv_hrtime();

	(void)state;
	expect_in(ask("{\"command\":\"debug-rate\",\"rate\":1000000}"), "\"ok\":true");
	say_blob(client, &image_ref, 0, 200000);
	take_blob(client, 0, 200000);
	assert_true(uv_hrtime() - begin > 150u * 1000000u);
	hang_up(client);
}

static void reports_are_applied_once_over_two_sessions(void **state)
{
	struct client *client;

	(void)state;
	add_campaign("c1", "VIN1");
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_report(client, 1, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING, 0);
	assert_int_equal(take(client, GU__FRAME__BODY_REPORT_ACK)->report_ack->sequence, 1);
	say_report(client, 2, c1, ecm, 0, GU__ECU_STATE__ECU_STATE_VERIFIED);
	hang_up(client); /* its acknowledgement is lost */
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_report(client, 2, c1, ecm, 0, GU__ECU_STATE__ECU_STATE_VERIFIED);
	say_report(client, 3, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE, 0);
	while (take(client, GU__FRAME__BODY_REPORT_ACK)->report_ack->sequence != 3)
		continue;
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"state\":\"done\",\"terminal\":true,\"verified\":true");
	char *answer = ask("{\"command\":\"reports\",\"campaign\":\"c1\"}");
	unsigned n = 0;
	for (const char *at = answer; (at = strstr(at, "\"sequence\":")); at++)
		n++;
	free(answer);
	assert_int_equal(n, 3);
	hang_up(client);
}

static void a_second_session_of_a_vehicle_ends_the_first(void **state)
{
	struct client *first = online(vehicle_1, vin1, 0);
	struct client *second = online(vehicle_1, vin1, 0);

	(void)state;
	assert_null(client_take(&loop, first));
	assert_true(first->closed);
	say_blob(second, &image_ref, 0, 10);
	take_blob(second, 0, 10);
	hang_up(first);
	hang_up(second);
}

static void a_session_silent_for_three_heartbeats_is_closed(void **state)
{
	struct client *client;
	uint64_t begin;

	(void)state;
	config->heartbeat_s = 1;
	client = online(vehicle_1, vin1, 0);
	begin = uv_hrtime();
	assert_null(client_take(&loop, client));
	config->heartbeat_s = 5;
	assert_true(client->closed);
	assert_in_range((uv_hrtime() - begin) / 1000000u, 2800, 4500);
	hang_up(client);
}

static void a_frame_that_is_no_message_ends_the_session(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	const uint8_t bad[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};

	(void)state;
	assert_int_equal(tls_conn_write(client->conn, bad, sizeof bad), 0);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_true(frame->error->fatal);
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
}

static void a_manifest_of_a_stranger_or_with_a_missing_file_is_refused(void **state)
{
	char path[300];
	struct blob_ref missing = {{0xee}, 5};

	(void)state;
	expect_in(ask("{\"command\":\"manifest-add\",\"path\":\"%s\"}", manifest_path), "\"components\":[\"ecm-app\"]");
	snprintf(path, sizeof path, "%s/bad.manifest", dir);
	sign_manifest(path, "time.key", &image_ref);
	expect_in(ask("{\"command\":\"manifest-add\",\"path\":\"%s\"}", path), "was refused: ");
	sign_manifest(path, "author.key", &missing);
	expect_in(
	    ask("{\"command\":\"manifest-add\",\"path\":\"%s\"}", path),
	    "names the profile ee00000000000000000000000000000000000000000000000000000000000000 of 5 bytes, which the"
	    " backend does not have");
}

static void a_campaign_that_a_vehicle_would_refuse_is_refused(void **state)
{
	char hex[HEX_BYTES];

	(void)state;
	hex_of(manifest_ref.sha256, hex);
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1,\"end_unix_s\":2,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW9\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "does not fit hardware \\\"HW9\\\"");
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":200,\"end_unix_s\":100,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "a vehicle would refuse it");
	expect_in(ask("{\"command\":\"campaign-list\"}"), "\"campaigns\":[]");
	add_campaign("c1", "VIN1");
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1,\"end_unix_s\":2,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "there is a campaign c1 already");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_session_gets_signed_time_modes_and_its_heartbeat_back),
	    TEST(a_certificate_of_another_vehicle_is_refused),
	    TEST(messages_out_of_order_end_the_session),
	    TEST(a_campaign_added_while_online_is_offered_at_once),
	    TEST(a_campaign_waits_for_the_vehicle_and_survives_a_restart),
	    TEST(a_vehicle_that_holds_a_newer_document_gets_a_newer_one_still),
	    TEST(a_proposal_in_the_window_is_taken_and_another_becomes_its_start),
	    TEST(a_declined_campaign_is_over),
	    TEST(a_cancelled_campaign_leaves_the_next_document),
	    TEST(a_file_comes_from_the_byte_asked_for_and_no_more_than_allowed),
	    TEST(an_unknown_file_is_said_to_be_missing_and_the_session_goes_on),
	    TEST(a_download_cut_off_at_a_byte_is_resumed_there),
	    TEST(a_rate_spreads_a_download_over_time),
	    TEST(reports_are_applied_once_over_two_sessions),
	    TEST(a_second_session_of_a_vehicle_ends_the_first),
	    TEST(a_session_silent_for_three_heartbeats_is_closed),
	    TEST(a_frame_that_is_no_message_ends_the_session),
	    TEST(a_manifest_of_a_stranger_or_with_a_missing_file_is_refused),
	    TEST(a_campaign_that_a_vehicle_would_refuse_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
