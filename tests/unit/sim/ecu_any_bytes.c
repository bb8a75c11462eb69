/* Outside bytes never hurt the virtual ECU: random requests and frames, then it must still be its old self. */
#include "tests/unit/sim/ecu_rig.h"

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static size_t random_request(uint32_t *seed, uint8_t *pdu)
{
	static const uint8_t sids[] = {0x10, 0x11, 0x14, 0x19, 0x22, 0x27, 0x28, 0x29,
				       0x2e, 0x31, 0x34, 0x35, 0x36, 0x37, 0x3e, 0x85};
	static const uint8_t usual[] = {0x00, 0x01, 0x02, 0x03, 0x0a, 0x10, 0x11, 0x44, 0x80, 0x83, 0xf1, 0x81, 0xff};
	size_t n = 1 + draw(seed) % 24;

	pdu[0] = draw(seed) % 8 ? sids[draw(seed) % sizeof(sids)] : (uint8_t)draw(seed);
	for (size_t i = 1; i < n; i++)
		pdu[i] = draw(seed) % 2 ? usual[draw(seed) % sizeof(usual)] : (uint8_t)draw(seed);
	return n;
}

static void back_to_normal(struct rig *rig)
{
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_RESET, 0);
	rig_run(rig, 1000 * MS);
	rig_expect(rig, "22 f1 86", "62 f1 86 01");
}

/* the configuration is there already */
static void send_random_requests(struct rig *rig, uint32_t seed)
{
	rig->config.timing.reset_us = 10 * MS;
	rig->config.security.max_attempts = 255;
	rig_start(rig);
	for (unsigned i = 0; i < 4000; i++) {
		uint8_t pdu[32];
		size_t n;

		if (i % 40 == 0) {
			rig_run(rig, 20 * MS);
			rig_program(rig);
		}
		n = random_request(&seed, pdu);
		rig_send(rig, pdu, n);
		rig_await(rig, 30 * MS);
	}
	back_to_normal(rig);
}

static void random_requests_leave_it_alive(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.asynchronous_routines = true;
	send_random_requests(rig, 1);
}

static void random_requests_leave_an_ecu_of_everything_alive(void **state)
{
	static const struct ecu_trigger faults[] = {
	    {.kind = ECU_FAULT_NEGATIVE, .arg = 0x2e12, .at_service = 0x22, .after = 50},
	    {.kind = ECU_FAULT_WRONG_COUNTER, .arg = 9, .at_service = 0x36, .after = 5},
	    {.kind = ECU_FAULT_BLOCK_LENGTH, .arg = 1, .at_service = 0x35, .after = 5},
	    {.kind = ECU_FAULT_RESET, .at_service = 0x34, .after = 20},
	    {.kind = ECU_FAULT_RESET, .at_service = 0x31, .after = 100},
	};
	struct rig *rig = *state;

	rig_config_banks(rig);
	rig->config.deauthenticates = true;
	rig->config.security.more_levels[0] = 0x11;
	rig->config.security.n_more_levels = 1;
	rig->config.dtcs[0] = (struct ecu_dtc){.code = 0xc10000, .status = 0x08};
	rig->config.n_dtcs = 1;
	for (unsigned i = 0; i < 3; i++)
		rig->config.regions[i].upload = true;
	memcpy(rig->config.faults, faults, sizeof(faults));
	rig->config.n_faults = sizeof(faults) / sizeof(faults[0]);
	send_random_requests(rig, 3);
	assert_int_equal(rig->ecu.n_triggers, 0);
}

static void random_frames_leave_it_alive(void **state)
{
	struct rig *rig = *state;
	uint32_t seed = 2;

	rig_new(rig);
	for (unsigned i = 0; i < 20000; i++) {
		struct can_msg msg = {.id = draw(&seed) % 2 ? 0x7e0 : 0x7df, .len = (uint8_t)(draw(&seed) % 9)};

		for (size_t b = 0; b < 8; b++)
			msg.data[b] = (uint8_t)draw(&seed);
		if (draw(&seed) % 3 == 0)
			msg.data[0] &= 0x37; /* PCI types of the protocol */
		ecu_core_input(&rig->ecu, rig->now_us, &msg);
		rig_run(rig, draw(&seed) % 2000);
	}
	rig_run(rig, 2000 * MS);
	back_to_normal(rig);
}

static void a_can_fd_ecu_with_long_identifiers_is_programmed_too(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[1000];

	rig_config(rig);
	rig->config.link.fd = true;
	rig->config.link.brs = true;
	rig->config.link.tx_dl = 64;
	rig->config.link.address =
	    (struct isotp_address){.extended_id = true, .tx_id = 0x18daf110, .rx_id = 0x18da10f1};
	rig_start(rig);
	memset(bytes, 0x77, sizeof(bytes));
	rig_program(rig);
	rig_expect(rig, "31 01 ff 00", "71 01 ff 00 00");
	rig_expect(rig, "34 00 44 00 00 10 00 00 00 03 e8", "74 20 0f ff");
	rig_block(rig, 1, bytes, sizeof(bytes), "76 01");
	rig_expect(rig, "37", "77");
	rig_expect(rig, "31 01 02 02", "71 01 02 02 00");
	assert_memory_equal(rig->flash, bytes, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(random_requests_leave_it_alive),
	    RIG_TEST(random_requests_leave_an_ecu_of_everything_alive),
	    RIG_TEST(random_frames_leave_it_alive),
	    RIG_TEST(a_can_fd_ecu_with_long_identifiers_is_programmed_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
