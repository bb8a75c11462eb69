/* commands_intake - campaigns, checked before they are taken. */
#include "sim/oem_backend/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/validate.h"
#include "sim/oem_backend/director.h"
#include "sim/oem_backend/initiative.h"
#include "sim/oem_backend/intake_windows.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/session.h"
#include "sim/oem_backend/words.h"

#define MAX_TARGETS    32u
#define MAX_CONDITIONS 16u
#define MAX_SUPERSEDES 8u

/* the message and all that its pointers point to */
struct draft {
	Gu__Campaign campaign;
	Gu__FileRef manifest;
	Gu__Window window;
	uint8_t manifest_sha256[32];
	char id[65];
	char vehicle[65];
	Gu__Target targets[MAX_TARGETS];
	Gu__Target *target_list[MAX_TARGETS];
	char ecus[MAX_TARGETS][65];
	char hardware_ids[MAX_TARGETS][65];
	char serials[MAX_TARGETS][65];
	char components[MAX_TARGETS][65];
	Gu__FileRef rollback[MAX_TARGETS];
	uint8_t rollback_sha256[MAX_TARGETS][32];
	Gu__NoRollback no_rollback;
	Gu__Condition conditions[MAX_CONDITIONS];
	Gu__Condition *condition_list[MAX_CONDITIONS];
	char supersedes[MAX_SUPERSEDES][65];
	char *supersedes_list[MAX_SUPERSEDES];
	struct intake_windows windows;
	struct campaign_decision decision;
	char warnings[8][160];
	size_t n_warnings;
};

static void warn(struct draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct draft *draft, const char *format, ...)
{
	va_list args;

	if (draft->n_warnings == sizeof draft->warnings / sizeof draft->warnings[0])
		return;
	va_start(args, format);
	vsnprintf(draft->warnings[draft->n_warnings++], sizeof draft->warnings[0], format, args);
	va_end(args);
}

static bool read_word(const struct json_read *request, const char *path, const char *what,
		      const ProtobufCEnumDescriptor *type, int *value, struct json *answer)
{
	char text[WORD_BYTES];

	if (!json_read_text(request, path, text, sizeof text))
		return true; /* the default stays */
	if (word_parse(type, text, value) && *value != 0)
		return true;
	command_refuse(answer, "\"%s\" is no %s", text, what);
	return false;
}

static bool read_head(const struct json_read *request, struct draft *draft, struct json *answer)
{
	Gu__Campaign *campaign = &draft->campaign;
	char hex[HEX_BYTES];
	const char *wrong;

	if (!json_read_text(request, "$.id", draft->id, sizeof draft->id) ||
	    !json_read_text(request, "$.vehicle", draft->vehicle, sizeof draft->vehicle)) {
		command_refuse(answer, "a campaign needs an id and a vehicle of 1..64 bytes");
		return false;
	}
	if (!json_read_text(request, "$.manifest", hex, sizeof hex) || !hex_parse(hex, draft->manifest_sha256)) {
		command_refuse(answer, "campaign %s needs its manifest's SHA-256", draft->id);
		return false;
	}
	if (!json_read_uint(request, "$.start_unix_s", &draft->window.start_unix_s) ||
	    !json_read_uint(request, "$.end_unix_s", &draft->window.end_unix_s)) {
		command_refuse(answer, "campaign %s needs a window with start and end", draft->id);
		return false;
	}
	wrong = intake_windows_read(request, campaign, &draft->windows);
	if (wrong) {
		command_refuse(answer, "campaign %s: %s", draft->id, wrong);
		return false;
	}
	campaign->id = draft->id;
	campaign->manifest = &draft->manifest;
	draft->manifest.sha256 = (ProtobufCBinaryData){sizeof draft->manifest_sha256, draft->manifest_sha256};
	campaign->window = &draft->window;
	return true;
}

static bool read_lists(const struct json_read *request, struct draft *draft, struct json *answer)
{
	size_t n_conditions = json_read_count(request, "$.conditions");
	size_t n_supersedes = json_read_count(request, "$.supersedes");
	char path[64];

	if (n_conditions > MAX_CONDITIONS || n_supersedes > MAX_SUPERSEDES) {
		command_refuse(answer, "campaign %s has more than %u conditions or replaces more than %u campaigns",
			       draft->id, MAX_CONDITIONS, MAX_SUPERSEDES);
		return false;
	}
	for (size_t i = 0; i < n_conditions; i++) {
		Gu__Condition *condition = &draft->conditions[i];
		int kind = 0;
		uint64_t value;

		gu__condition__init(condition);
		snprintf(path, sizeof path, "$.conditions[%zu].kind", i);
		if (!read_word(request, path, "condition", &gu__condition_kind__descriptor, &kind, answer))
			return false;
		snprintf(path, sizeof path, "$.conditions[%zu].value", i);
		(void)json_read_uint(request, path, &value);
		condition->kind = (Gu__ConditionKind)kind;
		condition->value = (int64_t)value;
		draft->condition_list[i] = condition;
		if (kind >= (int)GU__CONDITION_KIND__CONDITION_KIND_GEAR_PARK)
			intake_feature(&draft->campaign, &draft->windows, "conditions-2");
	}
	for (size_t i = 0; i < n_supersedes; i++) {
		snprintf(path, sizeof path, "$.supersedes[%zu]", i);
		(void)json_read_text(request, path, draft->supersedes[i], sizeof draft->supersedes[i]);
		draft->supersedes_list[i] = draft->supersedes[i];
	}
	draft->campaign.n_conditions = n_conditions;
	draft->campaign.conditions = draft->condition_list;
	draft->campaign.n_supersedes = n_supersedes;
	draft->campaign.supersedes = draft->supersedes_list;
	return true;
}

/* a hardware id that is not given is the one that the vehicle registered */
static void complete_from_inventory(struct backend *backend, struct draft *draft, size_t i)
{
	sqlite3_stmt *stmt =
	    store_query(&backend->store, "SELECT hardware_id FROM ecu WHERE vehicle = ?1 AND name = ?2", "tt",
			draft->vehicle, draft->ecus[i]);

	if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *known = store_text(stmt, 0);

		if (!draft->hardware_ids[i][0])
			snprintf(draft->hardware_ids[i], sizeof draft->hardware_ids[i], "%s", known);
		else if (strcmp(known, draft->hardware_ids[i]) != 0)
			warn(draft, "ECU %s registered with hardware %s, the campaign is for %s", draft->ecus[i], known,
			     draft->hardware_ids[i]);
	} else {
		uint64_t known;

		if (store_uint(&backend->store, &known, "SELECT 1 FROM ecu WHERE vehicle = ?1", "t", draft->vehicle) ==
		    1)
			warn(draft, "vehicle %s has registered no ECU %s", draft->vehicle, draft->ecus[i]);
	}
	sqlite3_finalize(stmt);
}

static bool read_target(struct backend *backend, const struct json_read *request, struct draft *draft, size_t i,
			struct json *answer)
{
	Gu__Target *target = &draft->targets[i];
	char path[64], hex[HEX_BYTES];

	gu__target__init(target);
	snprintf(path, sizeof path, "$.targets[%zu].ecu", i);
	(void)json_read_text(request, path, draft->ecus[i], sizeof draft->ecus[i]);
	snprintf(path, sizeof path, "$.targets[%zu].hardware_id", i);
	(void)json_read_text(request, path, draft->hardware_ids[i], sizeof draft->hardware_ids[i]);
	snprintf(path, sizeof path, "$.targets[%zu].serial", i);
	(void)json_read_text(request, path, draft->serials[i], sizeof draft->serials[i]);
	snprintf(path, sizeof path, "$.targets[%zu].component", i);
	(void)json_read_text(request, path, draft->components[i], sizeof draft->components[i]);
	complete_from_inventory(backend, draft, i);
	target->ecu = draft->ecus[i];
	target->hardware_id = draft->hardware_ids[i];
	target->serial_number = draft->serials[i];
	target->component = draft->components[i];
	snprintf(path, sizeof path, "$.targets[%zu].rollback_sha256", i);
	if (json_read_text(request, path, hex, sizeof hex)) {
		Gu__FileRef *ref = &draft->rollback[i];

		gu__file_ref__init(ref);
		snprintf(path, sizeof path, "$.targets[%zu].rollback_length", i);
		if (!hex_parse(hex, draft->rollback_sha256[i]) || !json_read_uint(request, path, &ref->length)) {
			command_refuse(answer, "the rollback image of ECU %s needs a SHA-256 and a length",
				       draft->ecus[i]);
			return false;
		}
		ref->sha256 = (ProtobufCBinaryData){32, draft->rollback_sha256[i]};
		target->rollback_case = GU__TARGET__ROLLBACK_ROLLBACK_IMAGE;
		target->rollback_image = ref;
	} else {
		target->rollback_case = GU__TARGET__ROLLBACK_NO_ROLLBACK;
		target->no_rollback = &draft->no_rollback;
	}
	draft->target_list[i] = target;
	return true;
}

static bool read_targets(struct backend *backend, const struct json_read *request, struct draft *draft,
			 struct json *answer)
{
	size_t n = json_read_count(request, "$.targets");

	if (n == 0 || n > MAX_TARGETS) {
		command_refuse(answer, "campaign %s needs 1..%u targets, has %zu", draft->id, MAX_TARGETS, n);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!read_target(backend, request, draft, i, answer))
			return false;
	}
	draft->campaign.n_targets = n;
	draft->campaign.targets = draft->target_list;
	return true;
}

static bool fits(const Gu__Component *component, const char *hardware_id)
{
	for (size_t i = 0; i < component->n_hardware_ids; i++) {
		if (strcmp(component->hardware_ids[i], hardware_id) == 0)
			return true;
	}
	return false;
}

/* what a vehicle would refuse because of the manifest is refused here already; then the strategy reads it */
static bool check_manifest(struct backend *backend, const struct json_read *request, struct draft *draft,
			   struct json *answer)
{
	uint8_t *bytes;
	size_t n;
	char hex[HEX_BYTES];
	bool good;

	hex_of(draft->manifest_sha256, hex);
	if (blobs_read(backend->config->blob_dir, draft->manifest_sha256, MANIFEST_MAX_BYTES, &bytes, &n)) {
		command_refuse(answer, "the backend has no manifest %s; add it with `oemctl manifest add FILE`", hex);
		return false;
	}
	Gu__Manifest *manifest = manifest_open(backend, hex, bytes, n, answer);
	free(bytes);
	if (!manifest)
		return false;
	good = manifest_has_files(backend, manifest, answer);
	for (size_t i = 0; good && i < draft->campaign.n_targets; i++) {
		const Gu__Component *component = NULL;

		for (size_t j = 0; j < manifest->n_components; j++) {
			if (strcmp(manifest->components[j]->name, draft->components[i]) == 0)
				component = manifest->components[j];
		}
		good = component && fits(component, draft->hardware_ids[i]);
		if (!component)
			command_refuse(answer, "ECU %s: the manifest %s has no component \"%s\"", draft->ecus[i],
				       manifest->id, draft->components[i]);
		else if (!good && !draft->hardware_ids[i][0])
			command_refuse(answer,
				       "ECU %s: no vehicle concerned has registered an ECU of this name; if it"
				       " will, say its hardware_id",
				       draft->ecus[i]);
		else if (!good)
			command_refuse(answer, "ECU %s: component %s of manifest %s does not fit hardware \"%s\"",
				       draft->ecus[i], component->name, manifest->id, draft->hardware_ids[i]);
	}
	good = good && campaign_decide(backend, request, manifest, &draft->campaign, &draft->decision, answer);
	envelope_free_manifest(manifest);
	return good;
}

static int insert(struct backend *backend, const struct draft *draft)
{
	size_t n = gu__campaign__get_packed_size(&draft->campaign);
	uint8_t *spec = malloc(n ? n : 1);
	int status = spec ? 0 : -ENOMEM;

	if (!status) {
		gu__campaign__pack(&draft->campaign, spec);
		status = store_exec(&backend->store,
				    "INSERT INTO campaign(id, vehicle, spec, created_unix_s, updated_unix_s)"
				    " VALUES(?1, ?2, ?3, ?4, ?4)",
				    "ttbu", draft->id, draft->vehicle, spec, n, backend_now_s());
	}
	free(spec);
	if (!status)
		status = store_exec(&backend->store, "INSERT INTO decision(campaign, rule, why) VALUES(?1, ?2, ?3)",
				    "ttt", draft->id, draft->decision.rule, draft->decision.why);
	for (size_t i = 0; !status && i < draft->campaign.n_targets; i++)
		status = store_exec(&backend->store,
				    "INSERT OR IGNORE INTO target(campaign, ecu, position) VALUES(?1, ?2, ?3)", "ttu",
				    draft->id, draft->ecus[i], (uint64_t)i);
	return status;
}

/* Return: 0 or not, with the answer written */
static int commit(struct backend *backend, struct draft *draft, struct json *answer)
{
	struct store *store = &backend->store;
	char error[256] = "the database failed";
	uint64_t n;
	int status = store_uint(store, &n, "SELECT 1 FROM campaign WHERE id = ?1", "t", draft->id);

	if (status == 1) {
		command_refuse(answer, "there is a campaign %s already; ids are never used twice", draft->id);
		return 1;
	}
	status = store_uint(store, &n, "SELECT count(*) FROM campaign WHERE vehicle = ?1 AND removed IS NULL", "t",
			    draft->vehicle);
	if (status == 1 && n >= DIRECTOR_MAX_CAMPAIGNS) {
		command_refuse(answer,
			       "vehicle %s has %llu campaigns, as many as fit; `oemctl campaign close ID` one that is"
			       " over first",
			       draft->vehicle, (unsigned long long)n);
		return 1;
	}
	status = store_begin(store);
	if (!status) {
		status = insert(backend, draft);
		if (!status)
			status = director_rebuild(backend, draft->vehicle, error);
		if (status)
			store_rollback(store);
		else
			status = store_commit(store);
	}
	if (status)
		command_refuse(answer, "campaign %s was not added: %s", draft->id, error);
	return status;
}

static bool read_draft(struct backend *backend, const struct json_read *request, struct draft *draft,
		       struct json *answer)
{
	uint64_t length;

	if (!read_head(request, draft, answer) || !read_lists(request, draft, answer) ||
	    !read_targets(backend, request, draft, answer))
		return false;
	/* unchecked: for tests of what a vehicle itself refuses; nothing is known of the manifest then */
	bool good = json_read_bool(request, "$.unchecked")
			? campaign_decide(backend, request, NULL, &draft->campaign, &draft->decision, answer)
			: check_manifest(backend, request, draft, answer);
	if (!good)
		return false;
	if ((int)draft->campaign.mode != draft->decision.fixed_mode)
		warn(draft, "campaign %s has another mode than the backend fixes for its ECUs: the vehicle declines it",
		     draft->id);
	if (draft->campaign.mode == GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED &&
	    initiative_takes_no_trigger(backend, draft->vehicle))
		warn(draft, "vehicle %s takes no triggers (it has not the feature modes-1): it is negotiated with",
		     draft->vehicle);
	if (draft->campaign.deadline_unix_s && draft->campaign.deadline_unix_s <= draft->window.start_unix_s) {
		command_refuse(answer,
			       "campaign %s: its deadline is over when its window opens; nothing could be installed",
			       draft->id);
		return false;
	}
	if (draft->campaign.deadline_unix_s)
		intake_feature(&draft->campaign, &draft->windows, VALIDATE_DEADLINE);
	int fd = blobs_open(backend->config->blob_dir, draft->manifest_sha256, &length);
	if (fd < 0) {
		command_refuse(answer, "campaign %s: the backend has no file of its manifest's digest", draft->id);
		return false;
	}
	close(fd);
	draft->manifest.length = length;
	return true;
}

static struct draft *draft_new(struct json *answer)
{
	struct draft *draft = calloc(1, sizeof *draft);

	if (!draft) {
		command_refuse(answer, "out of memory");
		return NULL;
	}
	gu__campaign__init(&draft->campaign);
	gu__file_ref__init(&draft->manifest);
	gu__window__init(&draft->window);
	gu__no_rollback__init(&draft->no_rollback);
	return draft;
}

bool campaign_try(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct draft *draft = draft_new(answer);
	bool good = draft && read_draft(backend, request, draft, answer);

	free(draft);
	return good;
}

void command_campaign_add(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct draft *draft = draft_new(answer);

	if (!draft)
		return;
	if (read_draft(backend, request, draft, answer) && commit(backend, draft, answer) == 0) {
		backend_log("campaign %s: added for vehicle %s", draft->id, draft->vehicle);
		json_object(answer);
		json_key(answer, "ok");
		json_bool(answer, true);
		json_key(answer, "id");
		json_string(answer, draft->id);
		json_key(answer, "online");
		json_bool(answer, backend_session(backend, draft->vehicle) != NULL);
		json_key(answer, "warnings");
		json_array(answer);
		for (size_t i = 0; i < draft->n_warnings; i++)
			json_string(answer, draft->warnings[i]);
		json_array_end(answer);
		json_object_end(answer);
		session_offer(backend, draft->vehicle);
	}
	free(draft);
}
