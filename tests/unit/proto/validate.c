#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/validate.h"
#include "proto/wire.h"
#include "tests/unit/proto/docs.h"

static struct manifest_doc m;
static struct director_doc d;

static void refused(const ProtobufCMessage *message, enum envelope_verdict verdict, const char *detail)
{
	struct envelope_error error;
	struct check check;
	bool ok;

	check_init(&check, &error);
	ok = message->descriptor == &gu__manifest__descriptor ? validate_manifest(&check, &m.manifest)
							      : validate_director(&check, &d.director);
	assert_string_equal(error.detail, detail ? detail : "");
	assert_int_equal(error.verdict, verdict);
	assert_int_equal(ok, verdict == ENVELOPE_OK);
}

/* one field spoilt, and the words for it; then good again */
#define MANIFEST(spoil, detail)                                      \
	do {                                                         \
		manifest_doc_init(&m);                               \
		spoil;                                               \
		refused(&m.manifest.base, ENVELOPE_INVALID, detail); \
	} while (0)
#define DIRECTOR(spoil, detail)                                      \
	do {                                                         \
		director_doc_init(&d);                               \
		spoil;                                               \
		refused(&d.director.base, ENVELOPE_INVALID, detail); \
	} while (0)

#define ID_WORDS ": must be 1..64 of [A-Za-z0-9._-] and not begin with '.'"

static char *text(const char *words)
{
	static char kept[8][2048];
	static size_t next;
	char *copy = kept[next++ % 8];

	assert_true(strlen(words) < sizeof kept[0]);
	snprintf(copy, sizeof kept[0], "%s", words);
	return copy;
}

static char *too_long_a_body(void)
{
	static char words[2050];

	memset(words, 'x', sizeof words - 1);
	return words;
}

static char *long_text(size_t n)
{
	static char words[2048];

	memset(words, 'x', n);
	words[n] = '\0';
	return words;
}

static int setup(void **state)
{
	(void)state;
	manifest_doc_init(&m);
	director_doc_init(&d);
	return 0;
}

static void good_documents_pass(void **state)
{
	(void)state;
	refused(&m.manifest.base, ENVELOPE_OK, NULL);
	refused(&d.director.base, ENVELOPE_OK, NULL);
}

static void a_director_without_campaigns_passes(void **state)
{
	(void)state;
	d.director.n_campaigns = 0;
	refused(&d.director.base, ENVELOPE_OK, NULL);
}

static void segments_may_be_left_out(void **state)
{
	(void)state;
	m.unit.n_segments = 0;
	refused(&m.manifest.base, ENVELOPE_OK, NULL);
}

static void identifiers_hold_no_path_and_no_blank(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "a b", "a\\b", "a\n", "\xc3\xbc"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		MANIFEST(m.manifest.id = text(bad[i]), "id" ID_WORDS);
		DIRECTOR(d.targets[1].ecu = text(bad[i]), "campaigns[0].targets[1].ecu" ID_WORDS);
	}
	MANIFEST(m.manifest.id = long_text(65), "id" ID_WORDS);
	MANIFEST(m.components[1].name = text(""), "components[1].name" ID_WORDS);
	DIRECTOR(d.director.vehicle_id = text(""), "vehicle_id" ID_WORDS);
	DIRECTOR(d.campaigns[1].id = text("a:b"), "campaigns[1].id" ID_WORDS);
	DIRECTOR(d.targets[0].component = text(""), "campaigns[0].targets[0].component" ID_WORDS);
	manifest_doc_init(&m);
	m.manifest.id = long_text(64);
	refused(&m.manifest.base, ENVELOPE_OK, NULL);
}

static void text_has_its_limits(void **state)
{
	(void)state;
	MANIFEST(m.manifest.description = long_text(1025), "description: longer than 1024 bytes");
	MANIFEST(m.unit.expected_version = long_text(65),
		 "components[0].units[0].expected_version: longer than 64 bytes");
	MANIFEST(m.functions_lost[0] = long_text(129), "components[0].functions_lost[0]: longer than 128 bytes");
	MANIFEST(m.functions_lost[0] = text(""), "components[0].functions_lost[0]: empty");
	MANIFEST(m.hardware_ids[0] = text(""), "components[0].hardware_ids[0]: empty");
	MANIFEST(m.sources[0] = long_text(513), "components[0].units[0].sources[0]: longer than 512 bytes");
	MANIFEST((m.unit.check_signature = (ProtobufCBinaryData){.len = 513, .data = (uint8_t *)long_text(513)}),
		 "components[0].units[0].check_signature: longer than 512 bytes");
	DIRECTOR(d.targets[0].hardware_id = text(""), "campaigns[0].targets[0].hardware_id: empty");
	DIRECTOR(d.targets[0].serial_number = long_text(65),
		 "campaigns[0].targets[0].serial_number: longer than 64 bytes");
}

static void lists_have_their_limits(void **state)
{
	(void)state;
	MANIFEST(m.manifest.n_components = 0, "components: must have 1..32 entries, has 0");
	MANIFEST(m.manifest.n_components = 33, "components: must have 1..32 entries, has 33");
	MANIFEST(m.components[0].n_units = 0, "components[0].units: must have 1..8 entries, has 0");
	MANIFEST(m.components[0].n_units = 9, "components[0].units: must have 1..8 entries, has 9");
	MANIFEST(m.components[0].n_hardware_ids = 0, "components[0].hardware_ids: must have 1..8 entries, has 0");
	MANIFEST(m.components[0].n_hardware_ids = 9, "components[0].hardware_ids: must have 1..8 entries, has 9");
	MANIFEST(m.unit.n_segments = 65, "components[0].units[0].segments: must have 0..64 entries, has 65");
	MANIFEST(m.components[0].n_functions_lost = 9, "components[0].functions_lost: must have 0..8 entries, has 9");
	MANIFEST(m.components[0].n_conditions = 17, "components[0].conditions: must have 0..16 entries, has 17");
	MANIFEST(m.components[0].n_preserve_dids = 33, "components[0].preserve_dids: must have 0..32 entries, has 33");
	DIRECTOR(d.director.n_campaigns = 9, "campaigns: must have 0..8 entries, has 9");
	DIRECTOR(d.campaigns[0].n_targets = 0, "campaigns[0].targets: must have 1..32 entries, has 0");
	DIRECTOR(d.campaigns[0].n_targets = 33, "campaigns[0].targets: must have 1..32 entries, has 33");
	DIRECTOR(d.campaigns[0].n_supersedes = 5, "campaigns[0].supersedes: must have 0..4 entries, has 5");
}

static void files_are_named_by_32_bytes_and_a_length(void **state)
{
	(void)state;
	MANIFEST(m.image.sha256.len = 31, "components[0].units[0].image.sha256: must be 32 bytes");
	MANIFEST(m.image.sha256.len = 33, "components[0].units[0].image.sha256: must be 32 bytes");
	MANIFEST(m.image.length = 0, "components[0].units[0].image.length: must be 1..1099511627776 bytes");
	MANIFEST(m.image.length = UINT64_MAX, "components[0].units[0].image.length: must be 1..1099511627776 bytes");
	MANIFEST(m.unit.image = NULL, "components[0].units[0].image: missing");
	MANIFEST(m.components[1].profile = NULL, "components[1].profile: missing");
	DIRECTOR(d.campaigns[0].manifest = NULL, "campaigns[0].manifest: missing");
	DIRECTOR(d.manifest.length = 1048577, "campaigns[0].manifest.length: must be 1..1048576 bytes");
	DIRECTOR(d.rollback.sha256.len = 0, "campaigns[0].targets[0].rollback_image.sha256: must be 32 bytes");
}

static void segments_rise_without_overlap(void **state)
{
	(void)state;
	MANIFEST(m.segments[1].address = 0x8fff,
		 "components[0].units[0].segments[1].address: not above the segment before");
	MANIFEST(m.segments[1].address = 0x1000,
		 "components[0].units[0].segments[1].address: not above the segment before");
	MANIFEST(m.segments[0].length = 0, "components[0].units[0].segments[0].length: must be at least 1");
	MANIFEST(m.segments[1].address = UINT64_MAX;
		 m.segments[1].length = 2,
		 "components[0].units[0].segments[1].length: reaches beyond 64 bits of address");
	manifest_doc_init(&m);
	m.segments[1].address = UINT64_MAX;
	m.segments[1].length = 1;
	refused(&m.manifest.base, ENVELOPE_OK, NULL);
}

static void a_base_address_is_for_raw_images(void **state)
{
	(void)state;
	MANIFEST(m.unit.base_address = 1, "components[0].units[0].base_address: only for IMAGE_FORMAT_RAW");
	m.unit.format = GU__IMAGE_FORMAT__IMAGE_FORMAT_RAW;
	refused(&m.manifest.base, ENVELOPE_OK, NULL);
}

static void kinds_and_modes_must_be_said(void **state)
{
	(void)state;
	MANIFEST(m.unit.kind = GU__UNIT_KIND__UNIT_KIND_UNSPECIFIED, "components[0].units[0].kind: missing");
	MANIFEST(m.unit.format = GU__IMAGE_FORMAT__IMAGE_FORMAT_UNSPECIFIED, "components[0].units[0].format: missing");
	DIRECTOR(d.campaigns[0].mode = GU__UPDATE_MODE__UPDATE_MODE_UNSPECIFIED, "campaigns[0].mode: missing");
	DIRECTOR(d.campaigns[0].urgency = GU__URGENCY__URGENCY_UNSPECIFIED, "campaigns[0].urgency: missing");
}

static void conditions_are_known_and_carry_what_their_kind_needs(void **state)
{
	(void)state;
	manifest_doc_init(&m);
	m.conditions[1].kind = GU__CONDITION_KIND__CONDITION_KIND_UNSPECIFIED;
	refused(&m.manifest.base, ENVELOPE_UNKNOWN_VALUE, "components[0].conditions[1].kind: missing or not known");
	MANIFEST(m.conditions[0].value = 0, "components[0].conditions[0].value: must be 1..100000 millivolts");
	MANIFEST(m.conditions[0].value = -1, "components[0].conditions[0].value: must be 1..100000 millivolts");
	MANIFEST(m.conditions[1].value = 1, "components[0].conditions[1].value: must be 0 for this kind");
	MANIFEST(m.conditions[0] = m.conditions[1], "components[0].conditions[1].kind: listed twice");
	for (int kind = GU__CONDITION_KIND__CONDITION_KIND_GEAR_PARK;
	     kind <= (int)GU__CONDITION_KIND__CONDITION_KIND_CHARGING; kind++) {
		const bool percent = kind == GU__CONDITION_KIND__CONDITION_KIND_CHARGE_MIN_PERCENT;
		const char *words = percent ? "components[0].conditions[0].value: must be 1..100 percent"
					    : "components[0].conditions[0].value: must be 0 for this kind";

		MANIFEST((m.conditions[0].kind = (Gu__ConditionKind)kind, m.conditions[0].value = 101), words);
		if (percent)
			MANIFEST((m.conditions[0].kind = (Gu__ConditionKind)kind, m.conditions[0].value = 0), words);
	}
	DIRECTOR(d.condition.value = 7, "campaigns[0].conditions[0].value: must be 0 for this kind");
}

static void what_a_reader_could_skip_names_its_feature(void **state)
{
	static char named[] = "driver-return-1";

	(void)state;
	MANIFEST(m.components[0].driver_return = GU__DRIVER_RETURN__DRIVER_RETURN_FINISH_INHIBITED,
		 "components[0].driver_return: FINISH_INHIBITED needs the required feature driver-return-1");
	manifest_doc_init(&m);
	m.components[0].driver_return = GU__DRIVER_RETURN__DRIVER_RETURN_FINISH_INHIBITED;
	m.features[0] = named;
	refused(&m.manifest.base, ENVELOPE_OK, NULL);
}

static void a_window_ends_after_its_start(void **state)
{
	(void)state;
	DIRECTOR(d.campaigns[1].window = NULL, "campaigns[1].window: missing");
	DIRECTOR(d.window.end_unix_s = 1000, "campaigns[0].window: must end after its start");
	DIRECTOR(d.window.end_unix_s = 0, "campaigns[0].window: must end after its start");
	director_doc_init(&d);
	d.window.end_unix_s = 1001;
	refused(&d.director.base, ENVELOPE_OK, NULL);
}

/* the first campaign with a recurring window, a deadline and their features */
static void with_times(void)
{
	Gu__Campaign *c = &d.campaigns[0];

	c->required_features = d.time_features;
	c->n_required_features = 2;
	c->recurring = d.recurrence_list;
	c->n_recurring = 1;
	c->deadline_unix_s = 1500;
	c->retry_pause_s = 86400;
}

#define TIMES(spoil, detail)                                                         \
	do {                                                                         \
		director_doc_init(&d);                                               \
		with_times();                                                        \
		spoil;                                                               \
		refused(&d.director.base, ENVELOPE_INVALID, "campaigns[0]." detail); \
	} while (0)

static void recurring_windows_and_deadlines_have_their_limits_and_features(void **state)
{
	static char dots[] = "../etc", absolute[] = "/etc/x", empty[] = "", slashes[] = "a//b", blank[] = "a b";
	char *const bad_zones[] = {dots, absolute, empty, slashes, blank, long_text(65)};

	(void)state;
	director_doc_init(&d);
	with_times();
	refused(&d.director.base, ENVELOPE_OK, NULL);
	d.campaigns[0].n_recurring = 8;
	refused(&d.director.base, ENVELOPE_OK, NULL);
	TIMES(d.campaigns[0].n_recurring = 9, "recurring: must have 0..8 entries, has 9");
	TIMES(d.recurrence.days = 0, "recurring[0].days: must name one of seven days at least");
	TIMES(d.recurrence.days = 128, "recurring[0].days: must name one of seven days at least");
	TIMES(d.recurrence.start_minute = 1440, "recurring[0].start_minute: must be 0..1439");
	TIMES(d.recurrence.duration_s = 59, "recurring[0].duration_s: must be 60..86400");
	TIMES(d.recurrence.duration_s = 86401, "recurring[0].duration_s: must be 60..86400");
	for (size_t i = 0; i < sizeof bad_zones / sizeof bad_zones[0]; i++)
		TIMES(d.recurrence.time_zone = bad_zones[i],
		      "recurring[0].time_zone: must be a name like Europe/Berlin, at most 64 bytes");
	TIMES(d.campaigns[0].deadline_unix_s = 1000, "deadline_unix_s: not after the window's start");
	TIMES(d.campaigns[0].retry_pause_s = 86401, "retry_pause_s: must be at most 86400");
	/* a reader that does not know them would skip them: they are named */
	TIMES(d.time_features[0] = d.time_features[1], "recurring: needs the required feature windows-recurring-1");
	TIMES(d.campaigns[0].n_required_features = 1, "deadline_unix_s: needs the required feature deadline-1");
}

static void rollback_is_always_said(void **state)
{
	(void)state;
	DIRECTOR(d.targets[1].rollback_case = GU__TARGET__ROLLBACK__NOT_SET,
		 "campaigns[0].targets[1].rollback: must be said: rollback_image or no_rollback");
}

static void nothing_is_listed_twice(void **state)
{
	(void)state;
	DIRECTOR(d.targets[1].ecu = d.targets[0].ecu, "campaigns[0].targets[1].ecu: listed twice");
	DIRECTOR(d.campaigns[1].id = d.campaigns[0].id, "campaigns[1].id: listed twice");
	MANIFEST(m.components[1].name = m.components[0].name, "components[1].name: listed twice");
	MANIFEST(m.hardware_ids[1] = m.hardware_ids[0];
		 m.components[0].n_hardware_ids = 2, "components[0].hardware_ids[1]: listed twice");
	MANIFEST(m.dids[1] = m.dids[0];
		 m.components[0].n_preserve_dids = 2, "components[0].preserve_dids[1]: listed twice");
	DIRECTOR(d.supersedes[1] = d.supersedes[0];
		 d.campaigns[0].n_supersedes = 2, "campaigns[0].supersedes[1]: listed twice");
}

static void a_campaign_does_not_supersede_itself(void **state)
{
	(void)state;
	DIRECTOR(d.supersedes[0] = d.campaigns[0].id, "campaigns[0].supersedes[0]: is the campaign itself");
}

static void a_data_identifier_has_16_bits(void **state)
{
	(void)state;
	MANIFEST(m.dids[0] = 0x10000;
		 m.components[0].n_preserve_dids = 1, "components[0].preserve_dids[0]: must be 0x0000..0xffff");
}

static void a_score_ends_at_100(void **state)
{
	(void)state;
	MANIFEST(m.texts[0].language = text(""), "texts[0].language: must be a language tag, as de or pt-BR");
	MANIFEST(m.texts[1].language = text("pt_BR"), "texts[1].language: must be a language tag, as de or pt-BR");
	MANIFEST(m.texts[1].language = long_text(36), "texts[1].language: longer than 35 bytes");
	MANIFEST(m.texts[1].language = m.texts[0].language, "texts[1].language: listed twice");
	MANIFEST(m.texts[0].title = text(""), "texts[0].title: empty");
	MANIFEST(m.texts[0].title = long_text(129), "texts[0].title: longer than 128 bytes");
	MANIFEST(m.texts[0].body = too_long_a_body(), "texts[0].body: longer than 2048 bytes");
	MANIFEST(m.rxswin[1].regulation = m.rxswin[0].regulation, "rxswin[1].regulation: listed twice");
	MANIFEST(m.rxswin[0].regulation = long_text(17), "rxswin[0].regulation: longer than 16 bytes");
	MANIFEST(m.rxswin[0].value = text(""), "rxswin[0].value: empty");
	MANIFEST(m.rxswin[0].value = long_text(65), "rxswin[0].value: longer than 64 bytes");
	MANIFEST(m.manifest.n_rxswin = 17, "rxswin: must have 0..16 entries, has 17");
	MANIFEST(m.manifest.n_texts = 17, "texts: must have 0..16 entries, has 17");
	MANIFEST(m.severity.score = 101, "severity.score: must be 0..100");
}

static void features_are_judged_before_anything_else(void **state)
{
	(void)state;
	m.features[0] = text("delta-1");
	m.manifest.id = text("");
	refused(&m.manifest.base, ENVELOPE_UNKNOWN_FEATURE, "required_features[0]: 'delta-1' is not known here");
	d.features[0] = text("delta-1");
	refused(&d.director.base, ENVELOPE_UNKNOWN_FEATURE,
		"campaigns[0].required_features[0]: 'delta-1' is not known here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(good_documents_pass, setup),
	    cmocka_unit_test_setup(a_director_without_campaigns_passes, setup),
	    cmocka_unit_test_setup(segments_may_be_left_out, setup),
	    cmocka_unit_test_setup(identifiers_hold_no_path_and_no_blank, setup),
	    cmocka_unit_test_setup(text_has_its_limits, setup),
	    cmocka_unit_test_setup(lists_have_their_limits, setup),
	    cmocka_unit_test_setup(files_are_named_by_32_bytes_and_a_length, setup),
	    cmocka_unit_test_setup(segments_rise_without_overlap, setup),
	    cmocka_unit_test_setup(a_base_address_is_for_raw_images, setup),
	    cmocka_unit_test_setup(kinds_and_modes_must_be_said, setup),
	    cmocka_unit_test_setup(conditions_are_known_and_carry_what_their_kind_needs, setup),
	    cmocka_unit_test_setup(what_a_reader_could_skip_names_its_feature, setup),
	    cmocka_unit_test_setup(a_window_ends_after_its_start, setup),
	    cmocka_unit_test_setup(recurring_windows_and_deadlines_have_their_limits_and_features, setup),
	    cmocka_unit_test_setup(rollback_is_always_said, setup),
	    cmocka_unit_test_setup(nothing_is_listed_twice, setup),
	    cmocka_unit_test_setup(a_campaign_does_not_supersede_itself, setup),
	    cmocka_unit_test_setup(a_data_identifier_has_16_bits, setup),
	    cmocka_unit_test_setup(a_score_ends_at_100, setup),
	    cmocka_unit_test_setup(features_are_judged_before_anything_else, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
