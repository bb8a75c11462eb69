/* commands_manifest - manifests, verified before they are taken. */
#include "sim/oem_backend/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/words.h"

int manifest_read_file(const char *path, uint8_t **bytes, size_t *n)
{
	FILE *file = fopen(path, "re");
	uint8_t *buf = file ? malloc(MANIFEST_MAX_BYTES + 1) : NULL;
	int error = !file ? -errno : buf ? 0 : -ENOMEM;

	if (!error) {
		*n = fread(buf, 1, MANIFEST_MAX_BYTES + 1, file);
		if (ferror(file))
			error = -EIO;
		else if (*n > MANIFEST_MAX_BYTES)
			error = -EFBIG;
	}
	if (file)
		fclose(file);
	if (error) {
		free(buf);
		return error;
	}
	*bytes = buf;
	return 0;
}

/* Return: whether the store has the file; else the answer names it */
static bool require(struct backend *backend, const Gu__FileRef *ref, const char *component, const char *what,
		    struct json *answer)
{
	char hex[HEX_BYTES];

	if (blobs_has(backend->config->blob_dir, ref->sha256.data, ref->length))
		return true;
	command_refuse(answer,
		       "the manifest's component %s names %s %s of %llu bytes, which the backend does not have; add the"
		       " file with `oemctl image add FILE` first",
		       component, what, hex_of(ref->sha256.data, hex), (unsigned long long)ref->length);
	return false;
}

bool manifest_has_files(struct backend *backend, const Gu__Manifest *manifest, struct json *answer)
{
	for (size_t i = 0; i < manifest->n_components; i++) {
		const Gu__Component *component = manifest->components[i];

		if (!require(backend, component->profile, component->name, "the profile", answer))
			return false;
		for (size_t j = 0; j < component->n_units; j++) {
			if (!require(backend, component->units[j]->image, component->name, "an image", answer))
				return false;
		}
	}
	return true;
}

static void manifest_answer(struct json *answer, const struct blob_ref *ref, const Gu__Manifest *manifest)
{
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_key(answer, "sha256");
	json_hex(answer, ref->sha256, sizeof ref->sha256);
	json_key(answer, "length");
	json_uint(answer, ref->length);
	json_key(answer, "id");
	json_string(answer, manifest->id);
	json_key(answer, "components");
	json_array(answer);
	for (size_t i = 0; i < manifest->n_components; i++)
		json_string(answer, manifest->components[i]->name);
	json_array_end(answer);
	json_object_end(answer);
}

Gu__Manifest *manifest_open(struct backend *backend, const char *name, const uint8_t *bytes, size_t n,
			    struct json *answer)
{
	struct envelope_limits limits = {.now_unix_s = backend_now_s()};
	struct envelope_error refused;
	struct signed_info info;
	Gu__Manifest *manifest;

	if (envelope_open_manifest(bytes, n, &backend->authors, &limits, &manifest, &info, &refused) == ENVELOPE_OK)
		return manifest;
	command_refuse(answer, "the manifest %s was refused: %s%s%s", name, envelope_verdict_text(refused.verdict),
		       refused.detail[0] ? ": " : "", refused.detail);
	return NULL;
}

void command_manifest_add(struct backend *backend, const struct json_read *request, struct json *answer)
{
	char path[4096], error[256];
	uint8_t *bytes;
	size_t n;
	struct blob_ref ref;
	int status;

	if (!json_read_text(request, "$.path", path, sizeof path)) {
		command_refuse(answer, "manifest-add needs a path");
		return;
	}
	status = manifest_read_file(path, &bytes, &n);
	if (status) {
		command_refuse(answer, "cannot read the manifest %s: %s", path, strerror(-status));
		return;
	}
	Gu__Manifest *manifest = manifest_open(backend, path, bytes, n, answer);
	if (manifest && manifest_has_files(backend, manifest, answer)) {
		uint8_t digest[32];

		crypto_sha256(bytes, n, digest);
		status = blobs_add_file(backend->config->blob_dir, path, &ref, error);
		if (status)
			command_refuse(answer, "%s", error);
		else if (memcmp(digest, ref.sha256, sizeof digest) != 0)
			command_refuse(answer, "the manifest %s changed while it was read", path);
		else if (store_exec(&backend->store,
				    "INSERT OR IGNORE INTO manifest(sha256, length, id, added_unix_s)"
				    " VALUES(?1, ?2, ?3, ?4)",
				    "butu", ref.sha256, sizeof ref.sha256, ref.length, manifest->id, backend_now_s()))
			command_refuse(answer, "the database failed");
		else
			manifest_answer(answer, &ref, manifest);
	}
	envelope_free_manifest(manifest);
	free(bytes);
}
