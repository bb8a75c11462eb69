/* The parts of a profile that are more than numbers: securities, decodings, the fingerprint, status records. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ecu-flash/load/profile_yaml.h"

#define KEY_BYTES 64u

static int fail(const struct load *l, const char *part, const char *name, const char *words)
{
	char key[KEY_BYTES];

	snprintf(key, sizeof key, "%s.%s", part, name);
	return yaml_error_at(l->doc, l->error, key, "%s", words);
}

static bool has(const struct load *l, const char *part, const char *name)
{
	char key[KEY_BYTES];

	snprintf(key, sizeof key, "%s.%s", part, name);
	return load_has(l, key);
}

static int range(const struct load *l, const char *part, const char *name, int64_t value, int64_t min, int64_t max)
{
	char key[KEY_BYTES];

	snprintf(key, sizeof key, "%s.%s", part, name);
	return load_range(l, key, value, min, max, false);
}

/* ---- securities ---- */

/* a name, never a path: where libraries lie is the device's affair */
static bool is_plain(const char *text)
{
	return text[0] &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

static int security(const struct load *l, const char *part, const struct profile_yaml_security *y,
		    struct profile_security *s)
{
	if (has(l, part, "level")) {
		char key[KEY_BYTES];

		snprintf(key, sizeof key, "%s.level", part);
		if (load_range(l, key, y->level, 1, 0x41, true))
			return 1;
		s->level = (uint8_t)y->level;
	}
	if (has(l, part, "algorithm"))
		s->algorithm = (enum profile_security_algorithm)y->algorithm;
	memcpy(s->key_id, y->key, sizeof s->key_id);
	memcpy(s->library, y->library, sizeof s->library);
	if (!(s->level & 1u))
		return fail(l, part, "level", "must be odd: it is the sub-function that asks for a seed");
	if (has(l, part, "library") != (s->algorithm == PROFILE_SECURITY_LIBRARY))
		return fail(l, part, "library",
			    s->library[0] ? "does not belong to this algorithm"
					  : "is missing: name the shared object that computes the key");
	if (s->library[0] && !is_plain(s->library))
		return fail(l, part, "library",
			    "must be a name of 1..32 characters of [A-Za-z0-9_-]: its folder is the device's choice");
	if (s->algorithm != PROFILE_SECURITY_NONE && s->algorithm != PROFILE_SECURITY_LIBRARY && !s->key_id[0])
		return fail(l, part, "key", "is missing: name a key of the key file, or say algorithm: none");
	return 0;
}

int profile_security_apply(const struct load *l)
{
	struct profile *p = l->profile;

	if (security(l, "security", &l->yaml->security, &p->security[0]))
		return 1;
	for (uint32_t i = 0; i < l->yaml->n_securities; i++) {
		const struct profile_yaml_security *y = &l->yaml->securities[i];
		struct profile_security *s = &p->security[p->n_security];
		char part[32];

		snprintf(part, sizeof part, "securities[%u]", i);
		*s = (struct profile_security){.level = 1, .algorithm = PROFILE_SECURITY_AES128_CMAC};
		memcpy(s->name, y->name, sizeof s->name);
		if (security(l, part, y, s))
			return 1;
		for (uint8_t k = 0; k < p->n_security; k++) {
			if (strcmp(p->security[k].name, s->name) == 0)
				return fail(l, part, "name", "is there twice");
			if (p->security[k].level == s->level)
				return fail(l, part, "level", "is that of another security already");
		}
		p->n_security++;
	}
	return 0;
}

/* ---- decodings ---- */

static int decoding(const struct load *l, const char *part, const struct profile_yaml_decoding *y,
		    struct profile_decoding *d)
{
	if (range(l, part, "offset", y->offset, 0, 255) || range(l, part, "length", y->length, 0, 255))
		return 1;
	*d = (struct profile_decoding){
	    .coding = (enum profile_coding)y->as, .offset = (uint8_t)y->offset, .length = (uint8_t)y->length};
	return 0;
}

int profile_decoding_apply(const struct load *l)
{
	const __typeof__(l->yaml->decoding) *y = &l->yaml->decoding;
	struct profile_decoding *d = l->profile->decoding;

	return decoding(l, "decoding.hardware", &y->hardware, &d[PROFILE_DID_HARDWARE]) ||
	       decoding(l, "decoding.serial", &y->serial, &d[PROFILE_DID_SERIAL]) ||
	       decoding(l, "decoding.boot", &y->boot, &d[PROFILE_DID_BOOT]) ||
	       decoding(l, "decoding.application", &y->application, &d[PROFILE_DID_APPLICATION]) ||
	       decoding(l, "decoding.data", &y->data, &d[PROFILE_DID_DATA]);
}

/* ---- the fingerprint ---- */

/* the bytes of a part, laid behind those of the parts before it */
static int part_bytes(const struct load *l, const char *at, const struct profile_yaml_part *y,
		      struct profile_part *part)
{
	struct profile *p = l->profile;
	size_t room = sizeof p->fingerprint - p->n_fingerprint;
	int n;

	if (has(l, at, "hex") == has(l, at, "text"))
		return fail(l, at, "part", "bytes need hex or text, one of them");
	if (has(l, at, "hex")) {
		n = yaml_hex_bytes(y->hex, p->fingerprint + p->n_fingerprint, room);
		if (n < 1)
			return fail(l, at, "hex", "must be bytes in hexadecimal, 64 in all parts at most");
	} else {
		n = (int)strlen(y->text);
		if ((size_t)n > room)
			return fail(l, at, "text", "is too long: 64 bytes in all parts at most");
		memcpy(p->fingerprint + p->n_fingerprint, y->text, (size_t)n);
	}
	part->at = p->n_fingerprint;
	part->n = (uint8_t)n;
	p->n_fingerprint = (uint8_t)(p->n_fingerprint + n);
	return 0;
}

static int fingerprint_part(const struct load *l, const char *at, const struct profile_yaml_part *y,
			    struct profile_part *part)
{
	bool bytes = y->part == PROFILE_PART_BYTES;
	bool text = y->part == PROFILE_PART_TESTER_SERIAL || y->part == PROFILE_PART_SHOP_CODE;

	*part = (struct profile_part){.kind = (enum profile_part_kind)y->part};
	if (!bytes && (has(l, at, "hex") || has(l, at, "text")))
		return fail(l, at, has(l, at, "hex") ? "hex" : "text", "belongs to a part of kind bytes alone");
	if (has(l, at, "length") != text)
		return fail(l, at, "length",
			    text ? "is missing: how many bytes the text takes" : "does not belong to this part");
	if (bytes)
		return part_bytes(l, at, y, part);
	if (text && range(l, at, "length", y->length, 1, PROFILE_MAX_FINGERPRINT))
		return 1;
	part->n = text ? (uint8_t)y->length : y->part == PROFILE_PART_DATE_YYMMDD ? 3 : 4;
	return 0;
}

int profile_fingerprint_apply(const struct load *l)
{
	struct profile *p = l->profile;

	if (load_has(l, "fingerprint") && load_has(l, "fingerprint_parts"))
		return yaml_error_at(l->doc, l->error, "fingerprint_parts", "takes the place of fingerprint: say one");
	if (load_has(l, "fingerprint")) {
		int n = yaml_hex_bytes(l->yaml->fingerprint, p->fingerprint, sizeof p->fingerprint);

		if (n < 1)
			return yaml_error_at(l->doc, l->error, "fingerprint", "must be 1..%u bytes in hexadecimal",
					     PROFILE_MAX_FINGERPRINT);
		p->n_fingerprint = (uint8_t)n;
	}
	if (load_has(l, "fingerprint_parts"))
		p->n_fingerprint = 0;
	for (uint32_t i = 0; i < l->yaml->n_fingerprint_parts; i++) {
		char at[32];

		snprintf(at, sizeof at, "fingerprint_parts[%u]", i);
		if (fingerprint_part(l, at, &l->yaml->fingerprint_parts[i], &p->parts[i]))
			return 1;
		p->n_parts++;
	}
	return 0;
}

/* ---- status records ---- */

static int running_byte(const struct load *l, const char *part, const char *text, struct profile_status *s)
{
	unsigned char byte = 0;

	s->may_run = strcmp(text, "none") != 0;
	if (s->may_run && (strncmp(text, "0x", 2) != 0 || strlen(text) != 4 || yaml_hex_bytes(text, &byte, 1) != 1))
		return fail(l, part, "running", "must be none or a byte as 0x02");
	s->running = byte;
	return 0;
}

static int status(const struct load *l, const char *part, const struct profile_yaml_status *y, struct profile_status *s)
{
	if (has(l, part, "success")) {
		int n = yaml_hex_bytes(y->success, s->success, sizeof s->success);

		if (n < 1)
			return fail(l, part, "success", "must be 1..4 bytes in hexadecimal");
		s->n_success = (uint8_t)n;
	}
	if (has(l, part, "running") && running_byte(l, part, y->running, s))
		return 1;
	if (range(l, part, "offset", y->offset, 0, 63))
		return 1;
	s->offset = (uint8_t)y->offset;
	if (has(l, part, "required"))
		s->required = y->required;
	if (s->may_run && s->running == s->success[0])
		return fail(l, part, has(l, part, "running") ? "running" : "success",
			    "success and running must differ in their first byte");
	return 0;
}

int profile_status_apply(const struct load *l)
{
	const __typeof__(l->yaml->routine_status) *y = &l->yaml->routine_status;
	struct profile_status *s = l->profile->status;
	const int64_t running = l->yaml->routines.running_status;

	if (load_has(l, "routines.running_status")) {
		if (load_range(l, "routines.running_status", running, 0, 0xff, true))
			return 1;
		for (unsigned i = 0; i < PROFILE_ROUTINES; i++) {
			s[i].running = (uint8_t)running;
			s[i].may_run = running != 0;
		}
	}
	return status(l, "routine_status.erase", &y->erase, &s[PROFILE_ROUTINE_ERASE]) ||
	       status(l, "routine_status.check", &y->check, &s[PROFILE_ROUTINE_CHECK]) ||
	       status(l, "routine_status.dependencies", &y->dependencies, &s[PROFILE_ROUTINE_DEPENDENCIES]) ||
	       status(l, "routine_status.switch_over", &y->switch_over, &s[PROFILE_ROUTINE_SWITCH_OVER]) ||
	       status(l, "routine_status.switch_back", &y->switch_back, &s[PROFILE_ROUTINE_SWITCH_BACK]) ||
	       status(l, "routine_status.other", &y->other, &s[PROFILE_ROUTINE_OTHER]);
}
