/* words - enumeration values as the tools write them ("ignition_off"), and digests as hex. */
#ifndef SIM_OEM_BACKEND_WORDS_H
#define SIM_OEM_BACKEND_WORDS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORD_BYTES 40u
#define HEX_BYTES  65u

/* the value's name without the type's prefix, in lower case; "unspecified" values too. Return: @out */
const char *word_of(const ProtobufCEnumDescriptor *type, int value, char out[WORD_BYTES]);
/* Return: whether @word names a value of @type */
bool word_parse(const ProtobufCEnumDescriptor *type, const char *word, int *value);

const char *hex_of(const uint8_t digest[32], char out[HEX_BYTES]);
/* Return: whether @text is exactly 64 hex digits */
bool hex_parse(const char *text, uint8_t digest[32]);

#endif
