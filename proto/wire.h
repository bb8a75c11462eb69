/*
 * wire - a look at serialized bytes by their descriptor, before anything is allocated for them.
 *
 * protobuf-c lets pass what a reader of signed documents must not: enumeration values that nobody knows, text that is
 * no UTF-8, text with a NUL inside (which then looks shorter than what was signed), a single field that occurs twice
 * (of which readers pick different ones). Here they are refused, with the path of the field. Unknown fields pass if
 * they are well-formed: required_features guards those that matter.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "proto/check.h"

#define WIRE_MAX_DEPTH  8u  /* messages within messages; our types need 6 */
#define WIRE_MAX_FIELDS 32u /* of one message type */

/* Return: true, or false with the error set: MALFORMED or UNKNOWN_VALUE */
bool wire_check(struct check *check, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t n);

#endif
