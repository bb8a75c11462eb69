#include "ecu-flash/load/key_ring.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct yaml_key {
	char id[PROFILE_NAME_BYTES];
	char hex[4 * KEY_MAX_BYTES];
};

struct yaml_keys {
	struct yaml_key *keys;
	uint32_t n_keys;
};

static const cyaml_schema_field_t key_fields[] = {
    CYAML_FIELD_STRING("id", CYAML_FLAG_DEFAULT, struct yaml_key, id, 1),
    CYAML_FIELD_STRING("hex", CYAML_FLAG_DEFAULT, struct yaml_key, hex, 2),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t key_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_key, key_fields)};
static const cyaml_schema_field_t keys_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("keys", CYAML_FLAG_POINTER, struct yaml_keys, keys, n_keys, &key_schema, 0,
			       KEY_RING_MAX_KEYS),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t keys_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_keys, keys_fields)};

static int fill(const struct yaml_doc *doc, const struct yaml_keys *yaml, struct key_ring *ring,
		struct yaml_error *error)
{
	for (uint32_t i = 0; i < yaml->n_keys; i++) {
		struct key *key = &ring->keys[i];
		char at[32];
		int n;

		snprintf(at, sizeof at, "keys[%u].id", i);
		if (key_ring_find(ring, yaml->keys[i].id))
			return yaml_error_at(doc, error, at, "\"%s\" is there twice", yaml->keys[i].id);
		snprintf(at, sizeof at, "keys[%u].hex", i);
		n = yaml_hex_bytes(yaml->keys[i].hex, key->bytes, sizeof key->bytes);
		if (n < 1) /* the text itself stays out of messages: it may be a mistyped secret */
			return yaml_error_at(doc, error, at, "must be 1..%u bytes in hexadecimal", KEY_MAX_BYTES);
		memcpy(key->id, yaml->keys[i].id, sizeof key->id);
		key->n = (size_t)n;
		ring->n_keys++;
	}
	return 0;
}

int key_ring_load(const char *path, struct key_ring **ring, struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	struct yaml_keys *yaml = NULL;
	struct key_ring *loaded;
	void *data = NULL;
	int r = yaml_load_file(path, &keys_schema, &data, &doc, error);

	if (r)
		return r;
	yaml = data;
	loaded = calloc(1, sizeof *loaded + yaml->n_keys * sizeof loaded->keys[0]);
	if (loaded) {
		r = fill(doc, yaml, loaded, error);
	} else {
		snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(ENOMEM));
		r = -ENOMEM;
	}
	if (yaml->keys)
		OPENSSL_cleanse(yaml->keys, yaml->n_keys * sizeof *yaml->keys);
	yaml_free(&keys_schema, yaml);
	yaml_doc_free(doc);
	if (r)
		key_ring_free(loaded);
	else
		*ring = loaded;
	return r;
}

void key_ring_free(struct key_ring *ring)
{
	if (!ring)
		return;
	OPENSSL_cleanse(ring->keys, ring->n_keys * sizeof ring->keys[0]);
	free(ring);
}

const struct key *key_ring_find(const struct key_ring *ring, const char *id)
{
	for (size_t i = 0; ring && i < ring->n_keys; i++)
		if (strcmp(ring->keys[i].id, id) == 0)
			return &ring->keys[i];
	return NULL;
}
