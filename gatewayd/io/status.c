#include "gatewayd/io/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gatewayd/io/text.h"

#define SHOWN_ECUS 2u /* of those that are flashed at once; the others are counted */

/* --- the text */

struct line {
	char *text;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;

	if (line->n >= STATUS_BYTES - 1)
		return;
	va_start(args, format);
	vsnprintf(line->text + line->n, STATUS_BYTES - line->n, format, args);
	va_end(args);
	line->n += strlen(line->text + line->n);
}

static unsigned percent(uint64_t done, uint64_t total)
{
	return done >= total ? 100 : (unsigned)(done * 100 / total);
}

/* "transfer, 47 %, 28.7 kB/s, 0:05 left", as far as it is known */
static void add_progress(struct line *line, const struct status_ecu *ecu)
{
	char left[RATE_DURATION_BYTES], *step = line->text + line->n;

	add(line, "%s", ecu->step);
	while ((step = strchr(step, '_')) != NULL)
		*step = ' ';
	if (ecu->bytes_done && ecu->bytes_total)
		add(line, ", %u %%", percent(ecu->bytes_done, ecu->bytes_total));
	if (ecu->bytes_per_s > 0)
		add(line, ", %.1f kB/s", ecu->bytes_per_s / 1000);
	if (ecu->left_known)
		add(line, ", %s left", rate_duration(ecu->left_s, left));
}

static void add_ecu(struct line *line, const struct status_ecu *ecu)
{
	add(line, "%s: ", ecu->name);
	add_progress(line, ecu);
}

/* those under way first; of those whose turn is to come the first stands for all where none is */
static void add_flashing(struct line *line, const struct status *s)
{
	const struct status_ecu *next = NULL;
	unsigned n_begun = 0, n_next = 0;

	add(line, "flashing ");
	for (uint8_t i = 0; i < s->n_ecus; i++) {
		if (s->ecus[i].begun && n_begun++ < SHOWN_ECUS) {
			add(line, "%s", n_begun > 1 ? "; " : "");
			add_ecu(line, &s->ecus[i]);
		} else if (!s->ecus[i].begun) {
			next = n_next++ ? next : &s->ecus[i];
		}
	}
	if (n_begun > SHOWN_ECUS)
		add(line, "; and %u more", n_begun - SHOWN_ECUS);
	if (n_begun == 0 && next) {
		add_ecu(line, next);
		n_next--;
		next = NULL;
	}
	if (n_next == 1 && next)
		add(line, "; then %s", next->name);
	else if (n_next)
		add(line, "; then %u more", n_next);
	if (s->campaign)
		add(line, "; campaign %s", s->campaign);
}

static void add_stopping(struct line *line, const struct status *s)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < s->n_ecus; i++) {
		const struct status_ecu *ecu = &s->ecus[i];

		if (!ecu->erased)
			continue;
		if (n == 0) {
			add(line, "stopping once ECU %s is verified (it is erased): ", ecu->name);
			add_progress(line, ecu);
		}
		n++;
	}
	if (n > 1)
		add(line, "; and %u more", n - 1);
	if (n == 0)
		add(line, "%s", s->n_ecus ? "stopping: the buses are made as they were before" : "stopping");
}

static void add_campaign(struct line *line, const struct status *s)
{
	static const char waiting[] = "waiting ";

	if (s->state == CAMPAIGN_DOWNLOADING && s->bytes_total)
		add(line, "downloading campaign %s: %u %% of %" PRIu64 " KiB", s->campaign,
		    percent(s->bytes_held, s->bytes_total), (s->bytes_total + 1023) >> 10);
	else if (s->state == CAMPAIGN_WAITING && strncmp(s->text, waiting, sizeof(waiting) - 1) == 0)
		add(line, "campaign %s waits %s", s->campaign, s->text + sizeof(waiting) - 1);
	else
		add(line, "campaign %s%s: %s", s->campaign, s->state == CAMPAIGN_WAITING ? " waits" : "", s->text);
}

const char *status_text(const struct status *s, char out[STATUS_BYTES])
{
	struct line line = {.text = out, .n = 0};

	out[0] = '\0';
	if (s->stalled)
		add(&line, "the database does not come back from writing, nothing new begins; ");
	if (s->stopping) {
		add_stopping(&line, s);
	} else if (s->n_ecus) {
		add_flashing(&line, s);
	} else {
		if (s->campaign)
			add_campaign(&line, s);
		else
			add(&line, "idle");
		if (s->offline)
			add(&line, "; not connected: %s", s->offline);
		else
			add(&line, "; backend %s", s->connected ? "connected" : "being connected");
		if (!s->campaign && s->n_known < s->n_configured)
			add(&line, "; %u of %u ECUs known", s->n_known, s->n_configured);
		else if (!s->campaign)
			add(&line, "; %u ECU%s known", s->n_known, s->n_known == 1 ? "" : "s");
	}
	text_mend(out); /* a line end in it would begin a variable of its own */
	return out;
}

/* --- the values */

static int leading_campaign(const struct gateway *gateway)
{
	int leading = -1;

	for (int i = 0; i < (int)GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &gateway->campaigns[i];

		if (c->state == CAMPAIGN_NONE || campaign_state_info(c->state)->final)
			continue;
		if (gateway->flashing && c->state == CAMPAIGN_INSTALLING)
			return i;
		if (leading < 0 || c->state > gateway->campaigns[leading].state)
			leading = i;
	}
	return leading;
}

static void flashed_ecus(const struct campaign *c, struct status_rates *rates, uint64_t now_us, struct status *status)
{
	for (uint8_t i = 0; i < c->n_targets; i++) {
		const struct target *t = &c->targets[i];
		struct status_ecu *ecu = &status->ecus[status->n_ecus];
		struct rate *rate = &rates->rates[i];

		if (!t->running) {
			rate->n = 0;
			continue;
		}
		rate_add(rate, now_us, t->bytes_done);
		*ecu = (struct status_ecu){.name = t->doc.ecu,
					   .step = flash_step_text(t->step),
					   .begun = t->erased || t->state == TARGET_FLASHING,
					   .erased = t->erased,
					   .bytes_done = t->bytes_done,
					   .bytes_total = t->bytes_total};
		if (t->bytes_done < t->bytes_total) {
			ecu->bytes_per_s = rate_bytes_per_s(rate);
			ecu->left_known = rate_remaining_s(rate, t->bytes_total - t->bytes_done, &ecu->left_s);
		}
		status->n_ecus++;
	}
}

void status_of(const struct gateway *gateway, struct status_rates *rates, uint64_t now_us, struct status *status)
{
	int leading = leading_campaign(gateway);

	memset(status, 0, sizeof(*status));
	status->stopping = gateway->stop_wanted;
	status->connected = gateway->session.state == SESSION_UP;
	if (!status->connected && gateway->offline_code)
		status->offline = gateway_code_words(gateway->offline_code);
	status->n_configured = gateway->config.n_ecus;
	for (uint8_t i = 0; i < gateway->config.n_ecus; i++)
		status->n_known += gateway->ecus[i].known;
	if (leading < 0)
		return;
	status->campaign = gateway->campaigns[leading].doc.id;
	status->state = gateway->campaigns[leading].state;
	status->text = gateway->campaigns[leading].text;
	status->bytes_held = gateway->campaigns[leading].bytes_held;
	status->bytes_total = gateway->campaigns[leading].bytes_total;
	if (!gateway->flashing || status->state != CAMPAIGN_INSTALLING)
		return;
	if (rates->campaign != leading)
		memset(rates, 0, sizeof(*rates));
	rates->campaign = (uint8_t)leading;
	flashed_ecus(&gateway->campaigns[leading], rates, now_us, status);
}
