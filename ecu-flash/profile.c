#include "ecu-flash/profile.h"

#include <string.h>

static void add_step(struct profile *p, enum flash_step_kind kind, uint8_t retries)
{
	p->steps[p->n_steps++] =
	    (struct flash_step){.kind = kind, .retries = retries, .point_of_no_return = kind == FLASH_STEP_ERASE};
}

static void add_bus_step(struct bus_step *list, uint8_t *n, enum bus_step_kind kind, uint8_t sub, uint8_t type)
{
	list[(*n)++] = (struct bus_step){.kind = kind, .sub_function = sub, .communication_type = type};
}

void profile_template_single_bank(struct profile *profile)
{
	static const uint8_t fingerprint[] = {0x00, 0x00, 0x00, 'G', 'A', 'T', 'E', 'W', 'Y'};
	struct profile p = {
	    .link = isotp_config_default(),
	    .functional = {.id = 0x7df, .pad = true, .pad_byte = 0xcc},
	    .timing = uds_timing_default(),
	    .supply = PROFILE_SUPPLY_KL30,
	    .security_level = 1,
	    .security_algorithm = PROFILE_SECURITY_AES128_CMAC,
	    .did_hardware = 0xf191,
	    .did_serial = 0xf18c,
	    .did_boot = 0xf180,
	    .did_application = 0xf181,
	    .did_data = 0xf182,
	    .did_fingerprint = 0xf15a,
	    .routine_preconditions = 0x0203,
	    .routine_erase = 0xff00,
	    .routine_check = 0x0202,
	    .routine_dependencies = 0xff01,
	    .routine_running_status = 0x02,
	    .erase_argument = PROFILE_ERASE_ADDRESS_LENGTH,
	    .check_argument = PROFILE_CHECK_CRC32,
	    .address_bytes = 4,
	    .length_bytes = 4,
	    .boot_wait_ms = 200,
	    .boot_max_ms = 10000,
	    .block_retries = 10,
	    .erase_ms_per_kib_x100 = 400,
	    .program_us_per_block = 5000,
	};

	memcpy(p.fingerprint, fingerprint, sizeof(fingerprint));
	p.n_fingerprint = sizeof(fingerprint);

	add_bus_step(p.bus_before, &p.n_bus_before, BUS_STEP_SESSION, 3, 0);
	add_bus_step(p.bus_before, &p.n_bus_before, BUS_STEP_PRECONDITIONS, 0, 0);
	add_bus_step(p.bus_before, &p.n_bus_before, BUS_STEP_DTC_SETTING, 2, 0);
	add_bus_step(p.bus_before, &p.n_bus_before, BUS_STEP_COMMUNICATION, 3, 1);
	add_bus_step(p.bus_after, &p.n_bus_after, BUS_STEP_COMMUNICATION, 0, 1);
	add_bus_step(p.bus_after, &p.n_bus_after, BUS_STEP_DTC_SETTING, 1, 0);
	add_bus_step(p.bus_after, &p.n_bus_after, BUS_STEP_SESSION, 1, 0);
	add_bus_step(p.bus_after, &p.n_bus_after, BUS_STEP_CLEAR_DTC, 0, 0);

	add_step(&p, FLASH_STEP_SESSION, 2);
	add_step(&p, FLASH_STEP_SECURITY, 1);
	add_step(&p, FLASH_STEP_FINGERPRINT, 1);
	add_step(&p, FLASH_STEP_ERASE, 1);
	add_step(&p, FLASH_STEP_TRANSFER, 3);
	add_step(&p, FLASH_STEP_CHECK_MEMORY, 1);
	add_step(&p, FLASH_STEP_DEPENDENCIES, 1);
	add_step(&p, FLASH_STEP_RESET, 1);
	add_step(&p, FLASH_STEP_WAIT_BOOT, 0);
	add_step(&p, FLASH_STEP_READ_VERSION, 2);
	*profile = p;
}

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
	if (p->n_fingerprint > PROFILE_MAX_FINGERPRINT)
		return "the fingerprint is too long";
	if (p->boot_max_ms <= p->boot_wait_ms)
		return "the longest boot must exceed the wait before the first poll";
	if (p->boot_max_ms > 600000)
		return "the longest boot is bounded by 600 s";
	return NULL;
}

static const char *check_bus_steps(const struct bus_step *steps, uint8_t n)
{
	if (n > PROFILE_MAX_BUS_STEPS)
		return "too many bus steps";
	for (uint8_t i = 0; i < n; i++) {
		const struct bus_step *s = &steps[i];

		switch (s->kind) {
		case BUS_STEP_SESSION:
			if (s->sub_function < 1 || s->sub_function > 0x7e)
				return "a bus step names no session";
			break;
		case BUS_STEP_DTC_SETTING:
			if (s->sub_function < 1 || s->sub_function > 2)
				return "the DTC setting is 1 (on) or 2 (off)";
			break;
		case BUS_STEP_COMMUNICATION:
			/* 4 and 5 also need a node number, which a step does not have */
			if (s->sub_function > 3 || !s->communication_type)
				return "communication control needs a control type of 0..3 and a communication type";
			break;
		case BUS_STEP_PRECONDITIONS:
		case BUS_STEP_CLEAR_DTC:
			break;
		}
	}
	return NULL;
}

static const char *check_step(const struct profile *p, const struct flash_step *s)
{
	if (s->n_data > sizeof(s->data))
		return "the data of a step is too long";
	if (s->retries > 10)
		return "a step is tried again at most 10 times";
	switch (s->kind) {
	case FLASH_STEP_SESSION:
	case FLASH_STEP_RESET:
		if (s->sub_function > 0x7e)
			return "a sub-function must be below 0x7f";
		break;
	case FLASH_STEP_SECURITY:
		if (!(p->security_level & 1u) || p->security_level > 0x41)
			return "the security level must be odd, 0x01..0x41";
		if (p->security_algorithm != PROFILE_SECURITY_NONE && !p->security_key_id[0])
			return "the security algorithm needs a key id";
		break;
	case FLASH_STEP_FINGERPRINT:
		if (!p->did_fingerprint || !p->n_fingerprint)
			return "the fingerprint step needs a DID and a fingerprint";
		break;
	case FLASH_STEP_ERASE:
		if (!p->routine_erase)
			return "the erase step needs its routine";
		break;
	case FLASH_STEP_CHECK_MEMORY:
		if (!p->routine_check)
			return "the check step needs its routine";
		break;
	case FLASH_STEP_DEPENDENCIES:
		if (!p->routine_dependencies)
			return "the dependencies step needs its routine";
		break;
	case FLASH_STEP_READ_VERSION:
		if (!p->did_application)
			return "the read-version step needs the application's DID";
		break;
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_WRITE_DID:
		if (!s->id)
			return "a routine or write step needs an id";
		break;
	case FLASH_STEP_WAIT:
		if (!s->wait_ms || s->wait_ms > 600000)
			return "a wait must be 1..600000 ms";
		break;
	case FLASH_STEP_TRANSFER:
	case FLASH_STEP_WAIT_BOOT:
		break;
	}
	return NULL;
}

static const char *check_steps(const struct profile *p)
{
	bool session = false, irreversible = false, transfer = false, version = false, booting = false;

	if (!p->n_steps || p->n_steps > PROFILE_MAX_STEPS)
		return "the sequence must have 1..32 steps";
	for (uint8_t i = 0; i < p->n_steps; i++) {
		const struct flash_step *s = &p->steps[i];
		const char *wrong = check_step(p, s);

		if (wrong)
			return wrong;
		session = session || s->kind == FLASH_STEP_SESSION;
		irreversible = irreversible || s->kind == FLASH_STEP_ERASE || s->point_of_no_return;
		if (s->kind == FLASH_STEP_ERASE && !session)
			return "an erase needs a session step before it";
		if (s->kind == FLASH_STEP_TRANSFER) {
			/* without it nobody would store the intent before the ECU's memory changes */
			if (!irreversible)
				return "a transfer needs an erase, or a point of no return, before it";
			transfer = true;
			version = false;
		}
		if (s->kind == FLASH_STEP_RESET)
			booting = true;
		if (s->kind == FLASH_STEP_WAIT_BOOT)
			booting = false;
		if (s->kind == FLASH_STEP_READ_VERSION) {
			if (booting)
				return "a reset needs a wait for boot before the version is read";
			version = true;
		}
	}
	if (!transfer)
		return "the sequence transfers nothing";
	if (!version)
		return "the sequence must read the version after the last transfer";
	return NULL;
}

const char *profile_check(const struct profile *profile)
{
	const char *wrong;

	if (!profile->name[0])
		return "the profile has no name";
	if (!memchr(profile->name, 0, sizeof(profile->name)))
		return "the profile's name is too long";
	wrong = check_link(profile);
	if (!wrong)
		wrong = check_memory(profile);
	if (!wrong)
		wrong = check_bus_steps(profile->bus_before, profile->n_bus_before);
	if (!wrong)
		wrong = check_bus_steps(profile->bus_after, profile->n_bus_after);
	if (!wrong)
		wrong = check_steps(profile);
	return wrong;
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
