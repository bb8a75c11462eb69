#include "ecu-flash/load/seed_key_library.h"

#include <dlfcn.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* more than a key, so that one that writes too much is seen and does no harm */
#define ROOM_BYTES (4u * SEED_KEY_MAX_KEY_BYTES)

typedef int compute_function(const struct seed_key_request *request, uint8_t *key, size_t *n_key);

static size_t fail(char *text, size_t n_text, const char *name, const char *words)
{
	snprintf(text, n_text, "seed and key library '%s': %s", name, words);
	return 0;
}

/* the names of a profile come from elsewhere: none may lead out of the folder */
static bool is_plain(const char *name)
{
	return name[0] &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static size_t compute(void *library, const char *name, const struct seed_key_request *request, uint8_t *key, char *text,
		      size_t n_text)
{
	const uint32_t *version = dlsym(library, "seed_key_abi_version");
	void *symbol = dlsym(library, "seed_key_compute");
	compute_function *function;
	uint8_t room[ROOM_BYTES];
	size_t n = SEED_KEY_MAX_KEY_BYTES;
	char words[96];
	int code;

	if (!version || !symbol)
		return fail(text, n_text, name, version ? "has no seed_key_compute" : "has no seed_key_abi_version");
	if (*version != SEED_KEY_ABI_VERSION) {
		snprintf(words, sizeof words, "is built for version %u of the interface, this is version %u", *version,
			 SEED_KEY_ABI_VERSION);
		return fail(text, n_text, name, words);
	}
	memcpy(&function, &symbol, sizeof function); /* ISO C has no cast for it */
	code = function(request, room, &n);
	if (code) {
		snprintf(words, sizeof words, "refused (code %d)", code);
		n = fail(text, n_text, name, words);
	} else if (n < 1 || n > SEED_KEY_MAX_KEY_BYTES) {
		snprintf(words, sizeof words, "gave a key of %zu bytes, not 1..%u", n, SEED_KEY_MAX_KEY_BYTES);
		n = fail(text, n_text, name, words);
	} else {
		memcpy(key, room, n);
	}
	OPENSSL_cleanse(room, sizeof room);
	return n;
}

size_t seed_key_library_compute(const char *dir, const char *name, const struct seed_key_request *request, uint8_t *key,
				char *text, size_t n_text)
{
	char path[PATH_MAX];
	void *library;
	size_t n;

	if (!is_plain(name))
		return fail(text, n_text, "?", "a profile names it by [A-Za-z0-9_-] alone");
	if (!dir || !dir[0])
		return fail(text, n_text, name, "no folder for such libraries is set");
	if (snprintf(path, sizeof path, "%s/%s.so", dir, name) >= (int)sizeof path)
		return fail(text, n_text, name, "its path is too long");
	if (access(path, R_OK))
		return fail(text, n_text, name, "is not in the folder for such libraries");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return fail(text, n_text, name, dlerror());
	n = compute(library, name, request, key, text, n_text);
	dlclose(library);
	return n;
}
