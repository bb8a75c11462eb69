/*
 * The lists of steps. Without a list of its own a profile has the template's, less the steps for which its ECU has no
 * identifier, no routine or no security.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/load/profile_yaml.h"

struct word {
	const char *text;
	uint8_t value;
};

static const struct word session_words[] = {{"default", 1}, {"programming", 2}, {"extended", 3}, {NULL, 0}};
static const struct word reset_words[] = {{"hard", 1}, {"key_off_on", 2}, {"soft", 3}, {NULL, 0}};
static const struct word setting_words[] = {{"on", 1}, {"off", 2}, {NULL, 0}};
static const struct word control_words[] = {
    {"enable", 0}, {"enable_rx_disable_tx", 1}, {"disable_rx_enable_tx", 2}, {"disable", 3}, {NULL, 0}};

struct at {
	const struct yaml_doc *doc;
	struct yaml_error *error;
	const char *list;
	uint32_t index;
	const char *step;
};

static void key_of(const struct at *at, const char *name, char *key, size_t n)
{
	snprintf(key, n, "%s[%u].%s", at->list, at->index, name);
}

static bool has(const struct at *at, const char *name)
{
	char key[64];

	key_of(at, name, key, sizeof key);
	return yaml_has(at->doc, key);
}

static int fail(const struct at *at, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(const struct at *at, const char *name, const char *format, ...)
{
	char key[64], text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	key_of(at, name, key, sizeof key);
	return yaml_error_at(at->doc, at->error, key, "%s", text);
}

/* a word of the list or a number 0..0x7f */
static int word_value(const struct at *at, const char *name, const char *text, const struct word *words, uint8_t *value)
{
	char known[128] = "";
	size_t n = 0;
	unsigned char byte;

	for (; words->text; words++) {
		if (strcmp(words->text, text) == 0) {
			*value = words->value;
			return 0;
		}
		n += (size_t)snprintf(known + n, sizeof known - n, "%s, ", words->text);
	}
	if (strlen(text) == 4 && strncmp(text, "0x", 2) == 0 && yaml_hex_bytes(text, &byte, 1) == 1 && byte <= 0x7f) {
		*value = byte;
		return 0;
	}
	return fail(at, name, "must be one of %sor 0x00..0x7f in two digits; is \"%s\"", known, text);
}

/* @allowed: a word of the kinds that take the key; a key at another step would be without effect, so it is refused */
static int belongs(const struct at *at, const char *name, bool allowed)
{
	return allowed || !has(at, name) ? 0 : fail(at, name, "does not belong to a %s step", at->step);
}

static int number(const struct at *at, const char *name, uint64_t value, uint64_t min, uint64_t max)
{
	if (value >= min && value <= max)
		return 0;
	return fail(at, name, "must be %" PRIu64 "..%" PRIu64 ", is %" PRIu64, min, max, value);
}

static int step_kind(const struct at *at, enum flash_step_kind *kind)
{
	char known[256] = "";
	size_t n = 0;

	for (int k = FLASH_STEP_SESSION; k <= FLASH_STEP_WAIT; k++) {
		const char *text = flash_step_text((enum flash_step_kind)k);

		if (strcmp(text, at->step) == 0) {
			*kind = (enum flash_step_kind)k;
			return 0;
		}
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", text);
	}
	return fail(at, "step", "must be one of %s; is \"%s\"", known, at->step);
}

static uint8_t usual_retries(const struct profile *template, enum flash_step_kind kind)
{
	for (uint8_t i = 0; i < template->n_steps; i++)
		if (template->steps[i].kind == kind)
			return template->steps[i].retries;
	return 0;
}

static int ecu_step(const struct at *at, const struct profile_yaml_step *y, const struct profile *template,
		    struct flash_step *step)
{
	bool addressed, session, reset;

	memset(step, 0, sizeof *step);
	if (step_kind(at, &step->kind))
		return 1;
	session = step->kind == FLASH_STEP_SESSION;
	reset = step->kind == FLASH_STEP_RESET;
	addressed = step->kind == FLASH_STEP_ROUTINE || step->kind == FLASH_STEP_WRITE_DID;
	if (belongs(at, "session", session) || belongs(at, "reset", reset) || belongs(at, "id", addressed) ||
	    belongs(at, "data", addressed) || belongs(at, "wait_ms", step->kind == FLASH_STEP_WAIT))
		return 1;
	if ((has(at, "session") && word_value(at, "session", y->session, session_words, &step->sub_function)) ||
	    (has(at, "reset") && word_value(at, "reset", y->reset, reset_words, &step->sub_function)))
		return 1;
	if (addressed && !has(at, "id"))
		return fail(at, "id", "is missing: a %s step needs it", at->step);
	if (addressed && number(at, "id", y->id, 1, 0xffff))
		return 1;
	step->id = (uint16_t)y->id;
	if (has(at, "data")) {
		int n = yaml_hex_bytes(y->data, step->data, sizeof step->data);

		if (n < 1)
			return fail(at, "data", "must be 1..%zu bytes in hexadecimal", sizeof step->data);
		step->n_data = (uint8_t)n;
	}
	if (step->kind == FLASH_STEP_WAIT && number(at, "wait_ms", y->wait_ms, 1, 600000))
		return 1;
	step->wait_ms = (uint32_t)y->wait_ms;
	step->retries = usual_retries(template, step->kind);
	if (has(at, "retries")) {
		if (number(at, "retries", y->retries, 0, 10))
			return 1;
		step->retries = (uint8_t)y->retries;
	}
	step->point_of_no_return =
	    has(at, "point_of_no_return") ? y->point_of_no_return : step->kind == FLASH_STEP_ERASE;
	return 0;
}

static int bus_kind(const struct at *at, enum bus_step_kind *kind)
{
	char known[128] = "";
	size_t n = 0;

	for (int k = BUS_STEP_SESSION; k <= BUS_STEP_CLEAR_DTC; k++) {
		const char *text = bus_step_text((enum bus_step_kind)k);

		if (strcmp(text, at->step) == 0) {
			*kind = (enum bus_step_kind)k;
			return 0;
		}
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", text);
	}
	return fail(at, "step", "must be one of %s; is \"%s\"", known, at->step);
}

static int needs(const struct at *at, const char *name, bool needed)
{
	if (!needed)
		return belongs(at, name, false);
	return has(at, name) ? 0 : fail(at, name, "is missing: a %s step needs it", at->step);
}

static int bus_step(const struct at *at, const struct profile_yaml_step *y, struct bus_step *step)
{
	bool communication;

	memset(step, 0, sizeof *step);
	if (bus_kind(at, &step->kind))
		return 1;
	communication = step->kind == BUS_STEP_COMMUNICATION;
	if (needs(at, "session", step->kind == BUS_STEP_SESSION) ||
	    needs(at, "setting", step->kind == BUS_STEP_DTC_SETTING) || needs(at, "control", communication) ||
	    belongs(at, "communication_type", communication))
		return 1;
	if ((has(at, "session") && word_value(at, "session", y->session, session_words, &step->sub_function)) ||
	    (has(at, "setting") && word_value(at, "setting", y->setting, setting_words, &step->sub_function)) ||
	    (has(at, "control") && word_value(at, "control", y->control, control_words, &step->sub_function)))
		return 1;
	step->communication_type = communication; /* 1: normal messages */
	if (has(at, "communication_type")) {
		if (number(at, "communication_type", y->communication_type, 1, 255))
			return 1;
		step->communication_type = (uint8_t)y->communication_type;
	}
	return 0;
}

static bool ecu_has(const struct profile *p, enum flash_step_kind kind)
{
	switch (kind) {
	case FLASH_STEP_SECURITY:
		return p->security[0].algorithm != PROFILE_SECURITY_NONE;
	case FLASH_STEP_FINGERPRINT:
		return p->did_fingerprint;
	case FLASH_STEP_CHECK_MEMORY:
		return p->routine_check;
	case FLASH_STEP_DEPENDENCIES:
		return p->routine_dependencies;
	case FLASH_STEP_SESSION:
	case FLASH_STEP_ERASE:
	case FLASH_STEP_TRANSFER:
	case FLASH_STEP_RESET:
	case FLASH_STEP_WAIT_BOOT:
	case FLASH_STEP_READ_VERSION:
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_WRITE_DID:
	case FLASH_STEP_WAIT:
	case FLASH_STEP_SWITCH_OVER:
	case FLASH_STEP_SWITCH_BACK:
		break;
	}
	return true;
}

static void drop_what_the_ecu_has_not(struct profile *p, bool steps, bool bus_before)
{
	uint8_t n = 0;

	for (uint8_t i = 0; steps && i < p->n_steps; i++)
		if (ecu_has(p, p->steps[i].kind))
			p->steps[n++] = p->steps[i];
	if (steps)
		p->n_steps = n;
	n = 0;
	for (uint8_t i = 0; bus_before && i < p->n_bus_before; i++)
		if (p->bus_before[i].kind != BUS_STEP_PRECONDITIONS || p->routine_preconditions)
			p->bus_before[n++] = p->bus_before[i];
	if (bus_before)
		p->n_bus_before = n;
}

static int bus_list(struct at *at, const struct profile_yaml_step *y, uint32_t n, struct bus_step *steps,
		    uint8_t *n_steps)
{
	if (!yaml_has(at->doc, at->list))
		return 0;
	for (at->index = 0; at->index < n; at->index++) {
		at->step = y[at->index].step;
		if (bus_step(at, &y[at->index], &steps[at->index]))
			return 1;
	}
	*n_steps = (uint8_t)n;
	return 0;
}

int profile_steps_apply(const struct yaml_doc *doc, const struct profile_yaml *yaml, struct profile *profile,
			struct yaml_error *error)
{
	struct at at = {.doc = doc, .error = error, .list = "steps"};
	bool own_steps = yaml_has(doc, "steps");
	struct profile template;

	profile_template_single_bank(&template);
	drop_what_the_ecu_has_not(profile, !own_steps, !yaml_has(doc, "bus_before"));
	for (at.index = 0; own_steps && at.index < yaml->n_steps; at.index++) {
		at.step = yaml->steps[at.index].step;
		if (ecu_step(&at, &yaml->steps[at.index], &template, &profile->steps[at.index]))
			return 1;
	}
	if (own_steps)
		profile->n_steps = (uint8_t)yaml->n_steps;
	at.list = "bus_before";
	if (bus_list(&at, yaml->bus_before, yaml->n_bus_before, profile->bus_before, &profile->n_bus_before))
		return 1;
	at.list = "bus_after";
	return bus_list(&at, yaml->bus_after, yaml->n_bus_after, profile->bus_after, &profile->n_bus_after);
}
