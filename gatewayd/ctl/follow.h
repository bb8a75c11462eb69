/*
 * follow - tells a person what changes in campaigns: a line per phase, and progress.
 *
 * On a terminal, progress is a bar per ECU (and per download) below the lines, drawn anew in place with percentage,
 * kB/s and remaining time; elsewhere it is a line per 10 %. Writes to the given file only; time comes in.
 */
#ifndef GATEWAYD_CTL_FOLLOW_H
#define GATEWAYD_CTL_FOLLOW_H

#include <stdio.h>
#include "gatewayd/ctl/model.h"
#include "common/rate.h"

struct follow_progress {
	struct rate rate;
	uint64_t done;
	uint64_t total;
	unsigned tenth; /* last told */
	bool live;      /* shown as a bar */
};

struct follow_target {
	char state[MODEL_NAME_BYTES];
	char step[MODEL_TEXT_BYTES];
	struct follow_progress progress;
};

struct follow_campaign {
	char id[MODEL_NAME_BYTES];
	char state[MODEL_NAME_BYTES];
	char text[MODEL_TEXT_BYTES];
	char answer[MODEL_NAME_BYTES];
	uint64_t answer_start_unix_s;
	struct follow_progress download;
	char names[MODEL_MAX_TARGETS][MODEL_NAME_BYTES];
	struct follow_target targets[MODEL_MAX_TARGETS];
	size_t n_targets;
};

struct follow {
	FILE *out;
	bool terminal;
	unsigned columns; /* of the terminal; the caller keeps both up to date */
	unsigned rows;
	uint64_t start_us;
	unsigned n_drawn; /* bars on the screen */
	struct follow_campaign campaigns[MODEL_MAX_CAMPAIGNS];
	size_t n_campaigns;
};

/* @now_us: monotonic; lines carry the time since then */
void follow_init(struct follow *self, FILE *out, bool terminal, uint64_t now_us);
/* tells what changed since the last call with this campaign; the first call tells the state it is in */
void follow_campaign(struct follow *self, uint64_t now_us, const struct model_campaign *campaign);
/* it is not shown by the daemon any more */
void follow_removed(struct follow *self, uint64_t now_us, const char *id);
/* a line of its own */
void follow_say(struct follow *self, uint64_t now_us, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* the last: leaves the cursor below everything */
void follow_end(struct follow *self);

#endif
