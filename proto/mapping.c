/* mapping - the rows of mapping.def. */
#include "proto/mapping.h"

enum result {
#define RESULT(name, fumo, lwm2m, suit, ucm, words) RESULT_##name,
#include "proto/mapping.def"
#undef RESULT
};

static const struct result_info results[] = {
#define RESULT(name, fumo, lwm2m, suit, ucm, words) {fumo, lwm2m, suit, ucm, #name, words},
#include "proto/mapping.def"
#undef RESULT
};

static const struct campaign_state_info states[] = {
#define STATE(name, word, words, final, cancellable, lwm2m, fumo, result, ucm) \
	{CAMPAIGN_##name, word, words, final, cancellable, lwm2m, fumo, &results[RESULT_##result], ucm},
#include "proto/mapping.def"
#undef STATE
};

static const struct target_state_info targets[] = {
#define TARGET(name, word, lwm2m, fumo, result, ucm) {TARGET_##name, word, lwm2m, fumo, &results[RESULT_##result], ucm},
#include "proto/mapping.def"
#undef TARGET
};

const struct campaign_state_info *campaign_state_info(enum campaign_state state)
{
	if ((size_t)state >= sizeof states / sizeof states[0])
		return &states[CAMPAIGN_NONE];
	return &states[state];
}

const struct target_state_info *target_state_info(enum target_state state)
{
	if ((size_t)state >= sizeof targets / sizeof targets[0])
		return &targets[TARGET_NONE];
	return &targets[state];
}

const char *target_state_name(enum target_state state)
{
	return (size_t)state < sizeof targets / sizeof targets[0] ? targets[state].name : "unknown";
}

/* a code without a row is an error of the compiler: the switch is over the enumeration */
static enum result result_of(enum gateway_code code)
{
	switch (code) {
#define CODE(name, result)        \
	case GATEWAY_CODE_##name: \
		return RESULT_##result;
#include "proto/mapping.def"
#undef CODE
	}
	return RESULT_NOTHING;
}

const struct result_info *result_of_campaign(enum campaign_state state, unsigned code)
{
	const struct campaign_state_info *info = campaign_state_info(state);

	if (!code || state == CAMPAIGN_DONE)
		return info->result;
	/* a state that is final has a result, whatever the code */
	if (info->final && results[result_of((enum gateway_code)code)].fumo == 0)
		return info->result;
	return &results[result_of((enum gateway_code)code)];
}

const struct result_info *result_of_target(enum target_state state, unsigned code)
{
	const struct target_state_info *info = target_state_info(state);

	if (!code || state == TARGET_VERIFIED)
		return info->result;
	/* a failed attempt that is repeated is no result yet */
	if (state != TARGET_FAILED && state != TARGET_RESTORED)
		return &results[RESULT_PENDING];
	return results[result_of((enum gateway_code)code)].fumo ? &results[result_of((enum gateway_code)code)]
								: info->result;
}

const struct result_info *result_of_code(unsigned code)
{
	return &results[result_of((enum gateway_code)code)];
}

unsigned lwm2m_severity(enum urgency urgency)
{
	switch (urgency) {
	case URGENCY_CRITICAL:
		return 0;
	case URGENCY_HIGH:
	case URGENCY_NORMAL:
	case URGENCY_NONE: /* its default */
		return 1;
	case URGENCY_LOW:
		return 2;
	}
	return 1;
}

const char *suit_reason_name(unsigned reason)
{
	static const char *const names[] = {
	    "ok",
	    "cbor-parse",
	    "cose-unsupported",
	    "alg-unsupported",
	    "unauthorized",
	    "command-unsupported",
	    "component-unsupported",
	    "component-unauthorized",
	    "parameter-unsupported",
	    "severing-unsupported",
	    "condition-failed",
	    "operation-failed",
	    "invoke-pending",
	};

	return reason < sizeof names / sizeof names[0] ? names[reason] : "unknown";
}
