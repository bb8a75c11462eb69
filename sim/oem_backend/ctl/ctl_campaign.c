/* ctl_campaign - files, manifests and campaigns into the backend. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/oem_backend/ctl/ctl.h"
#include "sim/oem_backend/ctl/table.h"
#include "sim/oem_backend/ctl/spec_windows.h"
#include "sim/oem_backend/ctl/when.h"
#include "sim/oem_backend/json_read.h"
#include "sim/oem_backend/words.h"

struct file_in {
	char sha256[HEX_BYTES];
	uint64_t length;
};

/* @command: "image-add" or "manifest-add"; @answer: NULL if it is not wanted, else to be freed */
static enum ctl_exit add_file(struct ctl *self, const char *command, const char *file, struct file_in *in,
			      char **answer)
{
	char path[PATH_MAX];
	struct json request;
	char *text;

	/* the backend runs in another folder */
	if (!realpath(file, path)) {
		fprintf(stderr, "oemctl: cannot read %s: %s\n", file, strerror(errno));
		return CTL_USAGE;
	}
	ctl_request(&request, command);
	ctl_add_text(&request, "path", path);
	json_object_end(&request);
	enum ctl_exit status = ctl_ask(self, &request, &text);
	if (status != CTL_OK)
		return status;
	struct json_read read = {self->db, text};
	(void)json_read_text(&read, "$.sha256", in->sha256, sizeof in->sha256);
	(void)json_read_uint(&read, "$.length", &in->length);
	if (answer)
		*answer = text;
	else
		free(text);
	return CTL_OK;
}

enum ctl_exit ctl_image_add(struct ctl *self, char **files, int n)
{
	struct json out;

	json_init(&out);
	json_object(&out);
	json_key(&out, "ok");
	json_bool(&out, true);
	json_key(&out, "images");
	json_array(&out);
	for (int i = 0; i < n; i++) {
		struct file_in in;
		enum ctl_exit status = add_file(self, "image-add", files[i], &in, NULL);

		if (status != CTL_OK) {
			json_deinit(&out);
			return status;
		}
		if (!self->json)
			printf("%s  %llu  %s\n", in.sha256, (unsigned long long)in.length, files[i]);
		json_object(&out);
		ctl_add_text(&out, "sha256", in.sha256);
		json_key(&out, "length");
		json_uint(&out, in.length);
		ctl_add_text(&out, "file", files[i]);
		json_object_end(&out);
	}
	json_array_end(&out);
	json_object_end(&out);
	if (self->json && json_text(&out))
		puts(json_text(&out));
	json_deinit(&out);
	return CTL_OK;
}

enum ctl_exit ctl_manifest_add(struct ctl *self, const char *file)
{
	struct file_in in;
	char *answer;
	enum ctl_exit status = add_file(self, "manifest-add", file, &in, &answer);

	if (status != CTL_OK)
		return status;
	if (self->json)
		puts(answer);
	else
		printf("%s  %llu  %s\n", in.sha256, (unsigned long long)in.length, file);
	free(answer);
	return CTL_OK;
}

/* @rollout: a time from now counts from each campaign's own beginning */
static enum ctl_exit add_window(const struct spec *spec, struct json *request, bool rollout)
{
	const char *const times[3] = {spec->window.start, spec->window.end, spec->deadline};
	static const char *const keys[3] = {"start_unix_s", "end_unix_s", "deadline_unix_s"};
	static const char *const after_keys[3] = {"start_after_s", "end_after_s", "deadline_after_s"};
	static const char *const flags[3] = {"--start", "--end", "--deadline"};

	for (size_t i = 0; i < 3 && times[i]; i++) {
		bool after = rollout && times[i][0] == '+';
		uint64_t value;

		if (!when_parse(times[i], after ? 0 : (uint64_t)time(NULL), &value)) {
			fprintf(stderr, "oemctl: %s: \"%s\" is no time; " WHEN_HELP "\n", flags[i], times[i]);
			return CTL_USAGE;
		}
		json_key(request, after ? after_keys[i] : keys[i]);
		json_uint(request, value);
	}
	spec_write_recurring(spec, request);
	json_key(request, "retry_pause_s");
	json_uint(request, spec->retry_pause_s);
	return CTL_OK;
}

static enum ctl_exit add_targets(struct ctl *self, const struct spec *spec, struct json *request)
{
	json_key(request, "targets");
	json_array(request);
	for (unsigned i = 0; i < spec->targets_count; i++) {
		const struct spec_target *target = &spec->targets[i];
		struct file_in rollback;

		json_object(request);
		ctl_add_text(request, "ecu", target->ecu);
		ctl_add_text(request, "component", target->component);
		if (target->hardware_id)
			ctl_add_text(request, "hardware_id", target->hardware_id);
		if (target->serial)
			ctl_add_text(request, "serial", target->serial);
		if (target->rollback && strcmp(target->rollback, "none") != 0) {
			enum ctl_exit status = add_file(self, "image-add", target->rollback, &rollback, NULL);

			if (status != CTL_OK)
				return status;
			ctl_add_text(request, "rollback_sha256", rollback.sha256);
			json_key(request, "rollback_length");
			json_uint(request, rollback.length);
		}
		json_object_end(request);
	}
	json_array_end(request);
	return CTL_OK;
}

static void add_lists(const struct spec *spec, struct json *request)
{
	json_key(request, "conditions");
	json_array(request);
	for (unsigned i = 0; i < spec->conditions_count; i++) {
		json_object(request);
		ctl_add_text(request, "kind", spec->conditions[i].kind);
		json_key(request, "value");
		json_uint(request, spec->conditions[i].value);
		json_object_end(request);
	}
	json_array_end(request);
	json_key(request, "supersedes");
	json_array(request);
	for (unsigned i = 0; i < spec->supersedes_count; i++)
		json_string(request, spec->supersedes[i]);
	json_array_end(request);
}

static void show_added(struct ctl *self, const char *answer)
{
	struct json_read read = {self->db, answer};
	char text[200], path[48];

	for (size_t i = 0; i < json_read_count(&read, "$.warnings"); i++) {
		snprintf(path, sizeof path, "$.warnings[%zu]", i);
		if (json_read_text(&read, path, text, sizeof text))
			fprintf(stderr, "oemctl: warning: %s\n", text);
	}
	if (self->json)
		puts(answer);
	else
		printf("campaign %s added; vehicle %s is %s\n", self->spec->id, self->spec->vehicle,
		       json_read_bool(&read, "$.online") ? "online and has been told" : "offline and will be told");
}

enum ctl_exit ctl_manifest_digest(struct ctl *self, const char *manifest, char sha256[65])
{
	struct file_in in = {0};
	uint8_t digest[32];

	if (hex_parse(manifest, digest)) {
		hex_of(digest, sha256);
		return CTL_OK;
	}
	enum ctl_exit status = add_file(self, self->unchecked ? "image-add" : "manifest-add", manifest, &in, NULL);
	memcpy(sha256, in.sha256, sizeof in.sha256);
	return status;
}

enum ctl_exit ctl_campaign_request(struct ctl *self, struct json *request, bool rollout)
{
	const struct spec *spec = self->spec;
	const char *missing = spec_missing(spec);
	char sha256[65];

	if (missing) {
		fprintf(stderr, "oemctl: the %s has no %s; give it in --spec FILE or by its flag, see oemctl --help\n",
			rollout ? "roll-out" : "campaign", missing);
		return CTL_USAGE;
	}
	enum ctl_exit status = ctl_manifest_digest(self, spec->manifest, sha256);
	if (status != CTL_OK)
		return status;
	ctl_add_text(request, "id", spec->id);
	if (!rollout)
		ctl_add_text(request, "vehicle", spec->vehicle);
	ctl_add_text(request, "manifest", sha256);
	if (spec->urgency)
		ctl_add_text(request, "urgency", spec->urgency);
	if (spec->mode)
		ctl_add_text(request, "mode", spec->mode);
	if (spec->consent_given) {
		json_key(request, "consent_required");
		json_bool(request, spec->consent_required);
	}
	json_key(request, "unchecked");
	json_bool(request, self->unchecked);
	add_lists(spec, request);
	status = add_window(spec, request, rollout);
	return status == CTL_OK ? add_targets(self, spec, request) : status;
}

enum ctl_exit ctl_campaign_add(struct ctl *self)
{
	struct json request;
	char *answer;

	ctl_request(&request, "campaign-add");
	enum ctl_exit status = ctl_campaign_request(self, &request, false);
	if (status != CTL_OK) {
		json_deinit(&request);
		return status;
	}
	json_object_end(&request);
	status = ctl_ask(self, &request, &answer);
	if (status != CTL_OK)
		return status;
	show_added(self, answer);
	free(answer);
	return CTL_OK;
}
