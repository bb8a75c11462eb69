#include "sim/oem_backend/rollout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metadata.pb-c.h"
#include "session.pb-c.h"

const char *rollout_state_word(enum rollout_state state)
{
	switch (state) {
	case ROLLOUT_RUNNING:
		return "running";
	case ROLLOUT_PAUSED:
		return "paused";
	case ROLLOUT_STOPPED:
		return "stopped";
	case ROLLOUT_CANCELLED:
		return "cancelled";
	case ROLLOUT_DONE:
		return "done";
	}
	return "unknown";
}

bool rollout_failed(const struct rollout_rules *rules, const struct rollout_wave *wave)
{
	return (uint64_t)wave->failed * 100u > (uint64_t)rules->error_threshold * wave->size;
}

static bool ended(const struct rollout_rules *rules, const struct rollout_wave *wave)
{
	uint64_t over = (uint64_t)wave->done + wave->failed + wave->other;

	return over * 100u >= (uint64_t)rules->min_done * wave->size;
}

static bool all_over(const struct rollout_wave *waves, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (waves[i].waiting || waves[i].open)
			return false;
	}
	return true;
}

struct rollout_advice rollout_advise(const struct rollout_rules *rules, const struct rollout_wave *waves, size_t n,
				     uint64_t now_unix_s)
{
	size_t begun = 0;

	for (; begun < n && waves[begun].began_unix_s; begun++) {
		if (rollout_failed(rules, &waves[begun]))
			return (struct rollout_advice){ROLLOUT_STOP, begun, 0};
	}
	for (size_t i = 0; i < begun; i++) {
		if (waves[i].waiting)
			return (struct rollout_advice){ROLLOUT_START, i, 0};
	}
	if (begun == 0)
		return (struct rollout_advice){ROLLOUT_BEGIN, 0, 0};
	const struct rollout_wave *last = &waves[begun - 1];
	if (!ended(rules, last))
		return (struct rollout_advice){ROLLOUT_WAIT, begun - 1, 0};
	if (!last->ended_unix_s)
		return (struct rollout_advice){ROLLOUT_NOTE, begun - 1, 0};
	if (begun == n)
		return (struct rollout_advice){all_over(waves, n) ? ROLLOUT_FINISH : ROLLOUT_WAIT, begun - 1, 0};
	if (now_unix_s < last->ended_unix_s + rules->soak_s)
		return (struct rollout_advice){ROLLOUT_WAIT, begun, last->ended_unix_s + rules->soak_s};
	return (struct rollout_advice){ROLLOUT_BEGIN, begun, 0};
}

bool rollout_untouched(int campaign_state)
{
	switch ((Gu__CampaignState)campaign_state) {
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_OFFERED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING:
		return true;
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_SUSPENDED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ACTIVATING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_VERIFYING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ROLLING_BACK:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ROLLED_BACK:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INCONSISTENT:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DECLINED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_EXPIRED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_SUPERSEDED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED:
	case _GU__CAMPAIGN_STATE_IS_INT_SIZE:
		break;
	}
	return false;
}

/* one word of the text; Return: whether it is a wave */
static bool parse_wave(const char *word, uint32_t vehicles, uint32_t left, uint64_t *size)
{
	char *end;

	if (strcmp(word, "rest") == 0) {
		*size = left;
		return true;
	}
	if (word[0] < '0' || word[0] > '9')
		return false;
	unsigned long value = strtoul(word, &end, 10);
	if (strcmp(end, "%") == 0 && value >= 1 && value <= 100) {
		*size = ((uint64_t)vehicles * value + 99) / 100;
		return true;
	}
	*size = value;
	return *end == '\0' && value >= 1 && value <= UINT32_MAX;
}

bool rollout_plan(const char *text, uint32_t vehicles, uint32_t sizes[ROLLOUT_MAX_WAVES], size_t *n,
		  char why[ROLLOUT_WHY_BYTES])
{
	uint32_t left = vehicles;
	bool rest = false;
	size_t count = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		uint64_t size;
		char word[16];

		snprintf(word, sizeof word, "%.*s", (int)(length < 15 ? length : 15), text);
		if (rest || length > 15 || !parse_wave(word, vehicles, left, &size)) {
			snprintf(why, ROLLOUT_WHY_BYTES,
				 "\"%s\" is no wave%s; write numbers of vehicles or percentages, and \"rest\" at last,"
				 " such as 1,10%%,rest",
				 word, rest ? " after \"rest\"" : "");
			return false;
		}
		rest = strcmp(word, "rest") == 0;
		if (size > left)
			size = left;
		if (size > 0 && count == ROLLOUT_MAX_WAVES) {
			snprintf(why, ROLLOUT_WHY_BYTES, "there are more than %u waves", ROLLOUT_MAX_WAVES);
			return false;
		}
		if (size > 0)
			sizes[count++] = (uint32_t)size;
		left -= (uint32_t)size;
		text += length;
		if (*text != ',')
			break;
		text++;
	}
	if (left > 0) {
		snprintf(why, ROLLOUT_WHY_BYTES, "the waves leave %u of %u vehicles over; end them with \"rest\"",
			 (unsigned)left, (unsigned)vehicles);
		return false;
	}
	*n = count;
	return count > 0;
}
