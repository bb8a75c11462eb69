#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/crypto.h"
#include "tests/unit/proto/docs.h"

static struct crypto_key *ed;    /* Ed25519 */
static struct crypto_key *ec;    /* P-256 */
static struct crypto_key *other; /* Ed25519, trusted by nobody */

static const struct envelope_limits no_limits = {0};

static struct trust_role trust_of(Gu__Role role, struct crypto_key *one, struct crypto_key *two, unsigned threshold)
{
	return (struct trust_role){.role = role, .keys = {one, two}, .n_keys = two ? 2 : 1, .threshold = threshold};
}

struct bytes {
	uint8_t data[8192];
	size_t n;
};

static void keep(struct bytes *to, uint8_t *out, size_t n)
{
	assert_true(n <= sizeof to->data);
	memcpy(to->data, out, n);
	to->n = n;
	free(out);
}

/* @message: any document; signed as the type says, by up to two keys */
static void sign(struct bytes *to, const char *type, Gu__Role role, uint64_t version, const ProtobufCMessage *message,
		 struct crypto_key *one, struct crypto_key *two)
{
	struct crypto_key *keys[] = {one, two};
	uint8_t payload[8192];
	uint8_t *out;
	size_t n_out;

	assert_true(protobuf_c_message_get_packed_size(message) <= sizeof payload);
	assert_int_equal(envelope_sign(type, role, version, 5000, payload, protobuf_c_message_pack(message, payload),
				       keys, two ? 2 : 1, &out, &n_out),
			 0);
	keep(to, out, n_out);
}

static void sign_manifest(struct bytes *to, struct crypto_key *one, struct crypto_key *two)
{
	struct manifest_doc d;

	manifest_doc_init(&d);
	sign(to, "manifest", GU__ROLE__ROLE_AUTHOR, 7, &d.manifest.base, one, two);
}

static enum envelope_verdict open_as_manifest(const struct bytes *b, const struct trust_role *trust,
					      const struct envelope_limits *limits)
{
	Gu__Manifest *manifest = NULL;
	struct envelope_error error;
	enum envelope_verdict verdict = envelope_open_manifest(b->data, b->n, trust, limits, &manifest, NULL, &error);

	assert_int_equal(error.verdict, verdict);
	assert_int_equal(manifest != NULL, verdict == ENVELOPE_OK);
	assert_int_equal(error.detail[0] == '\0', verdict == ENVELOPE_OK);
	envelope_free_manifest(manifest);
	return verdict;
}

static enum envelope_verdict open_as_director(const struct bytes *b, const struct trust_role *trust,
					      const char *vehicle)
{
	Gu__Director *director = NULL;
	struct envelope_error error;
	enum envelope_verdict verdict =
	    envelope_open_director(b->data, b->n, trust, &no_limits, vehicle, &director, NULL, &error);

	envelope_free_director(director);
	return verdict;
}

static void a_manifest_signed_by_its_author_opens(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, ec, 1);
	struct crypto_key *keys[] = {ed, ec};
	struct envelope_error error;
	struct signed_info info;
	Gu__Manifest *m;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		sign_manifest(&b, keys[i], NULL);
		assert_int_equal(envelope_open_manifest(b.data, b.n, &trust, &no_limits, &m, &info, &error),
				 ENVELOPE_OK);
		assert_string_equal(m->id, "release-7");
		assert_int_equal(m->n_components, 2);
		assert_int_equal(m->components[1]->units[0]->segments[1]->address, 0x9000);
		assert_int_equal(info.version, 7);
		assert_int_equal(info.expires_unix_s, 5000);
		envelope_free_manifest(m);
	}
}

static void the_digest_of_the_payload_tells_equal_versions_apart(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct envelope_error error;
	struct signed_info info[2];
	Gu__Manifest *m;
	struct manifest_doc d;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		manifest_doc_init(&d);
		d.manifest.use_before_unix_s = i;
		sign(&b, "manifest", GU__ROLE__ROLE_AUTHOR, 7, &d.manifest.base, ed, NULL);
		assert_int_equal(envelope_open_manifest(b.data, b.n, &trust, &no_limits, &m, &info[i], &error),
				 ENVELOPE_OK);
		envelope_free_manifest(m);
	}
	assert_memory_not_equal(info[0].payload_sha256, info[1].payload_sha256, 32);
}

static void a_key_that_nobody_trusts_counts_for_nothing(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, ec, 1);
	struct bytes b;

	(void)state;
	sign_manifest(&b, other, NULL);
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_BAD_SIGNATURE);
	sign_manifest(&b, other, ed);
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_OK);
}

static void two_keys_meet_a_threshold_of_two(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, ec, 2);
	struct bytes b;

	(void)state;
	sign_manifest(&b, ed, ec);
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_OK);
	sign_manifest(&b, ec, NULL);
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_BAD_SIGNATURE);
}

static void the_same_key_twice_stays_below_a_threshold_of_two(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, ec, 2);
	struct trust_role same_key_trusted_twice = trust_of(GU__ROLE__ROLE_AUTHOR, ed, ed, 2);
	struct bytes b;

	(void)state;
	sign_manifest(&b, ed, ed);
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_BAD_SIGNATURE);
	assert_int_equal(open_as_manifest(&b, &same_key_trusted_twice, &no_limits), ENVELOPE_BAD_SIGNATURE);
}

static void a_document_does_not_pass_for_another_kind(void **state)
{
	struct trust_role author = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct trust_role director = trust_of(GU__ROLE__ROLE_DIRECTOR, ed, NULL, 1);
	struct manifest_doc m;
	struct director_doc d;
	struct bytes b;

	(void)state;
	manifest_doc_init(&m);
	director_doc_init(&d);
	sign(&b, "director", GU__ROLE__ROLE_DIRECTOR, 1, &d.director.base, ed, NULL);
	assert_int_equal(open_as_director(&b, &director, "VIN-1"), ENVELOPE_OK);
	assert_int_equal(open_as_manifest(&b, &author, &no_limits), ENVELOPE_WRONG_TYPE);
	/* right type, role of another */
	sign(&b, "manifest", GU__ROLE__ROLE_DIRECTOR, 1, &m.manifest.base, ed, NULL);
	assert_int_equal(open_as_manifest(&b, &author, &no_limits), ENVELOPE_WRONG_TYPE);
	/* keys of another role */
	sign_manifest(&b, ed, NULL);
	assert_int_equal(open_as_manifest(&b, &director, &no_limits), ENVELOPE_WRONG_TYPE);
}

/* an envelope whose signature is made under @tag, whatever its content says of itself */
static void sign_under_tag(struct bytes *to, const char *tag, uint8_t *signed_part, size_t n_signed)
{
	static const char domain[] = "gateway-update:1:";
	Gu__Envelope envelope = GU__ENVELOPE__INIT;
	Gu__Signature signature = GU__SIGNATURE__INIT;
	Gu__Signature *list[] = {&signature};
	uint8_t message[8192];
	uint8_t value[80];
	uint8_t id[32];
	size_t n = sizeof domain - 1;
	int length;

	memcpy(message, domain, n);
	memcpy(message + n, tag, strlen(tag) + 1);
	n += strlen(tag) + 1;
	memcpy(message + n, signed_part, n_signed);
	length = crypto_sign(ed, message, n + n_signed, value, sizeof value);
	assert_true(length > 0);
	memcpy(id, crypto_key_id(ed), 32);
	signature.key_id = (ProtobufCBinaryData){.len = 32, .data = id};
	signature.algorithm = GU__SIGNATURE_ALGORITHM__SIGNATURE_ALGORITHM_ED25519;
	signature.signature = (ProtobufCBinaryData){.len = (size_t)length, .data = value};
	envelope.signed_part = (ProtobufCBinaryData){.len = n_signed, .data = signed_part};
	envelope.signatures = list;
	envelope.n_signatures = 1;
	to->n = gu__envelope__pack(&envelope, to->data);
}

static void a_signature_made_for_one_type_does_not_cover_another(void **state)
{
	static char type[] = "manifest";
	struct trust_role author = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	Gu__Signed s = GU__SIGNED__INIT;
	struct manifest_doc m;
	uint8_t payload[4096];
	uint8_t part[4200];
	struct bytes b;
	size_t n;

	(void)state;
	manifest_doc_init(&m);
	s.type = type;
	s.role = GU__ROLE__ROLE_AUTHOR;
	s.payload = (ProtobufCBinaryData){.len = gu__manifest__pack(&m.manifest, payload), .data = payload};
	n = gu__signed__pack(&s, part);
	sign_under_tag(&b, "manifest", part, n);
	assert_int_equal(open_as_manifest(&b, &author, &no_limits), ENVELOPE_OK);
	sign_under_tag(&b, "director", part, n);
	assert_int_equal(open_as_manifest(&b, &author, &no_limits), ENVELOPE_BAD_SIGNATURE);
}

static void a_byte_changed_anywhere_never_verifies(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, ec, 1);
	struct crypto_key *keys[] = {ed, ec};
	struct bytes b;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		sign_manifest(&b, keys[k], NULL);
		for (size_t i = 0; i < b.n; i++) {
			for (unsigned bit = 0; bit < 8; bit++) {
				b.data[i] ^= (uint8_t)(1u << bit);
				assert_int_not_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_OK);
				b.data[i] ^= (uint8_t)(1u << bit);
			}
		}
		assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_OK);
	}
}

static void a_document_cut_off_anywhere_never_opens(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct bytes b;

	(void)state;
	sign_manifest(&b, ed, NULL);
	for (size_t n = b.n; n-- > 0;) {
		b.n = n;
		assert_int_not_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_OK);
	}
}

static void expiry_is_judged_by_the_second_and_only_with_time(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct bytes b;

	(void)state;
	sign_manifest(&b, ed, NULL);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.now_unix_s = 5000}), ENVELOPE_OK);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.now_unix_s = 5001}), ENVELOPE_EXPIRED);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.now_unix_s = 0}), ENVELOPE_OK);
}

static void a_version_below_the_one_held_is_a_rollback(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct bytes b;

	(void)state;
	sign_manifest(&b, ed, NULL);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.min_version = 7}), ENVELOPE_OK);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.min_version = 8}), ENVELOPE_ROLLBACK);
}

static void a_size_above_the_limit_is_refused(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct bytes b;

	(void)state;
	sign_manifest(&b, ed, NULL);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.max_bytes = b.n}), ENVELOPE_OK);
	assert_int_equal(open_as_manifest(&b, &trust, &(struct envelope_limits){.max_bytes = b.n - 1}),
			 ENVELOPE_MALFORMED);
}

static void a_director_of_another_vehicle_is_refused(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_DIRECTOR, ed, NULL, 1);
	struct director_doc d;
	struct bytes b;

	(void)state;
	director_doc_init(&d);
	sign(&b, "director", GU__ROLE__ROLE_DIRECTOR, 1, &d.director.base, ed, NULL);
	assert_int_equal(open_as_director(&b, &trust, "VIN-1"), ENVELOPE_OK);
	assert_int_equal(open_as_director(&b, &trust, "VIN-2"), ENVELOPE_INVALID);
	assert_int_equal(open_as_director(&b, &trust, NULL), ENVELOPE_OK);
}

static void an_unknown_required_feature_refuses_the_document(void **state)
{
	static char feature[] = "base-2";
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct manifest_doc d;
	struct bytes b;

	(void)state;
	manifest_doc_init(&d);
	d.features[0] = feature;
	sign(&b, "manifest", GU__ROLE__ROLE_AUTHOR, 1, &d.manifest.base, ed, NULL);
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_UNKNOWN_FEATURE);
}

static void an_unknown_enumeration_value_refuses_the_document(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	Gu__Manifest *m = NULL;
	struct envelope_error error;
	struct manifest_doc d;
	struct bytes b;

	(void)state;
	manifest_doc_init(&d);
	d.conditions[1].kind = (Gu__ConditionKind)77;
	sign(&b, "manifest", GU__ROLE__ROLE_AUTHOR, 1, &d.manifest.base, ed, NULL);
	assert_int_equal(envelope_open_manifest(b.data, b.n, &trust, &no_limits, &m, NULL, &error),
			 ENVELOPE_UNKNOWN_VALUE);
	assert_string_equal(error.detail, "components[0].conditions[1].kind: not a value that is known");
}

static void an_invalid_field_is_named_with_its_index(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_DIRECTOR, ed, NULL, 1);
	Gu__Director *director = NULL;
	struct envelope_error error;
	struct director_doc d;
	struct bytes b;

	(void)state;
	director_doc_init(&d);
	d.targets[1].ecu = d.targets[0].ecu;
	sign(&b, "director", GU__ROLE__ROLE_DIRECTOR, 1, &d.director.base, ed, NULL);
	assert_int_equal(envelope_open_director(b.data, b.n, &trust, &no_limits, "VIN-1", &director, NULL, &error),
			 ENVELOPE_INVALID);
	assert_string_equal(error.detail, "campaigns[0].targets[1].ecu: listed twice");
}

static void a_document_that_swells_beyond_its_memory_is_refused(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	const size_t n = 512u * 1024u;
	uint8_t *payload = malloc(n);
	uint8_t *out;
	size_t n_out;
	Gu__Manifest *m = NULL;
	struct envelope_error error;

	(void)state;
	/* 256 Ki empty components: 2 bytes each here, some hundred in memory */
	for (size_t i = 0; i < n; i += 2) {
		payload[i] = 5 << 3 | 2;
		payload[i + 1] = 0;
	}
	assert_int_equal(envelope_sign("manifest", GU__ROLE__ROLE_AUTHOR, 1, 5000, payload, n, &ed, 1, &out, &n_out),
			 0);
	assert_int_equal(envelope_open_manifest(out, n_out, &trust, &no_limits, &m, NULL, &error), ENVELOPE_NO_MEMORY);
	assert_null(m);
	free(out);
	free(payload);
}

static void time_is_taken_only_with_the_nonce_that_was_sent(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_TIME, ed, NULL, 1);
	Gu__TimeAttestation t = GU__TIME_ATTESTATION__INIT;
	uint8_t nonce[32] = "12345678901234567890123456789012";
	struct envelope_error error;
	uint64_t unix_ms = 0;
	struct bytes b;

	(void)state;
	t.nonce = (ProtobufCBinaryData){.len = 32, .data = nonce};
	t.unix_ms = 1700000000123;
	sign(&b, "time", GU__ROLE__ROLE_TIME, 0, &t.base, ed, NULL);
	assert_int_equal(envelope_open_time(b.data, b.n, &trust, nonce, &unix_ms, &error), ENVELOPE_OK);
	assert_int_equal(unix_ms, 1700000000123);
	unix_ms = 0;
	nonce[31]++;
	assert_int_equal(envelope_open_time(b.data, b.n, &trust, nonce, &unix_ms, &error), ENVELOPE_INVALID);
	assert_int_equal(unix_ms, 0);
}

static void more_than_eight_signatures_are_refused(void **state)
{
	struct trust_role trust = trust_of(GU__ROLE__ROLE_AUTHOR, ed, NULL, 1);
	struct crypto_key *keys[9] = {ed, ed, ed, ed, ed, ed, ed, ed, ed};
	uint8_t *out = NULL;
	size_t n_out = 0;
	struct bytes b;

	(void)state;
	assert_int_equal(
	    envelope_sign("manifest", GU__ROLE__ROLE_AUTHOR, 1, 1, (const uint8_t *)"", 0, keys, 9, &out, &n_out),
	    -EINVAL);
	assert_null(out);
	sign_manifest(&b, ed, NULL);
	for (size_t i = 0; i < 8; i++) { /* empty ones, appended */
		b.data[b.n++] = 2 << 3 | 2;
		b.data[b.n++] = 0;
	}
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_MALFORMED);
	b.n -= 2;
	assert_int_equal(open_as_manifest(&b, &trust, &no_limits), ENVELOPE_OK);
}

static void signing_needs_a_private_key(void **state)
{
	char *pem = crypto_key_pem_public(ed);
	struct crypto_key *pub = crypto_key_public(pem, strlen(pem));
	uint8_t *out = NULL;
	size_t n_out = 0;

	(void)state;
	assert_true(envelope_sign("time", GU__ROLE__ROLE_TIME, 1, 1, (const uint8_t *)"", 0, &pub, 1, &out, &n_out) <
		    0);
	assert_null(out);
	crypto_key_free(pub);
	free(pem);
}

static int make_keys(void **state)
{
	(void)state;
	ed = crypto_key_generate(CRYPTO_ED25519);
	ec = crypto_key_generate(CRYPTO_ECDSA_P256_SHA256);
	other = crypto_key_generate(CRYPTO_ED25519);
	return ed && ec && other ? 0 : -1;
}

static int free_keys(void **state)
{
	(void)state;
	crypto_key_free(ed);
	crypto_key_free(ec);
	crypto_key_free(other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_manifest_signed_by_its_author_opens),
	    cmocka_unit_test(the_digest_of_the_payload_tells_equal_versions_apart),
	    cmocka_unit_test(a_key_that_nobody_trusts_counts_for_nothing),
	    cmocka_unit_test(two_keys_meet_a_threshold_of_two),
	    cmocka_unit_test(the_same_key_twice_stays_below_a_threshold_of_two),
	    cmocka_unit_test(a_document_does_not_pass_for_another_kind),
	    cmocka_unit_test(a_signature_made_for_one_type_does_not_cover_another),
	    cmocka_unit_test(a_byte_changed_anywhere_never_verifies),
	    cmocka_unit_test(a_document_cut_off_anywhere_never_opens),
	    cmocka_unit_test(expiry_is_judged_by_the_second_and_only_with_time),
	    cmocka_unit_test(a_version_below_the_one_held_is_a_rollback),
	    cmocka_unit_test(a_size_above_the_limit_is_refused),
	    cmocka_unit_test(a_director_of_another_vehicle_is_refused),
	    cmocka_unit_test(an_unknown_required_feature_refuses_the_document),
	    cmocka_unit_test(an_unknown_enumeration_value_refuses_the_document),
	    cmocka_unit_test(an_invalid_field_is_named_with_its_index),
	    cmocka_unit_test(a_document_that_swells_beyond_its_memory_is_refused),
	    cmocka_unit_test(time_is_taken_only_with_the_nonce_that_was_sent),
	    cmocka_unit_test(more_than_eight_signatures_are_refused),
	    cmocka_unit_test(signing_needs_a_private_key),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
