#include "ecu-flash/profile_priv.h"

#include <string.h>

static bool id_fits(uint32_t id, bool extended)
{
	return id <= (extended ? 0x1fffffffu : 0x7ffu);
}

static const char *check_identifiers(const struct profile *p, struct profile_flaw *flaw)
{
	const struct isotp_address *a = &p->link.address;
	const struct can_node_functional *all = &p->functional;

	if (a->tx_id == a->rx_id)
		return profile_wrong(flaw, "addressing.response", "addressing.target_address",
				     "the request and the response identifier are the same");
	if (!id_fits(a->tx_id, a->extended_id))
		return profile_wrong(flaw, "addressing.request", NULL, "the request identifier is out of range");
	if (!id_fits(a->rx_id, a->extended_id))
		return profile_wrong(flaw, "addressing.response", NULL, "the response identifier is out of range");
	if (!id_fits(all->id, all->extended_id))
		return profile_wrong(flaw, "addressing.functional", NULL, "the functional identifier is out of range");
	if (all->id != a->tx_id || all->extended_id != a->extended_id)
		return NULL;
	if (!all->has_address)
		return profile_wrong(flaw, "addressing.functional", "addressing.request",
				     "the functional and the request identifier are the same");
	if (all->address == a->tx_ae)
		return profile_wrong(flaw, "addressing.functional_address", NULL,
				     "the functional address is that of the one ECU, on the same identifier");
	return NULL;
}

static const char *zero_link_timeout(const struct isotp_config *link)
{
	if (!link->n_as_us)
		return "link.n_as_ms";
	if (!link->n_ar_us)
		return "link.n_ar_ms";
	if (!link->n_bs_us)
		return "link.n_bs_ms";
	return link->n_cr_us ? NULL : "link.n_cr_ms";
}

static const char *zero_timeout(const struct uds_timing *timing)
{
	if (!timing->p2_us)
		return "timing.p2_ms";
	if (!timing->p2_star_us)
		return "timing.p2_star_ms";
	if (!timing->answer_max_us)
		return "timing.answer_max_ms";
	return timing->pending_max_us ? NULL : "timing.pending_max_s";
}

static const char *check_link(const struct profile *p, struct profile_flaw *flaw)
{
	const struct isotp_config *link = &p->link;

	if (link->tx_dl < 8 || link->tx_dl > CAN_MSG_MAX_BYTES || can_msg_fd_len(link->tx_dl) != link->tx_dl)
		return profile_wrong(flaw, "link.tx_dl", NULL,
				     "tx_dl is no length of a frame: 8, 12, 16, 20, 24, 32, 48, 64");
	if (link->tx_dl > 8 && !link->fd)
		return profile_wrong(flaw, "link.tx_dl", "link.fd", "tx_dl above 8 needs CAN FD");
	if (link->brs && !link->fd)
		return profile_wrong(flaw, "link.brs", "link.fd", "the bit rate switch needs CAN FD");
	if (zero_link_timeout(link))
		return profile_wrong(flaw, zero_link_timeout(link), NULL, "a transport timeout is 0");
	if (zero_timeout(&p->timing))
		return profile_wrong(flaw, zero_timeout(&p->timing), NULL, "a diagnostic timeout is 0");
	if (p->timing.s3_client_us < 100000 || p->timing.s3_client_us > 4500000)
		return profile_wrong(
		    flaw, "timing.s3_ms", NULL,
		    "the tester present period must be 100..4500 ms: the ECU's session ends after 5 s");
	return NULL;
}

static const char *check_memory(const struct profile *p, struct profile_flaw *flaw)
{
	if (p->address_bytes < 1 || p->address_bytes > 5)
		return profile_wrong(flaw, "memory.address_bytes", NULL, "address bytes must be 1..5");
	if (p->length_bytes < 1 || p->length_bytes > 4)
		return profile_wrong(flaw, "memory.length_bytes", NULL, "length bytes must be 1..4");
	if (p->max_block_bytes && p->max_block_bytes < 3)
		return profile_wrong(flaw, "memory.max_block", NULL,
				     "the longest block must be 0 (what the ECU says) or at least 3 bytes");
	if (p->erase_address_bytes > 5)
		return profile_wrong(flaw, "routines.erase_address_bytes", NULL,
				     "the erase routine's address bytes must be 1..5, or 0 for those of the memory");
	if (p->erase_length_bytes > 4)
		return profile_wrong(flaw, "routines.erase_length_bytes", NULL,
				     "the erase routine's length bytes must be 1..4, or 0 for those of the memory");
	if (p->block_number_bytes < 1 || p->block_number_bytes > 4)
		return profile_wrong(flaw, "routines.block_bytes", NULL, "the bytes of a block number must be 1..4");
	if (p->boot_max_ms <= p->boot_wait_ms)
		return profile_wrong(flaw, "timing.boot_max_ms", "timing.boot_wait_ms",
				     "the longest boot must exceed the wait before the first poll");
	if (p->boot_max_ms > 600000)
		return profile_wrong(flaw, "timing.boot_max_ms", NULL, "the longest boot is bounded by 600 s");
	return NULL;
}

static const char *check_fingerprint(const struct profile *p, struct profile_flaw *flaw)
{
	unsigned n = 0;

	if (p->n_fingerprint > PROFILE_MAX_FINGERPRINT)
		return profile_wrong(flaw, "fingerprint", "fingerprint_parts", "the fingerprint is too long");
	if (p->n_parts > PROFILE_MAX_PARTS)
		return profile_wrong(flaw, "fingerprint_parts", NULL, "the fingerprint has too many parts");
	for (uint8_t i = 0; i < p->n_parts; i++) {
		const struct profile_part *part = &p->parts[i];

		n += part->n;
		switch (part->kind) {
		case PROFILE_PART_BYTES:
			if (!part->n || part->at + part->n > p->n_fingerprint)
				return profile_wrong_entry(flaw, "fingerprint_parts", i,
							   "a part of the fingerprint has no bytes");
			break;
		case PROFILE_PART_DATE_YYMMDD:
		case PROFILE_PART_DATE_YYYYMMDD:
			if (part->n != (part->kind == PROFILE_PART_DATE_YYMMDD ? 3 : 4))
				return profile_wrong_entry(flaw, "fingerprint_parts", i, "a date takes 3 or 4 bytes");
			break;
		case PROFILE_PART_TESTER_SERIAL:
		case PROFILE_PART_SHOP_CODE:
			if (!part->n)
				return profile_wrong_entry(flaw, "fingerprint_parts", i,
							   "a part of the fingerprint has no length");
			break;
		}
	}
	if (n > PROFILE_MAX_FINGERPRINT)
		return profile_wrong(flaw, "fingerprint_parts", NULL, "the fingerprint is too long");
	return NULL;
}

static const char *check_status(const struct profile *p, struct profile_flaw *flaw)
{
	static const char *const keys[PROFILE_ROUTINES] = {
	    [PROFILE_ROUTINE_ERASE] = "routine_status.erase",
	    [PROFILE_ROUTINE_CHECK] = "routine_status.check",
	    [PROFILE_ROUTINE_DEPENDENCIES] = "routine_status.dependencies",
	    [PROFILE_ROUTINE_SWITCH_OVER] = "routine_status.switch_over",
	    [PROFILE_ROUTINE_SWITCH_BACK] = "routine_status.switch_back",
	    [PROFILE_ROUTINE_OTHER] = "routine_status.other",
	};

	for (unsigned i = 0; i < PROFILE_ROUTINES; i++) {
		const struct profile_status *s = &p->status[i];

		if (s->n_success < 1 || s->n_success > PROFILE_MAX_STATUS)
			return profile_wrong(flaw, keys[i], NULL,
					     "what counts as success of a routine must be 1..4 bytes");
		if (s->may_run && s->running == s->success[0])
			return profile_wrong(
			    flaw, keys[i], "routines.running_status",
			    "the status of a routine that still runs must differ from that of its success");
	}
	return NULL;
}

/* the same level twice would leave open which key its seed gets */
static const char *check_securities(const struct profile *p, struct profile_flaw *flaw)
{
	if (p->n_security < 1 || p->n_security > PROFILE_MAX_SECURITIES)
		return profile_wrong_entry(flaw, "securities", PROFILE_FLAW_WHOLE, "there must be 1..4 securities");
	for (uint8_t i = 0; i < p->n_security; i++)
		for (uint8_t k = 0; k < i; k++)
			if (p->security[i].level == p->security[k].level)
				return profile_wrong_security(flaw, i, "two securities have the same level");
	return NULL;
}

const char *profile_check(const struct profile *profile)
{
	struct profile_flaw flaw;

	return profile_check_flaw(profile, &flaw) ? NULL : flaw.words;
}

bool profile_check_flaw(const struct profile *profile, struct profile_flaw *flaw)
{
	static const char *(*const checks[])(const struct profile *, struct profile_flaw *) = {
	    check_identifiers,
	    check_link,
	    check_memory,
	    check_fingerprint,
	    check_status,
	    check_securities,
	    profile_check_bus_steps,
	    profile_check_sequence,
	};

	*flaw = (struct profile_flaw){.entry = PROFILE_FLAW_WHOLE};
	if (!profile->name[0])
		flaw->words = profile_wrong(flaw, "name", NULL, "the profile has no name");
	else if (!memchr(profile->name, 0, sizeof(profile->name)))
		flaw->words = profile_wrong(flaw, "name", NULL, "the profile's name is too long");
	for (size_t i = 0; i < sizeof checks / sizeof *checks && !flaw->words; i++)
		flaw->words = checks[i](profile, flaw);
	return !flaw->words;
}

bool profile_step_irreversible(const struct profile *profile, const struct flash_step *step)
{
	return step->point_of_no_return || (step->kind == FLASH_STEP_ERASE && profile->banks == PROFILE_SINGLE_BANK);
}

const struct profile_security *profile_step_security(const struct profile *profile, const struct flash_step *step)
{
	return &profile->security[step->security];
}

const struct profile_security *profile_security_of_level(const struct profile *profile, uint8_t level)
{
	for (uint8_t i = 0; i < profile->n_security; i++)
		if (profile->security[i].level == level)
			return &profile->security[i];
	return NULL;
}

enum profile_routine profile_step_routine(const struct flash_step *step)
{
	if (step->kind == FLASH_STEP_ERASE)
		return PROFILE_ROUTINE_ERASE;
	if (step->kind == FLASH_STEP_CHECK_MEMORY)
		return PROFILE_ROUTINE_CHECK;
	if (step->kind == FLASH_STEP_DEPENDENCIES)
		return PROFILE_ROUTINE_DEPENDENCIES;
	if (step->kind == FLASH_STEP_SWITCH_OVER)
		return PROFILE_ROUTINE_SWITCH_OVER;
	if (step->kind == FLASH_STEP_SWITCH_BACK)
		return PROFILE_ROUTINE_SWITCH_BACK;
	return PROFILE_ROUTINE_OTHER;
}

uint16_t profile_step_routine_id(const struct profile *profile, const struct flash_step *step)
{
	switch (profile_step_routine(step)) {
	case PROFILE_ROUTINE_ERASE:
		return profile->routine_erase;
	case PROFILE_ROUTINE_CHECK:
		return profile->routine_check;
	case PROFILE_ROUTINE_DEPENDENCIES:
		return profile->routine_dependencies;
	case PROFILE_ROUTINE_SWITCH_OVER:
		return profile->routine_switch_over;
	case PROFILE_ROUTINE_SWITCH_BACK:
		return profile->routine_switch_back;
	case PROFILE_ROUTINE_OTHER:
	case PROFILE_ROUTINES:
		break;
	}
	return step->id;
}

const char *flash_step_text(enum flash_step_kind kind)
{
	switch (kind) {
	case FLASH_STEP_SESSION:
		return "session";
	case FLASH_STEP_SECURITY:
		return "security";
	case FLASH_STEP_FINGERPRINT:
		return "fingerprint";
	case FLASH_STEP_ERASE:
		return "erase";
	case FLASH_STEP_TRANSFER:
		return "transfer";
	case FLASH_STEP_CHECK_MEMORY:
		return "check_memory";
	case FLASH_STEP_DEPENDENCIES:
		return "dependencies";
	case FLASH_STEP_RESET:
		return "reset";
	case FLASH_STEP_WAIT_BOOT:
		return "wait_boot";
	case FLASH_STEP_READ_VERSION:
		return "read_version";
	case FLASH_STEP_ROUTINE:
		return "routine";
	case FLASH_STEP_WRITE_DID:
		return "write_did";
	case FLASH_STEP_WAIT:
		return "wait";
	case FLASH_STEP_SWITCH_OVER:
		return "switch_over";
	case FLASH_STEP_SWITCH_BACK:
		return "switch_back";
	}
	return "unknown step";
}

const char *bus_step_text(enum bus_step_kind kind)
{
	switch (kind) {
	case BUS_STEP_SESSION:
		return "session";
	case BUS_STEP_PRECONDITIONS:
		return "preconditions";
	case BUS_STEP_DTC_SETTING:
		return "dtc_setting";
	case BUS_STEP_COMMUNICATION:
		return "communication";
	case BUS_STEP_CLEAR_DTC:
		return "clear_dtc";
	}
	return "unknown bus step";
}
