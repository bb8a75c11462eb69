/* session_push - files of server-initiated campaigns, sent unasked within the credit that the vehicle grants: the
 * manifest behind the document, the others once the vehicle reports that it downloads, in the order in which it wants
 * them. */
#include "sim/oem_backend/session_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/oem_backend/blobs.h"
#include "sim/oem_backend/commands.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/words.h"

static void add(struct push *push, const ProtobufCBinaryData *sha256)
{
	for (size_t i = 0; i < push->n; i++) {
		if (memcmp(push->files[i], sha256->data, 32) == 0)
			return;
	}
	if (push->n < SESSION_MAX_PUSH)
		memcpy(push->files[push->n++], sha256->data, 32);
}

void session_push_file(struct session *self, const ProtobufCBinaryData *sha256)
{
	if (self->push.granted)
		add(&self->push, sha256);
}

static const Gu__Component *component_of(const Gu__Manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->n_components; i++) {
		if (strcmp(manifest->components[i]->name, name) == 0)
			return manifest->components[i];
	}
	return NULL;
}

static void add_files(struct push *push, const Gu__Campaign *campaign, const Gu__Manifest *manifest)
{
	for (size_t i = 0; i < campaign->n_targets; i++) {
		const Gu__Target *target = campaign->targets[i];
		const Gu__Component *component = component_of(manifest, target->component);

		if (!component)
			continue;
		add(push, &component->profile->sha256);
		for (size_t k = 0; k < component->n_units; k++)
			add(push, &component->units[k]->image->sha256);
		if (target->rollback_case == GU__TARGET__ROLLBACK_ROLLBACK_IMAGE)
			add(push, &target->rollback_image->sha256);
	}
}

/* the files of the campaign in their order, behind those that are planned */
static void plan(struct session *self, const Gu__Campaign *campaign)
{
	const struct backend *backend = self->backend;
	struct envelope_limits limits = {.now_unix_s = 0};
	struct envelope_error refused;
	struct signed_info info;
	Gu__Manifest *manifest;
	uint8_t *bytes;
	size_t n;

	if (campaign->mode != GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED ||
	    blobs_read(backend->config->blob_dir, campaign->manifest->sha256.data, MANIFEST_MAX_BYTES, &bytes, &n))
		return;
	if (envelope_open_manifest(bytes, n, &backend->authors, &limits, &manifest, &info, &refused) == ENVELOPE_OK) {
		add_files(&self->push, campaign, manifest);
		envelope_free_manifest(manifest);
	}
	free(bytes);
}

/* @id: NULL = all live ones of the vehicle */
static void plan_campaigns(struct session *self, const char *id)
{
	sqlite3_stmt *stmt =
	    store_query(&self->backend->store,
			"SELECT spec FROM campaign WHERE vehicle = ?1 AND removed IS NULL AND (?2 = '' OR id = ?2)"
			" ORDER BY n",
			"tt", self->vehicle, id ? id : "");

	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		Gu__Campaign *campaign =
		    gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 0), sqlite3_column_blob(stmt, 0));

		if (campaign)
			plan(self, campaign);
		gu__campaign__free_unpacked(campaign, NULL);
	}
	sqlite3_finalize(stmt);
}

void session_push_report(struct session *self, const Gu__Report *report)
{
	/* with a code it says why it does not download: it asks for what it lacks once it does */
	if (!self->push.granted || report->ecu[0] || report->code ||
	    report->campaign_state != GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING)
		return;
	plan_campaigns(self, report->campaign_id);
	session_blob_pump(self);
}

static void close_request(struct session *self, size_t i)
{
	close(self->requests[i].fd);
	self->n_requests--;
	memmove(self->requests + i, self->requests + i + 1, (self->n_requests - i) * sizeof self->requests[0]);
}

/* those that are being pushed: all, or the one with that digest */
static void stop_pushing(struct session *self, const uint8_t *sha256)
{
	for (size_t i = self->n_requests; i-- > 0;) {
		if (self->requests[i].pushed && (!sha256 || memcmp(self->requests[i].sha256, sha256, 32) == 0))
			close_request(self, i);
	}
}

static bool go_on_behind(struct push *push, const uint8_t sha256[32])
{
	for (size_t i = 0; i < push->n; i++) {
		if (memcmp(push->files[i], sha256, 32) != 0)
			continue;
		push->next = i + 1;
		return true;
	}
	return false;
}

void session_push_requested(struct session *self, const struct blob_request *blob)
{
	struct push *push = &self->push;

	if (!push->granted)
		return;
	push->left = push->granted;
	push->waits = blob->end < blob->length; /* for the request of the rest */
	stop_pushing(self, NULL);
	/* where the vehicle says that it is: what follows in its order it lacks as well */
	if (!go_on_behind(push, blob->sha256)) {
		push->n = push->next = 0;
		plan_campaigns(self, NULL);
		if (!go_on_behind(push, blob->sha256))
			push->n = push->next = 0;
	}
}

void session_push_refused(struct session *self, const Gu__BlobRefused *refused)
{
	char hex[HEX_BYTES];

	backend_log("vehicle %s: does not want file %s, code %u", self->vehicle, hex_of(refused->sha256.data, hex),
		    refused->code);
	stop_pushing(self, refused->sha256.data);
	session_blob_pump(self);
}

void session_push_granted(struct session *self, uint64_t credit)
{
	self->push.granted = self->push.left = credit;
}

bool session_push_next(struct session *self)
{
	struct push *push = &self->push;
	struct blob_request blob = {.pushed = true};
	char hex[HEX_BYTES];

	while (self->n_requests == 0 && push->left > 0 && !push->waits && push->next < push->n) {
		memcpy(blob.sha256, push->files[push->next++], sizeof blob.sha256);
		blob.fd = blobs_open(self->backend->config->blob_dir, blob.sha256, &blob.length);
		if (blob.fd < 0)
			continue; /* asked for, it is refused with words */
		if (blob.length == 0) {
			close(blob.fd);
			continue;
		}
		blob.end = blob.length < push->left ? blob.length : push->left;
		backend_log("vehicle %s: file %s pushed", self->vehicle, hex_of(blob.sha256, hex));
		self->requests[self->n_requests++] = blob;
	}
	return self->n_requests > 0;
}
