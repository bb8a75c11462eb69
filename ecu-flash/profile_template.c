/* The built-in sequences. */
#include "ecu-flash/profile.h"

#include <string.h>

static void add_step(struct profile *p, enum flash_step_kind kind, uint8_t retries)
{
	p->steps[p->n_steps++] =
	    (struct flash_step){.kind = kind, .retries = retries, .point_of_no_return = kind == FLASH_STEP_ERASE};
}

static void add_back(struct profile *p, enum flash_step_kind kind, uint8_t retries, uint8_t sub)
{
	p->back[p->n_back++] = (struct flash_step){.kind = kind, .retries = retries, .sub_function = sub};
}

static void add_bus_step(struct bus_step *list, uint8_t *n, enum bus_step_kind kind, uint8_t sub, uint8_t type)
{
	list[(*n)++] = (struct bus_step){.kind = kind, .sub_function = sub, .communication_type = type};
}

/* what both templates share */
static struct profile defaults(void)
{
	static const uint8_t fingerprint[] = {0x00, 0x00, 0x00, 'G', 'A', 'T', 'E', 'W', 'Y'};
	struct profile p = {
	    .link = isotp_config_default(),
	    .functional = {.id = 0x7df, .pad = true, .pad_byte = 0xcc},
	    .timing = uds_timing_default(),
	    .supply = PROFILE_SUPPLY_KL30,
	    .security = {{.level = 1, .algorithm = PROFILE_SECURITY_AES128_CMAC}},
	    .n_security = 1,
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
	    .routine_switch_over = 0x0210,
	    .routine_switch_back = 0x0211,
	    .erase_argument = PROFILE_ERASE_ADDRESS_LENGTH,
	    .block_number_bytes = 1,
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
	for (unsigned i = 0; i < PROFILE_ROUTINES; i++)
		p.status[i] = (struct profile_status){
		    .n_success = 1, .running = 0x02, .may_run = true, .required = i == PROFILE_ROUTINE_CHECK};
	return p;
}

void profile_template_single_bank(struct profile *profile)
{
	struct profile p = defaults();

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

void profile_template_dual_bank(struct profile *profile)
{
	struct profile p = defaults();

	p.banks = PROFILE_DUAL_BANK;
	add_step(&p, FLASH_STEP_SESSION, 2);
	p.steps[0].sub_function = 3;
	add_step(&p, FLASH_STEP_SECURITY, 1);
	add_step(&p, FLASH_STEP_FINGERPRINT, 1);
	add_step(&p, FLASH_STEP_ERASE, 1);
	p.steps[3].point_of_no_return = false; /* what runs is in the other bank */
	add_step(&p, FLASH_STEP_TRANSFER, 3);
	add_step(&p, FLASH_STEP_CHECK_MEMORY, 1);
	add_step(&p, FLASH_STEP_DEPENDENCIES, 1);
	add_step(&p, FLASH_STEP_SWITCH_OVER, 1);
	p.steps[7].point_of_no_return = true;
	add_step(&p, FLASH_STEP_RESET, 1);
	add_step(&p, FLASH_STEP_WAIT_BOOT, 0);
	add_step(&p, FLASH_STEP_READ_VERSION, 2);

	add_back(&p, FLASH_STEP_SESSION, 2, 3);
	add_back(&p, FLASH_STEP_SECURITY, 1, 0);
	add_back(&p, FLASH_STEP_SWITCH_BACK, 2, 0);
	add_back(&p, FLASH_STEP_RESET, 1, 0);
	add_back(&p, FLASH_STEP_WAIT_BOOT, 0, 0);
	add_back(&p, FLASH_STEP_READ_VERSION, 2, 0);
	*profile = p;
}
