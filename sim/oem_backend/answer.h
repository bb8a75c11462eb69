/*
 * answer - one key and its value of an answer to oemctl.
 */
#ifndef SIM_OEM_BACKEND_ANSWER_H
#define SIM_OEM_BACKEND_ANSWER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/json.h"

void answer_text(struct json *answer, const char *key, const char *value);
void answer_number(struct json *answer, const char *key, uint64_t value);
void answer_boolean(struct json *answer, const char *key, bool value);
/* the value's word, see word_of() */
void answer_word(struct json *answer, const char *key, const ProtobufCEnumDescriptor *type, int value);

#endif
