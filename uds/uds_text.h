/*
 * uds_text - words for people about ISO 14229-1: services, sub-functions, negative response codes, trouble codes.
 *
 * All texts are static, in plain ASCII and never NULL. Names of services and sub-functions are written as the standard
 * writes them, so that they can be looked up; meanings and advice are ours, from what ECUs commonly do in the field.
 */
#ifndef UDS_UDS_TEXT_H
#define UDS_UDS_TEXT_H

#include "uds/uds.h"

/* "TransferData"; "unknown service" where it is none of the standard's. @sid: of the request. */
static inline const char *uds_service_text(uint8_t sid)
{
	return uds_sid_text(sid);
}

/**
 * uds_sub_function_text() - the standard's word for a sub-function
 * @sid: of the request
 * @sub: second byte of the request; its suppress bit is not looked at
 *
 * Return: "startRoutine", "programmingSession", "requestSeed", …; "" where the standard has no word for it or the
 * service no sub-functions.
 */
const char *uds_sub_function_text(uint8_t sid, uint8_t sub);

/* Of a negative response code, uds_nrc_text() in uds/uds.h being its name. "" where nothing is known. */
const char *uds_nrc_meaning(uint8_t nrc); /* what it commonly means: "the ECU is locked" */
const char *uds_nrc_advice(uint8_t nrc);  /* what to try: "unlock the ECU first (27 or 29)" */

/* "P0123-45" and its end */
#define UDS_DTC_TEXT_CAP 9u

/**
 * uds_dtc_text() - a trouble code as testers write it
 * @dtc: three bytes as in an answer to 19: the code of SAE J2012, then the failure type
 * @out: @cap bytes, UDS_DTC_TEXT_CAP hold every code; a shorter one gets a cut-off text
 *
 * Return: @out.
 */
const char *uds_dtc_text(const uint8_t dtc[3], char *out, size_t cap);

/* a bit 0..7 of a trouble code's status byte: "testFailed", "confirmedDTC", …; "" for others */
const char *uds_dtc_status_bit_text(unsigned bit);

#endif
