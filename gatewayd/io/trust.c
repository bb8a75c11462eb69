#include "gatewayd/io/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/log.h"
#include "gatewayd/io/zone_load.h"
#include "proto/crypto.h"

#define KEY_FILE_MAX_BYTES 16384u

struct trust {
	struct trust_role author;
	struct trust_role director;
	struct trust_role time;
	char zoneinfo_dir[CONFIG_PATH_BYTES];
};

static int load_key(const char *path, const char *where, struct crypto_key **key, char *text, size_t n_text)
{
	char pem[KEY_FILE_MAX_BYTES];
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file) {
		snprintf(text, n_text, "%s%s: %s", where, path, strerror(errno));
		return 1;
	}
	n = fread(pem, 1, sizeof(pem), file);
	fclose(file);
	*key = crypto_key_public(pem, n);
	if (*key)
		return 0;
	snprintf(text, n_text, "%s%s: not a public key (PEM, Ed25519 or ECDSA P-256)", where, path);
	return 1;
}

static bool is_key(const struct crypto_key *key, const struct trust_role *role, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(crypto_key_id(key), crypto_key_id(role->keys[i]), 32) == 0)
			return true;
	return false;
}

/* the key of the configuration that names a key file */
static void where_of(const struct config *config, const char *role, const struct config_key_list *list, size_t i,
		     char where[CONFIG_WHERE_BYTES])
{
	char key[48];

	snprintf(key, sizeof(key), "trust.%s.keys[%zu]", role, i);
	config_where(config, list->lines[i], key, where, CONFIG_WHERE_BYTES);
}

static int load_role(const struct config *config, const char *name, const struct config_key_list *list, Gu__Role role,
		     struct trust_role *out, char *text, size_t n_text)
{
	char where[CONFIG_WHERE_BYTES];

	out->role = role;
	out->threshold = list->threshold;
	for (size_t i = 0; i < list->n; i++) {
		where_of(config, name, list, i, where);
		if (load_key(list->files[i], where, &out->keys[i], text, n_text))
			return 1;
		out->n_keys++;
		/* it counts once, and so the threshold may never be reached */
		if (is_key(out->keys[i], out, i)) {
			snprintf(text, n_text, "%s%s: the same key is listed twice for this role", where,
				 list->files[i]);
			return 1;
		}
	}
	return 0;
}

/* what one key can sign alone, the other role does not guard any more */
static int check_apart(const struct config *config, const struct trust *self, char *text, size_t n_text)
{
	char where[CONFIG_WHERE_BYTES];

	for (size_t i = 0; i < self->director.n_keys; i++) {
		if (!is_key(self->director.keys[i], &self->author, self->author.n_keys))
			continue;
		where_of(config, "director", &config->director_keys, i, where);
		snprintf(text, n_text, "%s%s: is an author's key too: neither role may install anything alone", where,
			 config->director_keys.files[i]);
		return 1;
	}
	return 0;
}

int trust_load(const struct config *config, struct trust **trust, char *text, size_t n_text)
{
	struct trust *self = calloc(1, sizeof(*self));

	if (!self) {
		snprintf(text, n_text, "out of memory");
		return 1;
	}
	snprintf(self->zoneinfo_dir, sizeof(self->zoneinfo_dir), "%s", config->zoneinfo_dir);
	if (load_role(config, "author", &config->author_keys, GU__ROLE__ROLE_AUTHOR, &self->author, text, n_text) ||
	    load_role(config, "director", &config->director_keys, GU__ROLE__ROLE_DIRECTOR, &self->director, text,
		      n_text) ||
	    load_role(config, "time", &config->time_keys, GU__ROLE__ROLE_TIME, &self->time, text, n_text) ||
	    check_apart(config, self, text, n_text)) {
		trust_free(self);
		return 1;
	}
	*trust = self;
	return 0;
}

void trust_free(struct trust *self)
{
	struct trust_role *roles[3];

	if (!self)
		return;
	roles[0] = &self->author;
	roles[1] = &self->director;
	roles[2] = &self->time;
	for (size_t r = 0; r < 3; r++)
		for (size_t i = 0; i < roles[r]->n_keys; i++)
			crypto_key_free(roles[r]->keys[i]);
	free(self);
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

void trust_director_digest(const struct trust *self, uint8_t sha256[32])
{
	uint8_t bytes[1 + sizeof(self->director.keys) / sizeof(self->director.keys[0]) * 32];
	const size_t n = self->director.n_keys;

	bytes[0] = (uint8_t)self->director.threshold;
	for (size_t i = 0; i < n; i++)
		memcpy(bytes + 1 + i * 32, crypto_key_id(self->director.keys[i]), 32);
	qsort(bytes + 1, n, 32, compare_ids);
	crypto_sha256(bytes, 1 + n * 32, sha256);
}

static unsigned code_of(enum envelope_verdict verdict)
{
	switch (verdict) {
	case ENVELOPE_OK:
		return GATEWAY_CODE_OK;
	case ENVELOPE_MALFORMED:
		return GATEWAY_CODE_MALFORMED;
	case ENVELOPE_WRONG_TYPE:
		return GATEWAY_CODE_WRONG_TYPE;
	case ENVELOPE_BAD_SIGNATURE:
		return GATEWAY_CODE_BAD_SIGNATURE;
	case ENVELOPE_EXPIRED:
		return GATEWAY_CODE_EXPIRED;
	case ENVELOPE_ROLLBACK:
		return GATEWAY_CODE_ROLLBACK;
	case ENVELOPE_UNKNOWN_FEATURE:
		return GATEWAY_CODE_UNKNOWN_FEATURE;
	case ENVELOPE_UNKNOWN_VALUE:
		return GATEWAY_CODE_UNKNOWN_VALUE;
	case ENVELOPE_INVALID:
		return GATEWAY_CODE_INVALID;
	case ENVELOPE_NO_MEMORY:
		return GATEWAY_CODE_NO_MEMORY;
	}
	return GATEWAY_CODE_MALFORMED;
}

static unsigned refuse(const char *what, const struct envelope_error *error, char *text, size_t n_text)
{
	snprintf(text, n_text, "%s: %s%s%s", what, envelope_verdict_text(error->verdict), error->detail[0] ? ": " : "",
		 error->detail);
	return code_of(error->verdict);
}

/* --- protobuf to plain values; lengths and counts were validated by envelope_open_*() */

static void copy_text(char *out, size_t n, const char *text)
{
	snprintf(out, n, "%s", text ? text : "");
}

static void copy_file(struct file_ref *out, const Gu__FileRef *in)
{
	if (!in || in->sha256.len != sizeof(out->sha256))
		return;
	memcpy(out->sha256, in->sha256.data, sizeof(out->sha256));
	out->length = in->length;
}

/* Return: false if there are more than the core holds */
static bool copy_conditions(struct condition *out, uint8_t *n, Gu__Condition *const *in, size_t n_in)
{
	if (n_in > GATEWAY_MAX_CONDITIONS)
		return false;
	for (size_t i = 0; i < n_in; i++)
		out[i] = (struct condition){.kind = (enum condition_kind)in[i]->kind, .value = in[i]->value};
	*n = (uint8_t)n_in;
	return true;
}

static enum image_format format_of(Gu__ImageFormat format)
{
	if (format == GU__IMAGE_FORMAT__IMAGE_FORMAT_IHEX)
		return IMAGE_IHEX;
	return format == GU__IMAGE_FORMAT__IMAGE_FORMAT_SREC ? IMAGE_SREC : IMAGE_RAW;
}

/*
 * What base-1's messages can say and this gateway cannot do yet. To take it and leave it out would lose coding, flash a
 * RAM driver as if it were flash, or fetch from where the author did not mean.
 * Return: NULL, or the field.
 */
static const char *beyond_us(const Gu__Manifest *manifest)
{
	for (size_t c = 0; c < manifest->n_components; c++) {
		const Gu__Component *component = manifest->components[c];

		if (component->n_preserve_dids)
			return "preserve_dids";
		for (size_t u = 0; u < component->n_units; u++) {
			const Gu__SoftwareUnit *unit = component->units[u];

			if (unit->kind == GU__UNIT_KIND__UNIT_KIND_RAM_DRIVER)
				return "units of kind RAM driver";
			for (size_t s = 0; s < unit->n_sources; s++)
				if (strcmp(unit->sources[s], "session:") != 0)
					return "sources other than session:";
		}
	}
	return NULL;
}

static bool copy_component(struct component_doc *out, const Gu__Component *in)
{
	const size_t max_hardware = sizeof(out->hardware_ids) / sizeof(out->hardware_ids[0]);

	if (in->n_hardware_ids > max_hardware || in->n_units > GATEWAY_MAX_UNITS ||
	    !copy_conditions(out->conditions, &out->n_conditions, in->conditions, in->n_conditions))
		return false;
	copy_text(out->name, sizeof(out->name), in->name);
	for (size_t i = 0; i < in->n_hardware_ids; i++)
		copy_text(out->hardware_ids[i], sizeof(out->hardware_ids[i]), in->hardware_ids[i]);
	out->n_hardware_ids = (uint8_t)in->n_hardware_ids;
	copy_file(&out->profile, in->profile);
	out->driver_return = in->driver_return == GU__DRIVER_RETURN__DRIVER_RETURN_FINISH_INHIBITED
				 ? DRIVER_RETURN_FINISH_INHIBITED
				 : DRIVER_RETURN_STOP;
	out->release_counter = in->release_counter;
	for (size_t i = 0; i < in->n_functions_lost && i < GATEWAY_MAX_FUNCTIONS; i++, out->n_functions_lost++)
		copy_text(out->functions_lost[i], sizeof(out->functions_lost[i]), in->functions_lost[i]);
	for (size_t i = 0; i < in->n_units; i++) {
		struct unit_doc *unit = &out->units[i];

		unit->kind = (unsigned)in->units[i]->kind;
		unit->format = format_of(in->units[i]->format);
		unit->base_address = in->units[i]->base_address;
		copy_file(&unit->image, in->units[i]->image);
		copy_text(unit->expected_version, sizeof(unit->expected_version), in->units[i]->expected_version);
	}
	out->n_units = (uint8_t)in->n_units;
	return true;
}

static bool copy_manifest(struct manifest_doc *out, const Gu__Manifest *in)
{
	if (in->n_components > GATEWAY_MAX_TARGETS)
		return false;
	copy_text(out->id, sizeof(out->id), in->id);
	out->use_before_unix_s = in->use_before_unix_s;
	for (size_t i = 0; i < in->n_components; i++)
		if (!copy_component(&out->components[i], in->components[i]))
			return false;
	out->n_components = (uint8_t)in->n_components;
	for (size_t i = 0; i < in->n_texts && i < GATEWAY_MAX_TEXTS; i++, out->n_texts++) {
		copy_text(out->texts[i].language, sizeof(out->texts[i].language), in->texts[i]->language);
		copy_text(out->texts[i].title, sizeof(out->texts[i].title), in->texts[i]->title);
		copy_text(out->texts[i].body, sizeof(out->texts[i].body), in->texts[i]->body);
	}
	for (size_t i = 0; i < in->n_rxswin && i < GATEWAY_MAX_RXSWIN; i++, out->n_rxswin++) {
		copy_text(out->rxswin[i].regulation, sizeof(out->rxswin[i].regulation), in->rxswin[i]->regulation);
		copy_text(out->rxswin[i].value, sizeof(out->rxswin[i].value), in->rxswin[i]->value);
	}
	return true;
}

/* a zone that is not there leaves its window closed; the core declines the campaign */
static bool copy_recurring(const struct trust *self, struct campaign_doc *out, const Gu__Campaign *in)
{
	char text[300];

	if (in->n_recurring > WINDOW_MAX_RECURRING)
		return false;
	for (size_t i = 0; i < in->n_recurring; i++) {
		struct window_recurrence *r = &out->recurring[i];

		r->days = (uint8_t)in->recurring[i]->days;
		r->start_minute = (uint16_t)in->recurring[i]->start_minute;
		r->duration_s = in->recurring[i]->duration_s;
		copy_text(r->zone_name, sizeof(r->zone_name), in->recurring[i]->time_zone);
		if (zone_load(self->zoneinfo_dir, r->zone_name, &r->zone, text, sizeof(text)))
			log_write(LOG_WARNING, &(struct log_fields){.campaign_id = out->id}, "%s", text);
	}
	out->n_recurring = (uint8_t)in->n_recurring;
	return true;
}

static bool copy_campaign(const struct trust *self, struct campaign_doc *out, const Gu__Campaign *in)
{
	const size_t max_supersedes = sizeof(out->supersedes) / sizeof(out->supersedes[0]);

	if (in->n_targets > GATEWAY_MAX_TARGETS || in->n_supersedes > max_supersedes ||
	    !copy_conditions(out->conditions, &out->n_conditions, in->conditions, in->n_conditions))
		return false;
	copy_text(out->id, sizeof(out->id), in->id);
	copy_file(&out->manifest, in->manifest);
	out->mode = (enum update_mode)in->mode;
	out->urgency = (enum urgency)in->urgency;
	out->window_start_unix_s = in->window->start_unix_s;
	out->window_end_unix_s = in->window->end_unix_s;
	out->deadline_unix_s = in->deadline_unix_s;
	out->retry_pause_s = in->retry_pause_s;
	if (!copy_recurring(self, out, in))
		return false;
	out->consent_required = in->consent_required;
	for (size_t i = 0; i < in->n_supersedes; i++)
		copy_text(out->supersedes[i], sizeof(out->supersedes[i]), in->supersedes[i]);
	out->n_supersedes = (uint8_t)in->n_supersedes;
	for (size_t i = 0; i < in->n_targets; i++) {
		const Gu__Target *target = in->targets[i];
		struct target_doc *doc = &out->targets[i];

		copy_text(doc->ecu, sizeof(doc->ecu), target->ecu);
		copy_text(doc->hardware_id, sizeof(doc->hardware_id), target->hardware_id);
		copy_text(doc->serial_number, sizeof(doc->serial_number), target->serial_number);
		copy_text(doc->component, sizeof(doc->component), target->component);
		if (target->rollback_case == GU__TARGET__ROLLBACK_ROLLBACK_IMAGE)
			copy_file(&doc->rollback, target->rollback_image);
	}
	out->n_targets = (uint8_t)in->n_targets;
	return true;
}

static bool copy_director(const struct trust *self, struct director_doc *out, const Gu__Director *in)
{
	if (in->n_campaigns > GATEWAY_MAX_CAMPAIGNS)
		return false;
	for (size_t i = 0; i < in->n_campaigns; i++)
		if (!copy_campaign(self, &out->campaigns[i], in->campaigns[i]))
			return false;
	out->n_campaigns = (uint8_t)in->n_campaigns;
	return true;
}

unsigned trust_open_director(const struct trust *self, const uint8_t *bytes, size_t n, const char *vehicle_id,
			     uint64_t now_unix_s, uint64_t min_version, struct director_doc *doc, uint8_t sha256[32],
			     char *text, size_t n_text)
{
	const struct envelope_limits limits = {
	    .now_unix_s = now_unix_s,
	    .min_version = min_version,
	    .accepted_before = now_unix_s == TRUST_ACCEPTED_BEFORE,
	};
	struct envelope_error error = {.verdict = ENVELOPE_OK, .detail = ""};
	struct signed_info info;
	Gu__Director *director;
	bool fits;

	if (envelope_open_director(bytes, n, &self->director, &limits, vehicle_id, &director, &info, &error))
		return refuse("director document", &error, text, n_text);
	memset(doc, 0, sizeof(*doc));
	fits = copy_director(self, doc, director);
	envelope_free_director(director);
	if (!fits) {
		snprintf(text, n_text,
			 "director document: more campaigns, targets or conditions than this gateway holds");
		return GATEWAY_CODE_INVALID;
	}
	doc->version = info.version;
	if (sha256)
		memcpy(sha256, info.payload_sha256, 32);
	return GATEWAY_CODE_OK;
}

unsigned trust_open_manifest(const struct trust *self, const uint8_t *bytes, size_t n, uint64_t now_unix_s,
			     struct manifest_doc *doc, char *text, size_t n_text)
{
	const struct envelope_limits limits = {
	    .now_unix_s = now_unix_s,
	    .accepted_before = now_unix_s == TRUST_ACCEPTED_BEFORE,
	};
	struct envelope_error error = {.verdict = ENVELOPE_OK, .detail = ""};
	struct signed_info info;
	Gu__Manifest *manifest;
	const char *beyond;
	bool fits;

	if (envelope_open_manifest(bytes, n, &self->author, &limits, &manifest, &info, &error))
		return refuse("manifest", &error, text, n_text);
	beyond = beyond_us(manifest);
	if (beyond) {
		snprintf(text, n_text, "manifest: %s: this gateway cannot do that yet", beyond);
		envelope_free_manifest(manifest);
		return GATEWAY_CODE_UNKNOWN_FEATURE;
	}
	memset(doc, 0, sizeof(*doc));
	fits = copy_manifest(doc, manifest);
	envelope_free_manifest(manifest);
	doc->version = info.version;
	memcpy(doc->payload_sha256, info.payload_sha256, sizeof(doc->payload_sha256));
	if (fits)
		return GATEWAY_CODE_OK;
	snprintf(text, n_text, "manifest: more components, units or conditions than this gateway holds");
	return GATEWAY_CODE_INVALID;
}

unsigned trust_open_time(const struct trust *self, const uint8_t *bytes, size_t n, const uint8_t nonce[32],
			 uint64_t *unix_ms, char *text, size_t n_text)
{
	struct envelope_error error = {.verdict = ENVELOPE_OK, .detail = ""};

	if (envelope_open_time(bytes, n, &self->time, nonce, unix_ms, &error))
		return refuse("time", &error, text, n_text);
	return GATEWAY_CODE_OK;
}

static bool segments_equal(const Gu__SoftwareUnit *unit, const struct image *image)
{
	if (unit->n_segments == 0)
		return true; /* the author named none: the image's digest alone is signed */
	if (unit->n_segments != image->n_segments)
		return false;
	for (size_t i = 0; i < unit->n_segments; i++)
		if (unit->segments[i]->address != image->segments[i].address ||
		    unit->segments[i]->length != image->segments[i].n_bytes)
			return false;
	return true;
}

/* one unit of a manifest of ours. Return: NULL, or it, with @manifest to be freed by the caller */
static const Gu__SoftwareUnit *open_unit(const struct trust *self, const uint8_t *bytes, size_t n,
					 const char *component, uint8_t unit, Gu__Manifest **manifest)
{
	const struct envelope_limits limits = {.accepted_before = true}; /* with its campaign */
	struct envelope_error error;
	struct signed_info info;

	if (envelope_open_manifest(bytes, n, &self->author, &limits, manifest, &info, &error))
		return NULL;
	for (size_t i = 0; i < (*manifest)->n_components; i++) {
		const Gu__Component *c = (*manifest)->components[i];

		if (strcmp(c->name, component) == 0 && unit < c->n_units)
			return c->units[unit];
	}
	envelope_free_manifest(*manifest);
	return NULL;
}

bool trust_segments_match(const struct trust *self, const uint8_t *bytes, size_t n, const char *component, uint8_t unit,
			  const struct image *image)
{
	Gu__Manifest *manifest;
	const Gu__SoftwareUnit *found = open_unit(self, bytes, n, component, unit, &manifest);
	bool match;

	if (!found)
		return false;
	match = segments_equal(found, image);
	envelope_free_manifest(manifest);
	return match;
}

size_t trust_check_signature(const struct trust *self, const uint8_t *bytes, size_t n, const char *component,
			     uint8_t unit, uint8_t *out)
{
	Gu__Manifest *manifest;
	const Gu__SoftwareUnit *found = open_unit(self, bytes, n, component, unit, &manifest);
	size_t n_signature;

	if (!found)
		return 0;
	n_signature = found->check_signature.len; /* at most 512, as validated */
	if (n_signature)
		memcpy(out, found->check_signature.data, n_signature);
	envelope_free_manifest(manifest);
	return n_signature;
}
