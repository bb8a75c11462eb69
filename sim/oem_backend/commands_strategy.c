/* commands_strategy - what the strategy makes of a campaign, and its answers to `oemctl strategy`. */
#include "sim/oem_backend/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/answer.h"
#include "sim/oem_backend/mode_table.h"
#include "sim/oem_backend/words.h"

#define MAX_TARGETS    128u /* of a vehicle's inventory */
#define MODE_OF_NOBODY GU__UPDATE_MODE__UPDATE_MODE_UNSPECIFIED

/* --- campaigns */

static bool read_word(const struct json_read *request, const char *path, const char *what,
		      const ProtobufCEnumDescriptor *type, int *value, struct json *answer)
{
	char given[WORD_BYTES];

	if (!json_read_has(request, path))
		return true; /* not said */
	if (json_read_text(request, path, given, sizeof given) && word_parse(type, given, value) && *value != 0)
		return true;
	command_refuse(answer, "\"%s\" is no %s", given, what);
	return false;
}

/* what the class gives; an urgency that a person gave is that person's word on the rest too, and leaves the author's */
static void decide(const struct backend *backend, const struct strategy_facts *facts, int urgency,
		   struct strategy_verdict *verdict, struct campaign_decision *decision)
{
	const struct strategy *strategy = backend->strategy;

	*verdict = (struct strategy_verdict){.urgency = urgency ? urgency : GU__URGENCY__URGENCY_NORMAL};
	verdict->deadline_unix_s = facts->deadline_unix_s;
	verdict->deadline_of_author = facts->deadline_unix_s != 0;
	if (urgency) {
		snprintf(decision->why, sizeof decision->why, "the urgency was given");
	} else if (strategy && strategy_decide(strategy, facts, verdict)) {
		const struct strategy_rule *rule = &strategy->rules[verdict->rule];

		snprintf(decision->rule, sizeof decision->rule, "%s", rule->name);
		(void)strategy_rule_holds(rule, facts, decision->why);
	} else {
		snprintf(decision->why, sizeof decision->why, "the backend has no strategy");
	}
}

bool campaign_decide(struct backend *backend, const struct json_read *request, const Gu__Manifest *manifest,
		     Gu__Campaign *campaign, struct campaign_decision *decision, struct json *answer)
{
	struct strategy_target targets[MAX_TARGETS];
	struct strategy_verdict verdict;
	struct strategy_facts facts;
	struct mode_table table;
	int urgency = 0, mode = 0;
	uint64_t value;

	*decision = (struct campaign_decision){.rule = ""};
	if (json_read_has(request, "$.retry_pause_s") &&
	    (!json_read_uint(request, "$.retry_pause_s", &value) || value > STRATEGY_MAX_PAUSE_S)) {
		command_refuse(answer, "the pause between attempts is 0..%u seconds", STRATEGY_MAX_PAUSE_S);
		return false;
	}
	if (!read_word(request, "$.urgency", "urgency", &gu__urgency__descriptor, &urgency, answer) ||
	    !read_word(request, "$.mode", "update mode", &gu__update_mode__descriptor, &mode, answer))
		return false;
	strategy_facts_of(&facts, manifest ? manifest->id : "", manifest ? manifest->severity : NULL, backend_now_s());
	for (size_t i = 0; i < campaign->n_targets && i < MAX_TARGETS; i++)
		targets[i] = (struct strategy_target){campaign->targets[i]->ecu, campaign->targets[i]->hardware_id};
	facts.targets = targets;
	facts.n_targets = campaign->n_targets < MAX_TARGETS ? campaign->n_targets : MAX_TARGETS;
	decide(backend, &facts, urgency, &verdict, decision);
	mode_table_of(backend, &table);
	for (size_t i = 0; i < facts.n_targets; i++)
		decision->fixed_mode =
		    strategy_mode_combine(decision->fixed_mode, strategy_mode_for(table.modes, table.n, table.otherwise,
										  targets[i].ecu, verdict.urgency));
	campaign->urgency = (Gu__Urgency)verdict.urgency;
	campaign->mode = (Gu__UpdateMode)(json_read_has(request, "$.mode") ? mode : decision->fixed_mode);
	campaign->consent_required = json_read_has(request, "$.consent_required")
					 ? json_read_bool(request, "$.consent_required")
					 : verdict.consent_required;
	/* 0 is not said */
	campaign->deadline_unix_s =
	    json_read_uint(request, "$.deadline_unix_s", &value) && value ? value : verdict.deadline_unix_s;
	campaign->retry_pause_s =
	    json_read_uint(request, "$.retry_pause_s", &value) && value ? (uint32_t)value : verdict.retry_pause_s;
	return true;
}

/* --- strategy show */

static void class_answer(struct json *answer, const struct strategy *strategy, int urgency)
{
	const struct strategy_class *class = &strategy->classes[urgency];

	json_object(answer);
	answer_word(answer, "urgency", &gu__urgency__descriptor, urgency);
	answer_number(answer, "deadline_days", class->deadline_days);
	answer_number(answer, "retry_pause_s", class->retry_pause_s);
	answer_boolean(answer, "consent_required", class->consent);
	json_object_end(answer);
}

static void join(char *out, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void join(char *out, size_t cap, const char *format, ...)
{
	size_t n = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + n, cap - n, format, args);
	va_end(args);
}

/* the conditions as the file says them, for people */
static void conditions_words(const struct strategy_when *when, char out[1024])
{
	char name[WORD_BYTES];

	out[0] = '\0';
	if (when->score)
		join(out, 1024, "score %u..%u; ", (unsigned)when->score->min, (unsigned)when->score->max);
	if (when->safety_relevant)
		join(out, 1024, "safety_relevant %s; ", when->safety_relevant == STRATEGY_YES ? "true" : "false");
	if (when->exploited_in_field)
		join(out, 1024, "exploited_in_field %s; ", when->exploited_in_field == STRATEGY_YES ? "true" : "false");
	for (unsigned i = 0; i < when->change_count; i++)
		join(out, 1024, "%s%s%s", i ? " or " : "change ",
		     word_of(&gu__change_kind__descriptor, when->change[i], name),
		     i + 1 == when->change_count ? "; " : "");
	if (when->deadline_within_days)
		join(out, 1024, "deadline within %u days; ", (unsigned)*when->deadline_within_days);
	for (unsigned i = 0; i < when->ecus_count; i++)
		join(out, 1024, "%s%s%s", i ? " or " : "ECU ", when->ecus[i], i + 1 == when->ecus_count ? "; " : "");
	for (unsigned i = 0; i < when->hardware_ids_count; i++)
		join(out, 1024, "%s%s%s", i ? " or " : "hardware ", when->hardware_ids[i],
		     i + 1 == when->hardware_ids_count ? "; " : "");
	if (when->manifest)
		join(out, 1024, "manifest %s*; ", when->manifest);
	size_t n = strlen(out);
	if (n >= 2)
		out[n - 2] = '\0';
	else
		snprintf(out, 1024, "anything");
}

static void modes_answer(const struct backend *backend, struct json *answer)
{
	struct mode_table table;

	mode_table_of(backend, &table);
	json_key(answer, "modes");
	json_array(answer);
	for (size_t i = 0; i <= table.n; i++) {
		json_object(answer);
		answer_text(answer, "ecu", i < table.n && table.modes[i].ecu ? table.modes[i].ecu : "");
		if (i < table.n && table.modes[i].urgency)
			answer_word(answer, "urgency", &gu__urgency__descriptor, table.modes[i].urgency);
		else
			answer_text(answer, "urgency", "");
		answer_word(answer, "mode", &gu__update_mode__descriptor,
			    i < table.n ? table.modes[i].mode : table.otherwise);
		json_object_end(answer);
	}
	json_array_end(answer);
}

static bool has_strategy(const struct backend *backend, struct json *answer)
{
	if (backend->strategy)
		return true;
	command_refuse(answer, "the backend has no strategy; its configuration's key `strategy` names the file");
	return false;
}

void command_strategy_show(struct backend *backend, const struct json_read *request, struct json *answer)
{
	const struct strategy *strategy = backend->strategy;
	char words[1024];

	(void)request;
	if (!has_strategy(backend, answer))
		return;
	json_object(answer);
	answer_boolean(answer, "ok", true);
	answer_text(answer, "file", backend->config->strategy);
	json_key(answer, "rules");
	json_array(answer);
	for (unsigned i = 0; i < strategy->rules_count; i++) {
		json_object(answer);
		answer_text(answer, "name", strategy->rules[i].name);
		conditions_words(&strategy->rules[i].when, words);
		answer_text(answer, "when", words);
		answer_word(answer, "urgency", &gu__urgency__descriptor, strategy->rules[i].urgency);
		json_object_end(answer);
	}
	json_array_end(answer);
	json_key(answer, "classes");
	json_array(answer);
	for (int urgency = GU__URGENCY__URGENCY_CRITICAL; urgency >= GU__URGENCY__URGENCY_LOW; urgency--)
		class_answer(answer, strategy, urgency);
	json_array_end(answer);
	modes_answer(backend, answer);
	json_object_end(answer);
}

/* --- strategy test */

struct inventory {
	char ecus[MAX_TARGETS][65];
	char hardware_ids[MAX_TARGETS][65];
	struct strategy_target targets[MAX_TARGETS];
	size_t n;
};

static void keep(struct inventory *self, const char *ecu, const char *hardware_id)
{
	if (self->n == MAX_TARGETS)
		return;
	snprintf(self->ecus[self->n], sizeof self->ecus[0], "%s", ecu);
	snprintf(self->hardware_ids[self->n], sizeof self->hardware_ids[0], "%s", hardware_id);
	self->targets[self->n] = (struct strategy_target){self->ecus[self->n], self->hardware_ids[self->n]};
	self->n++;
}

static bool has_hardware(const Gu__Manifest *manifest, const char *hardware_id)
{
	for (size_t i = 0; i < manifest->n_components; i++) {
		for (size_t j = 0; j < manifest->components[i]->n_hardware_ids; j++) {
			if (strcmp(manifest->components[i]->hardware_ids[j], hardware_id) == 0)
				return true;
		}
	}
	return false;
}

/* the vehicle's ECUs that the manifest has something for; without a vehicle all hardware that it names. Return: false
 * with the answer written if the vehicle is not known or has none */
static bool find_targets(struct backend *backend, const char *vehicle, const Gu__Manifest *manifest,
			 struct inventory *found, struct json *answer)
{
	found->n = 0;
	if (!vehicle[0]) {
		for (size_t i = 0; i < manifest->n_components; i++) {
			for (size_t j = 0; j < manifest->components[i]->n_hardware_ids; j++)
				keep(found, "", manifest->components[i]->hardware_ids[j]);
		}
		return true;
	}
	sqlite3_stmt *stmt = store_query(
	    &backend->store, "SELECT name, hardware_id FROM ecu WHERE vehicle = ?1 ORDER BY position", "t", vehicle);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		if (has_hardware(manifest, store_text(stmt, 1)))
			keep(found, store_text(stmt, 0), store_text(stmt, 1));
	}
	sqlite3_finalize(stmt);
	if (found->n > 0)
		return true;
	command_refuse(
	    answer,
	    "vehicle %s has registered no ECU that manifest %s is for; `oemctl vehicle show %s` shows what it"
	    " has",
	    vehicle, manifest->id, vehicle);
	return false;
}

static void rules_answer(const struct strategy *strategy, const struct strategy_facts *facts, struct json *answer)
{
	char why[STRATEGY_WHY_BYTES];
	bool decided = false;

	json_key(answer, "rules");
	json_array(answer);
	for (unsigned i = 0; i < strategy->rules_count; i++) {
		bool holds = strategy_rule_holds(&strategy->rules[i], facts, why);

		json_object(answer);
		answer_text(answer, "name", strategy->rules[i].name);
		answer_text(answer, "result", decided ? "not asked" : holds ? "decides" : "no");
		answer_text(answer, "why", decided ? "" : why);
		answer_word(answer, "urgency", &gu__urgency__descriptor, strategy->rules[i].urgency);
		json_object_end(answer);
		decided = decided || holds;
	}
	json_array_end(answer);
}

static void test_modes(const struct backend *backend, const struct inventory *found, int urgency, struct json *answer)
{
	struct mode_table table;
	int combined = MODE_OF_NOBODY;

	mode_table_of(backend, &table);
	json_key(answer, "ecus");
	json_array(answer);
	for (size_t i = 0; i < found->n; i++) {
		int mode = strategy_mode_for(table.modes, table.n, table.otherwise, found->ecus[i], urgency);

		combined = strategy_mode_combine(combined, mode);
		if (!found->ecus[i][0])
			continue;
		json_object(answer);
		answer_text(answer, "ecu", found->ecus[i]);
		answer_text(answer, "hardware_id", found->hardware_ids[i]);
		answer_word(answer, "mode", &gu__update_mode__descriptor, mode);
		json_object_end(answer);
	}
	json_array_end(answer);
	answer_word(answer, "mode", &gu__update_mode__descriptor, combined);
}

static void test(struct backend *backend, const char *vehicle, const Gu__Manifest *manifest, struct json *answer)
{
	const struct strategy *strategy = backend->strategy;
	struct strategy_verdict verdict;
	struct strategy_facts facts;
	struct inventory *found = calloc(1, sizeof *found);

	if (!found) {
		command_refuse(answer, "out of memory");
		return;
	}
	if (find_targets(backend, vehicle, manifest, found, answer)) {
		strategy_facts_of(&facts, manifest->id, manifest->severity, backend_now_s());
		facts.targets = found->targets;
		facts.n_targets = found->n;
		(void)strategy_decide(strategy, &facts, &verdict); /* the last rule takes all */
		json_object(answer);
		answer_boolean(answer, "ok", true);
		answer_text(answer, "manifest", manifest->id);
		answer_text(answer, "vehicle", vehicle);
		answer_number(answer, "score", facts.score);
		answer_boolean(answer, "safety_relevant", facts.safety_relevant);
		answer_boolean(answer, "exploited_in_field", facts.exploited_in_field);
		answer_word(answer, "change", &gu__change_kind__descriptor, facts.change);
		answer_number(answer, "author_deadline_unix_s", facts.deadline_unix_s);
		answer_text(answer, "rule", strategy->rules[verdict.rule].name);
		answer_word(answer, "urgency", &gu__urgency__descriptor, verdict.urgency);
		answer_number(answer, "deadline_unix_s", verdict.deadline_unix_s);
		answer_text(answer, "deadline_from",
			    verdict.deadline_unix_s == 0 ? ""
			    : verdict.deadline_of_author ? "author"
							 : "class");
		answer_number(answer, "retry_pause_s", verdict.retry_pause_s);
		answer_boolean(answer, "consent_required", verdict.consent_required);
		test_modes(backend, found, verdict.urgency, answer);
		rules_answer(strategy, &facts, answer);
		json_object_end(answer);
	}
	free(found);
}

void command_strategy_test(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char path[4096], vehicle[65], hex[HEX_BYTES];
	uint8_t sha256[32], *bytes;
	size_t n;
	int status;

	if (!has_strategy(backend, answer))
		return;
	(void)json_read_text(request, "$.vehicle", vehicle, sizeof vehicle);
	if (json_read_text(request, "$.sha256", hex, sizeof hex) && hex_parse(hex, sha256)) {
		snprintf(path, sizeof path, "%s", hex);
		status = blobs_read(backend->config->blob_dir, sha256, MANIFEST_MAX_BYTES, &bytes, &n);
	} else if (json_read_text(request, "$.path", path, sizeof path)) {
		status = manifest_read_file(path, &bytes, &n);
	} else {
		command_refuse(answer, "strategy-test needs a manifest");
		return;
	}
	if (status) {
		command_refuse(answer, "cannot read the manifest %s: %s", path, strerror(-status));
		return;
	}
	Gu__Manifest *manifest = manifest_open(backend, path, bytes, n, answer);
	free(bytes);
	if (manifest)
		test(backend, vehicle, manifest, answer);
	envelope_free_manifest(manifest);
}
