#include "proto/validate.h"

#include <string.h>

#define MAX_PUSH_CREDIT (64u * 1024u * 1024u)
#define MAX_POLL_S      604800u
#define MAX_POSTPONE_S  31536000u

static bool invalid(struct check *check, const char *name, const char *text)
{
	return check_fail(check, ENVELOPE_INVALID, name, text);
}

static bool id_or_empty(struct check *check, const char *name, const char *text)
{
	return text[0] == '\0' || validate_id(check, name, text);
}

static bool check_envelope(struct check *check, const Gu__Envelope *envelope)
{
	/* what is signed is judged by envelope_open_*(), with the keys */
	return envelope->signed_part.len > 0 || invalid(check, "signed_part", "empty");
}

static bool check_hello(struct check *check, const Gu__Hello *hello)
{
	if (hello->protocol_version == 0)
		return invalid(check, "protocol_version", "missing");
	return validate_id(check, "vehicle_id", hello->vehicle_id) &&
	       validate_text(check, "software", hello->software, 128);
}

static bool check_ecu(struct check *check, const Gu__EcuInfo *ecu)
{
	return validate_id(check, "name", ecu->name) && validate_text(check, "bus", ecu->bus, 128) &&
	       validate_text(check, "hardware_id", ecu->hardware_id, 64) &&
	       validate_text(check, "serial_number", ecu->serial_number, 64) &&
	       validate_text(check, "boot_version", ecu->boot_version, 64) &&
	       validate_text(check, "application_version", ecu->application_version, 64) &&
	       validate_text(check, "data_version", ecu->data_version, 64);
}

static bool check_features(struct check *check, char *const *features, size_t n)
{
	if (!validate_count(check, "features", n, 0, 32))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t mark = check_enter_at(check, "features", i);

		if (!validate_id(check, NULL, features[i]))
			return false;
		check_leave(check, mark);
	}
	return true;
}

static bool check_postpone_max(struct check *check, const uint32_t *seconds, size_t n)
{
	if (n != 0 && n != 4)
		return invalid(check, "postpone_max_s", "must have 0 or 4 entries");
	for (size_t i = 0; i < n; i++) {
		if (seconds[i] > MAX_POSTPONE_S)
			return invalid(check, "postpone_max_s", "must be 0..31536000");
	}
	return true;
}

static bool check_register(struct check *check, const Gu__Register *r)
{
	if (!validate_id(check, "vehicle_id", r->vehicle_id) || !validate_count(check, "ecus", r->n_ecus, 0, 32))
		return false;
	for (size_t i = 0; i < r->n_ecus; i++) {
		size_t mark = check_enter_at(check, "ecus", i);

		if (!check_ecu(check, r->ecus[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(r->ecus[j]->name, r->ecus[i]->name) == 0)
				return invalid(check, "name", "listed twice");
		}
		check_leave(check, mark);
	}
	return check_features(check, r->features, r->n_features) &&
	       (r->push_credit <= MAX_PUSH_CREDIT || invalid(check, "push_credit", "must be 0..67108864")) &&
	       validate_rxswin(check, "rxswin", r->rxswin, r->n_rxswin) &&
	       check_postpone_max(check, r->postpone_max_s, r->n_postpone_max_s);
}

static bool check_poll(struct check *check, uint32_t poll_s)
{
	return poll_s <= MAX_POLL_S || invalid(check, "poll_s", "must be 0..604800");
}

static bool check_register_result(struct check *check, const Gu__RegisterResult *r)
{
	if (!validate_text(check, "reason", r->reason, 256) || !validate_count(check, "modes", r->n_modes, 0, 256))
		return false;
	for (size_t i = 0; i < r->n_modes; i++) {
		size_t mark = check_enter_at(check, "modes", i);

		if (!id_or_empty(check, "ecu", r->modes[i]->ecu))
			return false;
		if (r->modes[i]->mode == GU__UPDATE_MODE__UPDATE_MODE_UNSPECIFIED)
			return invalid(check, "mode", "missing");
		check_leave(check, mark);
	}
	if (r->accepted && (r->heartbeat_s < 1 || r->heartbeat_s > 3600))
		return invalid(check, "heartbeat_s", "must be 1..3600");
	return check_poll(check, r->poll_s) && check_features(check, r->features, r->n_features);
}

static bool check_notice(struct check *check, const Gu__Notice *notice)
{
	if (!validate_id(check, "campaign_id", notice->campaign_id))
		return false;
	if (notice->urgency == GU__URGENCY__URGENCY_UNSPECIFIED)
		return invalid(check, "urgency", "missing");
	return notice->director_version > 0 || invalid(check, "director_version", "must be at least 1");
}

static bool check_trigger(struct check *check, const Gu__CampaignTrigger *trigger)
{
	return validate_id(check, "campaign_id", trigger->campaign_id) &&
	       (trigger->director_version > 0 || invalid(check, "director_version", "must be at least 1"));
}

static bool check_answer(struct check *check, const Gu__CampaignAnswer *answer)
{
	if (!validate_id(check, "campaign_id", answer->campaign_id) || !validate_text(check, "text", answer->text, 256))
		return false;
	if (answer->kind == GU__ANSWER_KIND__ANSWER_KIND_UNSPECIFIED)
		return invalid(check, "kind", "missing");
	if ((answer->kind == GU__ANSWER_KIND__ANSWER_KIND_POSTPONE) != (answer->proposed_start_unix_s != 0))
		return invalid(check, "proposed_start_unix_s", "goes with POSTPONE, and only with it");
	return true;
}

static bool check_blob_request(struct check *check, const Gu__BlobRequest *request)
{
	if (!validate_digest(check, "sha256", request->sha256))
		return false;
	if (request->offset > VALIDATE_MAX_FILE_BYTES)
		return invalid(check, "offset", "too large");
	return (request->max_bytes >= 1 && request->max_bytes <= 16u * 1024u * 1024u) ||
	       invalid(check, "max_bytes", "must be 1..16777216");
}

static bool check_blob_chunk(struct check *check, const Gu__BlobChunk *chunk)
{
	if (!validate_digest(check, "sha256", chunk->sha256))
		return false;
	if (chunk->data.len < 1 || chunk->data.len > VALIDATE_MAX_CHUNK_BYTES)
		return invalid(check, "data", "must be 1..262144 bytes");
	if (chunk->length > VALIDATE_MAX_FILE_BYTES)
		return invalid(check, "length", "too large");
	if (chunk->data.len > chunk->length || chunk->offset > chunk->length - chunk->data.len)
		return invalid(check, "offset", "beyond the end of the file");
	return true;
}

static bool check_result(struct check *check, const Gu__FlashResult *result)
{
	if (!validate_text(check, "old_version", result->old_version, 64) ||
	    !validate_text(check, "new_version", result->new_version, 64) ||
	    !validate_text(check, "step", result->step, 64))
		return false;
	return result->nrc <= 0xff || invalid(check, "nrc", "must be 0..255");
}

static bool check_queue_id(struct check *check, ProtobufCBinaryData id)
{
	return id.len <= 32 || invalid(check, "queue_id", "longer than 32 bytes");
}

static bool check_report(struct check *check, const Gu__Report *report)
{
	if (report->sequence == 0)
		return invalid(check, "sequence", "must be at least 1");
	if (!id_or_empty(check, "campaign_id", report->campaign_id) || !id_or_empty(check, "ecu", report->ecu) ||
	    !validate_text(check, "text", report->text, 256) || !check_queue_id(check, report->queue_id))
		return false;
	if (report->service_loss && report->service_loss->state == GU__SERVICE_STATE__SERVICE_STATE_UNSPECIFIED)
		return invalid(check, "service_loss.state", "missing");
	size_t mark = check_enter(check, "result");

	if (report->result && !check_result(check, report->result))
		return false;
	check_leave(check, mark);
	return validate_rxswin(check, "rxswin_before", report->rxswin_before, report->n_rxswin_before) &&
	       validate_rxswin(check, "rxswin_after", report->rxswin_after, report->n_rxswin_after);
}

static bool check_heartbeat(struct check *check, const Gu__Heartbeat *heartbeat)
{
	if (heartbeat->battery_mv > 100000)
		return invalid(check, "battery_mv", "must be 0..100000 millivolts");
	return heartbeat->charge_percent_plus_1 <= 101 ||
	       invalid(check, "charge_percent_plus_1", "must be 0..101: percent and one, 0 unknown");
}

static bool check_body(struct check *check, const Gu__Frame *frame)
{
	switch (frame->body_case) {
	case GU__FRAME__BODY_HELLO:
		return check_hello(check, frame->hello);
	case GU__FRAME__BODY_TIME_REQUEST:
		return validate_digest(check, "nonce", frame->time_request->nonce);
	case GU__FRAME__BODY_TIME_RESPONSE:
		return check_envelope(check, frame->time_response);
	case GU__FRAME__BODY_REGISTER_:
		return check_register(check, frame->register_);
	case GU__FRAME__BODY_REGISTER_RESULT:
		return check_register_result(check, frame->register_result);
	case GU__FRAME__BODY_HEARTBEAT:
		return check_heartbeat(check, frame->heartbeat);
	case GU__FRAME__BODY_DIRECTOR:
		return check_envelope(check, frame->director);
	case GU__FRAME__BODY_ANSWER:
		return check_answer(check, frame->answer);
	case GU__FRAME__BODY_CONFIRM:
		return validate_id(check, "campaign_id", frame->confirm->campaign_id);
	case GU__FRAME__BODY_BLOB_REQUEST:
		return check_blob_request(check, frame->blob_request);
	case GU__FRAME__BODY_BLOB_CHUNK:
		return check_blob_chunk(check, frame->blob_chunk);
	case GU__FRAME__BODY_REPORT:
		return check_report(check, frame->report);
	case GU__FRAME__BODY_REPORT_ACK:
		return check_queue_id(check, frame->report_ack->queue_id);
	case GU__FRAME__BODY_ERROR:
		return validate_text(check, "text", frame->error->text, 256);
	case GU__FRAME__BODY_CHECK_REQUEST:
		return true;
	case GU__FRAME__BODY_CHECK_RESULT:
		return check_poll(check, frame->check_result->poll_s);
	case GU__FRAME__BODY_NOTICE:
		return check_notice(check, frame->notice);
	case GU__FRAME__BODY_TRIGGER:
		return check_trigger(check, frame->trigger);
	case GU__FRAME__BODY_BLOB_REFUSED:
		return validate_digest(check, "sha256", frame->blob_refused->sha256);
	case GU__FRAME__BODY__NOT_SET:
	case _GU__FRAME__BODY__CASE_IS_INT_SIZE:
		break;
	}
	return check_fail(check, ENVELOPE_UNKNOWN_VALUE, NULL, "no message that is known");
}

bool validate_frame(struct check *check, const Gu__Frame *frame)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(&gu__frame__descriptor, (unsigned)frame->body_case);
	size_t mark = check_enter(check, f ? f->name : NULL);

	if (!check_body(check, frame))
		return false;
	check_leave(check, mark);
	return true;
}
