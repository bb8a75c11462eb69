#include "ecu-flash/load/profile_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/load/profile_yaml.h"

/* one number of the YAML: its range there, and where it goes, multiplied by @scale */
struct number {
	const char *key;
	size_t from;
	int64_t min, max;
	size_t to;
	size_t to_size;
	uint64_t scale;
	bool hex; /* how people write it */
};

#define ENTRY(key, min, max, field, scale, hex)                                                      \
	{                                                                                            \
#key, offsetof(struct profile_yaml, key), min, max, offsetof(struct profile, field), \
		    sizeof(((struct profile *)NULL)->field), scale, hex                              \
	}
#define NUMBER(key, min, max, field, scale) ENTRY(key, min, max, field, scale, false)
#define HEX(key, min, max, field)           ENTRY(key, min, max, field, 1, true)

static const struct number numbers[] = {
    NUMBER(link.block_size, 0, 255, link.block_size, 1),
    NUMBER(link.n_as_ms, 1, 65535, link.n_as_us, 1000),
    NUMBER(link.n_ar_ms, 1, 65535, link.n_ar_us, 1000),
    NUMBER(link.n_bs_ms, 1, 65535, link.n_bs_us, 1000),
    NUMBER(link.n_cr_ms, 1, 65535, link.n_cr_us, 1000),
    NUMBER(timing.p2_ms, 1, 65535, timing.p2_us, 1000),
    NUMBER(timing.p2_star_ms, 1, 655350, timing.p2_star_us, 1000),
    NUMBER(timing.s3_ms, 100, 4500, timing.s3_client_us, 1000),
    NUMBER(timing.max_pending, 1, 100000, timing.max_pending, 1),
    NUMBER(timing.pending_max_s, 1, 3600, timing.pending_max_us, 1000000),
    NUMBER(timing.answer_max_ms, 1, 600000, timing.answer_max_us, 1000),
    NUMBER(timing.busy_pause_ms, 1, 60000, timing.busy_pause_us, 1000),
    NUMBER(timing.busy_repeats, 0, 1000, timing.max_busy_repeats, 1),
    NUMBER(timing.boot_wait_ms, 0, 600000, boot_wait_ms, 1),
    NUMBER(timing.boot_max_ms, 1, 600000, boot_max_ms, 1),
    NUMBER(timing.block_retries, 0, 255, block_retries, 1),
    HEX(dids.hardware, 0, 0xffff, did_hardware),
    HEX(dids.serial, 0, 0xffff, did_serial),
    HEX(dids.boot, 0, 0xffff, did_boot),
    HEX(dids.application, 0, 0xffff, did_application),
    HEX(dids.data, 0, 0xffff, did_data),
    HEX(dids.fingerprint, 0, 0xffff, did_fingerprint),
    HEX(routines.preconditions, 0, 0xffff, routine_preconditions),
    HEX(routines.erase, 0, 0xffff, routine_erase),
    HEX(routines.check, 0, 0xffff, routine_check),
    HEX(routines.dependencies, 0, 0xffff, routine_dependencies),
    HEX(routines.switch_over, 0, 0xffff, routine_switch_over),
    HEX(routines.switch_back, 0, 0xffff, routine_switch_back),
    NUMBER(routines.erase_address_bytes, 1, 5, erase_address_bytes, 1),
    NUMBER(routines.erase_length_bytes, 1, 4, erase_length_bytes, 1),
    NUMBER(routines.first_block, 0, UINT32_MAX, first_block, 1),
    NUMBER(routines.block_bytes, 1, 4, block_number_bytes, 1),
    NUMBER(memory.address_bytes, 1, 5, address_bytes, 1),
    NUMBER(memory.length_bytes, 1, 4, length_bytes, 1),
    HEX(memory.data_format, 0, 0xff, data_format),
    NUMBER(memory.max_block, 0, UINT32_MAX, max_block_bytes, 1),
    NUMBER(estimate.program_us_per_block, 0, 60000000, program_us_per_block, 1),
};

static bool has(const struct load *l, const char *key)
{
	return load_has(l, key);
}

const char *load_number_text(int64_t value, bool hex, char out[LOAD_NUMBER_BYTES])
{
	snprintf(out, LOAD_NUMBER_BYTES, hex && value >= 0 ? "0x%" PRIx64 : "%" PRId64, value);
	return out;
}

int load_range(const struct load *l, const char *key, int64_t value, int64_t min, int64_t max, bool hex)
{
	char is[LOAD_NUMBER_BYTES], low[LOAD_NUMBER_BYTES], high[LOAD_NUMBER_BYTES];

	if (value >= min && value <= max)
		return 0;
	return yaml_error_at(l->doc, l->error, key, "must be %s..%s, is %s", load_number_text(min, hex, low),
			     load_number_text(max, hex, high), load_number_text(value, hex, is));
}

static int apply_numbers(const struct load *l)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const struct number *n = &numbers[i];
		uint8_t *to = (uint8_t *)l->profile + n->to;
		int64_t number;

		if (!has(l, n->key))
			continue;
		memcpy(&number, (const uint8_t *)l->yaml + n->from, sizeof number);
		if (load_range(l, n->key, number, n->min, n->max, n->hex))
			return 1;
		const uint64_t value = (uint64_t)number * n->scale;
		switch (n->to_size) {
		case 1:
			*to = (uint8_t)value;
			break;
		case 2:
			memcpy(to, &(uint16_t){(uint16_t)value}, 2);
			break;
		case 4:
			memcpy(to, &(uint32_t){(uint32_t)value}, 4);
			break;
		case 8:
			memcpy(to, &value, 8);
			break;
		}
	}
	return 0;
}

static int needs(const struct load *l, const char *key, const char *form)
{
	if (has(l, key))
		return 0;
	return yaml_error_at(l->doc, l->error, key, "is missing: addressing of the form %s needs it", form);
}

static int takes_no(const struct load *l, const char *key, const char *form)
{
	if (!has(l, key))
		return 0;
	return yaml_error_at(l->doc, l->error, key, "does not belong to addressing of the form %s", form);
}

static int apply_identifiers(const struct load *l, const char *form)
{
	struct isotp_address *a = &l->profile->link.address;
	uint32_t max = a->extended_id ? 0x1fffffff : 0x7ff;

	if (needs(l, "addressing.request", form) || needs(l, "addressing.response", form) ||
	    load_range(l, "addressing.request", l->yaml->addressing.request, 0, max, true) ||
	    load_range(l, "addressing.response", l->yaml->addressing.response, 0, max, true))
		return 1;
	a->tx_id = (uint32_t)l->yaml->addressing.request;
	a->rx_id = (uint32_t)l->yaml->addressing.response;
	return 0;
}

/* 18DA: physical, 18DB: functional, then target and source address (ISO 15765-2, normal fixed addressing) */
static int apply_fixed(const struct load *l)
{
	struct isotp_address *a = &l->profile->link.address;
	uint32_t target = (uint32_t)l->yaml->addressing.target_address;
	uint32_t source = has(l, "addressing.source_address") ? (uint32_t)l->yaml->addressing.source_address : 0xf1;

	if (needs(l, "addressing.target_address", "normal-fixed") ||
	    takes_no(l, "addressing.request", "normal-fixed") || takes_no(l, "addressing.response", "normal-fixed") ||
	    takes_no(l, "addressing.address_extension", "normal-fixed") ||
	    takes_no(l, "addressing.functional_address", "normal-fixed"))
		return 1;
	if (has(l, "addressing.id_bits") && !a->extended_id)
		return yaml_error_at(l->doc, l->error, "addressing.id_bits",
				     "must be 29 for addressing of the form normal-fixed");
	a->extended_id = true;
	a->tx_id = 0x18da0000u | target << 8 | source;
	a->rx_id = 0x18da0000u | source << 8 | target;
	l->profile->functional.id = 0x18db3300u | source;
	return 0;
}

static int apply_addressing(const struct load *l)
{
	struct isotp_address *a = &l->profile->link.address;
	const __typeof__(l->yaml->addressing) *y = &l->yaml->addressing;
	int r = 0;

	a->form = (enum isotp_addressing)y->form; /* absent: 0, which is normal */
	if (has(l, "addressing.id_bits") && y->id_bits != 11 && y->id_bits != 29)
		return yaml_error_at(l->doc, l->error, "addressing.id_bits", "must be 11 or 29, is %" PRId64,
				     y->id_bits);
	a->extended_id = y->id_bits == 29;
	if (load_range(l, "addressing.target_address", y->target_address, 0, 255, true) ||
	    load_range(l, "addressing.source_address", y->source_address, 0, 255, true) ||
	    load_range(l, "addressing.address_extension", y->address_extension, 0, 255, true) ||
	    load_range(l, "addressing.functional_address", y->functional_address, 0, 255, true))
		return 1;
	l->profile->functional.id = a->extended_id ? 0x18db33f1 : 0x7df;
	switch (a->form) {
	case ISOTP_NORMAL:
		r = apply_identifiers(l, "normal") || takes_no(l, "addressing.target_address", "normal") ||
		    takes_no(l, "addressing.source_address", "normal") ||
		    takes_no(l, "addressing.address_extension", "normal") ||
		    takes_no(l, "addressing.functional_address", "normal");
		break;
	case ISOTP_NORMAL_FIXED:
		r = apply_fixed(l);
		break;
	case ISOTP_EXTENDED: /* the first byte is the address of the one who is spoken to */
		r = apply_identifiers(l, "extended") || needs(l, "addressing.target_address", "extended") ||
		    takes_no(l, "addressing.address_extension", "extended");
		a->tx_ae = (uint8_t)y->target_address;
		a->rx_ae = has(l, "addressing.source_address") ? (uint8_t)y->source_address : 0xf1;
		break;
	case ISOTP_MIXED: /* the same extension both ways */
		r = apply_identifiers(l, "mixed") || needs(l, "addressing.address_extension", "mixed") ||
		    takes_no(l, "addressing.target_address", "mixed") ||
		    takes_no(l, "addressing.source_address", "mixed");
		a->tx_ae = a->rx_ae = (uint8_t)y->address_extension;
		break;
	}
	if (!r && has(l, "addressing.functional")) {
		r = load_range(l, "addressing.functional", y->functional, 0, a->extended_id ? 0x1fffffff : 0x7ff, true);
		l->profile->functional.id = (uint32_t)y->functional;
	}
	l->profile->functional.extended_id = a->extended_id;
	l->profile->functional.has_address = has(l, "addressing.functional_address");
	l->profile->functional.address = (uint8_t)y->functional_address;
	return r;
}

static int apply_st_min(const struct load *l)
{
	int64_t us = l->yaml->link.st_min_us;

	if (us > 0 && us < 1000 && us % 100 == 0)
		l->profile->link.st_min = (uint8_t)(0xf0 + us / 100);
	else if (us % 1000 == 0 && us >= 0 && us <= 127000)
		l->profile->link.st_min = (uint8_t)(us / 1000);
	else
		return yaml_error_at(
		    l->doc, l->error, "link.st_min_us",
		    "must be 0, 100..900 in steps of 100, or 1000..127000 in steps of 1000; is %" PRId64, us);
	return 0;
}

static int apply_pad(const struct load *l)
{
	const char *text = l->yaml->link.pad;
	unsigned char byte;

	if (strcmp(text, "none") == 0) {
		l->profile->link.pad = false;
		return 0;
	}
	if (strncmp(text, "0x", 2) != 0 || strlen(text) != 4 || yaml_hex_bytes(text, &byte, 1) != 1)
		return yaml_error_at(l->doc, l->error, "link.pad", "must be none or a byte as 0xCC, is \"%s\"", text);
	l->profile->link.pad = true;
	l->profile->link.pad_byte = byte;
	return 0;
}

static int apply_link(const struct load *l)
{
	struct isotp_config *link = &l->profile->link;
	struct can_node_functional *functional = &l->profile->functional;
	int64_t tx_dl = l->yaml->link.tx_dl;

	link->fd = l->yaml->link.fd;
	link->brs = has(l, "link.brs") ? l->yaml->link.brs : link->fd;
	link->tx_dl = link->fd ? 64 : 8;
	if (has(l, "link.tx_dl")) {
		if (tx_dl < 8 || tx_dl > 64 || can_msg_fd_len((size_t)tx_dl) != (size_t)tx_dl)
			return yaml_error_at(l->doc, l->error, "link.tx_dl",
					     "must be one of 8, 12, 16, 20, 24, 32, 48, 64; is %" PRId64, tx_dl);
		if (tx_dl > 8 && !link->fd)
			return yaml_error_at(l->doc, l->error, "link.tx_dl", "above 8 needs fd: true");
		link->tx_dl = (uint8_t)tx_dl;
	}
	if (link->brs && !link->fd)
		return yaml_error_at(l->doc, l->error, "link.brs", "needs fd: true");
	if ((has(l, "link.pad") && apply_pad(l)) || (has(l, "link.st_min_us") && apply_st_min(l)))
		return 1;
	functional->fd = link->fd;
	functional->brs = link->brs;
	functional->pad = link->pad;
	functional->pad_byte = link->pad_byte;
	return 0;
}

static int apply_words(const struct load *l)
{
	struct profile *p = l->profile;
	double erase = l->yaml->estimate.erase_ms_per_kib;

	memcpy(p->name, l->yaml->name, sizeof p->name);
	if (has(l, "supply"))
		p->supply = (enum profile_supply)l->yaml->supply;
	if (has(l, "routines.erase_argument"))
		p->erase_argument = (enum profile_erase_argument)l->yaml->routines.erase_argument;
	if (has(l, "routines.check_argument"))
		p->check_argument = (enum profile_check_argument)l->yaml->routines.check_argument;
	if (has(l, "routines.erase_format_byte"))
		p->erase_bare = !l->yaml->routines.erase_format_byte;
	if (has(l, "estimate.erase_ms_per_kib")) {
		if (!(erase >= 0 && erase <= 100000))
			return yaml_error_at(l->doc, l->error, "estimate.erase_ms_per_kib", "must be 0..100000");
		p->erase_ms_per_kib_x100 = (uint32_t)(erase * 100 + 0.5);
	}
	return 0;
}

static int apply_template(const struct load *l)
{
	const char *name = l->yaml->template_name;

	if (!has(l, "template") || strcmp(name, "single-bank") == 0)
		profile_template_single_bank(l->profile);
	else if (strcmp(name, "dual-bank") == 0)
		profile_template_dual_bank(l->profile);
	else
		return yaml_error_at(l->doc, l->error, "template", "must be single-bank or dual-bank, is \"%s\"", name);
	return 0;
}

/* where the document says what is wrong; what it leaves to the template is named all the same */
static void flaw_key(const struct load *l, const struct profile_flaw *flaw, char *key, size_t n)
{
	const char *list = flaw->list;

	for (size_t i = 0; i < sizeof flaw->keys / sizeof *flaw->keys; i++) {
		if (flaw->keys[i] && has(l, flaw->keys[i])) {
			snprintf(key, n, "%s", flaw->keys[i]);
			return;
		}
	}
	if (list && has(l, list) && flaw->entry != PROFILE_FLAW_WHOLE)
		snprintf(key, n, "%s[%u]", list, flaw->entry);
	else if (list && !has(l, list) && strcmp(list, "steps") == 0 && has(l, "change_steps"))
		snprintf(key, n, "change_steps");
	else if (flaw->keys[0] && !(list && has(l, list)))
		snprintf(key, n, "%s", flaw->keys[0]);
	else
		snprintf(key, n, "%s", list ? list : "");
}

static int apply(const struct load *l)
{
	struct profile_flaw flaw;
	char key[48];

	if (apply_template(l) || apply_words(l) || apply_numbers(l) || apply_addressing(l) || apply_link(l) ||
	    profile_security_apply(l) || profile_decoding_apply(l) || profile_fingerprint_apply(l) ||
	    profile_status_apply(l) || profile_steps_apply(l))
		return 1;
	if (profile_check_flaw(l->profile, &flaw))
		return 0;
	flaw_key(l, &flaw, key, sizeof key);
	return yaml_error_at(l->doc, l->error, key, "%s", flaw.words);
}

static int finish(struct yaml_doc *doc, struct profile_yaml *yaml, struct profile *profile, struct yaml_error *error)
{
	struct profile loaded;
	int r;

	r = apply(&(struct load){doc, yaml, &loaded, error});
	if (!r)
		*profile = loaded;
	yaml_free(&profile_yaml_schema, yaml);
	yaml_doc_free(doc);
	return r;
}

int profile_load_file(const char *path, struct profile *profile, struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	void *yaml = NULL;
	int r = yaml_load_file(path, &profile_yaml_schema, &yaml, &doc, error);

	return r ? r : finish(doc, yaml, profile, error);
}

int profile_load_memory(const char *name, const char *text, size_t n, struct profile *profile, struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	void *yaml = NULL;
	int r = yaml_load_memory(name, text, n, &profile_yaml_schema, &yaml, &doc, error);

	return r ? r : finish(doc, yaml, profile, error);
}
