#include "proto/ctl/cmd.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/ctl/print.h"

static const char show_help[] =
    "Usage: manifestctl show FILE [--json] [--trust PUBKEY...] [--threshold N] [--at TIME]\n"
    "\n"
    "Shows a manifest, a director document or a time attestation. With --trust it also says whether the signatures of\n"
    "these keys, the dates and the content would be taken, and exits 1 if not. --at judges expiry at another time.\n";

static const char verify_help[] =
    "Usage: manifestctl verify FILE --type manifest|director --trust PUBKEY... [--threshold N] [--at TIME]\n"
    "                          [--min-version N] [--vehicle ID]\n"
    "\n"
    "Exits 0 and says 'ok' if a gateway that trusts these keys would take the document, else 1 with the reason.\n";

struct show_args {
	const char *file;
	const char *type;
	const char *vehicle;
	const char *trust[TRUST_MAX_KEYS];
	size_t n_trust;
	uint64_t threshold;
	uint64_t min_version;
	uint64_t now_unix_s;
	bool json;
};

static int option_number(const char *command, const char *name, uint64_t least, uint64_t *value)
{
	if (tool_number(optarg, value) && *value >= least)
		return -1;
	return (int)tool_usage(command, "--%s must be a number from %" PRIu64 ", is '%s'", name, least, optarg);
}

static int option(const char *command, int c, struct show_args *args)
{
	switch (c) {
	case 'j':
		args->json = true;
		return -1;
	case 'y':
		args->type = optarg;
		return -1;
	case 'e':
		args->vehicle = optarg;
		return -1;
	case 't':
		if (args->n_trust == TRUST_MAX_KEYS)
			return (int)tool_usage(command, "at most %u keys", TRUST_MAX_KEYS);
		args->trust[args->n_trust++] = optarg;
		return -1;
	case 'n':
		return option_number(command, "threshold", 1, &args->threshold);
	case 'm':
		return option_number(command, "min-version", 0, &args->min_version);
	case 'a':
		if (tool_time(optarg, args->now_unix_s, &args->now_unix_s))
			return -1;
		return (int)tool_usage(command, "--at must be a time (2031-05-06T07:08:09Z), is '%s'", optarg);
	}
	return (int)tool_usage(command, "wrong option");
}

/* Return: -1 to go on, or what to exit with */
static int parse(const char *command, const char *help, const struct option *options, int argc, char **argv,
		 struct show_args *args)
{
	args->threshold = 1;
	args->now_unix_s = (uint64_t)time(NULL);
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help, stdout);
			return TOOL_OK;
		}
		int done = option(command, c, args);

		if (done >= 0)
			return done;
	}
	if (optind + 1 != argc)
		return (int)tool_usage(command, "needs one FILE");
	args->file = argv[optind];
	return -1;
}

static bool load_trust(const struct show_args *args, struct trust_role *trust)
{
	for (size_t i = 0; i < args->n_trust; i++) {
		trust->keys[i] = tool_key_public(args->trust[i]);
		if (!trust->keys[i])
			return false;
		trust->n_keys++;
	}
	trust->threshold = args->threshold > UINT32_MAX ? UINT32_MAX : (unsigned)args->threshold;
	return true;
}

static void free_trust(struct trust_role *trust)
{
	for (size_t i = 0; i < trust->n_keys; i++)
		crypto_key_free(trust->keys[i]);
}

/* @nonce: of the document itself; a time attestation is shown, not used */
static enum envelope_verdict judge(const char *type, const uint8_t *bytes, size_t n, const struct show_args *args,
				   struct trust_role *trust, ProtobufCBinaryData nonce, struct envelope_error *error)
{
	struct envelope_limits limits = {.now_unix_s = args->now_unix_s, .min_version = args->min_version};
	enum envelope_verdict verdict;

	if (strcmp(type, "manifest") == 0) {
		Gu__Manifest *manifest = NULL;

		trust->role = GU__ROLE__ROLE_AUTHOR;
		verdict = envelope_open_manifest(bytes, n, trust, &limits, &manifest, NULL, error);
		envelope_free_manifest(manifest);
	} else if (strcmp(type, "director") == 0) {
		Gu__Director *director = NULL;

		trust->role = GU__ROLE__ROLE_DIRECTOR;
		verdict = envelope_open_director(bytes, n, trust, &limits, args->vehicle, &director, NULL, error);
		envelope_free_director(director);
	} else {
		const uint8_t none[32] = {0};
		uint64_t unix_ms;

		trust->role = GU__ROLE__ROLE_TIME;
		verdict = envelope_open_time(bytes, n, trust, nonce.len == 32 ? nonce.data : none, &unix_ms, error);
	}
	return verdict;
}

static const char *role_text(Gu__Role role)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&gu__role__descriptor, (int)role);

	return v ? v->name : "?";
}

/* @error: NULL if nobody asked for a verdict */
static void show_text(const struct tool_document *d, const struct envelope_error *error)
{
	char words[65];

	printf("type: %s\nrole: %s\nversion: %" PRIu64 "\n", d->signed_->type, role_text(d->signed_->role),
	       d->signed_->version);
	tool_time_text(d->signed_->expires_unix_s, words);
	printf("expires: %s\n", words);
	for (size_t i = 0; i < d->envelope->n_signatures; i++) {
		const Gu__Signature *s = d->envelope->signatures[i];
		const ProtobufCEnumValue *v =
		    protobuf_c_enum_descriptor_get_value(&gu__signature_algorithm__descriptor, (int)s->algorithm);

		tool_hex(s->key_id.data, s->key_id.len <= 32 ? s->key_id.len : 32, words);
		printf("signed by: %s (%s)\n", words, v ? v->name : "?");
	}
	if (!error)
		puts("verified: not asked for (--trust PUBKEY)");
	else if (error->verdict == ENVELOPE_OK)
		puts("verified: yes");
	else
		printf("verified: no, %s: %s\n", envelope_verdict_text(error->verdict), error->detail);
	printf("%s:\n", d->signed_->type);
	print_text(stdout, d->payload, 1);
}

static enum tool_exit show_json(const struct tool_document *d, const struct envelope_error *error)
{
	struct json json;
	enum tool_exit r = TOOL_OK;

	json_init(&json);
	json_object(&json);
	json_key(&json, "type");
	json_string(&json, d->signed_->type);
	json_key(&json, "role");
	json_string(&json, role_text(d->signed_->role));
	json_key(&json, "version");
	json_uint(&json, d->signed_->version);
	json_key(&json, "expires_unix_s");
	json_uint(&json, d->signed_->expires_unix_s);
	json_key(&json, "signatures");
	json_array(&json);
	for (size_t i = 0; i < d->envelope->n_signatures; i++)
		print_json(&json, &d->envelope->signatures[i]->base);
	json_array_end(&json);
	if (error) {
		json_key(&json, "verified");
		json_bool(&json, error->verdict == ENVELOPE_OK);
		json_key(&json, "verdict");
		json_string(&json, envelope_verdict_text(error->verdict));
		json_key(&json, "detail");
		json_string(&json, error->detail);
	}
	json_key(&json, d->signed_->type);
	print_json(&json, d->payload);
	json_object_end(&json);
	if (json_text(&json))
		puts(json_text(&json));
	else
		r = tool_refuse("out of memory");
	json_deinit(&json);
	return r;
}

static enum tool_exit show(const struct show_args *args, const uint8_t *bytes, size_t n, struct trust_role *trust)
{
	struct envelope_error error = {ENVELOPE_OK, ""};
	struct tool_document d;
	ProtobufCBinaryData nonce = {0};
	enum tool_exit r = TOOL_OK;

	if (!tool_document_read(&d, bytes, n, &error))
		return tool_refuse("%s: %s: %s", args->file, envelope_verdict_text(error.verdict), error.detail);
	if (d.payload->descriptor == &gu__time_attestation__descriptor)
		nonce = ((const Gu__TimeAttestation *)d.payload)->nonce;
	if (trust->n_keys)
		judge(d.signed_->type, bytes, n, args, trust, nonce, &error);
	if (args->json)
		r = show_json(&d, trust->n_keys ? &error : NULL);
	else
		show_text(&d, trust->n_keys ? &error : NULL);
	tool_document_free(&d);
	return error.verdict == ENVELOPE_OK ? r : TOOL_REFUSED;
}

enum tool_exit cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"trust", required_argument, NULL, 't'},
	    {"threshold", required_argument, NULL, 'n'},
	    {"at", required_argument, NULL, 'a'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct show_args args = {0};
	struct trust_role trust = {0};
	struct arena arena = {NULL};
	enum tool_exit r = TOOL_REFUSED;
	int done = parse("show", show_help, options, argc, argv, &args);
	size_t n;

	if (done >= 0)
		return (enum tool_exit)done;
	uint8_t *bytes = tool_read(&arena, args.file, &n);

	if (bytes && load_trust(&args, &trust))
		r = show(&args, bytes, n, &trust);
	free_trust(&trust);
	arena_free(&arena);
	return r;
}

enum tool_exit cmd_verify(int argc, char **argv)
{
	static const struct option options[] = {
	    {"type", required_argument, NULL, 'y'},
	    {"trust", required_argument, NULL, 't'},
	    {"threshold", required_argument, NULL, 'n'},
	    {"min-version", required_argument, NULL, 'm'},
	    {"vehicle", required_argument, NULL, 'e'},
	    {"at", required_argument, NULL, 'a'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct show_args args = {0};
	struct trust_role trust = {0};
	struct arena arena = {NULL};
	struct envelope_error error = {ENVELOPE_OK, ""};
	enum tool_exit r = TOOL_REFUSED;
	int done = parse("verify", verify_help, options, argc, argv, &args);
	size_t n;

	if (done >= 0)
		return (enum tool_exit)done;
	if (!args.type || (strcmp(args.type, "manifest") != 0 && strcmp(args.type, "director") != 0))
		return tool_usage("verify", "needs --type manifest or --type director");
	if (args.n_trust == 0)
		return tool_usage("verify", "needs --trust PUBKEY");
	uint8_t *bytes = tool_read(&arena, args.file, &n);

	if (bytes && load_trust(&args, &trust)) {
		if (judge(args.type, bytes, n, &args, &trust, (ProtobufCBinaryData){0}, &error) == ENVELOPE_OK)
			r = puts("ok") >= 0 ? TOOL_OK : TOOL_REFUSED;
		else
			tool_refuse("%s: %s: %s", args.file, envelope_verdict_text(error.verdict), error.detail);
	}
	free_trust(&trust);
	arena_free(&arena);
	return r;
}
