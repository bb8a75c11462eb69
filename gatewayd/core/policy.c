/* policy - see policy.h. */
#include "gatewayd/core/policy.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/forecast.h"
#include "gatewayd/core/operator.h"
#include "gatewayd/core/policy_walk.h"
#include "gatewayd/core/release.h"

static unsigned because(char *text, unsigned code, const char *ecu)
{
	snprintf(text, GATEWAY_TEXT_BYTES, "%.64s: %.90s", ecu, gateway_code_words(code));
	return code;
}

static unsigned plainly(char *text, unsigned code)
{
	snprintf(text, GATEWAY_TEXT_BYTES, "%.150s", gateway_code_words(code));
	return code;
}

int policy_ecu_index(const struct gateway *self, const char *name)
{
	for (int i = 0; i < self->config.n_ecus; i++) {
		if (!strcmp(self->ecus[i].name, name))
			return i;
	}
	return -1;
}

int policy_component_index(const struct manifest_doc *manifest, const char *name)
{
	for (int i = 0; i < manifest->n_components; i++) {
		if (!strcmp(manifest->components[i].name, name))
			return i;
	}
	return -1;
}

unsigned policy_check_identity(const struct target_doc *target, const struct ecu_info *ecu, char *text)
{
	if (!ecu->known)
		return GATEWAY_CODE_OK;
	if (target->hardware_id[0] && strcmp(target->hardware_id, ecu->identity.hardware_id))
		return because(text, GATEWAY_CODE_WRONG_HARDWARE, target->ecu);
	if (target->serial_number[0] && strcmp(target->serial_number, ecu->identity.serial_number))
		return because(text, GATEWAY_CODE_WRONG_SERIAL, target->ecu);
	return GATEWAY_CODE_OK;
}

unsigned policy_check_offer(const struct gateway *self, const struct campaign_doc *doc, char *text)
{
	enum update_mode mode = mode_of_campaign(&self->modes, doc);

	if (doc->mode == MODE_NONE || (mode != MODE_NONE && doc->mode != mode))
		return plainly(text, GATEWAY_CODE_MODE_MISMATCH);
	if (!doc->n_targets || doc->n_targets > GATEWAY_MAX_TARGETS || doc->n_conditions > GATEWAY_MAX_CONDITIONS)
		return plainly(text, GATEWAY_CODE_INVALID);
	if (campaign_window_unknown_zone(doc))
		return because(text, GATEWAY_CODE_UNKNOWN_ZONE, campaign_window_unknown_zone(doc));
	for (unsigned i = 0; i < doc->n_targets; i++) {
		int ecu = policy_ecu_index(self, doc->targets[i].ecu);
		unsigned code;

		if (ecu < 0)
			return because(text, GATEWAY_CODE_UNKNOWN_ECU, doc->targets[i].ecu);
		code = policy_check_identity(&doc->targets[i], &self->ecus[ecu], text);
		if (code)
			return code;
		for (unsigned k = 0; k < i; k++) { /* an ECU twice in one campaign has no meaning */
			if (!strcmp(doc->targets[k].ecu, doc->targets[i].ecu))
				return because(text, GATEWAY_CODE_INVALID, doc->targets[i].ecu);
		}
	}
	return GATEWAY_CODE_OK;
}

static bool fits_hardware(const struct component_doc *component, const char *hardware_id)
{
	for (unsigned i = 0; i < component->n_hardware_ids; i++) {
		if (!strcmp(component->hardware_ids[i], hardware_id))
			return true;
	}
	return false;
}

unsigned policy_check_manifest(const struct gateway *self, const struct campaign_doc *doc,
			       const struct manifest_doc *manifest, uint64_t unix_s, bool touched, char *text)
{
	if (manifest->use_before_unix_s && unix_s >= manifest->use_before_unix_s)
		return plainly(text, GATEWAY_CODE_USE_BEFORE_PASSED);
	if (manifest->n_components > GATEWAY_MAX_TARGETS)
		return plainly(text, GATEWAY_CODE_INVALID);
	for (unsigned i = 0; i < doc->n_targets; i++) {
		const struct target_doc *target = &doc->targets[i];
		int component = policy_component_index(manifest, target->component);
		int ecu = policy_ecu_index(self, target->ecu);
		const struct component_doc *c;
		unsigned code;

		if (component < 0)
			return because(text, GATEWAY_CODE_UNKNOWN_COMPONENT, target->ecu);
		if (ecu < 0)
			return because(text, GATEWAY_CODE_UNKNOWN_ECU, target->ecu);
		c = &manifest->components[component];
		if (!c->n_units || c->n_units > GATEWAY_MAX_UNITS || c->n_conditions > GATEWAY_MAX_CONDITIONS)
			return because(text, GATEWAY_CODE_INVALID, target->ecu);
		if (target->hardware_id[0] && !fits_hardware(c, target->hardware_id))
			return because(text, GATEWAY_CODE_WRONG_HARDWARE, target->ecu);
		if (touched)
			continue; /* the verdict of its acceptance stands */
		if (self->ecus[ecu].known && !fits_hardware(c, self->ecus[ecu].identity.hardware_id))
			return because(text, GATEWAY_CODE_WRONG_HARDWARE, target->ecu);
		code = release_check(self, target, manifest, c, text);
		if (code)
			return code;
	}
	return touched ? GATEWAY_CODE_OK : policy_check_signals(self, doc, manifest, text);
}

static bool asks_for(const struct condition *conditions, size_t n, enum condition_kind kind)
{
	for (size_t i = 0; i < n; i++) {
		if (conditions[i].kind == kind)
			return true;
	}
	return false;
}

bool policy_asks_for(const struct campaign *campaign, enum condition_kind kind)
{
	if (asks_for(campaign->doc.conditions, campaign->doc.n_conditions, kind))
		return true;
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct component_doc *c = &campaign->manifest.components[campaign->targets[i].component];

		if (asks_for(c->conditions, c->n_conditions, kind))
			return true;
	}
	return false;
}

struct policy_answer policy_answer(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	struct policy_answer answer = {.kind = ANSWER_ACCEPT};
	enum ignition ignition = vehicle_ignition(&self->vehicle, now_us);

	if (operator_postponed(self, campaign, now_us)) {
		answer.kind = ANSWER_POSTPONE;
		answer.code = GATEWAY_CODE_POSTPONED_BY_DRIVER;
		answer.proposed_start_unix_s = campaign->driver_start_unix_s;
		return answer;
	}
	if (ignition == IGNITION_OFF) {
		if (!campaign->wanted_now && !policy_needs_ignition_on(campaign))
			answer.proposed_start_unix_s = forecast_better_start(self, campaign, now_us);
		if (answer.proposed_start_unix_s) {
			answer.kind = ANSWER_POSTPONE;
			answer.code = GATEWAY_CODE_POSTPONED_DRIVE;
		}
		return answer;
	}
	if (ignition == IGNITION_ON && vehicle_standstill(&self->vehicle, now_us) && policy_needs_ignition_on(campaign))
		return answer;
	answer.kind = ANSWER_POSTPONE;
	answer.code = ignition == IGNITION_UNKNOWN ? GATEWAY_CODE_POSTPONED_UNKNOWN : GATEWAY_CODE_POSTPONED_IGNITION;
	answer.proposed_start_unix_s = forecast_start(self, campaign, now_us);
	return answer;
}

/* the first of the walk that does not hold */
static unsigned first_against(struct policy_walk *walk, char *text)
{
	struct policy_condition condition;

	while (policy_walk_next(walk, &condition)) {
		if (!condition.code)
			continue;
		memcpy(text, condition.text, sizeof condition.text);
		return condition.code;
	}
	return GATEWAY_CODE_OK;
}

unsigned policy_may_recover(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			    uint64_t now_us, char *text)
{
	struct policy_walk walk;

	policy_walk_begin(&walk, self, campaign, targets, now_us, POLICY_RECOVER);
	return first_against(&walk, text);
}

unsigned policy_may_install(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			    uint64_t now_us, bool starting, char *text)
{
	struct policy_walk walk;

	policy_walk_begin(&walk, self, campaign, targets, now_us, starting ? POLICY_BEGIN : POLICY_GO_ON);
	return first_against(&walk, text);
}
