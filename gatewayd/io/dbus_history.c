/* dbus_history - what was installed, and with what result, for whoever wants to know: the driver, the workshop, UN
 * R156. */
#include <stdlib.h>

#include "gatewayd/io/dbus_priv.h"
#include "gatewayd/io/history.h"

static int put_text(sd_bus_message *m, const char *key, const char *text)
{
	char clean[GATEWAY_TEXT_BYTES];

	return sd_bus_message_append(m, "{sv}", key, "s", dbus_clean(text, clean));
}

static int put_number(sd_bus_message *m, const char *key, uint64_t number)
{
	return sd_bus_message_append(m, "{sv}", key, "t", number);
}

static int put_ecu(sd_bus_message *m, const struct history_ecu *ecu)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r < 0 || (r = put_text(m, "Ecu", ecu->ecu)) < 0 ||
	    (r = put_text(m, "State", target_state_name((enum target_state)ecu->state))) < 0 ||
	    (r = put_text(m, "Code", gateway_code_name(ecu->code))) < 0 ||
	    (r = put_number(m, "CodeNumber", ecu->code)) < 0 || (r = put_text(m, "Text", ecu->text)) < 0 ||
	    (r = put_text(m, "OldVersion", ecu->old_version)) < 0 ||
	    (r = put_text(m, "NewVersion", ecu->new_version)) < 0 ||
	    (r = put_number(m, "DurationMs", ecu->duration_ms)) < 0 ||
	    (r = put_number(m, "EstimateMs", ecu->estimate_ms)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

static int put_entry(sd_bus_message *m, const struct history_entry *entry)
{
	int r = sd_bus_message_open_container(m, 'r', "a{sv}aa{sv}");

	if (r < 0 || (r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
	    (r = put_text(m, "Campaign", entry->campaign)) < 0 || (r = put_text(m, "Manifest", entry->manifest)) < 0 ||
	    (r = put_text(m, "Title", entry->title)) < 0 ||
	    (r = put_text(m, "State", campaign_state_info((enum campaign_state)entry->state)->name)) < 0 ||
	    (r = put_text(m, "Code", gateway_code_name(entry->code))) < 0 ||
	    (r = put_number(m, "CodeNumber", entry->code)) < 0 || (r = put_text(m, "Text", entry->text)) < 0 ||
	    (r = put_number(m, "Started", entry->started_unix_s)) < 0 ||
	    (r = put_number(m, "Ended", entry->ended_unix_s)) < 0 ||
	    /* signed, and validated as UTF-8: longer than other texts */
	    (r = sd_bus_message_append(m, "{sv}", "RxswinBefore", "s", entry->rxswin_before)) < 0 ||
	    (r = sd_bus_message_append(m, "{sv}", "RxswinAfter", "s", entry->rxswin_after)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0)
		return r;
	r = sd_bus_message_open_container(m, 'a', "a{sv}");
	for (size_t i = 0; r >= 0 && i < entry->n_ecus; i++)
		r = put_ecu(m, &entry->ecus[i]);
	if (r < 0 || (r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

int dbus_on_history(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct dbus *self = userdata;
	struct history_entry *entries;
	sd_bus_message *reply = NULL;
	size_t n;
	int r = history_read(self->state_dir, &entries, &n);

	if (r < 0)
		return sd_bus_error_set_errnof(error, -r, "the history cannot be read");
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(a{sv}aa{sv})");
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = put_entry(reply, &entries[i]);
	if (r >= 0 && (r = sd_bus_message_close_container(reply)) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	free(entries);
	return r < 0 ? r : 1;
}
