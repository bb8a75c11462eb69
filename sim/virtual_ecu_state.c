#include "sim/virtual_ecu_state.h"

#include <stdlib.h>
#include <string.h>

struct state_extent {
	uint64_t address, size;
};

struct state_did {
	uint64_t id;
	char *hex;
};

struct state_bank {
	bool app_valid;
	char *factory_version;
	struct state_extent *programmed;
	unsigned n_programmed;
};

struct state {
	bool app_valid;
	char *factory_version, *fingerprint;
	uint64_t failed_keys;
	struct state_extent *programmed;
	unsigned n_programmed;
	struct state_did *dids;
	unsigned n_dids;
	unsigned running_bank;
	enum ecu_bank_mark bank_mark;
	struct state_bank bank_b;
};

#define OPT CYAML_FLAG_OPTIONAL

static const cyaml_schema_field_t extent_fields[] = {
    CYAML_FIELD_UINT("address", CYAML_FLAG_DEFAULT, struct state_extent, address),
    CYAML_FIELD_UINT("size", CYAML_FLAG_DEFAULT, struct state_extent, size),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t extent_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct state_extent, extent_fields)};
static const cyaml_schema_field_t did_fields[] = {
    CYAML_FIELD_UINT("id", CYAML_FLAG_DEFAULT, struct state_did, id),
    CYAML_FIELD_STRING_PTR("hex", CYAML_FLAG_POINTER, struct state_did, hex, 2, 2 * ECU_MAX_DID_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t did_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct state_did, did_fields)};
static const cyaml_strval_t bank_words[] = {{"a", 0}, {"b", 1}};
static const cyaml_strval_t mark_words[] = {
    {"stay", ECU_BANK_STAY},
    {"over", ECU_BANK_OVER},
    {"back", ECU_BANK_BACK},
    {"cancel", ECU_BANK_CANCEL},
};
static const cyaml_schema_field_t bank_fields[] = {
    CYAML_FIELD_BOOL("app_valid", CYAML_FLAG_DEFAULT, struct state_bank, app_valid),
    CYAML_FIELD_STRING_PTR("factory_version", OPT | CYAML_FLAG_POINTER, struct state_bank, factory_version, 0,
			   ECU_TEXT_BYTES - 1),
    CYAML_FIELD_SEQUENCE_COUNT("programmed", OPT | CYAML_FLAG_POINTER, struct state_bank, programmed, n_programmed,
			       &extent_schema, 0, ECU_MAX_EXTENTS),
    CYAML_FIELD_END,
};
/* the bank keys are there where an ECU has two */
static const cyaml_schema_field_t state_fields[] = {
    CYAML_FIELD_BOOL("app_valid", CYAML_FLAG_DEFAULT, struct state, app_valid),
    CYAML_FIELD_STRING_PTR("factory_version", OPT | CYAML_FLAG_POINTER, struct state, factory_version, 0,
			   ECU_TEXT_BYTES - 1),
    CYAML_FIELD_STRING_PTR("fingerprint", OPT | CYAML_FLAG_POINTER, struct state, fingerprint, 0,
			   2 * ECU_MAX_DID_BYTES),
    CYAML_FIELD_UINT("failed_keys", OPT, struct state, failed_keys),
    CYAML_FIELD_SEQUENCE_COUNT("programmed", OPT | CYAML_FLAG_POINTER, struct state, programmed, n_programmed,
			       &extent_schema, 0, ECU_MAX_EXTENTS),
    CYAML_FIELD_SEQUENCE_COUNT("dids", OPT | CYAML_FLAG_POINTER, struct state, dids, n_dids, &did_schema, 0,
			       ECU_MAX_DIDS),
    CYAML_FIELD_ENUM("running_bank", OPT | CYAML_FLAG_STRICT, struct state, running_bank, bank_words,
		     CYAML_ARRAY_LEN(bank_words)),
    CYAML_FIELD_ENUM("bank_mark", OPT | CYAML_FLAG_STRICT, struct state, bank_mark, mark_words,
		     CYAML_ARRAY_LEN(mark_words)),
    CYAML_FIELD_MAPPING("bank_b", OPT, struct state, bank_b, bank_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t state_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct state, state_fields)};

static void write_hex(FILE *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%02x", bytes[i]);
}

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void write_extents(FILE *out, const char *indent, const struct ecu_extents *extents)
{
	for (size_t i = 0; i < extents->n; i++) {
		const struct ecu_extent *e = &extents->items[i];

		if (!i)
			fprintf(out, "%sprogrammed:\n", indent);
		fprintf(out, "%s  - {address: 0x%08x, size: %u}\n", indent, e->address, e->size);
	}
}

static void write_banks(FILE *out, const struct ecu_nonvolatile *nv)
{
	fprintf(out, "running_bank: %s\n", bank_words[nv->running_bank != 0].str);
	fprintf(out, "bank_mark: %s\n", mark_words[nv->bank_mark].str);
	fprintf(out, "bank_b:\n  app_valid: %s\n  factory_version: ", nv->bank_b.app_valid ? "true" : "false");
	write_text(out, nv->bank_b.factory_version);
	fputc('\n', out);
	write_extents(out, "  ", &nv->bank_b.programmed);
}

bool vecu_state_write(FILE *out, const struct ecu_config *config, const struct ecu_nonvolatile *nv)
{
	fprintf(out, "app_valid: %s\n", nv->app_valid ? "true" : "false");
	fprintf(out, "factory_version: ");
	write_text(out, nv->factory_version);
	fprintf(out, "\nfingerprint: \"");
	write_hex(out, nv->fingerprint, nv->n_fingerprint);
	fprintf(out, "\"\nfailed_keys: %u\n", nv->failed_keys);
	write_extents(out, "", &nv->programmed);
	if (config->banks.present)
		write_banks(out, nv);
	for (size_t i = 0; i < config->n_dids; i++) {
		fprintf(out, "%s  - {id: 0x%04x, hex: \"", i ? "" : "dids:\n", config->dids[i].id);
		write_hex(out, nv->did_bytes[i], config->dids[i].n);
		fprintf(out, "\"}\n");
	}
	return fflush(out) == 0 && !ferror(out);
}

/* a data identifier whose length the configuration has changed since is as from the factory */
static void take_did(const struct ecu_config *config, const struct state_did *did, struct ecu_nonvolatile *nv)
{
	uint8_t bytes[ECU_MAX_DID_BYTES];
	int n = yaml_hex_bytes(did->hex, bytes, sizeof(bytes));

	for (size_t i = 0; i < config->n_dids; i++) {
		if (config->dids[i].id == did->id && n == config->dids[i].n)
			memcpy(nv->did_bytes[i], bytes, (size_t)n);
	}
}

static int take_extents(const struct yaml_doc *doc, const char *key, const struct state_extent *from, size_t n,
			struct ecu_extents *to, struct yaml_error *error)
{
	for (size_t i = 0; i < n; i++) {
		const struct state_extent *e = &from[i];

		if (e->address > UINT32_MAX || e->size > UINT32_MAX || e->address + e->size > UINT64_C(1) << 32 ||
		    !ecu_extents_add(to, (uint32_t)e->address, (uint32_t)e->size))
			return yaml_error_at(doc, error, key, "range %zu is out of bounds", i);
	}
	return 0;
}

static int take_banks(const struct yaml_doc *doc, const struct state *s, struct ecu_nonvolatile *nv,
		      struct yaml_error *error)
{
	const struct state_bank *b = &s->bank_b;

	nv->running_bank = (uint8_t)s->running_bank;
	nv->bank_mark = s->bank_mark;
	nv->bank_b.app_valid = b->app_valid;
	snprintf(nv->bank_b.factory_version, sizeof(nv->bank_b.factory_version), "%s",
		 b->factory_version ? b->factory_version : "");
	return take_extents(doc, "bank_b.programmed", b->programmed, b->n_programmed, &nv->bank_b.programmed, error);
}

static int take(const struct yaml_doc *doc, const struct state *s, const struct ecu_config *config,
		struct ecu_nonvolatile *nv, struct yaml_error *error)
{
	int n;

	nv->app_valid = s->app_valid;
	nv->failed_keys = s->failed_keys > UINT8_MAX ? UINT8_MAX : (uint8_t)s->failed_keys;
	snprintf(nv->factory_version, sizeof(nv->factory_version), "%s", s->factory_version ? s->factory_version : "");
	n = yaml_hex_bytes(s->fingerprint ? s->fingerprint : "", nv->fingerprint, sizeof(nv->fingerprint));
	nv->n_fingerprint = n > 0 ? (uint8_t)n : 0;
	if (!config->banks.present && yaml_has(doc, "bank_b"))
		return yaml_error_at(doc, error, "bank_b",
				     "the ECU has one bank by now; remove this file and the .bin file");
	n = take_extents(doc, "programmed", s->programmed, s->n_programmed, &nv->programmed, error);
	if (n == 0 && config->banks.present)
		n = take_banks(doc, s, nv, error);
	if (n != 0)
		return n;
	for (size_t i = 0; i < s->n_dids; i++)
		take_did(config, &s->dids[i], nv);
	return 0;
}

int vecu_state_read(const char *path, const struct ecu_config *config, struct ecu_nonvolatile *nv,
		    struct yaml_error *error)
{
	struct ecu_nonvolatile out = ecu_nonvolatile_default(config);
	struct yaml_doc *doc = NULL;
	void *data = NULL;
	int r = yaml_load_file(path, &state_schema, &data, &doc, error);

	if (r != 0)
		return r;
	r = take(doc, data, config, &out, error);
	yaml_free(&state_schema, data);
	yaml_doc_free(doc);
	if (r == 0)
		*nv = out;
	return r;
}
