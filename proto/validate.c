#include "proto/validate.h"

#include <stdio.h>
#include <string.h>

/*
 * base-1: everything that metadata.proto says as of its first version. conditions-2: gear, parking brake, charge and
 * charging as conditions. driver-return-1: FINISH_INHIBITED. Whatever later changes what a document means
 * gets a name of its own here, so that a reader without it refuses the document instead of skipping the field.
 */
const char *const proto_features[] = {
    "base-1", VALIDATE_WINDOWS_RECURRING, VALIDATE_DEADLINE, "modes-1", "conditions-2", "driver-return-1", NULL,
};

static bool invalid(struct check *check, const char *name, const char *text)
{
	return check_fail(check, ENVELOPE_INVALID, name, text);
}

bool validate_id(struct check *check, const char *name, const char *text)
{
	return text_is_id(text) || invalid(check, name, "must be 1..64 of [A-Za-z0-9._-] and not begin with '.'");
}

bool validate_text(struct check *check, const char *name, const char *text, size_t max_bytes)
{
	char words[40];

	if (strlen(text) <= max_bytes)
		return true;
	snprintf(words, sizeof words, "longer than %zu bytes", max_bytes);
	return invalid(check, name, words);
}

bool validate_digest(struct check *check, const char *name, ProtobufCBinaryData bytes)
{
	return bytes.len == 32 || invalid(check, name, "must be 32 bytes");
}

bool validate_count(struct check *check, const char *name, size_t n, size_t min, size_t max)
{
	char words[60];

	if (n >= min && n <= max)
		return true;
	snprintf(words, sizeof words, "must have %zu..%zu entries, has %zu", min, max, n);
	return invalid(check, name, words);
}

static bool validate_strings(struct check *check, const char *name, char *const *list, size_t n, size_t max,
			     size_t max_bytes)
{
	if (!validate_count(check, name, n, 0, max))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t mark = check_enter_at(check, name, i);

		if (list[i][0] == '\0')
			return invalid(check, NULL, "empty");
		if (!validate_text(check, NULL, list[i], max_bytes))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(list[j], list[i]) == 0)
				return invalid(check, NULL, "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}

static bool validate_features(struct check *check, char *const *list, size_t n)
{
	if (!validate_count(check, "required_features", n, 0, 32))
		return false;
	if (check->accepted_before)
		return true;
	for (size_t i = 0; i < n; i++) {
		const char *const *known = proto_features;
		char words[100];

		while (*known && strcmp(*known, list[i]) != 0)
			known++;
		if (*known)
			continue;
		snprintf(words, sizeof words, "'%.64s' is not known here", list[i]);
		check_enter_at(check, "required_features", i);
		return check_fail(check, ENVELOPE_UNKNOWN_FEATURE, NULL, words);
	}
	return true;
}

static bool validate_file(struct check *check, const char *name, const Gu__FileRef *file, uint64_t max_bytes)
{
	char words[60];

	if (!file)
		return invalid(check, name, "missing");
	size_t mark = check_enter(check, name);

	if (!validate_digest(check, "sha256", file->sha256))
		return false;
	if (file->length < 1 || file->length > max_bytes) {
		snprintf(words, sizeof words, "must be 1..%llu bytes", (unsigned long long)max_bytes);
		return invalid(check, "length", words);
	}
	check_leave(check, mark);
	return true;
}

static bool validate_condition(struct check *check, const Gu__Condition *condition)
{
	switch (condition->kind) {
	case GU__CONDITION_KIND__CONDITION_KIND_IGNITION_OFF:
	case GU__CONDITION_KIND__CONDITION_KIND_IGNITION_ON:
	case GU__CONDITION_KIND__CONDITION_KIND_STANDSTILL:
	case GU__CONDITION_KIND__CONDITION_KIND_GEAR_PARK:
	case GU__CONDITION_KIND__CONDITION_KIND_PARKING_BRAKE_SET:
	case GU__CONDITION_KIND__CONDITION_KIND_CHARGING:
		return condition->value == 0 || invalid(check, "value", "must be 0 for this kind");
	case GU__CONDITION_KIND__CONDITION_KIND_BATTERY_MIN_MV:
		return (condition->value >= 1 && condition->value <= 100000) ||
		       invalid(check, "value", "must be 1..100000 millivolts");
	case GU__CONDITION_KIND__CONDITION_KIND_CHARGE_MIN_PERCENT:
		return (condition->value >= 1 && condition->value <= 100) ||
		       invalid(check, "value", "must be 1..100 percent");
	case GU__CONDITION_KIND__CONDITION_KIND_UNSPECIFIED:
	case _GU__CONDITION_KIND_IS_INT_SIZE:
		break;
	}
	return check_fail(check, ENVELOPE_UNKNOWN_VALUE, "kind", "missing or not known");
}

static bool validate_conditions(struct check *check, Gu__Condition *const *list, size_t n)
{
	if (!validate_count(check, "conditions", n, 0, 16))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t mark = check_enter_at(check, "conditions", i);

		if (!validate_condition(check, list[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (list[j]->kind == list[i]->kind)
				return invalid(check, "kind", "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}

static bool validate_segments(struct check *check, Gu__Segment *const *list, size_t n)
{
	uint64_t last = 0; /* last address of the segment before */

	if (!validate_count(check, "segments", n, 0, 64))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t mark = check_enter_at(check, "segments", i);

		if (list[i]->length == 0)
			return invalid(check, "length", "must be at least 1");
		if (list[i]->length - 1 > UINT64_MAX - list[i]->address)
			return invalid(check, "length", "reaches beyond 64 bits of address");
		if (i > 0 && list[i]->address <= last)
			return invalid(check, "address", "not above the segment before");
		last = list[i]->address + (list[i]->length - 1);
		check_leave(check, mark);
	}
	return true;
}

static bool validate_check_signature(struct check *check, const Gu__SoftwareUnit *unit)
{
	return unit->check_signature.len <= VALIDATE_MAX_CHECK_SIGNATURE ||
	       invalid(check, "check_signature", "longer than 512 bytes");
}

static bool validate_unit(struct check *check, const Gu__SoftwareUnit *unit)
{
	if (unit->kind == GU__UNIT_KIND__UNIT_KIND_UNSPECIFIED)
		return invalid(check, "kind", "missing");
	if (unit->format == GU__IMAGE_FORMAT__IMAGE_FORMAT_UNSPECIFIED)
		return invalid(check, "format", "missing");
	if (unit->base_address && unit->format != GU__IMAGE_FORMAT__IMAGE_FORMAT_RAW)
		return invalid(check, "base_address", "only for IMAGE_FORMAT_RAW");
	return validate_file(check, "image", unit->image, VALIDATE_MAX_FILE_BYTES) &&
	       validate_segments(check, unit->segments, unit->n_segments) &&
	       validate_text(check, "expected_version", unit->expected_version, 64) &&
	       validate_strings(check, "sources", unit->sources, unit->n_sources, 8, 512) &&
	       validate_check_signature(check, unit);
}

static bool validate_preserve_dids(struct check *check, const Gu__Component *component)
{
	if (!validate_count(check, "preserve_dids", component->n_preserve_dids, 0, 32))
		return false;
	for (size_t i = 0; i < component->n_preserve_dids; i++) {
		size_t mark = check_enter_at(check, "preserve_dids", i);

		if (component->preserve_dids[i] > 0xffff)
			return invalid(check, NULL, "must be 0x0000..0xffff");
		for (size_t j = 0; j < i; j++) {
			if (component->preserve_dids[j] == component->preserve_dids[i])
				return invalid(check, NULL, "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}

static bool has_feature(char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

/* a reader that does not know the field would skip it: so its feature has to be named */
static bool validate_driver_return(struct check *check, const Gu__Manifest *manifest, const Gu__Component *component)
{
	return component->driver_return != GU__DRIVER_RETURN__DRIVER_RETURN_FINISH_INHIBITED ||
	       has_feature(manifest->required_features, manifest->n_required_features, "driver-return-1") ||
	       invalid(check, "driver_return", "FINISH_INHIBITED needs the required feature driver-return-1");
}

static bool validate_component(struct check *check, const Gu__Component *component)
{
	if (!validate_id(check, "name", component->name) ||
	    !validate_count(check, "hardware_ids", component->n_hardware_ids, 1, 8) ||
	    !validate_strings(check, "hardware_ids", component->hardware_ids, component->n_hardware_ids, 8, 64) ||
	    !validate_file(check, "profile", component->profile, VALIDATE_MAX_DOC_BYTES) ||
	    !validate_count(check, "units", component->n_units, 1, 8))
		return false;
	for (size_t i = 0; i < component->n_units; i++) {
		size_t mark = check_enter_at(check, "units", i);

		if (!validate_unit(check, component->units[i]))
			return false;
		check_leave(check, mark);
	}
	return validate_conditions(check, component->conditions, component->n_conditions) &&
	       validate_strings(check, "functions_lost", component->functions_lost, component->n_functions_lost, 8,
				128) &&
	       validate_preserve_dids(check, component);
}

static bool validate_language(struct check *check, const char *language)
{
	if (!validate_text(check, "language", language, 35))
		return false;
	if (language[0] == '\0' || language[strspn(language, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							     "0123456789-")] != '\0')
		return invalid(check, "language", "must be a language tag, as de or pt-BR");
	return true;
}

static bool validate_texts(struct check *check, const Gu__Manifest *manifest)
{
	if (!validate_count(check, "texts", manifest->n_texts, 0, 16))
		return false;
	for (size_t i = 0; i < manifest->n_texts; i++) {
		const Gu__LocalizedText *text = manifest->texts[i];
		size_t mark = check_enter_at(check, "texts", i);

		if (!validate_language(check, text->language) || !validate_text(check, "title", text->title, 128) ||
		    !validate_text(check, "body", text->body, 2048))
			return false;
		if (text->title[0] == '\0')
			return invalid(check, "title", "empty");
		for (size_t j = 0; j < i; j++) {
			if (strcmp(manifest->texts[j]->language, text->language) == 0)
				return invalid(check, "language", "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}

bool validate_rxswin(struct check *check, const char *field, Gu__Rxswin *const *rxswin, size_t n)
{
	if (!validate_count(check, field, n, 0, 16))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t mark = check_enter_at(check, field, i);

		if (!validate_id(check, "regulation", rxswin[i]->regulation) ||
		    !validate_text(check, "regulation", rxswin[i]->regulation, 16) ||
		    !validate_text(check, "value", rxswin[i]->value, 64))
			return false;
		if (rxswin[i]->value[0] == '\0')
			return invalid(check, "value", "empty");
		for (size_t j = 0; j < i; j++) {
			if (strcmp(rxswin[j]->regulation, rxswin[i]->regulation) == 0)
				return invalid(check, "regulation", "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}

bool validate_manifest(struct check *check, const Gu__Manifest *manifest)
{
	/* features first: a document that we cannot read says nothing reliable about its other fields */
	if (!validate_features(check, manifest->required_features, manifest->n_required_features) ||
	    !validate_id(check, "id", manifest->id) ||
	    !validate_text(check, "description", manifest->description, 1024) ||
	    !validate_count(check, "components", manifest->n_components, 1, 32))
		return false;
	if (manifest->severity && manifest->severity->score > 100)
		return invalid(check, "severity.score", "must be 0..100");
	for (size_t i = 0; i < manifest->n_components; i++) {
		size_t mark = check_enter_at(check, "components", i);

		if (!validate_component(check, manifest->components[i]) ||
		    !validate_driver_return(check, manifest, manifest->components[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(manifest->components[j]->name, manifest->components[i]->name) == 0)
				return invalid(check, "name", "listed twice");
		}
		check_leave(check, mark);
	}
	return validate_texts(check, manifest) &&
	       validate_rxswin(check, "rxswin", manifest->rxswin, manifest->n_rxswin);
}

static bool validate_target(struct check *check, const Gu__Target *target)
{
	if (!validate_id(check, "ecu", target->ecu) || !validate_text(check, "hardware_id", target->hardware_id, 64) ||
	    !validate_text(check, "serial_number", target->serial_number, 64) ||
	    !validate_id(check, "component", target->component))
		return false;
	if (target->hardware_id[0] == '\0')
		return invalid(check, "hardware_id", "empty");
	switch (target->rollback_case) {
	case GU__TARGET__ROLLBACK_ROLLBACK_IMAGE:
		return validate_file(check, "rollback_image", target->rollback_image, VALIDATE_MAX_FILE_BYTES);
	case GU__TARGET__ROLLBACK_NO_ROLLBACK:
		return true;
	case GU__TARGET__ROLLBACK__NOT_SET:
	case _GU__TARGET__ROLLBACK__CASE_IS_INT_SIZE:
		break;
	}
	return invalid(check, "rollback", "must be said: rollback_image or no_rollback");
}

static bool validate_targets(struct check *check, const Gu__Campaign *campaign)
{
	if (!validate_count(check, "targets", campaign->n_targets, 1, 32))
		return false;
	for (size_t i = 0; i < campaign->n_targets; i++) {
		size_t mark = check_enter_at(check, "targets", i);

		if (!validate_target(check, campaign->targets[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(campaign->targets[j]->ecu, campaign->targets[i]->ecu) == 0)
				return invalid(check, "ecu", "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}

static bool validate_supersedes(struct check *check, const Gu__Campaign *campaign)
{
	if (!validate_strings(check, "supersedes", campaign->supersedes, campaign->n_supersedes, 4, 64))
		return false;
	for (size_t i = 0; i < campaign->n_supersedes; i++) {
		size_t mark = check_enter_at(check, "supersedes", i);

		if (!validate_id(check, NULL, campaign->supersedes[i]))
			return false;
		if (strcmp(campaign->supersedes[i], campaign->id) == 0)
			return invalid(check, NULL, "is the campaign itself");
		check_leave(check, mark);
	}
	return true;
}

static bool validate_campaign(struct check *check, const Gu__Campaign *campaign)
{
	if (!validate_features(check, campaign->required_features, campaign->n_required_features) ||
	    !validate_id(check, "id", campaign->id) ||
	    !validate_file(check, "manifest", campaign->manifest, VALIDATE_MAX_DOC_BYTES))
		return false;
	if (campaign->mode == GU__UPDATE_MODE__UPDATE_MODE_UNSPECIFIED)
		return invalid(check, "mode", "missing");
	if (campaign->urgency == GU__URGENCY__URGENCY_UNSPECIFIED)
		return invalid(check, "urgency", "missing");
	if (!campaign->window)
		return invalid(check, "window", "missing");
	if (campaign->window->start_unix_s >= campaign->window->end_unix_s)
		return invalid(check, "window", "must end after its start");
	return validate_times(check, campaign) && validate_targets(check, campaign) &&
	       validate_conditions(check, campaign->conditions, campaign->n_conditions) &&
	       validate_supersedes(check, campaign);
}

bool validate_director(struct check *check, const Gu__Director *director)
{
	if (!validate_features(check, director->required_features, director->n_required_features) ||
	    !validate_id(check, "vehicle_id", director->vehicle_id) ||
	    !validate_count(check, "campaigns", director->n_campaigns, 0, 8))
		return false;
	for (size_t i = 0; i < director->n_campaigns; i++) {
		size_t mark = check_enter_at(check, "campaigns", i);

		if (!validate_campaign(check, director->campaigns[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(director->campaigns[j]->id, director->campaigns[i]->id) == 0)
				return invalid(check, "id", "listed twice");
		}
		check_leave(check, mark);
	}
	return true;
}
