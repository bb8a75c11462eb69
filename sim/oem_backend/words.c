#include "sim/oem_backend/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* "CampaignState" and CAMPAIGN_STATE_DONE: the prefix has the type's letters and an underscore at each new word */
static size_t prefix_length(const ProtobufCEnumDescriptor *type, const char *value_name)
{
	size_t n = 0;

	for (const char *c = type->short_name; *c; c++) {
		if (isupper((unsigned char)*c) && c != type->short_name)
			n++;
		n++;
	}
	return strlen(value_name) > n && value_name[n] == '_' ? n + 1 : 0;
}

const char *word_of(const ProtobufCEnumDescriptor *type, int value, char out[WORD_BYTES])
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);
	size_t n = 0;

	if (!known) {
		snprintf(out, WORD_BYTES, "%d", value);
		return out;
	}
	for (const char *c = known->name + prefix_length(type, known->name); *c && n + 1 < WORD_BYTES; c++)
		out[n++] = (char)tolower((unsigned char)*c);
	out[n] = '\0';
	return out;
}

bool word_parse(const ProtobufCEnumDescriptor *type, const char *word, int *value)
{
	char name[WORD_BYTES];

	for (unsigned i = 0; i < type->n_values; i++) {
		if (strcmp(word_of(type, type->values[i].value, name), word) != 0)
			continue;
		*value = type->values[i].value;
		return true;
	}
	return false;
}

const char *hex_of(const uint8_t digest[32], char out[HEX_BYTES])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return out;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_parse(const char *text, uint8_t digest[32])
{
	uint8_t out[32];

	if (strlen(text) != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int high = nibble(text[2 * i]);
		int low = nibble(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(digest, out, sizeof out);
	return true;
}
