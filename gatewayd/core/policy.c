/* policy - see policy.h. */
#include "gatewayd/core/policy.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/forecast.h"
#include "gatewayd/core/install_power.h"
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

/* some ECUs live with the ignition: switching it off would only take them away */
static bool needs_ignition_on(const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].supply == PROFILE_SUPPLY_KL15)
			return true;
	}
	return policy_asks_for(campaign, CONDITION_IGNITION_ON);
}

struct policy_answer policy_answer(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	struct policy_answer answer = {.kind = ANSWER_ACCEPT};
	enum ignition ignition = vehicle_ignition(&self->vehicle, now_us);

	if (ignition == IGNITION_OFF)
		return answer;
	if (ignition == IGNITION_ON && vehicle_standstill(&self->vehicle, now_us) && needs_ignition_on(campaign))
		return answer;
	answer.kind = ANSWER_POSTPONE;
	answer.code = ignition == IGNITION_UNKNOWN ? GATEWAY_CODE_POSTPONED_UNKNOWN : GATEWAY_CODE_POSTPONED_IGNITION;
	answer.proposed_start_unix_s = forecast_start(self, campaign, now_us);
	return answer;
}

/* a component's own conditions; that the ignition is off is its author's to waive */
static const char *component_asks_for(const struct gateway *self, const struct campaign *campaign, unsigned target,
				      uint64_t now_us, char *text)
{
	const struct component_doc *c = &campaign->manifest.components[campaign->targets[target].component];
	bool finishes = install_power_finishes(self, campaign, target, now_us);
	const char *words = NULL;

	for (unsigned i = 0; !words && i < c->n_conditions; i++) {
		if (!finishes || c->conditions[i].kind != CONDITION_IGNITION_OFF)
			words =
			    vehicle_conditions(&self->vehicle, now_us, &c->conditions[i], 1, text, GATEWAY_TEXT_BYTES);
	}
	return words;
}

static const char *asked_for(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			     uint64_t now_us, bool erased, char *text)
{
	static const struct condition with_ignition = {.kind = CONDITION_IGNITION_ON};
	const char *words = vehicle_conditions(&self->vehicle, now_us, campaign->doc.conditions,
					       campaign->doc.n_conditions, text, GATEWAY_TEXT_BYTES);

	for (unsigned i = 0; !words && i < campaign->n_targets; i++) {
		if (!(targets & (1u << i)))
			continue;
		words = component_asks_for(self, campaign, i, now_us, text);
		if (!words && campaign->targets[i].supply == PROFILE_SUPPLY_KL15) /* it dies with the ignition */
			words = erased && vehicle_ignition(&self->vehicle, now_us) == IGNITION_ON
				    ? NULL
				    : vehicle_conditions(&self->vehicle, now_us, &with_ignition, 1, text,
							 GATEWAY_TEXT_BYTES);
	}
	return words;
}

const char *policy_conditions(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			      uint64_t now_us, char *text)
{
	/* its speed may be what the erased ECU would tell: unknown must not strand it */
	if (vehicle_moving(&self->vehicle, now_us))
		return "the vehicle is moving";
	return asked_for(self, campaign, targets, now_us, true, text);
}

/* what the gateway asks for by itself before it takes a working ECU from the vehicle */
static const char *interlock(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			     uint64_t now_us, char *text)
{
	const struct vehicle *vehicle = &self->vehicle;
	struct condition conditions[2];
	bool finishes = targets != 0;
	size_t n = 0;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (targets & (1u << i))
			finishes = finishes && install_power_finishes(self, campaign, i, now_us);
	}
	if (vehicle->config.max_age_ms[VEHICLE_SPEED_KMH])
		conditions[n++] = (struct condition){.kind = CONDITION_STANDSTILL};
	if (vehicle->config.max_age_ms[VEHICLE_IGNITION] && !needs_ignition_on(campaign) && !finishes)
		conditions[n++] = (struct condition){.kind = CONDITION_IGNITION_OFF};
	return vehicle_conditions(vehicle, now_us, conditions, n, text, GATEWAY_TEXT_BYTES);
}

unsigned policy_may_install(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
			    uint64_t now_us, bool starting, char *text)
{
	uint64_t unix_ms = gateway_unix_ms(self, now_us);
	struct window_view view;
	char words[GATEWAY_TEXT_BYTES];
	const char *fails;

	if (!unix_ms)
		return plainly(text, GATEWAY_CODE_WAITING_TIME);
	view = campaign_window_view(self, campaign, now_us);
	if (campaign_window_over(self, campaign, now_us))
		return plainly(text, GATEWAY_CODE_WINDOW_PASSED);
	if (campaign->manifest.use_before_unix_s && unix_ms / 1000 >= campaign->manifest.use_before_unix_s)
		return plainly(text, GATEWAY_CODE_USE_BEFORE_PASSED);
	if (command_wanted(campaign))
		return plainly(text, command_wanted(campaign));
	if (campaign_window_unknown_zone(&campaign->doc)) /* its file was there when it was accepted */
		return because(text, GATEWAY_CODE_UNKNOWN_ZONE, campaign_window_unknown_zone(&campaign->doc));
	if (!window_view_open(&view, unix_ms / 1000))
		return plainly(text, GATEWAY_CODE_WAITING_WINDOW);
	if (starting && !window_view_fits(&view, unix_ms / 1000)) {
		snprintf(text, GATEWAY_TEXT_BYTES,
			 "waiting for a window with %llu s left, which the update may take with its way back",
			 (unsigned long long)view.need_s);
		return GATEWAY_CODE_WAITING_WINDOW;
	}
	if (unix_ms / 1000 < campaign->confirmed_start_unix_s)
		return plainly(text, GATEWAY_CODE_WAITING_START);
	if (campaign->doc.consent_required && !campaign->consent_given)
		return plainly(text, GATEWAY_CODE_WAITING_CONSENT);
	for (unsigned i = 0; starting && i < campaign->n_targets; i++) {
		uint8_t ecu = campaign->targets[i].ecu;

		if (campaign->targets[i].supply == PROFILE_SUPPLY_KL15_HELD)
			continue; /* not there before terminal 15 is held for it; the flash asks it who it is */
		if ((targets & (1u << i)) && (!self->ecus[ecu].present || (self->not_asked & (1u << ecu))))
			return because(text, GATEWAY_CODE_ECU_ABSENT, campaign->targets[i].doc.ecu);
	}
	fails = interlock(self, campaign, targets, now_us, words);
	if (!fails)
		fails = asked_for(self, campaign, targets, now_us, false, words);
	if (fails) {
		snprintf(text, GATEWAY_TEXT_BYTES, "%.150s", fails);
		return GATEWAY_CODE_WAITING_VEHICLE;
	}
	return GATEWAY_CODE_OK;
}
