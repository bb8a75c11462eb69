#include "proto/ctl/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/ctl/spec.h"

#define MAX_KEYS 8u

static const char manifest_help[] =
    "Usage: manifestctl manifest --spec FILE.yaml --key KEY [--key KEY...] --out FILE\n"
    "\n"
    "Makes the author's document of a release: what to install on which hardware, with the digests of its images and\n"
    "flash profiles. Paths in the spec are relative to it; digests and lengths are computed from the files.\n"
    "\n"
    "  id: brake-2.0.1                  # [A-Za-z0-9._-]\n"
    "  version: 7                       # rises with each manifest\n"
    "  expires: +365d                   # or 2031-05-06, 2031-05-06T07:08:09Z\n"
    "  description: Shorter way to stop # optional, as are use_before and required_features\n"
    "  severity: {score: 75, safety_relevant: true, change: security_fix, deadline: +30d}\n"
    "  components:\n"
    "  - name: brake\n"
    "    hardware_ids: [BRK-4711]\n"
    "    profile: brake.profile.yaml\n"
    "    release_counter: 12\n"
    "    conditions: [{kind: battery_min_mv, value: 11800}, {kind: standstill}]\n"
    "    driver_return: finish_inhibited  # or stop_at_safe_point, the default\n"
    "    functions_lost: [anti-lock braking]\n"
    "    units:                         # installed in this order\n"
    "    - kind: application            # ram_driver, boot_loader, application, data\n"
    "      image: brake.hex\n"
    "      format: ihex                 # raw (with base_address), ihex, srec\n"
    "      expected_version: 2.0.1\n"
    "      check_signature: brake.sig   # optional: a file whose bytes the ECU's check takes, at most 512\n"
    "      segments: [{address: 0x8000, length: 4096}]  # optional\n"
    "\n"
    "Segments are signed as they are given; only those of a raw image are compared with the file here. A gateway "
    "refuses\n"
    "an image that decodes to others: 'ecu-flash image show FILE' lists what it decodes to.\n";

static const char director_help[] =
    "Usage: manifestctl director --spec FILE.yaml --key KEY [--key KEY...] --version N --out FILE\n"
    "\n"
    "Makes the backend's document for one vehicle: all its live campaigns. N rises with each document of a vehicle.\n"
    "\n"
    "  vehicle_id: VIN-0001\n"
    "  expires: +7d\n"
    "  campaigns:\n"
    "  - id: spring-2031\n"
    "    manifest: brake.manifest       # made by 'manifestctl manifest'\n"
    "    mode: negotiated               # client_initiated, server_initiated, negotiated\n"
    "    urgency: high                  # low, normal, high, critical\n"
    "    window: {start: +1d, end: +90d}      # or 2031-05-06T00:00:00Z\n"
    "    recurring:                           # optional: within the window, only while one of these is open\n"
    "    - {days: [mon, fri], start: '22:00', duration_s: 21600, time_zone: Europe/Berlin}\n"
    "    deadline: +30d                       # optional, as is retry_pause_s\n"
    "    targets:\n"
    "    - {ecu: brake-front, hardware_id: BRK-4711, serial_number: '0815', component: brake, rollback: none}\n"
    "    conditions: [{kind: ignition_off}]   # optional, as are consent_required and supersedes\n"
    "\n"
    "rollback is 'none' or the image to go back to.\n";

struct sign_args {
	const char *spec;
	const char *out;
	const char *keys[MAX_KEYS];
	size_t n_keys;
	uint64_t version; /* 0: not given */
};

/* what one kind of document needs */
struct sign_kind {
	const char *name;
	Gu__Role role;
	const char *help;
	bool version_option;
	int (*build)(struct arena *arena, const char *path, uint64_t now_unix_s, struct spec_result *out,
		     struct yaml_error *error);
};

/* Return: -1 to go on, or what to exit with */
static int parse(const struct sign_kind *kind, int argc, char **argv, struct sign_args *args)
{
	static const struct option options[] = {
	    {"spec", required_argument, NULL, 's'}, {"key", required_argument, NULL, 'k'},
	    {"out", required_argument, NULL, 'o'},  {"version", required_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},       {0},
	};

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(kind->help, stdout);
			return TOOL_OK;
		} else if (c == 's') {
			args->spec = optarg;
		} else if (c == 'o') {
			args->out = optarg;
		} else if (c == 'k' && args->n_keys < MAX_KEYS) {
			args->keys[args->n_keys++] = optarg;
		} else if (c == 'k') {
			return (int)tool_usage(kind->name, "at most %u keys", MAX_KEYS);
		} else if (c == 'v' && kind->version_option) {
			if (!tool_number(optarg, &args->version) || args->version == 0)
				return (int)tool_usage(kind->name, "--version must be a number from 1, is '%s'",
						       optarg);
		} else {
			return (int)tool_usage(kind->name, "wrong option");
		}
	}
	if (optind != argc)
		return (int)tool_usage(kind->name, "'%s' is too much", argv[optind]);
	if (!args->spec || !args->out || args->n_keys == 0)
		return (int)tool_usage(kind->name, "needs --spec, --key and --out");
	if (kind->version_option && args->version == 0)
		return (int)tool_usage(kind->name, "needs --version");
	return -1;
}

static enum tool_exit sign_and_write(const struct sign_kind *kind, const struct sign_args *args,
				     const struct spec_result *result, struct arena *arena)
{
	struct crypto_key *keys[MAX_KEYS] = {NULL};
	uint8_t *payload = arena_take(arena, protobuf_c_message_get_packed_size(result->message), 1);
	size_t n_payload = protobuf_c_message_pack(result->message, payload);
	uint8_t *out = NULL;
	size_t n_out = 0;
	enum tool_exit r = TOOL_OK;

	for (size_t i = 0; i < args->n_keys && r == TOOL_OK; i++) {
		keys[i] = tool_key_private(args->keys[i]);
		if (!keys[i])
			r = TOOL_REFUSED;
	}
	if (r == TOOL_OK) {
		int e = envelope_sign(kind->name, kind->role, result->version, result->expires_unix_s, payload,
				      n_payload, keys, args->n_keys, &out, &n_out);

		if (e)
			r = tool_refuse("cannot sign: %s", strerror(-e));
		else if (!tool_write(args->out, out, n_out, 0644, true))
			r = TOOL_REFUSED;
	}
	for (size_t i = 0; i < args->n_keys; i++)
		crypto_key_free(keys[i]);
	free(out);
	return r;
}

static enum tool_exit sign(const struct sign_kind *kind, int argc, char **argv)
{
	struct sign_args args = {0};
	struct arena arena = {NULL};
	struct spec_result result = {0};
	struct yaml_error error = {""};
	uint64_t now = (uint64_t)time(NULL);
	enum tool_exit r;
	int done = parse(kind, argc, argv, &args);

	if (done >= 0)
		return (enum tool_exit)done;
	if (kind->build(&arena, args.spec, now, &result, &error)) {
		r = tool_refuse("%s", error.text);
	} else {
		if (kind->version_option)
			result.version = args.version;
		r = sign_and_write(kind, &args, &result, &arena);
	}
	arena_free(&arena);
	return r;
}

enum tool_exit cmd_manifest(int argc, char **argv)
{
	static const struct sign_kind kind = {"manifest", GU__ROLE__ROLE_AUTHOR, manifest_help, false, spec_manifest};

	return sign(&kind, argc, argv);
}

enum tool_exit cmd_director(int argc, char **argv)
{
	static const struct sign_kind kind = {"director", GU__ROLE__ROLE_DIRECTOR, director_help, true, spec_director};

	return sign(&kind, argc, argv);
}
