/*
 * rig - the whole backend on the test's loop, over loopback TLS, and what a scripted vehicle says; oemctl's requests
 * are called. Programs of tests begin and end with group_setup(), group_teardown() and TEST().
 */
#ifndef TESTS_UNIT_BACKEND_RIG_H
#define TESTS_UNIT_BACKEND_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/backend/client.h"
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

static inline void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static inline struct tls_context *context_of(const char *vehicle)
{
	char certificate[300], key[300], ca[300], error[TLS_CONN_ERROR_BYTES];
	struct tls_config tls = {false, certificate, key, ca, false, 0, NULL};

	snprintf(certificate, sizeof certificate, "%s/pki/%s.crt", dir, vehicle);
	snprintf(key, sizeof key, "%s/pki/%s.key", dir, vehicle);
	snprintf(ca, sizeof ca, "%s/pki/ca.crt", dir);
	struct tls_context *made = tls_context_new(&tls, error);
	assert_non_null(made);
	return made;
}

static inline struct crypto_key *key_of(const char *name, bool private)
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
static inline void sign_manifest(const char *path, const char *key_name, const struct blob_ref *file)
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
static inline char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline char *ask(const char *format, ...)
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

static inline void expect_in(char *answer, const char *part)
{
	if (!strstr(answer, part))
		fail_msg("\"%s\" is not in %s", part, answer);
	free(answer);
}

static long window_from_s = 100; /* of the next campaign, from now */

/* @more: further members, each with a comma behind it */
static inline void add_campaign_with(const char *id, const char *vehicle, const char *more)
{
	char hex[HEX_BYTES];
	unsigned long long now = (unsigned long long)(time(NULL) + window_from_s - 100);

	expect_in(ask("{%s\"command\":\"campaign-add\",\"id\":\"%s\",\"vehicle\":\"%s\",\"manifest\":\"%s\","
		      "\"start_unix_s\":%llu,\"end_unix_s\":%llu,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\","
		      "\"component\":\"ecm-app\"}]}",
		      more, id, vehicle, hex_of(manifest_ref.sha256, hex), now + 100, now + 7200),
		  "\"ok\":true");
}

static inline void add_campaign(const char *id, const char *vehicle)
{
	add_campaign_with(id, vehicle, "");
}

static inline int group_setup(void **state)
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

static inline int group_teardown(void **state)
{
	char command[300];

	(void)state;
	config_free(config);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static inline int start(void)
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

static inline void stop(void)
{
	uv_close((uv_handle_t *)&tick, NULL);
	backend_stop(&backend);
	uv_run(&loop, UV_RUN_DEFAULT);
	backend_close(&backend);
	uv_loop_close(&loop);
}

static inline int setup(void **state)
{
	(void)state;
	unlink(config->database);
	vehicle_1 = context_of("VIN1");
	vehicle_2 = context_of("VIN2");
	return start();
}

static inline int teardown(void **state)
{
	(void)state;
	stop();
	tls_context_free(vehicle_1);
	tls_context_free(vehicle_2);
	return 0;
}

/* --- what a vehicle says */

static inline Gu__Frame *take(struct client *client, int body_case)
{
	Gu__Frame *frame = client_take(&loop, client);

	if (!frame)
		fail_msg("message %d did not come", body_case);
	if ((int)frame->body_case != body_case)
		fail_msg("message %d came instead of %d", (int)frame->body_case, body_case);
	return frame;
}

static inline void say_hello(struct client *client, char *vehicle)
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

static inline void say_time(struct client *client, uint8_t nonce[32])
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__TimeRequest request = GU__TIME_REQUEST__INIT;

	memset(nonce, 0x5a, 32);
	request.nonce = (ProtobufCBinaryData){32, nonce};
	frame.body_case = GU__FRAME__BODY_TIME_REQUEST;
	frame.time_request = &request;
	client_send(client, &frame);
}

/* of a gateway of before modes-1 unless the test says otherwise */
static bool knows_modes;
static uint64_t push_credit;
static uint32_t *postpone_max_s; /* four, or NULL */

static inline void say_register(struct client *client, char *vehicle, uint64_t director_version)
{
	static char ecm[] = "ecm", hardware[] = "HW1", serial[] = "S1", base[] = "base-1", modes[] = "modes-1";
	static char *features[] = {base, modes};
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
	message.n_features = knows_modes ? 2 : 1;
	message.features = features;
	message.push_credit = push_credit;
	message.n_postpone_max_s = postpone_max_s ? 4 : 0;
	message.postpone_max_s = postpone_max_s;
	message.director_version = director_version;
	frame.body_case = GU__FRAME__BODY_REGISTER_;
	frame.register_ = &message;
	client_send(client, &frame);
}

static inline void say_answer(struct client *client, char *id, int kind, uint64_t start_unix_s)
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

static inline void say_blob(struct client *client, const struct blob_ref *blob, uint64_t offset, uint64_t max_bytes)
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

static unsigned report_code;

static inline void say_report(struct client *client, uint64_t sequence, char *id, char *ecu, int campaign_state,
			      int ecu_state)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Report report = GU__REPORT__INIT;
	uint8_t queue[] = {1, 2, 3, 4};

	report.sequence = sequence;
	report.campaign_id = id;
	report.ecu = ecu;
	report.campaign_state = (Gu__CampaignState)campaign_state;
	report.ecu_state = (Gu__EcuState)ecu_state;
	report.code = report_code;
	report.queue_id = (ProtobufCBinaryData){sizeof queue, queue};
	frame.body_case = GU__FRAME__BODY_REPORT;
	frame.report = &report;
	client_send(client, &frame);
}

/* a session that is registered */
static inline struct client *online(struct tls_context *context, char *vehicle, uint64_t director_version)
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

static inline void hang_up(struct client *client)
{
	if (client->conn)
		tls_conn_close(client->conn);
	while (!client->closed)
		uv_run(&loop, UV_RUN_ONCE);
	client_free(client);
}

static inline Gu__Director *open_director(const Gu__Frame *frame, uint64_t *version)
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

static char vin1[] __attribute__((unused)) = "VIN1";

/* takes chunks until @n bytes came; checks that they follow each other and are the image's */
static inline uint64_t take_blob(struct client *client, uint64_t offset, uint64_t n)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
