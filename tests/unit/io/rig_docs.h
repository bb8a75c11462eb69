/*
 * rig_docs - keys, and documents signed with them. The documents are those of the tests of proto/, whose structs bear
 * the names of the core's plain values: here they are called pb_*.
 */
#ifndef TESTS_UNIT_IO_RIG_DOCS_H
#define TESTS_UNIT_IO_RIG_DOCS_H

#include "rig.h"

#include "gatewayd/io/trust.h"
#include "proto/crypto.h"

#define manifest_doc pb_manifest_doc
#define director_doc pb_director_doc
#include "tests/unit/proto/docs.h"
#undef manifest_doc
#undef director_doc

struct rig_keys {
	struct crypto_key *author, *author_2, *director, *time;
};

static struct rig_keys rig_keys;
static struct config rig_config;

static inline struct crypto_key *rig_key(enum crypto_algorithm algorithm, const char *name)
{
	struct crypto_key *key = crypto_key_generate(algorithm);
	char *pem = key ? crypto_key_pem_public(key) : NULL;

	assert_non_null(pem);
	rig_write_text(rig_path(name), pem);
	free(pem);
	return key;
}

static inline void rig_list_key(struct config_key_list *list, const char *name)
{
	snprintf(list->files[list->n++], CONFIG_PATH_BYTES, "%s", rig_path(name));
	list->threshold = 1;
}

/* keys of every role, their public halves in files, and a configuration that names these */
static inline void rig_keys_setup(void)
{
	rig_keys.author = rig_key(CRYPTO_ED25519, "author.pub");
	rig_keys.author_2 = rig_key(CRYPTO_ECDSA_P256_SHA256, "author-2.pub");
	rig_keys.director = rig_key(CRYPTO_ECDSA_P256_SHA256, "director.pub");
	rig_keys.time = rig_key(CRYPTO_ED25519, "time.pub");
	memset(&rig_config, 0, sizeof(rig_config));
	snprintf(rig_config.zoneinfo_dir, sizeof(rig_config.zoneinfo_dir), "/usr/share/zoneinfo");
	rig_list_key(&rig_config.author_keys, "author.pub");
	rig_list_key(&rig_config.director_keys, "director.pub");
	rig_list_key(&rig_config.time_keys, "time.pub");
}

static inline void rig_keys_teardown(void)
{
	crypto_key_free(rig_keys.author);
	crypto_key_free(rig_keys.author_2);
	crypto_key_free(rig_keys.director);
	crypto_key_free(rig_keys.time);
}

struct rig_bytes {
	uint8_t *bytes; /* freed by the test */
	size_t n;
};

static inline struct rig_bytes rig_sign(const char *type, Gu__Role role, const ProtobufCMessage *message,
					struct crypto_key *key, uint64_t version, uint64_t expires_unix_s)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *payload = malloc(n + 1);
	struct rig_bytes out = {NULL, 0};

	assert_non_null(payload);
	protobuf_c_message_pack(message, payload);
	assert_int_equal(envelope_sign(type, role, version, expires_unix_s, payload, n, &key, 1, &out.bytes, &out.n),
			 0);
	free(payload);
	return out;
}

static inline struct rig_bytes rig_sign_manifest(const struct pb_manifest_doc *doc)
{
	return rig_sign("manifest", GU__ROLE__ROLE_AUTHOR, &doc->manifest.base, rig_keys.author, 3, 2000000000);
}

static inline struct rig_bytes rig_sign_director(const struct pb_director_doc *doc, uint64_t version)
{
	return rig_sign("director", GU__ROLE__ROLE_DIRECTOR, &doc->director.base, rig_keys.director, version,
			2000000000);
}

static inline struct trust *rig_trust(void)
{
	struct trust *trust = NULL;
	char text[300] = "";

	if (trust_load(&rig_config, &trust, text, sizeof(text)))
		fail_msg("%s", text);
	return trust;
}

#endif
