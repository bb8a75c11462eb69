#include "ecu-flash/cli/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecu-flash/cli/words.h"

#define BAR_WIDTH       28u
#define REDRAW_US       100000u
#define LEAST_SAMPLE_US 300000u /* a rate over less than this jumps */

void report_init(struct report *self, FILE *out, const struct profile *profile, char **paths, uint8_t n_units)
{
	const char *term = getenv("TERM");

	*self = (struct report){.out = out, .profile = profile, .paths = paths, .n_units = n_units};
	self->terminal = isatty(fileno(out)) && term && strcmp(term, "dumb") != 0;
	if (!self->terminal)
		setvbuf(out, NULL, _IOLBF, 0);
}

void report_clear(struct report *self)
{
	if (!self->bar_shown)
		return;
	fputs("\r\033[K", self->out);
	fflush(self->out);
	self->bar_shown = false;
}

void report_line(struct report *self, const char *format, ...)
{
	va_list args;

	report_clear(self);
	va_start(args, format);
	vfprintf(self->out, format, args);
	va_end(args);
	fputc('\n', self->out);
	fflush(self->out);
}

static void make_bar(char bar[BAR_WIDTH + 1], unsigned percent)
{
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', percent * BAR_WIDTH / 100);
	bar[BAR_WIDTH] = '\0';
}

void report_progress(struct report *self, uint64_t now_us, uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1], amount[WORDS_BYTES], whole[WORDS_BYTES], rate[32] = "", left[WORDS_BYTES + 8] = "";
	unsigned percent = total ? (unsigned)(done * 100 / total) : 100;
	bool last = done == total;

	if (!self->transfer_us || done < self->transfer_bytes) { /* the first block, or a unit begun again */
		self->transfer_us = now_us;
		self->transfer_bytes = done;
		self->tenth = percent / 10;
	}
	if (self->terminal ? !last && now_us - self->drawn_us < REDRAW_US : !last && percent / 10 == self->tenth)
		return;
	self->drawn_us = now_us;
	self->tenth = percent / 10;
	if (now_us - self->transfer_us >= LEAST_SAMPLE_US && done > self->transfer_bytes) {
		double per_us = (double)(done - self->transfer_bytes) / (double)(now_us - self->transfer_us);
		char time[WORDS_BYTES];

		words_time((uint64_t)((double)(total - done) / per_us / 1000), time);
		snprintf(rate, sizeof rate, "  %.2f kB/s", per_us * 1000);
		if (!last)
			snprintf(left, sizeof left, "  %s left", time);
	}
	words_count(done, amount);
	words_count(total, whole);
	if (!self->terminal) {
		fprintf(self->out, "    %3u %%  %s of %s bytes%s%s\n", percent, amount, whole, rate, left);
		return;
	}
	make_bar(bar, percent);
	fprintf(self->out, "\r    [%s] %3u %%  %s of %s bytes%s%s\033[K", bar, percent, amount, whole, rate, left);
	self->bar_shown = true;
	if (last) { /* the full bar stays on the screen */
		fputc('\n', self->out);
		self->bar_shown = false;
	}
	fflush(self->out);
}

void report_count(struct report *self, uint64_t now_us, const char *what, uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1];
	unsigned percent = total ? (unsigned)(done * 100 / total) : 100;

	if (!self->terminal || now_us - self->drawn_us < REDRAW_US)
		return;
	self->drawn_us = now_us;
	make_bar(bar, percent);
	fprintf(self->out, "\r    [%s] %3u %%  %" PRIu64 " of %" PRIu64 " %s\033[K", bar, percent, done, total, what);
	fflush(self->out);
	self->bar_shown = true;
}

static void identity(struct report *self, const struct flash_identity *id)
{
	static const char unknown[] = "not known";

	self->identity_shown = true;
	report_line(self, "  hardware %s, serial number %s, boot %s, application %s",
		    id->hardware_id[0] ? id->hardware_id : unknown, id->serial_number[0] ? id->serial_number : unknown,
		    id->boot_version[0] ? id->boot_version : unknown,
		    id->application_version[0] ? id->application_version : unknown);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void step_begins(struct report *self, const struct flash_event *event, const struct flash_result *result)
{
	const struct flash_step *step = &self->profile->steps[event->step_index];
	bool of_unit = step->kind == FLASH_STEP_ERASE || step->kind == FLASH_STEP_TRANSFER ||
		       step->kind == FLASH_STEP_CHECK_MEMORY;
	char words[WORDS_BYTES];

	if (!self->identity_shown)
		identity(self, &result->before);
	self->transfer_us = 0;
	words_step(self->profile, step, words);
	if (of_unit && self->n_units > 1)
		report_line(self, "  %s (%s)", words, base_name(self->paths[event->unit]));
	else
		report_line(self, "  %s", words);
}

static void target_event(struct report *self, uint64_t now_us, const struct flash_event *event,
			 const struct flash_result *result)
{
	switch (event->kind) {
	case FLASH_EVENT_STEP:
		step_begins(self, event, result);
		break;
	case FLASH_EVENT_PROGRESS:
		report_progress(self, now_us, event->bytes_done, event->bytes_total);
		break;
	case FLASH_EVENT_RETRY:
		report_line(self, "    %s", event->text);
		break;
	case FLASH_EVENT_NONE:
	case FLASH_EVENT_NEED_KEY:
	case FLASH_EVENT_INTENT:
	case FLASH_EVENT_DONE:
	case FLASH_EVENT_FAILED:
		break;
	}
}

void report_event(struct report *self, uint64_t now_us, const struct flash_bus_event *event,
		  const struct flash_result *result)
{
	char words[WORDS_BYTES];

	switch (event->kind) {
	case FLASH_BUS_EVENT_STEP:
		words_bus_step(self->profile, event->step, words);
		report_line(self, "  bus: %s", words);
		break;
	case FLASH_BUS_EVENT_QUIET:
		report_line(self, "  the bus is quiet");
		break;
	case FLASH_BUS_EVENT_LOUD:
		report_line(self, "  the bus is %s", event->text[0] ? event->text : "as before");
		break;
	case FLASH_BUS_EVENT_TARGET:
		target_event(self, now_us, &event->event, result);
		break;
	case FLASH_BUS_EVENT_NONE:
	case FLASH_BUS_EVENT_FINISHED:
		break;
	}
}
