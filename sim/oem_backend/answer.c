#include "sim/oem_backend/answer.h"

#include "proto/mapping.h"
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

void answer_number_or_null(struct json *answer, const char *key, uint64_t value)
{
	json_key(answer, key);
	if (value)
		json_uint(answer, value);
	else
		json_string(answer, NULL);
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

void answer_code(struct json *answer, const char *key, const char *number_key, unsigned code)
{
	answer_text(answer, key, gateway_code_name(code));
	answer_number(answer, number_key, code);
}

static void fumo(struct json *answer, int state, const struct result_info *result)
{
	json_key(answer, "fumo");
	json_object(answer);
	answer_number(answer, "state", (uint64_t)state);
	answer_number_or_null(answer, "result", result->fumo);
	json_object_end(answer);
}

/* begins the object: what only a campaign has follows in it */
static void lwm2m(struct json *answer, int state, const struct result_info *result)
{
	json_key(answer, "lwm2m");
	json_object(answer);
	answer_number(answer, "state", (uint64_t)state);
	answer_number(answer, "result", result->lwm2m);
}

static void suit_and_ucm(struct json *answer, const char *ucm_state, const struct result_info *result)
{
	json_key(answer, "suit");
	json_object(answer);
	answer_number(answer, "reason", result->suit);
	answer_text(answer, "name", suit_reason_name(result->suit));
	json_object_end(answer);
	json_key(answer, "ucm");
	json_object(answer);
	answer_text(answer, "state", ucm_state);
	answer_number(answer, "error", result->ucm);
	json_object_end(answer);
}

void answer_campaign_mapping(struct json *answer, int state, unsigned code, int urgency, const uint64_t *max_defer_s)
{
	enum campaign_state known = state ? (enum campaign_state)state : CAMPAIGN_OFFERED;
	const struct campaign_state_info *info = campaign_state_info(known);
	const struct result_info *result = result_of_campaign(known, code);

	fumo(answer, info->fumo_state, result);
	lwm2m(answer, info->lwm2m_state, result);
	answer_number(answer, "severity", lwm2m_severity((enum urgency)urgency));
	if (max_defer_s)
		answer_number(answer, "max_defer_s", *max_defer_s);
	else
		answer_number_or_null(answer, "max_defer_s", 0);
	json_object_end(answer);
	suit_and_ucm(answer, info->ucm_state, result);
}

void answer_target_mapping(struct json *answer, int state, unsigned code)
{
	enum target_state known = state ? (enum target_state)state : TARGET_PENDING;
	const struct target_state_info *info = target_state_info(known);
	const struct result_info *result = result_of_target(known, code);

	fumo(answer, info->fumo_state, result);
	lwm2m(answer, info->lwm2m_state, result);
	json_object_end(answer);
	suit_and_ucm(answer, info->ucm_state, result);
}
