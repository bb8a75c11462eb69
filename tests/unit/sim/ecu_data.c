/* The virtual ECU's data identifiers: identification, versions, fingerprint, configured ones; trouble codes. */
#include "tests/unit/sim/ecu_rig.h"

static void identification_is_read(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "22 f1 91", "62 f1 91 48 57 2d 31");
	rig_expect(rig, "22 f1 8c", "62 f1 8c 53 4e 2d 30 30 30 31");
	rig_expect(rig, "22 f1 80", "62 f1 80 42 4c 2d 32");
	rig_expect(rig, "22 f1 82", "62 f1 82 44 2d 33");
	rig_version(rig, "old-1");
}

static void several_identifiers_are_read_at_once_unknown_ones_left_out(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "22 f1 86 f1 82", "62 f1 86 01 f1 82 44 2d 33");
	rig_expect(rig, "22 12 34 f1 86", "62 f1 86 01");
	rig_expect(rig, "22 12 34 12 35", "7f 22 31");
	rig_expect(rig, "22 f1", "7f 22 13");
	rig_expect(rig, "22 f1 86 f1", "7f 22 13");
	rig_expect(rig, "22", "7f 22 13");
}

static void an_answer_beyond_the_buffer_is_14(void **state)
{
	struct rig *rig = *state;
	uint8_t pdu[1201] = {0x22};

	rig_new(rig);
	for (size_t i = 1; i < sizeof pdu; i += 2) {
		pdu[i] = 0xf1;
		pdu[i + 1] = 0x8c;
	}
	rig_send(rig, pdu, sizeof pdu);
	rig_check(rig, "22", "7f 22 14");
}

static void the_fingerprint_is_written_unlocked_and_read_back(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "2e f1 5a 01 02 03", "7f 2e 7f");
	rig_expect(rig, "10 02", "50 02*");
	rig_expect(rig, "2e f1 5a 01 02 03", "7f 2e 33");
	rig_expect(rig, "22 f1 5b", "7f 22 31");
	rig_unlock(rig);
	rig_expect(rig, "2e f1 5a 01 02 03", "6e f1 5a");
	rig_expect(rig, "22 f1 5b", "62 f1 5b 01 02 03");
	assert_true(rig->n_stored > 0);
	rig_expect(rig, "2e f1 5a", "7f 2e 13");
}

static void configured_identifiers_are_written_within_their_rules(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_config(rig);
	rig->config.dids[0] = (struct ecu_did){.id = 0x0100, .writable = true, .n = 2, .bytes = {0xaa, 0xbb}};
	rig->config.dids[1] = (struct ecu_did){.id = 0x0101, .writable = true, .secured = true, .n = 1};
	rig->config.dids[2] = (struct ecu_did){.id = 0x0102, .n = 1, .bytes = {0x07}};
	rig->config.n_dids = 3;
	rig_start(rig);
	rig_expect(rig, "22 01 00", "62 01 00 aa bb");
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "2e 01 00 01 02", "6e 01 00");
	rig_expect(rig, "2e 01 00 01", "7f 2e 13");
	rig_expect(rig, "2e 01 01 09", "7f 2e 33");
	rig_expect(rig, "2e 01 02 09", "7f 2e 31");
	rig_expect(rig, "2e 12 34 09", "7f 2e 31");
	rig_unlock(rig);
	rig_expect(rig, "2e 01 01 09", "6e 01 01");
	nv = *ecu_core_nonvolatile(&rig->ecu);
	rig_power_on(rig, &nv);
	rig_expect(rig, "22 01 00 01 01 01 02", "62 01 00 01 02 01 01 09 01 02 07");
}

static void the_version_comes_from_memory(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_config(rig);
	rig->config.version = (struct ecu_version){.from = ECU_VERSION_AT, .address = RIG_FLASH + 0x100, .length = 16};
	nv = ecu_nonvolatile_default(&rig->config);
	nv.app_valid = true;
	rig_power_on(rig, &nv);
	rig_version(rig, "none"); /* erased bytes are no text */
	memcpy(rig->flash + 0x100, "app 4.2.0\0xxxxx", 16);
	rig_version(rig, "app 4.2.0");
	memcpy(rig->flash + 0x100, "0123456789abcdefgh", 18);
	rig_version(rig, "0123456789abcdef");
}

static void the_version_is_the_crc_of_what_is_programmed(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_config(rig);
	memcpy(rig->flash + 8, "12345", 5);
	memcpy(rig->uicr, "6789", 4);
	nv = ecu_nonvolatile_default(&rig->config);
	nv.app_valid = true;
	ecu_extents_add(&nv.programmed, RIG_UICR, 4);
	ecu_extents_add(&nv.programmed, RIG_FLASH + 8, 5);
	rig_power_on(rig, &nv);
	rig_version(rig, "crc-cbf43926"); /* the check value of CRC-32 over "123456789" */
}

static void the_version_is_a_fixed_text(void **state)
{
	struct rig *rig = *state;
	struct ecu_nonvolatile nv;

	rig_config(rig);
	rig->config.version = (struct ecu_version){.from = ECU_VERSION_FIXED, .text = "3.1"};
	nv = ecu_nonvolatile_default(&rig->config);
	rig_power_on(rig, &nv);
	rig_version(rig, "none");
	nv.app_valid = true;
	rig_power_on(rig, &nv);
	rig_version(rig, "3.1");
}

static void trouble_codes_are_stored_unless_85_02_and_cleared_by_14(void **state)
{
	struct rig *rig = *state;

	rig_new(rig);
	rig_expect(rig, "19 02 ff", "59 02 08");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0xc10000);
	rig_expect(rig, "19 02 ff", "59 02 08 c1 00 00 08");
	rig_expect(rig, "19 02 01", "59 02 08");
	rig_expect(rig, "19 03 ff", "7f 19 12");
	rig_expect(rig, "14 ff ff ff", "54");
	rig_expect(rig, "19 02 ff", "59 02 08");
	rig_expect(rig, "10 03", "50 03*");
	rig_expect(rig, "85 02", "c5 02");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0xc10000);
	rig_expect(rig, "19 02 ff", "59 02 08");
	rig_expect(rig, "85 01", "c5 01");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0xc10000);
	rig_expect(rig, "19 02 ff", "59 02 08 c1 00 00 08");
	rig_expect(rig, "85 03", "7f 85 12");
	rig_expect(rig, "85 02 ff", "7f 85 13");
}

static void trouble_codes_are_counted_listed_by_status_and_as_supported(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.dtc_availability = 0x09;
	rig->config.dtcs[0] = (struct ecu_dtc){.code = 0x123456, .status = 0x2f};
	rig->config.dtcs[1] = (struct ecu_dtc){.code = 0x123457};
	rig->config.n_dtcs = 2;
	rig_start(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0x01c10000);
	rig_expect(rig, "19 01 ff", "59 01 09 01 00 02");
	rig_expect(rig, "19 01 08", "59 01 09 01 00 01");
	rig_expect(rig, "19 01 06", "59 01 09 01 00 00");
	rig_expect(rig, "19 02 ff", "59 02 09 12 34 56 09 c1 00 00 01");
	rig_expect(rig, "19 02 08", "59 02 09 12 34 56 09");
	rig_expect(rig, "19 0a", "59 0a 09 12 34 56 09 12 34 57 00 c1 00 00 01");
	rig_expect(rig, "19 0a ff", "7f 19 13");
	rig_expect(rig, "19 02", "7f 19 13");
}

static void one_trouble_code_is_cleared_and_configured_ones_stay_known(void **state)
{
	struct rig *rig = *state;

	rig_config(rig);
	rig->config.dtc_availability = 0x19;
	rig->config.dtcs[0] = (struct ecu_dtc){.code = 0x123456, .status = 0x09};
	rig->config.n_dtcs = 1;
	rig_start(rig);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0xc10000);
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0xc10001);
	rig_expect(rig, "14 65 43 21", "7f 14 31");
	rig_expect(rig, "14 c1 00 00", "54");
	rig_expect(rig, "19 02 09", "59 02 19 12 34 56 09 c1 00 01 09");
	rig_expect(rig, "14 ff ff ff", "54");
	rig_expect(rig, "19 02 09", "59 02 19");
	rig_expect(rig, "19 0a", "59 0a 19 12 34 56 10");
	ecu_core_fault(&rig->ecu, rig->now_us, ECU_FAULT_DTC, 0x123456);
	rig_expect(rig, "19 02 09", "59 02 19 12 34 56 09");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(identification_is_read),
	    RIG_TEST(several_identifiers_are_read_at_once_unknown_ones_left_out),
	    RIG_TEST(an_answer_beyond_the_buffer_is_14),
	    RIG_TEST(the_fingerprint_is_written_unlocked_and_read_back),
	    RIG_TEST(configured_identifiers_are_written_within_their_rules),
	    RIG_TEST(the_version_comes_from_memory),
	    RIG_TEST(the_version_is_the_crc_of_what_is_programmed),
	    RIG_TEST(the_version_is_a_fixed_text),
	    RIG_TEST(trouble_codes_are_counted_listed_by_status_and_as_supported),
	    RIG_TEST(one_trouble_code_is_cleared_and_configured_ones_stay_known),
	    RIG_TEST(trouble_codes_are_stored_unless_85_02_and_cleared_by_14),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
