/*
 * crypto - the only file of proto/ that knows OpenSSL: keys, signatures and SHA-256.
 */
#ifndef PROTO_CRYPTO_H
#define PROTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crypto_key;

enum crypto_algorithm { CRYPTO_ED25519 = 1, CRYPTO_ECDSA_P256_SHA256 = 2 }; /* values as in SignatureAlgorithm */

/* from PEM text; public keys verify, private keys also sign. NULL if it is no key of these two algorithms. */
struct crypto_key *crypto_key_public(const char *pem, size_t n);
struct crypto_key *crypto_key_private(const char *pem, size_t n);
struct crypto_key *crypto_key_generate(enum crypto_algorithm algorithm);
/* PEM text, allocated; NULL on failure */
char *crypto_key_pem_private(const struct crypto_key *key);
char *crypto_key_pem_public(const struct crypto_key *key);
void crypto_key_free(struct crypto_key *key);

/* SHA-256 of the SubjectPublicKeyInfo */
const uint8_t *crypto_key_id(const struct crypto_key *key);
enum crypto_algorithm crypto_key_algorithm(const struct crypto_key *key);

/* @signature: at least 80 bytes; Return: its length, or -errno */
int crypto_sign(const struct crypto_key *key, const uint8_t *message, size_t n, uint8_t *signature, size_t cap);
bool crypto_verify(const struct crypto_key *key, const uint8_t *message, size_t n, const uint8_t *signature,
		   size_t n_signature);

void crypto_sha256(const uint8_t *bytes, size_t n, uint8_t digest[32]);

#endif
