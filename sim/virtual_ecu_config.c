#include "sim/virtual_ecu_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/virtual_ecu_yaml.h"

/* The first thing that is wrong is kept; later checks do nothing. */
struct loader {
	const struct yaml_doc *doc;
	struct yaml_error *error;
	char at[32]; /* "ecus[2]." */
	bool failed;
};

static void fail(struct loader *l, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct loader *l, const char *key, const char *format, ...)
{
	char path[128], text[256];
	va_list args;

	if (l->failed)
		return;
	l->failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s%s", l->at, key);
	yaml_error_at(l->doc, l->error, path, "%s", text);
}

static bool has(const struct loader *l, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", l->at, key);
	return yaml_has(l->doc, path);
}

/* the value if the key is there and in range, else the default */
static uint64_t number(struct loader *l, const char *key, uint64_t value, uint64_t min, uint64_t max, uint64_t usual)
{
	if (!has(l, key))
		return usual;
	if (value < min || value > max) {
		fail(l, key, "must be %llu..%llu, is %llu", (unsigned long long)min, (unsigned long long)max,
		     (unsigned long long)value);
		return usual;
	}
	return value;
}

static uint8_t number8(struct loader *l, const char *key, uint64_t value, uint64_t min, uint8_t max, uint8_t usual)
{
	return (uint8_t)number(l, key, value, min, max, usual);
}

static uint32_t number32(struct loader *l, const char *key, uint64_t value, uint64_t min, uint32_t max, uint32_t usual)
{
	return (uint32_t)number(l, key, value, min, max, usual);
}

/* the schema bounds the length */
static void text(char *out, size_t cap, const char *value)
{
	snprintf(out, cap, "%s", value ? value : "");
}

static void load_link(struct loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	struct isotp_config *link = &core->link;
	bool extended_id = number(l, "id_bits", y->id_bits, 11, 29, 11) == 29;
	uint32_t max_id = extended_id ? 0x1fffffff : 0x7ff;
	uint64_t us = number(l, "link.st_min_us", y->link.st_min_us, 0, 127000, 0);

	link->address.form = ISOTP_NORMAL;
	link->address.extended_id = extended_id;
	link->address.rx_id = number32(l, "request_id", y->request_id, 0, max_id, 0);
	link->address.tx_id = number32(l, "response_id", y->response_id, 0, max_id, 0);
	core->functional_id = number32(l, "functional_id", y->functional_id, 1, max_id, 0);
	core->functional_extended_id = extended_id;
	if (has(l, "id_bits") && y->id_bits != 11 && y->id_bits != 29)
		fail(l, "id_bits", "must be 11 or 29");
	link->fd = y->link.fd;
	link->brs = y->link.brs;
	link->tx_dl = number8(l, "link.tx_dl", y->link.tx_dl, 8, 64, y->link.fd ? 64 : 8);
	if (link->tx_dl != can_msg_fd_len(link->tx_dl) || (!link->fd && link->tx_dl > 8))
		fail(l, "link.tx_dl", "must be 8, with fd also 12, 16, 20, 24, 32, 48 or 64");
	link->block_size = number8(l, "link.block_size", y->link.block_size, 0, 255, 0);
	if (us >= 1000 && us % 1000 == 0)
		link->st_min = (uint8_t)(us / 1000);
	else if (us < 1000 && us % 100 == 0)
		link->st_min = us ? (uint8_t)(0xf0 + us / 100) : 0;
	else
		fail(l, "link.st_min_us", "must be 0, 100..900 in steps of 100, or whole milliseconds");
}

static void load_timing(struct loader *l, const struct vecu_yaml_timing *y, struct ecu_timing *t)
{
	const uint64_t hour_ms = 3600000;
	const uint32_t any = UINT32_MAX;

	t->p2_us = 1000 * number(l, "timing.p2_ms", y->p2_ms, 1, 65535, t->p2_us / 1000);
	t->p2_star_us = 1000 * number(l, "timing.p2_star_ms", y->p2_star_ms, 10, 655350, t->p2_star_us / 1000);
	t->s3_us = 1000 * number(l, "timing.s3_ms", y->s3_ms, 1, hour_ms, t->s3_us / 1000);
	t->pending_margin_us =
	    1000 * number(l, "timing.pending_margin_ms", y->pending_margin_ms, 0, hour_ms, t->pending_margin_us / 1000);
	t->reset_us = 1000 * number(l, "timing.reset_ms", y->reset_ms, 0, hour_ms, t->reset_us / 1000);
	t->boot_switch_us =
	    1000 * number(l, "timing.boot_switch_ms", y->boot_switch_ms, 0, hour_ms, t->boot_switch_us / 1000);
	t->erase_us_per_kib = number(l, "timing.erase_us_per_kib", y->erase_us_per_kib, 0, any, t->erase_us_per_kib);
	t->erase_us_per_sector =
	    number(l, "timing.erase_us_per_sector", y->erase_us_per_sector, 0, any, t->erase_us_per_sector);
	t->program_us_per_block =
	    number(l, "timing.program_us_per_block", y->program_us_per_block, 0, any, t->program_us_per_block);
	t->program_us_per_kib =
	    number(l, "timing.program_us_per_kib", y->program_us_per_kib, 0, any, t->program_us_per_kib);
	t->check_us_per_kib = number(l, "timing.check_us_per_kib", y->check_us_per_kib, 0, any, t->check_us_per_kib);
}

static void load_security(struct loader *l, const struct vecu_yaml_security *y, struct vecu_definition *d)
{
	struct ecu_security *s = &d->core.security;
	int n_key = 0;

	if (!has(l, "security") || y->algorithm == VECU_SECURITY_NONE) {
		d->algorithm = VECU_SECURITY_NONE;
		s->level = 0;
		return;
	}
	d->algorithm = y->algorithm;
	s->level = number8(l, "security.level", y->level, 1, 0x41, s->level);
	s->seed_bytes = number8(l, "security.seed_bytes", y->seed_bytes, 1, ECU_MAX_SEED_BYTES, s->seed_bytes);
	s->max_attempts = number8(l, "security.attempts", y->attempts, 1, 255, s->max_attempts);
	s->delay_us = 1000 * number(l, "security.delay_ms", y->delay_ms, 0, 3600000, s->delay_us / 1000);
	s->delay_at_power_on = y->delay_at_power_on;
	n_key = yaml_hex_bytes(y->key ? y->key : "", d->key, sizeof(d->key));
	if (y->algorithm == VECU_SECURITY_AES128_CMAC ? n_key != 16 : n_key < 1)
		fail(l, "security.key", "must be 16 bytes in hex%s",
		     y->algorithm == VECU_SECURITY_XOR ? ", or fewer for xor" : "");
	else
		d->n_key = (uint8_t)n_key;
}

static void load_memory(struct loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	char key[64];

	core->n_regions = y->n_memory;
	for (size_t i = 0; i < y->n_memory; i++) {
		const struct vecu_yaml_region *r = &y->memory[i];
		struct ecu_region *out = &core->regions[i];

		snprintf(key, sizeof(key), "memory[%zu].address", i);
		out->address = number32(l, key, r->address, 0, UINT32_MAX, 0);
		snprintf(key, sizeof(key), "memory[%zu].size", i);
		out->size = number32(l, key, r->size, 1, 64u << 20, 0);
		snprintf(key, sizeof(key), "memory[%zu].sector", i);
		out->sector_bytes = number32(l, key, r->sector, 1, 64u << 20, 1024);
		out->ram = r->ram;
	}
}

static void load_dids(struct loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	char key[64];

	core->n_dids = y->n_dids;
	for (size_t i = 0; i < y->n_dids; i++) {
		const struct vecu_yaml_did *d = &y->dids[i];
		struct ecu_did *out = &core->dids[i];
		int n;

		snprintf(key, sizeof(key), "dids[%zu].id", i);
		out->id = (uint16_t)number(l, key, d->id, 0, 0xffff, 0);
		out->writable = d->writable;
		out->secured = d->secured;
		snprintf(key, sizeof(key), "dids[%zu]", i);
		if (!d->text == !d->hex) {
			fail(l, key, "needs one of text and hex");
			return;
		}
		if (d->text) {
			n = (int)strlen(d->text);
			memcpy(out->bytes, d->text, (size_t)n);
		} else {
			n = yaml_hex_bytes(d->hex, out->bytes, sizeof(out->bytes));
		}
		if (n < 1) {
			fail(l, key, "must hold 1..%u bytes", ECU_MAX_DID_BYTES);
			return;
		}
		out->n = (uint8_t)n;
	}
}

static void load_version(struct loader *l, const struct vecu_yaml_ecu *y, struct ecu_version *out)
{
	int n_ways = has(l, "version") + has(l, "version_at") + has(l, "version_from");

	if (n_ways != 1) {
		fail(l, "version", "give one of version, version_at and version_from: crc32");
	} else if (has(l, "version")) {
		out->from = ECU_VERSION_FIXED;
		text(out->text, sizeof(out->text), y->version);
	} else if (has(l, "version_at")) {
		out->from = ECU_VERSION_AT;
		out->address = number32(l, "version_at.address", y->version_at.address, 0, UINT32_MAX, 0);
		out->length = number8(l, "version_at.length", y->version_at.length, 1, ECU_TEXT_BYTES - 1, 1);
	} else if (y->version_from && strcmp(y->version_from, "crc32") == 0) {
		out->from = ECU_VERSION_CRC32;
	} else {
		fail(l, "version_from", "must be crc32");
	}
}

static void load_factory(struct loader *l, const struct vecu_yaml_factory *y, struct vecu_definition *d)
{
	const struct ecu_region *first = &d->core.regions[0];

	d->factory.present = has(l, "factory");
	if (!d->factory.present)
		return;
	text(d->factory.file, sizeof(d->factory.file), y->file);
	text(d->factory.version, sizeof(d->factory.version), y->version);
	d->factory.address = number32(l, "factory.address", y->address, 0, UINT32_MAX, first->address);
	d->factory.size = number32(l, "factory.size", y->size, 1, UINT32_MAX, first->size / 2);
	if (!l->failed && (!ecu_memory_find(d->core.regions, 1, d->factory.address, d->factory.size)))
		fail(l, "factory", "must lie within the first region");
}

static void load_message(struct loader *l, const struct vecu_yaml_message *y, struct ecu_config *core)
{
	struct ecu_app_message *out = &core->app_message;

	if (!has(l, "message"))
		return;
	out->extended_id = core->functional_extended_id;
	out->id = number32(l, "message.id", y->id, 1, out->extended_id ? 0x1fffffff : 0x7ff, 0);
	out->period_us = 1000 * number(l, "message.period_ms", y->period_ms, 1, 3600000, 100);
	out->dlc = number8(l, "message.dlc", y->dlc, 0, 8, 8);
}

static void load_ecu(struct loader *l, const struct vecu_yaml_ecu *y, struct vecu_setup *setup,
		     struct vecu_definition *d)
{
	struct ecu_config *core = &d->core;
	const char *wrong;

	*core = ecu_config_default();
	text(d->name, sizeof(d->name), y->name);
	if (strchr(d->name, '/') || d->name[0] == '.')
		fail(l, "name", "names files too: no \"/\" in it, and no \".\" at its beginning");
	while (d->bus < setup->n_buses && strcmp(setup->buses[d->bus].name, y->bus) != 0)
		d->bus++;
	if (d->bus == setup->n_buses)
		fail(l, "bus", "no such bus: %s", y->bus);
	load_link(l, y, core);
	load_timing(l, &y->timing, &core->timing);
	load_security(l, &y->security, d);
	load_memory(l, y, core);
	load_dids(l, y, core);
	load_version(l, y, &core->version);
	load_message(l, &y->message, core);
	load_factory(l, &y->factory, d);
	core->max_number_of_block_length =
	    number32(l, "max_block_length", y->max_block_length, 3, 65535, core->max_number_of_block_length);
	core->fingerprint_required = y->fingerprint_required;
	core->asynchronous_routines = y->asynchronous_routines;
	text(core->hardware_number, ECU_TEXT_BYTES, y->identification.hardware_number);
	text(core->serial_number, ECU_TEXT_BYTES, y->identification.serial_number);
	text(core->boot_version, ECU_TEXT_BYTES, y->identification.boot_version);
	text(core->data_version, ECU_TEXT_BYTES, y->identification.data_version);
	wrong = l->failed ? NULL : ecu_config_check(core);
	if (wrong)
		fail(l, "name", "%s: %s", d->name, wrong);
}

static void check_apart(struct loader *l, const struct vecu_setup *setup, size_t at)
{
	const struct vecu_definition *a = &setup->ecus[at];

	for (size_t i = 0; i < at; i++) {
		const struct vecu_definition *b = &setup->ecus[i];

		if (strcmp(a->name, b->name) == 0)
			fail(l, "name", "%s is there twice", a->name);
		if (a->bus == b->bus && a->core.link.address.rx_id == b->core.link.address.rx_id &&
		    a->core.link.address.extended_id == b->core.link.address.extended_id)
			fail(l, "request_id", "is that of %s on the same bus", b->name);
	}
}

static void load_all(struct loader *l, const struct vecu_yaml *y, struct vecu_setup *setup)
{
	setup->n_buses = y->n_buses;
	for (size_t i = 0; i < y->n_buses; i++) {
		text(setup->buses[i].name, VECU_NAME_BYTES, y->buses[i].name);
		text(setup->buses[i].port, VECU_PATH_BYTES, y->buses[i].port);
		setup->buses[i].fd = y->buses[i].fd;
	}
	setup->n_ecus = y->n_ecus;
	for (size_t i = 0; i < y->n_ecus && !l->failed; i++) {
		snprintf(l->at, sizeof(l->at), "ecus[%zu].", i);
		load_ecu(l, &y->ecus[i], setup, &setup->ecus[i]);
		check_apart(l, setup, i);
	}
}

int vecu_setup_load(const char *path, struct vecu_setup **setup, struct yaml_error *error)
{
	struct loader l = {.error = error};
	struct yaml_doc *doc = NULL;
	struct vecu_setup *out;
	void *data = NULL;
	int r = yaml_load_file(path, &vecu_yaml_schema, &data, &doc, error);

	if (r != 0)
		return r;
	out = calloc(1, sizeof(*out));
	if (out) {
		l.doc = doc;
		load_all(&l, data, out);
	} else {
		snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(ENOMEM));
	}
	yaml_free(&vecu_yaml_schema, data);
	yaml_doc_free(doc);
	if (!out)
		return -ENOMEM;
	if (l.failed) {
		free(out);
		return 1;
	}
	*setup = out;
	return 0;
}
