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
/* null for 0, which stands for what is not known */
void answer_number_or_null(struct json *answer, const char *key, uint64_t value);
/* the value's word, see word_of() */
void answer_word(struct json *answer, const char *key, const ProtobufCEnumDescriptor *type, int value);

/* a reason of docs/protocol.md: its name as @key, its number as @number_key */
void answer_code(struct json *answer, const char *key, const char *number_key, unsigned code);
/*
 * What state and code of a campaign or an ECU are in other worlds (docs/mapping.md), with the keys of gatewayctl. A
 * state of 0 is one that no vehicle has told yet: a campaign is offered then, an ECU pending. @max_defer_s: NULL is not
 * known.
 */
void answer_campaign_mapping(struct json *answer, int state, unsigned code, int urgency, const uint64_t *max_defer_s);
void answer_target_mapping(struct json *answer, int state, unsigned code);

#endif
