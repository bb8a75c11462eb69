/* prepare: a campaign's files as the store holds them, good, damaged, gone, or not where the manifest says. */
#include "rig_docs.h"

#include "gatewayd/io/prepare.h"

#define PROFILE "name: brake\naddressing: {request: 0x7E0, response: 0x7E8}\nsecurity: {key: k}\n"
/* 16 bytes at 0x8000 */
#define HEX     ":10800000000102030405060708090A0B0C0D0E0FF8\n:00000001FF\n"
#define BAD_HEX ":10800000000102030405060708090A0B0C0D0E0FF8\n:10801000zz\n"

static uv_loop_t loop;
static struct blob_store *store;
static struct trust *trust;
static struct pb_manifest_doc manifest;
static struct campaign *campaign;
static struct prepared *prepared;
static bool done;
static uint8_t image_sha256[32], profile_sha256[32];

static int setup(void **state)
{
	char text[300];

	if (rig_setup(state) || uv_loop_init(&loop))
		return -1;
	rig_keys_setup();
	trust = rig_trust();
	snprintf(rig_config.buses[0].name, sizeof(rig_config.buses[0].name), "body");
	rig_config.buses[0].bitrate = 500000;
	rig_config.n_buses = 1;
	rig_config.ecus[0].profile.link.address = (struct isotp_address){.tx_id = 0x7e0, .rx_id = 0x7e8};
	memset(&manifest, 0, sizeof(manifest));
	manifest_doc_init(&manifest);
	campaign = calloc(1, sizeof(*campaign));
	prepared = NULL;
	done = false;
	return campaign ? blob_store_open(&loop, rig_path("state"), &store, text, sizeof(text)) : -1;
}

static int teardown(void **state)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	prepared_free(prepared);
	free(campaign);
	blob_store_close(store);
	trust_free(trust);
	rig_keys_teardown();
	return uv_loop_close(&loop) ? -1 : rig_teardown(state);
}

static const char *held(const uint8_t sha256[32])
{
	static char path[600];

	blob_store_path(store, sha256, path, sizeof(path));
	return path;
}

static void hold(const void *bytes, size_t n, uint8_t sha256[32])
{
	crypto_sha256(bytes, n, sha256);
	rig_write(held(sha256), bytes, n);
}

/* the campaign of one ECU, with these two files in the store, as the core would hand it over */
static void make_campaign(const char *profile, const char *image)
{
	struct rig_bytes b;
	char text[300];

	hold(profile, strlen(profile), profile_sha256);
	hold(image, strlen(image), image_sha256);
	manifest.profile.sha256.data = profile_sha256;
	manifest.profile.length = strlen(profile);
	manifest.image.sha256.data = image_sha256;
	manifest.image.length = strlen(image);
	b = rig_sign_manifest(&manifest);
	hold(b.bytes, b.n, campaign->doc.manifest.sha256);
	campaign->doc.manifest.length = b.n;
	assert_int_equal(trust_open_manifest(trust, b.bytes, b.n, 0, &campaign->manifest, text, sizeof(text)), 0);
	free(b.bytes);
	campaign->has_manifest = true;
	snprintf(campaign->doc.id, sizeof(campaign->doc.id), "campaign-1");
	snprintf(campaign->targets[0].doc.ecu, sizeof(campaign->targets[0].doc.ecu), "brake-1");
	snprintf(campaign->targets[0].doc.component, sizeof(campaign->targets[0].doc.component), "brake");
	campaign->n_targets = campaign->doc.n_targets = 1;
}

static void on_prepared(void *owner, struct prepared *result)
{
	(void)owner;
	prepared = result;
	done = true;
}

static void run(void)
{
	done = false;
	assert_int_equal(prepare_start(&loop, &rig_config, campaign, trust, store, on_prepared, NULL), 0);
	rig_run_until(&loop, &done);
}

static void expect(unsigned code, const char *words)
{
	run();
	if (prepared->code != code)
		fail_msg("%u '%s'", prepared->code, prepared->text);
	rig_expect_words(prepared->text, words);
	assert_int_equal(prepared->n_targets, 0);
	assert_string_equal(prepared->campaign_id, "campaign-1");
}

static void one_segment(uint64_t address, uint64_t length)
{
	manifest.segments[0].address = address;
	manifest.segments[0].length = length;
	manifest.unit.n_segments = 1;
}

static void good_files_are_decoded_and_estimated(void **state)
{
	(void)state;
	one_segment(0x8000, 16);
	make_campaign(PROFILE, HEX);
	run();
	if (prepared->code)
		fail_msg("%u '%s'", prepared->code, prepared->text);
	assert_int_equal(prepared->n_targets, 1);
	assert_string_equal(prepared->targets[0].profile.name, "brake");
	assert_int_equal(prepared->targets[0].n_images, 1);
	assert_int_equal(prepared->targets[0].images[0].image.n_segments, 1);
	assert_int_equal(prepared->targets[0].images[0].image.segments[0].data[15], 15);
	assert_int_equal(prepared->targets[0].bytes_total, 16);
	assert_in_range(prepared->targets[0].estimate_ms, 1, 600000);
}

static void the_core_may_go_on_while_it_is_prepared(void **state)
{
	(void)state;
	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, HEX);
	assert_int_equal(prepare_start(&loop, &rig_config, campaign, trust, store, on_prepared, NULL), 0);
	memset(campaign, 0, sizeof(*campaign)); /* the slot is used for another */
	rig_run_until(&loop, &done);
	assert_int_equal(prepared->code, GATEWAY_CODE_OK);
	assert_string_equal(prepared->campaign_id, "campaign-1");
}

static void the_signature_for_the_ecus_check_comes_from_the_manifest(void **state)
{
	(void)state;
	static uint8_t signature[3] = {1, 2, 3};
	static const char profile[] = PROFILE "routines: {check_argument: signature}\n";

	manifest.unit.n_segments = 0;
	manifest.unit.check_signature = (ProtobufCBinaryData){.len = sizeof(signature), .data = signature};
	make_campaign(profile, HEX);
	run();
	if (prepared->code)
		fail_msg("%u '%s'", prepared->code, prepared->text);
	assert_int_equal(prepared->targets[0].n_signatures[0], 3);
	assert_memory_equal(prepared->targets[0].signatures[0], signature, 3);
}

static void a_check_that_takes_a_signature_needs_one(void **state)
{
	(void)state;
	static const char profile[] = PROFILE "routines: {check_argument: signature}\n";

	manifest.unit.n_segments = 0;
	make_campaign(profile, HEX);
	expect(GATEWAY_CODE_BAD_IMAGE, "brake-1: the ECU's check takes a signature of 1..512 bytes, and there is none");
}

static void an_image_elsewhere_than_signed_is_refused(void **state)
{
	(void)state;
	one_segment(0x8000, 15);
	make_campaign(PROFILE, HEX);
	expect(GATEWAY_CODE_SEGMENTS_MISMATCH, "brake-1: the image does not lie where the manifest says");
}

static void a_damaged_image_is_told_as_such_and_fetched_again(void **state)
{
	(void)state;
	const struct file_ref file = {.length = strlen(HEX)};
	struct file_ref ref = file;

	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, HEX);
	memcpy(ref.sha256, image_sha256, 32);
	/* still a HEX file, with another byte */
	rig_write_text(held(image_sha256), ":10800000010102030405060708090A0B0C0D0E0FF7\n:00000001FF\n");
	assert_true(blob_store_has(store, &ref));
	expect(GATEWAY_CODE_DIGEST_MISMATCH, "brake-1: the stored image is damaged");
	assert_false(blob_store_has(store, &ref));
}

static void damage_that_cannot_be_decoded_is_damage_not_a_bad_image(void **state)
{
	(void)state;
	struct file_ref ref = {.length = strlen(HEX)};
	char noise[sizeof(HEX)];

	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, HEX);
	memcpy(ref.sha256, image_sha256, 32);
	memset(noise, 0xff, sizeof(noise));
	rig_write(held(image_sha256), noise, strlen(HEX));
	expect(GATEWAY_CODE_DIGEST_MISMATCH, "damaged");
	assert_false(blob_store_has(store, &ref));
}

static void an_image_that_is_gone_is_fetched_again(void **state)
{
	(void)state;
	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, HEX);
	assert_int_equal(unlink(held(image_sha256)), 0);
	expect(GATEWAY_CODE_BLOB_UNAVAILABLE, "brake-1: reading the stored image: No such file");
}

static void a_bad_image_is_refused_with_its_line(void **state)
{
	(void)state;
	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, BAD_HEX);
	expect(GATEWAY_CODE_BAD_IMAGE, "brake-1: image:2: ");
	assert_true(strlen(prepared->text) > strlen("brake-1: image:2: ") + 5); /* and says what is wrong there */
	assert_int_equal(rig_size(held(image_sha256)), strlen(BAD_HEX));        /* it is what was signed */
}

static void a_bad_profile_is_refused_with_line_and_key(void **state)
{
	(void)state;
	manifest.unit.n_segments = 0;
	make_campaign("name: brake\naddressing: {request: 0x7E0, response: 0x12345678}\n", HEX);
	expect(GATEWAY_CODE_BAD_PROFILE, "brake-1: profile:2: addressing.response");
}

static void a_damaged_profile_is_fetched_again(void **state)
{
	(void)state;
	/* another security key: well-formed, and not what was signed */
	static const char other[] = "name: brake\naddressing: {request: 0x7E0, response: 0x7E8}\nsecurity: {key: j}\n";
	struct file_ref ref = {.length = strlen(PROFILE)};

	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, HEX);
	memcpy(ref.sha256, profile_sha256, 32);
	rig_write_text(held(profile_sha256), other);
	expect(GATEWAY_CODE_DIGEST_MISMATCH, "brake-1: the stored flash profile is damaged");
	assert_false(blob_store_has(store, &ref));
	prepared_free(prepared);
	expect(GATEWAY_CODE_BLOB_UNAVAILABLE, "brake-1: reading the stored flash profile: No such file");
}

static void a_damaged_manifest_is_told(void **state)
{
	(void)state;
	manifest.unit.n_segments = 0;
	make_campaign(PROFILE, HEX);
	rig_write_text(held(campaign->doc.manifest.sha256), "nothing of the kind");
	expect(GATEWAY_CODE_DIGEST_MISMATCH, "the stored manifest is damaged");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void a_supply_that_the_conditions_take_away_is_refused(void **state)
{
	const struct condition off = {.kind = CONDITION_IGNITION_OFF}, still = {.kind = CONDITION_STANDSTILL};

	(void)state;
	one_segment(0x8000, 16);
	make_campaign(PROFILE "supply: kl15\n", HEX);
	campaign->manifest.components[0].n_conditions = 1;
	campaign->manifest.components[0].conditions[0] = still;
	run();
	if (prepared->code)
		fail_msg("%u '%s'", prepared->code, prepared->text);
	assert_int_equal(prepared->targets[0].profile.supply, PROFILE_SUPPLY_KL15);
	prepared_free(prepared);
	campaign->manifest.components[0].conditions[0] = off;
	expect(GATEWAY_CODE_BAD_PROFILE, "supply: kl15 needs the ignition on");
	prepared_free(prepared);
	campaign->manifest.components[0].n_conditions = 0;
	campaign->doc.n_conditions = 1;
	campaign->doc.conditions[0] = off;
	expect(GATEWAY_CODE_BAD_PROFILE, "supply: kl15 needs the ignition on");
	prepared_free(prepared);
	make_campaign(PROFILE "supply: kl15_held\n", HEX);
	expect(GATEWAY_CODE_BAD_PROFILE, "has no power.kl15_hold");
	prepared_free(prepared);
	rig_config.frames[POWER_KL15].configured = true;
	run();
	if (prepared->code)
		fail_msg("%u '%s'", prepared->code, prepared->text);
	assert_int_equal(prepared->targets[0].profile.supply, PROFILE_SUPPLY_KL15_HELD);
}

static void a_profile_that_talks_to_another_ecu_is_refused(void **state)
{
	struct isotp_address *own = &rig_config.ecus[0].profile.link.address;
	const struct {
		struct isotp_address own;
		const char *words;
	} others[] = {
	    {{.tx_id = 0x7e1, .rx_id = 0x7e8}, "addressing: 7E0/7E8 is not that of the ECU as configured (7E1/7E8)"},
	    {{.tx_id = 0x7e0, .rx_id = 0x7e9}, "(7E0/7E9)"},
	    {{.tx_id = 0x7e0, .rx_id = 0x7e8, .extended_id = true}, "(7E0/7E8, another form)"},
	    {{.form = ISOTP_EXTENDED, .tx_id = 0x7e0, .rx_id = 0x7e8}, "(7E0/7E8, another form)"},
	    {{.tx_id = 0x7e0, .rx_id = 0x7e8, .tx_ae = 0x10, .rx_ae = 0xf1}, "with 00/00 is not that of the ECU"},
	};

	(void)state;
	one_segment(0x8000, 16);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		*own = others[i].own;
		make_campaign(PROFILE, HEX);
		expect(GATEWAY_CODE_BAD_PROFILE, others[i].words);
		prepared_free(prepared);
	}
	prepared = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(good_files_are_decoded_and_estimated),
	    TEST(the_core_may_go_on_while_it_is_prepared),
	    TEST(the_signature_for_the_ecus_check_comes_from_the_manifest),
	    TEST(a_check_that_takes_a_signature_needs_one),
	    TEST(an_image_elsewhere_than_signed_is_refused),
	    TEST(a_damaged_image_is_told_as_such_and_fetched_again),
	    TEST(damage_that_cannot_be_decoded_is_damage_not_a_bad_image),
	    TEST(an_image_that_is_gone_is_fetched_again),
	    TEST(a_bad_image_is_refused_with_its_line),
	    TEST(a_bad_profile_is_refused_with_line_and_key),
	    TEST(a_supply_that_the_conditions_take_away_is_refused),
	    TEST(a_profile_that_talks_to_another_ecu_is_refused),
	    TEST(a_damaged_profile_is_fetched_again),
	    TEST(a_damaged_manifest_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
