/* pdu_words: requests and answers in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/pdu_words.h"

static const struct profile profile = {.did_hardware = 0x1234, .routine_erase = 0x4711};

static size_t bytes_of(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;
	int taken;

	while (sscanf(hex, " %2x%n", &byte, &taken) == 1) {
		out[n++] = (uint8_t)byte;
		hex += taken;
	}
	return n;
}

static void expect_request(const char *hex, const char *words)
{
	char out[PDU_WORDS_BYTES];
	uint8_t pdu[300];
	size_t n = bytes_of(hex, pdu);

	pdu_words_request(&profile, pdu, n, out);
	assert_string_equal(out, words);
}

static void expect_answer(const char *hex, const char *words)
{
	char out[PDU_WORDS_BYTES];
	uint8_t pdu[300];
	size_t n = bytes_of(hex, pdu);

	pdu_words_answer(&profile, pdu, n, out);
	assert_string_equal(out, words);
}

static void requests_name_service_sub_function_and_what_it_is_about(void **state)
{
	(void)state;
	expect_request("10 02", "DiagnosticSessionControl programmingSession");
	expect_request("22 F1 8C 12 34", "ReadDataByIdentifier F18C (serial number) 1234 (hardware)");
	expect_request("22 01 02", "ReadDataByIdentifier 0102");
	expect_request("27 01", "SecurityAccess requestSeed level 01");
	expect_request("27 02 AA BB", "SecurityAccess sendKey level 01");
	expect_request("31 01 47 11 44", "RoutineControl startRoutine 4711 (erase), 1 byte");
	expect_request("31 01 FF 01", "RoutineControl startRoutine FF01 (dependencies)");
	expect_request("34 00 44 08 00 00 00 00 00 10 00", "RequestDownload at 0x08000000, 4096 bytes");
	expect_request("34 11 21 10 00 20", "RequestDownload at 0x10, 32 bytes, data format 11");
	expect_request("36 0A 01 02 03", "TransferData block 0A, 3 bytes");
	expect_request("14 FF FF FF", "ClearDiagnosticInformation, all trouble codes");
	expect_request("19 02 FF", "ReadDTCInformation reportDTCByStatusMask, status mask FF");
}

static void a_suppressed_answer_is_said(void **state)
{
	(void)state;
	expect_request("3E 80", "TesterPresent zeroSubFunction, no positive answer wanted");
}

static void answers_say_what_they_hold(void **state)
{
	(void)state;
	expect_answer("50 03 00 32 01 F4", "DiagnosticSessionControl extendedDiagnosticSession: P2 50 ms, P2* 5000 ms");
	expect_answer("62 F1 8C 41 42 43 00 00", "ReadDataByIdentifier F18C (serial number): 'ABC'");
	expect_answer("62 F1 8C 01 02 FF", "ReadDataByIdentifier F18C (serial number): 01 02 FF");
	expect_answer("67 01 01 02 03 04", "SecurityAccess requestSeed level 01: seed of 4 bytes");
	expect_answer("67 01 00 00", "SecurityAccess requestSeed level 01: seed of zeros, unlocked already");
	expect_answer("67 02", "SecurityAccess sendKey level 01: unlocked");
	expect_answer("71 01 FF 01 00", "RoutineControl startRoutine FF01 (dependencies): status 00");
	expect_answer("74 20 0F FF", "RequestDownload: blocks of up to 4095 bytes, their head of two included");
	expect_answer("76 01", "TransferData block 01");
	expect_answer("59 02 FF 01 23 45 2F", "ReadDTCInformation reportDTCByStatusMask: 1 trouble code");
}

static void expect_answer_to(const char *request_hex, const char *hex, const char *words)
{
	char out[PDU_WORDS_BYTES];
	uint8_t request[32], pdu[64];
	size_t n_request = bytes_of(request_hex, request), n = bytes_of(hex, pdu);

	pdu_words_answer_to(&profile, request, n_request, pdu, n, out);
	assert_string_equal(out, words);
}

static void several_identifiers_are_said_one_by_one_where_they_can_be_told_apart(void **state)
{
	(void)state;
	expect_answer_to("22 F1 8C", "62 F1 8C 41", "ReadDataByIdentifier F18C (serial number): 'A'");
	expect_answer_to("22 F1 90 F1 8C 12 34", "62 F1 90 01 02 F1 8C 41 42 12 34 07",
			 "ReadDataByIdentifier F190 (vehicle identification): 01 02, F18C (serial number): 'AB',"
			 " 1234 (hardware): 07");
	expect_answer_to("22 F1 90 F1 8C", "62 F1 8C 41 42", "ReadDataByIdentifier F18C (serial number): 'AB'");
	/* in the data, without data, at the end, another one first: no guess */
	expect_answer_to("22 F1 90 F1 8C", "62 F1 90 F1 8C 01 F1 8C 02",
			 "ReadDataByIdentifier: F1 90 F1 8C 01 F1 8C 02");
	expect_answer_to("22 F1 90 F1 8C", "62 F1 90 01 F1 8C 02 F1 90 03",
			 "ReadDataByIdentifier: F1 90 01 F1 8C 02 F1 90 03");
	expect_answer_to("22 F1 90 F1 8C", "62 F1 90 F1 8C 01", "ReadDataByIdentifier: F1 90 F1 8C 01");
	expect_answer_to("22 F1 90 F1 8C", "62 F1 90 01 F1 8C", "ReadDataByIdentifier: F1 90 01 F1 8C");
	expect_answer_to("22 F1 90 F1 8C", "62 F1 91 01", "ReadDataByIdentifier: F1 91 01");
	expect_answer_to("22 F1 90 F1 8C", "62", "ReadDataByIdentifier");
	expect_answer_to("22 F1 90 F1 8C", "7F 22 31", "ReadDataByIdentifier refused: request out of range (NRC 31)");
}

static void refusals_are_said_with_their_code(void **state)
{
	(void)state;
	expect_answer("7F 31 31", "RoutineControl refused: request out of range (NRC 31)");
	expect_answer("7F 31 78", "RoutineControl: request correctly received, response pending (NRC 78)");
	expect_answer("7F 31", "cut-off negative answer");
}

static void bytes_that_are_too_few_are_said_as_far_as_they_go(void **state)
{
	char out[PDU_WORDS_BYTES];

	(void)state;
	expect_request("22 F1", "ReadDataByIdentifier");
	expect_request("10", "DiagnosticSessionControl");
	expect_request("34 00 44 08", "RequestDownload");
	expect_answer("62", "ReadDataByIdentifier");
	expect_answer("74", "RequestDownload");
	expect_answer("74 F0", "RequestDownload");
	expect_answer("67", "SecurityAccess");
	pdu_words_request(NULL, NULL, 0, out);
	assert_string_equal(out, "");
}

static void long_records_are_cut_off(void **state)
{
	uint8_t record[300];
	char out[20];

	(void)state;
	memset(record, 'x', sizeof record);
	pdu_record_text(record, sizeof record, out, sizeof out);
	assert_string_equal(out, "'xxxxxxxxxxxxxx...'");
	memset(record, 1, sizeof record);
	pdu_record_text(record, sizeof record, out, sizeof out);
	assert_string_equal(out, "01 01 01 01 01 ...");
}

/* each length in a buffer of its own, so that a byte too far is seen by the sanitizer */
static void any_bytes_are_said_within_the_room(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		char *out = malloc(PDU_WORDS_BYTES);
		size_t n = round % 24;
		uint8_t *pdu = malloc(n + 1);

		for (size_t i = 0; i < n; i++) {
			random = random * 1664525u + 1013904223u;
			pdu[i] = (uint8_t)(random >> 24);
		}
		if (n)
			pdu[0] = (uint8_t)(round / 24);
		pdu = realloc(pdu, n ? n : 1);
		assert_non_null(pdu);
		pdu_words_request(round % 2 ? &profile : NULL, pdu, n, out);
		assert_true(strlen(out) < PDU_WORDS_BYTES);
		pdu_words_answer(round % 2 ? &profile : NULL, pdu, n, out);
		assert_true(strlen(out) < PDU_WORDS_BYTES);
		pdu_words_answer_to(&profile, (const uint8_t[]){0x22, 0, 1, 1, 2, 2, 3}, 7, pdu, n, out);
		assert_true(strlen(out) < PDU_WORDS_BYTES);
		free(pdu);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_name_service_sub_function_and_what_it_is_about),
	    cmocka_unit_test(a_suppressed_answer_is_said),
	    cmocka_unit_test(answers_say_what_they_hold),
	    cmocka_unit_test(several_identifiers_are_said_one_by_one_where_they_can_be_told_apart),
	    cmocka_unit_test(refusals_are_said_with_their_code),
	    cmocka_unit_test(bytes_that_are_too_few_are_said_as_far_as_they_go),
	    cmocka_unit_test(long_records_are_cut_off),
	    cmocka_unit_test(any_bytes_are_said_within_the_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
