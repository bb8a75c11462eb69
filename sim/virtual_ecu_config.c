#include "sim/virtual_ecu_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/virtual_ecu_loader.h"

static void load_ecu(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct vecu_setup *setup,
		     struct vecu_definition *d)
{
	struct ecu_config *core = &d->core;
	const char *wrong;

	*core = ecu_config_default();
	vecu_text(d->name, sizeof(d->name), y->name);
	if (strchr(d->name, '/') || d->name[0] == '.')
		vecu_fail(l, "name", "names files too: no \"/\" in it, and no \".\" at its beginning");
	while (d->bus < setup->n_buses && strcmp(setup->buses[d->bus].name, y->bus) != 0)
		d->bus++;
	if (d->bus == setup->n_buses)
		vecu_fail(l, "bus", "no such bus: %s", y->bus);
	vecu_load_link(l, y, core);
	vecu_load_timing(l, &y->timing, &core->timing);
	vecu_load_security(l, &y->security, d);
	vecu_load_memory(l, y, core);
	vecu_load_banks(l, &y->banks, &core->banks);
	vecu_load_dids(l, y, core);
	vecu_load_version(l, y, &core->version);
	vecu_load_message(l, &y->message, core);
	vecu_load_factory(l, &y->factory, d);
	vecu_load_dtcs(l, y, core);
	vecu_load_faults(l, y, core);
	core->max_number_of_block_length =
	    vecu_number32(l, "max_block_length", y->max_block_length, 3, 65535, core->max_number_of_block_length);
	core->fingerprint_required = y->fingerprint_required;
	core->asynchronous_routines = y->asynchronous_routines;
	core->deauthenticates = y->deauthenticates;
	vecu_text(core->hardware_number, ECU_TEXT_BYTES, y->identification.hardware_number);
	vecu_text(core->serial_number, ECU_TEXT_BYTES, y->identification.serial_number);
	vecu_text(core->boot_version, ECU_TEXT_BYTES, y->identification.boot_version);
	vecu_text(core->data_version, ECU_TEXT_BYTES, y->identification.data_version);
	wrong = l->failed ? NULL : ecu_config_check(core);
	if (wrong)
		vecu_fail(l, "name", "%s: %s", d->name, wrong);
}

static bool has_address_byte(const struct isotp_address *a)
{
	return a->form == ISOTP_EXTENDED || a->form == ISOTP_MIXED;
}

/* one identifier may lead to several ECUs whose first data byte differs */
static bool same_address(const struct isotp_address *a, const struct isotp_address *b)
{
	return a->rx_id == b->rx_id && a->extended_id == b->extended_id &&
	       !(has_address_byte(a) && has_address_byte(b) && a->rx_ae != b->rx_ae);
}

static void check_apart(struct vecu_loader *l, const struct vecu_setup *setup, size_t at)
{
	const struct vecu_definition *a = &setup->ecus[at];

	for (size_t i = 0; i < at; i++) {
		const struct vecu_definition *b = &setup->ecus[i];

		if (strcmp(a->name, b->name) == 0)
			vecu_fail(l, "name", "%s is there twice", a->name);
		if (a->bus == b->bus && same_address(&a->core.link.address, &b->core.link.address))
			vecu_fail(l, a->core.link.address.form == ISOTP_NORMAL_FIXED ? "target_address" : "request_id",
				  "is that of %s on the same bus", b->name);
	}
}

static void load_all(struct vecu_loader *l, const struct vecu_yaml *y, struct vecu_setup *setup)
{
	setup->n_buses = y->n_buses;
	for (size_t i = 0; i < y->n_buses; i++) {
		vecu_text(setup->buses[i].name, VECU_NAME_BYTES, y->buses[i].name);
		vecu_text(setup->buses[i].port, VECU_PATH_BYTES, y->buses[i].port);
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
	struct vecu_loader l = {.error = error};
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
