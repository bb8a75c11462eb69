/*
 * pdu_words - UDS requests and answers as people read them, for traces, scans and raw requests.
 *
 * Words come from uds/uds_text.h, the names of routines and identifiers from the ECU's profile where it has them, else
 * from ISO 14229-1. Nothing is taken for granted: bytes that are too few or unknown are said as far as they go.
 */
#ifndef ECU_FLASH_PDU_WORDS_H
#define ECU_FLASH_PDU_WORDS_H

#include "ecu-flash/profile.h"

#define PDU_WORDS_BYTES 200u

/* "RoutineControl startRoutine FF00 (erase), 9 bytes". @profile: may be NULL */
void pdu_words_request(const struct profile *profile, const uint8_t *pdu, size_t n, char out[PDU_WORDS_BYTES]);

/* "RoutineControl startRoutine FF00 (erase): status 00"; of a negative one "RoutineControl refused: request out of
 * range (NRC 31)" */
void pdu_words_answer(const struct profile *profile, const uint8_t *pdu, size_t n, char out[PDU_WORDS_BYTES]);

/* the same of the answer to @request, which tells where the data of each of several identifiers begins, unless the
 * bytes of one are in the data, too. @request: may be NULL */
void pdu_words_answer_to(const struct profile *profile, const uint8_t *request, size_t n_request, const uint8_t *pdu,
			 size_t n, char out[PDU_WORDS_BYTES]);

/* "serial number"; "" for identifiers that the standard leaves to the manufacturer. @profile: may be NULL */
const char *pdu_did_text(const struct profile *profile, uint16_t did);

/* the record of an identifier: printable text in quotes, else hexadecimal, cut off with "..." where it does not fit */
void pdu_record_text(const uint8_t *record, size_t n, char *out, size_t cap);

#endif
