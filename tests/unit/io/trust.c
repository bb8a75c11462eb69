/* trust: key files, documents turned into plain values field by field, and the code of every refusal. */
#include "rig_docs.h"

#define NOW 1500000000u

static struct pb_manifest_doc manifest;
static struct pb_director_doc director;
static struct manifest_doc *manifest_out;
static struct director_doc *director_out;
static struct trust *trust;
static char text[300];

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	memset(&manifest, 0, sizeof(manifest));
	memset(&director, 0, sizeof(director));
	manifest_doc_init(&manifest);
	director_doc_init(&director);
	rig_keys_setup();
	trust = rig_trust();
	manifest_out = calloc(1, sizeof(*manifest_out));
	director_out = calloc(1, sizeof(*director_out));
	return manifest_out && director_out ? 0 : -1;
}

static int teardown(void **state)
{
	free(manifest_out);
	free(director_out);
	trust_free(trust);
	rig_keys_teardown();
	return rig_teardown(state);
}

static unsigned open_director_bytes(struct rig_bytes b, uint64_t now_unix_s, uint64_t min_version)
{
	unsigned code;

	text[0] = '\0';
	code = trust_open_director(trust, b.bytes, b.n, "VIN-1", now_unix_s, min_version, director_out, NULL, text,
				   sizeof(text));
	free(b.bytes);
	return code;
}

static unsigned open_director(void)
{
	return open_director_bytes(rig_sign_director(&director, 7), NOW, 7);
}

static unsigned open_manifest_bytes(struct rig_bytes b, uint64_t now_unix_s)
{
	unsigned code;

	text[0] = '\0';
	code = trust_open_manifest(trust, b.bytes, b.n, now_unix_s, manifest_out, text, sizeof(text));
	free(b.bytes);
	return code;
}

static unsigned open_manifest(void)
{
	return open_manifest_bytes(rig_sign_manifest(&manifest), NOW);
}

/* --- good documents */

static void a_director_document_arrives_field_by_field(void **state)
{
	(void)state;
	const struct campaign_doc *c = &director_out->campaigns[0];
	struct rig_bytes b = rig_sign_director(&director, 7);
	uint8_t sha256[32], expected[32];
	uint8_t payload[4000];
	size_t n = protobuf_c_message_pack(&director.director.base, payload);

	crypto_sha256(payload, n, expected);
	director.campaigns[0].consent_required = 1;
	free(b.bytes);
	b = rig_sign_director(&director, 7);
	assert_int_equal(
	    trust_open_director(trust, b.bytes, b.n, "VIN-1", NOW, 7, director_out, sha256, text, sizeof(text)),
	    GATEWAY_CODE_OK);
	free(b.bytes);
	assert_memory_not_equal(sha256, expected, 32); /* other content, other digest */
	n = protobuf_c_message_pack(&director.director.base, payload);
	crypto_sha256(payload, n, expected);
	assert_memory_equal(sha256, expected, 32);

	assert_int_equal(director_out->version, 7);
	assert_int_equal(director_out->n_campaigns, 2);
	assert_string_equal(c->id, "campaign-1");
	assert_string_equal(director_out->campaigns[1].id, "campaign-2");
	assert_memory_equal(c->manifest.sha256, doc_digest, 32);
	assert_int_equal(c->manifest.length, 900);
	assert_int_equal(c->mode, MODE_NEGOTIATED);
	assert_int_equal(c->urgency, URGENCY_NORMAL);
	assert_int_equal(c->window_start_unix_s, 1000);
	assert_int_equal(c->window_end_unix_s, 2000);
	assert_true(c->consent_required);
	assert_false(director_out->campaigns[1].consent_required);
	assert_int_equal(c->n_supersedes, 1);
	assert_string_equal(c->supersedes[0], "campaign-0");
	assert_int_equal(c->n_conditions, 1);
	assert_int_equal(c->conditions[0].kind, CONDITION_IGNITION_OFF);
	assert_int_equal(c->n_targets, 2);
	assert_string_equal(c->targets[0].ecu, "brake-1");
	assert_string_equal(c->targets[0].hardware_id, "HW-1");
	assert_string_equal(c->targets[0].serial_number, "0815");
	assert_string_equal(c->targets[0].component, "brake");
	assert_memory_equal(c->targets[0].rollback.sha256, doc_digest, 32);
	assert_int_equal(c->targets[0].rollback.length, 4000);
	assert_string_equal(c->targets[1].ecu, "brake-2");
	assert_int_equal(c->targets[1].rollback.length, 0);
}

static void a_campaigns_times_arrive_with_the_zones_they_name(void **state)
{
	(void)state;
	static char atlantis[] = "Europe/Atlantis";
	const struct campaign_doc *c = &director_out->campaigns[0];
	Gu__Campaign *in = &director.campaigns[0];
	Gu__Recurrence other = director.recurrence;

	in->required_features = director.time_features;
	in->n_required_features = 2;
	in->recurring = director.recurrence_list;
	in->n_recurring = 2;
	in->deadline_unix_s = 1500;
	in->retry_pause_s = 600;
	other.time_zone = atlantis;
	director.recurrence_list[1] = &other;
	assert_int_equal(open_director(), GATEWAY_CODE_OK); /* one that is not there is the core's to decline */
	assert_int_equal(c->deadline_unix_s, 1500);
	assert_int_equal(c->retry_pause_s, 600);
	assert_int_equal(c->n_recurring, 2);
	assert_int_equal(c->recurring[0].days, 3);
	assert_int_equal(c->recurring[0].start_minute, 1320);
	assert_int_equal(c->recurring[0].duration_s, 21600);
	assert_string_equal(c->recurring[0].zone_name, "Europe/Berlin");
	assert_true(c->recurring[0].zone.known);
	assert_int_equal(zone_offset_s(&c->recurring[0].zone, 1792889999), 7200);
	assert_int_equal(zone_offset_s(&c->recurring[0].zone, 1792890000), 3600);
	assert_string_equal(c->recurring[1].zone_name, "Europe/Atlantis");
	assert_false(c->recurring[1].zone.known);
	assert_int_equal(director_out->campaigns[1].n_recurring, 0);
}

static void a_manifest_arrives_field_by_field(void **state)
{
	(void)state;
	const struct component_doc *c = &manifest_out->components[0];
	uint8_t payload[4096], sha256[32];

	manifest.manifest.use_before_unix_s = 1900000000;
	assert_int_equal(open_manifest(), GATEWAY_CODE_OK);
	assert_string_equal(manifest_out->id, "release-7");
	assert_int_equal(manifest_out->version, 3);
	crypto_sha256(payload, protobuf_c_message_pack(&manifest.manifest.base, payload), sha256);
	assert_memory_equal(manifest_out->payload_sha256, sha256, 32);
	assert_int_equal(manifest_out->use_before_unix_s, 1900000000);
	assert_int_equal(manifest_out->n_components, 2);
	assert_string_equal(c->name, "brake");
	assert_string_equal(manifest_out->components[1].name, "engine");
	assert_int_equal(c->n_hardware_ids, 1);
	assert_string_equal(c->hardware_ids[0], "HW-1");
	assert_memory_equal(c->profile.sha256, doc_digest, 32);
	assert_int_equal(c->profile.length, 700);
	assert_int_equal(c->release_counter, 7);
	assert_int_equal(c->n_conditions, 2);
	assert_int_equal(c->conditions[0].kind, CONDITION_BATTERY_MIN_MV);
	assert_int_equal(c->conditions[0].value, 11800);
	assert_int_equal(c->conditions[1].kind, CONDITION_STANDSTILL);
	assert_int_equal(c->n_functions_lost, 1);
	assert_string_equal(c->functions_lost[0], "cruise control");
	assert_int_equal(manifest_out->n_rxswin, 2);
	assert_string_equal(manifest_out->rxswin[1].regulation, "R156");
	assert_string_equal(manifest_out->rxswin[1].value, "SU 2");
	assert_int_equal(manifest_out->n_texts, 2);
	assert_string_equal(manifest_out->texts[0].language, "de");
	assert_string_equal(manifest_out->texts[0].title, "Bremse");
	assert_string_equal(manifest_out->texts[0].body, "Bessere Bremse");
	assert_string_equal(manifest_out->texts[1].language, "pt-BR");
	assert_int_equal(c->n_units, 1);
	assert_int_equal(c->units[0].kind, GU__UNIT_KIND__UNIT_KIND_APPLICATION);
	assert_int_equal(c->units[0].format, IMAGE_IHEX);
	assert_int_equal(c->units[0].image.length, 4096);
	assert_string_equal(c->units[0].expected_version, "2.0.1");
	manifest.unit.format = GU__IMAGE_FORMAT__IMAGE_FORMAT_RAW;
	manifest.unit.base_address = 0x80000000ull;
	assert_int_equal(open_manifest(), GATEWAY_CODE_OK);
	assert_int_equal(c->units[0].format, IMAGE_RAW);
	assert_int_equal(c->units[0].base_address, 0x80000000ull);
	manifest.unit.format = GU__IMAGE_FORMAT__IMAGE_FORMAT_SREC;
	manifest.unit.base_address = 0;
	assert_int_equal(open_manifest(), GATEWAY_CODE_OK);
	assert_int_equal(c->units[0].format, IMAGE_SREC);
}

static void texts_of_the_greatest_length_arrive_whole(void **state)
{
	(void)state;
	char longest[65];

	memset(longest, 'v', 64);
	longest[64] = '\0';
	manifest.unit.expected_version = longest;
	manifest.components[0].name = longest;
	manifest.hardware_ids[0] = longest;
	assert_int_equal(open_manifest(), GATEWAY_CODE_OK);
	assert_string_equal(manifest_out->components[0].units[0].expected_version, longest);
	assert_string_equal(manifest_out->components[0].name, longest);
	assert_string_equal(manifest_out->components[0].hardware_ids[0], longest);
	director.targets[0].ecu = longest;
	director.targets[0].serial_number = longest;
	director.campaigns[0].id = longest;
	assert_int_equal(open_director(), GATEWAY_CODE_OK);
	assert_string_equal(director_out->campaigns[0].targets[0].ecu, longest);
	assert_string_equal(director_out->campaigns[0].targets[0].serial_number, longest);
	assert_string_equal(director_out->campaigns[0].id, longest);
}

static void time_is_that_of_our_own_question(void **state)
{
	(void)state;
	Gu__TimeAttestation t = GU__TIME_ATTESTATION__INIT;
	uint8_t nonce[32] = {1, 2, 3}, other[32] = {1, 2, 4};
	struct rig_bytes b;
	uint64_t unix_ms = 0;

	t.nonce = (ProtobufCBinaryData){.len = 32, .data = nonce};
	t.unix_ms = 1700000000123ull;
	b = rig_sign("time", GU__ROLE__ROLE_TIME, &t.base, rig_keys.time, 1, 0);
	assert_int_equal(trust_open_time(trust, b.bytes, b.n, other, &unix_ms, text, sizeof(text)),
			 GATEWAY_CODE_INVALID);
	assert_int_equal(unix_ms, 0);
	assert_int_equal(trust_open_time(trust, b.bytes, b.n, nonce, &unix_ms, text, sizeof(text)), GATEWAY_CODE_OK);
	assert_int_equal(unix_ms, 1700000000123ull);
	free(b.bytes);
	b = rig_sign("time", GU__ROLE__ROLE_TIME, &t.base, rig_keys.director, 1, 0);
	assert_int_equal(trust_open_time(trust, b.bytes, b.n, nonce, &unix_ms, text, sizeof(text)),
			 GATEWAY_CODE_BAD_SIGNATURE);
	rig_expect_words(text, "time");
	free(b.bytes);
}

/* --- refusals */

static void each_refusal_has_its_code(void **state)
{
	(void)state;
	struct rig_bytes b = {malloc(4), 4};

	memcpy(b.bytes, "\xff\xff\xff\xff", 4);
	assert_int_equal(open_director_bytes(b, NOW, 0), GATEWAY_CODE_MALFORMED);
	rig_expect_words(text, "director document");
	assert_int_equal(open_director_bytes(rig_sign_manifest(&manifest), NOW, 0), GATEWAY_CODE_WRONG_TYPE);
	assert_int_equal(open_director_bytes(rig_sign("director", GU__ROLE__ROLE_DIRECTOR, &director.director.base,
						      rig_keys.author, 7, 2000000000),
					     NOW, 0),
			 GATEWAY_CODE_BAD_SIGNATURE);
	assert_int_equal(open_director_bytes(rig_sign_director(&director, 7), 2000000001, 0), GATEWAY_CODE_EXPIRED);
	assert_int_equal(open_director_bytes(rig_sign_director(&director, 7), NOW, 8), GATEWAY_CODE_ROLLBACK);
	director.director.vehicle_id = director.campaigns[0].id;
	assert_int_equal(open_director(), GATEWAY_CODE_INVALID);
	director_doc_init(&director);
	director.campaigns[1].window = NULL;
	assert_int_equal(open_director(), GATEWAY_CODE_INVALID);
	rig_expect_words(text, "campaigns[1].window");

	assert_int_equal(open_manifest_bytes(rig_sign("manifest", GU__ROLE__ROLE_AUTHOR, &manifest.manifest.base,
						      rig_keys.director, 7, 2000000000),
					     NOW),
			 GATEWAY_CODE_BAD_SIGNATURE);
	rig_expect_words(text, "manifest");
	manifest.conditions[0].kind = (Gu__ConditionKind)77;
	assert_int_equal(open_manifest(), GATEWAY_CODE_UNKNOWN_VALUE);
	manifest_doc_init(&manifest);
	manifest.features[0] = manifest.sources[0];
	assert_int_equal(open_manifest(), GATEWAY_CODE_UNKNOWN_FEATURE);
}

static void expiry_is_not_judged_of_what_was_accepted_before(void **state)
{
	(void)state;
	assert_int_equal(open_director_bytes(rig_sign_director(&director, 7), 0, 0), GATEWAY_CODE_OK);
	assert_int_equal(open_manifest_bytes(rig_sign_manifest(&manifest), 2000000001), GATEWAY_CODE_EXPIRED);
	assert_int_equal(open_manifest_bytes(rig_sign_manifest(&manifest), 0), GATEWAY_CODE_OK);
}

static void what_the_gateway_cannot_obey_is_refused_not_left_out(void **state)
{
	(void)state;
	static char elsewhere[] = "https://example.com/lamp.hex";

	manifest_doc_init(&manifest);
	manifest.components[0].n_preserve_dids = 1;
	assert_int_equal(open_manifest(), GATEWAY_CODE_UNKNOWN_FEATURE);
	manifest_doc_init(&manifest);
	manifest.unit.kind = GU__UNIT_KIND__UNIT_KIND_RAM_DRIVER;
	assert_int_equal(open_manifest(), GATEWAY_CODE_UNKNOWN_FEATURE);
	manifest_doc_init(&manifest);
	manifest.sources[0] = elsewhere;
	assert_int_equal(open_manifest(), GATEWAY_CODE_UNKNOWN_FEATURE);
}

static void a_director_document_without_campaigns_is_good(void **state)
{
	(void)state;
	director.director.n_campaigns = 0;
	assert_int_equal(open_director(), GATEWAY_CODE_OK);
	assert_int_equal(director_out->n_campaigns, 0);
}

static void two_authors_must_both_sign_where_the_threshold_is_two(void **state)
{
	(void)state;
	struct crypto_key *both[2] = {rig_keys.author, rig_keys.author_2};
	struct rig_bytes b = {NULL, 0};
	uint8_t payload[4000];
	size_t n = protobuf_c_message_pack(&manifest.manifest.base, payload);

	rig_list_key(&rig_config.author_keys, "author-2.pub");
	rig_config.author_keys.threshold = 2;
	trust_free(trust);
	trust = rig_trust();
	assert_int_equal(open_manifest(), GATEWAY_CODE_BAD_SIGNATURE);
	assert_int_equal(
	    envelope_sign("manifest", GU__ROLE__ROLE_AUTHOR, 1, 2000000000, payload, n, both, 2, &b.bytes, &b.n), 0);
	assert_int_equal(open_manifest_bytes(b, NOW), GATEWAY_CODE_OK);
}

/* --- segments */

static bool segments_match(const char *component, uint8_t unit, const struct image *image)
{
	struct rig_bytes b = rig_sign_manifest(&manifest);
	bool match = trust_segments_match(trust, b.bytes, b.n, component, unit, image);

	free(b.bytes);
	return match;
}

static void an_image_must_lie_exactly_where_the_manifest_says(void **state)
{
	(void)state;
	struct image image = {
	    .segments = {{.address = 0x8000, .n_bytes = 0x1000}, {.address = 0x9000, .n_bytes = 0x1000}},
	    .n_segments = 2,
	};

	assert_true(segments_match("brake", 0, &image));
	assert_true(segments_match("engine", 0, &image));
	assert_false(segments_match("brake", 1, &image)); /* there is no such unit */
	assert_false(segments_match("door", 0, &image));
	image.segments[1].n_bytes--;
	assert_false(segments_match("brake", 0, &image));
	image.segments[1].n_bytes++;
	image.segments[0].address++;
	assert_false(segments_match("brake", 0, &image));
	image.segments[0].address--;
	image.n_segments = 1;
	assert_false(segments_match("brake", 0, &image));
	manifest.unit.n_segments = 0; /* the digest alone is signed */
	assert_true(segments_match("brake", 0, &image));
}

static void segments_of_a_manifest_that_nobody_signed_match_nothing(void **state)
{
	(void)state;
	struct rig_bytes b =
	    rig_sign("manifest", GU__ROLE__ROLE_AUTHOR, &manifest.manifest.base, rig_keys.director, 1, 2000000000);
	struct image image = {.n_segments = 0};

	manifest.unit.n_segments = 0;
	assert_false(trust_segments_match(trust, b.bytes, b.n, "brake", 0, &image));
	free(b.bytes);
}

static size_t check_signature(const char *component, uint8_t unit, uint8_t *out)
{
	struct rig_bytes b = rig_sign_manifest(&manifest);
	size_t n = trust_check_signature(trust, b.bytes, b.n, component, unit, out);

	free(b.bytes);
	return n;
}

static void a_unit_carries_what_the_ecus_check_takes(void **state)
{
	(void)state;
	static uint8_t signature[FLASH_SIGNATURE_BYTES];
	uint8_t out[FLASH_SIGNATURE_BYTES];

	assert_int_equal(check_signature("brake", 0, out), 0);
	for (size_t i = 0; i < sizeof(signature); i++)
		signature[i] = (uint8_t)(3 * i);
	manifest.unit.check_signature = (ProtobufCBinaryData){.len = sizeof(signature), .data = signature};
	assert_int_equal(check_signature("brake", 0, out), sizeof(signature));
	assert_memory_equal(out, signature, sizeof(signature));
	assert_int_equal(check_signature("brake", 1, out), 0);
	assert_int_equal(check_signature("door", 0, out), 0);
}

/* --- key files */

static void expect_no_trust(const char *file, const char *words)
{
	struct trust *none = NULL;

	text[0] = '\0';
	assert_int_equal(trust_load(&rig_config, &none, text, sizeof(text)), 1);
	assert_null(none);
	rig_expect_words(text, rig_path(file));
	rig_expect_words(text, words);
}

static void a_key_file_that_is_none_is_named(void **state)
{
	(void)state;
	char *pem = crypto_key_pem_private(rig_keys.time);

	assert_int_equal(unlink(rig_path("time.pub")), 0);
	expect_no_trust("time.pub", "No such file");
	rig_write_text(rig_path("time.pub"), "-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----\n");
	expect_no_trust("time.pub", "not a public key");
	rig_write_text(rig_path("time.pub"), "");
	expect_no_trust("time.pub", "not a public key");
	rig_write_text(rig_path("time.pub"), pem); /* a private key has no place on a vehicle */
	expect_no_trust("time.pub", "not a public key");
	free(pem);
}

static void a_key_listed_twice_for_a_role_is_refused(void **state)
{
	(void)state;
	rig_list_key(&rig_config.author_keys, "author.pub");
	rig_config.author_keys.threshold = 2;
	expect_no_trust("author.pub", "twice");
}

static void author_and_director_must_have_different_keys(void **state)
{
	(void)state;
	rig_list_key(&rig_config.director_keys, "author.pub");
	expect_no_trust("author.pub", "alone");
	/* the backend signs both of these */
	rig_config.director_keys.n = 0;
	rig_list_key(&rig_config.director_keys, "time.pub");
	trust_free(trust);
	trust = rig_trust();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_director_document_arrives_field_by_field),
	    TEST(a_campaigns_times_arrive_with_the_zones_they_name),
	    TEST(a_manifest_arrives_field_by_field),
	    TEST(texts_of_the_greatest_length_arrive_whole),
	    TEST(time_is_that_of_our_own_question),
	    TEST(each_refusal_has_its_code),
	    TEST(expiry_is_not_judged_of_what_was_accepted_before),
	    TEST(what_the_gateway_cannot_obey_is_refused_not_left_out),
	    TEST(a_director_document_without_campaigns_is_good),
	    TEST(two_authors_must_both_sign_where_the_threshold_is_two),
	    TEST(an_image_must_lie_exactly_where_the_manifest_says),
	    TEST(segments_of_a_manifest_that_nobody_signed_match_nothing),
	    TEST(a_unit_carries_what_the_ecus_check_takes),
	    TEST(a_key_file_that_is_none_is_named),
	    TEST(a_key_listed_twice_for_a_role_is_refused),
	    TEST(author_and_director_must_have_different_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
