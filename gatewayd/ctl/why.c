/* why - the decision on a campaign, condition by condition, as the daemon evaluates it now. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "gatewayd/ctl/bus.h"
#include "gatewayd/ctl/table.h"
#include "gatewayd/ctl/text.h"
#include "gatewayd/ctl/verbs.h"

enum field { FIELD_NAME, FIELD_ECU, FIELD_WANTED, FIELD_VALUE, FIELD_HOLDS, FIELD_CODE, FIELD_WAITS_FOR, N_FIELDS };

static const struct {
	const char *key; /* on D-Bus */
	const char *member;
} fields[N_FIELDS] = {{"Name", "name"},   {"Ecu", "ecu"},   {"Wanted", "wanted"},     {"Value", "value"},
		      {"Holds", "holds"}, {"Code", "code"}, {"WaitsFor", "waits_for"}};

struct condition {
	char texts[N_FIELDS][MODEL_TEXT_BYTES];
};

struct reasons {
	char summary[MODEL_TEXT_BYTES];
	struct condition conditions[TABLE_MAX_ROWS - 1];
	size_t n;
};

/* a{sv} of texts; others are skipped */
static int read_condition(sd_bus_message *m, struct condition *condition)
{
	const char *key, *type, *text;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if ((r = sd_bus_message_read(m, "s", &key)) < 0 || (r = sd_bus_message_peek_type(m, NULL, &type)) < 0)
			return r;
		if (strcmp(type, "s") != 0) {
			r = sd_bus_message_skip(m, "v");
		} else if ((r = sd_bus_message_read(m, "v", "s", &text)) >= 0) {
			for (size_t i = 0; i < N_FIELDS; i++)
				if (strcmp(fields[i].key, key) == 0)
					model_text(condition->texts[i], MODEL_TEXT_BYTES, text);
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_reasons(sd_bus_message *m, struct reasons *reasons)
{
	struct condition beyond;
	const char *summary;
	int r = sd_bus_message_read(m, "s", &summary);

	if (r < 0 || (r = sd_bus_message_enter_container(m, 'a', "a{sv}")) < 0)
		return r;
	model_text(reasons->summary, sizeof(reasons->summary), summary);
	while ((r = sd_bus_message_at_end(m, false)) == 0) {
		bool fits = reasons->n < sizeof(reasons->conditions) / sizeof(reasons->conditions[0]);

		r = read_condition(m, fits ? &reasons->conditions[reasons->n] : &beyond);
		if (r < 0)
			return r;
		reasons->n += fits;
	}
	return r < 0 ? r : 0;
}

/* "from unix 1700000000" with the time as people read it */
static const char *readable(const char *text, char out[MODEL_TEXT_BYTES])
{
	const char *at = strstr(text, "unix ");
	char time[TEXT_TIME_BYTES];

	if (!at || !isdigit((unsigned char)at[5]))
		return text;
	snprintf(out, MODEL_TEXT_BYTES, "%.*s%s", (int)(at - text), text, text_time(strtoull(at + 5, NULL, 10), time));
	return out;
}

static void print_text(const char *id, const struct reasons *reasons)
{
	static const char *const head[] = {"CONDITION", "ECU", "HOLDS", "WANTED", "IS", "WAITS FOR"};
	static const enum field columns[] = {FIELD_NAME,   FIELD_ECU,   FIELD_HOLDS,
					     FIELD_WANTED, FIELD_VALUE, FIELD_WAITS_FOR};
	char text[MODEL_TEXT_BYTES];
	struct table *table;

	printf("%s: %s\n", id, reasons->summary);
	if (reasons->n == 0)
		return;
	table = malloc(sizeof(*table));
	if (!table)
		return;
	table_init(table, 6);
	for (size_t i = 0; i < 6; i++)
		table_cell(table, "%s", head[i]);
	for (size_t k = 0; k < reasons->n; k++)
		for (size_t i = 0; i < 6; i++)
			table_cell(table, "%s", readable(reasons->conditions[k].texts[columns[i]], text));
	putchar('\n');
	table_print(table, stdout);
	free(table);
}

static int print_json(const char *id, const struct reasons *reasons)
{
	struct json json;
	const char *text;

	json_init(&json);
	json_object(&json);
	json_key(&json, "campaign");
	json_string(&json, id);
	json_key(&json, "summary");
	json_string(&json, reasons->summary);
	json_key(&json, "conditions");
	json_array(&json);
	for (size_t k = 0; k < reasons->n; k++) {
		json_object(&json);
		for (size_t i = 0; i < N_FIELDS; i++) {
			json_key(&json, fields[i].member);
			json_string(&json, reasons->conditions[k].texts[i]);
		}
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	text = json_text(&json);
	if (text)
		puts(text);
	else
		fprintf(stderr, "gatewayctl: out of memory\n");
	json_deinit(&json);
	return text ? CTL_OK : CTL_FAILED;
}

int verb_why(sd_bus *bus, bool json, const char *id)
{
	struct reasons *reasons = calloc(1, sizeof(*reasons));
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL, *reply = NULL;
	char *path = NULL;
	int r = reasons ? sd_bus_path_encode(BUS_CAMPAIGNS, id, &path) : -ENOMEM, status = CTL_OK;

	if (r >= 0)
		r = bus_new_call(bus, path, BUS_CAMPAIGN, "Why", &message);
	if (r >= 0)
		r = sd_bus_call(bus, message, 0, &error, &reply);
	if (r >= 0)
		r = read_reasons(reply, reasons);
	if (r < 0)
		status = bus_explain(&error, r, id);
	else if (json)
		status = print_json(id, reasons);
	else
		print_text(id, reasons);
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	free(path);
	free(reasons);
	return status;
}
