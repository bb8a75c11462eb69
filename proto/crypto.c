#include "proto/crypto.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

struct crypto_key {
	EVP_PKEY *pkey;
	enum crypto_algorithm algorithm;
	uint8_t id[32];
};

/* An encrypted key is no key to us: OpenSSL's own callback would ask on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *data)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)data;
	return -1;
}

static bool algorithm_of(EVP_PKEY *pkey, enum crypto_algorithm *algorithm)
{
	char group[32];

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*algorithm = CRYPTO_ED25519;
		return true;
	}
	if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0) {
		*algorithm = CRYPTO_ECDSA_P256_SHA256;
		/* One id per key, however its file wrote the point: the compressed form would be another SPKI. */
		return EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
						      OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1;
	}
	return false;
}

/* takes pkey over, NULL allowed */
static struct crypto_key *key_from(EVP_PKEY *pkey)
{
	struct crypto_key *key = pkey ? calloc(1, sizeof *key) : NULL;
	unsigned char *der = NULL;
	int n;

	if (!key || !algorithm_of(pkey, &key->algorithm))
		goto fail;
	n = i2d_PUBKEY(pkey, &der);
	if (n <= 0)
		goto fail;
	crypto_sha256(der, (size_t)n, key->id);
	OPENSSL_free(der);
	key->pkey = pkey;
	return key;
fail:
	free(key);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return NULL;
}

static BIO *bio_from(const char *pem, size_t n)
{
	return n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
}

struct crypto_key *crypto_key_public(const char *pem, size_t n)
{
	BIO *bio = bio_from(pem, n);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key_from(pkey);
}

struct crypto_key *crypto_key_private(const char *pem, size_t n)
{
	BIO *bio = bio_from(pem, n);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key_from(pkey);
}

struct crypto_key *crypto_key_generate(enum crypto_algorithm algorithm)
{
	switch (algorithm) {
	case CRYPTO_ED25519:
		return key_from(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	case CRYPTO_ECDSA_P256_SHA256:
		return key_from(EVP_EC_gen("P-256"));
	}
	return NULL;
}

static char *bio_take_text(BIO *bio, int ok)
{
	char *text = NULL;
	char *data = NULL;

	if (bio && ok == 1) {
		long n = BIO_get_mem_data(bio, &data);

		if (n > 0)
			text = malloc((size_t)n + 1);
		if (text) {
			memcpy(text, data, (size_t)n);
			text[n] = '\0';
		}
		if (n > 0)
			OPENSSL_cleanse(data, (size_t)n);
	}
	BIO_free(bio);
	ERR_clear_error();
	return text;
}

char *crypto_key_pem_private(const struct crypto_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio_take_text(bio, bio ? PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) : 0);
}

char *crypto_key_pem_public(const struct crypto_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio_take_text(bio, bio ? PEM_write_bio_PUBKEY(bio, key->pkey) : 0);
}

void crypto_key_free(struct crypto_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

const uint8_t *crypto_key_id(const struct crypto_key *key)
{
	return key->id;
}

enum crypto_algorithm crypto_key_algorithm(const struct crypto_key *key)
{
	return key->algorithm;
}

/* Ed25519 hashes for itself */
static const EVP_MD *digest_of(enum crypto_algorithm algorithm)
{
	switch (algorithm) {
	case CRYPTO_ED25519:
		return NULL;
	case CRYPTO_ECDSA_P256_SHA256:
		return EVP_sha256();
	}
	return NULL;
}

int crypto_sign(const struct crypto_key *key, const uint8_t *message, size_t n, uint8_t *signature, size_t cap)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t length = cap;
	int r = -EINVAL; /* a public key cannot sign */

	if (!ctx)
		return -ENOMEM;
	if (EVP_DigestSignInit(ctx, NULL, digest_of(key->algorithm), NULL, key->pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &length, message, n) == 1 && length <= INT_MAX)
		r = (int)length;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return r;
}

bool crypto_verify(const struct crypto_key *key, const uint8_t *message, size_t n, const uint8_t *signature,
		   size_t n_signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	if (!ctx)
		return false;
	ok = EVP_DigestVerifyInit(ctx, NULL, digest_of(key->algorithm), NULL, key->pkey) == 1 &&
	     EVP_DigestVerify(ctx, signature, n_signature, message, n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

void crypto_sha256(const uint8_t *bytes, size_t n, uint8_t digest[32])
{
	SHA256(bytes, n, digest);
}
