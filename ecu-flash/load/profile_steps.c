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

static void key_of(const struct at *at, const char *name, char *key, size_t n)
{
	snprintf(key, n, "%s.%s", at->prefix, name);
}

bool at_has(const struct at *at, const char *name)
{
	char key[64];

	key_of(at, name, key, sizeof key);
	return load_has(at->load, key);
}

int at_fail(const struct at *at, const char *name, const char *format, ...)
{
	char key[64], text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	key_of(at, name, key, sizeof key);
	return yaml_error_at(at->load->doc, at->load->error, key, "%s", text);
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
	return at_fail(at, name, "must be one of %sor 0x00..0x7f in two digits; is \"%s\"", known, text);
}

/* @allowed: a word of the kinds that take the key; a key at another step would be without effect, so it is refused */
static int belongs(const struct at *at, const char *name, bool allowed)
{
	return allowed || !at_has(at, name) ? 0 : at_fail(at, name, "does not belong to a %s step", at->step);
}

int at_number(const struct at *at, const char *name, int64_t value, int64_t min, int64_t max)
{
	if (value >= min && value <= max)
		return 0;
	return at_fail(at, name, "must be %" PRId64 "..%" PRId64 ", is %" PRId64, min, max, value);
}

int at_kind(const struct at *at, const char *name, const char *word, enum flash_step_kind *kind)
{
	char known[256] = "";
	size_t n = 0;

	for (int k = FLASH_STEP_SESSION; k <= FLASH_STEP_SWITCH_BACK; k++) {
		const char *text = flash_step_text((enum flash_step_kind)k);

		if (strcmp(text, word) == 0) {
			*kind = (enum flash_step_kind)k;
			return 0;
		}
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", text);
	}
	return at_fail(at, name, "must be one of %s; is \"%s\"", known, word);
}

static uint8_t usual_retries(const struct profile *profile, enum flash_step_kind kind)
{
	struct profile template;

	if (profile->banks == PROFILE_DUAL_BANK)
		profile_template_dual_bank(&template);
	else
		profile_template_single_bank(&template);
	for (uint8_t i = 0; i < template.n_steps; i++)
		if (template.steps[i].kind == kind)
			return template.steps[i].retries;
	return kind == FLASH_STEP_SWITCH_BACK ? 2 : 0;
}

static int apply_words(const struct at *at, const struct profile_yaml_step *y, struct flash_step *step)
{
	const struct profile *p = at->load->profile;

	if ((at_has(at, "session") && word_value(at, "session", y->session, session_words, &step->sub_function)) ||
	    (at_has(at, "reset") && word_value(at, "reset", y->reset, reset_words, &step->sub_function)))
		return 1;
	if (at_has(at, "data")) {
		int n = yaml_hex_bytes(y->data, step->data, sizeof step->data);

		if (n < 1)
			return at_fail(at, "data", "must be 1..%zu bytes in hexadecimal", sizeof step->data);
		step->n_data = (uint8_t)n;
	}
	if (!at_has(at, "use"))
		return 0;
	for (uint8_t i = 1; i < p->n_security; i++) {
		if (strcmp(p->security[i].name, y->use) == 0) {
			step->security = i;
			return 0;
		}
	}
	return at_fail(at, "use", "names no entry of securities; is \"%s\"", y->use);
}

static int apply_refusals(const struct at *at, const struct profile_yaml_step *y, struct flash_step *step)
{
	char is[LOAD_NUMBER_BYTES];

	if (!at_has(at, "accept_nrc"))
		return 0;
	step->n_accept_nrc = 0;
	for (uint32_t i = 0; i < y->n_accept_nrc; i++) {
		if (y->accept_nrc[i] < 1 || y->accept_nrc[i] > 0xff)
			return at_fail(at, "accept_nrc", "must be negative responses, 0x01..0xff, is %s",
				       load_number_text(y->accept_nrc[i], true, is));
		step->accept_nrc[step->n_accept_nrc++] = (uint8_t)y->accept_nrc[i];
	}
	return 0;
}

int at_set_step(const struct at *at, const struct profile_yaml_step *y, struct flash_step *step)
{
	bool addressed = step->kind == FLASH_STEP_ROUTINE || step->kind == FLASH_STEP_WRITE_DID;
	bool switches = step->kind == FLASH_STEP_SWITCH_OVER || step->kind == FLASH_STEP_SWITCH_BACK;

	if (belongs(at, "session", step->kind == FLASH_STEP_SESSION) ||
	    belongs(at, "reset", step->kind == FLASH_STEP_RESET) ||
	    belongs(at, "use", step->kind == FLASH_STEP_SECURITY) || belongs(at, "id", addressed) ||
	    belongs(at, "data", addressed || switches) || belongs(at, "wait_ms", step->kind == FLASH_STEP_WAIT))
		return 1;
	if (apply_words(at, y, step) || apply_refusals(at, y, step))
		return 1;
	if (at_has(at, "id")) {
		if (at_number(at, "id", y->id, 1, 0xffff))
			return 1;
		step->id = (uint16_t)y->id;
	}
	if (at_has(at, "wait_ms")) {
		if (at_number(at, "wait_ms", y->wait_ms, 1, 600000))
			return 1;
		step->wait_ms = (uint32_t)y->wait_ms;
	}
	if (at_has(at, "retries")) {
		if (at_number(at, "retries", y->retries, 0, 10))
			return 1;
		step->retries = (uint8_t)y->retries;
	}
	if (at_has(at, "point_of_no_return"))
		step->point_of_no_return = y->point_of_no_return;
	if (addressed && !step->id)
		return at_fail(at, "id", "is missing: a %s step needs it", at->step);
	if (step->kind == FLASH_STEP_WAIT && !step->wait_ms)
		return at_number(at, "wait_ms", 0, 1, 600000);
	return 0;
}

int at_new_step(const struct at *at, const struct profile_yaml_step *y, struct flash_step *step)
{
	const struct profile *p = at->load->profile;

	memset(step, 0, sizeof *step);
	if (at_kind(at, "step", y->step, &step->kind))
		return 1;
	step->retries = usual_retries(p, step->kind);
	step->point_of_no_return =
	    step->kind == (p->banks == PROFILE_DUAL_BANK ? FLASH_STEP_SWITCH_OVER : FLASH_STEP_ERASE);
	return at_set_step(at, y, step);
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
	return at_fail(at, "step", "must be one of %s; is \"%s\"", known, at->step);
}

static int needs(const struct at *at, const char *name, bool needed)
{
	if (!needed)
		return belongs(at, name, false);
	return at_has(at, name) ? 0 : at_fail(at, name, "is missing: a %s step needs it", at->step);
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
	if ((at_has(at, "session") && word_value(at, "session", y->session, session_words, &step->sub_function)) ||
	    (at_has(at, "setting") && word_value(at, "setting", y->setting, setting_words, &step->sub_function)) ||
	    (at_has(at, "control") && word_value(at, "control", y->control, control_words, &step->sub_function)))
		return 1;
	step->communication_type = communication; /* 1: normal messages */
	if (at_has(at, "communication_type")) {
		if (at_number(at, "communication_type", y->communication_type, 1, 255))
			return 1;
		step->communication_type = (uint8_t)y->communication_type;
	}
	return 0;
}

static bool ecu_has(const struct profile *p, const struct flash_step *s)
{
	switch (s->kind) {
	case FLASH_STEP_SECURITY:
		return profile_step_security(p, s)->algorithm != PROFILE_SECURITY_NONE;
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

static uint8_t drop_what_the_ecu_has_not(const struct profile *p, struct flash_step *steps, uint8_t n_steps)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < n_steps; i++)
		if (ecu_has(p, &steps[i]))
			steps[n++] = steps[i];
	return n;
}

static void drop_preconditions(struct profile *p)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < p->n_bus_before; i++)
		if (p->bus_before[i].kind != BUS_STEP_PRECONDITIONS || p->routine_preconditions)
			p->bus_before[n++] = p->bus_before[i];
	p->n_bus_before = n;
}

static void place(struct at *at, const char *list, uint32_t i, const char *step)
{
	snprintf(at->prefix, sizeof at->prefix, "%s[%u]", list, i);
	at->step = step;
}

static int ecu_list(const struct load *l, const char *list, const struct profile_yaml_step *y, uint32_t n,
		    struct flash_step *steps, uint8_t *n_steps)
{
	struct at at = {.load = l};

	if (!load_has(l, list)) {
		*n_steps = drop_what_the_ecu_has_not(l->profile, steps, *n_steps);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		place(&at, list, i, y[i].step);
		if (at_new_step(&at, &y[i], &steps[i]))
			return 1;
	}
	*n_steps = (uint8_t)n;
	return 0;
}

static int bus_list(const struct load *l, const char *list, const struct profile_yaml_step *y, uint32_t n,
		    struct bus_step *steps, uint8_t *n_steps)
{
	struct at at = {.load = l};

	if (!load_has(l, list))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		place(&at, list, i, y[i].step);
		if (bus_step(&at, &y[i], &steps[i]))
			return 1;
	}
	*n_steps = (uint8_t)n;
	return 0;
}

int profile_steps_apply(const struct load *l)
{
	const struct profile_yaml *y = l->yaml;
	struct profile *p = l->profile;

	if (load_has(l, "steps") && load_has(l, "change_steps"))
		return yaml_error_at(l->doc, l->error, "change_steps",
				     "changes the template's steps, and steps takes their place: say one");
	if (load_has(l, "steps_back") && p->banks == PROFILE_SINGLE_BANK)
		return yaml_error_at(l->doc, l->error, "steps_back", "needs template: dual-bank");
	if (!load_has(l, "bus_before"))
		drop_preconditions(p);
	return ecu_list(l, "steps", y->steps, y->n_steps, p->steps, &p->n_steps) ||
	       ecu_list(l, "steps_back", y->steps_back, y->n_steps_back, p->back, &p->n_back) ||
	       profile_changes_apply(l) ||
	       bus_list(l, "bus_before", y->bus_before, y->n_bus_before, p->bus_before, &p->n_bus_before) ||
	       bus_list(l, "bus_after", y->bus_after, y->n_bus_after, p->bus_after, &p->n_bus_after);
}
