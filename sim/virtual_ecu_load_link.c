/* How a virtual ECU is reached, from YAML: addressing, link and timing. */
#include "sim/virtual_ecu_loader.h"

static uint32_t identifier(struct vecu_loader *l, const char *key, int64_t value, bool extended_id)
{
	return vecu_number32(l, key, value, 0, extended_id ? 0x1fffffff : 0x7ff, 0);
}

static void refuse(struct vecu_loader *l, const char *key, const char *why)
{
	if (vecu_has(l, key))
		vecu_fail(l, key, "does not belong to this addressing: %s", why);
}

static void need(struct vecu_loader *l, const char *key)
{
	if (!vecu_has(l, key))
		vecu_fail(l, key, "is missing");
}

/* 18DA: physical, 18DB: functional, then target and source address (ISO 15765-2, normal fixed addressing) */
static void load_normal_fixed(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	struct isotp_address *a = &core->link.address;
	uint32_t tester = vecu_number8(l, "source_address", y->source_address, 0, 0xff, 0xf1);
	uint32_t ecu = vecu_number8(l, "target_address", y->target_address, 0, 0xff, 0);

	need(l, "target_address");
	refuse(l, "request_id", "normal-fixed makes it of the addresses");
	refuse(l, "response_id", "normal-fixed makes it of the addresses");
	if (vecu_has(l, "id_bits") && y->id_bits != 29)
		vecu_fail(l, "id_bits", "must be 29 with normal-fixed, is %lld", (long long)y->id_bits);
	a->extended_id = true;
	a->rx_id = 0x18da0000u | ecu << 8 | tester;
	a->tx_id = 0x18da0000u | tester << 8 | ecu;
	core->functional_extended_id = true;
	core->functional_id = vecu_number32(l, "functional_id", y->functional_id, 1, 0x1fffffff, 0x18db3300u | tester);
}

static void load_identifiers(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	struct isotp_address *a = &core->link.address;

	need(l, "request_id");
	need(l, "response_id");
	if (vecu_has(l, "id_bits") && y->id_bits != 11 && y->id_bits != 29)
		vecu_fail(l, "id_bits", "must be 11 or 29, is %lld", (long long)y->id_bits);
	a->extended_id = vecu_has(l, "id_bits") && y->id_bits == 29;
	a->rx_id = identifier(l, "request_id", y->request_id, a->extended_id);
	a->tx_id = identifier(l, "response_id", y->response_id, a->extended_id);
	if (a->tx_id == a->rx_id)
		vecu_fail(l, "response_id", "is that of the requests: the ECU would take its answers for them");
	core->functional_extended_id = a->extended_id;
	if (vecu_has(l, "functional_id"))
		core->functional_id = identifier(l, "functional_id", y->functional_id, a->extended_id);
}

/* the address byte before the protocol's own, of extended and mixed addressing */
static void load_address_byte(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	struct isotp_address *a = &core->link.address;

	if (a->form == ISOTP_EXTENDED) {
		need(l, "target_address");
		a->rx_ae = vecu_number8(l, "target_address", y->target_address, 0, 0xff, 0);
		a->tx_ae = vecu_number8(l, "source_address", y->source_address, 0, 0xff, 0xf1);
	} else {
		need(l, "address_extension");
		a->rx_ae = vecu_number8(l, "address_extension", y->address_extension, 0, 0xff, 0);
		a->tx_ae = a->rx_ae;
	}
	core->functional_has_address = vecu_has(l, "functional_address");
	core->functional_address = vecu_number8(l, "functional_address", y->functional_address, 0, 0xff, 0);
}

static void load_addressing(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	enum isotp_addressing form = y->addressing;

	core->link.address.form = form;
	if (form == ISOTP_NORMAL_FIXED)
		load_normal_fixed(l, y, core);
	else
		load_identifiers(l, y, core);
	if (form == ISOTP_EXTENDED || form == ISOTP_MIXED)
		load_address_byte(l, y, core);
	else
		refuse(l, "functional_address", "only extended and mixed frames begin with an address");
	if (form == ISOTP_NORMAL || form == ISOTP_MIXED) {
		refuse(l, "target_address", "normal-fixed and extended have one");
		refuse(l, "source_address", "normal-fixed and extended have one");
	}
	if (form != ISOTP_MIXED)
		refuse(l, "address_extension", "mixed has one");
}

void vecu_load_link(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core)
{
	struct isotp_config *link = &core->link;
	uint64_t us = vecu_number(l, "link.st_min_us", y->link.st_min_us, 0, 127000, 0);

	load_addressing(l, y, core);
	link->fd = y->link.fd;
	link->brs = y->link.brs;
	link->tx_dl = vecu_number8(l, "link.tx_dl", y->link.tx_dl, 8, 64, y->link.fd ? 64 : 8);
	if (link->tx_dl != can_msg_fd_len(link->tx_dl) || (!link->fd && link->tx_dl > 8))
		vecu_fail(l, "link.tx_dl", "must be 8, with fd also 12, 16, 20, 24, 32, 48 or 64");
	link->block_size = vecu_number8(l, "link.block_size", y->link.block_size, 0, 255, 0);
	if (us >= 1000 && us % 1000 == 0)
		link->st_min = (uint8_t)(us / 1000);
	else if (us < 1000 && us % 100 == 0)
		link->st_min = us ? (uint8_t)(0xf0 + us / 100) : 0;
	else
		vecu_fail(l, "link.st_min_us", "must be 0, 100..900 in steps of 100, or whole milliseconds");
}

void vecu_load_timing(struct vecu_loader *l, const struct vecu_yaml_timing *y, struct ecu_timing *t)
{
	const uint64_t hour_ms = 3600000;
	const uint32_t any = UINT32_MAX;

	t->p2_us = 1000 * vecu_number(l, "timing.p2_ms", y->p2_ms, 1, 65535, t->p2_us / 1000);
	t->p2_star_us = 1000 * vecu_number(l, "timing.p2_star_ms", y->p2_star_ms, 10, 655350, t->p2_star_us / 1000);
	t->s3_us = 1000 * vecu_number(l, "timing.s3_ms", y->s3_ms, 1, hour_ms, t->s3_us / 1000);
	t->pending_margin_us = 1000 * vecu_number(l, "timing.pending_margin_ms", y->pending_margin_ms, 0, hour_ms,
						  t->pending_margin_us / 1000);
	t->reset_us = 1000 * vecu_number(l, "timing.reset_ms", y->reset_ms, 0, hour_ms, t->reset_us / 1000);
	t->boot_switch_us =
	    1000 * vecu_number(l, "timing.boot_switch_ms", y->boot_switch_ms, 0, hour_ms, t->boot_switch_us / 1000);
	t->erase_us_per_kib =
	    vecu_number(l, "timing.erase_us_per_kib", y->erase_us_per_kib, 0, any, t->erase_us_per_kib);
	t->erase_us_per_sector =
	    vecu_number(l, "timing.erase_us_per_sector", y->erase_us_per_sector, 0, any, t->erase_us_per_sector);
	t->program_us_per_block =
	    vecu_number(l, "timing.program_us_per_block", y->program_us_per_block, 0, any, t->program_us_per_block);
	t->program_us_per_kib =
	    vecu_number(l, "timing.program_us_per_kib", y->program_us_per_kib, 0, any, t->program_us_per_kib);
	t->check_us_per_kib =
	    vecu_number(l, "timing.check_us_per_kib", y->check_us_per_kib, 0, any, t->check_us_per_kib);
}
