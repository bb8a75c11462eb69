#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/crypto.h"

static const enum crypto_algorithm algorithms[] = {CRYPTO_ED25519, CRYPTO_ECDSA_P256_SHA256};

/* one P-256 key, its point written in both forms */
static const char p256_uncompressed[] = "-----BEGIN PUBLIC KEY-----\n"
					"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAPxntQFcyEKpD10Ld7G3s/9E8Cl5\n"
					"04Q/dv2oLYjcaLbsweVj61ZHdn8a4Q+ZsjTtSF69davLuZ7TOmjnNmXYnQ==\n"
					"-----END PUBLIC KEY-----\n";
static const char p256_compressed[] = "-----BEGIN PUBLIC KEY-----\n"
				      "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADAPxntQFcyEKpD10Ld7G3s/9E8Cl5\n"
				      "04Q/dv2oLYjcaLY=\n"
				      "-----END PUBLIC KEY-----\n";
static const char rsa_public[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDC7xOPWahBVL7c7F4gkOwVnJdF\n"
				 "SyBewAhqO/MDGR0orb3kakLdxgovXtbwoxN86pV9Tpcxx1FIZTr2V2icG+fTVvkT\n"
				 "OZqzWKX04UbNjKOVt99OzxHkevWAVyy3uTGds9oWaetZ10ZP78LbM9QfnQO8nir2\n"
				 "J/j9/ovTd3a62am3iQIDAQAB\n"
				 "-----END PUBLIC KEY-----\n";
static const char p384_public[] = "-----BEGIN PUBLIC KEY-----\n"
				  "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEN737qKj3xotgUElKS4X/EcVC6tqN7VZZ\n"
				  "2sfTQVlwDujCJU1acWcjYPJi/R7DFapSuWOXMUypk5pHSXPxAiwOW+L57B9egOek\n"
				  "SsgfO2FhxS+WB1mJrtIgMGTHpjUpu+OO\n"
				  "-----END PUBLIC KEY-----\n";
static const char encrypted_private[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
					"MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgBdLm9oOe1HQICCAAw\n"
					"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEOe98TgpBfH4MiC/B4SSy88EQAXW\n"
					"MnR3zjyqeXTSMyfPnstjexQwDyc8JV8eqjtyqSPaajRW77TVZzWP7oFvumtNTCf+\n"
					"QZVq3/M9+ltucVo3NoM=\n"
					"-----END ENCRYPTED PRIVATE KEY-----\n";

static struct crypto_key *public_of(const struct crypto_key *key)
{
	char *pem = crypto_key_pem_public(key);
	struct crypto_key *copy = crypto_key_public(pem, strlen(pem));

	free(pem);
	assert_non_null(copy);
	return copy;
}

static void what_is_signed_verifies_with_the_public_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = crypto_key_generate(algorithms[i]);
		struct crypto_key *pub = public_of(key);
		uint8_t message[] = "erase nothing";
		uint8_t signature[80];
		int n = crypto_sign(key, message, sizeof message, signature, sizeof signature);

		assert_in_range(n, 60, 80);
		assert_int_equal(crypto_key_algorithm(pub), algorithms[i]);
		assert_memory_equal(crypto_key_id(pub), crypto_key_id(key), 32);
		assert_true(crypto_verify(pub, message, sizeof message, signature, (size_t)n));
		message[0] ^= 1;
		assert_false(crypto_verify(pub, message, sizeof message, signature, (size_t)n));
		message[0] ^= 1;
		assert_false(crypto_verify(pub, message, sizeof message, signature, (size_t)n - 1));
		signature[n / 2] ^= 1;
		assert_false(crypto_verify(pub, message, sizeof message, signature, (size_t)n));
		crypto_key_free(key);
		crypto_key_free(pub);
	}
}

static void another_key_does_not_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = crypto_key_generate(algorithms[i]);
		struct crypto_key *other = crypto_key_generate(algorithms[i]);
		uint8_t signature[80];
		int n = crypto_sign(key, (const uint8_t *)"x", 1, signature, sizeof signature);

		assert_memory_not_equal(crypto_key_id(key), crypto_key_id(other), 32);
		assert_false(crypto_verify(other, (const uint8_t *)"x", 1, signature, (size_t)n));
		crypto_key_free(key);
		crypto_key_free(other);
	}
}

static void a_private_key_survives_its_pem(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = crypto_key_generate(algorithms[i]);
		char *pem = crypto_key_pem_private(key);
		struct crypto_key *copy = crypto_key_private(pem, strlen(pem));

		assert_non_null(copy);
		assert_memory_equal(crypto_key_id(copy), crypto_key_id(key), 32);
		assert_null(crypto_key_public(pem, strlen(pem)));
		free(pem);
		crypto_key_free(key);
		crypto_key_free(copy);
	}
}

static void a_public_key_cannot_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crypto_key *key = crypto_key_generate(algorithms[i]);
		struct crypto_key *pub = public_of(key);
		uint8_t signature[80];

		assert_true(crypto_sign(pub, (const uint8_t *)"x", 1, signature, sizeof signature) < 0);
		crypto_key_free(key);
		crypto_key_free(pub);
	}
}

static void the_form_of_a_point_does_not_change_the_id_of_its_key(void **state)
{
	struct crypto_key *one = crypto_key_public(p256_uncompressed, sizeof p256_uncompressed - 1);
	struct crypto_key *two = crypto_key_public(p256_compressed, sizeof p256_compressed - 1);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	assert_memory_equal(crypto_key_id(one), crypto_key_id(two), 32);
	crypto_key_free(one);
	crypto_key_free(two);
}

static void keys_of_other_algorithms_are_refused(void **state)
{
	(void)state;
	assert_null(crypto_key_public(rsa_public, sizeof rsa_public - 1));
	assert_null(crypto_key_public(p384_public, sizeof p384_public - 1));
}

static void an_encrypted_key_is_refused_without_asking(void **state)
{
	(void)state;
	assert_null(crypto_key_private(encrypted_private, sizeof encrypted_private - 1));
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	assert_null(crypto_key_public("", 0));
	assert_null(crypto_key_private("", 0));
	assert_null(crypto_key_public("hello", 5));
	crypto_key_free(NULL);
}

static void sha256_is_that_of_fips_180(void **state)
{
	static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
					0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
					0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint8_t digest[32];

	(void)state;
	crypto_sha256((const uint8_t *)"abc", 3, digest);
	assert_memory_equal(digest, abc, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_signed_verifies_with_the_public_key),
	    cmocka_unit_test(another_key_does_not_verify),
	    cmocka_unit_test(a_private_key_survives_its_pem),
	    cmocka_unit_test(a_public_key_cannot_sign),
	    cmocka_unit_test(the_form_of_a_point_does_not_change_the_id_of_its_key),
	    cmocka_unit_test(keys_of_other_algorithms_are_refused),
	    cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(sha256_is_that_of_fips_180),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
