#include "sim/oem_backend/ledger.h"

#include <errno.h>
#include <stdlib.h>

static int apply_to_ecu(struct store *store, const char *vehicle, const Gu__Report *report, uint64_t now_unix_s)
{
	const Gu__FlashResult *result = report->result;
	uint64_t known;
	/* a vehicle speaks of its own campaigns only */
	int found = store_uint(store, &known, "SELECT 1 FROM campaign WHERE id = ?1 AND vehicle = ?2", "tt",
			       report->campaign_id, vehicle);

	if (found <= 0)
		return found;
	int error = store_exec(store,
			       "INSERT INTO target(campaign, ecu, position, state, code, text, updated_unix_s)"
			       " VALUES(?1, ?2, 99, ?3, ?4, ?5, ?6)"
			       " ON CONFLICT(campaign, ecu) DO UPDATE SET state = ?3, code = ?4, text = ?5,"
			       " updated_unix_s = ?6",
			       "ttuutu", report->campaign_id, report->ecu, (uint64_t)report->ecu_state,
			       (uint64_t)report->code, report->text, now_unix_s);
	if (error || !result)
		return error;
	error = store_exec(store,
			   "INSERT INTO target_estimate(campaign, ecu, estimate_ms) VALUES(?1, ?2, ?3)"
			   " ON CONFLICT(campaign, ecu) DO UPDATE SET estimate_ms = ?3",
			   "ttu", report->campaign_id, report->ecu, result->estimate_ms);
	if (error)
		return error;
	return store_exec(store,
			  "UPDATE target SET old_version = ?3, new_version = ?4, step = ?5, nrc = ?6,"
			  " payload_bytes = ?7, duration_ms = ?8, transfer_ms = ?9, evidence = ?10"
			  " WHERE campaign = ?1 AND ecu = ?2",
			  "tttttuuuuu", report->campaign_id, report->ecu, result->old_version, result->new_version,
			  result->step, (uint64_t)result->nrc, result->payload_bytes, result->duration_ms,
			  result->transfer_ms, (uint64_t)result->evidence);
}

static int apply(struct store *store, const char *vehicle, const Gu__Report *report, uint64_t now_unix_s)
{
	int error = 0;

	if (report->campaign_id[0] == '\0')
		return 0; /* of the vehicle itself: the list of reports holds it */
	if (report->service_loss)
		return 0; /* what it tells is in that list too, and is no result of the campaign */
	if (report->campaign_state != GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED)
		error = store_exec(store,
				   "UPDATE campaign SET state = ?3, code = ?4, text = ?5, updated_unix_s = ?6"
				   " WHERE id = ?1 AND vehicle = ?2",
				   "ttuutu", report->campaign_id, vehicle, (uint64_t)report->campaign_state,
				   (uint64_t)report->code, report->text, now_unix_s);
	if (!error && report->ecu[0] && report->ecu_state != GU__ECU_STATE__ECU_STATE_UNSPECIFIED)
		error = apply_to_ecu(store, vehicle, report, now_unix_s);
	return error;
}

static int keep(struct store *store, const char *vehicle, const Gu__Report *report, uint64_t now_unix_s)
{
	size_t n = gu__report__get_packed_size(report);
	uint8_t *body = malloc(n ? n : 1);

	if (!body)
		return -ENOMEM;
	gu__report__pack(report, body);
	int error =
	    store_exec(store,
		       "INSERT OR IGNORE INTO report(vehicle, queue_id, sequence, campaign, received_unix_s, body)"
		       " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
		       "tbutub", vehicle, report->queue_id.data, report->queue_id.len, report->sequence,
		       report->campaign_id, now_unix_s, body, n);
	free(body);
	return error;
}

int ledger_report(struct store *store, const char *vehicle, const Gu__Report *report, uint64_t now_unix_s,
		  uint64_t *applied)
{
	const ProtobufCBinaryData *queue = &report->queue_id;
	uint64_t last;
	int status;

	if (report->sequence == 0 || report->sequence > INT64_MAX)
		return 1;
	status = store_uint(store, &last, "SELECT applied FROM queue WHERE vehicle = ?1 AND queue_id = ?2", "tb",
			    vehicle, queue->data, queue->len);
	if (status < 0)
		return status;
	status = keep(store, vehicle, report, now_unix_s);
	if (!status && report->sequence > last) {
		last = report->sequence;
		status = apply(store, vehicle, report, now_unix_s);
		if (!status)
			status = store_exec(store,
					    "INSERT INTO queue(vehicle, queue_id, applied) VALUES(?1, ?2, ?3)"
					    " ON CONFLICT(vehicle, queue_id) DO UPDATE SET applied = ?3",
					    "tbu", vehicle, queue->data, queue->len, last);
	}
	if (status)
		return status;
	*applied = last;
	return 0;
}

bool ledger_terminal(int campaign_state)
{
	switch ((Gu__CampaignState)campaign_state) {
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ROLLED_BACK:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INCONSISTENT:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DECLINED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_EXPIRED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_SUPERSEDED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED:
		return true;
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_OFFERED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_SUSPENDED:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ACTIVATING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_VERIFYING:
	case GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ROLLING_BACK:
	case _GU__CAMPAIGN_STATE_IS_INT_SIZE:
		break;
	}
	return false;
}

int ledger_verified(struct store *store, const char *campaign)
{
	uint64_t verified;
	int found = store_uint(store, &verified,
			       "SELECT c.state = ?2 AND count(t.ecu) > 0 AND min(t.state = ?3)"
			       " FROM campaign c JOIN target t ON t.campaign = c.id WHERE c.id = ?1",
			       "tuu", campaign, (uint64_t)GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE,
			       (uint64_t)GU__ECU_STATE__ECU_STATE_VERIFIED);

	return found < 0 ? found : found == 1 && verified == 1;
}
