#include "sim/oem_backend/answer.h"

#include "sim/oem_backend/words.h"

void answer_text(struct json *answer, const char *key, const char *value)
{
	json_key(answer, key);
	json_string(answer, value);
}

void answer_number(struct json *answer, const char *key, uint64_t value)
{
	json_key(answer, key);
	json_uint(answer, value);
}

void answer_boolean(struct json *answer, const char *key, bool value)
{
	json_key(answer, key);
	json_bool(answer, value);
}

void answer_word(struct json *answer, const char *key, const ProtobufCEnumDescriptor *type, int value)
{
	char out[WORD_BYTES];

	answer_text(answer, key, word_of(type, value, out));
}
