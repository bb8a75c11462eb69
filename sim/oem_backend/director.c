#include "sim/oem_backend/director.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/log.h"

struct campaigns {
	Gu__Campaign *items[DIRECTOR_MAX_CAMPAIGNS + 1];
	size_t n;
};

static void drop(struct campaigns *list)
{
	for (size_t i = 0; i < list->n; i++)
		gu__campaign__free_unpacked(list->items[i], NULL);
}

/* one more than allowed is taken, so that the check of the document refuses it in its words */
static int load(struct backend *backend, const char *vehicle, struct campaigns *list)
{
	sqlite3_stmt *stmt =
	    store_query(&backend->store, "SELECT spec FROM campaign WHERE vehicle = ?1 AND removed IS NULL ORDER BY n",
			"t", vehicle);
	int status = stmt ? SQLITE_ROW : SQLITE_ERROR;

	list->n = 0;
	while (stmt && list->n <= DIRECTOR_MAX_CAMPAIGNS && (status = sqlite3_step(stmt)) == SQLITE_ROW) {
		Gu__Campaign *campaign =
		    gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 0), sqlite3_column_blob(stmt, 0));
		if (!campaign) {
			status = SQLITE_ERROR;
			break;
		}
		list->items[list->n++] = campaign;
	}
	sqlite3_finalize(stmt);
	if (status == SQLITE_DONE || status == SQLITE_ROW)
		return 0;
	drop(list);
	list->n = 0;
	return -EIO;
}

static int sign(struct backend *backend, Gu__Director *director, uint64_t version, uint8_t **envelope, size_t *n)
{
	size_t n_payload = gu__director__get_packed_size(director);
	uint8_t *payload = malloc(n_payload ? n_payload : 1);

	if (!payload)
		return -ENOMEM;
	gu__director__pack(director, payload);
	int error =
	    envelope_sign("director", GU__ROLE__ROLE_DIRECTOR, version, director->issued_unix_s + DIRECTOR_VALID_S,
			  payload, n_payload, &backend->director_key, 1, envelope, n);
	free(payload);
	return error;
}

static int read_back(struct backend *backend, const char *vehicle, const uint8_t *envelope, size_t n, char error[256])
{
	struct envelope_limits limits = {.now_unix_s = backend_now_s()};
	struct envelope_error refused;
	struct signed_info info;
	Gu__Director *director;

	if (envelope_open_director(envelope, n, &backend->directors, &limits, vehicle, &director, &info, &refused) !=
	    ENVELOPE_OK) {
		snprintf(error, 256, "a vehicle would refuse it: %s%s%s", envelope_verdict_text(refused.verdict),
			 refused.detail[0] ? ": " : "", refused.detail);
		return 1;
	}
	envelope_free_director(director);
	return 0;
}

/*
 * Whether the vehicle's document is signed with a key that counts. A vehicle whose trust.director has another one than
 * it had counts versions from 0 again, so that those of documents of former keys are of no account. Return: 1 or 0, or
 * -errno
 */
static int is_of_present_key(struct backend *backend, const char *vehicle)
{
	const struct envelope_limits limits = {.now_unix_s = 0};
	struct envelope_error refused;
	struct signed_info info;
	Gu__Director *director;
	sqlite3_stmt *stmt =
	    store_query(&backend->store, "SELECT envelope FROM director WHERE vehicle = ?1", "t", vehicle);
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
	bool ok =
	    status == SQLITE_ROW &&
	    envelope_open_director(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0),
				   &backend->directors, &limits, vehicle, &director, &info, &refused) == ENVELOPE_OK;

	sqlite3_finalize(stmt);
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		return -EIO;
	if (ok)
		envelope_free_director(director);
	return ok;
}

/* Return: 0; -EOVERFLOW: there is no higher one; another -errno */
static int next_version(struct backend *backend, const char *vehicle, uint64_t *version)
{
	uint64_t own = 0, held;
	int status = is_of_present_key(backend, vehicle);

	if (status > 0)
		status =
		    store_uint(&backend->store, &own, "SELECT version FROM director WHERE vehicle = ?1", "t", vehicle);
	if (status < 0)
		return status;
	/* a backend that lost its database must not fall below what the vehicle holds */
	status = store_uint(&backend->store, &held, "SELECT director_held FROM vehicle WHERE id = ?1", "t", vehicle);
	if (status < 0)
		return status;
	if (own < held)
		own = held;
	if (own == UINT64_MAX)
		return -EOVERFLOW;
	*version = own + 1;
	return 0;
}

int director_rebuild(struct backend *backend, const char *vehicle, char error[256])
{
	static char base[] = "base-1"; /* everything that a document of ours can say */
	static char *features[] = {base};
	Gu__Director director = GU__DIRECTOR__INIT;
	struct campaigns list;
	char vehicle_id[65];
	uint64_t version = 0;
	uint8_t *envelope = NULL;
	size_t n = 0;
	int status = load(backend, vehicle, &list);

	if (!status) {
		status = next_version(backend, vehicle, &version);
		snprintf(vehicle_id, sizeof vehicle_id, "%s", vehicle);
		director.vehicle_id = vehicle_id;
		director.issued_unix_s = backend_now_s();
		director.n_required_features = 1;
		director.required_features = features;
		director.n_campaigns = list.n;
		director.campaigns = list.items;
		if (!status)
			status = sign(backend, &director, version, &envelope, &n);
		drop(&list);
	}
	if (status == -EOVERFLOW) {
		snprintf(error, 256,
			 "the vehicle holds the highest version there is: only another director key, here and in its "
			 "trust.director, has versions count from 0 again");
		return status;
	}
	if (status) {
		snprintf(error, 256, "cannot sign the director document of %s: %s", vehicle, strerror(-status));
		return status;
	}
	status = read_back(backend, vehicle, envelope, n, error);
	if (!status) {
		status =
		    store_exec(&backend->store,
			       "INSERT INTO director(vehicle, version, expires_unix_s, envelope) VALUES(?1, ?2, ?3, ?4)"
			       " ON CONFLICT(vehicle) DO UPDATE SET version = ?2, expires_unix_s = ?3, envelope = ?4",
			       "tuub", vehicle, version, director.issued_unix_s + DIRECTOR_VALID_S, envelope, n);
		if (status)
			snprintf(error, 256, "the database failed");
	}
	free(envelope);
	return status;
}

static int renew(struct backend *backend, const char *vehicle)
{
	char error[256];
	int status = store_begin(&backend->store);

	if (status)
		return status;
	status = director_rebuild(backend, vehicle, error);
	if (status) {
		store_rollback(&backend->store);
		backend_log("vehicle %s: its director document was not renewed: %s", vehicle, error);
		return status < 0 ? status : -EINVAL;
	}
	return store_commit(&backend->store);
}

int director_get(struct backend *backend, const char *vehicle, uint64_t held, uint64_t *version, uint8_t **envelope,
		 size_t *n)
{
	uint64_t expires;
	int status = store_uint(&backend->store, &expires, "SELECT expires_unix_s FROM director WHERE vehicle = ?1",
				"t", vehicle);

	if (status <= 0)
		return status;
	status = store_uint(&backend->store, version, "SELECT version FROM director WHERE vehicle = ?1", "t", vehicle);
	if (status <= 0)
		return status;
	int present = is_of_present_key(backend, vehicle);
	if (present < 0)
		return present;
	if (*version < held || !present || expires < backend_now_s() + DIRECTOR_RENEW_S) {
		status = renew(backend, vehicle);
		if (status)
			return status;
	}
	sqlite3_stmt *stmt =
	    store_query(&backend->store, "SELECT version, envelope FROM director WHERE vehicle = ?1", "t", vehicle);
	if (!stmt || sqlite3_step(stmt) != SQLITE_ROW) {
		sqlite3_finalize(stmt);
		return -EIO;
	}
	*version = store_column(stmt, 0);
	*n = (size_t)sqlite3_column_bytes(stmt, 1);
	*envelope = malloc(*n ? *n : 1);
	if (*envelope)
		memcpy(*envelope, sqlite3_column_blob(stmt, 1), *n);
	sqlite3_finalize(stmt);
	return *envelope ? 1 : -ENOMEM;
}
