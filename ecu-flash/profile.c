#include "ecu-flash/profile_priv.h"

#include <string.h>

static bool id_fits(uint32_t id, bool extended)
{
	return id <= (extended ? 0x1fffffffu : 0x7ffu);
}

static const char *check_link(const struct profile *p)
{
	const struct isotp_config *link = &p->link;

	if (link->address.tx_id == link->address.rx_id)
		return "the request and the response identifier are the same";
	if (!id_fits(link->address.tx_id, link->address.extended_id))
		return "the request identifier is out of range";
	if (!id_fits(link->address.rx_id, link->address.extended_id))
		return "the response identifier is out of range";
	if (!id_fits(p->functional.id, p->functional.extended_id))
		return "the functional identifier is out of range";
	if (link->tx_dl < 8 || link->tx_dl > CAN_MSG_MAX_BYTES || can_msg_fd_len(link->tx_dl) != link->tx_dl)
		return "tx_dl is no length of a frame: 8, 12, 16, 20, 24, 32, 48, 64";
	if (link->tx_dl > 8 && !link->fd)
		return "tx_dl above 8 needs CAN FD";
	if (link->brs && !link->fd)
		return "the bit rate switch needs CAN FD";
	if (!link->n_as_us || !link->n_ar_us || !link->n_bs_us || !link->n_cr_us)
		return "a transport timeout is 0";
	if (!p->timing.p2_us || !p->timing.p2_star_us || !p->timing.answer_max_us || !p->timing.pending_max_us)
		return "a diagnostic timeout is 0";
	if (p->timing.s3_client_us < 100000 || p->timing.s3_client_us > 4500000)
		return "the tester present period must be 100..4500 ms: the ECU's session ends after 5 s";
	return NULL;
}

static const char *check_memory(const struct profile *p)
{
	if (p->address_bytes < 1 || p->address_bytes > 5)
		return "address bytes must be 1..5";
	if (p->length_bytes < 1 || p->length_bytes > 4)
		return "length bytes must be 1..4";
	if (p->max_block_bytes && p->max_block_bytes < 3)
		return "the longest block must be 0 (what the ECU says) or at least 3 bytes";
	if (p->erase_address_bytes > 5)
		return "the erase routine's address bytes must be 1..5, or 0 for those of the memory";
	if (p->erase_length_bytes > 4)
		return "the erase routine's length bytes must be 1..4, or 0 for those of the memory";
	if (p->block_number_bytes < 1 || p->block_number_bytes > 4)
		return "the bytes of a block number must be 1..4";
	if (p->boot_max_ms <= p->boot_wait_ms)
		return "the longest boot must exceed the wait before the first poll";
	if (p->boot_max_ms > 600000)
		return "the longest boot is bounded by 600 s";
	return NULL;
}

static const char *check_fingerprint(const struct profile *p)
{
	unsigned n = 0;

	if (p->n_fingerprint > PROFILE_MAX_FINGERPRINT)
		return "the fingerprint is too long";
	if (p->n_parts > PROFILE_MAX_PARTS)
		return "the fingerprint has too many parts";
	for (uint8_t i = 0; i < p->n_parts; i++) {
		const struct profile_part *part = &p->parts[i];

		n += part->n;
		switch (part->kind) {
		case PROFILE_PART_BYTES:
			if (!part->n || part->at + part->n > p->n_fingerprint)
				return "a part of the fingerprint has no bytes";
			break;
		case PROFILE_PART_DATE_YYMMDD:
		case PROFILE_PART_DATE_YYYYMMDD:
			if (part->n != (part->kind == PROFILE_PART_DATE_YYMMDD ? 3 : 4))
				return "a date takes 3 or 4 bytes";
			break;
		case PROFILE_PART_TESTER_SERIAL:
		case PROFILE_PART_SHOP_CODE:
			if (!part->n)
				return "a part of the fingerprint has no length";
			break;
		}
	}
	return n > PROFILE_MAX_FINGERPRINT ? "the fingerprint is too long" : NULL;
}

static const char *check_status(const struct profile *p)
{
	for (unsigned i = 0; i < PROFILE_ROUTINES; i++) {
		const struct profile_status *s = &p->status[i];

		if (s->n_success < 1 || s->n_success > PROFILE_MAX_STATUS)
			return "what counts as success of a routine must be 1..4 bytes";
		if (s->may_run && s->running == s->success[0])
			return "the status of a routine that still runs must differ from that of its success";
	}
	return NULL;
}

/* the same level twice would leave open which key its seed gets */
static const char *check_securities(const struct profile *p)
{
	if (p->n_security < 1 || p->n_security > PROFILE_MAX_SECURITIES)
		return "there must be 1..4 securities";
	for (uint8_t i = 0; i < p->n_security; i++)
		for (uint8_t k = 0; k < i; k++)
			if (p->security[i].level == p->security[k].level)
				return "two securities have the same level";
	return NULL;
}

const char *profile_check(const struct profile *profile)
{
	struct profile_place place;

	return profile_check_place(profile, &place);
}

const char *profile_check_place(const struct profile *profile, struct profile_place *place)
{
	const char *wrong;

	*place = (struct profile_place){.list = PROFILE_LIST_NONE};
	if (!profile->name[0])
		return "the profile has no name";
	if (!memchr(profile->name, 0, sizeof(profile->name)))
		return "the profile's name is too long";
	wrong = check_link(profile);
	if (!wrong)
		wrong = check_memory(profile);
	if (!wrong)
		wrong = check_fingerprint(profile);
	if (!wrong)
		wrong = check_status(profile);
	if (!wrong)
		wrong = check_securities(profile);
	if (!wrong)
		wrong = profile_check_bus_steps(profile->bus_before, profile->n_bus_before);
	if (!wrong)
		wrong = profile_check_bus_steps(profile->bus_after, profile->n_bus_after);
	if (!wrong)
		wrong = profile_check_sequence(profile, place);
	return wrong;
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
