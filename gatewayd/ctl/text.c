#include "gatewayd/ctl/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "gatewayd/ctl/table.h"

const char *text_time(uint64_t unix_s, char out[TEXT_TIME_BYTES])
{
	time_t at = (time_t)unix_s;
	struct tm tm;

	if (unix_s == 0 || unix_s > 253402300799u || !gmtime_r(&at, &tm) ||
	    strftime(out, TEXT_TIME_BYTES, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(out, TEXT_TIME_BYTES, "%s", unix_s == 0 ? "-" : "(far away)");
	return out;
}

const char *text_beyond(const char *text, const char *said)
{
	size_t n = strlen(said);

	if (strncmp(text, said, n) != 0)
		return text;
	if (text[n] == '\0')
		return text + n;
	return (text[n] == ':' || text[n] == ';') && text[n + 1] == ' ' ? text + n + 2 : text;
}

static void line(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%-17s %s\n", name, value[0] ? value : "-");
}

static void manager(const struct model_manager *m, FILE *out)
{
	char text[64];

	line(out, "vehicle", m->vehicle_id);
	line(out, "version", m->version);
	line(out, "session", m->session);
	line(out, "ignition", m->ignition);
	snprintf(text, sizeof(text), "%.1f km/h", m->speed_kmh);
	line(out, "speed", m->speed_kmh >= 0 ? text : "unknown");
	snprintf(text, sizeof(text), "%.2f V", m->battery_mv / 1000.0);
	line(out, "battery", m->battery_mv ? text : "unknown");
	text_time(m->trusted_unix_s, text);
	line(out, "trusted time", m->trusted_unix_s ? text : "not trusted");
	snprintf(text, sizeof(text), "%" PRIu64, m->director_version);
	line(out, "director version", m->director_version ? text : "none");
	snprintf(text, sizeof(text), "%" PRIu32, m->pending_reports);
	line(out, "pending reports", text);
	if (m->diagnostics_locked)
		line(out, "diagnostics", "locked by another tester");
}

void text_ecus(const struct model *model, FILE *out)
{
	struct table table;

	if (model->n_ecus == 0) {
		fputs("no ECUs\n", out);
		return;
	}
	table_init(&table, 8);
	for (size_t i = 0; i < 8; i++) {
		static const char *const head[] = {"ECU",    "BUS",  "PRESENT",     "HARDWARE",
						   "SERIAL", "BOOT", "APPLICATION", "DATA"};
		table_cell(&table, "%s", head[i]);
	}
	for (size_t i = 0; i < model->n_ecus; i++) {
		const struct model_ecu *ecu = &model->ecus[i];

		table_cell(&table, "%s", ecu->name);
		table_cell(&table, "%s", ecu->bus);
		table_cell(&table, "%s", ecu->present ? "yes" : "no");
		table_cell(&table, "%s", ecu->hardware_id);
		table_cell(&table, "%s", ecu->serial_number);
		table_cell(&table, "%s", ecu->boot_version);
		table_cell(&table, "%s", ecu->application_version);
		table_cell(&table, "%s", ecu->data_version);
	}
	table_print(&table, out);
}

void text_campaigns(const struct model *model, FILE *out)
{
	struct table table;
	char text[TEXT_TIME_BYTES];

	if (model->n_campaigns == 0) {
		fputs("no campaigns\n", out);
		return;
	}
	table_init(&table, 7);
	for (size_t i = 0; i < 7; i++) {
		static const char *const head[] = {"CAMPAIGN", "STATE",       "ANSWER", "START",
						   "HELD",     "WINDOW ENDS", "WHY"};
		table_cell(&table, "%s", head[i]);
	}
	for (size_t i = 0; i < model->n_campaigns; i++) {
		const struct model_campaign *c = &model->campaigns[i];

		table_cell(&table, "%s", c->id);
		table_cell(&table, "%s", c->state);
		table_cell(&table, "%s", c->answer);
		table_cell(&table, "%s", text_time(c->start_unix_s, text));
		if (c->bytes_total)
			table_cell(&table, "%.0f %%", 100.0 * (double)c->bytes_held / (double)c->bytes_total);
		else
			table_cell(&table, "-");
		table_cell(&table, "%s", text_time(c->window_end_unix_s, text));
		table_cell(&table, "%s", text_beyond(c->text, c->state));
	}
	table_print(&table, out);
}

void text_status(const struct model *model, FILE *out)
{
	manager(&model->manager, out);
	fputc('\n', out);
	text_ecus(model, out);
	fputc('\n', out);
	text_campaigns(model, out);
}

static void targets(const struct model_campaign *c, FILE *out)
{
	struct table table;

	table_init(&table, 10);
	for (size_t i = 0; i < 10; i++) {
		static const char *const head[] = {"ECU",   "STATE",     "OLD VERSION", "NEW VERSION", "DONE",
						   "BYTES", "ESTIMATED", "SECONDS",     "kB/s",        "WHY"};
		table_cell(&table, "%s", head[i]);
	}
	for (size_t i = 0; i < c->n_targets; i++) {
		const struct model_target *t = &c->targets[i];

		table_cell(&table, "%s", t->name);
		table_cell(&table, "%s%s%s", t->state, t->step[0] ? ": " : "", t->step);
		table_cell(&table, "%s", t->old_version);
		table_cell(&table, "%s", t->new_version);
		if (t->bytes_total)
			table_cell(&table, "%.0f %%", 100.0 * (double)t->bytes_done / (double)t->bytes_total);
		else
			table_cell(&table, "-");
		if (t->payload_bytes)
			table_cell(&table, "%" PRIu64, t->payload_bytes);
		else
			table_cell(&table, "-");
		if (t->estimate_ms)
			table_cell(&table, "%.1f", (double)t->estimate_ms / 1000);
		else
			table_cell(&table, "-");
		if (t->duration_ms)
			table_cell(&table, "%.1f", (double)t->duration_ms / 1000);
		else
			table_cell(&table, "-");
		/* bytes a millisecond are kB a second */
		if (t->transfer_ms)
			table_cell(&table, "%.1f", (double)t->payload_bytes / (double)t->transfer_ms);
		else
			table_cell(&table, "-");
		table_cell(&table, "%s", text_beyond(text_beyond(t->text, t->name), t->state));
	}
	table_print(&table, out);
}

/* what concerns the driver; of a campaign that asks and costs nothing, nothing */
static void driver(const struct model_campaign *c, FILE *out)
{
	char time[TEXT_TIME_BYTES];

	if (c->title[0])
		line(out, "title", c->title);
	if (c->body[0])
		line(out, "about", c->body);
	for (size_t i = 0; i < c->n_functions_lost; i++)
		line(out, i ? "" : "not working", c->functions_lost[i]);
	if (c->consent_required)
		line(out, "consent", c->consent_given ? "given" : "asked for");
	if (c->postponed_until_unix_s)
		line(out, "postponed until", text_time(c->postponed_until_unix_s, time));
}

void text_campaign(const struct model_campaign *c, FILE *out)
{
	char text[2 * MODEL_TEXT_BYTES], from[TEXT_TIME_BYTES], to[TEXT_TIME_BYTES];
	bool trouble = c->code[0] && strcmp(c->code, "OK") != 0;

	line(out, "campaign", c->id);
	line(out, "state", c->state);
	snprintf(text, sizeof(text), "%s%s%s%s", text_beyond(c->text, c->state), trouble ? " (" : "",
		 trouble ? c->code : "", trouble ? ")" : "");
	line(out, "why", text);
	if (c->urgency[0])
		line(out, "urgency", c->urgency);
	if (c->mode[0])
		line(out, "mode", c->mode);
	line(out, "answer", c->answer);
	line(out, "start", text_time(c->start_unix_s, from));
	snprintf(text, sizeof(text), "%s to %s", text_time(c->window_start_unix_s, from),
		 text_time(c->window_end_unix_s, to));
	line(out, "window", text);
	snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " bytes", c->bytes_held, c->bytes_total);
	line(out, "held", text);
	driver(c, out);
	fputc('\n', out);
	targets(c, out);
}
