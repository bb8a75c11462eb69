/* history - the campaigns that came to an end, with what result, as the daemon keeps them. */
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

#define MAX_ENTRIES  64u
#define RXSWIN_BYTES 1400u

struct part {
	char name[MODEL_NAME_BYTES];
	char state[MODEL_NAME_BYTES];
	char code[MODEL_NAME_BYTES];
	char text[MODEL_TEXT_BYTES];
	char old_version[MODEL_NAME_BYTES];
	char new_version[MODEL_NAME_BYTES];
	uint64_t code_number, duration_ms, estimate_ms;
};

struct entry {
	char campaign[MODEL_NAME_BYTES];
	char manifest[MODEL_NAME_BYTES];
	char title[MODEL_TEXT_BYTES];
	char state[MODEL_NAME_BYTES];
	char code[MODEL_NAME_BYTES];
	char text[MODEL_TEXT_BYTES];
	char rxswin_before[RXSWIN_BYTES];
	char rxswin_after[RXSWIN_BYTES];
	uint64_t code_number, started, ended;
	struct part parts[MODEL_MAX_TARGETS];
	size_t n_parts;
};

struct field {
	const char *key; /* on D-Bus */
	const char *member;
	size_t offset;
	size_t size; /* of a text; 0: a number */
};

#define TEXT(s, key, member)                                                              \
	{                                                                                 \
		key, #member, offsetof(struct s, member), sizeof(((struct s *)0)->member) \
	}
#define NUMBER(s, key, member)                              \
	{                                                   \
		key, #member, offsetof(struct s, member), 0 \
	}

static const struct field entry_fields[] = {
    TEXT(entry, "Campaign", campaign),
    TEXT(entry, "Manifest", manifest),
    TEXT(entry, "Title", title),
    TEXT(entry, "State", state),
    TEXT(entry, "Code", code),
    NUMBER(entry, "CodeNumber", code_number),
    TEXT(entry, "Text", text),
    NUMBER(entry, "Started", started),
    NUMBER(entry, "Ended", ended),
    TEXT(entry, "RxswinBefore", rxswin_before),
    TEXT(entry, "RxswinAfter", rxswin_after),
    {NULL, NULL, 0, 0},
};

static const struct field part_fields[] = {
    TEXT(part, "Ecu", name),
    TEXT(part, "State", state),
    TEXT(part, "Code", code),
    NUMBER(part, "CodeNumber", code_number),
    TEXT(part, "Text", text),
    TEXT(part, "OldVersion", old_version),
    TEXT(part, "NewVersion", new_version),
    NUMBER(part, "DurationMs", duration_ms),
    NUMBER(part, "EstimateMs", estimate_ms),
    {NULL, NULL, 0, 0},
};

/* --- reading; what is not of the documented type is skipped */

static int read_value(sd_bus_message *m, const struct field *fields, void *to)
{
	const char *key, *type, *text;
	int r = sd_bus_message_read(m, "s", &key);

	if (r < 0 || (r = sd_bus_message_peek_type(m, NULL, &type)) < 0)
		return r;
	for (; fields->key; fields++) {
		char *at = (char *)to + fields->offset;

		if (strcmp(fields->key, key) != 0 || strcmp(type, fields->size ? "s" : "t") != 0)
			continue;
		if (!fields->size)
			return sd_bus_message_read(m, "v", "t", at);
		r = sd_bus_message_read(m, "v", "s", &text);
		if (r >= 0)
			model_text(at, fields->size, text);
		return r;
	}
	return sd_bus_message_skip(m, "v");
}

static int read_dictionary(sd_bus_message *m, const struct field *fields, void *to)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0)
		if ((r = read_value(m, fields, to)) >= 0)
			r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_entry(sd_bus_message *m, struct entry *entry)
{
	int r = sd_bus_message_enter_container(m, 'r', "a{sv}aa{sv}");

	if (r < 0 || (r = read_dictionary(m, entry_fields, entry)) < 0 ||
	    (r = sd_bus_message_enter_container(m, 'a', "a{sv}")) < 0)
		return r;
	while ((r = sd_bus_message_at_end(m, false)) == 0) {
		struct part beyond;
		bool fits = entry->n_parts < MODEL_MAX_TARGETS;

		if ((r = read_dictionary(m, part_fields, fits ? &entry->parts[entry->n_parts] : &beyond)) < 0)
			return r;
		entry->n_parts += fits;
	}
	if (r < 0 || (r = sd_bus_message_exit_container(m)) < 0)
		return r;
	return sd_bus_message_exit_container(m);
}

static int read_all(sd_bus_message *m, struct entry *entries, size_t *n)
{
	int r = sd_bus_message_enter_container(m, 'a', "(a{sv}aa{sv})");

	*n = 0;
	while (r >= 0 && (r = sd_bus_message_at_end(m, false)) == 0 && *n < MAX_ENTRIES)
		if ((r = read_entry(m, &entries[*n])) >= 0)
			++*n;
	return r < 0 ? r : 0;
}

/* --- printing */

static void put_fields(struct json *json, const struct field *fields, const void *from)
{
	for (; fields->key; fields++) {
		const char *at = (const char *)from + fields->offset;

		json_key(json, fields->member);
		if (fields->size)
			json_string(json, at);
		else
			json_uint(json, *(const uint64_t *)(const void *)at);
	}
}

static int print_json(const struct entry *entries, size_t n, const char *id)
{
	struct json json;
	const char *text;

	json_init(&json);
	json_array(&json);
	for (size_t i = 0; i < n; i++) {
		if (id && strcmp(id, entries[i].campaign) != 0)
			continue;
		json_object(&json);
		put_fields(&json, entry_fields, &entries[i]);
		json_key(&json, "ecus");
		json_array(&json);
		for (size_t k = 0; k < entries[i].n_parts; k++) {
			json_object(&json);
			put_fields(&json, part_fields, &entries[i].parts[k]);
			json_object_end(&json);
		}
		json_array_end(&json);
		json_object_end(&json);
	}
	json_array_end(&json);
	text = json_text(&json);
	if (text)
		puts(text);
	else
		fprintf(stderr, "gatewayctl: out of memory\n");
	json_deinit(&json);
	return text ? CTL_OK : CTL_FAILED;
}

static void seconds(struct table *table, uint64_t ms)
{
	if (ms)
		table_cell(table, "%.1f", (double)ms / 1000);
	else
		table_cell(table, "-");
}

static void print_list(struct table *table, const struct entry *entries, size_t n)
{
	static const char *const head[] = {"CAMPAIGN", "ENDED", "STATE", "TITLE", "WHY"};
	char time[TEXT_TIME_BYTES];

	table_init(table, 5);
	for (size_t i = 0; i < 5; i++)
		table_cell(table, "%s", head[i]);
	for (size_t i = 0; i < n; i++) {
		table_cell(table, "%s", entries[i].campaign);
		table_cell(table, "%s", text_time(entries[i].ended, time));
		table_cell(table, "%s", entries[i].state);
		table_cell(table, "%s", entries[i].title);
		table_cell(table, "%s", text_beyond(entries[i].text, entries[i].state));
	}
	table_print(table, stdout);
}

static void print_one(struct table *table, const struct entry *entry)
{
	static const char *const head[] = {"ECU", "STATE", "OLD VERSION", "NEW VERSION", "ESTIMATED", "SECONDS", "WHY"};
	char from[TEXT_TIME_BYTES], to[TEXT_TIME_BYTES];

	printf("campaign       %s\nrelease        %s\ntitle          %s\nstate          %s\n", entry->campaign,
	       entry->manifest[0] ? entry->manifest : "-", entry->title[0] ? entry->title : "-", entry->state);
	printf("why            %s (%s)\nfrom           %s\nto             %s\n", entry->text, entry->code,
	       text_time(entry->started, from), text_time(entry->ended, to));
	printf("RXSWIN before  %s\nRXSWIN after   %s\n\n", entry->rxswin_before[0] ? entry->rxswin_before : "-",
	       entry->rxswin_after[0] ? entry->rxswin_after : "-");
	table_init(table, 7);
	for (size_t i = 0; i < 7; i++)
		table_cell(table, "%s", head[i]);
	for (size_t i = 0; i < entry->n_parts; i++) {
		const struct part *part = &entry->parts[i];

		table_cell(table, "%s", part->name);
		table_cell(table, "%s", part->state);
		table_cell(table, "%s", part->old_version);
		table_cell(table, "%s", part->new_version);
		seconds(table, part->estimate_ms);
		seconds(table, part->duration_ms);
		table_cell(table, "%s", text_beyond(text_beyond(part->text, part->name), part->state));
	}
	table_print(table, stdout);
}

static int print_text(const struct entry *entries, size_t n, const char *id)
{
	struct table *table = malloc(sizeof(*table));
	bool first = true;

	if (!table) {
		fprintf(stderr, "gatewayctl: out of memory\n");
		return CTL_FAILED;
	}
	if (n == 0)
		puts("no campaign has come to an end");
	else if (!id)
		print_list(table, entries, n);
	for (size_t i = 0; id && i < n; i++) {
		if (strcmp(id, entries[i].campaign) != 0)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		print_one(table, &entries[i]);
	}
	free(table);
	return CTL_OK;
}

static bool holds(const struct entry *entries, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(entries[i].campaign, id) == 0)
			return true;
	return false;
}

int verb_history(sd_bus *bus, bool json, const char *id)
{
	struct entry *entries = calloc(MAX_ENTRIES, sizeof(*entries));
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL, *reply = NULL;
	size_t n = 0;
	int r = entries ? bus_new_call(bus, BUS_ROOT, BUS_MANAGER, "History", &message) : -ENOMEM, status;

	if (r >= 0)
		r = sd_bus_call(bus, message, 0, &error, &reply);
	if (r >= 0)
		r = read_all(reply, entries, &n);
	if (r < 0) {
		status = bus_explain(&error, r, NULL);
	} else if (id && !holds(entries, n, id)) {
		fprintf(stderr, "gatewayctl: no campaign '%s' has come to an end here\n", id);
		status = CTL_FAILED;
	} else {
		status = json ? print_json(entries, n, id) : print_text(entries, n, id);
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	free(entries);
	return status;
}
