/* What a virtual ECU does, from YAML: security, data identifiers, trouble codes, the application's message, faults. */
#include <stdio.h>
#include <string.h>

#include "sim/virtual_ecu_fault.h"
#include "sim/virtual_ecu_loader.h"

static void load_secret(struct vecu_loader *l, const char *key, enum vecu_algorithm algorithm, const char *hex,
			struct vecu_secret *out)
{
	int n = yaml_hex_bytes(hex ? hex : "", out->key, sizeof(out->key));

	out->algorithm = algorithm;
	if (algorithm == VECU_SECURITY_NONE)
		vecu_fail(l, key, "belongs to an algorithm other than none");
	else if (algorithm == VECU_SECURITY_AES128_CMAC ? n != 16 : n < 1)
		vecu_fail(l, key, "must be 16 bytes in hex%s",
			  algorithm == VECU_SECURITY_XOR ? ", or fewer for xor" : "");
	else
		out->n_key = (uint8_t)n;
}

void vecu_load_security(struct vecu_loader *l, const struct vecu_yaml_security *y, struct vecu_definition *d)
{
	struct ecu_security *s = &d->core.security;
	char key[64];

	if (!vecu_has(l, "security") || y->algorithm == VECU_SECURITY_NONE) {
		s->level = 0;
		return;
	}
	s->level = vecu_number8(l, "security.level", y->level, 1, 0x41, s->level);
	s->seed_bytes = vecu_number8(l, "security.seed_bytes", y->seed_bytes, 1, ECU_MAX_SEED_BYTES, s->seed_bytes);
	s->max_attempts = vecu_number8(l, "security.attempts", y->attempts, 1, 255, s->max_attempts);
	s->delay_us = 1000 * vecu_number(l, "security.delay_ms", y->delay_ms, 0, 3600000, s->delay_us / 1000);
	s->delay_at_power_on = y->delay_at_power_on;
	load_secret(l, "security.key", y->algorithm, y->key, &d->secrets[0]);
	s->n_more_levels = y->n_more_levels;
	for (size_t i = 0; i < y->n_more_levels; i++) {
		const struct vecu_yaml_level *more = &y->more_levels[i];

		snprintf(key, sizeof(key), "security.more_levels[%zu].level", i);
		s->more_levels[i] = vecu_number8(l, key, more->level, 1, 0x41, 1);
		snprintf(key, sizeof(key), "security.more_levels[%zu].key", i);
		load_secret(l, key, more->algorithm, more->key, &d->secrets[1 + i]);
	}
}

void vecu_load_dids(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	char key[64];

	core->n_dids = y->n_dids;
	for (size_t i = 0; i < y->n_dids; i++) {
		const struct vecu_yaml_did *d = &y->dids[i];
		struct ecu_did *out = &core->dids[i];
		int n;

		snprintf(key, sizeof(key), "dids[%zu].id", i);
		out->id = (uint16_t)vecu_number(l, key, d->id, 0, 0xffff, 0);
		out->writable = d->writable;
		out->secured = d->secured || d->level;
		snprintf(key, sizeof(key), "dids[%zu].level", i);
		out->level = vecu_number8(l, key, d->level, 1, 0x41, 0);
		snprintf(key, sizeof(key), "dids[%zu]", i);
		if (!d->text == !d->hex) {
			vecu_fail(l, key, "needs one of text and hex");
			return;
		}
		if (d->text) {
			n = (int)strlen(d->text);
			memcpy(out->bytes, d->text, (size_t)n);
		} else {
			n = yaml_hex_bytes(d->hex, out->bytes, sizeof(out->bytes));
		}
		if (n < 1) {
			vecu_fail(l, key, "must hold 1..%u bytes", ECU_MAX_DID_BYTES);
			return;
		}
		out->n = (uint8_t)n;
	}
}

void vecu_load_message(struct vecu_loader *l, const struct vecu_yaml_message *y, struct ecu_config *core)
{
	struct ecu_app_message *out = &core->app_message;

	if (!vecu_has(l, "message"))
		return;
	out->extended_id = core->functional_extended_id;
	out->id = vecu_number32(l, "message.id", y->id, 1, out->extended_id ? 0x1fffffff : 0x7ff, 0);
	out->period_us = 1000 * vecu_number(l, "message.period_ms", y->period_ms, 1, 3600000, 100);
	out->dlc = vecu_number8(l, "message.dlc", y->dlc, 0, 8, 8);
}

void vecu_load_dtcs(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	char key[64];

	core->dtc_availability =
	    vecu_number8(l, "dtc_availability", y->dtc_availability, 1, 0xff, core->dtc_availability);
	core->n_dtcs = y->n_dtcs;
	for (size_t i = 0; i < y->n_dtcs; i++) {
		snprintf(key, sizeof(key), "dtcs[%zu].code", i);
		core->dtcs[i].code = vecu_number32(l, key, y->dtcs[i].code, 0, 0xfffffe, 0);
		snprintf(key, sizeof(key), "dtcs[%zu].status", i);
		core->dtcs[i].status = vecu_number8(l, key, y->dtcs[i].status, 0, 0xff, 0);
	}
}

void vecu_load_faults(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	char key[64];

	core->n_faults = y->n_faults;
	for (size_t i = 0; i < y->n_faults; i++) {
		const struct vecu_yaml_fault *f = &y->faults[i];
		struct ecu_trigger *out = &core->faults[i];
		const char *wrong = vecu_fault_parse(f->fault, f->argument, out);

		snprintf(key, sizeof(key), "faults[%zu].fault", i);
		if (wrong)
			vecu_fail(l, key, "%s: %s", f->fault, wrong);
		snprintf(key, sizeof(key), "faults[%zu].at_service", i);
		out->at_service = vecu_number8(l, key, f->at_service, 1, 0xff, 0);
		snprintf(key, sizeof(key), "faults[%zu].after", i);
		out->after = vecu_number32(l, key, f->after, 0, UINT32_MAX, 0);
		if (vecu_has(l, key) && !out->at_service)
			vecu_fail(l, key, "counts requests of at_service, which is missing");
	}
}
