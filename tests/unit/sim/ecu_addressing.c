/* The virtual ECU in each form of addressing, physically and functionally. */
#include "tests/unit/sim/ecu_rig.h"

static void start_with(struct rig *rig, struct isotp_address address, uint32_t functional_id)
{
	rig_config(rig);
	rig->config.link.address = address;
	rig->config.functional_id = functional_id;
	rig->config.functional_extended_id = address.extended_id;
	rig_start(rig);
}

/* a functional single frame with what stands before the request */
static void functional(struct rig *rig, uint8_t n_before, const uint8_t *before, const char *request)
{
	struct can_msg msg = {.id = rig->config.functional_id, .len = 8};
	uint8_t pdu[8];
	size_t n = rig_hex(request, pdu);

	msg.flags = rig->config.functional_extended_id ? CAN_MSG_EXTENDED : 0;
	if (n_before)
		memcpy(msg.data, before, n_before);
	msg.data[n_before] = (uint8_t)n;
	memcpy(msg.data + n_before + 1, pdu, n);
	rig->answered = false;
	rig->n_pending = 0;
	rig_queue(rig, 2, &msg);
}

/* physically in one frame and in several both ways, then functionally in normal form */
static void speaks(struct rig *rig)
{
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "22 f1 8c", "62 f1 8c 53 4e 2d 30 30 30 31");
	rig_expect(rig, "22 f1 86 f1 82 f1 91 f1 8c", "62 f1 86 03 f1 82*");
	functional(rig, 0, NULL, "3e 00");
	rig_check(rig, "functional 3e 00", "7e 00");
	functional(rig, 0, NULL, "10 01");
	rig_check(rig, "functional 10 01", "50 01*");
}

static void normal_addressing_with_29_bits(void **state)
{
	struct rig *rig = *state;

	start_with(rig, (struct isotp_address){.extended_id = true, .rx_id = 0x18000001, .tx_id = 0x18000002},
		   0x18000003);
	speaks(rig);
}

static void normal_fixed_addressing(void **state)
{
	struct rig *rig = *state;
	struct isotp_address address = {
	    .form = ISOTP_NORMAL_FIXED, .extended_id = true, .rx_id = 0x18da12f1, .tx_id = 0x18daf112};

	start_with(rig, address, 0x18db33f1);
	speaks(rig);
}

static void extended_addressing(void **state)
{
	struct rig *rig = *state;
	struct isotp_address address = {
	    .form = ISOTP_EXTENDED, .rx_id = 0x6f1, .tx_id = 0x612, .rx_ae = 0x12, .tx_ae = 0xf1};

	start_with(rig, address, 0x7df);
	rig->client.config.address.tx_ae = 0x12;
	rig->client.config.address.rx_ae = 0xf1;
	speaks(rig);
}

static void another_target_address_is_not_heard(void **state)
{
	struct rig *rig = *state;
	struct isotp_address address = {
	    .form = ISOTP_EXTENDED, .rx_id = 0x6f1, .tx_id = 0x612, .rx_ae = 0x12, .tx_ae = 0xf1};

	start_with(rig, address, 0x7df);
	rig->client.config.address.tx_ae = 0x13;
	rig->client.config.address.rx_ae = 0xf1;
	rig_expect(rig, "10 03", NULL);
	assert_int_equal(rig->ecu.session, 1);
}

static void mixed_addressing_with_11_and_29_bits(void **state)
{
	struct rig *rig = *state;
	struct isotp_address address = {
	    .form = ISOTP_MIXED, .rx_id = 0x7e0, .tx_id = 0x7e8, .rx_ae = 0x55, .tx_ae = 0x55};

	start_with(rig, address, 0x7df);
	speaks(rig);
	address.extended_id = true;
	address.rx_id = 0x18ce12f1;
	address.tx_id = 0x18cef112;
	start_with(rig, address, 0x18cd33f1);
	speaks(rig);
}

/* as where one request identifier carries every target address */
static void a_functional_address_on_the_request_identifier(void **state)
{
	struct rig *rig = *state;
	struct isotp_address address = {
	    .form = ISOTP_EXTENDED, .rx_id = 0x6f1, .tx_id = 0x612, .rx_ae = 0x12, .tx_ae = 0xf1};
	const uint8_t all = 0xdf, nobody = 0xde;

	rig_config(rig);
	rig->config.link.address = address;
	rig->config.functional_id = 0x6f1;
	rig->config.functional_has_address = true;
	rig->config.functional_address = all;
	rig_start(rig);
	rig->client.config.address.tx_ae = 0x12;
	rig->client.config.address.rx_ae = 0xf1;
	rig_expect(rig, "10 03", "50 03*");
	functional(rig, 1, &nobody, "10 01");
	rig_check(rig, "10 01 to nobody", NULL);
	functional(rig, 1, &all, "10 01");
	rig_check(rig, "10 01 to all", "50 01*");
	functional(rig, 1, &all, "22 12 34");
	rig_check(rig, "an unknown identifier of all", NULL); /* 31 stays unsaid functionally */
	rig_expect(rig, "22 12 34", "7f 22 31");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(normal_addressing_with_29_bits),
	    RIG_TEST(normal_fixed_addressing),
	    RIG_TEST(extended_addressing),
	    RIG_TEST(another_target_address_is_not_heard),
	    RIG_TEST(mixed_addressing_with_11_and_29_bits),
	    RIG_TEST(a_functional_address_on_the_request_identifier),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
