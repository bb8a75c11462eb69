#include "gatewayd/ctl/follow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "gatewayd/ctl/table.h"
#include "gatewayd/ctl/text.h"

#define LINE_BYTES  1024u
#define BAR_COLUMNS 24u

void follow_init(struct follow *self, FILE *out, bool terminal, uint64_t now_us)
{
	memset(self, 0, sizeof(*self));
	self->out = out;
	self->terminal = terminal;
	self->columns = 80;
	self->rows = 24;
	self->start_us = now_us;
}

/* what is drawn is taken away, so that a line can stand in its place */
static void erase(struct follow *self)
{
	if (self->n_drawn)
		fprintf(self->out, "\033[%uA\033[J", self->n_drawn);
	self->n_drawn = 0;
}

/* cut to the terminal's width: a line that wraps could not be taken away again */
static void put_cut(FILE *out, const char *text, unsigned columns)
{
	for (unsigned used = 0; *text; text++) {
		used += ((unsigned char)*text & 0xc0) != 0x80;
		if (used > columns)
			break;
		fputc(*text, out);
	}
}

/* "52 %, 31.2 kB/s, 0:07 left", as far as it is known */
static int describe(const struct follow_progress *p, const char *separator, char *out, size_t n)
{
	double bytes_per_s = rate_bytes_per_s(&p->rate);
	char text[RATE_DURATION_BYTES], rate[32] = "", left[RATE_DURATION_BYTES + 16] = "";
	uint32_t seconds;

	if (bytes_per_s > 0)
		snprintf(rate, sizeof(rate), "%s%.1f kB/s", separator, bytes_per_s / 1000);
	if (p->done < p->total && rate_remaining_s(&p->rate, p->total - p->done, &seconds))
		snprintf(left, sizeof(left), "%s%s left", separator, rate_duration(seconds, text));
	return snprintf(out, n, "%3.0f %%%s%s", p->total ? 100.0 * (double)p->done / (double)p->total : 0.0, rate,
			left);
}

static void draw_bar(struct follow *self, const char *name, const char *step, const struct follow_progress *p)
{
	char bar[BAR_COLUMNS + 1], text[LINE_BYTES], description[128];
	unsigned filled = p->total ? (unsigned)((double)BAR_COLUMNS * (double)p->done / (double)p->total) : 0;
	size_t width = table_width(name);

	if (self->n_drawn + 2 >= self->rows)
		return;
	if (filled > BAR_COLUMNS)
		filled = BAR_COLUMNS;
	memset(bar, '#', filled);
	memset(bar + filled, '-', BAR_COLUMNS - filled);
	bar[BAR_COLUMNS] = '\0';
	describe(p, "  ", description, sizeof(description));
	snprintf(text, sizeof(text), "  %s%*s [%s] %s%s%s", name, width < 10 ? (int)(10 - width) : 0, "", bar,
		 description, step[0] ? "  " : "", step);
	put_cut(self->out, text, self->columns - 1);
	fputc('\n', self->out);
	self->n_drawn++;
}

static void draw(struct follow *self)
{
	if (!self->terminal)
		return;
	erase(self);
	for (size_t i = 0; i < self->n_campaigns; i++) {
		const struct follow_campaign *c = &self->campaigns[i];

		if (c->download.live)
			draw_bar(self, "download", "", &c->download);
		for (size_t k = 0; k < c->n_targets; k++)
			if (c->targets[k].progress.live)
				draw_bar(self, c->names[k], c->targets[k].step, &c->targets[k].progress);
	}
	fflush(self->out);
}

static void say(struct follow *self, uint64_t now_us, const char *text)
{
	erase(self);
	fprintf(self->out, "[%7.1f s] %s\n", (double)(now_us - self->start_us) / 1e6, text);
	fflush(self->out);
}

void follow_say(struct follow *self, uint64_t now_us, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say(self, now_us, text);
	draw(self);
}

static struct follow_campaign *find(struct follow *self, const char *id)
{
	for (size_t i = 0; i < self->n_campaigns; i++)
		if (strcmp(self->campaigns[i].id, id) == 0)
			return &self->campaigns[i];
	return NULL;
}

static struct follow_target *target_of(struct follow_campaign *c, const char *name)
{
	for (size_t i = 0; i < c->n_targets; i++)
		if (strcmp(c->names[i], name) == 0)
			return &c->targets[i];
	if (c->n_targets == MODEL_MAX_TARGETS)
		return NULL;
	memset(&c->targets[c->n_targets], 0, sizeof(c->targets[0]));
	snprintf(c->names[c->n_targets], sizeof(c->names[c->n_targets]), "%s", name);
	return &c->targets[c->n_targets++];
}

static void progress(struct follow *self, uint64_t now_us, const char *name, struct follow_progress *p, bool live,
		     uint64_t done, uint64_t total)
{
	char description[128], text[LINE_BYTES];
	unsigned tenth = total ? (unsigned)(10.0 * (double)done / (double)total) : 0;
	bool began = live && !p->live;

	/* what was there before it was looked at is no part of its rate, and is not told tenth by tenth */
	if (began || done < p->done) {
		p->rate.n = 0;
		p->tenth = began ? tenth : 0;
	}
	p->live = live;
	p->done = done;
	p->total = total;
	if (!live)
		return;
	rate_add(&p->rate, now_us, done);
	if (self->terminal || tenth <= p->tenth)
		return;
	p->tenth = tenth;
	describe(p, ", ", description, sizeof(description));
	snprintf(text, sizeof(text), "%s: %s (%" PRIu64 " of %" PRIu64 " bytes)", name,
		 description + strspn(description, " "), done, total);
	say(self, now_us, text);
}

static void target(struct follow *self, uint64_t now_us, struct follow_campaign *c, const struct model_target *in)
{
	struct follow_target *t = target_of(c, in->name);
	char text[LINE_BYTES];

	if (!t)
		return;
	if (strcmp(t->state, in->state) != 0) {
		const char *why = text_beyond(text_beyond(in->text, in->name), in->state);
		bool verified = strcmp(in->state, "verified") == 0;

		snprintf(text, sizeof(text), "%s: %s: %s%s%s%s%s%s", c->id, in->name, in->state, why[0] ? ": " : "",
			 why, verified && in->new_version[0] ? " (version " : "", verified ? in->new_version : "",
			 verified && in->new_version[0] ? ")" : "");
		/* what each ECU waits for before anything happened is the campaign's own line */
		if (t->state[0] || strcmp(in->state, "pending") != 0)
			say(self, now_us, text);
		snprintf(t->state, sizeof(t->state), "%s", in->state);
	}
	snprintf(t->step, sizeof(t->step), "%s", in->step);
	snprintf(text, sizeof(text), "%s: %s", c->id, in->name);
	progress(self, now_us, text, &t->progress, strcmp(in->state, "flashing") == 0, in->bytes_done, in->bytes_total);
}

/* what the gateway told the backend: accepted, postponed and until when, or declined */
static void answer(struct follow *self, uint64_t now_us, struct follow_campaign *c, const struct model_campaign *in)
{
	bool postponed = strcmp(in->answer, "postpone") == 0;
	uint64_t start_unix_s = postponed ? in->start_unix_s : 0;
	char text[LINE_BYTES], at[TEXT_TIME_BYTES];

	if (strcmp(c->answer, in->answer) == 0 && c->answer_start_unix_s == start_unix_s)
		return;
	snprintf(c->answer, sizeof(c->answer), "%s", in->answer);
	c->answer_start_unix_s = start_unix_s;
	if (!in->answer[0] || strcmp(in->answer, "none") == 0)
		return;
	snprintf(text, sizeof(text), "%s: answer: %s%s%s", in->id, in->answer, start_unix_s ? " to " : "",
		 start_unix_s ? text_time(start_unix_s, at) : "");
	say(self, now_us, text);
}

void follow_campaign(struct follow *self, uint64_t now_us, const struct model_campaign *in)
{
	struct follow_campaign *c = find(self, in->id);
	const char *why = text_beyond(in->text, in->state);
	char text[LINE_BYTES];

	if (!c) {
		if (self->n_campaigns == MODEL_MAX_CAMPAIGNS)
			return;
		c = &self->campaigns[self->n_campaigns++];
		memset(c, 0, sizeof(*c));
		snprintf(c->id, sizeof(c->id), "%s", in->id);
	}
	answer(self, now_us, c, in);
	if (strcmp(c->state, in->state) != 0 || strcmp(c->text, in->text) != 0) {
		snprintf(text, sizeof(text), "%s: %s%s%s", in->id, in->state, why[0] ? ": " : "", why);
		snprintf(c->state, sizeof(c->state), "%s", in->state);
		snprintf(c->text, sizeof(c->text), "%s", in->text);
		say(self, now_us, text);
	}
	snprintf(text, sizeof(text), "%s: download", in->id);
	progress(self, now_us, text, &c->download, strcmp(in->state, "downloading") == 0 && in->bytes_total > 0,
		 in->bytes_held, in->bytes_total);
	for (size_t i = 0; i < in->n_targets; i++)
		target(self, now_us, c, &in->targets[i]);
	draw(self);
}

void follow_removed(struct follow *self, uint64_t now_us, const char *id)
{
	struct follow_campaign *c = find(self, id);

	if (!c)
		return;
	self->n_campaigns--;
	memmove(c, c + 1, sizeof(*c) * (size_t)(&self->campaigns[self->n_campaigns] - c));
	follow_say(self, now_us, "%s: not shown by gatewayd any more", id);
}

void follow_end(struct follow *self)
{
	erase(self);
	fflush(self->out);
}
