/*
 * uds_dtc - what a positive answer to 19 (ReadDTCInformation) holds, for sub-functions 01, 02 and 0A.
 *
 * Nothing is copied: a record is read out of the answer when it is asked for. uds_dtc_text() writes it for people.
 */
#ifndef UDS_UDS_DTC_H
#define UDS_UDS_DTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uds_dtc_report {
	uint8_t sub_function;      /* 01, 02 or 0A */
	uint8_t availability_mask; /* the status bits that this ECU supports */
	uint8_t format;            /* 01: DTCFormatIdentifier, 1 = ISO 14229-1; else 0 */
	uint16_t count;            /* 01: how many match; 02, 0A: how many records follow */
	const uint8_t *records;    /* into the answer; NULL for 01 */
};

struct uds_dtc {
	uint8_t code[3];
	uint8_t status; /* bits as uds_dtc_status_bit_text() names them */
};

/**
 * uds_dtc_report_parse() - an answer that begins with 59
 * @pdu: the whole answer; outlives the report
 *
 * Return: whether it is a whole answer of one of the three; @out is untouched if not.
 */
bool uds_dtc_report_parse(const uint8_t *pdu, size_t n, struct uds_dtc_report *out);

/* Return: whether the report has an @index'th record, which is then in @out */
bool uds_dtc_report_get(const struct uds_dtc_report *report, size_t index, struct uds_dtc *out);

#endif
