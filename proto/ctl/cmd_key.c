#include "proto/ctl/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: manifestctl key new --algorithm ed25519|ecdsa-p256 --out FILE\n"
    "       manifestctl key id FILE\n"
    "\n"
    "new  writes a private key to FILE (PEM, mode 0600) and its public half to FILE.pub; neither may exist.\n"
    "id   prints the SHA-256 of the key's SubjectPublicKeyInfo, by which signatures name it;\n"
    "     FILE is a private or a public key.\n";

static enum tool_exit write_key(const struct crypto_key *key, const char *path)
{
	char public_path[4096];
	char *private_pem = crypto_key_pem_private(key);
	char *public_pem = crypto_key_pem_public(key);
	int n = snprintf(public_path, sizeof public_path, "%s.pub", path);
	enum tool_exit r = TOOL_REFUSED;

	if (!private_pem || !public_pem || n < 0 || (size_t)n >= sizeof public_path) {
		tool_refuse("cannot write the key");
	} else if (tool_write(path, private_pem, strlen(private_pem), 0600, false)) {
		if (tool_write(public_path, public_pem, strlen(public_pem), 0644, false))
			r = TOOL_OK;
		else
			unlink(path); /* ours, just made: no private key without its public half */
	}
	if (private_pem)
		explicit_bzero(private_pem, strlen(private_pem));
	free(private_pem);
	free(public_pem);
	return r;
}

static void print_id(const struct crypto_key *key)
{
	char hex[65];

	tool_hex(crypto_key_id(key), 32, hex);
	puts(hex);
}

static enum tool_exit key_new(int argc, char **argv)
{
	static const struct option options[] = {
	    {"algorithm", required_argument, NULL, 'a'},
	    {"out", required_argument, NULL, 'o'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	enum crypto_algorithm algorithm = CRYPTO_ED25519;
	const char *out = NULL;
	struct crypto_key *key;
	enum tool_exit r;

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help, stdout);
			return TOOL_OK;
		} else if (c == 'a' && strcmp(optarg, "ed25519") == 0) {
			algorithm = CRYPTO_ED25519;
		} else if (c == 'a' && strcmp(optarg, "ecdsa-p256") == 0) {
			algorithm = CRYPTO_ECDSA_P256_SHA256;
		} else if (c == 'a') {
			return tool_usage("key", "--algorithm must be ed25519 or ecdsa-p256, is '%s'", optarg);
		} else if (c == 'o') {
			out = optarg;
		} else {
			return tool_usage("key", "wrong option");
		}
	}
	if (!out || optind != argc)
		return tool_usage("key", "new needs --out FILE and nothing else");
	key = crypto_key_generate(algorithm);
	if (!key)
		return tool_refuse("cannot make a key");
	r = write_key(key, out);
	if (r == TOOL_OK)
		print_id(key);
	crypto_key_free(key);
	return r;
}

enum tool_exit cmd_key(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return TOOL_OK;
	}
	if (argc >= 2 && strcmp(argv[1], "new") == 0)
		return key_new(argc - 1, argv + 1);
	if (argc == 3 && strcmp(argv[1], "id") == 0) {
		struct crypto_key *key = tool_key_public(argv[2]);

		if (!key)
			return TOOL_REFUSED;
		print_id(key);
		crypto_key_free(key);
		return TOOL_OK;
	}
	return tool_usage("key", "needs 'new' or 'id FILE'");
}
