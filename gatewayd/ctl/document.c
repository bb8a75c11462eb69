#include "gatewayd/ctl/document.h"

static void text(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json, value);
}

/* 0 stands for what is not known */
static void number_or_null(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	if (value)
		json_uint(json, value);
	else
		json_string(json, NULL);
}

static void number(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_uint(json, value);
}

/* the number beside the word, and what it is in other worlds */
static void mapping(struct json *json, const struct model_mapping *m, bool whole_campaign)
{
	number(json, "code_number", m->code);
	json_key(json, "fumo");
	json_object(json);
	number(json, "state", m->fumo_state);
	number_or_null(json, "result", m->fumo_result);
	json_object_end(json);
	json_key(json, "lwm2m");
	json_object(json);
	number(json, "state", m->lwm2m_state);
	number(json, "result", m->lwm2m_result);
	if (whole_campaign) {
		number(json, "severity", m->lwm2m_severity);
		number(json, "max_defer_s", m->lwm2m_max_defer_s);
	}
	json_object_end(json);
	json_key(json, "suit");
	json_object(json);
	number(json, "reason", m->suit_reason);
	text(json, "name", m->suit_reason_name);
	json_object_end(json);
	json_key(json, "ucm");
	json_object(json);
	text(json, "state", m->ucm_state);
	number(json, "error", m->ucm_error);
	json_object_end(json);
}

static void target(struct json *json, const struct model_target *t)
{
	json_object(json);
	text(json, "ecu", t->name);
	text(json, "state", t->state);
	text(json, "step", t->step);
	number(json, "bytes_done", t->bytes_done);
	number(json, "bytes_total", t->bytes_total);
	text(json, "code", t->code);
	text(json, "text", t->text);
	text(json, "old_version", t->old_version);
	text(json, "new_version", t->new_version);
	number(json, "payload_bytes", t->payload_bytes);
	number(json, "duration_ms", t->duration_ms);
	number(json, "transfer_ms", t->transfer_ms);
	number(json, "estimate_ms", t->estimate_ms);
	text(json, "evidence", t->evidence);
	if (t->mapping.ucm_state[0])
		mapping(json, &t->mapping, false);
	json_object_end(json);
}

void document_campaign(struct json *json, const struct model_campaign *c)
{
	json_object(json);
	text(json, "id", c->id);
	text(json, "state", c->state);
	text(json, "code", c->code);
	text(json, "text", c->text);
	text(json, "answer", c->answer);
	number_or_null(json, "window_start_unix_s", c->window_start_unix_s);
	number_or_null(json, "window_end_unix_s", c->window_end_unix_s);
	number_or_null(json, "start_unix_s", c->start_unix_s);
	number(json, "bytes_held", c->bytes_held);
	number(json, "bytes_total", c->bytes_total);
	if (c->mapping.ucm_state[0])
		mapping(json, &c->mapping, true);
	text(json, "urgency", c->urgency);
	text(json, "mode", c->mode[0] ? c->mode : NULL);
	json_key(json, "consent_required");
	json_bool(json, c->consent_required);
	json_key(json, "consent_given");
	json_bool(json, c->consent_given);
	number_or_null(json, "postponed_until_unix_s", c->postponed_until_unix_s);
	number_or_null(json, "postpone_latest_unix_s", c->postpone_latest_unix_s);
	text(json, "language", c->language[0] ? c->language : NULL);
	text(json, "title", c->title[0] ? c->title : NULL);
	text(json, "body", c->body[0] ? c->body : NULL);
	json_key(json, "functions_lost");
	json_array(json);
	for (size_t i = 0; i < c->n_functions_lost; i++)
		json_string(json, c->functions_lost[i]);
	json_array_end(json);
	json_key(json, "targets");
	json_array(json);
	for (size_t i = 0; i < c->n_targets; i++)
		target(json, &c->targets[i]);
	json_array_end(json);
	json_object_end(json);
}

void document_campaigns(struct json *json, const struct model *model)
{
	json_array(json);
	for (size_t i = 0; i < model->n_campaigns; i++)
		document_campaign(json, &model->campaigns[i]);
	json_array_end(json);
}

static void ecu(struct json *json, const struct model_ecu *e)
{
	json_object(json);
	text(json, "name", e->name);
	text(json, "bus", e->bus);
	json_key(json, "present");
	json_bool(json, e->present);
	text(json, "hardware_id", e->hardware_id);
	text(json, "serial_number", e->serial_number);
	text(json, "boot_version", e->boot_version);
	text(json, "application_version", e->application_version);
	text(json, "data_version", e->data_version);
	json_object_end(json);
}

void document_ecus(struct json *json, const struct model *model)
{
	json_array(json);
	for (size_t i = 0; i < model->n_ecus; i++)
		ecu(json, &model->ecus[i]);
	json_array_end(json);
}

void document_status(struct json *json, const struct model *model)
{
	const struct model_manager *m = &model->manager;

	json_object(json);
	text(json, "vehicle_id", m->vehicle_id);
	text(json, "version", m->version);
	text(json, "session", m->session);
	text(json, "ignition", m->ignition);
	json_key(json, "speed_kmh");
	if (m->speed_kmh >= 0)
		json_real(json, m->speed_kmh, 2);
	else
		json_string(json, NULL);
	number_or_null(json, "battery_mv", m->battery_mv);
	number_or_null(json, "trusted_unix_s", m->trusted_unix_s);
	number(json, "director_version", m->director_version);
	number(json, "pending_reports", m->pending_reports);
	json_key(json, "diagnostics_locked");
	json_bool(json, m->diagnostics_locked);
	json_key(json, "ecus");
	document_ecus(json, model);
	json_key(json, "campaigns");
	document_campaigns(json, model);
	json_object_end(json);
}
